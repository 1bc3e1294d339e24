"""What CloudWatch says of NAT gateways and of clusters with Container Insights, after real packets and real use."""

import datetime

import pytest
from machine import INTERNET
from networks import EVERYTHING, Networks
from region import Region, until
from tasks import LAUNCH, container, define, execution_role, public

PORT, CLOSED = 7000, 7001


@pytest.fixture(scope="module")
def hurried(request, tmp_path_factory, archives):
    """A region whose hosts report every ten seconds."""
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp("hurried"), ["--minute", "10"])
    region.up()
    region.load(archives / "busybox.tar")
    execution_role(region)
    yield region
    region.down()
    assert region.leftovers() == []
    assert "panicked" not in (region.directory / "stderr").read_text()


@pytest.fixture
def made(hurried):
    networks = Networks(hurried)
    yield networks
    networks.clear()


class Metrics:
    """Statistics of everything that was measured in the last hour."""

    def __init__(self, region, namespace, **dimensions):
        self.cloudwatch, self.namespace, self.dimensions = region.client("cloudwatch"), namespace, dimensions

    def tell(self, name, statistic="Sum", **more):
        now = datetime.datetime.now(datetime.timezone.utc)
        dimensions = [{"Name": key, "Value": value} for key, value in {**self.dimensions, **more}.items()]
        points = self.cloudwatch.get_metric_statistics(
            Namespace=self.namespace, MetricName=name, Dimensions=dimensions, Period=60, Statistics=[statistic],
            StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=1),
        )["Datapoints"]
        values = [point[statistic] for point in points]
        return sum(values) if statistic == "Sum" else values

    def names(self):
        """The names of metrics with these dimensions and no other."""
        dimensions = [{"Name": key, "Value": value} for key, value in self.dimensions.items()]
        pages = self.cloudwatch.get_paginator("list_metrics").paginate(Namespace=self.namespace, Dimensions=dimensions)
        shown = [metric for page in pages for metric in page["Metrics"]]
        return {metric["MetricName"] for metric in shown if len(metric["Dimensions"]) == len(dimensions)}


def test_a_nat_gateway_is_measured(hurried, made):
    internet = made.internet()
    internet.serve(tcp=[PORT])
    vpc = made.vpc("10.61.0.0/16")
    outer, _ = made.subnet(vpc, "10.61.1.0/24", GatewayId=made.internet_gateway(vpc))
    allocation, address = made.elastic_ip()
    gateway = made.nat_gateway(outer, allocation)
    inner, _ = made.subnet(vpc, "10.61.2.0/24", NatGatewayId=gateway)
    machine, _ = made.machine(inner, made.group(vpc, "open", EVERYTHING))
    metrics = Metrics(hurried, "AWS/NATGateway", NatGatewayId=gateway)
    for _ in range(5):
        assert machine.tcp(INTERNET, PORT) == address
    assert machine.tcp(INTERNET, CLOSED) == "refused"
    until(lambda: metrics.tell("ConnectionAttemptCount") == 6, what="all connections")
    assert metrics.tell("ConnectionEstablishedCount") == 5
    # Each has at least a handshake, a question, an answer and an end; the refused one is two packets.
    assert 5 * 4 < metrics.tell("PacketsInFromSource") < 5 * 12
    assert metrics.tell("PacketsInFromSource") == metrics.tell("PacketsOutToDestination")
    assert metrics.tell("BytesInFromSource") == metrics.tell("BytesOutToDestination") >= 6 * 40
    assert metrics.tell("BytesInFromDestination") == metrics.tell("BytesOutToSource") >= 6 * 40
    for none in ("ErrorPortAllocation", "IdleTimeoutCount", "PacketsDropCount"):
        assert metrics.tell(none) == 0 and metrics.tell(none, "SampleCount")
    for peak in ("PeakBytesPerSecond", "PeakPacketsPerSecond"):
        assert max(metrics.tell(peak, "Maximum")) > 0
    assert len(metrics.names()) == 16


