"""Limits follow from the memory that the process may use: said by a flag, or by its control group, in which it then lives through a flood."""
import os, pathlib, re, socket, time, unittest

import dns.message

import harness
from harness import PATIENCE, Case, Server

LINE = r'^\[INFO\] Memory is limited to %s MiB: (\d+) queries may wait(| \(more than there is room for\)), connections have (\d+) MiB, unread answers (\d+) MiB$'


class Group:
    """A control group with a limit of memory, below our own; None where we may not make one."""

    @classmethod
    def make(cls, size):
        for line in pathlib.Path('/proc/self/cgroup').read_text().splitlines():
            _, controllers, path = line.split(':', 2)
            first = controllers == ''
            if not first and 'memory' not in controllers.split(','):
                continue
            folder = pathlib.Path('/sys/fs/cgroup' if first else '/sys/fs/cgroup/memory') / path.strip('/') / f'sodns-test-{os.getpid()}'
            try:
                folder.mkdir()
            except OSError:
                continue
            try:
                (folder / ('memory.max' if first else 'memory.limit_in_bytes')).write_text(str(size))
                return cls(folder)
            except OSError:
                folder.rmdir()
        return None

    def __init__(self, folder):
        self.folder = folder

    def kills(self):
        for name in 'memory.events', 'memory.oom_control':
            if (self.folder / name).exists():
                m = re.search(r'^oom_kill (\d+)', (self.folder / name).read_text(), re.M)
                return int(m[1]) if m else 0
        return 0

    def remove(self):
        for _ in range(100):
            try:
                self.folder.rmdir()
                return
            except OSError:
                time.sleep(0.1)


class Grouped(Server):
    group = None

    def command(self, *args):
        return ['sh', '-c', f'echo $$ >{self.group.folder}/cgroup.procs && exec "$@"', 'sh', *super().command(*args)]


class Memory(Case):
    def limits(self, args, size):
        with Server('.:{PORT} {\n whoami\n}\n', args=args, workers=2) as s:
            m = re.search(LINE % size, s.out(), re.M)
            return m and m.groups()

    def test_flag(self):
        self.assertEqual(self.limits(['-limit.memory', '128M'], 128), ('1638', '', '16', '8'))
        self.assertEqual(self.limits(['-limit.memory=64Mi', '-limit.tasks', '20000'], 64), ('20000', ' (more than there is room for)', '8', '4'))
        for args in ['-limit.memory', 'none'], ['-limit.memory', '64M', '-quiet'], ['-limit.memory', '64G']:
            with Server('.:{PORT} {\n whoami\n}\n', args=args) as s:
                self.assertNotIn('Memory is limited', s.out())

    def test_cache(self):
        """An eighth is a cache's, where it does not say what it may have."""
        for bytes_, want in ('', '8192 KiB'), ('  bytes 30M\n', '30720 KiB'):
            with Server('.:{PORT} {\n debug\n cache {\n%s }\n whoami\n}\n' % bytes_, args=['-limit.memory', '64M']) as s:
                self.assertIn(want, s.out())

    def test_connections(self):
        """What they take together is bounded, too: a TLS session takes most."""
        with Server('.:{PORT} {\n whoami\n}\n', args=['-limit.memory', '16M'], workers=1) as s:
            conns = [socket.create_connection(('127.0.0.1', s.port), timeout=10 * PATIENCE) for _ in range(700)]
            time.sleep(0.5)
            left = 0
            for c in conns:
                c.setblocking(False)
                try:
                    left += c.recv(1) != b''
                except BlockingIOError:
                    left += 1
                except OSError:
                    pass
                c.close()
            self.assertLessEqual(left, 512)
            self.assertTrue(s.ask('x.', tcp=True))

    @unittest.skipIf(harness.SANITIZED, 'a sanitizer has its own idea of memory')
    def test_a_flood_in_a_container(self):
        """4,000 queries a second for what no upstream answers."""
        group = Group.make(128 << 20)
        if not group:
            self.skipTest('may not make a control group')
        self.addCleanup(group.remove)
        Grouped.group = group
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            with Grouped(f'.:{{PORT}} {{\n cache\n forward . 127.0.0.1:{silent.getsockname()[1]}\n}}\nfine.:{{PORT}} {{\n whoami\n}}\n', workers=2) as s:
                self.assertRegex(s.out(), re.compile(LINE % 128, re.M))
                pid, clients = s.serving_pid(), []
                for n in range(32):
                    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    c.bind((f'127.0.0.{n + 1}', 0))
                    c.connect(('127.0.0.1', s.port))
                    clients.append(c)
                began, wire = time.time(), dns.message.make_query('n000000.', 'A').to_wire()
                for i in range(32000):
                    clients[i % 32].send(wire.replace(b'n000000', b'n%06d' % i))
                    if i % 32 == 31:
                        time.sleep(max(0, began + i / 4000 - time.time()))
                self.assertTrue(s.ask('x.fine.'))
                self.assertEqual((s.serving_pid(), group.kills()), (pid, 0))
                self.assertLess(s.rss_kib(), 100 << 10)
                for c in clients:
                    c.close()


if __name__ == '__main__':
    harness.main()
