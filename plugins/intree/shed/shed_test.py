"""shed, with a whole server: of 3,000 queries that wait, those above 1,024 are dropped and counted."""
import re, socket, time, urllib.request

import dns.message

import harness
from harness import Case, Server


class Shed(Case):
    def test_drops(self):
        port = harness.free_port()
        corefile = 'park:{PORT} {\n shed\n prometheus 127.0.0.1:%d\n park\n}\n' % port
        with Server(corefile, extra=['park']) as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.connect(('127.0.0.1', s.port))
            for i in range(3000):
                c.send(dns.message.make_query('s1500.park.', 'TXT', id=i).to_wire())
                if i % 100 == 99:
                    time.sleep(0.01)
            # Others wait no longer than they must: the server is free again when these have been answered.
            end, dropped = time.time() + 10 * harness.PATIENCE, 0
            while time.time() < end and dropped < 1000:
                text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).read().decode()
                m = re.search(r'coredns_shed_dropped_total{reason="query",server="dns://:\d+"} (\d+)', text)
                dropped = int(m[1]) if m else 0
            self.assertGreaterEqual(dropped, 1000)
            time.sleep(2)
            self.assertEqual(s.texts('now.park'), ['ok'])

    def test_own_block(self):
        """A block of the same listener that has no shed loses nothing, while one that has loses what comes."""
        corefile = 'park:{PORT} {\n park\n}\nshed.park:{PORT} {\n shed\n park\n}\n'
        with Server(corefile, extra=['park']) as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.connect(('127.0.0.1', s.port))
            c.settimeout(10 * harness.PATIENCE)
            for i in range(1100):
                c.send(dns.message.make_query('s3000.park.', 'TXT', id=i).to_wire())
                if i % 100 == 99:
                    time.sleep(0.01)
            c.send(dns.message.make_query('now.shed.park.', 'TXT', id=2000).to_wire())
            c.send(dns.message.make_query('now.park.', 'TXT', id=2001).to_wire())
            ids = {int.from_bytes(c.recv(4096)[:2], 'big')}
            while 2001 not in ids:
                ids.add(int.from_bytes(c.recv(4096)[:2], 'big'))
            # It stops when they have been answered.
            c.settimeout(0.5)
            for _ in range(20 * harness.PATIENCE):
                c.send(dns.message.make_query('now.shed.park.', 'TXT', id=2002).to_wire())
                try:
                    while 2002 not in ids:
                        ids.add(int.from_bytes(c.recv(4096)[:2], 'big'))
                    break
                except socket.timeout:
                    pass
            self.assertIn(2002, ids)
            self.assertNotIn(2000, ids)


if __name__ == '__main__':
    harness.main()
