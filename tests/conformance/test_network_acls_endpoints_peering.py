"""Network ACLs, prefix lists, VPC endpoints, peering connections and further ranges of VPCs, as boto3 makes the calls."""

import json

import pytest
from botocore.exceptions import ClientError
from region import until

SERVICE = "com.amazonaws.us-east-1."


def refusal(call, **arguments):
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture
def vpcs(ec2):
    """Makes VPCs, and deletes them afterwards."""
    made = []

    def make(cidr):
        made.append(ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"])
        return made[-1]

    yield make
    for vpc in made:
        for group in ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]:
            if group["GroupName"] != "default":
                ec2.delete_security_group(GroupId=group["GroupId"])
        for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        for acl in ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["false"]}])["NetworkAcls"]:
            ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
        ec2.delete_vpc(VpcId=vpc)


def test_a_network_acl_from_first_to_last_call(ec2, vpcs):
    vpc = vpcs("10.70.0.0/16")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.70.1.0/24")["Subnet"]["SubnetId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]
    assert not acl["IsDefault"] and {e["RuleNumber"] for e in acl["Entries"]} == {32767}
    rule = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 100, "Egress": False}
    ports = {"Protocol": "6", "RuleAction": "allow", "CidrBlock": "10.0.0.0/8", "PortRange": {"From": 443, "To": 443}}
    ec2.create_network_acl_entry(**rule, **ports)
    assert refusal(ec2.create_network_acl_entry, **rule, **ports) == "NetworkAclEntryAlreadyExists"
    ec2.replace_network_acl_entry(**rule, Protocol="1", RuleAction="deny", CidrBlock="10.0.0.0/8", IcmpTypeCode={"Type": 8, "Code": -1})
    (shown,) = ec2.describe_network_acls(NetworkAclIds=[acl["NetworkAclId"]])["NetworkAcls"]
    assert {"Type": 8, "Code": -1} in [e.get("IcmpTypeCode") for e in shown["Entries"]]
    (default,) = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["NetworkAcls"]
    (association,) = default["Associations"]
    new = ec2.replace_network_acl_association(AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl["NetworkAclId"])
    assert refusal(ec2.delete_network_acl, NetworkAclId=acl["NetworkAclId"]) == "DependencyViolation"
    ec2.replace_network_acl_association(AssociationId=new["NewAssociationId"], NetworkAclId=default["NetworkAclId"])
    ec2.delete_network_acl_entry(**rule)
    assert refusal(ec2.delete_network_acl_entry, **rule) == "InvalidNetworkAclEntry.NotFound"
    ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
    assert refusal(ec2.describe_network_acls, NetworkAclIds=[acl["NetworkAclId"]]) == "InvalidNetworkAclID.NotFound"


def test_a_prefix_list_has_versions_and_stays_while_a_rule_names_it(ec2, vpcs):
    entries = [{"Cidr": "203.0.113.0/24", "Description": "office"}]
    made = ec2.create_managed_prefix_list(PrefixListName="office", MaxEntries=2, AddressFamily="IPv4", Entries=entries)["PrefixList"]
    assert (made["State"], made["Version"], made["OwnerId"]) == ("create-complete", 1, "123456789012")
    name = made["PrefixListId"]
    changed = ec2.modify_managed_prefix_list(PrefixListId=name, CurrentVersion=1, AddEntries=[{"Cidr": "198.51.100.0/24"}])
    assert changed["PrefixList"]["Version"] == 2
    assert ec2.get_managed_prefix_list_entries(PrefixListId=name, TargetVersion=1)["Entries"] == entries
    assert refusal(ec2.modify_managed_prefix_list, PrefixListId=name, CurrentVersion=1, PrefixListName="x") == "PrefixListVersionMismatch"
    group = ec2.create_security_group(GroupName="office", Description="d", VpcId=vpcs("10.71.0.0/16"))["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": name}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert ec2.delete_managed_prefix_list(PrefixListId=name)["PrefixList"]["State"] == "delete-failed"
    assert [a["ResourceId"] for a in ec2.get_managed_prefix_list_associations(PrefixListId=name)["PrefixListAssociations"]] == [group]
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=shown["IpPermissions"])
    ec2.delete_managed_prefix_list(PrefixListId=name)
    assert refusal(ec2.describe_managed_prefix_lists, PrefixListIds=[name]) == "InvalidPrefixListID.NotFound"


