"""Each room of the core and each library of the SDK compiles with only the include paths that it may see; drafts of headers do with the SDK's."""
import concurrent.futures, importlib.machinery, importlib.util, os, pathlib, subprocess, sys, tempfile, unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SDK = ROOT / 'sdk/include'
FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-DSODNS_PLUGIN_DIR=""', '-DSODNS_CONF_DIR=""', '-fsyntax-only', '-Wall', '-Wextra', '-Werror']
sys.dont_write_bytecode = True


def lint():
    loader = importlib.machinery.SourceFileLoader('lint', str(ROOT / 'tools/lint'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('lint', loader))
    loader.exec_module(module)
    return module


LINT = lint()


def compile(source, *folders):
    includes = [f'-I{f}' for f in folders]
    done = subprocess.run([os.environ.get('CC', 'cc'), *FLAGS, *includes, str(source)], capture_output=True, text=True)
    return done.stderr


def seen_by(room, folder):
    """A folder in which nothing lies but the rooms that this one may see."""
    for name in LINT.may_see(room):
        for at in (ROOT / 'core' / name, ROOT / 'sdk/lib' / name):
            if at.is_dir():
                (folder / name).symlink_to(at)


class Layers(unittest.TestCase):
    def compile_all(self, sources, *folders):
        self.assertTrue(sources)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for source, errors in zip(sources, pool.map(lambda s: compile(s, *folders), sources)):
                self.assertEqual(errors, '', source)

    def test_rooms(self):
        for room in LINT.ROOMS:
            with self.subTest(room=room), tempfile.TemporaryDirectory() as there:
                seen_by(room, pathlib.Path(there))
                self.compile_all(sorted((ROOT / 'core' / room).glob('*.c')), there, SDK)

    def test_a_room_sees_no_other(self):
        with tempfile.TemporaryDirectory() as there:
            seen_by('message', pathlib.Path(there))
            source = pathlib.Path(there) / 'peeks.c'
            source.write_text('#include "server/server.h"\n')
            self.assertIn('server/server.h', compile(source, there, SDK))

    def test_libraries(self):
        for folder in sorted(p for p in (ROOT / 'sdk/lib').iterdir() if p.is_dir()):
            with self.subTest(library=folder.name):
                self.compile_all(sorted(folder.glob('*.c')), SDK)

    def test_headers_alone(self):
        with tempfile.TemporaryDirectory() as there:
            sources = []
            for header in sorted([*SDK.glob('sodns/*.h'), *(ROOT / 'sdk/drafts').glob('sodns/*.h')]):
                source = pathlib.Path(there) / f'{header.stem}.c'
                source.write_text(f'#include <sodns/{header.name}>\n')
                sources.append(source)
            together = pathlib.Path(there) / 'together.c'
            together.write_text(''.join(s.read_text() for s in sources))
            self.compile_all([*sources, together], SDK, ROOT / 'sdk/drafts')


if __name__ == '__main__':
    unittest.main()
