"""The Dockerfile, without Docker: what it copies is there, the manifests of tools/deploy fit it, and the files it ends with serve
from a read-only root as its user, in namespaces such as a container has."""
import json, os, pathlib, re, shutil, subprocess, tempfile, unittest

import harness
from harness import BUILD, Case

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = ('base', 'overlays/node-local')
NAMESPACES = ['unshare', '--user', '--map-root-user', '--mount', '--net', '--pid', '--fork']
COREFILE = '''. {
    errors
    health
    ready
    prometheus :9153
    cache 30
    whoami
}
'''


def steps():
    """The Dockerfile as (instruction, rest), its comments and continuations resolved."""
    lines = [line for line in (ROOT / 'Dockerfile').read_text().splitlines() if not line.lstrip().startswith('#')]
    text = re.sub(r'\\\n\s*', ' ', '\n'.join(lines))
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def final(instruction):
    """The rest of the last stage's lines of an instruction."""
    all_steps = steps()
    begin = max(i for i, s in enumerate(all_steps) if s[0] == 'FROM')
    return [s[1] for s in all_steps[begin:] if s[0] == instruction]


def in_context():
    """What .dockerignore lets through: it begins with `*` and names what stays."""
    lines = [l for l in (ROOT / '.dockerignore').read_text().splitlines() if l and not l.startswith('#')]
    assert lines[0] == '*' and all(l.startswith('!') for l in lines[1:]), lines
    return {l[1:] for l in lines[1:]}


def namespaces():
    return not subprocess.run([*NAMESPACES, 'true'], capture_output=True).returncode


class Steps(Case):
    def test_stages_and_copies(self):
        bases = [s[1] for s in steps() if s[0] == 'FROM']
        self.assertEqual(bases, ['debian:12 AS build', 'debian:12-slim AS base', 'base AS sbom', 'base'])
        for name, rest in steps():
            if name == 'COPY' and not rest.startswith('--from'):
                for source in rest.split()[:-1]:
                    self.assertTrue((ROOT / source).exists(), source)
                    self.assertTrue(source == '.' or source.split('/')[0] in in_context(), f'.dockerignore hides {source}')

    def test_context(self):
        """Enough to configure and pack; nothing that git does not know."""
        for name in in_context():
            self.assertTrue((ROOT / name).exists(), name)
        used = set(re.findall(r'\$\{CMAKE_SOURCE_DIR\}/([\w.]+)', ''.join(
            p.read_text() for p in (ROOT / 'CMakeLists.txt', *(ROOT / 'packaging').glob('*.cmake')))))
        self.assertEqual(used - in_context(), set())

    def test_what_the_package_step_removes_is_installed(self):
        """`rm -r` of what is not there would end the build."""
        removes = next(rest for name, rest in steps() if name == 'RUN' and 'rm -r /image' in rest)
        for path in re.findall(r'/image/(\S+)', removes.split('rm -r ')[1].split('&&')[0]):
            where = {'usr/lib/systemd': 'sodns.service', 'usr/share/man': 'sodns_add_manual', 'usr/share/lintian': 'lintian-overrides',
                     'etc/sodns/Corefile': 'packaging/Corefile'}[path]
            text = ''.join(p.read_text() for p in (ROOT / 'CMakeLists.txt', *(ROOT / 'packaging').glob('*.cmake')))
            self.assertIn(where, text, path)

    def test_who_runs_what(self):
        self.assertEqual([json.loads(e) for e in final('ENTRYPOINT')], [['/usr/bin/sodns']])
        self.assertEqual(final('EXPOSE'), ['53/udp 53/tcp'])
        self.assertEqual((final('STOPSIGNAL'), final('HEALTHCHECK')), (['SIGTERM'], ['NONE']))
        self.assertRegex(final('USER')[0], r'^[1-9]\d+:[1-9]\d+$', 'numbers: a kubelet can see that it is not root')

    @unittest.skipUnless(yaml, 'there is no python3-yaml')
    def test_manifests_fit(self):
        user, group = map(int, final('USER')[0].split(':'))
        exposed = {tuple(e.split('/')) for e in final('EXPOSE')[0].split()}
        seen = 0
        for name in SETS:
            for path in (ROOT / 'tools/deploy' / name).glob('*.yaml'):
                for o in filter(None, yaml.safe_load_all(path.read_text())):
                    if o['kind'] not in ('Deployment', 'DaemonSet'):
                        continue
                    seen += 1
                    pod = o['spec']['template']['spec']
                    c = pod['containers'][0]
                    self.assertEqual((c['image'], c['args'][0]), ('sodns', '-conf'), path)
                    self.assertNotIn('command', c)
                    mounts = {m['mountPath'] for m in c['volumeMounts']}
                    self.assertIn('/tmp', mounts, 'the plugins\' copies')
                    self.assertIn(os.path.dirname(c['args'][1]), mounts)
                    self.assertIs(c['securityContext']['readOnlyRootFilesystem'], True)
                    ports = {(str(p['containerPort']), p.get('protocol', 'TCP').lower()) for p in c['ports']}
                    self.assertLessEqual(exposed, ports)
                    if o['kind'] == 'Deployment':
                        s = pod['securityContext']
                        self.assertEqual((s['runAsUser'], s['runAsGroup']), (user, group))
                        self.assertIn({'name': 'net.ipv4.ip_unprivileged_port_start', 'value': '53'}, s['sysctls'])
                    else:  # the node's network: its port 53 is root's, and the image's user is another
                        self.assertEqual((pod['hostNetwork'], c['securityContext']['runAsUser']), (True, 0))
        self.assertEqual(seen, 2)


