"""Answers of random zones against a model of the standards: RFC 1034, 4.3.2, wildcards (RFC 4592), DNAME (RFC 6672), negative answers (RFC 2308), and
that every proof of a signed zone proves what it must (RFC 4035, 5.4; RFC 5155, 8). Where Knot, NSD, BIND and Unbound are installed they are asked too.
"""
import base64, os, pathlib, random, re, shutil, subprocess, tempfile

import dns.dnssec, dns.flags, dns.message, dns.name, dns.query, dns.rcode, dns.rdatatype, dns.zone

import harness, zones
from harness import Case, Server

T = dns.rdatatype
APEX = dns.name.from_text(zones.ORIGIN)
TYPES = ['A', 'AAAA', 'TXT', 'MX', 'SRV', 'NS', 'DS', 'CNAME', 'DNAME', 'SOA']
PEERS = pathlib.Path(__file__).resolve().parents[3] / 'shared/peers'
SODNS = str(harness.BUILD / 'sodns')
CHAIN = 10
HEX = bytes.maketrans(b'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', b'0123456789abcdefghijklmnopqrstuv')
# More zones: SODNS_SEEDS=1,2,3
SEEDS = [int(s) for s in os.environ.get('SODNS_SEEDS', '1,2,5').split(',')]


class Model:
    """What a zone answers, from its records alone."""

    def __init__(self, text):
        z = dns.zone.from_text(text, origin=zones.ORIGIN, relativize=False)
        self.sets = {(n, s.rdtype): s for n, node in z.nodes.items() for s in node if s.rdtype not in (T.RRSIG, T.NSEC, T.NSEC3, T.NSEC3PARAM)}
        self.exist = set()
        for n, _ in self.sets:
            while n not in self.exist:
                self.exist.add(n)
                n = n if n == APEX else n.parent()
        self.params = z.get_rdataset(APEX, T.NSEC3PARAM)
        self.hashes = {n.labels[0].decode().lower() for n, node in z.nodes.items() if z.get_rdataset(n, T.NSEC3)}
        soa = self.sets[APEX, T.SOA]
        self.negative_ttl = min(soa.ttl, soa[0].minimum)

    def topmost(self, name, rdtype, own):
        """The topmost name on the way from the apex that has the type: for NS not the apex, for DNAME not the name itself."""
        for depth in range(len(APEX), len(name) + 1):
            n = name.split(depth)[1]
            if (n, rdtype) in self.sets and (own or n != name) and (rdtype != T.NS or n != APEX):
                return n

    def encloser(self, name):
        while name not in self.exist:
            name = name.parent()
        return name

    def is_hashed(self, name):
        p = self.params[0]
        return dns.dnssec.nsec3_hash(name.canonicalize(), p.salt, p.iterations, p.algorithm).lower() in self.hashes

    def has_no_proof(self, name):
        """Opt-out left the closest encloser out, and a wildcard that does not stand for the name can't be ruled out."""
        up = self.encloser(name)
        if not self.params or self.is_hashed(up):
            return False
        while not self.is_hashed(up):
            up = up.parent()
        return self.is_hashed(dns.name.Name((b'*',) + up.labels))

    def answer(self, name, rdtype):
        """(records, wildcards that were expanded, how it ends, the name it ends at)"""
        records, expanded, passed = [], [], set()
        for _ in range(CHAIN):
            end, target = self.step(name, rdtype, records, expanded)
            if not target or target in passed | {name}:
                break
            passed.add(name)
            name = target
        return records, expanded, end, name

    def step(self, name, rdtype, records, expanded):
        if not name.is_subdomain(APEX):
            return 'out', None
        cut, dname = self.topmost(name, T.NS, True), self.topmost(name, T.DNAME, False)
        if dname and (not cut or len(dname) <= len(cut)):
            target = self.sets[dname, T.DNAME][0].target
            made = name.relativize(dname).concatenate(target)
            records += [(dname, T.DNAME, self.texts(dname, T.DNAME), True), (name, T.CNAME, {made.to_text().lower()}, False)]
            return ('loop', None) if rdtype == T.CNAME else ('loop', made)
        if cut and not (cut == name and rdtype == T.DS):
            return 'referral', None
        owner, encloser = name, self.encloser(name)
        if encloser != name:
            owner = dns.name.Name((b'*',) + encloser.labels)
            if owner not in self.exist:
                return 'nxdomain', None
        for t in (T.CNAME, rdtype):
            if (owner, t) not in self.sets:
                continue
            records.append((name, t, self.texts(owner, t), True))
            if owner != name:
                expanded.append((name, encloser))
            return ('data', None) if t == rdtype else ('loop', self.sets[owner, t][0].target)
        return 'nodata', None

    def texts(self, owner, rdtype):
        return {rd.to_text().lower() for rd in self.sets[owner, rdtype]}


