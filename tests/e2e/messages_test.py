"""Whatever a user can get wrong is refused with file, line and the offending word."""
import shutil

import harness
from harness import BUILD, CFG, Case, Server

ZONE = '@ 60 SOA ns root 1 2 3 4 5\n'


class Corefile(Case):
    def test_words(self):
        for text, message in {
            '. {\n whoam\n}\n': r"Corefile:2 - Error during parsing: Unknown directive 'whoam'.*whoami",
            '. {\n geoip db\n}\n': r"Corefile:2 - Error during parsing: Unknown directive 'geoip' \(not in this release",
            '. {\n whoami\n': r"Corefile:2 - Syntax error: Unexpected token 'whoami', expecting '}'",
            '. {\n whoami extra\n}\n': r"plugin/whoami: .*Corefile:2 - Error during parsing: Wrong argument count or "
                                       r"unexpected line ending after 'extra'",
            '. {\n errors {\n  succes\n }\n}\n': r'plugin/errors: .*Corefile:3 - Error during parsing: Unknown field succes',
            '. {\n errors {\n  consolidate 5m "(" \n }\n}\n': r'plugin/errors: .*Corefile:3 - .*missing closing parenthesis',
            '. {\n errors {\n  consolidate soon x\n }\n}\n': r'Corefile:3 - .*time: invalid duration "soon"',
            '. {\n log {\n  klass all\n }\n}\n': r"plugin/log: .*Corefile:3 - Error during parsing: unknown property 'klass'",
            '. {\n log {\n  class some\n }\n}\n': r'plugin/log: .*Corefile:3 - .*invalid Class: some',
            '. {\n reload 1s\n}\n': r'plugin/reload: .*Corefile:2 - .*interval value must be greater or equal to 2s',
            '. {\n bind eth77\n whoami\n}\n': r'plugin/bind: .*not a valid IP address or interface name: "eth77"',
            '. {\n root\n}\n': r"plugin/root: .*Corefile:2 - .*Wrong argument count",
            'a:{PORT} {\n whoami\n}\na:{PORT} {\n whoami\n}\n': r'^Corefile:4 - cannot serve dns://a\.:\d+ - it is already defined, at Corefile:1$',
            'import nothing-*.conf\nimport missing.conf\n': r"Corefile:2 - Error during parsing: File to import not found: missing\.conf",
            'quic://.:{PORT} {\n whoami\n}\n': r"^Corefile:1 - cannot serve quic://\.:\d+: no plugin provides the transport 'quic'$",
            '..bad. {\n whoami\n}\n': r'^Corefile:1 - error inspecting server blocks: zone is not a valid domain name: \.\.bad\.$',
            '. {\n whoami\n}\n\na {\n log\n': r"^Corefile:6 - Syntax error: Unexpected token 'log', expecting '}' "
                                                          r"\(the block that begins at Corefile:5 is not closed\)$",
            '. {\n log {\n  class all\n': r'Unexpected EOF \(the block that begins at Corefile:2 is not closed\)$',
            '(s) {\n log\n. {\n}\n': r"expecting '}' \(the block that begins at Corefile:1 is not closed\)$",
            '. {\n root "/tmp\n whoami\n}\na {\n whoami\n}\n': r'\(the quote that begins at Corefile:2 is not closed\)$',
        }.items():
            with self.subTest(text):
                self.refused(text, message)

    def test_warnings(self):
        """What CoreDNS takes in silence, though it can hardly be meant."""
        for text, message in {
            '} {\n whoami\n}\n': r"Corefile:1 - '}' is served as the zone }\.: a brace",
            'foo://a.test {\n whoami\n}\n': r"Corefile:1 - 'foo://a\.test' is served as the zone foo://a\.test\.: this transport is not known: dns, ",
            '. {\n whoami\n}\n10.0.0.0/33 {\n whoami\n}\n': r"Corefile:4 - '10\.0\.0\.0/33' is served as .*: a network is .* up to 32",
            '10.0.0.0/x {\n whoami\n}\n': r"Corefile:1 - '10\.0\.0\.0/x' is served as ",
            'a.test,b.test {\n whoami\n}\n': r"Corefile:1 - 'a\.test,b\.test' is served as ",
            '. {\n cache 30s\n whoami\n}\n': r"plugin/cache: Corefile:2 - '30s' is taken for the name of a zone, not for a time",
            'a.test {\n file zone b.test\n}\n': r"plugin/file: Corefile:2 - zone 'b\.test' is outside of this server block's",
            '. {\n hosts nothing {\n  fallthru\n }\n}\n': r"plugin/hosts: Corefile:3 - 'fallthru' is neither a property nor an IP address",
            '. {\n hosts names\n}\n': r"plugin/hosts: names:2 - '10\.0\.0\.300' is not an IP address[^$]*names:3 - '10\.0\.0\.1' has no name"
                                     r"[^$]*names:4 - 'a\.\.b' is not a domain name",
        }.items():
            with self.subTest(text):
                s = Server(text, files={'zone': ZONE, 'names': '10.0.0.1 a\n10.0.0.300 b\n10.0.0.1 # none\n10.0.0.2 a..b c\n'})
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual(r.returncode, 0, r.stderr)
                self.assertRegex(r.stdout + r.stderr, r'\[WARNING\] ' + message)
                shutil.rmtree(s.folder)

    def test_none_where_nothing_is_odd(self):
        s = Server('example.org 10.0.0.0/9 0/25.2.0.192.in-addr.arpa _x.a\\.b.test tls://c.test:853 {\n cache 30 example.org\n hosts nothing example.org in-addr.arpa {\n'
                   '  10.0.0.1 x.example.org\n  fe80::1%eth0 y.example.org\n  fallthrough\n }\n}\n', files={'nothing': '# ::1 x\n\n::1 x\n'})
        r = s.run('-conf', 'Corefile', '-check')
        self.assertNotIn('WARNING', r.stdout + r.stderr)
        shutil.rmtree(s.folder)

    def test_missing(self):
        s = Server(None)
        r = s.run('-conf', 'NoSuchCorefile')
        self.assertEqual(r.returncode, 1)
        self.assertRegex(r.stderr, r'open NoSuchCorefile: no such file or directory|NoSuchCorefile')


