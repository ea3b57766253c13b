"""Clients of a server under trial, each a process of its own: what became of every query, and when.

A probe sends on a schedule, whether answers come or not, so that a server that stands still for a while is seen by all the queries that
it kept waiting, and not by one.
"""
import multiprocessing, os, select, signal, socket, ssl, struct, time

import dns.message


def query(name, number=0):
    q = dns.message.make_query(name, 'A')
    q.id = number
    return q.to_wire()


def at(times, share):
    """A percentile, in milliseconds."""
    times = sorted(times)
    return times[min(int(len(times) * share), len(times) - 1)] * 1000 if times else float('nan')


class Outcome:
    """What a probe saw: when each query left (time.monotonic()), and how long its answer took (None: none came);
    how many connections were closed; when a datagram was first refused."""

    def __init__(self, rows, closed, refused):
        self.rows, self.closed, self.refused = rows, closed, refused
        self.times = [t for _, t in rows if t is not None]

    @property
    def lost(self):
        return len(self.rows) - len(self.times)

    def gap(self):
        """The longest time between two answers, in ms."""
        arrived = sorted(s + t for s, t in self.rows if t is not None)
        return max((b - a for a, b in zip(arrived, arrived[1:])), default=float('nan')) * 1000

    def __str__(self):
        return (f'{len(self.rows)} sent, {self.lost} lost; p50 {at(self.times, .5):.2f} p99 {at(self.times, .99):.2f} '
                f'p99.9 {at(self.times, .999):.2f} max {at(self.times, 1):.1f} ms')


class Probe:
    """`kind`: udp; tcp and tls keep a connection and open another when it is closed; fresh opens a TCP connection for each query."""

    def __init__(self, port, name='fine.', kind='udp', rate=200, patience=5, context=None):
        self.port, self.name, self.kind, self.rate, self.patience, self.context = port, name, kind, rate, patience, context
        self.ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context('fork').Process(target=self._main, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def end(self):
        """Sends no more, waits for what is on its way: the Outcome."""
        self.ours.send(None)
        out = Outcome(*self.ours.recv())
        self.process.join()
        return out

    # The process.
    def _main(self, pipe):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.pipe, self.sent, self.rows, self.closed, self.refused = pipe, {}, [], 0, None
        # Its parent's connections are not its own.
        os.closerange(3, pipe.fileno())
        os.closerange(pipe.fileno() + 1, os.sysconf('SC_OPEN_MAX'))
        if self.kind == 'fresh':
            self._fresh()
        else:
            self._scheduled()
        self.rows += [(t, None) for t in self.sent.values()]
        pipe.send((self.rows, self.closed, self.refused))
        os._exit(0)

    def _connect(self):
        if self.kind == 'udp':
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            s.connect(('127.0.0.1', self.port))
        else:
            s = socket.create_connection(('127.0.0.1', self.port), timeout=self.patience)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.kind == 'tls':
                s = self.context.wrap_socket(s, server_hostname='dns.test')
        s.setblocking(False)
        self.buffer = b''
        return s

    def _connected(self, end=None):
        while end is None or time.monotonic() < end:
            try:
                return self._connect()
            except OSError:
                if end is None and self.pipe.poll():
                    return None
                time.sleep(0.002)

    def _scheduled(self):
        wire, number, begin, end = bytearray(query(self.name)), 0, time.monotonic(), None
        s = self._connected()
        while s and not (end and (not self.sent or time.monotonic() > end)):
            if end is None and self.pipe.poll():
                end = time.monotonic() + self.patience
            while end is None and time.monotonic() >= begin + number / self.rate:
                wire[0:2] = (number & 0xffff).to_bytes(2, 'big')
                self.sent[number & 0xffff] = time.monotonic()
                number += 1
                try:
                    s.send(wire if self.kind == 'udp' else struct.pack('>H', len(wire)) + wire)
                except OSError:
                    s = self._again(s)
                if not s:
                    return
            try:
                if not (self.kind == 'tls' and s.pending()):
                    select.select([s], [], [], 0.001)
                self._receive(s)
            except (BlockingIOError, ssl.SSLWantReadError):
                pass
            except OSError:
                s = self._again(s)

    def _again(self, s):
        """The connection is gone, and what was asked by it."""
        if self.kind == 'udp':
            self.refused = self.refused or time.monotonic()
            return s
        self.closed += 1
        self.rows += [(t, None) for t in self.sent.values()]
        self.sent = {}
        s.close()
        return self._connected()

    def _receive(self, s):
        if self.kind == 'udp':
            while True:
                self._note(s.recv(4096))
        while True:
            more = s.recv(65536)
            if not more:
                raise ConnectionResetError
            self.buffer += more
            while len(self.buffer) >= 2 and len(self.buffer) >= 2 + (n := int.from_bytes(self.buffer[:2], 'big')):
                self._note(self.buffer[2:2 + n])
                self.buffer = self.buffer[2 + n:]

    def _note(self, wire):
        began = self.sent.pop(int.from_bytes(wire[:2], 'big'), None)
        if began:
            self.rows.append((began, time.monotonic() - began if not wire[3] & 15 else None))

    def _fresh(self):
        wire = query(self.name)
        while not self.pipe.poll():
            began = time.monotonic()
            try:
                with socket.create_connection(('127.0.0.1', self.port), timeout=self.patience) as s:
                    s.sendall(struct.pack('>H', len(wire)) + wire)
                    ok = len(s.recv(4096)) > 2
            except OSError:
                ok = False
            self.rows.append((began, time.monotonic() - began if ok else None))
            time.sleep(max(0, began + 1 / self.rate - time.monotonic()))
