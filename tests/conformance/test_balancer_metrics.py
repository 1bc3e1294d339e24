"""What CloudWatch says of a load balancer and a service, after real requests; and the alarm that rolls a deployment back."""

import datetime
import json

import pytest
from region import until
from tasks import LAUNCH
from test_balanced_services import elb, front, stable, version

__all__ = ["elb", "front"]


@pytest.fixture
def cloudwatch(shared):
    return shared.client("cloudwatch")


class Metrics:
    """Statistics of everything that was measured since this was made."""

    def __init__(self, cloudwatch, namespace, **dimensions):
        self.cloudwatch, self.namespace = cloudwatch, namespace
        self.start = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
        self.dimensions = [{"Name": name, "Value": value} for name, value in dimensions.items()]

    def tell(self, name, statistic="Sum", **more):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=2)
        dimensions = self.dimensions + [{"Name": key, "Value": value} for key, value in more.items()]
        points = self.cloudwatch.get_metric_statistics(
            Namespace=self.namespace, MetricName=name, Dimensions=dimensions, StartTime=self.start, EndTime=end, Period=60,
            Statistics=[statistic],
        )["Datapoints"]
        values = [point[statistic] for point in points]
        return sum(values) if statistic in ("Sum", "SampleCount") else values


def ask(shared, front, *paths):
    """Requests over one connection from the internet; the codes of the answers."""
    urls = [part for path in paths for part in ("-o", "/dev/null", f"http://{front.dns}{path}")]
    done = shared.neargate("from", "internet", "--", "curl", "-s", "-m", "20", "-w", "%{http_code}\n", *urls)
    return [int(code) for code in done.stdout.split()]


def test_metrics_are_what_was_asked_and_an_alarm_rolls_a_deployment_back(shared, ecs, elb, front, cloudwatch):
    (balancer,) = elb.describe_load_balancers(Names=["front"])["LoadBalancers"]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    moved = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Path": "/elsewhere"}}
    for priority, (path, action) in enumerate([("/closed", fixed), ("/moved", moved)], 1):
        elb.create_rule(
            ListenerArn=listener["ListenerArn"], Priority=priority, Actions=[action], Conditions=[{"Field": "path-pattern", "Values": [path]}]
        )
    name = balancer["LoadBalancerArn"].split("loadbalancer/")[1]
    group = front.target_group.rsplit(":", 1)[1]
    metrics = Metrics(cloudwatch, "AWS/ApplicationELB", LoadBalancer=name)
    cloudwatch.put_metric_alarm(
        AlarmName="not found", Namespace="AWS/ApplicationELB", MetricName="HTTPCode_Target_4XX_Count", Statistic="Sum", Period=60,
        EvaluationPeriods=2, DatapointsToAlarm=1, Threshold=4, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
        Dimensions=[{"Name": "LoadBalancer", "Value": name}, {"Name": "TargetGroup", "Value": group}],
    )
    ecs.create_service(
        serviceName="watched",
        taskDefinition=version(ecs, 1),
        desiredCount=1,
        networkConfiguration=front.network,
        loadBalancers=[{"targetGroupArn": front.target_group, "containerName": "app", "containerPort": 8080}],
        **LAUNCH,
    )
    stable(ecs, "watched")

    codes = ask(shared, front, "/", "/", "/", "/nothing", "/closed", "/moved", "/")
    assert codes == [200, 200, 200, 404, 503, 301, 200]
    until(lambda: metrics.tell("RequestCount") == 5, what="the requests that a target was chosen for")
    counted = {
        "HTTPCode_Target_2XX_Count": 4, "HTTPCode_Target_4XX_Count": 1, "HTTPCode_Target_5XX_Count": 0, "HTTPCode_ELB_5XX_Count": 1,
        "HTTPCode_ELB_503_Count": 1, "HTTPCode_ELB_3XX_Count": 1, "HTTP_Fixed_Response_Count": 1, "HTTP_Redirect_Count": 1,
        "RuleEvaluations": 5 * 2 + 1 + 2, "RejectedConnectionCount": 0, "TargetConnectionErrorCount": 0,
    }
    assert {metric: metrics.tell(metric) for metric in counted} == counted
    assert metrics.tell("TargetResponseTime", "SampleCount") == 5
    assert all(0 < seconds < 5 for seconds in metrics.tell("TargetResponseTime", "Average"))
    assert metrics.tell("RequestCount", TargetGroup=group) == 5
    zones = [zone["ZoneName"] for zone in balancer["AvailabilityZones"]]
    assert sum(metrics.tell("RequestCount", AvailabilityZone=zone) for zone in zones) == 5
    assert metrics.tell("NewConnectionCount") >= 2 and metrics.tell("ProcessedBytes") > 7 * 60
    only = Metrics(cloudwatch, "AWS/ApplicationELB", TargetGroup=group)
    only.start = metrics.start
    assert only.tell("RequestCountPerTarget") == 5
    until(lambda: 1 in metrics.tell("HealthyHostCount", "Maximum", TargetGroup=group), seconds=90, what="a healthy host")

    service = Metrics(cloudwatch, "AWS/ECS", ClusterName="default", ServiceName="watched")
    service.start = metrics.start
    until(lambda: service.tell("MemoryUtilization", "Average"), seconds=150, what="what the service uses")
    assert all(0 < percent < 100 for percent in service.tell("MemoryUtilization", "Average"))
    assert all(0 <= percent < 110 for percent in service.tell("CPUUtilization", "Average"))

    # A deployment whose tasks do not find what they are asked for.
    alarms = {"alarmNames": ["not found"], "enable": True, "rollback": True}
    good = ecs.describe_services(services=["watched"])["services"][0]["taskDefinition"]
    ecs.update_service(service="watched", taskDefinition=version(ecs, 2), deploymentConfiguration={"alarms": alarms})

    def deployments():
        return ecs.describe_services(services=["watched"])["services"][0]["deployments"]

    until(lambda: deployments()[0]["runningCount"] == 1, seconds=60, what="a task of the new revision")
    assert set(ask(shared, front, *["/nothing"] * 20)) == {404}
    until(lambda: deployments()[0]["taskDefinition"] == good, seconds=120, what="the rollback")
    stable(ecs, "watched")
    events = [event["message"] for event in ecs.describe_services(services=["watched"])["services"][0]["events"]]
    assert any(event.endswith("deployment failed: alarm detected.") for event in events), events
    arn = ecs.list_service_deployments(service="watched")["serviceDeployments"][0]["serviceDeploymentArn"]
    (last,) = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    assert last["alarms"] == {"status": "TRIGGERED", "alarmNames": ["not found"], "triggeredAlarmNames": ["not found"]}
    said = shared.aws("cloudwatch", "describe-alarms", "--alarm-names", "not found", "--query", "MetricAlarms[0].StateReason")
    assert " greater than the threshold (4.0) " in json.loads(said), said
    cloudwatch.delete_alarms(AlarmNames=["not found"])
