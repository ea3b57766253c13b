"""The parent that keeps the sockets: what crashes is named, counted and replaced; privileges are given up; keys are read."""
import os, pathlib, pwd, re, shutil, signal, socket, subprocess, time, unittest, urllib.error, urllib.request

import dns.exception, dns.message, dns.query, dns.rcode

import harness
from certificates import Authority
from harness import Case, Server

QUICK = '.:{PORT} {\n crash\n whoami\n}\n'


def nobody_may():
    return os.geteuid() == 0


class Supervisor(Case):
    def crash(self, s, name):
        try:
            s.ask(name, timeout=0.2)
        except dns.exception.Timeout:
            pass

    def child(self, s):
        self.answers(s)
        return s.serving_pid()

    def answers(self, s, name='fine.', seconds=10):
        end = time.time() + seconds
        while time.time() < end:
            try:
                return s.ask(name, timeout=1)
            except dns.exception.Timeout:
                pass
        raise AssertionError(f'no answer\n{s.out()}\n{s.err()}')

    @unittest.skipIf(harness.SANITIZED, 'a sanitizer reports crashes itself')
    def test_crashes(self):
        port = harness.free_port()
        with Server(f'.:{{PORT}} {{\n prometheus 127.0.0.1:{port}\n crash\n whoami\n}}\n', extra=['crash']) as s:
            for n, (name, reason) in enumerate((('crash.', 'Segmentation fault'), ('deep.', 'Stack overflow'), ('wide.', 'Stack overflow'), ('abort.', 'Aborted')), 1):
                before = self.child(s)
                self.crash(s, name)
                self.answers(s)
                self.assertNotEqual(self.child(s), before)
                s.wait_for(r'A fresh process serves \d+ ms after the crash', count=n)
                s.wait_for(rf'^\[ERROR\] plugin/crash: crashed \({reason}\) on "{name} A"$')
                s.wait_for(r'Everything is loaded', count=n)
            text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).read().decode()
            self.assertRegex(text, r'sodns_crashes_total\{plugin="crash"\} 4')

    @unittest.skipIf(harness.SANITIZED, 'a sanitizer reports crashes itself')
    def test_blame_after_a_wait(self):
        """However many other plugins ran meanwhile on that thread, and wherever the work is done."""
        with Server('.:{PORT} {\n crash\n park\n}\n', extra=['crash', 'park']) as s:
            for n, first in enumerate(('sleep', 'pool', 'flight', 'detach'), 1):
                self.asks(s, f'{first}.crash.')
                # Others come, wait and go before the harm is done.
                self.asks(s, 's100.', 'now.', 's2000.')
                where = ', in a thread of its own' if first == 'pool' else ''
                s.wait_for(rf'^\[ERROR\] plugin/crash: crashed \(Segmentation fault\) on "{first}\.crash\. A"{where}$')
                s.wait_for('Everything is loaded', count=n)

    def asks(self, s, *names):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            for name in names:
                u.sendto(dns.message.make_query(name, 'A').to_wire(), ('127.0.0.1', s.port))

    def test_an_endless_loop(self):
        with Server('.:{PORT} {\n crash\n park\n}\n', extra=['crash', 'park'], workers=2, args=['-limit.stall', '3']) as s:
            for n, name in enumerate(('loop.', 'sleep.loop.', 'flight.loop.'), 1):
                child = s.serving_pid()
                self.asks(s, name)
                quoted = re.escape(name)
                s.wait_for(rf'^\[ERROR\] plugin/crash: worker \d has not come back to its loop for 1 s, on "{quoted} A"$')
                self.assertEqual(s.serving_pid(), child, 'it is named while it lasts')
                s.wait_for(rf'^\[ERROR\] plugin/crash: crashed \(not returned for 3 s\) on "{quoted} A"$'
                           if not harness.SANITIZED else r'crashed \(Aborted\)')
                s.wait_for('Everything is loaded', count=n)
                self.assertNotEqual(s.serving_pid(), child)

    def group(self):
        """A cgroup with little memory, where one can be made: its folder."""
        for root, limit in (('/sys/fs/cgroup/memory', 'memory.limit_in_bytes'), ('/sys/fs/cgroup', 'memory.max')):
            group = pathlib.Path(root) / f'sodns-test-{os.getpid()}'
            try:
                group.mkdir()
                self.addCleanup(group.rmdir)
                (group / limit).write_text(str(150 << 20))
                return group
            except OSError:
                pass
        self.skipTest('no cgroup can be made here')

    @unittest.skipIf(harness.SANITIZED, 'a sanitizer needs more memory')
    def test_out_of_memory(self):
        group = self.group()
        with Server('.:{PORT} {\n crash\n whoami\n}\n', extra=['crash'], args=['-limit.stall', '0']) as s:
            for pid in s.process.pid, self.child(s):
                (group / 'cgroup.procs').write_text(str(pid))
            self.asks(s, 'eat.')
            s.wait_for(r'^\[ERROR\] plugin/crash: crashed \(killed by the system: out of memory\)|'
                       r'^\[ERROR\] The serving process crashed \(killed by the system: out of memory\)', seconds=30)
            s.wait_for('Everything is loaded')
            # Killed by somebody else it is not called so.
            os.kill(self.child(s), signal.SIGKILL)
            s.wait_for(r'^\[ERROR\] The serving process crashed \(Killed\)$')
            self.answers(s)

    def test_slow_is_not_endless(self):
        """What waits, however long, holds nobody up; and a stopped process ages no faster than its watch."""
        with Server('.:{PORT} {\n park\n}\n', extra=['park'], args=['-limit.stall', '1']) as s:
            child = s.serving_pid()
            self.asks(s, 's3000.', 'pool3000.')
            os.kill(child, signal.SIGSTOP)
            time.sleep(1.5)
            os.kill(child, signal.SIGCONT)
            self.assertEqual(s.texts('s2500.'), ['ok'])
            self.assertEqual(s.serving_pid(), child)
            self.assertNotIn('come back', s.out().replace('did not come back', ''))

    def test_the_end_is_hard(self):
        """Whatever a child does: here all its threads loop, and nothing watches them."""
        s = Server('.:{PORT} {\n crash\n whoami\n}\n', extra=['crash'], args=['-limit.stall', '0']).start()
        child = s.serving_pid()
        self.asks(s, 'loop.')
        s.wait_for('has not come back to its loop')
        os.kill(child, signal.SIGSTOP)
        s.signal(signal.SIGTERM)
        began = time.time()
        self.assertEqual(s.process.wait(60), 1)
        self.assertLess(time.time() - began, 40)
        self.assertIn('The serving process does not stop: it is killed', s.out())
        self.assertEqual(s.state(child), 'X')
        shutil.rmtree(s.folder)

    def test_the_end_waits_for_a_lameduck(self):
        port = harness.free_port()
        s = Server(f'.:{{PORT}} {{\n health 127.0.0.1:{port} {{\n lameduck 20s\n }}\n whoami\n}}\n').start()
        s.signal(signal.SIGTERM)
        s.wait_for('Going into lameduck mode for 20s')
        time.sleep(16)
        self.assertEqual(s.ask('fine.').rcode(), 0)
        s.signal(signal.SIGTERM)
        self.assertEqual(s.process.wait(20), 0)
        shutil.rmtree(s.folder)

    def test_a_parent_that_dies_takes_a_hung_child_along(self):
        s = Server('.:{PORT} {\n crash\n whoami\n}\n', extra=['crash'], args=['-limit.stall', '0']).start()
        child = s.serving_pid()
        self.asks(s, 'loop.')
        s.wait_for('has not come back to its loop')
        os.kill(child, signal.SIGSTOP)
        s.process.kill()
        s.process.wait()
        end = time.time() + 10
        while s.state(child) not in 'XZ' and time.time() < end:
            time.sleep(0.02)
        self.assertIn(s.state(child), 'XZ')
        shutil.rmtree(s.folder)

    @unittest.skipIf(harness.SANITIZED, 'a sanitizer reports crashes itself')
    def test_a_question_that_crashes_is_not_asked_again(self):
        port = harness.free_port()
        with Server(f'.:{{PORT}} {{\n prometheus 127.0.0.1:{port}\n crash\n whoami\n}}\n', extra=['crash']) as s:
            for n, name in enumerate(('crash.', r'a\.b\001.crash.'), 1):
                self.crash(s, name)
                s.wait_for('Everything is loaded', count=n)
                child = self.child(s)
                for _ in range(3):
                    self.assertEqual(s.ask(name.upper()).rcode(), dns.rcode.SERVFAIL)
                self.assertEqual(self.child(s), child)
                s.wait_for(r'crashed the process \(1\): it is answered SERVFAIL for 5 s', count=n)
            text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).read().decode()
            self.assertRegex(text, r'sodns_suspects_total 3')

    def test_killed(self):
        with Server(QUICK, extra=['crash'], workers=2) as s:
            for n in range(1, 6):
                os.kill(self.child(s), signal.SIGKILL)
                self.answers(s)
                s.wait_for(r'crashed \(Killed\)', count=n)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.answers(s)

    def test_what_has_to_load(self):
        with Server('.:{PORT} {\n whoami\n}\nslow.:{PORT} {\n crash 400\n whoami\n}\n', extra=['crash']) as s:
            os.kill(self.child(s), signal.SIGKILL)
            s.wait_for('A fresh process serves')
            self.assertEqual(s.ask('fine.', timeout=3).rcode(), dns.rcode.NOERROR)
            self.assertEqual(s.ask('a.slow.', timeout=3).rcode(), dns.rcode.NOERROR, 'waits until it is loaded')
            s.wait_for('Everything is loaded')

    def test_views_wait_too(self):
        with Server('.:{PORT} {\n metadata\n crash 300\n whoami\n}\n', extra=['crash']) as s:
            os.kill(self.child(s), signal.SIGKILL)
            s.wait_for('A fresh process serves')
            self.assertEqual(s.ask('fine.', timeout=3).rcode(), dns.rcode.NOERROR)

    def test_ready_while_it_loads(self):
        """Plugins are asked whether they are ready before they are prepared."""
        port = harness.free_port()
        with Server(f'.:{{PORT}} {{\n ready 127.0.0.1:{port}\n whoami\n}}\nslow.:{{PORT}} {{\n crash 400\n whoami\n}}\n'
                    'cluster.local:{PORT} {\n kubernetes {\n  endpoint http://127.0.0.1:1\n  startup_timeout 1s\n }\n}\n', extra=['crash']) as s:
            os.kill(self.child(s), signal.SIGKILL)
            s.wait_for('A fresh process serves')
            texts = set()
            while 'Everything is loaded' not in s.out():
                try:
                    urllib.request.urlopen(f'http://127.0.0.1:{port}/ready', timeout=5)
                except urllib.error.HTTPError as e:
                    texts.add(e.read().decode())
                except OSError:
                    pass
                time.sleep(0.02)
            self.assertEqual(texts, {'kubernetes'})
            self.assertEqual(s.out().count('crashed'), 1)

    def test_a_broken_configuration_is_tried_again(self):
        with Server(QUICK, extra=['crash']) as s:
            s.write_corefile('.:{PORT} {\n nonsense\n}\n')
            os.kill(self.child(s), signal.SIGKILL)
            end = time.time() + 10
            while 'nonsense' not in s.err() and time.time() < end:
                time.sleep(0.02)
            self.assertIn("Unknown directive 'nonsense'", s.err())
            s.write_corefile(QUICK)
            self.answers(s, seconds=15)

    def test_stop(self):
        for number in signal.SIGTERM, signal.SIGINT:
            s = Server(QUICK, extra=['crash']).start()
            child = self.child(s)
            s.signal(number)
            self.assertEqual(s.process.wait(10), 0)
            self.assertFalse(pathlib.Path(f'/proc/{child}').exists())
            shutil.rmtree(s.folder)

    def test_a_parent_that_dies_takes_its_child_along(self):
        s = Server(QUICK, extra=['crash']).start()
        child = self.child(s)
        s.process.kill()
        s.process.wait()
        end = time.time() + 10
        while pathlib.Path(f'/proc/{child}').exists() and time.time() < end:
            time.sleep(0.02)
        self.assertFalse(pathlib.Path(f'/proc/{child}').exists())
        shutil.rmtree(s.folder)

    def test_an_address_that_goes_and_comes_back(self):
        other = harness.free_port()
        both = f'.:{{PORT}} {{\n whoami\n}}\n.:{other} {{\n whoami\n}}\n'
        with Server(both) as s:
            for n in range(1, 4):
                s.write_corefile('.:{PORT} {\n whoami\n}\n')
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=2 * n - 1)
                with socket.socket() as t:
                    self.assertNotEqual(t.connect_ex(('127.0.0.1', other)), 0, 'closed')
                s.write_corefile(both)
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=2 * n)
                for tcp in False, True:
                    ask = dns.query.tcp if tcp else dns.query.udp
                    ask(dns.message.make_query('x.', 'A'), '127.0.0.1', port=other, timeout=3)

    def status(self, s):
        lines = pathlib.Path(f'/proc/{s.serving_pid()}/status').read_text().splitlines()
        return dict(l.split(':\t', 1) for l in lines if ':\t' in l)

    @unittest.skipUnless(nobody_may(), 'needs root')
    def test_privileges(self):
        with Server(QUICK, extra=['crash']) as s:
            self.assertEqual({int(self.status(s)[c], 16) for c in ('CapEff', 'CapPrm', 'CapBnd', 'CapAmb')}, {0})
            self.assertEqual(self.status(s)['NoNewPrivs'], '1')

    @unittest.skipUnless(nobody_may(), 'needs root')
    def test_another_user(self):
        cert, key = Authority().issue('dns.test')
        corefile = 'tls://.:{PORT} {\n tls cert.pem key.pem\n whoami\n}\n'
        s = Server(corefile, files={'cert.pem': cert, 'key.pem': key}, args=['-user', 'nobody'])
        s.open_to_others()
        (s.folder / 'key.pem').chmod(0o600)
        with s:
            self.ask_over_tls(s)
            self.assertEqual(int(self.status(s)['Uid'].split()[0]), pwd.getpwnam('nobody').pw_uid)
            self.assertEqual({int(self.status(s)[c], 16) for c in ('CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'CapInh')}, {0})
            os.kill(s.serving_pid(), signal.SIGKILL)
            s.wait_for('A fresh process serves')
            self.ask_over_tls(s)

    @unittest.skipUnless(nobody_may(), 'needs root')
    def test_keys_of_a_new_configuration(self):
        # Behind `root`, by links as certbot has them, and named by the new Corefile alone.
        first, second = Authority().issue('dns.test'), Authority().issue('dns.test')
        corefile = 'tls://.:{PORT} {\n root %s\n tls %s/cert.pem %s/key.pem\n whoami\n}\n'
        s = Server(None, args=['-user', 'nobody'])
        for name, (cert, key) in (('one', first), ('two', second)):
            (s.folder / name).mkdir()
            (s.folder / name / 'cert.pem').write_text(cert)
            (s.folder / name / 'real.pem').write_text(key)
            (s.folder / name / 'real.pem').chmod(0o600)
            (s.folder / name / 'key.pem').symlink_to('real.pem')
        s.write_corefile(corefile % (s.folder, 'one', 'one'))
        s.open_to_others()
        with s:
            self.ask_over_tls(s)
            s.write_corefile(corefile % (s.folder, 'two', 'two'))
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.ask_over_tls(s)
            # Where the child could have put it, a key is not to be had.
            os.chown(s.folder / 'one', pwd.getpwnam('nobody').pw_uid, -1)
            s.write_corefile(corefile % (s.folder, 'one', 'one'))
            s.signal(signal.SIGUSR1)
            s.wait_for(r'SIGUSR1: plugin/tls: .*key\.pem: permission denied')
            self.ask_over_tls(s)

    def get(self, port, path):
        return urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=10)

    @unittest.skipUnless(nobody_may(), 'needs root')
    def test_low_ports_for_http(self):
        # In a network of its own: the machine's low ports may be taken.
        if subprocess.run(['unshare', '-n', 'true'], capture_output=True).returncode:
            self.skipTest('no network namespaces here')
        probe = ("import os, signal, sys, time, urllib.request\n"
                 "def all_answer():\n"
                 "    for at in ':80/health', ':81/ready', ':82/metrics':\n"
                 "        assert urllib.request.urlopen('http://127.0.0.1' + at, timeout=10).status == 200, at\n"
                 "child = int(open(f'/proc/{sys.argv[1]}/task/{sys.argv[1]}/children').read().split()[0])\n"
                 "all_answer()\n"
                 "os.kill(child, signal.SIGKILL)\n"
                 "all_answer()\n")
        s = Server(f'.:53 {{\n health :80\n ready :81\n prometheus :82\n whoami\n}}\n')
        s.open_to_others()
        command = subprocess.list2cmdline(s.command('-conf', 'Corefile', '-user', 'nobody'))
        (s.folder / 'probe.py').write_text(probe)
        script = (f'ip link set lo up; {command} & pid=$!; '
                  'for i in $(seq 200); do bash -c "echo > /dev/tcp/127.0.0.1/82" 2>/dev/null && break; sleep 0.05; done; sleep 0.3; '
                  'python3 probe.py $pid; status=$?; kill $pid; wait $pid || status=1; exit $status')
        r = subprocess.run(['unshare', '-n', 'bash', '-c', script], cwd=s.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertIn('A fresh process serves', r.stdout)
        shutil.rmtree(s.folder)

    def test_what_a_changed_configuration_no_longer_has_is_closed(self):
        other, http = harness.free_port(), harness.free_port()
        with Server(f'.:{{PORT}} .:{other} {{\n health 127.0.0.1:{http}\n whoami\n}}\n') as s:
            self.answers(s)
            self.assertEqual(self.get(http, '/health').status, 200)
            s.write_corefile('.:{PORT} {\n whoami\n}\n')
            os.kill(self.child(s), signal.SIGKILL)
            s.wait_for('Everything is loaded')
            self.answers(s)
            for port in other, http:
                end = time.time() + 10
                while self.connects(port) and time.time() < end:
                    time.sleep(0.02)
                self.assertFalse(self.connects(port), port)

    def connects(self, port):
        with socket.socket() as t:
            return t.connect_ex(('127.0.0.1', port)) == 0

    def ask_over_tls(self, s):
        r = subprocess.run(['kdig', '+tls', f'@127.0.0.1#{s.port}', 'x.', 'A'], capture_output=True, text=True, timeout=20)
        self.assertIn('NOERROR', r.stdout)

    def test_unknown_user(self):
        s = Server(QUICK, extra=['crash'])
        for more in [], ['-check']:
            r = s.run('-conf', 'Corefile', '-user', 'no-such-user', *more)
            self.assertEqual((r.returncode, r.stderr), (2, '-user no-such-user: there is no such user\n'))
        shutil.rmtree(s.folder)


if __name__ == '__main__':
    harness.main()
