"""AWS Cloud Map: namespaces, services and instances, what the VPC's resolver says of them, and tasks that come by themselves."""

import time

import pytest
from botocore.exceptions import ClientError
from networks import EVERYTHING
from region import until
from tasks import LAUNCH, container, define, describe
from test_services import UP, delete, service, stable, tasks

RESOLVER = "169.254.169.253"
NXDOMAIN = 3


@pytest.fixture
def cloudmap(shared):
    client = shared.client("servicediscovery")
    yield client
    for found in client.list_services()["Services"]:
        for instance in client.list_instances(ServiceId=found["Id"])["Instances"]:
            succeeds(client, client.deregister_instance(ServiceId=found["Id"], InstanceId=instance["Id"]))
        client.delete_service(Id=found["Id"])
    for found in client.list_namespaces()["Namespaces"]:
        succeeds(client, client.delete_namespace(Id=found["Id"]))


def succeeds(cloudmap, answer):
    """Waits for an operation to succeed, and returns its targets."""

    def done():
        operation = cloudmap.get_operation(OperationId=answer["OperationId"])["Operation"]
        assert operation["Status"] != "FAIL", operation
        return operation["Targets"] if operation["Status"] == "SUCCESS" else None

    return until(done, what="the operation's success")


def private(cloudmap, vpc, name="shop.local"):
    return succeeds(cloudmap, cloudmap.create_private_dns_namespace(Name=name, Vpc=vpc))["NAMESPACE"]


def named(cloudmap, namespace, name, kind="A", ttl=10, policy="MULTIVALUE", **more):
    records = [{"Type": kind, "TTL": ttl}]
    dns = {"RoutingPolicy": policy, "DnsRecords": records}
    return cloudmap.create_service(Name=name, NamespaceId=namespace, DnsConfig=dns, **more)["Service"]


def register(cloudmap, of, name, **attributes):
    succeeds(cloudmap, cloudmap.register_instance(ServiceId=of["Id"], InstanceId=name, Attributes=attributes))


def data(answer):
    return sorted(record[2] for record in answer["answers"])


def vpc_of(ec2, network):
    (subnet,) = network["awsvpcConfiguration"]["subnets"]
    return ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]


def test_names_are_answered_in_their_vpc_alone(networks, cloudmap):
    vpcs = [networks.vpc(cidr, names=True) for cidr in ("10.71.0.0/16", "10.72.0.0/16")]
    subnets = [networks.subnet(vpc, f"10.{number}.1.0/24")[0] for number, vpc in zip((71, 72), vpcs)]
    networks.peering(*vpcs)
    (here, _), (there, _) = [networks.machine(subnet, networks.group(vpc, "open", EVERYTHING)) for subnet, vpc in zip(subnets, vpcs)]
    internet = networks.internet()
    namespace = private(cloudmap, vpcs[0])
    api = named(cloudmap, namespace, "api")
    assert here.query(RESOLVER, "api.shop.local")["code"] == NXDOMAIN, "there is nothing at a name without instances"
    register(cloudmap, api, "one", AWS_INSTANCE_IPV4="10.71.1.101")
    register(cloudmap, api, "two", AWS_INSTANCE_IPV4="10.71.1.102")
    both = ["10.71.1.101", "10.71.1.102"]
    assert here.resolve("api.shop.local") == both == here.resolve("API.Shop.Local")
    answer = here.query("10.71.0.2", "api.shop.local")
    assert answer["code"] == 0 and {record[1] for record in answer["answers"]} == {10}
    assert there.resolve("api.shop.local") == internet.resolve("api.shop.local") == []
    # Nothing of a type is told from no such name, and neither is believed for longer than the zone says.
    for name, kind, code in (("api.shop.local", "AAAA", 0), ("shop.local", "A", 0), ("web.shop.local", "A", NXDOMAIN)):
        answer = here.query(RESOLVER, name, kind)
        assert (answer["code"], answer["answers"]) == (code, []), name
        assert [record[:2] for record in answer["authorities"]] == [["SOA", 15]], name
    # With its attribute off, a VPC has no private zones.
    networks.ec2.modify_vpc_attribute(VpcId=vpcs[0], EnableDnsHostnames={"Value": False})
    until(lambda: here.resolve("api.shop.local") == [], what="no names")
    networks.ec2.modify_vpc_attribute(VpcId=vpcs[0], EnableDnsHostnames={"Value": True})
    until(lambda: here.resolve("api.shop.local") == both, what="the names")
    succeeds(cloudmap, cloudmap.deregister_instance(ServiceId=api["Id"], InstanceId="one"))
    assert here.resolve("api.shop.local") == ["10.71.1.102"]


