"""tsig, with real signatures: answers, streams, clocks, keys of several blocks; and records that are malformed."""
import random, shutil, socket, struct, subprocess, time

import dns.flags, dns.message, dns.name, dns.query, dns.rcode, dns.tsig, dns.tsigkeyring

import harness
from harness import Case, Server

SECRET = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='
OTHER = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo='
KEYS = dns.tsigkeyring.from_text({'key.test.': SECRET, 'other.test.': OTHER, 'one.test.': SECRET, 'two.test.': SECRET,
                                  'three.test.': OTHER, 'md5.test.': OTHER})
HEAD = '$TTL 60\n@ SOA ns root 5 1 1 1 1\n@ NS ns\nns A 192.0.2.1\nbig TXT ' + ' '.join('"%s"' % ('x' * 200) for _ in range(4)) + '\n'
ZONE = HEAD + ''.join(f'host{i} TXT "{i:050}"\n' for i in range(5000))
COREFILE = '''
z.test:{PORT} {
    metadata
    log . "{name} {/tsig/key}"
    tsig {
        secret key.test. %s
        require AXFR
        require_opcode NOTIFY
    }
    transfer {
        to *
    }
    file zone
}
y.test:{PORT} {
    tsig {
        secret other.test. %s
        secret one.test. %s hmac-sha256
        secrets keys
    }
    whoami
}
''' % (SECRET, OTHER, SECRET)
FILE = '''
key "two.test." { algorithm hmac-sha512; secret "%s"; };
key three.test. { secret %s; algorithm HMAC-SHA1.; };
key md5.test. { algorithm hmac-md5; secret "%s"; };
''' % (SECRET, OTHER, OTHER)


