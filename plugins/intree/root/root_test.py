"""Every file that a plugin is given by a relative path lies below root."""
import re, shutil

import harness
from harness import Case, Server

ZONE = '@ 60 SOA ns root 1 2 3 4 5\n'
KUBECONFIG = '''apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: x
'''
# A directive, the file that it names, what is in it, and what is said where it is missing.
FILES = [
    ('file db', 'db', ZONE, r'sub/db'),
    ('autopath search', 'search', 'search a.test\n', r'sub/search'),
    ('tsig {\n  secrets keys\n }', 'keys', 'key k. { secret YQ==; };\n', r'sub/keys'),
    ('forward . etc/up.conf', 'etc/up.conf', 'nameserver 192.0.2.1\n', r'etc/up\.conf'),
    ('loadbalance weighted weights {\n  reload 0s\n }', 'weights', 'a.test\n192.0.2.1 2\n', r'sub/weights'),
    ('kubernetes cluster.test {\n  kubeconfig kube\n  startup_timeout 1ms\n }', 'kube', KUBECONFIG, r'sub/kube'),
    ('kubernetes cluster.test {\n  endpoint https://127.0.0.1:1\n  tls cert key ca\n }', None, None, r'sub/c(ert|a)'),
]


class Root(Case):
    def check(self, root, directive, files):
        s = Server(f'.:{{PORT}} {{\n{root} {directive}\n}}\n')
        try:
            for name, text in files.items():
                (s.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (s.folder / name).write_text(text)
            (s.folder / 'sub').mkdir(exist_ok=True)
            return s.run('-check', '-conf', 'Corefile')
        finally:
            shutil.rmtree(s.folder, ignore_errors=True)

    def test_relative(self):
        for directive, name, text, missing in FILES:
            with self.subTest(directive):
                root = ' root sub\n'
                if name:
                    r = self.check(root, directive, {f'sub/{name}': text})
                    self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
                    # Without root it lies in the working directory.
                    r = self.check('', directive, {name: text})
                    self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
                r = self.check(root, directive, {name: text} if name else {})
                self.assertTrue(re.search(missing, r.stdout + r.stderr), r.stdout + r.stderr)


if __name__ == '__main__':
    harness.main()
