"""What manuals say is so: examples serve, defaults are those of the source, metrics and flags are the ones there are."""
import re, shutil, ssl, urllib.request

import dns.exception, dns.flags, dns.message, dns.query

import harness
from harness import Case, Server
from readme_test import CA, FILES, ROOT, documents, fences

PLUGINS = sorted(p.parent for p in ROOT.glob('plugins/intree/*/README.md'))
ZONE = '@ 3600 SOA ns root 1 7200 3600 1209600 3600\n@ 3600 NS ns\nns 3600 A 192.0.2.1\n'

# Examples that are not asked, by a word in them, and why.
NOT_STARTED = {r'^\s+kubernetes\b(?!.*\n\s+endpoint)': 'kubernetes: needs to run in a cluster', r'[^\n]*\bhttps?://9\.9\.9\.9|tls://9\.9\.9\.9': 'forward: an upstream of the internet'}
# Errors that an example has where what it names is not there.
EXPECTED = r'plugin/kubernetes|plugin/errors|^\[ERROR\] \d|NOTIFY|notify|i/o timeout'


def source(folder):
    return {p: p.read_text() for p in sorted((ROOT / folder).rglob('*.[ch]')) if not p.name.endswith('_test.c')}


def section(readme, heading):
    return re.search(rf'^## {heading}\n(.*?)(?=^## |\Z)', readme, re.M | re.S)[1]


class Examples(Case):
    """Each is started on ports that are free, with an upstream of ours, and asked a question."""

    def adapted(self, corefile, upstream):
        lines = []
        for line in corefile.splitlines():
            if re.match(r'\S.*\{$', line) and not line.startswith('('):
                keys = [re.sub(r'(?<=\w|\.):\d+$', '', k) + ':{PORT}' for k in line[:-1].split()]
                line = ' '.join(keys) + ' {'
            line = re.sub(r'^(\s+(?:health|ready|prometheus)) \S+', r'\1 127.0.0.1:0', line)
            if re.match(r'\s+forward ', line):
                opens = line.endswith('{')
                line = ' '.join(line.split()[:2]) + f' 127.0.0.1:{upstream}' + (' {' if opens else '')
                line = '    ' + line
            lines.append(re.sub(r'/etc/\w+/zones(?:/org)?', 'zones', line))
        return '\n'.join(lines) + '\n'

    def ask(self, s, corefile):
        key = re.search(r'^(?!\()(?:(\w+)://)?([\w.-]*?)(?::\{PORT\})? .*\{$', corefile, re.M)
        transport, zone = key[1] or 'dns', key[2].strip('.') or 'example.org'
        q = dns.message.make_query('www.' + zone, 'A')
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(s.folder / 'cert.pem', s.folder / 'key.pem')
        if transport == 'tls':
            return dns.query.tls(q, '127.0.0.1', 10, s.port, ssl_context=context)
        if transport == 'https':
            scheme = 'https' if ' tls ' in corefile else 'http'
            request = urllib.request.Request(f'{scheme}://127.0.0.1:{s.port}/dns-query', q.to_wire(), {'Content-Type': 'application/dns-message'})
            with urllib.request.urlopen(request, timeout=10, context=context if scheme == 'https' else None) as r:
                return dns.message.from_wire(r.read())
        for _ in range(3):  # erratic answers two of three
            try:
                return dns.query.udp(q, '127.0.0.1', 4, s.port, ignore_unexpected=True)
            except dns.exception.Timeout:
                self.assertIn('erratic', corefile)
        self.fail('no answer')

    def test_examples(self):
        count = 0
        files = {**FILES, **{f'db.{z}': f'$ORIGIN {z}.\n{ZONE}' for z in ('example.org', 'example.net')}, 'db.internal': ZONE,
                 'hosts': '192.0.2.1 www.example.org\n'}
        with Server('.:{PORT} {\n whoami\n}\n') as upstream:
            for path in documents():
                for word, text in fences(path):
                    if word != 'corefile':
                        continue
                    name = path.relative_to(ROOT)
                    why = next((w for p, w in NOT_STARTED.items() if re.search(p, text, re.M)), None)
                    if why:
                        print(f'skipped: {name}: {why}')
                        continue
                    with self.subTest(f'{name}: {text}'):
                        corefile = self.adapted(text, upstream.port)
                        s = Server(corefile, files=files)
                        (s.folder / 'zones').mkdir()
                        (s.folder / 'zones' / 'db.example.org').write_text(files['db.example.org'])
                        with s:
                            reply = self.ask(s, corefile)
                            self.assertTrue(reply.flags & dns.flags.QR)
                            errors = [line for line in (s.out() + s.err()).splitlines()
                                      if re.match(r'\[(ERROR|PANIC|FATAL)', line) and not re.search(EXPECTED, line)]
                            self.assertEqual(errors, [])
                        count += 1
        self.assertGreater(count, 55)