def test_container_insights_tell_what_tasks_use(hurried):
    ecs = hurried.client("ecs")
    ecs.create_cluster(clusterName="seen", settings=[{"name": "containerInsights", "value": "enhanced"}])
    ecs.create_cluster(clusterName="plain")
    subnet = hurried.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    busy = "dd if=/dev/zero of=/file bs=1M count=32; while :; do nslookup amazonaws.com; done >/dev/null 2>&1"
    definition = define(ecs, container(command=busy, memory=256), family="busy")
    for cluster in ("seen", "plain"):
        ecs.create_service(
            cluster=cluster, serviceName="web", taskDefinition=definition, desiredCount=1, networkConfiguration=public(subnet), **LAUNCH
        )
    service = Metrics(hurried, "ECS/ContainerInsights", ClusterName="seen", ServiceName="web")
    until(lambda: service.tell("NetworkRxBytes", "Average"), seconds=60, what="what the service's task uses")
    until(lambda: max(service.tell("EphemeralStorageUtilized", "Maximum")) > 32 / 1024, what="what it has written")
    reserved = {"CpuReserved": 256, "MemoryReserved": 512, "EphemeralStorageReserved": 20, "RunningTaskCount": 1, "DesiredTaskCount": 1}
    assert {name: max(service.tell(name, "Maximum")) for name in reserved} == reserved
    assert max(service.tell("DeploymentCount", "Maximum")) == 1 and max(service.tell("TaskSetCount", "Maximum")) == 0
    assert 0 < max(service.tell("CpuUtilized", "Maximum")) < 256 * 1.2
    assert 0 < max(service.tell("MemoryUtilized", "Maximum")) < 512
    assert max(service.tell("EphemeralStorageUtilized", "Maximum")) < 1
    for name in ("NetworkRxBytes", "NetworkTxBytes"):
        assert max(service.tell(name, "Maximum")) > 0
    assert service.tell("StorageWriteBytes", "Maximum") and service.tell("StorageReadBytes", "Maximum")

    cluster = Metrics(hurried, "ECS/ContainerInsights", ClusterName="seen")
    until(lambda: 1 in cluster.tell("TaskCount", "Maximum"), what="a task that runs")
    assert cluster.tell("ServiceCount", "Maximum")[-1] == 1 and cluster.tell("CpuUtilized", "Maximum")
    family = Metrics(hurried, "ECS/ContainerInsights", ClusterName="seen", TaskDefinitionFamily="busy")
    assert family.tell("MemoryUtilized", "Maximum")

    (task,) = ecs.list_tasks(cluster="seen")["taskArns"]
    one = Metrics(hurried, "ECS/ContainerInsights", ClusterName="seen", ServiceName="web", TaskId=task.rsplit("/", 1)[1])
    assert 0 < max(one.tell("TaskCpuUtilization", "Maximum")) < 120
    assert 0 < max(one.tell("TaskEphemeralStorageUtilization", "Maximum")) < 100
    assert 0 < max(one.tell("ContainerMemoryUtilized", "Maximum", ContainerName="app")) < 256
    assert max(one.tell("ContainerMemoryReserved", "Maximum", ContainerName="app")) == 256

    plain = Metrics(hurried, "ECS/ContainerInsights", ClusterName="plain")
    assert plain.names() == set()
    # It takes no restart of anything to have them.
    ecs.update_cluster_settings(cluster="plain", settings=[{"name": "containerInsights", "value": "enabled"}])
    until(lambda: {"TaskCount", "CpuUtilized", "EphemeralStorageUtilized"} <= plain.names(), seconds=60, what="metrics of it, too")
    assert "TaskCpuUtilization" not in plain.names(), "that takes enhanced observability"
    for name in ("seen", "plain"):
        ecs.delete_service(cluster=name, service="web", force=True)
