"""Images that can't be run here: for another architecture, or too big for the disk."""

import subprocess

import images
import pytest
from region import Region
from tasks import container, define, public, reaches, result, run

CONFIG = {"Cmd": ["/bin/true"], "Env": ["PATH=/bin"]}


def test_an_index_without_this_architecture(shared, ecs, network, tmp_path):
    images.save_oci(tmp_path / "other.tar", "docker.io/library/other:latest", [images.busybox()], CONFIG, architecture="s390x")
    shared.load(tmp_path / "other.tar")
    task, containers = result(ecs, network, container(image="other"))
    expected = f"CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/{images.ARCHITECTURE}'"
    assert (task["stopCode"], task["stoppedReason"], containers["app"]["reason"]) == ("TaskFailedToStart", expected, expected)


class SmallDisk(Region):
    """A region whose data directory is a small disk, mounted where only it sees it."""

    SIZE = "48m"

    def inside(self, *command):
        return ["nsenter", "-t", str(self.holder.pid), "-m", *map(str, command)]

    def up(self):
        self.data.mkdir()
        mount = f"mount -t tmpfs -o size={self.SIZE} tmpfs {self.data} && echo mounted && exec cat"
        # Holds the mount namespace until its input ends.
        self.holder = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", mount], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.holder.stdout.readline() == "mounted\n"
        command = self.inside(self.binary, "up", "--listen", f"127.0.0.1:{self.port}", "--data-dir", self.data)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(self.directory / "stderr", "ab"), text=True)
        assert "ready" in self.process.stdout.readline(), (self.directory / "stderr").read_text()
        return self

    def neargate(self, *arguments, check=True, **options):
        command = self.inside(self.binary, arguments[0], "--data-dir", self.data, *arguments[1:])
        return subprocess.run(command, check=check, capture_output=True, text=True, timeout=60, **options)

    def used(self):
        """MiB used on the disk."""
        line = subprocess.check_output(self.inside("df", "-m", "--output=used", self.data), text=True)
        return int(line.split()[-1])

    def down(self):
        done = super().down()
        self.holder.stdin.close()
        self.holder.wait()
        return done


@pytest.fixture
def small(request, tmp_path, archives):
    region = SmallDisk(request.config.getoption("--neargate"), tmp_path)
    region.up()
    try:
        region.load(archives / "busybox.tar")
        yield region
    finally:
        region.down()


def test_a_disk_that_fills_while_an_image_is_unpacked(small, tmp_path):
    images.save_oci(tmp_path / "big.tar", "docker.io/library/big:latest", [images.busybox(), images.layer({"/big": b"\0" * (60 << 20)})], CONFIG)
    small.load(tmp_path / "big.tar")
    ecs, ec2 = small.client("ecs"), small.client("ec2")
    ecs.create_cluster(clusterName="default")
    network = public(ec2.describe_subnets()["Subnets"][0]["SubnetId"])
    runs = define(ecs, container(command="exit 3"))
    assert reaches(ecs, run(ecs, network, runs), "STOPPED")["containers"][0]["exitCode"] == 3
    before = small.used()
    task = reaches(ecs, run(ecs, network, define(ecs, container(image="big"))), "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError: ") and ": no space left on device" in task["stoppedReason"]
    assert small.used() <= before + 1, "what was unpacked is gone"
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert reaches(ecs, run(ecs, network, runs), "STOPPED")["containers"][0]["exitCode"] == 3, "other tasks go on"
