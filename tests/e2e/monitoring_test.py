"""The dashboard and the alert rules of packaging/monitoring: every metric that they name is one that sodns has, and a real
Prometheus, which scrapes sodns under load, takes every query. alerts_test.py has the situations in which they fire."""
import json, os, pathlib, re, shutil, signal, socket, subprocess, tempfile, threading, time, unittest, urllib.error, urllib.parse, urllib.request

import dns.exception

import harness
from harness import PATIENCE, Case, Server, free_port

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ROOT / 'packaging/monitoring'
# What a small load does not bring about; the documentation has it.
RARE = {'coredns_acl_dropped_requests_total', 'coredns_acl_filtered_requests_total', 'coredns_autopath_success_total',
        'coredns_cache_drops_total', 'coredns_cache_evictions_total', 'coredns_cache_prefetch_total', 'coredns_cache_served_stale_total',
        'coredns_dns_https_responses_total', 'coredns_kubernetes_dns_programming_duration_seconds',
        'coredns_kubernetes_rest_client_request_duration_seconds', 'coredns_kubernetes_rest_client_requests_total',
        'coredns_shed_dropped_total', 'sodns_cache_no_room_total',
        'sodns_kubernetes_watch_connected', 'sodns_kubernetes_watch_heard_timestamp_seconds',
        'sodns_tls_certificate_expires_timestamp_seconds'}
COREFILE = '''.:{PORT} {
    bind 127.0.0.1
    errors
    prometheus 127.0.0.1:{METRICS}
    health 127.0.0.1:{HEALTH}
    reload
    acl {
        block type HINFO
    }
    cache 30
    forward . 127.0.0.1:{UPSTREAM} 127.0.0.1:1 {
        health_check 0.5s
    }
}
.:{UPSTREAM} {
    bind 127.0.0.1
    prometheus 127.0.0.1:{METRICS}
    template IN ANY {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
}
'''


def dashboard():
    return json.loads((FILES / 'sodns-dashboard.json').read_text())


def panel_queries():
    for p in dashboard()['panels']:
        for t in p.get('targets', []):
            yield p['title'], t['expr']


def rules():
    return yaml.safe_load((FILES / 'sodns-rules.yaml').read_text())['groups'][0]['rules']


def queries():
    return [*panel_queries(), *((r['alert'], r['expr']) for r in rules())]


def metrics_of(expr):
    """A histogram's name for its buckets and count."""
    names = re.findall(r'\b(?:coredns|sodns|process)_[a-z0-9_]+', expr)
    return {re.sub(r'_(bucket|count|sum)$', '', n) for n in names}


def documented():
    pages = [*(ROOT / 'plugins/intree').glob('*/README.md'), ROOT / 'docs/sodns.md']
    return set(re.findall(r'\b(?:coredns|sodns|process)_[a-z0-9_]+', ''.join(p.read_text() for p in pages)))


@unittest.skipUnless(yaml, 'there is no python3-yaml')
class Files(Case):
    def test_metrics_are_documented(self):
        for title, expr in queries():
            for name in metrics_of(expr) - {n for n in metrics_of(expr) if n.startswith('process_')}:
                self.assertIn(name, documented(), title)
        named = set().union(*(metrics_of(e) for _, e in queries()))
        self.assertEqual(RARE - named, set(), 'each of the rare ones is used')

    def test_dashboard(self):
        d = dashboard()
        ids = [p['id'] for p in d['panels']]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual([v['name'] for v in d['templating']['list']], ['datasource', 'job', 'instance'])
        taken = set()
        for p in d['panels']:
            g = p['gridPos']
            cells = {(x, y) for x in range(g['x'], g['x'] + g['w']) for y in range(g['y'], g['y'] + g['h'])}
            self.assertTrue(not cells & taken and g['x'] + g['w'] <= 24, p['title'])
            taken |= cells
        for title, expr in panel_queries():
            self.assertIn('{job=~"$job", instance=~"$instance"', expr, title)
            self.assertEqual(set(re.findall(r'\$\w+', expr)) - {'$job', '$instance', '$__rate_interval'}, set(), title)

    @unittest.skipUnless(shutil.which('promtool'), 'there is no promtool (package prometheus)')
    def test_promtool(self):
        r = subprocess.run(['promtool', 'check', 'rules', 'sodns-rules.yaml'], cwd=FILES, capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)


