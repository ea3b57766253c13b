"""A query that does not wait takes no memory and no lock: counted in the workers of a whole daemon."""
import mmap, os, pathlib, shutil, signal, struct, tempfile, unittest

import dns.message

import harness
from apiserver import Api
from harness import BUILD, SANITIZED, Case, Server

ZONE = '@ 300 IN SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\nalias CNAME www\n*.w TXT x\nsub NS ns.sub\nns.sub A 192.0.2.3\n'
COREFILE = ('example.org:{PORT} {\n file zone\n log\n errors\n}\n.:{PORT} {\n whoami\n log\n}\n'
            'v.test:{PORT} {\n view v {\n expr "name() matches \'^w\' && any(split(client_ip(), \'.\'), int(#) in [1, 127])"\n'
            " expr upper(type()) + string(size()) in {A24: 1} or not incidr(client_ip(), '::1/128')\n }\n whoami\n}\n"
            'c.test:{PORT} {\n cache {\n prefetch 100000\n}\n file zone\n}\n')
NAMES = [('www.example.org', 'A'), ('www.example.org', 'AAAA'), ('no.example.org', 'A'), ('alias.example.org', 'A'),
         ('a.w.example.org', 'TXT'), ('x.sub.example.org', 'A'), ('example.org', 'SOA'), ('elsewhere.test', 'A'),
         ('www.v.test', 'A'), ('www.c.test', 'A'), ('WWW.c.test', 'A'), ('no.c.test', 'A')]


class Counted(Case):
    """A server with the counter in it: calls of malloc and of locks in its workers."""
    names = NAMES

    def begin(self, corefile, files=None):
        self.server = Server(corefile, files=files)
        path = self.server.folder / 'counts'
        path.write_bytes(bytes(16))
        os.environ.update(SODNS_COUNTS=str(path), LD_PRELOAD=str(BUILD / 'test-plugins/count_calls.so'))
        try:
            self.server.start()
        finally:
            del os.environ['SODNS_COUNTS'], os.environ['LD_PRELOAD']
        with open(path, 'r+b') as f:
            self.counts = mmap.mmap(f.fileno(), 16)

    def tearDown(self):
        self.server.__exit__()

    def rounds(self, count, **options):
        for _ in range(count):
            for name, rdtype in self.names:
                self.server.ask(name, rdtype, **options)

    def counted(self):
        return struct.unpack('QQ', self.counts[:])

    def takes_nothing(self):
        self.rounds(50)  # pools, rings and the cache are filled
        self.rounds(1, want_dnssec=True)
        before = self.counted()
        self.rounds(100)
        self.rounds(25, want_dnssec=True)
        self.assertEqual(before, self.counted())


@unittest.skipIf(SANITIZED, 'a sanitizer has its own malloc')
class HotPath(Counted):
    def setUp(self):
        self.begin(COREFILE, {'zone': ZONE})

    def test_udp(self):
        self.takes_nothing()

    def test_counts(self):
        """The counter counts: a TCP connection takes memory, a reload locks."""
        self.rounds(5)
        before = self.counted()
        self.server.ask('www.example.org', tcp=True)
        self.server.signal(signal.SIGUSR1)
        self.server.wait_for('Reloading complete')
        memory, locks = self.counted()
        self.assertGreater(memory, before[0])
        self.assertGreater(locks, before[1])


def service(name, ip, **spec):
    return {'metadata': {'name': name, 'namespace': 'ns'},
            'spec': {'type': 'ClusterIP', 'clusterIP': ip, 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}], **spec}}


@unittest.skipIf(SANITIZED, 'a sanitizer has its own malloc')
class Kubernetes(Counted):
    """What a cluster's names are answered from is all there; only answers of several KiB need more memory than a query has."""
    names = [(f'{n}.cluster.local', t) for n, t in (
        ('s.ns.svc', 'A'), ('s.ns.svc', 'AAAA'), ('s.ns.svc', 'SRV'), ('_http._tcp.s.ns.svc', 'SRV'), ('no.ns.svc', 'A'), ('s.no.svc', 'A'),
        ('h.ns.svc', 'A'), ('few.ns.svc', 'SRV'), ('10-0-1-2.h.ns.svc', 'A'), ('alias.ns.svc', 'A'), ('10-0-0-9.ns.pod', 'A'),
        ('10-0-0-8.ns.pod', 'A'), ('ns.dns', 'A'), ('svc', 'A'))]
    names += [('cluster.local', 'SOA'), ('cluster.local', 'NS'), ('1.0.96.10.in-addr.arpa', 'PTR'), ('2.1.0.10.in-addr.arpa', 'PTR'),
              ('7.7.7.10.in-addr.arpa', 'PTR')]

    def setUp(self):
        api = Api().start()
        self.addCleanup(api.stop)
        api.put('/api/v1/namespaces', {'metadata': {'name': 'ns'}})
        api.put('/api/v1/services', service('s', '10.96.0.1'))
        api.put('/api/v1/services', service('alias', '', type='ExternalName', externalName='s.ns.svc.cluster.local'))
        for name, count in (('h', 19), ('few', 5)):
            api.put('/api/v1/services', service(name, 'None'))
            api.put('/apis/discovery.k8s.io/v1/endpointslices', {
                'metadata': {'name': name + '-1', 'namespace': 'ns', 'labels': {'kubernetes.io/service-name': name}}, 'addressType': 'IPv4',
                'endpoints': [{'addresses': [f'10.0.{len(name)}.{i}'], 'conditions': {'ready': True}} for i in range(1, count + 1)],
                'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}]})
        api.put('/api/v1/pods', {'metadata': {'name': 'p', 'namespace': 'ns'}, 'status': {'podIP': '10.0.0.9', 'phase': 'Running'}})
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        api.kubeconfig(folder / 'kubeconfig')
        self.begin('.:{PORT} {\n bind 127.0.0.1\n kubernetes cluster.local in-addr.arpa {\n  kubeconfig %s\n  pods verified\n }\n}\n'
                   % (folder / 'kubeconfig'))

    def test_udp(self):
        self.assertEqual(len(self.server.ask('h.ns.svc.cluster.local').answer[0]), 19)
        self.assertEqual(len(self.server.ask('10-0-0-9.ns.pod.cluster.local').answer), 1)
        self.assertEqual(len(self.server.ask('few.ns.svc.cluster.local', 'SRV').answer[0]), 5)
        self.takes_nothing()


if __name__ == '__main__':
    harness.main()
