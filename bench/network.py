"""What the VPC costs its packets, beside a bare veth pair and Docker's bridge; a Network Load Balancer beside HAProxy in TCP mode; and what interfaces
cost the host.

bench/network.py PATH-OF-NEARGATE [--quick]: as root, on two processors that have nothing else to do.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import debian
import peers
from common import verdict

# For each metric how it is called, its unit, and what the load is told behind address and time. The last two are of connections side by side, by
# which client, server and balancer keep both processors busy: how much can be carried, not how long one waits.
METRICS = {
    "stream": ("one TCP stream", "Gbit/s", 1e9, ()),
    "requests": ("requests on one connection", "1/s", 1, (1,)),
    "connects": ("connections with one request each", "1/s", 1, (1,)),
    "many requests": ("requests on 16 connections", "1/s", 1, (16,)),
    "many connects": ("connections, 16 at a time", "1/s", 1, (16,)),
}
MANY = ("many requests", "many connects")
SAME_SUBNET = {"stream": 0.85, "requests": 0.72, "connects": 0.70}
# What is measured: the arguments of examples/world, and for each of its paths how it is called, which part of the floor it is to
# reach, and next to what it is to be flat.
WORLDS = [
    ("everywhere", [("same subnet, rules for 0.0.0.0/0", SAME_SUBNET, None)]),
    ("group 1", [("same subnet, rules for a group", SAME_SUBNET, None)]),
    ("group 10000", [("  of 10,000 members", {}, "same subnet, rules for a group")]),
    ("rules 1", [("same subnet, 1 rule each way", {}, None)]),
    ("rules 1000", [("  1,000 rules each way", {}, "same subnet, 1 rule each way")]),
    ("gateways", [("internet gateway", {"requests": 0.60}, None), ("NAT gateway", {"requests": 0.45}, None)]),
    ("balancer", [("Network Load Balancer", {}, None), ("HAProxy, TCP mode, in a task", {}, None)]),
]
BALANCERS = [row[0] for row in WORLDS[-1][1]]
# How many more requests and connections than HAProxy in TCP mode a Network Load Balancer is to carry.
AHEAD = 1.6
HAPROXY = """
global
  nbthread 1
defaults
  mode tcp
  timeout client 60s
  timeout server 60s
  timeout connect 10s
listen through
  bind {address}
  server a {target}
"""
FLOOR = "bare veth pair"
DOCKER = "Docker's bridge"
FLAT = 0.10


class Path:
    """One way from a client to a server, with what was measured of it: for each metric a figure a round."""

    def __init__(self, name, where, goals, beside):
        self.name, self.where, self.goals, self.beside = name, where, goals, beside
        self.figures = {metric: [] for metric in METRICS}


def pinned(processor, namespace, *command):
    """A command on one processor, ahead of whatever else wants it."""
    return ["nsenter", f"--net={namespace}", "taskset", "-c", str(processor), "nice", "-n", "-20", *map(str, command)]


def world(stack, examples, arguments):
    """Starts a world that is gone when the stack ends, or this process; gives its paths."""
    process = subprocess.Popen([examples / "world", *arguments.split()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.callback(process.wait, 60)
    stack.callback(process.stdin.close)
    return json.loads(process.stdout.readline())


def paths(stack, examples):
    found = [Path(FLOOR, peers.bare(), {}, None)]
    if docker := peers.docker():
        found.append(Path(DOCKER, docker, {}, None))
    for arguments, rows in WORLDS:
        for row, where in zip(rows, world(stack, examples, arguments), strict=True):
            found.append(Path(row[0], where, *row[1:]))
    return found


def serve(stack, examples, processor, found):
    """Starts a server at the end of every path, and a proxy in the middle of those that are to have one; gives the servers."""
    servers = []
    for namespace, port in {(path.where["server"], path.where["port"]) for path in found}:
        server = subprocess.Popen(pinned(processor, namespace, examples / "load", "serve", port), stdout=subprocess.PIPE, text=True)
        stack.callback(server.wait)
        stack.callback(server.kill)
        assert server.stdout.readline() == "ready\n", namespace
        servers.append(server)
    for path in found:
        if "proxy" in path.where:
            proxy(stack, processor, path.where)
    return servers


def proxy(stack, processor, where):
    """HAProxy, unpacked from Debian's package, on the server's processor."""
    directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="neargate-bench-")))
    root = debian.fetch(["haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1"], directory / "debian")
    (directory / "haproxy.conf").write_text(HAPROXY.format(**where))
    libraries = f"LD_LIBRARY_PATH={next(root.glob('usr/lib/*-linux-gnu'))}"
    command = pinned(processor, where["proxy"], "env", libraries, root / "usr/sbin/haproxy", "-f", directory / "haproxy.conf")
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    host, port = where["address"].split(":")
    probe = ["nsenter", f"--net={where['client']}", sys.executable, "-c", f"import socket; socket.create_connection(('{host}', {port}), 1)"]
    for _ in range(200):
        if subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.05)
    raise RuntimeError("HAProxy does not listen")


def load(examples, processor, path, metric, seconds):
    what = metric.split()[-1]
    command = pinned(processor, path.where["client"], examples / "load", what, path.where["address"], seconds, *METRICS[metric][3])
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 10)
    return float(answer.stdout)


def measure(examples, rounds, seconds):
    """All paths in turn, round after round, so that whatever else the machine does befalls all alike."""
    processors = sorted(os.sched_getaffinity(0))
    client, server = processors[0], processors[min(1, len(processors) - 1)]
    with contextlib.ExitStack() as stack:
        stack.callback(peers.remove)
        found = paths(stack, examples)
        servers = serve(stack, examples, server, found)
        turns(examples, client, found, [metric for metric in METRICS if metric not in MANY], rounds, seconds)
        for process in servers:
            for thread in os.listdir(f"/proc/{process.pid}/task"):
                os.sched_setaffinity(int(thread), processors)
        compared = [path for path in found if path.name in (FLOOR, *BALANCERS)]
        turns(examples, ",".join(map(str, processors)), compared, MANY, rounds, seconds)
    return found


def turns(examples, processor, found, metrics, rounds, seconds):
    # What is measured first pays for what was never used before: a short round of everything does not count.
    for path in found:
        for metric in metrics:
            load(examples, processor, path, metric, 0.05)
    for _ in range(rounds):
        for metric in metrics:
            for path in found:
                path.figures[metric].append(load(examples, processor, path, metric, seconds))


def ratio(path, other, metric):
    """The median of the rounds' ratios."""
    return statistics.median(mine / theirs for mine, theirs in zip(path.figures[metric], other.figures[metric], strict=True))


