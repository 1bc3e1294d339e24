"""The same tasks through an OCI runtime instead of neargate's own launcher."""

import pytest
from region import Region
from tasks import READY, container, define, polite, public, reaches, ready, result, run


@pytest.fixture(scope="module", params=["crun", "runc"])
def region(request, tmp_path_factory, archives):
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp(request.param), ["--runtime", request.param])
    region.up()
    region.load(archives / "busybox.tar")
    region.client("ecs").create_cluster(clusterName="default")
    yield region
    region.down()
    assert region.leftovers() == []


def test_tasks_run(region):
    ecs, ec2 = region.client("ecs"), region.client("ec2")
    network = public(ec2.describe_subnets()["Subnets"][0]["SubnetId"])
    server = container("api", "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www", essential=False, stopTimeout=2)
    client = container("web", "for i in 1 2 3 4 5; do wget -q -O - http://127.0.0.1:8080/ | grep hello && exit 0; sleep 0.2; done; exit 1")
    _, containers = result(ecs, network, server, client)
    assert containers["web"]["exitCode"] == 0
    task, containers = result(ecs, network, container(command=["nosuchprogram"]))
    assert task["stopCode"] == "TaskFailedToStart" and "not found in $PATH" in containers["app"]["reason"]


def test_they_are_adopted_too(region):
    ecs, ec2 = region.client("ecs"), region.client("ec2")
    network = public(ec2.describe_subnets()["Subnets"][0]["SubnetId"])
    arn = run(ecs, network, define(ecs, polite("app", 6), volumes=READY))
    reaches(ecs, arn, "RUNNING")
    ready(region, arn, "app")
    region.kill()
    region.up()
    done = region.neargate("exec", arn, "--", "sh", "-c", "cat; exit 3", input="through", check=False)
    assert (done.returncode, done.stdout) == (3, "through")
    ecs.stop_task(task=arn)
    assert reaches(ecs, arn, "STOPPED")["containers"][0]["exitCode"] == 6
