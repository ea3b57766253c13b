"""Reloads and upgrades while it serves: nothing is lost, nothing grows, a bad one changes nothing."""
import re, shutil, signal, socket, ssl, struct, subprocess, threading, time, urllib.request

import dns.message

import harness
from apiserver import Api
from certificates import Authority
from harness import SANITIZED, Case, ConfigMap, Server, test_plugin

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
                    (good.replace('file zone', 'file gone {\n reload 0\n }'), r'SIGUSR1: plugin/file: Corefile:2 - open .*gone: no such file'),
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


class Watched(Case):
    """What the reload plugin looks at is found anew at every look."""
    ZONES = ('one', 'two', 'three')

    def block(self, zone, address='192.0.2.1'):
        return f'{zone}.:{{PORT}} {{\n hosts none {{\n  {address} {zone}.\n }}\n}}\n'

    def server(self, main, files, **options):
        s = Server('.:{PORT} {\n reload 2s 0\n}\n' + main, **options)
        self.custom = ConfigMap(s.folder / 'custom', self.with_port(s, files))
        return s

    def with_port(self, s, files):
        return {name: text.replace('{PORT}', str(s.port)) for name, text in files.items()}

    def answers(self, s, expected):
        got = {}
        for zone in self.ZONES:
            r = s.ask(f'{zone}.')
            got[zone] = r.answer[0][0].address if r.answer else None
        self.assertEqual(got, dict.fromkeys(self.ZONES) | expected, s.out())

    def step(self, s, count, expected):
        s.wait_for('^\\[INFO\\] Reloading complete$', count=count)
        self.answers(s, expected)

    def test_config_map(self):
        """Files change, come and go behind a pattern, each more than once; the last step is the first one's files again."""
        first = {'a.server': self.block('one')}
        with self.server('import custom/*.server\n', first) as s:
            self.answers(s, {'one': '192.0.2.1'})
            for n, (files, expected) in enumerate([
                    ({'a.server': self.block('one', '192.0.2.2')}, {'one': '192.0.2.2'}),
                    ({'a.server': self.block('one', '192.0.2.3')}, {'one': '192.0.2.3'}),
                    ({'a.server': self.block('one', '192.0.2.3'), 'b.server': self.block('two')}, {'one': '192.0.2.3', 'two': '192.0.2.1'}),
                    ({'b.server': self.block('two', '192.0.2.4')}, {'two': '192.0.2.4'}),
                    ({'b.txt': 'nothing'}, {}),
                    (first, {'one': '192.0.2.1'})], 1):
                self.custom.write(self.with_port(s, files))
                self.step(s, n, expected)
            # The same words in another folder are no change.
            self.custom.write(self.with_port(s, first))
            time.sleep(2.5)
            self.assertEqual(s.out().count('Reloading complete'), 6)
            self.assertNotIn('[ERROR]', s.out())

    def test_what_an_import_imports(self):
        """Relative to the link, not to the folder that it led to at the start."""
        files = {'a.server': 'import b.inc\nimport more/*\n', 'b.inc': self.block('one')}
        with self.server('import custom/a.server\n', files) as s:
            files['b.inc'] = self.block('one', '192.0.2.2')
            self.custom.write(self.with_port(s, files))
            self.step(s, 1, {'one': '192.0.2.2'})
            (s.folder / 'custom/more').mkdir()
            (s.folder / 'custom/more/c').write_text(self.block('two').replace('{PORT}', str(s.port)))
            self.step(s, 2, {'one': '192.0.2.2', 'two': '192.0.2.1'})

    def test_the_corefile_is_a_link(self):
        with self.server('', {'Corefile': ''}) as s:
            main = (s.folder / 'Corefile').read_text()
            self.custom.write({'Corefile': main})
            (s.folder / 'new').symlink_to('custom/Corefile')
            (s.folder / 'new').rename(s.folder / 'Corefile')
            for n, address in enumerate(('192.0.2.2', '192.0.2.3'), 1):
                self.custom.write({'Corefile': main + self.block('one', address).replace('{PORT}', str(s.port))})
                self.step(s, n, {'one': address})

    def test_plugins_behind_links(self):
        """plugin.cfg and a plugin's file in folders that are swapped."""
        def so(version):
            return {'upgrade.so': test_plugin(f'upgrade-{version}').read_bytes()}

        def cfg(s, file):
            return {'plugin.cfg': harness.CFG.replace('whoami:', f'upgrade:{s.folder}/{file}/upgrade.so\nwhoami:')}

        s = Server('.:{PORT} {\n upgrade\n reload 2s 0\n}\n')
        lib, other = ConfigMap(s.folder / 'lib', so(1)), ConfigMap(s.folder / 'other', so(3))
        names = ConfigMap(s.folder / 'names', cfg(s, 'lib'))
        (s.folder / 'plugin.cfg').unlink()
        (s.folder / 'plugin.cfg').symlink_to('names/plugin.cfg')
        with s:
            self.assertEqual(s.texts('x.')[0].split()[0], '1')
            for n, (swap, version) in enumerate([(lambda: lib.write(so(2)), '2'), (lambda: names.write(cfg(s, 'other')), '3'),
                                                 (lambda: other.write(so(1)), '1'), (lambda: names.write(cfg(s, 'lib')), '2')], 1):
                swap()
                s.wait_for('^\\[INFO\\] Reloading complete$', count=n)
                self.assertEqual(s.texts('x.')[0].split()[0], version)

    def test_a_file_that_goes_stops_nothing(self):
        """A file that is named and missing is refused once; what comes later is looked at all the same."""
        with self.server('import custom/a.server\n', {'a.server': self.block('one')}) as s:
            good = (s.folder / 'Corefile').read_text()
            self.custom.write({'other': ''})
            s.wait_for(r'Corefile changed but reload failed: Corefile:4 - Error during parsing: File to import not found: custom/a.server$')
            self.answers(s, {'one': '192.0.2.1'})
            time.sleep(2.5)
            self.assertEqual(s.out().count('reload failed'), 1)
            s.write_corefile(good.replace('a.server', 'b.server'))
            self.custom.write(self.with_port(s, {'b.server': self.block('two')}))
            self.step(s, 1, {'two': '192.0.2.1'})

    def test_in_several_blocks(self):
        """One change is one reload, and one refusal one failure."""
        with self.server('a.:{PORT} {\n whoami\n reload 2s 0\n}\nb.:{PORT} {\n whoami\n reload 2s 0\n}\n', {}) as s:
            good = (s.folder / 'Corefile').read_text()
            self.assertEqual(s.out().count('Running configuration'), 1)
            s.write_corefile(good + 'nothing {')
            s.wait_for('reload failed')
            s.write_corefile(good + self.block('one'))
            self.step(s, 1, {'one': '192.0.2.1'})
            time.sleep(2.5)
            self.assertEqual((s.out().count('Reloading complete'), s.out().count('reload failed')), (1, 1))

    def test_edit_during_a_slow_start(self):
        with Api() as api:
            api.token = 'none'
            s = self.server('cluster.local:{PORT} {\n kubernetes {\n  kubeconfig kubeconfig\n  startup_timeout 3s\n }\n}\n', {})
            api.kubeconfig(s.folder / 'kubeconfig')
            main = (s.folder / 'Corefile').read_text()

            def edit():
                while not (s.folder / 'stdout').exists():
                    time.sleep(0.01)
                s.wait_for('waiting for Kubernetes API')
                s.write_corefile(main + self.block('one'))

            t = threading.Thread(target=edit)
            t.start()
            try:
                with s:
                    t.join()
                    self.answers(s, {})
                    self.step(s, 1, {'one': '192.0.2.1'})
            finally:
                t.join()