class Load(threading.Thread):
    """Some queries of each kind, until it is told to end."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.ends = server, threading.Event()

    def run(self):
        n = 0
        while not self.ends.wait(0.02):
            n += 1
            for name, rdtype, options in ((f'a{n % 50}.example', 'A', {}), (f'b{n}.example', 'A', {'tcp': n % 2 == 0}), ('x.example', 'HINFO', {}),
                                          ('c.example', 'AAAA', {'want_dnssec': True})):
                try:
                    self.server.ask(name, rdtype, timeout=1, **options)
                except (OSError, EOFError, dns.exception.DNSException):
                    pass
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.sendto(bytes(5) + b'\1' + bytes(6), ('127.0.0.1', self.server.port))


@unittest.skipUnless(yaml, 'there is no python3-yaml')
@unittest.skipUnless(shutil.which('prometheus'), 'there is no prometheus')
@unittest.skipIf(harness.SANITIZED or harness.RUNNER, 'the queries are the same for every build')
class Scraped(Case):
    def api(self, path, **parameters):
        """What Prometheus answers: (whether it is well, data or error)."""
        url = f'http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}'
        try:
            r = json.loads(urllib.request.urlopen(url, timeout=20).read())
        except urllib.error.HTTPError as e:
            if e.code == 503:  # it is starting
                raise
            r = json.loads(e.read())
        return r['status'] == 'success', r.get('data', r.get('error'))

    def prometheus(self, folder, target):
        """With the rules, and a scrape each half second."""
        self.port = free_port()
        shutil.copy(FILES / 'sodns-rules.yaml', folder)
        (folder / 'prometheus.yml').write_text(json.dumps({
            'global': {'scrape_interval': '500ms', 'scrape_timeout': '400ms', 'evaluation_interval': '1s'}, 'rule_files': ['sodns-rules.yaml'],
            'scrape_configs': [{'job_name': 'sodns', 'static_configs': [{'targets': [f'127.0.0.1:{target}']}]}]}))
        with open(folder / 'prometheus.log', 'w') as log:
            p = subprocess.Popen(['prometheus', '--config.file=prometheus.yml', '--storage.tsdb.path=data', '--log.level=warn',
                                  f'--web.listen-address=127.0.0.1:{self.port}'], cwd=folder, stdout=log, stderr=log)

        def end():
            p.terminate()
            p.wait(20)
        self.addCleanup(end)

    def waits_for(self, query, seconds=30):
        end = time.time() + seconds * PATIENCE
        while time.time() < end:
            try:
                well, data = self.api('query', query=query)
                if well and data['result']:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        self.fail(f'{query}: no result')

    def test_every_query(self):
        ports = {name: str(free_port()) for name in ('METRICS', 'HEALTH', 'UPSTREAM')}
        corefile = COREFILE
        for name, port in ports.items():
            corefile = corefile.replace('{' + name + '}', port)
        with tempfile.TemporaryDirectory(prefix='sodns-prometheus-') as folder, Server(corefile) as s:
            self.prometheus(pathlib.Path(folder), ports['METRICS'])
            load = Load(s)
            load.start()
            self.addCleanup(load.ends.set)
            self.waits_for('coredns_dns_requests_total')
            os.kill(s.serving_pid(), signal.SIGKILL)
            s.wait_for('Everything is loaded')
            self.waits_for('sodns_crashes_total > 0')
            self.waits_for('rate(coredns_cache_hits_total[5s]) > 0')
            self.waits_for('sodns_forward_upstream_healthy == 0')
            self.waits_for('coredns_proxy_healthcheck_failures_total > 0')
            text = urllib.request.urlopen(f'http://127.0.0.1:{ports["METRICS"]}/metrics', timeout=5).read().decode()
            here = set(re.findall(r'^# TYPE (\S+)', text, re.M))
            self.assertEqual(here & RARE, set(), 'not so rare')
            for title, expr in queries():
                self.is_answered(title, expr, here)
            self.rules_are_well()
            load.ends.set()
            load.join()

    def is_answered(self, title, expr, here):
        expr = expr.replace('$__rate_interval', '5s').replace('$job', 'sodns').replace('$instance', '.*')
        now = time.time()
        well, data = self.api('query_range', query=expr, start=now - 3, end=now, step='1s')
        self.assertTrue(well, f'{title}: {expr}: {data}')
        names = metrics_of(expr)
        missing = names - here - RARE
        self.assertEqual(missing, set(), f'{title}: not in the scrape')
        # An alert has no result while all is well.
        if title not in {r['alert'] for r in rules()} and names <= here:
            self.assertTrue(data['result'], f'{title}: {expr}: nothing')

    def rules_are_well(self):
        self.waits_for('ALERTS{alertname="SodnsCrashes", alertstate="firing"}')
        self.waits_for('ALERTS{alertname="SodnsUpstreamDown"}')
        well, data = self.api('rules')
        self.assertTrue(well, data)
        found = {r['name']: r for g in data['groups'] for r in g['rules']}
        self.assertEqual(set(found), {r['alert'] for r in rules()})
        for name, r in found.items():
            self.assertEqual(r['health'], 'ok', f'{name}: {r.get("lastError")}')
        self.assertEqual(found['SodnsDown']['state'], 'inactive')


if __name__ == '__main__':
    harness.main()