class Labels(Case):
    def test_labels(self):
        labels = dict(re.findall(r'org\.opencontainers\.image\.([\w.]+)="([^"]*)"', ' '.join(final('LABEL'))))
        self.assertEqual(set(labels), {'title', 'description', 'licenses', 'version', 'revision', 'source', 'base.name'})
        given = dict(a.split('=', 1) for a in final('ARG'))
        for name in re.findall(r'\$(\w+)', ' '.join(labels.values())):
            self.assertIn(name, given)
        project = (ROOT / 'CMakeLists.txt').read_text()
        self.assertEqual(given['VERSION'], re.search(r'project\(sodns VERSION (\S+)', project)[1])
        self.assertIn(labels['licenses'].split('-')[0], (ROOT / 'LICENSE').read_text())


STATUS = '''Package: libstdc++6
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: gcc-12 (12.2.0-14)
Maintainer: "Someone" <a@example.org>
Version: 12.2.0-14+deb12u1
Description: one
 {"more": "of it"}

Package: libstdc++6
Status: install ok installed
Architecture: i386
Multi-Arch: same
Source: gcc-12 (12.2.0-14)
Maintainer: "Someone" <a@example.org>
Version: 12.2.0-14+deb12u1
Description: one

Package: tool
Status: install ok installed
Architecture: all
Maintainer: Someone <a@example.org>
Version: 1:2.0~rc1-3
Description: two

Package: removed
Status: deinstall ok config-files
Architecture: all
Maintainer: Someone <a@example.org>
Version: 1
Description: three
'''


