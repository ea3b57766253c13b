"""forward over HTTPS: to a server of ours, verified by name and address, many questions on one connection; and to servers of HTTP/2 that
refuse, say good-bye, lie, or fall silent."""
import concurrent.futures, pathlib, re, socket, ssl, struct, tempfile, threading, time, urllib.request

import dns.message, dns.name, dns.rcode, dns.rrset

import harness
from certificates import Authority
from harness import Case, Server

CA = Authority()
CERT, KEY = CA.issue('dns.test')
UPSTREAM = 'https://.:{PORT} {\n tls cert.pem key.pem\n%s}\n'
HOSTS = ' hosts {\n  192.0.2.1 a.test\n }\n'
DATA, HEADERS, RST, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
RESET = object()
OK, NOT_FOUND = b'\x88', b'\x8d'  # HPACK's static table


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + bytes([kind, flags]) + struct.pack('>I', stream) + payload


def answer(wire, name=None):
    q = dns.message.from_wire(wire)
    r = dns.message.make_response(q)
    r.answer.append(dns.rrset.from_text(q.question[0].name, 5, 'IN', 'A', '192.0.2.9'))
    if name:
        r.question[0].name = dns.name.from_text(name)
    return r.to_wire()


def reply(stream, body, status=OK):
    return frame(HEADERS, 4, stream, status) + frame(DATA, 1, stream, body)


class Peer:
    """A server of HTTP/2 that does with each question what `act(peer, connection, stream, message)` says: bytes to send, None to close, RESET."""

    def __init__(self, act):
        self.act, self.connections, self.asked, self.reset = act, 0, [], []
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as d:
            for name, text in ('c', CERT), ('k', KEY):
                pathlib.Path(d, name).write_text(text)
            self.context.load_cert_chain(d + '/c', d + '/k')
        self.context.set_alpn_protocols(['h2'])
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.listener.close()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(raw, self.connections), daemon=True).start()

    def serve(self, raw, number):
        try:
            with self.context.wrap_socket(raw, server_side=True) as c, c.makefile('rb') as f:
                f.read(24)
                c.sendall(frame(SETTINGS, 0, 0))
                self.talk(c, f, number)
        except (OSError, ssl.SSLError, struct.error):
            pass

    def talk(self, c, f, number):
        while head := f.read(9):
            payload = f.read(int.from_bytes(head[:3], 'big'))
            kind, flags, stream = head[3], head[4], struct.unpack('>I', head[5:])[0]
            if kind == SETTINGS and not flags & 1:
                c.sendall(frame(SETTINGS, 1, 0))
            if kind == RST:
                self.reset.append(stream)
            if kind != DATA:
                continue
            self.asked.append((number, stream))
            said = self.act(self, number, stream, payload)
            if said is RESET:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            if said in (None, RESET):
                return
            c.sendall(said)


