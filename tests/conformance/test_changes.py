"""What a change through the API does to packets under way, and how soon."""

import statistics
import time

import pytest
from networks import EVERYTHING, by_group, by_list, by_range, tcp, udp
from region import until

PORT, OTHER = 7000, 7002
# From the API call's return to the kernel, in the median.
SOON = 0.050


@pytest.fixture
def pair(networks):
    """A client and a server in one subnet, each with a group of its own: the machines, the server's address, its group, the VPC."""
    vpc = networks.vpc("10.78.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.78.1.0/24")
    clients, servers = networks.group(vpc, "clients"), networks.group(vpc, "servers")
    client, _ = networks.machine(subnet, clients)
    server, address = networks.machine(subnet, servers)
    server.serve(udp=[PORT, OTHER], tcp=[PORT, OTHER])
    return client, server, address, servers, vpc


def quiet(server):
    """Waits until nothing is heard any more."""
    until(lambda: (time.sleep(0.1), server.listen() == [])[1], 10, "silence")


def test_a_rule_is_in_the_kernel_at_once(networks, pair):
    client, server, address, group, _ = pair
    rule = {"GroupId": group, "IpPermissions": [udp(PORT, **by_range("10.78.1.0/24"))]}
    opened, closed = [], []
    client.stream("probes", address, PORT)
    for _ in range(20):
        networks.ec2.authorize_security_group_ingress(**rule)
        returned = time.monotonic()
        first = until(server.listen, 5, "a packet that passes")[0]
        opened.append(max(0, first[4] - returned))
        networks.ec2.revoke_security_group_ingress(**rule)
        returned = time.monotonic()
        time.sleep(0.3)
        late = [at for *_, at in server.listen() if at > returned]
        closed.append(max(late, default=returned) - returned)
        quiet(server)
    client.cease("probes")
    print(f"opened after {statistics.median(opened):.4f} s, closed after {statistics.median(closed):.4f} s in the median")
    assert statistics.median(opened) < SOON, opened
    assert statistics.median(closed) < SOON, closed


def test_a_revoked_rule_keeps_a_tracked_flow_and_cuts_an_untracked_one(networks, pair):
    client, server, address, group, _ = pair
    rule = {"GroupId": group, "IpPermissions": [tcp(PORT, **by_range("10.78.1.0/24"))]}
    networks.ec2.authorize_security_group_ingress(**rule)
    until(lambda: client.begin("tracked", "tcp", address, PORT), 5, "a connection")
    networks.ec2.revoke_security_group_ingress(**rule)
    until(lambda: client.tcp(address, PORT) is None, 5, "no new connections")
    assert client.goes_on("tracked"), "what was let in goes on"

    # Open to all and answered by a rule for all: AWS does not track it, so it lives by the rules.
    everyone = {"GroupId": group, "IpPermissions": [tcp(OTHER, **by_range("0.0.0.0/0"))]}
    networks.ec2.authorize_security_group_ingress(**everyone)
    until(lambda: client.begin("untracked", "tcp", address, OTHER), 5, "a connection")
    assert client.goes_on("untracked")
    networks.ec2.revoke_security_group_ingress(**everyone)
    until(lambda: client.tcp(address, OTHER) is None, 5, "no new connections")
    assert not client.goes_on("untracked"), "it ends with its rule"
    assert client.goes_on("tracked"), "and the other still goes on"


def test_groups_of_an_interface_change(networks, pair):
    client, _, address, group, vpc = pair
    friends = networks.group(vpc, "friends")
    networks.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[udp(PORT, **by_group(friends))])
    own = networks.ec2.describe_network_interfaces(NetworkInterfaceIds=[client.place])["NetworkInterfaces"][0]["Groups"]
    own = [group["GroupId"] for group in own]
    assert client.udp(address, PORT) is None
    networks.ec2.modify_network_interface_attribute(NetworkInterfaceId=client.place, Groups=[*own, friends])
    until(lambda: client.udp(address, PORT), 5, "a member's packet")
    networks.ec2.modify_network_interface_attribute(NetworkInterfaceId=client.place, Groups=own)
    until(lambda: client.udp(address, PORT) is None, 5, "silence")