@unittest.skipUnless(shutil.which('dpkg-query'), 'there is no dpkg')
class Sbom(Case):
    def made(self, *args, **variables):
        r = subprocess.run([ROOT / 'tools/sbom', *args], env=dict(os.environ, **variables), capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stdout

    def of(self, status, *args):
        """What a system would give that has these packages."""
        with tempfile.TemporaryDirectory() as folder:
            for name in 'info', 'updates', 'triggers':
                pathlib.Path(folder, name).mkdir()
            for name, text in ('status', status), ('arch', 'amd64\ni386\n'), ('available', ''):
                pathlib.Path(folder, name).write_text(text)
            return self.made(*args, DPKG_ADMINDIR=folder, SOURCE_DATE_EPOCH='1700000000')

    def test_packages(self):
        text = self.of(STATUS, '1.2.3', 'abcdef')
        self.assertEqual(text, self.of(STATUS, '1.2.3', 'abcdef'))
        d = json.loads(text)
        self.assertEqual((d['spdxVersion'], d['dataLicense'], d['creationInfo']['created']), ('SPDX-2.3', 'CC0-1.0', '2023-11-14T22:13:20Z'))
        found = {(p['name'], p['versionInfo'], p['externalRefs'][0]['referenceLocator'].split('&distro=')[0]) for p in d['packages']}
        self.assertEqual(found, {
            ('sodns', '1.2.3', 'pkg:generic/sodns@1.2.3'), ('tool', '1:2.0~rc1-3', 'pkg:deb/debian/tool@1%3A2.0~rc1-3?arch=all'),
            ('libstdc++6', '12.2.0-14+deb12u1', 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64'),
            ('libstdc++6', '12.2.0-14+deb12u1', 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=i386')})
        self.assertEqual({p['sourceInfo'] for p in d['packages']},
                         {'revision abcdef', 'built from gcc-12 12.2.0-14', 'built from tool 1:2.0~rc1-3'})

    def test_its_name_is_its_contents(self):
        names = {json.loads(self.of(s, *a))['documentNamespace']
                 for s in (STATUS, STATUS.replace('12u1', '12u2')) for a in (['1'], ['1', 'a'], ['2'])}
        self.assertEqual(len(names), 6)

    def test_this_system(self):
        d = json.loads(self.made('1.0.0'))
        ids = [p['SPDXID'] for p in d['packages']]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual([i for i in ids if not re.fullmatch(r'SPDXRef-[A-Za-z0-9.-]+', i)], [])
        self.assertEqual([r['relatedSpdxElement'] for r in d['relationships']], ids)
        for p in d['packages']:
            self.assertLessEqual({'name', 'versionInfo', 'downloadLocation', 'filesAnalyzed'}, set(p))
        every = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status} ${Package}\n'], capture_output=True, text=True).stdout
        self.assertEqual(sorted(p['name'] for p in d['packages'][1:]),
                         sorted(line.split()[1] for line in every.splitlines() if line.startswith('installed ')))

    def test_arguments(self):
        for args in [], ['1', '2', '3'], ['1"'], ['1.0', 'a b'], ['1.0', '\n']:
            r = subprocess.run([ROOT / 'tools/sbom', *args], capture_output=True, text=True)
            self.assertEqual((r.returncode, r.stdout), (2, ''))
            self.assertRegex(r.stderr, r'^(usage: tools/sbom \[--linked FOLDER\] VERSION|tools/sbom: a version is made of)')

    def test_it_is_in_the_image(self):
        """Made of the system that the last stage begins with."""
        every = steps()
        at = every.index(('FROM', 'base AS sbom'))
        self.assertIn('base', [rest for name, rest in every[at + 1:] if name == 'FROM'])
        runs = [rest for name, rest in every[at:] if name == 'RUN']
        self.assertIn('/sbom "$(cat /version)" $REVISION >/sodns.spdx.json', runs)
        self.assertIn('--from=sbom /sodns.spdx.json /usr/share/sodns/', final('COPY'))


# In the namespaces: mounts as a container has them, and then the daemon as the image starts it.
SCRIPT = '''set -e
mount --rbind {root} {root}
mount -t tmpfs -o size=64m tmpfs {root}/tmp
mount -t tmpfs -o size=1m tmpfs {root}/dev
for d in null urandom; do touch {root}/dev/$d; mount --bind /dev/$d {root}/dev/$d; done
mount -t proc proc /proc
mount --bind /proc {root}/proc
echo 53 > /proc/sys/net/ipv4/ip_unprivileged_port_start
mount -o remount,bind,ro {root}
ip link set lo up
unshare --user --map-user={user} --map-group={group} --root={root} --wd={folder} {command} &
{python} {probe} $! {root}
kill -TERM $!
wait $!
'''

PROBE = '''
import os, pathlib, signal, sys, time, urllib.request
import dns.message, dns.query
pid, root = sys.argv[1:]
def again(what):
    for n in range(200):
        try:
            return what()
        except (OSError, dns.exception.Timeout):
            time.sleep(0.05)
    return what()
def get(port, path):
    return again(lambda: urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=5).read().decode())
def serves():
    q = dns.message.make_query('www.example.org', 'A')
    for ask in dns.query.udp, dns.query.tcp:
        assert again(lambda: ask(q, '127.0.0.1', timeout=2)).rcode() == 0
def child():
    return again(lambda: pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()[0])
serves()
assert get(8080, '/health') == 'OK' and get(8181, '/ready') == 'OK'
assert 'coredns_dns_requests_total' in get(9153, '/metrics')
for p in pid, child():
    status = dict(l.split(':\\t', 1) for l in pathlib.Path(f'/proc/{p}/status').read_text().splitlines() if ':\\t' in l)
    assert int(status['CapEff'], 16) == 0, status
    options = {m.split()[4]: m.split()[5].split(',') for m in pathlib.Path(f'/proc/{p}/mountinfo').read_text().splitlines()}
    assert 'ro' in options['/'] and 'rw' in options['/tmp'], options
os.kill(int(child()), signal.SIGKILL)
serves()
print('served')
'''


class Run(Case):
    def fill(self, root):
        """What the image has: the installed files, and the libraries that they need."""
        subprocess.run(['cmake', '--install', str(BUILD), '--prefix', '/usr', '--component', 'sodns'],
                       env=dict(os.environ, DESTDIR=str(root)), check=True, capture_output=True)
        elf = [root / 'usr/bin/sodns', *(p for p in root.rglob('*.so*') if not p.is_symlink())]
        r = subprocess.run(['ldd', *elf], capture_output=True, text=True, check=True,
                           env=dict(os.environ, LD_LIBRARY_PATH=':'.join({str(p.parent) for p in elf[1:]})))
        for library in set(re.findall(r'(?:=> |^\s+)(/\S+) \(0x', r.stdout, re.M)):
            if not library.startswith(str(root)):
                (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, root / library[1:])
        for folder in 'tmp', 'dev', 'proc', 'etc/coredns':
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / 'etc/coredns/Corefile').write_text(COREFILE)
        for path in root, *root.rglob('*'):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))

    @unittest.skipUnless(namespaces(), 'there are no unprivileged namespaces here')
    @unittest.skipIf(harness.SANITIZED or harness.RUNNER, 'an image has a release')
    def test_read_only_and_without_rights(self):
        with tempfile.TemporaryDirectory(prefix='sodns-image-') as folder:
            os.chmod(folder, 0o755)
            root, probe = pathlib.Path(folder) / 'root', pathlib.Path(folder) / 'probe.py'
            root.mkdir()
            self.fill(root)
            probe.write_text(PROBE)
            user, group = final('USER')[0].split(':')
            command = json.loads(final('ENTRYPOINT')[0]) + ['-conf', '/etc/coredns/Corefile']
            script = SCRIPT.format(root=root, user=user, group=group, folder='/etc/coredns', command=' '.join(command),
                                   python='/usr/bin/python3', probe=probe)
            r = subprocess.run([*NAMESPACES, 'sh', '-c', script], capture_output=True, text=True, timeout=120)
            self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
            self.assertIn('served', r.stdout)
            self.assertIn('A fresh process serves', r.stdout)


if __name__ == '__main__':
    harness.main()
