"""IAM, STS, tasks' roles, their credentials and metadata, with boto3, the AWS CLI and a task's own wget."""

import json

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from region import until
from tasks import TRUST, awslogs, container, define, describe, output, reaches, run

ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]})


@pytest.fixture(scope="module")
def iam(shared):
    return shared.client("iam")


@pytest.fixture
def role(iam):
    """A role for tasks, gone with the test."""
    arn = iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    yield arn
    iam.delete_role(RoleName="app")


def as_somebody(shared, service, credentials):
    """A client that signs with credentials issued for a time."""
    return boto3.client(
        service,
        endpoint_url=shared.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken") or credentials["Token"],
        config=Config(retries={"max_attempts": 1}),
    )


def test_roles_and_policies(iam):
    made = iam.create_role(RoleName="team", Path="/a/", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "k", "Value": "v"}])["Role"]
    # botocore takes the percent-encoding off again.
    assert made["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert made["Arn"] == "arn:aws:iam::123456789012:role/a/team"
    iam.get_waiter("role_exists").wait(RoleName="team")
    iam.put_role_policy(RoleName="team", PolicyName="p", PolicyDocument=ALLOW)
    assert iam.get_role_policy(RoleName="team", PolicyName="p")["PolicyDocument"] == json.loads(ALLOW)
    execution = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    iam.attach_role_policy(RoleName="team", PolicyArn=execution)
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName="team")
    assert [p["PolicyArn"] for page in pages for p in page["AttachedPolicies"]] == [execution]
    with pytest.raises(iam.exceptions.DeleteConflictException):
        iam.delete_role(RoleName="team")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="team", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.put_role_policy(RoleName="team", PolicyName="q", PolicyDocument="{}")
    iam.detach_role_policy(RoleName="team", PolicyArn=execution)
    iam.delete_role_policy(RoleName="team", PolicyName="p")
    iam.delete_role(RoleName="team")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="team")
    aws_own = [p for page in iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 7}) for p in page["Policies"]]
    assert len({p["Arn"] for p in aws_own}) == len(aws_own) > 25