class NoServer(Case):
    """A configuration without a server block is none."""
    NONE = ('', ' \n\n', '# nothing\n', '{\n whoami\n}\n', '{$NOT_SET} {\n whoami\n}\n', '(a) {\n whoami\n}\n', 'import nothing/*.x\n')

    def test_at_start(self):
        for text in self.NONE:
            self.refused(text, r'^Corefile: no server block$')

    def test_by_check(self):
        for text in self.NONE:
            s = Server(text)
            try:
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual((r.returncode, r.stderr.splitlines()[-1]), (1, 'Corefile: no server block'), text)
            finally:
                shutil.rmtree(s.folder)

    def test_while_it_serves(self):
        with Server('.:{PORT} {\n whoami\n reload 2s 0\n}\n') as s:
            good = (s.folder / 'Corefile').read_text()
            for n, text in enumerate(self.NONE[:3], 1):
                s.write_corefile(text)
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[ERROR\] SIGUSR1: Corefile: no server block$', count=n)
                self.assertEqual(len(s.ask('x.').additional), 2)
            s.wait_for('Corefile changed but reload failed: Corefile: no server block$')
            s.write_corefile(good + f'y.:{s.port} {{\n hosts none {{\n 192.0.2.1 y.\n }}\n}}\n')
            s.wait_for('^\\[INFO\\] Reloading complete$')
            self.assertEqual(s.ask('y.').answer[0][0].address, '192.0.2.1')

    def test_gone(self):
        """Without -conf, as CoreDNS: ./Corefile, and its default where there never was one."""
        s = Server('.:{PORT} {\n whoami\n reload 2s 0\n}\n')
        s.conf = []
        with s:
            (s.folder / 'Corefile').rename(s.folder / 'away')
            s.signal(signal.SIGUSR1)
            s.wait_for(r'^\[ERROR\] SIGUSR1: loading Caddyfile via flag: open Corefile: no such file or directory \(in .*\)$')
            s.wait_for(r'open Corefile: no such file or directory \(in .*\): the configuration stays as it is$')
            self.assertEqual(len(s.ask('x.').additional), 2)
            self.assertNotIn('Reloading complete', s.out())

    def test_default_where_there_is_no_file(self):
        s = Server(None)
        try:
            self.assertEqual(s.run('-check').returncode, 0)
        finally:
            shutil.rmtree(s.folder)

    def test_a_block_without_a_key_among_others(self):
        with Server('{\n whoami\n}\n.:{PORT} {\n whoami\n}\n') as s:
            s.wait_for(r'^\[WARNING\] Corefile:1 - a server block without a key serves nothing$')


