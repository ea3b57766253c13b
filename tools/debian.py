"""A Debian of its own for a trial: made by debootstrap from the mirror of this machine, with its apt's settings."""
import pathlib, re, shutil, subprocess, tempfile


def mirror():
    """Where this machine has its packages from; None where its lists do not say."""
    lists = [p for at in pathlib.Path('/etc/apt').glob('sources.list*') for p in ([at] if at.is_file() else sorted(at.iterdir()))]
    m = re.search(r'(?m)^(?:URIs:|deb(?: \[.*?\])?)\s+(http\S*debian\S*)', '\n'.join(p.read_text() for p in lists))
    return m and m[1]


def bootstrap(folder, *options):
    """Debian 12 in a folder that is not there yet; what apt needs to fetch more comes along, a proxy as well."""
    made = subprocess.run(['debootstrap', '--variant=minbase', *options, 'bookworm', folder, *filter(None, [mirror()])],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        raise SystemExit(f'debootstrap failed:\n{made.stdout[-3000:]}')
    shutil.copy('/etc/resolv.conf', folder / 'etc/resolv.conf')
    ways = subprocess.run(['apt-config', 'dump', 'Acquire'], capture_output=True, text=True, check=True).stdout
    (folder / 'etc/apt/apt.conf.d/10acquire').write_text(ways)


def make_base(tar):
    """A bare system as a tar file."""
    with tempfile.TemporaryDirectory(prefix='sodns-debian-') as folder:
        root = pathlib.Path(folder) / 'root'
        bootstrap(root)
        part = tar.with_suffix('.part')
        subprocess.run(['tar', '-C', root, '-cf', part, '.'], check=True)
        part.rename(tar)
