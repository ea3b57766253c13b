"""Which addresses are listened on: all of them where Go, and so CoreDNS, listens on all; and where several blocks share a port."""
import signal, socket, urllib.request

import dns.message, dns.query, dns.rcode

import harness
from harness import Case, Server


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


FAMILIES = ['127.0.0.1'] + (['::1'] if has_ipv6() else [])


class Listen(Case):
    def rcodes(self, s, name='x.'):
        q, out = dns.message.make_query(name, 'A'), set()
        for at in FAMILIES:
            for ask in (dns.query.udp, dns.query.tcp):
                out.add(dns.rcode.to_text(ask(q, at, timeout=5, port=s.port).rcode()))
        return out

    def test_dns(self):
        for host in ('', ' bind 0.0.0.0\n', ' bind ::\n', ' bind 0.0.0.0 ::\n'):
            with Server(f'.:{{PORT}} {{\n{host} whoami\n}}\n') as s:
                for _ in range(5):
                    self.assertEqual(self.rcodes(s), {'NOERROR'}, host)
                if host:
                    s.wait_for(rf'^\.:{s.port} on {host.split()[1]}$')

    def test_one_family_where_it_is_named(self):
        with Server('.:{PORT} {\n bind 127.0.0.1\n whoami\n}\n') as s:
            for at in FAMILIES[1:]:
                with self.assertRaises(OSError):
                    socket.create_connection((at, s.port), timeout=1)

    def test_blocks_on_all_addresses_in_several_words(self):
        """They are one server: no query finds a socket that knows only some of them."""
        text = ''.join(f'{zone}.:{{PORT}} {{\n{bind} whoami\n}}\n' for zone, bind in
                       (('a', ''), ('b', ' bind 0.0.0.0\n'), ('c', ' bind ::\n')))
        with Server(text, workers=2) as s:
            for _ in range(10):
                self.assertEqual(self.rcodes(s, 'a.') | self.rcodes(s, 'b.') | self.rcodes(s, 'c.'), {'NOERROR'})
            self.assertNotIn('[WARNING]', s.out())

    def test_reload_between_them(self):
        hosts = (' bind 0.0.0.0\n', ' bind ::\n', '', ' bind 0.0.0.0\n')
        with Server('.:{PORT} {\n whoami\n}\n', workers=2) as s:
            for n, host in enumerate(hosts, 1):
                s.write_corefile(f'.:{{PORT}} {{\n{host} whoami\n}}\n')
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=n)
                self.assertEqual(self.rcodes(s), {'NOERROR'}, host)

    def test_http(self):
        for host in ('', '0.0.0.0', '[::]'):
            ports = {path: harness.free_port() for path in ('/health', '/ready', '/metrics')}
            text = ''.join(f' {name} {host}:{ports[path]}\n' for name, path in
                           (('health', '/health'), ('ready', '/ready'), ('prometheus', '/metrics')))
            with Server(f'.:{{PORT}} {{\n{text} whoami\n}}\n'):
                for path, port in ports.items():
                    for at in FAMILIES:
                        at = f'[{at}]' if ':' in at else at
                        self.assertEqual(urllib.request.urlopen(f'http://{at}:{port}{path}', timeout=5).status, 200, (host, path, at))

    def test_a_start_that_fails_late(self):
        """What had begun to tell that the process lives ends in order."""
        text = ''.join(f' {name} 127.0.0.1:{{$NOT_SET}}\n' for name in ('health', 'ready', 'prometheus'))
        self.refused(f'.:1 {{\n bind 192.0.2.77\n{text} whoami\n}}\n', r'^Listen: listen udp 192\.0\.2\.77:1: bind: cannot assign requested address$')

    def test_port_that_is_empty(self):
        """As with Go, any free one; a key needs one."""
        with Server('.:{PORT} {\n health 127.0.0.1:{$NOT_SET}\n ready :{$NOT_SET}\n prometheus 127.0.0.1:{$NOT_SET}\n whoami\n}\n') as s:
            self.assertEqual(self.rcodes(s), {'NOERROR'})
            self.assertNotIn('[ERROR]', s.out())
        self.refused('.:{$NOT_SET} {\n whoami\n}\n', r'error inspecting server blocks: expecting data after last colon: "\.:"$')

    def test_some_blocks_on_an_address(self):
        """The address is those blocks' alone, as with CoreDNS, and a line says which zones are not there."""
        with Server('.:{PORT} {\n bind 127.0.0.1\n whoami\n}\na.:{PORT} b.:{PORT} {\n whoami\n}\nc.:{PORT} {\n bind 127.0.0.1\n whoami\n}\n') as s:
            for zone in 'ab':
                s.wait_for(rf'^\[WARNING\] {zone}\. is not served at dns://127\.0\.0\.1:{s.port}, which belongs to the blocks that are bound')
            self.assertEqual(s.out().count('[WARNING]'), 2)

    def test_metrics_that_have_no_address_yet(self):
        """DNS is answered all the same, and they come when the address can be had."""
        with socket.socket() as other:
            other.bind(('127.0.0.1', 0))
            other.listen()
            port = other.getsockname()[1]
            with Server(f'.:{{PORT}} {{\n whoami\n prometheus 127.0.0.1:{port}\n}}\n') as s:
                s.wait_for(rf'^\[ERROR\] Failed to start metrics handler: listen tcp 127\.0\.0\.1:{port}: bind: address already in use; it is tried')
                self.assertEqual(self.rcodes(s), {'NOERROR'})
                other.close()
                s.wait_for(rf'^\[INFO\] plugin/prometheus: Metrics are at 127\.0\.0\.1:{port} now$', 20)
                self.assertEqual(urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).status, 200)
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete')
                self.assertEqual(urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).status, 200)

    def test_metrics_at_addresses_that_never_come(self):
        for address, why in (('192.0.2.77:9153', r'listen tcp 192\.0\.2\.77:9153: bind: cannot assign requested address'),
                             ('nohost.invalid:9153', r'listen tcp: lookup nohost\.invalid: no such host')):
            with Server(f'.:{{PORT}} {{\n whoami\n prometheus {address}\n}}\n') as s:
                s.wait_for(rf'^\[ERROR\] Failed to start metrics handler: {why}; it is tried again every 5 s$')
                self.assertEqual(self.rcodes(s), {'NOERROR'})
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete')


if __name__ == '__main__':
    harness.main()
