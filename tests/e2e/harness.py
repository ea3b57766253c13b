"""Starts the built daemon with a Corefile in a folder of its own, asks it, and looks at what it prints.

Every server gets free ports, {PORT} in Corefiles is the first; nothing is installed, nothing is left behind.
"""
import os, pathlib, re, shutil, signal, socket, subprocess, tempfile, time, unittest

import dns.flags, dns.message, dns.query, dns.rcode, dns.rdatatype

BUILD = pathlib.Path(os.environ.get('SODNS_BUILD', pathlib.Path(__file__).resolve().parents[2] / 'build/release'))
SANITIZED = 'asan' in BUILD.name or 'tsan' in BUILD.name
CFG = (BUILD / 'plugin.cfg').read_text()
RUNNER = os.environ.get('SODNS_RUNNER', '').split()  # valgrind
# How many times longer than usual a test waits for what must come.
PATIENCE = 10 if RUNNER or 'tsan' in BUILD.name else 3 if SANITIZED else 1


def free_port():
    """A port that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as t, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            t.bind(('127.0.0.1', 0))
            try:
                u.bind(t.getsockname())
                return t.getsockname()[1]
            except OSError:
                pass


def complaints(err):
    """What is on standard error, but for the line that a start as root has."""
    return ''.join(line for line in err.splitlines(True) if 'Started as root without -user' not in line)


def test_plugin(name):
    return BUILD / 'test-plugins' / f'{name}.so'


def dropped(port):
    """Datagrams that found the queue of a socket at this port full."""
    rows = [line.split() for f in ('/proc/net/udp', '/proc/net/udp6') for line in pathlib.Path(f).read_text().splitlines()[1:]]
    return sum(int(r[-1]) for r in rows if int(r[1].split(':')[1], 16) == port)


class ConfigMap:
    """A volume as the kubelet writes it: files are links through `..data`, which is swapped for another folder at once."""

    def __init__(self, folder, files):
        self.folder, self.round = pathlib.Path(folder), 0
        self.folder.mkdir()
        self.write(files)

    def write(self, files):
        self.round += 1
        old = self.folder / '..data'
        gone = old.resolve() if old.exists() else None
        new = self.folder / f'..2026_{self.round:04}'
        new.mkdir()
        for name, text in files.items():
            (new / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        (self.folder / '..data_tmp').symlink_to(new.name)
        (self.folder / '..data_tmp').rename(old)
        for link in self.folder.iterdir():
            if not link.name.startswith('..') and link.name not in files:
                link.unlink()
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f'..data/{name}')
        if gone:
            shutil.rmtree(gone)


class Server:
    """One daemon. `extra`: names of test plugins, put in front of whoami in plugin.cfg, each "name" or "name:file"."""

    def __init__(self, corefile, files=None, extra=(), args=(), workers=1, cfg=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-test-'))
        self.port = free_port()
        self.extra_args = list(args)
        self.conf = ['-conf', 'Corefile']
        self.workers = workers
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        self.write_corefile(corefile)
        self.write_cfg(extra, cfg)
        self.process = None
        self.harmed = False  # its plugins crash on purpose, of which a sanitizer tells
        self.build = BUILD

    def write_corefile(self, text):
        if text is not None:
            (self.folder / 'Corefile').write_text(text.replace('{PORT}', str(self.port)))

    def write_cfg(self, extra=(), cfg=None):
        lines = ''.join(f'{e.split(":")[0]}:{test_plugin(e.split(":")[-1])}\n' for e in extra)
        text = cfg if cfg is not None else CFG.replace('whoami:', lines + 'whoami:')
        (self.folder / 'plugin.cfg').write_text(text)

    def command(self, *args):
        alone = ['-supervise=false'] if RUNNER else []
        return [*RUNNER, str(self.build / 'sodns'), *alone, '-plugin.cfg', 'plugin.cfg', '-plugin-dir', str(self.build / 'plugins'), *args]

    def open_to_others(self):
        """Lets every user read the folder, and what is built: by copies, where that lies in a folder which others may not enter."""
        for path in self.folder, *self.folder.iterdir():
            path.chmod(0o755)
        if all(p.stat().st_mode & 0o001 for p in (BUILD, *BUILD.parents)):
            return
        self.build = self.folder / 'build'
        shutil.copytree(BUILD / 'plugins', self.build / 'plugins')
        for path in BUILD / 'sodns', *BUILD.glob('libsodns*.so*'):
            shutil.copy(path, self.build, follow_symlinks=False)
        cfg = self.folder / 'plugin.cfg'
        for path in re.findall(r'(?m)^\w+:(/\S+)$', cfg.read_text()):
            shutil.copy(path, self.build)
            cfg.write_text(cfg.read_text().replace(path, str(self.build / pathlib.Path(path).name)))

    def run(self, *args, timeout=30):
        """Runs the daemon to its end."""
        return subprocess.run(self.command(*args), cwd=self.folder, capture_output=True, text=True, timeout=timeout)

    def start(self, stdout=None):
        """`stdout`: a descriptor that takes the place of the file which out() reads."""
        with open(self.folder / 'stdout', 'w') as out, open(self.folder / 'stderr', 'w') as err:
            self.process = subprocess.Popen(
                self.command(*self.conf, '-workers', str(self.workers), *self.extra_args), cwd=self.folder,
                stdout=out if stdout is None else stdout, stderr=err)
        for _ in range(1500 * PATIENCE):
            if self.process.poll() is not None:
                raise AssertionError(f'ended at start: {self.err()}')
            with socket.socket() as s:
                listens = s.connect_ex(('127.0.0.1', self.port)) == 0
            # The port is there before plugins have opened theirs; the version is said when all serves.
            told = stdout is not None or '-quiet' in self.extra_args or ', abi ' in self.out()
            if listens and told:
                return self
            time.sleep(0.01)
        raise AssertionError('does not listen')

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        try:
            if self.process:
                self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20 * PATIENCE)
        self.process = None
        err = self.err()
        assert self.harmed or ('Sanitizer' not in err and 'runtime error' not in err), err
        assert status == 0, f'exit status {status}: {err}\n{self.out()}'

    def signal(self, number):
        self.process.send_signal(number)

    def out(self):
        return (self.folder / 'stdout').read_text()

    def err(self):
        return (self.folder / 'stderr').read_text()

    def wait_for(self, pattern, seconds=10, count=1):
        """Until the output has the pattern `count` times."""
        end = time.time() + seconds * PATIENCE
        while time.time() < end:
            if len(re.findall(pattern, self.out(), re.M)) >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f'{pattern!r} not in output:\n{self.out()}\n{self.err()}')

    def ask(self, name, rdtype='A', tcp=False, timeout=6, **options):
        q = dns.message.make_query(name, rdtype, **options)
        if tcp:
            return dns.query.tcp(q, '127.0.0.1', timeout=timeout, port=self.port)
        # Another test's server may still answer who had this port before.
        return dns.query.udp(q, '127.0.0.1', timeout=timeout, port=self.port, ignore_unexpected=True)

    def texts(self, name, **options):
        """The strings of a TXT answer."""
        return [s.decode() for rr in self.ask(name, 'TXT', **options).answer for rd in rr for s in rd.strings]

    def state(self, pid):
        """R, S, ..., Z for one that has ended; X if there is none."""
        try:
            return pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
        except OSError:
            return 'X'

    def serving_pid(self):
        """The process that serves: the child of the one that was started."""
        end = time.time() + 5
        while time.time() < end:
            children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
            alive = [c for c in children if self.state(c) not in 'ZX']
            if alive:
                return int(alive[0])
            time.sleep(0.01)
        return self.process.pid

    def rss_kib(self):
        return int(re.search(r'VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{self.serving_pid()}/status').read_text())[1])


class Case(unittest.TestCase):
    def refused(self, corefile, message, files=None, extra=(), cfg=None):
        """The Corefile is refused, with a last line that matches."""
        s = Server(corefile, files=files, extra=extra, cfg=cfg)
        try:
            r = s.run('-conf', 'Corefile')
            self.assertNotEqual(r.returncode, 0, r.stdout + r.stderr)
            last = (r.stderr.strip().splitlines() or [''])[-1]
            self.assertRegex(last, message)
            self.assertNotIn('Sanitizer', r.stderr)
        finally:
            shutil.rmtree(s.folder, ignore_errors=True)


def main():
    unittest.main(verbosity=0)
