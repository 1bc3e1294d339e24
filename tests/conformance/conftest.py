"""Fixtures: one region for most tests, and fresh ones for those that kill it."""

import images
import pytest
from networks import Networks
from region import Region
from tasks import execution_role, public


def pytest_addoption(parser):
    parser.addoption("--neargate", default="target/x86_64-unknown-linux-gnu/release/neargate", help="the program under test")


@pytest.fixture(scope="session")
def archives(tmp_path_factory):
    """Image archives by name."""
    directory = tmp_path_factory.mktemp("images")
    images.save(directory / "busybox.tar", "busybox:latest", [images.busybox()], {"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]})
    images.save(directory / "foreign.tar", "foreign:latest", [images.layer({"/app": (b"\x7fELF" + b"\0" * 60, 0o755)})], {"Entrypoint": ["/app"]})
    return directory


@pytest.fixture(scope="session")
def shared(request, tmp_path_factory, archives):
    """A region that tests share. It must leave nothing behind."""
    region = Region(request.config.getoption("--neargate"), tmp_path_factory.mktemp("region"))
    region.up()
    region.load(archives / "busybox.tar")
    region.load(archives / "foreign.tar")
    execution_role(region)
    yield region
    region.down()
    assert region.leftovers() == []
    assert "panicked" not in (region.directory / "stderr").read_text()


@pytest.fixture
def fresh(request, tmp_path, archives):
    """A region of the test's own, which it may kill."""
    region = Region(request.config.getoption("--neargate"), tmp_path)
    region.up()
    region.load(archives / "busybox.tar")
    execution_role(region)
    yield region
    region.down()
    assert region.leftovers() == []


@pytest.fixture(scope="session")
def ecs(shared):
    client = shared.client("ecs")
    client.create_cluster(clusterName="default")
    return client


@pytest.fixture(scope="session")
def ec2(shared):
    return shared.client("ec2")


@pytest.fixture(scope="session")
def network(ec2):
    """A VPC with one public subnet and its default security group, as `awsvpcConfiguration` wants them."""
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return public(subnet)


@pytest.fixture
def networks(shared):
    """Networks made through the API, gone with the test."""
    made = Networks(shared)
    yield made
    made.clear()
