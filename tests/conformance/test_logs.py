"""The `awslogs` driver and the log service behind it."""

from region import until
from tasks import ROLE, awslogs, container, result


def test_a_missing_group_stops_the_task_with_awss_text(ecs, network):
    task, _ = result(ecs, network, container(command="exit 0", logConfiguration=awslogs("/not/there")), executionRoleArn=ROLE)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: "
    )
    assert "The specified log group does not exist." in task["stoppedReason"]


def test_a_group_is_made_when_asked_for_and_every_way_of_reading_finds_the_lines(shared, ecs, network):
    logs = shared.client("logs")
    config = awslogs("/made/here", **{"awslogs-create-group": "true", "mode": "non-blocking", "max-buffer-size": "1m"})
    task, _ = result(ecs, network, container(command="for i in 1 2 3 4 5; do echo line $i; done; printf unended", logConfiguration=config), executionRoleArn=ROLE)
    stream = f"p/app/{task['taskArn'].rsplit('/', 1)[1]}"
    expected = [*(f"line {i}" for i in range(1, 6)), "unended"]
    read = lambda: [e["message"] for e in logs.get_log_events(logGroupName="/made/here", logStreamName=stream, startFromHead=True)["events"]]
    assert until(lambda: read() == expected)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/made/here", PaginationConfig={"PageSize": 2})
    assert [e["message"] for page in pages for e in page["events"]] == expected
    found = shared.aws("logs", "filter-log-events", "--log-group-name", "/made/here", "--filter-pattern", '"line 3"')
    assert [e["message"] for e in found["events"]] == ["line 3"]
    (described,) = shared.aws("logs", "describe-log-streams", "--log-group-name", "/made/here")["logStreams"]
    assert described["logStreamName"] == stream and described["lastEventTimestamp"]
    shared.aws("logs", "delete-log-group", "--log-group-name", "/made/here")
