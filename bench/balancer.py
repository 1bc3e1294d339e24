"""What a request costs the balancer, beside HAProxy, nginx and Envoy: one thread each, on a processor of its own, in turn, round after round.

bench/balancer.py PATH-OF-NEARGATE [--quick] [--rounds N]: as root, on two processors that have nothing else to do. What is compared is requests
for each second of a processor, by the accounting of control groups; how many come in a second of time depends on the client, too.
"""

import argparse
import contextlib
import json
import pathlib
import re
import statistics
import subprocess
import tempfile

from common import quantile, verdict
from proxies import ORIGIN, Arena

CONNECTIONS = 64
# A load: what it is called, how it is made, of which port, and which part of HAProxy's requests per second of a processor is to be reached.
LOADS = [
    ("keep-alive, 128 bytes", "wrk", "http", "/small", 1.0),
    ("keep-alive, 100 KB", "wrk", "http", "/large", 1.0),
    ("TLS keep-alive, 128 bytes", "wrk", "https", "/small", 1.15),
    ("TLS handshakes", "handshakes", "https", "/small", 1.5),
    ("HTTP/2, 128 bytes", "h2load", "https", "/small", 0.9),
]
IDLE = {"http": 2000, "https": 1000}
IDLE_GOALS = {"http": 8 << 10, "https": 20 << 10}
# Holds connections that have had one answer: PORT TLS COUNT. Says when they are there, ends with its standard input.
HOLD = """
import socket, ssl, sys
port, tls, count = int(sys.argv[1]), sys.argv[2] == "https", int(sys.argv[3])
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
held = []
for _ in range(count):
    one = socket.create_connection(("127.0.0.1", port), 10)
    if tls: one = context.wrap_socket(one, server_hostname="localhost")
    one.sendall(b"GET /small HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    assert one.recv(4096).startswith(b"HTTP/1.1 200"), "no answer"
    held.append(one)
print("held", flush=True)
sys.stdin.read()
"""


class Proxy:
    def __init__(self, name, group, http, https):
        self.name, self.group, self.ports = name, group, {"http": http, "https": https}
        self.efficiency, self.tail, self.idle = {}, [], {}


def url(proxy, scheme, path):
    return f"{scheme}://127.0.0.1:{proxy.ports[scheme]}{path}"


def client(arena, *command):
    return subprocess.run(arena.inside(arena.near, command), check=True, stdout=subprocess.PIPE, text=True).stdout


def count(arena, kind, target, seconds):
    """Sends requests for so long; the number of those that were answered."""
    if kind == "h2load":
        answer = client(arena, arena.program("h2load"), "-c", 16, "-m", 10, "-D", seconds, target)
        done, failed = (int(re.search(rf"(\d+) {word}", answer)[1]) for word in ("succeeded", "failed"))
        assert failed == 0 and done, answer
        return done
    close = ["-H", "Connection: close"] if kind == "handshakes" else []
    answer = client(arena, arena.program("wrk"), "-t", 1, "-c", CONNECTIONS, "-d", f"{seconds}s", *close, target)
    assert "Non-2xx" not in answer, answer
    return int(re.search(r"(\d+) requests in", answer)[1])


def efficiency(arena, proxy, kind, target, seconds):
    """Requests for a second of a processor."""
    before = proxy.group.seconds()
    done = count(arena, kind, target, seconds)
    return done / (proxy.group.seconds() - before)


def tail(arena, proxy, seconds):
    """The 99th percentile in milliseconds at 70 % of what this proxy and client do at most."""
    target = url(proxy, "http", "/small")
    most = count(arena, "wrk", target, seconds) / seconds
    log = arena.directory / "latencies"
    log.unlink(missing_ok=True)
    each = max(1, round(0.7 * most / CONNECTIONS))
    client(arena, arena.program("h2load"), "--h1", "-c", CONNECTIONS, "-D", seconds, "--rps", each, "--log-file", log, target)
    return quantile([int(line.split()[2]) / 1000 for line in log.read_text().splitlines()], 0.99)


def idle(arena, proxy):
    """Bytes of memory for each connection that waits for its next request, by schemes. All stay, so that none has what another one left."""
    figures = {}
    with contextlib.ExitStack() as held:
        for scheme, count in IDLE.items():
            before = proxy.group.resident()
            command = arena.inside(arena.near, ["python3", "-c", HOLD, proxy.ports[scheme], scheme, count])
            process = held.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
            held.callback(process.stdin.close)
            assert process.stdout.readline() == "held\n", f"{proxy.name} holds no {count} connections"
            figures[scheme] = (proxy.group.resident() - before) / count
    return figures


def ratio(mine, other):
    return statistics.median(a / b for a, b in zip(mine, other, strict=True))


