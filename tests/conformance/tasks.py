"""Short words for what most task tests do."""

import os
import uuid

from region import until

LAUNCH = {"launchType": "FARGATE"}


def public(subnet, *groups):
    """A network configuration with a public address: a way to the registry, where the subnet routes to an internet gateway."""
    more = {"securityGroups": list(groups)} if groups else {}
    return {"awsvpcConfiguration": {"subnets": [subnet], "assignPublicIp": "ENABLED", **more}}


def container(name="app", command=None, **more):
    body = {"name": name, "image": "busybox:latest", "essential": True, **more}
    if command is not None:
        body["command"] = ["sh", "-c", command] if isinstance(command, str) else command
    return body


def define(ecs, *containers, family=None, cpu="256", memory="512", **more):
    """Registers a task definition and returns its ARN."""
    answer = ecs.register_task_definition(
        family=family or f"t-{uuid.uuid4().hex[:8]}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu=cpu,
        memory=memory,
        containerDefinitions=list(containers),
        **more,
    )
    return answer["taskDefinition"]["taskDefinitionArn"]


def run(ecs, network, definition, **more):
    """Starts one task and returns its ARN."""
    answer = ecs.run_task(taskDefinition=definition, networkConfiguration=network, **LAUNCH, **more)
    assert answer["failures"] == []
    return answer["tasks"][0]["taskArn"]


def describe(ecs, arn):
    answer = ecs.describe_tasks(tasks=[arn])
    assert answer["failures"] == [], answer
    return answer["tasks"][0]


def reaches(ecs, arn, status, seconds=30):
    """Waits until a task has that lastStatus and returns it."""

    def there():
        task = describe(ecs, arn)
        if status != "STOPPED":
            assert task["lastStatus"] != "STOPPED", task
        return task if task["lastStatus"] == status else None

    return until(there, seconds, f"status {status} of {arn}")


def result(ecs, network, *containers, seconds=30, run_options=None, **more):
    """Runs a task to its end and returns it and its containers by name."""
    arn = run(ecs, network, define(ecs, *containers, **more), **(run_options or {}))
    task = reaches(ecs, arn, "STOPPED", seconds)
    return task, {c["name"]: c for c in task["containers"]}


def details(task):
    """The details of a task's network interface attachment."""
    (attachment,) = [a for a in task["attachments"] if a["type"] == "ElasticNetworkInterface"]
    return {d["name"]: d["value"] for d in attachment["details"]}


def leaves_nothing(region, arn):
    """Whether nothing of a task is on the machine: none of its files and networks, nor anything half pulled."""
    task = arn.rsplit("/", 1)[1]
    places = [region.data / "tasks" / task, region.data / "names" / task]
    networks = [name for name in os.listdir("/run/netns") if name.startswith(region.instance()) and task in name]
    return not any(place.exists() for place in places) and not networks and not os.listdir(region.data / "layers/tmp")


ROLE = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
TRUST = """{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"""


def execution_role(region):
    """Makes the role that tasks with logs need."""
    region.client("iam").create_role(RoleName="ecsTaskExecutionRole", AssumeRolePolicyDocument=TRUST)


READY = [{"name": "ready"}]


def polite(name, code):
    """A container that ends with that code on SIGTERM, once `ready` has said so. Its task needs `volumes=READY`."""
    mount = [{"sourceVolume": "ready", "containerPath": "/ready"}]
    return container(name, f"trap 'exit {code}' TERM; touch /ready/{name}; while :; do sleep 0.1; done", mountPoints=mount)


def ready(region, arn, name):
    """Waits until a polite container can take the signal: a process 1 that has no handler yet ignores it."""
    mark = region.data / "tasks" / arn.rsplit("/", 1)[1] / "volumes" / "v-ready" / name
    until(mark.exists, what=f"{name}'s handler")


def awslogs(group, **more):
    """A log configuration; the containers' task definition needs `executionRoleArn=ROLE` with it."""
    options = {"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p", **more}
    return {"logDriver": "awslogs", "options": options}


def output(logs, ecs, network, command, run_options=None, volumes=(), **more):
    """Runs a shell command in a task of its own and returns the lines it wrote."""
    config = awslogs("/conformance", **{"awslogs-create-group": "true"})
    of = container(command=f"{command}; echo .end", logConfiguration=config, **more)
    definition = define(ecs, of, executionRoleArn=ROLE, volumes=list(volumes))
    arn = run(ecs, network, definition, **(run_options or {}))
    task = reaches(ecs, arn, "STOPPED")
    assert "reason" not in task["containers"][0], task
    stream = f"p/app/{arn.rsplit('/', 1)[1]}"

    def lines():
        events = logs.get_log_events(logGroupName="/conformance", logStreamName=stream, startFromHead=True)["events"]
        said = [e["message"].rstrip("\r") for e in events]
        return said if ".end" in said else None

    said = until(lines, 10, "the end of the output")
    return [line for line in said if line != ".end"]
