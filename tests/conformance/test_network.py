"""A task's network, tried with real packets from inside tasks."""

import pytest
from region import until
from tasks import container, define, details, reaches, run

SERVER = "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www"


@pytest.fixture
def vpc(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.1.0/24")["Subnet"]["SubnetId"]
    yield vpc, subnet
    remove(ec2, vpc)


def remove(ec2, vpc):
    """Removes a VPC and what tests put into it. Groups go in rounds, for they may refer to one another."""
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    for group in ec2.describe_security_groups(Filters=here)["SecurityGroups"]:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    for group in ec2.describe_security_groups(Filters=here)["SecurityGroups"]:
        if group["GroupName"] != "default":
            ec2.delete_security_group(GroupId=group["GroupId"])
    for subnet in ec2.describe_subnets(Filters=here)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc)


def group(ec2, vpc, name, *ingress):
    sg = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    if ingress:
        ec2.authorize_security_group_ingress(GroupId=sg, IpPermissions=list(ingress))
    return sg


def tcp(port, **peer):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}


def start(ecs, subnet, groups, command):
    network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": groups}}
    arn = run(ecs, network, define(ecs, container(command=command, stopTimeout=2)))
    return arn, details(reaches(ecs, arn, "RUNNING"))["privateIPv4Address"]


def fetch(region, arn, address, seconds=1):
    """Fetches the page of a task from inside another one's network namespace."""
    task = arn.rsplit("/", 1)[1]
    done = region.neargate("from", f"task/{task}", "--", "curl", "-s", "-m", str(seconds), f"http://{address}:8080/", check=False)
    return done.stdout.strip()


def test_security_groups_are_enforced_and_follow_changes(shared, ecs, ec2, vpc):
    vpc, subnet = vpc
    clients = group(ec2, vpc, "clients")
    servers = group(ec2, vpc, "servers", tcp(8080, UserIdGroupPairs=[{"GroupId": clients}]))
    server, address = start(ecs, subnet, [servers], SERVER)
    client, _ = start(ecs, subnet, [clients], "exec sleep 1000")
    stranger, _ = start(ecs, subnet, [servers], "exec sleep 1000")
    assert until(lambda: fetch(shared, client, address)) == "hello"
    assert fetch(shared, stranger, address) == "", "same subnet, same group, but no rule allows it"

    ec2.revoke_security_group_ingress(GroupId=servers, IpPermissions=[tcp(8080, UserIdGroupPairs=[{"GroupId": clients}])])
    until(lambda: fetch(shared, client, address) == "", 5)
    ec2.authorize_security_group_ingress(GroupId=servers, IpPermissions=[tcp(8080, IpRanges=[{"CidrIp": "10.40.1.0/24"}])])
    assert until(lambda: fetch(shared, client, address), 5) == "hello"
    assert until(lambda: fetch(shared, stranger, address), 5) == "hello"

    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=clients, IpPermissions=everything)
    until(lambda: fetch(shared, client, address) == "", 5)
    assert fetch(shared, stranger, address) == "hello", "the sender's gate is its own"
    for arn in (server, client, stranger):
        ecs.stop_task(task=arn)
    for arn in (server, client, stranger):
        reaches(ecs, arn, "STOPPED")


def test_two_vpcs_with_the_same_addresses_never_meet(shared, ecs, ec2):
    def build():
        vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.50.1.0/24")["Subnet"]["SubnetId"]
        open_to_all = group(ec2, vpc, "open", {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]})
        return vpc, subnet, open_to_all

    (vpc_a, subnet_a, open_a), (vpc_b, subnet_b, open_b) = build(), build()
    server, address = start(ecs, subnet_a, [open_a], SERVER)
    near, _ = start(ecs, subnet_a, [open_a], "exec sleep 1000")
    far = [start(ecs, subnet_b, [open_b], "exec sleep 1000") for _ in range(3)]
    assert until(lambda: fetch(shared, near, address)) == "hello"
    for arn, other in far:
        assert other == address or fetch(shared, arn, address) == ""
    for arn in (server, near, *(a for a, _ in far)):
        ecs.stop_task(task=arn)
    for arn in (server, near, *(a for a, _ in far)):
        reaches(ecs, arn, "STOPPED")
    remove(ec2, vpc_a)
    remove(ec2, vpc_b)


def test_the_host_is_out_of_reach(shared, ecs, network):
    command = f"wget -T 1 -q -O - http://127.0.0.1:{shared.port}/_neargate/health && exit 1; exit 0"
    arn = run(ecs, network, define(ecs, container(command=command)))
    assert reaches(ecs, arn, "STOPPED")["containers"][0]["exitCode"] == 0