class Metrics(Case):
    def series(self, name):
        text = urllib.request.urlopen(f'http://127.0.0.1:{self.port}/metrics', timeout=5).read().decode()
        return re.findall(rf'^({name}(?:{{.*}})? .*)$', text, re.M)

    def version(self, s, count=1):
        s.wait_for('Running configuration SHA512 = ', count=count)
        time.sleep(0.1)
        hashes = re.findall(r'Running configuration SHA512 = (\w+)', s.out())
        self.assertEqual(self.series('coredns_reload_version_info'), [f'coredns_reload_version_info{{hash="sha512",value="{hashes[-1]}"}} 1'])
        return hashes[-1]

    def test_version_and_failures(self):
        """One series, of what runs, whatever was refused meanwhile; every failure is counted."""
        self.port = harness.free_port()
        with Server(f'.:{{PORT}} {{\n whoami\n prometheus 127.0.0.1:{self.port}\n reload 2s 0\n}}\n') as s:
            good = (s.folder / 'Corefile').read_text()
            first = self.version(s)
            s.write_corefile(good + 'x {\n nothing\n}\n')
            s.wait_for('Corefile changed but reload failed')
            self.assertEqual(self.version(s), first)
            self.assertEqual(self.series('coredns_reload_failed_total'), ['coredns_reload_failed_total 1'])
            self.assertEqual(self.series('sodns_reload_last_successful'), ['sodns_reload_last_successful 0'])
            s.write_corefile(good)
            end = time.time() + 10 * harness.PATIENCE
            while self.series('sodns_reload_last_successful') != ['sodns_reload_last_successful 1']:
                self.assertLess(time.time(), end)
                time.sleep(0.1)
            s.write_corefile(good + 'x {\n nothing\n}\n')
            s.wait_for('Corefile changed but reload failed', count=2)
            s.signal(signal.SIGUSR1)
            s.wait_for(r'\[ERROR\] SIGUSR1: ')
            self.assertEqual(self.version(s), first)
            self.assertEqual(self.series('coredns_reload_failed_total'), ['coredns_reload_failed_total 3'])
            self.assertEqual(self.series('sodns_reload_last_successful'), ['sodns_reload_last_successful 0'])
            s.write_corefile(good + f'x:{s.port} {{\n whoami\n}}\n')
            s.wait_for('Reloading complete')
            second = self.version(s, 2)
            self.assertEqual(self.series('sodns_reload_last_successful'), ['sodns_reload_last_successful 1'])
            self.assertNotEqual(first, second)
            s.signal(signal.SIGUSR1)  # the same again
            s.wait_for('Reloading complete', count=2)
            self.assertEqual(self.version(s, 3), second)
            s.write_corefile(good)
            s.wait_for('Reloading complete', count=3)
            self.assertEqual(self.version(s, 4), first)
            s.write_corefile(good.replace('reload', '#'))
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete', count=4)
            time.sleep(0.1)
            self.assertEqual(self.series('coredns_reload_version_info'), [])
            self.assertEqual(self.series('coredns_reload_failed_total'), ['coredns_reload_failed_total 3'])


