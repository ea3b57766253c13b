"""log: formats, classes, rules, and names that try to break the line."""
import re

import dns.flags

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
            return [l for l in s.out().splitlines() if l.startswith('[INFO]') and 'SIGTERM' not in l]

    def test_common(self):
        line, = self.lines('log', ('www.Z.example', 'A'))
        self.assertRegex(line, r'^\[INFO\] 127\.0\.0\.1:\d+ - \d+ "A IN www\.z\.example\. udp 31 false 512" NOERROR qr,aa,rd '
                               r'60 0\.\d{1,9}s$')

    def test_format(self):
        line, = self.lines('log . "{ {name} } {nothing} {/log/type} {/log/class} {rcode}}"', ('gone.z.example', 'A'))
        self.assertEqual(line, '[INFO] { gone.z.example. } {nothing} - - NXDOMAIN}')

    def test_cut(self):
        """TC is set when the reply is fitted to the client: the line has it too, and no other."""
        zone = '@ 60 SOA ns root 1 2 3 4 5\n' + ''.join(f'www 60 A 192.0.2.{i}\n' for i in range(1, 33)) + 'few 60 A 192.0.2.1\n'
        with Server('z.example:{PORT} {\n log . "{name} {size} {>rflags}"\n file zone\n}\n'
                    'json.example:{PORT} {\n log {\n  json\n }\n file zone\n}\n', files={'zone': zone}) as s:
            for name in ('www.z.example', 'few.z.example', 'www.json.example'):
                for options in ({}, {'use_edns': 0, 'payload': 1232}):
                    r = s.ask(name, 'A', **options)
                    self.assertEqual(bool(r.flags & dns.flags.TC), name.startswith('www') and not options)
            s.ask('www.z.example', 'A', tcp=True)
            s.stop()
            lines = [l.split()[1:] for l in s.out().splitlines() if l.startswith('[INFO] www.z.') or l.startswith('[INFO] few.')]
            flags = re.findall(r'"rflags":"([a-z,]+)"', s.out())
        self.assertEqual([l[2] for l in lines], ['qr,aa,tc,rd', 'qr,aa,rd', 'qr,aa,rd', 'qr,aa,rd', 'qr,aa,rd'])
        self.assertEqual(flags, ['qr,aa,tc,rd', 'qr,aa,rd'])

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
