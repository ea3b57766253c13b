"""forward over TLS: to a server of ours, verified by name and address, refused where the certificate is not the one; and to servers that give
tickets to whoever asks, or speak what is out of date."""
import pathlib, socket, ssl, struct, tempfile, threading

import dns.message, dns.rcode, dns.rrset

import harness
from certificates import Authority
from harness import Case, Server

CA = Authority()
CERT, KEY = CA.issue('dns.test')
UPSTREAM = 'tls://.:{PORT} {\n tls cert.pem key.pem\n hosts {\n  192.0.2.1 a.test\n }\n}\n'


class Peers:
    """Servers behind listeners of one process, with one context, so that each takes the tickets of all; every answer closes its connection.
    `names` gives each listener its certificate's authority and name."""

    def __init__(self, *names, prepare=lambda context: None, with_rsa=False):
        self.context, self.lock = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), threading.Lock()
        prepare(self.context)
        self.folder = tempfile.TemporaryDirectory()
        self.asked, self.resumed, self.failed = [0] * len(names), [0] * len(names), [0] * len(names)
        self.listeners = [socket.create_server(('127.0.0.1', 0)) for _ in names]
        self.ports = [l.getsockname()[1] for l in self.listeners]
        for i, (ca, name) in enumerate(names):
            for part, text in zip('ck', ca.issue(name, with_rsa=with_rsa)):
                pathlib.Path(self.folder.name, f'{i}{part}').write_text(text)
            threading.Thread(target=self.accept, args=(i,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for l in self.listeners:
            l.close()
        self.folder.cleanup()

    def accept(self, i):
        while True:
            try:
                raw, _ = self.listeners[i].accept()
            except OSError:
                return
            with self.lock:
                self.context.load_cert_chain(f'{self.folder.name}/{i}c', f'{self.folder.name}/{i}k')
                c = self.context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=self.serve, args=(i, c), daemon=True).start()

    def serve(self, i, c):
        try:
            with c, c.makefile('rb') as f:
                c.do_handshake()
                q = dns.message.from_wire(f.read(struct.unpack('>H', f.read(2))[0]))
                self.resumed[i] += c.session_reused
                r = dns.message.make_response(q)
                if q.question[0].rdtype == 1:
                    self.asked[i] += 1
                    r.answer.append(dns.rrset.from_text(q.question[0].name, 5, 'IN', 'A', f'192.0.2.{i + 1}'))
                wire = r.to_wire()
                c.sendall(struct.pack('>H', len(wire)) + wire)
        except (OSError, ssl.SSLError, struct.error):
            self.failed[i] += 1


class ForwardTls(Case):
    def addresses(self, answer):
        return [str(rd) for rr in answer.answer for rd in rr]

    def ask_by(self, upstream, options, ca=CA):
        corefile = f'.:{{PORT}} {{\n forward . tls://127.0.0.1:{upstream.port} {{\n  tls ca.pem\n  health_check 10s\n{options} }}\n}}\n'
        with Server(corefile, files={'ca.pem': ca.pem}) as s:
            return [s.ask('a.test', timeout=8) for _ in range(3)]

    def test_verified(self):
        with Server(UPSTREAM, files={'cert.pem': CERT, 'key.pem': KEY}) as up:
            for options in '  tls_servername dns.test\n', '  tls_servername 127.0.0.1\n':
                for answer in self.ask_by(up, options):
                    self.assertEqual(self.addresses(answer), ['192.0.2.1'], options)

    def test_refused(self):
        with Server(UPSTREAM, files={'cert.pem': CERT, 'key.pem': KEY}) as up:
            for options, ca in ('  tls_servername other.test\n', CA), ('  tls_servername dns.test\n', Authority('another')):
                for answer in self.ask_by(up, options, ca):
                    self.assertEqual(answer.rcode(), dns.rcode.SERVFAIL, options)

    def pair(self, peers, to, options='', asks=12):
        """Both upstreams asked in turn, each time over a new connection; the answers' addresses."""
        with Server(f'.:{{PORT}} {{\n forward . {to} {{\n  tls ca.pem\n  policy round_robin\n  max_fails 0\n{options} }}\n}}\n',
                    files={'ca.pem': CA.pem}) as s:
            return {a for i in range(asks) for a in self.addresses(s.ask(f'n{i}.test', timeout=8))}

    def test_tickets(self):
        """A ticket of the one does not make the other believed, though it takes it: wrong authority, wrong name, and the right ones."""
        stranger = Authority('stranger')
        for second, believed in ((stranger, 'dns.test'), False), ((CA, 'other.test'), False), ((CA, 'dns.test'), True):
            with Peers((CA, 'dns.test'), second) as p:
                to = ' '.join(f'tls://127.0.0.1:{port}' for port in p.ports)
                got = self.pair(p, to, '  tls_servername dns.test\n')
                self.assertEqual(got, {'192.0.2.1', '192.0.2.2'} if believed else {'192.0.2.1'})
                self.assertGreater(p.resumed[0], 3, 'tickets are of use')
                self.assertEqual((p.asked[1] > 0, p.resumed[1] > 0), (believed, believed))
                if not believed:
                    self.assertGreater(p.failed[1], 3, 'the other was tried')

    def test_tickets_by_name(self):
        """One server under two names, each of which is to be looked at: its certificate has one."""
        with Peers((CA, 'dns.test')) as p:
            where = f'tls://127.0.0.1:{p.ports[0]}'
            block = '%s:{PORT} {\n forward . ' + where + '%%%s {\n  tls ca.pem\n  max_fails 0\n }\n}\n'
            with Server(block % ('good.test', 'dns.test') + block % ('bad.test', 'other.test'), files={'ca.pem': CA.pem}) as s:
                for i in range(6):
                    self.assertEqual(self.addresses(s.ask(f'n{i}.good.test', timeout=8)), ['192.0.2.1'])
                    self.assertEqual(s.ask(f'n{i}.bad.test', timeout=8).rcode(), dns.rcode.SERVFAIL)
                self.assertGreater(p.resumed[0], 2)

    def test_suites(self):
        """TLS 1.2 with what has no forward secrecy or no AEAD is no TLS; nor is what came before 1.2."""
        for suites, good in (('ECDHE-RSA-AES128-GCM-SHA256', True), ('AES128-GCM-SHA256', False), ('ECDHE-RSA-AES128-SHA', False),
                             ('ECDHE-RSA-AES128-SHA256:AES256-SHA', False), ('DHE-RSA-AES128-GCM-SHA256', False)):
            def prepare(context):
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(suites + ':@SECLEVEL=0')
            with Peers((CA, 'dns.test'), prepare=prepare, with_rsa=True) as p:
                got = self.pair(p, f'tls://127.0.0.1:{p.ports[0]}', '  tls_servername dns.test\n', 2)
                self.assertEqual(got, {'192.0.2.1'} if good else set(), suites)
                self.assertEqual(p.failed[0] > 0, not good)


if __name__ == '__main__':
    harness.main()
