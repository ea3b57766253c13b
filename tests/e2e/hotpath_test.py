"""A query that does not wait takes no memory and no lock: counted in the workers of a whole daemon."""
import mmap, os, signal, struct, unittest

import dns.message

import harness
from harness import BUILD, SANITIZED, Case, Server

ZONE = '@ 300 IN SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\nalias CNAME www\n*.w TXT x\nsub NS ns.sub\nns.sub A 192.0.2.3\n'
COREFILE = ('example.org:{PORT} {\n file zone\n log\n errors\n}\n.:{PORT} {\n whoami\n log\n}\n'
            'v.test:{PORT} {\n view v {\n expr "name() matches \'^w\' && any(split(client_ip(), \'.\'), int(#) in [1, 127])"\n'
            " expr upper(type()) + string(size()) in {A24: 1} or not incidr(client_ip(), '::1/128')\n }\n whoami\n}\n"
            'c.test:{PORT} {\n cache {\n prefetch 100000\n}\n file zone\n}\n')
NAMES = [('www.example.org', 'A'), ('www.example.org', 'AAAA'), ('no.example.org', 'A'), ('alias.example.org', 'A'),
         ('a.w.example.org', 'TXT'), ('x.sub.example.org', 'A'), ('example.org', 'SOA'), ('elsewhere.test', 'A'),
         ('www.v.test', 'A'), ('www.c.test', 'A'), ('WWW.c.test', 'A'), ('no.c.test', 'A')]


@unittest.skipIf(SANITIZED, 'a sanitizer has its own malloc')
class HotPath(Case):
    def setUp(self):
        self.server = Server(COREFILE, files={'zone': ZONE})
        path = self.server.folder / 'counts'
        path.write_bytes(bytes(16))
        os.environ.update(SODNS_COUNTS=str(path), LD_PRELOAD=str(BUILD / 'test-plugins/count_calls.so'))
        try:
            self.server.start()
        finally:
            del os.environ['SODNS_COUNTS'], os.environ['LD_PRELOAD']
        with open(path, 'r+b') as f:
            self.counts = mmap.mmap(f.fileno(), 16)

    def tearDown(self):
        self.server.__exit__()

    def rounds(self, count, **options):
        for _ in range(count):
            for name, rdtype in NAMES:
                self.server.ask(name, rdtype, **options)

    def counted(self):
        return struct.unpack('QQ', self.counts[:])

    def test_udp(self):
        self.rounds(50)  # pools, rings and the cache are filled
        self.rounds(1, want_dnssec=True)
        before = self.counted()
        self.rounds(100)
        self.rounds(25, want_dnssec=True)
        self.assertEqual(before, self.counted())

    def test_counts(self):
        """The counter counts: a TCP connection takes memory, a reload locks."""
        self.rounds(5)
        before = self.counted()
        self.server.ask('www.example.org', tcp=True)
        self.server.signal(signal.SIGUSR1)
        self.server.wait_for('Reloading complete')
        memory, locks = self.counted()
        self.assertGreater(memory, before[0])
        self.assertGreater(locks, before[1])


if __name__ == '__main__':
    harness.main()
