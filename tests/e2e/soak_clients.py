"""Who asks the soaked server: clients that mean well, whose answers are looked at, and clients that don't.

Each is a function of (soak, random numbers) that does one round of some milliseconds; the soak calls it over and over.
"""
import base64, contextlib, socket, ssl, struct, time, urllib.error, urllib.request

import dns.exception, dns.flags, dns.message, dns.query, dns.rcode, dns.tsig, dns.tsigkeyring, dns.xfr

from soak_corefile import SECRET

KEYS = dns.tsigkeyring.from_text({'key.test.': SECRET})
NAMES = [('www.z.test', 'A'), ('no.z.test', 'A'), ('x.w.z.test', 'TXT'), ('alias.z.test', 'AAAA'), ('z.test', 'SOA'), ('x.sub.z.test', 'A'),
         ('www.old.test', 'A'), ('www.z.test', 'HINFO'), ('big.z.test', 'TXT'), ('www.one.a.test', 'A'), ('www.two.a.test', 'ANY'), ('3.t.test', 'A'),
         ('777.t.test', 'A'), ('x.t.test', 'CNAME'), ('x.t.test', 'A'), ('abc.v.test', 'A'), ('xyz.v.test', 'TXT'), ('x.u.test', 'TXT'),
         ('s1.ns.svc.cluster.local', 'A'), ('s2.ns.svc.cluster.local', 'SRV'), ('example.org.ns.svc.cluster.local', 'A'),
         ('kubernetes.io', 'A'), ('host1.test', 'A'), ('host1.test', 'AAAA'), ('inline.test', 'A'), ('localhost', 'A'), ('x.bad.test', 'A'),
         ('x.tcp.test', 'A'), ('x.secure.test', 'A'), ('slow.loaded.test', 'A'), ('version.bind', 'TXT'), ('1.2.0.192.in-addr.arpa', 'PTR')]
PROXY2 = b'\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\x7f\0\0\1\x12\x34\0\x35'


def any_query(rng):
    """A query like those of clients, with any of the things that they put in."""
    name, rdtype = rng.choice(NAMES)
    if rng.random() < 0.3:
        name = f'{rng.randrange(100000)}.{name}'
    if rng.random() < 0.2:
        rdtype = rng.choice(['A', 'AAAA', 'MX', 'SRV', 'ANY', 'NAPTR', 'DS', 'TYPE999', 'PTR', 'TXT'])
    q = dns.message.make_query(name, rdtype, use_edns=rng.random() < 0.5, want_dnssec=rng.random() < 0.3,
                               payload=rng.choice([512, 1232, 4096, 65535]))
    if rng.random() < 0.1:
        q.use_edns(0, 0, 1232, options=[dns.edns.GenericOption(3, b''), dns.edns.GenericOption(10, b'12345678')])
    if rng.random() < 0.1:
        q.use_tsig(KEYS, keyname='key.test.')
    return q


