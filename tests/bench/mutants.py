"""A whole server beside an upstream that lies: records of many types with wrong bytes, through file, cache, rewrite, dns64, template and
forward together.

usage: mutants.py [ANSWERS [SEED]]      default: 1000000 answers, seed 1

SODNS_BUILD names the build; one under AddressSanitizer (build/asan) tells of what would else go unseen. The exit status is 0 only if
the server is the same process at the end and its sanitizer is silent.
"""
import os, pathlib, re, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault('SODNS_BUILD', str(ROOT / 'build/asan'))
sys.path.insert(0, str(ROOT / 'tests/e2e'))
from harness import Server, free_port

COREFILE = '''.:{PORT} {
    bind 127.0.0.1
    cache 30
    rewrite continue {
        name suffix v6.test test answer auto
    }
    rewrite cname suffix a.test b.test
    dns64
    template ANY ANY tmpl.test {
        answer "{{ .Name }} 60 IN CNAME x.test."
    }
    file zone example
    forward . 127.0.0.1:UPSTREAM {
        max_fails 0
        read_timeout 200ms
    }
}
'''
ZONE = '''$ORIGIN example.
@ 60 SOA ns root 1 2 3 4 5
*.alias 60 CNAME out.test.
'''


def main():
    answers, seed = (sys.argv[1:] + ['1000000', '1'][len(sys.argv) - 1:])[:2]
    upstream = free_port()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / 'mutants'
        subprocess.run(['gcc', '-O2', '-D_GNU_SOURCE', '-o', program, ROOT / 'tests/bench/mutants.c'], check=True)
        with Server(COREFILE.replace('UPSTREAM', str(upstream)), files={'zone': ZONE}) as s:
            pid, began = s.serving_pid(), time.time()
            r = subprocess.run([program, str(s.port), str(upstream), answers, seed], capture_output=True, text=True)
            same = s.serving_pid() == pid and 'crashed' not in s.out()
            err = s.err()
            print(f'{r.stdout.strip()}, {time.time() - began:.0f} s, {"the same process" if same else "CRASHED"}, RSS {s.rss_kib() // 1024} MiB')
    bad = re.findall(r'.*(?:Sanitizer|runtime error).*', err)
    print('\n'.join(bad[:5]), end='\n' if bad else '')
    sys.exit(r.returncode or not same or bool(bad))


main()
