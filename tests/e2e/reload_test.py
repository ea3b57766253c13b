"""Reloads and upgrades while it serves: nothing is lost, nothing grows, a bad one changes nothing."""
import re, shutil, signal, socket, struct, subprocess, threading, time

import dns.message

import harness
from harness import SANITIZED, Case, Server, test_plugin

ZONE = '@ 60 SOA ns root %d 2 3 4 5\nwww 60 A 192.0.2.1\n'


class Load(threading.Thread):
    """dnsperf beside the test."""

    def __init__(self, server, name, seconds, rate):
        super().__init__()
        self.queries = server.folder / 'queries'
        self.queries.write_text(f'{name} A\n' * 100)
        self.command = ['dnsperf', '-s', '127.0.0.1', '-p', str(server.port), '-d', str(self.queries), '-l', str(seconds),
                        '-Q', str(rate), '-q', '2000', '-t', '2', '-c', '4']
        self.start()

    def run(self):
        self.text = subprocess.run(self.command, capture_output=True, text=True).stdout

    def counts(self):
        self.join()
        figures = {k: int(v) for k, v in re.findall(r'Queries (sent|completed|lost):\s+(\d+)', self.text)}
        return figures['sent'], figures['completed'], figures['lost']


class Reload(Case):
    def test_signal(self):
        with Server('z.example:{PORT} {\n file zone\n}\n', files={'zone': ZONE % 1}) as s:
            (s.folder / 'zone').write_text((ZONE % 2).replace('192.0.2.1', '192.0.2.2'))
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[INFO\] SIGUSR1: Reloading\n\[INFO\] Reloading\n\[INFO\] Reloading complete$')
            self.assertEqual(s.ask('www.z.example').answer[0][0].address, '192.0.2.2')

    def test_bad_reload_keeps_serving(self):
        with Server('z.example:{PORT} {\n file zone\n}\n', files={'zone': ZONE % 1}) as s:
            good = (s.folder / 'Corefile').read_text()
            for n, (corefile, message) in enumerate([
                    (good.replace('file zone', 'fil zone'), r"SIGUSR1: Corefile:2 - Error during parsing: Unknown directive 'fil'"),
                    (good.replace('file zone', 'file gone {\n reload 0\n }'), r'SIGUSR1: plugin/file: open .*gone: no such file'),
                    (good + 'x:1 {\n bind 192.0.2.77\n whoami\n}\n', r'SIGUSR1: Listen: listen \w+ 192\.0\.2\.77:1: bind: ')], 1):
                s.write_corefile(corefile)
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[ERROR\] ' + message)
                self.assertEqual(s.ask('www.z.example').answer[0][0].address, '192.0.2.1')
            s.write_corefile(good)
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[INFO\] Reloading complete$')
            self.assertEqual(s.ask('www.z.example').answer[0][0].address, '192.0.2.1')

    def test_addresses_come_and_go(self):
        with Server('.:{PORT} {\n whoami\n}\n') as s:
            second = harness.free_port()
            good = (s.folder / 'Corefile').read_text()
            s.write_corefile(good + 'n.example:%d {\n whoami\n}\n' % second)
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[INFO\] Reloading complete$')
            first, s.port = s.port, second
            self.assertEqual(len(s.ask('n.example').additional), 2)
            self.assertEqual(len(s.ask('n.example', tcp=True).additional), 2)
            s.port = first
            s.write_corefile(good)
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[INFO\] Reloading complete$', count=2)
            s.port = second
            with self.assertRaises(Exception):
                s.ask('n.example', timeout=0.5)
            with self.assertRaises(ConnectionRefusedError):
                s.ask('n.example', tcp=True, timeout=0.5)
            s.port = first

    def test_connection_of_an_address_that_goes(self):
        """What it asked is answered; more it may not ask: whom it asked is freed."""
        with Server('.:{PORT} {\n whoami\n}\n', extra=['park']) as s:
            second = harness.free_port()
            alone = (s.folder / 'Corefile').read_text()
            s.write_corefile(alone + 'park:%d {\n park\n}\n' % second)
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[INFO\] Reloading complete$')
            pid, wire = s.serving_pid(), dns.message.make_query('s1000.park', 'TXT').to_wire()
            with socket.create_connection(('127.0.0.1', second), timeout=10) as c:
                c.sendall(struct.pack('>H', len(wire)) + wire)
                time.sleep(0.2)
                s.write_corefile(alone)
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[INFO\] Reloading complete$', count=2)
                c.sendall((struct.pack('>H', len(wire)) + wire) * 3)
                answers = b''
                try:
                    while more := c.recv(65536):
                        answers += more
                except ConnectionResetError:
                    pass
            self.assertEqual(answers.count(wire[12:]), 1)
            self.assertTrue(s.ask('x.'))
            self.assertEqual(s.serving_pid(), pid)

    def test_hundred_under_load(self):
        """100 reloads under load: no query that reached the socket is lost, memory stays."""
        rounds, rate = (20, 2000) if SANITIZED else (100, 10000)
        with Server('z.example:{PORT} {\n file zone\n errors\n}\n', files={'zone': ZONE % 1}, workers=2) as s:
            load = Load(s, 'www.z.example', 8, rate)
            time.sleep(0.5)
            for n in range(1, 6):
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[INFO\] Reloading complete$', count=n)
            before = s.rss_kib()
            for n in range(6, rounds + 1):
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[INFO\] Reloading complete$', count=n)
            after = s.rss_kib()
            sent, completed, lost = load.counts()
            self.assertGreater(completed, rate)
            # What a busy machine's sockets had no room for never reached it.
            self.assertLessEqual(lost, harness.dropped(s.port), load.text)
            if not SANITIZED:
                self.assertLess(after - before, 1024, f'RSS {before} -> {after} KiB')


