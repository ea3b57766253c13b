"""forward: upstreams that lie, cut off, close, keep silent; connections; questions asked once; a reload meanwhile."""
import signal, socket, threading, time

import dns.edns, dns.flags, dns.message, dns.rcode, dns.rrset

import harness
from harness import SANITIZED, Case, Server


class Upstream:
    """A server of the test's making, on UDP and TCP: udp(query, wire) and tcp(query) give the messages to send back,
    None: nothing; tcp may give b'' to close."""

    def __init__(self, udp=None, tcp=None):
        self.udp, self.tcp = udp or (lambda q, w: [answer(q)]), tcp or (lambda q: [answer(q)])
        self.asked, self.connections, self.ends = [], 0, False
        self.port = harness.free_port()
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(('127.0.0.1', self.port))
        self.listener = socket.create_server(('127.0.0.1', self.port))
        self.other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for s in (self.datagrams, self.listener):
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
        for s in (self.datagrams, self.listener, self.other):
            s.close()

    def run_udp(self):
        while not self.ends:
            try:
                wire, peer = self.datagrams.recvfrom(4096)
            except TimeoutError:
                continue
            q = dns.message.from_wire(wire)
            if q.question[0].rdtype == 2:
                self.datagrams.sendto(answer(q), peer)
                continue
            self.asked.append(q)
            for out in self.udp(q, wire) or []:
                sender, bytes_ = out if isinstance(out, tuple) else (self.datagrams, out)
                sender.sendto(bytes_, peer)

    def run_tcp(self):
        while not self.ends:
            try:
                c, _ = self.listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        with c, c.makefile('rb') as f:
            while not self.ends:
                head = f.read(2)
                if len(head) < 2:
                    return
                q = dns.message.from_wire(f.read(int.from_bytes(head, 'big')))
                check = q.question[0].rdtype == 2
                if not check:
                    self.asked.append(q)
                for out in [answer(q)] if check else self.tcp(q) or []:
                    if not out:
                        return
                    c.sendall(len(out).to_bytes(2, 'big') + out)


def answer(q, text='10.0.0.1', **header):
    r = dns.message.make_response(q)
    r.answer.append(dns.rrset.from_text(q.question[0].name, 60, 'IN', 'A', text))
    wire = bytearray(r.to_wire())
    for at, value in header.items():
        wire[int(at[2:])] ^= value
    return bytes(wire)


def other_question(q):
    fake = dns.message.make_query('other.test', 'A')
    fake.id = q.id
    return answer(fake)


def corefile(upstream, properties=''):
    return '.:{PORT} {\n errors\n forward . 127.0.0.1:%d {\n%s\n}\n}\nhere.test:{PORT} {\n whoami\n}\n' % (upstream.port, properties)


class Client:
    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.connect(('127.0.0.1', server.port))
        self.socket.settimeout(0.2)

    def send(self, number, name, rdtype='A', **more):
        q = dns.message.make_query(name, rdtype, **more)
        q.id = number
        self.socket.send(q.to_wire())

    def collect(self, count, seconds):
        """By id; `last` is when the last one came."""
        out, end = {}, time.time() + seconds
        while len(out) < count and time.time() < end:
            try:
                wire = self.socket.recv(4096)
            except TimeoutError:
                continue
            out[int.from_bytes(wire[:2], 'big')] = wire
            self.last = time.time()
        self.socket.close()
        return {i: dns.message.from_wire(wire) for i, wire in out.items()}


