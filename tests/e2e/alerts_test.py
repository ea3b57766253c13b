"""The alerts of packaging/monitoring, each by promtool on series that a real server made in the situation that it is for.

A server is brought into the situation; its metrics are read before and after. Each reading becomes a minute of promtool's time, and
times that metrics tell are moved along. What a server can't make of itself is named: `up` is Prometheus's, and readings end
where a server is gone.
"""
import os, pathlib, re, resource, shutil, signal, socket, subprocess, tempfile, time, unittest, urllib.request

import dns.message, dns.query

import harness
from apiserver import Api
from certificates import Authority
from harness import PATIENCE, Case, Server, free_port

try:
    import yaml
except ImportError:
    yaml = None

FILES = pathlib.Path(__file__).resolve().parents[2] / 'packaging/monitoring'
TARGET = {'job': 'dns', 'instance': 'a'}
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
SLICES = '/apis/discovery.k8s.io/v1/endpointslices'


def rules():
    return yaml.safe_load((FILES / 'sodns-rules.yaml').read_text())['groups'][0]['rules']


def read(port):
    """{series: value} of one reading, histograms included."""
    end = time.time() + 20 * PATIENCE
    while True:
        try:
            text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=10).read().decode()
            break
        except OSError:  # a fresh process is starting
            if time.time() > end:
                raise
            time.sleep(0.05)
    now = time.time()
    found = {}
    for line in text.splitlines():
        if m := re.fullmatch(r'(\w+)(?:\{(.*)\})? (\S+)', line):
            # In promtool's time now is 0; the minute is added where the reading stands.
            value = float(m[3]) - now if m[1].endswith('_timestamp_seconds') else float(m[3])
            found[m[1], m[2] or ''] = value
    return found


class Story:
    """Readings, a minute each."""

    def __init__(self, port, target=TARGET):
        self.port, self.target, self.minutes = port, target, []

    def minute(self, times=1):
        self.minutes += [read(self.port)] * times

    def gone(self, times):
        self.minutes += [None] * times

    def value(self, minute, name, labels):
        value = (self.minutes[minute] or {}).get((name, labels))
        if value is None:
            # Prometheus marks a series as ended when a reading lacks it.
            return 'stale' if minute and (name, labels) in (self.minutes[minute - 1] or {}) else '_'
        return repr(value + 60 * minute if name.endswith('_timestamp_seconds') else value)

    def series(self):
        at = ','.join(f'{k}="{v}"' for k, v in self.target.items())
        names = {key for m in self.minutes if m for key in m}
        yield {'series': f'up{{{at}}}', 'values': ' '.join('0' if m is None else '1' for m in self.minutes)}
        for name, labels in sorted(names):
            values = [self.value(i, name, labels) for i in range(len(self.minutes))]
            yield {'series': f'{name}{{{",".join(filter(None, (labels, at)))}}}', 'values': ' '.join(values)}


