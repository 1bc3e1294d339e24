"""A container's lines reach CloudWatch Logs through its task's interface, each once and in order, and only as long as there is a way."""

import time

import pytest
from botocore.exceptions import ClientError
from networks import ANYWHERE, EVERYTHING
from region import until
from tasks import READY, ROLE, awslogs, container, define, describe, public, reaches, result, run

FOREVER = "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.02; done"


def short(arn):
    return arn.rsplit("/", 1)[1]


def messages(logs, group, arn, name="app"):
    """What is in a container's stream, in order."""
    request, found = {"logGroupName": group, "logStreamName": f"p/{name}/{short(arn)}", "startFromHead": True}, []
    while True:
        page = logs.get_log_events(**request)
        found += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == request.get("nextToken"):
            return found
        request["nextToken"] = page["nextForwardToken"]


def numbered(count, begin=0):
    return [f"line {i}" for i in range(begin, count)]


def complained(region, arn, what):
    """Whether neargate said something of a task's output."""
    said = (region.directory / "stderr").read_text().splitlines()
    return any(f"of task {short(arn)} " in line and what in line for line in said)


def steady(count):
    """Whether a count stays what it is for longer than lines are on their way."""
    before = count()
    time.sleep(1.5)
    return count() == before


class Way:
    """A public subnet whose way out a test closes and opens again."""

    def __init__(self, networks):
        self.ec2, self.vpc = networks.ec2, networks.vpc("10.91.0.0/16", names=True)
        self.gateway = networks.internet_gateway(self.vpc)
        self.subnet, self.table = networks.subnet(self.vpc, "10.91.1.0/24", GatewayId=self.gateway)
        self.group = networks.group(self.vpc, "logging")
        self.network = public(self.subnet, self.group)

    def close(self):
        self.ec2.delete_route(RouteTableId=self.table, DestinationCidrBlock=ANYWHERE)

    def open(self):
        self.ec2.create_route(RouteTableId=self.table, DestinationCidrBlock=ANYWHERE, GatewayId=self.gateway)


@pytest.fixture
def way(networks):
    return Way(networks)


@pytest.fixture
def group(shared):
    logs = shared.client("logs")
    logs.create_log_group(logGroupName="/lines")
    yield "/lines"
    logs.delete_log_group(logGroupName="/lines")


def started(ecs, network, group, command, **options):
    """A task that logs, once it runs."""
    of = container(command=command, logConfiguration=awslogs(group, **options), mountPoints=[{"sourceVolume": "ready", "containerPath": "/ready"}], stopTimeout=2)
    arn = run(ecs, network, define(ecs, of, executionRoleArn=ROLE, volumes=READY))
    reaches(ecs, arn, "RUNNING")
    return arn


def stopped(ecs, arn):
    ecs.stop_task(task=arn)
    return reaches(ecs, arn, "STOPPED")


def test_lines_arrive_while_there_is_a_way_and_catch_up(shared, ecs, network, way, group):
    logs = shared.client("logs")
    there = lambda arn: len(messages(logs, group, arn))  # noqa: E731
    arn, other = started(ecs, way.network, group, FOREVER), started(ecs, network, group, FOREVER)
    until(lambda: there(arn) > 20, what="lines")
    way.close()
    way.ec2.revoke_security_group_egress(GroupId=way.group, IpPermissions=[EVERYTHING])
    until(lambda: complained(shared, arn, "i/o timeout"), 15, "a complaint")
    known, others = there(arn), there(other)
    until(lambda: there(other) > others + 100, what="another task's lines meanwhile")
    assert there(arn) == known
    way.open()
    others = there(other)
    until(lambda: there(other) > others + 100, what="another task's lines meanwhile")
    assert there(arn) == known, "the security group lets no new connection out"
    way.ec2.authorize_security_group_egress(GroupId=way.group, IpPermissions=[EVERYTHING])
    until(lambda: there(arn) > known + 200, 15, "what was written meanwhile")
    (acl,) = way.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [way.vpc]}])["NetworkAcls"]
    deny = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 50, "Egress": True}
    way.ec2.create_network_acl_entry(**deny, Protocol="-1", RuleAction="deny", CidrBlock=ANYWHERE)
    until(lambda: steady(lambda: there(arn)), 20, "an end of lines")
    way.ec2.delete_network_acl_entry(**deny)
    known = there(arn)
    until(lambda: there(arn) > known + 100, 20, "lines again")
    for one in (arn, other):
        stopped(ecs, one)
        said = messages(logs, group, one)
        assert said == numbered(len(said))


def test_without_a_way_a_blocking_container_waits_and_another_loses_lines(shared, ecs, way, group):
    logs, count = shared.client("logs"), 12_000
    script = f"while [ ! -e /ready/go ]; do sleep 0.05; done; i=0; while [ $i -lt {count} ]; do echo line $i; i=$((i+1)); done; touch /ready/written; sleep 1000"
    waits, loses = (started(ecs, way.network, group, script, mode=mode, **{"max-buffer-size": "64k"}) for mode in ("blocking", "non-blocking"))
    mark = lambda arn, name: shared.data / "tasks" / short(arn) / "volumes" / "v-ready" / name  # noqa: E731
    way.close()
    for arn in (waits, loses):
        mark(arn, "go").touch()
    until(mark(loses, "written").exists, what="a container that does not wait")
    until(lambda: complained(shared, waits, "i/o timeout"), what="a complaint")
    assert not mark(waits, "written").exists()
    way.open()
    until(mark(waits, "written").exists, what="a container that goes on")
    until(lambda: messages(logs, group, waits) == numbered(count), what="every line")
    until(lambda: messages(logs, group, loses), what="the first lines")
    stopped(ecs, loses)
    kept = messages(logs, group, loses)
    assert kept == numbered(len(kept)) and 1000 < len(kept) < count, len(kept)
    stopped(ecs, waits)


