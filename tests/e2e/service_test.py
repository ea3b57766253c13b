"""The service: what systemd is told over a socket as it would make one, and what the unit says."""
import os, pathlib, re, shutil, signal, socket, subprocess, time, unittest

import harness
from harness import BUILD, PATIENCE, Case, Server

COREFILE = '.:{PORT} {\n crash\n whoami\n}\n'
UNIT = BUILD / 'sodns.service'
# What systemd-analyze gives the unit at most, of 10: what is left are a DNS server's sockets.
EXPOSURE = 1.6


class Told(Case):
    def setUp(self):
        self.server = Server(COREFILE, extra=['crash'])
        self.addCleanup(shutil.rmtree, self.server.folder)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.settimeout(10 * PATIENCE)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)

    def start(self, name=None):
        self.socket.bind(name or str(self.server.folder / 'notify'))
        os.environ['NOTIFY_SOCKET'] = '@' + name[1:] if name else str(self.server.folder / 'notify')
        try:
            self.server.start()
        finally:
            del os.environ['NOTIFY_SOCKET']
        self.pid = self.server.process.pid
        self.addCleanup(lambda: self.server.process and self.server.stop())

    def told(self):
        """The next datagram, its lines as a dict. It comes from the parent, which is the main process."""
        data, ancillary, _, _ = self.socket.recvmsg(4096, 64)
        sender = int.from_bytes(ancillary[0][2][:4], 'little')
        self.assertEqual(sender, self.pid, 'NotifyAccess=main')
        return dict(line.split('=', 1) for line in data.decode().split('\n'))

    def is_told(self, **want):
        got = self.told()
        for key, value in want.items():
            self.assertRegex(got.get(key, ''), f'^{value}$', got)
        if list(want) != ['STATUS']:
            self.assertEqual(int(got['MAINPID']), self.pid)
        return got

    def nothing_is_told(self, seconds):
        self.socket.settimeout(seconds)
        with self.assertRaises(TimeoutError):
            self.told()
        self.socket.settimeout(10 * PATIENCE)

    def test_from_start_to_stop(self):
        self.start()
        self.is_told(READY='1', STATUS='Serving')
        for _ in range(2):
            before = time.clock_gettime(time.CLOCK_MONOTONIC)
            self.server.signal(signal.SIGUSR1)
            got = self.is_told(RELOADING='1', STATUS='Reading the configuration again')
            self.assertTrue(before <= int(got['MONOTONIC_USEC']) / 1e6 + 1e-6 <= time.clock_gettime(time.CLOCK_MONOTONIC) + 1e-6)
            self.is_told(READY='1', STATUS='Serving')
        self.server.stop()
        self.is_told(STOPPING='1', STATUS='Answering what has arrived')
        self.nothing_is_told(0.2)

    def test_a_reload_that_fails(self):
        self.start()
        self.is_told(READY='1', STATUS='Serving')
        self.server.write_corefile('.:{PORT} {\n nonsense\n}\n')
        self.server.signal(signal.SIGUSR1)
        self.is_told(RELOADING='1', STATUS='Reading the configuration again')
        self.is_told(READY='1', STATUS='Serving as before: the last reload failed, the log says why')
        self.server.write_corefile(COREFILE)
        self.server.signal(signal.SIGUSR1)
        self.is_told(RELOADING='1', STATUS='Reading the configuration again')
        self.is_told(READY='1', STATUS='Serving')

    def test_a_crash(self):
        self.start()
        self.is_told(READY='1', STATUS='Serving')
        os.kill(self.server.serving_pid(), signal.SIGKILL)
        self.is_told(STATUS='Starting a fresh process: (plugin/[a-z]+|the serving process) crashed')
        self.is_told(READY='1', STATUS='Serving')

    def test_ready_means_that_it_serves(self):
        """A block that takes a while to load: nothing is said before it has."""
        self.server.write_corefile('.:{PORT} {\n crash 700\n whoami\n}\n')
        began = time.monotonic()
        self.start()
        self.is_told(READY='1', STATUS='Serving')
        self.assertGreater(time.monotonic() - began, 0.7)
        self.assertEqual(self.server.ask('x.', timeout=3).rcode(), 0)

    def test_a_configuration_that_is_not_good(self):
        self.server.write_corefile('.:{PORT} {\n nonsense\n}\n')
        with self.assertRaisesRegex(AssertionError, 'nonsense'):
            self.start()
        self.server.process = None
        self.nothing_is_told(0.2)

    def test_an_abstract_socket(self):
        self.start('\0sodns-test-' + self.server.folder.name)
        self.is_told(READY='1', STATUS='Serving')


class Unit(Case):
    def test_protocol(self):
        text = UNIT.read_text()
        for line in 'Type=notify', 'NotifyAccess=main', 'ExecReload=/bin/kill -USR1 $MAINPID', 'KillMode=mixed':
            self.assertIn(f'\n{line}\n', text)
        self.assertNotIn('@', re.sub(r'(?m)^(#|SystemCallFilter).*$', '', text), 'all is filled in')

    def test_place_among_others(self):
        """Names can be looked up once it is ready; a kill of the serving process for want of memory is the parent's to mend."""
        text = UNIT.read_text()
        for line in 'Before=nss-lookup.target', 'Wants=nss-lookup.target', 'OOMPolicy=continue':
            self.assertIn(f'\n{line}\n', text)

    def test_stop_is_longer_than_every_lameduck(self):
        minutes = int(re.search(r'\nTimeoutStopSec=(\d+)min\n', UNIT.read_text())[1])
        parent = (pathlib.Path(__file__).resolve().parents[2] / 'core/supervisor/parent.c').read_text()
        longest, stop = (int(re.search(rf'#define {name} (\d+)u?\n', parent)[1]) for name in ('LINGER_MOST_MS', 'STOP_MS'))
        self.assertGreater(minutes * 60000, longest + stop)

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'there is no systemd-analyze')
    def test_systemd_understands_it(self):
        r = subprocess.run(['systemd-analyze', 'verify', '--man=no', UNIT], capture_output=True, text=True)
        # That nothing is installed here is no fault of the unit's.
        faults = [line for line in r.stderr.splitlines() if 'sodns.service' in line and 'is not executable' not in line]
        self.assertEqual(faults, [])

    @unittest.skipUnless(shutil.which('systemd-analyze'), 'there is no systemd-analyze')
    def test_exposure(self):
        r = subprocess.run(['systemd-analyze', 'security', '--offline=true', f'--threshold={EXPOSURE * 10:.0f}', UNIT],
                           capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stdout[-600:] + r.stderr)


if __name__ == '__main__':
    harness.main()
