"""An upstream that lies about its records' data: every type, cut short, with names that run past their end, in front of plugins
that walk what it says. Nothing broken is passed on, kept, or read beyond."""
import socket, struct, threading

import dns.exception, dns.message, dns.name, dns.query, dns.rcode, dns.rdata, dns.rdatatype

import harness
from harness import Case, Server

# A good one of each type whose fields have lengths, as text or bytes.
GOOD = {
    'A': '192.0.2.1', 'AAAA': '2001:db8::1', 'NS': 'ns.bad.example.', 'CNAME': 'a.bad.example.', 'PTR': 'a.bad.example.',
    'SOA': 'ns.bad.example. hm.bad.example. 1 2 3 4 5', 'MX': '10 mx.z.example.', 'SRV': '0 1 53 host.z.example.', 'TXT': '"a" "bc"',
    'HINFO': 'a b', 'RP': 'a.bad.example. b.bad.example.', 'AFSDB': '1 a.bad.example.',
    'NAPTR': '1 2 "s" "t" "" a.bad.example.', 'KX': '1 a.bad.example.', 'DNAME': 'a.bad.example.', 'PX': '1 a.example. b.example.',
    'RRSIG': 'A 8 2 300 20300101000000 20200101000000 7 bad.example. AAEC', 'NSEC': 'a.bad.example. A RRSIG', 'DS': '1 8 2 ' + '01' * 32,
    'NSEC3': '1 0 2 AABB 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A', 'APL': '1:192.0.2.0/24', 'LOC': '51 30 12 N 0 7 39 W 0m',
    'IPSECKEY': '10 3 2 a.example. AAEC', 'AMTRELAY': '10 0 3 a.example.', 'HIP': '2 2001 AAEC a.example.',
    'SVCB': '1 host.z.example. alpn="h2" port="53"', 'HTTPS': '1 host.z.example. alpn="h2" ipv4hint="192.0.2.1"',
    'CAA': '0 issue "ca"', 'URI': '1 2 "ftp://a"', 'LP': '1 a.example.', 'CSYNC': '66 3 A NS',
}
# Types of which any beginning may be a whole record, or that end in bytes of any length.
ANY_LENGTH = {'DS', 'RRSIG', 'IPSECKEY', 'HIP', 'CAA', 'URI', 'NSEC', 'NSEC3', 'APL', 'TXT', 'SVCB', 'HTTPS', 'CSYNC'}
# Bytes that are no data of their type, whichever way one looks at them.
BROKEN = [
    ('HTTPS', b'\0\1\x3f'), ('HTTPS', b'\0\1\3abc'), ('HTTPS', b'\0\1\x3f' + b'a' * 20), ('HTTPS', b'\0\1\xc0\x0c'), ('HTTPS', b'\0\1\x41a\0'),
    ('SVCB', b'\0\1\x3f'), ('SVCB', b'\0\1' + b'\1a' * 130 + b'\0'), ('SVCB', b'\0\1\0\0\1\0\x05abc'), ('SVCB', b'\0\1\0\0\3\0\2\0\1\0\1\0\3\2h2'),
    ('MX', b'\0\1'), ('MX', b'\0\1\x3f'), ('MX', b'\0\1\1a'), ('SRV', b'\0\0\0\0\0\1'), ('SRV', b'\0\0\0\0\0\1\x3fabc'), ('CNAME', b'\x3fabc'),
    ('CNAME', b''), ('SOA', b'\0\0' + b'\0' * 19), ('SOA', b'\0\0' + b'\0' * 21), ('A', b'\1\2\3\4\5'), ('A', b''), ('AAAA', b'\0' * 15),
    ('NAPTR', b'\0\0\0\0\xff'), ('NAPTR', b'\0\0\0\0\1s\1t\0\x3f'), ('TXT', b''), ('TXT', b'\xff'), ('NSEC', b'\0\0\0'), ('NSEC', b'\0\0\x21' + b'a' * 33),
    ('PTR', b'\1a\0x'), ('RRSIG', b'\0' * 18 + b'\x3f'), ('DNAME', b'\x3f'), ('HIP', b'\xff\1\0\1a'), ('AMTRELAY', b'\0\3\x3f'), ('APL', b'\0\1\x20\x04a'),
]
WAYS = ('bad.example', 'out.z.example', 'alias.example', 'again.example')
COREFILE = '''.:{PORT} {
    errors
    log
    loadbalance
    cache 60
    rewrite name suffix .alias.example. .bad.example. answer auto
    rewrite stop name regex (.*)\\.again\\.example {1}.bad.example answer name (.*)\\.bad\\.example {1}.again.example answer value (.*)\\.z\\.example {1}.zz.example
    dns64
    template IN A tmpl.example {
        match ^(?P<n>.*)\\.tmpl\\.example\\.$
        answer "{{ .Name }} 60 IN CNAME {{ .Group.n }}.bad.example."
    }
    file z.zone z.example
    forward . 127.0.0.1:{UP} {
        max_fails 0
    }
}
'''
ZONE = '''$TTL 60
@ SOA ns hm 1 2 3 4 5
@ NS ns
ns A 192.0.2.1
host A 192.0.2.2
host AAAA 2001:db8::2
mx A 192.0.2.3
out DNAME bad.example.
'''


def message(query, rdtype, rdata, counts=None, header=0x8180):
    """The answer to a query: one record with these bytes."""
    at = 12
    while query[at]:
        at += 1 + query[at]
    question = query[12:at + 5]
    counts = counts or (1, 0, 0)
    record = b'\xc0\x0c' + struct.pack('>HHIH', dns.rdatatype.from_text(rdtype), 1, 60, len(rdata)) + rdata
    return query[:2] + struct.pack('>5H', header, 1, *counts) + question + record


