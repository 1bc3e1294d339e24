"""What VPCs are to one another, and what names mean where, tried with real packets."""

from networks import EVERYTHING, by_group, by_range, tcp, udp
from region import until

PORT = 7000


def test_two_vpcs_with_one_range_never_meet(networks):
    ends = []
    for _ in range(2):
        vpc = networks.vpc("10.65.0.0/16")
        subnet, _ = networks.subnet(vpc, "10.65.1.0/24")
        group = networks.group(vpc, "open", EVERYTHING)
        pair = [networks.machine(subnet, group) for _ in range(2)]
        for machine, _ in pair:
            machine.serve(udp=[PORT], tcp=[PORT])
        ends.append(pair)
    for (one, a), (other, b) in ends:
        assert one.udp(b, PORT) == a and other.tcp(a, PORT) == b
    # The same addresses twice: whoever asks hears the one of its own VPC, and the other hears nothing.
    ((here, _), (near, address)), ((there, _), (far, same)) = ends
    assert address == same
    near.listen(), far.listen()
    here.udp(address, PORT, text="one")
    there.udp(address, PORT, text="other")
    assert [text for *_, text, _ in near.listen()] == ["one"]
    assert [text for *_, text, _ in far.listen()] == ["other"]


def peered(networks, *cidrs):
    """VPCs in a row, each peered with the next, with a subnet and a group each."""
    vpcs = [networks.vpc(f"{cidr}.0.0/16", names=True) for cidr in cidrs]
    subnets = [networks.subnet(vpc, f"{cidr}.1.0/24") for vpc, cidr in zip(vpcs, cidrs)]
    connections = []
    for one, other in zip(range(len(vpcs)), range(1, len(vpcs))):
        connections.append(networks.peering(vpcs[one], vpcs[other]))
        for here, there in ((one, other), (other, one)):
            route = {"DestinationCidrBlock": f"{cidrs[there]}.0.0/16", "VpcPeeringConnectionId": connections[-1]}
            networks.ec2.create_route(RouteTableId=subnets[here][1], **route)
    return vpcs, [subnet for subnet, _ in subnets], [table for _, table in subnets], connections


def test_peering_joins_two_and_is_not_transitive(networks):
    vpcs, subnets, tables, connections = peered(networks, "10.66", "10.67", "10.68")
    groups = [networks.group(vpc, "open", EVERYTHING) for vpc in vpcs]
    (a, at_a), (b, at_b), (c, at_c) = (networks.machine(*pair) for pair in zip(subnets, groups))
    for machine in (a, b, c):
        machine.serve(udp=[PORT], tcp=[PORT])
    assert a.udp(at_b, PORT) == at_a and b.tcp(at_a, PORT) == at_b and a.ping(at_b)
    assert b.udp(at_c, PORT) == at_b and c.tcp(at_b, PORT) == at_c
    # Routes through the middle lead nowhere.
    for table, cidr, connection in ((tables[0], "10.68.0.0/16", connections[0]), (tables[2], "10.66.0.0/16", connections[1])):
        networks.ec2.create_route(RouteTableId=table, DestinationCidrBlock=cidr, VpcPeeringConnectionId=connection)
    for machine in (a, b, c):
        machine.listen()
    assert a.udp(at_c, PORT) is None and c.tcp(at_a, PORT) is None and not a.ping(at_c)
    assert a.listen() == b.listen() == c.listen() == []
    networks.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=connections[0])
    until(lambda: a.udp(at_b, PORT) is None, 5)
    assert a.tcp(at_b, PORT) is None and b.udp(at_c, PORT) == at_b


def test_a_group_of_the_other_vpc_counts_across_a_peering_connection(networks):
    (here, there), subnets, _, (connection,) = peered(networks, "10.66", "10.67")
    clients, strangers = (networks.group(there, name) for name in ("clients", "strangers"))
    servers = networks.group(here, "servers", udp(PORT, **by_group(clients, VpcPeeringConnectionId=connection)))
    server, address = networks.machine(subnets[0], servers)
    server.serve(udp=[PORT], tcp=[PORT])
    client, own = networks.machine(subnets[1], clients)
    stranger, _ = networks.machine(subnets[1], strangers)
    assert client.udp(address, PORT) == own
    assert stranger.udp(address, PORT) is None and client.tcp(address, PORT) is None
    networks.ec2.authorize_security_group_ingress(GroupId=servers, IpPermissions=[tcp(PORT, **by_range("10.67.0.0/16"))])
    until(lambda: stranger.tcp(address, PORT), 5)


def test_a_vpc_that_goes_takes_its_peering_connections_along(networks):
    one, other = networks.vpc("10.66.0.0/16"), networks.vpc("10.67.0.0/16")
    connection = networks.peering(one, other)
    networks.ec2.delete_vpc(VpcId=networks.vpcs.pop())
    (shown,) = networks.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[connection])["VpcPeeringConnections"]
    assert shown["Status"]["Code"] == "deleted"


def test_names_are_answered_in_a_vpc(networks):
    vpc = networks.vpc("10.69.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.69.1.0/24", GatewayId=networks.internet_gateway(vpc))
    machine, address = networks.machine(subnet)
    allocation, public = networks.elastic_ip()
    other, private = networks.machine(subnet, elastic_ip=allocation)
    name = f"ip-{private.replace('.', '-')}.ec2.internal"
    # Two ways to the server, whatever the groups allow: the default one lets nothing in and everything out.
    for server in ("10.69.0.2", "169.254.169.253"):
        for over in ("udp", "tcp"):
            assert machine.ask(server, name, over) == 1, (server, over)
    assert machine.resolve(name) == [private] and machine.reverse(private) == name
    assert machine.resolve("ip-10-69-1-250.ec2.internal") in ([], ["10.69.1.250"])
    outside = f"ec2-{public.replace('.', '-')}.compute-1.amazonaws.com"
    internet = networks.internet()
    assert machine.resolve(outside) == [private], "a public name is the private address in its VPC"
    assert internet.resolve(outside) == [public] and internet.reverse(public) == outside
    assert internet.resolve(name) == [], "a private name means nothing outside"
    assert internet.ask("10.69.0.2", name) is None, "nor can the VPC's server be asked from there"

    networks.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": False})
    until(lambda: machine.ask("10.69.0.2", name) is None, 5, "silence")
    assert machine.ask("169.254.169.253", name) is None and machine.ask("10.69.0.2", name, "tcp") is None
    networks.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={"Value": True})
    until(lambda: machine.ask("10.69.0.2", name) == 1, 5, "an answer")


def test_private_names_of_another_vpc_are_unknown_until_it_is_a_peer(networks):
    one, other = networks.vpc("10.66.0.0/16", names=True), networks.vpc("10.67.0.0/16", names=True)
    machine, _ = networks.machine(networks.subnet(one, "10.66.1.0/24")[0])
    _, address = networks.interface(networks.subnet(other, "10.67.1.0/24")[0])
    name = f"ip-{address.replace('.', '-')}.ec2.internal"
    assert machine.resolve(name) == []
    # A name that would lead where the machine's own credentials or the resolver are.
    for link_local in ("ip-169-254-169-254.ec2.internal", "ip-169-254-170-2.ec2.internal", "ip-127-0-0-1.ec2.internal"):
        assert machine.resolve(link_local) == []
    networks.peering(one, other)
    until(lambda: machine.resolve(name) == [address], 5, "a name of a peer")
