#!/usr/bin/env python3
"""What names cost that were chosen to meet in a table, beside random ones: figures, not verdicts.

    collisions.py [cache] [zone] [types]      default: all

cache     CPU time of a query for a cached name, of 8,000
zone      CPU time of reading a zone of 20,000 names
types     CPU time of a query for one name that is cached with 9,000 types

The chosen names end in eight bytes that are a constant of a hash which multiplies words of its input: one factor becomes zero. SODNS_BUILD names the build (default build/release); beside an older build the same figures tell what it did.
"""
import os, pathlib, random, select, socket, struct, subprocess, sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
from harness import Server

ZERO = bytes.fromhex('e3c6889cf06abc8e')
random.seed(1)


def chosen(count):
    return [struct.pack('>I', i) + ZERO for i in range(count)]


def at_random(count):
    return [random.randbytes(12) for _ in range(count)]


def wire(label, rdtype, number):
    return (struct.pack('>6H', number & 0xffff, 0x100, 1, 0, 0, 0) + bytes([len(label)]) + label + b'\7example\0' + struct.pack('>2H', rdtype, 1))


def cpu(pid):
    ticks = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(ticks[11]) + int(ticks[12])) / os.sysconf('SC_CLK_TCK')


def ask(port, packets):
    """Each is answered before the 64th after it is sent; returns how many were."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(('127.0.0.1', port))
    answered = flying = 0
    for p in packets + [None] * 64:
        if p:
            s.send(p)
            flying += 1
        while flying and (flying >= 64 or not p):
            if not select.select([s], [], [], 1)[0]:
                flying = 0
                break
            s.recv(4096)
            flying -= 1
            answered += 1
    return answered


def per_query(server, packets, rounds):
    ask(server.port, packets)
    pid = server.serving_pid()
    before, answered = cpu(pid), 0
    for _ in range(rounds):
        answered += ask(server.port, packets)
    return (cpu(pid) - before) / answered * 1e6


def cached(packets, what):
    corefile = ('example:{PORT} {\n cache {\n  success 100000\n  denial 100000\n }\n'
                ' template ANY ANY {\n  answer "{{ .Name }} 600 IN A 192.0.2.1"\n }\n}\n')
    with Server(corefile, workers=1) as s:
        print(f'  {what:8}: {per_query(s, packets, 10):8.2f} us a query', flush=True)


def cache():
    print('cached names:')
    for what, labels in (('random', at_random(8000)), ('chosen', chosen(8000))):
        cached([wire(l, 1, i) for i, l in enumerate(labels)], what)


def types():
    print('one name with many types, and as many names:')
    label, some = at_random(1)[0], range(1000, 10000)
    cached([wire(l, 1, i) for i, l in enumerate(at_random(len(some)))], 'names')
    cached([wire(label, t, t) for t in some], 'types')


def zone():
    print('a zone of 20,000 names:')
    build = pathlib.Path(os.environ.get('SODNS_BUILD', 'build/release')).resolve()
    for what, labels in (('random', at_random(20000)), ('chosen', chosen(20000))):
        text = '@ 60 SOA ns root 1 2 3 4 5\n' + ''.join(
            ''.join(f'\\{b:03d}' for b in l) + ' 60 A 192.0.2.1\n' for l in labels)
        with Server('example:{PORT} {\n file zone\n}\n', files={'zone': text}, workers=1) as s:
            print(f'  {what:8}: {cpu(s.serving_pid()):8.2f} s', flush=True)


if __name__ == '__main__':
    wanted = sys.argv[1:] or ['cache', 'zone', 'types']
    for name in wanted:
        {'cache': cache, 'zone': zone, 'types': types}[name]()
