"""SIGKILL while networks are changed: after `up` the kernel does what the API says."""

import collections
import ipaddress
import os
import random
import threading
import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from machine import INTERNET
from networks import ANYWHERE, Networks, by_group, by_range, here, udp
from region import until

PORT = 7000


class Busy:
    """A VPC that somebody changes at random, whatever becomes of each call."""

    def __init__(self, region, networks, chance):
        self.region, self.networks, self.chance = region, networks, chance
        self.vpc = networks.vpc("10.90.0.0/16")
        self.gateway = networks.internet_gateway(self.vpc)
        made = [networks.subnet(self.vpc, f"10.90.{n}.0/24") for n in range(3)]
        self.subnets, self.tables = [s for s, _ in made], [t for _, t in made]
        networks.ec2.create_route(RouteTableId=self.tables[0], DestinationCidrBlock=ANYWHERE, GatewayId=self.gateway)
        self.groups = [networks.group(self.vpc, f"g{n}") for n in range(3)]
        for n in range(5):
            networks.interface(self.subnets[n % 3], self.groups[n % 3])
        self.addresses = [networks.elastic_ip()[0] for _ in range(3)]
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.done = 0

    def run(self):
        changes = [self.rule, self.route, self.interface, self.public_address, self.membership, self.nat_gateway, self.attachment]
        while not self.stop.is_set():
            try:
                self.chance.choice(changes)(self.networks.ec2)
                self.done += 1
            except (BotoCoreError, ClientError):
                time.sleep(0.01)  # killed under way, or something is not as it must be for this change

    def interfaces(self, ec2):
        found = ec2.describe_network_interfaces(Filters=here(self.vpc))["NetworkInterfaces"]
        return [interface for interface in found if not interface["RequesterManaged"]]

    def rule(self, ec2):
        group, other = self.chance.choice(self.groups), self.chance.choice(self.groups)
        peer = self.chance.choice([by_group(other), by_range(f"10.90.{self.chance.randrange(3)}.0/24")])
        change = self.chance.choice([ec2.authorize_security_group_ingress, ec2.revoke_security_group_ingress])
        change(GroupId=group, IpPermissions=[udp(PORT, **peer)])

    def route(self, ec2):
        table = self.chance.choice(self.tables[1:])
        state = [{"Name": "state", "Values": ["available"]}]
        gateways = ec2.describe_nat_gateways(Filter=here(self.vpc) + state)["NatGateways"]
        target = {"NatGatewayId": gateways[0]["NatGatewayId"]} if gateways else {"GatewayId": self.gateway}
        if self.chance.random() < 0.4:
            ec2.delete_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE)
        else:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock=ANYWHERE, **target)

    def interface(self, ec2):
        mine = self.interfaces(ec2)
        if len(mine) > 6 or (len(mine) > 4 and self.chance.random() < 0.5):
            ec2.delete_network_interface(NetworkInterfaceId=self.chance.choice(mine)["NetworkInterfaceId"])
        else:
            ec2.create_network_interface(SubnetId=self.chance.choice(self.subnets), Groups=[self.chance.choice(self.groups)])

    def public_address(self, ec2):
        allocation = self.chance.choice(self.addresses)
        (address,) = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
        if "AssociationId" in address:
            ec2.disassociate_address(AssociationId=address["AssociationId"])
        else:
            interface = self.chance.choice(self.interfaces(ec2))["NetworkInterfaceId"]
            ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=interface)

    def membership(self, ec2):
        interface = self.chance.choice(self.interfaces(ec2))["NetworkInterfaceId"]
        groups = self.chance.sample(self.groups, self.chance.randrange(1, 3))
        ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)

    def nat_gateway(self, ec2):
        gateways = ec2.describe_nat_gateways(Filter=here(self.vpc))["NatGateways"]
        if live := [g for g in gateways if g["State"] in ("pending", "available")]:
            ec2.delete_nat_gateway(NatGatewayId=live[0]["NatGatewayId"])
        else:
            ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=self.chance.choice(self.addresses))

    def attachment(self, ec2):
        (gateway,) = ec2.describe_internet_gateways(InternetGatewayIds=[self.gateway])["InternetGateways"]
        change = ec2.detach_internet_gateway if gateway["Attachments"] else ec2.attach_internet_gateway
        change(InternetGatewayId=self.gateway, VpcId=self.vpc)


