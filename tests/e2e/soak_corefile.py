"""The Corefiles of the soak: a server with most of the plugins, each time in another variation; and what is no Corefile."""
import base64, random

SECRET = base64.b64encode(bytes(range(32))).decode()

# Each: lines that stand in the Corefile in one variation and not in the next, or in another form.
VARIANTS = {
    'LOG': ['log', 'log . "{combined} {/view/name}"', 'log x.test {\n  class error\n }', ''],
    'CACHE': ['cache', 'cache 5 {\n  prefetch 2 10s\n  serve_stale 1m verify\n }', 'cache 30 {\n  success 2000\n  serve_stale\n  servfail 1s\n }', ''],
    'POLICY': ['policy random', 'policy round_robin', 'policy sequential\n  failover SERVFAIL'],
    'BALANCE': ['loadbalance', 'loadbalance weighted weights {\n  reload 1s\n }', ''],
    'ACL': ['acl {\n  filter type HINFO\n  block net 192.0.2.0/24\n }', 'acl {\n  drop type NAPTR\n }', ''],
    'REWRITE': ['rewrite name suffix .old.test .z.test answer auto', 'rewrite stop type HINFO A\n rewrite edns0 local set 0xffee {client_ip} revert',
                'rewrite ttl regex .* 5-60'],
    'SMALL': ['minimal', 'bufsize 1000', 'header {\n  response set ra\n }', 'cancel 3s', 'multisocket 2', ''],
    'LISTENERS': ['tls', 'https', 'both', 'none'],
    'UPGRADE': ['upgrade', 'upgrade', 'whoami'],
    'TIMEOUTS': ['timeouts {\n  read 1s\n  idle 2s\n }', 'timeouts {\n  maxtcpqueries 50\n }', ''],
}

MAIN = '''
z.test:{PORT} old.test:{PORT} {
 bind 127.0.0.1
 reload 2s 0
 metadata
 ready 127.0.0.1:{READY}
 health 127.0.0.1:{HEALTH}
 prometheus 127.0.0.1:{METRICS}
 errors
 LOG
 SMALL
 TIMEOUTS
 BALANCE
 tsig {
  secret key.test. {SECRET}
  require IXFR
 }
 REWRITE
 ACL
 CACHE
 transfer {
  to * 127.0.0.1:{LIAR}
 }
 file zone z.test {
  reload 1s
 }
}
a.test:{PORT} {
 bind 127.0.0.1
 prometheus 127.0.0.1:{METRICS}
 nsid soak
 any
 chaos
 transfer {
  to *
 }
 auto {
  directory zones
  reload 1s
 }
}
t.test:{PORT} {
 bind 127.0.0.1
 prometheus 127.0.0.1:{METRICS}
 metadata
 LOG
 CACHE
 template IN A {
  match ^(?P<a>[0-9]+)[.]t[.]test[.]$
  var n "int(group('a')) % 250"
  answer "{{ .Name }} 5 IN A 192.0.2.{{ .Var.n }}"
  fallthrough
 }
 template IN CNAME {
  answer "{{ .Name }} 5 IN CNAME www.z.test."
 }
 template ANY ANY {
  rcode NXDOMAIN
  ederror 17 "{{ .Remote }} asks for {{ .Type }}"
 }
}
v.test:{PORT} {
 bind 127.0.0.1
 view even {
  expr "int(port()) % 2 == 0 and name() matches '^[a-m]'"
 }
 metadata
 LOG
 erratic {
  drop 0
  delay 7 20ms
  truncate 5
 }
}
v.test:{PORT} {
 bind 127.0.0.1
 UPGRADE
}
u.test:{PORT} {
 bind 127.0.0.1
 proxyproto {
  allow 127.0.0.0/8
  default ignore
  udp_session_tracking 5s 500
 }
 UPGRADE
}
cluster.local:{PORT} {
 bind 127.0.0.1
 prometheus 127.0.0.1:{METRICS}
 autopath @kubernetes
 CACHE
 transfer {
  to *
 }
 kubernetes cluster.local {
  kubeconfig kubeconfig
  pods verified
  startup_timeout 2s
 }
 forward . 127.0.0.1:{UPSTREAM}
}
.:{PORT} {
 bind 127.0.0.1
 prometheus 127.0.0.1:{METRICS}
 errors
 local
 loop
 shed
 dns64 {
  allow_ipv4
 }
 CACHE
 hosts hostsfile {
  192.0.2.9 inline.test
  reload 1s
  fallthrough
 }
 forward bad.test 127.0.0.1:{LIAR} {
  health_check 0.5s
 }
 forward tcp.test 127.0.0.1:{UPSTREAM} {
  force_tcp
  expire 1s
 }
 forward secure.test tls://127.0.0.1:{UPSTREAM_TLS} {
  tls ca.pem
  tls_servername dns.test
  expire 2s
 }
 forward . 127.0.0.1:{UPSTREAM} 127.0.0.1:{SECOND} {
  POLICY
  health_check 0.5s
  max_concurrent 200
  random_case
 }
}
'''

