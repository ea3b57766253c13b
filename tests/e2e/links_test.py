"""Files behind links that are swapped as a whole, as the kubelet swaps a ConfigMap's or a Secret's: every watcher finds the new ones."""
import re, socket, ssl, time, unittest, urllib.request

import harness
from apiserver import Api
from certificates import Authority
from harness import PATIENCE, Case, ConfigMap, Server

ZONE = '$TTL 60\n@ SOA ns root %d 1 1 1 1\nwww A 192.0.2.%d\n'
SERVICES = '/api/v1/services'


class Links(Case):
    ROUNDS = 3

    def swap(self, corefile, files, see, before=None, may_say='^$'):
        """files(n): what lies there in round n; see(server, n): whether round n is what is served. Each round twice the same size."""
        s = Server(corefile)
        if before:
            before(s)
        folder = ConfigMap(s.folder / 'files', files(1))
        with s:
            for n in range(1, self.ROUNDS + 1):
                if n > 1:
                    folder.write(files(n))
                end = time.time() + 20 * PATIENCE
                while not see(s, n):
                    self.assertLess(time.time(), end, f'round {n} is not seen\n{s.out()}')
                    time.sleep(0.05)
            said = [line for line in s.out().splitlines() if re.search(r'\[(WARNING|ERROR)\]', line) and not re.search(may_say, line)]
            self.assertEqual(said, [])

    def address(self, s, n, name='www.z.'):
        r = s.ask(name)
        return bool(r.answer) and r.answer[0][0].address == f'192.0.2.{n}'

    def test_hosts(self):
        self.swap('.:{PORT} {\n hosts files/names {\n  reload 100ms\n }\n}\n', lambda n: {'names': f'192.0.2.{n} www.z.\n'}, self.address)

    def test_file(self):
        self.swap('z:{PORT} {\n file files/zone {\n  reload 100ms\n }\n}\n', lambda n: {'zone': ZONE % (n, n)}, self.address)

    def test_file_by_time(self):
        self.swap('z:{PORT} {\n file files/zone {\n  reload 100ms\n  reload_by_mtime\n }\n}\n', lambda n: {'zone': ZONE % (1, n)},
                  self.address)

    def test_auto(self):
        """Each zone once, not once more in the folder behind the links."""
        def files(n):
            return {'db.z': ZONE % (n, n), f'db.only{n}': ZONE % (n, n)}

        def see(s, n):
            return (self.address(s, n) and self.address(s, n, f'www.only{n}.') and
                    (n == 1 or not self.address(s, n - 1, f'www.only{n - 1}.')))

        self.swap('.:{PORT} {\n auto {\n  directory files\n  reload 100ms\n }\n}\n', files, see)

    def test_loadbalance(self):
        """The heavier address is in front nearly always."""
        def files(n):
            return {'weights': f'www.z.\n192.0.2.{1 + n % 2} 255\n192.0.2.{2 - n % 2} 1\n'}

        def see(s, n):
            return sum(self.address(s, 1 + n % 2) for _ in range(20)) > 15

        self.swap('.:{PORT} {\n loadbalance weighted files/weights {\n  reload 100ms\n }\n hosts /dev/null {\n  192.0.2.1 www.z.\n'
                  '  192.0.2.2 www.z.\n }\n}\n', files, see)

    def test_tls(self):
        """Certificates, and when they expire."""
        authority, metrics = Authority(), harness.free_port()
        issued = {n: authority.issue(f'n{n}.test') for n in range(1, self.ROUNDS + 1)}

        def files(n):
            return dict(zip(('tls.crt', 'tls.key'), issued[n]))

        def see(s, n):
            context = ssl.create_default_context(cadata=authority.pem)
            context.check_hostname = False
            with socket.create_connection(('127.0.0.1', s.port), timeout=5) as raw, context.wrap_socket(raw) as c:
                cert = c.getpeercert()
            text = urllib.request.urlopen(f'http://127.0.0.1:{metrics}/metrics', timeout=5).read().decode()
            value = float(next(line for line in text.splitlines()
                               if line.startswith('sodns_tls_certificate_expires_timestamp_seconds{')).split()[-1])
            return cert['subject'][0][0][1] == f'n{n}.test' and value == ssl.cert_time_to_seconds(cert['notAfter'])

        self.swap(f'tls://.:{{PORT}} {{\n tls files/tls.crt files/tls.key\n prometheus 127.0.0.1:{metrics}\n whoami\n}}\n', files, see)

    def kubernetes(self, kubeconfig, files):
        """The token is another one in each round, and the old one is not taken any more."""
        with Api() as api:
            put = set()

            def see(s, n):
                if n not in put:
                    put.add(n)
                    api.token = f'token{n}'
                    api.put(SERVICES, {'metadata': {'name': f's{n}', 'namespace': 'ns'}, 'spec': {
                        'type': 'ClusterIP', 'clusterIP': f'192.0.2.{n}', 'clusterIPs': [f'192.0.2.{n}'], 'ports': []}})
                    api.end_watches()
                return self.address(s, n, f's{n}.ns.svc.cluster.local.')

            api.put('/api/v1/namespaces', {'metadata': {'name': 'ns'}})
            api.token = 'token1'
            self.swap('cluster.local:{PORT} {\n bind 127.0.0.1\n kubernetes {\n  kubeconfig %s\n }\n}\n' % kubeconfig,
                      lambda n: files(api, n), see, before=lambda s: api.kubeconfig(s.folder / 'kubeconfig', '{tokenFile: files/token}'),
                      may_say='401')  # a request that was on its way with the old one

    def test_kubernetes_token(self):
        self.kubernetes('kubeconfig', lambda api, n: {'token': f'token{n}\n'})

    def test_kubeconfig(self):
        def files(api, n):
            class Text:
                def write_text(self, text):
                    self.text = text

            t = Text()
            api.kubeconfig(t, f'{{token: token{n}}}')
            return {'config': t.text}

        self.kubernetes('files/config', files)


if __name__ == '__main__':
    harness.main()
