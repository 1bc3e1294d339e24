"""Tasks outlive neargate: SIGKILL at any moment, then `up` on the same data directory."""

import random
import time

import pytest
from region import until
from tasks import READY, container, define, describe, details, polite, public, reaches, ready, run


def network_of(ec2):
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    return public(subnets[0]["SubnetId"])


def test_running_tasks_are_adopted(fresh):
    ecs, ec2 = fresh.client("ecs"), fresh.client("ec2")
    ecs.create_cluster(clusterName="default")
    arn = run(ecs, network_of(ec2), define(ecs, polite("app", 9), volumes=READY))
    before = reaches(ecs, arn, "RUNNING")
    ready(fresh, arn, "app")
    fresh.kill()
    fresh.up()
    after = describe(ecs, arn)
    assert (after["lastStatus"], after["startedAt"]) == ("RUNNING", before["startedAt"])
    assert after["containers"][0]["runtimeId"] == before["containers"][0]["runtimeId"]
    ecs.stop_task(task=arn)
    assert reaches(ecs, arn, "STOPPED")["containers"][0]["exitCode"] == 9


def test_an_end_while_neargate_was_away_is_noticed(fresh):
    ecs, ec2 = fresh.client("ecs"), fresh.client("ec2")
    ecs.create_cluster(clusterName="default")
    arn = run(ecs, network_of(ec2), define(ecs, container(command="sleep 1; exit 4")))
    reaches(ecs, arn, "RUNNING")
    fresh.kill()
    time.sleep(1.5)
    fresh.up()
    task = reaches(ecs, arn, "STOPPED")
    assert task["containers"][0]["exitCode"] == 4
    assert task["stoppedReason"] == "Essential container in task exited"


def test_a_clean_stop_leaves_tasks_running(fresh):
    ecs, ec2 = fresh.client("ecs"), fresh.client("ec2")
    ecs.create_cluster(clusterName="default")
    arn = run(ecs, network_of(ec2), define(ecs, container(command="exec sleep 1000", stopTimeout=2)))
    reaches(ecs, arn, "RUNNING")
    fresh.stop()
    assert any("process" in left for left in fresh.leftovers())
    fresh.up()
    assert describe(ecs, arn)["lastStatus"] == "RUNNING"


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments_nothing_is_lost_or_leaked(fresh, seed):
    chance = random.Random(seed)
    ecs, ec2 = fresh.client("ecs"), fresh.client("ec2")
    ecs.create_cluster(clusterName="default")
    network = network_of(ec2)
    short = define(ecs, container(command="exit 5"))
    long = define(ecs, container("a", "exec sleep 1000", stopTimeout=2), container("b", "exec sleep 1000", stopTimeout=2))
    ended, running = [], []
    for _ in range(10):
        ended.append(run(ecs, network, short))
        running.append(run(ecs, network, long))
        if len(running) > 2:
            gone = running.pop(chance.randrange(len(running)))
            ecs.stop_task(task=gone)
            ended.append(gone)
        time.sleep(chance.random() * 0.08)
        fresh.kill()
        fresh.up()
    for arn in ended:
        task = reaches(ecs, arn, "STOPPED", 60)
        assert task["stopCode"] in ("EssentialContainerExited", "UserInitiated"), task
        codes = [c.get("exitCode") for c in task["containers"]]
        assert codes in ([5], [137, 137], [None, None], [137, None], [None, 137]), task
    tasks = [reaches(ecs, arn, "RUNNING", 60) for arn in running]
    inside = {details(t)["privateIPv4Address"] for t in tasks}
    in_use = until(lambda: [i["PrivateIpAddress"] for i in ec2.describe_network_interfaces()["NetworkInterfaces"]])
    assert sorted(in_use) == sorted(inside)
    for arn in running:
        ecs.stop_task(task=arn)
    for arn in running:
        reaches(ecs, arn, "STOPPED", 60)
