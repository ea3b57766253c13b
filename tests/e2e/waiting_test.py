"""Queries that wait: beside others, in every pattern within a batch, many at once, until their deadline."""
import os, random, re, socket, struct, subprocess, time

import dns.message, dns.rcode

import harness
from harness import PATIENCE, SANITIZED, Case, Server

COREFILE = 'park:{PORT} {\n park\n errors\n}\n'


class Client:
    """Many queries at once from one socket."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.connect(('127.0.0.1', server.port))
        self.socket.settimeout(0.2)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, number, name):
        q = dns.message.make_query(name, 'TXT')
        q.id = number
        self.socket.send(q.to_wire())

    def send_many(self, count, name):
        """The same question `count` times, its ids from 0 on, with pauses that let the server's socket take them."""
        wire = bytearray(dns.message.make_query(name, 'TXT').to_wire())
        for i in range(count):
            wire[0:2] = i.to_bytes(2, 'big')
            self.socket.send(wire)
            if i % 64 == 63:
                time.sleep(0.002)

    def collect(self, count, seconds):
        """Ids and texts of `count` answers."""
        out, end = {}, time.time() + seconds
        while len(out) < count and time.time() < end:
            try:
                wire = self.socket.recv(4096)
            except TimeoutError:
                continue
            out[int.from_bytes(wire[:2], 'big')] = wire
        return out


def text_of(wire):
    m = dns.message.from_wire(wire)
    return m.answer[0][0].strings[0].decode() if m.answer else dns.rcode.to_text(m.rcode())


class Waiting(Case):
    def test_kinds(self):
        with Server(COREFILE, extra=['park']) as s:
            self.assertEqual(s.texts('now.park'), ['ok'])
            self.assertEqual(s.texts('s30.park'), ['ok'])
            self.assertEqual(s.texts('s30.park', tcp=True), ['ok'])
            self.assertEqual(s.texts('pool30.park'), ['ok'])
            self.assertEqual(s.texts('ask.park'), ['ok'])
            self.assertEqual(s.texts(f'udp{s.port}.park'), ['ok'])
            self.assertEqual(s.texts(f'tcp{s.port}.park'), ['ok'])
            self.assertEqual(s.texts(f'udp{harness.free_port()}.park'), ['failed'])
            self.assertEqual(s.texts('detach.park'), ['0'])
            time.sleep(0.5)
            self.assertEqual(s.texts('detach.park'), ['1'])

    def test_depth(self):
        with Server(COREFILE, extra=['park']) as s:
            self.assertEqual(s.ask('askself.park', 'TXT').rcode(), 2)
            s.wait_for(r'plugin/errors: 2 askself\.park\. TXT: more than 8 questions inside each other')

    def test_single_flight(self):
        with Server(COREFILE, extra=['park']) as s, Client(s) as c:
            for i in range(50):
                c.send(i, 'join200.park')
            self.assertEqual({text_of(w) for w in c.collect(50, 5).values()}, {'1'})

    def test_deadline(self):
        with Server(COREFILE, extra=['park']) as s:
            began = time.time()
            self.assertEqual(s.texts('over.park', timeout=8), ['timeout'])
            self.assertLess(time.time() - began, 6)

    def test_stop_waits_for_queries(self):
        with Server(COREFILE, extra=['park']) as s, Client(s) as c:
            c.send(1, 's800.park')
            time.sleep(0.2)
            s.stop()
            self.assertEqual(text_of(c.collect(1, 2)[1]), 'ok')

    def test_clients_that_go_meanwhile(self):
        """Connections whose client goes while its query waits are let go of."""
        with Server(COREFILE, extra=['park']) as s:
            self.assertEqual(s.texts('now.park', tcp=True), ['ok'])
            wire = dns.message.make_query('s300.park', 'TXT').to_wire()
            count = lambda: len(os.listdir(f'/proc/{s.serving_pid()}/fd'))
            before = count()
            for i in range(50):
                with socket.create_connection(('127.0.0.1', s.port)) as c:
                    c.sendall(struct.pack('>H', len(wire)) + wire)
                    time.sleep(0.01)
                    if i % 2:
                        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            end = time.time() + 10 * PATIENCE
            while count() > before and time.time() < end:
                time.sleep(0.05)
            self.assertLessEqual(count(), before)

    def test_patterns_in_a_batch(self):
        """32 queries at a time, of which any may wait, and go on in any order."""
        random.seed(1)
        with Server(COREFILE, extra=['park']) as s, Client(s) as c:
            for round in range(40):
                names = [random.choice(['now', 's%d' % random.randint(1, 40), 'ask', 'pool%d' % random.randint(1, 5)])
                         for _ in range(32)]
                for i, name in enumerate(names):
                    c.send(round * 32 + i, name + '.park')
                got = c.collect(32, 10)
                self.assertEqual(sorted(got), list(range(round * 32, round * 32 + 32)))
                self.assertEqual({text_of(w) for w in got.values()}, {'ok'})

    def test_many_at_once(self):
        """Thousands of parked queries; others are answered meanwhile; all come back."""
        many = 2000 if SANITIZED else 20000
        with Server(COREFILE, extra=['park']) as s, Client(s) as c:
            c.send(0, 'now.park')
            c.collect(1, 2)
            before = s.rss_kib()
            c.send_many(many, 's3000.park')
            began = time.time()
            self.assertEqual(s.texts('now.park', timeout=2), ['ok'])
            self.assertLess(time.time() - began, 1)
            parked = s.rss_kib() - before
            self.assertEqual(len(c.collect(many, 15)), many)
            print(f'{many} parked: {parked * 1024 // many} bytes each')


