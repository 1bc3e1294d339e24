"""The `awslogs` driver and the log service behind it."""

import json
import time

import pytest
from botocore.exceptions import ClientError
from region import until
from tasks import ROLE, awslogs, container, define, describe, result, run


def test_a_missing_group_stops_the_task_with_awss_text(shared, ecs, network):
    task, _ = result(ecs, network, container(command="exit 0", logConfiguration=awslogs("/not/there")), executionRoleArn=ROLE)
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: "
        "operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: "
    )
    assert task["stoppedReason"].endswith(", ResourceNotFoundException: The specified log group does not exist. : exit status 1")
    for follow in ([], ["--follow"]):
        shown = shared.neargate("logs", task["taskArn"], *follow, check=False)
        assert (shown.returncode, shown.stdout) == (1, "") and task["stoppedReason"] in shown.stderr


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


TRACE = "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no\n"


def test_lines_become_events_as_the_task_definition_says(shared, ecs, network):
    logs = shared.client("logs")
    script = f"echo 'INFO begin'; printf '%s' '{TRACE}'; echo; echo 'INFO end'"
    for option, value, begin in [("awslogs-multiline-pattern", "^(INFO|Traceback)", "INFO"), ("awslogs-datetime-format", "%H:%M", "12:30")]:
        group = f"/{option}"
        config = awslogs(group, **{"awslogs-create-group": "true", option: value})
        task, _ = result(ecs, network, container(command=script.replace("INFO", begin), logConfiguration=config), executionRoleArn=ROLE)
        assert task["stopCode"] == "EssentialContainerExited", task["stoppedReason"]
        read = lambda: [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]]
        apart = [f"{begin} begin\n", TRACE + "\n"] if begin == "INFO" else [f"{begin} begin\n" + TRACE + "\n"]
        assert until(lambda: read() == [*apart, f"{begin} end\n"]), read()
        logs.delete_log_group(logGroupName=group)


def test_a_pattern_that_is_none_stops_the_task(ecs, network):
    config = awslogs("/bad/pattern", **{"awslogs-create-group": "true", "awslogs-multiline-pattern": "("})
    task, _ = result(ecs, network, container(command="exit 0", logConfiguration=config), executionRoleArn=ROLE)
    assert task["stopCode"] == "TaskFailedToStart"
    assert 'awslogs could not parse multiline pattern key "("' in task["stoppedReason"]


def test_logs_of_a_task_are_printed_and_followed_to_its_end(shared, ecs, network):
    config = awslogs("/printed", **{"awslogs-create-group": "true"})
    script = "i=0; while [ $i -lt 6 ]; do echo line $i; i=$((i+1)); sleep 0.3; done"
    arn = run(ecs, network, define(ecs, container(command=script, logConfiguration=config), executionRoleArn=ROLE))
    expected, id = [f"line {i}" for i in range(6)], arn.rsplit("/", 1)[1]
    followed = shared.neargate("logs", "--follow", arn)
    assert [line.split(" ", 1)[1] for line in followed.stdout.splitlines()] == expected
    assert describe(ecs, arn)["lastStatus"] == "STOPPED"
    for what in (arn, f"task/{id[:8]}", id, "/printed"):
        printed = shared.neargate("logs", what).stdout.splitlines()
        assert [line.split(" ", 1 if what != "/printed" else 2)[-1] for line in printed] == expected, what
    chosen = shared.neargate("logs", "--follow", arn, "--container", "app", "--filter", r"%line\s[24]%")
    assert [line.split(" ", 1)[1] for line in chosen.stdout.splitlines()] == ["line 2", "line 4"]
    events = [json.loads(line) for line in shared.neargate("logs", "/printed", "--output", "json", "--since", "1h").stdout.splitlines()]
    assert [event["message"] for event in events] == expected
    assert shared.neargate("logs", "/printed", "--since", "0s").stdout == ""
    assert "no container nope" in shared.neargate("logs", arn, "-c", "nope", check=False).stderr
    assert "there is no task" in shared.neargate("logs", "task/ffffffff", check=False).stderr
    assert "there is no log group /nope" in shared.neargate("logs", "/nope", check=False).stderr


def test_polling_finds_every_event_once_while_they_come(shared):
    logs = shared.client("logs")
    logs.create_log_group(logGroupName="/polled")
    logs.create_log_stream(logGroupName="/polled", logStreamName="s")
    begin, seen = int(time.time() * 1000), {}
    for n in range(20):
        logs.put_log_events(logGroupName="/polled", logStreamName="s", logEvents=[{"timestamp": begin + n, "message": str(n)}])
        # As `aws logs tail --follow` does: from the latest time on, and what was seen is known by its id.
        since = max((e["timestamp"] for e in seen.values()), default=begin)
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName="/polled", startTime=since, interleaved=True):
            seen.update((e["eventId"], e) for e in page["events"])
    assert [e["message"] for e in seen.values()] == [str(n) for n in range(20)]
    logs.delete_log_group(logGroupName="/polled")


def test_patterns_are_tested_and_refused_by_the_cli(shared):
    message = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
    pattern = "[..., request = *.html*, status_code = 4*,]"
    (match,) = shared.aws("logs", "test-metric-filter", "--filter-pattern", pattern, "--log-event-messages", "other", message)["matches"]
    assert match["eventNumber"] == 2 and match["extractedValues"]["$request"] == "GET /index.html HTTP/1.0" and match["extractedValues"]["$7"] == "1534"
    with pytest.raises(ClientError, match=r"InvalidParameterException.*Invalid character\(s\) in term 'b@c'"):
        shared.client("logs").test_metric_filter(filterPattern="a b@c", logEventMessages=["x"])


def test_limits_of_a_batch(shared):
    logs = shared.client("logs")
    logs.create_log_group(logGroupName="/limits")
    logs.create_log_stream(logGroupName="/limits", logStreamName="s")
    now, hour = int(time.time() * 1000), 3_600_000
    put = lambda *events: logs.put_log_events(logGroupName="/limits", logStreamName="s", logEvents=[{"timestamp": t, "message": m} for t, m in events])
    put((now, "x" * (1_048_576 - 26)))
    with pytest.raises(ClientError, match="Upload too large: 1048577 bytes exceeds limit of 1048576"):
        put((now, "x" * (1_048_576 - 25)))
    with pytest.raises(ClientError, match="chronological order"):
        put((now, "a"), (now - 1, "b"))
    assert put((now, "a"), (now + 3 * hour, "b"))["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 1}
    assert put((now - 15 * 24 * hour, "a"))["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    logs.put_retention_policy(logGroupName="/limits", retentionInDays=1)
    assert put((now - 25 * hour, "a"), (now - 23 * hour, "b"))["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    with pytest.raises(ClientError, match="retentionInDays"):
        logs.put_retention_policy(logGroupName="/limits", retentionInDays=2)
    logs.delete_log_group(logGroupName="/limits")