class Liar:
    """Answers N.bad.example with case N."""

    def __init__(self, cases):
        self.cases, self.asked, self.ends, self.port = cases, set(), False, harness.free_port()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(('127.0.0.1', self.port))
        self.tcp = socket.create_server(('127.0.0.1', self.port))
        for s in (self.udp, self.tcp):
            s.settimeout(0.1)
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self.run_udp, self.run_tcp)]
        for t in self.threads:
            t.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.ends = True
        for t in self.threads:
            t.join()
        for s in (self.udp, self.tcp):
            s.close()

    def answer(self, query):
        label = query[13:13 + query[12]].decode().lower()
        if not label.isdigit():
            return message(query, 'TXT', b'\1x')
        self.asked.add(int(label))
        return self.cases[int(label)](query)

    def run_udp(self):
        while not self.ends:
            try:
                query, peer = self.udp.recvfrom(4096)
            except TimeoutError:
                continue
            self.udp.sendto(self.answer(query), peer)

    def run_tcp(self):
        while not self.ends:
            try:
                c, _ = self.tcp.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        with c, c.makefile('rb') as f:
            while len(head := f.read(2)) == 2:
                out = self.answer(f.read(int.from_bytes(head, 'big')))
                c.sendall(len(out).to_bytes(2, 'big') + out)


def wire_of(rdtype):
    return dns.rdata.from_text('IN', rdtype, GOOD[rdtype]).to_wire()


class Lying(Case):
    def ask_about(self, cases, types, broken, ways=WAYS):
        """Asks for each case by ways into the chain, then by all in turn; `broken`: what comes must be a failure."""
        with Liar(cases) as liar, Server(COREFILE.replace('{UP}', str(liar.port)), {'z.zone': ZONE}) as s:
            for i, rdtype in enumerate(types):
                # An alias that a DNAME makes is all that is asked for.
                for zone in {*ways, WAYS[i % len(WAYS)]} - {'out.z.example' if rdtype == 'CNAME' else ''} or WAYS[:1]:
                    q = dns.message.make_query(f'{i}.{zone}', rdtype)
                    try:
                        r, _ = dns.query.udp_with_fallback(q, '127.0.0.1', timeout=10, port=s.port, ignore_unexpected=True)
                    except dns.exception.FormError:
                        # Bytes of which only their end tells that they are too few.
                        self.assertIsNone(broken, (i, rdtype, zone))
                        continue
                    got = [rr for rr in r.answer if rr.rdtype == dns.rdatatype.from_text(rdtype) and 'out.z.' not in str(rr.name)]
                    if broken:
                        self.assertEqual((r.rcode(), got), (dns.rcode.SERVFAIL, []), (i, rdtype, zone))
                    elif not broken and broken is not None:
                        self.assertTrue(got, (i, rdtype, zone, r))
                if rdtype == 'A':
                    s.ask(f'{i}.bad.example', 'AAAA')
                    s.ask(f'{i}.tmpl.example', 'A')
            self.assertEqual(liar.asked, set(range(len(cases))))
            self.assertEqual(s.ask('host.z.example').answer[0][0].address, '192.0.2.2')

    def test_good(self):
        """What the others are measured by."""
        types = sorted(GOOD)
        self.ask_about([lambda q, t=t: message(q, t, wire_of(t)) for t in types], types, False)

    def test_broken(self):
        self.ask_about([lambda q, t=t, d=d: message(q, t, d) for t, d in BROKEN], [t for t, _ in BROKEN], True)

    def test_cut(self):
        """Every shorter piece of a type whose length is settled; a byte more."""
        cases = []
        for t in sorted(set(GOOD) - ANY_LENGTH):
            wire = wire_of(t)
            cases += [(t, wire[:n]) for n in range(len(wire))] + [(t, wire + b'\1')]
        self.ask_about([lambda q, t=t, d=d: message(q, t, d) for t, d in cases], [t for t, _ in cases], True, ())

    def test_cut_anywhere(self):
        """The rest: whatever is made of a piece, nothing is read beyond it."""
        cases = []
        for t in sorted(ANY_LENGTH):
            wire = wire_of(t)
            cases += [(t, wire[:n]) for n in range(len(wire))]
            cases += [(t, wire[:n] + b'\x3f' + wire[n + 1:]) for n in range(len(wire))]
        self.ask_about([lambda q, t=t, d=d: message(q, t, d) for t, d in cases], [t for t, _ in cases], None, ('out.z.example',))

    def test_counts(self):
        """Headers that promise more records than there are."""
        counts = [(2, 0, 0), (1, 1, 0), (1, 0, 1), (65535, 0, 0), (1, 65535, 65535)]
        self.ask_about([lambda q, c=c: message(q, 'TXT', b'\1x', c) for c in counts], ['TXT'] * len(counts), True)

    def test_pointers(self):
        """Chains of pointers, the longest that a message can hold, and names in pieces."""
        def chain(q, links):
            head = message(q, 'TXT', b'\xff' * 0)
            start = len(head) - 12
            head = head[:start]
            data = b''.join(struct.pack('>H', 0xc000 | (12 if i == 0 else start + 12 + 2 * (i - 1))) for i in range(links))
            first = b'\xc0\x0c' + struct.pack('>HHIH', 65280, 1, 60, len(data)) + data
            last = struct.pack('>H', 0xc000 | (start + 12 + 2 * (links - 1)))
            records = b''.join(last + struct.pack('>HHIH', 1, 1, 60, 4) + b'\1\2\3\4' for _ in range(40))
            return head[:6] + struct.pack('>H', 41) + head[8:] + first + records
        self.ask_about([lambda q: chain(q, 200)], ['A'], True)
        self.ask_about([lambda q: chain(q, 3)], ['A'], False)


if __name__ == '__main__':
    harness.main()
