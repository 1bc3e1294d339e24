"""The four situations of a subnet, tried with real packets: public with and without a public address, private with and without NAT."""

import json

import pytest
from machine import INTERNET
from networks import ANYWHERE, EVERYTHING
from region import until
from tasks import container, define, details, reaches, run
from tasks import public as public_network

PORT, CLOSED = 7000, 7001


@pytest.fixture
def internet(networks):
    """A host on the internet that answers."""
    machine = networks.internet()
    machine.serve(udp=[PORT], tcp=[PORT])
    return machine


def route_state(networks, table):
    (shown,) = networks.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return next(route["State"] for route in shown["Routes"] if route["DestinationCidrBlock"] == ANYWHERE)


def reaches_the_internet_as(machine, address):
    """Whether each protocol goes out and is answered, and the far side sees that address; errors come back too."""
    assert machine.udp(INTERNET, PORT) == address
    assert machine.tcp(INTERNET, PORT) == address
    assert machine.ping(INTERNET)
    assert machine.udp(INTERNET, CLOSED) == "refused", "ICMP port unreachable finds its way back"
    assert machine.tcp(INTERNET, CLOSED) == "refused"


def reaches_nothing(machine, address=INTERNET):
    assert machine.udp(address, PORT) is None
    assert machine.tcp(address, PORT) is None
    assert not machine.ping(address)


def test_a_public_address_is_one_both_ways(networks, internet):
    vpc = networks.vpc("10.60.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.60.1.0/24", GatewayId=networks.internet_gateway(vpc))
    allocation, public = networks.elastic_ip()
    machine, private = networks.machine(subnet, networks.group(vpc, "open", EVERYTHING), elastic_ip=allocation)
    machine.serve(udp=[PORT], tcp=[PORT])
    reaches_the_internet_as(machine, public)
    assert {sender for _, _, sender, _, _ in internet.listen()} == {public}
    assert internet.udp(public, PORT) == internet.tcp(public, PORT) == INTERNET
    assert internet.ping(public)
    assert internet.udp(public, CLOSED) == "refused"
    internet_only_by_the_public_one(internet, machine, private)


def internet_only_by_the_public_one(internet, machine, private):
    machine.listen()
    reaches_nothing(internet, private)
    assert machine.listen() == []


def test_a_task_with_a_public_address(shared, networks, ecs, internet):
    vpc = networks.vpc("10.61.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.61.1.0/24", GatewayId=networks.internet_gateway(vpc))
    group = networks.group(vpc, "open", EVERYTHING)
    network = public_network(subnet, group)
    serve = f"echo from-inside | nc -w 1 {INTERNET} {PORT}; mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www"
    arn = run(ecs, network, define(ecs, container(command=serve, stopTimeout=2)))
    eni = details(reaches(ecs, arn, "RUNNING"))["networkInterfaceId"]
    (shown,) = networks.ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
    public = shown["Association"]["PublicIp"]
    fetch = ["from", "internet", "--", "curl", "-s", "-m", "1", f"http://{public}:8080/"]
    assert until(lambda: shared.neargate(*fetch, check=False).stdout.strip()) == "hello"
    assert {sender for _, _, sender, _, _ in internet.listen()} == {public}, "what the container itself sent"
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")


def private_behind_nat(networks, cidr):
    """A machine in a private subnet behind a NAT gateway: the machine, its address, the gateway, its public subnet, the table."""
    vpc = networks.vpc(f"{cidr}.0.0/16")
    public, _ = networks.subnet(vpc, f"{cidr}.0.0/24", GatewayId=networks.internet_gateway(vpc))
    allocation, elastic = networks.elastic_ip()
    gateway = networks.nat_gateway(public, allocation)
    private, table = networks.subnet(vpc, f"{cidr}.1.0/24", NatGatewayId=gateway)
    machine, address = networks.machine(private, networks.group(vpc, "open", EVERYTHING))
    machine.serve(udp=[PORT], tcp=[PORT])
    return machine, address, gateway, elastic, public, table


def test_behind_a_nat_gateway_there_is_a_way_out_and_none_in(networks, internet):
    machine, address, gateway, elastic, _, _ = private_behind_nat(networks, "10.62")
    reaches_the_internet_as(machine, elastic)
    (shown,) = networks.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
    for to in (elastic, address, shown["NatGatewayAddresses"][0]["PrivateIp"]):
        assert internet.udp(to, PORT) is None and internet.tcp(to, PORT) is None, to
    assert machine.listen() == []


def test_a_nat_gateway_that_goes_leaves_a_black_hole(networks, internet):
    machine, _, gateway, elastic, public, table = private_behind_nat(networks, "10.62")
    assert machine.udp(INTERNET, PORT) == elastic
    networks.ec2.delete_nat_gateway(NatGatewayId=gateway)
    until(lambda: networks.nat_state(gateway) == "deleted")
    assert route_state(networks, table) == "blackhole"
    internet.listen()
    reaches_nothing(machine)
    assert internet.listen() == []
    allocation, other = networks.elastic_ip()
    new = networks.nat_gateway(public, allocation)
    networks.ec2.replace_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, NatGatewayId=new)
    until(lambda: machine.udp(INTERNET, PORT) == other, 5)
    assert route_state(networks, table) == "active"
    reaches_the_internet_as(machine, other)


