"""Network Load Balancers whose connections the balancer passes on (TLS, the proxy protocol, weights), flows that end with their target, and
what CloudWatch is told of all: with real packets."""

import subprocess
import textwrap

import pytest
from botocore.exceptions import ClientError
from region import until
from test_balancer_metrics import Metrics, cloudwatch
from test_https import authority
from test_nlb import Held, ask, elb, front, healthy, start

__all__ = ["authority", "cloudwatch", "elb", "front"]

# Answers each line with whom it comes from, over TLS if there are files for it, and says to its own input whether it can be checked.
ANSWER = textwrap.dedent("""
    import socket, ssl, sys, threading
    port, health, *files = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if files else None
    if files:
        context.load_cert_chain(*files)
        context.set_alpn_protocols(["h2", "http/1.1"])

    def answer(connection, whom):
        try:
            if context:
                connection = context.wrap_socket(connection, server_side=True)
            spoken = connection.selected_alpn_protocol() if context else "plain"
            file = connection.makefile("rw")
            for _ in file:
                print(whom[0], spoken, port, file=file, flush=True)
        except OSError:
            pass

    def serve():
        while True:
            threading.Thread(target=answer, args=server.accept(), daemon=True).start()

    server = socket.create_server(("0.0.0.0", int(port)))
    threading.Thread(target=serve, daemon=True).start()
    checked = socket.create_server(("0.0.0.0", int(health)))
    print("bound", flush=True)
    for _ in sys.stdin:
        checked.close()
        print("unhealthy", flush=True)
""")

# Says in hexadecimal what each connection begins with.
HEAR = textwrap.dedent("""
    import socket
    server = socket.create_server(("0.0.0.0", 7002))
    print("bound", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            heard = b""
            while len(heard) < 30 and (more := connection.recv(1000)):
                heard += more
            connection.sendall(heard.hex().encode() + b"\\n")
""")

# Asks over TLS for a name; says what was answered, and what was agreed on over ALPN.
ASK_TLS = textwrap.dedent("""
    import socket, ssl, sys
    host, port, name, ca = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["http/1.1", "h2"])
    with socket.create_connection((host, int(port)), timeout=5) as plain:
        with context.wrap_socket(plain, server_hostname=name) as connection:
            connection.sendall(b"?\\n")
            print(connection.makefile().readline().strip(), connection.selected_alpn_protocol())
""")

# The address of whoever is on the internet.
CLIENT = "203.0.113.10"


class Server:
    """A program in a task's network, as long as this is open."""

    def __init__(self, region, task, program, *arguments):
        whose = ["from", "--data-dir", str(region.data), f"task/{task.rsplit('/', 1)[1]}", "--", "python3", "-c", program]
        command = [region.binary, *whose, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == "bound\n"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)

    def fail(self):
        """Is not there for health checks any more."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "unhealthy\n"


@pytest.fixture
def imports(shared, authority):  # noqa: F811
    """Imports a certificate for a name."""
    acm, made = shared.client("acm"), []

    def one(name):
        made.append(acm.import_certificate(**authority.request(*authority.certify(name, "ec", "prime256v1", name)))["CertificateArn"])
        return made[-1]

    yield one
    for arn in made:
        until(lambda: not acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"], what="the certificate unused")
        acm.delete_certificate(CertificateArn=arn)


def listen(elb, front, protocol, port, *groups, **more):  # noqa: F811
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]}}
    asked = {"LoadBalancerArn": front.arn, "Protocol": protocol, "Port": port, "DefaultActions": [action]}
    (listener,) = elb.create_listener(**asked, **more)["Listeners"]
    return listener


def ask_plainly(shared, host, port):
    """What a client is told that speaks no TLS."""
    program = (
        "import socket, sys\n"
        "with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as connection:\n"
        "    connection.sendall(b'GET / HTTP/1.1\\r\\n\\r\\n')\n"
        "    print(connection.recv(100).hex())\n"
    )
    return bytes.fromhex(shared.neargate("from", "internet", "--", "python3", "-c", program, host, port).stdout)


def attribute(elb, group, **attributes):  # noqa: F811
    given = [{"Key": key, "Value": value} for key, value in attributes.items()]
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=given)


def register(elb, group, target):  # noqa: F811
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    until(lambda: healthy(elb, group) == [target], 40, "the target's health")


@pytest.fixture
def task(ecs, elb, front):  # noqa: F811
    """A task's ARN and address."""
    group = front.group("tcp", "TCP", 7000)
    start(ecs, elb, front, 1, (group, 7000))
    (arn,) = ecs.list_tasks(serviceName="flows")["taskArns"]
    (address,) = healthy(elb, group)
    return arn, address


