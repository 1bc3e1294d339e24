"""A load balancer of `crates/balancer/examples/serve.rs` between real clients and real targets, on loopback addresses."""

import os
import resource
import socket
import subprocess
import time

import pytest


def pytest_addoption(parser):
    parser.addoption("--serve", required=True, help="the example `serve` of the crate `balancer`, built")


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Balancer(str):
    """Where its HTTP listener is (`ADDRESS:PORT`); `https` is where the other one is, with a certificate for `localhost`."""

    def take_away(self, address):
        """Takes a listener away, and waits until that is so."""
        self.process.stdin.write(address.rpartition(":")[2] + "\n")
        self.process.stdin.flush()
        while "applied: 2" not in self.process.stdout.readline():
            pass


def wait_for(address):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(address.rsplit(":", 1)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError(f"nobody listens at {address}")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for `localhost` and its key, in one file each and in one together."""
    files = tmp_path_factory.mktemp("certificate")
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", files / "key", "-out", files / "chain"], check=True, capture_output=True)
    (files / "both").write_text((files / "chain").read_text() + (files / "key").read_text())
    return files


@pytest.fixture
def serve(request, certificate):
    """Starts a load balancer before a target (`ADDRESS:PORT`) that speaks `version`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    started = []

    def start(target, version):
        https = free_port()
        address = Balancer(f"127.0.0.1:{free_port()}")
        address.https = f"127.0.0.1:{https}"
        command = [request.config.getoption("--serve"), "1", address, "0", target]
        environment = {**os.environ, "VERSION": version, "HTTPS": str(https), "PEM": str(certificate / "both")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        address.process = subprocess.Popen(command, env=environment, text=True, **pipes)
        started.append(address.process)
        # What it first tells is that it serves.
        assert "applied: 1" in address.process.stdout.readline()
        wait_for(address)
        wait_for(address.https)
        return address

    yield start
    for process in started:
        process.kill()
        process.wait()
