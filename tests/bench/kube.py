#!/usr/bin/env python3
"""kubernetes beside CoreDNS on a real API server: figures, not verdicts.

    kube.py [size] [changes] [rate] [restarts] [headless]      default: all

size        0, 1,000 and 10,000 services with three endpoints each, 50,000 pods verified: memory at rest and at the peak of a relist,
            time and CPU until ready, CPU of a query
changes     1,000 changes of services and slices: from the API server's answer until the DNS server's
rate        100 changes a second for a minute: CPU, and the latency of queries with and without
restarts    the API server ended 20 times under changes, its history compacted: every record beside the API's in the end
headless    a service with 10,000 endpoints: what fits an answer, and whether one is ever torn

KUBE_TOOLS is the folder that starts etcd and kube-apiserver (default ../shared/kube), COREDNS the program beside it (default
../shared/coredns/coredns; 'none': without), SODNS_BUILD the build. KUBE_PODS, KUBE_SECONDS, KUBE_CHANGES, KUBE_ROUNDS make it
smaller. Objects in numbers are written to etcd: the API server would take minutes for them.

Memory is that of all processes of a server: "own" is memory that is theirs alone (anonymous or written to), "files" the pages of
programs and libraries, as they stand in the page cache for anybody. CoreDNS asks for JSON where a kubeconfig says where the API
server is, and for protobuf where `endpoint` does or in a cluster: both are shown.
"""
import base64, collections, contextlib, json, os, pathlib, re, shutil, socket, struct, subprocess, sys, tempfile, threading, time
import urllib.request

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / 'shared'
TOOLS = pathlib.Path(os.environ.get('KUBE_TOOLS', SHARED / 'kube'))
COREDNS = os.environ.get('COREDNS', str(SHARED / 'coredns/coredns'))
BUILD = pathlib.Path(os.environ.get('SODNS_BUILD', ROOT / 'build/release'))
PODS, SECONDS = int(os.environ.get('KUBE_PODS', 50000)), int(os.environ.get('KUBE_SECONDS', 60))
CHANGES, ROUNDS = int(os.environ.get('KUBE_CHANGES', 1000)), int(os.environ.get('KUBE_ROUNDS', 20))
sys.path.insert(0, str(TOOLS))
import dns.message, dns.query, dns.rcode, dns.rdatatype, dns.zone
import kubelib

TICK = os.sysconf('SC_CLK_TCK')
SLICES = '/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices'


def say(*words):
    print(*words, flush=True)


# ---- the API server

