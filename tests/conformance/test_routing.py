"""Route tables, gateways, Elastic IP addresses and interfaces, as boto3 makes and removes them."""

import contextlib

import pytest
from botocore.exceptions import ClientError
from region import until

ANYWHERE = "0.0.0.0/0"


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def vpc(ec2):
    """A VPC with one subnet and no way out; removed with everything a test leaves in it by its own hand."""
    made = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=made, CidrBlock="10.40.1.0/24")["Subnet"]["SubnetId"]
    yield made, subnet
    until(lambda: gone(lambda: ec2.delete_subnet(SubnetId=subnet)))
    ec2.delete_vpc(VpcId=made)


def gone(delete):
    """Whether something could be deleted; it can't be while a host may still have what is in it."""
    try:
        delete()
    except ClientError as error:
        if error.response["Error"]["Code"] != "DependencyViolation":
            raise
        return False
    return True


@contextlib.contextmanager
def internet_gateway(ec2, vpc):
    made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
    yield made
    ec2.detach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=made)


@contextlib.contextmanager
def elastic_ip(ec2):
    made = ec2.allocate_address(Domain="vpc")
    yield made
    ec2.release_address(AllocationId=made["AllocationId"])


@contextlib.contextmanager
def interface(ec2, subnet, **arguments):
    made = ec2.create_network_interface(SubnetId=subnet, **arguments)["NetworkInterface"]
    yield made
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])


def routes(ec2, table):
    found = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return {route.get("DestinationCidrBlock", route.get("DestinationPrefixListId")): route for route in found}


def test_a_route_table_from_first_to_last_call(ec2, vpc):
    vpc, subnet = vpc
    tags = [{"ResourceType": "route-table", "Tags": [{"Key": "Name", "Value": "public"}]}]
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tags)["RouteTable"]
    assert [(r["DestinationCidrBlock"], r["GatewayId"], r["Origin"]) for r in table["Routes"]] == [
        ("10.40.0.0/16", "local", "CreateRouteTable")
    ]
    table = table["RouteTableId"]
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    by_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    assert [t["RouteTableId"] for t in ec2.describe_route_tables(Filters=by_subnet)["RouteTables"]] == [table]
    with internet_gateway(ec2, vpc) as gateway:
        assert ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)["Return"]
        assert routes(ec2, table)[ANYWHERE]["State"] == "active"
        again = {"RouteTableId": table, "DestinationCidrBlock": ANYWHERE, "GatewayId": gateway}
        assert refusal(ec2.create_route, **again) == "RouteAlreadyExists"
        ec2.replace_route(**again)
    assert routes(ec2, table)[ANYWHERE]["State"] == "blackhole", "its gateway is gone"
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)
    assert refusal(ec2.delete_route, RouteTableId=table, DestinationCidrBlock=ANYWHERE) == "InvalidRoute.NotFound"
    assert refusal(ec2.delete_route, RouteTableId=table, DestinationCidrBlock="10.40.0.0/16") == "InvalidParameterValue"
    assert refusal(ec2.delete_route_table, RouteTableId=table) == "DependencyViolation"
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route_table(RouteTableId=table)
    assert refusal(ec2.describe_route_tables, RouteTableIds=[table]) == "InvalidRouteTableID.NotFound"