def test_the_cli_makes_and_assumes_a_role(shared):
    aws = shared.aws
    made = aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", TRUST)
    issued = aws("sts", "assume-role", "--role-arn", made["Role"]["Arn"], "--role-session-name", "me")
    assert issued["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/cli/me"
    who = as_somebody(shared, "sts", issued["Credentials"]).get_caller_identity()
    assert (who["Arn"], who["Account"]) == (issued["AssumedRoleUser"]["Arn"], "123456789012")
    assert who["UserId"] == made["Role"]["RoleId"] + ":me"
    aws("iam", "delete-role", "--role-name", "cli")
    assert aws("sts", "get-caller-identity")["Arn"] == "arn:aws:iam::123456789012:root"


def test_a_task_without_its_role_is_not_started(ecs, network):
    definition = define(ecs, container())
    with pytest.raises(ClientError) as answer:
        run(ecs, network, definition, overrides={"taskRoleArn": "arn:aws:iam::123456789012:role/none"})
    assert answer.value.response["Error"]["Code"] == "ClientException"
    assert answer.value.response["Error"]["Message"].startswith(
        "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/none' that was provided for this task."
    )


def get(url):
    """Prints what is there, or the status in `refused`."""
    return f'wget -q -O - "{url}" 2>&1'


def refused(status):
    return f"wget: server returned error: HTTP/1.1 {status}"


def test_a_tasks_credentials_are_its_own(shared, ecs, network, role):
    logs = shared.client("logs")
    config = awslogs("/conformance", **{"awslogs-create-group": "true"})
    uri = "http://169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    waits = container(command=f"{get(uri)}; echo; echo $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; sleep 1000", logConfiguration=config, stopTimeout=2)
    arn = run(ecs, network, define(ecs, waits, taskRoleArn=role, executionRoleArn="ecsTaskExecutionRole"))
    reaches(ecs, arn, "RUNNING")
    stream = f"p/app/{arn.rsplit('/', 1)[1]}"

    def lines():
        events = logs.get_log_events(logGroupName="/conformance", logStreamName=stream, startFromHead=True)["events"]
        return [e["message"] for e in events if e["message"]] if len(events) > 1 else None

    issued, path = until(lines, 10, "the task's credentials")
    credentials = json.loads(issued)
    assert set(credentials) == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    assert credentials["RoleArn"] == role
    who = as_somebody(shared, "sts", credentials)
    assert who.get_caller_identity()["Arn"] == f"arn:aws:sts::123456789012:assumed-role/app/{arn.rsplit('/', 1)[1]}"

    # A neighbour that knows the path gets nothing by it, nor from anything beside it, nor as somebody it is not.
    attacks = [f"http://169.254.170.2{path}", f"http://169.254.170.2/v2/credentials/../credentials/{path.rsplit('/', 1)[1]}"]
    attacks += [f"http://169.254.170.2{path}?x=1", "http://169.254.170.2/v2/credentials/", "http://169.254.170.2/v2/credentials"]
    said = output(logs, ecs, network, "; ".join(f"{get(url)}; echo" for url in attacks))
    assert credentials["SecretAccessKey"] not in "".join(said)
    no, nowhere = refused("400 Bad Request"), refused("404 Not Found")
    assert [line for line in said if line] == [no, nowhere, no, no, no]
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")
    with pytest.raises(ClientError) as ended:
        who.get_caller_identity()
    assert ended.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_task_reads_of_itself(shared, ecs, network):
    logs = shared.client("logs")
    urls = ["", "/task", "/taskWithTags", "/stats", "/task/stats", "/nothing"]
    asks = "; ".join(f"{get('$ECS_CONTAINER_METADATA_URI_V4' + url)}; echo" for url in urls)
    command = f"sleep 1; {asks}; {get('$ECS_CONTAINER_METADATA_URI')}; echo; echo $AWS_EXECUTION_ENV $AWS_REGION"
    said = output(logs, ecs, network, command, run_options={"tags": [{"key": "a", "value": "b"}]}, memory=128)
    me, task, tagged, stats, all_stats, nothing, older, environment = [line for line in said if line]
    assert environment == "AWS_ECS_FARGATE us-east-1"
    assert nothing == refused("404 Not Found")
    me, task, stats, older = json.loads(me), json.loads(task), json.loads(stats), json.loads(older)
    described = describe(ecs, task["TaskARN"])
    (of,) = described["containers"]
    assert (me["DockerId"], me["ContainerARN"], me["ImageID"]) == (of["runtimeId"], of["containerArn"], of["imageDigest"])
    assert (me["Name"], me["KnownStatus"], me["Limits"]) == ("app", "RUNNING", {"CPU": 2, "Memory": 128})
    assert me["LogOptions"]["awslogs-stream"] == f"p/app/{task['TaskARN'].rsplit('/', 1)[1]}"
    (net,) = me["Networks"]
    assert net["IPv4Addresses"] == [of["networkInterfaces"][0]["privateIpv4Address"]]
    assert (net["IPv4SubnetCIDRBlock"], net["SubnetGatewayIpv4Address"]) == ("10.20.1.0/24", "10.20.1.1/24")
    assert net["DomainNameServers"] == ["10.20.0.2"] and net["PrivateDNSName"].startswith("ip-10-20-1-")
    assert older["Networks"] == [{"NetworkMode": "awsvpc", "IPv4Addresses": net["IPv4Addresses"]}]
    assert task["Cluster"] == described["clusterArn"]
    assert f"{task['Family']}:{task['Revision']}" == described["taskDefinitionArn"].rsplit("/", 1)[1]
    assert (task["AvailabilityZone"], task["Limits"]) == (described["availabilityZone"], {"CPU": 0.25, "Memory": 512})
    assert task["EphemeralStorageMetrics"]["Reserved"] == 20 * 1024 and "ClockErrorBound" in task["ClockDrift"]
    assert "TaskTags" not in task and json.loads(tagged)["TaskTags"] == {"a": "b"}
    assert list(json.loads(all_stats)) == [me["DockerId"]] and stats["id"] == me["DockerId"]
    assert 0 < stats["memory_stats"]["usage"] <= stats["memory_stats"]["limit"] == 128 << 20
    assert stats["cpu_stats"]["cpu_usage"]["total_usage"] > 0
    # It has just read several kilobytes by that interface.
    assert stats["networks"]["eth0"]["rx_bytes"] > 2000 and stats["networks"]["eth0"]["tx_bytes"] > 500
    assert set(stats["network_rate_stats"]) == {"rx_bytes_per_sec", "tx_bytes_per_sec"}


def test_ids_of_other_tasks_lead_nowhere(shared, ecs, network):
    logs = shared.client("logs")
    arn = run(ecs, network, define(ecs, container(command="sleep 1000", stopTimeout=2)))
    other = reaches(ecs, arn, "RUNNING")["containers"][0]["runtimeId"]
    said = output(logs, ecs, network, "; ".join(f"{get(f'http://169.254.170.2/v4/{other}{what}')}; echo" for what in ("", "/task", "/stats")))
    assert [line for line in said if line] == [refused("404 Not Found")] * 3
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")
