"""forward over TLS: to a server of ours, verified by name and address, refused where the certificate is not the one."""
import dns.rcode

import harness
from certificates import Authority
from harness import Case, Server

CA = Authority()
CERT, KEY = CA.issue('dns.test')
UPSTREAM = 'tls://.:{PORT} {\n tls cert.pem key.pem\n hosts {\n  192.0.2.1 a.test\n }\n}\n'


class ForwardTls(Case):
    def ask_by(self, upstream, options, ca=CA):
        corefile = f'.:{{PORT}} {{\n forward . tls://127.0.0.1:{upstream.port} {{\n  tls ca.pem\n  health_check 10s\n{options} }}\n}}\n'
        with Server(corefile, files={'ca.pem': ca.pem}) as s:
            return [s.ask('a.test', timeout=8) for _ in range(3)]

    def test_verified(self):
        with Server(UPSTREAM, files={'cert.pem': CERT, 'key.pem': KEY}) as up:
            for options in '  tls_servername dns.test\n', '  tls_servername 127.0.0.1\n':
                for answer in self.ask_by(up, options):
                    self.assertEqual([str(rd) for rr in answer.answer for rd in rr], ['192.0.2.1'], options)

    def test_refused(self):
        with Server(UPSTREAM, files={'cert.pem': CERT, 'key.pem': KEY}) as up:
            for options, ca in ('  tls_servername other.test\n', CA), ('  tls_servername dns.test\n', Authority('another')):
                for answer in self.ask_by(up, options, ca):
                    self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL, options)


if __name__ == '__main__':
    harness.main()
