"""A task's network, tried with real packets from inside tasks."""

from networks import EVERYTHING, by_group, by_range, tcp
from region import until
from tasks import container, define, details, public, reaches, run

SERVER = "mkdir -p /www && echo hello > /www/index.html && exec httpd -f -p 8080 -h /www"


def start(ecs, subnet, group, command):
    arn = run(ecs, public(subnet, group), define(ecs, container(command=command, stopTimeout=2)))
    return arn, details(reaches(ecs, arn, "RUNNING"))["privateIPv4Address"]


def fetch(region, arn, address, seconds=1):
    """Fetches the page of a task from inside another one's network namespace."""
    task = arn.rsplit("/", 1)[1]
    done = region.neargate("from", f"task/{task}", "--", "curl", "-s", "-m", str(seconds), f"http://{address}:8080/", check=False)
    return done.stdout.strip()


def test_security_groups_are_enforced_and_follow_changes(shared, networks, ecs, ec2):
    vpc = networks.vpc("10.40.0.0/16")
    subnet, _ = networks.subnet(vpc, "10.40.1.0/24", GatewayId=networks.internet_gateway(vpc))
    clients = networks.group(vpc, "clients")
    servers = networks.group(vpc, "servers", tcp(8080, **by_group(clients)))
    server, address = start(ecs, subnet, servers, SERVER)
    client, _ = start(ecs, subnet, clients, "exec sleep 1000")
    stranger, _ = start(ecs, subnet, servers, "exec sleep 1000")
    assert until(lambda: fetch(shared, client, address)) == "hello"
    assert fetch(shared, stranger, address) == "", "same subnet, same group, but no rule allows it"

    ec2.revoke_security_group_ingress(GroupId=servers, IpPermissions=[tcp(8080, **by_group(clients))])
    until(lambda: fetch(shared, client, address) == "", 5)
    ec2.authorize_security_group_ingress(GroupId=servers, IpPermissions=[tcp(8080, **by_range("10.40.1.0/24"))])
    assert until(lambda: fetch(shared, client, address), 5) == "hello"
    assert until(lambda: fetch(shared, stranger, address), 5) == "hello"

    ec2.revoke_security_group_egress(GroupId=clients, IpPermissions=[EVERYTHING])
    until(lambda: fetch(shared, client, address) == "", 5)
    assert fetch(shared, stranger, address) == "hello", "the sender's gate is its own"
    for arn in (server, client, stranger):
        ecs.stop_task(task=arn)
    for arn in (server, client, stranger):
        reaches(ecs, arn, "STOPPED")


def test_two_vpcs_with_the_same_addresses_never_meet(shared, networks, ecs):
    def build():
        vpc = networks.vpc("10.50.0.0/16")
        subnet, _ = networks.subnet(vpc, "10.50.1.0/24", GatewayId=networks.internet_gateway(vpc))
        return subnet, networks.group(vpc, "open", EVERYTHING)

    (subnet_a, open_a), (subnet_b, open_b) = build(), build()
    server, address = start(ecs, subnet_a, open_a, SERVER)
    near, _ = start(ecs, subnet_a, open_a, "exec sleep 1000")
    far = [start(ecs, subnet_b, open_b, "exec sleep 1000") for _ in range(3)]
    assert until(lambda: fetch(shared, near, address)) == "hello"
    for arn, other in far:
        assert other == address or fetch(shared, arn, address) == ""
    for arn in (server, near, *(a for a, _ in far)):
        ecs.stop_task(task=arn)
    for arn in (server, near, *(a for a, _ in far)):
        reaches(ecs, arn, "STOPPED")


def test_the_host_is_out_of_reach(shared, ecs, network):
    command = f"wget -T 1 -q -O - http://127.0.0.1:{shared.port}/_neargate/health && exit 1; exit 0"
    arn = run(ecs, network, define(ecs, container(command=command)))
    assert reaches(ecs, arn, "STOPPED")["containers"][0]["exitCode"] == 0
