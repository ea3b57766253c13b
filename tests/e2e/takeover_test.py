"""tools/deploy/takeover on the DNS of kubeadm, k3s, RKE2, EKS, AKS, OpenShift, coredns/deployment and its Helm chart, as kubectl
finds it: what it changes, that nothing else is changed, and that it is taken back whole."""
import copy, importlib.machinery, importlib.util, json, os, pathlib, shutil, subprocess, tempfile, unittest

import harness
from harness import BUILD, Case

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / 'tools/deploy/takeover'
SHAPES = ROOT / 'tests/data/takeover'
KUBE = pathlib.Path(os.environ.get('KUBE_TOOLS', ROOT.parent / 'shared/kube'))
IMAGE = 'registry.example/sodns@sha256:' + 'a' * 64
OWNERS = {'kubeadm': 'kubeadm', 'k3s': 'k3s', 'rke2': 'RKE2', 'eks': 'the EKS add-on', 'aks': 'AKS', 'openshift': "OpenShift's DNS operator", 'helm': 'Helm',
          'coredns-deployment': None}
# Below the pod template; all else is the cluster's.
MAY_CHANGE = {'image', 'command', 'securityContext', 'volumes', 'volumeMounts'}


def load_tool():
    loader = importlib.machinery.SourceFileLoader('takeover', str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('takeover', loader))
    loader.exec_module(module)
    return module


def shape(name):
    return [o for o in yaml.safe_load_all((SHAPES / f'{name}.yaml').read_text()) if o]


def workload(objects):
    return next(o for o in objects if o['kind'] in ('Deployment', 'DaemonSet'))


def patched(w, ops):
    """RFC 6902, as far as the tool uses it."""
    w = copy.deepcopy(w)
    for op in ops:
        parts = [p.replace('~1', '/').replace('~0', '~') for p in op['path'].split('/')[1:]]
        at = w
        for p in parts[:-1]:
            at = at[int(p)] if isinstance(at, list) else at[p]
        last = int(parts[-1]) if isinstance(at, list) and parts[-1] != '-' else parts[-1]
        if op['op'] == 'test':
            assert at[last] == op['value'], op
        elif op['op'] == 'remove':
            del at[last]
        elif last == '-':
            at.append(op['value'])
        elif op['op'] == 'replace':
            assert last in at or isinstance(at, list), op
            at[last] = op['value']
        elif isinstance(at, list):
            at.insert(last, op['value'])
        else:
            at[last] = op['value']
    return w


