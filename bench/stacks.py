"""How long stacks of AWS CloudFormation take: the example of a public subnet from its deployment to the first answered request, of which waiting for
health checks is told apart; a network of 200 resources; and the deletion of both. Images are present."""

import json
import pathlib
import subprocess
import time

from common import region, verdict
from images import busybox, save

EXAMPLE = pathlib.Path(__file__).parent.parent / "examples/cloudformation/public-subnet.yml"
ANSWERED, WITHOUT_WAITING, NETWORK = 5, 1.5, 3
SUBNETS = 49

# Asks until it is answered, and says when. What answers is looked up anew each time.
ASK = """
import sys, time, urllib.request
while True:
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=1) as answer:
            if answer.status == 200:
                print(time.time())
                break
    except OSError:
        time.sleep(0.01)
"""


def network():
    """A VPC with 49 subnets, each with a route table of its own, its association and its route: 200 resources with its gateway."""
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {"Type": "AWS::EC2::VPCGatewayAttachment", "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": {"Ref": "Vpc"}, "GroupDescription": "bench"}},
    }
    for number in range(SUBNETS):
        vpc = {"VpcId": {"Ref": "Vpc"}}
        subnet, table = f"Subnet{number}", f"Table{number}"
        route = {"RouteTableId": {"Ref": table}, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": {"Ref": "Gateway"}}
        resources |= {
            subnet: {"Type": "AWS::EC2::Subnet", "Properties": vpc | {"CidrBlock": f"10.0.{number}.0/24"}},
            table: {"Type": "AWS::EC2::RouteTable", "Properties": vpc},
            f"Association{number}": {
                "Type": "AWS::EC2::SubnetRouteTableAssociation",
                "Properties": {"SubnetId": {"Ref": subnet}, "RouteTableId": {"Ref": table}},
            },
            f"Route{number}": {"Type": "AWS::EC2::Route", "DependsOn": "Attachment", "Properties": route},
        }
    assert len(resources) == 200
    return json.dumps({"Resources": resources})


def status(name):
    return stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def until(name, wanted):
    """Waits for a stack's end, and says how long it took."""
    begun = time.monotonic()
    while (now := status(name)) != wanted:
        assert now.endswith("_IN_PROGRESS") and time.monotonic() - begun < 120, f"{name} is {now}"
        time.sleep(0.01)
    return time.monotonic() - begun


def line(what, took, goal):
    print(f"{what:52} {took:8.2f} s   <= {goal} {verdict(took <= goal)}", flush=True)


here = region()
stacks, elb = here.client("cloudformation"), here.client("elbv2")
serve = "mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www"
archive = here.directory / "web.tar"
save(archive, "public.ecr.aws/docker/library/httpd:2.4", [busybox()], {"Env": ["PATH=/bin"], "Cmd": ["sh", "-c", serve]})
here.load(archive)

begun = time.time()
stack = stacks.create_stack(StackName="web", TemplateBody=EXAMPLE.read_text(), Capabilities=["CAPABILITY_IAM"])["StackId"]
while not (balancers := elb.describe_load_balancers()["LoadBalancers"]):
    time.sleep(0.01)
command = [here.binary, "from", "--data-dir", here.data, "internet", "--", "python3", "-c", ASK, f"http://{balancers[0]['DNSName']}/"]
asking = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
group = elb.describe_target_groups()["TargetGroups"][0]["TargetGroupArn"]
registered = healthy = None
while not healthy:
    states = [target["TargetHealth"]["State"] for target in elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]]
    registered = registered or (time.time() if states else None)
    healthy = time.time() if "healthy" in states else None
    time.sleep(0.01)
answered = float(asking.communicate(timeout=60)[0])
waited = healthy - registered
line("a public subnet's service, to its first answer", answered - begun, ANSWERED)
print(f"{'  of which a target waited for its health check':52} {waited:8.2f} s", flush=True)
line("  the same without waiting", answered - begun - waited, WITHOUT_WAITING)
until("web", "CREATE_COMPLETE")
begun = time.monotonic()
stacks.delete_stack(StackName="web")
until(stack, "DELETE_COMPLETE")
line("its deletion", time.monotonic() - begun, ANSWERED)

begun = time.monotonic()
stack = stacks.create_stack(StackName="network", TemplateBody=network())["StackId"]
until("network", "CREATE_COMPLETE")
line("a network of 200 resources", time.monotonic() - begun, NETWORK)
begun = time.monotonic()
stacks.delete_stack(StackName="network")
until(stack, "DELETE_COMPLETE")
line("its deletion", time.monotonic() - begun, NETWORK)
