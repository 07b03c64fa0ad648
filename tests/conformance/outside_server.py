"""The web server that targets with `needs/httptester` ask: what httpbin answers, under the names and with the certificates that the
reference's harness has for it. It is given the folder of its certificates."""

import base64
import gzip
import hashlib
import http.server
import json
import re
import ssl
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

FOLDER = Path(sys.argv[1])
REALM = "me@kennethreitz.com"
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c0"
PUBLIC = ("cacert.pem", "ca2cert.pem", "client.pem", "client.key")


class Handler(http.server.BaseHTTPRequestHandler):
    """One request; paths are methods by their first part."""

    protocol_version = "HTTP/1.1"
    scheme = "http"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        url = urlsplit(self.path)
        self.query = url.query
        self.args = {key: values[0] if len(values) == 1 else values for key, values in parse_qs(url.query).items()}
        host = (self.headers.get("Host") or "").split(":")[0]
        self.url = f"{self.scheme}://{self.headers.get('Host')}{self.path}"
        self.host = host
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if host.startswith("fail.") and self.scheme == "http":
            return self.send(301, headers={"Location": f"https://{host}/"})
        if parts == [""]:
            return self.page()
        if parts[0] in PUBLIC:
            return self.send(200, (FOLDER / parts[0]).read_bytes(), {"Content-Type": "application/x-pem-file"})
        if host == "ppa.launchpad.net":
            return self.send(403, b"Forbidden")
        if host == "ci-files.testing.ansible.com" and (FOLDER / parts[-1]).suffix in (".gz", ".deb"):
            return self.send(200, (FOLDER / parts[-1]).read_bytes(), {"Content-Type": "application/octet-stream"})
        do = getattr(self, "on_" + parts[0].replace("-", "_"), None)
        if do is None:
            return self.send(404, b"Not Found")
        methods = {"post": ["POST"], "put": ["PUT"], "get": ["GET", "HEAD"]}.get(parts[0])
        known = methods or ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]
        if self.command == "OPTIONS":
            return self.send(200, headers={"Allow": ", ".join([*known, "OPTIONS"])})
        if self.command not in known:
            return self.send(405, b"Method Not Allowed", {"Allow": ", ".join(known)})
        return do(*parts[1:])

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_UNKNOWN = answer

    def send(self, code, body=b"", headers=None):
        reason = http.HTTPStatus(code).phrase.upper()
        self.send_response(code, reason)
        headers = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "text/html; charset=utf-8"))
        for name, value in headers:
            self.send_header(name, value)
        if code not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and code not in (204, 304):
            self.wfile.write(body)

    def json(self, value, headers=None, code=200):
        body = (json.dumps(value, indent=2) + "\n").encode()
        self.send(code, body, {"Content-Type": "application/json", **(headers or {})})

    def page(self):
        if self.command == "OPTIONS":
            return self.send(200, headers={"Allow": "GET, HEAD, OPTIONS"})
        return self.send(200, f"<html><body>{self.host}</body></html>".encode())

    def seen(self):
        return {"args": self.args, "headers": dict(self.headers.items()), "origin": self.client_address[0], "url": self.url}

    def sent(self):
        """What came with the request, as text, form, files and JSON."""
        kind = self.headers.get("Content-Type") or ""
        data, form, files, value = "", {}, {}, None
        if kind.startswith("application/x-www-form-urlencoded"):
            for key, item in parse_qsl(self.body.decode(), keep_blank_values=True):
                form[key] = item if key not in form else [*([form[key]] if isinstance(form[key], str) else form[key]), item]
        elif kind.startswith("multipart/form-data"):
            boundary = re.search(r'boundary="?([^";]+)', kind).group(1).encode()
            for part in self.body.split(b"--" + boundary)[1:-1]:
                head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
                name = re.search(rb'[; ]name="([^"]*)"', head.replace(b"\r\n", b"")).group(1).decode()
                to = files if b"filename=" in head else form
                to[name] = content.removesuffix(b"\r\n").decode()
        else:
            data = self.body.decode(errors="replace")
            try:
                value = json.loads(data)
            except ValueError:
                value = None
        return {"data": data, "files": files, "form": form, "json": value}

    def on_get(self):
        self.json(self.seen())

    def on_post(self):
        self.json({**self.seen(), **self.sent()})

    on_put = on_post

    def on_anything(self, *_):
        self.json({**self.seen(), **self.sent(), "method": self.command})

    def on_headers(self):
        self.json({"headers": dict(self.headers.items())})

    def on_status(self, code):
        self.send(int(code))

    def on_redirect(self, count):
        to = "/get" if int(count) == 1 else f"/relative-redirect/{int(count) - 1}"
        self.send(302, headers={"Location": to})

    on_relative_redirect = on_redirect

    def on_redirect_to(self):
        self.send(int(self.args.get("status_code", 302)), headers={"Location": self.args["url"]})

    def login(self):
        kind, _, rest = (self.headers.get("Authorization") or "").partition(" ")
        if kind.lower() != "basic":
            return None
        return tuple(base64.b64decode(rest).decode().split(":", 1))

    def on_basic_auth(self, user, password):
        if self.login() == (user, password):
            return self.json({"authenticated": True, "user": user})
        return self.send(401, headers={"WWW-Authenticate": 'Basic realm="Fake Realm"'})

    def on_hidden_basic_auth(self, user, password):
        if self.login() == (user, password):
            return self.json({"authenticated": True, "user": user})
        return self.json({"authenticated": False}, code=404)

    def on_digest_auth(self, qop, user, password):
        kind, _, rest = (self.headers.get("Authorization") or "").partition(" ")
        said = {key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', rest)}

        def md5(*words):
            return hashlib.md5(":".join(words).encode()).hexdigest()

        if kind.lower() == "digest" and said.get("nonce") == NONCE:
            one, two = md5(user, REALM, password), md5(self.command, said.get("uri", ""))
            wanted = md5(one, NONCE, said.get("nc", ""), said.get("cnonce", ""), said.get("qop", ""), two)
            if said.get("response") == wanted and said.get("username") == user:
                return self.json({"authenticated": True, "user": user})
        return self.send(401, headers={"WWW-Authenticate": f'Digest realm="{REALM}", nonce="{NONCE}", qop="{qop}", opaque="0", algorithm=MD5, stale=FALSE'})

    def on_bearer(self):
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        if kind == "Bearer":
            return self.json({"authenticated": True, "token": token})
        return self.send(401, headers={"WWW-Authenticate": "Bearer"})

    def on_response_headers(self):
        pairs = parse_qsl(self.query)
        body = (json.dumps(dict(pairs), indent=2) + "\n").encode()
        kind = [] if any(name.lower() == "content-type" for name, _ in pairs) else [("Content-Type", "application/json")]
        self.send(200, body, kind + pairs)

    def on_gzip(self):
        body = gzip.compress(json.dumps({"gzipped": True, "method": self.command, **self.seen()}).encode())
        self.send(200, body, {"Content-Type": "application/json", "Content-Encoding": "gzip"})

    def on_cache(self):
        if self.headers.get("If-Modified-Since") or self.headers.get("If-None-Match"):
            return self.send(304)
        return self.json(self.seen(), {"Last-Modified": "Mon, 23 Nov 2020 00:00:00 GMT", "ETag": "0123"})

    def on_base64(self, text):
        self.send(200, base64.urlsafe_b64decode(text))

    def on_ssl_client_verify(self):
        certificate = self.connection.getpeercert() if self.scheme == "https" else None
        self.send(200, f"ansible.http.tests:{'SUCCESS' if certificate else 'NONE'}".encode(), {"Content-Type": "text/plain"})


class Secure(Handler):
    """The same by TLS."""

    scheme = "https"


def serve(port, handler, certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(FOLDER / f"{certificate}.pem", FOLDER / f"{certificate}.key")
        context.load_verify_locations(FOLDER / "cacert.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        # A client that shakes hands badly must not stop the others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()


serve(80, Handler)
serve(443, Secure, "server")
serve(444, Secure, "other")
(FOLDER / "ready").touch()
