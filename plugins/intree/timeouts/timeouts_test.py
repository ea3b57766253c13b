"""timeouts, with a whole server: idle connections end, and those that have brought enough."""
import socket, struct, time

import dns.message

import harness
from harness import Case, Server

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


if __name__ == '__main__':
    harness.main()
