"""The author's kit, as a stranger has it: from what is installed, with the source tree out of reach."""
import json, os, pathlib, re, shutil, signal, socket, subprocess, tempfile, threading, time, unittest

import dns.exception, dns.message, dns.query

import harness
from harness import BUILD, SANITIZED, Case

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / 'plugins/external-example'


def mount_wrapper():
    """What puts a command into a mount namespace in which the source tree is an empty folder; [] where that is not allowed."""
    user = [] if os.getuid() == 0 else ['--user', '--map-root-user']
    wrapper = ['unshare', '--mount', *user, 'sh', '-c', 'mount -t tmpfs none "$0" && exec "$@"', str(ROOT)]
    try:
        probe = subprocess.run([*wrapper, 'ls', str(ROOT)], capture_output=True, text=True)
        return wrapper if probe.returncode == 0 and not probe.stdout else []
    except OSError:
        return []


class Stranger(Case):
    """Runs commands away from the source tree, with `root`'s programs and packages found first."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-kit-'))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.wrapper = mount_wrapper()
        if not self.wrapper:
            print('the source tree is not hidden here (no mount namespaces): only looked for in what is built')
        self.daemon = None

    def environment(self):
        env = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'SODNS_BUILD', 'DESTDIR')}
        env.update(PATH=f'{self.prefix}/bin:{env["PATH"]}:/usr/sbin:/sbin', CMAKE_PREFIX_PATH=str(self.prefix),
                   PKG_CONFIG_PATH=f'{self.libdir}/pkgconfig', LC_ALL='C.UTF-8')
        return env

    @property
    def libdir(self):
        return next(self.prefix.glob('lib/**/libsodns.so.1')).parent

    def sh(self, script, cwd=None):
        r = subprocess.run([*self.wrapper, 'bash', '-ec', script], cwd=cwd or self.folder, env=self.environment(),
                           capture_output=True, text=True, timeout=240)
        self.assertEqual(r.returncode, 0, f'{script}\n{r.stdout[-6000:]}{r.stderr[-6000:]}')
        return r.stdout

    def start(self, command, cwd, port):
        with open(self.folder / 'daemon.log', 'w') as log:
            self.daemon = subprocess.Popen([*self.wrapper, 'bash', '-c', f'exec {command}'], cwd=cwd, env=self.environment(),
                                           stdout=log, stderr=log)
        self.addCleanup(self.end)
        for _ in range(1500):
            self.assertIsNone(self.daemon.poll(), self.log())
            with socket.socket() as s:
                if s.connect_ex(('127.0.0.1', port)) == 0:
                    return
            time.sleep(0.01)
        self.fail('does not listen: ' + self.log())

    def end(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            self.assertEqual(self.daemon.wait(20), 0, self.log())

    def log(self):
        return (self.folder / 'daemon.log').read_text()

    def needs_nothing_of_the_tree(self, folder):
        """Neither what is built nor how it was built names the source tree."""
        r = subprocess.run(['grep', '-rlF', '--exclude=*.log', str(ROOT), str(folder)], capture_output=True, text=True)
        self.assertEqual(r.stdout, '')


@unittest.skipIf(SANITIZED, 'what is installed is the release build')
class Installed(Stranger):
    """`cmake --install`, with another prefix than the configured one and with DESTDIR."""

    def setUp(self):
        super().setUp()
        subprocess.run(['cmake', '--install', str(BUILD), '--prefix', '/opt/sodns'], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=str(self.folder / 'stage')))
        self.prefix = self.folder / 'stage/opt/sodns'

    def test_configuration_stays(self):
        corefile = self.prefix / 'etc/sodns/Corefile'
        corefile.write_text('. {\n whoami\n}\n')
        subprocess.run(['cmake', '--install', str(BUILD), '--prefix', '/opt/sodns'], check=True, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, DESTDIR=str(self.folder / 'stage')))
        self.assertEqual(corefile.read_text(), '. {\n whoami\n}\n')
        self.assertTrue((self.prefix / 'etc/sodns/Corefile.new').exists())
        self.assertFalse((self.prefix / 'etc/sodns/plugin.cfg.new').exists())

    def test_examples(self):
        """The example plugins build, pass their tests, are installed and answer."""
        work = self.folder / 'work'
        shutil.copytree(self.prefix / 'share/doc/sodns/examples/external-example', work)
        self.sh('cmake -B build && cmake --build build && ctest --test-dir build --output-on-failure && cmake --install build', work)
        self.needs_nothing_of_the_tree(work)
        names = ['clock', 'fallback', 'blocklist', 'flatten', 'ratelimit'] + (['reverse'] if shutil.which('rustc') else [])
        if 'reverse' not in names:
            print('skipped: the plugin in Rust (no rustc)')
        places = {'blocklist': ' before cache', 'flatten': ' after cache', 'ratelimit': ' before errors'}
        (self.prefix / 'etc/sodns/plugin.cfg.d').mkdir(exist_ok=True)
        with open(self.prefix / 'etc/sodns/plugin.cfg.d/examples.cfg', 'w') as cfg:
            cfg.writelines(f'{n}:{n}.so{places.get(n, " before whoami")}\n' for n in names)
        listed = self.sh('sodns -plugins')
        for name in names:
            self.assertRegex(listed, rf'(?m)^dns\.{name}\t0\.1\tsdk [\d.]+\t{self.prefix}/lib/sodns/plugins/{name}\.so$')
        port = harness.free_port()
        (work / 'list').write_text('ads.example\n')
        (work / 'Corefile').write_text('clock:%d {\n clock\n}\nexample:%d {\n ratelimit 1000\n blocklist list\n whoami\n}\n' % (port, port)
                                       + ('.:%d {\n reverse\n}\n' % port) * ('reverse' in names))
        self.start('sodns', work, port)
        self.assertRegex(self.sh(f'kdig @127.0.0.1 -p {port} clock TXT +short'), r'^"20\d\d-\d\d-\d\dT[\d:]+Z"$')
        self.assertIn('NXDOMAIN', self.sh(f'kdig @127.0.0.1 -p {port} www.ads.example'))
        if 'reverse' in names:
            self.assertEqual(self.sh(f'kdig @127.0.0.1 -p {port} stressed.test TXT +short').strip(), '"desserts"')

    def test_library(self):
        """A library of somebody else's is built, installed beside libsodns, opened when a plugin asks, and told from another."""
        work = self.folder / 'library'
        work.mkdir()
        (work / 'table.h').write_text('#include <sodns/library.h>\ntypedef struct greetings_table {\n\tsodns_library_head_t head;\n'
                                      '\tconst char *(*greeting)(void);\n} greetings_table_t;\n')
        (work / 'greetings.c').write_text('#include "table.h"\nstatic const char *greeting(void)\n{\n\treturn "good morning";\n}\n'
                                          'SODNS_LIBRARY(greetings, greetings_table_t) = {\n\t.head = {.id = "com.example.greetings", '
                                          '.version = VERSION, .size = sizeof(greetings_table_t)}, .greeting = greeting};\n')
        (work / 'greet.c').write_text(
            '#include <sodns/plugin.h>\n#include "table.h"\n'
            'static int setup(sodns_setup_t *s)\n{\n\tchar err[512];\n\tstatic const sodns_library_t library = {.size = sizeof(library), '
            '.name = "greetings",\n\t\t.what = "the greetings", .id = "com.example.greetings", .version = 2, '
            '.table_size = sizeof(greetings_table_t)};\n'
            '\twhile (sodns_setup_next(s))\n\t\t;\n\tconst greetings_table_t *t = sodns_library_open(&library, err, sizeof(err));\n'
            '\treturn sodns_error(s, "%s", t ? t->greeting() : err);\n}\n'
            'SODNS_PLUGIN(.name = "greet", .version = "0.1", .setup = setup);\n')
        (work / 'CMakeLists.txt').write_text(
            'cmake_minimum_required(VERSION 3.22)\nproject(greet C)\nfind_package(sodns REQUIRED)\nsodns_add_library(greetings greetings.c)\n'
            'set(VERSION 2 CACHE STRING "")\ntarget_compile_definitions(sodns_greetings PRIVATE VERSION=${VERSION})\n'
            'sodns_add_plugin(greet greet.c)\n')
        with open(self.prefix / 'etc/sodns/plugin.cfg', 'a') as cfg:
            cfg.write('greet:greet.so\n')
        (work / 'Corefile').write_text('.:0 {\n greet\n}\n')
        check = 'sodns -conf Corefile -check 2>&1 || true'
        for version, said in (1, 'the greetings: .*/libsodns-greetings.so.1 has version 1 of its functions, not 2'), (2, 'good morning'):
            self.sh(f'cmake -B build -DVERSION={version} && cmake --build build && cmake --install build', work)
            self.assertRegex(self.sh(check, work), said)
        (self.libdir / 'libsodns-greetings.so.1').unlink()
        self.assertRegex(self.sh(check, work), 'cannot open the greetings: .*/libsodns-greetings.so.1: cannot open shared object file')

    def test_pkg_config(self):
        """Without CMake, and from C++'s or anybody's build: pkg-config is enough."""
        self.sh('sodns-new-plugin hello')
        self.sh('cc -shared -fPIC -fvisibility=hidden $(pkg-config --cflags sodns-sdk) hello.c -o hello.so '
                '$(pkg-config --libs sodns-sdk) -Wl,-z,defs', self.folder / 'hello')
        plugins = self.sh('pkg-config --variable=plugindir sodns-sdk').strip()
        self.assertEqual(pathlib.Path(plugins).resolve(), self.prefix / 'lib/sodns/plugins')
        exported = [l.split()[-1] for l in self.sh('nm -D --defined-only hello.so', self.folder / 'hello').splitlines()]
        self.assertEqual(exported, ['sodns_plugin'])
        # The guide's lines for a package, word for word.
        guide = (self.prefix / 'share/doc/sodns/sdk/README.md').read_text()
        by_hand = re.search(r'the same by hand:\n\n((?:    .*\n)+)', guide)[1]
        self.sh(by_hand, self.folder / 'hello')
        listed = self.sh('dpkg-deb -c sodns-hello_0.1.deb; dpkg-deb -I sodns-hello_0.1.deb conffiles', self.folder / 'hello')
        for name in './usr/lib/sodns/plugins/hello.so', './etc/sodns/plugin.cfg.d/hello.cfg', '\n/etc/sodns/plugin.cfg.d/hello.cfg':
            self.assertIn(name, listed)
        # And its line for the test of a plugin, word for word.
        build = re.search(r'^    (cc .*SODNS_TEST_PLUGINS.*)$', guide, re.M)[1]
        self.assertEqual(self.sh(f'{build}\nLD_LIBRARY_PATH={self.libdir} ./hello_test', self.folder / 'hello'), '')

    def test_package(self):
        """A project makes a Debian package, which puts the plugin into its place of the chain, and whose line there is the operator's."""
        self.sh('sodns-new-plugin hello')
        self.sh('cmake -B build && cmake --build build && cpack --config build/CPackConfig.cmake', self.folder / 'hello')
        deb, = (self.folder / 'hello').glob('*.deb')
        about = lambda *what: subprocess.run(['dpkg-deb', *what], check=True, capture_output=True, text=True).stdout
        self.assertEqual(about('-f', deb, 'Package').strip(), 'sodns-hello')
        self.assertIn('sodns (>= ', about('-f', deb, 'Depends'))
        line = self.prefix / 'etc/sodns/plugin.cfg.d/hello.cfg'
        self.assertEqual(about('-I', deb, 'conffiles').split(), [str(line)])
        self.assertEqual(list(line.parent.iterdir()), [])
        # Its files are those of this prefix.
        about('-x', deb, '/')
        self.assertEqual(line.read_text(), 'hello:hello.so before whoami\n')
        self.assertEqual(self.sh('sodns -conf Corefile -chain', self.folder / 'hello'), '.:53: errors -> hello\n')
        self.assertRegex(self.sh('sodns -plugins'), rf'(?m)^dns\.hello\t.*{self.prefix}/lib/sodns/plugins/hello\.so\ndns\.whoami\t')
        self.assertTrue((self.prefix / 'share/man/man7/sodns-hello.7.gz').exists())
        r = subprocess.run(['bash', '-c', 'sodns-new-plugin hello again'], cwd=self.folder, env=self.environment(), capture_output=True, text=True)
        self.assertRegex(r.stderr, "there is a plugin 'hello' already, in .*plugin.cfg.d/hello.cfg: choose another name")

    def test_daemon_has_no_test_code(self):
        exported = self.sh(f'nm -D --defined-only {self.libdir}/libsodns.so.1')
        self.assertNotIn('sodns_test', exported)
        self.assertEqual([l for l in exported.splitlines() if not re.search(r' (sodns_\w+@@SODNS_1|SODNS_1)$', l)], [])

    def test_generator_refuses(self):
        for arguments, message in [
                ('', '^usage: '), ('Hello', "'Hello' is no name for a plugin: it begins with a small letter"),
                ('a/b', "'a/b' is no name for a plugin: small letters, digits"), ('"$(printf %063d 0 | tr 0 a)"', 'is too long'),
                ('file', "there is a plugin 'file' already, in .*/etc/sodns/plugin.cfg: choose another name"),
                ('kubernetes', "there is a plugin 'kubernetes' already"), ('import', "'import' is a word of the Corefile"),
                ('hello full', 'the folder full is not empty'), ('hello full/there', 'full/there is there already, and is no folder')]:
            with self.subTest(arguments):
                (self.folder / 'full').mkdir(exist_ok=True)
                (self.folder / 'full/there').write_text('kept')
                r = subprocess.run(['bash', '-c', f'sodns-new-plugin {arguments}'], cwd=self.folder, env=self.environment(),
                                   capture_output=True, text=True)
                self.assertNotEqual(r.returncode, 0)
                self.assertRegex(r.stderr, message)
                self.assertEqual((self.folder / 'full/there').read_text(), 'kept')


