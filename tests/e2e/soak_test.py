"""A soak: one server with most of the plugins, asked over every transport by clients good and bad, while its Corefile, its zones, a plugin and
its upstreams change under it. At the end nothing was answered wrong, no sanitizer spoke, nothing grew and it ended with 0.

SOAK_SECONDS says how long; as a test of the suite it is short, tools/soak makes it minutes.
"""
import os, pathlib, random, re, shutil, signal, socket, ssl, statistics, subprocess, tempfile, threading, time

import dns.message

import harness
import soak_clients
import soak_corefile
from apiserver import Api
from certificates import Authority
from harness import BUILD, SANITIZED, Case, Server, test_plugin

SECONDS = float(os.environ.get('SOAK_SECONDS', 10))
SEED = int(os.environ.get('SOAK_SEED', 1))
RATE = 150 if SANITIZED else 1000  # of each well-meant stream of queries, a second
NAMES = ('PORT', 'DOT', 'DOH', 'METRICS', 'READY', 'HEALTH', 'UPSTREAM', 'UPSTREAM_TLS', 'SECOND', 'LIAR')
ZONE = ('$TTL 2\n@ SOA ns root %d 5 5 60 2\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.%d\nwww A 192.0.3.1\nalias CNAME www\n*.w TXT x\n'
        'sub NS ns.sub\nns.sub A 192.0.2.3\n') + 'big TXT ' + '"%s" ' % ('x' * 200) * 20 + '\n' + ''.join(f'h{i} A 192.0.2.7\n' for i in range(2000))
SMALL = '$TTL 2\n@ SOA ns root %d 5 5 60 2\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.%d\n'


class Soak:
    def __init__(self, server, ports, ca):
        self.server, self.ports = server, ports
        self.end = threading.Event()
        self.lock = threading.Lock()
        self.counts, self.faults = {}, []
        self.contexts = {}
        self.ca = ca
        self.tls = self.tls_for(None)
        self.serial = 1
        self.corefile = soak_corefile.all_of_it(ports)

    def tls_for(self, protocol):
        if protocol not in self.contexts:
            context = ssl.create_default_context(cadata=self.ca.pem)
            if protocol:
                context.set_alpn_protocols([protocol])
            self.contexts[protocol] = context
        return self.contexts[protocol]

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def wrong(self, what):
        with self.lock:
            self.faults.append(what)
        print('WRONG', what, flush=True)

    def check_message(self, wire):
        if b'\3bad\4test' in wire:
            return  # the records are the liar's
        try:
            dns.message.from_wire(wire)
            self.count('answers read')
        except dns.message.UnknownTSIGKey:
            self.count('signed answers')
        except Exception as e:
            self.wrong(f'an answer that is none ({e}): {wire.hex()}')

    def run(self, actor, number):
        rng = random.Random(f'{SEED} {actor.__name__} {number}')
        while not self.end.is_set():
            try:
                actor(self, rng)
                self.count(actor.__name__)
            except Exception as e:
                self.wrong(f'{actor.__name__}: {type(e).__name__} {e}')
                time.sleep(0.5)


def write(path, text):
    """Nobody sees half of it."""
    new = path.with_name('.' + path.name + '.new')
    new.write_text(text)
    new.rename(path)


def zones(soak, rng):
    """Zone files, hosts files and weights change; some are broken for a while; zones come and go."""
    f, soak.serial = soak.server.folder, soak.serial + 1
    write(f / 'zone', ZONE % (soak.serial, rng.randrange(1, 250)))
    write(f / 'zones/db.one.a.test', SMALL % (soak.serial, rng.randrange(1, 250)))
    if rng.random() < 0.5:
        write(f / 'zones/db.two.a.test', SMALL % (soak.serial, 2) if rng.random() < 0.8 else 'what is this (')
    else:
        (f / 'zones/db.two.a.test').unlink(missing_ok=True)
    write(f / 'hostsfile', ''.join(f'192.0.2.{rng.randrange(1, 250)} host{i}.test\n' for i in range(rng.randrange(1, 400))))
    write(f / 'weights', 'www.z.test\n192.0.3.1 %d\n' % rng.randrange(1, 200) if rng.random() < 0.8 else 'www.z.test\nnonsense\n')
    time.sleep(rng.choice([0.1, 0.5, 1.5]))