class Help(Case):
    """`sodns -help NAME` prints the table that the directive is read by. The README says the same."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = Server(None)
        cls.told = {folder.name: s.run('-help', folder.name).stdout for folder in PLUGINS}
        shutil.rmtree(s.folder)

    def tables(self):
        """Plugin, its lines of syntax, its rows (names, text), the README's section."""
        for folder in PLUGINS:
            told = self.told[folder.name]
            syntax = re.search(rf'^{folder.name}\b(?!:).*?(?=\n\n|\Z)', told, re.M | re.S)[0]
            rows = [(m[1].split(), m[2] or '') for m in re.finditer(r'^  (\S+(?: \S+)*)(?: {2,}(.*))?$', told.split(syntax, 1)[1], re.M)]
            yield folder.name, [line.strip() for line in syntax.splitlines() if line.strip() != '}'], rows, \
                section((folder / 'README.md').read_text(), 'Syntax')

    def items(self, syntax, name):
        """The parts of the text that are about a name, which may be another property's argument."""
        texts = re.split(r'\n(?=\* )|\n\n', re.sub(r'~~~ txt\n.*?~~~', '', syntax, flags=re.S))
        any_of = '|'.join(map(re.escape, name.split('|')))
        return [t for t in texts if re.search(rf'`(?:{any_of})\b|\*\*(?:{any_of})\b', t)]

    def test_syntax(self):
        """Line by line: properties, arguments, and which may be left out."""
        count = 0
        for name, told, _, syntax in self.tables():
            with self.subTest(name):
                blocks = re.findall(r'^~~~ txt\n(.*?)^~~~$', syntax, re.M | re.S)
                written = {line.strip() for block in blocks if re.match(name, block)
                           for line in block.splitlines() if line.strip() not in ('}', '')}
                self.assertEqual(written, set(told))
                count += 1
        self.assertGreater(count, 40)

    def test_tables(self):
        """Every plugin of the tree has one."""
        self.assertEqual([name for name, told in self.told.items() if 'manual alone' in told or not told], [])

    def test_described(self):
        """Each property and each argument has words."""
        for name, _, rows, syntax in self.tables():
            for words, text in rows:
                with self.subTest(f'{name}: {words}'):
                    self.assertTrue(self.items(syntax, words[-1]), 'not described')

    def test_defaults(self):
        """What a row has for its default is written where it is described."""
        for name, _, rows, syntax in self.tables():
            for words, text in rows:
                for value in re.findall(r'(?:default|alone:) (\S+?)(?:;|$)', text):
                    with self.subTest(f'{name}: {words}: {value}'):
                        items = self.items(syntax, words[-1]) + self.items(syntax, words[0])
                        self.assertTrue(any(re.search(rf'(?<![\w.:]){re.escape(value)}(?![\w%])', i) for i in items), items)

    def test_written_defaults(self):
        """What is written as a default is the one of a row."""
        for name, _, rows, syntax in self.tables():
            values = {v for _, text in rows for v in re.findall(r'[\w.:/%-]+', ' '.join(re.findall(r'(?:default:?|alone:) ([^;]*)', text)))}
            for item in re.findall(r'[Dd]efaults?\b(?: (?:is|are|of \S+ is))?:? `?([^\s`]*\d[^\s`]*?)`?[.,;:)]*(?:\s|$)', syntax):
                with self.subTest(f'{name}: {item}'):
                    self.assertIn(item, values)

    def refused(self, s, name, block):
        """What is said of a directive with this block, behind any of the words that it may have in front."""
        transport = 'https://' if name == 'https' else ''
        heads = HEADS.get(name, '')
        said = []
        for head in heads if isinstance(heads, tuple) else (heads,):
            s.write_corefile(f'{transport}. {{\n {name} {head} {{\n  {block}\n }}\n whoami\n}}\n')
            r = s.run('-conf', 'Corefile', '-check')
            said.append(r.stderr if r.returncode else '')
        return said

    def test_bounds(self):
        """A number that is one too large or too small is refused on its line, with the bounds or CoreDNS's words."""
        count = 0
        s = Server(None, files={**FILES, 'zone': ZONE, 'names': ''})
        for name, _, rows, _ in self.tables():
            for words, text in rows:
                bounds = re.search(r'(?:^|; )(-?\d+) to (\d+)(?:;|$)', text)
                if bounds and len(words) == 1 and words[0].islower():
                    for value in int(bounds[1]) - 1, int(bounds[2]) + 1:
                        with self.subTest(f'{name}: {words[0]} {value}'):
                            self.assertTrue(any(re.match(rf'plugin/{name}: Corefile:3 - Error during parsing: .*{value}', said)
                                                for said in self.refused(s, name, f'{words[0]} {value}')))
                            count += 1
        shutil.rmtree(s.folder)
        self.assertGreater(count, 12)

    def test_once(self):
        """What may stand once, directive or property, is refused where it stands again."""
        count = 0
        s = Server(None, files={**FILES, 'zone': ZONE, 'names': ''})
        for name, _, rows, _ in self.tables():
            if 'Once in a server block.' in self.told[name]:
                heads = HEADS.get(name, '')
                line = f' {name} {heads[0] if isinstance(heads, tuple) else heads}\n'
                s.write_corefile('tls://. {\n' * (name == 'tls') + '. {\n' * (name != 'tls') + line * 2 + ' whoami\n}\n')
                r = s.run('-conf', 'Corefile', '-check')
                with self.subTest(name):
                    self.assertRegex(r.stderr, rf'^plugin/{name}: Corefile:3 - Error during parsing: .*(once per Server Block|already|line ending)')
                    count += 1
            for words, text in rows:
                if text.endswith('once') and len(words) == 1:
                    with self.subTest(f'{name}: {words[0]}'):
                        value = {'max_connections': '5', 'source': '127.0.0.1', 'serve_stale_policy': 'prefer_positive'}[words[0]]
                        self.assertTrue(any(re.match(rf'plugin/{name}: Corefile:4 - Error during parsing: .*(once|already)', said)
                                            for said in self.refused(s, name, f'{words[0]} {value}\n  {words[0]} {value}')))
                        count += 1
        shutil.rmtree(s.folder)
        self.assertGreater(count, 15)

    def test_suggestions(self):
        """A slip in a property's name is told with the property."""
        count = 0
        s = Server(None, files={**FILES, 'zone': ZONE, 'names': ''})
        for name, syntax, rows, _ in self.tables():
            if any('[INLINE]' in line for line in syntax) or name == 'rewrite':
                continue  # any word is a line of its own
            properties = [words[0] for words, _ in rows if len(words) == 1 and words[0].islower() and len(words[0]) > 4 and any(line.split()[0] == words[0] for line in syntax[1:])]
            for word in properties[:1]:
                slip = word[:2] + word[3] + word[2] + word[4:] if word[2] != word[3] else word[:-1]
                with self.subTest(f'{name}: {slip}'):
                    self.assertTrue(any(re.match(rf"plugin/{name}: Corefile:3 - .*{slip}.*\(did you mean '{word}'\?\)", said)
                                        for said in self.refused(s, name, slip)))
                    count += 1
        shutil.rmtree(s.folder)
        self.assertGreater(count, 20)

    def test_unknown(self):
        s = Server(None)
        told = s.run('-help', 'cahce')
        self.assertEqual((told.returncode, told.stderr), (1, "no plugin 'cahce' (did you mean 'cache'?)\n"))
        self.assertIn('-conf FILE', s.run('-help').stdout)
        shutil.rmtree(s.folder)