@unittest.skipUnless(yaml, 'there is no python3-yaml')
@unittest.skipUnless(shutil.which('promtool'), 'there is no promtool (package prometheus)')
@unittest.skipIf(harness.SANITIZED or harness.RUNNER, 'the alerts are the same for every build')
class Alerts(Case):
    fired = set()

    def alerts(self, *stories):
        """Those that fire at the end of the stories."""
        length = max(len(s.minutes) for s in stories)
        names = [r['alert'] for r in rules()]
        # Nothing is expected: promtool tells what it got.
        test = {'rule_files': [str(FILES / 'sodns-rules.yaml')], 'evaluation_interval': '1m', 'tests': [{
            'interval': '1m', 'input_series': [x for s in stories for x in s.series()],
            'alert_rule_test': [{'eval_time': f'{length - 1}m', 'alertname': a, 'exp_alerts': []} for a in names]}]}
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'test.yaml')
            path.write_text(yaml.safe_dump(test))
            r = subprocess.run(['promtool', 'test', 'rules', path], capture_output=True, text=True)
        text = r.stdout + r.stderr
        found = set(re.findall(r'alertname: ?(\w+)', text))
        self.assertEqual(bool(found), r.returncode != 0, text)
        for a in found:
            self.assertIn('{{', next(x for x in rules() if x['alert'] == a)['annotations']['summary'])
        self.assertNotIn('{{', re.sub(r'alertname.*', '', text) if found else '')
        return found

    def fires(self, alerts, *stories, besides=()):
        found = self.alerts(*stories)
        self.assertEqual(found - set(besides), set(alerts))
        Alerts.fired |= set(alerts)

    def server(self, body, files=None, more='', **options):
        port = free_port()
        s = Server(f'.:{{PORT}} {{\n bind 127.0.0.1\n prometheus 127.0.0.1:{port}\n errors\n {body}\n}}\n{more}', files=files, **options)
        s.start()
        self.addCleanup(s.__exit__)
        return s, Story(port)

    def send(self, s, names, seconds=0.3):
        """Asks all at once, and waits for that many answers, or for the time."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as t:
            t.settimeout(seconds)
            for n in names:
                t.sendto(dns.message.make_query(n, 'A').to_wire(), ('127.0.0.1', s.port))
            try:
                for _ in names:
                    t.recv(4096)
            except OSError:
                pass

    def until(self, what, seconds=20):
        end = time.time() + seconds * PATIENCE
        while not what():
            self.assertLess(time.time(), end, 'it does not come')
            time.sleep(0.05)

    def silent(self):
        """An upstream that never answers."""
        t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        t.bind(('127.0.0.1', 0))
        self.addCleanup(t.close)
        return t.getsockname()[1]

    def test_nothing_is_wrong(self):
        up, tls, health = free_port(), free_port(), free_port()
        cert, key = Authority(days=60).issue('dns.test')
        with Api() as api, tempfile.TemporaryDirectory() as folder:
            api.put('/api/v1/namespaces', {'metadata': {'name': 'ns'}})
            api.kubeconfig(pathlib.Path(folder) / 'kubeconfig')
            s, story = self.server(
                f'cache\n reload 2s 1s\n health 127.0.0.1:{health}\n kubernetes cluster.local {{\n kubeconfig {folder}/kubeconfig\n }}\n'
                f' forward . 127.0.0.1:{up} {{\n health_check 100ms\n }}', files={'cert.pem': cert, 'key.pem': key},
                more=f'.:{up} {{\n bind 127.0.0.1\n template IN A {{\n answer "{{{{ .Name }}}} 60 IN A 192.0.2.1"\n }}\n}}\n'
                     f'tls://.:{tls} {{\n bind 127.0.0.1\n tls cert.pem key.pem\n whoami\n}}\n')
            for n in range(40):
                self.send(s, [f'{n}.a{i}.test' for i in range(5)], 10 * PATIENCE)
                story.minute()
                if n == 20:
                    s.signal(signal.SIGUSR1)
                    s.wait_for('Reloading complete')
            names = {k[0] for k in story.minutes[-1]}
            # Each alert had what it could fire on, but for series that come with their first event.
            idle = {r['alert'] for r in rules() if not names & set(re.findall(r'\b(?:sodns|coredns)_\w+', r['expr']))}
            self.assertLessEqual(idle, {'SodnsCrashes', 'SodnsLimitReached', 'SodnsKubernetesSlow', 'SodnsDrops'})
            self.assertEqual(self.alerts(story), set())

    def test_down_and_gone(self):
        s, story = self.server('whoami')
        story.minute(10)
        other = Story(story.port, {'job': 'dns', 'instance': 'b'})
        other.minute(16)
        foreign = Story(story.port, {'job': 'web', 'instance': 'c'})
        foreign.minutes = [{('http_requests_total', ''): 1.0}] * 3 + [None] * 13
        story.gone(6)
        self.fires({'SodnsDown'}, story, other, foreign)
        self.fires({'SodnsGone'}, story, besides={'SodnsDown'})

    def test_crashes(self):
        s, story = self.server('crash\n whoami', extra=['crash'])
        story.minute(20)
        self.send(s, ['crash.'])
        s.wait_for('Everything is loaded')
        story.minute(2)
        self.fires({'SodnsCrashes'}, story)
        self.until(lambda: self.send(s, ['crash.']) or read(story.port)['sodns_suspects_total', ''])
        story.minute(2)
        self.fires({'SodnsSuspects'}, story, besides={'SodnsCrashes'})
        # A restart of the whole begins at nothing; the next crash is told as well.
        s.stop()
        s.start()
        story.minute(20)
        self.assertEqual(self.alerts(story), set())
        self.send(s, ['crash.'])
        s.wait_for('Everything is loaded')
        story.minute(2)
        self.fires({'SodnsCrashes'}, story)

    def test_configurations(self):
        s, story = self.server('reload 2s 1s\n whoami')
        t, other = self.server('reload 2s 1s\n chaos\n whoami')
        other.target = {'job': 'dns', 'instance': 'b'}
        story.minute(20)
        other.minute(20)
        self.fires({'SodnsConfigurationsDiffer'}, story, other)
        good = (s.folder / 'Corefile').read_text()
        # There and back: the series of before is gone.
        for n, text in enumerate((good.replace('whoami', 'chaos\n whoami'), good), 1):
            (s.folder / 'Corefile').write_text(text)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete', count=n)
        story.minutes = []
        story.minute(20)
        same = Story(story.port, {'job': 'dns', 'instance': 'b'})
        same.minute(20)
        self.assertEqual(self.alerts(story, same), set())
        (s.folder / 'Corefile').write_text('nonsense {\n')
        s.signal(signal.SIGUSR1)
        self.until(lambda: read(story.port)['coredns_reload_failed_total', ''])
        story.minute(2)
        self.fires({'SodnsReloadFails'}, story)
        # What lies on the disk is broken when a fresh process starts.
        os.kill(s.serving_pid(), signal.SIGKILL)
        s.wait_for('What lies on the disk cannot be served')
        story.minute(2)
        self.fires({'SodnsOldConfiguration'}, story, besides={'SodnsReloadFails', 'SodnsCrashes'})

    def test_failed_starts(self):
        s, story = self.server('whoami')
        story.minute(20)
        # The parent can make no socket to speak with a fresh process by.
        limits = resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, (3, HARD))
        os.kill(s.serving_pid(), signal.SIGKILL)
        s.wait_for('No serving process can be started')
        resource.prlimit(s.process.pid, resource.RLIMIT_NOFILE, limits)
        s.wait_for('Everything is loaded')
        story.minute(2)
        self.fires({'SodnsFailedStarts'}, story, besides={'SodnsCrashes'})

    def test_upstreams(self):
        s, story = self.server('forward . 127.0.0.1:1 127.0.0.2:1 {\n health_check 100ms\n max_fails 1\n }')
        self.send(s, ['first.test'], 10 * PATIENCE)
        self.until(lambda: [v for k, v in read(story.port).items() if k[0] == 'sodns_forward_upstream_healthy'] == [0, 0])
        for n in range(6):
            self.send(s, [f'{n}.a{i}.test' for i in range(10)], 10 * PATIENCE)
            story.minute(3)
        self.fires({'SodnsServfail', 'SodnsUpstreamDown', 'SodnsAllUpstreamsDown'}, story, besides={'SodnsSlow'})

    def test_slow(self):
        s, story = self.server('erratic {\n drop 0\n truncate 0\n delay 1 1500ms\n }')
        for n in range(6):
            self.send(s, [f'{n}.a{i}.test' for i in range(5)], 10 * PATIENCE)
            story.minute(3)
        self.fires({'SodnsSlow'}, story)

    def test_limits(self):
        s, story = self.server(f'forward . 127.0.0.1:{self.silent()} {{\n max_concurrent 1\n }}')
        story.minute(6)
        for n in range(8):
            self.send(s, [f'{n}.a{i}.test' for i in range(20)], 0.05)
            story.minute()
        self.fires({'SodnsForwardRejects'}, story, besides={'SodnsLimitReached', 'SodnsServfail', 'SodnsUpstreamDown', 'SodnsAllUpstreamsDown', 'SodnsSlow'})
        s, story = self.server(f'forward . 127.0.0.1:{self.silent()}', args=['-limit.tasks', '100'])
        story.minute(6)
        for n in range(8):
            self.send(s, [f'{n}.a{i}.test' for i in range(300)], 0.05)
            story.minute()
        self.fires({'SodnsLimitReached'}, story, besides={'SodnsServfail', 'SodnsUpstreamDown', 'SodnsAllUpstreamsDown', 'SodnsSlow'})

    def test_descriptors(self):
        s, story = self.server('whoami')
        story.minute()
        most = read(story.port)['process_max_fds', '']
        used = read(story.port)['process_open_fds', '']
        pid = s.serving_pid()
        limit = int(used) + 40
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, int(most)))
        sockets = [socket.create_connection(('127.0.0.1', s.port)) for _ in range(int(limit * 0.9 - used))]
        self.until(lambda: read(story.port)['process_open_fds', ''] > 0.85 * limit)
        story.minute(8)
        for t in sockets:
            t.close()
        self.fires({'SodnsDescriptors'}, story)

    def test_health(self):
        health = free_port()
        s, story = self.server(f'health 127.0.0.1:{health}\n whoami')
        story.minute(6)
        pid = s.serving_pid()
        for n in range(1, 4):
            # Each second it asks itself, which takes a descriptor.
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, HARD))
            s.wait_for('Local health request to .* failed', count=len(re.findall('Local health request', s.out())) + 1)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            story.minute(3)
        self.fires({'SodnsHealthFails'}, story)

    def test_drops(self):
        s, story = self.server('whoami')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as t:
            for n in range(1, 13):
                while sum(v for k, v in read(story.port).items() if k[0] == 'sodns_packets_dropped_total') < n * 6600:
                    for _ in range(400):
                        t.sendto(b'short', ('127.0.0.1', s.port))
                story.minute()
        self.fires({'SodnsDrops'}, story)

    def test_cache(self):
        s, story = self.server('cache {\n success 1024\n denial 1024\n }\n template IN A {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n }')
        for n in range(64):
            self.send(s, [f'{n}.a{i}.test' for i in range(100)], 1)
            story.minute()
        self.fires({'SodnsCacheTooSmall'}, story)

    def test_certificate(self):
        cert, key = Authority().issue('dns.test')
        port, tls = free_port(), free_port()
        s = Server(f'.:{{PORT}} {{\n prometheus 127.0.0.1:{port}\n whoami\n}}\ntls://.:{tls} {{\n bind 127.0.0.1\n tls cert.pem key.pem\n whoami\n}}\n',
                   files={'cert.pem': cert, 'key.pem': key})
        with s:
            story = Story(port)
            story.minute(2)
        self.fires({'SodnsCertificateExpires'}, story)

    def test_kubernetes(self):
        with Api() as api:
            api.put('/api/v1/namespaces', {'metadata': {'name': 'ns'}})
            api.put('/api/v1/services', {'metadata': {'name': 's', 'namespace': 'ns'}, 'spec': {
                'type': 'ClusterIP', 'clusterIP': 'None', 'clusterIPs': ['None'], 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}]}})
            s, story = None, None
            with tempfile.TemporaryDirectory() as folder:
                api.kubeconfig(pathlib.Path(folder) / 'kubeconfig')
                s, story = self.server(f'kubernetes cluster.local {{\n kubeconfig {folder}/kubeconfig\n }}')
                story.minute(2)
                self.assertEqual(self.alerts(story), set())
                for n in range(16):
                    late = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 90))
                    api.put(SLICES, {'metadata': {'name': 's-1', 'namespace': 'ns', 'labels': {'kubernetes.io/service-name': 's'},
                                                  'annotations': {'endpoints.kubernetes.io/last-change-trigger-time': late}},
                                     'addressType': 'IPv4', 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}],
                                     'endpoints': [{'addresses': [f'10.1.0.{n + 1}'], 'conditions': {'ready': True}}]})
                    end = time.time() + 5 * PATIENCE
                    while time.time() < end and f'10.1.0.{n + 1}' not in str(s.ask('s.ns.svc.cluster.local.')):
                        time.sleep(0.02)
                    story.minute()
                self.fires({'SodnsKubernetesSlow'}, story)
                story.minutes = story.minutes[-1:] * 20
                api.code = 503
                api.cut()
                end = time.time() + 30 * PATIENCE
                while time.time() < end and not any(k[0] == 'sodns_kubernetes_watch_connected' and v == 0 for k, v in read(story.port).items()):
                    time.sleep(0.1)
                story.minute(8)
                self.fires({'SodnsKubernetesLost'}, story, besides={'SodnsKubernetesSlow'})

    @classmethod
    def tearDownClass(cls):
        # Only a run of all tests can tell.
        if not os.environ.get('SODNS_SOME'):
            missing = {r['alert'] for r in rules()} - cls.fired
            assert not missing, f'no situation for {missing}'


if __name__ == '__main__':
    harness.main()
