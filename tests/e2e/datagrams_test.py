"""How long UDP answers are: to local addresses as long as the client takes, to others, who may not have asked, 1232 bytes or
next to nothing; never longer than a datagram. And the address that was asked, on sockets that listen on all."""
import os, re, shutil, socket, struct, subprocess, sys, unittest

import dns.flags, dns.message, dns.query

import harness
from harness import Case, Server

INSIDE = 'SODNS_TEST_NAMESPACE'
V2 = b'\r\n\r\n\0\r\nQUIT\n'
PUBLIC = ['11.1.1.1', '9.9.9.9', '192.0.2.1', '203.0.113.9', '172.32.0.1', '192.0.0.9', '100.128.0.1', '2a00::1', '2001:db8::1', '2002::1',
          '64:ff9b::1']
LOCAL = ['10.0.0.1', '172.31.255.255', '192.168.3.4', '127.0.0.9', '100.64.0.1', '169.254.1.1', '198.19.0.1', 'fd00::1', 'fe80::5', '::1']


def text_record(name, size):
    """A line of a zone: a TXT record with so many bytes of data."""
    strings = ['x' * 255] * (size // 256) + (['y' * (size % 256 - 1)] if size % 256 else [])
    return f'{name} 60 TXT ' + ' '.join(f'"{s}"' for s in strings) + '\n'


ZONE = '@ 60 SOA ns root 1 2 3 4 5\n' + ''.join(text_record(f'r{n}', n) for n in (400, 1100, 1300, 3000, 5000)) + \
    ''.join(text_record('set', n) for n in (400, 401, 402, 403))
COREFILE = '''
z.test:{PORT} {
    proxyproto {
        allow 127.0.0.1/32
        default ignore
    }
    file zone
}
b.test:{PORT} {
    bufsize 4096
    file zone
}
'''


def empty_length(q):
    return len(q.to_wire())


class Datagrams(Case):
    def checks(self, ask, source, local):
        """What a client at this address gets."""
        for name, size, whole in (('r400.z.test', 4096, True), ('r1100.z.test', 1232, True), ('r1100.z.test', 4096, True),
                                  ('r1300.z.test', 1232, False), ('r1300.z.test', 4096, local), ('r1300.z.test', 65535, local),
                                  ('r3000.z.test', 4096, local), ('set.z.test', 4096, local), ('set.z.test', 1232, False),
                                  ('set.z.test', None, False), ('r1300.b.test', 4096, True), ('r3000.b.test', 65535, True),
                                  ('r5000.b.test', 65535, False)):
            q = dns.message.make_query(name, 'TXT', **({'use_edns': 0, 'payload': size} if size else {}))
            wire = ask(q, source)
            r = dns.message.from_wire(wire)
            what = f'{source} {name} {size}: {len(wire)} bytes'
            self.assertEqual(not r.flags & dns.flags.TC, whole, what)
            if whole or (local and name == 'set.z.test'):
                self.assertEqual(len(r.answer), 1, what)
            if not local and not whole:
                self.assertEqual(len(wire), empty_length(q), what)
                self.assertEqual((r.answer, r.authority, r.additional), ([], [], []), what)
            if not local and not name.endswith('.b.test'):
                self.assertLessEqual(len(wire), 1232, what)

    def test_by_address(self):
        """Addresses that a proxy tells."""
        def ask(q, source):
            family = socket.AF_INET6 if ':' in source else socket.AF_INET
            packed = socket.inet_pton(family, source)
            head = V2 + (b'\x21\x22' if ':' in source else b'\x21\x12') + struct.pack('>H', 2 * len(packed) + 4) + \
                packed * 2 + struct.pack('>HH', 4321, 53)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                c.settimeout(6)
                c.sendto(head + q.to_wire(), ('127.0.0.1', s.port))
                return c.recv(65535)
        with Server(COREFILE, files={'zone': ZONE}) as s:
            for source in PUBLIC:
                self.checks(ask, source, False)
            for source in LOCAL:
                self.checks(ask, source, True)

    def test_longest(self):
        """No datagram has more than 65507 bytes: what is longer is TC, and comes over TCP."""
        sizes = [65000, 65506, 65507, 65508, 65520, 65527, 65528, 65534, 65535]
        # header, question, record's head, OPT
        fixed = {n: 12 + len(f'm{n}.l.test') + 2 + 4 + 2 + 10 + 11 for n in sizes}
        zone = '@ 60 SOA ns root 1 2 3 4 5\n' + ''.join(text_record(f'm{n}', n - fixed[n]) for n in sizes)
        with Server('l.test:{PORT} {\n template IN A never.l.test {\n }\n file zone\n}\n', files={'zone': zone}) as s:
            for n in sizes:
                q = dns.message.make_query(f'm{n}.l.test', 'TXT', use_edns=0, payload=65535)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                    c.settimeout(6)
                    c.sendto(q.to_wire(), ('127.0.0.1', s.port))
                    wire = c.recv(65535)
                self.assertEqual(bool(wire[2] & 2), n > 65507, n)
                self.assertEqual(len(wire) == n, n <= 65507, n)
                r = dns.query.tcp(q, '127.0.0.1', timeout=6, port=s.port)
                self.assertEqual(len(r.answer), 1, n)

    @unittest.skipIf(INSIDE in os.environ, 'is inside')
    def test_namespace(self):
        command = ['unshare', '--user', '--map-root-user', '--net']
        if subprocess.run([*command, 'true'], capture_output=True).returncode or not shutil.which('ip'):
            self.skipTest('no network namespaces')
        r = subprocess.run([*command, sys.executable, __file__, 'Inside'], capture_output=True, text=True, timeout=120,
                           env={**os.environ, INSIDE: '1'})
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertIn('Ran 1 test', r.stderr)


@unittest.skipUnless(INSIDE in os.environ, 'needs a namespace')
class Inside(Datagrams):
    """In a namespace whose loopback has addresses of the Internet."""
    test_by_address = test_longest = test_namespace = None

    def test_packets(self):
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        addresses = ['11.1.1.1', '10.1.1.1', '2a00::1', 'fd00::1']
        for a in addresses:
            subprocess.run(['ip', 'address', 'add', a + ('/128' if ':' in a else '/32'), 'dev', 'lo', *(['nodad'] if ':' in a else [])],
                           check=True)

        def ask(q, source, to=None):
            with socket.socket(socket.AF_INET6 if ':' in source else socket.AF_INET, socket.SOCK_DGRAM) as c:
                c.settimeout(6)
                c.bind((source, 0))
                to = (to or source, s.port)
                c.sendto(q.to_wire(), to)
                wire, sender = c.recvfrom(65535)
                self.assertEqual(sender[:2], to)
                return wire
        corefile = COREFILE + '''
l.test:{PORT} {
    log . "{name} {local}"
    view asked {
        expr server_ip() == '11.1.1.1' || server_ip() == 'fd00::1'
    }
    whoami
}
l.test:{PORT} {
    log . "{name} {local} other"
    whoami
}
'''
        with Server(corefile, files={'zone': ZONE}) as s:
            for source in addresses:
                self.checks(ask, source, source in ('10.1.1.1', 'fd00::1'))
            for n, (source, to) in enumerate((a, b) for a in addresses for b in addresses if (':' in a) == (':' in b)):
                ask(dns.message.make_query(f'n{n}.l.test', 'A'), source, to)
                shown = f'[{to}]' if ':' in to else to
                end = '' if to in ('11.1.1.1', 'fd00::1') else ' other'
                s.wait_for(rf'^\[INFO\] n{n}\.l\.test\. {re.escape(shown)}{end}$')


if __name__ == '__main__':
    harness.main()