def test_another_table_becomes_the_main_one(ec2, vpc):
    vpc, _ = vpc
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (main,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    other = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    association = main["Associations"][0]["RouteTableAssociationId"]
    assert refusal(ec2.disassociate_route_table, AssociationId=association) == "InvalidParameterValue"
    new = ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)
    (main_now,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    assert main_now["RouteTableId"] == other
    assert main_now["Associations"][0]["RouteTableAssociationId"] == new["NewAssociationId"]
    ec2.delete_route_table(RouteTableId=main["RouteTableId"])


@pytest.mark.parametrize(
    "arguments, code",
    [
        ({"GatewayId": "igw-0aaaaaaaaaaaaaaaa"}, "InvalidGatewayID.NotFound"),
        ({"NatGatewayId": "nat-0aaaaaaaaaaaaaaaa"}, "InvalidNatGatewayID.NotFound"),
        ({"NetworkInterfaceId": "eni-0aaaaaaaaaaaaaaaa"}, "InvalidNetworkInterfaceID.NotFound"),
        ({"InstanceId": "i-0aaaaaaaaaaaaaaaa"}, "InvalidInstanceID.NotFound"),
        ({"TransitGatewayId": "tgw-0aaaaaaaaaaaaaaaa"}, "UnsupportedOperation"),
        ({}, "MissingParameter"),
    ],
)
def test_routes_to_nowhere_are_refused(ec2, vpc, arguments, code):
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc[0]]}])["RouteTables"]
    assert refusal(ec2.create_route, RouteTableId=table["RouteTableId"], DestinationCidrBlock=ANYWHERE, **arguments) == code


def test_a_gateway_stays_while_an_elastic_ip_needs_it(ec2, vpc):
    vpc, subnet = vpc
    with elastic_ip(ec2) as address, interface(ec2, subnet) as eni:
        allocation, eni = address["AllocationId"], eni["NetworkInterfaceId"]
        asked = {"AllocationId": allocation, "NetworkInterfaceId": eni}
        assert refusal(ec2.associate_address, **asked) == "Gateway.NotAttached"
        with internet_gateway(ec2, vpc) as gateway:
            association = ec2.associate_address(**asked)["AssociationId"]
            (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
            assert shown["Association"]["PublicIp"] == address["PublicIp"]
            assert shown["Association"]["AllocationId"] == allocation
            (shown,) = ec2.describe_addresses(PublicIps=[address["PublicIp"]])["Addresses"]
            assert (shown["AssociationId"], shown["NetworkInterfaceId"]) == (association, eni)
            assert refusal(ec2.release_address, AllocationId=allocation) == "InvalidIPAddress.InUse"
            detach = {"InternetGatewayId": gateway, "VpcId": vpc}
            with pytest.raises(ClientError, match="has some mapped public address"):
                ec2.detach_internet_gateway(**detach)
            ec2.disassociate_address(AssociationId=association)
        (attributes,) = ec2.describe_addresses_attribute(AllocationIds=[allocation], Attribute="domain-name")["Addresses"]
        assert attributes["PublicIp"] == address["PublicIp"] and "PtrRecord" not in attributes


def test_a_nat_gateway_from_first_to_last_call(ec2, vpc):
    vpc, subnet = vpc
    with internet_gateway(ec2, vpc), elastic_ip(ec2) as address:
        made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])["NatGateway"]
        gateway = made["NatGatewayId"]
        assert made["State"] in ("pending", "available")
        wait = {"Delay": 1, "MaxAttempts": 60}
        ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[gateway], WaiterConfig=wait)
        (shown,) = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
        (nat,) = shown["NatGatewayAddresses"]
        assert nat["PublicIp"] == address["PublicIp"] and nat["IsPrimary"] and nat["Status"] == "succeeded"
        (eni,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[nat["NetworkInterfaceId"]])["NetworkInterfaces"]
        assert (eni["InterfaceType"], eni["SourceDestCheck"], eni["Groups"]) == ("nat_gateway", False, [])
        assert eni["Description"] == f"Interface for NAT Gateway {gateway}"
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, NatGatewayId=gateway)
        assert routes(ec2, table)[ANYWHERE]["State"] == "active"
        bandwidth = [{"Key": "neargate:bandwidth", "Value": "fast"}]
        assert refusal(ec2.create_tags, Resources=[gateway], Tags=bandwidth) == "InvalidParameterValue"
        assert refusal(ec2.release_address, AllocationId=address["AllocationId"]) == "AuthFailure"
        ec2.delete_nat_gateway(NatGatewayId=gateway)
        ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[gateway], WaiterConfig=wait)
        assert routes(ec2, table)[ANYWHERE]["State"] == "blackhole"
        ec2.delete_route_table(RouteTableId=table)


