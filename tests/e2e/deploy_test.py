"""The manifests of tools/deploy: what they say, that an API server takes them, and that sodns serves with what is then in the
cluster. takeover_test.py has what puts sodns in CoreDNS's place."""
import base64, http.client, json, os, pathlib, re, shutil, ssl, subprocess, tempfile, time, unittest, urllib.parse

import dns.rcode

import harness
from harness import BUILD, PATIENCE, Case, Server, free_port

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / 'tools/deploy'
KUBE = pathlib.Path(os.environ.get('KUBE_TOOLS', ROOT.parent / 'shared/kube'))
SETS = ('base', 'overlays/node-local')
GROUPS = {'ServiceAccount': 'serviceaccounts', 'ConfigMap': 'configmaps', 'Service': 'services', 'Deployment': 'deployments',
          'DaemonSet': 'daemonsets', 'PodDisruptionBudget': 'poddisruptionbudgets',
          'HorizontalPodAutoscaler': 'horizontalpodautoscalers', 'ClusterRole': 'clusterroles',
          'ClusterRoleBinding': 'clusterrolebindings'}


def objects(name):
    """What `kubectl apply -k` would send. Without kubectl: what the set lists, if it changes nothing of it."""
    if shutil.which('kubectl'):
        r = subprocess.run(['kubectl', 'kustomize', DEPLOY / name], capture_output=True, text=True, check=True)
        return [d for d in yaml.safe_load_all(r.stdout) if d]
    listed = yaml.safe_load((DEPLOY / name / 'kustomization.yaml').read_text())
    if 'patches' in listed:
        raise unittest.SkipTest(f'{name} has patches, and there is no kubectl to build it')
    return [d for f in listed['resources'] for d in yaml.safe_load_all((DEPLOY / name / f).read_text()) if d]


def only(found, kind):
    of_kind = [o for o in found if o['kind'] == kind]
    assert len(of_kind) == 1, f'{len(of_kind)} of {kind}'
    return of_kind[0]


def path_of(o):
    version = o['apiVersion']
    where = '' if o['kind'].startswith('Cluster') else f'/namespaces/{o["metadata"]["namespace"]}'
    return f'/{"apis" if "/" in version else "api"}/{version}{where}/{GROUPS[o["kind"]]}/{o["metadata"]["name"]}'


@unittest.skipUnless(yaml, 'there is no python3-yaml')
class Manifests(Case):
    def pods(self):
        for name in SETS:
            for o in objects(name):
                if o['kind'] in ('Deployment', 'DaemonSet'):
                    yield name, o, o['spec']['template']

    def test_rights(self):
        for name, o, template in self.pods():
            pod = template['spec']
            self.assertEqual(pod['securityContext']['seccompProfile'], {'type': 'RuntimeDefault'}, name)
            self.assertNotIn('initContainers', pod)
            for c in pod['containers']:
                self.assertEqual(c['image'], 'sodns', 'no image from elsewhere')
                self.assertIn('memory', c['resources']['limits'], name)
                right = 'NET_ADMIN' if c['name'] == 'address' else 'NET_BIND_SERVICE'
                s = c['securityContext']
                self.assertEqual(s['capabilities'], {'drop': ['ALL'], 'add': [right]}, name)
                self.assertIs(s['allowPrivilegeEscalation'], False, name)
                self.assertIs(s['readOnlyRootFilesystem'], True, name)
            if o['kind'] == 'Deployment':
                self.assertIs(pod['securityContext']['runAsNonRoot'], True, name)

    def test_volumes_and_labels(self):
        for name, o, template in self.pods():
            pod = template['spec']
            kinds = {v['name']: v for v in pod['volumes']}
            mounts = {m['mountPath']: kinds[m['name']] for m in pod['containers'][0]['volumeMounts']}
            self.assertIn('emptyDir', mounts['/tmp'], name)
            self.assertIn('configMap', mounts['/etc/coredns'], name)
            self.assertEqual(o['spec']['selector']['matchLabels'], template['metadata']['labels'], name)

    def test_they_fit_together(self):
        found = objects('base')
        deployment, corefile = only(found, 'Deployment'), only(found, 'ConfigMap')['data']['Corefile']
        labels = deployment['spec']['template']['metadata']['labels']
        self.assertEqual(only(found, 'Service')['spec']['selector'], labels)
        self.assertEqual(only(found, 'PodDisruptionBudget')['spec']['selector']['matchLabels'], labels)
        self.assertEqual(only(found, 'HorizontalPodAutoscaler')['spec']['scaleTargetRef']['name'], deployment['metadata']['name'])
        container = deployment['spec']['template']['spec']['containers'][0]
        probes = [container[p]['httpGet'] for p in ('livenessProbe', 'readinessProbe')]
        self.assertEqual([(p['path'], p['port']) for p in probes], [('/health', 8080), ('/ready', 8181)])
        for directive in ('health', 'ready', 'prometheus :9153', 'kubernetes cluster.local'):
            self.assertIn(f'\n    {directive}', corefile)

    def test_corefiles(self):
        """sodns takes every Corefile; the cluster, which a check can't have, is one that is named."""
        count = 0
        for name in SETS:
            for o in objects(name):
                if o['kind'] != 'ConfigMap':
                    continue
                s = Server(here(o['data']['Corefile']), files={'kubeconfig': kubeconfig('http://127.0.0.1:1')})
                self.addCleanup(shutil.rmtree, s.folder)
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual(r.returncode, 0, f'{name}: {r.stderr}')
                count += 1
        self.assertEqual(count, 2)


