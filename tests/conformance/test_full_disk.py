"""The data directory's disk is full: what is large is refused by name, tasks can be stopped, nothing half-made stays, and all goes on once
there is room. The disk is a small one in memory."""

import os
import subprocess
import time

import images
import pytest
from botocore.exceptions import ClientError
from region import Region, until
from registry import Registry
from tasks import READY, container, define, describe, execution_role, leaves_nothing, polite, public, reaches, ready, result, run

DISK = 96 << 20
LAYER = 8 << 20


@pytest.fixture
def small(request, tmp_path, archives):
    """A region on a disk of 96 MiB."""
    region = Region(request.config.getoption("--neargate"), tmp_path)
    region.data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", region.data], check=True)
    try:
        region.up()
        region.load(archives / "busybox.tar")
        execution_role(region)
        ecs, ec2 = region.client("ecs"), region.client("ec2")
        ecs.create_cluster(clusterName="default")
        subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        region.network = public(subnets[0]["SubnetId"])
        yield region
        region.down()
        name = region.instance()
    finally:
        subprocess.run(["umount", "--lazy", region.data], check=True)
    region.data.mkdir(exist_ok=True)
    (region.data / "instance").write_text(name)
    assert region.leftovers() == []


def free(region):
    about = os.statvfs(region.data)
    return about.f_bavail * about.f_frsize


def fill(region, leave=0):
    """Takes the room of the disk, but for so many bytes."""
    with open(region.data / "other", "ab", buffering=0) as file:
        while free(region) > leave:
            try:
                file.write(b"x" * min(1 << 20, max(free(region) - leave, 4096)))
            except OSError:
                break


def make_room(region):
    (region.data / "other").unlink()


def noise(region, directory, name, layers=1):
    """Loads an image whose layers do not compress, beside busybox."""
    content = [images.layer({f"/{name}-{number}": os.urandom(LAYER)}) for number in range(layers)]
    images.save(directory / f"{name}.tar", f"{name}:latest", [images.busybox(), *content], {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]})
    region.load(directory / f"{name}.tar")


def layers(region):
    return set(os.listdir(region.data / "layers/layers"))


