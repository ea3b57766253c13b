"""Thousands of server blocks: what each costs in memory, in mappings and in time does not grow with their number."""
import os, pathlib, re, resource, shutil, signal, subprocess, unittest

import harness
from harness import Case, Server

ZONE = '''$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ MX 10 mail
@ TXT "v=spf1 mx -all"
ns1 A 192.0.2.2
mail A 192.0.2.4
www A 192.0.2.5
'''
FULL = 'errors\n log\n cache 3600\n forward . 127.0.0.1:9\n loadbalance'


def corefile(n, body):
    return ''.join('z%d.test:{PORT} {\n %s\n}\n' % (i, body % i if '%' in body else body) for i in range(n))


def private(server):
    text = pathlib.Path(f'/proc/{server.serving_pid()}/smaps_rollup').read_text()
    return sum(int(v) for v in re.findall(r'^Private_(?:Clean|Dirty):\s+(\d+)', text, re.M)) * 1024


def mappings(server):
    return len(pathlib.Path(f'/proc/{server.serving_pid()}/maps').read_text().splitlines())


class Blocks(Case):
    def server(self, n, body):
        s = Server(corefile(n, body))
        (s.folder / 'zones').mkdir()
        for i in range(n if 'zones' in body else 0):
            (s.folder / 'zones' / f'db.z{i}').write_text(ZONE)
        return s

    def cost(self, body, few, many, most):
        found = {}
        for n in few, many:
            with self.server(n, body) as s:
                found[n] = private(s), mappings(s)
                if 'zones' in body:
                    for i in 0, n - 1:
                        self.assertEqual(self.address(s, f'www.z{i}.test'), '192.0.2.5')
                s.signal(signal.SIGUSR1)
                s.wait_for(r'^\[INFO\] Reloading complete$', 60)
                if 'zones' in body:
                    self.assertEqual(self.address(s, f'www.z{n // 2}.test'), '192.0.2.5')
        self.assertLess(found[many][1] - found[few][1], 100, 'mappings')
        if not harness.SANITIZED and not harness.RUNNER:
            self.assertLess((found[many][0] - found[few][0]) / (many - few), most, 'bytes of a block')

    def address(self, server, name):
        return server.ask(name).answer[0][0].address

    def test_a_small_zone_each(self):
        self.cost('file zones/db.z%d', 100, 1500, 8000)

    def test_what_users_have_in_a_block(self):
        self.cost(FULL, 100, 1000, 25000)

    def cpu(self, n):
        s = self.server(n, FULL)
        try:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            r = s.run('-conf', 'Corefile', '-check', timeout=120)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.assertEqual(r.returncode, 0, r.stderr)
            return after.ru_utime - before.ru_utime
        finally:
            shutil.rmtree(s.folder)

    @unittest.skipIf(harness.RUNNER, 'an emulation tells no time')
    def test_time_follows_the_number(self):
        few = max(min(self.cpu(1000) for _ in range(2)), 0.02)
        # Eight times as many: 64 times as long, if each looked at all others.
        self.assertLess(self.cpu(8000), 30 * few)


if __name__ == '__main__':
    harness.main()
