"""proxyproto, with a whole server: connections and datagrams with headers, whose they are taken for, and sessions."""
import socket, struct, time

import dns.message, dns.rdatatype

from harness import Case, Server

SIGNATURE = b'\r\n\r\n\0\r\nQUIT\n'


def v2(kind, source, port, command=0x21, tlv=b''):
    block = socket.inet_aton(source) + socket.inet_aton('192.0.2.1') + struct.pack('!2H', port, 53) + tlv
    return SIGNATURE + bytes([command, kind]) + struct.pack('!H', len(block)) + block


TCP4, UDP4 = 0x11, 0x12
V1 = b'PROXY TCP4 192.0.2.77 192.0.2.1 4321 53\r\n'


def client(wire):
    """Whom whoami saw."""
    m = dns.message.from_wire(wire)
    ip = [rd.address for rr in m.additional for rd in rr if rr.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)]
    port = [rd.port for rr in m.additional for rd in rr if rr.rdtype == dns.rdatatype.SRV]
    return ip[0], port[0]


class Proxyproto(Case):
    query = dns.message.make_query('who.test', 'A').to_wire()
    framed = struct.pack('!H', len(query)) + query

    def tcp(self, server, *pieces, source='127.0.0.1'):
        with socket.create_connection(('127.0.0.1', server.port), 5, (source, 0)) as c:
            for p in pieces:
                c.sendall(p)
                time.sleep(0.05)
            try:
                answer = c.recv(4096)
            except ConnectionResetError:
                answer = b''
            return client(answer[2:])[0] if answer else 'closed'

    def udp(self, c, server, datagram, timeout=2):
        c.settimeout(timeout)
        c.sendto(datagram, ('127.0.0.1', server.port))
        try:
            return client(c.recv(4096))[0]
        except socket.timeout:
            return 'nothing'

    def test_connections(self):
        with Server('.:{PORT} {\n proxyproto {\n  allow 127.0.0.1/32\n  default reject\n }\n whoami\n}\n') as s:
            self.assertEqual(self.tcp(s, V1 + self.framed), '192.0.2.77')
            self.assertEqual(self.tcp(s, V1[:3], V1[3:20], V1[20:] + self.framed[:1], self.framed[1:]), '192.0.2.77')
            self.assertEqual(self.tcp(s, v2(TCP4, '192.0.2.88', 1, tlv=b'x' * 300), self.framed), '192.0.2.88')
            self.assertEqual(self.tcp(s, v2(TCP4, '192.0.2.88', 1, 0x20) + self.framed), '127.0.0.1')
            self.assertEqual(self.tcp(s, b'PROXY UNKNOWN\r\n' + self.framed), '127.0.0.1')
            self.assertEqual(self.tcp(s, self.framed), '127.0.0.1')
            self.assertEqual(self.tcp(s, b'PROXY TCP9 x\r\n' + self.framed), 'closed')
            self.assertEqual(self.tcp(s, V1 + self.framed, source='127.0.0.9'), 'closed')
            self.assertEqual(self.tcp(s, self.framed, source='127.0.0.9'), '127.0.0.9')

    def test_datagrams(self):
        corefile = '.:{PORT} {\n proxyproto {\n  allow 127.0.0.1/32\n  default skip\n }\n log . "{remote}"\n' \
                   ' acl {\n  block net 192.0.2.99/32\n }\n whoami\n}\n'
        with Server(corefile) as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            self.assertEqual(self.udp(c, s, v2(UDP4, '192.0.2.88', 5) + self.query), '192.0.2.88')
            self.assertEqual(self.udp(c, s, self.query), '127.0.0.1')
            # A proxy that speaks for itself, with the addresses of whatever protocol, or of none.
            for head in (v2(UDP4, '192.0.2.88', 5, 0x20), v2(TCP4, '192.0.2.88', 5, 0x20), v2(0xff, '192.0.2.88', 5, 0x20),
                         SIGNATURE + b'\x20\0\0\0', SIGNATURE + b'\x20\0\0\5\4\0\2hi'):
                self.assertEqual(self.udp(c, s, head + self.query), '127.0.0.1', head)
            self.assertEqual(self.udp(c, s, SIGNATURE + b'\x21\0\0\0' + self.query, 0.3), 'nothing')
            self.assertEqual(self.udp(c, s, SIGNATURE + b'\x20\0\0\0', 0.3), 'nothing')
            self.assertEqual(self.udp(c, s, V1 + self.query, 0.3), 'nothing')
            self.assertEqual(self.udp(c, s, v2(TCP4, '192.0.2.88', 5) + self.query, 0.3), 'nothing')
            self.assertEqual(self.udp(c, s, v2(UDP4, '192.0.2.88', 5), 0.3), 'nothing')
            s.wait_for(r'dropping invalid Proxy Protocol packet from 127\.0\.0\.1:\d+: unsupported Proxy Protocol version 1')
            s.wait_for(r'not UDP type \(transport protocol: 0x11\)')
            s.wait_for(r'^\[INFO\] 192\.0\.2\.88$')
            c.sendto(v2(UDP4, '192.0.2.99', 5) + self.query, ('127.0.0.1', s.port))
            self.assertEqual(dns.message.from_wire(c.recv(4096)).rcode(), 5)

    def test_a_flood_of_bad_headers(self):
        """A line a second for a client and a reason, however many there are; it tells of those between."""
        with Server('.:{PORT} {\n proxyproto {\n  allow 127.0.0.1/32\n  default skip\n }\n whoami\n}\n') as s, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            began = time.monotonic()
            for _ in range(20):
                for _ in range(10):
                    c.sendto(V1 + self.query, ('127.0.0.1', s.port))
                self.assertEqual(self.udp(c, s, self.query), '127.0.0.1')
            s.wait_for('dropping invalid Proxy Protocol packet')
            took = time.monotonic() - began
            self.assertLessEqual(s.out().count('dropping invalid Proxy Protocol packet'), 1 + took)

    def test_sessions(self):
        corefile = '.:{PORT} {\n proxyproto {\n  udp_session_tracking 400ms 2\n }\n whoami\n}\n'
        with Server(corefile) as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            c.sendto(v2(UDP4, '192.0.2.88', 5), ('127.0.0.1', s.port))
            for _ in range(3):
                self.assertEqual(self.udp(c, s, self.query), '192.0.2.88')
                time.sleep(0.2)
            self.assertEqual(self.udp(other, s, self.query), '127.0.0.1')
            time.sleep(0.5)
            self.assertEqual(self.udp(c, s, self.query), '127.0.0.1')


if __name__ == '__main__':
    import harness
    harness.main()
