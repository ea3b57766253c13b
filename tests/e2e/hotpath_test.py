"""A query that does not wait takes no memory and no lock: counted in the workers of a whole daemon, plugin by plugin."""
import base64, mmap, os, pathlib, shutil, signal, socket, struct, tempfile, unittest

import dns.message, dns.tsig, dns.tsigkeyring, dns.zone

import harness, zones
from apiserver import Api
from harness import BUILD, SANITIZED, Case, Server

SECRET = base64.b64encode(bytes(range(32))).decode()
KEYS = dns.tsigkeyring.from_text({'key.test.': SECRET})
ZONE = '@ 300 IN SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\nalias CNAME www\n*.w TXT x\nsub NS ns.sub\nns.sub A 192.0.2.3\n'

# What a server block has, and what it is asked; names are relative to the block's zone.
BLOCKS = {
    'file': (' file zone\n log\n errors\n', [
        ('www', 'A'), ('www', 'AAAA'), ('no', 'A'), ('alias', 'A'), ('a.w', 'TXT'), ('x.sub', 'A'), ('', 'SOA')]),
    'view': (' view v {\n expr "name() matches \'^w\' && any(split(client_ip(), \'.\'), int(#) in [1, 127])"\n'
             " expr upper(type()) + string(size()) in {A26: 1} or not incidr(client_ip(), '::1/128')\n }\n whoami\n", [('www', 'A')]),
    'cache': (' cache {\n prefetch 100000\n }\n file zone\n', [('www', 'A'), ('WWW', 'A'), ('no', 'A')]),
    'keptstale': (' cache {\n serve_stale 1h immediate\n keepttl\n servfail 5s\n }\n file zone\n', [('www', 'A'), ('no', 'A')]),
    'hosts': (' hosts hostsfile {\n 192.0.2.9 inline.hosts\n fallthrough\n }\n whoami\n', [
        ('www', 'A'), ('www', 'AAAA'), ('inline', 'A'), ('no', 'A'), ('1.2.0.192.in-addr.arpa.', 'PTR')]),
    'rewrite': (' rewrite name exact www.rewrite to.rewrite\n rewrite name suffix .old.rewrite .rewrite answer auto\n'
                ' rewrite name regex (.*)-(x)[.]rewrite {2}.{1}.rewrite answer auto\n rewrite ttl exact ttl.rewrite 30-60\n'
                ' rewrite edns0 local set 0xffee {client_ip} revert\n rewrite type HINFO A\n rewrite rcode exact rc.rewrite NOERROR NXDOMAIN\n file zone\n', [
                    ('www', 'A'), ('www.old', 'A'), ('a-x', 'A'), ('ttl', 'A'), ('www', 'HINFO'), ('rc', 'A'), ('alias', 'A')]),
    'cname': (' rewrite cname exact www.cname. ns.cname.\n file zone\n', [('alias', 'A')]),
    'template': (' template IN A {\n match ^(?P<a>[0-9]+)[.]template[.]$\n var n "int(group(\'a\')) % 250"\n expr "n > 1 or true"\n'
                 ' answer "{{ .Name }} 60 IN A 192.0.2.{{ .Var.n }}"\n additional "{{ .Zone }} 60 IN TXT \\"{{ printf \\"%s\\" .Remote }}\\""\n fallthrough\n }\n'
                 ' template ANY ANY {\n rcode NXDOMAIN\n ederror 17 "{{ .Type }}"\n authority "template. 60 IN SOA a. b. 1 2 3 4 5"\n }\n', [
                     ('7', 'A'), ('x', 'A'), ('x', 'AAAA')]),
    'acl': (' acl {\n allow type TXT\n filter type HINFO\n block type NAPTR net 127.0.0.0/8\n block net 192.0.2.0/24\n }\n whoami\n', [
        ('www', 'A'), ('www', 'HINFO'), ('www', 'NAPTR'), ('www', 'TXT')]),
    'dns64': (' dns64 {\n allow_ipv4\n }\n file zone\n', [('www', 'AAAA'), ('www', 'A'), ('no', 'AAAA'), ('alias', 'AAAA')]),
    'loadbalance': (' loadbalance\n file many\n', [('www', 'A'), ('alias', 'A'), ('mx', 'MX')]),
    'weighted': (' loadbalance weighted weights\n file many\n', [('www', 'A'), ('alias', 'A')]),
    'prefer': (' loadbalance round_robin {\n prefer 192.0.2.0/31\n }\n file many\n', [('www', 'A')]),
    'header': (' header {\n query clear rd\n response set ra\n response clear aa\n }\n whoami\n', [('www', 'A')]),
    'log': (' log . "{combined} {/view/name} {/log/class} {>rflags}"\n metadata\n whoami\n', [('www', 'A'), ('www', 'MX')]),
    'logclass': (' log . {\n class denial\n }\n file zone\n', [('www', 'A'), ('no', 'A')]),
    'any': (' any\n whoami\n', [('www', 'ANY'), ('www', 'A')]),
    'nsid': (' nsid here\n bufsize 600\n whoami\n', [('www', 'A')]),
    'minimal': (' minimal\n file zone\n', [('www', 'A'), ('no', 'A'), ('x.sub', 'A')]),
    'local': (' local\n whoami\n', [('localhost', 'A'), ('www', 'A')]),
    'erratic': (' erratic {\n drop 0\n truncate 3\n }\n', [('www', 'A'), ('www', 'AAAA')]),
    'cancel': (' cancel 2s\n timeouts {\n idle 5s\n }\n errors\n whoami\n', [('www', 'A')]),
    'prometheus': (' prometheus 127.0.0.1:{METRICS}\n log\n errors\n file zone\n', [('www', 'A'), ('no', 'A'), ('www', 'MX'), ('x.sub', 'A')]),
    'auto': (' auto {\n directory . db[.](.*) {1}\n }\n', [('www', 'A'), ('no', 'A')]),
    'autopath': (' autopath resolv.conf\n file zone\n', [('no.search', 'A'), ('www', 'A')]),
    'transfer': (' transfer {\n to *\n }\n file zone\n', [('www', 'A')]),
    'kept': (' prometheus 127.0.0.1:{METRICS}\n cache\n loadbalance\n rewrite stop name exact a.kept www.kept\n acl {\n block net 192.0.2.0/24\n }\n log\n errors\n'
             ' template IN A never.kept {\n answer "{{ .Name }} 5 A 192.0.2.1"\n }\n hosts hostsfile {\n fallthrough\n }\n file many\n', [
                 ('www', 'A'), ('a', 'A'), ('no', 'A')]),
    'signed': (' tsig {\n secret key.test. %s\n }\n file zone\n' % SECRET, [('www', 'A'), ('no', 'A')]),
}
MANY = ZONE + ''.join(f'www A 192.0.2.{i}\n' for i in range(10, 20)) + 'mx MX 10 a\nmx MX 10 b\nmx MX 20 c\n'
FILES = {'zone': ZONE, 'many': MANY, 'db.auto': ZONE, 'weights': 'www.weighted\n192.0.2.2 3\n192.0.2.10 1\n', 'resolv.conf': 'search search.autopath autopath\n',
         'hostsfile': '192.0.2.1 www.hosts www.kept a.hosts\n2001:db8::1 www.hosts\n'}


