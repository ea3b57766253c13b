"""file and auto, answers that need more than one zone or transport: DS and its parent, chains that leave the zone, transfers of signed zones, ANY."""
import dns.flags, dns.message, dns.query, dns.rcode, dns.rdatatype, dns.zone

import harness, zones
from harness import Case, Server

T = dns.rdatatype
SOA = '$TTL 60\n@ 300 SOA ns root 1 1 1 1 20\n@ NS ns\nns A 192.0.2.1\n'
DS = f'DS {zones.DS}'
PARENT = SOA + f'child NS ns.child\nns.child A 192.0.2.2\nchild {DS}\nplain NS ns.plain\nns.plain A 192.0.2.3\n'


def texts(section):
    return sorted(f'{s.name} {T.to_text(s.rdtype)}' for s in section)


class Ds(Case):
    def check(self, corefile, files, folder=None):
        s = Server(corefile, {} if folder else files)
        if folder:
            (s.folder / folder).mkdir()
            for name, text in files.items():
                (s.folder / name).write_text(text)
        with s:
            r = s.ask('child.p.test', 'DS')
            self.assertEqual((texts(r.answer), bool(r.flags & dns.flags.AA)), (['child.p.test. DS'], True))
            r = s.ask('plain.p.test', 'DS')
            self.assertEqual((r.rcode(), texts(r.answer), texts(r.authority)), (0, [], ['p.test. SOA']))
            self.assertEqual(texts(s.ask('child.p.test', 'SOA').answer), ['child.p.test. SOA'])
            # Nobody has what is above.
            r = s.ask('p.test', 'DS')
            self.assertEqual((r.rcode(), texts(r.answer), texts(r.authority)), (0, [], ['p.test. SOA']))

    def test_files(self):
        for order in (('p.test', 'child.p.test', 'plain.p.test'), ('plain.p.test', 'child.p.test', 'p.test')):
            lines = ''.join(f' file {z} {z}\n' for z in order)
            self.check(f'test:{{PORT}} {{\n{lines}}}\n', {'p.test': PARENT, 'child.p.test': SOA, 'plain.p.test': SOA})

    def test_auto(self):
        files = {'zones/db.p.test': PARENT, 'zones/db.child.p.test': SOA, 'zones/db.plain.p.test': SOA}
        self.check('test:{PORT} {\n auto {\n directory zones\n }\n}\n', files, 'zones')

    def test_file_above_auto(self):
        """The plugins' order in the chain: the one with the child comes first."""
        files = {'zones/db.p.test': PARENT, 'child': SOA}
        self.check('test:{PORT} {\n file child child.p.test plain.p.test\n auto {\n directory zones\n }\n}\n', files, 'zones')

    def test_blocks(self):
        files = {'p': PARENT, 'c': SOA}
        self.check('p.test:{PORT} {\n file p\n}\nchild.p.test:{PORT} plain.p.test:{PORT} {\n file c\n}\n', files)


class Chains(Case):
    def test_other_zone(self):
        """What does not exist is denied by the zone that the name at the end lies in."""
        files = {'a': SOA + 'here CNAME gone.b.test.\nnone CNAME ns.b.test.\ncut CNAME x.cut.b.test.\nfar CNAME www.far.example.\n',
                 'b': SOA + 'cut NS ns.cut\nns.cut A 192.0.2.9\n'}
        with Server('a.test:{PORT} {\n file a\n}\nb.test:{PORT} {\n file b\n}\n', files) as s:
            r = s.ask('here.a.test')
            self.assertEqual((r.rcode(), texts(r.answer), texts(r.authority)), (3, ['here.a.test. CNAME'], ['b.test. SOA']))
            self.assertEqual(r.authority[0].ttl, 20)
            r = s.ask('none.a.test', 'TXT')
            self.assertEqual((r.rcode(), texts(r.answer), texts(r.authority)), (0, ['none.a.test. CNAME'], ['b.test. SOA']))
            r = s.ask('cut.a.test')
            self.assertEqual((r.rcode(), texts(r.answer), texts(r.authority)), (0, ['cut.a.test. CNAME'], ['cut.b.test. NS']))
            self.assertEqual(texts(r.additional), ['ns.cut.b.test. A'])
            r = s.ask('far.a.test')
            self.assertEqual((r.rcode(), texts(r.answer)), (0, ['far.a.test. CNAME']))

    def test_proofs_of_other_zone(self):
        signed = zones.with_chain(3, 'nsec3')
        with Server(f'a.test:{{PORT}} {{\n file a\n}}\n{zones.ORIGIN}:{{PORT}} {{\n file b\n}}\n',
                    {'a': SOA + f'here CNAME no.such.name.{zones.ORIGIN}\n', 'b': signed}) as s:
            direct = s.ask(f'no.such.name.{zones.ORIGIN}', tcp=True, want_dnssec=True)
            r = s.ask('here.a.test', tcp=True, want_dnssec=True)
            self.assertIn(T.NSEC3, [x.rdtype for x in r.authority])
            self.assertEqual(texts(r.authority), texts(direct.authority))

    def test_others_behind_alias(self):
        """A plugin before this one may have the target that the zone does not have."""
        with Server('a.test:{PORT} {\n hosts {\n 192.0.2.7 more.a.test\n fallthrough\n }\n file a\n}\n', {'a': SOA + 'here CNAME more\n'}) as s:
            self.assertEqual(texts(s.ask('here.a.test').answer), ['here.a.test. CNAME', 'more.a.test. A'])

    def test_target_case(self):
        with Server('a.test:{PORT} {\n file a\n}\n', {'a': SOA + 'd DNAME UP.A.Test.\nx.up TXT "x"\nc CNAME X.Up.A.TEST.\n'}) as s:
            for name in ('x.d.a.test', 'c.a.test'):
                self.assertIn('x.up.a.test. TXT', texts(s.ask(name, 'TXT').answer))

    def test_beside_alias(self):
        """NSEC and RRSIG stand beside a CNAME: they answer for themselves, and the alias is not followed."""
        text = zones.with_chain(3, 'nsec')
        z = dns.zone.from_text(text, origin=zones.ORIGIN, relativize=False)
        alias = next(n for n in sorted(z.nodes) if z.get_rdataset(n, T.CNAME) and b'*' not in n.labels)
        with Server(f'{zones.ORIGIN}:{{PORT}} {{\n file z\n}}\na.test:{{PORT}} {{\n file a\n}}\n', {'z': text, 'a': SOA + f'c CNAME {alias}\n'}) as s:
            self.assertEqual(texts(s.ask(alias, 'NSEC').answer), [f'{str(alias).lower()} NSEC'])
            self.assertEqual({x.rdtype for x in s.ask(alias, 'RRSIG').answer}, {T.RRSIG})
            for rdtype in ('RRSIG', 'NSEC'):
                r = s.ask('c.a.test', rdtype)
                self.assertEqual((r.rcode(), texts(r.answer), texts(r.authority)), (0, [], ['a.test. SOA']))


