"""What the daemon prints: lines that are JSON, whatever they are about, and a reader who stops reading them."""
import json, os, re, select, shutil, signal, socket, time, unittest, urllib.request

import dns.exception, dns.message

import harness
from harness import PATIENCE, SANITIZED, Case, Server

COREFILE = '''
.:{PORT} {
    log
    errors
    crash
    whoami
}
fails.:{PORT} {
    log . "{name} and words" {
        json
        class all
    }
    errors
    erratic {
        drop 0
    }
}
text.:{PORT} {
    log . "{name} is \\"asked\\" for"
    whoami
}
'''
HOSTILE = ['a\\010b\\"\\000\\255.', '\\\\\\\\\\\\.', '\\195\\040.\\237\\160\\128.', '\\127\\031\\".', '"}\\010{"level":"fatal.', '.'.join(['\\255' * 62] * 4)]
TIME = r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$'
LEVELS = {'debug', 'info', 'warning', 'error', 'fatal'}


class Lines(Case):
    def parse(self, text):
        self.assertTrue(text.endswith('\n'), text[-300:])
        lines = [json.loads(l) for l in text.split('\n')[:-1]]
        for l in lines:
            self.assertRegex(l['time'], TIME)
            self.assertIn(l['level'], LEVELS)
        return lines

    def messages(self, lines):
        return [l['message'] for l in lines if 'message' in l]

    def ask(self, s, *args, **options):
        for _ in range(100):
            try:
                return s.ask(*args, timeout=1, **options)
            except dns.exception.Timeout:
                pass
        raise AssertionError(s.out())

    def test_all_of_them(self):
        with Server(COREFILE, extra=['crash'], args=['-log.format', 'json']) as s:
            for name in HOSTILE:
                self.ask(s, name)
                self.ask(s, name.rsplit('.', 3)[0] + '.text.')
            self.ask(s, 'x.fails.', want_dnssec=True)
            self.ask(s, 'x.', 'TXT', tcp=True)
            whole = (s.folder / 'Corefile').read_text()
            s.write_corefile('.:{PORT} {\n nonsense "\n" \\"\n}\n')
            s.signal(signal.SIGUSR1)
            s.wait_for('SIGUSR1: .*nonsense')
            s.write_corefile(whole)
            if not SANITIZED:
                try:
                    s.ask('crash.', timeout=0.2)
                except dns.exception.Timeout:
                    pass
                self.ask(s, 'fine.')
                s.wait_for('Everything is loaded')
            s.stop()
            self.assertEqual(harness.complaints(s.err()), '')
            self.check(s, self.parse(s.out()))

    def check(self, s, lines):
        messages = self.messages(lines)
        self.assertEqual(messages[:3], [f'.:{s.port}', f'fails.:{s.port}', f'text.:{s.port}'])
        self.assertIn('Reloading', messages)
        error, = (l for l in lines if l.get('message', '').startswith('SIGUSR1') and l['message'] != 'SIGUSR1: Reloading')
        self.assertEqual(error['level'], 'error')
        self.assertIn('nonsense', error['message'])
        if not SANITIZED:
            crash, = (l for l in lines if l.get('message', '').startswith('crashed'))
            self.assertEqual((crash['level'], crash['plugin'], crash['message']),
                             ('error', 'crash', 'crashed (Segmentation fault) on "crash. A"'))
        queries = [l for l in lines if l.get('plugin') == 'log']
        names = [l['name'] for l in queries if 'name' in l]
        for name in HOSTILE:
            self.assertIn(dns.name.from_text(name).to_text(), [dns.name.from_text(n).to_text() for n in names])
        self.assertIn('x.text. is "asked" for', [m.replace(m.split('.')[0], 'x', 1) for m in messages if 'asked' in m])
        some, = ({k: v for k, v in l.items() if k != 'time'} for l in queries if set(l) == {'time', 'level', 'plugin', 'name'})
        self.assertEqual(some, {'level': 'info', 'plugin': 'log', 'name': 'x.fails.'})
        over_tcp, = (l for l in queries if l.get('proto') == 'tcp')
        kinds = {k: type(v) for k, v in over_tcp.items()}
        self.assertEqual(kinds, dict(time=str, level=str, plugin=str, remote=str, port=int, local=str, proto=str, id=int, opcode=int,
                                     type=str, name=str, size=int, do=bool, bufsize=int, rcode=str, rflags=str, rsize=int,
                                     duration=float, **{'class': str}))
        self.assertEqual((over_tcp['remote'], over_tcp['type'], over_tcp['class'], over_tcp['rcode'], over_tcp['rflags']),
                         ('127.0.0.1', 'TXT', 'IN', 'NOERROR', 'qr,aa,rd'))
        self.assertTrue(0 < over_tcp['duration'] < 5)

    def test_a_start_that_fails(self):
        s = Server('.:{PORT} {\n nonsense\n}\n')
        try:
            r = s.run('-conf', 'Corefile', '-log.format=json')
            self.assertNotEqual(r.returncode, 0)
            last = self.parse(r.stderr)[-1]
            self.assertEqual(last['level'], 'fatal')
            self.assertIn("Corefile:2 - Error during parsing: Unknown directive 'nonsense'", last['message'])
            r = s.run('-conf', 'Corefile', '-log.format', 'xml')
            self.assertEqual((r.returncode, r.stderr.splitlines()[0]), (2, '-log.format is text or json, not: xml'))
        finally:
            shutil.rmtree(s.folder)

    def query_all(self, s, count):
        """Sends many questions with long names and waits for all answers."""
        name = '.'.join(['x' * 60] * 4) + '.'
        wire = dns.message.make_query(name, 'A').to_wire()
        answers = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.connect(('127.0.0.1', s.port))
            for _ in range(0, count, 20):
                for _ in range(20):
                    c.send(wire)
                for _ in range(20):
                    if select.select([c], [], [], 5 * PATIENCE)[0]:
                        c.recv(65535)
                        answers += 1
        return answers

    def lost_lines(self, port):
        text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).read().decode()
        return float(re.search(r'sodns_limit_reached_total\{limit="log lines"\} (\S+)', text)[1])

    @unittest.skipIf(harness.RUNNER, 'there is no parent under a runner')
    def test_a_reader_that_stops(self):
        """It costs lines, which are counted, but no answer, no restart, and no end."""
        port = harness.free_port()
        corefile = f'.:{{PORT}} {{\n prometheus 127.0.0.1:{port}\n log . {{\n json\n }}\n whoami\n}}\n'
        s = Server(corefile, args=['-log.format', 'json'])
        reader, writer = os.pipe()
        try:
            s.start(stdout=writer)
            os.close(writer)
            self.assertEqual(self.lost_lines(port), 0)
            self.assertEqual(self.query_all(s, 3000), 3000)
            self.assertGreater(self.lost_lines(port), 500)
            if not SANITIZED:
                os.kill(s.serving_pid(), signal.SIGKILL)
                began = time.time()
                self.ask(s, 'fine.')
                self.assertLess(time.time() - began, 3)
                self.assertEqual(self.query_all(s, 3000), 3000)
            s.signal(signal.SIGUSR1)
            began = time.time()
            s.signal(signal.SIGTERM)
            self.assertEqual(s.process.wait(20 * PATIENCE), 0)
            self.assertLess(time.time() - began, 8 * PATIENCE)
            text = b''
            while more := os.read(reader, 65536):
                text += more
            self.assertGreater(len(self.parse(text.decode())), 50)
        finally:
            os.close(reader)
            if s.process.poll() is None:
                s.process.kill()
            s.process.wait()
            shutil.rmtree(s.folder)

    def test_a_reader_that_comes_back(self):
        s = Server('.:{PORT} {\n log\n whoami\n}\n')
        reader, writer = os.pipe()
        try:
            s.start(stdout=writer)
            os.close(writer)
            self.assertEqual(self.query_all(s, 2000), 2000)
            text = b''
            while select.select([reader], [], [], 1)[0]:
                text += os.read(reader, 65536)
            self.ask(s, 'again.')
            s.signal(signal.SIGTERM)
            while more := os.read(reader, 65536):
                text += more
            self.assertEqual(s.process.wait(20 * PATIENCE), 0)
            lines = [l for l in text.decode().splitlines() if l.startswith('[') and 'SIGTERM' not in l]
            self.assertTrue(all(re.match(r'\[INFO\] .*s$', l) for l in lines), lines)
            self.assertIn('"A IN again. udp', lines[-1])
        finally:
            os.close(reader)
            if s.process.poll() is None:
                s.process.kill()
            s.process.wait()
            shutil.rmtree(s.folder)


if __name__ == '__main__':
    harness.main()