FILES.update((kind, zones.with_chain(3, kind)) for kind in zones.KINDS)


class Counted(Case):
    def start(self, corefile):
        self.server = Server(corefile.replace('{METRICS}', str(harness.free_port())), files=FILES)
        path = self.server.folder / 'counts'
        path.write_bytes(bytes(24))
        os.environ.update(SODNS_COUNTS=str(path), LD_PRELOAD=str(BUILD / 'test-plugins/count_calls.so'))
        try:
            self.server.start()
        finally:
            del os.environ['SODNS_COUNTS'], os.environ['LD_PRELOAD']
        self.addCleanup(self.server.__exit__)
        with open(path, 'r+b') as f:
            self.counts = mmap.mmap(f.fileno(), 24)
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.client.close)
        self.client.settimeout(6)
        self.client.connect(('127.0.0.1', self.server.port))

    def counted(self):
        return struct.unpack('QQ', self.counts[:16])

    def sends(self):
        return struct.unpack('Q', self.counts[16:])[0]

    def ask(self, wire, rounds):
        for _ in range(rounds):
            self.client.send(wire)
            self.client.recv(65535)

    def queries(self, zone, names):
        """Each question plain, with EDNS and the DO bit, and as a resolver's, with a cookie."""
        for name, rdtype in names:
            full = name if name.endswith('.') else f'{name}.{zone}.'.lstrip('.')
            for options in {}, {'want_dnssec': True}, {'use_edns': 0, 'payload': 4096, 'options': [dns.edns.GenericOption(10, b'12345678'), dns.edns.GenericOption(3, b'')]}:
                q = dns.message.make_query(full, rdtype, **options)
                if zone == 'signed':
                    q.use_tsig(KEYS, keyname='key.test.', algorithm=dns.tsig.HMAC_SHA256)
                yield f'{full} {rdtype} {"EDNS" if options else ""}', q.to_wire()

    def takes_nothing(self, all_queries):
        all_queries = list(all_queries)
        for _, wire in all_queries:
            self.ask(wire, 20)  # pools, rings and caches are filled
        spent = {}
        for what, wire in all_queries:
            before = self.counted()
            self.ask(wire, 50)
            if self.counted() != before:
                spent[what] = tuple(b - a for a, b in zip(before, self.counted()))
        self.assertEqual(spent, {}, 'calls of malloc and of locks in 50 queries')