def test_the_last_words_of_a_task_are_there_when_it_has_stopped(shared, ecs, network, group):
    logs = shared.client("logs")
    for begin in range(5):
        task, _ = result(ecs, network, container(command=f"echo line {begin}; echo line {begin + 1} >&2; printf 'line {begin + 2}'", logConfiguration=awslogs(group)), executionRoleArn=ROLE)
        assert sorted(messages(logs, group, task["taskArn"])) == numbered(begin + 3, begin)
    many = container(command="yes 'a line' | head -200000", logConfiguration=awslogs(group, mode="blocking", **{"max-buffer-size": "1m"}))
    task, _ = result(ecs, network, many, executionRoleArn=ROLE)
    assert len(messages(logs, group, task["taskArn"])) == 200_000


def test_a_task_whose_last_words_have_no_way_stops_all_the_same(shared, ecs, way, group):
    script = "while [ ! -e /ready/go ]; do sleep 0.05; done; echo farewell; exit 7"
    arn = started(ecs, way.network, group, script)
    way.close()
    (shared.data / "tasks" / short(arn) / "volumes" / "v-ready" / "go").touch()
    ended = until(lambda: (task := describe(ecs, arn))["containers"][0]["lastStatus"] == "STOPPED" and task, what="the container's end")
    assert (ended["lastStatus"], ended["containers"][0]["exitCode"]) == ("STOPPING", 7)
    reaches(ecs, arn, "STOPPED", 15)
    assert complained(shared, arn, "the last 1 log events are lost")
    assert messages(shared.client("logs"), group, arn) == []


def test_a_stream_that_is_deleted_takes_no_lines_until_it_is_made_again(shared, ecs, network, group):
    logs = shared.client("logs")
    arn = started(ecs, network, group, FOREVER)
    until(lambda: messages(logs, group, arn), what="lines")
    logs.delete_log_group(logGroupName=group)
    until(lambda: complained(shared, arn, "ResourceNotFoundException: The specified log group does not exist."), what="a complaint")
    logs.create_log_group(logGroupName=group)
    until(lambda: complained(shared, arn, "ResourceNotFoundException: The specified log stream does not exist."), what="a complaint")
    logs.create_log_stream(logGroupName=group, logStreamName=f"p/app/{short(arn)}")
    said = until(lambda: messages(logs, group, arn), what="lines again")
    begin = int(said[0].split()[1])
    assert said == numbered(begin + len(said), begin) and begin > 0
    logs.delete_log_stream(logGroupName=group, logStreamName=f"p/app/{short(arn)}")
    stopped(ecs, arn)


def test_nobody_else_numbers_a_containers_lines(shared, ecs, network, group):
    arn = started(ecs, network, group, FOREVER)
    session = shared.client("sts").assume_role(RoleArn=ROLE, RoleSessionName=short(arn))["Credentials"]
    client = shared.client("logs")
    client.meta.events.register("before-sign.cloudwatch-logs.PutLogEvents", lambda request, **_: request.headers.add_header("x-neargate-first-line", "1000000"))
    event = {"timestamp": int(time.time() * 1000), "message": "forged"}
    for key in (None, session):
        if key:
            client._request_signer._credentials.access_key = key["AccessKeyId"]
        with pytest.raises(ClientError, match=r"AccessDeniedException.*Only the execution role of a task may number the lines"):
            client.put_log_events(logGroupName=group, logStreamName=f"p/app/{short(arn)}", logEvents=[event])
    stopped(ecs, arn)
    said = messages(shared.client("logs"), group, arn)
    assert said == numbered(len(said))


def test_each_line_is_there_once_after_kills(fresh):
    ecs, ec2, logs = fresh.client("ecs"), fresh.client("ec2"), fresh.client("logs")
    ecs.create_cluster(clusterName="default")
    logs.create_log_group(logGroupName="/killed")
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    # Two streams of one container, with lines that overlap.
    script = "i=0; while [ $i -lt 1500 ]; do printf 'line ' >&2; echo out $i; echo $i >&2; i=$((i+1)); sleep 0.005; done"
    of = container(command=script, logConfiguration=awslogs("/killed"))
    arn = run(ecs, public(subnets[0]["SubnetId"]), define(ecs, of, executionRoleArn=ROLE))
    reaches(ecs, arn, "RUNNING")
    for pause in (0.9, 1.1, 0.3, 0.7):
        time.sleep(pause)
        fresh.kill()
        fresh.up()
    reaches(ecs, arn, "STOPPED", 60)
    said = messages(logs, "/killed", arn)
    assert [line for line in said if line.startswith("line")] == numbered(1500)
    assert [line for line in said if line.startswith("out")] == [f"out {i}" for i in range(1500)]
