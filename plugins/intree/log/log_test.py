"""log: formats, classes, rules, and names that try to break the line."""
import harness
from harness import Case, Server

ZONE = '@ 60 SOA ns root 1 2 3 4 5\nwww 60 A 192.0.2.1\nalias 60 CNAME www.other.\n'


class Log(Case):
    def lines(self, block, *questions):
        files = {'zone': ZONE}
        with Server('z.example:{PORT} {\n %s\n file zone\n}\nother:{PORT} {\n whoami\n}\n' % block, files=files) as s:
            for name, rdtype in questions:
                s.ask(name, rdtype)
            s.stop()
            return [l for l in s.out().splitlines() if l.startswith('[INFO]')]

    def test_common(self):
        line, = self.lines('log', ('www.Z.example', 'A'))
        self.assertRegex(line, r'^\[INFO\] 127\.0\.0\.1:\d+ - \d+ "A IN www\.z\.example\. udp 31 false 512" NOERROR qr,aa,rd '
                               r'60 0\.\d{1,9}s$')

    def test_format(self):
        line, = self.lines('log . "{ {name} } {nothing} {/log/type} {/log/class} {rcode}}"', ('gone.z.example', 'A'))
        self.assertEqual(line, '[INFO] { gone.z.example. } {nothing} - - NXDOMAIN}')

    def test_combined(self):
        line, = self.lines('log . {combined}', ('z.example', 'SOA'))
        self.assertRegex(line, r'0\.\d+s "0"$')

    def test_classes_and_rules(self):
        self.assertEqual(len(self.lines('log . {\n class denial error\n }', ('www.z.example', 'A'), ('x.z.example', 'A'),
                                        ('www.z.example', 'AAAA'))), 2)
        self.assertEqual(self.lines('log www.z.example z.example "{name}"\n log . "never"', ('www.z.example', 'A')),
                         ['[INFO] www.z.example.'])

    def test_hostile_name(self):
        line, = self.lines('log . "{name}"', ('a\\010b\\"\\000\\255.z.example', 'A'))
        self.assertEqual(line, '[INFO] a\\010b\\"\\000\\255.z.example.')


if __name__ == '__main__':
    harness.main()