@unittest.skipIf(SANITIZED, 'a sanitizer has its own malloc')
class HotPath(Counted):
    def test_udp(self):
        self.start(''.join(f'{zone}:{{PORT}} {{\n{lines}}}\n' for zone, (lines, _) in BLOCKS.items()) + '.:{PORT} {\n whoami\n log\n}\n')
        all_queries = [q for zone, (_, names) in BLOCKS.items() for q in self.queries(zone, names)]
        all_queries += self.queries('elsewhere', [('x', 'A')])
        self.takes_nothing(all_queries)

    def test_proofs(self):
        """Signed zones: each name, and one below it that does not exist."""
        for kind in zones.KINDS[1:]:
            self.start(f'{zones.ORIGIN}:{{PORT}} {{\n file {kind}\n}}\n')
            names = sorted(dns.zone.from_text(FILES['plain'], origin=zones.ORIGIN, relativize=False).nodes)
            # Aliases that leave the zone ask others.
            self.takes_nothing((f'{n} {t}', dns.message.make_query(n, t, want_dnssec=True).to_wire()) for name in names[:25]
                               for n in (name.to_text(), f'x.{name}') for t in ('TXT', 'DS'))

    def test_tcp(self):
        """On a connection that is kept, too."""
        self.start('.:{PORT} {\n hosts hostsfile {\n fallthrough\n }\n log\n whoami\n}\n')
        wire = dns.message.make_query('www.hosts', 'A').to_wire()
        with socket.create_connection(('127.0.0.1', self.server.port), timeout=6) as c, c.makefile('rb') as f:
            def ask():
                c.sendall(struct.pack('>H', len(wire)) + wire)
                f.read(struct.unpack('>H', f.read(2))[0])
            for _ in range(20):
                ask()
            before = self.counted()
            for _ in range(50):
                ask()
            self.assertEqual(before, self.counted())

    def test_chaos(self):
        self.start('.:{PORT} {\n chaos v me you\n whoami\n}\n')
        wire = dns.message.make_query('version.bind', 'TXT', 'CH').to_wire()
        self.ask(wire, 20)
        before = self.counted()
        self.ask(wire, 50)
        self.assertEqual(before, self.counted())

    def test_waiting(self):
        """Answers that were waited for leave together: of questions that one answer ends, in a few calls."""
        many = 120
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.bind(('127.0.0.1', 0))
            upstream.settimeout(6)
            self.start('.:{PORT} {\n forward . 127.0.0.1:%d {\n  max_fails 0\n  read_timeout 20s\n }\n}\nhere:{PORT} {\n whoami\n}\n'
                       % upstream.getsockname()[1])
            wire = bytearray(dns.message.make_query('waiting.test', 'A').to_wire())
            for i in range(many):
                wire[0:2] = i.to_bytes(2, 'big')
                self.client.send(wire)
            asked, peer = upstream.recvfrom(4096)
            # What was sent before this has been read, and waits.
            self.ask(dns.message.make_query('x.here', 'A').to_wire(), 1)
            before = self.sends()
            answer = bytearray(asked)
            answer[2] |= 0x80
            upstream.sendto(answer, peer)
            self.assertEqual({self.client.recv(4096)[:2] for _ in range(many)}, {i.to_bytes(2, 'big') for i in range(many)})
            self.assertLess(self.sends() - before, many // 8)

    def test_counts(self):
        """The counter counts: a TCP connection takes memory, a reload locks."""
        self.start('.:{PORT} {\n whoami\n}\n')
        self.ask(dns.message.make_query('x', 'A').to_wire(), 5)
        before = self.counted()
        self.server.ask('x', tcp=True)
        self.server.signal(signal.SIGUSR1)
        self.server.wait_for('Reloading complete')
        memory, locks = self.counted()
        self.assertGreater(memory, before[0])
        self.assertGreater(locks, before[1])


def service(name, ip, **spec):
    return {'metadata': {'name': name, 'namespace': 'ns'},
            'spec': {'type': 'ClusterIP', 'clusterIP': ip, 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80}], **spec}}


