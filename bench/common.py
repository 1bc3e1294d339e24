"""What the benchmarks share: a region with two-container tasks, raw calls without a client's own cost, and figures."""

import atexit
import http.client
import json
import pathlib
import sys
import tempfile
import time

import images
from region import Region

TARGETS = {"ecs": "AmazonEC2ContainerServiceV20141113"}
BINARY = sys.argv[1]


def quantile(values, q):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(q * (len(ordered) - 1)))]


def figures(name, values, unit="ms", goal=""):
    """One line: median, 95th and 99th percentile."""
    print(f"{name:44} p50 {quantile(values, 0.5):8.2f} {unit}  p95 {quantile(values, 0.95):8.2f}  p99 {quantile(values, 0.99):8.2f}  n={len(values)}  {goal}", flush=True)


def verdict(met):
    return "met" if met else "MISSED"


class Calls:
    """One kept-alive connection that speaks the JSON and the EC2 protocol with no more than it must."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.connect()

    def ecs(self, operation, **parameters):
        headers = {"X-Amz-Target": f"{TARGETS['ecs']}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        self.connection.request("POST", "/", json.dumps(parameters), headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)

    def ec2(self, operation):
        scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": scope}
        self.connection.request("POST", "/", f"Action={operation}&Version=2016-11-15", headers)
        answer = self.connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return body


def region(*arguments):
    """A region with the image and the definition that the benchmarks run; it is gone at exit."""
    directory = tempfile.TemporaryDirectory(prefix="neargate-bench-")
    region = Region(pathlib.Path(BINARY).resolve(), directory.name, arguments)
    region.up()
    atexit.register(directory.cleanup)
    atexit.register(region.down)
    archive = pathlib.Path(directory.name) / "busybox.tar"
    images.save(archive, "busybox:latest", [images.busybox()], {"Env": ["PATH=/bin"]})
    region.load(archive)
    ecs, ec2 = region.client("ecs"), region.client("ec2")
    ecs.create_cluster(clusterName="default")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    region.subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/18")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    volume = [{"sourceVolume": "v", "containerPath": "/v"}]

    def container(name):
        command = ["sh", "-c", f": > /v/{name}; trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"]
        return {"name": name, "image": "busybox:latest", "cpu": 10, "memory": 64, "essential": True, "command": command, "mountPoints": volume}

    ecs.register_task_definition(
        family="two",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        containerDefinitions=[container("a"), container("b")],
        volumes=[{"name": "v"}],
    )
    return region


def run(calls, region, count=1):
    """Starts tasks and returns their ARNs."""
    network = {"awsvpcConfiguration": {"subnets": [region.subnet], "assignPublicIp": "ENABLED"}}
    answer = calls.ecs("RunTask", taskDefinition="two", launchType="FARGATE", count=count, networkConfiguration=network)
    return [t["taskArn"] for t in answer["tasks"]]


def wait(calls, arns, status, pause=0.004):
    """Waits until all of them have that lastStatus; returns when the last was seen to."""
    waiting = list(arns)
    while waiting:
        tasks = [t for n in range(0, len(waiting), 100) for t in calls.ecs("DescribeTasks", tasks=waiting[n : n + 100])["tasks"]]
        waiting = [t["taskArn"] for t in tasks if t["lastStatus"] != status]
        if waiting:
            time.sleep(pause)
    return time.monotonic()


def stop(calls, arns):
    for arn in arns:
        calls.ecs("StopTask", task=arn)
    wait(calls, arns, "STOPPED", 0.02)
