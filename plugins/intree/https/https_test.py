"""https, with a whole server: both versions of HTTP, GET and POST, pipelining, limits, and what clients should not send."""
import base64, shutil, socket, ssl, subprocess, unittest

import dns.message

import harness
from certificates import Authority
from harness import Case, Server

CA = Authority()
CERT, KEY = CA.issue('dns.test')
FILES = {'cert.pem': CERT, 'key.pem': KEY}
PLAIN = 'https://.:{PORT} {\n https {\n  max_connections 20\n }\n hosts {\n  192.0.2.1 a.test\n  ttl 77\n }\n}\n'
SECURE = 'https://.:{PORT} {\n tls cert.pem key.pem\n hosts {\n  192.0.2.1 a.test\n }\n}\n'


def query(name='a.test'):
    return dns.message.make_query(name, 'A', id=0).to_wire()


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


if __name__ == '__main__':
    harness.main()
