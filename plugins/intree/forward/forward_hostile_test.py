"""forward: answers that are cut off, make no sense or are forged; upstreams that lose letters, know no EDNS, want cookies; what goes up and
what comes back."""
import re, struct, threading, time, urllib.request

import dns.edns, dns.flags, dns.message, dns.name, dns.query, dns.rcode, dns.rrset

import harness
from forward_test import Client, Upstream, answer, corefile
from harness import Case, Server

COOKIE = 10


def plain(q, text='10.0.0.1'):
    """Without EDNS, as the question begins at once behind the header, and the record ends the message."""
    r = dns.message.make_response(q)
    r.use_edns(-1)
    r.answer.append(dns.rrset.from_text(q.question[0].name, 60, 'IN', 'A', text))
    return r


def mangled(q):
    """By name, what no answer may be: each has the id and, where it has one, the question."""
    whole = plain(q).to_wire()
    head, question = whole[:12], len(whole) - 16
    name = q.question[0].name.to_wire()
    def counts(an=1, ns=0, ar=0, qd=1):
        return head[:4] + struct.pack('>4H', qd, an, ns, ar)
    def flags(tc):
        return head[:2] + bytes([head[2] | 2 * tc]) + head[3:]
    record = whole[question:]
    asked = whole[12:question]
    return {
        'cut in a record': whole[:-3],
        'cut in its fixed part': whole[:question + 7],
        'cut at a record': counts(2) + whole[12:],
        'no record of those promised': counts(1) + asked,
        'one of the others missing': counts(1, 0, 1) + whole[12:],
        'many promised': counts(65535, 65535, 65535) + whole[12:],
        'bare header, TC': flags(True)[:4] + bytes(8),
        'bare header': head[:4] + bytes(8),
        'no question': counts(qd=0) + name + struct.pack('>HHIH', 1, 1, 60, 4) + b'\x0a\x00\x00\x01',
        'two questions': counts(qd=2) + asked + asked + record,
        'cut in the question': whole[:question - 3],
        'A of five bytes': whole[:question] + record[:10] + struct.pack('>H', 5) + b'\x0a\x00\x00\x01\x01',
        'A of three bytes': whole[:question] + record[:10] + struct.pack('>H', 3) + b'\x0a\x00\x00',
        'RDATA past the end': whole[:question] + record[:10] + struct.pack('>H', 40) + record[12:],
        'an owner that goes round': whole[:question] + struct.pack('>H', 0xc000 | question) + record[2:],
        'an owner from ahead': whole[:question] + struct.pack('>H', 0xc000 | (question + 20)) + record[2:],
        'an owner of a reserved kind': whole[:question] + b'\x80\x00' + record[2:],
        'OPT cut off': counts(1, 0, 1) + whole[12:] + b'\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x06\x00\x0a\x00\x08',
        'an option past its OPT': counts(1, 0, 1) + whole[12:] + b'\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x05\x00\x0a\x00\x08x',
    }


KINDS = list(mangled(dns.message.make_query('a.test', 'A')))


def subnet(message):
    return [o for o in message.options if o.otype == 8]


