#!/usr/bin/env python3
"""What a server block costs, and a small zone: figures, not verdicts.

    blocks.py [file] [full] [import] [auto] [N...]      default: all of them, with 10, 1000 and 10000

file        N blocks, each with one zone of 12 records by `file`
full        N blocks with `errors`, `log`, `prometheus`, `cache` and `forward`, as users have them
import      the same, each by a snippet
auto        one block, and N zones in a directory

A row: memory of the serving process that is its own (private pages), what each block has added since the row before, seconds until
it serves, the same of a reload, and CPU of a query, over random zones (names of a zone, or what `cache` has). SODNS_BUILD names the
build (default build/release).
"""
import pathlib, random, re, signal, subprocess, sys, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'e2e'))
import harness
from harness import Server

ZONE = '''$TTL 3600
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
@ NS ns2
@ MX 10 mail
@ A 192.0.2.1
@ TXT "v=spf1 mx -all"
ns1 A 192.0.2.2
ns2 A 192.0.2.3
mail A 192.0.2.4
www CNAME @
ftp A 192.0.2.5
ftp AAAA 2001:db8::5
'''
QUERIES = 50000


def corefile(kind, n, ports):
    full = f'''errors
	log . {{
		class error
	}}
	prometheus 127.0.0.1:{ports[0]}
	cache 3600
	forward . 127.0.0.1:{ports[1]}'''
    if kind == 'auto':
        return '.:{PORT} {\n\tauto {\n\t\tdirectory zones\n\t}\n}\n'
    body = {'file': 'file zones/db.z%d.test', 'full': full, 'import': 'import all'}[kind]
    text = f'(all) {{\n\t{full}\n}}\n' if kind == 'import' else ''
    return text + ''.join('z%d.test:{PORT} {\n\t%s\n}\n' % (i, body % i if kind == 'file' else body) for i in range(n))


def memory(server):
    text = pathlib.Path(f'/proc/{server.serving_pid()}/smaps_rollup').read_text()
    return sum(int(v) for v in re.findall(r'^Private_(?:Clean|Dirty):\s+(\d+)', text, re.M)) * 1024


def cpu(server):
    """Nanoseconds that the workers have run."""
    total = 0
    for task in pathlib.Path(f'/proc/{server.serving_pid()}/task').iterdir():
        total += int((task / 'schedstat').read_text().split()[0])
    return total


def load(server, name, rounds=2):
    """Queries in a random order, one hundred under way at most."""
    queries = server.folder / 'queries'
    queries.write_text(''.join(f'{name % i} A\n' for i in random.choices(range(server.zones), k=QUERIES)))
    before = cpu(server)
    out = subprocess.run(['dnsperf', '-s', '127.0.0.1', '-p', str(server.port), '-d', str(queries), '-n', str(rounds), '-q', '100'],
                         capture_output=True, text=True).stdout
    done = int(re.search(r'Queries completed:\s+(\d+)', out)[1])
    answered = int((re.search(r'NOERROR (\d+)', out) or [0, 0])[1])
    if answered < done:
        print('    only', answered, 'of', done, 'were answered', flush=True)
    return (cpu(server) - before) / done / 1000


def upstream(port):
    """A server that has every name, which `forward` asks."""
    s = Server(None)
    s.port = port
    s.write_corefile('.:{PORT} {\n\ttemplate IN ANY {\n\t\tanswer "{{ .Name }} 3600 IN A 192.0.2.1"\n\t}\n}\n')
    return s


def row(kind, n, ports, before):
    server = Server(corefile(kind, n, ports))
    server.zones = n
    (server.folder / 'zones').mkdir()
    if kind in ('file', 'auto'):
        for i in range(n):
            (server.folder / 'zones' / f'db.z{i}.test').write_text(ZONE)
    began = time.time()
    with server:
        took = time.time() - began
        time.sleep(1)
        bytes_now = memory(server)
        each = (bytes_now - before[1]) / (n - before[0]) if before else 0
        began = time.time()
        server.signal(signal.SIGUSR1)
        server.wait_for(r'^\[INFO\] Reloading complete$', 300)
        again = time.time() - began
        time.sleep(1)
        after = memory(server)
        name = 'z%d.test' if kind in ('full', 'import') else 'ftp.z%d.test'
        load(server, name)
        print(f'  {kind:6} {n:6}: {bytes_now / 1e6:7.1f} MB {each / 1000:6.1f} KB each, up after {took:5.2f} s, reloaded {again:5.2f} s '
              f'({after / 1e6:.1f} MB), {load(server, name):5.2f} us a query', flush=True)
    return n, bytes_now


def main(words):
    counts = [int(w) for w in words if w.isdigit()] or [10, 1000, 10000]
    kinds = [w for w in words if not w.isdigit()] or ['file', 'full', 'import', 'auto']
    ports = harness.free_port(), harness.free_port()
    with upstream(ports[1]):
        for kind in kinds:
            before = None
            for n in counts:
                before = row(kind, n, ports, before)


if __name__ == '__main__':
    main(sys.argv[1:])
