"""Services behind Application Load Balancers, as clients on the internet see them: with real packets through real proxies."""

import json
import os
import pathlib
import signal
import subprocess
import textwrap
import time

import pytest
from networks import ANYWHERE, tcp
from region import until
from tasks import LAUNCH, container, define

SERVE = (
    "mkdir -p /www/cgi-bin; echo \"$HOSTNAME $VERSION\" > /www/index.html;"
    " printf '#!/bin/sh\\nprintf \"Content-Type: text/plain\\\\n\\\\n%s %s\"' $HOSTNAME $VERSION > /www/cgi-bin/post; chmod +x /www/cgi-bin/post;"
    " trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait $!; while :; do sleep 0.1; done"
)

# Asks over and over until its input ends: over a connection that is kept, and over a new one each time, to get something and to post
# something. Tells what was answered how often, and when something failed.
LOAD = textwrap.dedent("""
    import collections, functools, http.client, json, socket, sys, threading, time
    # A name's answer is good for a minute, which this does not last: nobody asks while the agent, which answers, is dead.
    socket.getaddrinfo = functools.cache(socket.getaddrinfo)
    host, over, told, failed = sys.argv[1], threading.Event(), collections.Counter(), []

    def ask(kept, posts):
        connection = http.client.HTTPConnection(host, timeout=20)
        while not over.is_set():
            try:
                if posts:
                    connection.request("POST", "/cgi-bin/post", "x")
                else:
                    connection.request("GET", "/")
                answer = connection.getresponse()
                body = answer.read().decode().strip()
                told[f"{answer.status} {body.split()[-1] if answer.status == 200 else body}"] += 1
                if answer.status != 200:
                    failed.append(time.time())
            except Exception as error:
                told[f"failed {error!r}"] += 1
                failed.append(time.time())
                time.sleep(0.02)
                connection.close()
            if not kept:
                connection.close()

    threads = [threading.Thread(target=ask, args=[n % 2, n // 2 % 2]) for n in range(8)]
    for thread in threads: thread.start()
    while not told: time.sleep(0.01)
    print("answered", flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads: thread.join()
    print(json.dumps([told, failed]))
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
        told, self.failed = json.loads(out)
        print(f"{sum(told.values())} requests, {len(self.failed)} failed: {told}")
        return told


@pytest.fixture
def elb(shared):
    return shared.client("elbv2")


@pytest.fixture
def front(shared, ecs, elb):
    yield from make_front(shared, ecs, elb)


@pytest.fixture
def own(fresh):
    """The same in a region of the test's own."""
    client = fresh.client("ecs")
    client.create_cluster(clusterName="default")
    yield from make_front(fresh, client, fresh.client("elbv2"))


def make_front(shared, ecs, elb):
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

        def in_service(self):
            elb.get_waiter("target_in_service").wait(TargetGroupArn=group, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

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


def serve(ecs, front, **more):
    ecs.create_service(
        serviceName="web",
        taskDefinition=version(ecs, 1),
        desiredCount=2,
        networkConfiguration=front.network,
        loadBalancers=[{"targetGroupArn": front.target_group, "containerName": "app", "containerPort": 8080}],
        **({} if "capacityProviderStrategy" in more else LAUNCH),
        **more,
    )
    stable(ecs, "web")
    # A service's tasks run before their targets are healthy: nobody's waiter of services looks at those.
    front.in_service()


def processes(belongs):
    """Processes by their cgroups and command lines."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            told = [pathlib.Path(f"/proc/{pid}/{file}").read_text(errors="replace") for file in ("cgroup", "cmdline")]
        except OSError:
            continue
        if belongs(*told):
            found.append(int(pid))
    return found


def firsts(pids):
    """Those that are the first in the innermost PID namespace that any of them is in: a container's, whose shim has one as well."""
    inside = {}
    for pid in pids:
        try:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue  # it has ended meanwhile, as what answers a request does
        inside[pid] = status.split("NSpid:")[1].split("\n")[0].split()
    deepest = max(map(len, inside.values()))
    return [pid for pid, ids in inside.items() if len(ids) == deepest and ids[-1] == "1"]


def tasks(ecs):
    return set(ecs.list_tasks(serviceName="web")["taskArns"])


def test_no_request_is_lost_when_server_and_agent_are_killed_during_a_deployment(fresh, own):
    ecs = fresh.client("ecs")
    serve(ecs, own)
    load = Load(fresh, own.dns)
    for number, moments in ((2, [0.2, 2, 3]), (3, [1, 4, 0.5])):
        ecs.update_service(service="web", taskDefinition=version(ecs, number))
        for moment in moments:
            time.sleep(moment)  # somewhere in the deployment
            fresh.kill()
            time.sleep(0.3)  # nobody is there
            fresh.up()
        stable(ecs, "web")
    kept = tasks(ecs)
    fresh.kill()
    fresh.up()
    time.sleep(3)  # for what must not happen
    assert tasks(ecs) == kept, "a task is not replaced because its agent begins anew"
    told = load.told()
    assert set(told) == {"200 v1", "200 v2", "200 v3"}, told


def test_a_balancer_that_is_killed_is_back_within_two_seconds_and_no_task_is_replaced(fresh, own):
    ecs, elb = fresh.client("ecs"), fresh.client("elbv2")
    serve(ecs, own)
    kept = tasks(ecs)
    load = Load(fresh, own.dns)
    (pid,) = processes(lambda _, command: command == f"neargate\0balancer\0{fresh.data / 'balancer'}\0")
    killed = time.time()
    os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + 7
    while time.monotonic() < end:
        health = elb.describe_target_health(TargetGroupArn=own.target_group)["TargetHealthDescriptions"]
        assert [target["TargetHealth"]["State"] for target in health] == ["healthy", "healthy"]
        time.sleep(0.05)
    assert tasks(ecs) == kept
    load.told()
    assert all(when - killed < 2 for when in load.failed), [when - killed for when in load.failed]


def test_of_a_task_that_is_killed_only_requests_under_way_fail(shared, ecs, front):
    serve(ecs, front)
    task = sorted(tasks(ecs))[0]
    name = task.rsplit("/", 1)[1]
    load = Load(shared, front.dns)
    (pid,) = firsts(processes(lambda cgroup, _: name in cgroup))
    os.kill(pid, signal.SIGKILL)  # the first of its namespace: the kernel ends all others with it
    until(lambda: task not in tasks(ecs), what="the task's end")
    stable(ecs, "web")
    told = load.told()
    assert told["200 v1"] > 100
    assert len(load.failed) <= 8, told  # one request of each client


def test_a_spot_task_that_is_interrupted_is_replaced(shared, ecs, front):
    ecs.put_cluster_capacity_providers(
        cluster="default", capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    serve(ecs, front, capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
    task = sorted(tasks(ecs))[0]
    assert shared.neargate("interrupt", task).stdout.strip() == task
    until(lambda: task not in tasks(ecs), what="the task's end")
    stable(ecs, "web")

    def stopped():
        (found,) = ecs.describe_tasks(tasks=[task])["tasks"]
        return found if found["lastStatus"] == "STOPPED" else None

    found = until(stopped, 60, "STOPPED")
    assert (found["stopCode"], found["stoppedReason"]) == ("SpotInterruption", "Your Spot Task was interrupted.")
    assert task not in tasks(ecs) and len(tasks(ecs)) == 2


def test_no_request_is_lost_while_a_service_is_deployed_scaled_and_its_tasks_stopped(shared, ecs, elb, front):
    serve(ecs, front)
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


def test_aws_waits_until_a_service_is_stable(shared, ecs, front):
    serve(ecs, front)
    ecs.update_service(service="web", taskDefinition=version(ecs, 2))
    # The waiter asks every 15 seconds, forty times at most.
    command = [shared.aws_program(), "ecs", "wait", "services-stable", "--services", "web"]
    subprocess.run(command, env=shared.environment(), check=True, timeout=120)
    (service,) = ecs.describe_services(services=["web"])["services"]
    (deployment,) = service["deployments"]
    assert (deployment["rolloutState"], deployment["runningCount"]) == ("COMPLETED", 2)
    assert {front.get().split()[-1] for _ in range(6)} == {"v2"}


def test_a_deployment_whose_tasks_end_is_rolled_back_and_clients_notice_nothing(shared, ecs, front):
    breaker = {"enable": True, "rollback": True}
    serve(ecs, front, deploymentConfiguration={"deploymentCircuitBreaker": breaker})
    good = tasks(ecs)
    load = Load(shared, front.dns)
    bad = define(ecs, container(command="exit 3", portMappings=[{"containerPort": 8080}]), family="balanced")
    ecs.update_service(service="web", taskDefinition=bad)

    def rolled_back():
        (service,) = ecs.describe_services(services=["web"])["services"]
        only = service["deployments"]
        return service if len(only) == 1 and only[0]["rolloutState"] == "COMPLETED" and only[0]["taskDefinition"] != bad else None

    service = until(rolled_back, 120, "the deployment's end")
    assert any("rolling back to deployment" in event["message"] for event in service["events"]), service["events"]
    assert tasks(ecs) == good, "nothing of the deployment before it was started anew"
    assert set(load.told()) == {"200 v1"}
    (failed,) = [d for d in ecs.list_service_deployments(service="web")["serviceDeployments"] if d["status"].startswith("ROLLBACK")]
    assert failed["status"] == "ROLLBACK_SUCCESSFUL"


def test_the_internet_reaches_the_public_load_balancer_and_nothing_behind_it(shared, ecs, ec2, elb, front):
    serve(ecs, front)
    (balancer,) = elb.describe_load_balancers(Names=["front"])["LoadBalancers"]
    description = "ELB " + balancer["LoadBalancerArn"].split("loadbalancer/")[1]
    nodes = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": [description]}])["NetworkInterfaces"]
    described = ecs.describe_tasks(tasks=list(tasks(ecs)))["tasks"]
    interfaces = [d["value"] for task in described for d in task["attachments"][0]["details"] if d["name"] == "networkInterfaceId"]
    behind = ec2.describe_network_interfaces(NetworkInterfaceIds=interfaces)["NetworkInterfaces"]
    expected = {}
    for interface in nodes + behind:
        expected[f"{interface['VpcId']}/{interface['PrivateIpAddress']}", 80 if interface in nodes else 8080] = False
        expected[interface["Association"]["PublicIp"], 80 if interface in nodes else 8080] = interface in nodes
    assert sorted(expected.values()) == [False] * 6 + [True] * 2
    for (place, port), reached in expected.items():
        address = place.split("/")[-1]
        probe = shared.neargate("from", "internet", "--", "curl", "-s", "-m", "1", f"http://{address}:{port}/", check=False)
        explained = shared.neargate("explain", "internet", f"{place}:{port}", check=False)
        assert (probe.returncode == 0, explained.returncode == 0) == (reached, reached), (place, port, explained.stdout)
