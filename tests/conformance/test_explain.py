"""What `neargate explain` says to do, done word for word with the AWS CLI, opens the way for real packets."""

import json
import os
import subprocess

from machine import INTERNET
from networks import EVERYTHING

PORT = 7000


def ask(region, source, target, protocol):
    done = region.neargate("explain", source, target, "--protocol", protocol, "--output", "json", check=False)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    assert report["reachable"] == (done.returncode == 0)
    return report


def do(region, commands):
    """Runs commands as whoever reads them would: in one shell, with `aws` to be found."""
    path = os.path.dirname(region.aws_program()) + ":" + os.environ["PATH"]
    script = "\n".join(["set -eu", *commands])
    done = subprocess.run(["sh", "-c", script], env=region.environment() | {"PATH": path}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{script}\n{done.stderr}"


def mend(region, source, target, protocol):
    """Does what is said until nothing more is; what was done."""
    done = []
    while not (report := ask(region, source, target, protocol))["reachable"]:
        commands = report["fix"]["commands"]
        assert commands and len(done) < 20, (report, done)
        assert not set(commands) & set(done), f"did not help: {commands}"
        do(region, commands)
        done += commands
    return done


def close(networks, vpc, *groups):
    """Takes away every rule of groups, and the entry of the default ACL that allows everything."""
    for group in groups:
        networks.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[EVERYTHING])
    (acl,) = networks.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    for egress in (True, False):
        networks.ec2.delete_network_acl_entry(NetworkAclId=acl["NetworkAclId"], RuleNumber=100, Egress=egress)


def test_between_two_machines(shared, networks):
    vpc = networks.vpc("10.81.0.0/16")
    here, there = (networks.subnet(vpc, f"10.81.{n}.0/24")[0] for n in (1, 2))
    clients, servers = networks.group(vpc, "clients"), networks.group(vpc, "servers")
    (client, _), (server, address) = networks.machine(here, clients), networks.machine(there, servers)
    (stranger, _) = networks.machine(here, networks.group(vpc, "strangers"))
    server.serve(udp=[PORT], tcp=[PORT])
    close(networks, vpc, clients, servers)
    probes = {"tcp": lambda: client.tcp(address, PORT), "icmp": lambda: client.ping(address)}
    for protocol, probe in probes.items():
        assert not probe(), protocol
        target = server.place if protocol == "icmp" else f"{server.place}:{PORT}"
        assert mend(shared, client.place, target, protocol)
        assert probe(), protocol
    assert not stranger.tcp(address, PORT), "and nobody else's"


def test_from_the_internet_and_to_it(shared, networks):
    vpc = networks.vpc("10.82.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.82.1.0/24", GatewayId=networks.internet_gateway(vpc))
    group = networks.group(vpc, "web")
    allocation, public = networks.elastic_ip()
    machine, _ = networks.machine(subnet, group, elastic_ip=allocation)
    machine.serve(udp=[PORT], tcp=[PORT])
    internet = networks.internet()
    internet.serve(udp=[PORT], tcp=[PORT])
    close(networks, vpc, group)
    assert internet.tcp(public, PORT) is None and machine.udp(INTERNET, PORT) is None
    mend(shared, "internet", f"{machine.place}:{PORT}", "tcp")
    assert internet.tcp(public, PORT) == INTERNET and internet.udp(public, PORT) is None
    mend(shared, machine.place, f"internet:{PORT}", "udp")
    assert machine.udp(INTERNET, PORT) == public and machine.tcp(INTERNET, PORT) is None


def test_to_a_service_by_its_prefix_list(shared, networks):
    vpc = networks.vpc("10.83.0.0/16")
    subnet, table = networks.subnet(vpc, "10.83.1.0/24")
    group = networks.group(vpc, "app")
    machine, _ = networks.machine(subnet, group)
    networks.ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")
    close(networks, vpc, group)
    (address,) = machine.resolve("s3.us-east-1.amazonaws.com")
    done = mend(shared, machine.place, "s3:80", "tcp")
    assert any("--add-route-table-ids " + table in command for command in done) and any("PrefixListIds=" in command for command in done)
    assert machine.tcp(address, 80)
    done = mend(shared, machine.place, "s3", "icmp")
    assert any("IpProtocol=icmp,FromPort=8,ToPort=0,PrefixListIds=" in command for command in done), done
    assert machine.ping(address)


def test_from_a_private_subnet_to_the_internet(shared, networks):
    vpc = networks.vpc("10.84.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.84.1.0/24")
    machine, _ = networks.machine(subnet, networks.group(vpc, "app"))
    internet = networks.internet()
    internet.serve(udp=[PORT], tcp=[PORT])
    before = {a["AllocationId"] for a in networks.ec2.describe_addresses()["Addresses"]}
    mend(shared, machine.place, f"internet:{PORT}", "tcp")
    assert machine.tcp(INTERNET, PORT)
    # What the commands made is the test's to remove.
    networks.addresses += {a["AllocationId"] for a in networks.ec2.describe_addresses()["Addresses"]} - before
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
    found = networks.ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
    networks.gateways += [gateway["InternetGatewayId"] for gateway in found]
