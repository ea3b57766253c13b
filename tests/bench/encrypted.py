#!/usr/bin/env python3
"""Queries for each second of CPU time over TLS and HTTPS, on connections that are kept, beside other servers: figures, not verdicts.

    encrypted.py [--coredns PATH] [--rounds N] [--seconds N] [SERVER...]      default: all that are installed

Servers: sodns, unbound, dnsdist, coredns. Each has one thread to serve and answers www.example.org by an address of its own
configuration. DoT is asked by dnsperf, DoH (POST, HTTP/2) by h2load: 8 connections, 16 queries at once on each. A round asks every
server in turn; a server's CPU time, from /proc/PID/stat, is that of all its processes. The table has the median of the rounds and, in
brackets, the lowest and the highest; queries a second are left out, since the clients take as much CPU time
as the server. SODNS_BUILD names the build (default build/release).
"""
import argparse, os, pathlib, re, shutil, ssl, statistics, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import dns.message, dns.query

from certificates import Authority
from harness import BUILD, free_port

NAME, ADDRESS = 'www.example.org', '192.0.2.1'
CLIENTS, AT_ONCE = 8, 16
TICK = os.sysconf('SC_CLK_TCK')


class Peer:
    """A server with a port for DoT and one for DoH."""
    environment = {}

    def __init__(self, folder, certificate, key):
        self.folder, self.dot, self.doh = folder, free_port(), free_port()
        self.values = {'dot': self.dot, 'doh': self.doh, 'cert': certificate, 'key': key, 'name': NAME, 'address': ADDRESS, 'folder': folder}
        (folder / 'conf').write_text(self.conf % self.values)
        log = open(folder / 'log', 'w')
        self.process = subprocess.Popen([a % self.values for a in self.command], cwd=folder, stdout=log, stderr=log,
                                        env=dict(os.environ, **self.environment))

    def wire(self):
        return dns.message.make_query(NAME, 'A', id=0).to_wire()

    def answers(self):
        """One of each kind, which has the right address."""
        q = dns.message.from_wire(self.wire())
        r = dns.query.tls(q, '127.0.0.1', port=self.dot, timeout=3, ssl_context=ssl._create_unverified_context())
        (self.folder / 'query').write_bytes(self.wire())
        out = subprocess.run(['curl', '-sk', '--http2', '--data-binary', '@query', '-H', 'content-type: application/dns-message',
                              f'https://127.0.0.1:{self.doh}/dns-query'], cwd=self.folder, capture_output=True).stdout
        return all(ADDRESS in str(m.answer) for m in (r, dns.message.from_wire(out)))

    def wait(self):
        for _ in range(100):
            try:
                if self.answers():
                    return
            except Exception as e:
                why = e
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f'{type(self).__name__}: does not answer: {why}\n{(self.folder / "log").read_text()[-1500:]}')

    def cpu(self):
        """Seconds of the process and its children."""
        total, todo = 0, [self.process.pid]
        while todo:
            pid = todo.pop()
            todo += pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
            fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def end(self):
        self.process.terminate()
        self.process.wait(20)


class sodns(Peer):
    conf = ('tls://.:%(dot)d {\n bind 127.0.0.1\n tls %(cert)s %(key)s\n hosts {\n  %(address)s %(name)s\n }\n}\n'
            'https://.:%(doh)d {\n bind 127.0.0.1\n tls %(cert)s %(key)s\n hosts {\n  %(address)s %(name)s\n }\n}\n')
    command = [str(BUILD / 'sodns'), '-plugin.cfg', str(BUILD / 'plugin.cfg'), '-plugin-dir', str(BUILD / 'plugins'), '-workers', '1',
               '-conf', 'conf']


class coredns(Peer):
    conf = sodns.conf
    environment = {'GOMAXPROCS': '1'}
    command = ['', '-conf', 'conf']


class unbound(Peer):
    conf = ('server:\n num-threads: 1\n interface: 127.0.0.1@%(dot)d\n interface: 127.0.0.1@%(doh)d\n tls-port: %(dot)d\n https-port: %(doh)d\n'
            ' tls-service-pem: %(cert)s\n tls-service-key: %(key)s\n local-data: "%(name)s. 60 IN A %(address)s"\n'
            ' username: ""\n chroot: ""\n directory: "%(folder)s"\n pidfile: ""\n use-syslog: no\n do-daemonize: no\n incoming-num-tcp: 100\n'
            ' http-max-streams: 200\n module-config: iterator\nremote-control:\n control-enable: no\n')
    command = ['unbound', '-d', '-c', 'conf']


