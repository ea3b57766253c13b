#!/usr/bin/env python3
"""One client against all others: figures, not verdicts.

    client_shares.py [http] [doh] [tcp] [tasks] [bytes] [handshakes]      default: all

http        400 HTTP connections that send a byte now and then, beside liveness probes and Prometheus
doh, tcp    as many connections as may be, each with a slow query a second, beside newcomers
tasks       14,000 queries a second for names that no upstream answers, from one socket, beside queries that wait 50 ms
bytes       DoH connections with bodies that do not end and answers that are not taken, kept alive by PING
handshakes  a client's 1,000 TLS handshakes at once, beside one each of others

The greedy client is 127.0.0.1; others come from the same address ("own") and from ones of their own. SODNS_BUILD names the build (default
build/release), RATE another rate for `tasks`; the same trials of two builds are what compares.
"""
import os, pathlib, resource, socket, ssl, struct, sys, threading, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import dns.message

import h2
import harness
from certificates import Authority
from harness import Server
from probe import at

GREEDY, OTHER = '127.0.0.1', '127.0.0.2'
CA = Authority()
CERT, KEY = CA.issue('dns.test')
FILES = {'cert.pem': CERT, 'key.pem': KEY}


def say(text):
    print(text, flush=True)


def query(name, rdtype='TXT'):
    return dns.message.make_query(name, rdtype, id=0).to_wire()


def framed(name):
    wire = query(name)
    return struct.pack('>H', len(wire)) + wire


def post(name):
    wire = query(name)
    return f'POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Length: {len(wire)}\r\n\r\n'.encode() + wire


def connect(port, source=GREEDY, timeout=3):
    return socket.create_connection(('127.0.0.1', port), timeout=timeout, source_address=(source, 0))


class Crowd(threading.Thread):
    """Connections of the greedy client, opened again when they are closed; `text` of each is sent every second."""

    def __init__(self, port, many, begin, text, every=1):
        super().__init__(daemon=True)
        self.port, self.begin, self.text, self.every, self.ends, self.reopened = port, begin, text, every, False, 0
        self.conns = [self.open() for _ in range(many)]
        self.start()

    def open(self):
        try:
            c = connect(self.port)
            c.setblocking(False)
            c.send(self.begin)
            return c
        except OSError:
            return None

    def run(self):
        while not self.ends:
            began = time.time()
            for i, c in enumerate(self.conns):
                try:
                    while not c or not c.recv(65536):
                        raise ConnectionResetError
                except BlockingIOError:
                    pass
                except OSError:
                    self.reopened += 1
                    if c:
                        c.close()
                    self.conns[i] = c = self.open()
                try:
                    if c:
                        c.send(self.text)
                except OSError:
                    pass
                if self.ends:
                    break
            time.sleep(max(0, began + self.every - time.time()))

    def end(self):
        self.ends = True
        self.join()
        for c in self.conns:
            if c:
                c.close()
        return self.reopened


def tries(many, ask, seconds=0.25):
    """Asks many times, and says how often it went well, and how long that took."""
    good = []
    for _ in range(many):
        began = time.monotonic()
        try:
            if ask():
                good.append(time.monotonic() - began)
        except (OSError, struct.error):
            pass
        time.sleep(max(0, began + seconds - time.monotonic()))
    return f'{len(good)} of {many}, p50 {at(good, .5):.0f} max {at(good, 1):.0f} ms'


def over(port, text, good, source):
    def ask():
        with connect(port, source, 1) as c:
            c.sendall(text)
            return good(c.recv(4096))
    return ask


def beside(what, port, text, good, many=20):
    for label, source in ('others', OTHER), ('own', GREEDY):
        say(f'  {what}, {label}: {tries(many, over(port, text, good, source))}')


def http(many=400):
    health, metrics = harness.free_port(), harness.free_port()
    with Server(f'.:{{PORT}} {{\n health 127.0.0.1:{health}\n prometheus 127.0.0.1:{metrics}\n whoami\n}}\n') as s:
        say(f'{many} slow HTTP connections:')
        for what, port, path in ('liveness probes', health, '/health'), ('Prometheus', metrics, '/metrics'):
            crowd = Crowd(port, many, b'GET /', b'a')
            text = f'GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode()
            beside(what, port, text, lambda b: b.startswith(b'HTTP/1.1 200'))
            say(f'  connections opened again: {crowd.end()}')
        del s


