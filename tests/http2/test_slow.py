"""Clients that are slow on purpose, of `slowhttptest`, keep nobody else waiting."""

import http.client
import http.server
import re
import socketserver
import subprocess
import threading
import time

import pytest

CONNECTIONS = 600
SECONDS = 4
# More than is on its way to a client that takes next to nothing.
LARGE = b"x" * 400_000


class Target(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(LARGE if self.path == "/large" else b"here")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"thanks")

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 2 * CONNECTIONS

    def handle_error(self, *_):
        """Clients give up when the test ends."""


@pytest.fixture
def balancer(serve):
    with Server(("127.0.0.1", 0), Target) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield serve("127.0.0.1:%d" % server.server_address[1], "http1")
        server.shutdown()


@pytest.mark.parametrize(
    "mode",
    [
        ["-H", "-u", "/"],
        ["-B", "-s", "100000", "-u", "/"],
        ["-X", "-w", "4096", "-y", "8192", "-n", "1", "-z", "32", "-u", "/large"],
    ],
    ids=["header", "body", "read"],
)
def test_others_are_answered_meanwhile(balancer, mode):
    path = mode[-1]
    load = ["-c", str(CONNECTIONS), "-r", str(CONNECTIONS), "-i", "1", "-l", str(SECONDS), "-p", "4"]
    command = ["slowhttptest", *mode[:-1], f"http://{balancer}{path}", *load]
    slow = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    answered, longest = 0, 0
    while slow.poll() is None:
        begun = time.monotonic()
        client = http.client.HTTPConnection(balancer, timeout=5)
        client.request("GET", "/")
        assert client.getresponse().read() == b"here"
        client.close()
        longest = max(longest, time.monotonic() - begun)
        answered += 1
        time.sleep(0.02)
    # It writes in colours.
    told = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", slow.stdout.read())
    assert slow.returncode == 0, told
    # What it says of its own probe, each second.
    assert set(re.findall(r"service available: *(\w+)", told)) == {"YES"}, told
    # On a busy machine not all of them are there at the end.
    assert max(map(int, re.findall(r"connected: *(\d+)", told))) > CONNECTIONS * 3 / 4, told
    assert answered >= 2 * SECONDS and longest < 3, (answered, longest)
