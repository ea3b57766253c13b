"""Random zones with the corners that answers are made wrong at, from a seed; and signed ones.

    python3 tests/e2e/zones.py SEED plain|nsec|nsec3|optout FOLDER [closed]     writes FOLDER/SEED-KIND.zone, prints its path and origin

In them: empty non-terminals, wildcards at several depths, also as aliases and as empty non-terminals, delegations that are signed, unsigned, without
glue and below empty non-terminals, DNAMEs within the zone and out of it, chains of aliases that end in each of these or nowhere, letter case.
"""
import pathlib, random, shutil, subprocess, sys

import dns.dnssec, dns.name, dns.rdatatype, dns.zone

ORIGIN = 'corners.example.'
KINDS = ('plain', 'nsec', 'nsec3', 'optout')
WORDS = ['a', 'b', 'c', 'www', 'mail', 'Host', 'x1', 'deep', 'ENT', 'sub', '_tcp', 'm-n', 'zz', 'q', 'LAB', '0', 'w']
DS = '12345 13 2 ' + '49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE0123456789ABCDEF01234567'


class Zone:
    """`closed`: no alias leads out of the zone, where a resolver would ask who is not there."""

    def __init__(self, seed, closed=False):
        self.r = random.Random(seed)
        self.closed = closed
        self.lines = []
        self.names = []     # that have data and may have more
        self.taken = set()  # lower case; nothing more may be put there
        self.cuts = []      # lower case; also DNAMEs
        self.goals = []     # targets for aliases

    def label(self):
        return self.r.choice(WORDS) + self.r.choice(['', '', str(self.r.randrange(9))])

    def below_cut(self, name):
        return any(name.lower() == c or name.lower().endswith('.' + c) for c in self.cuts)

    def fresh(self, depth=None, below=None):
        """A name that is not used, perhaps below one that is."""
        while True:
            labels = [self.label() for _ in range(depth or self.r.choice([1, 1, 1, 2, 2, 3, 4]))]
            up = below if below is not None else self.r.choice(self.names) if self.names and self.r.random() < .4 else ''
            name = '.'.join(labels + [up] if up else labels)
            low = name.lower()
            if low not in self.taken and not self.below_cut(name) and not any(t.endswith('.' + low) for t in self.cuts) and len(name) < 120:
                return name

    def add(self, name, text):
        self.lines.append(f'{name or "@"} {text}')

    def data(self, name, most=3):
        for t in self.r.sample(['A', 'AAAA', 'TXT', 'MX', 'SRV'], self.r.randint(1, most)):
            n = self.r.randrange(1, 250)
            self.add(name, {'A': f'A 192.0.2.{n}', 'AAAA': f'AAAA 2001:db8::{n:x}', 'TXT': f'TXT "t{n}" "{name}"', 'MX': f'MX {n} {self.goal()}',
                            'SRV': f'SRV 1 2 {n} {self.goal()}'}[t])

    def goal(self):
        return self.r.choice(self.goals) if self.goals and self.r.random() < .7 else self.outside('Out.Example.', 'ns', 'nowhere')

    def outside(self, out, *inside):
        return self.r.choice(list(inside) if self.closed else [out, *inside])

    def make(self):
        r = self.r
        ttl, minimum = r.choice([(300, 60), (60, 300), (3600, 0), (20, 1800)])
        self.lines = [f'$TTL {r.choice([30, 300, 3600])}', f'@ {ttl} SOA NS root 7 3600 600 86400 {minimum}', '@ NS ns', '@ NS ns.other.example.',
                      'ns A 192.0.2.53']
        self.taken |= {'', 'ns'}
        if r.random() < .5:
            self.data('')
        for _ in range(r.randint(4, 10)):
            name = self.fresh()
            self.data(name)
            self.names.append(name)
            self.taken.add(name.lower())
            self.goals.append(name)
        self.make_cuts()
        self.make_wildcards()
        self.make_aliases()
        return '\n'.join(self.lines) + '\n'

    def make_cuts(self):
        r = self.r
        for _ in range(r.randint(2, 6)):
            name = self.fresh()
            self.cuts.append(name.lower())
            for kind in r.sample(['glue', 'out', 'sibling'], r.randint(1, 2)):
                self.add(name, {'glue': f'NS ns.{name}', 'out': 'NS ns.Elsewhere.example.', 'sibling': 'NS ns'}[kind])
                if kind == 'glue' and r.random() < .8:
                    self.add(f'ns.{name}', 'A 192.0.2.99')
            if r.random() < .4:
                self.add(name, f'DS {DS}')
            if r.random() < .3:
                self.add(f'hidden.{name}', 'TXT "below a delegation"')
            if not self.closed:
                self.goals += [name, f'x.{name}']
        for _ in range(r.randint(1, 3)):
            name = self.fresh()
            target = self.outside('Other.Example.', 'nowhere', *self.names)
            self.add(name, f'DNAME {target}')
            if r.random() < .3:
                self.add(name, 'TXT "beside a DNAME"')
            self.cuts.append(name.lower())
            self.goals += [name, f'x.{name}', f'a.b.{name}']

    def make_wildcards(self):
        r = self.r
        for _ in range(r.randint(1, 5)):
            at = r.choice(['', '', r.choice(self.names), self.fresh(1), self.fresh(2)])
            name = f'*.{at}' if at else '*'
            if name.lower() in self.taken or self.below_cut(name):
                continue
            self.taken.add(name.lower())
            if r.random() < .2:
                self.data(f'{self.label()}.{name}')
            elif r.random() < .35:
                self.add(name, f'CNAME {self.goal()}')
            else:
                self.data(name, 2)
            self.goals.append(f'Any.{at}' if at else 'any')

    def make_aliases(self):
        r = self.r
        for _ in range(r.randint(3, 9)):
            name = self.fresh()
            if name.lower() == 'ns':
                continue
            self.taken.add(name.lower())
            parts = name.split('.')
            self.add(name, f'CNAME {self.outside("Out.Example.", "nowhere", "@", ".".join(parts[1:]) or "@", *self.goals)}')
            self.goals.append(name)


