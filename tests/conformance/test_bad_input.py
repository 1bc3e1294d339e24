"""What AWS answers to input that is wrong, byte for byte where it is known."""

import http.client
import json
import xml.etree.ElementTree

import pytest
from botocore.exceptions import ClientError
from tasks import container, define

TARGET = "AmazonEC2ContainerServiceV20141113"
PUBLISHED = """{"family": "myapp", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512",
 "containerDefinitions": [
  {"name": "web", "image": "web", "cpu": 10, "memory": 200, "essential": true, "portMappings": [{"containerPort": 80}]}%s
  {"name": "api", "image": "api", "cpu": 10, "memory": 200, "esssential": true, "portMappings": [{"containerPort": 8080}]}]}"""


def call(region, operation, body, headers=()):
    """A raw call of the JSON protocol: status, parsed body."""
    connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=10)
    connection.request("POST", "/", body, {"X-Amz-Target": f"{TARGET}.{operation}", "Content-Type": "application/x-amz-json-1.1", **dict(headers)})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"{}")


def test_json_that_does_not_parse_is_named_with_its_position(shared):
    status, body = call(shared, "RegisterTaskDefinition", PUBLISHED % "")
    assert status == 400 and body["__type"].endswith("SerializationException")
    assert any(ch.isdigit() for ch in json.dumps(body)), body


def test_an_unknown_member_is_ignored_as_the_json_protocol_does(shared):
    # AWS's JSON services skip members they don't know, so the misspelt `esssential` leaves `essential` at its default, true.
    status, body = call(shared, "RegisterTaskDefinition", PUBLISHED % ",")
    assert status == 200, body
    api = body["taskDefinition"]["containerDefinitions"][1]
    assert api["essential"] is True and "esssential" not in api


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"\xff\xfe", b"{" * 100_000, b'{"cluster":' + b"[" * 5000, b'{"tasks": 5}', b'{"tasks": [{}]}'])
def test_garbage_gets_a_refusal_and_the_server_goes_on(shared, ecs, body):
    status, answer = call(shared, "DescribeTasks", body)
    assert 400 <= status < 500 and answer["__type"], answer
    assert ecs.list_clusters()


NAMES = ["a\0b", "\u202e", "ü💥", "a" * 5000, "../..", "' OR 1=1 --", "<x>&amp;", "\ud800"]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_are_refused(shared, ecs, name):
    container = {"name": name, "image": name, "memory": 64}
    for operation, body in [("CreateCluster", {"clusterName": name}), ("RegisterTaskDefinition", {"family": name, "containerDefinitions": [container]})]:
        status, answer = call(shared, operation, json.dumps(body))
        assert status == 400 and answer["__type"], answer
    assert ecs.list_clusters()


NUMBERS = ["1e400", "9" * 400, "2147483648", "-2147483649", "9223372036854775808", "1.5", "NaN", '"1"', "null, \"count\": 11"]


@pytest.mark.parametrize("number", NUMBERS)
def test_odd_numbers_are_refused(shared, ecs, number):
    status, answer = call(shared, "RunTask", '{"taskDefinition": "x", "count": %s}' % number)
    assert status == 400 and answer["__type"], answer
    assert ecs.list_clusters()


def test_long_lists_are_refused(shared, ecs):
    for size in (101, 10_000, 100_000):
        status, answer = call(shared, "DescribeTasks", json.dumps({"tasks": ["x"] * size}))
        assert status == 400 and answer["__type"], answer
    assert ecs.list_clusters()


@pytest.mark.parametrize("member", ["command", "entryPoint", "user", "workingDirectory"])
def test_texts_the_kernel_would_cut_short_are_refused(ecs, member):
    value = ["a\0b"] if member in ("command", "entryPoint") else "a\0b"
    code, message = refusal(lambda: define(ecs, container(**{member: value})))
    assert (code, message) == ("ClientException", f"Invalid '{member}' setting for container 'app'. It contains invalid characters.")


QUERIES = [
    "VpcId.4294967296=x",
    "VpcId.0=x",
    "VpcId.1=%zz%",
    "VpcId.1=%ff%fe%00",
    "MaxResults=" + "9" * 50,
    "DryRun=maybe",
    "Filter.1.Name=%3C%26%01&Filter.1.Value.1=x",
    ".".join(["Filter.1"] * 5000) + "=x",
    "Nonsense=1",
]


@pytest.mark.parametrize("query", QUERIES)
def test_odd_queries_get_ec2s_refusals(shared, ec2, query):
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=10)
    connection.request("POST", "/", "Action=DescribeVpcs&Version=2016-11-15&" + query, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    parsed = xml.etree.ElementTree.fromstring(answer.read())
    assert answer.status == 400 and parsed.find("Errors/Error/Code").text
    assert ec2.describe_vpcs()["Vpcs"]


def test_unknown_operations_are_refused_by_name(shared):
    status, body = call(shared, "FlyToTheMoon", "{}")
    assert status == 400 and body["__type"].endswith("UnknownOperationException")
    status, body = call(shared, "CreateTaskSet", "{}")
    assert "CreateTaskSet" in json.dumps(body)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_task_needs_its_network(ecs):
    definition = define(ecs, container())
    code, message = refusal(ecs.run_task, taskDefinition=definition, launchType="FARGATE")
    assert code == "InvalidParameterException"
    assert message == "Network Configuration must be provided when networkMode 'awsvpc' is specified."


def test_unknown_things_have_awss_codes(ecs, ec2, network):
    assert refusal(ecs.run_task, cluster="nowhere", taskDefinition="x", networkConfiguration=network)[0] == "ClusterNotFoundException"
    assert refusal(ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"]) == ("InvalidVpcID.NotFound", "The vpc ID 'vpc-0123456789abcdef0' does not exist")
    assert refusal(ecs.stop_task, task="0123456789abcdef0123456789abcdef")[0] == "InvalidParameterException"
    missing = ecs.describe_tasks(tasks=["0123456789abcdef0123456789abcdef"])["failures"]
    assert [f["reason"] for f in missing] == ["MISSING"]


def test_fargate_refuses_what_fargate_refuses(ecs):
    def register(**changes):
        body = {"family": "bad", "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": [container()], **changes}
        return refusal(ecs.register_task_definition, **body)

    assert register(memory="1000")[0] == "ClientException"
    assert register(networkMode="bridge")[0] == "ClientException"
    assert register(containerDefinitions=[container(privileged=True)])[0] == "ClientException"
    assert register(containerDefinitions=[container(portMappings=[{"containerPort": 80, "hostPort": 8080}])])[0] == "ClientException"
    assert register(containerDefinitions=[container(essential=False)])[0] == "ClientException"


def test_other_sites_pages_cannot_call(shared):
    status, _ = call(shared, "ListClusters", "{}", [("Origin", "https://evil.example")])
    assert status == 403
    status, _ = call(shared, "ListClusters", "{}", [("Host", "rebound.example")])
    assert status == 403