def streams(scheme, many=200):
    args = ['-limit.connections', str(many // 2)] if scheme == 'dns' else []
    frame, good = (framed, lambda b: len(b) > 14 and not b[5] & 15) if scheme == 'dns' else (post, lambda b: b.startswith(b'HTTP/1.1 200'))
    with Server(f'{scheme}://.:{{PORT}} {{\n park\n}}\n', extra=['park'], args=args, workers=2) as s:
        say(f'{many} connections over {scheme} with a slow query a second:')
        crowd = Crowd(s.port, many, frame('s950.park'), frame('s950.park'))
        time.sleep(3)
        beside('newcomers', s.port, frame('now.park'), good)
        say(f'  connections opened again: {crowd.end()}')


class Flood(threading.Thread):
    def __init__(self, port, rate):
        super().__init__(daemon=True)
        self.port, self.rate, self.ends, self.sent = port, rate, False, 0
        self.start()

    def run(self):
        c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        c.bind((GREEDY, 0))
        c.connect(('127.0.0.1', self.port))
        wire, began = query('n0000000.dead.'), time.time()
        while not self.ends:
            while not self.ends and self.sent < (time.time() - began) * self.rate:
                try:
                    c.send(wire.replace(b'n0000000', b'n%07d' % self.sent))
                except OSError:
                    pass
                self.sent += 1
            time.sleep(0.001)
        c.close()


def tasks(rate=int(os.environ.get('RATE', 14000))):
    """With a lower RATE there may be fewer queries that wait, so that they are all taken as soon."""
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(('127.0.0.1', 0))
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with Server(f'dead.:{{PORT}} {{\n forward . 127.0.0.1:{silent.getsockname()[1]}\n}}\npark.:{{PORT}} {{\n park\n}}\n', extra=['park'], workers=2,
                args=['-limit.tasks', str(rate * 12 // 7)]) as s:
        flood = Flood(s.port, rate)
        time.sleep(6)
        say(f'{rate} queries a second for dead names:')

        def ask(source):
            # A port of its own each time: whichever worker the kernel finds.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                c.bind((source, 0))
                c.settimeout(1)
                c.sendto(query('s50.park.'), ('127.0.0.1', s.port))
                return b'ok' in c.recv(512)
        for label, source in ('others', OTHER), ('own', GREEDY):
            say(f'  queries that wait 50 ms, {label}: {tries(40, lambda: ask(source), 0.05)}')
        flood.ends = True
        flood.join()
        say(f'  RSS {s.rss_kib() >> 10} MiB; {flood.sent} sent, {harness.dropped(s.port)} found the socket full')
    silent.close()


def keep_alive(conns, seconds):
    """PING on each now and then: how many are left, and when the last went."""
    began = time.time()
    while time.time() < began + seconds and any(not c.closed for c in conns):
        for c in conns:
            if c.closed:
                continue
            try:
                c.ping()
                for _ in c.frames(0.001):
                    pass
            except OSError:
                c.closed = True
        time.sleep(0.5)
    return sum(not c.closed for c in conns), time.time() - began


def bytes_(many=20):
    zone = '@ 60 SOA ns root 1 2 3 4 5\nbig TXT ' + ' '.join(['"' + 'x' * 250 + '"'] * 240) + '\n'
    for what, settings in ('bodies that do not end', []), ('answers that are not taken', [(4, 0)]):
        with Server('https://z.test:{PORT} {\n file zone\n}\n', files={'zone': zone}) as s:
            connect(s.port).close()
            before, conns = s.rss_kib(), []
            for _ in range(many):
                c = h2.Connection(connect(s.port), settings)
                try:
                    for _ in range(120):
                        if settings:
                            c.request(body=query('big.z.test'))
                        else:
                            c.request(body=bytes(60000), end=False)
                        for _ in c.frames(0.001):
                            pass
                except OSError:
                    pass
                conns.append(c)
            peak = (s.rss_kib() - before) / many
            left, took = keep_alive(conns, 30)
            say(f'{many} DoH connections with {what}: {peak:.0f} KiB each; with PING {left} are left after {took:.0f} s')


def handshakes(many=1000):
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context(cadata=CA.pem)
    try:
        context.wrap_bio(into, out, server_hostname='dns.test').do_handshake()
    except ssl.SSLWantReadError:
        hello = out.read()
    with Server('tls://.:{PORT} {\n tls cert.pem key.pem\n whoami\n}\n', files=FILES) as s:
        conns = [connect(s.port) for _ in range(many)]
        threading.Thread(target=lambda: [c.send(hello) for c in conns], daemon=True).start()

        def ask():
            with context.wrap_socket(connect(s.port, OTHER, 5), server_hostname='dns.test') as c:
                c.sendall(framed('x.'))
                return c.recv(512)
        say(f'{many} handshakes of one client: handshake and query of others {tries(5, ask, 0)}')
        for c in conns:
            c.close()


ALL = {'http': http, 'doh': lambda: streams('https'), 'tcp': lambda: streams('dns'), 'tasks': tasks, 'bytes': bytes_, 'handshakes': handshakes}

if __name__ == '__main__':
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for name in sys.argv[1:] or ALL:
        ALL[name]()