def compare(arena, examples, rounds, seconds):
    """All proxies and loads, round after round, and a table of them."""
    serve = examples / "serve"
    tls = ["env", "HTTPS=9101", f"PEM={arena.directory / 'both.pem'}"]
    ours = Proxy("neargate", arena.start("neargate", [*tls, serve, 1, "127.0.0.1:9100", 0, f"127.0.0.1:{ORIGIN}"], 9100), 9100, 9101)
    proxies = [ours, Proxy("HAProxy", arena.haproxy(9200, 9201), 9200, 9201), Proxy("nginx", arena.front(9300, 9301), 9300, 9301)]
    if group := arena.envoy(9400, 9401):
        proxies.append(Proxy("Envoy", group, 9400, 9401))
    else:
        print("Envoy: PyPI has none for this machine")
    for proxy in proxies:
        proxy.idle = idle(arena, proxy)
    for turn in range(rounds + 1):
        for title, kind, scheme, path, _ in LOADS:
            # In one order and in the other: who comes first comes after another load.
            for proxy in proxies[:: 1 if turn % 2 else -1]:
                figure = efficiency(arena, proxy, kind, url(proxy, scheme, path), seconds if turn else 1)
                # The first round warms up.
                if turn:
                    proxy.efficiency.setdefault(title, []).append(figure)
        for proxy in proxies if turn else []:
            proxy.tail.append(tail(arena, proxy, seconds))
    haproxy = proxies[1]
    for title, _, _, _, goal in LOADS:
        print(f"\n{title:40} {'1/s of a core':>14} {'of HAProxy':>10}  goal")
        for proxy in proxies:
            figure, times = statistics.median(proxy.efficiency[title]), ratio(proxy.efficiency[title], haproxy.efficiency[title])
            note = f">= {goal:.2f} {verdict(times >= goal)}" if proxy is ours else ""
            print(f"{proxy.name:40} {figure:14.0f} {times:10.2f}  {note}".rstrip())
    print(f"\n{'99th percentile at 70 % of its most':40} {'ms':>14} {'of HAProxy':>10}  goal")
    for proxy in proxies:
        times = ratio(proxy.tail, haproxy.tail)
        print(f"{proxy.name:40} {statistics.median(proxy.tail):14.2f} {times:10.2f}  {f'<= 1.20 {verdict(times <= 1.2)}' if proxy is ours else ''}".rstrip())
    for scheme, goal in IDLE_GOALS.items():
        print(f"\n{f'memory of an idle {scheme} connection':40} {'KB':>14} {'':10}  goal")
        for proxy in proxies:
            note = f"<= {goal >> 10} {verdict(proxy.idle[scheme] <= goal)}" if proxy is ours else ""
            print(f"{proxy.name:40} {proxy.idle[scheme] / 1024:14.1f} {'':10}  {note}".rstrip())
    arena.stop("neargate")


def rules(arena, examples, rounds, seconds):
    """What a hundred rules cost a request that meets none of them."""
    costs = {}
    for number, port in (1, 9500), (100, 9501):
        command = [examples / "serve", 1, f"127.0.0.1:{port}", number, f"127.0.0.1:{ORIGIN}"]
        costs[number] = Proxy(f"{number} rules", arena.start(f"rules{number}", command, port), port, 0), []
    # Pairs, each the other way round than the one before; three times as many, as what is looked for is a hundredth of what is measured.
    for turn in range(3 * rounds + 1):
        for proxy, found in list(costs.values())[:: 1 if turn % 2 else -1]:
            figure = 1e6 / efficiency(arena, proxy, "wrk", url(proxy, "http", "/small"), seconds if turn else 1)
            if turn:
                found.append(figure)
    grown = statistics.median(b - a for a, b in zip(costs[1][1], costs[100][1], strict=True))
    print(f"\n{'a request grows from 1 to 100 rules by':40} {grown:14.2f} us {'':7}  <= 2 {verdict(grown <= 2)}")


def change(arena, examples):
    """How long it takes until a change is in force where much is configured."""
    answer = json.loads(client(arena, examples / "configure"))
    figure = statistics.median(answer["milliseconds"])
    print(f"\n{answer['what']}: {figure:.1f} ms  <= 100 {verdict(figure <= 100)}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--quick", action="store_true", help="only to see that it runs; the figures mean nothing")
    arguments.add_argument("--rounds", type=int, default=15)
    arguments = arguments.parse_args()
    # Many short rounds: how fast a processor is changes within seconds on a machine that is shared.
    rounds, seconds = (1 if arguments.quick else arguments.rounds), 1
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "balancer", "--examples"], check=True)
    examples = arguments.binary.resolve().parent / "examples"
    with tempfile.TemporaryDirectory(prefix="neargate-bench-") as directory:
        arena = Arena(directory)
        try:
            compare(arena, examples, rounds, seconds)
            rules(arena, examples, rounds, seconds)
            change(arena, examples)
        finally:
            arena.close()


main()
