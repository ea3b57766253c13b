"""kubernetes against an API server that comes, goes and forgets: answers are those of the objects, throughout."""
import os, pathlib, re, shutil, signal, socket, subprocess, threading, time, unittest, urllib.error, urllib.request

import dns.flags, dns.rcode, dns.rdatatype

import harness
from apiserver import Api
from harness import BUILD, SANITIZED, Case, Server

NAMESPACES, SERVICES = '/api/v1/namespaces', '/api/v1/services'
SLICES, PODS = '/apis/discovery.k8s.io/v1/endpointslices', '/api/v1/pods'
ROOT = pathlib.Path(__file__).resolve().parents[3]
KUBE = pathlib.Path(os.environ.get('KUBE_TOOLS', ROOT.parent / 'shared/kube'))


def service(name, ip='None', namespace='ns'):
    return {'metadata': {'name': name, 'namespace': namespace, 'labels': {'app': name}},
            'spec': {'type': 'ClusterIP', 'clusterIP': ip, 'clusterIPs': [ip], 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}]}}


def slice_of(name, addresses, number=1, namespace='ns', **more):
    return {'metadata': {'name': f'{name}-{number}', 'namespace': namespace, 'labels': {'kubernetes.io/service-name': name}, **more},
            'addressType': 'IPv4', 'endpoints': [{'addresses': [a], 'conditions': {'ready': True}} for a in addresses],
            'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}]}


def pod(name, ip, namespace='ns'):
    return {'metadata': {'name': name, 'namespace': namespace, 'labels': {'app': name}}, 'status': {'podIP': ip, 'phase': 'Running'}}


def corefile(*lines):
    text = ''.join(f'  {line}\n' for line in lines)
    return '.:{PORT} {\n bind 127.0.0.1\n' + f' kubernetes cluster.local in-addr.arpa {{\n  kubeconfig kubeconfig\n{text} }}\n}}\n'


class Kubernetes(Case):
    def setUp(self):
        self.api = Api().start()
        self.addCleanup(self.api.stop)
        self.api.put(NAMESPACES, {'metadata': {'name': 'ns'}})
        for i in range(20):
            self.api.put(SERVICES, service(f's{i}', f'10.96.0.{i}'))

    def server(self, text=None, **more):
        s = Server(text or corefile(), **more)
        self.api.kubeconfig(s.folder / 'kubeconfig')
        self.addCleanup(s.__exit__)
        return s.start()

    def addresses(self, s, name, tcp=False):
        r = s.ask(f'{name}.svc.cluster.local.', tcp=tcp)
        return sorted(rd.address for rr in r.answer for rd in rr if rd.rdtype == dns.rdatatype.A) if not r.rcode() else dns.rcode.to_text(r.rcode())

    def becomes(self, s, name, expected, seconds=10):
        end = time.time() + seconds
        while (got := self.addresses(s, name)) != expected:
            if time.time() > end:
                self.fail(f'{name}: {got}, expected {expected}\n{s.out()}')
            time.sleep(0.005)

    def test_metadata(self):
        """What a name is made of, also one with a topology zone in a multicluster zone: as CoreDNS has it."""
        s = self.server('.:{PORT} {\n bind 127.0.0.1\n metadata\n log . "meta {name} {/kubernetes/kind} {/kubernetes/namespace} '
                        '{/kubernetes/service} {/kubernetes/endpoint} {/kubernetes/port-name} {/kubernetes/protocol} {/kubernetes/zone} '
                        '{/kubernetes/cluster} {/kubernetes/parse-error}"\n kubernetes cluster.local clusterset.local {\n'
                        '  kubeconfig kubeconfig\n  multicluster clusterset.local\n  zonal\n }\n}\n')
        for zone in 'cluster.local', 'clusterset.local':
            for front, expected in (('s.ns.svc', 'svc ns s     - -'), ('ep.s.ns.svc', 'svc ns s ep    - -'),
                                    ('ep.c1.s.ns.svc', 'svc ns s  ep c1  - -'), ('_http._tcp.s.ns.svc', 'svc ns s  http tcp  - -'),
                                    ('us-a.pin._zone.s.ns.svc', 'svc ns s    us-a - -'),
                                    ('x.y.prefer._zone.s.ns.svc', 'svc ns s    x.y - -'),
                                    ('us-a.pin._zone.ep.c1.s.ns.svc', '- - - - - - - - invalid query name'),
                                    ('us-a.near._zone.s.ns.svc', '- - - - - - - - invalid query name'),
                                    ('us-a.pin._zone.s.ns.pod', '- - - - - - - - invalid query name')):
                s.ask(f'{front}.{zone}')
                s.wait_for(rf'^\[INFO\] meta {re.escape(front)}\.{zone}\. {expected}$')

    def test_changes_within_100_ms(self):
        s, times = self.server(), []
        for i in range(50):
            begun = time.time()
            self.api.put(SERVICES, service('moving', f'10.97.0.{i}'))
            self.becomes(s, 'moving.ns', [f'10.97.0.{i}'])
            times.append(time.time() - begun)
        self.assertLess(sorted(times)[-5], 1.0 if SANITIZED else 0.1)

    def test_relist_leaves_no_gap(self):
        """While lists come again and again, break off or bring other things, a service that stays is always answered."""
        s, stop, wrong = self.server(), threading.Event(), []

        def ask():
            while not stop.is_set():
                got = self.addresses(s, 's7.ns')
                if got != ['10.96.0.7']:
                    wrong.append(got)

        t = threading.Thread(target=ask)
        t.start()
        try:
            for i in range(6):
                self.api.put(SERVICES, service(f'new{i}', f'10.98.0.{i}'))
                if i:
                    self.api.delete(SERVICES, service(f'new{i - 1}', f'10.98.0.{i - 1}'))
                self.api.stop()
                self.api.forget()
                self.api.cut_events = i % 3
                self.api.start()
                self.becomes(s, f'new{i}.ns', [f'10.98.0.{i}'])
                if i:
                    self.becomes(s, f'new{i - 1}.ns', 'NXDOMAIN')
        finally:
            stop.set()
            t.join()
        self.assertEqual(wrong, [])

    def test_what_many_lists_do_not_name_goes(self):
        """Most services go while nobody looks, in more than one sweep's step; then half of them come again, beside the sweeps."""
        names = [f'many{i}' for i in range(600)]
        for i, name in enumerate(names):
            self.api.put(SERVICES, service(name, f'10.99.{i // 250}.{i % 250}'))
        s = self.server()
        self.becomes(s, 'many599.ns', ['10.99.2.99'])
        self.api.stop()
        for i, name in enumerate(names[:500]):
            self.api.delete(SERVICES, service(name, f'10.99.{i // 250}.{i % 250}'))
        self.api.forget()
        self.api.put(SERVICES, service('last', '10.99.9.9'))
        self.api.start()
        self.becomes(s, 'last.ns', ['10.99.9.9'])
        for name in names[:250]:
            self.api.put(SERVICES, service(name, '10.99.8.8'))
        for name in names[:250]:
            self.becomes(s, name + '.ns', ['10.99.8.8'])
        for name in names[250:500]:
            self.becomes(s, name + '.ns', 'NXDOMAIN')
        for i, name in enumerate(names[500:], 500):
            self.assertEqual(self.addresses(s, name + '.ns'), [f'10.99.{i // 250}.{i % 250}'])

    def test_a_service_is_never_torn(self):
        """Two addresses change places between two slices, back and forth: every answer is a state that there was."""
        self.api.put(SERVICES, service('pair'))
        self.api.put(SLICES, slice_of('pair', ['172.16.0.1'], 1))
        self.api.put(SLICES, slice_of('pair', ['172.16.0.2'], 2))
        s = self.server()
        self.becomes(s, 'pair.ns', ['172.16.0.1', '172.16.0.2'])
        seen = set()
        for i in range(60):
            self.api.put(SLICES, slice_of('pair', ['172.16.0.3'] if i % 2 else ['172.16.0.1'], 1))
            seen.add(tuple(self.addresses(s, 'pair.ns')))
        self.assertLessEqual(seen, {('172.16.0.1', '172.16.0.2'), ('172.16.0.2', '172.16.0.3')})

    def test_ten_thousand_endpoints(self):
        self.api.put(SERVICES, service('big'))
        all_of_them = {f'172.16.{n // 250}.{n % 250 + 1}' for n in range(10000)}
        ordered = sorted(all_of_them)
        for i in range(100):
            self.api.put(SLICES, slice_of('big', ordered[i * 100:i * 100 + 100], i))
        s = self.server()
        for options, least in (({}, 20), ({'use_edns': 0, 'payload': 4096}, 200)):
            r = s.ask('big.ns.svc.cluster.local.', **options)
            self.assertTrue(r.flags & dns.flags.TC)
            got = [rd.address for rr in r.answer for rd in rr]
            self.assertGreater(len(got), least)
            self.assertLessEqual(set(got), all_of_them)
        r = s.ask('big.ns.svc.cluster.local.', tcp=True)
        got = [rd.address for rr in r.answer for rd in rr]
        self.assertTrue(r.flags & dns.flags.TC)
        self.assertEqual(len(set(got)), len(got))
        self.assertGreater(len(got), 4000)
        self.assertLessEqual(set(got), all_of_them)
        r = s.ask('big.ns.svc.cluster.local.', 'SRV', tcp=True)
        self.assertTrue(r.flags & dns.flags.TC)
        self.assertGreater(sum(len(rr) for rr in r.answer), 500)
        self.assertEqual(self.addresses(s, '172-16-39-250.big.ns'), ['172.16.39.250'])
        # one slice goes, the others stay
        self.api.delete(SLICES, slice_of('big', [], 99))
        gone = ordered[9900].replace('.', '-')
        self.becomes(s, f'{gone}.big.ns', 'NXDOMAIN')

    def test_pods(self):
        for i in range(300):
            self.api.put(PODS, pod(f'p{i}', f'10.1.{i // 250}.{i % 250}'))
        s = self.server(corefile('pods verified'))
        name = '10-1-1-49.ns.pod.cluster.local.'
        self.assertEqual(s.ask(name).answer[0][0].address, '10.1.1.49')
        self.api.put(PODS, pod('p299', '10.1.9.9'))
        end = time.time() + 5
        while s.ask('10-1-9-9.ns.pod.cluster.local.').rcode() and time.time() < end:
            time.sleep(0.01)
        self.assertEqual(s.ask(name).rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(self.api.asked(PODS)[0]['fieldSelector'],
                         'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown')

    def test_reload_keeps_the_watches(self):
        s = self.server(corefile('ttl 7'))
        lists = len(self.api.asked(SERVICES, sendInitialEvents='true'))
        for ttl in (8, 9):
            s.write_corefile(corefile(f'ttl {ttl}'))
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete', count=ttl - 7)
            self.assertEqual(s.ask('s1.ns.svc.cluster.local.').answer[0].ttl, ttl)
        self.assertEqual(len(self.api.asked(SERVICES, sendInitialEvents='true')), lists)
        # other settings are another cluster; the old one's watches end
        s.write_corefile(corefile('labels app=s1'))
        s.signal(signal.SIGUSR1)
        s.wait_for('Reloading complete', count=3)
        self.assertEqual(self.api.asked(SERVICES)[-1]['labelSelector'], 'app=s1')
        self.api.put(SERVICES, service('late', '10.99.0.1'))
        self.becomes(s, 'late.ns', ['10.99.0.1'])

    def test_programming_duration(self):
        self.api.put(SERVICES, service('head'))
        port = harness.free_port()
        s = self.server(corefile().replace('kubernetes', f'prometheus 127.0.0.1:{port}\n kubernetes', 1))
        stamp = time.strftime('%Y-%m-%dT%H:%M:%S.123456789Z', time.gmtime(time.time() - 2))
        self.api.put(SLICES, slice_of('head', ['172.16.0.1'],
                                      annotations={'endpoints.kubernetes.io/last-change-trigger-time': stamp}))
        self.becomes(s, 'head.ns', ['172.16.0.1'])
        text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics').read().decode()
        name, kind = 'coredns_kubernetes_dns_programming_duration_seconds', 'service_kind="headless_with_selector"'
        self.assertIn(f'{name}_count{{{kind}}} 1\n', text)
        self.assertIn(f'{name}_bucket{{{kind},le="1.024"}} 0\n', text)
        self.assertIn(f'{name}_bucket{{{kind},le="4.096"}} 1\n', text)

    def test_waits_for_the_lists(self):
        self.api.token = 'none'
        begun = time.time()
        s = self.server(corefile('startup_timeout 700ms'))
        self.assertGreater(time.time() - begun, 0.7)
        self.assertEqual(self.addresses(s, 's1.ns'), 'SERVFAIL')
        self.api.token = None
        self.becomes(s, 's1.ns', ['10.96.0.1'])
        self.becomes(s, 'none.ns', 'NXDOMAIN')

    def get(self, port, path):
        try:
            return urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=5).status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError:
            return 0

    def awaited(self, timeout, block=True):
        """A server that is not waited for, with its HTTP ports, and an API that lets nobody in."""
        self.api.token = 'none'
        ports = {path: harness.free_port() for path in ('/health', '/ready', '/metrics')}
        s = Server(corefile(f'startup_timeout {timeout}').replace('kubernetes', ''.join(
            f'{name} 127.0.0.1:{ports[path]}\n ' for name, path in (('health', '/health'), ('ready', '/ready'), ('prometheus', '/metrics')))
            + 'kubernetes', 1))
        self.api.kubeconfig(s.folder / 'kubeconfig')
        self.addCleanup(shutil.rmtree, s.folder, ignore_errors=True)
        return s, ports

    def statuses(self, ports):
        return {path: self.get(port, path) for path, port in ports.items()}

    def test_the_outside_is_told_while_the_api_is_awaited(self):
        """It lives, it is not ready, its metrics are there; nobody answers DNS until the time is over."""
        s, ports = self.awaited('4s')
        begun, seen = time.time(), set()
        t = threading.Thread(target=s.start)
        t.start()
        try:
            while t.is_alive():
                now = tuple(self.statuses(ports).values())
                with socket.socket() as c:
                    listens = c.connect_ex(('127.0.0.1', s.port)) == 0
                if not listens and all(now):
                    seen.add(now)
                time.sleep(0.1)
            self.assertGreater(time.time() - begun, 4)
            self.assertEqual(seen, {(200, 503, 200)})
            self.assertEqual(self.statuses(ports), {'/health': 200, '/ready': 503, '/metrics': 200})
            self.assertEqual(self.addresses(s, 's1.ns'), 'SERVFAIL')
            self.api.token = None
            self.becomes(s, 's1.ns', ['10.96.0.1'])
            end = time.time() + 40 * harness.PATIENCE  # the other lists
            while (now := self.statuses(ports)) != {'/health': 200, '/ready': 200, '/metrics': 200}:
                self.assertLess(time.time(), end, now)
                time.sleep(0.1)
        finally:
            t.join()
            s.stop()

    def test_stopped_while_the_api_is_awaited(self):
        s, ports = self.awaited('60s')
        t = threading.Thread(target=lambda: self.assertRaises(AssertionError, s.start))
        t.start()
        while self.get(ports['/health'], '/health') != 200:
            time.sleep(0.05)
        s.signal(signal.SIGTERM)
        self.assertEqual(s.process.wait(20), 0)
        t.join()

    def test_after_a_crash_while_the_api_is_away(self):
        """The fresh process lives at once, too."""
        s, ports = self.awaited('5s')
        self.api.token = None
        with s:
            self.becomes(s, 's1.ns', ['10.96.0.1'])
            self.api.token = 'none'
            pid = s.serving_pid()
            os.kill(pid, signal.SIGKILL)
            s.wait_for('A fresh process serves')
            self.assertNotEqual(s.serving_pid(), pid)
            while not all((now := self.statuses(ports)).values()):
                self.assertNotIn('Everything is loaded', s.out())
            self.assertEqual(now, {'/health': 200, '/ready': 503, '/metrics': 200})
            self.assertNotIn('Everything is loaded', s.out())
            s.wait_for('Everything is loaded')

    def test_a_check_asks_nobody(self):
        s = Server(corefile())
        self.addCleanup(shutil.rmtree, s.folder, ignore_errors=True)
        self.api.kubeconfig(s.folder / 'kubeconfig')
        begun = time.time()
        r = s.run('-conf', 'Corefile', '-check')
        self.assertEqual((r.returncode, r.stderr), (0, ''))
        self.assertLess(time.time() - begun, 4 * harness.PATIENCE)
        self.assertEqual(self.api.requests, [])

    def test_metrics_of_the_watches(self):
        port = harness.free_port()
        s = self.server(corefile().replace('kubernetes', f'prometheus 127.0.0.1:{port}\n kubernetes', 1))
        host = f'127.0.0.1:{self.api.port}'

        def values(what):
            text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics').read().decode()
            return {r: float(v) for h, r, v in re.findall(rf'^sodns_kubernetes_watch_{what}{{host="(.*)",resource="(.*)"}} (.*)$', text, re.M)
                    if h == host}

        def until(what, good):
            end = time.time() + 20 * harness.PATIENCE
            while not good(got := values(what)):
                self.assertLess(time.time(), end, got)
                time.sleep(0.05)
            return got

        until('connected', lambda got: got == {'services': 1, 'endpointslices': 1, 'namespaces': 1})
        first = until('heard_timestamp_seconds', lambda got: len(got) == 3 and min(got.values()) > time.time() - 60)
        time.sleep(2.1)
        self.api.put(SERVICES, service('new', '10.98.0.1'))
        later = until('heard_timestamp_seconds', lambda got: got['services'] > first['services'] + 1)
        self.assertEqual(later['namespaces'], first['namespaces'])
        self.api.stop()
        until('connected', lambda got: got == {'services': 0, 'endpointslices': 0, 'namespaces': 0})
        self.api.start()
        until('connected', lambda got: got == {'services': 1, 'endpointslices': 1, 'namespaces': 1})
        s.write_corefile('.:{PORT} {\n whoami\n' + f' prometheus 127.0.0.1:{port}\n}}\n')
        s.signal(signal.SIGUSR1)
        s.wait_for('Reloading complete')
        until('connected', lambda got: got == {})

    def test_refuses(self):
        self.refused(corefile(), r'plugin/kubernetes: .*stat kubeconfig: no such file or directory \(in .*\)$')
        self.refused('. {\n kubernetes a\n}', 'plugin/kubernetes: .*unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST')


@unittest.skipUnless((KUBE / 'with').exists(), 'there is no kube-apiserver for tests here')
class RealServer(Case):
    """A real API server: the recorded cases, and being ended and started while it is watched."""

    def run_tool(self, *command, timeout=280):
        for _ in range(2):
            r = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout)
            # A port that was free while the API server was down is the first one's who asks the system for any.
            if 'bind: address already in use' not in r.stdout + r.stderr:
                break
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        return r.stdout

    def test_restarts(self):
        self.run_tool(KUBE / 'check-restart', '--server', BUILD / 'sodns', '--rounds', '1')

    def test_recorded_cases(self):
        folder = ROOT / 'tests/golden'
        areas = [a for a in folder.iterdir() if a.name.startswith(('kubernetes', 'k8s_external', 'autopath-kubernetes'))]
        if not areas:
            self.skipTest('no recorded cases of kubernetes in tests/golden')
        self.run_tool(KUBE / 'with', folder / 'golden', 'check', '-j', '2', '--retry', '2', '--server', BUILD / 'sodns',
                      '--only', 'kubernetes*', folder)


if __name__ == '__main__':
    harness.main()