class Upgrade(Case):
    def install(self, s, version):
        """As a package manager does: a new file over the old name."""
        shutil.copy(test_plugin(f'upgrade-{version}'), s.folder / 'new.so')
        (s.folder / 'new.so').rename(s.folder / 'upgrade.so')

    def server(self, corefile):
        s = Server(corefile)
        self.install(s, 1)
        s.write_cfg(cfg=harness.CFG.replace('whoami:', f'upgrade:{s.folder}/upgrade.so\nwhoami:'))
        return s

    def test_versions(self):
        with self.server('.:{PORT} {\n upgrade\n}\n') as s:
            self.assertEqual(s.texts('x.'), ['1 1'])
            self.assertEqual(s.texts('x.'), ['1 2'])
            self.install(s, 2)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.assertEqual(s.texts('x.'), ['2 3'])
            self.install(s, 3)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete', count=2)
            self.assertEqual(s.texts('x.'), ['3 1'])
            s.wait_for(r"^\[INFO\] plugin/upgrade: state 'count' has layout 1, this version keeps layout 2: starting empty$")

    def test_noticed_by_reload(self):
        with self.server('.:{PORT} {\n upgrade\n reload 2s 0\n}\n') as s:
            s.wait_for(r'^\[INFO\] plugin/reload: Running configuration SHA512 = [0-9a-f]{128}$')
            self.install(s, 2)
            s.wait_for('Reloading complete', 10)
            self.assertEqual(s.texts('x.'), ['2 1'])
            # A broken one is refused, and the one before goes on.
            (s.folder / 'upgrade.so').write_bytes(b'not a plugin')
            s.wait_for(r'^\[ERROR\] plugin/reload: Corefile changed but reload failed: plugin\.cfg:\d+ - .*upgrade\.so', 10)
            self.assertEqual(s.texts('x.'), ['2 2'])

    def test_twenty_under_load(self):
        with self.server('.:{PORT} {\n upgrade\n}\n') as s:
            load = Load(s, 'x', 5, 1000 if SANITIZED else 5000)
            time.sleep(0.3)
            for n in range(1, 21):
                self.install(s, n % 3 + 1)
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=n)
            sent, completed, lost = load.counts()
            self.assertLessEqual(lost, harness.dropped(s.port), load.text)
            self.assertEqual(s.texts('x.')[0].split()[0], '3')


if __name__ == '__main__':
    harness.main()
