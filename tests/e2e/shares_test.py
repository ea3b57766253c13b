"""One client is not everybody: when a limit is reached, those that come later get what the one with most has too much of. Clients are addresses of
127.0.0.0/8; each test has a client that takes all there is, and then others, and says that the limit was reached."""
import http.client, os, re, select, signal, socket, ssl, struct, threading, time

import dns.message, dns.query

import harness
from certificates import Authority
from harness import PATIENCE, Case, Server

GREEDY = '127.0.0.1'


def framed(name, rdtype='TXT'):
    wire = dns.message.make_query(name, rdtype).to_wire()
    return struct.pack('>H', len(wire)) + wire


def connect(port, source=GREEDY, timeout=10 * PATIENCE):
    return socket.create_connection(('127.0.0.1', port), timeout=timeout, source_address=(source, 0))


def is_open(c):
    c.setblocking(False)
    try:
        return c.recv(1) != b''
    except BlockingIOError:
        return True
    except OSError:
        return False


class Shares(Case):
    def server(self, plugins='park', zone='.', front='', **options):
        self.metrics = harness.free_port()
        return Server(f'{zone}:{{PORT}} {{\n prometheus 127.0.0.1:{self.metrics}\n{front} {plugins}\n}}\n', extra=['park'], **options)

    def scrape(self, source='127.0.0.250'):
        c = http.client.HTTPConnection('127.0.0.1', self.metrics, timeout=10 * PATIENCE, source_address=(source, 0))
        c.request('GET', '/metrics')
        text = c.getresponse().read().decode()
        c.close()
        return text

    def counted(self, family):
        text = self.scrape()
        return {m[1]: float(m[2]) for m in re.finditer('^' + family + r'\{limit="(.*)"\} (\S+)$', text, re.M)}

    def reached(self, limit):
        return self.counted('sodns_limit_reached_total').get(limit, 0)

    def taken(self, limit):
        return self.counted('sodns_client_shares_taken_total').get(limit, 0)

    def wait_until(self, what, seconds=10):
        end = time.time() + seconds * PATIENCE
        while not what():
            self.assertLess(time.time(), end, 'it never came')
            time.sleep(0.02)

    def udp(self, s, name, source):
        """The rcode of a TXT query from this address, and its strings."""
        r = dns.query.udp(dns.message.make_query(name, 'TXT'), '127.0.0.1', port=s.port, source=source, timeout=6 * PATIENCE)
        return r.rcode(), [t.decode() for rr in r.answer for rd in rr for t in rd.strings]

    def tcp(self, s, name, source=None, c=None):
        """Whether a query over a new connection, or this one, is answered well."""
        try:
            with c or connect(s.port, source) as c:
                c.sendall(framed(name))
                size = struct.unpack('>H', c.recv(2, socket.MSG_WAITALL))[0]
                return not c.recv(size, socket.MSG_WAITALL)[3] & 15
        except (OSError, struct.error):
            return False

    def flood(self, s, many, name='s3500.park', source=GREEDY):
        """Queries that wait, from one socket."""
        c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        c.bind((source, 0))
        c.connect(('127.0.0.1', s.port))
        for i in range(many):
            c.send(dns.message.make_query(name, 'TXT').to_wire())
            if i % 32 == 31:
                time.sleep(0.005)
        return c

    # Tasks.
    def test_tasks(self):
        with self.server(args=['-limit.tasks', '100']) as s, self.flood(s, 300):
            self.wait_until(lambda: self.reached('tasks'))
            for n in range(2, 32):
                self.assertEqual(self.udp(s, 's100.park', f'127.0.0.{n}'), (0, ['ok']), n)
            self.assertGreaterEqual(self.taken('tasks'), 1)

    def test_tasks_while_the_flood_goes_on(self):
        with self.server(args=['-limit.tasks', '200'], workers=2) as s:
            stop = threading.Event()

            def go_on():
                while not stop.is_set():
                    self.flood(s, 64).close()
            threads = [threading.Thread(target=go_on, daemon=True) for _ in range(2)]
            for t in threads:
                t.start()
            try:
                self.wait_until(lambda: self.reached('tasks') > 100)
                answers = [self.udp(s, 's50.park', f'127.0.0.{n}') for n in range(2, 42)]
            finally:
                stop.set()
                for t in threads:
                    t.join()
            self.assertEqual(answers, [(0, ['ok'])] * 40)

    def test_one_client_may_have_all_tasks(self):
        with self.server(args=['-limit.tasks', '100']) as s, self.flood(s, 90, 's1000.park') as c:
            c.settimeout(5 * PATIENCE)
            for _ in range(90):
                self.assertIn(b'ok', c.recv(512))
            self.assertEqual(self.reached('tasks'), 0)

    def test_what_clients_have_at_least(self):
        """Nobody is robbed by a crowd of which each has little: with forged addresses anybody is a crowd."""
        with self.server(args=['-limit.tasks', '640']) as s, self.flood(s, 9, 's3000.park', '127.0.1.1') as c:
            crowd = [self.flood(s, 9, 's3500.park', f'127.0.2.{n}') for n in range(1, 101)]
            self.wait_until(lambda: self.reached('tasks'))
            c.settimeout(8 * PATIENCE)
            for _ in range(9):
                self.assertIn(b'ok', c.recv(512))
            self.assertEqual(self.taken('tasks'), 0)
            for k in crowd:
                k.close()

    def test_the_part_of_one_client(self):
        with self.server(args=['-limit.tasks', '100', '-client.share', '20']) as s, self.flood(s, 60) as c:
            self.wait_until(lambda: self.reached('tasks') >= 30)
            c.settimeout(2)
            self.assertIn(b'failed', c.recv(512))
            for n in range(2, 10):
                self.assertEqual(self.udp(s, 's100.park', f'127.0.0.{n}'), (0, ['ok']))

    def test_a_network_is_a_client(self):
        with self.server(args=['-limit.tasks', '100', '-client.ipv4', '24']) as s, self.flood(s, 300):
            self.wait_until(lambda: self.reached('tasks'))
            self.assertEqual(self.udp(s, 's100.park', '127.0.0.9'), (0, ['failed']), 'a neighbour')
            self.assertEqual(self.udp(s, 's100.park', '127.0.1.9'), (0, ['ok']))

    def test_one_s_own_newest(self):
        """What has waited for a second makes room for newer ones of the same client."""
        with self.server(args=['-limit.tasks', '100']) as s, self.flood(s, 300):
            self.wait_until(lambda: self.reached('tasks'))
            time.sleep(1.1)
            for _ in range(20):
                self.assertEqual(self.udp(s, 's50.park', GREEDY), (0, ['ok']))

    # Connections.
    def busy(self, s, many, source=GREEDY, name='s3900.park'):
        """Connections that each have a query which waits."""
        conns = [connect(s.port, source) for _ in range(many)]
        for c in conns:
            c.sendall(framed(name))
        return conns

    def test_connections_that_all_wait(self):
        with self.server(args=['-limit.connections', '20']) as s:
            conns = self.busy(s, 20)
            time.sleep(0.2)
            for n in range(2, 10):
                self.assertTrue(self.tcp(s, 'now.park', f'127.0.0.{n}'), n)
            self.assertGreaterEqual(self.taken('connections'), 1)
            self.assertGreaterEqual(sum(map(is_open, conns)), 12)

    def test_connections_with_a_slow_query_each_time(self):
        """Newcomers get in, whoever they are: each connection has had an answer."""
        with self.server(args=['-limit.connections', '20']) as s:
            conns = self.busy(s, 20, name='s100.park')
            for c in conns:
                size = struct.unpack('>H', c.recv(2, socket.MSG_WAITALL))[0]
                c.recv(size, socket.MSG_WAITALL)
                c.sendall(framed('s3900.park'))
            time.sleep(0.2)
            for source in GREEDY, '127.0.0.2', GREEDY:
                self.assertTrue(self.tcp(s, 'now.park', source), source)

    def test_one_client_may_have_all_connections(self):
        with self.server(args=['-limit.connections', '20']) as s:
            time.sleep(0.3)
            conns = self.busy(s, 20, name='s500.park')
            self.assertEqual([c.recv(2, socket.MSG_WAITALL) != b'' for c in conns], [True] * 20)
            self.assertEqual(self.taken('connections'), 0)

    def test_nobody_loses_for_the_greedy_one(self):
        """Who has most makes room for more of its own by itself."""
        with self.server(args=['-limit.connections', '20'], front=' timeouts {\n  read 1m\n  idle 1m\n }\n') as s:
            kept = [connect(s.port, f'127.0.0.{n}') for n in range(2, 7)]
            many = [connect(s.port) for _ in range(60)]
            self.wait_until(lambda: self.reached('connections') >= 40)
            self.assertEqual([is_open(c) for c in kept], [True] * 5)
            self.assertEqual(sum(map(is_open, many)), 15)

    def test_behind_a_proxy(self):
        """Clients are those that the PROXY header names."""
        def ask(source, name):
            c = connect(s.port)
            c.sendall(f'PROXY TCP4 {source} 192.0.2.1 1000 53\r\n'.encode() + framed(name))
            return c
        with self.server(args=['-limit.connections', '20'], front=' proxyproto\n') as s:
            conns = [ask('192.0.2.7', 's3900.park') for _ in range(20)]
            time.sleep(0.3)
            self.assertTrue(self.tcp(s, 'now.park', c=ask('192.0.2.8', 'now.park')))
            self.assertGreaterEqual(self.taken('connections'), 1)
            self.assertGreaterEqual(sum(map(is_open, conns)), 18)

    # Handshakes.
    def test_handshakes(self):
        """A crowd of one client's handshakes does not stand in front of another client's."""
        cert, key = Authority().issue('dns.test')
        into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            ssl.create_default_context(cadata=cert).wrap_bio(into, out, server_hostname='dns.test').do_handshake()
        except ssl.SSLWantReadError:
            hello = out.read()
        self.metrics = harness.free_port()
        with Server(f'tls://.:{{PORT}} {{\n tls cert.pem key.pem\n prometheus 127.0.0.1:{self.metrics}\n timeouts {{\n  read 1m\n }}\n whoami\n}}\n',
                    files={'cert.pem': cert, 'key.pem': key}) as s:
            pid = s.serving_pid()
            os.kill(pid, signal.SIGSTOP)
            many = []
            for source in [GREEDY] * 250 + ['127.0.0.2']:
                many.append(connect(s.port, source))
                many[-1].sendall(hello)
            *crowd, other = many
            served = select.poll()
            for c in crowd:
                served.register(c, select.POLLIN)
            os.kill(pid, signal.SIGCONT)
            other.settimeout(20 * PATIENCE)
            self.assertTrue(other.recv(1))
            self.assertLess(len(served.poll(0)), 125, 'served before the one of the other client')
            self.wait_until(lambda: len(served.poll(0)) == 250)
            self.assertGreaterEqual(self.reached('handshakes'), 1)
            for c in many:
                c.close()

    # HTTP.
    def probe(self, source, seconds=1):
        try:
            with connect(self.health, source, seconds * PATIENCE) as c:
                c.sendall(b'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
                return c.recv(4096).startswith(b'HTTP/1.1 200')
        except OSError:
            return False

    def slow_http(self, conns, text):
        for i, c in enumerate(conns):
            try:
                c.send(text)
            except OSError:
                c.close()
                conns[i] = connect(self.health)
                conns[i].send(b'GET /he')

    def test_slow_http_clients(self):
        self.health = harness.free_port()
        with self.server(front=f' health 127.0.0.1:{self.health}\n'):
            conns = [connect(self.health) for _ in range(400)]
            results = []
            for n in range(20):
                self.slow_http(conns, b'a')
                results += [self.probe('127.0.0.2'), self.probe(GREEDY)]
            self.assertEqual(results, [True] * 40)
            self.assertGreaterEqual(self.reached('http connections'), 100)
            self.assertGreaterEqual(self.taken('http connections'), 1)
            for c in conns:
                c.close()

    def test_http_answers_that_nobody_takes(self):
        """Some clients read no answers: others are answered, and memory stays."""
        self.metrics = harness.free_port()
        series = '\n'.join(f' template IN A z{i}.test {{\n answer "{{{{ .Name }}}} 60 IN A 192.0.2.1"\n }}' for i in range(2))
        with Server(f'.:{{PORT}} {{\n prometheus 127.0.0.1:{self.metrics}\n{series}\n whoami\n}}\n') as s:
            before = s.rss_kib()
            conns = []
            for _ in range(200):
                c = socket.socket()
                c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                c.connect(('127.0.0.1', self.metrics))
                c.sendall(b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' * 50)
                conns.append(c)
            began = time.time()
            self.scrape()
            self.assertLess(time.time() - began, 3 * PATIENCE)
            if not harness.SANITIZED:
                self.assertLess(s.rss_kib() - before, 64 << 10)
            for c in conns:
                c.close()


if __name__ == '__main__':
    harness.main()
