"""WebSocket clients and a WebSocket server, of the library `websockets`, speak with each other through a load balancer.

Clients are those for asyncio: with the ones for threads, sending and receiving share a TLS connection, which Python before 3.13 does not guard, and now
and then a request never leaves the client, whatever the server.
"""

import asyncio
import contextlib
import functools
import ssl
import threading

import pytest
import websockets.asyncio.client
import websockets.sync.server
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus


def in_loop(test):
    """Has a test that waits run to its end."""
    return functools.wraps(test)(lambda *arguments, **named: asyncio.run(test(*arguments, **named)))


async def heard(client):
    return await asyncio.wait_for(client.recv(), 10)


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
        return websockets.asyncio.client.connect(f"{request.param}://{address}{path}", **options)

    connect.scheme, connect.host = request.param, balancer.https if request.param == "wss" else balancer
    return connect


@in_loop
async def test_messages_pass_in_both_directions(connect):
    async with connect("/a?b=c") as client:
        scheme = "https" if connect.scheme == "wss" else "http"
        assert await heard(client) == f"/a?b=c {scheme} {connect.host}"
        assert client.subprotocol == "chat"
        # Of every length that a frame tells in another way, text and bytes, whole and in pieces.
        for message in ["", "hello – äöü", b"\0\xff" * 100, b"x" * 70_000, bytes(range(256)) * 4_000]:
            await client.send(message)
            assert await heard(client) == message
        await client.send(["in ", "", "pieces"])
        assert await heard(client) == "in pieces"
        await asyncio.wait_for(await client.ping(), 10)
        await client.send("last")
        assert await heard(client) == "last"
    assert client.close_code == 1000


@in_loop
async def test_either_side_may_end_it(connect):
    async with connect("/") as client:
        await heard(client)
        await client.send("leave")
        with pytest.raises(ConnectionClosedError) as raised:
            await heard(client)
        assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4001, "as you like")
    async with connect("/") as client:
        await heard(client)
        await client.close(1000, "enough")
        with pytest.raises(ConnectionClosedOK):
            await heard(client)


@in_loop
async def test_a_server_may_refuse(connect):
    with pytest.raises(InvalidStatus) as raised:
        async with connect("/refused"):
            pass
    assert (raised.value.response.status_code, raised.value.response.body) == (403, b"not you")


@in_loop
async def test_many_at_a_time(connect):
    turn = asyncio.Semaphore(16)
    async with contextlib.AsyncExitStack() as held:

        async def enter(n):
            async with turn:
                return await held.enter_async_context(connect(f"/{n}"))

        clients = await asyncio.gather(*map(enter, range(100)))
        for n, client in enumerate(clients):
            assert (await heard(client)).startswith(f"/{n} ")
            await client.send(str(n))
        assert [await heard(client) for client in clients] == [str(n) for n in range(100)]
