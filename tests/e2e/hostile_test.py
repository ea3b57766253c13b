"""What a hostile client sends: odd packets over UDP, odd streams over TCP; others are served meanwhile."""
import os, pathlib, random, resource, socket, ssl, struct, threading, time, urllib.request

import dns.message

import harness
from certificates import Authority
from harness import Case, Server


def query(name='x.example.', **flags):
    return dns.message.make_query(name, 'A', **flags).to_wire()


def cpu_seconds(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


class Hostile(Case):
    def udp(self, s, packet, timeout=0.3):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.settimeout(timeout)
            c.sendto(packet, ('127.0.0.1', s.port))
            try:
                return c.recv(65535)
            except TimeoutError:
                return None

    def test_drops_are_counted(self):
        """Nothing is thrown away that no metric shows."""
        web = harness.free_port()
        with Server('.:{PORT} {\n prometheus 127.0.0.1:%d\n whoami\n}\n' % web) as s:
            answer = bytearray(query())
            answer[2] |= 0x80
            for packet in (b'', b'x', query()[:11], bytes(answer), bytes(answer[:12])):
                self.assertIsNone(self.udp(s, packet))
            self.assertEqual(self.udp(s, query()[:12])[3] & 15, 1)
            with socket.create_connection(('127.0.0.1', s.port), 5) as c:
                c.sendall(struct.pack('>H', len(answer)) + answer)
                self.assertEqual(c.recv(4096), b'')
            text = urllib.request.urlopen(f'http://127.0.0.1:{web}/metrics', timeout=5).read().decode()
        for reason, count in (('under 12 bytes', 3), ('a response', 3), ('malformed', 1)):
            self.assertIn(f'sodns_packets_dropped_total{{reason="{reason}"}} {count}\n', text)

    def test_packets(self):
        with Server('.:{PORT} {\n whoami\n}\n') as s:
            q = bytearray(query())
            self.assertIsNone(self.udp(s, b''))
            self.assertIsNone(self.udp(s, bytes(q[:11])))
            answer = bytearray(q)
            answer[2] |= 0x80
            self.assertIsNone(self.udp(s, bytes(answer)), 'a response is never answered')
            for cut in range(12, len(q)):
                self.assertEqual(self.udp(s, bytes(q[:cut]))[3] & 15, 1, cut)
            update = bytearray(q)
            update[2] |= 5 << 3
            self.assertEqual(self.udp(s, bytes(update))[3] & 15, 4)
            # An OPT record that is cut off: the question comes back.
            r = self.udp(s, bytes(q[:11]) + b'\1' + bytes(q[12:]) + b'\0\0\x29\x10\0\0\0\0\0\0\4')
            self.assertEqual((r[3] & 15, r[12:]), (1, bytes(q[12:])))
            loop = bytes(q[:12]) + b'\xc0\x0c\x00\x01\x00\x01'
            self.assertEqual(self.udp(s, loop)[3] & 15, 1)
            self.assertEqual(self.udp(s, bytes(q) + b'\0' * 4000)[3] & 15, 1)

    def test_noise(self):
        random.seed(3)
        with Server('.:{PORT} {\n whoami\n}\n') as s, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            good = query()
            for _ in range(3000):
                p = bytearray(good if random.random() < 0.7 else random.randbytes(random.randint(0, 600)))
                for _ in range(random.randint(0, 6)):
                    if p:
                        p[random.randrange(len(p))] = random.randrange(256)
                c.sendto(p, ('127.0.0.1', s.port))
            self.assertEqual(s.ask('x.example').rcode(), 0)

    def test_tcp(self):
        with Server('.:{PORT} {\n whoami\n}\n') as s:
            q = query()
            framed = struct.pack('>H', len(q)) + q
            # byte by byte, and many at once
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                for b in framed:
                    c.send(bytes([b]))
                self.assertEqual(len(self.frame(c)) > len(q), True)
                c.sendall(framed * 200)
                for _ in range(200):
                    self.frame(c)
            # a message too short to be one closes the connection
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                c.sendall(b'\0\x03abc')
                self.assertEqual(c.recv(10), b'')
            # half a message, then nothing: closed when the time to read is over
            began = time.time()
            with socket.create_connection(('127.0.0.1', s.port)) as c:
                c.sendall(framed[:9])
                c.settimeout(15)
                self.assertEqual(c.recv(10), b'')
            self.assertLess(time.time() - began, 14)
            self.assertEqual(s.ask('x.example', tcp=True).rcode(), 0)

    def test_more_connections_than_descriptors(self):
        port = harness.free_port()
        with Server(f'.:{{PORT}} {{\n prometheus 127.0.0.1:{port}\n whoami\n}}\n') as s:
            self.assertTrue(s.ask('x.', tcp=True))
            pid = s.serving_pid()
            open_now = len(os.listdir(f'/proc/{pid}/fd'))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + 20, open_now + 20))
            many = [socket.create_connection(('127.0.0.1', s.port), timeout=5) for _ in range(100)]
            time.sleep(0.3)
            before = cpu_seconds(pid)
            time.sleep(0.5)
            self.assertLess(cpu_seconds(pid) - before, 0.25, 'waits instead of trying for ever')
            self.assertTrue(s.ask('x.'))
            for c in many:
                c.close()
            time.sleep(0.2)
            self.assertTrue(s.ask('x.', tcp=True))
            text = urllib.request.urlopen(f'http://127.0.0.1:{port}/metrics', timeout=5).read().decode()
            self.assertRegex(text, r'sodns_limit_reached_total\{limit="descriptors"\} [1-9]')

    def test_slow_readers(self):
        """Clients that ask and never read do not harm the others."""
        with Server('.:{PORT} {\n whoami\n}\n') as s:
            framed = struct.pack('>H', len(query())) + query()
            slow = [socket.create_connection(('127.0.0.1', s.port)) for _ in range(20)]
            for c in slow:
                c.setblocking(False)
                try:
                    for _ in range(200):
                        c.send(framed * 50)
                except BlockingIOError:
                    pass
            began = time.time()
            self.assertEqual(s.ask('x.example', tcp=True).rcode(), 0)
            self.assertLess(time.time() - began, 1)
            for c in slow:
                c.close()

    def test_big_answers_that_nobody_reads(self):
        """Queries are taken no faster than their answers: a short query can have a long one."""
        text = ' '.join(['"' + 'x' * 250 + '"'] * 200)
        with Server('z.example:{PORT} {\n file zone\n}\n', files={'zone': f'@ 60 SOA ns root 1 2 3 4 5\nbig 60 TXT {text}\n'}) as s:
            q = dns.message.make_query('big.z.example.', 'TXT').to_wire()
            framed = struct.pack('>H', len(q)) + q
            self.assertGreater(len(s.ask('big.z.example', 'TXT', tcp=True).to_wire()), 50000)
            before = s.rss_kib()
            silent = [socket.create_connection(('127.0.0.1', s.port)) for _ in range(10)]
            for c in silent:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                c.sendall(framed * 1500)
            time.sleep(0.5)
            self.assertTrue(s.ask('z.example', 'SOA', tcp=True, timeout=4 * harness.PATIENCE))
            # As they are, the answers have 750 MB. (A sanitizer keeps what is freed.)
            grown = s.rss_kib() - before
            if not harness.SANITIZED:
                self.assertLess(grown, 100 << 10)
            for c in silent:
                c.close()

    def test_pipelined_and_read_late(self):
        """Who reads only later gets all the answers."""
        with Server('.:{PORT} {\n whoami\n}\n') as s, socket.create_connection(('127.0.0.1', s.port)) as c:
            framed = struct.pack('>H', len(query())) + query()
            many = 60000
            sender = threading.Thread(target=lambda: c.sendall(framed * many), daemon=True)
            sender.start()
            time.sleep(1)
            c.settimeout(5)
            data, answers = b'', 0
            while answers < many:
                data += c.recv(1 << 20)
                at = 0
                while len(data) - at >= 2 and len(data) - at >= 2 + (n := data[at] << 8 | data[at + 1]):
                    at += 2 + n
                    answers += 1
                data = data[at:]
            sender.join()

    def test_a_handshake_that_stops_half_way(self):
        cert, key = Authority().issue('dns.test')
        with Server('tls://.:{PORT} {\n tls cert.pem key.pem\n timeouts {\n  read 1s\n  idle 1m\n }\n whoami\n}\n',
                    files={'cert.pem': cert, 'key.pem': key}) as s, socket.create_connection(('127.0.0.1', s.port), timeout=10) as c:
            into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
            context = ssl.create_default_context(cadata=cert)
            try:
                context.wrap_bio(into, out, server_hostname='dns.test').do_handshake()
            except ssl.SSLWantReadError:
                pass
            c.sendall(out.read())
            self.assertTrue(c.recv(65536), "the server's part")
            while c.recv(65536):
                pass

    def frame(self, c):
        c.settimeout(5)
        n = struct.unpack('>H', self.exactly(c, 2))[0]
        return self.exactly(c, n)

    def exactly(self, c, n):
        out = b''
        while len(out) < n:
            more = c.recv(n - len(out))
            self.assertTrue(more, 'closed')
            out += more
        return out


if __name__ == '__main__':
    harness.main()
