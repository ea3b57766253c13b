"""Bad plugins and configurations never take the service down: they are tried in a process of their own, and after a crash what
served last serves again."""
import os, pathlib, re, shutil, signal, subprocess, time, unittest, urllib.request

import dns.exception

import harness
from harness import BUILD, CFG, Case, Server, test_plugin

GOOD = '.:{PORT} {\n prometheus 127.0.0.1:{HTTP}\n bad\n whoami\n}\n'
# A sanitizer ends a process itself, by an exit status.
HOW = r'exit status \d+' if harness.SANITIZED else '{}'


class Trials(Case):
    def server(self, corefile=GOOD, plugin='bad-none'):
        self.http = harness.free_port()
        s = Server(None, args=['-limit.stall', '0'])
        s.harmed = True
        s.write_corefile(corefile.replace('{HTTP}', str(self.http)))
        s.write_cfg(cfg=CFG.replace('whoami:', f'bad:{s.folder}/bad.so\nwhoami:'))
        self.line = 1 + (s.folder / 'plugin.cfg').read_text().splitlines().index(f'bad:{s.folder}/bad.so')
        self.put(s, plugin)
        return s

    def put(self, s, plugin):
        """As packages do: a new file takes the old one's place."""
        data = test_plugin(plugin).read_bytes() if isinstance(plugin, str) else plugin
        (s.folder / 'new.so').write_bytes(data)
        (s.folder / 'new.so').rename(s.folder / 'bad.so')

    def metric(self, name):
        text = urllib.request.urlopen(f'http://127.0.0.1:{self.http}/metrics', timeout=10).read().decode()
        m = re.search(rf'(?m)^{re.escape(name)} (\S+)$', text)
        return m and float(m[1])

    def answers(self, s, seconds=20):
        end = time.time() + seconds * harness.PATIENCE
        while time.time() < end:
            try:
                return s.texts('x.', timeout=1)
            except dns.exception.Timeout:
                pass
        raise AssertionError(f'no answer\n{s.out()}\n{s.err()}')

    def where(self, step, corefile=r' at (.*/)?Corefile:3'):
        return rf'in its {step}{corefile} \(plugin\.cfg:{self.line}, .*/bad\.so\)'

    def harmful(self):
        """Plugins, and what is said of them."""
        crash = HOW.format('Segmentation fault')
        return [('bad-constructor', rf'plugin/bad: crashed \({crash}\) ' + self.where('opening', '')),
                ('bad-setup', rf'plugin/bad: crashed \({crash}\) ' + self.where('setup')),
                ('bad-prepare', rf'plugin/bad: crashed \({crash}\) ' + self.where('prepare')),
                ('bad-teardown', rf'plugin/bad: crashed \({crash}\) ' + self.where('teardown')),
                ('bad-abort', r'plugin/bad: crashed \(Aborted\) ' + self.where('prepare')),
                ('bad-exit', r'plugin/bad: crashed \(exit status \d+\) ' + self.where('setup')),
                ('bad-exit-early', r'plugin/bad: crashed \(exit status 0\) ' + self.where('opening', '')),
                ('bad-kill', r'plugin/bad: crashed \(Killed\) ' + self.where('setup')),
                ('bad-library', rf'plugin\.cfg:{self.line} - plugin/bad: open .*/bad\.so: libsodns-test-missing\.so: cannot open shared '
                                'object file: No such file or directory'),
                ('unresolved', rf'plugin\.cfg:{self.line} - plugin/bad: open .*/bad\.so: undefined symbol: sodns_function_of_the_future'),
                ('no-symbol', rf'plugin\.cfg:{self.line} - plugin/bad: .*/bad\.so has no symbol'),
                ('other-name', rf"plugin\.cfg:{self.line} - plugin/bad: .*/bad\.so registers itself as 'other'")]

    def damaged(self):
        whole = test_plugin('bad-none').read_bytes()
        for n in 0, 63, 64, 200, len(whole) // 3, len(whole) // 2, len(whole) - 1:
            yield whole[:n], rf'plugin\.cfg:{self.line} - plugin/bad: .*/bad\.so is (cut off|not a shared object)'
        # What no header tells: pages of zeros within. Whatever the linker does of it, it is named.
        for at in range(0, len(whole) - 8192, max(4096, len(whole) // 12 & ~4095)):
            yield whole[:at + 64] + bytes(4096) + whole[at + 64 + 4096:], None

    def test_reload(self):
        with self.server() as s:
            self.assertEqual(s.texts('x.'), ['good'])
            child = s.serving_pid()
            before = len(pathlib.Path(f'/proc/{child}/maps').read_text().splitlines())
            refused = 0
            for plugin, message in self.harmful():
                self.put(s, plugin)
                s.signal(signal.SIGUSR1)
                refused += 1
                s.wait_for(r'^\[ERROR\] SIGUSR1: ', count=refused)
                self.assertRegex(s.out().splitlines()[-1], rf'^\[ERROR\] SIGUSR1: {message}')
                self.assertEqual(s.texts('x.'), ['good'])
            for data, message in self.damaged():
                self.put(s, data)
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[ERROR\] SIGUSR1: |^\[INFO\] Reloading complete', count=refused + 1)
                refused += 1
                if message:
                    self.assertRegex(s.out().splitlines()[-1], rf'^\[ERROR\] SIGUSR1: {message}')
                self.assertEqual(s.serving_pid(), child, 'nothing of it has come near the process that serves')
            self.assertEqual(self.metric('sodns_config_fallback'), 0)
            maps = pathlib.Path(f'/proc/{child}/maps').read_text()
            self.assertLess(len(maps.splitlines()), before + 60, 'refused ones do not pile up')
            self.put(s, 'bad-none')
            done = s.out().count('Reloading complete')
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete', count=done + 1)
            self.assertEqual(s.serving_pid(), child)

    def test_refused_ones_do_not_pile_up(self):
        with self.server() as s:
            child, folder = s.serving_pid(), None
            sizes = []
            for n in range(1, 13):
                self.put(s, ('no-symbol', 'bad-prepare', 'other-name')[n % 3])
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[ERROR\] SIGUSR1: ', count=n)
                maps = pathlib.Path(f'/proc/{child}/maps').read_text()
                self.assertNotIn('deleted', ''.join(l for l in maps.splitlines() if '.so' in l))
                folder = pathlib.Path(re.search(r'(\S+)/\d+/bad\.\d+\.so', maps)[1])
                sizes.append((maps.count('.so'), len(list(folder.iterdir()))))
            self.assertEqual(len(set(sizes)), 1, sizes)
        self.assertFalse(folder.exists())

    def test_takes_too_long(self):
        """An endless loop in prepare: what serves is not kept from stopping, nor from anything else."""
        with self.server() as s:
            self.put(s, 'bad-loop')
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading')
            self.assertEqual(self.answers(s), ['good'])
            children = pathlib.Path(f'/proc/{s.process.pid}/task/{s.process.pid}/children').read_text().split()
        for child in children:
            self.assertIn(s.state(child), 'ZX')

    def test_start(self):
        """The first start ends, once, with all names."""
        for plugin, message in (('bad-constructor', 'opening'), ('bad-setup', 'setup'), ('bad-prepare', 'prepare')):
            s = self.server(plugin=plugin)
            r = s.run('-conf', 'Corefile')
            self.assertEqual(r.returncode, 1, r.stderr)
            crash = HOW.format('Segmentation fault')
            where = self.where(message, '' if message == 'opening' else r' at Corefile:3')
            self.assertRegex(r.stdout, rf'(?m)^\[ERROR\] plugin/bad: crashed \({crash}\), {where}$')
            self.assertEqual(r.stdout.count('crashed'), 1)
            if not harness.SANITIZED:
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual(r.returncode, -signal.SIGSEGV)
                self.assertRegex(r.stderr, rf'(?m)^plugin/bad: crashed \(Segmentation fault\), {where}$')
            shutil.rmtree(s.folder)

    def kill(self, s):
        os.kill(s.serving_pid(), signal.SIGKILL)

    def test_what_served_last_serves_again(self):
        breaks = [('plugin', 'bad-constructor', r'plugin/bad: crashed \(.*\) in its opening'),
                  ('plugin', 'bad-setup', r'plugin/bad: crashed \(.*\) in its setup'),
                  ('plugin', 'bad-prepare', r'plugin/bad: crashed \(.*\) in its prepare'),
                  ('plugin', b'\x7fELF', 'plugin/bad: .*bad.so is not a shared object'),
                  ('plugin', None, r'plugin\.cfg:\d+ - plugin/bad: open .*bad\.so: No such file'),
                  ('Corefile', '.:{PORT} {\n nonsense\n}\n', "Unknown directive 'nonsense'"),
                  ('Corefile', '.:{PORT} {\n bad\n', 'Syntax error'),
                  ('Corefile', None, 'loading Caddyfile via flag: open Corefile: no such file|Corefile: No such file'),
                  ('plugin.cfg', 'nothing\n', "Unknown directive 'prometheus'"),
                  ('plugin.cfg', None, 'plugin.cfg: open plugin.cfg: no such file')]
        for what, text, why in breaks:
            with self.subTest(what=what, text=text), self.server() as s:
                good = {n: (s.folder / n).read_bytes() for n in ('Corefile', 'plugin.cfg')}
                self.assertEqual(s.texts('x.'), ['good'])
                self.assertEqual(self.metric('sodns_config_fallback'), 0)
                if what == 'plugin':
                    self.put(s, text) if text is not None else (s.folder / 'bad.so').unlink()
                elif text is None:
                    (s.folder / what).unlink()
                else:
                    (s.folder / what).write_text(text.replace('{PORT}', str(s.port)))
                self.kill(s)
                s.wait_for(rf'^\[ERROR\] What lies on the disk cannot be served: .*({why}).*; the configuration and plugins that served last')
                self.assertEqual(self.answers(s), ['good'])
                self.assertEqual(self.metric('sodns_config_fallback'), 1)
                # A crash more, and again it serves.
                self.kill(s)
                s.wait_for('What lies on the disk cannot be served', count=2)
                self.assertEqual(self.answers(s), ['good'])
                # Repaired, a reload finds it.
                for n, data in good.items():
                    (s.folder / n).write_bytes(data)
                self.put(s, 'bad-none')
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete')
                self.assertEqual(self.metric('sodns_config_fallback'), 0)
                self.kill(s)
                s.wait_for('Everything is loaded', count=3)
                self.assertEqual(self.answers(s), ['good'])
                self.assertEqual(self.metric('sodns_config_fallback'), 0)
                self.assertEqual(s.out().count('What lies on the disk cannot be served'), 2)

    def test_imports_and_variables_of_then(self):
        files = {'more': 'w:{PORT} {\n whoami\n}\n'}
        s = self.server(GOOD + 'import more\n')
        (s.folder / 'more').write_text(files['more'].replace('{PORT}', str(s.port)))
        with s:
            self.assertEqual(len(s.ask('x.w.').additional), 2)
            (s.folder / 'more').write_text('w {\n nonsense\n}\n')
            self.kill(s)
            s.wait_for('What lies on the disk cannot be served: .*nonsense')
            self.assertEqual(self.answers(s), ['good'])
            self.assertEqual(len(s.ask('x.w.').additional), 2)

    def test_a_corefile_that_is_gone(self):
        """Only a start takes CoreDNS's default for it."""
        s = self.server()
        with open(s.folder / 'stdout', 'w') as out:
            p = subprocess.Popen(s.command('-limit.stall', '0'), cwd=s.folder, stdout=out, stderr=subprocess.DEVNULL)
        s.process = p
        try:
            s.wait_for(', abi ')
            (s.folder / 'Corefile').unlink()
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[ERROR\] SIGUSR1: .*open Corefile: [Nn]o such file')
            self.assertEqual(self.answers(s), ['good'])
            self.kill(s)
            s.wait_for('What lies on the disk cannot be served: .*open Corefile')
            self.assertEqual(self.answers(s), ['good'])
        finally:
            p.terminate()
            self.assertEqual(p.wait(20), 0)
            shutil.rmtree(s.folder)

    def test_a_crash_in_start(self):
        """It is found by nobody before; the fresh process does without it."""
        with self.server() as s:
            self.put(s, 'bad-start')
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[ERROR\] plugin/bad: crashed \(' if not harness.SANITIZED else 'crashed')
            s.wait_for('What lies on the disk cannot be served: .*in its start', seconds=30)
            self.assertEqual(self.answers(s), ['good'])
            self.assertEqual(self.metric('sodns_config_fallback'), 1)

    def test_a_zone_that_is_gone_takes_its_block_alone(self):
        s = self.server(GOOD + 'z.:{PORT} {\n file zone {\n reload 0\n }\n}\n')
        zone = '@ 60 SOA ns root 1 2 3 4 5\n'
        (s.folder / 'zone').write_text(zone)
        with s:
            (s.folder / 'zone').write_text('nonsense\n')
            self.kill(s)
            s.wait_for('What lies on the disk cannot be served')
            self.assertEqual(self.answers(s), ['good'])
            self.assertEqual(s.ask('z.', 'SOA').rcode(), 2)
            (s.folder / 'zone').write_text(zone)
            # Nothing watches that file: it is tried again by itself.
            s.wait_for('Reloading complete', seconds=30)
            self.assertEqual(len(s.ask('z.', 'SOA').answer), 1)
            self.assertEqual(self.metric('sodns_config_fallback'), 0)

    def test_nothing_is_left(self):
        folder = pathlib.Path(subprocess.run(['mktemp', '-d'], capture_output=True, text=True).stdout.strip())
        s = self.server()
        os.environ['TMPDIR'], before = str(folder), os.environ.get('TMPDIR')
        try:
            with s:
                self.kill(s)
                s.wait_for('Everything is loaded')
                self.assertTrue(list(folder.iterdir()))
            self.assertEqual(list(folder.iterdir()), [])
        finally:
            os.environ.pop('TMPDIR') if before is None else os.environ.__setitem__('TMPDIR', before)
            shutil.rmtree(folder)


if __name__ == '__main__':
    harness.main()
