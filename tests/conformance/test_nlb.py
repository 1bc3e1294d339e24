"""Network Load Balancers, as boto3 sets them up and as clients on the internet and in the VPC meet them: with real packets."""

import subprocess
import textwrap

import pytest
from botocore.exceptions import ClientError
from networks import EVERYTHING
from region import until
from tasks import LAUNCH, container, define

# Says who it is over TCP, for as long as the client wants to hear it.
SERVE = (
    "echo 'while read line; do echo $HOSTNAME; done' > /tmp/one;"
    " trap 'kill $!; exit 0' TERM; nc -ll -p 7000 -e sh /tmp/one & wait $!"
)

# Asks over a new connection each time, and says who answered.
ASK = textwrap.dedent("""
    import socket, sys
    for _ in range(int(sys.argv[3])):
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as connection:
            connection.sendall(b"?\\n")
            print(connection.makefile().readline().strip())
""")

# Answers datagrams with the address they seem to come from.
DATAGRAMS = textwrap.dedent("""
    import socket
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 7001))
    print("bound", flush=True)
    while True:
        _, whom = server.recvfrom(100)
        server.sendto(whom[0].encode(), whom)
""")

SEND = textwrap.dedent("""
    import socket, sys
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(5)
    client.connect((sys.argv[1], 7001))
    client.send(b"?")
    print(client.recv(100).decode())
""")

# Holds a connection open and says a line whenever it is told to.
HOLD = textwrap.dedent("""
    import socket, sys
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10)
    file = connection.makefile("rw")
    for _ in sys.stdin:
        try:
            print("?", file=file, flush=True)
            print(file.readline().strip() or "closed", flush=True)
        except OSError as error:
            print(type(error).__name__, flush=True)
""")


class Held:
    """A connection from the internet, as long as this is open."""

    def __init__(self, region, host, port):
        command = [region.binary, "from", "--data-dir", str(region.data), "internet", "--", "python3", "-c", HOLD, host, str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def says(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


@pytest.fixture
def elb(shared):
    return shared.client("elbv2")


@pytest.fixture
def front(shared, ecs, elb):
    """An internet-facing load balancer without security groups in two zones of the default VPC."""
    ec2 = shared.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    subnets = sorted(subnets, key=lambda subnet: subnet["AvailabilityZone"])[:2]
    vpc = subnets[0]["VpcId"]
    allocations = [ec2.allocate_address(Domain="vpc") for _ in subnets]
    mappings = [
        {"SubnetId": subnet["SubnetId"], "AllocationId": allocation["AllocationId"]}
        for subnet, allocation in zip(subnets, allocations)
    ]
    inner = ec2.create_security_group(GroupName="flows", Description="flows", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=inner, IpPermissions=[EVERYTHING])
    (balancer,) = elb.create_load_balancer(Name="net", Type="network", SubnetMappings=mappings)["LoadBalancers"]
    arn, made = balancer["LoadBalancerArn"], []

    class Front:
        pass

    front = Front()
    front.balancer, front.arn, front.dns = balancer, arn, balancer["DNSName"]
    front.zones = [subnet["AvailabilityZone"] for subnet in subnets]
    front.elastic = [allocation["PublicIp"] for allocation in allocations]
    front.network = {
        "awsvpcConfiguration": {
            "subnets": [subnet["SubnetId"] for subnet in subnets],
            "securityGroups": [inner],
            "assignPublicIp": "ENABLED",
        }
    }

    def group(name, protocol, port, health=7000, listens=True, **attributes):
        (group,) = elb.create_target_group(
            Name=name,
            VpcId=vpc,
            Protocol=protocol,
            Port=port,
            TargetType="ip",
            HealthCheckPort=str(health),
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
        )["TargetGroups"]
        made.append(group["TargetGroupArn"])
        attributes = {"deregistration_delay.timeout_seconds": "2", "load_balancing.cross_zone.enabled": "true", **attributes}
        elb.modify_target_group_attributes(
            TargetGroupArn=group["TargetGroupArn"], Attributes=[{"Key": key, "Value": value} for key, value in attributes.items()]
        )
        if listens:
            elb.create_listener(
                LoadBalancerArn=arn,
                Protocol=protocol,
                Port=port,
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
            )
        elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        return group["TargetGroupArn"]

    front.group = group
    yield front
    for name in [arn.rsplit("/", 1)[-1] for arn in ecs.list_services()["serviceArns"]]:
        ecs.delete_service(service=name, force=True)
        ecs.get_waiter("services_inactive").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    elb.delete_load_balancer(LoadBalancerArn=arn)
    for left in made:
        elb.delete_target_group(TargetGroupArn=left)

    def unused():
        return not ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [inner]}])["NetworkInterfaces"]

    until(unused, what="the security group unused")
    ec2.delete_security_group(GroupId=inner)
    for allocation in allocations:
        ec2.release_address(AllocationId=allocation["AllocationId"])


def stable(ecs, name):
    ecs.get_waiter("services_stable").wait(services=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 90})


