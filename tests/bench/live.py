#!/usr/bin/env python3
"""What a server that changes while it serves costs: figures, not verdicts.

    live.py [reloads] [upgrades] [parked] [pinned] [many]      default: all

reloads     three times 100 reloads in a row under 20,000 queries a second, beside the same load without them
upgrades    20 hot upgrades of a plugin's .so, its layout kept, then changed each time, the same load
parked      20,000 queries put aside at once: memory of each, and how others fare meanwhile
pinned      one query put aside for 5 seconds beside 100 commits a second to another zone
many        57 plugins loaded, each answering for itself

SODNS_BUILD names the build (default build/release). Latencies are those of dnsperf, which shares the machine with the server: only
their change against the row without reloads says anything. Queries the kernel dropped are read from its table of sockets.
"""
import os, pathlib, re, signal, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import harness
from harness import Server
from reload_test import Upgrade
from waiting_test import Client

RATE = 20000
ZONE = '@ 60 SOA ns root 1 2 3 4 5\nwww 60 A 192.0.2.1\n'


class Load:
    """dnsperf for some seconds, with every query's latency."""

    def __init__(self, server, name, seconds):
        queries = server.folder / 'queries'
        queries.write_text(f'{name} A\n' * 100)
        self.server, self.drops = server, harness.dropped(server.port)
        self.out = open(server.folder / 'dnsperf', 'w+')
        self.process = subprocess.Popen(
            ['dnsperf', '-v', '-s', '127.0.0.1', '-p', str(server.port), '-d', str(queries), '-l', str(seconds), '-Q', str(RATE), '-q', '5000',
             '-t', '2', '-c', '8'], stdout=self.out, stderr=subprocess.STDOUT)

    def figures(self):
        """Ends the load, unless its time is over."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait()
        drops = harness.dropped(self.server.port) - self.drops
        self.out.seek(0)
        text = self.out.read()
        count = {k: int(v) for k, v in re.findall(r'Queries (sent|completed|lost):\s+(\d+)', text)}
        times = sorted(float(t) for t in re.findall(r'^> NOERROR \S+ \S+ ([\d.]+)$', text, re.M))
        at = [f'{times[min(int(len(times) * p), len(times) - 1)] * 1000:.2f}' for p in (.5, .99, .999)] if times else ['-'] * 3
        return (f'{count["sent"]} sent, {count["lost"]} lost, {drops} dropped by the socket; '
                f'latency p50 {at[0]} p99 {at[1]} p99.9 {at[2]} ms')


def plain(server, name, seconds=4):
    load = Load(server, name, seconds)
    load.process.wait()
    print(f'  without            : {load.figures()}', flush=True)


def reload(server, n):
    server.signal(signal.SIGUSR1)
    server.wait_for(r'^\[INFO\] Reloading complete$', 60, count=n)


def threads_and_maps(server):
    proc = pathlib.Path(f'/proc/{server.serving_pid()}')
    return len(list((proc / 'task').iterdir())), len((proc / 'maps').read_text().splitlines())


def reloads():
    print('three times 100 reloads in a row:')
    with Server('z.example:{PORT} {\n file zone\n errors\n}\n', files={'zone': ZONE}, workers=2) as s:
        plain(s, 'www.z.example')
        for n in range(1, 11):
            reload(s, n)
        time.sleep(1)
        before, shape = s.rss_kib(), threads_and_maps(s)
        n = 11
        for _ in range(3):
            load = Load(s, 'www.z.example', 60)
            time.sleep(0.3)
            began = time.time()
            for n in range(n, n + 100):
                reload(s, n)
            n += 1
            took = time.time() - began
            print(f'  with, in {took:4.1f} s     : {load.figures()}')
            time.sleep(1)
            print(f'  RSS {before} -> {s.rss_kib()} KiB; threads, mappings {shape} -> {threads_and_maps(s)}', flush=True)


def upgrade(what, versions):
    case = Upgrade()
    with case.server('.:{PORT} {\n upgrade\n errors\n}\n') as s:
        plain(s, 'x')
        case.install(s, versions[1])
        reload(s, 1)
        time.sleep(1)
        before = s.rss_kib()
        load = Load(s, 'x', 60)
        time.sleep(0.5)
        for n in range(20):
            case.install(s, versions[n % 2])
            reload(s, n + 2)
        print(f'  {what:19}: {load.figures()}')
        time.sleep(1)
        after, kept = s.rss_kib(), mapped(s, 'upgrade')
        print(f'  RSS {before} -> {after} KiB: {(after - before) / 20:.1f} KiB an upgrade; code mapped: {kept[0]} files, '
              f'{kept[1] / max(kept[0], 1):.1f} KiB resident each', flush=True)


def mapped(server, word):
    """How many objects of a plugin's are mapped, and how much of them is resident."""
    text = pathlib.Path(f'/proc/{server.serving_pid()}/smaps').read_text()
    inodes, resident, ours = set(), 0, False
    for line in text.splitlines():
        m = re.match(r'[0-9a-f]+-[0-9a-f]+ \S+ \S+ (\S+) (\d+)\s*(.*)', line)
        if m:
            ours = word in m[3]
            if ours:
                inodes.add((m[1], m[2]))
        elif ours and line.startswith('Rss:'):
            resident += int(line.split()[1])
    return len(inodes), resident


