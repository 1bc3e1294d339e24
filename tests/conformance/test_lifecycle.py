"""How the containers of a task wait for one another, are watched, and end."""

import time

import pytest
from tasks import READY, container, define, describe, polite, reaches, ready, result, run

FOREVER = "exec sleep 1000"


@pytest.mark.parametrize("condition, first, starts", [("START", "exit 3", True), ("COMPLETE", "exit 3", True), ("SUCCESS", "exit 0", True), ("SUCCESS", "exit 3", False)])
def test_a_container_starts_once_its_dependency_is_met(ecs, network, condition, first, starts):
    init = container("init", first, essential=False)
    main = container("main", "exit 5", dependsOn=[{"containerName": "init", "condition": condition}])
    task, containers = result(ecs, network, main, init)
    assert containers["main"].get("exitCode") == (5 if starts else None)
    assert task["stopCode"] == ("EssentialContainerExited" if starts else "TaskFailedToStart")


def test_dependants_give_up_when_a_start_timeout_has_passed(ecs, network):
    slow = container("slow", FOREVER, essential=False, startTimeout=2, stopTimeout=2)
    main = container("main", "exit 5", dependsOn=[{"containerName": "slow", "condition": "COMPLETE"}])
    started = time.monotonic()
    task, containers = result(ecs, network, main, slow)
    assert time.monotonic() - started >= 2
    assert task["stopCode"] == "TaskFailedToStart" and "exitCode" not in containers["main"]


def test_containers_are_healthy_unhealthy_or_unknown(ecs, network):
    def check(command, **more):
        return {"command": ["CMD-SHELL", command], "interval": 5, "timeout": 2, "retries": 1, **more}

    arn = run(
        ecs,
        network,
        define(
            ecs,
            container("good", FOREVER, stopTimeout=2, healthCheck=check("exit 0")),
            container("bad", FOREVER, essential=False, stopTimeout=2, healthCheck=check("exit 1")),
            container("stuck", FOREVER, essential=False, stopTimeout=2, healthCheck=check("sleep 100")),
            container("starting", FOREVER, essential=False, stopTimeout=2, healthCheck=check("exit 1", startPeriod=60)),
            container("unwatched", FOREVER, essential=False, stopTimeout=2),
        ),
    )
    task = reaches(ecs, arn, "RUNNING")
    assert {c["healthStatus"] for c in task["containers"]} == {"UNKNOWN"}
    expected = {"good": "HEALTHY", "bad": "UNHEALTHY", "stuck": "UNHEALTHY", "starting": "UNKNOWN", "unwatched": "UNKNOWN"}
    end = time.monotonic() + 15
    while {c["name"]: c["healthStatus"] for c in task["containers"]} != expected and time.monotonic() < end:
        time.sleep(0.1)
        task = describe(ecs, arn)
    assert {c["name"]: c["healthStatus"] for c in task["containers"]} == expected
    # Only essential containers speak for the task, and nobody stops a task that belongs to no service.
    assert (task["healthStatus"], task["lastStatus"]) == ("HEALTHY", "RUNNING")
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")


def test_containers_end_on_the_signal_or_after_their_stop_timeout(shared, ecs, network):
    deaf = container("deaf", "trap '' TERM; while :; do sleep 0.1; done", stopTimeout=2)
    arn = run(ecs, network, define(ecs, polite("polite", 7), deaf, volumes=READY))
    reaches(ecs, arn, "RUNNING")
    ready(shared, arn, "polite")
    started = time.monotonic()
    ecs.stop_task(task=arn)
    codes = {c["name"]: c["exitCode"] for c in reaches(ecs, arn, "STOPPED")["containers"]}
    assert codes == {"polite": 7, "deaf": 137} and 2 <= time.monotonic() - started < 5


def test_the_clis_waiters_end(shared, ecs, network):
    arn = run(ecs, network, define(ecs, container(command=FOREVER, stopTimeout=2)))
    shared.aws("ecs", "wait", "tasks-running", "--tasks", arn)
    ecs.stop_task(task=arn)
    shared.aws("ecs", "wait", "tasks-stopped", "--tasks", arn)
    failed = shared.aws("ecs", "wait", "tasks-running", "--tasks", arn, check=False)
    assert failed.returncode == 255 and "STOPPED" in failed.stderr


def test_a_container_that_is_not_needed_may_fail(ecs, network):
    task, containers = result(ecs, network, container("extra", ["nosuchprogram"], essential=False), container("main", "sleep 0.5; exit 4"))
    assert (task["stopCode"], containers["main"]["exitCode"]) == ("EssentialContainerExited", 4)
    assert containers["extra"]["reason"].startswith("CannotStartContainerError: ")


def test_what_could_not_be_started_is_told_as_fargate_tells_it(ecs, network):
    task, containers = result(ecs, network, container(command=["nosuchprogram"]))
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", "Task failed to start")
    assert 'exec: "nosuchprogram": executable file not found in $PATH' in containers["app"]["reason"]
    task, containers = result(ecs, network, container(image="nowhere:1"))
    assert task["stoppedReason"] == containers["app"]["reason"]
    assert task["stoppedReason"].startswith("CannotPullContainerError: pull image manifest has been retried 1 time(s): ")
