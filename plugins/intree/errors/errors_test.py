"""errors: single lines, and patterns that are counted."""
import harness
from harness import Case, Server


class Errors(Case):
    def test_line(self):
        with Server('.:{PORT} {\n errors\n log\n}\n') as s:
            self.assertEqual(s.ask('x.example').rcode(), 2)
            s.wait_for(r'^\[ERROR\] plugin/errors: 2 x\.example\. A: plugin/log: no next plugin found$')

    def test_consolidate(self):
        block = 'errors {\n consolidate 1s "^this always" warning show_first\n consolidate 1s other\n }\n'
        with Server('.:{PORT} {\n %s failing\n}\n' % block, extra=['failing']) as s:
            for _ in range(4):
                s.ask('x.example')
            s.wait_for(r"^\[WARNING\] plugin/errors: 4 errors like '\^this always' occurred in last 1s$", 5)
            self.assertEqual(s.out().count('2 x.example. A: this always fails'), 1)
            s.ask('x.example')
            s.stop()
            self.assertEqual(s.out().count('errors like'), 1)

    def test_stop_flushes(self):
        with Server('.:{PORT} {\n errors {\n consolidate 1h fails\n }\n failing\n}\n', extra=['failing']) as s:
            for _ in range(2):
                s.ask('x.example')
            s.stop()
            self.assertRegex(s.out(), r"(?m)^\[ERROR\] plugin/errors: 2 errors like 'fails' occurred in last 1h0m0s$")


if __name__ == '__main__':
    harness.main()