def test_tls_ends_at_the_load_balancer(shared, ecs, elb, front, imports, authority):  # noqa: F811
    group = front.group("tcp", "TCP", 7000)
    more = {"Certificates": [{"CertificateArn": imports("flows.test")}], "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}
    listener = listen(elb, front, "TLS", 443, (group, 1), AlpnPolicy=["HTTP2Preferred"], **more)
    assert (listener["Protocol"], listener["AlpnPolicy"]) == ("TLS", ["HTTP2Preferred"])
    arn = listener["ListenerArn"]
    elb.add_listener_certificates(ListenerArn=arn, Certificates=[{"CertificateArn": imports("other.test")}])
    start(ecs, elb, front, 2, (group, 7000))

    def asked(name="flows.test"):
        done = shared.neargate("from", "internet", "--", "python3", "-c", ASK_TLS, front.dns, 443, name, authority.ca, check=False)
        return done.stdout.split()

    until(asked, what="the listener")
    answers = [asked() for _ in range(12)] + [asked("other.test")]
    assert all(protocol == "h2" for _, protocol in answers)
    assert {who for who, _ in answers} == set(ask(shared, front.dns, 7000, 20)), "the kernel's listener has the same targets"
    # Its attributes are not those of TCP, and what can't be is refused as on AWS.
    assert elb.describe_listener_attributes(ListenerArn=arn)["Attributes"] == []
    with pytest.raises(ClientError, match="Stickiness type 'source_ip' is not supported with the TLS protocol"):
        attribute(elb, group, **{"stickiness.enabled": "true"})
    elb.modify_listener(ListenerArn=arn, AlpnPolicy=["None"])
    until(lambda: asked()[1:] == ["None"], what="the other policy")
    said = shared.neargate("explain", "internet", f"{front.elastic[0]}:443", check=False).stdout
    assert "Reachable." in said, said
    elb.delete_listener(ListenerArn=arn)


def test_tls_to_the_target_and_whom_that_sees(shared, elb, front, task, imports, authority):  # noqa: F811
    arn, target = task
    group = front.group("tls", "TLS", 7443, health=7444, listens=False)
    certificate = imports("flows.test")
    listener = listen(elb, front, "TLS", 443, (group, 1), Certificates=[{"CertificateArn": certificate}], AlpnPolicy=["HTTP2Optional"])

    def asked():
        done = shared.neargate("from", "internet", "--", "python3", "-c", ASK_TLS, front.elastic[0], 443, "flows.test", authority.ca, check=False)
        return done.stdout.split()

    # A certificate that nobody has signed does.
    with Server(shared, arn, ANSWER, 7443, 7444, *authority.certify("own", "ec", "prime256v1", "anything.test")):
        register(elb, group, target)
        until(asked, what="the listener")
        (balancer,) = elb.describe_load_balancers(Names=["net"])["LoadBalancers"]
        assert balancer["State"]["Code"] == "active"
        seen, spoken, _, agreed = asked()
        assert seen.startswith("172.31.") and seen != target, "the node's"
        assert (spoken, agreed) == ("http/1.1", "http/1.1"), "both sides speak the same"
        attribute(elb, group, **{"preserve_client_ip.enabled": "true"})
        until(lambda: asked()[:1] == [CLIENT], what="the client's address at the target")
        elb.modify_listener(ListenerArn=listener["ListenerArn"], AlpnPolicy=["HTTP2Only"])
        until(lambda: asked() == [CLIENT, "h2", "7443", "h2"], what="the other policy")
    elb.delete_listener(ListenerArn=listener["ListenerArn"])


def test_a_target_is_told_of_the_client_by_the_proxy_protocol(shared, elb, front, task):  # noqa: F811
    arn, target = task
    group = front.group("proxied", "TCP", 7002, **{"proxy_protocol_v2.enabled": "true"})
    with Server(shared, arn, HEAR):
        register(elb, group, target)
        (heard,) = ask(shared, front.elastic[0], 7002, 1)
        heard = bytes.fromhex(heard)
        # No TLV: that of AWS's own is for connections by a VPC endpoint.
        assert heard[:16] == b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
        assert heard[16:20] == bytes(map(int, CLIENT.split("."))), "the client, not the node"
        assert (heard[26:28], heard[28:]) == ((7002).to_bytes(2), b"?\n")
    with pytest.raises(ClientError, match="'proxy_protocol_v2.enabled' of a target group with the protocol 'UDP' is not supported by neargate"):
        front.group("udp", "UDP", 7001, **{"proxy_protocol_v2.enabled": "true"})


def test_weights_divide_connections_between_groups(shared, elb, front, task):  # noqa: F811
    arn, target = task
    groups = [front.group(name, "TCP", port, health=port + 1, listens=False) for name, port in (("blue", 7010), ("green", 7020))]
    listener = listen(elb, front, "TCP", 80, (groups[0], 1), (groups[1], 0))

    def answers():
        """The ports of the targets that answered, of 12."""
        said = ask(shared, front.elastic[0], 80, 12)
        return said[2::3]

    def weigh(*weights):
        groups_now = [{"TargetGroupArn": group, "Weight": weight} for group, weight in zip(groups, weights)]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups_now}}
        elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[action])

    with Server(shared, arn, ANSWER, 7010, 7011), Server(shared, arn, ANSWER, 7020, 7021):
        for group in groups:
            register(elb, group, target)
        until(lambda: answers() == ["7010"] * 12, what="all of it at the first group")
        weigh(0, 1)
        until(lambda: answers() == ["7020"] * 12, what="all of it at the second group")
        weigh(1, 1)
        until(lambda: set(answers()) == {"7010", "7020"}, what="both")
        kept = "A listener with target groups that differ in 'preserve_client_ip.enabled' is not supported by neargate"
        with pytest.raises(ClientError, match=kept):
            attribute(elb, groups[0], **{"preserve_client_ip.enabled": "true"})
    elb.delete_listener(ListenerArn=listener["ListenerArn"])


