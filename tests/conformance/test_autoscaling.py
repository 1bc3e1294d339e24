"""Application Auto Scaling as boto3 and the AWS CLI meet it: services that follow real load, with minutes of ten seconds."""

import datetime
import json
import math
import pathlib
import subprocess
import textwrap
import time

import images
import pytest
from botocore.exceptions import ClientError
from region import Region, until
from tasks import LAUNCH, container, define, execution_role
from test_balanced_services import make_front, stable

# Seconds of a minute here, where alarms and cooldowns are meant, and what a target is to have of requests in it: a hundred a second.
MINUTE = 10
REQUESTS = 100 * MINUTE
LEAST, MOST = 2, 10
# Asks at a rate, which each line of its input sets anew, over connections that are kept. Tells what was answered how often, and how many
# answers came in each second.
LOAD = textwrap.dedent("""
    import collections, json, socket, sys, threading, time
    host, rate, over, CLIENTS = sys.argv[1], [float(sys.argv[2])], threading.Event(), 16
    question = f"GET / HTTP/1.1\\r\\nhost: {host}\\r\\n\\r\\n".encode()
    addresses = sorted({found[4] for found in socket.getaddrinfo(host, 80, socket.AF_INET, socket.SOCK_STREAM)})

    def ask(connection, answers):
        connection.sendall(question)
        status, length = answers.readline(), 0
        while (line := answers.readline().lower()).strip():
            if line.startswith(b"content-length:"):
                length = int(line[15:])
        assert len(answers.read(length)) == length > 0, status
        return status.split()[1].decode()

    def client(number, told, seconds):
        connection, due = None, time.monotonic() + number / rate[0]
        while not over.wait(max(0, due - time.monotonic())):
            # One that was kept waiting does not ask more afterwards.
            due = max(due + CLIENTS / rate[0], time.monotonic() - 0.5)
            try:
                if connection is None:
                    connection = socket.create_connection(addresses[number % len(addresses)], timeout=20)
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    answers = connection.makefile("rb")
                told[ask(connection, answers)] += 1
            except Exception as error:
                told[f"failed {error!r}"] += 1
                connection = None
            seconds[int(time.time())] += 1

    counters = [(collections.Counter(), collections.Counter()) for _ in range(CLIENTS)]
    threads = [threading.Thread(target=client, args=[n, *counters[n]]) for n in range(CLIENTS)]
    for thread in threads: thread.start()
    for line in sys.stdin: rate[0] = float(line)
    over.set()
    for thread in threads: thread.join()
    print(json.dumps([sum(counted, collections.Counter()) for counted in zip(*counters)]))
""")
# As much as its processor gives, until it is told to rest.
BURN = "trap 'exit 0' TERM; while [ ! -e /tmp/rest ]; do :; done; while :; do sleep 0.5; done"
UP = "trap 'exit 0' TERM; while :; do sleep 0.1; done"