def generate(seed, closed=False):
    return Zone(seed, closed).make()


class Chain:
    """The records that signing adds, made here: signatures are no signatures, but stand where they must; NSEC and NSEC3 are right."""

    def __init__(self, text, kind, seed):
        r = random.Random(f'{seed} {kind} chain')
        self.zone = dns.zone.from_text(text, origin=ORIGIN, relativize=False)
        self.apex, self.kind = dns.name.from_text(ORIGIN), kind
        self.types = {n: {rds.rdtype for rds in node} for n, node in self.zone.nodes.items()}
        self.salt, self.iterations = r.choice(['-', 'aabb', '00' * 8]), r.choice([0, 0, 1, 10])
        self.lines = []

    def hidden(self, name):
        up = name
        while up != self.apex:
            up = up.parent()
            types = self.types.get(up, set())
            if dns.rdatatype.DNAME in types or (up != self.apex and dns.rdatatype.NS in types):
                return True
        return False

    def is_cut(self, name):
        return name != self.apex and dns.rdatatype.NS in self.types[name]

    def add(self, owner, ttl, rdtype, text):
        labels = len(owner) - 1 - (owner.labels[0] == b'*')
        self.lines.append(f'{owner} {ttl} {rdtype} {text}')
        self.lines.append(f'{owner} {ttl} RRSIG {rdtype} 13 {labels} {ttl} 20400101000000 20200101000000 1 {ORIGIN} bm8gc2lnbmF0dXJl')

    def sign_data(self, names):
        for n in names:
            for rds in self.zone.nodes[n]:
                if not self.is_cut(n) or rds.rdtype == dns.rdatatype.DS:
                    rdtype = dns.rdatatype.to_text(rds.rdtype)
                    self.add(n, rds.ttl, rdtype, '')
                    del self.lines[-2]  # it is in the zone already

    def bitmap(self, name, more):
        types = {dns.rdatatype.to_text(t) for t in self.types.get(name, ())}
        if types and self.is_cut(name):
            types &= {'NS', 'DS'}
        return ' '.join(sorted(types | more))

    def nsec(self, names):
        for n, following in zip(names, names[1:] + names[:1]):
            self.add(n, 60, 'NSEC', f'{following} {self.bitmap(n, {"RRSIG", "NSEC"})}')

    def nsec3(self, names):
        self.add(self.apex, 0, 'NSEC3PARAM', f'1 0 {self.iterations} {self.salt}')
        self.types[self.apex].add(dns.rdatatype.NSEC3PARAM)
        salt = None if self.salt == '-' else bytes.fromhex(self.salt)
        covered = set()
        for n in names:
            if self.kind == 'optout' and self.is_cut(n) and dns.rdatatype.DS not in self.types[n]:
                continue
            while n not in covered:
                covered.add(n)
                n = n if n == self.apex else n.parent()
        owners = sorted((dns.dnssec.nsec3_hash(n.canonicalize(), salt, self.iterations, 'SHA1').lower(), n) for n in covered)
        for (hashed, n), (following, _) in zip(owners, owners[1:] + owners[:1]):
            unsigned = n not in self.types or (self.is_cut(n) and dns.rdatatype.DS not in self.types[n])
            owner = dns.name.from_text(hashed, self.apex)
            self.add(owner, 60, 'NSEC3', f'1 {int(self.kind == "optout")} {self.iterations} {self.salt} {following} '
                     + self.bitmap(n, set() if unsigned else {'RRSIG'}))

    def text(self):
        names = sorted(n for n in self.types if not self.hidden(n))
        self.sign_data(names)
        if self.kind == 'nsec':
            self.nsec(names)
        else:
            self.nsec3(names)
        self.random_order()
        return '\n'.join(self.lines) + '\n'

    def random_order(self):
        random.Random(1).shuffle(self.lines)


