"""loop: a server that asks itself ends at once, with CoreDNS's line; one that does not goes on."""
import shutil, socket, time

import dns.message, dns.rrset

import harness
from harness import Case, Server


class Loop(Case):
    def test_the_end(self):
        for options in '', ' {\n  force_tcp\n }':
            s = Server(f'.:{{PORT}} {{\n loop\n forward . 127.0.0.1:{{PORT}}{options}\n}}\n')
            began = time.time()
            r = s.run('-conf', 'Corefile')
            self.assertLess(time.time() - began, 1.5 * harness.PATIENCE, 'it does not wait for what goes round')
            self.assertEqual((r.returncode, harness.complaints(r.stderr)), (1, ''))
            self.assertRegex(r.stdout, r'(?m)^\[FATAL\] plugin/loop: Loop \(127\.0\.0\.1:\d+ -> :%d\) detected for zone "\.", '
                             r'see https://coredns\.io/plugins/loop#troubleshooting\. Query: "HINFO \d+\.\d+\."$' % s.port)
            shutil.rmtree(s.folder)

    def test_round_by_another(self):
        """Through another server that sends everything back."""
        port = harness.free_port()
        with Server('.:{PORT} {\n forward . 127.0.0.1:%d\n}\n' % port) as other:
            s = Server(f'.:{port} {{\n loop\n forward . 127.0.0.1:{other.port} {{\n   max_fails 0\n }}\n}}\n')
            r = s.run('-conf', 'Corefile')
            self.assertEqual(r.returncode, 1, r.stdout)
            self.assertRegex(r.stdout, r'(?m)^\[FATAL\] plugin/loop: Loop \(127\.0\.0\.1:\d+ -> :%d\) detected for zone "\.", ' % port)
            shutil.rmtree(s.folder)

    def test_replayed(self):
        """An upstream sends back what it sees, many times, from many ports, and answers late, otherwise, or with what it got for another question."""
        for last in 'silence', 'denial', 'stale':
            up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            up.bind(('127.0.0.1', 0))
            up.settimeout(10 * harness.PATIENCE)
            with Server('.:{PORT} {\n loop\n forward . 127.0.0.1:%d {\n  max_fails 0\n }\n}\nhere.test:{PORT} {\n whoami\n}\n'
                        % up.getsockname()[1]) as s, up:
                names, old = set(), None
                while len(names) < (1 if last == 'denial' else 2):
                    wire, peer = up.recvfrom(4096)
                    q = dns.message.from_wire(wire)
                    self.assertEqual(q.question[0].rdtype, 13)
                    names.add(q.question[0].name.canonicalize())
                    for i in range(6):
                        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                            again.settimeout(2)
                            again.sendto(wire, ('127.0.0.1', s.port))
                            got = again.recv(4096)
                    text = dns.message.from_wire(got).answer[0]
                    r = dns.message.make_response(q)
                    if last == 'denial':
                        r.set_rcode(3)
                    elif last == 'stale' and old and old.name != q.question[0].name:
                        r.answer.append(dns.rrset.from_rdata(q.question[0].name, 0, old[0]))
                    old = old or text
                    if last == 'denial' or r.answer:
                        up.sendto(r.to_wire(), peer)
                s.wait_for(r'\[WARNING\] plugin/loop: a question for zone "\." came back from 127\.0\.0\.1:\d+, but not its answer')
                self.assertEqual(s.ask('here.test').rcode(), 0)
                self.assertNotIn('FATAL', s.out())

    def test_no_loop(self):
        with Server('.:{PORT} {\n loop\n whoami\n}\n') as s:
            s.ask('a.test')
            self.assertNotIn('FATAL', s.out())


if __name__ == '__main__':
    harness.main()
