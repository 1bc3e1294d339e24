"""The example stacks, deployed with `aws cloudformation deploy`, unchanged: what they make answers packets, also while it is changed."""

import threading

import pytest
from inventory import inventory
from machine import INTERNET, Machine
from region import Region, until
from stacks import EXAMPLES, Stack, assert_as_before, curl, load, page, public_address, push, tasks

BUSYBOX = "public.ecr.aws/docker/library/busybox:stable"
NAMES = ("public-subnet", "private-nat-public-alb", "private-internal-alb", "isolated-endpoints", "two-tiers", "sidecar")


@pytest.fixture(scope="module")
def region(request, tmp_path_factory):
    """A region with the images that the examples name, and a newer one."""
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp("stacks"))
    region.up()
    page(region, region.directory, "public.ecr.aws/docker/library/httpd:2.4", "one")
    page(region, region.directory, "next:1", "two")
    load(region, region.directory, BUSYBOX)
    region.client("ecr").create_repository(repositoryName="worker")
    push(region, region.directory, "worker", ["sh"])
    yield region
    region.down()
    assert region.leftovers() == []
    assert "panicked" not in (region.directory / "stderr").read_text()


@pytest.fixture(scope="module")
def stacks(region):
    """All examples, deployed at the same time: the AWS CLI asks only every half minute whether a stack is done."""
    before = inventory(region)
    made = {name: Stack(region, name, EXAMPLES / f"{name}.yml") for name in NAMES}
    begun = {name: stack.begin_deploy() for name, stack in made.items()}
    for name, process in begun.items():
        made[name].deployed(process)
    yield made
    for stack in made.values():
        stack.delete()
    assert_as_before(region, before)


def changed(before, after):
    """The logical ids of the resources that are others than before."""
    return {id for id in before if before[id] != after.get(id)}


class Watch:
    """Asks a URL again and again until the end of a `with`; every answer must be one of the pages."""

    def __init__(self, region, url, *pages):
        self.ask, self.pages = lambda: curl(region, url), [f"{text}\n" for text in pages]
        self.over, self.said, self.thread = threading.Event(), [], threading.Thread(target=self.run)

    def run(self):
        while not self.over.wait(0.1):
            self.said.append(self.ask())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        assert self.said and set(self.said) <= set(self.pages), set(self.said)


def test_a_public_service_is_updated_without_an_unanswered_request(region, stacks):
    stack = stacks["public-subnet"]
    outputs, before = stack.outputs(), stack.resources()
    assert curl(region, outputs["Url"]) == "one\n"
    with Watch(region, outputs["Url"], "one", "two"):
        stack.deploy(Image="next:1", DesiredCount=3)
    assert curl(region, outputs["Url"]) == "two\n"
    assert len(tasks(region, outputs["Cluster"], outputs["Service"])) == 3
    assert changed(before, stack.resources()) == {"TaskDefinition"}
    assert "No changes to deploy" in stack.deploy()


def test_a_failed_update_is_rolled_back_and_the_old_service_answers(region, stacks):
    stack = stacks["private-nat-public-alb"]
    outputs, before = stack.outputs(), stack.resources()
    with Watch(region, outputs["Url"], "one"):
        stack.update(Image="missing:1")
        stack.reaches("UPDATE_ROLLBACK_COMPLETE")
    assert changed(before, stack.resources()) <= {"TaskDefinition"}
    reasons = {(e["LogicalResourceId"], e["ResourceStatus"]): e.get("ResourceStatusReason") for e in stack.events()}
    assert "ECS Deployment Circuit Breaker was triggered" in reasons["Service", "UPDATE_FAILED"]
    assert reasons[stack.name, "UPDATE_ROLLBACK_IN_PROGRESS"] == "The following resource(s) failed to update: [Service]. "


def test_a_service_with_another_name_takes_the_place_of_the_old_one(region, stacks, tmp_path):
    stack = stacks["private-nat-public-alb"]
    outputs, before = stack.outputs(), stack.resources()
    stack.template = tmp_path / "renamed.yml"
    stack.template.write_text((EXAMPLES / "private-nat-public-alb.yml").read_text().replace("ServiceName: web", "ServiceName: front"))
    with Watch(region, outputs["Url"], "one", "two"):
        stack.update(Image="next:1", LogRetention=30)
        stack.reaches("UPDATE_COMPLETE")
    assert curl(region, outputs["Url"]) == "two\n"
    assert changed(before, stack.resources()) == {"TaskDefinition", "Service"}
    (kept,) = [g for g in region.client("logs").describe_log_groups()["logGroups"] if g["logGroupName"] == "/ecs/private-nat-public-alb"]
    assert kept["retentionInDays"] == 30


