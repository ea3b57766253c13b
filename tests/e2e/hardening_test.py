"""What is built makes an overrun a crash and not a way in: each file, whoever adds one."""
import re, subprocess, unittest

import harness
from harness import BUILD


def readelf(path, *flags):
    return subprocess.run(['readelf', '-W', *flags, path], capture_output=True, text=True, check=True).stdout


class Hardening(unittest.TestCase):
    def files(self):
        found = [BUILD / 'sodns', *BUILD.glob('libsodns*.so'), *BUILD.glob('plugins/*.so')]
        self.assertGreater(len(found), 40, 'all are there')
        return found

    def test_linked(self):
        for path in self.files():
            with self.subTest(path.name):
                dynamic, segments = readelf(path, '-d'), readelf(path, '-l')
                self.assertRegex(dynamic, r'FLAGS.*BIND_NOW|\(BIND_NOW\)')
                self.assertIn('GNU_RELRO', segments)
                self.assertRegex(segments, r'GNU_STACK.* RW +0x')
                self.assertNotIn('TEXTREL', dynamic)
                self.assertNotRegex(segments, r'LOAD.* RWE ', 'nothing is to be written and executed')
                self.assertNotIn('RUNPATH) Library runpath: [:', dynamic)
        self.assertRegex(readelf(BUILD / 'sodns', '-d'), r'FLAGS_1.*PIE')

    def test_compiled(self):
        if not re.search(r'(?m)^CMAKE_BUILD_TYPE:\w+=Release$', (BUILD / 'CMakeCache.txt').read_text()):
            self.skipTest('a release build has it')
        names = {p: readelf(p, '--dyn-syms') for p in self.files()}
        self.assertGreater(sum('__stack_chk_fail' in t for t in names.values()), 30)
        self.assertGreater(sum('_chk@' in t for t in names.values()), 15)
        core = names[next(BUILD.glob('libsodns.so'))]
        self.assertIn('__stack_chk_fail', core)
        self.assertIn('__vsnprintf_chk', core)
        self.assertNotRegex(core, r'UND vsnprintf@')
        # Probes of big frames: a page at a time.
        code = subprocess.run(['objdump', '-d', BUILD / 'libsodns.so'], capture_output=True, text=True, check=True).stdout
        self.assertRegex(code, r'or[ql]\s+\$0x0,\(%rsp\)|str\s+xzr, \[sp')


if __name__ == '__main__':
    harness.main()
