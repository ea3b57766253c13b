"""Limits that bite: what happens, and that it is counted in sodns_limit_reached_total."""
import re, signal, socket, struct, threading, time, unittest, urllib.request

import dns.message

import harness
from harness import PATIENCE, Case, Server

NAMES = ['tasks', 'connections', 'descriptors', 'pipelined queries', 'unread answers', 'unread bytes', 'slow connections', 'handshakes', 'detached queries',
         'nested questions', 'socket queue', 'send queue', 'log lines', 'expressions', 'metrics']


def framed(name='x.', rdtype='A'):
    wire = dns.message.make_query(name, rdtype).to_wire()
    return struct.pack('>H', len(wire)) + wire


class Limits(Case):
    def server(self, plugins, args=(), **options):
        self.metrics = harness.free_port()
        return Server(f'.:{{PORT}} {{\n prometheus 127.0.0.1:{self.metrics}\n {plugins}\n}}\n', args=args, **options)

    def reached(self):
        text = urllib.request.urlopen(f'http://127.0.0.1:{self.metrics}/metrics', timeout=5).read().decode()
        return {m[1]: float(m[2]) for m in re.finditer(r'^sodns_limit_reached_total\{limit="(.*)"\} (\S+)$', text, re.M)}

    def wait_until(self, limit, least=1, seconds=10):
        end = time.time() + seconds * PATIENCE
        while time.time() < end:
            try:
                if self.reached().get(limit, 0) >= least:
                    return
            except OSError:
                pass  # the server of metrics is what is at its limit
            time.sleep(0.1)
        raise AssertionError(f'{limit}: {self.reached()}')

    def taken(self):
        """What was taken from clients that had most."""
        text = urllib.request.urlopen(f'http://127.0.0.1:{self.metrics}/metrics', timeout=5).read().decode()
        return {m[1]: float(m[2]) for m in re.finditer(r'^sodns_client_shares_taken_total\{limit="(.*)"\} (\S+)$', text, re.M)}

    def test_they_are_there_from_the_start(self):
        with self.server('whoami'):
            reached = self.reached()
            self.assertEqual({n: reached.get(n) for n in NAMES}, dict.fromkeys(NAMES, 0))
            self.assertEqual(self.taken(), dict.fromkeys(['tasks', 'connections', 'http connections'], 0))

    def test_connections(self):
        with self.server('whoami', args=['-limit.connections', '5']) as s:
            many = [socket.create_connection(('127.0.0.1', s.port)) for _ in range(9)]
            self.wait_until('connections', 4)
            for c in many:
                c.close()
            self.assertTrue(s.ask('x.'))

    def test_tasks(self):
        """Queries that wait for a server which does not answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            with self.server(f'forward . 127.0.0.1:{silent.getsockname()[1]}', args=['-limit.tasks', '100']) as s:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                    for i in range(300):
                        c.sendto(dns.message.make_query(f'n{i}.', 'A').to_wire(), ('127.0.0.1', s.port))
                    self.wait_until('tasks')

    def test_services_at_the_limit(self):
        """Whoever watches something goes on watching it while clients have all tasks."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            blocks = (f'hosts h {{\n reload 50ms\n fallthrough\n }}\n forward . 127.0.0.1:{silent.getsockname()[1]} {{\n max_fails 0\n }}\n')
            with self.server(blocks, args=['-limit.tasks', '100'], files={'h': '192.0.2.1 a.\n'}) as s, \
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
                stop = threading.Event()

                def load():
                    while not stop.is_set():
                        for i in range(300):
                            c.sendto(dns.message.make_query(f'n{i}.', 'A').to_wire(), ('127.0.0.1', s.port))
                        time.sleep(0.05)

                thread = threading.Thread(target=load)
                thread.start()
                try:
                    self.wait_until('tasks', 100)
                    s.signal(signal.SIGUSR1)
                    s.wait_for('Reloading complete')
                    before = self.reached()['tasks']
                    time.sleep(1)  # the new services' first rounds
                    self.assertGreater(self.reached()['tasks'], before)
                finally:
                    stop.set()
                    thread.join()
                (s.folder / 'h').write_text('192.0.2.22 a.\n')
                end = time.time() + 10 * PATIENCE
                while (got := s.ask('a.').answer[0][0].address) != '192.0.2.22':
                    self.assertLess(time.time(), end, got)
                    time.sleep(0.05)

    def test_pipelined_queries(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(('127.0.0.1', 0))
            with self.server(f'forward . 127.0.0.1:{silent.getsockname()[1]}') as s:
                with socket.create_connection(('127.0.0.1', s.port)) as c:
                    c.sendall(b''.join(framed(f'n{i}.') for i in range(600)))
                    self.wait_until('pipelined queries')

    def test_unread_answers(self):
        zone = '@ 60 SOA ns root 1 2 3 4 5\n' + ''.join(f'big TXT "{"x" * 250}{i}"\n' for i in range(100))
        self.metrics = harness.free_port()
        with Server(f'z.:{{PORT}} {{\n prometheus 127.0.0.1:{self.metrics}\n file zone\n}}\n', files={'zone': zone}) as s:
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                c.settimeout(1)
                try:
                    for _ in range(2000):
                        c.sendall(framed('big.z.', 'TXT'))
                except TimeoutError:
                    pass
                self.wait_until('unread answers')
                self.wait_until('slow connections', seconds=20)

    def test_slow_connections(self):
        with self.server('whoami') as s:
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                c.sendall(framed()[:5])
                self.wait_until('slow connections', seconds=15)

    def test_expressions(self):
        with self.server("view v {\n expr \"count(1..900000, # % 2 == 0) + count(1..900000, # % 3 == 0) > 5\"\n }\n whoami") as s:
            s.ask('x.')
            self.wait_until('expressions')

    def test_http_connections(self):
        with self.server('whoami') as s:
            many = [socket.create_connection(('127.0.0.1', self.metrics)) for _ in range(256)]
            time.sleep(1)
            for c in many:
                c.close()
            self.wait_until('http connections')

    def test_log_line_bytes(self):
        with self.server('log . "{name}' + '0123456789' * 420 + '"\n whoami') as s:
            s.ask('x.')
            self.wait_until('log line bytes')

    def test_flags(self):
        r = Server('.:{PORT} {\n whoami\n}\n').run('-conf', 'Corefile', '-limit.memory', 'lots')
        self.assertEqual((r.returncode, r.stderr.splitlines()[0]), (2, '-limit.memory wants a size of at least 16M, or none, not: lots'))
        s = Server('.:{PORT} {\n whoami\n}\n')
        for flag, value, text in (('-limit.tasks', '5', 'from 100 to 1000000'), ('-limit.tasks', 'many', 'from 100 to 1000000'),
                                  ('-client.ipv4', '33', 'from 1 to 32'), ('-client.ipv6', '0', 'from 1 to 128'), ('-client.share', '101', 'from 1 to 100'),
                                  ('-limit.connections', '-1', 'from 1 to 1000000'), ('-workers', '0', 'from 1 to 1024')):
            r = s.run('-conf', 'Corefile', flag, value)
            self.assertEqual(r.returncode, 2)
            self.assertEqual(r.stderr.splitlines()[0], f'{flag} wants a number {text}, not: {value}')


if __name__ == '__main__':
    harness.main()
