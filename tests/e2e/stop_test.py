"""Stopping under load: readiness fails first, a lame duck serves on, what was asked is answered, connections end in order."""
import os, shutil, signal, socket, ssl, struct, threading, time, unittest, urllib.error, urllib.request

import dns.message

import harness
from certificates import Authority
from harness import Case, Server


def query(name='fine.', number=0):
    q = dns.message.make_query(name, 'A')
    q.id = number
    return q.to_wire()


def framed(wire):
    return struct.pack('>H', len(wire)) + wire


class Asker(threading.Thread):
    """Asks over UDP, one query every millisecond, until it is refused."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(('127.0.0.1', port))
        self.socket.settimeout(0.001)
        self.open, self.answered, self.refused = {}, 0, None
        self.start()

    def run(self):
        number = 0
        while not self.refused or time.monotonic() < self.refused + 0.5:
            try:
                if not self.refused:
                    number = number + 1 & 0xffff
                    self.open[number] = time.monotonic()
                    self.socket.send(query(number=number))
                self.answered += self.open.pop(int.from_bytes(self.socket.recv(512)[:2], 'big'), None) is not None
            except ConnectionRefusedError:
                self.refused = self.refused or time.monotonic()
            except TimeoutError:
                pass

    def lost(self):
        """Queries without an answer that left before the one that was refused."""
        self.join(20)
        return len(self.open) - 1


class Stop(Case):
    def start(self, corefile, **options):
        s = Server(corefile, **options).start()
        self.addCleanup(shutil.rmtree, s.folder, True)
        return s

    def end(self, s, seconds=15):
        s.signal(signal.SIGTERM)
        self.assertEqual(s.process.wait(seconds * harness.PATIENCE), 0, s.err())
        self.assertIn('\n[INFO] SIGTERM: Shutting down servers then terminating\n', s.out())

    def status(self, port, path):
        try:
            return urllib.request.urlopen(f'http://127.0.0.1:{port}{path}', timeout=5).status
        except urllib.error.HTTPError as e:
            return e.code

    def test_lameduck(self):
        health, ready = harness.free_port(), harness.free_port()
        s = self.start(f'.:{{PORT}} {{\n health 127.0.0.1:{health} {{\n  lameduck 2s\n }}\n ready 127.0.0.1:{ready}\n whoami\n}}\n')
        self.assertEqual((self.status(health, '/health'), self.status(ready, '/ready')), (200, 200))
        began = time.monotonic()
        s.signal(signal.SIGTERM)
        s.wait_for('Going into lameduck mode for 2s')
        self.assertEqual(self.status(ready, '/ready'), 503, 'not ready at once')
        self.assertEqual(self.status(health, '/health'), 200, 'but healthy')
        for tcp in False, True:
            self.assertTrue(s.ask('fine.', tcp=tcp), 'and serving')
        self.assertEqual(s.process.wait(15 * harness.PATIENCE), 0)
        self.assertGreaterEqual(time.monotonic() - began, 2)

    def test_second_signal_ends_the_lameduck(self):
        health = harness.free_port()
        s = self.start(f'.:{{PORT}} {{\n health 127.0.0.1:{health} {{\n  lameduck 60s\n }}\n whoami\n}}\n')
        s.signal(signal.SIGTERM)
        s.wait_for('Going into lameduck mode')
        self.end(s)

    def test_datagrams(self):
        s = self.start('.:{PORT} {\n whoami\n}\n', workers=2)
        askers = [Asker(s.port) for _ in range(4)]
        time.sleep(0.3)
        self.end(s)
        self.assertEqual([a.lost() for a in askers], [0] * 4)
        self.assertTrue(all(a.answered > 20 for a in askers))

    def read_all(self, c):
        """Answers until the connection ends; in order: no reset."""
        c.settimeout(10 * harness.PATIENCE)
        data, answers = b'', 0
        while more := c.recv(65536):
            data += more
        while len(data) >= 2:
            n = struct.unpack('>H', data[:2])[0]
            self.assertGreaterEqual(len(data), n + 2, 'whole answers')
            data = data[2 + n:]
            answers += 1
        return answers

    def test_what_connections_brought_is_answered(self):
        s = self.start('.:{PORT} {\n park\n whoami\n}\n', extra=['park'], workers=2)
        waiting, pipelined, idle = (socket.create_connection(('127.0.0.1', s.port)) for _ in range(3))
        waiting.sendall(framed(query('s900.park.')))
        idle.sendall(framed(query()))
        self.assertTrue(idle.recv(512))
        time.sleep(0.1)
        child = s.serving_pid()
        os.kill(child, signal.SIGSTOP)  # it finds the signal to end and the queries at once
        pipelined.sendall(framed(query()) * 700)
        s.signal(signal.SIGTERM)
        time.sleep(0.2)
        os.kill(child, signal.SIGCONT)
        self.assertEqual([self.read_all(c) for c in (waiting, pipelined, idle)], [1, 700, 0])
        for c in (waiting, pipelined, idle):
            c.close()
        self.assertEqual(s.process.wait(15 * harness.PATIENCE), 0)

    def test_a_client_that_goes_on_asking(self):
        """It gets whole answers, then the end, and no reset that would take answers away."""
        s = self.start('.:{PORT} {\n whoami\n}\n')
        c = socket.create_connection(('127.0.0.1', s.port))

        def ask():
            try:
                while True:
                    c.sendall(framed(query()) * 10)
                    time.sleep(0.001)
            except OSError:
                pass
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        ender = threading.Timer(0.3, lambda: s.signal(signal.SIGTERM))
        ender.start()
        self.assertGreater(self.read_all(c), 100)
        c.close()
        asking.join()
        self.assertEqual(s.process.wait(15 * harness.PATIENCE), 0)

    def test_over_tls(self):
        cert, key = Authority().issue('dns.test')
        s = self.start('tls://.:{PORT} {\n tls cert.pem key.pem\n park\n whoami\n}\n', extra=['park'], files={'cert.pem': cert, 'key.pem': key})
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection(('127.0.0.1', s.port))) as c:
            c.sendall(framed(query('s700.park.')) + framed(query('now.park.')))
            self.assertTrue(c.recv(512))
            s.signal(signal.SIGTERM)
            self.assertEqual(self.read_all(c), 1, 'the end is said (close_notify), behind the answer')
        self.assertEqual(s.process.wait(15 * harness.PATIENCE), 0)


if __name__ == '__main__':
    harness.main()
