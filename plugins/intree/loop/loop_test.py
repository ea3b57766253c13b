"""loop: a server that asks itself ends at once, with CoreDNS's line; one that does not goes on."""
import shutil, time

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

    def test_no_loop(self):
        with Server('.:{PORT} {\n loop\n whoami\n}\n') as s:
            s.ask('a.test')
            self.assertNotIn('FATAL', s.out())


if __name__ == '__main__':
    harness.main()
