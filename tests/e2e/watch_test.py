"""The watch client against an API server that misbehaves: what it delivers is in the end what the server has."""
import time, unittest

from apiserver import Api
from harness import Case, Server, main

PATH = '/api/v1/things'


def thing(name):
    return {'metadata': {'name': name, 'namespace': 'x', 'labels': {'escaped': 'a"\\{}[]\u00e4'}}, 'spec': {'list': [1, {}]}}


class Watch(Case):
    def setUp(self):
        self.api = Api().start()
        self.server = Server(f'.:{{PORT}} {{\n bind 127.0.0.1\n names kubeconfig {PATH} 1\n}}\n', extra=['names'])
        self.api.kubeconfig(self.server.folder / 'kubeconfig', '{tokenFile: token}')
        (self.server.folder / 'token').write_text('first')
        for name in ('a', 'b', 'c'):
            self.api.put(PATH, thing(name))

    def tearDown(self):
        try:
            self.server.__exit__()
        finally:
            self.api.stop()

    def state(self):
        texts = self.server.texts('x.', tcp=True)
        return sorted(t for t in texts if not t.startswith('lists=')), int(next(t for t in texts if t.startswith('lists='))[6:])

    def becomes(self, names, lists=None, seconds=10):
        end = time.time() + seconds
        while True:
            state = self.state()
            if state[0] == sorted(names) and lists in (None, state[1]):
                return
            if time.time() > end:
                self.fail(f'{state}, expected {names} {lists}\n{self.server.out()}')
            time.sleep(0.02)

    def test_stream(self):
        self.server.start()
        self.becomes('abc', 1)
        self.api.put(PATH, thing('d'))
        self.api.delete(PATH, thing('a'))
        self.becomes('bcd', 1, 1)
        self.assertEqual(len(self.api.requests), 1)

    def test_pages(self):
        self.api.streams = False
        for i in range(1200):  # more than the plugin keeps; the three stay
            self.api.put(PATH + 'many', thing(f'm{i}'))
        self.server.write_corefile(
            f'.:{{PORT}} {{\n bind 127.0.0.1\n names kubeconfig {PATH}many 5\n}}\n')
        self.server.start()
        self.api.wait_asked(PATH + 'many', watch='true', resourceVersion=str(self.api.version))
        self.assertEqual([q.get('continue') for q in self.api.asked(PATH + 'many', limit='500')], [None, '500', '1000'])
        self.assertEqual(self.api.compressed, 3)
        self.assertEqual(self.state()[1], 1)

    def test_page_cut(self):
        self.api.streams = False
        self.server.start()
        self.becomes('abc', 1)
        self.api.cut_lists = 2
        self.api.delete(PATH, thing('a'))
        self.api.forget()
        self.api.end_watches()
        self.becomes('bc', 2)

    def test_resumes(self):
        self.server.start()
        self.becomes('abc', 1)
        for _ in range(5):
            self.api.cut()
            self.api.put(PATH, thing('d'))
            self.becomes('abcd', 1, 5)
            self.api.end_watches()
            self.api.delete(PATH, thing('d'))
            self.becomes('abc', 1, 5)
        self.assertEqual(len(self.api.asked(PATH, sendInitialEvents='true')), 1)

    def test_torn_event(self):
        self.server.start()
        self.becomes('abc', 1)
        self.api.cut_events = 3
        self.api.put(PATH, thing('d'))
        self.becomes('abcd', 1)
        self.assertEqual(self.api.cut_events, 0)

    def test_torn_list(self):
        self.api.cut_events = 2
        self.server.start()
        self.becomes('abc', 1)

    def test_gone(self):
        self.server.start()
        self.becomes('abc', 1)
        for lists, as_status in ((2, False), (3, True)):
            self.api.gone_as_status = as_status
            self.api.stop()
            self.api.delete(PATH, thing('a'))
            self.api.put(PATH, thing('e'))
            self.api.forget()
            self.assertEqual(self.state()[0], sorted('abc') if lists == 2 else sorted('bce'))
            self.api.start()
            self.becomes('bce', lists)

    def test_duplicates_and_trickle(self):
        self.api.duplicates = self.api.trickle = True
        self.server.start()
        self.becomes('abc')
        self.api.delete(PATH, thing('b'))
        self.becomes('ac')

    def test_silence(self):
        self.server.start()
        self.becomes('abc', 1)
        self.api.silent = True
        self.server.wait_for('no sign of life for 1 s', count=1)
        self.api.put(PATH, thing('d'))
        self.api.silent = False
        self.becomes('abcd', 1)

    def test_token(self):
        self.api.token = 'second'
        self.server.start()
        self.server.wait_for('HTTP 401: Unauthorized')
        (self.server.folder / 'token').write_text('second\n')
        self.becomes('abc', 1)

    def requests_while(self, seconds):
        before = len(self.api.requests)
        time.sleep(seconds)
        return len(self.api.requests) - before

    def test_lists_that_nothing_can_be_watched_from(self):
        """Again and again, but ever more seldom: pages and streams without a version, streams that end with the list, watches gone at once."""
        for number, (streams, versions, ends, gone) in enumerate([
                (False, False, False, False), (True, False, True, False), (True, True, True, True), (False, True, False, True)]):
            if number:
                self.tearDown()
                self.setUp()
            self.api.streams, self.api.versions, self.api.ends_lists = streams, versions, ends
            if gone:
                self.api.oldest = 10 ** 9
            self.server.start()
            self.becomes('abc')
            # A list, or two requests, after 0.1 s at most, then 0.2, 0.4, 0.8, 1.6, ...
            self.assertLess(self.requests_while(3), 14, (streams, versions, ends, gone))
            self.api.streams = self.api.versions = True
            self.api.ends_lists, self.api.oldest = False, 0
            self.api.put(PATH, thing('d'))
            self.becomes('abcd', seconds=20)

    def test_errors(self):
        self.server.start()
        self.becomes('abc', 1)
        for code in (500, 429, 403):
            self.api.code = code
            self.api.cut()
            self.server.wait_for(f'HTTP {code}: as told')
            self.api.put(PATH, thing(f'd{code}'))
            self.api.code = 0
            self.becomes([*'abc', *(f'd{c}' for c in (500, 429, 403)[:(500, 429, 403).index(code) + 1])], 1)

    def test_many_restarts(self):
        self.server.start()
        self.becomes('abc')
        names = set('abc')
        for i in range(10):
            self.api.stop()
            self.api.put(PATH, thing(f'n{i}'))
            names.add(f'n{i}')
            if i % 3 == 2:
                self.api.forget()
            self.api.start()
            if i % 2:
                self.becomes(names)
        self.becomes(names)


if __name__ == '__main__':
    main()