# What stands between a directive and its block, where something must.
HEADS = {'forward': '. 192.0.2.1', 'template': 'IN A', 'loadbalance': ('weighted names', 'round_robin'), 'view': 'some', 'kubernetes': 'a.test', 'k8s_external': 'a.test',
         'file': 'zone', 'tls': 'cert.pem key.pem', 'autopath': '@kubernetes', 'bind': 'lo'}


class Properties(Case):
    def properties(self, folder):
        """What begins the indented lines of the syntax blocks."""
        blocks = re.findall(r'^~~~ txt\n(.*?)^~~~$', section((folder / 'README.md').read_text(), 'Syntax'), re.M | re.S)
        return {w for block in blocks if '{' in block for words in re.findall(r'^    ([a-z][\w|]*)', block, re.M) for w in words.split('|')}

    def told(self, s, corefile):
        s.write_corefile(corefile)
        r = s.run('-conf', 'Corefile', '-check')
        return r.stdout + r.stderr

    def test_described_are_taken(self):
        """A property that is described is not refused as an unknown one is."""
        count = 0
        for folder in PLUGINS:
            name, taken = folder.name, self.properties(folder)
            if not taken:
                continue
            transport = 'https://' if name == 'https' else ''
            heads = HEADS.get(name, '')
            forms = [f'{transport}. {{\n {name} {head} {{\n  %s{more}\n }}\n whoami\n}}\n'
                     for head in (heads if isinstance(heads, tuple) else (heads,)) for more in ('', ' argument', ' 5')]
            s = Server(None, files={**FILES, 'zone': ZONE, 'names': ''})
            # Some count the arguments first, or read them.
            unknown = [self.told(s, form % 'xyzzy') for form in forms]
            with self.subTest(name):
                self.assertTrue(any('xyzzy' in told for told in unknown))
            for word in taken:
                with self.subTest(f'{name}: {word}'):
                    told = [self.told(s, form % word) for form in forms]
                    self.assertNotEqual(told, [u.replace('xyzzy', word) for u in unknown])
                    count += 1
            shutil.rmtree(s.folder)
        self.assertGreater(count, 60)