class Load:
    """So many requests a second from the internet, as long as this is open."""

    def __init__(self, region, host, rate):
        command = [region.binary, "from", "--data-dir", str(region.data), "internet", "--", "python3", "-c", LOAD, host, str(rate)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def rate(self, rate):
        self.process.stdin.write(f"{rate}\n")
        self.process.stdin.flush()

    def told(self):
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0
        told, seconds = json.loads(out)
        self.seconds = {int(second): count for second, count in seconds.items()}
        return told

    def minutes(self, since, until):
        """How many answers came in each of the region's minutes that lie between two times, once `told`."""
        first, last = -(-int(since) // MINUTE), int(until) // MINUTE
        return [sum(self.seconds.get(number * MINUTE + second, 0) for second in range(MINUTE)) for number in range(first, last)]


def served(directory):
    """An image with a server that keeps connections."""
    source = pathlib.Path(__file__).with_name("served.c")
    subprocess.run(["gcc", "-static", "-Os", "-o", directory / "served", source], check=True)
    layer = images.layer({"/served": ((directory / "served").read_bytes(), 0o755)})
    images.save(directory / "served.tar", "served:latest", [layer], {"Entrypoint": ["/served"]})
    return directory / "served.tar"


@pytest.fixture(scope="module")
def hurried(request, tmp_path_factory, archives):
    """A region whose minutes are short, where alarms and cooldowns are meant."""
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp("hurried"), ["--minute", str(MINUTE)])
    region.up()
    region.load(archives / "busybox.tar")
    region.load(served(region.directory))
    execution_role(region)
    region.client("ecs").create_cluster(clusterName="default")
    yield region
    region.down()
    assert region.leftovers() == []
    assert "panicked" not in (region.directory / "stderr").read_text()


@pytest.fixture(scope="module")
def ecs(hurried):
    return hurried.client("ecs")


@pytest.fixture(scope="module")
def scaling(hurried):
    return hurried.client("application-autoscaling")


@pytest.fixture(scope="module")
def cloudwatch(hurried):
    return hurried.client("cloudwatch")


@pytest.fixture(scope="module")
def front(hurried, ecs):
    yield from make_front(hurried, ecs, hurried.client("elbv2"))


def target(name, **more):
    return {"ServiceNamespace": "ecs", "ResourceId": f"service/default/{name}", "ScalableDimension": "ecs:service:DesiredCount", **more}


def counts(ecs, name):
    (service,) = ecs.describe_services(services=[name])["services"]
    return service["desiredCount"], service["runningCount"]


def activities(scaling, name, **more):
    return scaling.describe_scaling_activities(ServiceNamespace="ecs", ResourceId=f"service/default/{name}", **more)["ScalingActivities"]


def alarms(cloudwatch, name):
    """Those that were made for a service's policies."""
    return cloudwatch.describe_alarms(AlarmNamePrefix=f"TargetTracking-service/default/{name}-")["MetricAlarms"]


def track(scaling, name, metric, value, **more):
    tracking = {"TargetValue": value, "PredefinedMetricSpecification": metric, "ScaleOutCooldown": 60, "ScaleInCooldown": 60, **more}
    return scaling.put_scaling_policy(
        PolicyName="track", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=tracking, **target(name)
    )


def serve(ecs, front, name, count, definition, **more):
    ecs.create_service(
        serviceName=name, taskDefinition=definition, desiredCount=count, networkConfiguration=front.network, **LAUNCH, **more
    )
    stable(ecs, name)


def label(hurried, front):
    """What names the requests of a load balancer to a target group, to a policy."""
    (balancer,) = hurried.client("elbv2").describe_load_balancers(Names=["front"])["LoadBalancers"]
    return f"{balancer['LoadBalancerArn'].split('loadbalancer/')[1]}/{front.target_group.rsplit(':', 1)[1]}"


def caused(alarm):
    return f"monitor alarm {alarm} in state ALARM triggered policy track"


def test_tiers_follow_their_own_load_and_no_request_fails(hurried, ecs, front, scaling, cloudwatch):
    """`api` is asked 50, then 2,000 and then 50 times a second; `busy` has much to compute and then nothing; `web` idles."""
    program = container(image="served:latest", command=["8080"], portMappings=[{"containerPort": 8080}], stopTimeout=5)
    balanced = [{"targetGroupArn": front.target_group, "containerName": "app", "containerPort": 8080}]
    for name, least, most, definition, more in (
        ("api", LEAST, MOST, define(ecs, program), {"loadBalancers": balanced}),
        ("web", 2, 10, define(ecs, container(command=UP)), {}),
        ("busy", 1, 3, define(ecs, container(command=BURN)), {}),
    ):
        serve(ecs, front, name, least, definition, **more)
        scaling.register_scalable_target(MinCapacity=least, MaxCapacity=most, **target(name))
    front.in_service()
    requests = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label(hurried, front)}
    made = track(scaling, "api", requests, REQUESTS)
    # Little enough that `busy` is too busy, whatever else the machine does.
    for name, percent in (("web", 50), ("busy", 20)):
        track(scaling, name, {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}, percent)
    high, low = (alarm["AlarmName"] for alarm in made["Alarms"])
    assert high.startswith("TargetTracking-service/default/api-AlarmHigh-") and low.startswith("TargetTracking-service/default/api-AlarmLow-")

    load = Load(hurried, front.dns, 50)
    begun = time.monotonic()
    busy_gets_what_it_may_have(ecs, scaling, hurried)
    time.sleep(max(0, begun + 4.5 * MINUTE - time.monotonic()))  # for what must not happen: fifty a second are 25 for each target
    assert counts(ecs, "api") == (LEAST, LEAST)

    raised = time.time()
    for rate in (500, 1000, 2000):
        load.rate(rate)
        time.sleep(MINUTE / 4)  # the load grows
    # If the machine has no time for so many, fewer tasks are enough for what it has time for: that is looked at in the end.
    end = time.monotonic() + 12 * MINUTE
    while counts(ecs, "api") != (MOST, MOST) and time.monotonic() < end:
        time.sleep(0.2)
    peaked, (most, running) = time.time(), counts(ecs, "api")
    print(f"{most} tasks, {running} of them running, after {peaked - raised:.0f} s")
    time.sleep(MINUTE)  # they serve

    lowered = time.time()
    for rate in (1000, 50):
        load.rate(rate)
        time.sleep(MINUTE / 4)
    until(lambda: counts(ecs, "api") == (LEAST, LEAST), seconds=40 * MINUTE, what="two tasks again")
    print(f"in after {time.time() - lowered:.0f} s: {[activity['Description'] for activity in reversed(activities(scaling, 'api'))]}")
    until(lambda: counts(ecs, "busy") == (1, 1), seconds=20 * MINUTE, what="one idle task")
    time.sleep(5)  # for requests that a task which is gone would not answer
    told = load.told()
    print(told)
    assert set(told) == {"200"}, told
    # The alarm looks at the three last minutes: each of them had too few requests for more tasks. What clients and load balancer count in
    # a minute differs by what is under way.
    offered = load.minutes(peaked - 4 * MINUTE, peaked - MINUTE / 4)
    print(f"offered in a minute: {offered}")
    assert min(offered) > LEAST * REQUESTS, "a load that is worth scaling for"
    assert most >= min(MOST, math.ceil(0.95 * min(offered) / REQUESTS)), (most, offered)

    done = [activity for activity in reversed(activities(scaling, "api")) if activity["StatusCode"] == "Successful"]
    assert all(activity["StatusMessage"].endswith("Change successfully fulfilled by ecs.") for activity in done), done
    out, back = ([activity for activity in done if activity["Cause"] == caused(alarm)] for alarm in (high, low))
    assert len(out) + len(back) == len(done) and done[0] in out and done[-1] in back, done
    assert out[-1]["Description"] == f"Setting desired count to {most}." and back[-1]["Description"] == f"Setting desired count to {LEAST}."
    waited = out[0]["StartTime"].timestamp() - raised
    assert waited >= 2 * MINUTE, "three minutes of three are high first, the first of which has begun before"
    waited = back[0]["StartTime"].timestamp() - lowered
    print(f"low for {waited:.0f} s")
    assert waited >= 14 * MINUTE, "fifteen minutes of fifteen are low first"
    (service,) = ecs.describe_services(services=["api"])["services"]
    assert any("has begun draining connections on" in event["message"] for event in service["events"])
    history = cloudwatch.describe_alarm_history(AlarmName=high, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[-1]["HistorySummary"] == f"Successfully executed action {made['PolicyARN']}"
    assert counts(ecs, "web") == (2, 2) and activities(scaling, "web") == []

    # What was made for the policies goes with the target.
    for name in ("api", "web"):
        scaling.deregister_scalable_target(**target(name))
        assert alarms(cloudwatch, name) == []
    # Deleted, a service takes its scalable target along.
    ecs.delete_service(service="busy", force=True)
    known = {"ServiceNamespace": "ecs", "ResourceIds": ["service/default/busy"]}
    until(lambda: scaling.describe_scalable_targets(**known)["ScalableTargets"] == [], what="no scalable target")
    assert alarms(cloudwatch, "busy") == []


def busy_gets_what_it_may_have(ecs, scaling, hurried):
    """Three tasks, and no more. Then they are told to rest."""
    until(lambda: counts(ecs, "busy") == (3, 3), seconds=18 * MINUTE, what="three tasks")
    described = [activity["Description"] for activity in reversed(activities(scaling, "busy"))]
    assert described[-1] == "Setting desired count to 3.", described

    def told():
        last = activities(scaling, "busy", IncludeNotScaledActivities=True)[0]
        return last.get("NotScaledReasons") == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}]

    until(told, seconds=20 * MINUTE, what="the reason why there are no more")  # a cooldown of five may be first
    for arn in ecs.list_tasks(serviceName="busy")["taskArns"]:
        hurried.neargate("exec", "-T", arn, "--", "touch", "/tmp/rest")


