"""EC2's networking calls, as boto3 and the AWS CLI make them."""

import ipaddress

import pytest
from botocore.exceptions import ClientError
from tasks import container, define, details, reaches, run


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


def test_the_default_vpc_is_as_aws_makes_it(ec2):
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert (vpc["CidrBlock"], vpc["State"], vpc["InstanceTenancy"]) == ("172.31.0.0/16", "available", "default")
    zones = [z["ZoneName"] for z in ec2.describe_availability_zones()["AvailabilityZones"]]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]
    assert sorted(s["AvailabilityZone"] for s in subnets) == zones
    assert all(s["DefaultForAz"] and s["MapPublicIpOnLaunch"] and s["CidrBlock"].endswith("/20") for s in subnets)
    (group,) = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["SecurityGroups"]
    assert (group["GroupName"], group["Description"]) == ("default", "default VPC security group")
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    routes = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["RouteTables"][0]["Routes"]
    assert {r["DestinationCidrBlock"] for r in routes} == {"172.31.0.0/16", "0.0.0.0/0"}
    attributes = [ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=a) for a in ("enableDnsSupport", "enableDnsHostnames")]
    assert attributes[0]["EnableDnsSupport"]["Value"] and attributes[1]["EnableDnsHostnames"]["Value"]


def test_a_vpc_from_first_to_last_call(ec2):
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "mine"}]}]
    vpc = ec2.create_vpc(CidrBlock="10.60.0.0/16", TagSpecifications=tags)["Vpc"]
    assert vpc["VpcId"].startswith("vpc-0") and len(vpc["VpcId"]) == len("vpc-") + 17
    assert [v["VpcId"] for v in ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["mi*"]}])["Vpcs"]] == [vpc["VpcId"]]
    subnet = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.60.1.0/24")["Subnet"]
    assert subnet["AvailableIpAddressCount"] == 251
    assert refusal(ec2.create_subnet, VpcId=vpc["VpcId"], CidrBlock="10.60.1.128/25") == "InvalidSubnet.Conflict"
    assert refusal(ec2.create_subnet, VpcId=vpc["VpcId"], CidrBlock="10.61.0.0/24") == "InvalidSubnet.Range"
    assert refusal(ec2.delete_vpc, VpcId=vpc["VpcId"]) == "DependencyViolation"
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    assert refusal(ec2.describe_vpcs, VpcIds=[vpc["VpcId"]]) == "InvalidVpcID.NotFound"


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/29", "10.0.0.256/16", "ten", "fd00::/56"])
def test_bad_ranges_are_refused(ec2, cidr):
    assert refusal(ec2.create_vpc, CidrBlock=cidr) in ("InvalidVpc.Range", "InvalidParameterValue")


def test_security_group_rules_have_ids_and_can_be_taken_back(ec2, network):
    vpc = ec2.describe_subnets(SubnetIds=network["awsvpcConfiguration"]["subnets"])["Subnets"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="rules", Description="d", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "web"}]}
    (rule,) = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])["SecurityGroupRules"]
    assert rule["SecurityGroupRuleId"].startswith("sgr-0") and not rule["IsEgress"]
    assert refusal(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[permission]) == "InvalidPermission.Duplicate"
    described = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert described["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0", "Description": "web"}]
    assert described["IpPermissionsEgress"][0]["IpProtocol"] == "-1"
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"] == []
    assert refusal(ec2.create_security_group, GroupName="rules", Description="d", VpcId=vpc) == "InvalidGroup.Duplicate"
    ec2.delete_security_group(GroupId=group)
    assert refusal(ec2.delete_security_group, GroupId=group) == "InvalidGroup.NotFound"


