"""A small API server for tests: lists and watches of any collection, as Kubernetes has them, that can misbehave on demand.

    with Api() as api:
        api.put('/api/v1/services', {'metadata': {...}})
        api.kubeconfig(folder / 'kubeconfig')

Objects are kept by namespace and name; each change gets the next resourceVersion and goes to all watches. What it was asked is
in `requests`, as (path, {parameter: value}). The attributes of Api say how it misbehaves.
"""
import gzip, http.server, json, socket, socketserver, threading, time, urllib.parse


KINDS = {'/api/v1/services': 'Service', '/api/v1/pods': 'Pod', '/api/v1/namespaces': 'Namespace',
         '/apis/discovery.k8s.io/v1/endpointslices': 'EndpointSlice'}


def typed(path, object, suffix=''):
    """An object as the API writes it, so that other clients than ours read it, too."""
    group = path.split('/')[2:-1]
    return {'kind': KINDS.get(path, 'Object') + suffix, 'apiVersion': '/'.join(group), **object}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def status(self, code, message, headers=()):
        body = json.dumps({'kind': 'Status', 'status': 'Failure', 'message': message, 'code': code}).encode()
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        api = self.server.api
        url = urllib.parse.urlsplit(self.path)
        q = dict(urllib.parse.parse_qsl(url.query))
        with api.lock:
            api.requests.append((url.path, q))
            api.connections.add(self.connection)
        try:
            if api.token and self.headers.get('Authorization') != f'Bearer {api.token}':
                return self.status(401, 'Unauthorized')
            if api.code:
                return self.status(api.code, 'as told', [('Retry-After', '1')] if api.code == 429 else ())
            if q.get('watch') == 'true':
                self.watch(api, url.path, q)
            else:
                self.list(api, url.path, q)
        except (OSError, ValueError):
            self.close_connection = True
        finally:
            with api.lock:
                api.connections.discard(self.connection)

    def list(self, api, path, q):
        with api.lock:
            keys = sorted(api.objects.get(path, {}))
            start = int(q.get('continue', '0'))
            limit = int(q.get('limit', '0')) or len(keys) or 1
            page = [api.objects[path][k] for k in keys[start:start + limit]]
            meta = {'resourceVersion': str(api.version)} if api.versions else {}
            if start + limit < len(keys):
                meta['continue'] = str(start + limit)
        body = json.dumps(typed(path, {'metadata': meta, 'items': page}, 'List')).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        if 'gzip' in self.headers.get('Accept-Encoding', ''):
            body = gzip.compress(body)
            api.compressed += 1
            self.send_header('Content-Encoding', 'gzip')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if api.cut_lists:
            api.cut_lists -= 1
            body = body[:len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def chunk(self, data):
        api = self.server.api
        if api.trickle:  # one byte after the other
            for i in range(len(data)):
                self.wfile.write(b'1\r\n' + data[i:i + 1] + b'\r\n')
            return
        self.wfile.write(b'%x\r\n%s\r\n' % (len(data), data))

    def event(self, kind, object):
        data = json.dumps({'type': kind, 'object': object}).encode() + b'\n'
        api = self.server.api
        if api.cut_events and kind != 'BOOKMARK':
            api.cut_events -= 1
            self.chunk(data[:len(data) // 2])
            raise OSError('cut')
        for _ in range(2 if api.duplicates else 1):
            self.chunk(data)

    def watch(self, api, path, q):
        first = q.get('sendInitialEvents') == 'true'
        if first and not api.streams:
            return self.status(422, 'sendInitialEvents is forbidden')
        at = int(q.get('resourceVersion') or 0)
        if not first and at < api.oldest and api.gone_as_status:
            return self.status(410, 'too old resource version')
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        if not first and at < api.oldest:
            self.event('ERROR', {'kind': 'Status', 'code': 410, 'reason': 'Expired', 'message': 'too old'})
            return self.chunk(b'')
        if first:
            with api.lock:
                at = api.version
                known = list(api.objects.get(path, {}).values())
            for o in known:
                self.event('ADDED', typed(path, o))
            self.event('BOOKMARK', typed(path, {'metadata': {
                **({'resourceVersion': str(at)} if api.versions else {}), 'annotations': {'k8s.io/initial-events-end': 'true'}}}))
            if api.ends_lists:
                return self.chunk(b'')
        epoch = api.epoch
        while api.epoch == epoch:
            with api.changed:
                new = [e for e in api.history if e[0] > at and e[1] == path] if not api.silent else []
                if not new:
                    api.changed.wait(0.1)
                    continue
            for at, _, kind, object in new:
                self.event(kind, typed(path, object))
        self.chunk(b'')


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, request, address):
        pass


class Api:
    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.objects, self.history, self.requests, self.connections = {}, [], [], set()
        self.version, self.oldest, self.epoch = 1, 0, 0
        self.streams = True          # lists as streams of events
        self.gone_as_status = False  # 410 as the answer's status; else as an event
        self.versions = True         # lists have a resourceVersion
        self.ends_lists = False      # a streamed list is followed by nothing
        self.cut_lists = 0           # so many lists end in their middle
        self.cut_events = 0          # so many watches end in the middle of an event
        self.duplicates = False      # each event twice
        self.silent = False          # nothing is said on watches
        self.trickle = False         # byte by byte
        self.code = 0                # of every answer
        self.token = None            # that has to be shown
        self.compressed = 0
        self.server = None
        self.port = 0

    def start(self):
        self.server = Server(('127.0.0.1', self.port), Handler)
        self.server.api = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    __enter__ = start

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        """As if the process had been killed: every connection with it."""
        self.server.shutdown()
        self.server.server_close()
        self.end_watches()
        self.cut()

    def cut(self):
        with self.lock:
            for c in self.connections:
                try:
                    c.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def end_watches(self):
        """In order, as the server does after some minutes."""
        with self.changed:
            self.epoch += 1
            self.changed.notify_all()

    def change(self, path, kind, object):
        with self.changed:
            self.version += 1
            meta = object['metadata']
            key = (meta.get('namespace', ''), meta['name'])
            meta['resourceVersion'] = str(self.version)
            known = self.objects.setdefault(path, {})
            if kind == 'DELETED':
                known.pop(key, None)
            else:
                known[key] = object
            self.history.append((self.version, path, kind, object))
            self.changed.notify_all()

    def put(self, path, object):
        known = self.objects.get(path, {})
        meta = object['metadata']
        kind = 'MODIFIED' if (meta.get('namespace', ''), meta['name']) in known else 'ADDED'
        self.change(path, kind, object)

    def delete(self, path, object):
        self.change(path, 'DELETED', object)

    def forget(self):
        """Compaction: no watch can go on from where it stood."""
        with self.lock:
            self.history.clear()
            self.version += 1
            self.oldest = self.version

    def asked(self, path, **parameters):
        with self.lock:
            return [q for p, q in self.requests if p == path and all(q.get(k) == v for k, v in parameters.items())]

    def wait_asked(self, path, count=1, seconds=10, **parameters):
        end = time.time() + seconds
        while time.time() < end:
            if len(self.asked(path, **parameters)) >= count:
                return
            time.sleep(0.02)
        raise AssertionError(f'{path} {parameters} was asked for {len(self.asked(path, **parameters))} times')

    def kubeconfig(self, path, user='{}'):
        path.write_text(f'''apiVersion: v1
kind: Config
current-context: test
clusters:
- name: c
  cluster: {{server: "http://127.0.0.1:{self.port}"}}
users:
- name: u
  user: {user}
contexts:
- name: test
  context: {{cluster: c, user: u}}
''')