@pytest.mark.parametrize("by", ["kernel", "balancer"])
def test_flows_end_with_their_target_if_they_are_to(shared, elb, front, task, by):  # noqa: F811
    arn, target = task
    group = front.group("ending", "TCP", 7030, health=7031, **{"deregistration_delay.connection_termination.enabled": "true"})
    if by == "balancer":
        other = front.group("other", "TCP", 7030, listens=False)
        (listener,) = [one for one in elb.describe_listeners(LoadBalancerArn=front.arn)["Listeners"] if one["Port"] == 7030]
        weights = [{"TargetGroupArn": group, "Weight": 1}, {"TargetGroupArn": other, "Weight": 0}]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}
        elb.modify_listener(ListenerArn=listener["ListenerArn"], DefaultActions=[action])
    said = lambda held: held.says().split()[0]

    def state():
        found = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [one["TargetHealth"]["State"] for one in found]

    with Server(shared, arn, ANSWER, 7030, 7031) as server:
        register(elb, group, target)
        # Deregistered: when the delay is over.
        held = Held(shared, front.elastic[0], 7030)
        assert said(held).startswith("172.31.")
        elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": target}])
        until(lambda: said(held) == "ConnectionResetError", what="the end of what was open")
        held.close()
        # Unhealthy: not at once, if so it is said, but after its interval.
        unhealthy = "target_health_state.unhealthy."
        attribute(elb, group, **{unhealthy + "connection_termination.enabled": "false", unhealthy + "draining_interval_seconds": "12"})
        register(elb, group, target)
        held = Held(shared, front.elastic[0], 7030)
        assert said(held).startswith("172.31.")
        server.fail()
        until(lambda: state() == ["unhealthy.draining"], 40, "the target's failing")
        assert said(held).startswith("172.31."), "it goes on for now"
        until(lambda: state() == ["unhealthy"], 30, "the end of its interval")
        until(lambda: said(held) == "ConnectionResetError", what="the end of what was open")
        held.close()


def test_metrics_tell_of_flows_of_the_kernel_and_of_the_balancer(shared, elb, front, task, imports, authority, cloudwatch):  # noqa: F811
    tcp = elb.describe_target_groups(Names=["tcp"])["TargetGroups"][0]["TargetGroupArn"]
    listener = listen(elb, front, "TLS", 443, (tcp, 1), Certificates=[{"CertificateArn": imports("flows.test")}])
    metrics = Metrics(cloudwatch, "AWS/NetworkELB", LoadBalancer=front.arn.split("loadbalancer/")[1])

    def asked(name):
        return shared.neargate("from", "internet", "--", "python3", "-c", ASK_TLS, front.elastic[0], 443, name, authority.ca, check=False).stdout

    until(lambda: asked("flows.test"), what="the listener")
    until(lambda: metrics.tell("NewFlowCount_TLS") >= 1, what="the first flow over TLS")
    tls = metrics.tell("NewFlowCount_TLS")
    held = Held(shared, front.elastic[0], 7000)
    assert held.says()
    assert len(ask(shared, front.elastic[0], 7000, 5)) == 5 and asked("flows.test")
    until(lambda: (metrics.tell("NewFlowCount_TCP"), metrics.tell("NewFlowCount_TLS")) == (6, tls + 1), what="the new flows")
    assert metrics.tell("NewFlowCount") == 7 + tls
    assert metrics.tell("ProcessedBytes_TCP") > 6 * 100 and metrics.tell("ProcessedBytes_TLS") > 0
    assert metrics.tell("ProcessedBytes") == metrics.tell("ProcessedBytes_TCP") + metrics.tell("ProcessedBytes_TLS")
    assert sum(metrics.tell("NewFlowCount", AvailabilityZone=zone) for zone in front.zones) == 7 + tls
    assert metrics.tell("ProcessedPackets") > 7 * 6 and max(metrics.tell("PeakPacketsPerSecond", "Maximum")) > 0
    assert ask_plainly(shared, front.elastic[0], 443).startswith(b"\x15"), "a fatal alert"
    until(lambda: metrics.tell("ClientTLSNegotiationErrorCount") >= 1, what="the failed handshake")
    until(lambda: 1 in metrics.tell("ActiveFlowCount", "Maximum"), seconds=90, what="the flow that is there")
    assert metrics.tell("ActiveFlowCount_TCP", "Maximum")[-1] == 1
    group = tcp.rsplit(":", 1)[1]
    until(lambda: 1 in metrics.tell("HealthyHostCount", "Maximum", TargetGroup=group), seconds=90, what="a healthy host")
    assert metrics.tell("TCP_ELB_Reset_Count") == 0 and metrics.tell("ConsumedLCUs") > 0
    held.close()
    elb.delete_listener(ListenerArn=listener["ListenerArn"])