def test_each_kind_of_record_is_answered(networks, cloudmap):
    vpc = networks.vpc("10.73.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.73.1.0/24")
    machine, _ = networks.machine(subnet, networks.group(vpc, "open", EVERYTHING))
    namespace = private(cloudmap, vpc)
    many = named(cloudmap, namespace, "many")
    for number in range(10):
        register(cloudmap, many, f"i{number}", AWS_INSTANCE_IPV4=f"10.73.1.{100 + number}")
    answers = [data(machine.query(RESOLVER, "many.shop.local")) for _ in range(30)]
    assert {len(found) for found in answers} == {8} and len(set().union(*answers)) == 10
    one = named(cloudmap, namespace, "one", policy="WEIGHTED")
    for number in (1, 2):
        register(cloudmap, one, f"i{number}", AWS_INSTANCE_IPV4=f"10.73.1.{number}")
    answers = [tuple(data(machine.query(RESOLVER, "one.shop.local"))) for _ in range(30)]
    assert set(answers) == {("10.73.1.1",), ("10.73.1.2",)}
    srv = named(cloudmap, namespace, "_http._tcp", "SRV", ttl=5)
    register(cloudmap, srv, "a", AWS_INSTANCE_IPV4="10.73.1.1", AWS_INSTANCE_PORT="8080")
    answer = machine.query(RESOLVER, "_http._tcp.shop.local", "SRV")
    assert answer["answers"] == [["SRV", 5, "1 1 8080 a._http._tcp.shop.local"]]
    assert answer["more"] == [["A", 5, "10.73.1.1"]]
    assert machine.resolve("a._http._tcp.shop.local") == ["10.73.1.1"]
    other = named(cloudmap, namespace, "other", "CNAME", policy="WEIGHTED")
    register(cloudmap, other, "x", AWS_INSTANCE_CNAME="_http._tcp.shop.local")
    assert machine.query(RESOLVER, "other.shop.local", "CNAME")["answers"] == [["CNAME", 10, "_http._tcp.shop.local"]]
    register(cloudmap, other, "x", AWS_INSTANCE_CNAME="logs.us-east-1.amazonaws.com")
    assert machine.resolve("other.shop.local") == machine.resolve("logs.us-east-1.amazonaws.com") != []


def test_health_decides_what_is_answered(networks, cloudmap):
    vpc = networks.vpc("10.74.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.74.1.0/24")
    machine, _ = networks.machine(subnet, networks.group(vpc, "open", EVERYTHING))
    api = named(cloudmap, private(cloudmap, vpc), "api", HealthCheckCustomConfig={"FailureThreshold": 1})
    register(cloudmap, api, "well", AWS_INSTANCE_IPV4="10.74.1.1")
    register(cloudmap, api, "ill", AWS_INSTANCE_IPV4="10.74.1.2", AWS_INIT_HEALTH_STATUS="UNHEALTHY")
    assert machine.resolve("api.shop.local") == ["10.74.1.1"]
    found = cloudmap.discover_instances(NamespaceName="shop.local", ServiceName="api", HealthStatus="UNHEALTHY")
    assert [instance["InstanceId"] for instance in found["Instances"]] == ["ill"]
    began = time.monotonic()
    cloudmap.update_instance_custom_health_status(ServiceId=api["Id"], InstanceId="well", Status="UNHEALTHY")
    assert machine.resolve("api.shop.local") == ["10.74.1.1"]
    until(lambda: machine.resolve("api.shop.local") == ["10.74.1.1", "10.74.1.2"], 60, "all, as none is healthy")
    took = time.monotonic() - began
    print(f"unhealthy after {took:.1f} s")
    assert 28 < took < 45