def test_steps_are_taken_when_an_alarm_of_ones_own_says_so(hurried, ecs, front, scaling, cloudwatch):
    serve(ecs, front, "steps", 1, define(ecs, container(command=UP)))
    arn = scaling.register_scalable_target(MinCapacity=1, MaxCapacity=4, Tags={"team": "web"}, **target("steps"))["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "web"}
    steps = {
        "AdjustmentType": "ChangeInCapacity", "Cooldown": 1800, "StepAdjustments": [
            {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
        ],
    }
    policy = scaling.put_scaling_policy(
        PolicyName="more", PolicyType="StepScaling", StepScalingPolicyConfiguration=steps, **target("steps")
    )["PolicyARN"]
    cloudwatch.put_metric_alarm(
        AlarmName="backlog", Namespace="Mine", MetricName="Backlog", Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=100,
        ComparisonOperator="GreaterThanOrEqualToThreshold", AlarmActions=[policy, "arn:aws:sns:us-east-1:123456789012:pager"],
    )
    (described,) = scaling.describe_scaling_policies(**target("steps"))["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in described["Alarms"]] == ["backlog"]
    assert described["StepScalingPolicyConfiguration"]["StepAdjustments"][1] == {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2}

    hurried.kill()
    hurried.up()
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "Backlog", "Value": 115}])
    until(lambda: counts(ecs, "steps") == (3, 3), seconds=60, what="two tasks more")
    cause = "monitor alarm backlog in state ALARM triggered policy more"
    assert [activity["Cause"] for activity in activities(scaling, "steps")] == [cause]
    history = cloudwatch.describe_alarm_history(AlarmName="backlog", HistoryItemType="Action")["AlarmHistoryItems"]
    pager = [item for item in history if item["HistorySummary"].endswith(":pager")][-1]
    message = json.loads(json.loads(json.loads(pager["HistoryData"])["publishedMessage"])["default"])
    assert (message["AlarmName"], message["NewStateValue"]) == ("backlog", "ALARM")
    # The AWS CLI asks the same.
    those = ["--service-namespace", "ecs", "--resource-id", "service/default/steps"]
    said = hurried.aws("application-autoscaling", "describe-scaling-activities", *those, "--query", "ScalingActivities[0].Cause")
    assert json.loads(said) == cause
    cloudwatch.delete_alarms(AlarmNames=["backlog"])
    ecs.delete_service(service="steps", force=True)