class dnsdist(Peer):
    conf = ('addTLSLocal("127.0.0.1:%(dot)d", "%(cert)s", "%(key)s", {})\n'
            'addDOHLocal("127.0.0.1:%(doh)d", "%(cert)s", "%(key)s", "/dns-query")\n'
            'setMaxTCPClientThreads(1)\nsetMaxTCPQueriesPerConnection(0)\nsetSecurityPollSuffix("")\n'
            'addAction(QNameRule("%(name)s."), SpoofAction("%(address)s"))\n')
    command = ['dnsdist', '--supervised', '--disable-syslog', '-C', 'conf']


def dot(peer, seconds):
    """How many were answered."""
    (peer.folder / 'queries').write_text(f'{NAME} A\n')
    r = subprocess.run(['dnsperf', '-m', 'dot', '-s', '127.0.0.1', '-p', str(peer.dot), '-d', 'queries', '-l', str(seconds), '-c', str(CLIENTS),
                        '-q', str(CLIENTS * AT_ONCE), '-T', '1'], cwd=peer.folder, capture_output=True, text=True)
    return count(r, r'NOERROR (\d+)', r'Queries lost:\s+(\d+)')


def doh(peer, seconds):
    r = subprocess.run(['h2load', '-D', str(seconds), '-c', str(CLIENTS), '-m', str(AT_ONCE), '-t', '1', '-d', 'query', '-H',
                        'content-type: application/dns-message', f'https://127.0.0.1:{peer.doh}/dns-query'],
                       cwd=peer.folder, capture_output=True, text=True)
    return count(r, r'status codes: (\d+) 2xx', r'(\d+) failed')


def count(r, answered, failed):
    found, lost = re.search(answered, r.stdout), re.search(failed, r.stdout)
    if not found:
        sys.exit(f'{r.args[0]}: {r.stdout[-800:]}{r.stderr[-400:]}')
    return int(found[1]), int(lost[1]) if lost else 0


def main():
    a = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    a.add_argument('--coredns')
    a.add_argument('--rounds', type=int, default=5)
    a.add_argument('--seconds', type=int, default=2)
    a.add_argument('servers', nargs='*')
    o = a.parse_args()
    coredns.command[0] = o.coredns or ''
    kinds = [k for k in (sodns, unbound, dnsdist, coredns) if shutil.which(k.command[0]) and (not o.servers or k.__name__ in o.servers)]
    with tempfile.TemporaryDirectory(prefix='sodns-bench-') as folder:
        certificate, key = pathlib.Path(folder) / 'cert.pem', pathlib.Path(folder) / 'key.pem'
        for path, text in zip((certificate, key), Authority().issue('dns.test')):
            path.write_text(text)
        peers = []
        try:
            for k in kinds:
                own = pathlib.Path(folder) / k.__name__
                own.mkdir()
                peers.append(k(own, certificate, key))
                peers[-1].wait()
            table(peers, o)
        finally:
            for p in peers:
                p.end()


def table(peers, o):
    figures = {(p, way): [] for p in peers for way in (dot, doh)}
    lost = dict.fromkeys(figures, 0)
    for _ in range(o.rounds):
        for way in dot, doh:
            for p in peers:
                before = p.cpu()
                n, gone = way(p, o.seconds)
                used = p.cpu() - before
                figures[p, way].append(n / used / 1000 if used else 0)
                lost[p, way] += gone
    print('|  | ' + ' | '.join(type(p).__name__ for p in peers) + ' |')
    print('|---' * (len(peers) + 1) + '|')
    for way in dot, doh:
        cells = []
        for p in peers:
            each = figures[p, way]
            failed = f', {lost[p, way]} failed' if lost[p, way] else ''
            cells.append(f'{statistics.median(each):.0f}k ({min(each):.0f}-{max(each):.0f}){failed}')
        print(f'| {way.__name__}: queries/CPU s | ' + ' | '.join(cells) + ' |')


main()