class NodeAddress(Case):
    """The container beside the nodes' cache, in a network of its own."""

    def test_what_is_taken_away_comes_back(self):
        script = (f'for kind in dummy bridge veth; do ip link add name try0 type $kind 2>/dev/null && ip link del try0 && break; kind=; done; [ "$kind" ] || exit 77\n'
                  f'sed "s/type dummy/type $kind/; s/sleep 5/sleep 0.2/" {DEPLOY}/node-address >"$0/node-address"\n'
                  'has() { for i in $(seq 100); do ip -o addr show dev nodelocal 2>/dev/null | grep -q "$1" && return; sleep 0.1; done; echo "no $1"; exit 1; }\n'
                  'sh "$0/node-address" nodelocal 169.254.20.10 fd00::10 & pid=$!; trap "kill $pid" EXIT\n'
                  'v4=" 169.254.20.10/32 " v6=" fd00::10/128 "; has "$v4"; has "$v6"\n'
                  'ip addr del 169.254.20.10/32 dev nodelocal; has "$v4"; ip link del nodelocal; has "$v4"; has "$v6"; ip link set nodelocal down; has "$v6"\n'
                  'trap - EXIT; kill $pid; wait $pid || exit 2; has "$v4"\n')
        with tempfile.TemporaryDirectory() as folder:
            r = subprocess.run(['unshare', '-n', 'bash', '-c', script, folder], capture_output=True, text=True, timeout=60 * PATIENCE)
        if r.returncode == 77 or 'unshare' in r.stderr:
            self.skipTest('no network namespaces, or no devices for them here')
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)


def here(corefile, ready=None):
    """The same for this machine: loopback and free ports, no lameduck, an API server that a file names."""
    for old, new in ((r'\bbind 169\.254\.20\.10\n', 'bind 127.0.0.1\n'), (r'\bhealth \{', 'health 127.0.0.1:{FREE} {'),
                     (r'\bhealth 169\.254\.20\.10:8080\n', 'health 127.0.0.1:{FREE}\n'), (r'\blameduck 5s\n', '\n'),
                     (r'\bready\n', f'ready 127.0.0.1:{ready or free_port()}\n'), (r' :9[12]53\n', ' 127.0.0.1:{FREE}\n'),
                     (r'\bpods insecure\n', 'pods insecure\n kubeconfig kubeconfig\n startup_timeout 2s\n'),
                     (r':53\b', ':{PORT}'), (r'/etc/resolv\.conf', '127.0.0.1:1')):
        corefile = re.sub(old, new, corefile, flags=re.M)
    if 'bind' not in corefile:
        corefile = corefile.replace('errors\n', 'errors\n bind 127.0.0.1\n', 1)
    while '{FREE}' in corefile:
        corefile = corefile.replace('{FREE}', str(free_port()), 1)
    return corefile


