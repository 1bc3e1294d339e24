"""CloudWatch as boto3, the AWS CLI and older clients meet it: metrics, statistics of them, alarms."""

import datetime
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.exceptions import ClientError
from region import until


@pytest.fixture(scope="module")
def cloudwatch(shared):
    return shared.client("cloudwatch")


def minute(ago=0):
    """The beginning of a minute."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    return now - datetime.timedelta(minutes=ago)


def refused(call, **request):
    with pytest.raises(ClientError) as error:
        call(**request)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def statistics(cloudwatch, namespace, name, names, period=60, **more):
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=name, StartTime=minute(60), EndTime=minute(-1), Period=period, Statistics=names, **more
    )
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


def test_values_come_back_as_statistics(cloudwatch):
    size = [{"Name": "Size", "Value": "large"}]
    data = [
        {"MetricName": "Latency", "Dimensions": size, "Timestamp": minute(5), "Values": [1, 2, 4], "Counts": [2, 1, 1], "Unit": "Seconds"},
        {"MetricName": "Latency", "Dimensions": size, "Timestamp": minute(5), "Value": 12, "Unit": "Seconds"},
        {"MetricName": "Latency", "Dimensions": size, "Timestamp": minute(4), "Value": 7, "Unit": "Seconds"},
        {"MetricName": "Latency", "Timestamp": minute(4), "Value": 99},
        {
            "MetricName": "Sums",
            "Timestamp": minute(4),
            "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5},
        },
    ]
    cloudwatch.put_metric_data(Namespace="Values", MetricData=data)
    first, second = statistics(
        cloudwatch, "Values", "Latency", ["SampleCount", "Sum", "Average", "Minimum", "Maximum"], Dimensions=size
    )
    assert (first["Timestamp"], second["Timestamp"]) == (minute(5), minute(4))
    kinds = ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "Unit"]
    assert [first[kind] for kind in kinds] == [5, 20, 4, 1, 12, "Seconds"]
    assert second["Sum"] == 7
    answer = cloudwatch.get_metric_statistics(
        Namespace="Values", MetricName="Latency", Dimensions=size, StartTime=minute(5), EndTime=minute(4), Period=60,
        ExtendedStatistics=["p50", "p100"],
    )
    assert answer["Datapoints"][0]["ExtendedStatistics"] == {"p50": 2, "p100": 12}

    def query(id, name, stat, period=60, dimensions=(), **more):
        metric = {"Namespace": "Values", "MetricName": name, "Dimensions": list(dimensions)}
        return {"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **more}}

    queries = [
        query("all", "Latency", "Sum", 3600, size),
        query("each", "Latency", "Maximum", 60, size),
        query("bare", "Latency", "Average"),
        query("sums", "Sums", "p50"),
        query("bytes", "Latency", "Sum", 60, size, Unit="Bytes"),
    ]
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=minute(30), EndTime=minute(-1))
    values = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    assert sum(values.pop("all")) == 27
    # The newest is first, what came as statistics has no percentiles, and nothing was measured in bytes.
    assert values == {"each": [7, 12], "bare": [99], "sums": [], "bytes": []}
    assert answer["MetricDataResults"][0]["StatusCode"] == "Complete"

    listed = cloudwatch.list_metrics(Namespace="Values", Dimensions=[{"Name": "Size"}])["Metrics"]
    assert listed == [{"Namespace": "Values", "MetricName": "Latency", "Dimensions": size}]
    assert len(cloudwatch.list_metrics(Namespace="Values")["Metrics"]) == 3


def test_a_large_request_is_compressed(cloudwatch):
    data = [{"MetricName": f"m{n}", "Value": n, "Dimensions": [{"Name": "d", "Value": "x" * 40}]} for n in range(300)]
    cloudwatch.put_metric_data(Namespace="Many", MetricData=data)
    pages = cloudwatch.get_paginator("list_metrics").paginate(Namespace="Many")
    assert len([metric for page in pages for metric in page["Metrics"]]) == 300


def test_what_can_not_be_is_refused(cloudwatch):
    def put(**datum):
        return refused(cloudwatch.put_metric_data, Namespace="Bad", MetricData=[{"MetricName": "m", **datum}])

    assert refused(cloudwatch.put_metric_data, Namespace="AWS/ELB", MetricData=[{"MetricName": "m", "Value": 1}]) == (
        "InvalidParameterValue",
        "The value AWS/ for parameter Namespace is invalid.",
    )
    assert put()[0] == "MissingParameter"
    assert put(Value=1, Values=[1])[0] == "InvalidParameterCombination"
    assert put(Value=1, Timestamp=minute(-180))[0] == "InvalidParameterValue"
    assert put(Value=1, Timestamp=minute(15 * 24 * 60)) == (
        "InvalidParameterValue",
        "The parameter MetricData.member.Timestamp must specify a time within the past two weeks.",
    )
    assert put(Value=1, StorageResolution=5)[0] == "InvalidParameterValue"

    def ask(text):
        query = [{"Id": "e", "Expression": text, "Period": 60}]
        return refused(cloudwatch.get_metric_data, MetricDataQueries=query, StartTime=minute(5), EndTime=minute())

    assert ask("a + b") == ("ValidationError", "Error in expression 'e': Undefined id 'a'")
    assert ask("TIME_SERIES(1") == ("ValidationError", "Error in expression 'e': Invalid syntax")
    code, message = ask("SEARCH('{AWS/ECS} CPU', 'Sum')")
    assert (code, "SEARCH (metric math)" in message) == ("InvalidParameterValue", True)
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="")
    assert refused(cloudwatch.put_dashboard, DashboardName="d", DashboardBody="{}")[0] == "NotImplemented"


def stat(namespace, name, stat="Sum", period=60, **dimensions):
    of = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": of}, "Period": period, "Stat": stat}


def test_expressions_of_metrics_are_told_as_metrics_are(cloudwatch):
    def put(name, *values):
        data = [{"MetricName": name, "Timestamp": minute(10 - n), "Value": value} for n, value in enumerate(values) if value is not None]
        cloudwatch.put_metric_data(Namespace="Math", MetricData=data)

    put("requests", 100, 200, 0, 50)
    put("errors", 10, None, 0, 5)
    queries = [
        {"Id": "rate", "Expression": "100 * errors / requests", "Label": "Error rate"},
        {"Id": "requests", "MetricStat": stat("Math", "requests"), "ReturnData": False},
        {"Id": "errors", "MetricStat": stat("Math", "errors"), "ReturnData": False},
        {"Id": "all", "Expression": "METRICS() / PERIOD(errors)"},
        {"Id": "filled", "Expression": "FILL(errors, REPEAT)"},
        {"Id": "high", "Expression": "IF(rate > 5, rate)"},
    ]
    span = dict(StartTime=minute(10), EndTime=minute(6), ScanBy="TimestampAscending")
    answer = cloudwatch.get_metric_data(MetricDataQueries=queries, **span)
    results = [(result["Id"], result["Label"], [round(value, 3) for value in result["Values"]]) for result in answer["MetricDataResults"]]
    assert results == [
        ("rate", "Error rate", [10, 0, 10]),
        ("all", "all requests", [1.667, 3.333, 0, 0.833]),
        ("all", "all errors", [0.167, 0, 0.083]),
        ("filled", "filled", [10, 10, 0, 5]),
        ("high", "high", [10, 10]),
    ]
    assert answer["MetricDataResults"][0]["Timestamps"] == [minute(10), minute(9), minute(7)]
    named = [{"Id": "m", "Label": "${PROP('MetricName')}: ${MAX} at most", "MetricStat": stat("Math", "requests")}]
    (result,) = cloudwatch.get_metric_data(MetricDataQueries=named, LabelOptions={"Timezone": "+0100"}, **span)["MetricDataResults"]
    assert result["Label"] == "requests: 200 at most"
    # The same in pages, as the client puts them together.
    pages = cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, MaxDatapoints=4, **span)
    pages = list(pages)
    assert len(pages) == 4
    assert pages[0]["MetricDataResults"][1]["StatusCode"] == "PartialData"
    values = [round(value, 3) for page in pages for result in page["MetricDataResults"] for value in result["Values"]]
    assert values == [value for _, _, values in results for value in values]


def test_values_of_high_resolution_are_told_apart_by_the_second(cloudwatch):
    begin = minute(3)
    seconds = [{"MetricName": "m", "Timestamp": begin + datetime.timedelta(seconds=n), "Value": n, "StorageResolution": 1} for n in range(60)]
    cloudwatch.put_metric_data(Namespace="Fine", MetricData=seconds)

    def values(period, name="Sum"):
        query = [{"Id": "m", "MetricStat": stat("Fine", "m", name, period)}]
        (result,) = cloudwatch.get_metric_data(MetricDataQueries=query, StartTime=minute(5), EndTime=minute(), ScanBy="TimestampAscending")["MetricDataResults"]
        return result["Values"]

    assert values(1) == list(range(60))
    assert values(10) == [45, 145, 245, 345, 445, 545]
    assert values(30) == [435, 1335]
    assert values(60) == [1770]
    assert values(60, "TM(10%:90%)") == [29.5]
    assert values(60, "PR(:29)") == [50]


def test_an_alarm_on_an_expression_and_one_of_ten_seconds(cloudwatch):
    cloudwatch.put_metric_data(
        Namespace="Alarms",
        MetricData=[
            {"MetricName": "requests", "Value": 100, "Timestamp": minute(1)},
            {"MetricName": "errors", "Value": 7, "Timestamp": minute(1)},
        ],
    )
    metrics = [
        {"Id": "rate", "Expression": "100 * errors / requests", "Label": "Error rate", "ReturnData": True},
        {"Id": "errors", "MetricStat": stat("Alarms", "errors"), "ReturnData": False},
        {"Id": "requests", "MetricStat": stat("Alarms", "requests"), "ReturnData": False},
    ]
    rule = dict(EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold")
    cloudwatch.put_metric_alarm(AlarmName="rate", Metrics=metrics, **rule)
    found = lambda name: cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
    until(lambda: found("rate")["StateValue"] == "ALARM", what="the alarm")
    assert [query["Id"] for query in found("rate")["Metrics"]] == ["rate", "errors", "requests"]
    assert "datapoints [7.0 (" in found("rate")["StateReason"]
    assert refused(cloudwatch.put_metric_alarm, AlarmName="two", Metrics=[{**query, "ReturnData": True} for query in metrics], **rule) == (
        "ValidationError",
        "Exactly one element of the metrics list should return data.",
    )
    # What is measured by the second is noticed in its ten seconds.
    cloudwatch.put_metric_alarm(AlarmName="fast", Namespace="Alarms", MetricName="fast", Statistic="Maximum", Period=10, **rule)
    until(lambda: found("fast")["StateValue"] == "INSUFFICIENT_DATA", what="the alarm")

    def alarmed():
        cloudwatch.put_metric_data(Namespace="Alarms", MetricData=[{"MetricName": "fast", "Value": 9, "StorageResolution": 1}])
        return found("fast")["StateValue"] == "ALARM"

    until(alarmed, what="the alarm of ten seconds")
    data = json.loads(found("fast")["StateReasonData"])
    assert (data["period"], data["evaluatedDatapoints"][0]["value"]) == (10, 9)
    cloudwatch.delete_alarms(AlarmNames=["rate", "fast"])


def test_an_alarm_goes_off_and_is_all_right_again(shared, cloudwatch):
    def alarm(name, **more):
        cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace="Alarmed", MetricName="Errors", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=5,
            ComparisonOperator="GreaterThanThreshold", Tags=[{"Key": "team", "Value": "web"}], **more,
        )

    def state(name):
        (found,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return found["StateValue"]

    cloudwatch.put_metric_data(Namespace="Alarmed", MetricData=[{"MetricName": "Errors", "Value": 6, "Timestamp": minute(1)}])
    alarm("errors", AlarmActions=["arn:aws:sns:us-east-1:123456789012:pager"])
    until(lambda: state("errors") == "ALARM", what="the alarm")
    (found,) = cloudwatch.describe_alarms(StateValue="ALARM", AlarmNamePrefix="err")["MetricAlarms"]
    assert found["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [6.0 (")
    assert json.loads(found["StateReasonData"])["recentDatapoints"] == [6.0]
    assert found["AlarmActions"] == ["arn:aws:sns:us-east-1:123456789012:pager"]
    alarm("quiet", TreatMissingData="notBreaching", Dimensions=[{"Name": "none", "Value": "such"}])
    until(lambda: state("quiet") == "OK", what="the alarm")

    # The AWS CLI asks the same.
    said = shared.aws("cloudwatch", "describe-alarms", "--alarm-names", "errors", "--query", "MetricAlarms[0].StateValue")
    assert json.loads(said) == "ALARM"
    shared.aws("cloudwatch", "set-alarm-state", "--alarm-name", "quiet", "--state-value", "ALARM", "--state-reason", "a drill")
    kinds = shared.aws("cloudwatch", "describe-alarm-history", "--alarm-name", "quiet", "--query", "AlarmHistoryItems[].HistoryItemType")
    # The next evaluation ends the drill, which may be at once.
    drill = ["StateUpdate", "StateUpdate", "ConfigurationUpdate"]
    assert kinds in (drill, ["StateUpdate", *drill])
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "web"}]
    cloudwatch.delete_alarms(AlarmNames=["errors", "quiet"])
    assert cloudwatch.describe_alarms(AlarmNames=["errors", "quiet"])["MetricAlarms"] == []


def test_older_clients_send_queries(shared):
    """As the AWS SDKs did until 2025, and those do that nobody has updated."""

    def ask(**parameters):
        scope = "AKIA/20260131/us-east-1/monitoring/aws4_request"
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
        body = urllib.parse.urlencode({"Version": "2010-08-01", **parameters}).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(shared.endpoint, body, headers)) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    datum = {"MetricData.member.1.MetricName": "m", "MetricData.member.1.Value": "3.5"}
    dimension = {"MetricData.member.1.Dimensions.member.1.Name": "a", "MetricData.member.1.Dimensions.member.1.Value": "b"}
    status, body = ask(Action="PutMetricData", Namespace="Old", **datum, **dimension)
    assert (status, "<PutMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">" in body) == (200, True)
    status, body = ask(Action="ListMetrics", Namespace="Old")
    assert "<member><Namespace>Old</Namespace><MetricName>m</MetricName>" in body.replace("\n", "").replace("> <", "><")
    status, body = ask(Action="SetAlarmState", AlarmName="nobody", StateValue="OK", StateReason="r")
    assert (status, "<Code>ResourceNotFound</Code>" in body) == (404, True)


def test_metrics_and_alarms_outlive_the_process(fresh):
    cloudwatch = fresh.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="a", Namespace="N", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=5,
        ComparisonOperator="LessThanThreshold",
    )
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 4, "Timestamp": minute(2)}])
    fresh.kill()
    fresh.up()
    cloudwatch = fresh.client("cloudwatch")
    (point,) = statistics(cloudwatch, "N", "m", ["Sum"])
    assert point["Sum"] == 4
    assert [alarm["AlarmName"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]] == ["a"]


def test_newer_clients_send_cbor(shared):
    """As the AWS SDK for Go does, and with it Terraform. botocore can too."""
    import botocore.session
    from botocore import parsers, serialize

    service = botocore.session.get_session().get_service_model("cloudwatch")

    def ask(operation, **parameters):
        model = service.operation_model(operation)
        sent = serialize.create_serializer("smithy-rpc-v2-cbor", include_validation=False).serialize_to_request(parameters, model)
        request = urllib.request.Request(shared.endpoint + sent["url_path"], sent["body"], sent["headers"])
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        said = {"status_code": answer.status, "headers": answer.headers, "body": answer.read()}
        return parsers.create_parser("smithy-rpc-v2-cbor").parse(said, model.output_shape)

    at = minute(3)
    data = [{"MetricName": "m", "Timestamp": at, "Values": [1.5, 2], "Counts": [1, 2], "Unit": "Bytes"}]
    assert ask("PutMetricData", Namespace="Concise", MetricData=data)["ResponseMetadata"]["HTTPStatusCode"] == 200
    (point,) = ask(
        "GetMetricStatistics", Namespace="Concise", MetricName="m", StartTime=at, EndTime=minute(), Period=60, Statistics=["Sum", "SampleCount"]
    )["Datapoints"]
    assert (point["Timestamp"], point["Sum"], point["SampleCount"], point["Unit"]) == (at, 5.5, 3, "Bytes")
    refusal = ask("SetAlarmState", AlarmName="nobody", StateValue="OK", StateReason="")
    assert (refusal["Error"]["Code"], refusal["ResponseMetadata"]["HTTPStatusCode"]) == ("ResourceNotFound", 404)
    assert ask("PutDashboard", DashboardName="d", DashboardBody="{}")["Error"]["Code"] == "NotImplemented"