def upgrades():
    print('20 hot upgrades:')
    upgrade('layout kept', (1, 2))
    upgrade('layout changed', (3, 2))


def parked(many=20000):
    print('queries put aside at once:')
    with Server('park:{PORT} {\n park\n errors\n}\n', extra=['park']) as s, Client(s) as c:
        c.send(0, 'now.park')
        c.collect(1, 2)
        alone = asked(s, 100)
        before = s.rss_kib()
        c.send_many(many, 's4500.park')
        meanwhile = asked(s, 100)
        size = (s.rss_kib() - before) * 1024 // many
        back = len(c.collect(many, 20))
        print(f'  {many} put aside: {size} bytes of RSS each, {back} answered at their end; another query p50, p99: {alone} ms alone, '
              f'{meanwhile} ms meanwhile')
        time.sleep(8)
        print(f'  RSS before {before} KiB, 8 s after the last answer {s.rss_kib()} KiB', flush=True)


def asked(server, count):
    times = []
    for _ in range(count):
        began = time.perf_counter()
        assert server.texts('now.park', timeout=3) == ['ok']
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return f'{times[count // 2]:.2f}, {times[count * 99 // 100]:.2f}'


def pinned():
    corefile = 'park:{PORT} {\n park\n}\ncommits:{PORT} {\n commits\n}\n'
    with Server(corefile, extra=['park', 'commits']) as s, Client(s) as c:
        time.sleep(2)
        before = s.rss_kib()
        c.send(1, 's4900.park')
        peak = before
        for _ in range(46):
            time.sleep(0.1)
            peak = max(peak, s.rss_kib())
        ok = len(c.collect(1, 3))
        print(f'one query put aside for 4.9 s beside 100 commits a second: RSS {before} KiB, at most {peak} KiB: grew by {peak - before} KiB; '
              f'answered: {ok == 1}', flush=True)


def many():
    names = [f'many{i}' for i in range(1, 58)]
    with Server('.:{PORT} {\n whoami\n %s\n}\n' % '\n '.join(names), extra=names) as s:
        r = s.ask('x.example', use_edns=0, payload=4096)
        got = [rd.address for rr in r.answer for rd in rr]
        print(f'57 plugins loaded: each itself: {got == [f"10.0.0.{i}" for i in range(57, 0, -1)]}; RSS {s.rss_kib()} KiB', flush=True)


if __name__ == '__main__':
    for name in sys.argv[1:] or ['reloads', 'upgrades', 'parked', 'pinned', 'many']:
        {'reloads': reloads, 'upgrades': upgrades, 'parked': parked, 'pinned': pinned, 'many': many}[name]()