class ForwardHttps(Case):
    def forwarder(self, port, options='', ca=CA, more='', **how):
        corefile = (f'.:{{PORT}} {{\n errors\n{more} forward . https://127.0.0.1:{port} {{\n  tls ca.pem\n  health_check 10s\n{options} }}\n}}\n')
        return Server(corefile, files={'ca.pem': ca.pem}, **how)

    def addresses(self, message):
        return [str(rd) for rr in message.answer for rd in rr]

    def upstream(self, plugins=HOSTS):
        return Server(UPSTREAM % plugins, files={'cert.pem': CERT, 'key.pem': KEY})

    def test_verified(self):
        with self.upstream() as up:
            for options in '', '  doh_method GET\n', '  tls_servername dns.test\n', '  force_tcp\n', '  prefer_udp\n':
                with self.forwarder(up.port, options) as s:
                    for _ in range(3):
                        r = s.ask('A.test')
                        self.assertEqual((self.addresses(r), str(r.question[0].name)), (['192.0.2.1'], 'A.test.'), options)
                    self.assertEqual(self.addresses(s.ask("a.test", tcp=True)), ["192.0.2.1"])

    def test_refused(self):
        with self.upstream() as up:
            for options, ca in ('  tls_servername other.test\n', CA), ('', Authority('another')):
                with self.forwarder(up.port, options, ca) as s:
                    self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL, options)
                    s.wait_for(r'^\[ERROR\] plugin/errors: 2 a\.test\. A: Post "https://127\.0\.0\.1:%d/dns-query": tls: .*' % up.port)

    def test_errors(self):
        with self.forwarder(harness.free_port()) as s:
            self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)
            s.wait_for(r'2 a\.test\. A: Post "(https://127\.0\.0\.1:\d+)/dns-query": dial tcp 127\.0\.0\.1:\d+: connect: connection refused$')
        # What speaks TLS, but HTTP/1 or plain DNS.
        with Server('tls://.:{PORT} {\n tls cert.pem key.pem\n whoami\n}\n', files={'cert.pem': CERT, 'key.pem': KEY}) as up:
            with self.forwarder(up.port, '  doh_method GET\n') as s:
                self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)
                s.wait_for(r'2 a\.test\. A: Get "https://.*/dns-query": the server does not speak HTTP/2$')

    def test_large_answers(self):
        zone = '@ 60 SOA ns root 1 2 3 4 5\n@ NS ns\n' + ''.join(f'big TXT "{i:03}{"x" * 240}"\n' for i in range(240))
        up = self.upstream(' file zone big.test\n')
        (up.folder / 'zone').write_text(zone)
        with up, self.forwarder(up.port) as s, concurrent.futures.ThreadPoolExecutor(8) as pool:
            for r in pool.map(lambda _: s.ask('big.big.test', 'TXT', tcp=True), range(40)):
                self.assertEqual(len(r.answer[0]), 240)

    def test_many_at_once(self):
        http = harness.free_port()
        with self.upstream(' erratic {\n  drop 0\n  truncate 0\n  delay 1 200ms\n }\n') as up:
            with self.forwarder(up.port, more=f' prometheus 127.0.0.1:{http}\n') as s, concurrent.futures.ThreadPoolExecutor(60) as pool:
                s.ask('warm.test')
                began = time.time()
                for r in pool.map(lambda i: s.ask(f'n{i}.test'), range(60)):
                    self.assertEqual(self.addresses(r), ['192.0.2.53'])
                self.assertLess(time.time() - began, 4 * harness.PATIENCE, 'side by side')
                text = urllib.request.urlopen(f'http://127.0.0.1:{http}/metrics', timeout=5).read().decode()
        to = f'127.0.0.1:{up.port}'
        opened = re.search(r'coredns_proxy_conn_cache_misses_total\{proto="https",proxy_name="forward",to="%s"\} (\d+)' % to, text)
        self.assertEqual(opened[1], '1', 'one connection for all')
        self.assertRegex(text, r'coredns_proxy_request_duration_seconds_count\{proxy_name="forward",rcode="NOERROR",to="%s"\} 61' % to)

    def ask_peer(self, act, options='', count=1):
        """The answers to `count` questions, one after the other, the peer, and what was logged."""
        with Peer(act) as peer, self.forwarder(peer.port, '  max_fails 0\n' + options) as s:
            answers = [s.ask(f'n{i}.test') for i in range(count)]
            if answers[-1].rcode() == dns.rcode.SERVFAIL:
                s.wait_for('plugin/errors')
            return answers, peer, s.out()

    def test_request(self):
        seen = []
        def act(peer, number, stream, message):
            seen.append(message)
            return reply(stream, answer(message))
        answers, peer, _ = self.ask_peer(act, count=5)
        self.assertEqual([self.addresses(a) for a in answers], [['192.0.2.9']] * 5)
        self.assertEqual((peer.connections, {m[:2] for m in seen}), (1, {b'\0\0'}), 'the id is 0 (RFC 8484, 4.1)')

    def test_the_body_counts_whatever_the_status(self):
        answers, _, _ = self.ask_peer(lambda p, n, stream, m: reply(stream, answer(m), NOT_FOUND))
        self.assertEqual(self.addresses(answers[0]), ['192.0.2.9'])

    def test_no_message(self):
        for body in b'', b'not found', b'\0' * 12, b'x' * 100:
            answers, _, out = self.ask_peer(lambda p, n, stream, m: reply(stream, body, NOT_FOUND))
            self.assertEqual(answers[0].rcode(), dns.rcode.SERVFAIL)
            self.assertRegex(out, 'HTTP status 404 and no DNS message|the answer is none')

    def test_another_question(self):
        answers, _, _ = self.ask_peer(lambda p, n, stream, m: reply(stream, answer(m, 'other.test')))
        self.assertEqual(answers[0].rcode(), dns.rcode.FORMERR)

    def test_good_bye(self):
        # Each connection answers one question, says so, and goes: nobody notices.
        def act(peer, number, stream, message):
            return reply(stream, answer(message)) + frame(GOAWAY, 0, 0, struct.pack('>II', stream, 0))
        answers, peer, _ = self.ask_peer(act, count=4)
        self.assertEqual([self.addresses(a) for a in answers], [['192.0.2.9']] * 4)
        self.assertEqual(peer.connections, 4)

    def test_not_looked_at(self):
        # The second question of each connection is refused before it was read, in one way or another.
        for refusal in (lambda s: frame(RST, 0, s, struct.pack('>I', 7)), lambda s: frame(GOAWAY, 0, 0, struct.pack('>II', 1, 0)),
                        lambda s: None, lambda s: RESET):
            def act(peer, number, stream, message):
                return reply(stream, answer(message)) if stream == 1 else refusal(stream)
            answers, peer, _ = self.ask_peer(act, '  max_connect_attempts 1\n', count=3)
            self.assertEqual([self.addresses(a) for a in answers], [['192.0.2.9']] * 3)

    def test_nonsense(self):
        for said in (b'\xff' * 40, frame(DATA, 1, 77, b'x'), frame(HEADERS, 5, 1, b'\xff\xff\xff\xff\xff'), frame(RST, 0, 1, struct.pack('>I', 2)),
                     frame(HEADERS, 4, 1, OK) + frame(DATA, 0, 1, b'x' * 16000) * 5, frame(SETTINGS, 0, 0, b'odd')):
            answers, _, _ = self.ask_peer(lambda p, n, stream, m: said, '  max_connect_attempts 1\n  read_timeout 500ms\n')
            self.assertEqual(answers[0].rcode(), dns.rcode.SERVFAIL, said[:20])

    def test_silence(self):
        # A connection that has fallen silent is left; a stream that is given up is closed.
        def act(peer, number, stream, message):
            return b'' if number == 1 and stream > 1 else reply(stream, answer(message))
        answers, peer, _ = self.ask_peer(act, '  read_timeout 300ms\n', count=3)
        self.assertEqual([self.addresses(a) for a in answers], [['192.0.2.9']] * 3)
        self.assertEqual(peer.connections, 2)
        self.assertEqual(peer.reset, [3])

    def test_health(self):
        # Down while it refuses, and up again by checks that are questions like others.
        down = threading.Event()
        down.set()
        def act(peer, number, stream, message):
            return reply(stream, b'no', NOT_FOUND) if down.is_set() else reply(stream, answer(message))
        with Peer(act) as peer, Server(f'.:{{PORT}} {{\n forward . https://127.0.0.1:{peer.port} {{\n  tls ca.pem\n  health_check 50ms\n'
                                       '  failfast_all_unhealthy_upstreams\n }\n}\n', files={'ca.pem': CA.pem}) as s:
            self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)
            s.wait_for(r'upstream 127\.0\.0\.1:%d is down' % peer.port)
            down.clear()
            s.wait_for(r'upstream 127\.0\.0\.1:%d is up again' % peer.port)
            self.assertEqual(self.addresses(s.ask('a.test')), ['192.0.2.9'])

    def test_checks_are_posted(self):
        # Only a POST has a body: the peer hears of nothing else.
        with Peer(lambda p, n, stream, message: reply(stream, answer(message))) as peer:
            with self.forwarder(peer.port, '  doh_method GET\n  read_timeout 200ms\n  max_connect_attempts 1\n') as s:
                self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)
                s.wait_for('plugin/errors')
                end = time.time() + 5
                while not peer.asked and time.time() < end:
                    time.sleep(0.02)
                self.assertTrue(peer.asked)


if __name__ == '__main__':
    harness.main()
