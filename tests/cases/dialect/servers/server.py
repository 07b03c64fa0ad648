"""A web server for one play: it says who asked what, refuses, points elsewhere. `server.py FOLDER` writes its port there and ends by itself."""
import base64, gzip, http.server, json, os, socketserver, ssl, sys, threading, time

FOLDER = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None):
        return "Thu, 01 Jan 2026 00:00:00 GMT"

    def version_string(self):
        return "told"

    def log_message(self, *words):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        names = [name.lower() for name, _ in headers]
        for name, value in headers:
            self.send_header(name, value)
        if "transfer-encoding" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def everything(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("latin-1")
        # As a proxy it is told whole addresses.
        path = self.path.replace("http://example.invalid", "").partition("?")[0]
        if path.startswith("/echo"):
            kept = ("authorization", "content-type", "content-length", "user-agent", "x-own", "cookie", "cache-control", "if-modified-since", "accept-encoding")
            headers = {name: value for name, value in sorted((n.lower(), v) for n, v in self.headers.items()) if name in kept}
            told = {"method": self.command, "path": self.path, "headers": headers, "body": body}
            self.answer(200, json.dumps(told).encode(), [("Content-Type", "application/json")])
        elif path.startswith("/status/"):
            self.answer(int(path[8:]), b"said", [("Content-Type", "text/plain")])
        elif path.startswith("/to/"):
            status, target = path[4:].split("/", 1)
            self.answer(int(status), b"", [("Location", "/" + target)])
        elif path == "/basic":
            login = base64.b64encode(b"bob:s e").decode()
            if self.headers.get("Authorization") == "Basic " + login:
                self.answer(200, b"in")
            else:
                self.answer(401, b"who", [("WWW-Authenticate", 'Basic realm="here"')])
        elif path == "/gzip":
            self.answer(200, gzip.compress(b"packed", mtime=0), [("Content-Encoding", "gzip"), ("Content-Type", "text/plain")])
        elif path == "/pieces":
            self.answer(200, b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", [("Transfer-Encoding", "chunked")])
        elif path == "/cookies":
            self.answer(200, b"", [("Set-Cookie", "a=1; path=/"), ("Set-Cookie", "b=2; path=/"), ("X-Own", "one"), ("X-Own", "two")])
        elif path == "/named":
            self.answer(200, b"named", [("Content-Disposition", 'attachment; filename="the name.txt"')])
        elif path == "/sums":
            self.answer(200, b"".join(b"%s  %s\n" % (s, n) for s, n in ((b"da39a3ee5e6b4b0d3255bfef95601890afd80709", b"other"), (b"0f3d014eead934bbdbacb62a01dc4831", b"none"), (b"36d7aea9bd8a9f8ebdcd6b8abf3e2d9d1e4a4f35", b"file"))))
        elif path == "/file":
            if self.headers.get("If-Modified-Since") and not self.headers.get("Cache-Control"):
                self.answer(304)
            else:
                self.answer(200, b"a file\n", [("Content-Type", "text/plain")])
        elif path == "/short":
            self.answer(200, b"short", [("Content-Length", "50")])
            self.close_connection = True
        elif path == "/json":
            self.answer(200, b'{"a": [1, "\xc3\xbc"]}', [("Content-Type", "application/vnd.x+json; charset=utf-8")])
        elif path == "/keys":
            told = json.dumps({"a-hunter2": {"hunter2": ["a hunter2", "hunter2"]}, "pin": 4711})
            self.answer(200, told.encode(), [("Content-Type", "application/json"), ("X-Own", "hunter2")])
        else:
            self.answer(404, b"nothing", [("Content-Type", "text/plain")])

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = everything


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    allow_reuse_address = True
    daemon_threads = True


def start(name, context=None):
    path = os.path.join(FOLDER, name)
    try:
        port = int(open(path).read())
    except FileNotFoundError:
        port = 0
    server = Server(("127.0.0.1", port), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(path + ".new", "w") as file:
        file.write(str(server.server_address[1]))
    os.rename(path + ".new", path)


start("port")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(FOLDER, "cert.pem"), os.path.join(FOLDER, "key.pem"))
start("tls", context)
open(os.path.join(FOLDER, "ready"), "w").close()
while os.path.exists(os.path.join(FOLDER, "ready")):
    time.sleep(0.05)
    if os.path.getmtime(os.path.join(FOLDER, "ready")) < time.time() - 120:
        break
