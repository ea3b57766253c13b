"""https, with a whole server: both versions of HTTP, GET and POST, pipelining, limits, and what clients should not send."""
import base64, re, shutil, socket, ssl, struct, subprocess, time, unittest, urllib.request

import dns.message

import h2
import harness
from certificates import Authority
from harness import PATIENCE, Case, Server

CA = Authority()
CERT, KEY = CA.issue('dns.test')
FILES = {'cert.pem': CERT, 'key.pem': KEY}
PLAIN = 'https://.:{PORT} {\n https {\n  max_connections 20\n }\n hosts {\n  192.0.2.1 a.test\n  ttl 77\n }\n}\n'
SECURE = 'https://.:{PORT} {\n tls cert.pem key.pem\n hosts {\n  192.0.2.1 a.test\n }\n}\n'


def query(name='a.test', rdtype='A'):
    return dns.message.make_query(name, rdtype, id=0).to_wire()


def post(name='a.test', extra=''):
    wire = query(name)
    return f'POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Length: {len(wire)}\r\n{extra}\r\n'.encode() + wire


class Https(Case):
    def answer(self, c):
        """One response: status, headers, body."""
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            more = c.recv(1)
            self.assertTrue(more, f'closed behind {head}')
            head += more
        lines = head.decode().split('\r\n')
        headers = dict(l.lower().split(': ', 1) for l in lines[1:] if l)
        body = b''
        while len(body) < int(headers['content-length']):
            body += c.recv(int(headers['content-length']) - len(body))
        return int(lines[0].split()[1]), headers, body

    def test_http1(self):
        with Server(PLAIN) as s, socket.create_connection(('127.0.0.1', s.port), timeout=5) as c:
            c.sendall(post())
            status, headers, body = self.answer(c)
            self.assertEqual((status, headers['content-type'], headers['cache-control']), (200, 'application/dns-message', 'max-age=77'))
            self.assertEqual(str(dns.message.from_wire(body).answer[0][0]), '192.0.2.1')
            text = base64.urlsafe_b64encode(query()).decode().rstrip('=')
            c.sendall(f'GET /dns-query?x=1&dns={text} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            self.assertEqual(self.answer(c)[0], 200)
            for target, status in ('/', 404), ('/dns-query', 400), ('/dns-query?dns=!', 400), (f'/dns-query?dns={text}&dns={text}', 400):
                c.sendall(f'GET {target} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
                self.assertEqual(self.answer(c)[0], status, target)
            c.sendall(post(extra='Connection: close\r\n'))
            self.assertEqual(self.answer(c)[0], 200)
            self.assertEqual(c.recv(1), b'')

    def test_http1_over_tls_without_alpn(self):
        context = ssl.create_default_context(cadata=CA.pem)
        with Server(SECURE, files=FILES) as s, socket.create_connection(('127.0.0.1', s.port), timeout=5) as raw:
            with context.wrap_socket(raw, server_hostname='dns.test') as c:
                c.sendall(post())
                self.assertEqual(self.answer(c)[0], 200)

    def test_pipelined(self):
        with Server(PLAIN) as s, socket.create_connection(('127.0.0.1', s.port), timeout=10) as c:
            c.sendall(post() * 200)
            for _ in range(200):
                self.assertEqual(self.answer(c)[0], 200)

    def test_what_is_no_http(self):
        with Server(PLAIN) as s:
            for junk in b'\0\1\2\3' * 10, b'GET /' + b'a' * 200000, post()[:40].replace(b'POST', b'CONNECT') + b'\r\n\r\n', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\njunk' * 9:
                with socket.create_connection(('127.0.0.1', s.port), timeout=5) as c:
                    try:
                        c.sendall(junk)
                        c.shutdown(socket.SHUT_WR)
                        while c.recv(65536):
                            pass
                    except OSError:
                        pass
            with socket.create_connection(('127.0.0.1', s.port), timeout=5) as c:
                c.sendall(post())
                self.assertEqual(self.answer(c)[0], 200)

    def test_limit_of_connections(self):
        with Server(PLAIN) as s:
            kept = [socket.create_connection(('127.0.0.1', s.port), timeout=5) for _ in range(19)]
            for c in kept:
                c.sendall(post())
                self.answer(c)
            kept[0].sendall(post())
            self.answer(kept[0])
            more = [socket.create_connection(('127.0.0.1', s.port), timeout=5) for _ in range(4)]
            for c in more:
                c.sendall(post())
                self.assertEqual(self.answer(c)[0], 200, 'somebody new is let in')
            self.assertEqual([self.closed(c) for c in kept[:4]], [False, True, True, True], 'those that were idle longest had to go')
            for c in kept + more:
                c.close()

    def closed(self, c):
        try:
            c.sendall(post())
            return not c.recv(1)
        except ConnectionError:
            return True

    @unittest.skipUnless(shutil.which('kdig'), 'needs kdig')
    def test_http2(self):
        with Server(SECURE, files=FILES) as s:
            for mode in ('+https=/dns-query', '+https-get=/dns-query'):
                r = subprocess.run(['kdig', mode, f'@127.0.0.1#{s.port}', 'a.test', 'A', '+short'], capture_output=True, text=True, timeout=20)
                self.assertEqual(r.stdout.strip(), '192.0.2.1', r.stdout + r.stderr)

    @unittest.skipUnless(shutil.which('curl'), 'needs curl')
    def test_curl(self):
        with Server(SECURE, files=FILES) as s:
            (s.folder / 'q').write_bytes(query())
            for version in '--http1.1', '--http2':
                url = f'https://127.0.0.1:{s.port}/dns-query'
                r = subprocess.run(['curl', '-sk', version, '--data-binary', '@q', '-w', '%{http_version} %{http_code}', '-o', 'a', url, url.replace('dns-query', 'other'), '-o', 'b'],
                                   cwd=s.folder, capture_output=True, text=True, timeout=20)
                want = version[-1] if version == '--http2' else '1.1'
                self.assertEqual(r.stdout, f'{want} 200{want} 404')
                self.assertEqual(len(dns.message.from_wire((s.folder / 'a').read_bytes()).answer), 1)


def encoded(text):
    """All of it with percent signs."""
    return ''.join(f'%{ord(c):02x}' for c in text)


ZONE = '@ 300 IN SOA ns h 1 2 3 4 20\n@ NS ns\nns 300 A 192.0.2.1\nlow 5 A 192.0.2.2\nalias 60 CNAME ns\nnowhere 60 CNAME no\nbig 60 TXT ' + ' '.join(['"' + 'x' * 250 + '"'] * 200) + '\n'


class Requests(Case):
    """What requests may look like, over both versions."""

    def exchange(self, s, data, timeout=5):
        """All that the server says until it closes."""
        out = b''
        with socket.create_connection(('127.0.0.1', s.port), timeout=timeout * PATIENCE) as c:
            c.sendall(data)
            while more := c.recv(65536):
                out += more
        return out

    def request(self, s, line, headers='', body=b''):
        out = self.exchange(s, f'{line} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n'.encode() + body)
        head, _, body = out.partition(b'\r\n\r\n')
        return int(head.split()[1]), head.decode().lower(), body

    def both(self, s, method, path, body=b'', extra=()):
        """The statuses of HTTP/1.1 and of HTTP/2."""
        headers = ''.join(f'{k}: {v}\r\n' for k, v in extra) + (f'Content-Length: {len(body)}\r\n' if body else '')
        one = self.request(s, f'{method} {path}', headers, body)[0]
        with socket.create_connection(('127.0.0.1', s.port), timeout=5 * PATIENCE) as c:
            two = h2.Connection(c)
            statuses, _, _ = two.answer(two.request(method, path, body, extra=extra))
        return one, statuses[-1] if statuses else None

    def test_targets(self):
        text = base64.urlsafe_b64encode(query()).decode().rstrip('=')
        with Server(PLAIN) as s:
            for path, status in (
                    (f'/dns-query?dns={encoded(text)}', 200), (f'/dns-query?%64n%73={text}', 200), (f'/dns%2dquery?dns={text}', 200),
                    (f'{"/" + encoded("dns-query")}?dns={text}', 200), (f'/dns-query?x=%zz&dns={text}', 200), (f'/dns-query?&&dns={text}&', 200),
                    (f'/dns-query?x;y&dns={text}', 200), (f'/dns-query?dns={text}%', 400),
                    (f'/dns-query?dns={text}%z0', 400), (f'/dns-query?dns={text}+', 400), (f'/dns-query?dns={text};x', 400),
                    (f'/dns-query?dns={text}==', 400), (f'/dns-query?dns={text}%3d', 400), (f'/dns-query?dns={text}&d%6es={text}', 400),
                    ('/dns-query?dns', 400), ('/dns-query?', 400), (f'/dns-query%zz?dns={text}', 400), (f'/dns-query/?dns={text}', 404),
                    (f'/dns-query%3fdns={text}', 404), (f'/DNS-QUERY?dns={text}', 404), (f'/{"a" * 300}?dns={text}', 404)):
                self.assertEqual(self.both(s, 'GET', path), (status, status), path)
            self.assertEqual(self.request(s, f'GET https://x/dns-query?dns={text}')[0], 200, 'the absolute form')

    def test_methods(self):
        """HEAD gets a head alone, whatever it says."""
        text = base64.urlsafe_b64encode(query()).decode().rstrip('=')
        with Server(PLAIN) as s:
            for path, status in (f'/dns-query?dns={text}', 400), ('/dns-query', 400), ('/', 404):
                got = self.request(s, f'HEAD {path}')
                self.assertEqual((got[0], got[2]), (status, b''))
                self.assertRegex(got[1], 'content-length: [1-9]')
                with socket.create_connection(('127.0.0.1', s.port), timeout=5 * PATIENCE) as c:
                    two = h2.Connection(c)
                    self.assertEqual(two.answer(two.request('HEAD', path)), ([status], b'', False))
            for method in 'PUT', 'OPTIONS', 'DELETE':
                self.assertEqual(self.both(s, method, '/dns-query', query()), (400, 400), method)

    def test_expect(self):
        with Server(PLAIN) as s:
            wire = query()
            with socket.create_connection(('127.0.0.1', s.port), timeout=5 * PATIENCE) as c:
                for expect in 'Expect: 100-continue', 'X-Empty:\r\nexpect:  100-CONTINUE':
                    c.sendall(f'POST /dns-query HTTP/1.1\r\nHost: x\r\n{expect}\r\nContent-Length: {len(wire)}\r\n\r\n'.encode())
                    go_on = b'HTTP/1.1 100 Continue\r\n\r\n'
                    self.assertEqual(c.recv(len(go_on), socket.MSG_WAITALL), go_on)
                    c.sendall(wire)
                    self.assertTrue(c.recv(4096).startswith(b'HTTP/1.1 200'))
            with socket.create_connection(('127.0.0.1', s.port), timeout=5 * PATIENCE) as c:
                two = h2.Connection(c)
                stream = two.request(body=b'', end=False, extra=[('expect', '100-continue')])
                for kind, _, at, payload in two.frames():
                    if at == stream:
                        self.assertEqual((kind, h2.status_of(payload)), (h2.HEADERS, 100))
                        break
                two.data(stream, wire)
                self.assertEqual(two.answer(stream)[0], [200])
            self.assertEqual(self.both(s, 'POST', '/dns-query', wire, [('expect', 'else')]), (417, 417))
            old = self.exchange(s, f'POST /dns-query HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: {len(wire)}\r\n\r\n'.encode() + wire)
            self.assertTrue(old.startswith(b'HTTP/1.1 200'), old[:40])

    def test_too_large(self):
        """A body that is too long is refused, and the client reads so, even if it sends all of it."""
        with Server(PLAIN) as s:
            wire, most = query(), 65535
            self.assertEqual(self.both(s, 'POST', '/dns-query', wire + bytes(most - len(wire)), [('x', 'y')]), (200, 200))
            for size in most + 1, 70000, 200000:
                self.assertEqual(self.both(s, 'POST', '/dns-query', bytes(size)), (413, 413), size)
            announced = self.request(s, 'POST /dns-query', 'Content-Length: 99999\r\nExpect: 100-continue\r\n')
            self.assertEqual(announced[0], 413)
            chunk = b'8000\r\n' + bytes(0x8000) + b'\r\n'
            self.assertEqual(self.request(s, 'POST /dns-query', 'Transfer-Encoding: chunked\r\n', chunk * 3 + b'0\r\n\r\n')[0], 413)
            with socket.create_connection(('127.0.0.1', s.port), timeout=5 * PATIENCE) as c:
                two = h2.Connection(c)
                stream = two.request(body=bytes(40000), end=False)
                two.data(stream, bytes(40000))
                self.assertEqual(two.answer(stream)[0], [413], 'its length was not said')
                self.assertEqual(two.answer(two.request(body=wire))[0], [200], 'others on the connection go on')
            self.assertEqual(self.request(s, 'GET /' + 'a' * 88000)[0], 431)
            self.assertEqual(self.request(s, 'GET /', 'X: ' + 'a' * 17000 + '\r\n')[0], 431)

    def test_no_answer(self):
        with Server('https://.:{PORT} {\n erratic {\n  drop 1\n }\n}\n') as s:
            self.assertEqual(self.both(s, 'POST', '/dns-query', query()), (500, 500))
            wire = query()
            self.assertEqual(self.request(s, 'POST /dns-query', f'Content-Length: {len(wire)}\r\n', wire)[2], b'No response\n')

    def test_what_denies_has_an_age(self):
        """The less of the SOA record's TTL and its MINIMUM (RFC 8484, 5.1; RFC 2308, 5)."""
        with Server('https://z.test:{PORT} {\n file zone\n}\n', files={'zone': ZONE}) as s:
            for name, rdtype, age in (('no', 'A', 20), ('ns', 'AAAA', 20), ('nowhere', 'A', 20), ('alias', 'A', 60), ('ns', 'A', 300), ('low', 'A', 5)):
                wire = query(name + '.z.test', rdtype)
                _, head, _ = self.request(s, 'POST /dns-query', f'Content-Length: {len(wire)}\r\n', wire)
                self.assertIn(f'cache-control: max-age={age}\r', head, f'{name} {rdtype}')


class Bounds(Case):
    """What connections may keep, and for how long."""

    def server(self, plugins='hosts {\n 192.0.2.1 a.test\n }', timeouts=' timeouts {\n  read 1s\n  write 1s\n  idle 2s\n }\n', **options):
        self.metrics = harness.free_port()
        return Server(f'https://.:{{PORT}} {{\n prometheus 127.0.0.1:{self.metrics}\n{timeouts} {plugins}\n}}\n', **options)

    def reached(self, limit):
        text = urllib.request.urlopen(f'http://127.0.0.1:{self.metrics}/metrics', timeout=10 * PATIENCE).read().decode()
        m = re.search(rf'^sodns_limit_reached_total\{{limit="{limit}"\}} (\S+)$', text, re.M)
        return float(m[1]) if m else 0

    def connection(self, s, settings=()):
        c = socket.create_connection(('127.0.0.1', s.port), timeout=10 * PATIENCE)
        self.addCleanup(c.close)
        return h2.Connection(c, settings)

    def lasts(self, two, act, seconds=20):
        """How long a connection lasts whose client does something every tenth of a second."""
        began = time.time()
        while time.time() < began + seconds * PATIENCE:
            try:
                act()
            except OSError:
                break
            for _ in two.frames(0.1):
                pass
            if two.closed:
                break
        return time.time() - began

    def test_ping_and_settings_renew_nothing(self):
        with self.server() as s:
            for act in (lambda two: two.ping(), lambda two: two.send(h2.frame(h2.SETTINGS, 0, 0)),
                        lambda two: two.send(h2.frame(h2.WINDOW_UPDATE, 0, 0, struct.pack('>I', 1)))):
                two = self.connection(s)
                self.assertEqual(two.answer(two.request(body=query()))[0], [200])
                self.assertLess(self.lasts(two, lambda: act(two)), 8 * PATIENCE)
                self.assertTrue(two.closed)

    def test_a_body_that_does_not_end(self):
        """Its stream is given up; the connection, which has others, is not."""
        with self.server() as s:
            two = self.connection(s)
            slow = two.request(body=b'\0', end=False)
            began, reset = time.time(), False
            while not reset and time.time() < began + 10 * PATIENCE:
                stream = two.request(body=query())
                two.data(slow, b'\0', False)
                for kind, _, at, _ in two.frames(0.2):
                    reset |= kind == h2.RST_STREAM and at == slow
            self.assertTrue(reset)
            self.assertEqual(two.answer(two.request(body=query()))[0], [200])
            self.assertGreaterEqual(self.reached('slow http2 streams'), 1)

    def test_requests_of_version_1_that_do_not_end(self):
        with self.server() as s:
            for text in b'GET /dns-query?dns=' + b'A' * 300, post()[:40] + b'X' * 0:
                with socket.create_connection(('127.0.0.1', s.port), timeout=5) as c:
                    c.sendall(post())
                    self.assertTrue(c.recv(4096))
                    began, at = time.time(), 0
                    try:
                        while time.time() < began + 10 * PATIENCE:
                            c.sendall(text[at:at + 1] or b'A')
                            at += 1
                            c.settimeout(0.1)
                            try:
                                if not c.recv(4096):
                                    break
                            except TimeoutError:
                                pass
                    except OSError:
                        pass
                    self.assertLess(time.time() - began, 6 * PATIENCE)

    def test_answers_that_are_not_taken(self):
        """A window of nothing, and PING to look alive: the answers are given up, then the connection."""
        with self.server('file zone z.test', files={'zone': ZONE}) as s:
            two = self.connection(s, [(4, 0)])
            for _ in range(4):
                two.request(body=query('big.z.test', 'TXT'))
            resets, began = 0, time.time()
            while resets < 4 and time.time() < began + 10 * PATIENCE:
                two.ping()
                resets += sum(kind == h2.RST_STREAM for kind, *_ in two.frames(0.1))
            self.assertEqual(resets, 4)
            self.assertLess(self.lasts(two, two.ping), 10 * PATIENCE)
            self.assertTrue(two.closed)

    @unittest.skipIf(harness.SANITIZED, 'a sanitizer keeps what is freed')
    def test_bytes_of_a_connection(self):
        """Bodies that do not end, and answers that are not taken."""
        with self.server('file zone z.test', ' timeouts {\n  read 30s\n  write 30s\n  idle 30s\n }\n', files={'zone': ZONE}) as s:
            before = s.rss_kib()
            kept = []
            for n in range(20):
                two = self.connection(s, [(4, 0)] if n % 2 else [])
                kept.append(two)
                if n % 2:
                    for _ in range(120):
                        two.request(body=query('big.z.test', 'TXT'))
                else:
                    two.sock.settimeout(0.2)
                    try:
                        for _ in range(60):
                            two.request(body=bytes(16000), end=False)
                            # The window of the connection opens as they are read.
                            for _ in two.frames(0.01):
                                pass
                    except OSError:
                        pass
            time.sleep(0.5)
            self.assertGreaterEqual(self.reached('http2 bytes'), 10)
            self.assertLess((s.rss_kib() - before) // 20, 1200, 'KiB a connection')

    def test_connections_are_counted_over_workers(self):
        """As many as were said, whatever the number of workers, and a newcomer in place of one."""
        for limit in 1, 3, 10:
            with Server('https://.:{PORT} {\n https {\n  max_connections %d\n }\n timeouts {\n  idle 1m\n  read 1m\n }\n hosts {\n  192.0.2.1 a.test\n }\n}\n' % limit, workers=4) as s:
                time.sleep(0.2)
                conns = []
                for n in range(limit * 4):
                    c = socket.create_connection(('127.0.0.1', s.port), timeout=10 * PATIENCE)
                    self.addCleanup(c.close)
                    c.sendall(post())
                    self.assertTrue(c.recv(4096).startswith(b'HTTP/1.1 200'), f'{n} of {limit}')
                    conns.append(c)
                    if n == limit - 1:
                        self.assertEqual(self.open(conns), limit)
                self.assertEqual(self.open(conns), limit)

    def open(self, conns):
        time.sleep(0.2)
        n = 0
        for c in conns:
            c.setblocking(False)
            try:
                n += c.recv(1) != b''
            except BlockingIOError:
                n += 1
            except OSError:
                pass
            c.setblocking(True)
        return n


if __name__ == '__main__':
    harness.main()
