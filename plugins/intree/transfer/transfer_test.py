"""transfer, with whole servers: slow, dead and hostile clients; and Knot and NSD as secondaries, where they are installed."""
import os, pathlib, shutil, signal, socket, struct, subprocess, tempfile, threading, time, urllib.request

import dns.message, dns.query, dns.rdatatype, dns.exception

import harness
from harness import Case, Server

SECRET = 'MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE='


def zone(serial, records, mark='x'):
    return f'$TTL 60\n@ SOA ns root {serial} 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n' + ''.join(
        f'h{i} TXT "{mark * 200}{i}"\n' for i in range(records))


def replace(path, text):
    """In one step, as an administrator should."""
    new = path.with_suffix('.new')
    new.write_text(text)
    new.rename(path)


def hits(port):
    """Answers that came out of a cache."""
    with urllib.request.urlopen(f'http://localhost:{port}/metrics') as r:
        return sum(float(line.split()[-1]) for line in r.read().decode().splitlines() if line.startswith('coredns_cache_hits_total{'))


class Stream:
    """An AXFR that is read message by message."""

    def __init__(self, port, name='z.test.', buffer=None):
        self.c = socket.socket()
        if buffer:
            self.c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.c.settimeout(10)
        self.c.connect(('127.0.0.1', port))
        q = dns.message.make_query(name, 'AXFR').to_wire()
        self.c.sendall(struct.pack('>H', len(q)) + q)

    def exactly(self, n):
        out = b''
        while len(out) < n:
            more = self.c.recv(n - len(out))
            if not more:
                raise EOFError
            out += more
        return out

    def raw(self):
        return self.exactly(struct.unpack('>H', self.exactly(2))[0])

    def message(self):
        return dns.message.from_wire(self.raw(), xfr=True, one_rr_per_rrset=True)

    def rest(self, records):
        """The messages with that many records; the last one opened, the others as they came."""
        out = []
        while records > 0:
            out.append(self.raw())
            records -= struct.unpack('>H', out[-1][6:8])[0]
        return b''.join(out[:-1]), dns.message.from_wire(out[-1], xfr=True, one_rr_per_rrset=True)


class Reader(threading.Thread):
    """Takes a stream's bytes a few at a time, until it is told to hurry: then up to the zone's last SOA."""

    def __init__(self, stream, records):
        super().__init__(daemon=True)
        self.stream, self.records, self.hurry = stream, records, threading.Event()
        self.bytes, self.last, self.error = b'', None, None
        self.start()

    def run(self):
        try:
            while not self.hurry.wait(0.02):
                self.bytes += self.stream.exactly(1024)
            records, at = self.records, 0
            while records > 0:
                self.need(at + 2)
                length = struct.unpack('>H', self.bytes[at:at + 2])[0]
                self.need(at + 2 + length)
                self.last = self.bytes[at + 2:at + 2 + length]
                records -= struct.unpack('>H', self.last[6:8])[0]
                at += 2 + length
        except (OSError, EOFError) as e:
            self.error = e

    def need(self, n):
        if n > len(self.bytes):
            self.bytes += self.stream.exactly(n - len(self.bytes))


