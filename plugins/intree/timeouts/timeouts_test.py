"""timeouts, with a whole server: idle connections end, and those that have brought enough."""
import socket, ssl, struct, time

import dns.message

import harness
from certificates import Authority
from harness import PATIENCE, Case, Server

COREFILE = '.:{PORT} {\n timeouts {\n  idle 1s\n  maxtcpqueries 3\n }\n whoami\n}\n'


class Timeouts(Case):
    def ask(self, c):
        wire = dns.message.make_query('x.example.', 'A').to_wire()
        c.sendall(struct.pack('>H', len(wire)) + wire)
        return c.recv(4096)

    def test_connections(self):
        with Server(COREFILE) as s:
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                c.settimeout(5)
                for _ in range(3):
                    self.assertTrue(self.ask(c))
                self.assertEqual(c.recv(10), b'', 'closed after the third')
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                c.settimeout(5)
                self.assertTrue(self.ask(c))
                began = time.time()
                self.assertEqual(c.recv(10), b'')
                self.assertLess(time.time() - began, 3)

    def silent(self, port, begin=None):
        """How long a connection lasts whose client says nothing."""
        began = time.time()
        with socket.create_connection(('127.0.0.1', port), timeout=30 * PATIENCE) as c:
            c = begin(c) if begin else c
            self.assertEqual(c.recv(10), b'')
        return time.time() - began

    def test_the_first_query(self):
        """It has the time to read from the opening on, and a handshake does not begin it anew; the next has the idle time."""
        cert, key = Authority().issue('dns.test')
        times = ' timeouts {\n  read 1s\n  idle 6s\n }\n'
        tls = harness.free_port()
        with Server(f'.:{{PORT}} {{\n{times} whoami\n}}\ntls://.:{tls} {{\n tls cert.pem key.pem\n{times} whoami\n}}\n', files={'cert.pem': cert, 'key.pem': key}) as s:
            context = ssl.create_default_context(cadata=cert)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            secure = lambda c: context.wrap_socket(c)
            self.assertLess(self.silent(s.port), 4.5 * PATIENCE)
            self.assertLess(self.silent(tls, secure), 4.5 * PATIENCE)

            def asked(c):
                self.assertTrue(self.ask(c))
                return c
            self.assertGreater(self.silent(s.port, asked), 5)
            self.assertGreater(self.silent(tls, lambda c: asked(secure(c))), 5)


if __name__ == '__main__':
    harness.main()
