"""httpx and gRPC's own client and server speak with each other through a load balancer."""

import concurrent.futures
import http.server
import itertools
import queue
import threading

import grpc
import httpx
import pytest

ECHO = "/echo.Echo/"


def stream(_, context):
    for n in range(100):
        yield b"%d" % n


def endless(_, context):
    for n in itertools.count():
        if not context.is_active():
            return
        yield b"%d" % n


def gather(messages, context):
    return b"".join(messages)


def back(messages, context):
    for message in messages:
        yield message


def fail(message, context):
    context.set_trailing_metadata([("why", "because"), ("why-bin", b"\0\xff")])
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not so – no")


class Waiting:
    """A call that ends when its client gives it up."""

    def __init__(self):
        self.begun, self.given_up = threading.Event(), threading.Event()

    def __call__(self, message, context):
        context.add_callback(self.given_up.set)
        self.begun.set()
        self.given_up.wait(10)
        return b""


@pytest.fixture
def target():
    waiting = Waiting()
    methods = {
        "Same": grpc.unary_unary_rpc_method_handler(lambda message, context: message),
        "Stream": grpc.unary_stream_rpc_method_handler(stream),
        "Endless": grpc.unary_stream_rpc_method_handler(endless),
        "Gather": grpc.stream_unary_rpc_method_handler(gather),
        "Back": grpc.stream_stream_rpc_method_handler(back),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Wait": grpc.unary_unary_rpc_method_handler(waiting),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(32))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("echo.Echo", methods)])
    server.waiting = waiting
    server.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield server
    server.stop(None).wait()


@pytest.fixture
def balancer(serve, target):
    return serve(f"127.0.0.1:{target.port}", "grpc")


@pytest.fixture
def secure(balancer, certificate):
    """A channel to the HTTPS listener."""
    credentials = grpc.ssl_channel_credentials((certificate / "chain").read_bytes())
    with grpc.secure_channel(balancer.https, credentials) as channel:
        yield channel


@pytest.fixture(params=["http", "https"])
def channel(request, balancer):
    if request.param == "https":
        yield request.getfixturevalue("secure")
    else:
        with grpc.insecure_channel(balancer) as channel:
            yield channel


def test_calls_of_every_kind(channel):
    assert channel.unary_unary(ECHO + "Same")(b"hello", timeout=10) == b"hello"
    large = bytes(range(256)) * 12_000
    assert channel.unary_unary(ECHO + "Same")(large, timeout=10) == large
    assert list(channel.unary_stream(ECHO + "Stream")(b"", timeout=10)) == [b"%d" % n for n in range(100)]
    assert channel.stream_unary(ECHO + "Gather")(iter([b"a", b"b", b"c"]), timeout=10) == b"abc"
    assert list(channel.stream_stream(ECHO + "Back")(iter([b"a", b"b"]), timeout=10)) == [b"a", b"b"]
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        call = channel.unary_unary(ECHO + "Same")
        assert list(threads.map(lambda n: call(b"%d" % n, timeout=20), range(500))) == [b"%d" % n for n in range(500)]


def test_failures_arrive_as_they_were(channel):
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(ECHO + "Fail")(b"", timeout=10)
    error = raised.value
    assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not so – no")
    assert dict(error.trailing_metadata())["why-bin"] == b"\0\xff" and dict(error.trailing_metadata())["why"] == "because"
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary("/echo.Echo/Nothing")(b"", timeout=10)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_call_that_is_given_up_ends_at_the_target(channel, target):
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(ECHO + "Wait")(b"", timeout=0.5)
    assert raised.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert target.waiting.given_up.wait(10)


def test_a_call_that_is_cancelled_ends_at_the_target(channel, target):
    call = channel.unary_unary(ECHO + "Wait").future(b"", timeout=20)
    assert target.waiting.begun.wait(10)
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    assert target.waiting.given_up.wait(10)


def test_a_stream_that_is_cancelled_goes_no_further(channel):
    messages = iter(channel.unary_stream(ECHO + "Endless")(b"", timeout=20))
    assert next(messages) == b"0"
    messages.cancel()
    with pytest.raises(grpc.RpcError) as raised:
        # What came before is still there.
        for _ in range(1_000_000):
            next(messages)
    assert raised.value.code() == grpc.StatusCode.CANCELLED
    assert channel.unary_unary(ECHO + "Same")(b"after", timeout=10) == b"after"


def test_a_call_ends_though_its_listener_goes(balancer, secure):
    """The client is told by GOAWAY, which lets end what is under way."""
    held = queue.Queue()
    answers = secure.stream_stream(ECHO + "Back")(iter(held.get, None), timeout=20)
    held.put(b"before")
    assert next(answers) == b"before"
    balancer.take_away(balancer.https)
    held.put(b"after")
    assert next(answers) == b"after"
    held.put(None)
    assert list(answers) == [] and answers.code() == grpc.StatusCode.OK
    with pytest.raises(grpc.RpcError) as raised:
        secure.unary_unary(ECHO + "Same")(b"", timeout=10)
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(balancer) as other:
        assert other.unary_unary(ECHO + "Same")(b"here", timeout=10) == b"here"


def test_a_call_without_a_target_is_unavailable(serve):
    with grpc.insecure_channel(serve("127.0.0.1:1", "grpc")) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(ECHO + "Same")(b"", timeout=10)
    assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(self.headers["Cookie"].encode() if "Cookie" in self.headers else self.path.encode())

    def do_POST(self):
        if "Content-Length" in self.headers:
            return self.answer(self.rfile.read(int(self.headers["Content-Length"])))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return self.answer(body)

    do_HEAD = do_GET

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_httpx_and_a_target_of_http1(serve):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = serve("127.0.0.1:%d" % server.server_address[1], "http1")
        with httpx.Client(http1=False, http2=True, base_url=f"http://{address}", timeout=10) as client:
            answer = client.get("/a?b", cookies=None)
            assert (answer.http_version, answer.status_code, answer.text) == ("HTTP/2", 200, "/a?b")
            assert client.get("/", headers=[("cookie", "a=1"), ("cookie", "b=2")]).text == "a=1; b=2"
            large = bytes(range(256)) * 8_000
            assert client.post("/", content=large).content == large
            assert client.post("/", content=iter([b"a", b"b" * 100_000, b"c"])).content == b"a" + b"b" * 100_000 + b"c"
            assert client.head("/").headers["content-length"] == "1"
            with concurrent.futures.ThreadPoolExecutor(16) as threads:
                assert list(threads.map(lambda n: client.get(f"/{n}").text, range(500))) == [f"/{n}" for n in range(500)]
            assert client.post("/", headers={"content-type": "application/grpc"}).status_code == 464
        server.shutdown()
