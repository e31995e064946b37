# SPDX-License-Identifier: LGPL-2.1-or-later
"""A model hub on the loopback: lists repositories, and sends large files through a second server on another port. Faults are ordered."""

import hashlib
import http.server
import json
import socketserver
import threading
import urllib.parse


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def blobId(content):
    return hashlib.sha1(b'blob %d\0' % len(content) + content).hexdigest()


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def __init__(self, hub, context=None):
        super().__init__(('127.0.0.1', 0), Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.hub, self.address = hub, f'http{"s" if context else ""}://127.0.0.1:{self.server_port}'
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_):
        pass  # clients that go away


class Hub:
    """`repositories`: by name (commit, files by name); files ending in .bin or .safetensors are large. `requests`: (path, headers).
    `context`: of TLS, for the first server."""

    def __init__(self, context=None):
        self.repositories, self.requests, self.faults = {}, [], []
        self.front, self.store = Server(self, context), Server(self)

    def close(self):
        for server in (self.front, self.store):
            server.shutdown()
            server.server_close()

    def order(self, part, fault, times=1):
        """Lets fault(handler, content) answer the next requests whose address contains `part`; content: None, or what is asked for."""
        self.faults += [(part, fault)] * times

    def take(self, path):
        for entry in self.faults:
            if entry[0] in path:
                self.faults.remove(entry)
                return entry[1]
        return None

    def paths(self, part):
        return [path for path, _ in self.requests if part in path]


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        hub = self.server.hub
        path = urllib.parse.urlsplit(self.path).path  # a proxy's requests have whole addresses
        hub.requests.append((self.path, self.headers))
        kind, *parts = path.strip('/').split('/')
        content = None
        if kind == 'store':
            content = next(content for _, files in hub.repositories.values() for content in files.values() if sha256(content) == parts[0])
        elif kind != 'api' and len(parts) == 4 and parts[1] == 'resolve':
            content = hub.repositories[f'{kind}/{parts[0]}'][1][urllib.parse.unquote(parts[3])]
        if fault := hub.take(self.path):
            return fault(self, content)
        if kind == 'api':
            return self.list('/'.join(parts[1:3]), parts[4])
        if kind == 'store' or not parts[3].endswith(('.bin', '.safetensors')):
            return self.send(content)
        return self.answer(302, {'Location': f'{hub.store.address}/store/{sha256(content)}?signed=yes'})

    def answer(self, status, headers, body=b''):
        self.send_response(status)
        for name, value in {'Content-Length': str(len(body)), **headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def list(self, repository, revision, change=lambda listing: listing):
        if repository not in self.server.hub.repositories:
            return self.answer(401, {'X-Error-Code': 'RepoNotFound'}, b'{"error": "Repository not found"}')
        commit, files = self.server.hub.repositories[repository]
        if revision not in ('main', commit):
            return self.answer(404, {'X-Error-Code': 'RevisionNotFound'})
        siblings = []
        for name, content in files.items():
            siblings.append({'rfilename': name, 'size': len(content), 'blobId': blobId(content)})
            if name.endswith(('.bin', '.safetensors')):
                siblings[-1] |= {'blobId': blobId(b'a pointer'),
                                 'lfs': {'sha256': sha256(content), 'size': len(content), 'pointerSize': 134}}
        body = json.dumps(change({'id': repository, 'sha': commit, 'siblings': siblings})).encode()
        return self.answer(200, {'Content-Type': 'application/json; charset=utf-8'}, body)

    def send(self, content, limit=None):
        """As asked with Range; the connection ends after `limit` bytes."""
        start = int(self.headers.get('Range', 'bytes=0-')[6:-1])
        headers = {'Content-Type': 'application/octet-stream', 'ETag': '"of-the-store"', 'Content-Length': str(len(content) - start)}
        if start:
            headers['Content-Range'] = f'bytes {start}-{len(content) - 1}/{len(content)}'
        self.answer(206 if start else 200, headers, content[start:][:limit])
        self.close_connection = True


def status(code, headers=(), body=b''):
    return lambda handler, _: handler.answer(code, dict(headers), body)


def cut(limit):
    return lambda handler, content: handler.send(content, limit)


def listing(change):
    """A listing with `change` made to it."""
    def fault(handler, _):
        _, _, owner, name, _, revision = urllib.parse.urlsplit(handler.path).path.strip('/').split('/')
        handler.list(f'{owner}/{name}', revision, change)
    return fault