def judge(path, by_name, metric):
    """A path's goals for one metric, each with whether it was met."""
    goals = []
    if goal := path.goals.get(metric):
        goals.append(f">= {goal:.2f} {verdict(ratio(path, by_name[FLOOR], metric) >= goal)}")
        if path.goals is SAME_SUBNET and DOCKER in by_name:
            times = ratio(path, by_name[DOCKER], metric)
            goals.append(f"ahead of Docker's bridge ({times:.2f} times) {verdict(times > 1)}")
    if path.name == BALANCERS[0] and metric in MANY:
        times = ratio(path, by_name[BALANCERS[1]], metric)
        goals.append(f">= {AHEAD} times HAProxy ({times:.2f}) {verdict(times >= AHEAD)}")
    if path.beside and metric != "stream":
        change = ratio(path, by_name[path.beside], metric) - 1
        goals.append(f"+-{FLAT:.0%} of the row above ({change:+.1%}) {verdict(abs(change) <= FLAT)}")
    return "; ".join(goals)


def print_paths(found):
    by_name = {path.name: path for path in found}
    for metric, (title, unit, scale, _) in METRICS.items():
        print(f"\n{title:40} {unit:>10} {'of bare':>8}  goal")
        for path in (path for path in found if path.figures[metric]):
            figure = statistics.median(path.figures[metric]) / scale
            shown = f"{figure:10.2f}" if scale > 1 else f"{figure:10.0f}"
            print(f"{path.name:40} {shown} {ratio(path, by_name[FLOOR], metric):8.2f}  {judge(path, by_name, metric)}".rstrip())


def print_interfaces(examples, count):
    answer = subprocess.run([examples / "measure", str(count)], check=True, stdout=subprocess.PIPE, text=True).stdout
    print(f"\n{'interfaces':40} {'':10} {'':8}  goal")
    for line in answer.splitlines():
        if line.startswith("["):
            for row in json.loads(line):
                met = verdict(row["figure"] <= row["goal"])
                print(f"{row['what']:40} {row['figure']:10.2f} {row['unit']:8}  <= {row['goal']:g} {met}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary", type=pathlib.Path)
    arguments.add_argument("--quick", action="store_true", help="only to see that it runs; the figures mean nothing")
    arguments = arguments.parse_args()
    rounds, seconds, count = (1, 0.1, 50) if arguments.quick else (25, 0.3, 1000)
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "network", "--examples"], check=True)
    examples = arguments.binary.resolve().parent / "examples"
    print_paths(measure(examples, rounds, seconds))
    print_interfaces(examples, count)


main()
