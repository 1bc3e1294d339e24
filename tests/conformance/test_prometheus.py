"""The region's metrics as Prometheus gets them."""

import datetime
import re
import urllib.error
import urllib.request

import pytest

SERIES = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)(?: (\d+))?')


def scrape(region):
    """Series by name and labels, each with its value and time. Holds every line against the format."""
    with urllib.request.urlopen(region.endpoint + "/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = answer.read().decode().splitlines()
    found, typed, family = {}, set(), None
    for line in lines:
        if line.startswith("# TYPE "):
            family = line.split()[2]
            assert family not in typed, f"{family} is told in two parts"
            typed.add(family)
        elif not line.startswith("# HELP "):
            name, labels, value, time = SERIES.fullmatch(line).groups()
            assert name == family and (name, labels) not in found, line
            found[name, labels] = float(value), time and int(time)
    return found


def test_prometheus_gets_the_newest_minute_of_each_metric(shared):
    now = datetime.datetime.now(datetime.timezone.utc)
    # What is told of is over, and so is the time that hosts have to tell of it. Nothing comes after it.
    minute = now.replace(second=0, microsecond=0) - datetime.timedelta(minutes=2)
    dimensions = [{"Name": "Path", "Value": 'C:\\"new"\nline'}, {"Name": "App-Name", "Value": "é"}]
    of = {"MetricName": "HTTPCode_5XX", "Dimensions": dimensions, "Unit": "Count"}
    cloudwatch = shared.client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="My Shop/Web",
        MetricData=[
            {**of, "Timestamp": minute, "Values": [1, 4], "Counts": [2, 1]},
            {**of, "Timestamp": minute - datetime.timedelta(minutes=1), "Value": 99},
            {"MetricName": "Took", "Timestamp": minute, "Values": [0.5], "Counts": [8], "Unit": "Seconds"},
            {"MetricName": "Old", "Timestamp": minute - datetime.timedelta(minutes=30), "Value": 1},
        ],
    )
    found = scrape(shared)
    labels = 'app_name="é",path="C:\\\\\\"new\\"\\nline"'
    expected = {"sum": 6, "average": 2, "minimum": 1, "maximum": 4, "sample_count": 3}
    told = {name: found[f"my_shop_web_httpcode_5_xx_{name}", labels] for name in expected}
    assert {name: value for name, (value, _) in told.items()} == expected
    assert {time for _, time in told.values()} == {int(minute.timestamp() * 1000)}
    assert found["my_shop_web_took_p99", None][0] == pytest.approx(0.5, rel=0.01)
    assert not any(name.startswith("my_shop_web_old") for name, _ in found)
    assert found["neargate_metrics_left_out", None] == (0, None)


def test_a_bucket_of_that_name_is_s3s(shared):
    s3 = shared.client("s3")
    s3.create_bucket(Bucket="metrics")
    s3.put_object(Bucket="metrics", Key="a", Body=b"1")
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="metrics")["Contents"]] == ["a"]
    s3.delete_object(Bucket="metrics", Key="a")
    s3.delete_bucket(Bucket="metrics")


def test_other_names_than_this_machines_are_refused(shared):
    request = urllib.request.Request(shared.endpoint + "/metrics", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 403