def test_calls_that_must_fail_fail_as_on_aws(networks, cloudmap):
    vpc = networks.vpc("10.75.0.0/16", names=True)
    namespace = private(cloudmap, vpc)

    def code(call, **request):
        with pytest.raises(ClientError) as caught:
            call(**request)
        return caught.value.response["Error"]["Code"], caught.value.response

    assert code(cloudmap.get_namespace, Id="ns-nothing")[0] == "NamespaceNotFound"
    assert code(cloudmap.get_service, Id="srv-nothing")[0] == "ServiceNotFound"
    assert code(cloudmap.get_operation, OperationId="nothing")[0] == "OperationNotFound"
    found, response = code(cloudmap.create_private_dns_namespace, Name="shop.local", Vpc=vpc)
    assert (found, response["NamespaceId"]) == ("NamespaceAlreadyExists", namespace)
    api = named(cloudmap, namespace, "api")
    found, response = code(named, cloudmap=cloudmap, namespace=namespace, name="api")
    assert (found, response["ServiceId"]) == ("ServiceAlreadyExists", api["Id"])
    assert code(cloudmap.delete_namespace, Id=namespace)[0] == "ResourceInUse"
    assert code(cloudmap.register_instance, ServiceId=api["Id"], InstanceId="a", Attributes={})[0] == "InvalidInput"
    request = {"ServiceId": api["Id"], "InstanceId": "a", "Status": "HEALTHY"}
    assert code(cloudmap.update_instance_custom_health_status, **request)[0] == "InstanceNotFound"
    register(cloudmap, api, "a", AWS_INSTANCE_IPV4="10.75.1.1")
    assert code(cloudmap.update_instance_custom_health_status, **request)[0] == "CustomHealthNotFound"
    assert code(cloudmap.delete_service, Id=api["Id"])[0] == "ResourceInUse"
    assert code(cloudmap.create_public_dns_namespace, Name="example.com")[0] == "NotImplemented"
    answer = cloudmap.create_private_dns_namespace(Name="x.local", Vpc="vpc-0123456789abcdef0")
    failed = lambda: cloudmap.get_operation(OperationId=answer["OperationId"])["Operation"]  # noqa: E731
    until(lambda: failed()["Status"] == "FAIL", what="the operation's failure")
    assert failed()["ErrorCode"] == "CANNOT_CREATE_HOSTED_ZONE"


def test_tasks_get_names_by_themselves(shared, ecs, ec2, network, networks, cloudmap):
    vpc = vpc_of(ec2, network)
    srv = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 10}]}
    namespace = private(cloudmap, vpc)
    api = cloudmap.create_service(Name="api", NamespaceId=namespace, DnsConfig=srv, HealthCheckCustomConfig={})["Service"]
    (subnet,) = network["awsvpcConfiguration"]["subnets"]
    machine, _ = networks.machine(subnet)
    definition = define(ecs, container(command=UP, portMappings=[{"containerPort": 8080}]))
    registry = {"registryArn": api["Arn"], "containerName": "app", "containerPort": 8080}
    made = ecs.create_service(
        serviceName="named", taskDefinition=definition, desiredCount=2, networkConfiguration=network,
        serviceRegistries=[registry], **LAUNCH,
    )["service"]
    assert made["serviceRegistries"] == [registry]
    stable(ecs, "named")
    addresses = {addressed(ecs, arn): arn for arn in tasks(ecs, "named")}
    # With the answer that says so; how long it takes to ask is the machine's.
    began = time.monotonic()
    until(lambda: machine.resolve("api.shop.local") == sorted(addresses), 5, "both names")
    print(f"both names after {time.monotonic() - began:.2f} s")
    answer = machine.query(RESOLVER, "api.shop.local", "SRV")
    ids = {arn.rsplit("/", 1)[1] for arn in addresses.values()}
    assert data(answer) == sorted(f"1 1 8080 {task}.api.shop.local" for task in ids)
    assert sorted(record[2] for record in answer["more"]) == sorted(addresses)
    (one, *_) = instances = cloudmap.list_instances(ServiceId=api["Id"])["Instances"]
    assert {instance["Id"] for instance in instances} == ids
    assert one["Attributes"]["ECS_SERVICE_NAME"] == "named" and one["Attributes"]["AWS_INSTANCE_PORT"] == "8080"

    # Another task finds them by the same name: this one is in the same network, and asks by itself.
    asking = f"task/{sorted(ids)[0]}"
    assert shared.neargate("from", asking, "--", "getent", "ahostsv4", "api.shop.local").stdout.count("STREAM") == 2

    assert shared.neargate("explain", asking, "api.shop.local:8080", check=False).returncode == 0
    assert "    api  2 of 2 instances healthy" in shared.neargate("status").stdout

    # A task that is told to stop has lost its name before its containers get their signal.
    address, arn = addresses.popitem()
    ecs.stop_task(task=arn)
    began = time.monotonic()
    until(lambda: address not in machine.resolve("api.shop.local"), 5, "the name's end")
    print(f"the name's end after {time.monotonic() - began:.2f} s")
    stable(ecs, "named")
    until(lambda: len(machine.resolve("api.shop.local")) == 2, 5, "another task's name")
    delete(ecs, "named")
    assert machine.query(RESOLVER, "api.shop.local")["code"] == NXDOMAIN
    cloudmap.delete_service(Id=api["Id"])