def test_a_schedule_sets_the_bounds(ecs, front, scaling):
    serve(ecs, front, "timed", 1, define(ecs, container(command=UP)))
    scaling.register_scalable_target(MinCapacity=1, MaxCapacity=4, **target("timed"))
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=9, seconds=5)).strftime("%Y-%m-%dT%H:%M:%S")
    scaling.put_scheduled_action(
        ScheduledActionName="open", Schedule=f"at({soon})", Timezone="Asia/Tokyo",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 3}, **target("timed"),
    )
    until(lambda: counts(ecs, "timed") == (2, 2), seconds=60, what="two tasks")
    (found,) = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/default/timed"])["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 3)
    by_time = [activity["Cause"] for activity in activities(scaling, "timed")]
    assert by_time == ["minimum capacity was set to 2", "scheduled action name open was triggered"]
    (action,) = scaling.describe_scheduled_actions(**target("timed"))["ScheduledActions"]
    assert (action["Schedule"], action["Timezone"]) == (f"at({soon})", "Asia/Tokyo")
    scaling.delete_scheduled_action(ScheduledActionName="open", **target("timed"))
    ecs.delete_service(service="timed", force=True)


def test_what_is_not_there_yet_is_refused_by_name(scaling):
    def refused(call, **request):
        with pytest.raises(ClientError) as error:
            call(**request)
        return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]

    code, message = refused(
        scaling.register_scalable_target, ServiceNamespace="dynamodb", ResourceId="table/t", MinCapacity=1, MaxCapacity=2,
        ScalableDimension="dynamodb:table:ReadCapacityUnits",
    )
    assert (code, "service namespace dynamodb" in message) == ("ValidationException", True)
    assert refused(scaling.put_scaling_policy, PolicyName="p", PolicyType="StepScaling", **target("nobody")) == (
        "ObjectNotFoundException",
        "No scalable target registered for service namespace: ecs, resource ID: service/default/nobody, "
        "scalable dimension: ecs:service:DesiredCount",
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    forecast = dict(PolicyName="p", StartTime=now, EndTime=now, **target("nobody"))
    assert refused(scaling.get_predictive_scaling_forecast, **forecast)[0] == "NotImplemented"
