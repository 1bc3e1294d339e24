"""AWS's services over plain HTTP, for tasks that ask for it: through their network interfaces, by the rules of their VPC."""

import json

import botocore.session
import pytest
from networks import EVERYTHING, tcp
from region import until
from tasks import ROLE, container, define, public, reaches, run

TAG = [{"key": "neargate:endpoints", "value": "http"}]
SERVICES = ("ec2", "ecr", "ecs", "logs", "secretsmanager", "ssm", "sts")


def variables(shared, arn):
    """The environment of a task's container."""
    lines = shared.neargate("exec", arn, "--", "env").stdout.splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def place(networks):
    """A public subnet and an open group."""
    vpc = networks.vpc("10.94.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.94.1.0/24", GatewayId=networks.internet_gateway(vpc))
    return subnet, networks.group(vpc, "open", EVERYTHING)


def test_sdks_use_plain_http_where_a_tag_says_so(shared, ecs, networks, place):
    subnet, group = place
    body = container(command="exec sleep 100000", stopTimeout=2, environment=[{"name": "AWS_ENDPOINT_URL_SSM", "value": "http://mine"}])
    definition = define(ecs, body, tags=TAG, taskRoleArn=ROLE)
    arn = run(ecs, public(subnet, group), definition)
    reaches(ecs, arn, "RUNNING")
    env = variables(shared, arn)
    assert env["AWS_ENDPOINT_URL_SSM"] == "http://mine", "what the definition says stays"
    session = botocore.session.get_session()
    for name in set(SERVICES) - {"ssm"}:
        model = session.get_service_model(name)
        host = f"{model.endpoint_prefix}.us-east-1.amazonaws.com"
        assert env[f"AWS_ENDPOINT_URL_{model.service_id.upper().replace(' ', '_')}"] == f"http://{host}"

    # The container itself asks. Its busybox, linked statically, can't look up names.
    machine = networks.at("task/" + arn.rsplit("/", 1)[1])
    host = env["AWS_ENDPOINT_URL_SECRETS_MANAGER"].removeprefix("http://")
    (address,) = machine.resolve(host)
    lines = [
        "POST / HTTP/1.1",
        f"Host: {host}",
        "Connection: close",
        "Content-Length: 2",
        "Content-Type: application/x-amz-json-1.1",
        "X-Amz-Target: secretsmanager.ListSecrets",
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
        "",
        "{}",
    ]

    def ask():
        # The connection stays open both ways until the answer is there.
        send = f"(cat; sleep 0.5) | nc -w 2 {address} 80"
        return shared.neargate("exec", arn, "--", "sh", "-c", send, input="\r\n".join(lines), check=False).stdout

    assert "SecretList" in ask()

    # An AWS client in its place with its environment asks, as its role.
    code, said, error = machine.run([shared.aws_program(), "sts", "get-caller-identity"], env | {"AWS_MAX_ATTEMPTS": "1"})
    assert code == 0 and "assumed-role/ecsTaskExecutionRole/" in json.loads(said)["Arn"], error

    # It is the network's rules that decide.
    ec2 = networks.ec2
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[EVERYTHING])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(443, IpRanges=[{"CidrIp": "0.0.0.0/0"}])])
    until(lambda: ask() == "", what="a closed port 80")
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(80, IpRanges=[{"CidrIp": "0.0.0.0/0"}])])
    until(lambda: "SecretList" in ask(), what="an open port 80")
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")


def test_nobody_else_is_told_of_plain_http(shared, ecs, network):
    definition = define(ecs, container(command="exec sleep 100000", stopTimeout=2))
    arns = [run(ecs, network, definition, **more) for more in ({}, {"tags": TAG})]
    told = []
    for arn in arns:
        reaches(ecs, arn, "RUNNING")
        env = variables(shared, arn)
        told.append(any(name.startswith("AWS_ENDPOINT_URL") for name in env))
        # What Fargate sets, but for the address of what is not here: protection from a service's scaling in, and made faults.
        assert env["AWS_EXECUTION_ENV"] == "AWS_ECS_FARGATE" and env["AWS_REGION"] == env["AWS_DEFAULT_REGION"] == "us-east-1"
        assert "ECS_AGENT_URI" not in env
        ecs.stop_task(task=arn)
    assert told == [False, True]
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="neargate:endpoints"):
        ecs.tag_resource(resourceArn=arns[0], tags=[{"key": "neargate:endpoints", "value": "no"}])
    for arn in arns:
        reaches(ecs, arn, "STOPPED")
