"""The private example stacks, deployed with `aws cloudformation deploy`, unchanged: who reaches what, and what is said where."""

import pytest
from examples import changed, deployed, region_of_examples, said
from machine import INTERNET
from region import until
from stacks import curl, tasks


@pytest.fixture(scope="module")
def region(request, tmp_path_factory):
    with region_of_examples(request.config.getoption("--neargate"), tmp_path_factory.mktemp("stacks")) as region:
        yield region


@pytest.fixture(scope="module")
def stacks(region):
    with deployed(region, "private-internal-alb", "isolated-endpoints", "two-tiers") as stacks:
        yield stacks


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
