"""Access logs of an Application Load Balancer: real requests, lines in objects of a bucket."""

import collections
import gzip
import json
import re
import shlex

import pytest
from botocore.exceptions import ClientError
from region import until
from test_balanced_services import own
from test_balancer_metrics import ask

__all__ = ["own"]

TEST_FILE = "web/AWSLogs/123456789012/ELBAccessLogTestFile"
KEY = re.compile(
    r"web/AWSLogs/123456789012/elasticloadbalancing/us-east-1/(\d{4})/(\d\d)/(\d\d)/"
    r"123456789012_elasticloadbalancing_us-east-1_app\.(front\.[0-9a-f]{16})_\1\2\3T\d\d[0-5][05]Z_([0-9.]+)_[0-9a-z]+\.log\.gz"
)


def test_lines_of_requests_come_to_the_bucket_whoever_is_killed(fresh, own):
    s3, elb, ec2 = (fresh.client(service) for service in ("s3", "elbv2", "ec2"))
    (balancer,) = elb.describe_load_balancers(Names=["front"])["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]

    def log(**values):
        attributes = [{"Key": f"access_logs.s3.{key}", "Value": value} for key, value in values.items()]
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)

    def refused(**values):
        with pytest.raises(ClientError) as error:
            log(**values)
        said = error.value.response["Error"]
        return said["Code"], said["Message"]

    wanted = {"enabled": "true", "bucket": "t-logs", "prefix": "web"}
    denied = ("InvalidConfigurationRequest", "Access Denied for bucket: t-logs. Please check S3bucket permission")
    assert refused(enabled="true") == ("ValidationError", "The value of 'access_logs.s3.bucket' cannot be empty")
    assert refused(**wanted) == denied
    s3.create_bucket(Bucket="t-logs")
    assert refused(**wanted) == denied
    statement = {
        "Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::t-logs/web/AWSLogs/123456789012/*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/*"}},
    }
    s3.put_bucket_policy(Bucket="t-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert refused(**{**wanted, "prefix": "other"}) == denied
    log(**wanted)
    until(lambda: keys(s3) == [TEST_FILE], what="the test file")
    assert s3.get_object(Bucket="t-logs", Key=TEST_FILE)["Body"].read().startswith(b"Enable AccessLog for ELB: app/front/")
    nodes = ec2.describe_network_interfaces(Filters=[{"Name": "description", "Values": ["ELB app/front/*"]}])["NetworkInterfaces"]
    addresses = {node["Association"]["PublicIp"] for node in nodes}

    # From when on the balancer knows, its file shows.
    files = fresh.data / "balancer" / "access-logs"
    until(lambda: ask(fresh, own, "/first") and any(files.glob("*.open")), what="a file of lines")
    before, after = [[f"/{word}/{n}?a=b" for n in range(10)] for word in ("before", "after")]
    # There is no target yet.
    assert set(ask(fresh, own, *before)) == {503}
    fresh.kill()
    fresh.up()
    assert set(ask(fresh, own, *after)) == {503}
    # What has been logged comes at the full five minutes, or when the last load balancer of a host is gone.
    elb.delete_load_balancer(LoadBalancerArn=arn)

    def lines():
        found = [key for key in keys(s3) if key != TEST_FILE]
        names = [KEY.fullmatch(key) for key in found]
        assert all(name and f"app/{name[4].replace('.', '/')}" in arn and name[5] in addresses for name in names), found
        bodies = [gzip.decompress(s3.get_object(Bucket="t-logs", Key=key)["Body"].read()) for key in found]
        return [shlex.split(line) for body in bodies for line in body.decode().splitlines()]

    def told():
        return collections.Counter(line[12] for line in lines())

    expected = {f"GET http://{own.dns}:80{path} HTTP/1.1": 1 for path in before + after}
    until(lambda: expected.keys() <= told().keys(), seconds=60, what="every line")
    until(lambda: not any(files.iterdir()), what="the end of delivery")
    assert expected.items() <= told().items()
    name = arn.split("loadbalancer/")[1]
    for line in lines():
        assert len(line) == 33 and (line[0], line[2], line[8], line[9], line[20], line[22]) == ("http", name, "503", "-", "0", "forward"), line


def keys(s3):
    return [item["Key"] for item in s3.list_objects_v2(Bucket="t-logs").get("Contents", [])]