def reloads(soak, rng):
    """Good Corefiles and bad ones, with a signal or for the reload plugin to find; plugins' files among them."""
    good = soak.corefile if rng.random() < 0.2 else soak_corefile.corefile(rng, soak.ports)
    text = soak_corefile.spoiled(rng, good).replace('{PORT}', str(soak.ports['PORT'])) if rng.random() < 0.3 else good
    if rng.random() < 0.3:
        install(soak.server.folder, rng.randrange(1, 4))
    write(soak.server.folder / 'Corefile', text)
    if rng.random() < 0.8:
        for _ in range(rng.choice([1, 1, 1, 3])):
            soak.server.signal(signal.SIGUSR1)
            time.sleep(rng.choice([0, 0.05]))
    time.sleep(rng.choice([0.05, 0.3, 1, 3]))


def install(folder, version):
    shutil.copy(test_plugin(f'upgrade-{version}'), folder / 'new.so')
    (folder / 'new.so').rename(folder / 'upgrade.so')


class Upstreams:
    """One that always serves, one that comes and goes, and one that lies."""

    def __init__(self, ports, files):
        self.steady = self.server(ports, ports['UPSTREAM'], ports['UPSTREAM_TLS'], files)
        self.second = self.server(ports, ports['SECOND'], harness.free_port(), files)
        self.steady.start()
        self.liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.liar.bind(('127.0.0.1', ports['LIAR']))
        self.liar.settimeout(0.2)

    def server(self, ports, port, tls_port, files):
        text = soak_corefile.fill(soak_corefile.UPSTREAM, dict(ports, PORT=port, UPSTREAM_TLS=tls_port))
        s = Server(text, files=dict(files, upstream=SMALL % (1, 1)))
        s.port = port
        return s

    def come_and_go(self, soak, rng):
        self.second.start()
        soak.end.wait(rng.choice([0.5, 2, 4]))
        self.second.stop()
        soak.end.wait(rng.choice([0.2, 1]))

    def lie(self, soak, rng):
        try:
            wire, peer = self.liar.recvfrom(65535)
        except TimeoutError:
            return
        try:
            r = dns.message.make_response(dns.message.from_wire(wire))
            r.answer.append(dns.rrset.from_text(r.question[0].name, 5, 'IN', 'A', '192.0.2.1'))
            r.flags |= rng.choice([0, dns.flags.TC, dns.flags.AA])
            wire = r.to_wire()
        except Exception:
            pass
        for _ in range(rng.choice([0, 1, 1, 2])):
            self.liar.sendto(soak_clients.spoil(rng, wire), peer)

    def stop(self):
        self.liar.close()
        self.steady.__exit__()
        self.second.__exit__()


