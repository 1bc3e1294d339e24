"""Services: created, deployed, scaled, healed and deleted, with real tasks."""

import threading

import pytest
from botocore.exceptions import ClientError
from region import until
from tasks import LAUNCH, container, define, describe, public

CHECKED = {"healthCheck": {"command": ["CMD-SHELL", "test -e /tmp/up"], "interval": 5, "timeout": 2, "retries": 2}}
UP = "touch /tmp/up; trap 'exit 0' TERM; while :; do sleep 0.1; done"


def create(ecs, network, definition, name, count, **more):
    return ecs.create_service(
        serviceName=name, taskDefinition=definition, desiredCount=count, networkConfiguration=network, **LAUNCH, **more
    )["service"]


def service(ecs, name):
    (found,) = ecs.describe_services(services=[name])["services"]
    return found


def events(ecs, name):
    """What was said of a service, oldest first, without its name."""
    return [event["message"].replace(f"(service {name}) ", "") for event in reversed(service(ecs, name)["events"])]


def tasks(ecs, name):
    return set(ecs.list_tasks(serviceName=name)["taskArns"])


def stable(ecs, name):
    ecs.get_waiter("services_stable").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def delete(ecs, name):
    ecs.delete_service(service=name, force=True)
    ecs.get_waiter("services_inactive").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def completed(ecs, name, seconds=90):
    def done():
        found = service(ecs, name)
        return found if [d["rolloutState"] for d in found["deployments"]] == ["COMPLETED"] else None

    return until(done, seconds, f"the deployment of {name}")


@pytest.fixture
def definition(ecs):
    return define(ecs, container(command=UP, **CHECKED))


def test_a_service_keeps_its_tasks_running(ecs, network, definition):
    made = create(ecs, network, definition, "keeps", 2)
    assert (made["status"], made["desiredCount"], made["deployments"][0]["status"]) == ("ACTIVE", 2, "PRIMARY")
    stable(ecs, "keeps")
    completed(ecs, "keeps")
    first = tasks(ecs, "keeps")
    assert len(first) == 2
    said = events(ecs, "keeps")
    assert said[0].startswith("has started 2 tasks: (task ")
    assert said[-2:] == [f"(deployment {made['deployments'][0]['id']}) deployment completed.", "has reached a steady state."]
    gone = first.pop()
    ecs.stop_task(task=gone)
    until(lambda: len(tasks(ecs, "keeps")) == 2 and gone not in tasks(ecs, "keeps"), what="another task")
    stable(ecs, "keeps")
    assert first < tasks(ecs, "keeps")
    delete(ecs, "keeps")
    assert service(ecs, "keeps")["status"] == "INACTIVE"
    assert tasks(ecs, "keeps") == set()


def test_a_deployment_never_has_a_healthy_task_too_few(ecs, network, definition):
    create(ecs, network, definition, "rolls", 2)
    completed(ecs, "rolls")
    old = tasks(ecs, "rolls")
    seen, over = [], threading.Event()

    def watch():
        while not over.wait(0.2):
            arns = list(tasks(ecs, "rolls"))
            shown = ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
            healthy = [t for t in shown if t["healthStatus"] == "HEALTHY" and t["desiredStatus"] == "RUNNING"]
            seen.append((len(healthy), len(arns)))

    watcher = threading.Thread(target=watch)
    watcher.start()
    again = define(ecs, container(command=UP, **CHECKED), family="rolls")
    updated = ecs.update_service(service="rolls", taskDefinition=again)["service"]
    assert [d["status"] for d in updated["deployments"]] == ["PRIMARY", "ACTIVE"]
    completed(ecs, "rolls")
    over.set()
    watcher.join()
    new = tasks(ecs, "rolls")
    assert len(new) == 2 and not new & old
    assert {describe(ecs, arn)["taskDefinitionArn"] for arn in new} == {again}
    assert max(count for _, count in seen) <= 4
    # A task is counted anew between the two calls of a look: one look may miss it, never two.
    assert all(max(a, b) >= 2 for (a, _), (b, _) in zip(seen, seen[1:])), seen
    stopped = describe(ecs, next(iter(old)))
    assert stopped["stopCode"] == "ServiceSchedulerInitiated"
    assert stopped["stoppedReason"] == f"Scaling activity initiated by (deployment {updated['deployments'][0]['id']})"
    delete(ecs, "rolls")