class Corners(Case):
    def test_bare_apex(self):
        """The apex exists, also where nothing else does; who falls through does so there too."""
        with Server('a.test:{PORT} {\n file a\n}\nb.test:{PORT} {\n file a {\n fallthrough\n }\n whoami\n}\n',
                    {'a': '@ 9 SOA ns.else. root 1 1 1 1 3\n'}) as s:
            r = s.ask('a.test', 'MX')
            self.assertEqual((r.rcode(), texts(r.authority), r.authority[0].ttl), (0, ['a.test. SOA'], 3))
            self.assertEqual(s.ask('x.a.test').rcode(), 3)
            self.assertIn('b.test. A', texts(s.ask('b.test').additional))

    def test_any(self):
        text = zones.with_chain(3, 'nsec')
        with Server(f'{zones.ORIGIN}:{{PORT}} {{\n file z\n}}\n', {'z': text}) as s:
            r = s.ask(zones.ORIGIN, 'ANY')
            self.assertEqual((r.rcode(), len(r.answer)), (0, 1))
            r = s.ask(zones.ORIGIN, 'ANY', want_dnssec=True)
            self.assertEqual({x.rdtype for x in r.answer}, {r.answer[0].rdtype, T.RRSIG})
            r = s.ask(zones.ORIGIN, 'ANY', tcp=True, want_dnssec=True)
            self.assertLessEqual({T.SOA, T.NS, T.NSEC, T.RRSIG}, {x.rdtype for x in r.answer})

    def test_iterations(self):
        zone = SOA + '@ NSEC3PARAM 1 0 1000 -\n' + '0' * 32 + ' NSEC3 1 0 1000 - ' + '0' * 32 + '\n'
        with Server('a.test:{PORT} {\n file a\n}\n', {'a': zone}) as s:
            r = s.ask('nope.a.test', want_dnssec=True)
            self.assertEqual((r.rcode(), texts(r.authority)), (3, ['a.test. SOA']))
            self.assertIn('[WARNING] Zone "a.test." in "a" has NSEC3 records of 1000 iterations: those of more than 500 are not used; sign it with 0',
                          s.out() + s.err())


class Transfers(Case):
    def axfr(self, s, name):
        query = dns.message.make_query(name, 'AXFR')
        return dns.query.tcp(query, '127.0.0.1', timeout=6, port=s.port).rcode()

    def test_below_apex(self):
        files = {'z': SOA + 'www A 192.0.2.1\nsub NS ns.sub\n'}
        for transfer in ('', ' transfer {\n to *\n }\n'):
            s = Server(f'a.test:{{PORT}} {{\n{transfer} file z\n}}\nb.test:{{PORT}} {{\n{transfer} auto {{\n directory zones\n }}\n}}\n', files)
            (s.folder / 'zones').mkdir()
            (s.folder / 'zones/db.b.test').write_text(files['z'])
            with s:
                for zone in ('a.test', 'b.test'):
                    self.assertEqual(self.axfr(s, zone), 0 if transfer else 5)
                    for name in ('www', 'sub', 'ns.sub', 'no.such'):
                        self.assertEqual(self.axfr(s, f'{name}.{zone}'), dns.rcode.NOTAUTH)

    def test_signed(self):
        """A transfer has what the file has, NSEC3 records included."""
        for kind in ('nsec', 'nsec3', 'optout'):
            text = zones.with_chain(4, kind)
            want = dns.zone.from_text(text, origin=zones.ORIGIN, relativize=False)
            with Server(f'{zones.ORIGIN}:{{PORT}} {{\n transfer {{\n to *\n }}\n file z\n}}\n', {'z': text}) as s:
                got = dns.zone.from_xfr(dns.query.xfr('127.0.0.1', zones.ORIGIN, port=s.port, relativize=False), relativize=False)
                sets = [{(n, d.rdtype, d.covers, len(d)) for n, d in z.iterate_rdatasets()} for z in (want, got)]
                self.assertEqual(sets[0], sets[1])


if __name__ == '__main__':
    harness.main()