class Forward(Case):
    def addresses(self, message):
        return [rd.address for rr in message.answer for rd in rr]

    def test_lies(self):
        """What is not the answer is passed over: another id, another question, another port."""
        def udp(q, wire):
            return [answer(q, '6.6.6.1', at0=0x55), other_question(q), (u.other, answer(q, '6.6.6.2')), b'', wire[:5], answer(q)]
        with Upstream(udp) as u, Server(corefile(u)) as s:
            for i in range(20):
                self.assertEqual(self.addresses(s.ask(f'n{i}.test')), ['10.0.0.1'])

    def test_only_lies(self):
        lie = lambda q, w=None: [other_question(q)]
        with Upstream(lie, lie) as u, Server(corefile(u, 'max_fails 0\nread_timeout 300ms')) as s:
            self.assertEqual(s.ask('a.test').rcode(), dns.rcode.FORMERR)
            self.assertEqual(s.ask('b.test', tcp=True).rcode(), dns.rcode.FORMERR)

    def test_long(self):
        """More than the client takes is cut to its size, with TC."""
        def many(q):
            r = dns.message.make_response(q)
            r.answer.append(dns.rrset.from_text_list(q.question[0].name, 60, 'IN', 'A', [f'10.0.{i}.1' for i in range(200)]))
            return [r.to_wire(max_size=65535)]
        with Upstream(lambda q, w: many(q), many) as u, Server(corefile(u)) as s:
            m = s.ask('a.test')
            self.assertTrue(m.flags & dns.flags.TC)
            self.assertLessEqual(len(m.to_wire()), 512)
            self.assertEqual(len(s.ask('a.test', tcp=True).answer[0]), 200)

    def test_connection_kept(self):
        with Upstream() as u, Server(corefile(u, 'force_tcp')) as s:
            for i in range(10):
                self.assertEqual(self.addresses(s.ask(f'n{i}.test')), ['10.0.0.1'])
            self.assertEqual(u.connections, 1)

    def test_connection_closed(self):
        """The upstream closes after each answer: what was sent on the closed connection is sent again."""
        with Upstream(tcp=lambda q: [answer(q), b'']) as u, Server(corefile(u, 'force_tcp')) as s:
            for i in range(10):
                self.assertEqual(self.addresses(s.ask(f'n{i}.test')), ['10.0.0.1'])

    def test_closed_within(self):
        """It closes within the answer each time: SERVFAIL, and not after long."""
        class Half(Upstream):
            def serve(self, c):
                with c:
                    c.recv(4096)
                    c.sendall(b'\x00\x40abc')
        with Half() as u, Server(corefile(u, 'force_tcp')) as s:
            began = time.time()
            self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)
            self.assertLess(time.time() - began, 4)

    def test_out_of_order(self):
        """All answers on one of the connections, the last question's first: only its own ones count."""
        held = []
        def tcp(q):
            held.append(answer(q, '10.0.0.%d' % int(str(q.question[0].name)[1:3])))
            if len(held) < 20:
                return []
            out, held[:] = held[::-1], []
            return out
        with Upstream(tcp=tcp) as u, Server(corefile(u, 'force_tcp\nmax_connect_attempts 1')) as s:
            c = Client(s)
            for i in range(20):
                c.send(i, f'n{10 + i}.test')
            got = c.collect(20, 6)
            shared = {m.id for m in got.values() if self.addresses(m) == [f'10.0.0.{10 + m.id}']}
            wrong = [m for m in got.values() if self.addresses(m) not in ([f'10.0.0.{10 + m.id}'], [])]
            self.assertEqual(len(got), 20)
            self.assertEqual(wrong, [])
            self.assertTrue(shared)

    def test_asked_once(self):
        """Fifty clients with the same question in other letters, sizes and options: one question upstream, and to each its own letters."""
        def udp(q, wire):
            time.sleep(0.1)
            return [answer(q)]
        with Upstream(udp) as u, Server(corefile(u, 'max_connect_attempts 1')) as s:
            c = Client(s)
            for i in range(50):
                name = ''.join(x.upper() if i >> k % 5 & 1 else x for k, x in enumerate('same.test'))
                options = [dns.edns.GenericOption(65001, bytes([i])), dns.edns.GenericOption(10, bytes([i] * 8)),
                           dns.edns.ECSOption('10.0.%d.0' % i, 24)][i % 3:]
                c.send(i, name, **dict(use_edns=0, payload=512 + 16 * i, options=options) if i % 2 else {})
            got = c.collect(50, 5)
            self.assertEqual(len(got), 50)
            self.assertEqual({tuple(self.addresses(m)) for m in got.values()}, {('10.0.0.1',)})
            for i, m in got.items():
                name = ''.join(x.upper() if i >> k % 5 & 1 else x for k, x in enumerate('same.test'))
                self.assertEqual({str(m.question[0].name), str(m.answer[0].name)}, {name + '.'})
                self.assertEqual(m.edns, 0 if i % 2 else -1)
                self.assertNotIn(10, [o.otype for o in m.options if o.data != bytes([i] * 8)])
            self.assertEqual(len(u.asked), 1)
            self.assertEqual((u.asked[0].payload, [int(o.otype) for o in u.asked[0].options]), (1232, [10]))

    def test_ports_and_ids(self):
        """A port serves a bounded number of questions, ids do not repeat in a row."""
        ports = []
        class Noting(Upstream):
            def run_udp(self):
                while not self.ends:
                    try:
                        wire, peer = self.datagrams.recvfrom(4096)
                    except TimeoutError:
                        continue
                    ports.append((peer[1], wire[:2]))
                    self.datagrams.sendto(answer(dns.message.from_wire(wire)), peer)
        with Noting() as u, Server(corefile(u)) as s:
            for i in range(600):
                s.ask(f'n{i}.test')
        used = [p for p, _ in ports]
        self.assertGreaterEqual(len(set(used)), 100)
        self.assertLessEqual(max(used.count(p) for p in set(used)), 64)
        self.assertGreater(len({i for _, i in ports}), 500)

    def test_silence(self):
        """Many queries to a dead upstream: others are served, all are answered before their deadline."""
        count = 300 if SANITIZED else 3000
        with Upstream(lambda q, w: None) as u, Server(corefile(u, 'max_fails 0')) as s:
            before, c = s.rss_kib(), Client(s)
            for i in range(count):
                c.send(i, f'n{i}.test')
                if not i % 100:
                    self.assertEqual(s.ask('here.test', timeout=1).rcode(), 0)
            self.assertEqual(s.ask('here.test', timeout=1).rcode(), 0)
            sent = time.time()
            got = c.collect(count, 8)
            self.assertEqual({m.rcode() for m in got.values()}, {dns.rcode.SERVFAIL})
            self.assertEqual(len(got), count)
            self.assertLess(c.last - sent, 4.5)
            if not SANITIZED:
                self.assertLess((s.rss_kib() - before) / count, 64)

    def test_reload_meanwhile(self):
        def udp(q, wire):
            time.sleep(0.005)
            return [answer(q)]
        with Upstream(udp) as u, Server(corefile(u)) as s:
            for _ in range(5):
                c = Client(s)
                for i in range(40):
                    c.send(i, f'n{i}.test')
                s.signal(signal.SIGUSR1)
                self.assertEqual({m.rcode() for m in c.collect(40, 5).values()}, {0})
            s.wait_for('Reloading complete')
            self.assertEqual(self.addresses(s.ask('a.test')), ['10.0.0.1'])

    def test_health_outlives_reloads(self):
        with Upstream() as well:
            dead = harness.free_port()
            text = ('.:{PORT} {\n errors\n%%s forward . 127.0.0.1:%d {\n  health_check 50ms\n  failfast_all_unhealthy_upstreams\n }\n}\n'
                    'well.:{PORT} {\n forward . 127.0.0.1:%d\n}\n') % (dead, well.port)
            with Server(text % '') as s:
                self.assertEqual(s.ask('a.test').rcode(), dns.rcode.SERVFAIL)
                s.wait_for(r'upstream 127\.0\.0\.1:%d is down' % dead)
                for n, more in enumerate((' nsid x\n', ' loadbalance\n'), 1):
                    s.write_corefile(text % more)
                    s.signal(signal.SIGUSR1)
                    s.wait_for('Reloading complete', count=n)
                    self.assertEqual(s.ask(f'b{n}.test').rcode(), dns.rcode.SERVFAIL)
                    s.wait_for(rf'2 b{n}\.test\. A: no healthy proxies')
                    self.assertEqual(s.ask('a.well').rcode(), 0)
                self.assertEqual(s.out().count('is down'), 1)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
                    back.bind(('127.0.0.1', dead))
                    back.settimeout(10)
                    for _ in range(2):
                        wire, peer = back.recvfrom(4096)
                        back.sendto(answer(dns.message.from_wire(wire)), peer)
                    s.wait_for(r'upstream 127\.0\.0\.1:%d is up again' % dead)


if __name__ == '__main__':
    harness.main()