def test_a_nat_gateway_without_an_internet_gateway_fails(ec2, vpc):
    vpc, subnet = vpc
    with elastic_ip(ec2) as address:
        gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address["AllocationId"])["NatGateway"]["NatGatewayId"]
        (shown,) = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
        assert (shown["State"], shown["FailureCode"]) == ("failed", "Gateway.NotAttached")
        assert shown["FailureMessage"] == f"Network {vpc} has no Internet gateway attached"
    ec2.delete_nat_gateway(NatGatewayId=gateway)


def test_a_private_nat_gateway_gets_and_loses_addresses(ec2, vpc):
    _, subnet = vpc
    made = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", SecondaryPrivateIpAddressCount=1)
    gateway = made["NatGateway"]["NatGatewayId"]
    ec2.assign_private_nat_gateway_address(NatGatewayId=gateway, PrivateIpAddresses=["10.40.1.200"])

    def addresses():
        (shown,) = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"]
        return [a["PrivateIp"] for a in shown["NatGatewayAddresses"]]

    assert len(addresses()) == 3 and addresses()[2] == "10.40.1.200"
    ec2.unassign_private_nat_gateway_address(NatGatewayId=gateway, PrivateIpAddresses=["10.40.1.200"])
    assert len(addresses()) == 2
    ec2.delete_nat_gateway(NatGatewayId=gateway)
    until(lambda: ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"] == "deleted")


def test_a_user_s_interface_from_first_to_last_call(ec2, vpc):
    _, subnet = vpc
    with interface(ec2, subnet, PrivateIpAddress="10.40.1.50", Description="probe") as made:
        eni = made["NetworkInterfaceId"]
        assert (made["Status"], made["RequesterManaged"], made["PrivateIpAddress"]) == ("available", False, "10.40.1.50")
        assert refusal(ec2.create_network_interface, SubnetId=subnet, PrivateIpAddress="10.40.1.50") == "InvalidIPAddress.InUse"
        assigned = ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=2)
        assert len(assigned["AssignedPrivateIpAddresses"]) == 2
        ec2.unassign_private_ip_addresses(
            NetworkInterfaceId=eni, PrivateIpAddresses=[assigned["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]]
        )
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck={"Value": False})
        read = ec2.describe_network_interface_attribute(NetworkInterfaceId=eni, Attribute="sourceDestCheck")
        assert read["SourceDestCheck"] == {"Value": False}
        ec2.reset_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck="true")
        (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"]
        assert shown["SourceDestCheck"] and len(shown["PrivateIpAddresses"]) == 2 and "Attachment" not in shown
        attach = {"NetworkInterfaceId": eni, "InstanceId": "i-0aaaaaaaaaaaaaaaa", "DeviceIndex": 1}
        assert refusal(ec2.attach_network_interface, **attach) == "InvalidInstanceID.NotFound"
    assert refusal(ec2.describe_network_interfaces, NetworkInterfaceIds=[eni]) == "InvalidNetworkInterfaceID.NotFound"


def test_the_same_call_with_the_same_token_makes_one_thing(ec2, vpc):
    vpc, subnet = vpc
    tables = [ec2.create_route_table(VpcId=vpc, ClientToken="routing")["RouteTable"]["RouteTableId"] for _ in range(2)]
    assert tables[0] == tables[1]
    tokens = {"SubnetId": subnet, "ClientToken": "routing"}
    made = [ec2.create_network_interface(**tokens)["NetworkInterface"]["NetworkInterfaceId"] for _ in range(2)]
    assert made[0] == made[1]
    assert refusal(ec2.create_network_interface, Description="other", **tokens) == "IdempotentParameterMismatch"
    ec2.delete_network_interface(NetworkInterfaceId=made[0])
    ec2.delete_route_table(RouteTableId=tables[0])