def start(ecs, elb, front, count, *groups):
    one = container(
        command=SERVE,
        portMappings=[{"containerPort": 7000}, {"containerPort": 7001, "protocol": "udp"}],
        stopTimeout=2,
    )
    ecs.create_service(
        serviceName="flows",
        taskDefinition=define(ecs, one, family="flows"),
        desiredCount=count,
        networkConfiguration=front.network,
        loadBalancers=[{"targetGroupArn": group, "containerName": "app", "containerPort": port} for group, port in groups],
        **LAUNCH,
    )
    stable(ecs, "flows")
    until(lambda: len(healthy(elb, groups[0][0])) == count, 40, "the targets' health")


def healthy(elb, group):
    found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [one["Target"]["Id"] for one in found if one["TargetHealth"]["State"] == "healthy"]


def ask(region, host, port, times):
    """Who answered, of so many connections from the internet."""
    done = region.neargate("from", "internet", "--", "python3", "-c", ASK, host, port, times, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_network_load_balancer_is_described_as_on_aws(shared, elb, front):
    assert front.dns == f"net-{front.arn.rsplit('/', 1)[1]}.elb.us-east-1.amazonaws.com"
    assert front.arn.split(":")[-1].startswith("loadbalancer/net/net/")
    (found,) = elb.describe_load_balancers(Names=["net"])["LoadBalancers"]
    assert (found["Type"], found["Scheme"], found["CanonicalHostedZoneId"]) == ("network", "internet-facing", "Z26RNL4JYFTOTI")
    assert "SecurityGroups" not in found
    addresses = {zone["ZoneName"]: zone["LoadBalancerAddresses"][0]["IpAddress"] for zone in found["AvailabilityZones"]}
    assert addresses == dict(zip(front.zones, front.elastic))
    with pytest.raises(ClientError, match="InvalidConfigurationRequest"):
        elb.set_security_groups(LoadBalancerArn=front.arn, SecurityGroups=["sg-0"])
    group = front.group("tcp", "TCP", 7000)
    (listener,) = elb.describe_listeners(LoadBalancerArn=front.arn)["Listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 7000)
    attributes = elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    attributes = {one["Key"]: one["Value"] for one in attributes}
    assert attributes["preserve_client_ip.enabled"] == "false" and attributes["stickiness.type"] == "source_ip"
    # Its name leads to its zones' addresses, and each zone has a name of its own.
    def resolve(name):
        lines = shared.neargate("from", "internet", "--", "getent", "ahostsv4", name).stdout.splitlines()
        return {line.split()[0] for line in lines}

    assert resolve(front.dns) == set(front.elastic)
    for zone, address in zip(front.zones, front.elastic):
        assert resolve(f"{zone}.{front.dns}") == {address}


def test_a_service_behind_one_is_scaled_while_connections_are_open(shared, ecs, elb, front):
    group = front.group("tcp", "TCP", 7000)
    start(ecs, elb, front, 2, (group, 7000))
    for address in front.elastic:
        assert len(set(ask(shared, address, 7000, 20))) == 2, "either zone leads to both tasks"
    open_ones = [Held(shared, front.dns, 7000) for _ in range(4)]
    before = [held.says() for held in open_ones]
    assert all(before)
    ecs.update_service(service="flows", desiredCount=3)
    stable(ecs, "flows")
    until(lambda: len(healthy(elb, group)) == 3, what="the third's health")
    assert [held.says() for held in open_ones] == before, "each stays with its task"
    assert len(set(ask(shared, front.dns, 7000, 40))) == 3
    # A task that is taken out keeps its connections until it ends.
    gone = healthy(elb, group)[0]
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": gone, "Port": 7000}])
    until(lambda: gone not in healthy(elb, group), what="the target's draining")
    assert [held.says() for held in open_ones] == before
    for held in open_ones:
        held.close()


def test_datagrams_reach_a_service_and_come_back(shared, ecs, elb, front):
    group = front.group("udp", "UDP", 7001)
    start(ecs, elb, front, 1, (group, 7001))
    (task,) = ecs.list_tasks(serviceName="flows")["taskArns"]
    command = [shared.binary, "from", "--data-dir", str(shared.data), f"task/{task.rsplit('/', 1)[1]}", "--", "python3", "-c", DATAGRAMS]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout.readline() == "bound\n"
        # The socket takes only what comes from where it sent to, and the task sees who sent it.
        for address in front.elastic:
            seen = shared.neargate("from", "internet", "--", "python3", "-c", SEND, address).stdout.strip()
            assert seen == "203.0.113.10"
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_explain_follows_the_packet_to_the_targets(shared, ecs, elb, front):
    group = front.group("tcp", "TCP", 7000)
    start(ecs, elb, front, 1, (group, 7000))
    (target,) = healthy(elb, group)
    said = shared.neargate("explain", "internet", f"{front.elastic[0]}:7000", check=False).stdout
    assert f"On to {target}:7000" in said and "Reachable." in said, said
    said = shared.neargate("explain", "internet", f"{front.elastic[0]}:7001", check=False).stdout
    assert "no listener for TCP on port 7001" in said, said
