"""Amazon ECS Service Connect: tasks reach others by short names, through a proxy in each of them."""

import collections
import datetime
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError
from networks import Networks, by_group, tcp
from region import until
from tasks import LAUNCH, ROLE, awslogs, container, define, describe, public
from test_services import completed, delete, service

# It goes on answering for a moment when it is to stop, as servers should.
SERVE = "mkdir -p /www; hostname > /www/index.html; trap 'sleep 1; exit 0' TERM; httpd -f -p 8080 -h /www & wait $!; while :; do sleep 0.1; done"
CHECKED = {"healthCheck": {"command": ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8080/"], "interval": 5, "timeout": 2, "retries": 2}}
IDLE = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
OFFER = [{"portName": "http", "discoveryName": "api", "clientAliases": [{"port": 80, "dnsName": "api"}]}]


def port(number, name, protocol=None):
    return {"containerPort": number, "name": name, **({"appProtocol": protocol} if protocol else {})}


class Mesh:
    """Services in one namespace, in a subnet and a security group whose members reach one another at the ports that a test says."""

    def __init__(self, region, networks, ecs, *ports):
        self.region, self.networks, self.ecs, self.made = region, networks, ecs, []
        vpc = networks.vpc("10.90.0.0/16", names=True)
        subnet, _ = networks.subnet(vpc, "10.90.1.0/24", GatewayId=networks.internet_gateway(vpc))
        self.group = networks.group(vpc, "mesh")
        self.allow(*ports)
        self.network = public(subnet, self.group)

    def allow(self, *ports):
        rules = [tcp(number, **by_group(self.group)) for number in ports]
        if rules:
            self.networks.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=rules)

    def create(self, name, definition, services=(), count=1, **more):
        configuration = {"enabled": True, "namespace": "mesh", "services": list(services), **more}
        made = self.ecs.create_service(
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            networkConfiguration=self.network,
            serviceConnectConfiguration=configuration,
            **LAUNCH,
        )["service"]
        self.made.append(name)
        return made

    def serve(self, count=1, **more):
        """The service `api`: its tasks answer with their host names."""
        definition = define(self.ecs, container(command=SERVE, portMappings=[port(8080, "http", "http")], **CHECKED))
        return self.create("api", definition, OFFER, count, **more)

    def client(self):
        """The service `web`, whose task asks."""
        return self.create("web", define(self.ecs, container(command=IDLE)))

    def tasks(self, name, count=1):
        """The tasks of a service, when so many run."""

        def running():
            arns = self.ecs.list_tasks(serviceName=name)["taskArns"]
            shown = self.ecs.describe_tasks(tasks=arns)["tasks"] if arns else []
            found = [task["taskArn"] for task in shown if task["lastStatus"] == "RUNNING"]
            return found if len(found) == count == len(arns) else None

        return until(running, 60, f"{count} tasks of {name}")

    def healthy(self, name, count):
        def all_are():
            arns = self.tasks(name, count)
            shown = self.ecs.describe_tasks(tasks=arns)["tasks"]
            return arns if all(task["healthStatus"] == "HEALTHY" for task in shown) else None

        return until(all_are, 60, f"{count} healthy tasks of {name}")

    def run(self, arn, command):
        """What a shell command in a task's container prints, and how it ends."""
        done = self.region.neargate("exec", "-T", arn, "--", "sh", "-c", command, check=False)
        return done.returncode, (done.stdout + done.stderr).strip()

    def clear(self):
        for name in self.made:
            delete(self.ecs, name)


@pytest.fixture
def mesh(shared, networks, ecs):
    shared.client("servicediscovery").create_http_namespace(Name="mesh")
    meshes = []

    def make(*ports):
        meshes.append(Mesh(shared, networks, ecs, *ports))
        return meshes[-1]

    yield make
    for made in meshes:
        made.clear()
    cloudmap = shared.client("servicediscovery")
    assert cloudmap.list_services()["Services"] == [], "they go with the services of Amazon ECS"
    for found in cloudmap.list_namespaces()["Namespaces"]:
        cloudmap.delete_namespace(Id=found["Id"])


def hostname(ecs, arn):
    address = describe(ecs, arn)["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    return "ip-" + address.replace(".", "-")


def test_a_short_name_is_answered_by_every_task_behind_it(shared, ecs, mesh):
    mesh = mesh()
    made = mesh.serve(2)
    (resource,) = made["deployments"][0]["serviceConnectResources"]
    assert resource["discoveryName"] == "api"
    mesh.client()
    servers, (web,) = mesh.healthy("api", 2), mesh.tasks("web")
    names = {hostname(ecs, arn) for arn in servers}
    # It is the kernel that lets tasks reach each other, on the port that the application has.
    code, said = mesh.run(web, "wget -q -O - http://api/")
    assert code != 0 and ("503" in said or "504" in said), said
    mesh.allow(8080)
    until(lambda: mesh.run(web, "wget -q -O - http://api/")[0] == 0, 60, "an answer")
    answers = collections.Counter()
    for _ in range(8):
        code, said = mesh.run(web, "wget -q -O - http://api/")
        assert code == 0, said
        answers[said.split(".")[0]] += 1
    assert dict(answers) == {name: 4 for name in names}, "in turn"
    found = shared.client("servicediscovery").discover_instances(NamespaceName="mesh", ServiceName="api")["Instances"]
    assert {instance["InstanceId"] for instance in found} == {arn.rsplit("/", 1)[1] for arn in servers}


def test_a_task_knows_the_names_that_there_were_when_it_was_deployed(ecs, mesh):
    mesh = mesh(8080)
    mesh.client()
    (before,) = mesh.tasks("web")
    mesh.serve()
    mesh.healthy("api", 1)
    code, said = mesh.run(before, "wget -q -O - http://api/")
    assert (code, said) == (1, "wget: bad address 'api'")
    ecs.update_service(service="web", forceNewDeployment=True)
    after = until(lambda: [arn for arn in ecs.list_tasks(serviceName="web")["taskArns"] if arn != before], what="another task")[0]
    until(lambda: describe(ecs, after)["lastStatus"] == "RUNNING", what="the task")
    code, said = mesh.run(after, "wget -q -O - http://api/")
    assert code == 0, said


ASK = """n=0; failed=0
while [ ! -e /tmp/over ]; do touch /tmp/asks; if wget -q -O /dev/null http://api/ 2>/tmp/why; then n=$((n+1)); else failed=$((failed+1)); cat /tmp/why; fi; done
echo $n $failed"""


class Asking:
    """A task that asks over and over until it is told to end."""

    def __init__(self, mesh, arn):
        self.mesh, self.arn = mesh, arn
        command = [mesh.region.binary, "exec", "--data-dir", str(mesh.region.data), "-T", arn, "--", "sh", "-c", ASK]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until(lambda: mesh.run(arn, "test -e /tmp/asks")[0] == 0, what="the first request")

    def answered(self):
        """How many answers there were; all of them if nothing failed."""
        self.mesh.run(self.arn, "touch /tmp/over")
        told = self.process.communicate(timeout=30)[0].strip().splitlines()
        count, failed = map(int, told[-1].split())
        print(f"{count} requests, {failed} failed")
        assert failed == 0, told
        return count


def test_no_request_is_lost_while_tasks_come_and_go(ecs, mesh):
    mesh = mesh(8080)
    mesh.serve(2)
    mesh.client()
    servers, (web,) = mesh.healthy("api", 2), mesh.tasks("web")
    asking = Asking(mesh, web)
    ecs.update_service(service="api", desiredCount=4)
    mesh.healthy("api", 4)
    ecs.stop_task(task=servers[0])
    until(lambda: describe(ecs, servers[0])["lastStatus"] == "STOPPED", what="its end")
    mesh.healthy("api", 4)
    ecs.update_service(service="api", desiredCount=2, forceNewDeployment=True)
    completed(ecs, "api", 180)
    assert asking.answered() > 100


def test_requests_go_on_while_neargate_is_dead(fresh):
    ecs = fresh.client("ecs")
    ecs.create_cluster(clusterName="default")
    fresh.client("servicediscovery").create_http_namespace(Name="mesh")
    mesh = Mesh(fresh, Networks(fresh), ecs, 8080)
    mesh.serve(2)
    mesh.client()
    mesh.healthy("api", 2)
    (web,) = mesh.tasks("web")
    asking = Asking(mesh, web)
    fresh.kill()
    time.sleep(3)
    fresh.up()
    ecs.update_service(service="api", desiredCount=3)
    names = {hostname(ecs, arn) for arn in mesh.healthy("api", 3)}
    assert asking.answered() > 20
    seen = lambda: {mesh.run(web, "wget -q -O - http://api/")[1].split(".")[0] for _ in range(6)}  # noqa: E731
    until(lambda: seen() == names, what="answers of all three, the new one among them")


def test_connections_go_to_a_port_of_the_proxys_own(shared, ecs, mesh):
    mesh = mesh(15432)
    definition = define(
        ecs,
        container(command="trap 'exit 0' TERM; nc -ll -p 5432 -e cat & wait", portMappings=[port(5432, "db")]),
        executionRoleArn=ROLE,
    )
    offer = {"portName": "db", "ingressPortOverride": 15432, "clientAliases": [{"port": 5432}]}
    log = awslogs("/proxies", **{"awslogs-create-group": "true"})
    mesh.create("db", definition, [offer], logConfiguration=log)
    mesh.client()
    (db,), (web,) = mesh.tasks("db"), mesh.tasks("web")
    until(lambda: mesh.run(web, "echo hello | nc -w 5 db.mesh 5432") == (0, "hello"), what="an echo")
    address = describe(ecs, db)["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    code, said = mesh.run(web, f"echo hello | nc -w 2 {address} 5432")
    assert said != "hello", "the port of the application is not open to others"
    mesh.allow(5432)
    until(lambda: mesh.run(web, f"echo hello | nc -w 5 {address} 5432") == (0, "hello"), what="an echo past the proxy")
    logs, stream = shared.client("logs"), lambda: logs.describe_log_streams(logGroupName="/proxies")["logStreams"]
    (name,) = [of["logStreamName"] for of in until(stream, what="the proxy's log")]
    assert name.startswith("p/ecs-service-connect-") and name.endswith(db.rsplit("/", 1)[1])
    until(lambda: logs.get_log_events(logGroupName="/proxies", logStreamName=name)["events"], what="its lines")
    logs.delete_log_group(logGroupName="/proxies")


def test_what_proxies_count_is_in_cloudwatch(shared, ecs, mesh):
    mesh = mesh(8080)
    # Names that no other test has, whose requests would be counted, too.
    definition = define(ecs, container(command=SERVE, portMappings=[port(8080, "http", "http")], **CHECKED))
    mesh.create("counted", definition, [{**OFFER[0], "discoveryName": "counted"}])
    mesh.create("asks", define(ecs, container(command=IDLE)))
    mesh.healthy("counted", 1)
    (web,) = mesh.tasks("asks")
    code, said = mesh.run(web, "for i in 1 2 3 4 5 6; do wget -q -O /dev/null http://api/; done; wget -q -O /dev/null http://api/none")
    assert "404" in said
    cloudwatch = shared.client("cloudwatch")
    now = datetime.datetime.now(datetime.timezone.utc)

    def total(metric, statistic="Sum", **dimensions):
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/ECS",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - datetime.timedelta(minutes=5),
            EndTime=now + datetime.timedelta(minutes=10),
            Period=3600,
            Statistics=[statistic],
        )
        return sum(point[statistic] for point in answer["Datapoints"])

    server = {"DiscoveryName": "counted", "ServiceName": "counted", "ClusterName": "default"}
    client = {"TargetDiscoveryName": "counted", "ServiceName": "asks", "ClusterName": "default"}
    until(lambda: total("RequestCount", **server) == 7, 150, "seven requests")
    until(lambda: total("HTTPCode_Target_2XX_Count", **client) == 6, 150, "six answers")
    assert total("HTTPCode_Target_4XX_Count", TargetDiscoveryName="counted") == 1
    assert total("RequestCount", DiscoveryName="counted") == 7
    assert total("RequestCountPerTarget", **client) == 7
    assert total("NewConnectionCount", DiscoveryName="counted") >= 1
    assert total("ProcessedBytes", DiscoveryName="counted") > 7 * 50
    assert total("TargetProcessedBytes", TargetDiscoveryName="counted") > 7 * 50
    assert 0 < total("TargetResponseTime", "Average", TargetDiscoveryName="counted") < 10_000


def test_an_answer_that_takes_too_long_is_given_up(ecs, mesh):
    mesh = mesh(8080)
    slow = SERVE.replace("httpd", "mkdir /www/cgi-bin; printf '#!/bin/sh\\nsleep 5\\n' > /www/cgi-bin/slow; chmod +x /www/cgi-bin/slow; httpd", 1)
    definition = define(ecs, container(command=slow, portMappings=[port(8080, "http", "http")], **CHECKED))
    mesh.create("api", definition, [{**OFFER[0], "timeout": {"perRequestTimeoutSeconds": 1}}])
    mesh.client()
    mesh.healthy("api", 1)
    (web,) = mesh.tasks("web")
    began = time.monotonic()
    code, said = mesh.run(web, "wget -q -O - http://api/cgi-bin/slow")
    assert code != 0 and "504" in said, said
    assert time.monotonic() - began < 4.5, "the application would have answered later"
    assert mesh.run(web, "wget -q -O - http://api/")[0] == 0


GRPC_SERVER = """
import grpc, sys
from concurrent import futures
class Handler(grpc.GenericRpcHandler):
    def service(self, call):
        if call.method == "/t/echo":
            return grpc.unary_unary_rpc_method_handler(lambda data, context: data)
        if call.method == "/t/count":
            return grpc.unary_stream_rpc_method_handler(lambda data, context: (bytes([n]) for n in range(data[0])))
server = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Handler()])
server.add_insecure_port("0.0.0.0:50051")
server.start()
print("ready", flush=True)
sys.stdin.read()
"""
GRPC_CLIENT = """
import grpc
channel = grpc.insecure_channel("127.255.0.1:5000")
print(channel.unary_unary("/t/echo")(b"hello", timeout=10).decode())
print(len(list(channel.unary_stream("/t/count")(bytes([3]), timeout=10))))
try:
    channel.unary_unary("/t/none")(b"", timeout=10)
except grpc.RpcError as error:
    print(error.code().name)
"""


def test_calls_of_grpc_go_through_both_proxies(shared, ecs, mesh):
    mesh = mesh(50051)
    definition = define(ecs, container(command=IDLE, portMappings=[port(50051, "calls", "grpc")]))
    mesh.create("calls", definition, [{"portName": "calls", "clientAliases": [{"port": 5000, "dnsName": "calls"}]}])
    mesh.client()
    (server,), (web,) = mesh.tasks("calls"), mesh.tasks("web")
    at = lambda arn: [shared.binary, "from", "--data-dir", str(shared.data), arn, "--", sys.executable, "-c"]  # noqa: E731
    serving = subprocess.Popen([*at(server), GRPC_SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert serving.stdout.readline() == "ready\n"
    assert "127.255.0.1 calls" in mesh.run(web, "cat /etc/hosts")[1].replace("\t", " ")
    told = subprocess.run([*at(web), GRPC_CLIENT], capture_output=True, text=True, timeout=60)
    serving.communicate()
    assert told.stdout.split() == ["hello", "3", "UNIMPLEMENTED"], told


def test_calls_that_must_fail_fail_as_on_aws(ecs, mesh):
    mesh = mesh(8080)
    definition = define(ecs, container(command=IDLE, portMappings=[port(8080, "http", "http")]))

    def refused(configuration):
        configuration = {"services": [], **configuration}
        with pytest.raises(ClientError) as caught:
            mesh.create("bad", definition, **configuration)
        return caught.value.response["Error"]["Code"]

    assert refused({"namespace": "none"}) == "NamespaceNotFoundException"
    assert refused({"services": [{"portName": "none", "clientAliases": [{"port": 80}]}]}) == "InvalidParameterException"
    assert refused({"accessLogConfiguration": {"format": "TEXT"}}) == "UnsupportedFeatureException"
    with pytest.raises(ClientError) as caught:
        ecs.list_services_by_namespace(namespace="none")
    assert caught.value.response["Error"]["Code"] == "NamespaceNotFoundException"
    mesh.create("good", definition, OFFER)
    assert ecs.list_services_by_namespace(namespace="mesh")["serviceArns"] == [service(ecs, "good")["serviceArn"]]