class Hostile(Case):
    def addresses(self, message):
        return [rd.address for rr in message.answer for rd in rr if rr.rdtype == 1]

    def kind_of(self, q):
        return KINDS[int(str(q.question[0].name).split('.')[0][1:])]

    def test_mangled(self):
        """Over UDP: the whole answer comes, by TCP. Over TCP: the next upstream's; there is none: a failure. Never what it was."""
        tcp = []
        def lie(q, wire=None):
            return [mangled(q)[self.kind_of(q)]]
        def truth(q):
            tcp.append(self.kind_of(q))
            return [answer(q, '10.0.0.2')]
        with Upstream(lie, truth) as u, Server(corefile(u, 'max_fails 0')) as s:
            for i, kind in enumerate(KINDS):
                began = time.time()
                m = s.ask(f'k{i}.test')
                self.assertEqual((m.rcode(), self.addresses(m), m.flags & dns.flags.TC), (0, ['10.0.0.2'], 0), kind)
                self.assertLess(time.time() - began, 1.5 * harness.PATIENCE, kind)
            self.assertEqual(tcp, KINDS)
        with Upstream(lie, lie) as u:
            with Server(corefile(u, 'max_fails 0')) as s:
                for i, kind in enumerate(KINDS):
                    for over_tcp in False, True:
                        m = s.ask(f'k{i}.test', tcp=over_tcp)
                        self.assertIn(m.rcode(), (dns.rcode.SERVFAIL, dns.rcode.FORMERR), kind)
                        self.assertEqual((m.answer, m.flags & dns.flags.TC), ([], 0), kind)
            with Upstream(lambda q, w: [answer(q, '10.0.0.3')], lambda q: [answer(q, '10.0.0.3')]) as well:
                text = '.:{PORT} {\n forward . 127.0.0.1:%d 127.0.0.1:%d {\n  policy sequential\n  max_fails 0\n }\n}\n' % (u.port, well.port)
                with Server(text) as s:
                    for i, kind in enumerate(KINDS):
                        self.assertEqual(self.addresses(s.ask(f'k{i}.test')), ['10.0.0.3'], kind)

    def test_shared(self):
        """The same for all who wait for one answer: nobody gets what was cut off."""
        def lie(q, wire=None):
            time.sleep(.1)
            return [mangled(q)['cut at a record']]
        with Upstream(lie, lambda q: [answer(q, '10.0.0.2')]) as u, Server(corefile(u)) as s:
            c = Client(s)
            for i in range(20):
                c.send(i, 'a.test')
            got = c.collect(20, 5)
            self.assertEqual([self.addresses(m) for m in got.values()], [['10.0.0.2']] * 20)

    def test_truncated(self):
        """TC over UDP is the client's affair, but with prefer_udp; over TCP it is a failure."""
        def cut(q, wire=None):
            r = dns.message.make_response(q)
            r.flags |= dns.flags.TC
            return [r.to_wire()]
        with Upstream(cut, lambda q: [answer(q)]) as u:
            with Server(corefile(u)) as s:
                self.assertTrue(s.ask('a.test').flags & dns.flags.TC)
                self.assertEqual(self.addresses(s.ask('a.test', tcp=True)), ['10.0.0.1'])
            with Server(corefile(u, 'prefer_udp')) as s:
                self.assertEqual(self.addresses(s.ask('a.test')), ['10.0.0.1'])
        with Upstream(cut, cut) as u:
            for options in 'prefer_udp', 'force_tcp':
                with Server(corefile(u, options)) as s:
                    m = s.ask('a.test')
                    self.assertEqual((m.rcode(), m.flags & dns.flags.TC), (dns.rcode.SERVFAIL, 0), options)

    def test_letters(self):
        """Chosen by chance for each question, the client's own when it gets the answer, also in owners that the upstream spelled out."""
        def spelled(q, wire=None):
            r = plain(q).to_wire()
            at = len(r) - 16
            name = q.question[0].name.to_wire()
            return [r[:at] + name + r[at + 2:]]
        with Upstream(spelled, spelled) as u, Server(corefile(u)) as s:
            for i in range(12):
                name = ('a.long.name.with.letters.test.', 'A.Long.NAME.with.letters.Test.')[i % 2]
                m = s.ask(name)
                self.assertEqual((str(m.question[0].name), str(m.answer[0].name)), (name, name))
            self.assertEqual(len({str(q.question[0].name) for q in u.asked}), 12)
        with Upstream() as u, Server(corefile(u, 'random_case off')) as s:
            for name in 'a.long.name.test.', 'A.Long.NAME.test.':
                s.ask(name)
            self.assertEqual([str(q.question[0].name) for q in u.asked], ['a.long.name.test.', 'A.Long.NAME.test.'])

    def test_letters_lost(self):
        """An upstream that loses them is asked over TCP at once, and then known for it; where it has no TCP, too."""
        def lower(q, w=None):
            q.question[0].name = dns.name.from_text(str(q.question[0].name).lower())
            return [answer(q)]
        def upper(q, w=None):
            q.question[0].name = dns.name.from_text(str(q.question[0].name).upper())
            return [answer(q)]
        keeps = lambda q: [answer(q)]
        closes = lambda q: [b'']
        for udp, tcp, questions in (lower, lower, 1), (upper, upper, 1), (lower, keeps, 4), (upper, closes, 1):
            with Upstream(udp, tcp) as u, Server(corefile(u)) as s:
                for i in range(10):
                    began = time.time()
                    m = s.ask(f'name{i}.with.many.letters.test')
                    self.assertEqual((m.rcode(), self.addresses(m)), (0, ['10.0.0.1']))
                    self.assertEqual(str(m.question[0].name), f'name{i}.with.many.letters.test.')
                    self.assertLess(time.time() - began, 1.5 * harness.PATIENCE)
                if tcp is not closes:
                    self.assertLessEqual(len(u.asked), 10 + questions)
                s.wait_for('does not keep the case of letters')
                self.assertEqual(s.out().count('does not keep the case of letters'), 1)
        """Nobody listens for TCP at all."""
        with Upstream(lower) as u:
            u.listener.close()
            with Server(corefile(u)) as s:
                for i in range(5):
                    self.assertEqual(self.addresses(s.ask(f'name{i}.with.many.letters.test')), ['10.0.0.1'])

    def test_letters_forged(self):
        """One answer in other letters, from somebody who has id and port: not taken, and the upstream is not thought the worse of."""
        def udp(q, w):
            fake = dns.message.make_query(str(q.question[0].name).swapcase(), 'A')
            fake.id = q.id
            return [answer(fake, '6.6.6.6'), answer(q)]
        with Upstream(udp, lambda q: [answer(q, '10.0.0.2')]) as u, Server(corefile(u)) as s:
            for i in range(3):
                self.assertEqual(self.addresses(s.ask(f'name{i}.with.many.letters.test')), ['10.0.0.2'])
            self.assertNotIn('does not keep', s.out())

    def metrics(self, port):
        with urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=10) as f:
            return f.read().decode()

    def test_guesses(self):
        """Ids are tried at a port: after some the question goes over TCP, what comes over UDP then is too late. A few do no harm."""
        def many(q, w):
            return [answer(q, '6.6.6.6', at0=i >> 8, at1=i & 255) for i in range(1, 60)] + [answer(q, '10.0.0.1')]
        def few(q, w):
            return [answer(q, '6.6.6.6', at0=i) for i in range(1, 9)] + [answer(q, '10.0.0.1')]
        for udp, want in (many, '10.0.0.2'), (few, '10.0.0.1'):
            http = harness.free_port()
            with Upstream(udp, lambda q: [answer(q, '10.0.0.2')]) as u:
                with Server('.:{PORT} {\n prometheus 127.0.0.1:%d\n forward . 127.0.0.1:%d\n}\n' % (http, u.port)) as s:
                    for i in range(4):
                        self.assertEqual(self.addresses(s.ask(f'n{i}.test')), [want])
                    counted = 'sodns_upstream_unwanted_total{reason="id",to="127.0.0.1:%d"} ' % u.port
                    value = [float(l[len(counted):]) for l in self.metrics(http).splitlines() if l.startswith(counted)]
                    self.assertGreaterEqual(value[0], 4 * (17 if udp is many else 8))

    def test_one_name(self):
        """Hundreds of questions for one name that nobody answers: few ids to hit at a time, the rest goes over TCP."""
        udp = []
        def keep(q, w):
            udp.append(q)
        def tcp(q):
            return [dns.message.make_response(q).to_wire()]
        with Upstream(keep, tcp) as u, Server(corefile(u, 'max_connect_attempts 1\nmax_fails 0')) as s:
            c = Client(s)
            for i in range(200):
                c.send(i, 'one.name.test', 'TYPE%d' % (1000 + i // 4), flags=[dns.flags.RD, 0, dns.flags.CD, dns.flags.RD | dns.flags.CD][i % 4])
            got = c.collect(200, 6)
            self.assertEqual(len(udp), 16)
            self.assertEqual(len([m for m in got.values() if m.rcode() == 0]), 184)
            c = Client(s)
            for i in range(200):
                c.send(i, f'other{i}.name.test')
            time.sleep(1)
            self.assertGreater(len(udp), 180, 'other names have nothing to do with it')

    def test_options(self):
        """The client's stay here, and the upstream's; what pass_options names goes on, and comes back."""
        client = [dns.edns.GenericOption(3, b''), dns.edns.ECSOption('10.1.2.0', 24), dns.edns.GenericOption(COOKIE, b'12345678'),
                  dns.edns.GenericOption(65001, b'x'), dns.edns.GenericOption(12, bytes(20))]
        server = [dns.edns.GenericOption(3, b'name'), dns.edns.GenericOption(65001, b'y'), dns.edns.GenericOption(15, b'\x00\x12why')]
        def udp(q, w):
            r = dns.message.make_response(q)
            r.use_edns(0, 0, 1232, options=server + [o for o in q.options if o.otype == COOKIE])
            r.answer.append(dns.rrset.from_text(q.question[0].name, 60, 'IN', 'A', '10.0.0.1'))
            return [r.to_wire()]
        for setting, up, down in ('', [], [15]), ('pass_options nsid 65001', [3, 65001], [3, 15, 65001]), ('pass_options ecs', [8], [15]):
            with Upstream(udp) as u, Server(corefile(u, setting)) as s:
                m = s.ask('a.test', use_edns=0, payload=4000, options=client)
                asked = u.asked[0]
                self.assertEqual(sorted(int(o.otype) for o in asked.options if o.otype != COOKIE), up, setting)
                self.assertNotIn(b'12345678', [o.data for o in asked.options if o.otype == COOKIE])
                self.assertEqual(asked.payload, 1232)
                self.assertEqual(sorted(int(o.otype) for o in m.options if o.otype in (3, 15, 65001)), down, setting)
                self.assertLessEqual({o.data for o in m.options if o.otype == COOKIE}, {b'12345678'})
                m = s.ask('b.test')
                self.assertEqual((m.edns, self.addresses(m)), (-1, ['10.0.0.1']))

    def by_subnet(self, scope, echo=True):
        def udp(q, w):
            found = subnet(q)
            r = answer(q, '10.0.0.1')
            if found:
                m = dns.message.from_wire(answer(q, '10.9.%s.1' % found[0].address.split('.')[2]))
                m.use_edns(0, 0, 1232, options=[dns.edns.ECSOption(found[0].address, found[0].srclen, scope)] if echo else [])
                r = m.to_wire()
            return [r]
        return udp

    def test_subnets(self):
        """An answer for one network reaches no other, whoever keeps it; with scope 0 it is everybody's."""
        def ask(s, third, **more):
            return self.addresses(s.ask('geo.test', use_edns=0, options=[dns.edns.ECSOption(f'10.1.{third}.0', 24)], **more))
        text = '.:{PORT} {\n cache\n forward . 127.0.0.1:%d {\n%s\n }\n}\n'
        for scope, echo in (24, True), (0, False):
            with Upstream(self.by_subnet(scope, echo)) as u, Server(text % (u.port, 'pass_options ecs')) as s:
                for _ in range(2):
                    self.assertEqual([ask(s, 1), ask(s, 2)], [['10.9.1.1'], ['10.9.2.1']])
                    self.assertEqual(self.addresses(s.ask('geo.test')), ['10.0.0.1'])
                    self.assertEqual(ask(s, 3), ['10.9.3.1'])
        with Upstream(self.by_subnet(24)) as u, Server(text % (u.port, '')) as s:
            self.assertEqual([ask(s, 1), ask(s, 2)], [['10.0.0.1']] * 2)
            self.assertEqual([subnet(q) for q in u.asked], [[]])
        """At the same time: one question must not be taken for the other."""
        def slow(q, w):
            time.sleep(.2)
            return self.by_subnet(24)(q, w)
        with Upstream(slow) as u, Server(text % (u.port, 'pass_options ecs')) as s:
            got, threads = {}, []
            for i in range(1, 5):
                threads.append(threading.Thread(target=lambda i=i: got.__setitem__(i, ask(s, i))))
                threads[-1].start()
            for t in threads:
                t.join()
            self.assertEqual(got, {i: [f'10.9.{i}.1'] for i in range(1, 5)})

    def test_subnets_by_rewrite(self):
        """The same where rewrite tells the client's network."""
        for scope, want in (24, ['10.9.0.1', '10.9.77.1', '10.9.0.1']), (0, ['10.9.0.1'] * 3):
            with Upstream(self.by_subnet(scope)) as u:
                with Server('.:{PORT} {\n cache\n rewrite edns0 subnet set 24 56\n forward . 127.0.0.1:%d\n}\n' % u.port) as s:
                    got = [self.addresses(self.ask_from(s, x))[0] for x in ('127.0.0.1', '127.0.77.1', '127.0.0.1')]
                    self.assertEqual(got, want)

    def ask_from(self, s, source):
        return dns.query.udp(dns.message.make_query('geo.test', 'A'), '127.0.0.1', timeout=6, port=s.port, source=source)

    def test_old_servers(self):
        """They know no EDNS, and say so by FORMERR or NOTIMP, with or without the question; or not at all."""
        def by(refuse):
            def udp(q, w=None):
                return [answer(q)] if q.edns < 0 else refuse(q)
            return udp
        def header(rcode):
            return lambda q: [q.to_wire()[:2] + bytes([0x80, rcode]) + bytes(8)]
        def whole(rcode):
            def out(q):
                r = dns.message.make_response(q)
                r.use_edns(-1)
                r.set_rcode(rcode)
                return [r.to_wire()]
            return out
        for refuse in header(1), header(4), whole(1), whole(4), lambda q: []:
            with Upstream(by(refuse), by(refuse)) as u, Server(corefile(u)) as s:
                for i in range(5):
                    m = s.ask(f'n{i}.test')
                    self.assertEqual((m.rcode(), self.addresses(m)), (0, ['10.0.0.1']))
                refuses = refuse(dns.message.make_query('a.test', 'A'))
                self.assertEqual([q.edns for q in u.asked], [0, -1, -1, -1, -1, -1] if refuses else [0, -1] * 3 + [-1] * 2)
        """That an answer is FORMERR to everything is the answer."""
        with Upstream(lambda q, w: whole(1)(q), whole(1)) as u, Server(corefile(u)) as s:
            self.assertEqual(s.ask('a.test').rcode(), dns.rcode.FORMERR)


class LookUps(Case):
    """Host names among the upstreams, looked up at start by a resolver that has liars beside it."""

    def answer(self, q, *records, id=0):
        r = dns.message.make_response(q)
        wire = bytearray(r.to_wire())
        for owner, rdtype, rclass, data in records:
            wire += owner + struct.pack('>HHIH', rdtype, rclass, 60, len(data)) + data
        wire[6:8] = struct.pack('>H', len(records))
        return bytes([wire[0] ^ id >> 8, wire[1] ^ id & 255]) + bytes(wire[2:])

    def upstreams(self, udp, tcp=None):
        """Those that come of it, as the metrics name them; None: it did not start."""
        http = harness.free_port()
        with Upstream(udp, tcp) as u:
            s = Server('.:{PORT} {\n prometheus 127.0.0.1:%d\n forward . up.host.test:5399 {\n  resolver 127.0.0.1:%d\n }\n}\n' % (http, u.port))
            try:
                s.start()
            except AssertionError as e:
                s.process = None
                self.assertIn('failed to resolve', str(e))
                return None
            finally:
                if s.process:
                    with urllib.request.urlopen(f'http://127.0.0.1:{http}/metrics', timeout=10) as f:
                        text = f.read().decode()
                s.__exit__()
            return sorted(re.findall(r'^sodns_forward_upstream_healthy\{.*to="(.*)"\}', text, re.M))

    def test_names(self):
        good, bad = b'\x7f\0\0\1', b'\x7f\0\0\x42'
        name = dns.name.from_text('up.host.test').to_wire()
        alias, other = dns.name.from_text('alias.test').to_wire(), dns.name.from_text('other.test').to_wire()
        here = b'\xc0\x0c'
        def a_only(*records, **more):
            def udp(q, w=None):
                return [self.answer(q, *records, **more) if q.question[0].rdtype == 1 else self.answer(q)]
            return udp
        want = ['127.0.0.1:5399']
        self.assertEqual(self.upstreams(a_only((here, 1, 1, good))), want)
        self.assertEqual(self.upstreams(a_only((name, 5, 1, alias), (alias, 1, 1, good), (other, 1, 1, bad))), want)
        self.assertEqual(self.upstreams(a_only((other, 1, 1, bad), (here, 1, 3, bad), (here, 28, 1, bad * 4), (here, 1, 1, bad + b'x'), (here, 1, 1, good))), want)
        for records in [(other, 1, 1, bad)], [(b'\xc0\xff', 1, 1, bad)], [(b'\x80', 1, 1, bad)], [(b'\xc0\x1e', 1, 1, bad)], [(here, 5, 1, b'\5al'), (here, 1, 1, bad)]:
            self.assertIsNone(self.upstreams(a_only(*records)))
        cut = a_only((here, 1, 1, good), (here, 1, 1, bad))
        self.assertEqual(self.upstreams(lambda q, w: [cut(q)[0][:-2] if q.question[0].rdtype == 1 else cut(q)[0]]), want)

    def test_guesses(self):
        """Other ids and questions are passed over, and when they are many the question goes over TCP."""
        good, bad, here = b'\x7f\0\0\1', b'\x7f\0\0\x42', b'\xc0\x0c'
        def lies(count):
            def udp(q, w):
                other = dns.message.make_query('other.test', 'A')
                other.id = q.id
                out = [self.answer(q, (here, 1, 1, bad), id=i + 1) for i in range(count)] + [self.answer(other, (here, 1, 1, bad))]
                return out + [self.answer(q, (here, 1, 1, good))] if q.question[0].rdtype == 1 else [self.answer(q)]
            return udp
        tcp = lambda q: [self.answer(q, (here, 1, 1, b'\x7f\0\0\2'))]
        self.assertEqual(self.upstreams(lies(8), tcp), ['127.0.0.1:5399'])
        self.assertEqual(self.upstreams(lies(40), tcp), ['127.0.0.2:5399'])


class Cookies(Case):
    """RFC 7873, the client's side."""

    def addresses(self, message):
        return [rd.address for rr in message.answer for rd in rr]

    def cookie(self, q):
        return next((o.data for o in q.options if o.otype == COOKIE), None)

    def reply(self, q, cookie, text='10.0.0.1', rcode=0):
        r = dns.message.make_response(q)
        r.use_edns(0, 0, 1232, options=[] if cookie is None else [dns.edns.GenericOption(COOKIE, cookie)])
        r.set_rcode(rcode)
        if not rcode:
            r.answer.append(dns.rrset.from_text(q.question[0].name, 60, 'IN', 'A', text))
        return r.to_wire()

    def test_kept(self):
        """One's own for each upstream, the server's with it from the second question on; none comes through to clients."""
        seen = {}
        def by(name):
            def udp(q, w):
                c = self.cookie(q)
                seen.setdefault(name, []).append(c)
                return [self.reply(q, c[:8] + name * 2)]
            return udp
        with Upstream(by(b'serverAA')) as a, Upstream(by(b'serverBB')) as b:
            with Server('.:{PORT} {\n forward . 127.0.0.1:%d 127.0.0.1:%d {\n  policy round_robin\n }\n}\n' % (a.port, b.port)) as s:
                for i in range(8):
                    m = s.ask(f'n{i}.test', use_edns=0)
                    self.assertEqual(self.addresses(m), ['10.0.0.1'])
                    self.assertEqual([o for o in m.options if o.otype == COOKIE], [])
        self.assertEqual({n: [len(c) for c in x] for n, x in seen.items()}, {n: [8, 24, 24, 24] for n in (b'serverAA', b'serverBB')})
        self.assertEqual({n: {c[8:] for c in x[1:]} for n, x in seen.items()}, {n: {n * 2} for n in seen})
        self.assertEqual([len({c[:8] for c in x}) for x in seen.values()], [1, 1])
        self.assertNotEqual(*({c[:8] for c in x} for x in seen.values()))

    def test_forged(self):
        """Who does not have it is not believed, and the question goes over TCP: another's, none where there was one, one that is cut."""
        forged = {'other': lambda c: b'01234567' + c[8:], 'none': lambda c: None, 'short': lambda c: c[:5], 'cut': lambda c: c[:8] + b'abc',
                  'server alone': lambda c: c[8:], 'long': lambda c: c[:8] + bytes(40)}
        def udp(q, w):
            c, kind = self.cookie(q), str(q.question[0].name).split('.')[0].lower().replace('-', ' ')
            if kind == 'good':
                return [self.reply(q, c[:8] + b'serverXX')]
            return [self.reply(q, forged[kind](c), '6.6.6.6')]
        def tcp(q):
            return [self.reply(q, self.cookie(q)[:8] + b'serverXX', '10.0.0.2')]
        with Upstream(udp, tcp) as u, Server(corefile(u)) as s:
            self.assertEqual(self.addresses(s.ask('good.test')), ['10.0.0.1'])
            for kind in forged:
                self.assertEqual(self.addresses(s.ask(kind.replace(' ', '-') + '.test')), ['10.0.0.2'], kind)
            self.assertEqual(self.addresses(s.ask('good.again.test')), ['10.0.0.1'])

    def test_given_up(self):
        """A server that has no cookies any more is believed when it says so over TCP; where it has no TCP, as well."""
        has = [True]
        def udp(q, w=None):
            return [self.reply(q, self.cookie(q)[:8] + b'serverXX' if has[0] else None)]
        for tcp in udp, lambda q: [b'']:
            has[0] = True
            with Upstream(udp, tcp) as u, Server(corefile(u)) as s:
                self.assertEqual(self.addresses(s.ask('a.test')), ['10.0.0.1'])
                has[0] = False
                for i in range(4):
                    self.assertEqual(self.addresses(s.ask(f'b{i}.test')), ['10.0.0.1'])
                if tcp is udp:
                    self.assertEqual(len(u.asked), 6)

    def test_bad_cookie(self):
        """BADCOOKIE brings the cookie that is to be used. A server that always says so is asked over TCP."""
        def fresh(q, w=None):
            c = self.cookie(q)
            good = c[8:] == b'newXnewX'
            return [self.reply(q, c[:8] + b'newXnewX', rcode=0 if good else 23)]
        def never(q, w=None):
            return [self.reply(q, self.cookie(q)[:8] + b'newXnewX', rcode=23)]
        with Upstream(fresh) as u, Server(corefile(u)) as s:
            for i in range(3):
                self.assertEqual(self.addresses(s.ask(f'n{i}.test')), ['10.0.0.1'])
            self.assertEqual(len(u.asked), 4)
        with Upstream(never, lambda q: [self.reply(q, self.cookie(q)[:8] + b'newXnewX', '10.0.0.2')]) as u, Server(corefile(u)) as s:
            self.assertEqual(self.addresses(s.ask('a.test')), ['10.0.0.2'])
        with Upstream(never, never) as u, Server(corefile(u)) as s:
            self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)

    def test_off(self):
        with Upstream() as u, Server(corefile(u, 'cookies off')) as s:
            s.ask('a.test')
            s.ask('b.test', use_edns=0)
            self.assertEqual([(q.edns, len(q.options)) for q in u.asked], [(-1, 0), (0, 0)])


if __name__ == '__main__':
    harness.main()
