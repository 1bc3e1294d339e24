"""Services behind Application Load Balancers, as clients on the internet see them: with real packets through real proxies."""

import json
import subprocess
import textwrap

import pytest
from networks import ANYWHERE, tcp
from region import until
from tasks import LAUNCH, container, define

SERVE = (
    "mkdir -p /www; echo \"$HOSTNAME $VERSION\" > /www/index.html;"
    " trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait $!; while :; do sleep 0.1; done"
)

# Asks over and over until its input ends: over a connection that is kept, and over a new one each time. Tells what was answered how often.
LOAD = textwrap.dedent("""
    import collections, http.client, json, sys, threading, time
    host, over, told = sys.argv[1], threading.Event(), collections.Counter()

    def ask(kept):
        connection = http.client.HTTPConnection(host, timeout=20)
        while not over.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                body = answer.read().decode().strip()
                told[f"{answer.status} {body.split()[-1] if answer.status == 200 else body}"] += 1
            except Exception as error:
                told[f"failed {error!r}"] += 1
                connection.close()
            if not kept:
                connection.close()

    threads = [threading.Thread(target=ask, args=[n % 2]) for n in range(4)]
    for thread in threads: thread.start()
    while not told: time.sleep(0.01)
    print("answered", flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads: thread.join()
    print(json.dumps(told))
""")


class Load:
    """Requests from the internet, as long as this is open."""

    def __init__(self, region, host):
        command = [region.binary, "from", "--data-dir", str(region.data), "internet", "--", "python3", "-c", LOAD, host]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "answered\n"

    def told(self):
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        return json.loads(out)


@pytest.fixture
def elb(shared):
    return shared.client("elbv2")


@pytest.fixture
def front(shared, ecs, elb):
    """An internet-facing load balancer in the default VPC, with a target group for port 8080."""
    ec2 = shared.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][:2]
    vpc = subnets[0]["VpcId"]
    outer = ec2.create_security_group(GroupName="front", Description="front", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=outer, IpPermissions=[tcp(80, IpRanges=[{"CidrIp": ANYWHERE}])])
    inner = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=inner, IpPermissions=[tcp(8080, UserIdGroupPairs=[{"GroupId": outer}])])
    ids = [subnet["SubnetId"] for subnet in subnets]
    (balancer,) = elb.create_load_balancer(Name="front", Subnets=ids, SecurityGroups=[outer])["LoadBalancers"]
    (group,) = elb.create_target_group(
        Name="web", VpcId=vpc, Protocol="HTTP", Port=8080, TargetType="ip", HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2
    )["TargetGroups"]
    group = group["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "3"}]
    )
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[{"Type": "forward", "TargetGroupArn": group}]
    )
    elb.get_waiter("load_balancer_available").wait(
        LoadBalancerArns=[balancer["LoadBalancerArn"]], WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )

    class Front:
        dns, target_group = balancer["DNSName"], group
        network = {"awsvpcConfiguration": {"subnets": ids, "securityGroups": [inner], "assignPublicIp": "ENABLED"}}

        def get(self, path="/"):
            return shared.neargate("from", "internet", "--", "curl", "-s", "-m", "5", f"http://{self.dns}{path}", check=False).stdout.strip()

    yield Front()
    for name in [arn.rsplit("/", 1)[-1] for arn in ecs.list_services()["serviceArns"]]:
        ecs.delete_service(service=name, force=True)
        ecs.get_waiter("services_inactive").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    elb.delete_target_group(TargetGroupArn=group)
    for left in (inner, outer):
        until(lambda left=left: ec2.delete_security_group(GroupId=left) if not users(ec2, left) else None, what=f"{left} unused")


def users(ec2, group):
    return ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [group]}])["NetworkInterfaces"]


def version(ecs, number):
    one = container(
        command=SERVE, portMappings=[{"containerPort": 8080}], environment=[{"name": "VERSION", "value": f"v{number}"}], stopTimeout=5
    )
    return define(ecs, one, family="balanced")


def stable(ecs, name):
    ecs.get_waiter("services_stable").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 90})


def test_no_request_is_lost_while_a_service_is_deployed_scaled_and_its_tasks_stopped(shared, ecs, elb, front):
    ecs.create_service(
        serviceName="web",
        taskDefinition=version(ecs, 1),
        desiredCount=2,
        networkConfiguration=front.network,
        loadBalancers=[{"targetGroupArn": front.target_group, "containerName": "app", "containerPort": 8080}],
        **LAUNCH,
    )
    stable(ecs, "web")
    # A service's tasks run before their targets are healthy: nobody's waiter of services looks at those.
    elb.get_waiter("target_in_service").wait(TargetGroupArn=front.target_group, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    healths = [h["TargetHealth"]["State"] for h in elb.describe_target_health(TargetGroupArn=front.target_group)["TargetHealthDescriptions"]]
    assert healths == ["healthy", "healthy"]
    answers = {front.get() for _ in range(20)}
    assert len(answers) == 2 and all(answer.endswith("v1") for answer in answers), answers

    load = Load(shared, front.dns)
    ecs.update_service(service="web", taskDefinition=version(ecs, 2))
    stable(ecs, "web")
    ecs.update_service(service="web", desiredCount=4)
    stable(ecs, "web")
    ecs.update_service(service="web", desiredCount=1)
    stable(ecs, "web")
    (task,) = ecs.list_tasks(serviceName="web")["taskArns"]
    ecs.update_service(service="web", desiredCount=2)
    stable(ecs, "web")
    ecs.stop_task(task=task)
    until(lambda: task not in ecs.list_tasks(serviceName="web")["taskArns"], what="the task's end")
    stable(ecs, "web")
    told = load.told()
    assert set(told) == {"200 v1", "200 v2"}, told