@unittest.skipIf(SANITIZED, 'packages are made of the release build')
class Packages(Stranger):
    """The Debian packages, in a root of their own."""

    def setUp(self):
        super().setUp()
        made = subprocess.run([str(ROOT / 'tools/package')], capture_output=True, text=True)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        self.debs = [f for f in made.stdout.split() if f.endswith('.deb')]
        self.bills = [f for f in made.stdout.split() if f.endswith('.spdx.json')]
        root = self.root = self.folder / 'root'
        for d in ('var/lib/dpkg/info', 'var/lib/dpkg/updates', 'tmp'):
            (root / d).mkdir(parents=True)
        (root / 'var/lib/dpkg/status').touch()
        r = subprocess.run([*([] if os.getuid() == 0 else ['fakeroot']), 'dpkg', f'--root={root}', '--force-script-chrootless',
                            '--force-depends', '--force-not-root', '--log=/dev/null', '-i', *self.debs], capture_output=True,
                           text=True, env=dict(os.environ, PATH=os.environ['PATH'] + ':/usr/sbin:/sbin'))
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.prefix = root / 'usr'

    def test_bill(self):
        """Beside the packages is what the daemon's is made of."""
        daemon = next(d for d in self.debs if '/sodns_' in d)
        self.assertEqual(self.bills, [daemon.removesuffix('.deb') + '.spdx.json'])
        bill = json.loads(pathlib.Path(self.bills[0]).read_text())
        depends = subprocess.run(['dpkg-deb', '-f', daemon, 'Depends'], capture_output=True, text=True).stdout
        self.assertEqual({p['name'] for p in bill['packages']} - {'sodns'},
                         {re.match(r'\S+', d)[0] for d in depends.split(', ')} - {'adduser'})

    def test_contents(self):
        for deb, name, depends in zip(sorted(self.debs), ('libsodns-dev', 'sodns'),
                                      ('sodns (= ', 'libnghttp2-14')):
            field = lambda f: subprocess.run(['dpkg-deb', '-f', deb, f], capture_output=True, text=True).stdout.strip()
            self.assertEqual(field('Package'), name)
            self.assertIn(depends, field('Depends'))
            self.assertIn('libc6', field('Depends'))
        conffiles = (self.root / 'var/lib/dpkg/info/sodns.conffiles').read_text().split()
        self.assertEqual(conffiles, ['/etc/sodns/Corefile', '/etc/sodns/plugin.cfg'])
        self.assertEqual(list((self.root / 'etc/sodns/plugin.cfg.d').iterdir()), [])
        for name in ('sodns', 'libsodns-dev'):
            for script in (self.root / 'var/lib/dpkg/info').glob(f'{name}.p*'):
                subprocess.run(['sh', '-n', str(script)], check=True)
        # Every plugin of plugin.cfg opens, and has its page; the shipped Corefile is good.
        for line in self.sh('sodns -plugins').splitlines():
            name = re.match(r'dns\.(\w+)\t', line)[1]
            self.assertTrue((self.prefix / f'share/man/man7/sodns-{name}.7.gz').exists(), name)
        self.assertEqual(self.sh(f'sodns -conf {self.root}/etc/sodns/Corefile -chain'), '.:53: errors -> whoami\n')

    def test_unit(self):
        if not shutil.which('systemd-analyze'):
            self.skipTest('no systemd-analyze')
        unit = self.prefix / 'lib/systemd/system/sodns.service'
        # The program lies in this root, and not where the unit says.
        text = unit.read_text()
        self.assertIn('ExecStart=/usr/bin/sodns -conf /etc/sodns/Corefile\n', text)
        copy = self.folder / 'sodns.service'
        copy.write_text(text.replace('/usr/bin/sodns', str(self.prefix / 'bin/sodns')))
        r = subprocess.run(['systemd-analyze', 'verify', '--man=no', str(copy)], capture_output=True, text=True)
        about_it = [l for l in r.stderr.splitlines() if 'sodns' in l]
        self.assertEqual(about_it, [])

    def test_manual(self):
        pages = sorted(self.prefix.glob('share/man/man*/*.gz'))
        self.assertGreater(len(pages), 20)
        if not shutil.which('man'):
            self.skipTest('no man')
        for page in pages:
            with self.subTest(page.name):
                r = subprocess.run(['man', '--warnings', '-l', str(page)], capture_output=True, text=True,
                                   env=dict(os.environ, LC_ALL='C.UTF-8', MANWIDTH='100', MANROFFSEQ=''))
                self.assertEqual(r.stderr, '')
                # What whatis(1) indexes.
                self.assertRegex(r.stdout, rf'NAME\n\s+{page.name.split(".")[0]} (-|‐) \w')
                # Nothing of Markdown is left in the text; code is indented more, and means itself.
                prose = ''.join(l for l in r.stdout.splitlines(True) if not l.startswith(' ' * 11))
                for mark in ('**', '~~~', '](', '\\f'):
                    self.assertNotIn(mark, prose)

    def readme_commands(self):
        text = (ROOT / 'README.md').read_text()
        block = re.search(r'it is five commands:\n\n((?:    .*\n)+)', text)[1]
        return [l.strip() for l in block.splitlines()]

    def test_five_commands(self):
        """README's commands, word for word but for the root, sudo and the port; then an upgrade while it serves."""
        port = str(harness.free_port())
        commands = []
        for c in self.readme_commands():
            c = c.replace('sudo ', '').replace('/etc/', f'{self.root}/etc/').replace('1053', port)
            commands.append(c.replace('dig ', 'kdig ', 1) if c.startswith('dig ') and not shutil.which('dig') else c)
        self.assertEqual(len(commands), 5)
        make, build, name, serve, ask = commands
        project = self.folder / 'hello'
        self.assertTrue(make.endswith('&& cd hello') and serve.endswith('&'))
        self.sh(make)
        self.assertIn('100% tests passed', self.sh(build, project))
        self.sh(name, project)
        self.start(serve.rstrip(' &'), project, int(port))
        self.assertRegex(self.sh(ask, project), r'example\.org\.\s+60\s+IN\s+TXT\s+"hello"')
        self.needs_nothing_of_the_tree(project)
        maps = pathlib.Path(f'/proc/{self.daemon.pid}/maps').read_text()
        self.assertNotIn(str(ROOT), maps)
        self.assertIn(str(self.libdir), maps)
        self.upgrade(project, int(port))

    def upgrade(self, project, port):
        answers, stop = [], threading.Event()

        def keep_asking():
            while not stop.is_set():
                try:
                    r = dns.query.udp(dns.message.make_query('example.org', 'TXT'), '127.0.0.1', timeout=5, port=port)
                    answers.append(r.answer[0][0].strings[0])
                except (dns.exception.DNSException, OSError, IndexError) as e:
                    answers.append(e)

        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            source = project / 'hello.c'
            source.write_text(source.read_text().replace('\\005hello', '\\005howdy'))
            self.sh('cmake --build build', project)
            self.daemon.send_signal(signal.SIGUSR1)
            end = time.time() + 20
            while time.time() < end and (not answers or answers[-1] != b'howdy'):
                time.sleep(0.02)
        finally:
            stop.set()
            asking.join()
        self.assertEqual(set(answers), {b'hello', b'howdy'}, self.log())
        # First the one, then the other: an answer of the old code never comes after one of the new.
        self.assertEqual(answers, sorted(answers))
        self.assertIn('[INFO] Reloading complete', self.log())


class Documents(unittest.TestCase):
    """The code in README and in the tutorial is the code that is built and tested."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-kit-'))
        subprocess.run([str(ROOT / 'tools/new-plugin'), 'hello', str(cls.folder / 'hello')], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def code(self, path):
        return re.findall(r'^```c\n(.*?)^```', (ROOT / path).read_text(), re.M | re.S)

    def test_readme(self):
        generated = (self.folder / 'hello/hello.c').read_text().split(' */\n', 1)[1]
        self.assertEqual(self.code('README.md'), [generated])
        self.assertLess(len([l for l in generated.splitlines() if l]), 26)

    def test_tutorial(self):
        sources = [p.read_text() for d in (self.folder / 'hello', EXAMPLE) for p in sorted(d.glob('*.c'))]
        blocks = self.code('sdk/README.md')
        self.assertGreater(len(blocks), 8)
        for block in blocks:
            with self.subTest(block):
                self.assertTrue(any(block in s for s in sources))


if __name__ == '__main__':
    harness.main()