class Kube:
    def __init__(self):
        self.state = pathlib.Path(tempfile.mkdtemp(prefix='sodns-kube-'))

    def __enter__(self):
        try:
            subprocess.run([sys.executable, TOOLS / 'up', self.state, '--bare'], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            lines = (self.state / 'env').read_text().splitlines()
            self.env = {n: v.strip("'") for n, v in (line.split('=', 1) for line in lines)}
            self.client = kubelib.Client(self.env)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        for name in ('apiserver', 'etcd'):
            kubelib.stop(str(self.state), name, hard=True)
        shutil.rmtree(self.state, ignore_errors=True)

    def call(self, method, path, body=None, kind='application/json'):
        return json.loads(self.client.call(method, path, body, kind) or b'{}')

    def patch(self, path, body):
        return self.call('PATCH', path, body, 'application/merge-patch+json')

    def namespace(self, name):
        self.call('POST', '/api/v1/namespaces', {'metadata': {'name': name}})

    def etcd(self, path, body):
        request = urllib.request.Request(self.env['KUBE_ETCD'] + path, json.dumps(body).encode(), {'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def store(self, objects):
        """Puts (key, object) into etcd, as the API server would."""
        puts = []
        for key, value in objects:
            puts.append({'requestPut': {'key': base64.b64encode(key.encode()).decode(),
                                        'value': base64.b64encode(json.dumps(value).encode()).decode()}})
            if len(puts) == 100:
                self.etcd('/v3/kv/txn', {'success': puts})
                puts = []
        if puts:
            self.etcd('/v3/kv/txn', {'success': puts})

    def compact(self):
        self.etcd('/v3/kv/compaction', {'revision': self.etcd('/v3/kv/range', {'key': 'AA=='})['header']['revision']})

    def stop(self, hard=True):
        kubelib.stop(str(self.state), 'apiserver', hard=hard)
        port = int(self.env['KUBE_PORT'])
        for _ in range(500):  # a process that was killed keeps its port for a moment
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    return s.bind(('127.0.0.1', port))
            time.sleep(0.01)

    def start(self):
        kubelib.start_server(str(self.state))

    def forget(self):
        """Restarts it so that whoever watched must list anew: what they saw last is history that etcd has no more."""
        self.stop()
        self.store([('/registry/configmaps/default/mark', {'kind': 'ConfigMap', 'apiVersion': 'v1',
                                                          'metadata': {'name': 'mark', 'namespace': 'default'}})])
        self.compact()
        self.start()


def service(name, namespace, ip=None, port=80):
    return {'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': name, 'namespace': namespace, 'labels': {'app': name, 'tier': 'backend'}},
            'spec': {'clusterIP': ip or 'None', 'selector': {'app': name}, 'ports': [{'name': 'http', 'port': port, 'protocol': 'TCP'}]}}


def slice_of(name, namespace, addresses, number=1, port=8080):
    return {'apiVersion': 'discovery.k8s.io/v1', 'kind': 'EndpointSlice', 'addressType': 'IPv4',
            'metadata': {'name': f'{name}-{number}', 'namespace': namespace,
                         'labels': {'app': name, 'kubernetes.io/service-name': name,
                                    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io'}},
            'endpoints': [{'addresses': [a], 'conditions': {'ready': True, 'serving': True, 'terminating': False}, 'nodeName': 'node-1',
                           'zone': 'zone-a', 'targetRef': {'kind': 'Pod', 'name': f'{name}-{i}', 'namespace': namespace}}
                          for i, a in enumerate(addresses)],
            'ports': [{'name': 'http', 'port': port, 'protocol': 'TCP'}]}


def pod(name, namespace, ip):
    started = {'lastTransitionTime': '2026-01-01T00:00:00Z', 'status': 'True'}
    return {'apiVersion': 'v1', 'kind': 'Pod',
            'metadata': {'name': name, 'namespace': namespace, 'labels': {'app': 'web', 'tier': 'backend', 'pod-template-hash': '7d9c6b8f5d'}},
            'spec': {'containers': [{'name': 'web', 'image': 'registry.example/shop/web:1.27.3',
                                     'ports': [{'containerPort': 8080}], 'env': [{'name': f'SETTING_{i}', 'value': 'x' * 20} for i in range(8)],
                                     'resources': {'requests': {'cpu': '100m', 'memory': '64Mi'}, 'limits': {'memory': '128Mi'}},
                                     'readinessProbe': {'httpGet': {'path': '/ready', 'port': 8080}}}], 'nodeName': 'node-1'},
            'status': {'phase': 'Running', 'podIP': ip, 'podIPs': [{'ip': ip}], 'hostIP': '192.0.2.1', 'startTime': '2026-01-01T00:00:00Z',
                       'conditions': [{'type': t, **started} for t in ('Initialized', 'Ready', 'ContainersReady', 'PodScheduled')],
                       'containerStatuses': [{'name': 'web', 'ready': True, 'started': True, 'restartCount': 0,
                                              'image': 'registry.example/shop/web:1.27.3', 'imageID': 'registry.example/shop/web@sha256:' + 'a' * 64,
                                              'containerID': 'containerd://' + 'b' * 64,
                                              'state': {'running': {'startedAt': '2026-01-01T00:00:00Z'}}}]}}


def service_ip(i):
    return f'10.96.{16 + i // 250}.{1 + i % 250}'


def pod_ip(i):
    return f'10.{128 + (i >> 16)}.{i >> 8 & 255}.{i & 255}'


def fill(kube, services, pods):
    """Objects in numbers, each a copy of one that the API server completed."""
    kube.namespace('bulk')
    like = {'service': kube.call('POST', '/api/v1/namespaces/bulk/services', service('like', 'bulk', '10.96.255.1')),
            'slice': kube.call('POST', SLICES.format('bulk'), slice_of('like', 'bulk', ['10.0.0.1'])),
            'pod': kube.call('POST', '/api/v1/namespaces/bulk/pods', pod('like', 'bulk', '10.0.0.1'))}
    kube.patch('/api/v1/namespaces/bulk/pods/like/status', {'status': pod('like', 'bulk', '10.0.0.1')['status']})
    like['pod'] = kube.call('GET', '/api/v1/namespaces/bulk/pods/like')

    def named(kind, number, own):
        meta = {**like[kind]['metadata'], 'name': own['metadata']['name'], 'labels': own['metadata']['labels'],
                'uid': f'00000000-0000-4000-8000-{number:012x}'}
        meta.pop('resourceVersion')
        return {**like[kind], 'metadata': meta}

    def objects():
        for i in range(services):
            name, ip = f's-{i:05}', service_ip(i)
            o = named('service', i, service(name, 'bulk', ip))
            o['spec'] = {**o['spec'], 'clusterIP': ip, 'clusterIPs': [ip], 'selector': {'app': name}}
            yield f'/registry/services/specs/bulk/{name}', o
            yield f'/registry/ipaddresses/{ip}', {
                'apiVersion': 'networking.k8s.io/v1', 'kind': 'IPAddress',
                'metadata': {'name': ip, 'labels': {'ipaddress.kubernetes.io/ip-family': 'IPv4',
                                                    'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io'}},
                'spec': {'parentRef': {'resource': 'services', 'namespace': 'bulk', 'name': name}}}
            ends = slice_of(name, 'bulk', [pod_ip(3 * i + k) for k in range(3)])
            yield f'/registry/endpointslices/bulk/{name}-1', {**named('slice', i, ends), 'endpoints': ends['endpoints']}
        for i in range(pods):
            own = pod(f'web-7d9c6b8f5d-{i:05}', 'bulk', pod_ip(i))
            yield f'/registry/pods/bulk/{own["metadata"]["name"]}', {**named('pod', i, own), 'status': own['status']}
    kube.store(objects())


# ---- the DNS servers

class Server:
    """One of them, on a port of its own, with a Corefile and its kubernetes block's lines. protobuf: see above."""

    def __init__(self, which, kube, *lines, protobuf=False, start=True):
        self.which, self.kube = which, kube
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-bench-'))
        self.port, self.ready_port = kubelib.free_ports(2)
        env = kube.env
        where = [f'kubeconfig {env["KUBE_CONFIG"]}']
        if protobuf:
            where = [f'endpoint {env["KUBE_URL"]}', f'tls {env["KUBE_CERT"]} {env["KUBE_KEY"]} {env["KUBE_CA"]}']
        body = ''.join(f'  {line}\n' for line in (*where, *lines))
        (self.folder / 'Corefile').write_text(
            f'.:{self.port} {{\n bind 127.0.0.1\n ready 127.0.0.1:{self.ready_port}\n transfer {{\n  to *\n }}\n'
            f' kubernetes cluster.local in-addr.arpa {{\n{body}  startup_timeout 1ms\n }}\n}}\n')
        command = [COREDNS] if which == 'coredns' else [BUILD / 'sodns', '-plugin.cfg', BUILD / 'plugin.cfg', '-plugin-dir', BUILD / 'plugins']
        self.log = open(self.folder / 'log', 'w+')
        self.began = time.perf_counter()
        self.process = subprocess.Popen([*command, '-conf', 'Corefile'], cwd=self.folder, stdout=self.log, stderr=self.log)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(('127.0.0.1', self.port))
        self.socket.settimeout(2)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self):
        out = [self.process.pid]
        for pid in out:
            with contextlib.suppress(OSError):
                for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
                    out += [int(p) for p in (task / 'children').read_text().split()]
        return out

    def cpu(self):
        """Seconds of CPU that its processes took so far."""
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f'/proc/{pid}/task').iterdir():
                total += int((task / 'schedstat').read_text().split()[0])
        return total / 1e9

    def rss(self):
        """MB: resident, of it own, and the pages of files; files of several processes count once, as the largest."""
        own = files = 0
        for pid in self.pids():
            text = pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text()
            get = lambda name: int(re.search(rf'^{name}:\s+(\d+)', text, re.M)[1]) / 1024
            own += get('Anonymous')
            files = max(files, get('Rss') - get('Anonymous'))
        return own + files, own, files

    def is_ready(self):
        try:
            with socket.create_connection(('127.0.0.1', self.ready_port), 1) as s:
                s.sendall(b'GET /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
                return b' 200 ' in s.recv(64)
        except OSError:
            return False

    def wait(self, seconds=120):
        """Until it is ready: seconds, and seconds of CPU."""
        while not self.is_ready():
            if time.perf_counter() - self.began > seconds or self.process.poll() is not None:
                raise SystemExit(f'{self.which} does not get ready:\n{(self.folder / "log").read_text()[-2000:]}')
            time.sleep(0.005)
        return time.perf_counter() - self.began, self.cpu()

    def ask(self, wire):
        """The answer's bytes, None if there is none; wire has an id in front."""
        self.socket.send(wire)
        try:
            while True:
                answer = self.socket.recv(65535)
                if answer[:2] == wire[:2]:
                    return answer
        except OSError:
            return None

    def addresses(self, name, rdtype='A'):
        return seen(self.ask(question(name, rdtype)))

    def axfr(self):
        out = collections.Counter()
        for m in dns.query.xfr('127.0.0.1', 'cluster.local.', port=self.port, relativize=False, timeout=60):
            for rrset in m.answer:
                if rrset.rdtype != dns.rdatatype.SOA:
                    out.update((str(rrset.name), dns.rdatatype.to_text(rrset.rdtype), str(rd)) for rd in rrset)
        return set(out)


ids = iter(range(1 << 62))


def question(name, rdtype='A'):
    labels = ''.join(name.split()).rstrip('.').split('.')
    return (struct.pack('!6H', next(ids) & 0xffff, 0x100, 1, 0, 0, 0) + b''.join(bytes([len(x)]) + x.encode() for x in labels) + b'\0' +
            struct.pack('!2H', dns.rdatatype.from_text(rdtype), 1))


def seen(answer):
    """The rcode, or what the answer section has of addresses and ports, sorted."""
    if answer is None:
        return 'nothing'
    m = dns.message.from_wire(answer, ignore_trailing=True)
    if m.rcode():
        return dns.rcode.to_text(m.rcode())
    return sorted(getattr(rd, 'address', None) or str(rd.port) for rrset in m.answer for rd in rrset)


def servers():
    return ['sodns'] + (['coredns'] if COREDNS != 'none' else [])


class Load:
    """dnsperf at a rate, for some seconds."""

    def __init__(self, server, names, rate, seconds):
        (server.folder / 'queries').write_text(''.join(f'{n} {t}\n' for n, t in names))
        self.server, self.before = server, server.cpu()
        self.out = open(server.folder / 'dnsperf', 'w+')
        self.process = subprocess.Popen(
            ['dnsperf', '-v', '-s', '127.0.0.1', '-p', str(server.port), '-d', str(server.folder / 'queries'), '-l', str(seconds), '-Q', str(rate),
             '-q', '5000', '-c', '4'], stdout=self.out, stderr=subprocess.STDOUT)

    def end(self):
        self.process.wait()
        self.cpu = self.server.cpu() - self.before
        self.out.seek(0)
        text = self.out.read()
        count = {k: int(v) for k, v in re.findall(r'Queries (sent|completed|lost):\s+(\d+)', text)}
        self.completed, self.lost = count['completed'], count['lost']
        self.times = sorted(float(t) * 1000 for t in re.findall(r'^> \S+ \S+ \S+ ([\d.]+)$', text, re.M))
        self.bad = len(re.findall(r'^> (?!NOERROR|T )', text, re.M))
        return self


def at(times, share):
    return times[min(int(len(times) * share), len(times) - 1)] if times else float('nan')


# ---- the figures

def peak_while(server, act):
    """The most memory that it has while act() goes on and until it has come to rest, in MB, and its CPU."""
    pids, before, first = server.pids(), server.cpu(), server.rss()[0]
    rest = sum(status(pid, 'VmRSS') for pid in pids)
    for pid in pids:
        pathlib.Path(f'/proc/{pid}/clear_refs').write_text('5')  # VmHWM begins anew
    act()
    spent, quiet = server.cpu(), 0
    while quiet < 5:
        time.sleep(1)
        quiet = quiet + 1 if server.cpu() - spent < 0.01 else 0
        spent = server.cpu()
    return first + sum(status(pid, 'VmHWM') for pid in pids) - rest, server.cpu() - before


def status(pid, name):
    return int(re.search(rf'^{name}:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text(), re.M)[1]) / 1024


def size():
    say('size: MB of memory (own + files); until ready: seconds (of CPU); a query: microseconds of CPU')
    say(f'  {"":31}{"at rest":>30}{"peak of a relist":>19}{"until ready":>16}{"relist CPU":>11}{"a query":>9}')
    for services, pods in ((0, 0), (1000, 0), (10000, 0), (10000, PODS)):
        with Kube() as kube:
            fill(kube, services, pods)
            kube.stop(hard=False)  # what is written past it is found anew
            kube.start()
            rows = [('sodns', False)] + ([('coredns', False), ('coredns', True)] if 'coredns' in servers() else [])
            for which, protobuf in rows:
                measure(kube, which, protobuf, services, pods)


def measure(kube, which, protobuf, services, pods):
    lines = ['pods verified'] if pods else []
    with Server(which, kube, *lines, protobuf=protobuf) as s:
        wall, cpu = s.wait()
        time.sleep(5)
        rest = s.rss()
        names = [('kubernetes.default.svc.cluster.local', 'A')]
        names += [(f's-{i * 7919 % services:05}.bulk.svc.cluster.local', 'A') for i in range(1000) if services]
        names += [(pod_ip(i * 7919 % pods).replace('.', '-') + '.bulk.pod.cluster.local', 'A') for i in range(1000) if pods]
        load = Load(s, names, 10000, 5).end()
        peak, spent = peak_while(s, kube.forget)
        what = f'{services} services' + (f', {pods} pods' if pods else '')
        say(f'  {which + ("/protobuf" if protobuf else ""):17}{what:<22}{rest[0]:6.1f} ({rest[1]:5.1f} +{rest[2]:5.1f}){peak:11.1f} ({peak / rest[0]:.2f}x)'
            f'{wall:8.2f} ({cpu:5.2f}){spent:10.2f}{load.cpu / load.completed * 1e6:9.1f}'
            + (f'  {load.bad} not NOERROR, {load.lost} lost' if load.bad or load.lost else ''))


class Changes:
    """Services and slices of a namespace that come, change and go, and what is to be answered then."""
    numbers = iter(range(1 << 62))

    def __init__(self, kube, namespace):
        self.kube, self.namespace = kube, namespace
        kube.namespace(namespace)
        self.services, self.slices = f'/api/v1/namespaces/{namespace}/services', SLICES.format(namespace)

    def steps(self):
        """Endlessly: (what happened, name, type, answer); the step is done when it is yielded."""
        while True:
            n = next(self.numbers)
            name, space = f'c-{n}', self.namespace
            full, ip = f'{name}.{space}.svc.cluster.local', f'10.96.{200 + n // 250 % 50}.{1 + n % 250}'
            first, second = (sorted(f'10.{k}.{n >> 8 & 255}.{n & 255}' for k in range(base, base + 3)) for base in (20, 30))
            self.kube.call('POST', self.services, service(name, space, ip))
            yield 'service created', full, 'A', [ip]
            self.kube.patch(f'{self.services}/{name}', {'spec': {'ports': [{'name': 'http', 'port': 81, 'protocol': 'TCP'}]}})
            yield 'service updated', '_http._tcp.' + full, 'SRV', ['81']
            self.kube.call('DELETE', f'{self.services}/{name}')
            yield 'service deleted', full, 'A', 'NXDOMAIN'
            self.kube.call('POST', self.services, service('h' + name, space))
            self.kube.call('POST', self.slices, slice_of('h' + name, space, first))
            yield 'slice created', 'h' + full, 'A', first
            self.kube.patch(f'{self.slices}/h{name}-1', {'endpoints': slice_of('h' + name, space, second)['endpoints']})
            yield 'slice updated', 'h' + full, 'A', second
            self.kube.call('DELETE', f'{self.slices}/h{name}-1')
            yield 'slice deleted', 'h' + full, 'A', 'NXDOMAIN'
            self.kube.call('DELETE', f'{self.services}/h{name}')


def changes():
    """Both servers at once: each change is looked for in turn."""
    with Kube() as kube, contextlib.ExitStack() as stack:
        fill(kube, 1000, 0)
        kube.stop(hard=False)
        kube.start()
        running = [stack.enter_context(Server(w, kube, protobuf=True)) for w in servers()]
        for s in running:
            s.wait()
        times = {s.which: collections.defaultdict(list) for s in running}
        time.sleep(1)
        steps = Changes(kube, 'changes').steps()
        for _ in range(CHANGES):
            what, name, rdtype, expected = next(steps)
            began, missing = time.perf_counter(), list(running)
            while missing and time.perf_counter() - began < 5:
                for s in list(missing):
                    if s.addresses(name, rdtype) == expected:
                        times[s.which][what].append((time.perf_counter() - began) * 1000)
                        missing.remove(s)
            for s in missing:
                times[s.which][what].append(float('inf'))
    say(f'changes: {CHANGES}, milliseconds from the API server\'s answer')
    for which, kinds in times.items():
        for what, t in [*kinds.items(), ('all', sum(kinds.values(), []))]:
            t = sorted(t)
            say(f'  {which:9}{what:17}{len(t):5}  p50 {at(t, .5):7.2f}  p99 {at(t, .99):7.2f}  most {t[-1]:7.2f}')


def rate():
    say(f'rate: {SECONDS} s without and with 100 changes a second; 1,000 queries a second')
    for which in servers():
        with Kube() as kube:
            fill(kube, 1000, 0)
            kube.stop(hard=False)
            kube.start()
            with Server(which, kube, protobuf=True) as s:
                s.wait()
                time.sleep(2)
                names = [(f's-{i:05}.bulk.svc.cluster.local', 'A') for i in range(1000)]
                quiet = Load(s, names, 1000, SECONDS).end()
                busy, made = Load(s, names, 1000, SECONDS), 0
                end, began = time.time() + SECONDS, time.time()
                n = 0
                while time.time() < end:  # a service's endpoints change, as a rollout has it
                    name = f's-{n % 500:05}'
                    ends = slice_of(name, 'bulk', [f'10.77.{n >> 8 & 255}.{n & 255}', '10.77.255.1'])['endpoints']
                    kube.patch(f'{SLICES.format("bulk")}/{name}-1', {'endpoints': ends})
                    n += 1
                    time.sleep(max(0, began + n / 100 - time.time()))
                busy.end()
                for what, load in (('without', quiet), (f'with {n / SECONDS:.0f}/s', busy)):
                    say(f'  {which:9}{what:12} CPU {load.cpu:6.2f} s  p50 {at(load.times, .5):6.2f}  p99 {at(load.times, .99):6.2f}  '
                        f'p99.9 {at(load.times, .999):6.2f} ms  lost {load.lost}, not NOERROR {load.bad}')


def expected_records(kube):
    """Of every service in the API: name, and the addresses of A."""
    ends = collections.defaultdict(list)
    for s in kube.call('GET', '/apis/discovery.k8s.io/v1/endpointslices')['items']:
        key = s['metadata']['labels'].get('kubernetes.io/service-name'), s['metadata']['namespace']
        ends[key] += [a for e in s.get('endpoints') or [] if e['conditions'].get('ready', True) for a in e['addresses']]
    for o in kube.call('GET', '/api/v1/services')['items']:
        key = o['metadata']['name'], o['metadata']['namespace']
        ip = o['spec'].get('clusterIP')
        yield '.'.join(key) + '.svc.cluster.local', sorted(set(ends[key])) or 'NXDOMAIN' if ip == 'None' else [ip]


def restarts():
    with Kube() as kube, contextlib.ExitStack() as stack:
        fill(kube, 300, 0)
        kube.stop(hard=False)
        kube.start()
        kube.namespace('steady')
        kube.call('POST', '/api/v1/namespaces/steady/services', service('always', 'steady', '10.96.250.250'))
        s = stack.enter_context(Server('sodns', kube))
        s.wait()
        stop, asked, wrong = threading.Event(), [0], []

        def ask():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
                u.connect(('127.0.0.1', s.port))
                u.settimeout(1)
                while not stop.is_set():
                    u.send(question('always.steady.svc.cluster.local'))
                    try:
                        got = seen(u.recv(4096))
                    except OSError:
                        got = 'nothing'
                    asked[0] += 1
                    if got != ['10.96.250.250']:
                        wrong.append(got)
                    time.sleep(0.002)

        def change():
            c = Kube.__new__(Kube)
            c.env, c.state = kube.env, kube.state
            while not stop.is_set():
                with contextlib.suppress(Exception):  # the API server is away
                    c.client = kubelib.Client(kube.env)
                    for _ in Changes(c, f'moving-{next(ids)}').steps():
                        made[0] += 1
                        if stop.is_set() or made[0] % 7 == 3:  # some are left as they are
                            break
                    continue
                time.sleep(0.05)
        made = [0]
        threads = [threading.Thread(target=ask), threading.Thread(target=change)]
        for t in threads:
            t.start()
        for n in range(ROUNDS):
            time.sleep(1)
            kube.stop(hard=n % 2 == 0)
            # What happens while nobody can tell: one goes, one comes.
            like = kube.etcd('/v3/kv/range', {'key': key64('/registry/services/specs/bulk/s-00299')})['kvs']
            kube.etcd('/v3/kv/deleterange', {'key': key64(f'/registry/services/specs/bulk/s-{n:05}')})
            fresh = json.loads(base64.b64decode(like[0]['value']))
            fresh['metadata'].update(name=f'late-{n}', uid=f'00000000-0000-4000-9000-{n:012x}')
            kube.store([(f'/registry/services/specs/bulk/late-{n}', fresh)])
            if n % 3:
                kube.compact()
            kube.start()
        time.sleep(2)
        stop.set()
        for t in threads:
            t.join()
        time.sleep(3)
        differing, count = [], 0
        for name, expected in expected_records(kube):
            got, count = s.addresses(name), count + 1
            if got != expected:
                differing.append((name, expected, got))
        for n in range(ROUNDS):
            if s.addresses(f's-{n:05}.bulk.svc.cluster.local') != 'NXDOMAIN':
                differing.append((f's-{n:05}', 'left over'))
        say(f'restarts: {ROUNDS}, {made[0]} changes made meanwhile; {asked[0]} queries of a service that stays, {len(wrong)} not answered as ever '
            f'{dict(collections.Counter(map(str, wrong)))}')
        say(f'  in the end {count} services beside the API: {len(differing)} differ {differing[:3]}')
        if 'coredns' in servers():
            fresh = stack.enter_context(Server('coredns', kube))
            fresh.wait()
            ours, theirs = s.axfr(), fresh.axfr()
            say(f'  the whole zone beside that of a fresh CoreDNS: {len(ours)} and {len(theirs)} records, {len(ours - theirs)} left over, '
                f'{len(theirs - ours)} lost {sorted(ours ^ theirs)[:4]}')


def key64(key):
    return base64.b64encode(key.encode()).decode()


def tcp(server, wire):
    with socket.create_connection(('127.0.0.1', server.port), 5) as c:
        c.sendall(struct.pack('!H', len(wire)) + wire)
        f = c.makefile('rb')
        return f.read(struct.unpack('!H', f.read(2))[0])


def headless():
    """Ten slices of a thousand endpoints; one slice after the other changes from one set to another."""
    with Kube() as kube, contextlib.ExitStack() as stack:
        kube.namespace('wide')
        kube.call('POST', '/api/v1/namespaces/wide/services', service('wide', 'wide'))

        def ends(generation, k):
            return slice_of('wide', 'wide', [f'10.{generation}.{k}.{i}' if i < 250 else f'10.{generation}.{k + 10 * (i // 250)}.{i % 250}'
                                             for i in range(1000)], k)
        for k in range(10):
            kube.call('POST', SLICES.format('wide'), ends(100, k))
        running = [stack.enter_context(Server(w, kube)) for w in servers()]
        say('headless: 10,000 endpoints')
        for s in running:
            s.wait()
            for rdtype in ('A', 'SRV'):
                plain = question('wide.wide.svc.cluster.local', rdtype)
                for what in ('UDP', 'UDP 1232', 'UDP 4096', 'TCP'):
                    wire = plain
                    if ' ' in what:
                        q = dns.message.make_query('wide.wide.svc.cluster.local', rdtype, use_edns=0, payload=int(what.split()[1]))
                        wire = q.to_wire()
                    answer = tcp(s, wire) if what == 'TCP' else s.ask(wire)
                    if answer is None:
                        say(f'  {s.which:9}{rdtype:4}{what:9} nothing')
                        continue
                    m = struct.unpack('!6H', answer[:12])
                    say(f'  {s.which:9}{rdtype:4}{what:9} {len(answer):6} bytes, {m[3]:5} answers, {m[5]:5} additional, TC {m[1] >> 9 & 1}')
        s, stop, torn, asked = running[0], threading.Event(), [], [0]

        def look():
            while not stop.is_set():
                m = dns.message.from_wire(tcp(s, question('wide.wide.svc.cluster.local')), ignore_trailing=True)
                asked[0] += 1
                counts = collections.Counter()
                for rrset in m.answer:
                    for rd in rrset:
                        _, generation, k, _ = rd.address.split('.')
                        counts[int(k) % 10, int(generation)] += 1
                both = [k for k in range(10) if counts[k, 100] and counts[k, 101]]
                if both or len(m.answer) != 1 or sum(counts.values()) != full:
                    torn.append((both, sum(counts.values())))
        full = len(dns.message.from_wire(tcp(s, question('wide.wide.svc.cluster.local')), ignore_trailing=True).answer[0])
        thread = threading.Thread(target=look)
        thread.start()
        for generation in (101, 100, 101):
            for k in range(10):
                kube.patch(f'{SLICES.format("wide")}/wide-{k}', {'endpoints': ends(generation, k)['endpoints']})
        stop.set()
        thread.join()
        say(f'  {asked[0]} answers of {full} addresses over TCP while 30 slices changed one after the other: {len(torn)} torn {torn[:3]}')


FIGURES = {'size': size, 'changes': changes, 'rate': rate, 'restarts': restarts, 'headless': headless}

if __name__ == '__main__':
    for figure in sys.argv[1:] or FIGURES:
        FIGURES[figure]()