def refusal(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["ResponseMetadata"]["HTTPStatusCode"], refused.value.response["Error"]["Message"]


def test_a_task_that_fills_the_disk_can_be_stopped(small):
    ecs, ecr, logs = small.client("ecs"), small.client("ecr"), small.client("logs")
    ecr.create_repository(repositoryName="app")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    quiet = run(ecs, small.network, define(ecs, polite("quiet", 7), volumes=READY))
    reaches(ecs, quiet, "RUNNING")
    ready(small, quiet, "quiet")
    greedy = run(ecs, small.network, define(ecs, container(command="while :; do cat /dev/zero >> /fill; done", stopTimeout=2)))
    until(lambda: free(small) == 0, what="a full disk")

    # What is large is refused, naming the place, what is free and what is needed.
    status, message = refusal(ecr.initiate_layer_upload, repositoryName="app")
    assert status == 503 and f"no space left on device: {small.data}/registry" in message and "0 bytes free" in message, message
    events = [{"timestamp": int(time.time() * 1000), "message": "m"}]
    status, message = refusal(logs.put_log_events, logGroupName="g", logStreamName="s", logEvents=events)
    assert status == 503 and f"no space left on device: {small.data}/logs" in message, message

    # The journal has room: also what is new is kept, over a kill.
    ecs.tag_resource(resourceArn=quiet, tags=[{"key": "k", "value": "v"}])
    small.kill()
    small.up()
    assert describe(ecs, quiet)["lastStatus"] == "RUNNING"
    assert free(small) == 0
    ecs.stop_task(task=quiet)
    assert reaches(ecs, quiet, "STOPPED")["containers"][0]["exitCode"] == 7
    ecs.stop_task(task=greedy)
    reaches(ecs, greedy, "STOPPED")
    until(lambda: leaves_nothing(small, greedy), what="nothing left of it")

    # All goes on.
    assert free(small) > DISK // 2
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    Registry(small).push_image("app", "v1")
    task, _ = result(ecs, small.network, container(command="exit 3"))
    assert task["containers"][0]["exitCode"] == 3


def test_a_push_that_finds_no_room_leaves_nothing(small):
    small.client("ecr").create_repository(repositoryName="app")
    registry = Registry(small)
    fill(small, DISK // 10)
    before = free(small)
    place = registry.begin("app")
    parts = (registry.request("PATCH", place, b"x" * (256 << 10)) for _ in range(DISK // (256 << 10)))
    refused = next(part for part in parts if part.status != 202)
    assert refused.status == 503 and "no space left on device" in refused.body.decode(), refused.body
    until(lambda: os.listdir(small.data / "registry/tmp") == [], what="no upload left")
    assert free(small) >= before - (1 << 20)
    assert registry.request("PATCH", place, b"x").status == 404
    make_room(small)
    registry.push_image("app", "v1", layers=(b"x" * (DISK // 8),))


def test_a_pull_makes_room_of_what_nobody_uses_and_of_nothing_else(small, tmp_path):
    ecs = small.client("ecs")
    for name in ["used", "unused"]:
        noise(small, tmp_path, name)
    used = run(ecs, small.network, define(ecs, container(image="used:latest", command="exec sleep 100000", stopTimeout=2)))
    reaches(ecs, used, "RUNNING")
    kept = layers(small)
    task, _ = result(ecs, small.network, container(image="unused:latest", command="exit 0"))
    assert task["containers"][0]["exitCode"] == 0
    assert layers(small) > kept
    # The agent that has to know what is in use is another one than that which started it.
    small.kill()
    small.up()
    noise(small, tmp_path, "wanted")
    fill(small, DISK // 20 + LAYER // 2)
    task, _ = result(ecs, small.network, container(image="wanted:latest", command="exit 0"))
    assert task["containers"][0].get("exitCode") == 0, task
    assert kept < layers(small), "what runs has its layers"
    inside = small.neargate("exec", used, "--", "sh", "-c", f"head -c {LAYER} /used-0 | wc -c")
    assert inside.stdout.strip() == str(LAYER)

    # Where there is no room at all, it is said, and nothing stays.
    until(lambda: layers(small) == kept, what="the end of what nobody uses, as the disk is low")
    fill(small, DISK // 20)
    task, _ = result(ecs, small.network, container(image="unused:latest"))
    assert task["stopCode"] == "TaskFailedToStart"
    reason = task["stoppedReason"]
    assert reason.startswith("CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer sha256:"), reason
    assert f"no space left on device: {small.data}/layers has" in reason, reason
    assert os.listdir(small.data / "layers/tmp") == []
    make_room(small)
    task, _ = result(ecs, small.network, container(image="unused:latest", command="exit 0"))
    assert task["containers"][0].get("exitCode") == 0, task
    ecs.stop_task(task=used)
    reaches(ecs, used, "STOPPED")


def test_layers_that_nobody_uses_go_while_the_disk_is_low(small, tmp_path):
    ecs = small.client("ecs")
    noise(small, tmp_path, "unused")
    used = run(ecs, small.network, define(ecs, container(command="exec sleep 100000", stopTimeout=2)))
    reaches(ecs, used, "RUNNING")
    kept = layers(small)
    result(ecs, small.network, container(image="unused:latest", command="exit 0"))
    assert len(layers(small)) == len(kept) + 1
    small.kill()
    small.up()
    fill(small, DISK // 12)
    until(lambda: layers(small) == kept, what="the unused layer's end")
    assert small.neargate("exec", used, "--", "echo", "here").stdout == "here\n"
    ecs.stop_task(task=used)
    reaches(ecs, used, "STOPPED")