def differences(a, b, path=()):
    """The paths at which two documents differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for k in {**a, **b}:
            yield from differences(a.get(k), b.get(k), (*path, k))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, (*path, i))
    elif a != b:
        yield path


class Shapes(Case):
    """Without a cluster: the patch and its way back."""

    def setUp(self):
        if not yaml:
            self.skipTest('there is no python3-yaml')
        self.tool = load_tool()

    def look(self, name):
        w = workload(shape(name))
        w['metadata']['uid'] = 'u-1'
        return w

    def test_what_changes(self):
        for name in OWNERS:
            with self.subTest(name):
                w = self.look(name)
                after = patched(w, self.tool.operations(w, self.tool.wanted(w, IMAGE)))
                pod, (_, c) = after['spec']['template']['spec'], self.tool.container_of(after, None) if name != 'openshift' else (0, after['spec']['template']['spec']['containers'][0])
                self.assertEqual(c['image'], IMAGE)
                self.assertNotIn('command', c)
                self.assertEqual(c['args'], self.tool.container_of(w)[1]['args'])
                self.assertTrue(self.tool.can_write_tmp(pod, c))
                self.assertEqual((c['securityContext']['runAsUser'], c['securityContext']['runAsNonRoot']), (65532, True))
                low = any(p['containerPort'] < 1024 for p in c['ports'])
                self.assertEqual(self.tool.SYSCTL in (pod.get('securityContext') or {}).get('sysctls', ()), low)
                for path in differences(w['spec'], after['spec']):
                    self.assertEqual(path[:2], ('template', 'spec'), path)
                    self.assertTrue(MAY_CHANGE & set(path), path)
                # What others mounted is where it was.
                for member, x, y in (('volumes', w['spec']['template']['spec'], pod), ('volumeMounts', self.tool.container_of(w)[1], c)):
                    self.assertEqual(y[member][:len(x[member])], x[member])
                # All of it goes back.
                ops, left = self.tool.take_back(after)
                self.assertEqual(left, [])
                back = patched(after, ops)
                if not back['metadata'].get('annotations'):
                    back['metadata'].pop('annotations', None)
                self.assertEqual(back, w)

    def test_nothing_to_do_twice(self):
        w = self.look('kubeadm')
        after = patched(w, self.tool.operations(w, self.tool.wanted(w, IMAGE)))
        self.assertEqual(self.tool.wanted(after, IMAGE), [])

    def test_what_others_changed_since_is_left_alone(self):
        w = self.look('kubeadm')
        after = patched(w, self.tool.operations(w, self.tool.wanted(w, IMAGE)))
        pod = after['spec']['template']['spec']
        pod['containers'][0]['image'] = 'somebody/else:1'
        pod['containers'].insert(0, {'name': 'sidecar', 'image': 'x'})
        pod['volumes'].append({'name': 'more', 'emptyDir': {}})
        ops, left = self.tool.take_back(after)
        self.assertEqual(left, ['/spec/template/spec/containers/1/image'])
        back = patched(after, ops)['spec']['template']['spec']
        self.assertEqual(back['containers'][1]['image'], 'somebody/else:1')
        self.assertEqual([v['name'] for v in back['volumes']], ['config-volume', 'more'])
        self.assertEqual([m['name'] for m in back['containers'][1]['volumeMounts']], ['config-volume'])

    def test_the_hosts_network(self):
        w = self.look('kubeadm')
        w['spec']['template']['spec']['hostNetwork'] = True
        after = patched(w, self.tool.operations(w, self.tool.wanted(w, IMAGE)))
        security = after['spec']['template']['spec']['containers'][0]['securityContext']
        self.assertEqual((security['runAsUser'], security['capabilities']), (0, {'drop': ['ALL'], 'add': ['NET_BIND_SERVICE']}))
        self.assertNotIn('securityContext', after['spec']['template']['spec'])

    def test_owners(self):
        for name, owner in OWNERS.items():
            w = self.look(name)
            w['metadata']['managedFields'] = [{'manager': 'kubeadm' if name == 'kubeadm' else 'kubectl'}]
            self.assertEqual(next((o for o, owns, _ in self.tool.OWNERS if owns(w)), None), owner, name)


@unittest.skipUnless(yaml, 'there is no python3-yaml')
@unittest.skipUnless(shutil.which('kubectl'), 'there is no kubectl')
@unittest.skipUnless((KUBE / 'up').exists(), 'there is no kube-apiserver for tests here')
class OnACluster(Case):
    """With kubectl and a real API server: applied as people do, taken over, taken back."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-takeover-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.addClassCleanup(subprocess.run, [KUBE / 'down', cls.folder / 'state'], capture_output=True)
        subprocess.run([KUBE / 'up', cls.folder / 'state', '--bare'], check=True, capture_output=True, timeout=180)
        lines = (line.split('=', 1) for line in (cls.folder / 'state/env').read_text().splitlines() if '=' in line)
        cls.config = {k.split()[-1]: v.strip('\'"') for k, v in lines}['KUBE_CONFIG']

    def kubectl(self, *args, text=None, fails=False):
        r = subprocess.run(['kubectl', '--kubeconfig', self.config, *args], input=text, capture_output=True, text=True, timeout=60)
        if not fails:
            self.assertEqual(r.returncode, 0, f'kubectl {args}: {r.stderr}')
        return r.stdout

    def tool(self, *args, status=0):
        r = subprocess.run([TOOL, *args, '--kubeconfig', self.config, '--sodns', BUILD / 'sodns', '--timeout', '1'], capture_output=True, text=True, timeout=120,
                           stdin=subprocess.DEVNULL)
        self.assertEqual(r.returncode, status, r.stdout + r.stderr)
        return r.stdout + r.stderr

    def get(self, w):
        return json.loads(self.kubectl('get', w['kind'].lower(), w['metadata']['name'], '-n', w['metadata']['namespace'], '-o', 'json'))

    def test_shapes(self):
        ways = {'applied': ['apply', '-f', '-'], 'server-side': ['apply', '--server-side', '--field-manager', 'owner', '-f', '-'], 'created': ['create', '-f', '-']}
        for i, name in enumerate(OWNERS):
            way = list(ways)[i % len(ways)]
            with self.subTest(f'{name}, {way}'):
                objects = shape(name)
                text, w = yaml.safe_dump_all(objects), workload(objects)
                self.kubectl(*ways[way], text=text)
                try:
                    self.takes_over(w, OWNERS[name] if name != 'kubeadm' else None)
                finally:
                    self.kubectl('delete', '--ignore-not-found', '-f', '-', text=yaml.safe_dump_all([o for o in objects if o['kind'] != 'Namespace']))

    def takes_over(self, w, owner):
        before = self.get(w)
        said = self.tool('check')
        self.assertIn('sodns takes the Corefile', said)
        self.assertEqual(f'owned by {owner}' in said if owner else 'owned by' not in said, True, said)
        self.assertIn(f'+', self.tool('diff', '--image', IMAGE))
        self.assertEqual(self.get(w)['spec'], before['spec'])
        # Nobody is there to make the pods: they do not get ready, and all is taken back.
        self.assertIn('nothing was changed', self.tool('apply', '--image', IMAGE, status=1))
        self.assertIn('taken back', self.tool('apply', '--image', IMAGE, '--yes', status=1))
        self.assertEqual(self.get(w)['spec'], before['spec'])
        tool = load_tool()
        ops = tool.operations(before, tool.wanted(before, IMAGE))
        self.kubectl('patch', w['kind'].lower(), w['metadata']['name'], '-n', w['metadata']['namespace'], '--type=json', '-p', json.dumps(ops))
        after = self.get(w)
        for path in differences(before['spec'], after['spec']):
            self.assertTrue(path[:2] == ('template', 'spec') and MAY_CHANGE & set(path), path)
        self.assertIn('is as it was', self.tool('undo'))
        self.assertEqual(self.get(w)['spec'], before['spec'])

    def test_refusals(self):
        self.kubectl('apply', '-f', '-', text=yaml.safe_dump_all(shape('gke')))
        self.assertIn('served by kube-dns', self.tool('check', status=1))
        self.kubectl('delete', 'deployment', 'kube-dns', '-n', 'kube-system')
        self.assertIn("which workload is the cluster's DNS? Found: none", self.tool('check', status=1))
        broken = shape('kubeadm')
        broken[0]['data']['Corefile'] = '.:53 {\n    nonsense\n}\n'
        self.kubectl('apply', '-f', '-', text=yaml.safe_dump_all(broken))
        said = self.tool('apply', '--image', IMAGE, '--yes', status=1)
        self.assertRegex(said, r"does not take the Corefile[^$]*/etc/coredns/Corefile:2 - Error during parsing: Unknown directive 'nonsense'")
        self.assertIn('was not taken over', self.tool('undo', status=1))
        self.kubectl('delete', '-f', '-', text=yaml.safe_dump_all(broken))


if __name__ == '__main__':
    harness.main()
