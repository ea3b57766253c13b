#!/usr/bin/env python3
"""What clients that mean harm, or have bad luck, do to the others: figures, not verdicts.

    trials.py [idle] [loris] [waiting] [stop] [reload] [crash]      default: all

idle        10,000 connections that say nothing, over TCP, TLS and HTTPS: others beside them, memory of each, a limit that bites
loris       queries byte by byte, half of a TLS handshake, answers that nobody reads
waiting     10,000 queries for an upstream that is dead, with and without cache
stop        SIGTERM at 20,000 queries a second
reload      SIGUSR1 with kept TCP and TLS connections
crash       a plugin that crashes on a name that is asked again and again, beside 20,000 queries a second

SODNS_BUILD names the build (default build/release). The clients share the machine with the server: compare rows, not numbers alone.
"""
import contextlib, os, pathlib, re, resource, shutil, signal, socket, ssl, struct, subprocess, sys, tempfile, threading, time, urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import dns.message

import harness
from certificates import Authority
from harness import Server
from live import Load
from probe import Probe, at, query

MANY = int(os.environ.get('MANY', 10000))
CA = Authority()
CERT, KEY = CA.issue('dns.test')
FILES = {'cert.pem': CERT, 'key.pem': KEY}
CONTEXT = ssl.create_default_context(cadata=CA.pem)


def framed(wire):
    return struct.pack('>H', len(wire)) + wire


def say(text):
    print(text, flush=True)


def metric(port, pattern):
    text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=20).read().decode()
    return '; '.join(re.sub('^sodns_', '', l) for l in text.splitlines() if re.match(pattern, l)) or 'none'


def beside(what, *probes, seconds=6):
    """Probes for some seconds, a line for each."""
    running = [(label, Probe(*args, **options)) for label, args, options in probes]
    time.sleep(seconds)
    for label, p in running:
        say(f'  {what:34} {label:9}: {p.end()}')


def others(s, tls=None):
    rows = [('udp', (s.port,), dict(rate=500)), ('tcp kept', (s.port,), dict(kind='tcp')), ('tcp new', (s.port,), dict(kind='fresh'))]
    if tls:
        rows.append(('tls kept', (tls,), dict(kind='tls', context=CONTEXT)))
    return rows


def plain(port):
    c = socket.create_connection(('127.0.0.1', port), timeout=10)
    return c


def secure(port, alpn=None):
    context = ssl.create_default_context(cadata=CA.pem)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context.wrap_socket(plain(port), server_hostname='dns.test')


def still_open(conns):
    n = 0
    for c in conns:
        c.setblocking(False)
        try:
            n += c.recv(1) != b''
        except (BlockingIOError, ssl.SSLWantReadError):
            n += 1
        except OSError:
            pass
    return n


def connect_all(make, many):
    began, out = time.time(), []
    for _ in range(many):
        try:
            out.append(make())
        except OSError:
            pass
    return out, time.time() - began


class Many:
    """A server of all transports, with its metrics at `metrics`."""

    def __init__(self, timeouts='', web='', workers=2):
        self.tls, self.web, self.metrics = (harness.free_port() for _ in range(3))
        self.server = Server(
            f'.:{{PORT}} {{\n prometheus 127.0.0.1:{self.metrics}\n{timeouts}\n whoami\n}}\n'
            f'tls://.:{self.tls} {{\n tls cert.pem key.pem\n{timeouts}\n whoami\n}}\n'
            f'https://.:{self.web} {{\n tls cert.pem key.pem\n{timeouts}\n{web}\n whoami\n}}\n', files=FILES, workers=workers)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *exc):
        self.server.__exit__(*exc)

    def limits(self):
        return metric(self.metrics, r'sodns_limit_reached_total')


LONG = ' timeouts {\n  read 5m\n  write 5m\n  idle 5m\n }'