def test_aws_s_own_prefix_lists_are_there(ec2):
    filters = [{"Name": "prefix-list-name", "Values": [SERVICE + "s3"]}]
    (managed,) = ec2.describe_managed_prefix_lists(Filters=filters)["PrefixLists"]
    (own,) = ec2.describe_prefix_lists(Filters=filters)["PrefixLists"]
    assert managed["OwnerId"] == "AWS" and managed["PrefixListId"] == own["PrefixListId"] and own["Cidrs"]


def test_an_interface_endpoint_comes_and_goes(ec2, vpcs):
    vpc = vpcs("10.72.0.0/16")
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.72.1.0/24")["Subnet"]["SubnetId"]
    wanted = {"VpcId": vpc, "ServiceName": SERVICE + "logs", "VpcEndpointType": "Interface", "SubnetIds": [subnet]}
    assert refusal(ec2.create_vpc_endpoint, **wanted) == "InvalidParameter", "private DNS needs the VPC's DNS hostnames"
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    made = ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]
    names = [entry["DnsName"] for entry in made["DnsEntries"]]
    assert names[0].startswith(made["VpcEndpointId"] + "-") and names[0].endswith(".logs.us-east-1.vpce.amazonaws.com")
    assert "logs.us-east-1.amazonaws.com" in names

    def state():
        found = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-endpoint-id", "Values": [made["VpcEndpointId"]]}])["VpcEndpoints"]
        return found[0]["State"] if found else "gone"

    until(lambda: state() == "available", what="an endpoint that is available")
    (interface,) = ec2.describe_network_interfaces(NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
    assert interface["SubnetId"] == subnet and interface["RequesterManaged"]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["Unsuccessful"] == []
    until(lambda: state() in ("deleted", "gone"), what="an endpoint that is gone")


def test_a_gateway_endpoint_is_a_route(ec2, vpcs):
    vpc = vpcs("10.73.0.0/16")
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    everything = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]})
    wanted = {"VpcId": vpc, "ServiceName": SERVICE + "s3", "RouteTableIds": [table["RouteTableId"]]}
    assert refusal(ec2.create_vpc_endpoint, **wanted, PolicyDocument='{"Statement": []}') == "UnsupportedOperation"
    made = ec2.create_vpc_endpoint(**wanted, PolicyDocument=everything)["VpcEndpoint"]
    assert (made["VpcEndpointType"], made["RouteTableIds"]) == ("Gateway", [table["RouteTableId"]])

    def routes():
        (shown,) = ec2.describe_route_tables(RouteTableIds=[table["RouteTableId"]])["RouteTables"]
        return [r for r in shown["Routes"] if "DestinationPrefixListId" in r]

    assert [r["DestinationPrefixListId"] for r in routes()] == ["pl-63a5400a"]
    assert refusal(ec2.create_vpc_endpoint, **wanted) == "RouteAlreadyExists"
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])
    assert routes() == []
    until(lambda: not [e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["VpcId"] == vpc and e["State"] != "deleted"])


def test_endpoint_services_are_listed_and_unknown_ones_refused(ec2):
    services = ec2.describe_vpc_endpoint_services(Filters=[{"Name": "service-type", "Values": ["Gateway"]}])
    assert sorted(s["ServiceName"] for s in services["ServiceDetails"]) == [SERVICE + "dynamodb", SERVICE + "s3"]
    assert refusal(ec2.describe_vpc_endpoint_services, ServiceNames=[SERVICE + "braket"]) == "InvalidServiceName"