def with_chain(seed, kind):
    """The text of a zone that looks as if it were signed, without tools that sign."""
    text = f'$ORIGIN {ORIGIN}\n' + generate(seed)
    return text if kind == 'plain' else text + Chain(text, kind, seed).text()


def keys(folder):
    """A KSK and a ZSK, made once for a folder."""
    if not list(pathlib.Path(folder).glob('K*.key')):
        for flags in ([], ['-f', 'KSK']):
            subprocess.run(['dnssec-keygen', '-q', '-a', 'ECDSAP256SHA256', *flags, '-K', folder, ORIGIN], check=True, capture_output=True)


def write(seed, kind, folder, closed=False):
    """Writes the zone of that seed and kind. Returns its path."""
    text = f'$ORIGIN {ORIGIN}\n' + generate(seed, closed)
    path = pathlib.Path(folder) / f'{seed}-{kind}.zone'
    if kind == 'plain':
        path.write_text(text)
        return path
    keys(folder)
    source = path.with_suffix('.unsigned')
    source.write_text(text)
    r = random.Random(f'{seed} {kind}')
    hashed = ['-3', r.choice(['-', 'AABB', '00' * 8]), '-H', str(r.choice([0, 0, 1, 10]))]
    options = {'nsec': [], 'nsec3': hashed, 'optout': hashed + ['-A']}[kind]
    # No order of names by chance, and no checks of what has corners on purpose.
    subprocess.run(['dnssec-signzone', '-q', '-S', '-P', '-K', folder, '-o', ORIGIN, '-O', 'text', '-f', str(path), *options, str(source)], check=True,
                   capture_output=True, cwd=folder)
    return path


def can_sign():
    return all(shutil.which(tool) for tool in ('dnssec-keygen', 'dnssec-signzone'))


if __name__ == '__main__':
    print(write(int(sys.argv[1]), *sys.argv[2:4], closed='closed' in sys.argv[4:]), ORIGIN)
