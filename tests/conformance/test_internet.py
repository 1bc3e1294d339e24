"""`neargate up --internet host`: tasks with a way out reach what is beyond the region, and pull from there; without it nobody does."""

import hashlib
import json

import images
import pytest
from outside import HOST, NEIGHBOUR, SERVER, Outside
from region import Region
from tasks import container, public, result


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    yield made
    made.close()


@pytest.fixture
def region(request, tmp_path, outside):
    """A region, not started yet, that takes the test's namespace for the host's network."""
    made = Region(request.config.getoption("--neargate"), tmp_path)
    yield made
    made.down()
    assert made.leftovers() == []
    assert "panicked" not in (made.directory / "stderr").read_text()


def registry(outside):
    """Docker Hub as it is outside, with an image busybox; returns who certifies it."""
    layer = images.busybox()
    diff_id = hashlib.sha256(layer).hexdigest()
    config = {"architecture": images.ARCHITECTURE, "os": "linux", "config": {"Env": ["PATH=/bin"]}, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]}}
    return outside.registry("registry-1.docker.io", "library/busybox", json.dumps(config).encode(), layer)


def from_internet(region, address):
    """What a connection from the region's internet is greeted with."""
    return region.neargate("from", "internet", "--", "/bin/busybox", "nc", "-w", "2", address, "8000", check=False).stdout


def public_subnet(region):
    return public(region.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"])


def test_tasks_pull_from_the_internet_and_reach_it_and_not_what_is_near_the_host(outside, region, monkeypatch):
    outside.names()
    monkeypatch.setenv("SSL_CERT_FILE", registry(outside))
    for end, address in ((outside.far, SERVER), (outside.far, NEIGHBOUR), (outside.host, HOST)):
        outside.echo(end, address, 8000)
    region.arguments = ["--internet", "host"]
    region.up()
    ecs = region.client("ecs")
    ecs.create_cluster()
    script = f"test $(nc -w 5 {SERVER} 8000) = {HOST} && ! nc -w 5 {NEIGHBOUR} 8000 && ! nc -w 5 {HOST} 8000 && exit 7"
    for _ in range(2):
        _, containers = result(ecs, public_subnet(region), container(command=script))
        assert containers["app"]["exitCode"] == 7, containers
        region.stop()
        region.up()
    assert from_internet(region, SERVER) == HOST

    region.stop()
    region.arguments = []
    region.up()
    assert from_internet(region, SERVER) == ""
    task, _ = result(ecs, public_subnet(region), container(command="exit 9"))
    assert task["stoppedReason"].startswith("CannotPullContainerError: "), "it is the mirror that was asked"


def test_the_internet_is_sealed_unless_it_is_opened(outside, region):
    outside.echo(outside.far, SERVER, 8000)
    region.up()
    region.client("ecs").create_cluster()
    assert from_internet(region, SERVER) == ""
