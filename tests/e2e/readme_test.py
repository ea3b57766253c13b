"""Every Corefile in a README, a manual page or the tutorial is one that sodns takes."""
import pathlib, re, shutil, subprocess

import harness
from certificates import Authority
from harness import CFG, Case, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = set(re.findall(r'^(\w[\w-]*):', CFG, re.M))
LATER = set(re.findall(r'^#(\w[\w-]*):', CFG, re.M))

# What Corefiles name.
CA = Authority()
FILES = dict(zip(('cert.pem', 'key.pem'), CA.issue('dns.test')), **{'ca.pem': CA.pem, 'example.org.zone':
             '$ORIGIN example.org.\n@ 3600 SOA ns root 1 7200 3600 1209600 3600\n@ 3600 NS ns\nns 3600 A 192.0.2.1\n'})


def documents():
    """All that is written for users, wherever it lies in the tree."""
    folders = [f for f in ROOT.iterdir() if f.is_dir() and f.name not in ('build', '.git')]
    return sorted([*ROOT.glob('*.md'), *(p for f in folders for p in f.rglob('*.md'))])


def fences(path):
    """(word, text) of each fenced block."""
    return re.findall(r'^ *(?:~~~|```) ?(\w*)\n(.*?)^ *(?:~~~|```)$', path.read_text(), re.M | re.S)


def looks_like_corefile(text):
    """A server block with a directive in it that there is or will be."""
    return re.search(r'^\S[^{}\n]* \{\n\s+(%s)\b' % '|'.join(sorted(HERE | LATER)), text, re.M) and '[' not in text


class Readmes(Case):
    def test_corefiles(self):
        count, skipped = 0, []
        for path in documents():
            for word, corefile in fences(path):
                if word != 'corefile':
                    continue
                name = path.relative_to(ROOT)
                later = sorted(LATER & set(re.findall(r'^\s+(\w[\w-]*)', corefile, re.M)))
                if later:
                    skipped.append(f'{name}: {", ".join(later)}: not in this release')
                    continue
                if re.search(r'^\s+kubernetes\b', corefile, re.M) and not re.search(r'^\s+(kubeconfig|endpoint)\b', corefile, re.M):
                    skipped.append(f'{name}: kubernetes: needs to run in a cluster')
                    continue
                count += 1
                with self.subTest(f'{name}: {corefile}'):
                    s = Server(corefile, files=FILES)
                    r = s.run('-conf', 'Corefile', '-check')
                    self.assertEqual(r.returncode, 0, r.stderr)
                    shutil.rmtree(s.folder)
        for line in skipped:
            print('skipped:', line)
        self.assertGreater(count, 25)

    def test_none_is_overlooked(self):
        """What looks like a Corefile is called one, so that it is tried."""
        for path in documents():
            for word, text in fences(path):
                if word != 'corefile' and looks_like_corefile(text):
                    self.fail(f'{path.relative_to(ROOT)}: a Corefile that is not marked "~~~ corefile":\n{text}')

    def test_every_plugin_has_one(self):
        for path in sorted(ROOT.glob('plugins/intree/*/CMakeLists.txt')):
            corefiles = [t for w, t in fences(path.parent / 'README.md') if w == 'corefile']
            self.assertTrue(any(re.search(rf'^\s+{path.parent.name}\b', t, re.M) for t in corefiles), path.parent.name)

    def test_sections(self):
        for path in sorted(ROOT.glob('plugins/intree/*/README.md')):
            headings = re.findall(r'^## (.*)', path.read_text(), re.M)
            self.assertEqual(headings[:3], ['Name', 'Description', 'Syntax'], path)
            self.assertIn('Examples', headings, path)
            # The manual page sodns-NAME is made by this title.
            self.assertEqual(path.read_text().splitlines()[0], f'# {path.parent.name}')


if __name__ == '__main__':
    harness.main()
