"""What the serving process may do when it has its configuration: open what that names, and nothing else."""
import os, pathlib, re, shutil, signal, subprocess, tempfile, unittest

import harness
from harness import Case, Server

REFUSED = {'open': 'EACCES', 'write': 'EACCES', 'shm': 'EACCES', 'mkdir': 'EPERM', 'execve': 'EPERM', 'spawn': 'EPERM|ENOSYS', 'fork': 'EPERM',
           'packet': 'EAFNOSUPPORT', 'ptrace': 'EPERM', 'peek': 'EPERM', 'anonymous': 'EPERM', 'mprotect': 'EPERM', 'memfd': 'EPERM',
           'uring': 'EPERM', 'unshare': 'EPERM', 'bind': 'EACCES|EPERM', 'low': 'EACCES'}
# Of a kernel that has it: 6.7, 6.12.
LATER = {'bind': 4, 'kill': 6}


def landlock():
    """The ABI of the kernel, 0: it has none."""
    import ctypes
    return max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))


@unittest.skipIf(harness.SANITIZED, 'a sanitizer needs what the sandbox forbids')
@unittest.skipUnless(landlock(), 'the kernel has no Landlock')
class Sandbox(Case):
    def setUp(self):
        self.other = pathlib.Path(tempfile.mkdtemp(prefix='sodns-other-'))
        self.addCleanup(shutil.rmtree, self.other)
        self.other.chmod(0o755)
        (self.other / 'secret').write_text('secret\n')
        os.environ['ESCAPE_FILE'] = str(self.other / 'secret')

    def server(self, more='', **options):
        return Server('.:{PORT} {\n escape\n %s\n whoami\n}\n' % more, extra=['escape'], **options)

    def test_what_it_can_not(self):
        with self.server() as s:
            for how, error in REFUSED.items():
                if landlock() < LATER.get(how, 0):
                    continue
                if how == 'low' and int(pathlib.Path('/proc/sys/net/ipv4/ip_unprivileged_port_start').read_text()) <= 53:
                    continue
                got = s.texts(f'{how}.')
                self.assertRegex(got[0] if got else '', f'^({error})$', how)
            if landlock() >= LATER['kill']:
                self.assertEqual(s.texts('kill.'), ['EPERM'])
            self.assertEqual(s.texts('thread.'), ['done'])
            self.assertFalse((s.folder / 'written').exists())
            status = pathlib.Path(f'/proc/{s.serving_pid()}/status').read_text()
            self.assertRegex(status, r'(?m)^Seccomp:\t2$')
            # All threads of it.
            for t in pathlib.Path(f'/proc/{s.serving_pid()}/task').iterdir():
                self.assertRegex((t / 'status').read_text(), r'(?m)^Seccomp:\t2$')
            self.assertNotIn('kernel lacks', s.out())

    def test_turned_off(self):
        with self.server(args=['-sandbox=false']) as s:
            self.assertEqual(s.texts('open.'), ['done'])
            self.assertEqual(s.texts('mprotect.'), ['done'])
            self.assertRegex(pathlib.Path(f'/proc/{s.serving_pid()}/status').read_text(), r'(?m)^Seccomp:\t[02]$')

    def test_what_the_corefile_names(self):
        (self.other / 'hosts').write_text('192.0.2.1 a.example\n')
        with self.server(f'hosts {self.other}/hosts x.example {{\n  fallthrough\n  reload 100ms\n }}') as s:
            self.assertEqual(s.texts('open.'), ['done'], 'it lies in a folder that is named')
            # A file that takes its place, as editors have it, is read too.
            (self.other / 'new').write_text('192.0.2.2 b.x.example\n')
            (self.other / 'new').rename(self.other / 'hosts')
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.assertEqual(s.ask('b.x.example').answer[0][0].address, '192.0.2.2')
            self.assertNotIn('takes over', s.out())

    def test_what_named_files_name(self):
        """$INCLUDE of a zone, and the files of a kubeconfig in each of YAML's styles."""
        (self.other / 'more').write_text('www 60 A 192.0.2.1\n')
        zone = f'@ 60 SOA ns root 1 2 3 4 5\n$INCLUDE {self.other}/more\n'
        with Server('z.:{PORT} {\n file zone\n}\n.:{PORT} {\n escape\n}\n', extra=['escape'], files={'zone': zone}) as s:
            self.assertEqual(s.ask('www.z').answer[0][0].address, '192.0.2.1')
            self.assertEqual(s.texts('open.'), ['done'])
        for style in ('- cluster:\n    certificate-authority-data: x\n    certificate-authority: {}/secret\n',
                      '- {{cluster: {{"certificate-authority": "{}/secret", server: x}}}}\n', "  tokenFile: '{}/secret'\n"):
            with Server('.:{PORT} {\n escape ./config\n}\n', extra=['escape'], files={'config': style.format(self.other)}) as s:
                self.assertEqual(s.texts('open.'), ['done'], style)

    def test_links_that_change(self):
        """As a ConfigMap's folder does."""
        (self.other / 'one').mkdir()
        (self.other / 'one/hosts').write_text('192.0.2.1 a.example\n')
        (self.other / 'data').symlink_to('one')
        with self.server(f'hosts {self.other}/data/hosts x.example {{\n  fallthrough\n  reload 100ms\n }}') as s:
            (self.other / 'two').mkdir()
            (self.other / 'two/hosts').write_text('192.0.2.2 b.x.example\n')
            (self.other / 'next').symlink_to('two')
            (self.other / 'next').rename(self.other / 'data')
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.assertEqual(s.ask('b.x.example').answer[0][0].address, '192.0.2.2')
            self.assertNotIn('takes over', s.out())

    def test_a_configuration_that_needs_more(self):
        (self.other / 'zone').write_text('@ 60 SOA ns root 1 2 3 4 5\nwww 60 A 192.0.2.1\n')
        with self.server() as s:
            for n in range(1, 4):
                child = s.serving_pid()
                self.assertEqual(s.texts('open.'), ['EACCES'])
                good = (s.folder / 'Corefile').read_text()
                s.write_corefile(good + 'z.example:{PORT} {\n file %s/zone\n}\n' % self.other)
                s.signal(signal.SIGUSR1)
                s.wait_for('^.INFO. A fresh process takes over', count=n)
                self.assertEqual(s.ask('www.z.example').answer[0][0].address, '192.0.2.1')
                self.assertEqual(s.texts('open.'), ['done'])
                # Less is not taken back before there is a fresh process.
                s.write_corefile(good)
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=2 * n)
                os.kill(self.one(s, child), signal.SIGKILL)
                s.wait_for('Everything is loaded', count=n)
            self.assertEqual(s.out().count('crashed'), 3)

    def one(self, s, before):
        """The process that serves, when the one before has gone."""
        import time
        end = time.time() + 20 * harness.PATIENCE
        while s.state(before) not in 'XZ' and time.time() < end:
            time.sleep(0.02)
        self.assertIn(s.state(before), 'XZ', 'it ends when another has taken over')
        self.assertNotEqual(s.serving_pid(), before)
        return s.serving_pid()

    def test_nothing_is_lost_when_another_takes_over(self):
        (self.other / 'zone').write_text('@ 60 SOA ns root 1 2 3 4 5\n')
        with self.server() as s:
            queries = s.folder / 'queries'
            queries.write_text('x. A\n' * 100)
            p = subprocess.Popen(['dnsperf', '-s', '127.0.0.1', '-p', str(s.port), '-d', str(queries), '-l', '4', '-Q', '500', '-t', '3'],
                                 stdout=subprocess.PIPE, text=True)
            child = s.serving_pid()
            s.write_corefile((s.folder / 'Corefile').read_text() + 'z.example:{PORT} {\n file %s/zone\n}\n' % self.other)
            s.signal(signal.SIGUSR1)
            s.wait_for('takes over')
            self.one(s, child)
            figures = dict(re.findall(r'Queries (sent|completed):\s+(\d+)', p.communicate()[0]))
            self.assertGreater(int(figures['sent']), 500)
            self.assertEqual(figures['completed'], figures['sent'])

    def test_one_that_can_not_take_over(self):
        """Its port is taken: what serves goes on, and so it does after that."""
        import socket
        (self.other / 'zone').write_text('@ 60 SOA ns root 1 2 3 4 5\n')
        with self.server() as s, socket.socket() as t:
            t.bind(('127.0.0.1', 0))
            t.listen()
            child, good = s.serving_pid(), (s.folder / 'Corefile').read_text()
            s.write_corefile(good + 'z.example:%d {\n bind 127.0.0.1\n file %s/zone\n}\n' % (t.getsockname()[1], self.other))
            s.signal(signal.SIGUSR1)
            s.wait_for('The fresh process for the new configuration has ended: Listen: .*; the one before serves on')
            self.assertEqual(s.texts('thread.'), ['done'])
            self.assertEqual(s.serving_pid(), child)
            s.write_corefile(good)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.assertEqual(s.serving_pid(), child)

    @unittest.skipUnless(os.geteuid() == 0, 'needs root')
    def test_root_is_told(self):
        with self.server() as s:
            self.assertRegex(s.err(), r'(?m)^Started as root without -user: ')
        s = self.server(args=['-user', 'nobody'])
        for path in s.folder, *s.folder.iterdir():
            path.chmod(0o755)
        with s:
            self.assertNotIn('without -user', s.err())


if __name__ == '__main__':
    harness.main()