class Metrics(Case):
    def test_both_ways(self):
        """Each metric of the source is described, and each that is described is there."""
        there = {m for folder in ('plugins/intree', 'core') for text in source(folder).values()
                 for m in re.findall(r'\.name = "((?:coredns|sodns)_\w+)"', text)}
        manuals = ''.join(p.read_text() for p in [*ROOT.glob('plugins/intree/*/README.md'), ROOT / 'docs/sodns.md'])
        described = set(re.findall(r'`((?:coredns|sodns)_\w+)(?:\{[^}`]*\})?`', manuals))
        self.assertGreater(len(there), 50)
        self.assertEqual(there - described, set(), 'not described')
        self.assertEqual({d for d in described if d not in there and not re.sub(r'_(bucket|sum|count)$', '', d) in there}, set(), 'described, but not there')

    def test_labels(self):
        """The labels that are described are words of the source which names the metric."""
        core = ''.join(source('core').values())
        for path in [*ROOT.glob('plugins/intree/*/README.md'), ROOT / 'docs/sodns.md']:
            for name, labels in re.findall(r'`((?:coredns|sodns)_\w+)\{([^}`]*)\}`', path.read_text()):
                with self.subTest(f'{path.parent.name}: {name}'):
                    own = core + ''.join(source(path.parent.relative_to(ROOT)).values() if path.name == 'README.md' else source('plugins/intree').values())
                    for label in labels.split(','):
                        self.assertTrue(f'"{label.split("=")[0].strip()}"' in own, f'no label {label}')


class Flags(Case):
    def test_both_ways(self):
        s = Server(None)
        told = s.run('-help')
        shutil.rmtree(s.folder)
        usage = {f.lstrip('-') for line in (told.stdout + told.stderr).splitlines() for f in re.findall(r'(?:^  |, |; )(-[a-z][\w.]*)', line)}
        page = section((ROOT / 'docs/sodns.md').read_text(), 'Description')
        described = {f for line in page.splitlines() if line.startswith('* `-') for f in re.findall(r'`-([a-z][\w.]*)', line.split(' the ')[0])}
        self.assertGreater(len(usage), 15)
        self.assertEqual(described - usage, set(), 'described, but not there')
        self.assertEqual(usage - described, set(), 'not described')


if __name__ == '__main__':
    harness.main()
