#!/usr/bin/env python3
"""What a pod's look-up of an external name costs, with and without autopath: figures, not verdicts.

    autopath.py [--names N] [--beside COREDNS]      as root; default 500 names each

A pod has the search path that Kubernetes gives it (its namespace, the services, the cluster, the node's domain; ndots:5), so glibc asks
for an external name five times, and each time for A and AAAA. Here one does, in a network namespace of its own behind a veth pair;
the server, a small API server that knows the pod, and an upstream that answers after 5 ms are in another. Every row is one server with
one Corefile, as kubeadm writes it, with autopath or without:

fresh       every name is another one; of those in the node's domain the upstream has none
again       the same name each time, from the server's cache

Queries and packets are UDP datagrams that the pod's kernel counted; upstream: queries that went on; CPU: of the server's threads, by the
scheduler's count, its start not included. Times are of getaddrinfo().

SODNS_BUILD names the build (default build/release); --beside puts the same Corefiles before CoreDNS.
"""
import argparse, heapq, json, os, pathlib, select, shutil, socket, struct, subprocess, sys, tempfile, threading, time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/e2e'))
from apiserver import Api

POD, NODE, SERVER, UPSTREAM = '10.244.0.7', '10.244.0.1', '10.96.0.10', '10.96.0.53'
DELAY = 0.005
DOMAIN = 'node.internal'
CLUSTER = 'default.svc.cluster.local svc.cluster.local cluster.local'
COREFILE = '''.:53 {
    bind %s
    errors
%s    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig kubeconfig
        pods verified
        fallthrough in-addr.arpa ip6.arpa
    }
    forward . %s
    cache 30
}
'''


def sh(*command, check=True):
    subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL if not check else None)


