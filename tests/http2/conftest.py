"""A load balancer of `crates/balancer/examples/serve.rs` between real clients and real targets, on loopback addresses."""

import os
import socket
import subprocess
import time

import pytest


def pytest_addoption(parser):
    parser.addoption("--serve", required=True, help="the example `serve` of the crate `balancer`, built")


@pytest.fixture
def serve(request):
    """Starts a load balancer before a target (`ADDRESS:PORT`); answers its address."""
    started = []

    def start(target, version):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = "%s:%d" % free.getsockname()
        command = [request.config.getoption("--serve"), "1", address, "0", target]
        started.append(subprocess.Popen(command, env={**os.environ, "VERSION": version}, stdout=subprocess.PIPE, text=True))
        # What it first tells is that it serves.
        assert "applied: 1" in started[-1].stdout.readline()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                socket.create_connection(address.split(":")).close()
                return address
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise AssertionError(f"nobody listens at {address}")

    yield start
    for process in started:
        process.kill()
        process.wait()