def settled(ec2, vpc):
    """Whether nothing is on its way any more."""
    gateways = ec2.describe_nat_gateways(Filter=here(vpc))["NatGateways"]
    return not any(gateway["State"] in ("pending", "deleting") for gateway in gateways)


def namespaces(region):
    """What this region has in /run/netns, without the prefix."""
    prefix = region.instance() + "-"
    return {name.removeprefix(prefix) for name in os.listdir("/run/netns") if name.startswith(prefix)}


def expected_namespaces(ec2):
    """One for the internet, one behind each interface, and a router for each VPC that has one."""
    interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
    return {"internet"} | {interface["VpcId"] for interface in interfaces} | {interface["NetworkInterfaceId"] for interface in interfaces}


def may(groups, source, target):
    """Whether the groups that are described let a datagram from one interface to another: all of them let everything out."""
    rules = [rule for group in target["Groups"] for rule in groups[group["GroupId"]]["IpPermissions"]]
    members = {group["GroupId"] for group in source["Groups"]}
    address = ipaddress.ip_address(source["PrivateIpAddress"])
    by_group = any(pair["GroupId"] in members for rule in rules for pair in rule["UserIdGroupPairs"])
    return by_group or any(address in ipaddress.ip_network(r["CidrIp"]) for rule in rules for r in rule["IpRanges"])


def explained(region, source, target):
    done = region.neargate("explain", source, f"{target}:{PORT}", "--protocol", "udp", check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def check(region, networks, vpc):
    """Tries every pair, and the internet both ways, and asks `explain` as well. Returns how often which answer was right."""
    ec2, seen = networks.ec2, collections.Counter()
    found = ec2.describe_network_interfaces(Filters=here(vpc))["NetworkInterfaces"]
    mine = [interface for interface in found if not interface["RequesterManaged"]]
    groups = {group["GroupId"]: group for group in ec2.describe_security_groups(Filters=here(vpc))["SecurityGroups"]}
    machines = {interface["NetworkInterfaceId"]: networks.at(interface["NetworkInterfaceId"]) for interface in mine}
    internet = networks.internet()
    for machine in [*machines.values(), internet]:
        machine.serve(udp=[PORT])
    for source in mine:
        name = source["NetworkInterfaceId"]
        for target in mine:
            if source is not target:
                said = may(groups, source, target)
                answer = machines[name].udp(target["PrivateIpAddress"], PORT, wait=0.15)
                pair = (name, target["NetworkInterfaceId"])
                assert (answer is not None) == said == explained(region, *pair), (pair, answer, said)
                seen["pair", said] += 1
        answer = machines[name].udp(INTERNET, PORT, wait=0.15)
        public = source.get("Association", {}).get("PublicIp")
        assert (answer is not None) == explained(region, name, "internet"), (name, answer)
        seen["out", answer is not None] += 1
        assert answer is None or public is None or answer == public or answer in nat_addresses(ec2, vpc)
        if public:
            answer = internet.udp(public, PORT, wait=0.15)
            assert (answer is not None) == explained(region, "internet", name), (name, answer)
            seen["in", answer is not None] += 1
    return dict(seen)


def nat_addresses(ec2, vpc):
    gateways = ec2.describe_nat_gateways(Filter=here(vpc))["NatGateways"]
    return {address.get("PublicIp") for gateway in gateways for address in gateway["NatGatewayAddresses"]}


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_networks_change(fresh, seed):
    chance = random.Random(seed)
    networks = Networks(fresh)
    busy = Busy(fresh, networks, random.Random(seed + 100))
    busy.thread.start()
    for _ in range(10):
        time.sleep(0.05 + chance.random() * 0.5)
        fresh.kill()
        fresh.up()
    time.sleep(0.2)
    busy.stop.set()
    busy.thread.join()
    assert busy.done > 20, "there was something under way"
    until(lambda: settled(networks.ec2, busy.vpc), what="gateways that are there or gone")
    until(lambda: namespaces(fresh) == expected_namespaces(networks.ec2), 10, "the namespaces of what there is")
    print(f"{busy.done} changes; {check(fresh, networks, busy.vpc)}")
    networks.clear()
    until(lambda: namespaces(fresh) == expected_namespaces(networks.ec2), 10, "the namespaces of what is left")
