"""The bill of materials of a build: what its files are linked with, and nothing else; and what libsodns may be linked with."""
import json, os, pathlib, re, shutil, subprocess, tempfile, unittest

import harness
from harness import BUILD, SANITIZED, Case

ROOT = pathlib.Path(__file__).resolve().parents[2]


def needed(path):
    return set(re.findall(r'\(NEEDED\).*\[(.*)\]', subprocess.run(['readelf', '-d', path], capture_output=True, text=True).stdout))


def package_of(library):
    """By the dynamic linker's own list, not by dpkg's."""
    listed = subprocess.run(['/sbin/ldconfig', '-p'], capture_output=True, text=True).stdout
    path = re.search(rf'(?m)^\s+{re.escape(library)} \(libc6,\S+.*\) => (\S+)', listed)[1]
    for p in path, '/usr' + path, path.removeprefix('/usr'):
        r = subprocess.run(['dpkg-query', '-S', p], capture_output=True, text=True)
        if not r.returncode:
            return r.stdout.split(':')[0]
    raise AssertionError(f'{path} is of no package')


@unittest.skipUnless(shutil.which('dpkg-query') and shutil.which('readelf'), 'there is no dpkg, or no readelf')
class Linked(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-sbom-'))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_sbom(self, *args, **variables):
        return subprocess.run([ROOT / 'tools/sbom', *args], env=dict(os.environ, **variables), capture_output=True, text=True)

    def made(self, *args):
        r = self.run_sbom('--linked', str(self.folder), *args, SOURCE_DATE_EPOCH='1700000000')
        self.assertEqual((r.returncode, r.stderr), (0, ''))
        return json.loads(r.stdout)

    def test_a_build(self):
        files = [BUILD / 'sodns', *BUILD.glob('libsodns*.so.1'), *BUILD.glob('plugins/*.so')]
        for f in files:
            if 'test' not in f.name:
                (self.folder / 'lib').mkdir(exist_ok=True)
                shutil.copy(f, self.folder / 'lib')
        (self.folder / 'README').write_text('(NEEDED) [libnone.so.1]\n')
        by_library = {}
        for f in (self.folder / 'lib').iterdir():
            for library in needed(f):
                if not re.match('libsodns|ld-linux|lib[alut]+san', library):
                    by_library.setdefault(library, set()).add(f.name)
        self.assertGreater(len(by_library), 5)
        if SANITIZED:
            self.skipTest('a sanitizer is linked in')
        d = self.made('1.2.3', 'abc')
        self.assertEqual(d, self.made('1.2.3', 'abc'))
        expected = {}
        for library, users in by_library.items():
            expected.setdefault(package_of(library), []).append(f'{library} in {" ".join(sorted(users))}')
        found = {p['name']: p for p in d['packages']}
        self.assertEqual(set(found), set(expected) | {'sodns'})
        for name, links in expected.items():
            p = found[name]
            self.assertEqual(p['comment'], 'linked: ' + '; '.join(sorted(links)))
            version = subprocess.run(['dpkg-query', '-W', '-f', '${Version}\n', name], capture_output=True, text=True).stdout.split('\n')[0]
            self.assertEqual(p['versionInfo'], version)
            self.assertRegex(p['licenseDeclared'], r'^(MIT|Apache-2\.0|curl|LGPL-2\.1-or-later|BSD-3-Clause( WITH PCRE2-exception)?)$')
        related = {(r['spdxElementId'], r['relationshipType'], r['relatedSpdxElement']) for r in d['relationships']}
        self.assertEqual(related, {('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-sodns')} |
                         {('SPDXRef-sodns', 'DYNAMIC_LINK', p['SPDXID']) for n, p in found.items() if n != 'sodns'})

    def test_refusals(self):
        r = self.run_sbom('--linked', str(self.folder), '1')
        self.assertEqual((r.returncode, r.stderr), (1, f'tools/sbom: no file below {self.folder} is linked with anything\n'))
        r = self.run_sbom('--linked', '/none', '1')
        self.assertEqual((r.returncode, r.stderr), (2, "tools/sbom: --linked: there is no folder '/none'\n"))
        # dpkg itself is made of libraries that sodns is not.
        shutil.copy('/usr/bin/dpkg-query', self.folder)
        r = self.run_sbom('--linked', str(self.folder), '1')
        self.assertEqual((r.returncode, r.stdout), (1, ''))
        self.assertRegex(r.stderr, r'^tools/sbom: the license of libmd0 is not known: name it in tools/sbom\n')

    @unittest.skipIf(SANITIZED, 'a sanitizer is linked in')
    def test_the_core_is_small(self):
        """What every process has mapped from its start: the rest is opened when it is asked for."""
        self.assertEqual(needed(BUILD / 'libsodns.so.1') - {'libm.so.6', 'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'},
                         {'libc.so.6', 'libpcre2-8.so.0', 'libuv.so.1'})

    def test_one_crypto_library(self):
        """OpenSSL's, by what needs it; nobody's own link brings another."""
        others = {}
        for f in [*BUILD.glob('libsodns*.so.1'), *BUILD.glob('plugins/*.so')]:
            other = {l for l in needed(f) if re.match('lib(gnutls|nettle|hogweed|gcrypt|mbed|wolfssl)', l)}
            if other:
                others[f.name] = other
        self.assertEqual(others, {})


if __name__ == '__main__':
    harness.main()