def idle():
    say(f'{MANY} idle connections:')
    for what, open_one in (('TCP', lambda m: plain(m.server.port)), ('TLS', lambda m: secure(m.tls)),
                           ('HTTPS (h2)', lambda m: secure(m.web, 'h2')), ('HTTPS (1.1)', lambda m: secure(m.web, 'http/1.1'))):
        with Many(LONG, ' https {\n  max_connections 0\n }') as m:
            plain(m.server.port).close()
            secure(m.tls).close()
            secure(m.web).close()
            if what == 'TCP':
                beside('alone', *others(m.server, m.tls))
            before = m.server.rss_kib()
            began = Probe(m.server.port, rate=500)
            conns, took = connect_all(lambda: open_one(m), MANY)
            say(f'  {"while they connect, in %.1f s: " % took:34} udp      : {began.end()}')
            time.sleep(1)
            each = (m.server.rss_kib() - before) * 1024 // max(len(conns), 1)
            beside(f'{len(conns)} {what}', *others(m.server, m.tls))
            say(f'  {len(conns)} {what}: {each} bytes of RSS each; open at the end: {still_open(conns)}; limits that bit: {m.limits()}')
            for c in conns:
                c.close()
    expire()
    evict()


def expire():
    """What the default time-outs do."""
    with Many() as m:
        for what, make, many in ('TCP', lambda: plain(m.server.port), MANY), ('TLS', lambda: secure(m.tls), 1000):
            conns, took = connect_all(make, many)
            began = time.time()
            while still_open(conns) and time.time() < began + 30:
                time.sleep(0.2)
            say(f'  default time-outs, {many} {what}: all closed within {time.time() - began + took:.1f} s of the first connect')


def evict():
    """More connections than a limit lets in: is somebody who means well served?"""
    with Many(LONG, ' https {\n  max_connections 200\n }') as m:
        conns, _ = connect_all(lambda: secure(m.web), 400)
        open_ones, served = still_open(conns), 0
        for _ in range(50):
            with contextlib.suppress(OSError), secure(m.web) as c:
                wire = query('fine.')
                c.sendall(f'POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Length: {len(wire)}\r\n\r\n'.encode() + wire)
                served += c.recv(4096).startswith(b'HTTP/1.1 200')
        say(f'  https with max_connections 200, 400 idle ones: {open_ones} kept; of 50 new clients {served} are served; limits that bit: {m.limits()}')
        pid = m.server.serving_pid()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1000, 1000))
        conns, _ = connect_all(lambda: plain(m.server.port), 2000)
        beside('1000 descriptors, 2000 idle', ('tcp new', (m.server.port,), dict(kind='fresh')))
        say(f'  limits that bit: {m.limits()}')


class Herd(threading.Thread):
    """Many connections, of which each sends a byte of `text` now and then."""

    def __init__(self, conns, text, every):
        super().__init__(daemon=True)
        self.conns, self.text, self.every, self.ends = conns, text, every, False
        self.start()

    def run(self):
        for i in range(len(self.text)):
            began = time.time()
            for c in self.conns:
                with contextlib.suppress(OSError):
                    c.send(self.text[i:i + 1])
            while not self.ends and time.time() < began + self.every:
                time.sleep(0.05)
            if self.ends:
                return