def test_scaling_starts_and_stops_tasks(ecs, network, definition):
    create(ecs, network, definition, "scales", 1)
    stable(ecs, "scales")
    ecs.update_service(service="scales", desiredCount=4)
    stable(ecs, "scales")
    assert service(ecs, "scales")["runningCount"] == 4
    completed(ecs, "scales")
    ecs.update_service(service="scales", desiredCount=0)
    stable(ecs, "scales")
    assert tasks(ecs, "scales") == set()
    ecs.delete_service(service="scales")
    ecs.get_waiter("services_inactive").wait(services=["scales"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def test_a_revision_that_cannot_start_is_rolled_back(ecs, network, definition):
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    made = create(ecs, network, definition, "breaks", 1, deploymentConfiguration=breaker)
    completed(ecs, "breaks")
    good = tasks(ecs, "breaks")
    broken = define(ecs, container(command=["/no/such/program"], **CHECKED))
    failing = ecs.update_service(service="breaks", taskDefinition=broken)["service"]["deployments"][0]["id"]
    back = until(lambda: (s := service(ecs, "breaks"))["taskDefinition"] == definition and s, 90, "the rollback")
    assert back["deployments"][0]["id"] == made["deployments"][0]["id"]
    completed(ecs, "breaks")
    assert tasks(ecs, "breaks") == good
    said = events(ecs, "breaks")
    assert f"(deployment {failing}) deployment failed: tasks failed to start." in said
    assert f"rolling back to deployment {made['deployments'][0]['id']}." in said
    (latest, _) = ecs.list_service_deployments(service="breaks")["serviceDeployments"]
    assert latest["status"] == "ROLLBACK_SUCCESSFUL"
    delete(ecs, "breaks")


def test_an_unhealthy_task_is_replaced_by_one_that_is_healthy(ecs, network):
    sick = define(ecs, container(command=f"(sleep 12; rm /tmp/up) & {UP}", **CHECKED))
    create(ecs, network, sick, "sick", 1)
    completed(ecs, "sick")
    (first,) = tasks(ecs, "sick")
    stopped = until(lambda: (t := describe(ecs, first))["desiredStatus"] == "STOPPED" and t, 90, "the task's end")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("ServiceSchedulerInitiated", "Task failed container health checks")
    said = events(ecs, "sick")
    task = first.rsplit("/", 1)[1]
    assert any(event.endswith("Amazon ECS replaced 1 tasks due to an unhealthy status.") for event in said)
    assert said.index(f"(task {task}) failed container health checks.") + 1 == said.index(f"has stopped 1 running tasks: (task {task}).")
    delete(ecs, "sick")


def test_services_survive_kill_9_in_the_middle_of_a_deployment(fresh):
    ecs, ec2 = fresh.client("ecs"), fresh.client("ec2")
    ecs.create_cluster(clusterName="default")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/25")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    create(ecs, public(subnet), define(ecs, container(command=UP, **CHECKED), family="web"), "web", 2)
    completed(ecs, "web")
    old = tasks(ecs, "web")
    ecs.update_service(service="web", forceNewDeployment=True)
    fresh.kill()
    fresh.up()
    ecs = fresh.client("ecs")
    completed(ecs, "web")
    new = tasks(ecs, "web")
    assert len(new) == 2 and not new & old
    delete(ecs, "web")


def test_what_is_refused(ecs, network, definition):
    def refused(call, **request):
        with pytest.raises(ClientError) as caught:
            call(**request)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    base = {"serviceName": "refused", "taskDefinition": definition, "desiredCount": 1, "networkConfiguration": network, **LAUNCH}
    assert refused(ecs.create_service, **base, deploymentConfiguration={"strategy": "BLUE_GREEN"}) == (
        "UnsupportedFeatureException",
        "neargate does not support the deployment strategy BLUE_GREEN.",
    )
    balancer = {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/0123456789abcdef", "containerPort": 80}
    assert refused(ecs.create_service, **base, loadBalancers=[{**balancer, "containerName": "db"}]) == (
        "InvalidParameterException",
        "The container db does not exist in the task definition.",
    )
    assert refused(ecs.update_service, service="none") == ("ServiceNotFoundException", "Service not found.")
    assert ecs.describe_services(services=["none"])["failures"][0]["reason"] == "MISSING"


def test_the_command_line_waits_for_a_service(shared, ecs, network, definition):
    create(ecs, network, definition, "cli", 1)
    shared.aws("ecs", "wait", "services-stable", "--services", "cli")
    assert service(ecs, "cli")["runningCount"] == 1
    delete(ecs, "cli")