class Namespaces:
    """Two of them, with a cable between."""

    def __enter__(self):
        self.node, self.pod = (f'autopath-{os.getpid()}-{n}' for n in ('node', 'pod'))
        for n in (self.node, self.pod):
            sh('ip', 'netns', 'add', n)
            sh('ip', '-n', n, 'link', 'set', 'lo', 'up')
        sh('ip', '-n', self.node, 'link', 'add', 'pod', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', self.pod)
        for n, link, address in ((self.node, 'pod', NODE), (self.pod, 'eth0', POD)):
            sh('ip', '-n', n, 'address', 'add', f'{address}/24', 'dev', link)
            sh('ip', '-n', n, 'link', 'set', link, 'up')
        sh('ip', '-n', self.pod, 'route', 'add', 'default', 'via', NODE)
        for address in (SERVER, UPSTREAM):
            sh('ip', '-n', self.node, 'address', 'add', f'{address}/32', 'dev', 'lo')
        return self

    def __exit__(self, *exc):
        for n in (self.pod, self.node):
            sh('ip', 'netns', 'delete', n, check=False)


class Upstream(threading.Thread):
    """Knows all names in example.org, and nothing else."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((UPSTREAM, 53))
        self.asked = 0

    def answer(self, query):
        at = 12
        while query[at]:
            at += query[at] + 1
        end = at + 5
        kind = struct.unpack('!H', query[at + 1:at + 3])[0]
        if not query[12:at + 1].lower().endswith(b'\7example\3org\0'):
            soa = b'\0' + struct.pack('!HHIH', 6, 1, 30, 22) + b'\0\0' + struct.pack('!5I', 1, 2, 3, 4, 30)
            return query[:2] + b'\x81\x83\0\1\0\0\0\1\0\0' + query[12:end] + soa
        data = {1: b'\xc0\0\2\1', 28: b'\x20\1\x0d\xb8' + b'\0' * 11 + b'\1'}.get(kind)
        record = b'\xc0\x0c' + struct.pack('!HHIH', kind, 1, 30, len(data)) + data if data else b''
        return query[:2] + b'\x81\x80\0\1' + struct.pack('!H', bool(data)) + b'\0\0\0\0' + query[12:end] + record

    def run(self):
        waiting = []
        while True:
            rest = max(0, waiting[0][0] - time.monotonic()) if waiting else None
            if select.select([self.socket], [], [], rest)[0]:
                query, peer = self.socket.recvfrom(4096)
                self.asked += 1
                heapq.heappush(waiting, (time.monotonic() + DELAY, self.asked, self.answer(query), peer))
            while waiting and waiting[0][0] <= time.monotonic():
                _, _, reply, peer = heapq.heappop(waiting)
                self.socket.sendto(reply, peer)


def beneath(pid):
    """The process and those that it started."""
    found = [pid]
    for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
        for child in (task / 'children').read_text().split():
            found += beneath(int(child))
    return found


def cpu_ns(pid):
    return sum(int((task / 'schedstat').read_text().split()[0]) for p in beneath(pid) for task in pathlib.Path(f'/proc/{p}/task').iterdir())


def with_resolv(path, *command):
    return ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(path), *command]


class Server:
    def __init__(self, folder, command, autopath):
        line = '    autopath @kubernetes\n' if autopath else ''
        (folder / 'Corefile').write_text(COREFILE % (SERVER, line, UPSTREAM))
        self.process = subprocess.Popen(with_resolv(folder / 'node.conf', *command, '-conf', 'Corefile'), cwd=folder,
                                        stdout=open(folder / 'out', 'w'), stderr=subprocess.STDOUT)
        self.folder = folder

    def __enter__(self):
        for _ in range(1000):
            with socket.socket() as s:
                if s.connect_ex((SERVER, 53)) == 0:
                    time.sleep(0.5)
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise SystemExit((self.folder / 'out').read_text())

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(20)


def datagrams():
    rows = [line.split() for line in pathlib.Path('/proc/net/snmp').read_text().splitlines() if line.startswith('Udp:')]
    udp = dict(zip(rows[0], rows[1]))
    return int(udp['OutDatagrams']), int(udp['InDatagrams'])


def client(names):
    """In the pod: looks the names up and prints what it took, as JSON."""
    sent, received = datagrams()
    times = []
    for name in names:
        begun = time.perf_counter()
        found = {a[4][0] for a in socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)}
        times.append((time.perf_counter() - begun) * 1000)
        assert found == {'192.0.2.1', '2001:db8::1'}, (name, found)
    out, into = datagrams()
    print(json.dumps({'queries': out - sent, 'packets': out - sent + into - received, 'times': sorted(times)}))


def measure(folder, pod, server, upstream, names):
    # One look-up of another name first: neighbours, sockets, the pod's own start.
    asked, spent = upstream.asked, cpu_ns(server.process.pid)
    run = subprocess.run(['nsenter', f'--net=/run/netns/{pod}', *with_resolv(folder / 'pod.conf', sys.executable, __file__, '--client')],
                         input='\n'.join(names), stdout=subprocess.PIPE, text=True, check=True)
    spent = cpu_ns(server.process.pid) - spent
    got, n = json.loads(run.stdout), len(names)
    t = got['times']
    return [f'{got["queries"] / n:.1f}', f'{got["packets"] / n:.1f}', f'{(upstream.asked - asked) / n:.1f}',
            f'{t[n // 2]:.2f}', f'{t[n * 99 // 100]:.2f}', f'{spent / n / 1000:.0f}']


def inside(pod, count, beside):
    """In the node's namespace."""
    build = pathlib.Path(os.environ.get('SODNS_BUILD', ROOT / 'build/release'))
    servers = {'sodns': [str(build / 'sodns'), '-plugin.cfg', str(ROOT / 'plugins/plugin.cfg'), '-plugin-dir', str(build / 'plugins')]}
    if beside:
        servers['CoreDNS'] = [beside]
    folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-bench-'))
    (folder / 'node.conf').write_text(f'nameserver {UPSTREAM}\nsearch {DOMAIN}\n')
    (folder / 'pod.conf').write_text(f'nameserver {SERVER}\nsearch {CLUSTER} {DOMAIN}\noptions ndots:5\n')
    upstream = Upstream()
    upstream.start()
    print(f'{"":8} {"autopath":8} {"names":6} {"queries":>8} {"packets":>8} {"upstream":>9} {"p50 ms":>7} {"p99 ms":>7} {"CPU us":>7}   for each look-up')
    try:
        with Api() as api:
            api.put('/api/v1/namespaces', {'metadata': {'name': 'default'}})
            api.put('/api/v1/pods', {'metadata': {'namespace': 'default', 'name': 'client'}, 'status': {'podIP': POD, 'phase': 'Running'}})
            api.kubeconfig(folder / 'kubeconfig')
            for autopath in (False, True):
                for name, command in servers.items():
                    with Server(folder, command, autopath) as s:
                        measure(folder, pod, s, upstream, ['warm.example.org'])
                        for kind, names in (('fresh', [f'n{i}.example.org' for i in range(count)]), ('again', ['warm.example.org'] * count)):
                            row = measure(folder, pod, s, upstream, names)
                            print(f'{name:8} {"yes" if autopath else "no":8} {kind:6} ' + ' '.join(f'{v:>{w}}' for v, w in zip(row, (8, 8, 9, 7, 7, 7))),
                                  flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--names', type=int, default=500)
    p.add_argument('--beside')
    p.add_argument('--client', action='store_true', help=argparse.SUPPRESS)
    p.add_argument('--inside', help=argparse.SUPPRESS)
    a = p.parse_args()
    if a.client:
        return client(sys.stdin.read().split())
    if a.inside:
        return inside(a.inside, a.names, a.beside)
    if os.geteuid():
        p.error('needs root: for network namespaces')
    with Namespaces() as n:
        beside = ['--beside', str(pathlib.Path(a.beside).resolve())] if a.beside else []
        sys.exit(subprocess.run(['ip', 'netns', 'exec', n.node, sys.executable, __file__, '--inside', n.pod, '--names', str(a.names), *beside]).returncode)


if __name__ == '__main__':
    main()
