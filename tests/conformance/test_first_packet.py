"""No container is ahead of its network: what its first instructions send meets the rules, and what may pass does."""

import collections
import pathlib
import subprocess
import time

import images
import pytest
from networks import by_group, tcp, udp
from tasks import LAUNCH, define, public
from region import until

PORT, STARTS, AT_ONCE = 7000, 1000, 10


@pytest.fixture(scope="module")
def image(shared, tmp_path_factory):
    """An image with one program, whose first act is to send."""
    directory = tmp_path_factory.mktemp("first")
    source = pathlib.Path(__file__).with_name("first.c")
    subprocess.run(["gcc", "-static", "-Os", "-o", directory / "first", source], check=True)
    layer = images.layer({"/first": ((directory / "first").read_bytes(), 0o755)})
    images.save(directory / "first.tar", "first:latest", [layer], {"Entrypoint": ["/first"]})
    shared.load(directory / "first.tar")
    return "first:latest"


def ended(ecs, arns):
    """The exit codes of tasks, once all are stopped."""

    def all_of_them():
        tasks = ecs.describe_tasks(tasks=arns)["tasks"]
        return tasks if all(task["lastStatus"] == "STOPPED" for task in tasks) else None

    return [task["containers"][0].get("exitCode") for task in until(all_of_them, 60, "the end of tasks")]


def start(ecs, definition, subnet, group, times):
    """Starts a task so many times, some at once, and counts how they ended."""
    network = public(subnet, group)
    codes, batch = collections.Counter(), []
    for _ in range(0, times, AT_ONCE):
        made = ecs.run_task(taskDefinition=definition, networkConfiguration=network, count=AT_ONCE, **LAUNCH)
        assert made["failures"] == []
        if batch:
            codes.update(ended(ecs, batch))
        batch = [task["taskArn"] for task in made["tasks"]]
    codes.update(ended(ecs, batch))
    return codes


def test_what_a_container_first_does_meets_the_rules(networks, ecs, image):
    vpc = networks.vpc("10.80.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.80.0.0/20", GatewayId=networks.internet_gateway(vpc))
    friends, strangers = networks.group(vpc, "friends"), networks.group(vpc, "strangers")
    servers = networks.group(vpc, "servers", udp(PORT, **by_group(friends)), tcp(PORT, **by_group(friends)))
    server, address = networks.machine(subnet, servers)
    server.serve(udp=[PORT], tcp=[PORT])
    program = {"name": "app", "image": image, "essential": True, "command": [address, str(PORT)]}
    definition = define(ecs, program)

    assert start(ecs, definition, subnet, friends, 20) == {1: 20}, "each connects, so the probe works"
    came = collections.Counter(kind for kind, *_ in server.listen())
    assert came == {"udp": 20, "tcp": 20}, "and nothing that may pass is lost for being early"

    begun = time.monotonic()
    assert start(ecs, definition, subnet, strangers, STARTS) == {0: STARTS}
    assert server.listen() == [], "nothing ever arrives"
    print(f"{STARTS} starts in {time.monotonic() - begun:.0f} s")