@unittest.skipIf(SANITIZED, 'a sanitizer has its own malloc')
class Cluster(Counted):
    """What a cluster's names are answered from is all there; only answers of several KiB need more memory than a query has."""
    names = [(f'{n}.cluster.local.', t) for n, t in (
        ('s.ns.svc', 'A'), ('s.ns.svc', 'AAAA'), ('s.ns.svc', 'SRV'), ('_http._tcp.s.ns.svc', 'SRV'), ('no.ns.svc', 'A'), ('s.no.svc', 'A'),
        ('h.ns.svc', 'A'), ('few.ns.svc', 'SRV'), ('10-0-1-2.h.ns.svc', 'A'), ('alias.ns.svc', 'A'), ('10-0-0-9.ns.pod', 'A'),
        ('10-0-0-8.ns.pod', 'A'), ('ns.dns', 'A'), ('svc', 'A'))]
    names += [('cluster.local.', 'SOA'), ('cluster.local.', 'NS'), ('1.0.96.10.in-addr.arpa.', 'PTR'), ('2.1.0.10.in-addr.arpa.', 'PTR'),
              ('7.7.7.10.in-addr.arpa.', 'PTR')]

    def test_udp(self):
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
        self.start('.:{PORT} {\n bind 127.0.0.1\n kubernetes cluster.local in-addr.arpa {\n  kubeconfig %s\n  pods verified\n }\n}\n'
                   % (folder / 'kubeconfig'))
        self.assertEqual(len(self.server.ask('h.ns.svc.cluster.local').answer[0]), 19)
        self.assertEqual(len(self.server.ask('few.ns.svc.cluster.local', 'SRV').answer[0]), 5)
        self.assertEqual(len(self.server.ask('10-0-0-9.ns.pod.cluster.local').answer), 1)
        self.takes_nothing(self.queries('', self.names))


if __name__ == '__main__':
    harness.main()