class Transfer(Case):
    COREFILE = 'z.test:{PORT} {\n transfer {\n to *\n }\n file zone {\n reload 1s\n }\n}\n.:{PORT} {\n whoami\n}\n'

    def stream(self, s, **options):
        stream = Stream(s.port, **options)
        self.addCleanup(stream.c.close)
        return stream

    def test_change_meanwhile(self):
        """Who is slow gets the zone as it was when he asked, whole; who asks later gets the new one."""
        n = 60000
        with Server(self.COREFILE, files={'zone': zone(1, n)}) as s:
            slow = self.stream(s)
            first = slow.message()
            replace(s.folder / 'zone', zone(2, n, 'y'))
            s.wait_for('with 2 SOA serial')
            time.sleep(0.2)  # the reclaimer has run
            middle, last = slow.rest(n + 4 - len(first.answer))
            self.assertGreater(middle.count(b'x' * 200), n * 0.9)
            self.assertNotIn(b'y' * 200, middle)
            self.assertEqual(last.answer[-1][0].serial, 1)
            self.assertEqual(self.stream(s).message().answer[0][0].serial, 2)

    def test_clients_that_do_not_read(self):
        """Others are served, memory stays, and the connections are closed in time."""
        with Server(self.COREFILE, files={'zone': zone(1, 60000)}) as s:
            self.assertEqual(s.ask('x.test').rcode(), 0)
            before = s.rss_kib()
            dead = [self.stream(s, buffer=4096) for _ in range(20)]
            began = time.time()
            for _ in range(20):
                t = time.time()
                self.assertEqual(s.ask('x.test').rcode(), 0)
                self.assertLess(time.time() - t, 0.5)
                time.sleep(0.05)
            if not harness.SANITIZED:
                self.assertLess(s.rss_kib() - before, 60000)
            for d in dead:
                d.c.settimeout(20)
                with self.assertRaises((EOFError, ConnectionResetError)):
                    time.sleep(max(0, began + 12 - time.time()))
                    d.rest(60004)

    def test_clients_that_leave(self):
        with Server(self.COREFILE, files={'zone': zone(1, 60000)}) as s:
            for i in range(30):
                leaving = self.stream(s, buffer=4096)
                if i % 3:
                    leaving.message()
                if i % 2:
                    leaving.c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
                leaving.c.close()
            self.assertEqual(s.ask('x.test').rcode(), 0)
            self.assertEqual(self.stream(s).rest(60004)[1].answer[-1][0].serial, 1)

    def test_stop_and_reload_meanwhile(self):
        with Server(self.COREFILE, files={'zone': zone(1, 60000)}) as s:
            slow = self.stream(s)
            records = len(slow.message().answer)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete')
            self.assertEqual(slow.rest(60004 - records)[1].answer[-1][0].serial, 1)
            stuck = self.stream(s, buffer=4096)
            stuck.message()
            began = time.time()
            s.stop()
            self.assertLess(time.time() - began, 10)

    def test_slow_client_holds_nothing_else(self):
        """While a client reads for long, what is thrown out of a cache goes, so that it takes more; zones that were replaced go, and so
        do the configurations before it and after it; its own when it has ended."""
        n, names = 20000, 2000
        corefile = ('z.test:{PORT} {\n transfer {\n to *\n }\n file zone {\n reload 1s\n }\n}\n'
                    '.:{PORT} {\n cache {\n bytes 256K\n }\n prometheus localhost:%d\n'
                    ' template ANY ANY {\n answer "{{ .Name }} 3600 IN TXT %s"\n }\n}\n')
        metrics = harness.free_port()
        with Server(corefile % (metrics, 'x' * 200), files={'zone': zone(1, n)}) as s:
            slow = Reader(self.stream(s, buffer=4096), n + 4)
            s.signal(signal.SIGUSR1)
            s.wait_for('Reloading complete', 30)
            for i in range(names):
                s.ask(f'n{i}.test', 'TXT')
            before = hits(metrics)
            for i in range(names - 20, names):
                s.ask(f'n{i}.test', 'TXT')
            self.assertEqual(hits(metrics) - before, 20)
            replace(s.folder / 'zone', zone(2, n, 'y'))
            s.wait_for('with 2 SOA serial')
            rss = []
            for i in range(20):
                replace(s.folder / 'zone', zone(3 + i, n, 'y'))
                s.signal(signal.SIGUSR1)
                s.wait_for('Reloading complete', 30, count=2 + i)
                rss.append(s.rss_kib())
            if not harness.SANITIZED:
                # A zone takes 4 MiB and more, and was read for each configuration.
                self.assertLess(rss[-1] - rss[4], 45000, rss)
            self.assertTrue(slow.is_alive(), slow.error)
            self.assertNotIn('do not end', s.out())
            self.assertNotIn('is gone', s.out())
            slow.hurry.set()
            slow.join(60)
            self.assertIsNone(slow.error)
            self.assertNotIn(b'y' * 200, slow.bytes)
            last = dns.message.from_wire(slow.last, xfr=True, one_rr_per_rrset=True)
            self.assertEqual(last.answer[-1][0].serial, 1)
            s.wait_for('An old configuration that was kept is gone')
            self.assertEqual(self.stream(s).message().answer[0][0].serial, 22)

    def test_other_queries_on_the_connection(self):
        """Two transfers and a query on one connection: all answered."""
        with Server(self.COREFILE, files={'zone': zone(1, 3000)}) as s:
            one = self.stream(s)
            more = [dns.message.make_query('z.test.', 'AXFR'), dns.message.make_query('ns.z.test.', 'A')]
            for q in more:
                one.c.sendall(struct.pack('>H', len(q.to_wire())) + q.to_wire())
            records = {}
            while sum(len(v) for v in records.values()) < 2 * 3004 + 1:
                m = one.message()
                records.setdefault(m.id, []).extend(m.answer)
            self.assertEqual(len(records[more[1].id]), 1)

    def test_source(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
            c.bind(('127.0.0.1', 0))
            c.settimeout(5)
            corefile = 'z.test:{PORT} {\n transfer {\n to 127.0.0.1:%d\n source 127.0.0.9\n }\n file zone\n}\n' % c.getsockname()[1]
            with Server(corefile, files={'zone': zone(1, 1)}):
                wire, peer = c.recvfrom(512)
                q = dns.message.from_wire(wire)
                self.assertEqual(peer[0], '127.0.0.9')
                self.assertEqual((q.opcode(), q.flags & 0x400, q.question[0].to_text()), (4, 0x400, 'z.test. IN SOA'))
                # It comes again until it is answered.
                again, peer = c.recvfrom(512)
                self.assertEqual(again, wire)
                c.sendto(dns.message.make_response(q).to_wire(), peer)
                c.settimeout(3)
                with self.assertRaises(TimeoutError):
                    c.recvfrom(512)


class Secondary(Case):
    """A real secondary follows by NOTIFY; the timers of the zone would take it an hour."""

    def follow(self, command, write_config, key):
        program = shutil.which(command[0], path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin')
        if not program:
            print(f'skipped: no {command[0]}')
            self.skipTest(f'no {command[0]}')
        port = harness.free_port()
        tsig = ' tsig {\n secret key.test. %s\n require AXFR IXFR\n }\n' % SECRET if key else ''
        corefile = 'z.test:{PORT} {\n%s transfer {\n to 127.0.0.1:%d\n }\n file zone {\n reload 1s\n }\n}\n' % (tsig, port)
        folder = pathlib.Path(tempfile.mkdtemp(prefix='sodns-test-'))
        with Server(corefile, files={'zone': zone(1, 2000)}) as s:
            write_config(folder, port, s.port)
            with open(folder / 'out', 'w') as out:
                peer = subprocess.Popen([program, *(a.replace('DIR', str(folder)) for a in command[1:])], stdout=out, stderr=out)
            try:
                self.until_serial(port, 1, folder)
                for serial in (2, 3):
                    replace(s.folder / 'zone', zone(serial, 2000 + serial))
                    self.until_serial(port, serial, folder)
                q = dns.message.make_query('h2002.z.test.', 'TXT')
                self.assertEqual(len(dns.query.udp(q, '127.0.0.1', 3, port).answer), 1)
            finally:
                peer.terminate()
                peer.wait(10)
        shutil.rmtree(folder, ignore_errors=True)

    def until_serial(self, port, serial, folder):
        end, got = time.time() + 25, None
        while time.time() < end:
            try:
                r = dns.query.udp(dns.message.make_query('z.test.', 'SOA'), '127.0.0.1', 1, port)
                got = r.answer[0][0].serial if r.answer else None
                if got == serial:
                    return
            except (dns.exception.Timeout, OSError):
                pass
            time.sleep(0.1)
        self.fail(f'serial {serial} did not arrive, {got} is there\n' + (folder / 'out').read_text()[-3000:])

    def knot(self, key):
        def write(folder, port, primary):
            (folder / 'knot.conf').write_text(f'''
server:
    listen: 127.0.0.1@{port}
    rundir: {folder}
    pidfile: {folder}/pid
log:
  - target: stderr
    any: info
database:
    storage: {folder}
''' + (f'key:\n  - id: key.test.\n    algorithm: hmac-sha256\n    secret: {SECRET}\n' if key else '') + f'''
remote:
  - id: primary
    address: 127.0.0.1@{primary}
''' + ('    key: key.test.\n' if key else '') + f'''
acl:
  - id: notify
    address: 127.0.0.1
    action: notify
zone:
  - domain: z.test
    storage: {folder}
    master: primary
    acl: notify
''')
        self.follow(['knotd', '-c', 'DIR/knot.conf'], write, key)

    def test_knot(self):
        self.knot(False)

    def test_knot_with_tsig(self):
        self.knot(True)

    def nsd(self, key):
        def write(folder, port, primary):
            name = 'key.test.' if key else 'NOKEY'
            (folder / 'nsd.conf').write_text(f'''
server:
    ip-address: 127.0.0.1@{port}
    username: ""
    zonesdir: "{folder}"
    pidfile: "{folder}/pid"
    xfrdfile: "{folder}/xfrd.state"
    zonelistfile: "{folder}/zone.list"
    xfrdir: "{folder}"
    database: ""
    server-count: 1
    verbosity: 2
remote-control:
    control-enable: no
''' + (f'key:\n    name: "key.test."\n    algorithm: hmac-sha256\n    secret: "{SECRET}"\n' if key else '') + f'''
zone:
    name: z.test
    zonefile: z.zone
    allow-notify: 127.0.0.1 NOKEY
    request-xfr: AXFR 127.0.0.1@{primary} {name}
''')
        self.follow(['nsd', '-d', '-c', 'DIR/nsd.conf'], write, key)

    def test_nsd(self):
        self.nsd(False)

    def test_nsd_with_tsig(self):
        self.nsd(True)


if __name__ == '__main__':
    harness.main()