class Zones(Case):
    def zone(self, text, message, options='reload 0'):
        self.refused('z.example {\n file zone {\n %s\n }\n}\n' % options, message, files={'zone': text})

    def test_zone_files(self):
        self.zone('www 60 A 192.0.2.1\n', r'^plugin/file: Corefile:2 - file ".*zone" has no SOA record for origin z\.example\.$')
        self.zone('www A 192.0.2.1\n', r'zone:1: missing TTL with no previous value')
        self.zone(ZONE + 'www A 192.0.2\n', r'zone:2: .*192\.0\.2')
        self.zone(ZONE + '\nwww BOGUS x\n', r'zone:3: .*BOGUS')
        self.zone(ZONE + 'www MX mail\n', r'zone:2: ')
        self.zone(ZONE + '$INCLUDE gone\n', r'zone:2: .*gone: no such file or directory')
        self.zone(ZONE + '$GENERATE 5-1 h$ A 10.0.0.$\n', r'zone:2: .*\$GENERATE')
        self.zone(ZONE + 'www TXT "open\n', r'zone:\d: ')
        self.zone(ZONE + 'x HTTPS \\# 3 00013f\n', r'zone:2: bad HTTPS record: "00013f": malformed data')
        self.zone(ZONE + 'x TYPE65 \\# 4 00013f\n', r'zone:2: bad HTTPS record: "00013f": not as long as it says')
        self.zone(ZONE + 'x A \\# 5 0102030405\n', r'zone:2: bad A record: "0102030405": malformed data')
        self.zone(ZONE + 'x SVCB 1 . (\n alpn=h2\n alpn=h3 )\n', r'zone:4: bad SVCB record: "alpn=h3": given twice')
        self.zone(ZONE + 'x SVCB 1 . mandatory=port\n', r'zone:2: bad SVCB record: "mandatory=port": parameters that do not go together')
        self.zone(ZONE + 'x TYPE65280 text\n', r'zone:2: bad TYPE65280 record: "": its data are written as')
        self.zone(ZONE + 'x ANY \\# 0\n', r'zone:2: ANY is no type of records')
        self.zone(ZONE, r"plugin/file: .*Corefile:3 - Error during parsing: unknown property 'relod'", 'relod 5s')
        self.zone(ZONE, r'plugin/file: .*Corefile:3 - .*time: invalid duration "often"', 'reload often')

    def test_missing_zone(self):
        self.refused('z.example {\n file gone {\n reload 0\n }\n}\n', r'^plugin/file: Corefile:2 - open .*gone: no such file or directory$')
        with Server('z.example:{PORT} {\n file gone {\n reload 1s\n }\n}\n') as s:
            s.wait_for(r'^\[WARNING\] plugin/file: Failed to open "open .*gone: no such file or directory": trying again in 1s$')
            self.assertEqual(s.ask('z.example', 'SOA').rcode(), 2)
            (s.folder / 'gone').write_text(ZONE)
            s.wait_for(r'^\[INFO\] plugin/file: Successfully reloaded zone "z\.example\." in ".*gone" with 1 SOA serial$')
            self.assertEqual(len(s.ask('z.example', 'SOA').answer), 1)


