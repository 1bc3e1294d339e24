"""HTTP/2 on HTTPS listeners, as curl on the internet agrees on it; target groups that need it."""

import botocore.exceptions
import pytest

https = pytest.importorskip("test_https", reason="HTTPS listeners are tried there")
authority = https.authority
from region import until  # noqa: E402


@pytest.fixture
def front(shared, authority):
    acm = shared.client("acm")
    files = authority.certify("two", "ec", "prime256v1", "two.test")
    certificate = acm.import_certificate(**authority.request(*files))["CertificateArn"]
    front = https.Front(shared, certificate)
    yield front
    front.close()
    acm.delete_certificate(CertificateArn=certificate)


def agreed(front, *more):
    """The version that curl and the load balancer agree on, and the answer."""
    return front.curl("-k", "-w", " %{http_version} %{http_code}", *more, "https://two.test/").stdout


def test_clients_agree_on_http2_unless_it_is_disabled(front):
    until(lambda: agreed(front) == "hello 2 200", what="the listener")
    assert agreed(front, "--http1.1") == "hello 1.1 200"
    assert agreed(front, "-X", "TRACE").endswith(" 2 405")
    # Many requests over one connection.
    many = front.curl("-k", "-Z", "-w", "%{http_version} ", "-o", "/dev/null", "https://two.test/[1-200]").stdout
    assert many.split().count("2") == 200
    # Not without TLS.
    assert front.curl("--http2-prior-knowledge", "http://two.test/").returncode != 0
    disabled = [{"Key": "routing.http2.enabled", "Value": "false"}]
    front.elb.modify_load_balancer_attributes(LoadBalancerArn=front.arn, Attributes=disabled)
    until(lambda: agreed(front) == "hello 1.1 200", what="HTTP/1.1 alone")


@pytest.mark.parametrize("version", ["HTTP2", "GRPC"])
def test_groups_of_other_versions_need_https(front, version):
    (vpc,) = {zone["VpcId"] for zone in front.elb.describe_load_balancers(LoadBalancerArns=[front.arn])["LoadBalancers"]}
    asked = {"Name": f"of-{version}", "VpcId": vpc, "Protocol": "HTTP", "Port": 50051, "TargetType": "ip", "ProtocolVersion": version}
    (group,) = front.elb.create_target_group(**asked)["TargetGroups"]
    code, path = ("GrpcCode", "/AWS.ALB/healthcheck") if version == "GRPC" else ("HttpCode", "/")
    assert (group["Matcher"], group["HealthCheckPath"]) == ({code: "12" if version == "GRPC" else "200"}, path)
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        front.elb.create_listener(LoadBalancerArn=front.arn, Protocol="HTTP", Port=8080, DefaultActions=forward)
    assert refused.value.response["Error"]["Code"] == "InvalidLoadBalancerAction"
    conditions = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/calls/*"]}}]
    front.elb.create_rule(ListenerArn=front.listener, Priority=1, Conditions=conditions, Actions=forward)
    # HTTP/1.1 is not for them; HTTP/2 finds no target.
    path = "https://two.test/calls/x"
    until(lambda: front.curl("-k", "--http1.1", "-w", "%{http_code}", "-o", "/dev/null", path).stdout == "464", what="the rule")
    post = front.curl("-k", "-w", "%{http_code}", "-o", "/dev/null", "-d", "", path).stdout
    assert post == "503"
    rules = front.elb.describe_rules(ListenerArn=front.listener)["Rules"]
    front.elb.delete_rule(RuleArn=rules[0]["RuleArn"])
    front.elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
