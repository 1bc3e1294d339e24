"""What users of ECS on Fargate see of a task: its life, its containers, its reasons. Driven with boto3."""

import ipaddress
import time

import pytest
from region import until
from tasks import READY, ROLE, container, define, describe, details, polite, public, reaches, ready, result, run


def test_a_task_runs_and_stops(shared, ecs, ec2, network):
    arn = run(ecs, network, define(ecs, polite("app", 7), volumes=READY), startedBy="me", tags=[{"key": "k", "value": "v"}])
    task = reaches(ecs, arn, "RUNNING")
    ready(shared, arn, "app")
    assert (task["desiredStatus"], task["launchType"], task["platformVersion"]) == ("RUNNING", "FARGATE", "1.4.0")
    assert (task["cpu"], task["memory"], task["startedBy"], task["connectivity"]) == ("256", "512", "me", "CONNECTED")
    assert task["createdAt"] <= task["pullStartedAt"] <= task["pullStoppedAt"] <= task["startedAt"]
    interface = details(task)
    assert interface["subnetId"] == network["awsvpcConfiguration"]["subnets"][0]
    described = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["networkInterfaceId"]])["NetworkInterfaces"][0]
    assert described["PrivateIpAddress"] == interface["privateIPv4Address"]
    assert described["MacAddress"] == interface["macAddress"]
    assert ipaddress.ip_address(interface["privateIPv4Address"]) in ipaddress.ip_network("10.20.1.0/24")
    assert interface["privateDnsName"] == "ip-" + interface["privateIPv4Address"].replace(".", "-") + ".ec2.internal"
    (running,) = task["containers"]
    assert running["lastStatus"] == "RUNNING" and running["networkInterfaces"][0]["privateIpv4Address"] == interface["privateIPv4Address"]

    answer = ecs.stop_task(task=arn, reason="enough")["task"]
    assert answer["desiredStatus"] == "STOPPED"
    task = reaches(ecs, arn, "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 7
    assert task["stoppingAt"] <= task["executionStoppedAt"] <= task["stoppedAt"]
    assert until(lambda: not ec2.describe_network_interfaces(Filters=[{"Name": "network-interface-id", "Values": [interface["networkInterfaceId"]]}])["NetworkInterfaces"])


def test_the_end_of_an_essential_container_ends_the_task(ecs, network):
    task, containers = result(ecs, network, container("main", "exit 3"), container("side", "exec sleep 100", stopTimeout=2))
    assert (task["stopCode"], task["stoppedReason"]) == ("EssentialContainerExited", "Essential container in task exited")
    assert containers["main"]["exitCode"] == 3
    # PID 1 of a namespace ignores SIGTERM unless it handles it, so sleep is killed after its stopTimeout.
    assert containers["side"]["exitCode"] in (137, 143)


def test_containers_of_a_task_share_loopback_and_tasks_do_not(ecs, network):
    server = container("api", "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www", essential=False, stopTimeout=2)
    client = container("web", "for i in 1 2 3 4 5 6 7 8 9 10; do wget -q -O - http://127.0.0.1:8080/ | grep hello && exit 0; sleep 0.2; done; exit 1")
    for task, containers in [result(ecs, network, server, client) for _ in range(2)]:
        assert containers["web"]["exitCode"] == 0, task


def test_many_copies_with_the_same_ports_do_not_clash(ecs, network):
    definition = define(ecs, container("web", "exec httpd -f -p 80 -h /www", stopTimeout=2, portMappings=[{"containerPort": 80}]))
    answer = ecs.run_task(taskDefinition=definition, count=5, launchType="FARGATE", networkConfiguration=network)
    arns = [t["taskArn"] for t in answer["tasks"]]
    assert len(set(arns)) == 5 and {t["lastStatus"] for t in answer["tasks"]} == {"PROVISIONING"}
    running = [reaches(ecs, arn, "RUNNING") for arn in arns]
    assert len({details(t)["privateIPv4Address"] for t in running}) == 5
    for arn in arns:
        ecs.stop_task(task=arn)
    for arn in arns:
        reaches(ecs, arn, "STOPPED", 45)


def test_environment_entry_point_directory_and_user(ecs, network):
    check = '[ "$A" = 1 ] && [ "$(pwd)" = /tmp ] && [ "$(id -u):$(id -g)" = 1000:1000 ] && [ "$0" = x ] && [ "$(hostname)" = "$(hostname)" ]'
    described = container(
        command=["-c", check, "x"],
        entryPoint=["/bin/sh"],
        environment=[{"name": "A", "value": "1"}],
        workingDirectory="/tmp",
        user="app",
    )
    _, containers = result(ecs, network, described)
    assert containers["app"]["exitCode"] == 0


def test_overrides_apply_to_one_run_only(ecs, network):
    definition = define(ecs, container(command='exit "$CODE"', environment=[{"name": "CODE", "value": "1"}]))
    override = {"containerOverrides": [{"name": "app", "environment": [{"name": "CODE", "value": "42"}]}]}
    assert reaches(ecs, run(ecs, network, definition, overrides=override), "STOPPED")["containers"][0]["exitCode"] == 42
    assert reaches(ecs, run(ecs, network, definition), "STOPPED")["containers"][0]["exitCode"] == 1


def test_dependencies_are_waited_for(ecs, network):
    init = container("init", "sleep 0.3; echo done > /shared/flag", essential=False, mountPoints=[{"sourceVolume": "v", "containerPath": "/shared"}])
    main = container(
        "main",
        "grep done /shared/flag",
        dependsOn=[{"containerName": "init", "condition": "SUCCESS"}],
        mountPoints=[{"sourceVolume": "v", "containerPath": "/shared", "readOnly": True}],
    )
    _, containers = result(ecs, network, main, init, volumes=[{"name": "v"}])
    assert (containers["init"]["exitCode"], containers["main"]["exitCode"]) == (0, 0)


def test_volumes_from_another_container(ecs, network):
    first = container("first", "echo hi > /data/x; sleep 3", essential=False, mountPoints=[{"sourceVolume": "v", "containerPath": "/data"}])
    second = container("second", "for i in 1 2 3 4 5; do grep hi /data/x && exit 0; sleep 0.2; done; exit 1", volumesFrom=[{"sourceContainer": "first"}])
    _, containers = result(ecs, network, first, second, volumes=[{"name": "v"}])
    assert containers["second"]["exitCode"] == 0


def test_health_checks_are_run_and_reported(ecs, network):
    check = {"command": ["CMD-SHELL", "test -f /tmp/ok"], "interval": 5, "timeout": 2, "retries": 1}
    healthy = container("db", "touch /tmp/ok; exec sleep 1000", healthCheck=check, stopTimeout=2)
    waiting = container("app", "exit 0", dependsOn=[{"containerName": "db", "condition": "HEALTHY"}])
    started = time.monotonic()
    task, containers = result(ecs, network, waiting, healthy, seconds=30)
    assert containers["app"]["exitCode"] == 0 and time.monotonic() - started >= 5
    assert containers["db"]["healthStatus"] == "HEALTHY"


def test_memory_limits_kill_with_the_known_reason(ecs, network):
    hungry = container(command="x=0123456789abcdef; while :; do x=$x$x; done", memory=32)
    task, containers = result(ecs, network, hungry)
    assert containers["app"]["exitCode"] == 137
    assert containers["app"]["reason"].startswith("OutOfMemoryError: Container killed due to memory usage")
    assert task["stopCode"] == "EssentialContainerExited"


def test_a_read_only_root_cannot_be_written(ecs, network):
    _, containers = result(ecs, network, container(command="touch /x && exit 0; exit 5", readonlyRootFilesystem=True))
    assert containers["app"]["exitCode"] == 5


def test_output_is_readable_with_the_logs_api(shared, ecs, network):
    logs = shared.client("logs")
    logs.create_log_group(logGroupName="/ecs/output")
    options = {"awslogs-group": "/ecs/output", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}
    task, _ = result(
        ecs, network, container(command="echo one; echo two >&2", logConfiguration={"logDriver": "awslogs", "options": options}), executionRoleArn=ROLE
    )
    stream = f"p/app/{task['taskArn'].rsplit('/', 1)[1]}"
    events = until(lambda: [e for e in logs.get_log_events(logGroupName="/ecs/output", logStreamName=stream, startFromHead=True)["events"]][1:] and logs.get_log_events(logGroupName="/ecs/output", logStreamName=stream, startFromHead=True)["events"])
    assert sorted(e["message"] for e in events) == ["one", "two"]


FAILURES = {
    "a missing image": ({"image": "nowhere:1"}, "TaskFailedToStart", "CannotPullContainerError: "),
    "a missing command": ({"command": ["/no/such/program"]}, "TaskFailedToStart", "no such file or directory"),
    "a name not in PATH": ({"command": ["nosuchprogram"]}, "TaskFailedToStart", "executable file not found in $PATH"),
    "a directory as entry point": ({"entryPoint": ["/tmp"], "command": []}, "TaskFailedToStart", "permission denied"),
    "a foreign architecture": ({"image": "foreign:latest"}, "EssentialContainerExited|TaskFailedToStart", "exec format error|Essential container in task exited"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_cannot_start_says_why(ecs, ec2, network, name):
    changes, codes, text = FAILURES[name]
    task, containers = result(ecs, network, {**container(), **changes})
    said = task["stoppedReason"] + containers["app"].get("reason", "")
    assert task["stopCode"] in codes.split("|")
    assert any(t in said for t in text.split("|")), said
    assert containers["app"]["lastStatus"] == "STOPPED"
    left = ec2.describe_network_interfaces(Filters=[{"Name": "private-ip-address", "Values": [details(task)["privateIPv4Address"]]}])
    assert left["NetworkInterfaces"] == []


def test_no_free_address_is_told_in_awss_words(ecs, networks):
    vpc = networks.vpc("10.30.0.0/24")
    subnet, _ = networks.subnet(vpc, "10.30.0.0/28", GatewayId=networks.internet_gateway(vpc))
    network = public(subnet)
    definition = define(ecs, container(command="exec sleep 1000", stopTimeout=2))
    arns = [t["taskArn"] for n in (10, 1) for t in ecs.run_task(taskDefinition=definition, count=n, launchType="FARGATE", networkConfiguration=network)["tasks"]]
    assert len(arns) == 11
    last = run(ecs, network, definition)
    task = reaches(ecs, last, "STOPPED")
    assert task["stopCode"] == "TaskFailedToStart" and "InsufficientFreeAddressesInSubnet" in task["stoppedReason"]
    for arn in arns:
        ecs.stop_task(task=arn)
    for arn in arns:
        reaches(ecs, arn, "STOPPED", 45)
    again = run(ecs, network, definition)
    reaches(ecs, again, "RUNNING")
    ecs.stop_task(task=again)
    reaches(ecs, again, "STOPPED")


def test_tasks_are_listed_by_every_filter(ecs, network):
    definition = define(ecs, container(command="exec sleep 1000", stopTimeout=2), family="listed")
    arn = run(ecs, network, definition, startedBy="lister")
    reaches(ecs, arn, "RUNNING")
    assert ecs.list_tasks(family="listed")["taskArns"] == [arn]
    assert ecs.list_tasks(startedBy="lister")["taskArns"] == [arn]
    assert arn in ecs.list_tasks(launchType="FARGATE", desiredStatus="RUNNING")["taskArns"]
    assert arn not in ecs.list_tasks(desiredStatus="STOPPED")["taskArns"]
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")
    assert ecs.list_tasks(family="listed")["taskArns"] == []
    assert ecs.list_tasks(family="listed", desiredStatus="STOPPED")["taskArns"] == [arn]


def test_a_client_token_starts_a_task_once(ecs, network):
    definition = define(ecs, container(command="exec sleep 1000", stopTimeout=2))
    first, second = (run(ecs, network, definition, clientToken="once") for _ in range(2))
    assert first == second
    ecs.stop_task(task=first)
    reaches(ecs, first, "STOPPED")
