"""send.py PORT SOURCE [tcp] PIECE...: sends each piece from one socket and prints the rcode of the answer, if any.
A piece is joined by + of q (a query), s (a pause of 0.9 s), v1, and v2 headers KIND:CLIENT:COMMAND:TLVBYTES."""
import ipaddress, socket, struct, sys, time

port, source, args = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
q = struct.pack('!6H', 77, 0x100, 1, 0, 0, 0) + b'\3www\4test\0\0\1\0\1'
tcp = args[0] == 'tcp'
args = args[tcp:]


def header(text):
    kind, client, command, tlv = (text.split('/') + ['', '21', '0'])[:4] if '/' in text else (text, '192.0.2.66', '21', '0')
    ip = ipaddress.ip_address(client or '192.0.2.66')
    other = ipaddress.ip_address('192.0.2.1' if ip.version == 4 else '2001:db8::1')
    block = ip.packed + other.packed + struct.pack('!2H', 4321, 53) + bytes(int(tlv))
    return b'\r\n\r\n\0\r\nQUIT\n' + bytes.fromhex(command + kind) + struct.pack('!H', len(block)) + block


def piece(word):
    if word == 'q':
        return struct.pack('!H', len(q)) + q if tcp else q
    if word == 'v1':
        return b'PROXY TCP4 192.0.2.66 192.0.2.1 4321 53\r\n'
    if word == 'unknown':
        return b'PROXY UNKNOWN\r\n'
    if word == 'bad':
        return b'PROXY TCP5 192.0.2.66 192.0.2.1 4321 53\r\n'
    if word == 'local':
        return b'\r\n\r\n\0\r\nQUIT\n\x20\0\0\0'
    return header(word)


family = socket.AF_INET6 if ':' in source else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM)
s.bind((source, 0))
s.settimeout(0.5)
s.connect(('::1' if ':' in source else '127.0.0.1', port))
for arg in args:
    if arg == 's':
        time.sleep(0.9)
        continue
    try:
        s.sendall(b''.join(piece(w) for w in arg.split('+')))
        r = s.recv(4096)[2 * tcp:]
        print('rcode', r[3] & 15, 'answers', r[7]) if r else print('closed')
    except socket.timeout:
        print('nothing')
    except OSError:
        print('closed')