class Proof:
    """The NSEC or NSEC3 records of a message, and what they prove."""

    def __init__(self, r, kind):
        self.kind, self.nsec, self.nsec3 = kind, {}, {}
        for s in r.authority:
            if s.rdtype == T.NSEC:
                self.nsec[s.name] = s[0]
            if s.rdtype == T.NSEC3:
                self.nsec3[s.name.labels[0].decode().lower()] = s[0]

    def hash(self, name):
        p = next(iter(self.nsec3.values()))
        return dns.dnssec.nsec3_hash(name.canonicalize(), p.salt, p.iterations, p.algorithm).lower()

    def match(self, name):
        return self.nsec.get(name) if self.kind == 'nsec' else self.nsec3 and self.nsec3.get(self.hash(name))

    def cover(self, name):
        """The record whose gap the name lies in."""
        if self.kind == 'nsec':
            items = [(o, rd.next, rd) for o, rd in self.nsec.items()]
        else:
            items = [(o, base64.b32encode(rd.next).translate(HEX).decode(), rd) for o, rd in self.nsec3.items()]
            name = self.hash(name) if items else name
        for owner, following, rd in items:
            if owner < name < following or (following <= owner and (name > owner or name < following)):
                return rd

    def has_type(self, rd, rdtype):
        return any(w == rdtype >> 8 and len(b) > (rdtype & 255) // 8 and b[(rdtype & 255) // 8] & 0x80 >> (rdtype & 7) for w, b in rd.windows)

    def no_closer(self, name, encloser):
        """No name between the encloser and this one."""
        if self.kind == 'nsec':
            return self.cover(name)
        return self.cover(name.split(len(encloser) + 1)[1])

    def closest_encloser(self, name):
        """The closest encloser that the records prove (RFC 5155, 8.3), and whether the next closer name may be unsigned."""
        up = name
        while up != APEX and not self.match(up):
            up = up.parent()
        if not self.match(up):
            return None, False
        cover = self.cover(name.split(len(up) + 1)[1]) if up != name else None
        return (up, bool(cover.flags & 1)) if cover else (None, False)

    def no_type(self, name, rdtype):
        rd = self.match(name)
        if rd:
            cut = self.has_type(rd, T.NS) and not self.has_type(rd, T.SOA)
            return not self.has_type(rd, rdtype) and not self.has_type(rd, T.CNAME) and (not cut or rdtype == T.DS)
        if self.kind == 'nsec':
            rd = self.cover(name)
            return rd and rd.next.is_subdomain(name)  # an empty non-terminal
        return self.closest_encloser(name)[1]         # nothing there but unsigned delegations

    def no_name(self, name, encloser):
        star = dns.name.Name((b'*',) + encloser.labels)
        if self.kind == 'nsec':
            return self.cover(name) and not self.cover(name).next.is_subdomain(name) and self.cover(star)
        proved, _ = self.closest_encloser(name)
        return proved and self.cover(dns.name.Name((b'*',) + proved.labels))

    def wildcard_no_type(self, name, encloser, rdtype):
        star = dns.name.Name((b'*',) + encloser.labels)
        return self.no_closer(name, encloser) and (self.kind == 'nsec' or self.match(encloser)) and self.no_type(star, rdtype)


def rrsigs(section):
    return {(s.name, s.covers): s[0] for s in section if s.rdtype == T.RRSIG}


class Proofs(Case):
    def check_records(self, r, model, want, end):
        got = {(s.name, s.rdtype): {rd.to_text().lower() for rd in s} for s in r.answer if s.rdtype != T.RRSIG}
        if end == 'out':
            # The last name is nobody's here.
            got = {k: v for k, v in got.items() if k[0].is_subdomain(APEX)}
        self.assertEqual(got, {(n, t): texts for n, t, texts, _ in want})
        rcode = dns.rcode.NXDOMAIN if end == 'nxdomain' else dns.rcode.NOERROR
        self.assertEqual(r.rcode(), rcode)
        self.assertEqual(bool(r.flags & dns.flags.AA), end != 'referral' or bool(want))
        soa = [s for s in r.authority if s.rdtype == T.SOA]
        self.assertEqual([s.ttl for s in soa], [model.negative_ttl] if end in ('nodata', 'nxdomain') else [])
        self.assertEqual(len({(s.name, s.rdtype, s.covers) for s in r.authority}), len(r.authority))

    def check_signatures(self, r, want, expanded, unsigned):
        sigs, stars = rrsigs(r.answer), dict(expanded)
        for name, rdtype, _, signed in want:
            if not signed:
                continue
            sig = sigs[name, rdtype]
            labels = len(stars[name]) - 1 if name in stars else len(name) - 1 - (name.labels[0] == b'*')
            self.assertEqual(sig.labels, labels, name)
        sigs = rrsigs(r.authority)
        for s in r.authority:
            if s.rdtype != T.RRSIG and (s.rdtype != T.NS or s.name == APEX) and not (unsigned and s.rdtype == T.SOA):
                self.assertIn((s.name, s.rdtype), sigs)

    def check_proofs(self, r, model, expanded, end, name, rdtype, kind):
        proof = Proof(r, kind)
        for wild, encloser in expanded:
            self.assertTrue(proof.no_closer(wild, encloser), 'a closer name is not ruled out')
        if end == 'referral':
            cut = model.topmost(name, T.NS, True)
            self.assertEqual([s.name for s in r.authority if s.rdtype == T.NS], [cut])
            ds = any(s.rdtype == T.DS and s.name == cut for s in r.authority)
            self.assertEqual(ds, (cut, T.DS) in model.sets)
            self.assertTrue(ds or proof.no_type(cut, T.DS), 'DS is not ruled out')
        encloser = model.encloser(name) if name.is_subdomain(APEX) else None
        if end == 'nxdomain':
            self.assertTrue(proof.no_name(name, encloser), 'the name is not ruled out')
        if end == 'nodata' and name == encloser:
            self.assertTrue(proof.no_type(name, rdtype), 'the type is not ruled out')
        elif end == 'nodata':
            self.assertTrue(proof.wildcard_no_type(name, encloser, rdtype), 'the type of the wildcard is not ruled out')

    def check(self, s, model, name, rdtype, kind):
        records, expanded, end, last = model.answer(name, rdtype)
        plain = s.ask(name, rdtype, tcp=True)
        self.check_records(plain, model, records, end)
        for section in (plain.answer, plain.authority, plain.additional):
            self.assertFalse([x for x in section if x.rdtype in (T.RRSIG, T.NSEC, T.NSEC3)])
        if kind == 'plain':
            return
        r = s.ask(name, rdtype, tcp=True, want_dnssec=True)
        self.check_records(r, model, records, end)
        unsigned = end in ('nodata', 'nxdomain') and (APEX, T.SOA) not in rrsigs(r.authority) and model.has_no_proof(last)
        self.check_signatures(r, records, expanded, unsigned)
        self.check_proofs(r, model, expanded, 'unsigned' if unsigned else end, last, rdtype, kind)

    def questions(self, model, most):
        names = set()
        for n in model.exist:
            names |= {n} | {dns.name.Name((label,) + n.labels) for label in (b'x', b'*', b'zzz')}
        all_of_them = [(n, T.from_text(t)) for n in sorted(names) for t in TYPES]
        random.Random(7).shuffle(all_of_them)
        return all_of_them[:most]

    def run_zone(self, seed, kind, most):
        text = zones.with_chain(seed, kind)
        model = Model(text)
        if kind != 'plain':
            # The model knows what signing leaves alone.
            self.assertIn('NSEC', text)
        with Server(f'{zones.ORIGIN}:{{PORT}} {{\n file z.zone\n}}\n', {'z.zone': text}) as s:
            for name, rdtype in self.questions(model, most):
                with self.subTest(seed=seed, kind=kind, name=name.to_text(), rdtype=T.to_text(rdtype)):
                    self.check(s, model, name, rdtype, kind)

    def test_zones(self):
        for seed in SEEDS:
            for kind in zones.KINDS:
                self.run_zone(seed, kind, 150 if harness.SANITIZED or harness.RUNNER else 300)


class Peers(Case):
    def tool(self, name, *args):
        """Its output; the peers' ports may be taken by others meanwhile."""
        for _ in range(5):
            run = subprocess.run(['/usr/bin/python3', str(PEERS / name), '--max', '60', *args], capture_output=True, text=True, timeout=120)
            out = run.stdout + run.stderr
            if not re.search(r'does not serve it|^(\d+) asked, \1 bogus', out, re.M):
                return out
        self.fail(out)

    def need(self, *tools):
        missing = [t for t in tools if not shutil.which(t, path=os.environ['PATH'] + ':/usr/sbin')]
        if not PEERS.is_dir() or missing or not zones.can_sign():
            self.skipTest(f'needs {PEERS}, dnssec-signzone and {", ".join(tools)}')

    def test_peers(self):
        self.need('knotd', 'nsd', 'named')
        with tempfile.TemporaryDirectory() as folder:
            for seed, kind in zip((11, 12, 13, 14), zones.KINDS):
                options = [] if kind == 'plain' else ['--dnssec']
                out = self.tool('peer-diff', '--sodns', SODNS, *options, str(zones.write(seed, kind, folder)), zones.ORIGIN)
                # A stray datagram makes "UnexpectedSource" of an answer.
                self.assertNotRegex(out, r"\d+ x \('(NOERROR|NXDOMAIN|SERVFAIL|REFUSED|YXDOMAIN)")
                self.assertRegex(out, r': \d+ same, ')

    def bogus(self, zone, *server):
        """The questions that Unbound takes for bogus."""
        return set(re.findall(r'bogus: (\S+ \S+) SERVFAIL', self.tool('validate', *server, str(zone), zones.ORIGIN)))

    def test_validator(self):
        """Unbound calls a few good answers bogus, of Knot's too."""
        self.need('unbound', 'knotd')
        with tempfile.TemporaryDirectory() as folder:
            for seed, kind in zip((12, 13, 14), zones.KINDS[1:]):
                zone = zones.write(seed, kind, folder, closed=True)
                ours = self.bogus(zone, '--sodns', SODNS)
                self.assertLessEqual(ours, self.bogus(zone, '--server', 'knot') if ours else ours)


if __name__ == '__main__':
    harness.main()
