"""auto, over reloads: zones are kept, and the directory is looked at again."""
import signal, time

import harness
from harness import Case, Server

ZONE = '$TTL 60\n@ SOA ns root %d 1 1 1 1\nns A 192.0.2.%d\n'


class Auto(Case):
    def until(self, s, name, rcode):
        end = time.time() + 10
        while s.ask(name).rcode() != rcode:
            self.assertLess(time.time(), end, name)
            time.sleep(0.02)

    def test_reload(self):
        corefile = 'test:{PORT} {\n auto {\n directory zones\n reload 0\n }\n}\n'
        s = Server(corefile)
        (s.folder / 'zones').mkdir()
        for i in range(20):
            (s.folder / f'zones/db.z{i}.test').write_text(ZONE % (1, i))
        with s:
            (s.folder / 'zones/db.new.test').write_text(ZONE % (1, 99))
            (s.folder / 'zones/db.z3.test').unlink()
            time.sleep(0.3)
            self.assertEqual([s.ask(n).rcode() for n in ('ns.new.test', 'ns.z3.test')], [5, 0])
            for i in range(5):
                s.write_corefile(corefile + f'# {i}\n')
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', count=i + 1)
                self.until(s, 'ns.new.test', 0)
                self.until(s, 'ns.z3.test', 5)
            self.assertEqual(s.out().count('Inserting zone `z1.test.'), 1)

    def test_busy(self):
        """Zones that change all the time while they are asked."""
        s = Server('test:{PORT} {\n auto {\n directory zones\n reload 50ms\n }\n}\n', workers=2)
        (s.folder / 'zones').mkdir()
        path = s.folder / 'zones/db.z.test'
        path.write_text(ZONE % (1, 1))
        with s:
            for serial in range(2, 40):
                new = s.folder / 'zones/new'
                new.write_text(ZONE % (serial, serial))
                new.rename(path)
                if serial % 10 == 0:
                    path.unlink()
                for _ in range(20):
                    r = s.ask('ns.z.test')
                    self.assertIn(r.rcode(), (0, 5))
                time.sleep(0.02)
            self.until(s, 'ns.z.test', 0)


if __name__ == '__main__':
    harness.main()