def test_all_elastic_ips_of_a_nat_gateway_are_used(networks, internet):
    vpc = networks.vpc("10.62.0.0/16")
    public, _ = networks.subnet(vpc, "10.62.0.0/24", GatewayId=networks.internet_gateway(vpc))
    (first, *more), addresses = zip(*(networks.elastic_ip() for _ in range(3)))
    gateway = networks.nat_gateway(public, first, SecondaryAllocationIds=more)
    private, _ = networks.subnet(vpc, "10.62.1.0/24", NatGatewayId=gateway)
    machine, _ = networks.machine(private, networks.group(vpc, "open", EVERYTHING))
    assert machine.many(INTERNET, PORT, 80) == sorted(addresses)


def test_a_nat_gateway_carries_what_its_tag_says(networks, internet):
    machine, _, gateway, _, _, _ = private_behind_nat(networks, "10.62")
    free = machine.push(INTERNET, PORT, 0.5)
    assert free > 100, "without the tag it is fast, so the probe works"
    networks.ec2.create_tags(Resources=[gateway], Tags=[{"Key": "neargate:bandwidth", "Value": "20M"}])
    until(lambda: machine.push(INTERNET, PORT, 0.5) < 50, 10, "a slow link")
    measured = machine.push(INTERNET, PORT, 3)
    assert 10 < measured < 25, measured
    networks.ec2.delete_tags(Resources=[gateway], Tags=[{"Key": "neargate:bandwidth"}])
    until(lambda: machine.push(INTERNET, PORT, 0.5) > 100, 10, "a fast link")


def aws_from(networks, machine, endpoint, *command):
    """An AWS CLI's call, made there."""
    environment = networks.region.environment() | {"AWS_ENDPOINT_URL": ""}
    program = [networks.region.aws_program(), *command, "--endpoint-url", endpoint, "--cli-connect-timeout", "1"]
    return machine.run(program, environment | {"AWS_MAX_ATTEMPTS": "1"})


def test_an_isolated_subnet_reaches_what_it_has_endpoints_for(networks, internet):
    vpc = networks.vpc("10.63.0.0/16", names=True)
    networks.internet_gateway(vpc)
    subnet, table = networks.subnet(vpc, "10.63.1.0/24")
    group = networks.group(vpc, "open", EVERYTHING)
    machine, _ = networks.machine(subnet, group)
    reaches_nothing(machine)
    assert internet.listen() == []
    logs, sts, s3 = (f"{name}.us-east-1.amazonaws.com" for name in ("logs", "sts", "s3"))
    (outside,) = machine.resolve(logs)
    assert outside.startswith("198.19.") and machine.tcp(outside, 80) is None

    service = "com.amazonaws.us-east-1."
    wanted = {"VpcId": vpc, "SubnetIds": [subnet], "SecurityGroupIds": [group], "PrivateDnsEnabled": True}
    made = networks.ec2.create_vpc_endpoint(VpcEndpointType="Interface", ServiceName=service + "logs", **wanted)["VpcEndpoint"]
    (shown,) = networks.ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert (shown["InterfaceType"], shown["Status"], shown["Attachment"]["Status"]) == ("vpc_endpoint", "in-use", "attached")
    assert shown["Attachment"]["InstanceOwnerId"] == "amazon-aws" and shown["RequesterManaged"]
    until(lambda: machine.resolve(logs) == [shown["PrivateIpAddress"]], what="a private name")
    until(lambda: machine.tcp(shown["PrivateIpAddress"], 80), what="an endpoint that answers")
    code, said, error = aws_from(networks, machine, f"http://{logs}", "logs", "describe-log-groups")
    assert code == 0 and "logGroups" in json.loads(said), error
    code, said, error = aws_from(networks, machine, f"http://{shown['PrivateIpAddress']}", "sts", "get-caller-identity")
    assert code != 0, "the endpoint is its service's and no other's"
    code, said, error = aws_from(networks, machine, f"http://{sts}", "sts", "get-caller-identity")
    assert code != 0 and "onnect" in error, error
    assert internet.resolve(logs) == [outside], "the internet knows nothing of it"

    (address,) = machine.resolve(s3)
    assert machine.tcp(address, 80) is None
    networks.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service + "s3", RouteTableIds=[table])
    until(lambda: machine.tcp(address, 80), 5, "s3 at its public address")
    code, status, _ = machine.run(["curl", "-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}", f"http://{s3}/"], {})
    assert code == 0 and status != "000"
    reaches_nothing(machine)


def test_a_vpc_stays_while_it_has_an_endpoint(networks):
    vpc = networks.vpc("10.63.0.0/16")
    networks.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")
    with pytest.raises(networks.ec2.exceptions.ClientError, match="DependencyViolation"):
        networks.ec2.delete_vpc(VpcId=vpc)


def test_without_a_public_address_an_internet_gateway_carries_nothing(networks, internet):
    vpc = networks.vpc("10.64.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.64.1.0/24", GatewayId=networks.internet_gateway(vpc))
    group = networks.group(vpc, "open", EVERYTHING)
    machine, address = networks.machine(subnet, group)
    allocation, public = networks.elastic_ip()
    neighbour, _ = networks.machine(subnet, group, elastic_ip=allocation)
    internet.capture()
    reaches_nothing(machine)
    assert neighbour.udp(INTERNET, PORT) == public
    seen = {tuple(pair) for pair in internet.captured()}
    assert (public, INTERNET) in seen, "the capture hears what does come"
    assert {source for source, _ in seen if source.startswith("10.")} == set(), seen
    reaches_nothing(internet, address)
