"""Networks of a test's own: made in few words, and taken away as a whole."""

from botocore.exceptions import ClientError
from machine import Machine
from region import until

ANYWHERE = "0.0.0.0/0"
EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}


def tcp(port, **peer):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}


def udp(port, **peer):
    return {"IpProtocol": "udp", "FromPort": port, "ToPort": port, **peer}


def by_range(cidr):
    return {"IpRanges": [{"CidrIp": cidr}]}


def by_group(group, **more):
    return {"UserIdGroupPairs": [{"GroupId": group, **more}]}


def by_list(prefix_list):
    return {"PrefixListIds": [{"PrefixListId": prefix_list}]}


class Networks:
    """Makes VPCs and what is in them for one test. `clear` removes all of it."""

    def __init__(self, region):
        self.region, self.ec2 = region, region.client("ec2")
        self.vpcs, self.gateways, self.addresses, self.lists, self.machines = [], [], [], [], []

    def vpc(self, cidr, names=False):
        made = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self.vpcs.append(made)
        if names:
            self.ec2.modify_vpc_attribute(VpcId=made, EnableDnsHostnames={"Value": True})
        return made

    def subnet(self, vpc, cidr, **routes):
        """A subnet with a route table of its own: `subnet(vpc, cidr, GatewayId=…)` routes everything else there."""
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        table = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=made)
        if routes:
            self.ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **routes)
        return made, table

    def internet_gateway(self, vpc):
        made = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc)
        self.gateways.append(made)
        return made

    def elastic_ip(self):
        """An Elastic IP address: its allocation and itself."""
        made = self.ec2.allocate_address(Domain="vpc")
        self.addresses.append(made["AllocationId"])
        return made["AllocationId"], made["PublicIp"]

    def nat_gateway(self, subnet, allocation, **more):
        made = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation, **more)["NatGateway"]["NatGatewayId"]
        until(lambda: self.nat_state(made) == "available", what=f"{made}, available")
        return made

    def nat_state(self, gateway):
        return self.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"]

    def group(self, vpc, name, *ingress):
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        if ingress:
            self.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=list(ingress))
        return made

    def prefix_list(self, name, *cidrs, size=10):
        entries = [{"Cidr": cidr} for cidr in cidrs]
        made = self.ec2.create_managed_prefix_list(PrefixListName=name, MaxEntries=size, AddressFamily="IPv4", Entries=entries)
        self.lists.append(made["PrefixList"]["PrefixListId"])
        return self.lists[-1]

    def peering(self, one, other):
        made = self.ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made)
        return made

    def interface(self, subnet, *groups):
        """An interface without a machine: its id and its address."""
        made = self.ec2.create_network_interface(SubnetId=subnet, Groups=list(groups))["NetworkInterface"]
        return made["NetworkInterfaceId"], made["PrivateIpAddress"]

    def machine(self, subnet, *groups, elastic_ip=None):
        """A machine with an interface of its own, perhaps with the Elastic IP address of an allocation: itself and its address."""
        name, address = self.interface(subnet, *groups)
        if elastic_ip:
            self.ec2.associate_address(AllocationId=elastic_ip, NetworkInterfaceId=name)
        return self.at(name), address

    def at(self, place):
        """A machine at a vantage point, as soon as that is there."""
        reached = ["from", place, "--", "true"]
        until(lambda: self.region.neargate(*reached, check=False).returncode == 0, what=f"a network of {place}")
        self.machines.append(Machine(self.region, place))
        return self.machines[-1]

    def internet(self):
        return self.at("internet")

    def clear(self):
        for machine in self.machines:
            machine.close()
        for peering in self.ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]:
            if peering["RequesterVpcInfo"]["VpcId"] in self.vpcs and peering["Status"]["Code"] == "active":
                self.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
        for vpc in self.vpcs:
            remove_contents(self.ec2, vpc)
        for vpc in self.vpcs:
            remove(self.ec2, vpc)
        for gateway in self.gateways:
            self.ec2.delete_internet_gateway(InternetGatewayId=gateway)
        for allocation in self.addresses:
            until(lambda: permitted(lambda: self.ec2.release_address(AllocationId=allocation)), what="a free address")
        for name in self.lists:
            self.ec2.delete_managed_prefix_list(PrefixListId=name)


def here(vpc):
    return [{"Name": "vpc-id", "Values": [vpc]}]


def permitted(call):
    """Whether a call is made: not while something depends on the thing, nor while its interface is still there."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("DependencyViolation", "InvalidIPAddress.InUse", "AuthFailure"):
            raise
        return False
    return True


def remove_contents(ec2, vpc):
    """Removes a VPC's gateways, endpoints, interfaces and subnets, and the rules of its groups."""
    endpoints = [e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints(Filters=here(vpc))["VpcEndpoints"]]
    if endpoints:
        ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints)
    for gateway in ec2.describe_nat_gateways(Filter=here(vpc))["NatGateways"]:
        if gateway["State"] in ("pending", "available", "failed"):
            ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    for interface in ec2.describe_network_interfaces(Filters=here(vpc))["NetworkInterfaces"]:
        if not interface["RequesterManaged"]:
            if "AssociationId" in interface.get("Association", {}):
                ec2.disassociate_address(AssociationId=interface["Association"]["AssociationId"])
            ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    for subnet in ec2.describe_subnets(Filters=here(vpc))["Subnets"]:
        delete = lambda: ec2.delete_subnet(SubnetId=subnet["SubnetId"])  # noqa: B023, E731
        until(lambda: permitted(delete), what=f"an empty {subnet['SubnetId']}")
    for group in ec2.describe_security_groups(Filters=here(vpc))["SecurityGroups"]:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])


def remove(ec2, vpc):
    """Removes what is left of a VPC, and itself."""
    for table in ec2.describe_route_tables(Filters=here(vpc))["RouteTables"]:
        if not any(association["Main"] for association in table["Associations"]):
            ec2.delete_route_table(RouteTableId=table["RouteTableId"])
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    for gateway in ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
        ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    for group in ec2.describe_security_groups(Filters=here(vpc))["SecurityGroups"]:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    for acl in ec2.describe_network_acls(Filters=here(vpc))["NetworkAcls"]:
        if not acl["IsDefault"]:
            ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
    until(lambda: permitted(lambda: ec2.delete_vpc(VpcId=vpc)), what=f"an empty {vpc}")