TLS = '''
tls://.:{DOT} {
 bind 127.0.0.1
 tls cert.pem key.pem
 prometheus 127.0.0.1:{METRICS}
 CACHE
 forward . 127.0.0.1:{UPSTREAM}
}
'''

HTTPS = '''
https://.:{DOH} {
 bind 127.0.0.1
 tls cert.pem key.pem
 https {
  max_connections 100
 }
 prometheus 127.0.0.1:{METRICS}
 CACHE
 forward . 127.0.0.1:{UPSTREAM}
}
'''

UPSTREAM = '''
.:{PORT} tls://.:{UPSTREAM_TLS} {
 bind 127.0.0.1
 tls cert.pem key.pem
 file upstream loaded.test
 template IN NS . {
  answer ". 60 IN NS ns."
 }
 template IN A {
  match ^slow
  rcode REFUSED
  fallthrough
 }
 template IN A {
  answer "{{ .Name }} 2 IN A 192.0.2.77"
 }
 template ANY ANY {
  rcode NXDOMAIN
  authority ". 3 IN SOA ns. root. 1 2 3 4 5"
 }
}
'''


def corefile(rng, ports):
    """Some Corefile of those that are good."""
    choice = {name: rng.choice(forms) for name, forms in VARIANTS.items()}
    text = MAIN
    if choice['LISTENERS'] in ('tls', 'both'):
        text += TLS
    if choice['LISTENERS'] in ('https', 'both'):
        text += HTTPS
    lines = []
    for line in text.splitlines():
        word = line.strip()
        lines.append(line.replace(word, choice[word]) if word in choice else line)
    return fill('\n'.join(lines) + '\n', ports)


def all_of_it(ports):
    """The Corefile with every listener, which the soak begins and ends with."""
    rng = random.Random(1)
    while True:
        text = corefile(rng, ports)
        if 'tls://.' in text and 'https://.' in text and 'upgrade' in text:
            return text


def fill(text, ports):
    for name, value in ports.items():
        text = text.replace('{%s}' % name, str(value))
    return text.replace('{SECRET}', SECRET)


def spoiled(rng, text):
    """Something that is refused, or may be: a line that is wrong, or bytes that are."""
    kind = rng.randrange(6)
    if kind == 0:
        return text.replace(' errors\n', ' errors here and there\n', 1)
    if kind == 1:
        return text + 'x.test:1 {\n bind 192.0.2.77\n whoami\n}\n'
    if kind == 2:
        return text.replace('file zone z.test {\n  reload 1s', 'file nowhere z.test {\n  reload 0')
    if kind == 3:
        return text[:rng.randrange(len(text) // 2, len(text) - 30)].rsplit('}', 1)[0] + '{'
    if kind == 4:
        return text + 'y.test:{PORT} {\n unknown_directive\n}\n'
    return text.replace('tls cert.pem key.pem', 'tls key.pem cert.pem') + 'w.test:53535 {\n tls key.pem cert.pem\n}\n'
