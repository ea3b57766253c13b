"""Every Corefile in a README is one that sodns takes."""
import pathlib, re, shutil

import harness
from harness import Case, Server

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Readmes(Case):
    def test_corefiles(self):
        count = 0
        for path in sorted([*ROOT.glob('plugins/intree/*/README.md'), ROOT / 'README.md']):
            for corefile in re.findall(r'^(?:~~~|```) ?corefile\n(.*?)^(?:~~~|```)', path.read_text(), re.M | re.S):
                count += 1
                with self.subTest(f'{path.parent.name}: {corefile}'):
                    s = Server(corefile)
                    r = s.run('-conf', 'Corefile', '-check')
                    self.assertEqual(r.returncode, 0, r.stderr)
                    shutil.rmtree(s.folder)
        self.assertGreater(count, 5)

    def test_sections(self):
        for path in sorted(ROOT.glob('plugins/intree/*/README.md')):
            headings = re.findall(r'^## (.*)', path.read_text(), re.M)
            self.assertEqual(headings[:3], ['Name', 'Description', 'Syntax'], path)
            self.assertIn('Examples', headings, path)


if __name__ == '__main__':
    harness.main()
