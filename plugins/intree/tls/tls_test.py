"""tls, with a whole server: DNS over TLS, clients' certificates, a certificate that changes while the daemon serves."""
import socket, ssl, struct, time, warnings

import dns.message, dns.query

import harness
from certificates import Authority
from harness import Case, Server

CA = Authority()
CERT, KEY = CA.issue('dns.test')
COREFILE = 'tls://.:{PORT} {\n tls cert.pem key.pem%s\n hosts {\n  192.0.2.1 a.test\n }\n}\n'
FILES = {'cert.pem': CERT, 'key.pem': KEY, 'ca.pem': CA.pem}


def client(cert=None, key=None):
    c = ssl.create_default_context(cadata=CA.pem)
    c.set_alpn_protocols(['dot'])
    if cert:
        c.load_cert_chain(cert, key)
    return c


class Tls(Case):
    def connect(self, s, context):
        raw = socket.create_connection(('127.0.0.1', s.port), timeout=5)
        return context.wrap_socket(raw, server_hostname='dns.test')

    def ask(self, c, name='a.test'):
        c.sendall(self.framed(name))
        return dns.message.from_wire(self.read(c))

    def framed(self, name):
        wire = dns.message.make_query(name, 'A').to_wire()
        return struct.pack('>H', len(wire)) + wire

    def read(self, c):
        head = b''
        while len(head) < 2:
            more = c.recv(2 - len(head))
            self.assertTrue(more, 'closed')
            head += more
        length, body = struct.unpack('>H', head)[0], b''
        while len(body) < length:
            body += c.recv(length - len(body))
        return body

    def test_queries(self):
        with Server(COREFILE % '', files=FILES) as s, self.connect(s, client()) as c:
            self.assertEqual(c.selected_alpn_protocol(), 'dot')
            self.assertEqual(str(self.ask(c).answer[0][0]), '192.0.2.1')
            c.sendall(b''.join(self.framed('a.test') for _ in range(700)))
            for _ in range(700):
                self.assertEqual(len(dns.message.from_wire(self.read(c)).answer), 1)
            for b in self.framed('a.test'):
                c.sendall(bytes([b]))
            self.assertEqual(len(dns.message.from_wire(self.read(c)).answer), 1)

    def test_suites(self):
        """Of TLS 1.2 only what has forward secrecy and authenticates what it encrypts; nothing before 1.2."""
        cert, key = CA.issue('dns.test', with_rsa=True)
        good = 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'
        bad = ('AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'AES128-SHA', 'AES256-SHA256', 'ECDHE-RSA-AES128-SHA', 'ECDHE-RSA-AES256-SHA384',
               'DHE-RSA-AES128-GCM-SHA256', 'AES128-CCM', 'ECDHE-RSA-CAMELLIA128-SHA256', 'ECDHE-RSA-AES128-SHA:AES128-GCM-SHA256')
        with Server(COREFILE % '', files={'cert.pem': cert, 'key.pem': key}) as s:
            for suite in good + bad:
                context = client()
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(suite + ':@SECLEVEL=0')
                if suite in good:
                    with self.connect(s, context) as c:
                        self.assertEqual(c.cipher()[0], suite)
                        self.assertEqual(str(self.ask(c).answer[0][0]), '192.0.2.1')
                else:
                    with self.assertRaises((ssl.SSLError, ConnectionResetError), msg=suite):
                        self.connect(s, context).close()
            old = client()
            old.set_ciphers('ALL:@SECLEVEL=0')
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
            with self.assertRaises((ssl.SSLError, ConnectionResetError)):
                self.connect(s, old).close()

    def test_clients_certificates(self):
        with Server(COREFILE % ' ca.pem {\n  client_auth require_and_verify\n }', files=FILES) as s:
            mine, stranger = CA.issue('client.test'), Authority('another').issue('client.test')
            for n, pair in (('mine', mine), ('stranger', stranger)):
                (s.folder / f'{n}.pem').write_text(pair[0])
                (s.folder / f'{n}.key').write_text(pair[1])
            with self.connect(s, client(s.folder / 'mine.pem', s.folder / 'mine.key')) as c:
                self.assertEqual(len(self.ask(c).answer), 1)
            for context in client(), client(s.folder / 'stranger.pem', s.folder / 'stranger.key'):
                with self.assertRaises((ssl.SSLError, AssertionError, ConnectionError)):
                    with self.connect(s, context) as c:
                        self.ask(c)

    def test_a_changed_certificate(self):
        with Server(COREFILE % '\n timeouts {\n  idle 1m\n }', files=FILES) as s:
            with self.connect(s, client()) as kept:
                self.ask(kept)
                before = kept.getpeercert()['serialNumber']
                cert, key = CA.issue('dns.test')
                (s.folder / 'cert.pem').write_text('broken\n')
                s.wait_for(r'could not load TLS cert: .*; the old certificate stays in use', seconds=12)
                (s.folder / 'cert.pem').write_text(cert)
                (s.folder / 'key.pem').write_text(key)
                s.wait_for('Certificate read again', seconds=12)
                with self.connect(s, client()) as c:
                    self.assertNotEqual(c.getpeercert()['serialNumber'], before)
                    self.assertEqual(len(self.ask(c).answer), 1)
                self.assertEqual(len(self.ask(kept).answer), 1)

    def test_what_is_no_tls(self):
        with Server('tls://.:{PORT} {\n tls cert.pem key.pem\n timeouts {\n  read 1s\n }\n whoami\n}\n', files=FILES) as s:
            with socket.create_connection(('127.0.0.1', s.port), timeout=5) as c:
                c.sendall(self.framed('a.test'))
                self.assertIn(b'', [c.recv(100), c.recv(100)], 'closed')
            with socket.create_connection(('127.0.0.1', s.port), timeout=8) as c:
                began = time.time()
                hello = b'\x16\x03\x01\x02\x00\x01' + bytes(505)
                try:
                    for b in hello:
                        c.sendall(bytes([b]))
                        time.sleep(0.1)
                except ConnectionError:
                    pass
                self.assertLess(time.time() - began, 4, 'a handshake byte by byte has the time of one message')

    def test_without_a_certificate(self):
        with Server('tls://.:{PORT} {\n whoami\n}\n') as s:
            dns.query.tcp(dns.message.make_query('a.test', 'A'), '127.0.0.1', timeout=5, port=s.port)


if __name__ == '__main__':
    harness.main()
