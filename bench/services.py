"""How long a service of 200 small tasks takes to a steady state behind an Application Load Balancer, and what 1,000 running tasks cost neargate while
nothing happens to them."""

import os
import pathlib
import time

from common import region, verdict

SERVE = "mkdir /www; echo hello > /www/index.html; trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait"
ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
BEHIND, GOAL = 200, 30
RUNNING, IDLE_GOAL = 1000, 2


def wait(what, limit):
    """Waits until that is so, and says how long it took."""
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < limit, "it takes too long"
        time.sleep(0.1)
    return time.monotonic() - begun


# Threads of `neargate up` that are the control plane's. Those that wait for sockets serve the agent, too.
CONTROL = {"core", "neargate", "tokio-rt-worker"}


def used(stat):
    """A process's or thread's name, and the seconds of a processor that it has used so far."""
    name, fields = stat.read_text().split("(", 1)[1].rsplit(")", 1)
    return name, sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")


def processor_seconds(pid):
    """What the control plane of a process has used so far, and what the rest of it has."""
    process = pathlib.Path(f"/proc/{pid}")
    control = sum(seconds for name, seconds in map(used, process.glob("task/*/stat")) if name in CONTROL)
    return control, used(process / "stat")[1] - control


here = region()
ecs, ec2, elb = here.client("ecs"), here.client("ec2"), here.client("elbv2")
vpc = ec2.describe_subnets(SubnetIds=[here.subnet])["Subnets"][0]["VpcId"]
other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.64.0/18", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
group = ec2.create_security_group(GroupName="bench", Description="bench", VpcId=vpc)["GroupId"]
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ALL])
network = {"awsvpcConfiguration": {"subnets": [here.subnet, other], "securityGroups": [group], "assignPublicIp": "ENABLED"}}
for family, command in ("web", SERVE), ("idle", "trap 'exit 0' TERM; while :; do sleep 1000 & wait; done"):
    container = {"name": "app", "image": "busybox:latest", "essential": True, "command": ["sh", "-c", command], "portMappings": [{"containerPort": 8080}]}
    ecs.register_task_definition(
        family=family, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=[container]
    )
(balancer,) = elb.create_load_balancer(Name="bench", Scheme="internal", Subnets=[here.subnet, other], SecurityGroups=[group])["LoadBalancers"]
(targets,) = elb.create_target_group(Name="bench", VpcId=vpc, Protocol="HTTP", Port=8080, TargetType="ip")["TargetGroups"]
targets = targets["TargetGroupArn"]
elb.create_listener(
    LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}]
)
elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[balancer["LoadBalancerArn"]], WaiterConfig={"Delay": 1, "MaxAttempts": 30})


def create(name, family, count, **more):
    ecs.create_service(serviceName=name, taskDefinition=family, desiredCount=count, launchType="FARGATE", networkConfiguration=network, **more)


def steady(name, count):
    (service,) = ecs.describe_services(services=[name])["services"]
    return service["runningCount"] == count and service["deployments"][0]["rolloutState"] == "COMPLETED"


def healthy():
    found = elb.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]
    return len(found) == BEHIND and all(target["TargetHealth"]["State"] == "healthy" for target in found)


create("web", "web", BEHIND, loadBalancers=[{"targetGroupArn": targets, "containerName": "app", "containerPort": 8080}])
took = wait(lambda: steady("web", BEHIND) and healthy(), 300)
print(f"{f'{BEHIND} tasks behind a load balancer, steady':44} {took:12.1f} s   <= {GOAL} {verdict(took <= GOAL)}", flush=True)
create("idle", "idle", RUNNING - BEHIND)
took = wait(lambda: steady("idle", RUNNING - BEHIND), 600)
print(f"{f'{RUNNING - BEHIND} more tasks':44} {took:12.1f} s", flush=True)
time.sleep(30)  # what their start left to do
before, begun = processor_seconds(here.process.pid), time.monotonic()
time.sleep(60)
after, lasted = processor_seconds(here.process.pid), time.monotonic() - begun
control, host = (100 * (late - early) / lasted for early, late in zip(before, after, strict=True))
print(f"{f'control plane beside {RUNNING} tasks':44} {control:12.1f} % of a processor  <= {IDLE_GOAL} {verdict(control <= IDLE_GOAL)}")
print(f"{'the agent, with its networks':44} {host:12.1f} %", flush=True)
for name in "web", "idle":
    ecs.delete_service(service=name, force=True)