def client_hello():
    """The bytes with which a TLS client begins."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        CONTEXT.wrap_bio(into, out, server_hostname='dns.test').do_handshake()
    return out.read()


def loris(many=2000):
    say(f'{many} connections of each kind that go slowly:')
    hello, request = client_hello(), b'POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Length: 33\r\n\r\n'
    kinds = (('a byte a second of a query', 'dns', framed(query('fine.')), 1),
             ('half of a TLS hello, then bytes', 'tls', hello, 1),
             ('half of a TLS handshake', 'hello', b'', 1),
             ('half of an HTTP request', 'web', request, 1))
    with Many() as m:
        beside('alone', *others(m.server, m.tls))
        for what, kind, text, every in kinds:
            port = {'dns': m.server.port, 'tls': m.tls, 'hello': m.tls, 'web': m.web}[kind]
            make = (lambda: plain(port)) if kind != 'web' else (lambda: secure(port))
            began = time.time()
            conns, _ = connect_all(make, many if kind != 'web' else 190)
            head = len(text) // 2
            for c in conns:
                with contextlib.suppress(OSError):
                    c.sendall(hello if kind == 'hello' else text[:head])
            herd = Herd(conns, text[head:], every)
            beside(what, *others(m.server, m.tls), seconds=3)
            while (left := still_open(conns) if kind != 'hello' else reads_to_end(conns)) and time.time() < began + 40:
                time.sleep(0.2)
            herd.ends = True
            herd.join()
            say(f'  {what}: {len(conns)} connections, {left} left after {time.time() - began:.1f} s')
            for c in conns:
                c.close()
        never_read(m)
        say(f'  limits that bit: {m.limits()}')


def reads_to_end(conns):
    """How many are open, whatever they have to say."""
    n = 0
    for c in conns:
        c.setblocking(False)
        try:
            while c.recv(65536):
                pass
        except BlockingIOError:
            n += 1
        except OSError:
            pass
    return n


def never_read(m, many=500):
    before = m.server.rss_kib()
    conns, _ = connect_all(lambda: plain(m.server.port), many)
    text, sent = framed(query('fine.')) * 500, 0
    for c in conns:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.setblocking(False)
    end, began = time.time() + 3, time.time()
    while time.time() < end:
        for c in conns:
            with contextlib.suppress(OSError):
                sent += c.send(text)
    beside(f'{many} that never read', *others(m.server, m.tls), seconds=3)
    peak = m.server.rss_kib() - before

    def gone(c):
        with contextlib.suppress(BlockingIOError):
            try:
                c.send(b'x')
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False
    left = many
    while left and time.time() < began + 40:
        left = sum(not gone(c) for c in conns)
        time.sleep(0.5)
    say(f'  {many} that never read: {sent >> 20} MiB of queries taken, {peak * 1024 // many} bytes of RSS each, {left} left after '
        f'{time.time() - began:.1f} s')
    for c in conns:
        c.close()


def waiting():
    dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dead.bind(('127.0.0.1', 0))
    dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for what, more in ('forward', ''), ('forward and cache', ' cache\n'), ('forward, max_concurrent 1000', '#'):
        limit = ' {\n  max_concurrent 1000\n }' if more == '#' else ''
        metrics = harness.free_port()
        corefile = (f'.:{{PORT}} {{\n prometheus 127.0.0.1:{metrics}\n{more if more != "#" else ""} forward . '
                    f'127.0.0.1:{dead.getsockname()[1]}{limit}\n}}\nfine.:{{PORT}} {{\n whoami\n}}\n')
        with Server(corefile, workers=2) as s:
            say(f'{MANY} queries wait for a dead upstream, {what}:')
            beside('alone', *others(s))
            before = s.rss_kib()
            got, peak = wait_all(s)
            late = [t for t, _ in got]
            codes = {}
            for _, rcode in got:
                codes[rcode] = codes.get(rcode, 0) + 1
            say(f'  {len(got)} of {MANY} answered, by rcode {codes}; after p50 {at(late, .5):.0f} p99 {at(late, .99):.0f} max {at(late, 1):.0f} ms; '
                f'RSS {before} KiB, at most {peak}: {(peak - before) * 1024 // MANY} bytes a query')
            time.sleep(12)
            say(f'  12 s later: RSS {s.rss_kib()} KiB; limits that bit: {metric(metrics, "sodns_limit_reached_total")}')
    dead.close()


def wait_all(s):
    """Asks MANY names at once, each of its own; how long each took and its rcode, and the highest RSS."""
    c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    c.connect(('127.0.0.1', s.port))
    running = [(label, Probe(*args, **options)) for label, args, options in others(s)]
    sent, got, peak = {}, [], 0
    for i in range(MANY):
        c.send(query(f'n{i}.dead.', i))
        sent[i] = time.monotonic()
        if i % 64 == 63:
            time.sleep(0.001)
    c.settimeout(0.1)
    end, peak = time.monotonic() + 8, s.rss_kib()
    while sent and time.monotonic() < end:
        try:
            wire = c.recv(4096)
        except TimeoutError:
            peak = max(peak, s.rss_kib())
            continue
        began = sent.pop(int.from_bytes(wire[:2], 'big'), None)
        if began:
            got.append((time.monotonic() - began, wire[3] & 15))
    for label, p in running:
        say(f'  {"meanwhile":34} {label:9}: {p.end()}')
    c.close()
    return got, peak


def stop():
    say('SIGTERM at 20,000 queries a second:')
    for lameduck in 0, 2:
        health, ready = harness.free_port(), harness.free_port()
        tls = harness.free_port()
        duck = f' {{\n  lameduck {lameduck}s\n }}' if lameduck else ''
        corefile = (f'.:{{PORT}} {{\n health 127.0.0.1:{health}{duck}\n ready 127.0.0.1:{ready}\n crash\n whoami\n}}\n'
                    f'tls://.:{tls} {{\n tls cert.pem key.pem\n whoami\n}}\n')
        s = Server(corefile, files=FILES, extra=['crash'], workers=2).start()
        load = Load(s, 'fine', 30)
        probes = [(k, Probe(p, kind=k, rate=r, patience=2, context=CONTEXT)) for k, p, r in
                  (('udp', s.port, 500), ('tcp', s.port, 2000), ('tls', tls, 1000), ('fresh', s.port, 300))]
        time.sleep(2)
        s.signal(signal.SIGTERM)
        began, failed = time.monotonic(), None
        while s.process.poll() is None and time.monotonic() < began + 20:
            if failed is None:
                try:
                    urllib.request.urlopen(f'http://127.0.0.1:{ready}/ready', timeout=1)
                except OSError:
                    failed = time.monotonic() - began
            time.sleep(0.002)
        ended = time.monotonic()
        say(f'  lameduck {lameduck} s: ready failed after {(failed or 0) * 1000:.0f} ms; ended after {(ended - began) * 1000:.0f} ms with status '
            f'{s.process.poll()}')
        for kind, p in probes:
            out = p.end()
            rows, answered = out.rows, [sent + took for sent, took in out.rows if took is not None]
            # One datagram is what is refused.
            last = out.refused - 0.002 if out.refused else max(answered)
            lost = [sent for sent, took in rows if took is None and sent < last]
            say(f'    {kind:5}: {"refused" if out.refused else "last answer"} {(last - began) * 1000:.1f} ms after SIGTERM; of the {len(answered)} queries before it {len(lost)} lost'
                + (f', the first {(last - min(lost)) * 1000:.2f} ms before' if lost else ''))
        load.process.send_signal(signal.SIGINT)
        load.process.wait()
        shutil.rmtree(s.folder)


def reload():
    say('reloads beside kept connections:')
    tls = harness.free_port()
    corefile = f'.:{{PORT}} {{\n whoami\n}}\ntls://.:{tls} {{\n tls cert.pem key.pem\n whoami\n}}\n'
    with Server(corefile, files=FILES, workers=2) as s:
        for many in 0, 50:
            probes = [(k, Probe(p, kind=k, rate=1000, context=CONTEXT)) for k, p in (('tcp', s.port), ('tls', tls), ('udp', s.port))]
            time.sleep(0.5)
            for n in range(1, many + 1):
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=n)
            time.sleep(0 if many else 3)
            for kind, p in probes:
                out = p.end()
                say(f'  {many:3} reloads, {kind}: {out}; connections closed: {out.closed}')


def resident(pid):
    return len(os.listdir(f'/proc/{pid}/fd')), int(re.search(r'VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text())[1])


def plugin_folders():
    return sum(len(list(pathlib.Path(d).glob('sodns-[0-9]*-??????'))) for d in (os.environ.get('RUNTIME_DIRECTORY'), tempfile.gettempdir(), '/var/tmp', '/dev/shm') if d)


def crash(crashes=20):
    say(f'{crashes} crashes, half a second apart, beside 20,000 queries a second:')
    records = int(os.environ.get('RECORDS', 1000000))
    zone = '@ 60 SOA ns root 1 2 3 4 5\n@ NS ns\n' + ''.join(f'h{i} A 192.0.2.{i & 255}\n' for i in range(records))
    for what, block, files in (('nothing to load', '', {}), (f'a zone of {records} records', 'big.:{PORT} {\n file zone\n}\n', {'zone': zone})):
        with Server('.:{PORT} {\n crash\n whoami\n}\n' + block, files=files, extra=['crash'], workers=2) as s:
            s.ask('fine.')
            if block:
                s.ask('h1.big.', timeout=60)
            begun, folders = resident(s.process.pid), plugin_folders()
            load = Load(s, 'fine', 120)
            probes = [('fine.', Probe(s.port, rate=1000)), ('fine. tcp', Probe(s.port, kind='tcp', rate=500))]
            if block:
                probes.append(('h1.big.', Probe(s.port, 'h1.big.', rate=500, patience=3)))
            time.sleep(1)
            times = 3 if block else crashes
            for n in range(1, times + 1):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                    c.sendto(query(f'{n}.crash.'), ('127.0.0.1', s.port))
                s.wait_for('A fresh process serves', count=n, seconds=30)
                if block:
                    s.wait_for('Everything is loaded', count=n, seconds=60)
                time.sleep(0.5)
            say(f'  {what}: {load.figures()}')
            for label, p in probes:
                out = p.end()
                say(f'    {label:9}: {out.lost / times:.1f} lost a crash, longest silence {out.gap():.0f} ms; {out}')
            for text in 'A fresh process serves', 'Everything is loaded':
                ms = [int(x) for x in re.findall(text + r' (\d+) ms', s.out())]
                say(f'    {text} after {min(ms)} to {max(ms)} ms')
            say(f'    parent: descriptors, RSS {begun} -> {resident(s.process.pid)}; folders of plugins {folders} -> {plugin_folders()}')
    crash_always()


def crash_always(seconds=10):
    """A client that asks for it a hundred times a second, always by the same name or each time by another."""
    for what, name in ('the same question', 'crash.'), ('another question each time', '{}.crash.'):
        with Server('.:{PORT} {\n crash\n whoami\n}\nslow.:{PORT} {\n crash 300\n whoami\n}\n', extra=['crash'], workers=2) as s:
            s.ask('fine.')
            begun, folders = resident(s.process.pid), plugin_folders()
            probes = [(n, Probe(s.port, n, rate=500)) for n in ('fine.', 'a.slow.')]
            end, asked = time.time() + seconds, 0
            while time.time() < end:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                    c.sendto(query(name.format(asked)), ('127.0.0.1', s.port))
                asked += 1
                time.sleep(0.01)
            n = len(re.findall(' crashed \\(', s.out()))
            say(f'  {asked} questions that crash in {seconds} s, {what}: {n} crashes')
            for label, p in probes:
                say(f'    {label:9}: {p.end()}')
            say(f'    parent: descriptors, RSS {begun} -> {resident(s.process.pid)}; folders of plugins {folders} -> {plugin_folders()}')


ALL = {'idle': idle, 'loris': loris, 'waiting': waiting, 'stop': stop, 'reload': reload, 'crash': crash}

if __name__ == '__main__':
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    for name in sys.argv[1:] or ALL:
        ALL[name]()
