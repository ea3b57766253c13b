"""plugin.cfg.d: files that give plugins of packages their places in the chain."""
import os, random, re, time

import harness
from harness import Case, ConfigMap, Server, complaints, test_plugin

# Plugins that say in answers which they are, in an order of their own.
NAMES = [f'many{i}' for i in range(1, 58)]


def line(name):
    return f'{name}:{test_plugin(name)}'


class Places(Case):
    def server(self, lines, files, corefile='.:{PORT} {\n whoami\n}\n'):
        s = Server(corefile, cfg='\n'.join(line(n) if n in NAMES else n for n in lines) + '\nwhoami:whoami.so\nreload:reload.so\n')
        self.folder = s.folder / 'plugin.cfg.d'
        self.folder.mkdir()
        self.write(files)
        return s

    def write(self, files):
        for name, text in files.items():
            (self.folder / name).write_text(re.sub(r'\b(many\d+):(?!/)', lambda m: line(m[1]), text))

    def order(self, s):
        r = s.run('-plugins')
        self.assertEqual((r.returncode, r.stderr), (0, ''))
        names = re.findall(r'^dns\.(\S+)', r.stdout, re.M)
        return [n[4:] if n.startswith('many') else n for n in names]

    def test_places(self):
        for files, expected in (
                ({'a.cfg': 'many3: before many2\n'}, '1 3 2'),
                ({'a.cfg': 'many3: after many1\n'}, '1 3 2'),
                ({'a.cfg': '\n# one\n#many9: after many1\n\t many3: \t after many2  \n'}, '1 2 3'),
                # In the order of their names, and then of their lines; by bytes.
                ({'b.cfg': 'many3: after many1\nmany4: after many1\n', 'B.cfg': 'many5: after many1\n', '10.cfg': 'many6: after many1\n'},
                 '1 6 5 3 4 2'),
                ({'b.cfg': 'many3: before many1\n', 'a.cfg': 'many4: before many1\n'}, '4 3 1 2'),
                # Beside those of other files, whichever was read first.
                ({'a.cfg': 'many3: after many4\n', 'b.cfg': 'many4: before many2\n', 'c.cfg': 'many5: after many3\n'}, '1 4 3 5 2'),
                ({'a.cfg': 'many3: after many1\nmany4: after many1\nmany5: after many3\nmany6: before many4\n'}, '1 3 5 6 4 2'),
                # What has another ending, or begins with a dot, is not read.
                ({'a.cfg~': 'many3: after many1\n', '.b.cfg': 'many4: after many1\n', 'c.cfg.dpkg-new': 'x\n', 'README': 'x\n', '.cfg': 'x\n'},
                 '1 2'),
                ({}, '1 2')):
            with self.subTest(files):
                s = self.server(['many1', 'many2'], files)
                self.assertEqual(self.order(s), expected.split() + ['whoami', 'reload'])

    def test_of_those_commented_out(self):
        """A line of plugin.cfg that is commented out is a place, and may be the neighbour of others."""
        s = self.server(['many1', '#many2:many2.so', 'many3'], {'a.cfg': 'many4: after many2\n'})
        self.assertEqual(self.order(s)[:3], ['1', '4', '3'])
        self.write({'b.cfg': 'many2:\n'})
        self.assertEqual(self.order(s)[:4], ['1', '2', '4', '3'])
        self.write({'b.cfg': 'many2: before many1\n'})
        self.assertEqual(self.order(s)[:4], ['2', '4', '1', '3'])

    def test_by_chance(self):
        """Any number of them, whatever stands beside what, as a model has it."""
        seed = random.randrange(1 << 32)
        r = random.Random(seed)
        for _ in range(12):
            names = r.sample(NAMES, 16)
            lines, rest = names[:4], names[4:]
            beside = [(n, r.choice(('before', 'after')), r.choice(names[:4 + i])) for i, n in enumerate(rest)]
            r.shuffle(beside)
            files = {}
            for i, (n, side, other) in enumerate(beside):
                files.setdefault(f'{i // 3:02}.cfg', []).append(f'{n}: {side} {other}')
            s = self.server(lines, {k: '\n'.join(v) + '\n' for k, v in files.items()})
            expected = self.tree(lines, beside)
            self.assertEqual(self.order(s)[:16], [n[4:] for n in expected], f'seed {seed}: {lines} {beside}')

    def tree(self, lines, beside):
        def around(name):
            before = [x for n, side, o in beside if o == name and side == 'before' for x in around(n)]
            after = [x for n, side, o in beside if o == name and side == 'after' for x in around(n)]
            return before + [name] + after
        return [x for n in lines for x in around(n)]

    BAD = (
        ({'a.cfg': '\nmany3: after nosuch\n'}, 'many3', r"plugin.cfg.d/a.cfg:2 - plugin 'many3' stands after 'nosuch', which no line names$"),
        ({'a.cfg': 'many3: before whoam\n'}, 'many3',
         r"a.cfg:1 - plugin 'many3' stands before 'whoam', which no line names; did you mean 'whoami'\?$"),
        ({'a.cfg': 'many3:\n'}, 'many3', r"a.cfg:1 - plugin 'many3' has no line in plugin.cfg: say where it stands, expected NAME:FILE before "
                                         r"OTHER, or after OTHER$"),
        ({'a.cfg': 'many3: behind many1\n'}, 'many3', r"a.cfg:1 - expected NAME:FILE before OTHER, or after OTHER, got 'many3:\S+ behind many1'$"),
        ({'a.cfg': 'many3: after many1 before many2\n'}, 'many3', r"a.cfg:1 - expected NAME:FILE before OTHER, or after OTHER, got 'many3:"),
        ({'a.cfg': 'many3 after many1\n'}, 'many3', r"a.cfg:1 - expected NAME:FILE before OTHER, or after OTHER, got 'many3 after many1'$"),
        ({'a.cfg': 'many3: after many3\n'}, 'many3', r"a.cfg:1 - the places of plugins run in a circle: 'many3' after 'many3'$"),
        ({'a.cfg': 'many3: after many4\n', 'b.cfg': '\nmany4: before many5\nmany5: after many3\n'}, 'many4',
         r"b.cfg:2 - the places of plugins run in a circle: 'many4' before 'many5', 'many5' after 'many3', 'many3' after 'many4'$"),
        ({'a.cfg': 'many3: after many4\nmany4: after many4\n'}, 'many3', r"a.cfg:1 - plugin 'many3' stands after 'many4', which has no place$"),
        ({'a.cfg': 'many3: after many4\nmany4: behind many1\n'}, 'many3', r"a.cfg:1 - plugin 'many3' stands after 'many4', which has no place$"),
        ({'a.cfg': 'many1: after many2\n'}, 'many1', r"a.cfg:1 - plugin 'many1' is named twice, first at plugin.cfg:1$"),
        ({'a.cfg': 'many3: after many2\n', 'b.cfg': '#\n#\nmany3: after many1\n'}, 'many3',
         r"b.cfg:3 - plugin 'many3' is named twice, first at plugin.cfg.d/a.cfg:1$"),
        ({'a.cfg': 'many3: after many2\nmany3: after many1\n'}, 'many3', r"a.cfg:2 - plugin 'many3' is named twice, first on line 1$"),
    )

    def test_faults(self):
        """A line that cannot be used is an error where its directive is used, and else a warning: other plugins serve."""
        for files, name, message in self.BAD:
            with self.subTest(files):
                s = self.server(['many1', 'many2'], files, '.:{PORT} {\n whoami\n}\n')
                listed = s.run('-plugins')
                self.assertEqual(listed.returncode, 1)
                self.assertRegex(listed.stderr, '(?m)' + message)
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual((r.returncode, complaints(r.stderr)), (0, ''))
                self.assertRegex(r.stdout, r'(?m)^\[WARNING\] .*' + message.removeprefix('plugin.cfg.d/'))
                s.write_corefile('.:{PORT} {\n %s\n whoami\n}\n' % name)
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual(r.returncode, 1)
                self.assertRegex(r.stderr.strip().splitlines()[-1], message)

    def test_others_keep_their_places(self):
        """A line that is named twice does not take the place of what stands beside it."""
        s = self.server(['many1', 'many2'], {'a.cfg': 'many1: after many2\nmany3: before many1\n'}, '.:{PORT} {\n many3\n many2\n whoami\n}\n')
        r = s.run('-conf', 'Corefile', '-chain')
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn(': many3 -> many2 -> whoami\n', r.stdout)

    UNREACHED = (
        ('forward . 127.0.0.1\n cache\n log\n errors\n loop\n reload\n loadbalance\n health\n ready', None),
        # It decides which queries the block takes, wherever it stands.
        ("view v {\n  expr type() == 'A'\n }\n forward . 127.0.0.1", None),
        ('forward . 127.0.0.1\n whoami', 'whoami: Corefile:3 - no query comes here: forward (Corefile:2) stands in front of it and answers all '
                                         "of this server block's"),
        ('forward . 127.0.0.1\n forward . 127.0.0.2', 'forward: Corefile:3 - no query comes here: forward (Corefile:2) '),
        # What forward leaves to others.
        ('forward . 127.0.0.1 {\n  except b.a.test\n }\n whoami', None),
        ('forward . 127.0.0.1 {\n  next NXDOMAIN\n }\n whoami', None),
        ('forward . 127.0.0.1 {\n  next NXDOMAIN\n }\n forward . 127.0.0.2', None),
        ('forward b.a.test 127.0.0.1\n whoami', None),
        ('forward test 127.0.0.1\n whoami', 'whoami: Corefile:3 '),
        ('template ANY ANY\n whoami', 'whoami: Corefile:3 - no query comes here: template (Corefile:2) '),
        ('template IN ANY {\n  match x\n }\n whoami', 'whoami: Corefile:5 - no query comes here: template (Corefile:2) '),
        ('template IN A\n whoami', None),
        ('template CH ANY\n whoami', None),
        ('template ANY ANY {\n  fallthrough\n }\n whoami', None),
        ('template ANY ANY b.a.test\n whoami', None),
        ('erratic\n whoami', 'whoami: Corefile:3 - no query comes here: erratic '),
        # By plugin.cfg's order, not the Corefile's.
        ('whoami\n forward . 127.0.0.1', 'whoami: Corefile:2 - no query comes here: forward (Corefile:3) '),
        # All that stand behind.
        ('forward . 127.0.0.1\n erratic\n whoami', 'erratic: Corefile:3 - no query comes here: forward'),
    )

    def test_unreached(self):
        """A plugin behind one that answers everything is told, once, with both lines; usual chains have none."""
        for inside, message in self.UNREACHED:
            with self.subTest(inside):
                s = Server('a.test:{PORT} {\n %s\n}\n' % inside)
                r = s.run('-conf', 'Corefile', '-check')
                self.assertEqual((r.returncode, complaints(r.stderr)), (0, ''))
                told = re.findall(r'no query comes here', r.stdout)
                if message:
                    self.assertIn(f'[WARNING] plugin/{message}', r.stdout)
                else:
                    self.assertEqual(told, [])

    def test_unreached_is_told_once(self):
        """For many blocks that have it by one snippet, too; not where another key of the block leaves something over."""
        snippet = '(s) {\n forward a.test 127.0.0.1\n whoami\n}\n'
        s = Server(snippet + ''.join('%s.a.test:{PORT} {\n import s\n}\n' % i for i in range(50)) +
                   'x.a.test:{PORT} b.test:{PORT} {\n forward a.test 127.0.0.1\n whoami\n}\n')
        r = s.run('-conf', 'Corefile', '-check')
        self.assertEqual(r.stdout.count('no query comes here'), 1)
        self.assertIn('Corefile:3 - no query comes here: forward (Corefile:2)', r.stdout)

    def test_files_that_are_none(self):
        """What cannot be read is a warning that names it."""
        s = self.server(['many1'], {'b.cfg': 'many2: after many1\n'})
        (self.folder / 'a.cfg').mkdir()
        os.mkfifo(self.folder / 'c.cfg')
        (self.folder / 'd.cfg').symlink_to('gone')
        r = s.run('-conf', 'Corefile', '-check')
        self.assertEqual((r.returncode, complaints(r.stderr)), (0, ''))
        for message in 'plugin.cfg.d/a.cfg is not a file', 'plugin.cfg.d/c.cfg is not a file', r'open plugin.cfg.d/d.cfg: no such file or directory':
            self.assertRegex(r.stdout, r'(?m)^\[WARNING\] plugin.cfg.d: ' + message)

    def test_chain_and_reload(self):
        """The place counts for queries; a file that comes, changes or goes is found by reload, as links of a ConfigMap too."""
        s = self.server(['many1', 'many2'], {}, '.:{PORT} {\n reload 2s 0\n many1\n many2\n many3\n whoami\n}\n')
        files = ConfigMap(s.folder / 'map', {'a.cfg': line('many3') + ' after many1\n'})
        self.folder.rmdir()
        self.folder.symlink_to('map')
        with s:
            addresses = lambda: [rd.address for rr in s.ask('x.').answer for rd in rr]
            order = lambda: [int(a.rsplit('.', 1)[1]) for a in addresses()]
            self.assertEqual(order(), [2, 3, 1])
            for n, (place, expected) in enumerate((('before many1', [2, 1, 3]), ('after many2', [3, 2, 1])), 1):
                files.write({'b.cfg': line('many3') + f' {place}\n'})
                s.wait_for(r'^\[INFO\] Reloading complete$', count=n)
                self.assertEqual(order(), expected)
            files.write({})
            s.wait_for("reload failed: .*Unknown directive 'many3'")
            self.assertEqual(order(), [3, 2, 1])
            # What is not used changes nothing.
            files.write({'b.cfg': line('many3') + ' after many2\n' + line('many9') + ' after many2\n'})
            time.sleep(3)
            self.assertEqual(s.out().count('Reloading complete'), 2)

    def test_folder_that_comes_later(self):
        """The sandbox lets the serving process see a folder that was not there when it began."""
        s = Server('.:{PORT} {\n reload 2s 0\n whoami\n}\n', cfg='whoami:whoami.so\nreload:reload.so\n')
        with s:
            self.folder = s.folder / 'plugin.cfg.d'
            self.folder.mkdir()
            self.write({'a.cfg': 'many7: before whoami\n'})
            s.write_corefile('.:{PORT} {\n reload 2s 0\n many7\n whoami\n}\n')
            s.wait_for(r'^\[INFO\] Reloading complete$')
            self.assertEqual([rd.address for rr in s.ask('x.').answer for rd in rr], ['10.0.0.7'])


if __name__ == '__main__':
    harness.main()
