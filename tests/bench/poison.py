#!/usr/bin/python3
"""poison: whether somebody who sees nothing of what a forwarder asks can put an answer into its cache.

The forwarder's upstream keeps silent, over UDP and TCP: the best that whoever forges can wish for, since every question stays open. Clients
ask for one name over and over in 300 ways at a time: other letters, EDNS sizes, options, flags. Forged answers arrive at a rate that loopback
allows, with ids by chance, at ports by chance ("blind") or at those that questions do come from ("known"). One answer taken is success.

    poison.py --sodns build/release/sodns [--seconds 60] [--rate 320000] [--mode blind|known] [--times 1]

Everything is on 127.0.0.1, and ends after --seconds. Needs gcc.
"""
import argparse, pathlib, random, socket, subprocess, sys, tempfile, threading, time

import dns.edns, dns.flags, dns.message

HERE = pathlib.Path(__file__).resolve().parent
NAME = 'www.victim.example'
WAYS = 300


def free_port():
    with socket.socket() as t, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
        t.bind(('127.0.0.1', 0))
        u.bind(t.getsockname())
        return t.getsockname()[1]


def way(i):
    """The same question, written otherwise."""
    name = ''.join(c.upper() if random.random() < .5 else c for c in NAME)
    options = [dns.edns.GenericOption(65001 + i % 100, bytes([i % 256])), dns.edns.GenericOption(10, random.randbytes(8)),
               dns.edns.ECSOption(f'10.{i % 256}.0.0', 16)]
    q = dns.message.make_query(name, 'A', use_edns=0 if i % 4 else -1, payload=512 + i, options=options[:i % 4] if i % 4 else None)
    if i % 8 == 1:
        q.flags |= dns.flags.CD
    if i % 8 == 2:
        q.flags ^= dns.flags.RD
    return q.to_wire()


class Silence:
    """TCP that takes connections and says nothing."""

    def __init__(self, port):
        self.listener, self.kept = socket.create_server(('127.0.0.1', port), backlog=1000), []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                self.kept.append(self.listener.accept()[0])
                del self.kept[:-1000]
        except OSError:
            pass


def attack(sodns, forger, seconds, rate, mode):
    """Seconds until a forged answer came back, or None; how many were forged."""
    up, port = free_port(), free_port()
    first, last = map(int, pathlib.Path('/proc/sys/net/ipv4/ip_local_port_range').read_text().split())
    with tempfile.TemporaryDirectory(prefix='sodns-bench-') as folder:
        pathlib.Path(folder, 'Corefile').write_text('.:%d {\n bind 127.0.0.1\n cache\n forward . 127.0.0.1:%d {\n  max_fails 0\n }\n}\n' % (port, up))
        silence = Silence(up)
        flood = subprocess.Popen([forger, str(up), NAME, '1', str(seconds), str(rate), mode, str(first), str(last)],
                                 stdout=subprocess.PIPE, text=True)
        server = subprocess.Popen([sodns, '-conf', 'Corefile', '-quiet'], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
        try:
            flood.stdout.readline()
            for c in clients:
                c.connect(('127.0.0.1', port))
                c.setblocking(False)
            began, asked = time.time(), 0
            while flood.poll() is None:
                if time.time() - began >= asked:
                    asked += 1
                    for i in range(WAYS):
                        try:
                            clients[i % len(clients)].send(way(i))
                        except OSError:
                            pass
                for c in clients:
                    try:
                        while True:
                            if b'\x00\x04\x06\x06\x06\x06' in c.recv(4096):
                                return time.time() - began, None
                    except OSError:
                        pass
                time.sleep(.01)
            return None, int(flood.stdout.read())
        finally:
            silence.listener.close()
            for p in (flood, server):
                if p.poll() is None:
                    p.terminate()
                p.wait()
            for c in clients:
                c.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--sodns', required=True)
    p.add_argument('--seconds', type=int, default=60)
    p.add_argument('--rate', type=int, default=320000)
    p.add_argument('--mode', choices=('blind', 'known'), default='known')
    p.add_argument('--times', type=int, default=1)
    o = p.parse_args()
    with tempfile.TemporaryDirectory(prefix='sodns-bench-') as folder:
        forger = folder + '/poison'
        subprocess.run(['gcc', '-O2', '-o', forger, HERE / 'poison.c'], check=True)
        lost = 0
        for _ in range(o.times):
            after, forged = attack(str(pathlib.Path(o.sodns).resolve()), forger, o.seconds, o.rate, o.mode)
            lost += after is not None
            print(f'{o.mode}: taken after {after:.1f} s' if after is not None else
                  f'{o.mode}: none of {forged:,} forged answers taken in {o.seconds} s ({forged / o.seconds:,.0f}/s)', flush=True)
    sys.exit(lost != 0)


if __name__ == '__main__':
    main()