class Cluster:
    """An API server with services that change, which misbehaves."""
    SERVICES, SLICES, PODS = '/api/v1/services', '/apis/discovery.k8s.io/v1/endpointslices', '/api/v1/pods'

    def __init__(self, folder):
        self.api = Api().start()
        self.api.put('/api/v1/namespaces', {'metadata': {'name': 'ns'}})
        for i in range(20):
            self.change(i, 1)
        self.api.kubeconfig(folder / 'kubeconfig')

    def change(self, i, ip):
        labels = {'kubernetes.io/service-name': f's{i}'}
        ports = [{'name': 'http', 'protocol': 'TCP', 'port': 80}]
        self.api.put(self.SERVICES, {'metadata': {'name': f's{i}', 'namespace': 'ns'}, 'spec': {'type': 'ClusterIP', 'clusterIP': f'10.96.0.{ip}', 'clusterIPs': [
            f'10.96.0.{ip}'], 'ports': ports}})
        self.api.put(self.SLICES, {'metadata': {'name': f's{i}-1', 'namespace': 'ns', 'labels': labels}, 'addressType': 'IPv4', 'ports': ports, 'endpoints': [
            {'addresses': [f'10.1.{ip}.{k}'], 'conditions': {'ready': k % 4 != 0}} for k in range(ip % 9)]})
        self.api.put(self.PODS, {'metadata': {'name': f'p{i}', 'namespace': 'ns'}, 'status': {'podIP': '127.0.0.1' if i == 1 else f'10.1.{ip}.{i}', 'phase': 'Running'}})

    def misbehave(self, soak, rng):
        for _ in range(10):
            self.change(rng.randrange(20), rng.randrange(1, 250))
        self.api.duplicates = rng.random() < 0.2
        self.api.cut_lists, self.api.cut_events = rng.choice([0, 0, 1]), rng.choice([0, 0, 1])
        rng.choice([self.api.forget, self.api.cut, self.api.end_watches, lambda: None, lambda: None])()
        if rng.random() < 0.1:
            self.api.stop()
            soak.end.wait(0.5)
            self.api.start()
        soak.end.wait(rng.choice([0.1, 1]))