class Plugins(Case):
    def plugin(self, entry, message, corefile='. {\n test word\n}\n'):
        self.refused(corefile, message, extra=[entry])

    def test_refused(self):
        self.plugin('test:wrong-major', r'^plugin\.cfg:\d+ - plugin/test: .*wrong-major\.so is built for ABI 7\.\d+ \(SDK [\d.]+\), this sodns has '
                                        r'ABI 1\.\d+: build the plugin again')
        self.plugin('test:newer-minor', r'ABI 1\.99 .*: install a newer sodns')
        self.plugin('test:wrong-magic', r"'sodns_plugin' is not a registration")
        self.plugin('test:other-name', r"registers itself as 'other': name it so in plugin\.cfg")
        self.plugin('test:no-symbol', r"no-symbol\.so has no symbol 'sodns_plugin': not a sodns plugin")
        self.plugin('test:unresolved', r'unresolved\.so: undefined symbol: sodns_function_of_the_future')
        self.plugin('test:setup-fails', r"^plugin/test: .*Corefile:2 - Error during parsing: the word 'word' is not to my taste$")
        self.plugin('test:prepare-fails', r'^plugin/test: Corefile:2 - cannot reach the moon$')

    def test_cfg(self):
        corefile = '. {\n whoami\n}\n'
        self.refused(corefile, r"^plugin\.cfg:1 - expected NAME:PATH, got 'whoami whoami\.so'$", cfg='whoami whoami.so\n')
        self.refused(corefile, r"^plugin\.cfg:1 - expected NAME:PATH, got 'whoami:'$", cfg='whoami:\n')
        self.refused(corefile, r"^plugin\.cfg:2 - plugin 'whoami' is named twice, first on line 1$", cfg='whoami:whoami.so\nwhoami:other.so\n')
        self.refused(corefile, r'^plugin\.cfg:1 - plugin/whoami: open .*gone\.so: [Nn]o such file', cfg='whoami:gone.so\n')
        whole = (BUILD / 'plugins/whoami.so').read_bytes()
        for what, message in ((b'not ELF', r'bad\.so is not a shared object$'), (b'', r'bad\.so is not a shared object: it is empty$'),
                              (whole[:4096], r'bad\.so is cut off: 4096 bytes of \d+$'), (whole[:-1], r'bad\.so is cut off: \d+ bytes of \d+$'),
                              (whole[:70], r'bad\.so is cut off: 70 bytes of \d+$')):
            s = Server(corefile, cfg='')
            (s.folder / 'bad.so').write_bytes(what)
            s.write_cfg(cfg=f'whoami:{s.folder}/bad.so\n')
            r = s.run('-conf', 'Corefile', '-check')
            self.assertRegex(r.stderr.strip(), r'^plugin\.cfg:1 - plugin/whoami: .*' + message)
            self.assertEqual(r.returncode, 1)
            shutil.rmtree(s.folder)

    def test_lines_of_cfg_that_nothing_uses(self):
        """They are told, and take nothing from those that are used."""
        cfg = f'no colon here\ngone:gone.so\ntext:./text.so\ntwice:a.so\ntwice:b.so\n::\n#:\n{CFG}'
        with Server('.:{PORT} {\n whoami\n}\n', files={'text.so': 'not ELF'}, cfg=cfg) as s:
            self.assertEqual(s.ask('x.').rcode(), 0)
            for line in (r"plugin\.cfg:1 - expected NAME:PATH, got 'no colon here'", r'plugin\.cfg:2 - plugin/gone: open .*gone\.so: No such file or directory',
                         r'plugin\.cfg:3 - plugin/text: .*text\.so is not a shared object', r"plugin\.cfg:5 - plugin 'twice' is named twice, first on line 4",
                         r"plugin\.cfg:6 - expected NAME:PATH, got '::'"):
                self.assertRegex(s.out(), rf'(?m)^\[WARNING\] {line}$')


if __name__ == '__main__':
    harness.main()