def kubeconfig(url, token=None, ca=None):
    cluster = {'server': url}
    if ca:
        cluster['certificate-authority-data'] = base64.b64encode(pathlib.Path(ca).read_bytes()).decode()
    return json.dumps({'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'c',
                       'clusters': [{'name': 'c', 'cluster': cluster}], 'users': [{'name': 'u', 'user': {'token': token} if token else {}}],
                       'contexts': [{'name': 'c', 'context': {'cluster': 'c', 'user': 'u'}}]})


@unittest.skipUnless(yaml, 'there is no python3-yaml')
@unittest.skipUnless((KUBE / 'up').exists(), 'there is no kube-apiserver for tests here')
class Applied(Case):
    @classmethod
    def setUpClass(cls):
        cls.state = pathlib.Path(tempfile.mkdtemp(prefix='sodns-deploy-')) / 'state'
        cls.addClassCleanup(shutil.rmtree, cls.state.parent, True)
        cls.addClassCleanup(subprocess.run, [KUBE / 'down', cls.state], capture_output=True)
        subprocess.run([KUBE / 'up', cls.state, '--bare'], check=True, capture_output=True, timeout=120)
        lines = (line.split('=', 1) for line in (cls.state / 'env').read_text().splitlines() if '=' in line)
        cls.env = {k.split()[-1]: v.strip('\'"') for k, v in lines}

    def call(self, method, path, body=None, kind='application/json'):
        url = urllib.parse.urlsplit(self.env['KUBE_URL'])
        c = http.client.HTTPSConnection(url.hostname, url.port, timeout=30,
                                        context=ssl.create_default_context(cafile=self.env['KUBE_CA']))
        token = pathlib.Path(self.env['KUBE_TOKEN_FILE']).read_text().strip()
        c.request(method, path, body and json.dumps(body), {'Authorization': f'Bearer {token}', 'Content-Type': kind})
        r = c.getresponse()
        answer = json.loads(r.read())
        c.close()
        self.assertLess(r.status, 300, f'{method} {path}: {answer.get("message")}')
        return answer

    def apply(self, name):
        for o in objects(name):
            self.call('PATCH', path_of(o) + '?fieldManager=kubectl&force=true&fieldValidation=Strict', o, 'application/apply-patch+yaml')

    def test_manifests(self):
        for name in SETS:
            self.apply(name)
            self.apply(name)
        self.serves()

    def serves(self):
        """With the Corefile and the rights that are in the cluster now."""
        account = '/api/v1/namespaces/kube-system/serviceaccounts/coredns/token'
        token = self.call('POST', account, {'apiVersion': 'authentication.k8s.io/v1', 'kind': 'TokenRequest', 'spec': {}})
        text = self.call('GET', '/api/v1/namespaces/kube-system/configmaps/coredns')['data']['Corefile']
        ready = free_port()
        secret = kubeconfig(self.env['KUBE_URL'], token['status']['token'], self.env['KUBE_CA'])
        with Server(here(text, ready), files={'kubeconfig': secret}) as s:
            self.becomes_ready(ready, s)
            r = s.ask('kube-dns.kube-system.svc.cluster.local.')
            self.assertEqual([rd.address for rr in r.answer for rd in rr], ['10.96.0.10'], s.out())
            self.assertEqual(s.ask('none.kube-system.svc.cluster.local.').rcode(), dns.rcode.NXDOMAIN)

    def becomes_ready(self, port, s):
        for _ in range(100 * PATIENCE):
            c = http.client.HTTPConnection('127.0.0.1', port, timeout=5)
            try:
                c.request('GET', '/ready')
                if c.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                c.close()
            time.sleep(0.1)
        self.fail(f'not ready: {s.out()}')


if __name__ == '__main__':
    harness.main()