class Loads:
    """dnsperf over every transport; it goes on when a connection is closed."""

    def __init__(self, soak, seconds):
        queries = soak.server.folder / 'queries'
        queries.write_text(''.join(f'{name} {rdtype}\n' for name, rdtype in soak_clients.NAMES if 'bad' not in name))
        self.processes = {}
        for mode, port in ('udp', 'PORT'), ('tcp', 'PORT'), ('dot', 'DOT'), ('doh', 'DOH'):
            self.processes[mode] = subprocess.Popen(
                ['dnsperf', '-m', mode, '-s', '127.0.0.1', '-p', str(soak.ports[port]), '-d', str(queries), '-l', str(int(seconds)), '-Q', str(RATE),
                 '-q', '50', '-c', '3', '-t', '5', '-e'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def figures(self):
        for mode, p in self.processes.items():
            p.send_signal(signal.SIGINT)
            try:
                text = p.communicate(timeout=10)[0]
            except subprocess.TimeoutExpired:  # it is at a handshake with a listener that went
                p.kill()
                text = p.communicate()[0]
            yield mode, {k: int(v) for k, v in re.findall(r'Queries (sent|completed|lost):\s+(\d+)', text)}


class Soaked(Case):
    def setUp(self):
        self.reports = pathlib.Path(tempfile.mkdtemp(prefix='sodns-soak-'))
        self.addCleanup(shutil.rmtree, self.reports, True)
        for name in 'ASAN_OPTIONS', 'TSAN_OPTIONS':
            old = os.environ.get(name, '')
            # The test's own folder unless somebody else collects reports already.
            if 'log_path' not in old:
                os.environ[name] = f'{old} exitcode=66 log_path={self.reports}/report'.strip()
        os.environ['UBSAN_OPTIONS'] = 'print_stacktrace=1'
        ca = Authority()
        files = dict(zip(('cert.pem', 'key.pem'), ca.issue('dns.test')), **{'ca.pem': ca.pem})
        ports = {name: harness.free_port() for name in NAMES}
        self.server = Server(None, files=dict(files, zone=ZONE % (1, 1), hostsfile='192.0.2.1 host1.test\n', weights='www.z.test\n192.0.3.1 3\n'), workers=2)
        ports['PORT'] = self.server.port
        folder = self.server.folder
        install(folder, 1)
        self.server.write_cfg(cfg=harness.CFG.replace('whoami:', f'upgrade:{folder}/upgrade.so\nwhoami:'))
        (folder / 'zones').mkdir()
        (folder / 'zones/db.one.a.test').write_text(SMALL % (1, 1))
        self.cluster = Cluster(folder)
        self.addCleanup(self.cluster.api.stop)
        self.upstreams = Upstreams(ports, files)
        self.addCleanup(self.upstreams.stop)
        self.soak = Soak(self.server, ports, ca)
        write(folder / 'Corefile', self.soak.corefile)

    def figures(self):
        """Memory, descriptors, threads, mappings and loaded objects of the serving process."""
        proc = pathlib.Path(f'/proc/{self.server.serving_pid()}')
        maps = (proc / 'maps').read_text()
        return (self.server.rss_kib(), len(list((proc / 'fd').iterdir())), len(list((proc / 'task').iterdir())),
                maps.count('\n'), len(set(re.findall(r'(\S+\.so\S*(?: \(deleted\))?)$', maps, re.M))))

    def watch(self, threads):
        """Until the time is over or something is wrong; what was seen of the process."""
        rows, pid = [], self.server.serving_pid()
        end = time.time() + SECONDS
        while time.time() < end and not self.soak.faults:
            self.soak.end.wait(min(5, SECONDS / 10))
            self.assertEqual(self.server.serving_pid(), pid, f'the serving process was replaced:\n{self.tail()}')
            rows.append(self.figures())
            if len(rows) % 6 == 0:
                print('RSS {} KiB, {} descriptors, {} threads, {} mappings, {} objects'.format(*rows[-1]), flush=True)
        self.soak.end.set()
        for t in threads:
            t.join(60)
        return rows

    def tail(self):
        return '\n'.join([l for l in self.server.out().splitlines() if '[ERROR]' in l][-20:]) + self.server.err()[-4000:]

    def settle(self):
        """The Corefile of the beginning is good still, and all of it answers."""
        before = len(re.findall('Reloading complete', self.server.out()))
        time.sleep(1)
        write(self.server.folder / 'Corefile', self.soak.corefile)
        self.server.signal(signal.SIGUSR1)
        self.server.wait_for('Reloading complete', 30, count=before + 1)
        soak_clients.known_answers(self.soak, random.Random(0))

    def found(self):
        return ''.join(p.read_text() for p in sorted(self.reports.iterdir()))

    def test_everything_at_once(self):
        soak = self.soak
        actors = [*soak_clients.WELL, *soak_clients.ILL, zones, reloads, self.upstreams.come_and_go, self.upstreams.lie, self.cluster.misbehave]
        self.server.start()
        self.addCleanup(lambda: shutil.rmtree(self.server.folder, True))
        loads = Loads(soak, SECONDS)
        threads = [threading.Thread(target=soak.run, args=(a, n), daemon=True) for n, a in enumerate(actors)]
        for t in threads:
            t.start()
        try:
            rows = self.watch(threads)
            for mode, figures in loads.figures():
                print(mode, figures, flush=True)
            print(dict(sorted(soak.counts.items())), flush=True)
            self.settle()
        except BaseException:
            soak.end.set()
            print(self.found()[:20000], self.tail())
            self.server.process.kill()
            self.server.process.wait()
            raise
        try:
            self.server.stop()
        finally:
            print(self.found()[:20000], end='')
        self.assertEqual(self.found(), '')
        self.assertEqual(soak.faults[:10], [])
        self.flat(rows)

    def flat(self, rows):
        """The last quarter is no bigger than the second, but for what chance adds."""
        quarter = len(rows) // 4
        if quarter < 5 or SANITIZED:
            return
        for name, at, more in ('RSS in KiB', 0, 4096), ('descriptors', 1, 50), ('threads', 2, 3), ('objects', 4, 3):
            early = statistics.median(r[at] for r in rows[quarter:2 * quarter])
            late = statistics.median(r[at] for r in rows[-quarter:])
            print(f'{name}: {early} in the second quarter, {late} in the last')
            self.assertLess(late, early * 1.05 + more, name)


if __name__ == '__main__':
    harness.main()
