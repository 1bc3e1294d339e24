"""Application Auto Scaling as boto3 and the AWS CLI meet it: services that follow real load, with minutes of ten seconds."""

import datetime
import json
import subprocess
import textwrap
import time

import pytest
from botocore.exceptions import ClientError
from region import Region, until
from tasks import LAUNCH, container, define, execution_role
from test_balanced_services import make_front, stable, version

# Asks at a rate, which each line of its input sets anew, over connections that are kept. Tells what was answered how often.
LOAD = textwrap.dedent("""
    import collections, functools, http.client, json, socket, sys, threading, time
    socket.getaddrinfo = functools.cache(socket.getaddrinfo)
    host, rate, over, told, THREADS = sys.argv[1], [float(sys.argv[2])], threading.Event(), collections.Counter(), 16

    def ask(number):
        connection = http.client.HTTPConnection(host, timeout=20)
        due = time.monotonic() + number / rate[0]
        while not over.is_set():
            time.sleep(max(0, due - time.monotonic()))
            due = max(due + THREADS / rate[0], time.monotonic() - 0.5)
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                told[str(answer.status)] += 1
            except Exception as error:
                told[f"failed {error!r}"] += 1
                connection.close()

    threads = [threading.Thread(target=ask, args=[n]) for n in range(THREADS)]
    for thread in threads: thread.start()
    for line in sys.stdin: rate[0] = float(line)
    over.set()
    for thread in threads: thread.join()
    print(json.dumps(told))
""")
# What its processor gives it.
BURN = "trap 'exit 0' TERM; while :; do :; done"
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
        return json.loads(out)


@pytest.fixture(scope="module")
def hurried(request, tmp_path_factory, archives):
    """A region whose minutes last ten seconds, where alarms and cooldowns are meant."""
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp("hurried"), ["--minute", "10"])
    region.up()
    region.load(archives / "busybox.tar")
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


def test_a_tier_follows_its_requests_and_another_one_stays_as_it_is(hurried, ecs, front, scaling, cloudwatch):
    balanced = [{"targetGroupArn": front.target_group, "containerName": "app", "containerPort": 8080}]
    serve(ecs, front, "api", 2, version(ecs, 1), loadBalancers=balanced)
    serve(ecs, front, "web", 2, define(ecs, container(command=UP)))
    front.in_service()
    (balancer,) = hurried.client("elbv2").describe_load_balancers(Names=["front"])["LoadBalancers"]
    label = f"{balancer['LoadBalancerArn'].split('loadbalancer/')[1]}/{front.target_group.rsplit(':', 1)[1]}"
    for name in ("api", "web"):
        scaling.register_scalable_target(MinCapacity=2, MaxCapacity=8, **target(name))
    # Of requests in ten seconds: that is the minute here.
    made = track(scaling, "api", {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}, 100)
    track(scaling, "web", {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}, 50)
    high, low = (alarm["AlarmName"] for alarm in made["Alarms"])
    assert high.startswith("TargetTracking-service/default/api-AlarmHigh-") and low.startswith("TargetTracking-service/default/api-AlarmLow-")

    load = Load(hurried, front.dns, 4)
    time.sleep(45)  # for what must not happen: four a second are 20 for each target
    assert counts(ecs, "api") == (2, 2)
    # 250 for each target. Less than half of that is enough, should the machine have no time for more.
    load.rate(50)
    begun = time.monotonic()

    def more():
        desired, running = counts(ecs, "api")
        return desired if desired > 2 and running == desired else None

    tasks = until(more, seconds=180, what="more tasks for fifty a second")
    print(f"{tasks} after {time.monotonic() - begun:.0f} s")
    out = [activity for activity in activities(scaling, "api") if activity["Cause"] == f"monitor alarm {high} in state ALARM triggered policy track"]
    assert out and all(activity["Description"].startswith("Setting desired count to ") for activity in out), activities(scaling, "api")

    def ended():
        return [activity for activity in activities(scaling, "api") if activity["StatusCode"] == "Successful"]

    (activity, *_) = until(ended, seconds=60, what="the end of an activity")
    assert activity["StatusMessage"].endswith("Change successfully fulfilled by ecs.")

    load.rate(4)
    begun = time.monotonic()
    until(lambda: counts(ecs, "api") == (2, 2), seconds=480, what="two tasks again")
    print(f"in after {time.monotonic() - begun:.0f} s: {[activity['Description'] for activity in reversed(activities(scaling, 'api'))]}")
    triggered = {alarm: f"monitor alarm {alarm} in state ALARM triggered policy track" for alarm in (high, low)}
    (last, *rest) = activities(scaling, "api")
    assert last["Cause"] == triggered[low]
    # Before the first of those for low values, after the last for high ones.
    first = [activity for activity in (last, *rest) if activity["Cause"] == triggered[low]][-1]
    highest = next(activity for activity in rest if activity["Cause"] == triggered[high])
    waited = (first["StartTime"] - highest["StartTime"]).total_seconds()
    print(f"low for {waited:.0f} s")
    assert waited >= 130, "fifteen minutes of fifteen are low first"
    time.sleep(5)  # for requests that a task which is gone would not answer
    told = load.told()
    print(told)
    assert set(told) == {"200"}, told
    assert counts(ecs, "web") == (2, 2) and activities(scaling, "web") == []
    history = cloudwatch.describe_alarm_history(AlarmName=high, HistoryItemType="Action")["AlarmHistoryItems"]
    assert history[-1]["HistorySummary"] == f"Successfully executed action {made['PolicyARN']}"

    # What was made for the policies goes with the target.
    for name in ("api", "web"):
        scaling.deregister_scalable_target(**target(name))
        assert alarms(cloudwatch, name) == []
    ecs.delete_service(service="web", force=True)


def test_processors_that_are_busy_have_more_tasks_started(ecs, front, scaling, cloudwatch):
    serve(ecs, front, "busy", 1, define(ecs, container(command=BURN)))
    scaling.register_scalable_target(MinCapacity=1, MaxCapacity=3, **target("busy"))
    track(scaling, "busy", {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}, 50)
    until(lambda: counts(ecs, "busy") == (3, 3), seconds=180, what="three tasks")
    described = [activity["Description"] for activity in reversed(activities(scaling, "busy"))]
    assert described[-1] == "Setting desired count to 3.", described

    def told():
        last = activities(scaling, "busy", IncludeNotScaledActivities=True)[0]
        return last.get("NotScaledReasons") == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}]

    until(told, seconds=60, what="the reason why there are no more")
    # Deleted, the service takes its scalable target along.
    ecs.delete_service(service="busy", force=True)
    known = {"ServiceNamespace": "ecs", "ResourceIds": ["service/default/busy"]}
    until(lambda: scaling.describe_scalable_targets(**known)["ScalableTargets"] == [], what="no scalable target")
    assert alarms(cloudwatch, "busy") == []


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
