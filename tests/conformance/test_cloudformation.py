"""The public example stacks, deployed with `aws cloudformation deploy`, unchanged: they answer packets, also while they are changed."""

import pytest
from examples import Watch, changed, deployed, region_of_examples
from machine import INTERNET, Machine
from stacks import EXAMPLES, curl, public_address, tasks


@pytest.fixture(scope="module")
def region(request, tmp_path_factory):
    with region_of_examples(request.config.getoption("--neargate"), tmp_path_factory.mktemp("stacks")) as region:
        yield region


@pytest.fixture(scope="module")
def stacks(region):
    with deployed(region, "public-subnet", "private-nat-public-alb", "sidecar") as stacks:
        yield stacks


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


def test_containers_of_one_task_speak_over_the_loopback(region, stacks):
    stack = stacks["sidecar"]
    outputs = stack.outputs()

    def answers():
        return [curl(region, f"http://{public_address(region, task)}/") for task in tasks(region, outputs["Cluster"], outputs["Service"])]

    assert answers() == ["Hello from the application\n"]
    (task,) = tasks(region, outputs["Cluster"], outputs["Service"])
    assert curl(region, f"http://{public_address(region, task)}:8080/", "-m", "1") == ""
    before = stack.resources()
    # A subnet can't have another CIDR block: another one takes its place, and the service moves there.
    stack.update(SubnetCidr="10.45.1.0/28")
    stack.reaches("UPDATE_COMPLETE")
    assert changed(before, stack.resources()) == {"Subnet", "Routing"}
    assert answers() == ["Hello from the application\n"]
