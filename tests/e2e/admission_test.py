"""What plugins say before the chain: of listeners, by what stands in front of messages, and of server blocks, by the query."""
import re, socket, struct, time, urllib.request

import dns.message, dns.rcode

import harness
from harness import Case, Server

EXTRA = ['mark1', 'mark2', 'limit1', 'limit2', 'park']


def wire(name):
    return dns.message.make_query(name, 'A').to_wire()


def address(answer):
    """Whom whoami saw."""
    return next(rd.address for rr in dns.message.from_wire(answer).additional for rd in rr if rr.rdtype in (1, 28))


class Admission(Case):
    def udp(self, s, datagram, timeout=10):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.settimeout(timeout)
            c.sendto(datagram, ('127.0.0.1', s.port))
            try:
                return c.recv(4096)
            except socket.timeout:
                return None

    def rcodes(self, s, name, count):
        return [dns.rcode.to_text(dns.message.from_wire(self.udp(s, wire(name))).rcode()) for _ in range(count)]

    def tcp(self, s, *pieces):
        """The answer; b'' if the connection was closed. Each piece is there by itself before the next is sent."""
        with socket.create_connection(('127.0.0.1', s.port), 10) as c:
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for p in pieces:
                c.sendall(p)
                time.sleep(0.05)
            try:
                return c.recv(4096)[2:]
            except ConnectionResetError:
                return b''

    def said(self, s, count):
        s.wait_for(r'plugin/limit\d: ', count=count)
        return re.findall(r'plugin/(limit\d): (\S+) of (\S+) in (\S+): (\d+) of (\d+)', s.out())

    def test_order(self):
        """Both are asked, in plugin.cfg's order and not the Corefile's; what stands behind one that refuses is not."""
        with Server('.:{PORT} {\n whoami\n limit2 9\n limit1 2\n}\n', extra=EXTRA) as s:
            self.assertEqual(self.rcodes(s, 'www.test.', 4), ['NOERROR', 'NOERROR', 'REFUSED', 'REFUSED'])
            self.assertEqual([(x[0], x[4]) for x in self.said(s, 6)],
                             [('limit1', '1'), ('limit2', '1'), ('limit1', '2'), ('limit2', '2'), ('limit1', '3'), ('limit1', '4')])

    def test_several_of_one_plugin(self):
        with Server('.:{PORT} {\n whoami\n limit1 5\n limit1 1\n}\n', extra=EXTRA) as s:
            self.assertEqual(self.rcodes(s, 'www.test.', 2), ['NOERROR', 'REFUSED'])

    def test_own_block(self):
        """Blocks that share a listener have limits of their own; one without has none, nor has a name of no block."""
        blocks = ['a.test:{PORT} {\n limit1 1\n whoami\n}\n', 'b.test:{PORT} {\n limit1 3\n whoami\n}\n', 'c.test:{PORT} {\n whoami\n}\n']
        for corefile in ''.join(blocks), ''.join(reversed(blocks)):
            with self.subTest(corefile), Server(corefile, extra=EXTRA) as s:
                self.assertEqual(self.rcodes(s, 'c.test.', 4), ['NOERROR'] * 4)
                self.assertEqual(self.rcodes(s, 'd.test.', 2), ['REFUSED'] * 2)
                self.assertEqual(self.rcodes(s, 'www.a.test.', 2), ['NOERROR', 'REFUSED'])
                self.assertEqual(self.rcodes(s, 'www.b.test.', 4), ['NOERROR'] * 3 + ['REFUSED'])
                self.assertEqual({(x[1], x[3]) for x in self.said(s, 6)}, {('www.a.test.', 'a.test.'), ('www.b.test.', 'b.test.')})

    def test_views(self):
        """Of blocks of one zone, that which takes the query asks."""
        corefile = 'a.test:{PORT} {\n view x {\n  expr name() == \'x.a.test.\'\n }\n limit1 1\n whoami\n}\n' \
                   'a.test:{PORT} {\n limit1 2\n whoami\n}\n'
        with Server(corefile, extra=EXTRA) as s:
            self.assertEqual(self.rcodes(s, 'x.a.test.', 2), ['NOERROR', 'REFUSED'])
            self.assertEqual(self.rcodes(s, 'y.a.test.', 3), ['NOERROR', 'NOERROR', 'REFUSED'])

    def test_verdicts(self):
        """A refusal has the question and EDNS; what is dropped has no answer, over TCP neither; no plugin of the chain sees them."""
        port = harness.free_port()
        corefile = 'a.test:{PORT} {\n limit1 0\n log\n whoami\n}\nb.test:{PORT} {\n limit1 0 discard\n log\n whoami\n}\n' \
                   'c.test:{PORT} {\n log\n prometheus 127.0.0.1:%d\n whoami\n}\n' % port
        with Server(corefile, extra=EXTRA) as s:
            q = dns.message.make_query('www.a.test.', 'A', use_edns=0)
            r = dns.message.from_wire(self.udp(s, q.to_wire()))
            self.assertTrue(q.is_response(r))
            self.assertEqual((r.rcode(), r.edns), (dns.rcode.REFUSED, 0))
            framed = wire('www.b.test.')
            self.assertIsNone(self.udp(s, framed, 0.3))
            with socket.create_connection(('127.0.0.1', s.port), 10) as c:
                c.settimeout(0.3)
                c.sendall(struct.pack('!H', len(framed)) + framed)
                with self.assertRaises(socket.timeout):
                    c.recv(100)
            self.assertEqual(self.rcodes(s, 'c.test.', 1), ['NOERROR'])
            s.wait_for(r'A IN c\.test\.')
            self.assertNotRegex(s.out(), r'A IN www\.')
            metrics = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=10).read().decode()
            self.assertIn('sodns_packets_dropped_total{reason="refused by a plugin"} 1\n', metrics)
            self.assertIn('sodns_packets_dropped_total{reason="dropped by a plugin"} 2\n', metrics)

    def test_asks_of_plugins(self):
        """What a plugin asks for a query that was let in is not counted."""
        with Server('park:{PORT} {\n limit1 1\n park\n}\n', extra=EXTRA) as s:
            self.assertEqual(s.texts('ask.park'), ['ok'])
            self.assertEqual([x[1] for x in self.said(s, 1)], ['ask.park.'])

    def test_no_answerer(self):
        """A block without a plugin that answers refuses, whether others admit or not."""
        with Server('a.test:{PORT} {\n limit1 9\n}\nb.test:{PORT} {\n debug\n}\n', extra=EXTRA) as s:
            self.assertEqual(self.rcodes(s, 'a.test.', 1) + self.rcodes(s, 'b.test.', 1), ['REFUSED'] * 2)

    def test_peer_is_corrected_before(self):
        """Limits count the clients that a proxy names, not the proxy; over TCP, too."""
        corefile = '.:{PORT} {\n limit1 1\n proxyproto\n whoami\n}\n'
        head = b'\r\n\r\n\0\r\nQUIT\n' + b'\x21\x12\0\x0c' + socket.inet_aton('192.0.2.77') + socket.inet_aton('192.0.2.1') + b'\0\5\0\x35'
        q = wire('www.test.')
        framed = struct.pack('!H', len(q)) + q
        with Server(corefile, extra=EXTRA) as s:
            self.assertEqual(address(self.udp(s, head + q)), '192.0.2.77')
            self.assertEqual(dns.message.from_wire(self.udp(s, head + q)).rcode(), 5)
            self.assertEqual(address(self.udp(s, q)), '127.0.0.1')
            line = b'PROXY TCP4 192.0.2.78 192.0.2.1 4321 53\r\n'
            self.assertEqual(address(self.tcp(s, line[:9], line[9:] + framed)), '192.0.2.78')
            self.assertEqual(dns.message.from_wire(self.tcp(s, line + framed)).rcode(), 5)
            self.assertEqual([x[2] for x in self.said(s, 5)], ['192.0.2.77'] * 2 + ['127.0.0.1'] + ['192.0.2.78'] * 2)

    def test_prefaces(self):
        """Each reads what the one before has left, also in pieces; what one says of the peer before all is there is forgotten."""
        corefile = 'a.test:{PORT} {\n mark2 b 2\n whoami\n}\nb.test:{PORT} {\n mark1 a 1\n mark2 b 2\n whoami\n}\n'
        with Server(corefile, extra=EXTRA) as s:
            for name in 'a.test.', 'b.test.':
                q = wire(name)
                framed = struct.pack('!H', len(q)) + q
                for head, peer in (b'', '127.0.0.1'), (b'aa', '192.0.2.1'), (b'bb', '192.0.2.2'), (b'aabb', '192.0.2.2'):
                    self.assertEqual(address(self.udp(s, head + q)), peer, head)
                    self.assertEqual(address(self.tcp(s, head + framed)), peer, head)
                    pieces = [bytes([x]) for x in head] + [framed]
                    self.assertEqual(address(self.tcp(s, *pieces)), peer, head)
                # The second has its turn once, and the first not again: the rest is no DNS message of that length.
                self.assertNotEqual(self.tcp(s, b'bbaa' + framed)[:2], q[:2])

    def test_listeners(self):
        """Of the blocks of one listener, and not of others."""
        other = harness.free_port()
        with Server('.:{PORT} {\n mark1 a 1\n whoami\n}\n.:%d {\n mark1 c 3\n whoami\n}\n' % other, extra=EXTRA) as s:
            q = wire('www.test.')
            self.assertEqual(address(self.udp(s, b'aa' + q)), '192.0.2.1')
            s.port = other
            self.assertEqual(address(self.udp(s, b'cc' + q)), '192.0.2.3')

    def test_contradictions(self):
        """Blocks of a listener that want it read in different ways are refused, by both places."""
        mark = 'a.test:1053 {{\n mark1 a 1\n}}\nb.test:{} {{\n whoami\n mark1 a {}\n}}\n'.format
        proxy = 'a.test:1053 {{\n proxyproto {{\n  allow 192.0.2.0/24 198.51.100.0/24\n  {}\n }}\n}}\n' \
                'b.test:1053 {{\n proxyproto {{\n  allow {}\n }}\n}}\n'.format
        refused = (
            (mark(1053, 2), r'plugin/mark1: Corefile:6 - not the same as at Corefile:2: server blocks that share a listener '
                            r'\(dns://:1053\) share it as well'),
            (proxy('', '192.0.2.0/24'), r'plugin/proxyproto: Corefile:8 - not the same as at Corefile:2: '),
            (proxy('default use', '198.51.100.0/24 192.0.2.0/24'), r'plugin/proxyproto: Corefile:8 - not the same as at Corefile:2: '))
        taken = mark(1053, 1), mark(1054, 2), proxy('', '198.51.100.0/24 192.0.2.0/24')
        for corefile, message in refused:
            self.refused(corefile, message, extra=EXTRA)
        with Server('.:{PORT} {\n whoami\n}\n', extra=EXTRA) as s:
            for corefile in taken:
                s.write_corefile(corefile)
                run = s.run('-conf', 'Corefile', '-check')
                self.assertEqual((run.returncode, harness.complaints(run.stderr)), (0, ''), corefile)


if __name__ == '__main__':
    harness.main()
