"""WebSocket clients and a WebSocket server, of the library `websockets`, speak with each other through a load balancer."""

import ssl
import threading

import pytest
import websockets.sync.client
import websockets.sync.server
from websockets.exceptions import ConnectionClosedOK, InvalidStatus


def talk(connection):
    """Sends back what comes, and what the client was to the server first."""
    request = connection.request
    connection.send(f"{request.path} {request.headers['X-Forwarded-Proto']} {request.headers['Host']}")
    for message in connection:
        if message == "leave":
            return connection.close(4001, "as you like")
        connection.send(message)


def refuse(connection, request):
    return connection.respond(403, "not you") if request.path == "/refused" else None


@pytest.fixture
def balancer(serve):
    with websockets.sync.server.serve(talk, "127.0.0.1", 0, process_request=refuse, subprotocols=["chat"]) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield serve("127.0.0.1:%d" % server.socket.getsockname()[1], "http1")
        server.shutdown()


@pytest.fixture(params=["ws", "wss"])
def connect(request, balancer, certificate):
    def connect(path, **options):
        if request.param == "wss":
            options["ssl"] = ssl.create_default_context(cafile=certificate / "chain")
        address = balancer.https if request.param == "wss" else balancer
        options = {"subprotocols": ["other", "chat"], "open_timeout": 10, **options}
        return websockets.sync.client.connect(f"{request.param}://{address}{path}", **options)

    connect.scheme, connect.host = request.param, balancer.https if request.param == "wss" else balancer
    return connect


def test_messages_pass_in_both_directions(connect):
    with connect("/a?b=c") as client:
        scheme = "https" if connect.scheme == "wss" else "http"
        assert client.recv(10) == f"/a?b=c {scheme} {connect.host}"
        assert client.subprotocol == "chat"
        # Of every length that a frame tells in another way, text and bytes, whole and in pieces.
        for message in ["", "hello – äöü", b"\0\xff" * 100, b"x" * 70_000, bytes(range(256)) * 4_000]:
            client.send(message)
            assert client.recv(10) == message
        client.send(["in ", "", "pieces"])
        assert client.recv(10) == "in pieces"
        assert client.ping().wait(10)
        client.send("last")
        assert client.recv(10) == "last"
    assert client.close_code == 1000


def test_either_side_may_end_it(connect):
    with connect("/") as client:
        client.recv(10)
        client.send("leave")
        with pytest.raises(websockets.exceptions.ConnectionClosedError) as raised:
            client.recv(10)
        assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4001, "as you like")
    with connect("/") as client:
        client.recv(10)
        client.close(1000, "enough")
        with pytest.raises(ConnectionClosedOK):
            client.recv(10)


def test_a_server_may_refuse(connect):
    with pytest.raises(InvalidStatus) as raised, connect("/refused"):
        pass
    assert (raised.value.response.status_code, raised.value.response.body) == (403, b"not you")