class Pins(Case):
    def test_parked_beside_commits(self):
        """A parked query holds its own versions, not the garbage of a zone that changes all the time."""
        corefile = 'park:{PORT} {\n park\n}\ncommits:{PORT} {\n commits\n}\n'
        with Server(corefile, extra=['park', 'commits']) as s, Client(s) as c:
            time.sleep(1)
            before = s.rss_kib()
            c.send(1, 's3500.park')
            time.sleep(3.3)
            growth = s.rss_kib() - before
            self.assertEqual(text_of(c.collect(1, 3)[1]), 'ok')
            print(f'RSS growth beside 100 commits a second: {growth} KiB')
            if not SANITIZED:
                self.assertLess(growth, 1024)


class Hooks(Case):
    def test_finisher(self):
        with Server('.:{PORT} {\n finisher\n whoami\n}\n', extra=['finisher']) as s:
            wire = dns.message.make_query('x.example.', 'A').to_wire()
            with Client(s) as c:
                c.socket.send(wire)
                answer = c.socket.recv(512)
            self.assertEqual(answer[-4:], b'\x03end')
            self.assertEqual(int.from_bytes(answer[10:12], 'big'), 3)
            s.wait_for(r'^\[INFO\] plugin/finisher: left: %d bytes of 512, rcode 0, whoami$' % len(answer))

    def test_error_is_not_decorated(self):
        with Server('.:{PORT} {\n rewriter\n failing\n errors\n}\n', extra=['rewriter', 'failing']) as s:
            r = s.ask('x.example')
            self.assertEqual(r.rcode(), 2)
            self.assertFalse(r.answer or r.authority or r.additional or r.options)
            self.assertFalse(r.flags & dns.flags.AA)
            s.wait_for(r'^\[ERROR\] plugin/errors: 2 x\.example\. A: this always fails: indeed$')
            with self.assertRaises(Exception):
                s.ask('drop', timeout=0.5)

    def test_fifty_seven(self):
        names = [f'many{i}' for i in range(1, 58)]
        with Server('.:{PORT} {\n whoami\n %s\n}\n' % '\n '.join(names), extra=names) as s:
            r = s.ask('x.example', use_edns=0, payload=4096)
            self.assertEqual([rd.address for rr in r.answer for rd in rr], [f'10.0.0.{i}' for i in range(57, 0, -1)])


if __name__ == '__main__':
    harness.main()
