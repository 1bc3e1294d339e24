"""RunTask's parameters: overrides, tags, capacity providers, and what is refused."""

import pytest
from botocore.exceptions import ClientError
from tasks import LAUNCH, ROLE, container, define, output, reaches, run


@pytest.fixture(scope="module")
def logs(shared):
    return shared.client("logs")


@pytest.fixture(scope="module")
def definition(ecs):
    return define(ecs, container(command="exec sleep 1000", stopTimeout=2, memory=200, cpu=10), family="parameters")


def start(ecs, network, definition, **more):
    """Starts a task, has it stopped, and returns how it was answered."""
    answer = ecs.run_task(taskDefinition=definition, networkConfiguration=network, **{**LAUNCH, **more})
    assert answer["failures"] == []
    ecs.stop_task(task=answer["tasks"][0]["taskArn"])
    return answer["tasks"][0]


def test_every_override_is_shown_and_applied(logs, ecs, network):
    override = {
        "cpu": "512",
        "memory": "1024",
        "ephemeralStorage": {"sizeInGiB": 30},
        "taskRoleArn": ROLE,
        "containerOverrides": [
            {
                "name": "app",
                "command": ["sh", "-c", 'echo "over $A $B"; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; echo .end'],
                "environment": [{"name": "B", "value": "2"}],
                "memory": 64,
                "cpu": 20,
            }
        ],
    }
    environment = [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]
    said = output(logs, ecs, network, "echo original", environment=environment, memory=100, run_options={"overrides": override})
    assert said == ["over 1 2", str(64 << 20)]


def test_a_tasks_sizes_are_those_of_its_overrides(ecs, network, definition):
    override = {"cpu": "512", "memory": "1024", "ephemeralStorage": {"sizeInGiB": 30}, "containerOverrides": [{"name": "app", "memory": 64, "cpu": 20}]}
    task = start(ecs, network, definition, overrides=override)
    assert (task["cpu"], task["memory"], task["ephemeralStorage"]) == ("512", "1024", {"sizeInGiB": 30})
    assert (task["containers"][0]["cpu"], task["containers"][0]["memory"]) == ("20", "64")
    assert task["overrides"] == {**override, "inferenceAcceleratorOverrides": []}
    plain = start(ecs, network, definition)
    assert (plain["cpu"], plain["memory"], plain["ephemeralStorage"]) == ("256", "512", {"sizeInGiB": 20})
    assert plain["overrides"] == {"containerOverrides": [{"name": "app"}], "inferenceAcceleratorOverrides": []}


def one(**override):
    return {"overrides": {"containerOverrides": [{"name": "app", **override}]}}


REFUSED = {
    "no such container": ({"overrides": {"containerOverrides": [{"name": "x", "cpu": 1}]}}, "Override for container named x is not a container in the TaskDefinition."),
    "too long": (one(command=["x" * 9000]), "Container Overrides length must be at most 8192"),
    "more memory than the task": (one(memory=1024), "The 'memory' setting for container 'app' is greater than for the task."),
    "a size Fargate lacks": ({"overrides": {"cpu": "300"}}, "No Fargate configuration exists for given values: 300 CPU, 512 memory. See the Amazon ECS documentation for the valid values."),
    "no role": ({"overrides": {"taskRoleArn": "not a role!"}}, "Role is not valid"),
    "too many": ({"count": 11}, "count must be between 1 and 10."),
    "a service's group": ({"group": "service:web"}, "Invalid namespace for group."),
    "AWS's own tags": ({"tags": [{"key": "aws:x", "value": "y"}]}, "Tag keys and values starting with 'aws:' are reserved for internal use: 'aws:x'."),
    "instances": ({"launchType": "EC2"}, "No Container Instances were found in your cluster."),
    "launch type and strategy": (
        {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
        "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    ),
    "a subnet that is not there": (
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-0123456789abcdef0"]}}},
        "Error retrieving subnet information for [subnet-0123456789abcdef0]: The subnet ID 'subnet-0123456789abcdef0' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
    ),
    "an old platform": ({"platformVersion": "0.9"}, "The specified platform does not exist."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_run_task_refuses(ecs, network, definition, what):
    changes, message = REFUSED[what]
    with pytest.raises(ClientError) as error:
        ecs.run_task(**{"taskDefinition": definition, "networkConfiguration": network, **LAUNCH, **changes})
    assert error.value.response["Error"]["Message"] == message


def test_tags_are_the_calls_and_the_definitions(ecs, network):
    tagged = define(ecs, container(command="exec sleep 1000", stopTimeout=2), tags=[{"key": "a", "value": "definition"}, {"key": "b", "value": "definition"}])
    task = start(ecs, network, tagged, tags=[{"key": "a", "value": "call"}], propagateTags="TASK_DEFINITION", enableECSManagedTags=True)
    tags = {t["key"]: t["value"] for t in ecs.list_tags_for_resource(resourceArn=task["taskArn"])["tags"]}
    assert tags == {"a": "call", "b": "definition", "aws:ecs:clusterName": "default"}
    assert ecs.describe_tasks(tasks=[task["taskArn"]])["tasks"][0]["tags"] == []
    assert len(ecs.describe_tasks(tasks=[task["taskArn"]], include=["TAGS"])["tasks"][0]["tags"]) == 3


def test_a_capacity_provider_may_be_named_instead_of_a_launch_type(ecs, network, definition):
    ecs.create_cluster(clusterName="spot", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    answer = ecs.run_task(cluster="spot", taskDefinition=definition, networkConfiguration=network, capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}])
    (task,) = answer["tasks"]
    assert (task["capacityProviderName"], task["launchType"]) == ("FARGATE_SPOT", "FARGATE")
    with pytest.raises(ClientError, match="cannot be deleted while Tasks are active"):
        ecs.delete_cluster(cluster="spot")
    ecs.stop_task(cluster="spot", task=task["taskArn"])
    ecs.get_waiter("tasks_stopped").wait(cluster="spot", tasks=[task["taskArn"]], WaiterConfig={"Delay": 1})
    assert ecs.delete_cluster(cluster="spot")["cluster"]["status"] == "INACTIVE"


def test_lists_come_in_pages(shared, ecs, network, definition):
    arns = {t["taskArn"] for t in ecs.run_task(taskDefinition=definition, networkConfiguration=network, count=3, startedBy="pages", **LAUNCH)["tasks"]}
    pages = list(ecs.get_paginator("list_tasks").paginate(startedBy="pages", PaginationConfig={"PageSize": 2}))
    assert [len(page["taskArns"]) for page in pages] == [2, 1]
    assert {arn for page in pages for arn in page["taskArns"]} == arns
    first = shared.aws("ecs", "list-tasks", "--started-by", "pages", "--max-items", "2")
    rest = shared.aws("ecs", "list-tasks", "--started-by", "pages", "--starting-token", first["NextToken"])
    assert set(first["taskArns"]) | set(rest["taskArns"]) == arns and len(rest["taskArns"]) == 1
    for arn in arns:
        ecs.stop_task(task=arn)
    for arn in arns:
        reaches(ecs, arn, "STOPPED")


def test_a_revision_that_was_deregistered_starts_nothing_more(ecs, network):
    old = define(ecs, container(), family="gone")
    ecs.deregister_task_definition(taskDefinition=old)
    with pytest.raises(ClientError) as error:
        run(ecs, network, old)
    assert str(error.value).endswith("TaskDefinition is inactive")