class InFlight(Case):
    """What is half done when the configuration changes is done to its end."""
    CA = Authority()
    CERT, KEY = CA.issue('dns.test')

    def hello(self):
        """A client's end of TLS that is fed by hand, and its first flight."""
        context = ssl.create_default_context(cadata=self.CA.pem)
        context.set_alpn_protocols(['dot'])
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        o = context.wrap_bio(incoming, outgoing, server_hostname='dns.test')
        with self.assertRaises(ssl.SSLWantReadError):
            o.do_handshake()
        return o, incoming, outgoing.read(), outgoing

    def finish(self, raw, o, incoming, outgoing):
        while True:
            try:
                o.do_handshake()
                break
            except ssl.SSLWantReadError:
                raw.sendall(outgoing.read())
                data = raw.recv(65536)
                self.assertTrue(data, 'closed in the middle of a handshake')
                incoming.write(data)
        raw.sendall(outgoing.read())

    def test_handshakes_and_requests(self):
        query = dns.message.make_query('x.', 'A').to_wire()
        doh, plain = harness.free_port(), harness.free_port()

        def text(s, n):
            # Each time with other certificates' files to read, and, now and then, without a block that was there.
            patient = 'timeouts {\n  read 2m\n  write 2m\n  idle 2m\n }'
            return (f'tls://.:{s.port} {{\n tls cert{n % 2}.pem key.pem\n {patient}\n whoami\n}}\n'
                    f'https://.:{doh} {{\n tls cert{n % 2}.pem key.pem\n {patient}\n whoami\n}}\n' +
                    (f'.:{plain} {{\n whoami\n}}\n' if n % 2 else ''))

        s = Server('', files={'cert0.pem': self.CERT, 'cert1.pem': self.CERT + '\n', 'key.pem': self.KEY}, workers=2)
        s.write_corefile(text(s, 0))
        with s:
            pid, halves = s.serving_pid(), []
            context = ssl.create_default_context(cadata=self.CA.pem)
            context.set_alpn_protocols(['http/1.1'])
            for n in range(1, 7):
                hellos = []
                for cut in (1, 7, 100, 10 ** 6):
                    raw = socket.create_connection(('127.0.0.1', s.port), timeout=60)
                    o, incoming, flight, outgoing = self.hello()
                    raw.sendall(flight[:cut])
                    hellos.append((raw, o, incoming, flight[cut:], outgoing))
                requests = []
                head = (f'POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Type: application/dns-message\r\nContent-Length: {len(query)}\r\n\r\n'
                        ).encode() + query
                for cut in (0, 5, 60, len(head) - 3):
                    c = context.wrap_socket(socket.create_connection(('127.0.0.1', doh), timeout=60), server_hostname='dns.test')
                    c.sendall(head[:cut])
                    requests.append((c, head[cut:]))
                time.sleep(0.1)
                s.write_corefile(text(s, n))
                s.signal(signal.SIGUSR1)
                s.wait_for('^\\[INFO\\] Reloading complete$', count=n)
                for raw, o, incoming, rest, outgoing in hellos:
                    with raw:
                        raw.sendall(rest)
                        self.finish(raw, o, incoming, outgoing)
                        o.write(struct.pack('>H', len(query)) + query)
                        raw.sendall(outgoing.read())
                        answer = b''
                        while len(answer) < 2 or len(answer) < 2 + struct.unpack('>H', answer[:2])[0]:
                            try:
                                answer += o.read(65536)
                            except ssl.SSLWantReadError:
                                data = raw.recv(65536)
                                self.assertTrue(data, 'closed before the answer')
                                incoming.write(data)
                        self.assertEqual(dns.message.from_wire(answer[2:]).rcode(), 0)
                for c, rest in requests:
                    with c:
                        c.sendall(rest)
                        self.assertTrue(c.recv(65536).startswith(b'HTTP/1.1 200 '))
            self.assertEqual(s.serving_pid(), pid)

    def test_an_old_one_is_kept_until_its_last_query_has_ended(self):
        """A transfer to a client that takes its time: the configuration that it began in lives as long, and no longer."""
        zone = ZONE % 1 + ''.join(f'big{i} 60 TXT "{"x" * 250}"\n' for i in range(40000))
        corefile = 'z.example:{PORT} {\n file zone\n transfer {\n  to *\n }\n}\n'
        with Server(corefile, files={'zone': zone}) as s, socket.socket() as c:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
            c.connect(('127.0.0.1', s.port))
            wire = dns.message.make_query('z.example', 'AXFR').to_wire()
            c.sendall(struct.pack('>H', len(wire)) + wire)
            c.settimeout(10)
            self.assertTrue(c.recv(4096))
            (s.folder / 'zone').write_text(ZONE % 2)
            s.signal(signal.SIGUSR1)
            s.wait_for('^\\[INFO\\] Reloading complete$')
            for _ in range(10):
                self.assertTrue(c.recv(65536))
                time.sleep(0.2)
            s.signal(signal.SIGUSR1)  # it keeps no other reload waiting
            s.wait_for('^\\[INFO\\] Reloading complete$', count=2)
            self.assertNotIn('that was kept is gone', s.out())
            self.assertNotIn('do not end', s.out())
            c.close()
            s.wait_for(r'^\[INFO\] An old configuration that was kept is gone$', 20)
            self.assertTrue(s.ask('www.z.example').answer)


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