def spoil(rng, data):
    """The bytes with some of them changed, cut, doubled."""
    data = bytearray(data)
    for _ in range(rng.choice([0, 1, 1, 2, 4, 16])):
        at = rng.randrange(len(data) or 1)
        kind = rng.randrange(4)
        if kind == 0:
            data[at:at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            data[at:at + 1] = bytes([rng.choice([0, 0xc0, 0xff, 0x3f, 12])])
        elif kind == 2:
            del data[at:at + rng.randrange(1, 5)]
        else:
            data[at:at] = data[at:at + rng.randrange(1, 20)]
    return bytes(data)


@contextlib.contextmanager
def connected(port, timeout=3.0):
    with socket.create_connection(('127.0.0.1', port), timeout=timeout) as c:
        yield c


def framed(wire):
    return struct.pack('>H', len(wire)) + wire


def abort(c):
    """The next close() is a reset."""
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def known_answers(soak, rng):
    """What the server must know in every variation; a zone's address changes, its first bytes do not."""
    port = soak.ports['PORT']
    for name, want in ('www.z.test', '192.0.'), ('www.one.a.test', '192.0.'), ('12.t.test', '192.0.2.12'), ('inline.test', '192.0.2.9'):
        q = dns.message.make_query(name, 'A')
        ask = rng.choice([dns.query.udp, dns.query.udp, dns.query.tcp])
        try:
            r = ask(q, '127.0.0.1', timeout=5, port=port)
        except (OSError, EOFError, dns.exception.DNSException) as e:
            # A listener whose timeouts or number of queries changed may close on us.
            soak.count('unanswered ' + ask.__name__ + ' ' + type(e).__name__)
            continue
        addresses = [rd.address for rr in r.answer for rd in rr if rr.rdtype == 1]
        if r.rcode() or not addresses or not addresses[0].startswith(want):
            # acl may block the client's prefix? It does not: what is wrong is wrong.
            soak.wrong(f'{name}: {r.to_text()}')
    time.sleep(0.02)


def good_udp(soak, rng):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
        c.settimeout(0.05)
        for _ in range(20):
            c.sendto(any_query(rng).to_wire(), ('127.0.0.1', soak.ports['PORT']))
        with contextlib.suppress(TimeoutError):
            while True:
                soak.check_message(c.recv(65535))


def hostile_udp(soak, rng):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as c:
        c.setblocking(False)
        for _ in range(100):
            wire = any_query(rng).to_wire()
            if rng.random() < 0.1:
                wire = PROXY2 + wire
            if rng.random() < 0.05:
                wire = rng.randbytes(rng.randrange(1500))
            with contextlib.suppress(OSError):
                c.sendto(spoil(rng, wire), ('127.0.0.1', soak.ports['PORT']))
                c.recv(65535)
    time.sleep(0.1)


def hostile_stream(soak, rng, c):
    """What a client does to a connection that speaks DNS, whatever lies below it."""
    data = b''.join(framed(any_query(rng).to_wire()) for _ in range(rng.choice([1, 3, 50])))
    if rng.random() < 0.5:
        data = spoil(rng, data)
    if rng.random() < 0.2:
        data = PROXY2 + data
    if rng.random() < 0.3:
        data = data[:rng.randrange(len(data) + 1)]
    c.sendall(data)
    if rng.random() < 0.5:
        c.settimeout(0.2)
        c.recv(rng.choice([1, 2, 100, 65536]))


def hostile_tcp(soak, rng):
    for _ in range(5):
        with contextlib.suppress(OSError), connected(soak.ports['PORT']) as c:
            hostile_stream(soak, rng, c)
            if rng.random() < 0.5:
                abort(c)
    time.sleep(0.1)


def hostile_tls(soak, rng):
    port = soak.ports[rng.choice(['DOT', 'DOH'])]
    with contextlib.suppress(OSError), connected(port) as raw:
        if rng.random() < 0.5:
            hello = bytes.fromhex('16030100c8010000c40303') + rng.randbytes(200)
            raw.sendall(spoil(rng, hello))
            if rng.random() < 0.3:
                abort(raw)
            return
        with soak.tls.wrap_socket(raw, server_hostname='dns.test') as c:
            hostile_stream(soak, rng, c)
            if rng.random() < 0.3:
                raw.sendall(rng.randbytes(50))  # below TLS
    time.sleep(0.05)


def hostile_http(soak, rng):
    wire = any_query(rng).to_wire()
    text = base64.urlsafe_b64encode(wire).rstrip(b'=')
    post = b'POST /dns-query HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' % len(wire) + wire
    get = b'GET /dns-query?dns=%s HTTP/1.1\r\nHost: x\r\n\r\n' % text
    settings = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + bytes.fromhex('000000040000000000')
    head = bytes.fromhex('82 87 84 41 01 78'.replace(' ', ''))
    frames = settings + struct.pack('>I', len(head))[1:] + b'\x01\x05\0\0\0\1' + head
    data = rng.choice([post, get, post * 20, get * 3, frames, frames])
    protocol = 'h2' if data is frames else 'http/1.1'
    with contextlib.suppress(OSError), connected(soak.ports['DOH']) as raw:
        with soak.tls_for(protocol).wrap_socket(raw, server_hostname='dns.test') as c:
            c.sendall(spoil(rng, data) if rng.random() < 0.7 else data)
            c.settimeout(0.2)
            c.recv(65536)
            if rng.random() < 0.3:
                abort(raw)
    time.sleep(0.05)


def scraper(soak, rng):
    for name, path in ('METRICS', '/metrics'), ('READY', '/ready'), ('HEALTH', '/health'):
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f'http://127.0.0.1:{soak.ports[name]}{path}', timeout=3).read()
        with contextlib.suppress(OSError), connected(soak.ports[name]) as c:
            c.sendall(spoil(rng, f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n'.encode()))
            if rng.random() < 0.3:
                abort(c)
    time.sleep(0.2)


def transfers(soak, rng):
    """Whole transfers have to be whole; some are broken off."""
    zone = rng.choice(['z.test', 'one.a.test', 'cluster.local'])
    if rng.random() < 0.4:
        with contextlib.suppress(OSError), connected(soak.ports['PORT']) as c:
            c.sendall(framed(dns.message.make_query(zone, 'AXFR').to_wire()) * rng.choice([1, 4]))
            c.recv(rng.randrange(1, 30000))
            if rng.random() < 0.5:
                abort(c)
        return
    key = {'keyring': KEYS, 'keyname': 'key.test.', 'keyalgorithm': dns.tsig.HMAC_SHA256} if zone == 'z.test' else {}
    try:
        records = [rr for m in dns.query.xfr('127.0.0.1', zone, port=soak.ports['PORT'], lifetime=20, **key) for rr in m.answer]
        if zone == 'z.test' and len(records) < 2000:
            soak.wrong(f'a transfer of {len(records)} records')
        soak.count('transfers')
    except (OSError, EOFError, dns.exception.DNSException) as e:
        soak.count(f'transfer of {zone}: {type(e).__name__}')
    time.sleep(0.2)


def idlers(soak, rng):
    """Connections that say nothing, or half of something, for a while."""
    kept = []
    for name in ('PORT', 'DOT', 'DOH', 'METRICS'):
        for _ in range(5):
            with contextlib.suppress(OSError):
                c = socket.create_connection(('127.0.0.1', soak.ports[name]), timeout=2)
                kept.append(c)
                c.sendall(rng.choice([b'', b'\0', b'\0\x20ab', b'\x16\x03', b'GET /']))
    time.sleep(rng.choice([0.2, 1, 3]))
    for c in kept:
        c.close()


WELL = [known_answers, good_udp, scraper, transfers]
ILL = [hostile_udp, hostile_tcp, hostile_tls, hostile_http, idlers]