def addressed(ecs, arn):
    return describe(ecs, arn)["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]


def test_no_answer_names_a_task_that_has_stopped(ecs, ec2, network, networks, cloudmap):
    """A hundred tasks come and go, a hundred a minute if the machine can, while somebody asks for both services twenty times a second.

    Those of `told` are told to stop; those of `ending` end by themselves, which nobody knows before.
    """
    namespace = private(cloudmap, vpc_of(ec2, network))
    (subnet,) = network["awsvpcConfiguration"]["subnets"]
    machine, _ = networks.machine(subnet)
    for name, count, command in (("told", 0, UP), ("ending", 6, "sleep 3")):
        registry = named(cloudmap, namespace, name, ttl=0, HealthCheckCustomConfig={})["Arn"]
        definition = define(ecs, container(command=command, stopTimeout=2))
        ecs.create_service(
            serviceName=name, taskDefinition=definition, desiredCount=count, networkConfiguration=network,
            serviceRegistries=[{"registryArn": registry}], **LAUNCH,
        )
        machine.watch(RESOLVER, f"{name}.shop.local")
    began, started, ended = time.monotonic(), 0, set()
    while started < 72 or len(ended) < 28:
        pause = time.monotonic() + 5
        for count in (6, 0):
            ecs.update_service(service="told", desiredCount=count)
            until(lambda: service(ecs, "told")["runningCount"] == count, 60, f"{count} tasks")
        started += 6
        ended.update(listed(ecs, "ending", "STOPPED"))
        time.sleep(max(0, pause - time.monotonic()))  # 72 a minute of these are enough
    took = time.monotonic() - began
    print(f"{started} + {len(ended)} tasks in {took:.0f} s, {(started + len(ended)) / took * 60:.0f} a minute")
    for name in ("told", "ending"):
        seen = machine.watched(f"{name}.shop.local")
        assert seen and time.time() - seen[-1][0] < 10, "it was asked to the end"
        lives = lived(ecs, name)
        assert len({address for _, found in seen for address in found}) > 10, "names came and went"
        late = 0
        for at, found in seen:
            for address in found:
                # Of the task that has stopped last, if the address was another one's before.
                end = max((end for start, end in lives[address] if start <= at), default=0)
                assert at <= end + 2, (name, at, address, lives[address])
                late = max(late, at - end)
        print(f"{name}: {len(seen)} answers, {sum(map(len, lives.values()))} tasks, one of which was named {late:.2f} s after its end")
        delete(ecs, name)
    assert all(cloudmap.list_instances(ServiceId=found["Id"])["Instances"] == [] for found in cloudmap.list_services()["Services"])


def lived(ecs, name):
    """From when to when tasks of a service have had each address."""
    arns = [arn for status in ("RUNNING", "STOPPED") for arn in listed(ecs, name, status)]
    lives = {}
    for some in range(0, len(arns), 100):
        for task in ecs.describe_tasks(tasks=arns[some : some + 100])["tasks"]:
            ended = task.get("executionStoppedAt")
            address = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
            lives.setdefault(address, []).append((task["createdAt"].timestamp(), ended.timestamp() if ended else float("inf")))
    return lives


def listed(ecs, name, status):
    pages = ecs.get_paginator("list_tasks").paginate(serviceName=name, desiredStatus=status)
    return [arn for page in pages for arn in page["taskArns"]]


def test_tasks_discover_instances_at_amazons_own_name(shared, ecs, ec2, network, networks, cloudmap):
    http = succeeds(cloudmap, cloudmap.create_http_namespace(Name="apis"))["NAMESPACE"]
    api = cloudmap.create_service(Name="api", NamespaceId=http)["Service"]
    register(cloudmap, api, "one", AWS_INSTANCE_IPV4="10.20.1.77", AWS_INSTANCE_PORT="80", stage="beta")
    definition = define(ecs, container(command="exec sleep 100000", stopTimeout=2))
    arn = ecs.run_task(taskDefinition=definition, networkConfiguration=network, **LAUNCH)["tasks"][0]["taskArn"]
    until(lambda: describe(ecs, arn)["lastStatus"] == "RUNNING", what="the task")
    machine = networks.at("task/" + arn.rsplit("/", 1)[1])
    environment = {**shared.environment(), "AWS_ENDPOINT_URL": "", "AWS_CA_BUNDLE": str(shared.data / "ca.pem")}
    environment |= {"AWS_MAX_ATTEMPTS": "1", "AWS_DISABLE_HOST_PREFIX_INJECTION": "false"}
    command = ["servicediscovery", "discover-instances", "--namespace-name", "apis", "--service-name", "api"]
    filters = ["--query-parameters", "stage=beta", "--query", "Instances[].Attributes.AWS_INSTANCE_IPV4", "--output", "text"]
    code, said, error = machine.run([shared.aws_program(), *command, *filters], environment)
    assert (code, said.strip()) == (0, "10.20.1.77"), error
    assert machine.resolve("data-servicediscovery.us-east-1.amazonaws.com") != []
    ecs.stop_task(task=arn)


def test_an_interface_asks_1024_times_a_second(networks, cloudmap):
    vpc = networks.vpc("10.76.0.0/16", names=True)
    subnet, _ = networks.subnet(vpc, "10.76.1.0/24")
    group = networks.group(vpc, "open", EVERYTHING)
    (loud, _), (quiet, _) = [networks.machine(subnet, group) for _ in range(2)]
    api = named(cloudmap, private(cloudmap, vpc), "api")
    register(cloudmap, api, "one", AWS_INSTANCE_IPV4="10.76.1.1")
    answered, took = loud.flood(RESOLVER, "api.shop.local", 5000)
    assert 1000 <= answered <= 1024 * (took + 2), f"{answered} in {took:.2f} s"
    assert quiet.resolve("api.shop.local") == ["10.76.1.1"], "others are answered meanwhile"
    until(lambda: loud.resolve("api.shop.local") == ["10.76.1.1"], 3, "an answer in the next second")


def test_names_survive_kill_9(fresh):
    cloudmap, ec2 = fresh.client("servicediscovery"), fresh.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    api = named(cloudmap, private(cloudmap, vpc), "api")
    register(cloudmap, api, "one", AWS_INSTANCE_IPV4="172.31.0.77")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]

    def names():
        return fresh.neargate("from", interface, "--", "getent", "ahostsv4", "api.shop.local", check=False).stdout.split()[:1]

    until(lambda: names() == ["172.31.0.77"], what="the name")
    fresh.kill()
    fresh.up()
    until(lambda: names() == ["172.31.0.77"], what="the name again")
    assert cloudmap.list_instances(ServiceId=api["Id"])["Instances"][0]["Id"] == "one"
    succeeds(cloudmap, cloudmap.deregister_instance(ServiceId=api["Id"], InstanceId="one"))
    assert names() == []
    ec2.delete_network_interface(NetworkInterfaceId=interface)
