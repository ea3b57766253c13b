"""k8s_external on a whole server: services of any size, changes under reloads, name servers that are this machine, circles."""
import ipaddress, re, signal, subprocess, time

import dns.flags, dns.query, dns.rcode, dns.rdatatype, dns.zone

import harness
from apiserver import Api
from harness import Case, Server

NAMESPACES, SERVICES = '/api/v1/namespaces', '/api/v1/services'
SLICES = '/apis/discovery.k8s.io/v1/endpointslices'
MANY = 5000


def service(name, ip='10.96.0.1', external=(), hosts=()):
    return {'metadata': {'name': name, 'namespace': 'ns'},
            'spec': {'clusterIP': ip, 'clusterIPs': [ip], 'externalIPs': list(external),
                     'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}]},
            'status': {'loadBalancer': {'ingress': [{'hostname': h} for h in hosts]}}}


def slice_of(name, addresses, number=1):
    return {'metadata': {'name': f'{name}-{number}', 'namespace': 'ns', 'labels': {'kubernetes.io/service-name': name}}, 'addressType': 'IPv4',
            'endpoints': [{'addresses': [a]} for a in addresses], 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}]}


def records(reply, kind):
    return [rd for rr in reply.answer for rd in rr if rr.rdtype == kind]


class External(Case):
    def setUp(self):
        self.api = Api().start()
        self.addCleanup(self.api.stop)
        self.api.put(NAMESPACES, {'metadata': {'name': 'ns'}})

    def server(self, *properties, bind='bind 127.0.0.1', **more):
        text = ''.join(f'  {p}\n' for p in properties)
        s = Server('.:{PORT} {\n %s\n transfer {\n  to *\n }\n kubernetes cluster.local {\n  kubeconfig kubeconfig\n }\n'
                   ' k8s_external ext.test {\n%s }\n}\n' % (bind, text), **more)
        self.api.kubeconfig(s.folder / 'kubeconfig')
        self.addCleanup(s.__exit__)
        return s.start()

    def becomes(self, s, name, expected, seconds=10):
        end = time.time() + seconds
        while (got := sorted(rd.address for rd in records(s.ask(name), dns.rdatatype.A))) != expected:
            if time.time() > end:
                self.fail(f'{name}: {got}, expected {expected}\n{s.out()}')
            time.sleep(0.01)

    def test_many_endpoints(self):
        """As many as fit, and all of them in a transfer."""
        addresses = [str(ipaddress.ip_address('172.16.0.0') + i) for i in range(MANY)]
        self.api.put(SERVICES, service('crowd', 'None'))
        for i in range(0, MANY, 1000):
            self.api.put(SLICES, slice_of('crowd', addresses[i:i + 1000], i))
        s = self.server('headless')
        r = s.ask('crowd.ns.ext.test.')
        self.assertTrue(r.flags & dns.flags.TC)
        r = s.ask('crowd.ns.ext.test.', tcp=True)
        got = {rd.address for rd in records(r, dns.rdatatype.A)}
        self.assertTrue(r.flags & dns.flags.TC)
        self.assertGreater(len(got), 4000)
        self.assertLessEqual(got, set(addresses))
        r = s.ask('_http._tcp.crowd.ns.ext.test.', 'SRV', tcp=True)
        got = records(r, dns.rdatatype.SRV)
        self.assertTrue(r.flags & dns.flags.TC)
        self.assertGreater(len({rd.target for rd in got}), 1000)
        self.assertEqual({rd.weight for rd in got}, {1})
        r = s.ask('172-16-19-135.crowd.ns.ext.test.')
        self.assertEqual([rd.address for rd in records(r, dns.rdatatype.A)], ['172.16.19.135'])
        zone = dns.zone.from_xfr(dns.query.xfr('127.0.0.1', 'ext.test.', port=s.port, timeout=20))
        self.assertEqual({rd.address for rd in zone.find_rdataset('crowd.ns', 'A')}, set(addresses))
        self.assertEqual(len(zone.find_rdataset('_http._tcp.crowd.ns', 'SRV')), MANY)
        self.assertEqual(len(zone.nodes), MANY + 3)

    def test_changes_under_reloads(self):
        s = self.server()
        for n in range(8):
            self.api.put(SERVICES, service('web', external=[f'198.51.100.{n}']))
            if n % 2:
                s.signal(signal.SIGUSR1)
            self.becomes(s, 'web.ns.ext.test.', [f'198.51.100.{n}'])
            s.wait_for('Reloading complete', count=(n + 1) // 2)
        self.api.delete(SERVICES, service('web'))
        self.becomes(s, 'web.ns.ext.test.', [])
        self.assertEqual(s.ask('web.ns.ext.test.').rcode(), dns.rcode.NXDOMAIN)

    def test_servers(self):
        """Outside of a cluster: this machine's addresses, but for loopback."""
        text = subprocess.run(['ip', '-o', 'addr'], stdout=subprocess.PIPE, text=True, check=True).stdout
        own = {a for a in re.findall(r'inet (\S+)/', text) if not ipaddress.ip_address(a).is_loopback}
        s = self.server(bind='')
        r = s.ask('Ext.test.', 'NS')
        self.assertEqual(r.answer[0].to_text(), 'ext.test. 5 IN NS ns1.dns.ext.test.')
        self.assertEqual({rd.address for rr in r.additional for rd in rr if rr.rdtype == dns.rdatatype.A}, own)
        self.assertLessEqual({rr.name.to_text() for rr in r.additional}, {'ns1.dns.Ext.test.'})
        self.assertEqual({rd.address for rd in records(s.ask('ns1.dns.ext.test.'), dns.rdatatype.A)}, own)

    def test_circle(self):
        """A host name that leads back: CoreDNS ends by it."""
        self.api.put(SERVICES, service('a', hosts=['b.ns.ext.test', 'a.ns.ext.test'] * 20))
        self.api.put(SERVICES, service('b', hosts=['a.ns.ext.test', 'b.ns.ext.test'] * 20))
        self.api.put(SERVICES, service('web', external=['198.51.100.1']))
        s = self.server()
        begun = time.time()
        for kind in ('A', 'AAAA', 'SRV'):
            r = s.ask('a.ns.ext.test.', kind, tcp=True)
            self.assertEqual(r.rcode(), dns.rcode.NOERROR)
            self.assertTrue(r.answer)
        self.assertLess(time.time() - begun, 4)
        self.becomes(s, 'web.ns.ext.test.', ['198.51.100.1'])

    def test_refuses(self):
        self.refused('. {\n k8s_external a\n}', r'^plugin/k8s_external: Corefile:2 - kubernetes plugin not loaded$')
        self.refused('. {\n k8s_external a {\n  ttl 9999\n }\n}', r'Corefile:3 - Error during parsing: ttl must be in range \[0, 3600\]: 9999$')


if __name__ == '__main__':
    harness.main()