class Tsig(Case):
    @classmethod
    def setUpClass(cls):
        cls.s = Server(COREFILE, files={'zone': ZONE, 'keys': FILE}).start()

    @classmethod
    def tearDownClass(cls):
        cls.s.__exit__()

    def query(self, name='ns.z.test.', rdtype='A', key='key.test.', algorithm=dns.tsig.HMAC_SHA256, **options):
        q = dns.message.make_query(name, rdtype, **options)
        q.use_tsig(KEYS, keyname=dns.name.from_text(key), algorithm=algorithm)
        return q

    def send(self, wire, timeout=3):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.settimeout(timeout)
            c.sendto(wire, ('127.0.0.1', self.s.port))
            try:
                return c.recv(65535)
            except TimeoutError:
                return None

    def test_algorithms(self):
        for a in ('HMAC_SHA1', 'HMAC_SHA224', 'HMAC_SHA256', 'HMAC_SHA384', 'HMAC_SHA512'):
            r = dns.query.udp(self.query(algorithm=getattr(dns.tsig, a)), '127.0.0.1', 3, self.s.port)
            self.assertEqual((r.rcode(), r.had_tsig), (0, True), a)
        with self.assertRaises(dns.tsig.PeerBadKey):
            dns.query.udp(self.query(algorithm=dns.tsig.HMAC_MD5), '127.0.0.1', 3, self.s.port)

    def test_own_algorithm(self):
        """A key that names its algorithm is good for no other, as with BIND."""
        for key, own in (('one.test.', 'HMAC_SHA256'), ('two.test.', 'HMAC_SHA512'), ('three.test.', 'HMAC_SHA1')):
            for a in ('HMAC_SHA1', 'HMAC_SHA224', 'HMAC_SHA256', 'HMAC_SHA384', 'HMAC_SHA512', 'HMAC_MD5'):
                q = self.query('x.y.test.', key=key, algorithm=getattr(dns.tsig, a))
                if a == own:
                    self.assertTrue(dns.query.udp(q, '127.0.0.1', 3, self.s.port).had_tsig)
                    continue
                with self.assertRaises(dns.tsig.PeerBadKey, msg=f'{key} {a}'):
                    dns.query.udp(q, '127.0.0.1', 3, self.s.port)
        with self.assertRaises(dns.tsig.PeerBadKey):
            dns.query.udp(self.query('x.y.test.', key='md5.test.', algorithm=dns.tsig.HMAC_MD5), '127.0.0.1', 3, self.s.port)
        self.assertIn('[WARNING] plugin/tsig: key "md5.test.": nothing can be signed with algorithm \'hmac-md5\'', self.s.out())

    def test_keys_of_other_blocks(self):
        r = dns.query.udp(self.query('x.y.test.', key='key.test.'), '127.0.0.1', 3, self.s.port)
        self.assertTrue(r.had_tsig)
        r = dns.query.udp(self.query(key='other.test.'), '127.0.0.1', 3, self.s.port)
        self.assertTrue(r.had_tsig)

    def test_errors(self):
        q = self.query()
        q.use_tsig({dns.name.from_text('nobody.'): b'x'}, keyname=dns.name.from_text('nobody.'))
        with self.assertRaises(dns.tsig.PeerBadKey):
            dns.query.udp(q, '127.0.0.1', 3, self.s.port)
        q.use_tsig({dns.name.from_text('key.test.'): b'x'}, keyname=dns.name.from_text('key.test.'))
        with self.assertRaises(dns.tsig.PeerBadSignature):
            dns.query.udp(q, '127.0.0.1', 3, self.s.port)

    def test_clock(self):
        real = time.time
        try:
            time.time = lambda: real() - 1000
            wire = self.query().to_wire()
        finally:
            time.time = real
        answer = self.send(wire)
        self.assertEqual(answer[3] & 15, dns.rcode.NOTAUTH)
        # The record ends in BADTIME and the server's time.
        error, other_len, server = struct.unpack('>HH6s', answer[-10:])
        self.assertEqual((error, other_len), (18, 6))
        self.assertLess(abs(int.from_bytes(server, 'big') - real()), 100)

    def test_signed_error_in_stream(self):
        """A name that the chain fails on is signed too."""
        r = dns.query.tcp(self.query('z.test.', 'IXFR'), '127.0.0.1', 3, self.s.port)
        self.assertEqual((r.rcode(), r.had_tsig), (dns.rcode.SERVFAIL, True))

    def test_transfer(self):
        with self.assertRaises(dns.query.TransferError):
            list(dns.query.xfr('127.0.0.1', 'z.test.', port=self.s.port))
        messages = list(dns.query.xfr('127.0.0.1', 'z.test.', port=self.s.port, keyring=KEYS, keyname='key.test.',
                                      keyalgorithm=dns.tsig.HMAC_SHA512))
        self.assertGreater(len(messages), 4)
        self.assertTrue(all(m.had_tsig for m in messages))
        self.assertEqual(sum(len(rr) for m in messages for rr in m.answer), 5005)

    def test_cut(self):
        """Room for the signature is kept."""
        q = self.query('big.z.test.', 'TXT', algorithm=dns.tsig.HMAC_SHA512)
        wire = q.to_wire()
        answer = self.send(wire)
        self.assertLessEqual(len(answer), 512)
        r = dns.message.from_wire(answer, keyring=q.keyring, request_mac=q.mac)
        self.assertTrue(r.flags & dns.flags.TC and r.had_tsig)
        q = self.query('big.z.test.', 'TXT', payload=1232)
        r = dns.query.udp(q, '127.0.0.1', 3, self.s.port)
        self.assertFalse(r.flags & dns.flags.TC)

    def test_metadata(self):
        dns.query.udp(self.query('metadata.z.test.'), '127.0.0.1', 3, self.s.port)
        self.s.wait_for(r'^\[INFO\] metadata\.z\.test\. key\.test\.$')
        self.s.ask('unsigned.z.test')
        self.s.wait_for(r'^\[INFO\] unsigned\.z\.test\. -$')

    def test_kdig(self):
        if not shutil.which('kdig'):
            self.skipTest('no kdig')
        out = subprocess.run(['kdig', '+tcp', '-y', 'hmac-sha384:key.test:' + SECRET, '@127.0.0.1', '-p', str(self.s.port),
                              'z.test', 'AXFR'], capture_output=True, text=True, timeout=20).stdout
        self.assertTrue('5005 records' in out and 'WARNING' not in out, out[-500:])

    def signed(self):
        """A signed query; where its record begins, and where its fixed part and RDATA do."""
        wire = self.query().to_wire()
        record = wire.rindex(b'\x03key')
        fixed = wire.index(b'\x00\xfa\x00\xff', record)
        return wire, record, fixed, fixed + 10

    def test_every_byte(self):
        """No byte of a signed query may change but the id (its original is signed) and letter case."""
        wire, record, fixed, rdata = self.signed()
        free = {0, 1, fixed + 2, fixed + 3}
        for i in range(len(wire)):
            for flip in (1, 0x80, 0xff):
                m = bytearray(wire)
                m[i] ^= flip
                r = self.send(bytes(m), timeout=0.05 if i in (2,) else 1)
                if r is None or i in free:
                    continue
                self.assertNotEqual((r[3] & 15, r[11]), (0, 1), f'byte {i} ^ {flip:x}')
        self.assertEqual(self.send(wire)[3] & 15, 0)

    def test_malformed(self):
        wire, record, fixed, rdata = self.signed()
        for cut in range(record, len(wire)):
            self.send(wire[:cut], timeout=0.02)
            m = bytearray(wire[:cut])
            if cut >= rdata:
                # The length tells the truth, the fields inside do not.
                m[rdata - 2:rdata] = struct.pack('>H', cut - rdata)
                self.assertEqual(self.send(bytes(m))[3] & 15, dns.rcode.FORMERR, cut)
        # A name that points at itself, one outside of the record, two signatures, one that is not the last.
        loop = wire[:rdata] + bytes([0xc0 | rdata >> 8, rdata & 255]) + wire[rdata + 2:]
        self.assertEqual(self.send(loop)[3] & 15, dns.rcode.FORMERR)
        twice = bytearray(wire + wire[record:])
        twice[11] = 2
        self.assertEqual(self.send(bytes(twice))[3] & 15, dns.rcode.FORMERR)
        before = bytearray(wire + b'\0\0\x29\x10\0\0\0\0\0\0\0')
        before[11] = 2
        self.assertEqual(self.send(bytes(before))[3] & 15, dns.rcode.FORMERR)
        random.seed(5)
        for _ in range(1500):
            m = bytearray(wire)
            for _ in range(random.randint(1, 8)):
                m[random.randrange(record, len(m))] = random.randrange(256)
            self.send(bytes(m), timeout=0.02)
        self.assertEqual(self.send(wire)[3] & 15, 0)


if __name__ == '__main__':
    harness.main()