def test_a_network_acl_comes_into_force_with_its_association(networks):
    vpc = networks.vpc("10.79.0.0/16")
    (here, _), (there, _) = (networks.subnet(vpc, f"10.79.{n}.0/24") for n in (1, 2))
    group = networks.group(vpc, "open", EVERYTHING)
    client, _ = networks.machine(here, group)
    (server, address), (near, _) = networks.machine(there, group), networks.machine(there, group)
    server.serve(udp=[PORT, OTHER], tcp=[PORT])
    assert client.udp(address, PORT) and client.udp(address, OTHER) and client.begin("old", "tcp", address, PORT)
    acl = networks.ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    rule = {"NetworkAclId": acl, "Protocol": "17", "CidrBlock": "10.79.1.0/24", "RuleAction": "allow"}
    networks.ec2.create_network_acl_entry(**rule, RuleNumber=100, Egress=False, PortRange={"From": PORT, "To": PORT})
    networks.ec2.create_network_acl_entry(**rule, RuleNumber=100, Egress=True, PortRange={"From": 1024, "To": 65535})

    def associate(acl):
        filters = [{"Name": "association.subnet-id", "Values": [there]}]
        (now,) = networks.ec2.describe_network_acls(Filters=filters)["NetworkAcls"]
        association = next(a["NetworkAclAssociationId"] for a in now["Associations"] if a["SubnetId"] == there)
        networks.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)
        return now["NetworkAclId"]

    default = associate(acl)
    until(lambda: client.udp(address, OTHER) is None, 5, "a closed subnet")
    assert client.udp(address, PORT), "its entry allows this"
    assert not client.goes_on("old"), "ACLs know no connections"
    assert near.udp(address, OTHER), "nor do they stand between neighbours"
    associate(default)
    until(lambda: client.udp(address, OTHER), 5, "an open subnet")


def test_a_prefix_list_changes_the_rules_that_name_it(networks, pair):
    client, _, address, group, _ = pair
    name = networks.prefix_list("clients", "192.0.2.0/24")
    permission = udp(PORT, **by_list(name))
    networks.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    assert client.udp(address, PORT) is None
    networks.ec2.modify_managed_prefix_list(PrefixListId=name, CurrentVersion=1, AddEntries=[{"Cidr": "10.78.1.0/24"}])
    until(lambda: client.udp(address, PORT), 5, "a listed client's packet")
    networks.ec2.modify_managed_prefix_list(PrefixListId=name, CurrentVersion=2, RemoveEntries=[{"Cidr": "10.78.1.0/24"}])
    until(lambda: client.udp(address, PORT) is None, 5, "silence")
    networks.ec2.restore_managed_prefix_list_version(PrefixListId=name, CurrentVersion=3, PreviousVersion=2)
    until(lambda: client.udp(address, PORT), 5, "a client that is listed again")
    networks.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[permission])


def test_fifty_changes_lose_no_permitted_packet(networks, pair):
    client, server, address, group, _ = pair
    networks.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[udp(PORT, **by_range("10.78.1.0/24"))])
    until(lambda: client.udp(address, PORT), 5, "a packet that passes")
    server.listen()
    client.stream("new", address, PORT, every=0.001)
    client.stream("same", address, PORT, every=0.001, fresh=False)
    for n in range(25):
        change = {"GroupId": group, "IpPermissions": [tcp(8000 + n, **by_range(f"10.78.{n}.0/24"))]}
        networks.ec2.authorize_security_group_ingress(**change)
        if n % 2:
            networks.ec2.revoke_security_group_ingress(**change)
    for n in range(13):
        networks.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[EVERYTHING])
        networks.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[EVERYTHING])
    sent = {name: client.cease(name) for name in ("new", "same")}
    time.sleep(0.2)
    came = [text.split()[0] for *_, text, _ in server.listen()]
    assert min(sent.values()) > 100, "there was a stream"
    assert {name: came.count(name) for name in sent} == sent
