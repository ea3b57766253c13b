"""HTTP/2 by hand (RFC 9113), for clients that do what no library lets them do: frames in and out, over a socket that is plain or TLS."""
import socket, struct

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
KNOWN = {0x88: 200, 0x8c: 400, 0x8d: 404, 0x8e: 500}
DIGITS = {'00000': '0', '00001': '1', '00010': '2', '011001': '3', '011010': '4', '011011': '5', '011100': '6', '011101': '7', '011110': '8', '011111': '9'}


def frame(kind, flags, stream, payload=b''):
    return struct.pack('>I', len(payload))[1:] + struct.pack('>BBI', kind, flags, stream) + payload


def length(n):
    """An integer of HPACK with a prefix of 7 bits, as lengths of strings have them."""
    if n < 127:
        return bytes([n])
    out, n = b'\x7f', n - 127
    while n >= 128:
        out, n = out + bytes([n % 128 | 128]), n >> 7
    return out + bytes([n])


def block(fields):
    """A field block of literals (RFC 7541, 6.2.2)."""
    return b''.join(b'\0' + b''.join(length(len(t)) + t.encode() for t in pair) for pair in fields)


def status_of(fields):
    """The status, which is the first field: indexed, or a literal of digits."""
    if fields[0] in KNOWN:
        return KNOWN[fields[0]]
    size, text = fields[1] & 0x7f, fields[2:]
    if not fields[1] & 0x80:
        return int(text[:size])
    bits, out = ''.join(f'{b:08b}' for b in text[:size]), ''
    while len(out) < 3:
        digit = next(d for d in DIGITS if bits.startswith(d))
        bits, out = bits[len(digit):], out + DIGITS[digit]
    return int(out)


class Connection:
    """A client's side. `settings`: pairs of numbers."""

    def __init__(self, sock, settings=()):
        self.sock, self.buffer, self.stream = sock, b'', 1
        self.send(PREFACE + frame(SETTINGS, 0, 0, b''.join(struct.pack('>HI', *s) for s in settings)))

    def send(self, data):
        self.sock.sendall(data)

    def request(self, method='POST', path='/dns-query', body=b'', end=True, extra=()):
        """Opens a stream, and returns its number."""
        stream, self.stream = self.stream, self.stream + 2
        fields = [(':method', method), (':scheme', 'https'), (':authority', 'x'), (':path', path), *extra]
        bare = end and not body
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if bare else 0), stream, block(fields)))
        if body:
            self.data(stream, body, end)
        return stream

    def data(self, stream, body, end=True):
        for at in range(0, len(body), 16384):
            last = at + 16384 >= len(body)
            self.send(frame(DATA, END_STREAM if end and last else 0, stream, body[at:at + 16384]))

    def ping(self):
        self.send(frame(PING, 0, 0, b'12345678'))

    def frames(self, seconds=5):
        """What comes, frame by frame: kind, flags, stream, payload. Ends when nothing comes for so long, or with the connection."""
        self.sock.settimeout(seconds)
        while True:
            while len(self.buffer) >= 9 and len(self.buffer) >= 9 + (n := int.from_bytes(self.buffer[:3], 'big')):
                kind, flags, stream = struct.unpack('>BBI', self.buffer[3:9])
                payload, self.buffer = self.buffer[9:9 + n], self.buffer[9 + n:]
                yield kind, flags, stream, payload
            try:
                more = self.sock.recv(65536)
            except (TimeoutError, socket.timeout):
                return
            except OSError:
                more = b''
            if not more:
                self.closed = True
                return
            self.buffer += more

    closed = False

    def answer(self, stream, seconds=5):
        """Statuses, body, and whether it was reset, of a stream that was asked."""
        statuses, body = [], b''
        for kind, flags, at, payload in self.frames(seconds):
            if at != stream:
                continue
            if kind == HEADERS:
                statuses.append(status_of(payload))
            elif kind == DATA:
                body += payload
            elif kind == RST_STREAM:
                return statuses, body, True
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                break
        return statuses, body, False
