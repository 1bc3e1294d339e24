"""Access logs of an Application Load Balancer: real requests, lines in an object of the bucket."""

import gzip
import json
import re
import shlex
import uuid

import pytest
from botocore.exceptions import ClientError
from region import until
from test_balanced_services import elb, front
from test_balancer_metrics import ask

__all__ = ["elb", "front"]

KEY = re.compile(
    r"web/AWSLogs/123456789012/elasticloadbalancing/us-east-1/\d{4}/\d\d/\d\d/"
    r"123456789012_elasticloadbalancing_us-east-1_app\.[a-z0-9.-]+_\d{8}T\d{4}Z_[0-9.]+_[0-9a-z]+\.log\.gz"
)


def test_lines_of_requests_come_to_the_bucket(shared, elb, front):
    s3, bucket = shared.client("s3"), f"t-{uuid.uuid4().hex[:12]}"
    (balancer,) = [lb for lb in elb.describe_load_balancers()["LoadBalancers"] if lb["DNSName"] == front.dns]
    arn = balancer["LoadBalancerArn"]

    def log(prefix, enabled="true"):
        values = {"access_logs.s3.enabled": enabled, "access_logs.s3.bucket": bucket, "access_logs.s3.prefix": prefix}
        attributes = [{"Key": key, "Value": value} for key, value in values.items()]
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attributes)

    denied = f"Access Denied for bucket: {bucket}. Please check S3bucket permission"
    with pytest.raises(ClientError, match=re.escape(denied)):
        log("web")
    s3.create_bucket(Bucket=bucket)
    with pytest.raises(ClientError, match=re.escape(denied)):
        log("web")
    statement = {
        "Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*/AWSLogs/123456789012/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    log("web")

    def keys():
        return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    until(lambda: keys() == ["web/AWSLogs/123456789012/ELBAccessLogTestFile"], what="the test file")

    def logged():
        # A host that has not been told yet logs nothing. Another prefix ends the file of this one.
        ask(shared, front, "/a", "/b")
        log("other")
        ask(shared, front, "/c")
        log("web")
        return [key for key in keys() if KEY.fullmatch(key)]

    found = until(logged, seconds=60, what="a file of lines")
    content = gzip.decompress(s3.get_object(Bucket=bucket, Key=found[0])["Body"].read()).decode()
    lines = [shlex.split(line) for line in content.splitlines()]
    name = arn.split("loadbalancer/")[1]
    assert all(len(line) == 33 and line[0] == "http" and line[2] == name for line in lines), content
    # There is no target yet.
    assert {(line[8], line[9], line[22]) for line in lines} == {("503", "-", "forward")}, content
    assert {line[12] for line in lines} == {f"GET http://{front.dns}:80/{path} HTTP/1.1" for path in "ab"}, content
    log("web", "false")
    for key in keys():
        s3.delete_object(Bucket=bucket, Key=key)
