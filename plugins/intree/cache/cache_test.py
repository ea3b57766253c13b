"""What the cache of a whole daemon does: contents survive reloads, workers share it, metrics are CoreDNS's."""
import random, re, signal, threading, time, urllib.request

import harness
from harness import Case, Server

ZONE = '@ 3600 SOA ns root 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nwww 300 A 192.0.2.%d\n'
NAMES = 4000


def many(seconds):
    lines = ['@ 3600 SOA ns root 1 2 3 4 60', '@ NS ns', 'ns A 192.0.2.1']
    return '\n'.join(lines + [f'n{i} {seconds} A 10.0.{i >> 8}.{i & 255}' for i in range(NAMES)]) + '\n'


class Client(threading.Thread):
    """Asks for random names and looks at each answer."""

    def __init__(self, server, seed, ended):
        super().__init__(daemon=True)
        self.server, self.random, self.ended, self.asked, self.wrong = server, random.Random(seed), ended, 0, []
        self.start()

    def run(self):
        while not self.ended.is_set():
            n = min(int(self.random.paretovariate(0.6)), NAMES + 500)
            options = {'want_dnssec': True} if self.random.random() < 0.2 else {}
            name = f'n{n}.many.test'
            r = self.server.ask(self.random.choice([name, name.upper()]), tcp=self.random.random() < 0.05, **options)
            want = f'10.0.{n >> 8}.{n & 255}' if n < NAMES else None
            got = r.answer[0][0].address if r.answer else None
            self.asked += 1
            if got != want or (want is None and r.rcode() != 3):
                self.wrong.append(f'{name}: {r}')


class Cache(Case):
    def reload(self, server, count):
        server.signal(signal.SIGUSR1)
        server.wait_for(r'^\[INFO\] Reloading complete$', count=count)

    def address(self, server):
        return server.ask('www.z.test').answer[0][0].address

    def test_survives_reloads(self):
        corefile = 'z.test:{PORT} {\n cache%s\n file zone\n}\n'
        with Server(corefile % '', files={'zone': ZONE % 1}, workers=2) as s:
            self.assertEqual(self.address(s), '192.0.2.1')
            (s.folder / 'zone').write_text(ZONE % 2)
            # The same line; other limits, up and down; other settings: the entries stay.
            for n, line in enumerate(['', ' {\n success 100000\n bytes 64M\n}', ' {\n success 1024\n prefetch 3\n}', ' 600'], 1):
                s.write_corefile(corefile % line)
                self.reload(s, n)
                self.assertEqual(self.address(s), '192.0.2.1', line)
                self.assertEqual(s.ask('n.z.test').rcode(), 3)
            # Without a cache, and then another one: nothing is left.
            for n, line in enumerate(['\n#', ''], 5):
                s.write_corefile(corefile.replace(' cache%s\n', '') if n == 5 else corefile % line)
                self.reload(s, n)
                self.assertEqual(self.address(s), '192.0.2.2')

    def test_each_block_its_own(self):
        with Server('a.test:{PORT} {\n cache\n file zone a.test\n}\nb.test:{PORT} {\n cache\n file zone b.test\n}\n',
                    files={'zone': ZONE % 1}) as s:
            for n in range(3):
                self.assertEqual(s.ask('www.a.test').answer[0][0].address, '192.0.2.1')
                self.assertEqual(s.ask('www.b.test').answer[0].name.to_text(), 'www.b.test.')
                self.reload(s, n + 1)

    def test_two_workers(self):
        """Everything at once: evictions, expiry, prefetch, reloads that resize the table."""
        web = harness.free_port()
        line = (' prometheus 127.0.0.1:%d\n cache {\n success %d 2 1\n denial 1024 2 1\n bytes %s\n prefetch 1 1m 90%%\n'
                ' serve_stale 1h %s\n}\n file zone\n')
        corefile = 'many.test:{PORT} {\n%s}\n'
        turns = [(1024, '256K', ''), (8192, '64M', 'verify 10ms'), (1024, '128K', 'immediate 1s 1s')]
        wanted = ('hits', 'evictions', 'prefetch', 'served_stale')
        with Server(corefile % (line % (web, *turns[0])), files={'zone': many(1)}, workers=2) as s:
            ended, begun, seen, reloads = threading.Event(), time.time(), set(), 0
            clients = [Client(s, seed, ended) for seed in range(4)]
            # A slow machine needs longer for all that is to happen.
            while time.time() < begun + 5 or (seen != set(wanted) and time.time() < begun + 60 * harness.PATIENCE):
                time.sleep(0.4)
                reloads += 1
                s.write_corefile(corefile % (line % (web, *turns[reloads % 3])))
                self.reload(s, reloads)
                text = urllib.request.urlopen(f'http://127.0.0.1:{web}/metrics', timeout=10).read().decode()
                seen |= {n for n in wanted if re.search(rf'^coredns_cache_{n}_total{{.*}} [1-9]', text, re.M)}
            ended.set()
            for c in clients:
                c.join()
                self.assertEqual(c.wrong, [])
                self.assertGreater(c.asked, 100)
            self.assertEqual(seen, set(wanted))
            self.assertNotRegex(text, r'\ncoredns_cache_drops_total')


if __name__ == '__main__':
    harness.main()