def test_tasks_in_private_subnets_are_seen_by_their_nat_gateway(region, stacks):
    outputs = stacks["private-nat-public-alb"].outputs()
    cluster = outputs["Cluster"]
    (service,) = region.client("ecs").list_services(cluster=cluster)["serviceArns"]
    (task, *_) = tasks(region, cluster, service)
    inside, outside = Machine(region, task["taskArn"]), Machine(region, "internet")
    outside.serve(tcp=[9])
    assert inside.tcp(INTERNET, 9) == outputs["NatAddress"]
    inside.close(), outside.close()


def said(region, group, text):
    """Whether a container wrote that."""
    return region.client("logs").filter_log_events(logGroupName=group, filterPattern=f'"{text}"')["events"]


def test_an_internal_load_balancer_answers_inside_its_vpc_only(region, stacks):
    stack = stacks["private-internal-alb"]
    outputs = stack.outputs()
    (worker,) = tasks(region, outputs["Cluster"], "worker")
    assert curl(region, outputs["Url"], place=worker["taskArn"]) == "one\n"
    assert curl(region, outputs["Url"]) == ""
    until(lambda: said(region, outputs["Logs"], "one"), what="the worker's log")
    (api, _) = tasks(region, outputs["Cluster"], "api")
    assert curl(region, outputs["Url"], place=api["taskArn"]) == ""

    before = stack.resources()
    stack.update(ApiImage="next:1", DesiredCount=1)
    stack.reaches("UPDATE_COMPLETE")
    assert changed(before, stack.resources()) == {"ApiDefinition"}
    assert curl(region, outputs["Url"], place=worker["taskArn"]) == "two\n"


def test_isolated_tasks_have_what_their_endpoints_give_them(region, stacks):
    stack = stacks["isolated-endpoints"]
    outputs = stack.outputs()
    until(lambda: said(region, outputs["Logs"], "working with a password of 24 characters"), what="the worker's log")
    (worker,) = tasks(region, outputs["Cluster"], "worker")
    refused = ["-o", "/dev/null", "-w", "%{http_code}", "-k"]
    assert curl(region, "https://logs.us-east-1.amazonaws.com/", *refused, place=worker["taskArn"]) != "000"
    assert curl(region, f"http://{INTERNET}/", *refused, "-m", "1", place=worker["taskArn"]) == "000"


def test_two_tiers_find_each_other_and_scale(region, stacks):
    stack = stacks["two-tiers"]
    outputs = stack.outputs()
    assert curl(region, outputs["Url"]) == "Hello from the API\n"
    assert curl(region, outputs["ApiUrl"]) == ""
    before = stack.resources()
    stack.update(Greeting="Hello again", MinCapacity=3)
    stack.reaches("UPDATE_COMPLETE")
    # The new capacity is seen to by AWS Application Auto Scaling; the parameter is read when tasks start, which a deployment has them do.
    until(lambda: len(tasks(region, outputs["Cluster"], "web")) == 3, what="three tasks of the first tier")
    assert changed(before, stack.resources()) == set()
    region.client("ecs").update_service(cluster=outputs["Cluster"], service="api", forceNewDeployment=True)
    until(lambda: curl(region, outputs["Url"]) == "Hello again\n", what="the other greeting")


def test_containers_of_one_task_speak_over_the_loopback(region, stacks):
    stack = stacks["sidecar"]
    outputs = stack.outputs()

    def answers():
        return [curl(region, f"http://{public_address(region, task)}/") for task in tasks(region, outputs["Cluster"], outputs["Service"])]

    assert answers() == ["Hello from the application\n"]
    (task,) = tasks(region, outputs["Cluster"], outputs["Service"])
    assert curl(region, f"http://{public_address(region, task)}:8080/", "-m", "1") == ""
    before = stack.resources()
    # A VPC can't have another CIDR block: all of the network is replaced, and the service moves.
    stack.update(VpcCidr="10.47.0.0/24")
    stack.reaches("UPDATE_COMPLETE")
    assert {"Vpc", "Subnet", "RouteTable", "Group"} <= changed(before, stack.resources())
    assert before["Service"] == stack.resources()["Service"]
    until(lambda: answers() == ["Hello from the application\n"], what="an answer from the other network")
