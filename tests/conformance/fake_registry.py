"""A registry that does what a test wants of it, on a machine of the test's: see `private.py`. Part of inside.py, so of the standard
library alone."""

import base64
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What was asked for, in order: port, method, path, authorization.
asked_for = []
# Paths whose client went away while it waited.
gone = []


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Clients go away as they like."""


def registry(port, certificate, answers, login=None, challenge='Basic realm="private"', token=None):
    """Answers over TLS, by path; what is not among the answers is not found. `login` is the Basic authorization that all of it takes,
    or with a `token` the one that `/token` takes. An answer may have `status`, `headers`, `body` (base64), and ways to be slow or
    short: `silent`, `every` (seconds a byte), `cut` (bytes). With `ranges` it goes on where it is asked to."""

    def allowed(path, authorization):
        basic = login and "Basic " + base64.b64encode(login.encode()).decode()
        if token and path.split("?")[0] != "/token":
            return authorization == f"Bearer {token}"
        return not basic or authorization == basic

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_HEAD(self):
            self.answer(False)

        def do_GET(self):
            self.answer(True)

        def answer(self, whole):
            authorization = self.headers.get("Authorization")
            asked_for.append((port, self.command, self.path, authorization))
            path = self.path.split("?")[0]
            if path == "/token" and allowed(path, authorization):
                return self.send(200, {}, json.dumps({"token": token}).encode(), whole, {})
            if not allowed(path, authorization):
                return self.send(401, {"WWW-Authenticate": challenge}, b"", whole, {})
            how = answers.get(path, {"status": 404})
            if how.get("silent"):
                self.wait()
                gone.append(path)
                return
            self.send(how.get("status", 200), how.get("headers", {}), base64.b64decode(how.get("body", "")), whole, how)

        def wait(self):
            """Until the client goes away."""
            try:
                while self.rfile.read(1):
                    pass
            except OSError:
                pass
            self.close_connection = True

        def send(self, status, headers, body, whole, how):
            asked = self.headers.get("Range")
            if asked and how.get("ranges"):
                first = int(asked.removeprefix("bytes=").removesuffix("-"))
                headers = {**headers, "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}
                status, body = 206, body[first:]
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if not whole:
                return
            if "every" in how:
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(how["every"])
                return
            self.wfile.write(body[: how.get("cut")])
            self.close_connection = self.close_connection or "cut" in how

    server = Quiet(("0.0.0.0", port), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # A handshake is the business of the connection's own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def asked():
    """Everything that was asked for so far."""
    return asked_for


def left():
    """Paths whose client went away while it waited for an answer."""
    return gone
