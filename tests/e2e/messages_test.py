"""Whatever a user can get wrong is refused with file, line and the offending word."""
import re, shutil

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
        self.assertIn(f'open NoSuchCorefile: no such file or directory (in {s.folder})', r.stderr)
        shutil.rmtree(s.folder)

    def test_relative_paths(self):
        """A relative path says to what; an absolute one is enough."""
        for text, message in {
            'z.example {\n file gone {\n  reload 0\n }\n}\n': 'open gone: no such file or directory (in %s)',
            'z.example {\n file . {\n  reload 0\n }\n}\n': 'open .: is a directory (in %s)',
            'tls://. {\n tls gone.pem gone.key\n whoami\n}\n': 'open gone.pem: no such file or directory (in %s)',
            '. {\n tsig {\n  secrets gone\n }\n whoami\n}\n': 'open gone: no such file or directory (in %s)',
            '. {\n autopath gone\n whoami\n}\n': 'failed to parse "gone": open gone: no such file or directory (in %s)',
            '. {\n kubernetes a.test {\n  kubeconfig gone\n }\n}\n': 'stat gone: no such file or directory (in %s)',
            '. {\n hosts gone\n}\n': 'File does not exist: gone (in %s)',
            '. {\n auto a.test {\n  directory gone\n }\n}\n': 'Directory does not exist: gone (in %s)',
            '. {\n root gone\n whoami\n}\n': 'Root path does not exist: gone (in %s)',
            'import .\n': 'Could not import .: is a directory',
        }.items():
            with self.subTest(text):
                s = Server(text)
                r = s.run('-conf', 'Corefile', '-check')
                self.assertIn(message.replace('%s', str(s.folder)), r.stdout + r.stderr)
                s.write_corefile(text.replace('gone', '/no-such/gone'))
                r = s.run('-conf', 'Corefile', '-check')
                if 'gone' in text:
                    self.assertIn(message.replace('gone', '/no-such/gone').replace(' (in %s)', ''), r.stdout + r.stderr)
                    self.assertNotIn('(in ', r.stdout + r.stderr)
                shutil.rmtree(s.folder)

    def test_malformed_addresses(self):
        """What getaddrinfo() takes for an address, though nobody means that one."""
        for word in '1.2.3', '1', '127.1', '0x7f000001', '0x7f.1', '010.0.0.1', '256.1.1.1', '1.2.3.4.5', '1.2.3.', '1.2.3:53', 'tls://1.2.3':
            host = word.removeprefix('tls://').removesuffix(':53')
            with self.subTest(word):
                self.refused('. {\n forward . %s\n}\n' % word, r'^plugin/forward: Corefile:2 - failed to resolve "%s": lookup %s: no such host: an IPv4 '
                                                               r'address has four numbers in range \[0, 255\]' % (host, host))
                self.refused('. {\n forward . %s {\n  resolver 127.0.0.1\n }\n}\n' % word, r'lookup %s: no such host: an IPv4' % host)
                if word == host:
                    for directive in 'health', 'ready':
                        self.refused('. {\n %s %s:0\n whoami\n}\n' % (directive, word), r'lookup %s: no such host' % word)

    def test_ranges(self):
        """What is out of a range is refused with the word and what is allowed."""
        for directive, message in {
            'bufsize 511': r"after '511': the size must be in range \[512, 4096\]",
            'bufsize x': r"after 'x': the size must be in range \[512, 4096\]",
            'hosts {\n ttl 65536\n }': r'ttl provided is invalid: 65536 is not in range \[1, 65535\]',
            'hosts {\n ttl 0\n }': r'ttl provided is invalid: 0 is not in range \[1, 65535\]',
            'kubernetes a.test {\n ttl 4000\n }': r'ttl must be in range \[0, 3600\]: 4000',
            'kubernetes a.test {\n apiserver_qps -1\n }': r'apiserver_qps must be >= 0: -1',
            'forward . 192.0.2.1 {\n max_fails 4294967296\n }': r'"4294967296": value out of range \[0, 4294967295\]',
            'forward . 192.0.2.1 {\n max_concurrent -1\n }': r"can't be negative: -1",
            'dns64 64:ff9b::/95': r'invalid prefix length "64:ff9b::/95": it is not 32, 40, .* or 96',
            'cache {\n servfail 6m\n }': r'over 5 minutes is not permitted: 6m',
            'cache {\n servfail -1s\n }': r'invalid negative ttl for servfail: -1s is not in range \[0s, 5m\]',
            'cache {\n prefetch 1 1m 91%\n }': r'percentage should fall in range \[10, 90\]: 91',
            'cache {\n serve_stale 1h soon\n }': r'refresh mode: soon \(immediate or verify\)',
            'erratic {\n drop -1\n }': r'illegal amount value given "-1": it is not in range \[0, 2147483647\]',
            'rewrite edns0 local set 65536 x': r'"65536": value out of range \[0, 65535\]',
            'rewrite edns0 subnet set 33 56': r'IPv4 bit mask length 33: it is not in range \[0, 32\]',
            'rewrite edns0 subnet set 32 129': r'IPv6 bit mask length 129: it is not in range \[0, 128\]',
            'rewrite ttl a.test 4294967296': r"invalid TTL '4294967296' for a ttl rule: .*in range \[0, 4294967295\]",
            'rewrite rcode a.test 24 0': r"invalid matching RCODE '24' for a rcode rule: .*in range \[0, 23\]",
            'header {\n query set xx\n }': r'unsupported flag=xx \(aa, ra or rd\)',
            'log . {\n class some\n }': r'invalid Class: some \(success, denial, error or all\)',
            'errors stderr': r'invalid log file: stderr \(it can only be stdout\)',
            'cancel 0s': r'invalid negative duration: "0s" \(it must be more than 0s\)',
            'multisocket 1025': r'exceeds maximum \(1024\): 1025',
            'timeouts {\n read 25h\n }': r"'25h0m0s' needs to be between 1 second and 24 hours",
            'reload 1s': r'must be greater or equal to 2s',
        }.items():
            with self.subTest(directive):
                self.refused('. {\n %s\n whoami\n}\n' % directive, r'Corefile:[23] - .*' + message)


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
        self.zone(ZONE + 'www TXT "open\n', r'zone:2: unbalanced quote: it is not closed on this line \(line 3: the end of the file\)')
        self.zone(ZONE + 'www TXT "open\nb TXT "x"\n\nc A 192.0.2.1\n', r'zone:2: unbalanced quote: ')
        self.zone(ZONE + 'www TXT (\n "a"\nb TXT "x"\nc TXT "y"\n', r'zone:2: unbalanced brace: the "\(" is not closed \(line 6: the end of the file\)')
        self.zone(ZONE + 'www A (\n 192.0.2.1\n; )\nb A ( 192.0.2.1 )\n', r'zone:2: unbalanced brace: .*\(line 5: garbage after record: "b"\)')
        self.zone(ZONE + 'www A (\nb A 192.0.2.1 ; )\n', r'zone:2: unbalanced brace: .*\(line 3: ')
        self.zone(ZONE + 'www A (\n 192.0.2 )\nb A (\n192.0.2.1 )\n', r'zone:3: bad A record: "192\.0\.2"')
        self.zone('@ 60 SOA ns root (\n 1 2 3 4\nwww TXT ( "a" )\n', r'zone:1: unbalanced brace: ')
        self.zone(ZONE + 'www A 192.0.2.1 )\n', r'zone:2: garbage after record: "\)"')
        self.zone(ZONE + 'www 4294967296 A 192.0.2.1\n', r'zone:2: TTL must be in range \[0, 4294967295\]: "4294967296"')
        self.zone(ZONE + 'www IN 99999w A 192.0.2.1\n', r'zone:2: TTL must be in range .*"99999w"')
        self.zone(ZONE + 'www -1 A 192.0.2.1\n', r'zone:2: TTL must be in range .*"-1"')
        self.zone(ZONE + 'www 5 6 A 192.0.2.1\n', r'zone:2: unknown type: "6"')
        self.zone('$TTL 4294967296\n' + ZONE, r'zone:1: expecting \$TTL value, not this\.\.\.: "4294967296": it is in range \[0, 4294967295\]')
        self.zone(ZONE + 'x HTTPS \\# 3 00013f\n', r'zone:2: bad HTTPS record: "00013f": malformed data')
        self.zone(ZONE + 'x TYPE65 \\# 4 00013f\n', r'zone:2: bad HTTPS record: "00013f": not as long as it says')
        self.zone(ZONE + 'x A \\# 5 0102030405\n', r'zone:2: bad A record: "0102030405": malformed data')
        self.zone(ZONE + 'x SVCB 1 . (\n alpn=h2\n alpn=h3 )\n', r'zone:4: bad SVCB record: "alpn=h3": given twice')
        self.zone(ZONE + 'x SVCB 1 . mandatory=port\n', r'zone:2: bad SVCB record: "mandatory=port": parameters that do not go together')
        self.zone(ZONE + 'x TYPE65280 text\n', r'zone:2: bad TYPE65280 record: "": its data are written as')
        self.zone(ZONE + 'x ANY \\# 0\n', r'zone:2: ANY is no type of records')
        self.zone(ZONE, r"plugin/file: .*Corefile:3 - Error during parsing: unknown property 'relod'", 'relod 5s')
        self.zone(ZONE, r'plugin/file: .*Corefile:3 - .*time: invalid duration "often"', 'reload often')

    def test_marks(self):
        """Editors put a byte order mark in front: that of UTF-8 is passed over, in files of all kinds."""
        with Server('\ufeffz.example:{PORT} {\n file zone {\n  reload 0\n }\n hosts names z.example {\n  fallthrough\n }\n}\n',
                    files={'zone': '\ufeff' + ZONE + '$INCLUDE more\n', 'more': '\ufeffwww A 192.0.2.1\n',
                           'names': '\ufeff192.0.2.2 host.z.example\n'}) as s:
            self.assertEqual(s.ask('www.z.example').answer[0][0].address, '192.0.2.1')
            self.assertEqual(s.ask('host.z.example').answer[0][0].address, '192.0.2.2')
        s = Server('z.example {\n file zone {\n  reload 0\n }\n}\n')
        for encoding in 'utf-16-le', 'utf-16-be':
            (s.folder / 'zone').write_bytes(('\ufeff' + ZONE).encode(encoding))
            self.assertRegex(s.run('-conf', 'Corefile', '-check').stderr, r'zone:1: the file is written in UTF-16')
        shutil.rmtree(s.folder)

    def test_warnings(self):
        """Zones that are served, though they can hardly be meant so."""
        for text, messages in {
            'www A 192.0.2.1\nwww CNAME a\n': ['zone:3: www.z.example.: CNAME and other data'],
            'www CNAME a\n\nwww A 192.0.2.1\nwww A 192.0.2.2\n': ['zone:4: www.z.example.: CNAME and other data'],
            'www CNAME a\na A 192.0.2.1\nWWW CNAME b\n': ['zone:4: www.z.example.: CNAME and other data'],
            'a.test. A 192.0.2.1\nxz.example. (\n A\n 192.0.2.1 )\n': ['zone:2: a.test.: out of zone data', 'zone:3: xz.example.: out of zone data'],
            '$INCLUDE more\n': ['more:2: a.test.: out of zone data: it is not in zone z.example., and left out'],
            'www CNAME a\nwww CNAME a\nwww NSEC a CNAME\nwww RRSIG CNAME 8 2 60 20300101000000 20200101000000 1 z.example. AAAA\na A 192.0.2.1\n': [],
            ''.join(f'a{i}.test. A 192.0.2.1\n' for i in range(15)): [f'a{i}.test.: out of zone' for i in range(10)] + ['zone: 5 more records like these'],
        }.items():
            with self.subTest(text):
                s = Server('z.example {\n file zone {\n  reload 0\n }\n}\n', files={'zone': ZONE + text, 'more': '; x\na.test. A 192.0.2.1\n'})
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual(r.returncode, 0, r.stderr)
                told = [line for line in (r.stdout + r.stderr).splitlines() if re.match(r'\[WARNING\] (zone|more):', line)]
                self.assertEqual(len(told), len(messages), told)
                for line, message in zip(told, messages):
                    self.assertIn(message, line)
                shutil.rmtree(s.folder)

    def test_missing_zone(self):
        self.refused('z.example {\n file gone {\n reload 0\n }\n}\n', r'^plugin/file: Corefile:2 - open .*gone: no such file or directory \(in .*\)$')
        with Server('z.example:{PORT} {\n file gone {\n reload 1s\n }\n}\n') as s:
            s.wait_for(r'^\[WARNING\] plugin/file: Failed to open "open .*gone: no such file or directory \(in .*\)": trying again in 1s$')
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