def test_a_peering_connection_and_rules_across_it(ec2, vpcs):
    a, b = vpcs("10.74.0.0/16"), vpcs("10.75.0.0/16")
    made = ec2.create_vpc_peering_connection(VpcId=a, PeerVpcId=b)["VpcPeeringConnection"]
    name = made["VpcPeeringConnectionId"]
    assert made["Status"]["Code"] == "pending-acceptance"
    assert refusal(ec2.create_vpc_peering_connection, VpcId=b, PeerVpcId=a) == "VpcPeeringConnectionAlreadyExists"
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=name)
    ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[name])
    db, web = (ec2.create_security_group(GroupName=n, Description="d", VpcId=v)["GroupId"] for n, v in (("db", a), ("web", b)))
    pair = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": web, "VpcPeeringConnectionId": name}]}
    (rule,) = ec2.authorize_security_group_ingress(GroupId=db, IpPermissions=[pair])["SecurityGroupRules"]
    assert rule["ReferencedGroupInfo"]["PeeringStatus"] == "active" and rule["ReferencedGroupInfo"]["VpcId"] == b
    (reference,) = ec2.describe_security_group_references(GroupId=[web])["SecurityGroupReferenceSet"]
    assert reference["ReferencingVpcId"] == a
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=name)
    ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[name])
    (stale,) = ec2.describe_stale_security_groups(VpcId=a)["StaleSecurityGroupSet"]
    assert stale["GroupId"] == db
    assert refusal(ec2.accept_vpc_peering_connection, VpcPeeringConnectionId=name) == "InvalidStateTransition"


def test_overlapping_vpcs_can_t_be_peered(ec2, vpcs):
    a, b = vpcs("10.76.0.0/16"), vpcs("10.76.0.0/17")
    made = ec2.create_vpc_peering_connection(VpcId=a, PeerVpcId=b)["VpcPeeringConnection"]
    assert made["Status"]["Code"] == "failed"


def test_a_vpc_gets_another_range(ec2, vpcs):
    vpc = vpcs("10.77.0.0/16")
    added = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="100.64.0.0/20")["CidrBlockAssociation"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="100.64.1.0/24")["Subnet"]["SubnetId"]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    assert {r["DestinationCidrBlock"]: r["GatewayId"] for r in table["Routes"]} == {"10.77.0.0/16": "local", "100.64.0.0/20": "local"}
    assert refusal(ec2.disassociate_vpc_cidr_block, AssociationId=added["AssociationId"]) == "InvalidCidr.InUse"
    ec2.delete_subnet(SubnetId=subnet)
    ec2.disassociate_vpc_cidr_block(AssociationId=added["AssociationId"])
    assert refusal(ec2.associate_vpc_cidr_block, VpcId=vpc, CidrBlock="192.168.0.0/16") == "InvalidVpc.Range"


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("create_egress_only_internet_gateway", {"VpcId": "vpc-0"}),
        ("create_dhcp_options", {"DhcpConfigurations": [{"Key": "domain-name", "Values": ["example.com"]}]}),
        ("associate_subnet_cidr_block", {"SubnetId": "subnet-0", "Ipv6CidrBlock": "2001:db8::/64"}),
    ],
)
def test_what_is_not_there_is_refused_by_name(ec2, operation, arguments):
    assert refusal(getattr(ec2, operation), **arguments) == "UnsupportedOperation"


def test_a_flow_log_says_that_it_is_not_delivered(ec2, vpcs):
    vpc = vpcs("10.78.0.0/16")
    made = ec2.create_flow_logs(
        ResourceIds=[vpc], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3", LogDestination="arn:aws:s3:::flows"
    )
    assert made["Unsuccessful"] == []
    (log,) = ec2.describe_flow_logs(FlowLogIds=made["FlowLogIds"])["FlowLogs"]
    assert (log["ResourceId"], log["DeliverLogsStatus"]) == (vpc, "FAILED")
    assert ec2.delete_flow_logs(FlowLogIds=made["FlowLogIds"])["Unsuccessful"] == []


def test_another_set_of_dhcp_options_says_the_same(ec2, vpcs):
    (default,) = ec2.describe_dhcp_options()["DhcpOptions"]
    given = [{"Key": o["Key"], "Values": [v["Value"] for v in o["Values"]]} for o in default["DhcpConfigurations"]]
    made = ec2.create_dhcp_options(DhcpConfigurations=given)["DhcpOptions"]
    vpc = vpcs("10.79.0.0/16")
    ec2.associate_dhcp_options(DhcpOptionsId=made["DhcpOptionsId"], VpcId=vpc)
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"] == made["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
    ec2.delete_dhcp_options(DhcpOptionsId=made["DhcpOptionsId"])


def test_of_what_can_t_be_made_there_is_none(ec2):
    assert ec2.describe_egress_only_internet_gateways()["EgressOnlyInternetGateways"] == []
