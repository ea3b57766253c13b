"""Starting: flags, the default Corefile, start-up lines, -check, -chain, the pid file."""
import pathlib, re, shutil, subprocess, unittest

import harness
from harness import BUILD, Case, Server


class Start(Case):
    def test_lines(self):
        with Server('b.example.:{PORT} a.example.:{PORT} {\n bind 127.0.0.1\n whoami\n}\n') as s:
            lines = s.out().splitlines()
            self.assertEqual(lines[:2], [f'a.example.:{s.port} on 127.0.0.1', f'b.example.:{s.port} on 127.0.0.1'])
            self.assertRegex(lines[2], r'^sodns-\d+\.\d+\.\d+$')
            self.assertRegex(lines[3], r'^linux/(amd64|arm64), (gcc|clang)-')

    def test_quiet_and_pidfile(self):
        with Server('.:{PORT} {\n whoami\n}\n', args=['-quiet', '-pidfile', 'pid']) as s:
            self.assertEqual(s.out(), '')
            self.assertEqual(int((s.folder / 'pid').read_text()), s.process.pid)
            pid = s.folder / 'pid'
            s.stop()
            self.assertFalse(pid.exists())

    def test_default_corefile(self):
        s = Server(None)
        s.extra_args = []
        try:
            p = subprocess.Popen(s.command('-dns.port', str(s.port)), cwd=s.folder, stdout=subprocess.PIPE, text=True)
            self.assertEqual(p.stdout.readline().strip(), f'.:{s.port}')
            p.stdout.readline(), p.stdout.readline()
            self.assertEqual(len(s.ask('any.example.').additional), 2)
            self.assertRegex(p.stdout.readline(), r'^\[INFO\] 127\.0\.0\.1:\d+ - \d+ "A IN any\.example\. udp ')
            p.terminate()
            self.assertEqual(p.wait(10), 0)
            p.stdout.close()
        finally:
            shutil.rmtree(s.folder)

    def test_corefile_from_stdin(self):
        s = Server(None)
        try:
            r = subprocess.run(s.command('-conf', '-', '-chain'), input='x.example {\n whoami\n log\n}\n', cwd=s.folder,
                               capture_output=True, text=True)
            self.assertEqual(r.stdout, 'x.example.:53: log -> whoami\n')
            self.assertEqual(r.returncode, 0)
        finally:
            shutil.rmtree(s.folder)

    def test_check(self):
        s = Server('a:{PORT} {\n errors\n file zone\n}\n', files={'zone': '@ 60 SOA ns root 1 2 3 4 5\n'})
        try:
            self.assertEqual((s.run('-conf', 'Corefile', '-check').returncode), 0)
            (s.folder / 'zone').write_text('@ 60 SOA ns root 1 2 3 4\n')
            r = s.run('-conf', 'Corefile', '-check')
            self.assertEqual(r.returncode, 1)
            self.assertRegex(r.stderr, r'^plugin/file: Corefile:3 - failed to parse file ".*zone" for origin a\. with error .*zone:1: ')
        finally:
            shutil.rmtree(s.folder)

    def test_flags(self):
        s = Server(None)
        try:
            self.assertRegex(s.run('-version').stdout, r'^sodns-')
            self.assertRegex(s.run('-plugins').stdout, r'(?m)^dns\.whoami\t')
            r = s.run('-nonsense')
            self.assertEqual(r.returncode, 2)
            self.assertRegex(r.stderr, r'^flag provided but not defined: -nonsense\nUsage')
            self.assertRegex(s.run('-workers', 'many').stderr, r'^-workers wants a number from 1 to 1024, not: many')
            self.assertRegex(s.run('-conf').stderr, r'^flag needs an argument: -conf')
            for flag in ('-supervise=maybe', '-quiet=', '-check=2', '-dns.port=abc', '-dns.port=70000', '-dns.port=-1', '-p=', '-dns.port=53x',
                         '-workers=0', '-limit.stall=soon', '-log.format=xml', '-limit.tasks=-5', 'word', '-', '--', '-conf', '-sandbox=x'):
                r = s.run(flag, '-check') if flag != '-conf' else s.run(flag)
                self.assertEqual((r.returncode, r.stderr.split('Usage')[0].count('\n')), (2, 1), (flag, r.stderr))
            for flag in '-quiet=true', '-quiet=T', '-quiet=0', '-quiet=False', '-dns.port=65535':
                self.assertEqual(s.run(flag, '-version').returncode, 0, flag)
            for line in s.run('-plugins').stdout.splitlines():
                self.assertRegex(line, r'^dns\.\w+\t\d+\.\d+\.\d+\tsdk \d')
        finally:
            shutil.rmtree(s.folder)

    def test_port_in_use(self):
        with Server('.:{PORT} {\n bind 127.0.0.1\n whoami\n}\n') as s:
            t = Server(None)
            try:
                # SO_REUSEPORT lets a second sodns of the same user in, as with every server that uses it; another
                # program that holds the port without it does not.
                import socket
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
                    u.bind(('127.0.0.1', 0))
                    t.write_corefile('.:%d {\n bind 127.0.0.1\n whoami\n}\n' % u.getsockname()[1])
                    r = t.run('-conf', 'Corefile')
                    self.assertEqual(r.returncode, 1)
                    self.assertRegex(r.stderr, r'(?m)^Listen: listen udp 127\.0\.0\.1:\d+: bind: address already in use$')
            finally:
                shutil.rmtree(t.folder)


if __name__ == '__main__':
    harness.main()