def test_pages_cover_everything_once(ec2):
    made = {ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"] for _ in range(2)}
    try:
        pages = ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
        seen = [g["GroupId"] for page in pages for g in page["SecurityGroups"]]
        assert len(seen) == len(set(seen)) == len(ec2.describe_security_groups()["SecurityGroups"])
    finally:
        for vpc in made:
            ec2.delete_vpc(VpcId=vpc)


def test_unsupported_parameters_are_refused_by_name(ec2):
    with pytest.raises(ClientError, match="(?i)ipv6"):
        ec2.create_vpc(CidrBlock="10.71.0.0/16", AmazonProvidedIpv6CidrBlock=True)


def test_ipv6_rules_are_refused_by_name_and_found_absent(ec2):
    group = ec2.create_security_group(GroupName="six", Description="d")["GroupId"]
    everything = [{"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
    with pytest.raises(ClientError, match="Ipv6Ranges is not supported"):
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=everything)
    # Terraform asks for this rule to be taken away from every group it makes.
    vpc = ec2.create_vpc(CidrBlock="10.72.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_security_group(GroupName="six", Description="d", VpcId=vpc)["GroupId"]
    assert refusal(ec2.revoke_security_group_egress, GroupId=other, IpPermissions=everything) == "InvalidPermission.NotFound"
    unknown = ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)["UnknownIpPermissions"]
    assert unknown[0]["Ipv6Ranges"] == [{"CidrIpv6": "::/0"}]
    for made in (group, other):
        ec2.delete_security_group(GroupId=made)
    ec2.delete_vpc(VpcId=vpc)


def test_the_default_internet_gateway_is_available(ec2):
    (default,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    mine = [{"Name": "attachment.state", "Values": ["available"]}, {"Name": "attachment.vpc-id", "Values": [default["VpcId"]]}]
    (gateway,) = ec2.describe_internet_gateways(Filters=mine)["InternetGateways"]
    assert gateway["Attachments"][0]["State"] == "available"


def test_a_sixth_vpc_is_one_too_many(ec2):
    made = []
    with pytest.raises(ClientError) as error:
        while len(made) < 5:
            made.append(ec2.create_vpc(CidrBlock="10.73.0.0/16")["Vpc"]["VpcId"])
    for vpc in made:
        ec2.delete_vpc(VpcId=vpc)
    assert error.value.response["Error"]["Code"] == "VpcLimitExceeded"


def test_a_task_interface_looks_as_fargates_do(ec2, ecs, network):
    arn = run(ecs, network, define(ecs, container(command="exec sleep 1000", stopTimeout=2)))
    task = reaches(ecs, arn, "RUNNING")
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[details(task)["networkInterfaceId"]])["NetworkInterfaces"]
    assert (interface["Status"], interface["InterfaceType"], interface["RequesterManaged"]) == ("in-use", "interface", True)
    assert interface["Description"].endswith(f":attachment/{task['attachments'][0]['id']}")
    assert refusal(ec2.delete_subnet, SubnetId=interface["SubnetId"]) == "DependencyViolation"
    ecs.stop_task(task=arn)
    reaches(ecs, arn, "STOPPED")


def test_the_command_line_client_works_too(shared):
    vpc = shared.aws("ec2", "create-vpc", "--cidr-block", "10.80.0.0/16", "--query", "Vpc")
    assert ipaddress.ip_network(vpc["CidrBlock"]) == ipaddress.ip_network("10.80.0.0/16")
    shared.aws("ec2", "create-tags", "--resources", vpc["VpcId"], "--tags", "Key=a,Value=b")
    tags = shared.aws("ec2", "describe-tags", "--filters", f"Name=resource-id,Values={vpc['VpcId']}")["Tags"]
    assert [(t["Key"], t["Value"], t["ResourceType"]) for t in tags] == [("a", "b", "vpc")]
    assert "InvalidVpcID.NotFound" in shared.aws("ec2", "describe-vpcs", "--vpc-ids", "vpc-0aaaaaaaaaaaaaaaa", check=False).stderr
    assert shared.aws("ec2", "create-vpc", "--cidr-block", "10.81.0.0/16", "--dry-run", check=False).stderr.count("DryRunOperation") == 1
    shared.aws("ec2", "delete-vpc", "--vpc-id", vpc["VpcId"])
    assert shared.aws("sts", "get-caller-identity")["Account"] == "123456789012"
