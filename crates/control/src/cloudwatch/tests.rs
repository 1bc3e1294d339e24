//! Alarms as a client meets them.

use super::{Period, Shown, observe, watched};
use crate::testing::World;
use aws::api::cloudwatch::API;
use serde_json::{Value, json};

fn call(world: &mut World, operation: &str, request: Value) -> Value {
    world.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

fn alarm() -> Value {
    json!({
        "AlarmName": "errors", "Namespace": "AWS/ApplicationELB", "MetricName": "HTTPCode_Target_5XX_Count",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/a/1"}], "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:topic"], "Tags": [{"Key": "a", "Value": "b"}],
    })
}

fn with(changes: Value) -> Value {
    let mut request = alarm();
    for (name, value) in changes.as_object().unwrap() {
        request[name] = value.clone();
    }
    request.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    request
}

fn described(world: &mut World) -> Value {
    call(world, "DescribeAlarms", json!({"AlarmNames": ["errors"]}))["MetricAlarms"][0].clone()
}

/// Shows the alarm values of its last periods, the newest last.
fn show(world: &mut World, values: &[Option<f64>]) {
    let known = world.state.alarms.get("errors").unwrap();
    let starts = watched(known, &world.state.region, world.now).periods;
    let skipped = starts.len() - values.len();
    let shown = starts.iter().skip(skipped).zip(values);
    let mut periods: Vec<Period> =
        starts.iter().take(skipped).map(|(start, _)| Period { start: *start, value: None }).collect();
    periods.extend(shown.map(|((start, _), value)| Period { start: *start, value: value.map(|value| (value, 1.0)) }));
    world
        .transact(|tx| {
            observe(tx, &[Shown { name: "errors".to_owned(), periods, minute: 0 }]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn an_alarm_goes_by_the_values_it_is_shown_and_says_why() {
    let mut world = World::new();
    call(&mut world, "PutMetricAlarm", alarm());
    let new = described(&mut world);
    assert_eq!(
        (&new["StateValue"], &new["StateReason"]),
        (&json!("INSUFFICIENT_DATA"), &json!("Unchecked: Initial alarm creation"))
    );
    assert_eq!(new["AlarmArn"], "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors");
    assert_eq!(new["ActionsEnabled"], true);
    world.now = 1_795_838_705_000;
    show(&mut world, &[Some(6.0), Some(1.0), Some(7.0)]);
    let alarmed = described(&mut world);
    assert_eq!(alarmed["StateValue"], "ALARM");
    assert_eq!(
        alarmed["StateReason"],
        "Threshold Crossed: 2 out of the last 3 datapoints [7.0 (28/11/26 04:04:00), 6.0 (28/11/26 04:02:00)] were \
         greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    );
    let data: Value = serde_json::from_str(alarmed["StateReasonData"].as_str().unwrap()).unwrap();
    assert_eq!(data["recentDatapoints"], json!([6.0, 1.0, 7.0]));
    assert_eq!(
        data["evaluatedDatapoints"][0],
        json!({"timestamp": "2026-11-28T04:04:00.000+0000", "sampleCount": 1.0, "value": 7.0})
    );
    world.now += 60_000;
    show(&mut world, &[Some(1.0), Some(7.0), Some(0.0)]);
    assert_eq!(
        described(&mut world)["StateReason"],
        "Threshold Crossed: 2 out of the last 3 datapoints [0.0 (28/11/26 04:05:00), 1.0 (28/11/26 04:03:00)] were not \
         greater than the threshold (5.0) (minimum 2 datapoints for ALARM -> OK transition)."
    );
    world.now += 3_600_000;
    show(&mut world, &[]);
    let last = described(&mut world);
    assert_eq!(last["StateReason"], "Insufficient Data: 3 datapoints were unknown.");
    let history = call(&mut world, "DescribeAlarmHistory", json!({"AlarmName": "errors"}))["AlarmHistoryItems"].clone();
    let summaries: Vec<&str> =
        history.as_array().unwrap().iter().map(|item| item["HistorySummary"].as_str().unwrap()).collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from OK to INSUFFICIENT_DATA",
            "Alarm updated from ALARM to OK",
            "Successfully executed action arn:aws:sns:us-east-1:123456789012:topic",
            "Alarm updated from INSUFFICIENT_DATA to ALARM",
            "Alarm \"errors\" created"
        ]
    );
}

#[test]
fn a_state_that_was_set_holds_until_the_next_evaluation() {
    let mut world = World::new();
    call(&mut world, "PutMetricAlarm", alarm());
    call(&mut world, "SetAlarmState", json!({"AlarmName": "errors", "StateValue": "ALARM", "StateReason": "a drill"}));
    let set = described(&mut world);
    assert_eq!((&set["StateValue"], &set["StateReason"]), (&json!("ALARM"), &json!("a drill")));
    let found = call(&mut world, "DescribeAlarms", json!({"StateValue": "ALARM"}))["MetricAlarms"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1);
    // Changed, it keeps its state.
    call(&mut world, "PutMetricAlarm", with(json!({"Threshold": 9})));
    assert_eq!(described(&mut world)["StateValue"], "ALARM");
    show(&mut world, &[]);
    assert_eq!(described(&mut world)["StateValue"], "INSUFFICIENT_DATA");
    let missing = json!({"AlarmName": "other", "StateValue": "OK", "StateReason": ""});
    assert_eq!(world.call(&API, "SetAlarmState", missing).unwrap_err().code, "ResourceNotFound");
}

#[test]
fn missing_values_are_said_to_be_treated() {
    let mut world = World::new();
    call(&mut world, "PutMetricAlarm", with(json!({"TreatMissingData": "notBreaching"})));
    show(&mut world, &[]);
    assert_eq!(
        described(&mut world)["StateReason"],
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NotBreaching]."
    );
}

#[test]
fn what_can_not_be_is_refused() {
    let mut world = World::new();
    for (changes, code, part) in [
        (json!({"Period": 5}), "ValidationError", "10, 20, 30 or a multiple of 60"),
        (json!({"Period": 61}), "ValidationError", "multiple of 60"),
        (json!({"DatapointsToAlarm": 4}), "InvalidParameterValue", "DatapointsToAlarm"),
        (json!({"EvaluationPeriods": 1441}), "InvalidParameterValue", "EvaluationPeriods * Period must be <= 86400"),
        (json!({"ExtendedStatistic": "p99"}), "InvalidParameterCombination", "both"),
        (json!({"TreatMissingData": "never"}), "InvalidParameterValue", "TreatMissingData"),
        (json!({"Metrics": [{"Id": "a", "Expression": "b"}]}), "InvalidParameterCombination", "MetricName and Metrics"),
        (json!({"ComparisonOperator": "GreaterThanUpperThreshold"}), "InvalidParameterValue", "anomaly detection"),
        (json!({"OKActions": ["page me"]}), "ValidationError", "Invalid arn syntax: page me"),
        (json!({"Statistic": "p99"}), "ValidationError", "enum value set"),
    ] {
        let fault = world.call(&API, "PutMetricAlarm", with(changes.clone())).unwrap_err();
        assert_eq!(fault.code, code, "{changes}: {fault}");
        assert!(fault.message.contains(part), "{changes}: {fault}");
    }
}

/// Errors among requests, and what is changed of that.
fn math(metrics: Value) -> Value {
    let stat = |name: &str| {
        let metric = json!({"Namespace": "AWS/ApplicationELB", "MetricName": name});
        json!({"Metric": metric, "Period": 60, "Stat": "Sum"})
    };
    let all = json!([
        {"Id": "rate", "Label": "Error rate", "Expression": "100 * errors / requests"},
        {"Id": "errors", "MetricStat": stat("HTTPCode_Target_5XX_Count"), "ReturnData": false},
        {"Id": "requests", "MetricStat": stat("RequestCount"), "ReturnData": false},
    ]);
    json!({
        "AlarmName": "errors", "EvaluationPeriods": 1, "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:topic"],
        "Metrics": if metrics.is_null() { all } else { metrics },
    })
}

#[test]
fn an_alarm_watches_an_expression_of_metrics() {
    let mut world = World::new();
    let request = math(json!(null));
    call(&mut world, "PutMetricAlarm", request.clone());
    let made = described(&mut world);
    assert_eq!(made["Metrics"], request["Metrics"]);
    assert_eq!((&made["MetricName"], &made["Period"]), (&json!(null), &json!(null)));
    show(&mut world, &[Some(7.5)]);
    let alarmed = described(&mut world);
    assert_eq!(alarmed["StateValue"], "ALARM");
    let data: Value = serde_json::from_str(alarmed["StateReasonData"].as_str().unwrap()).unwrap();
    assert_eq!((&data["period"], &data["statistic"]), (&json!(60), &json!(null)));
    assert_eq!(data["evaluatedDatapoints"][0]["value"], 7.5);
    let history = call(&mut world, "DescribeAlarmHistory", json!({"AlarmName": "errors", "HistoryItemType": "Action"}));
    let action: Value = serde_json::from_str(history["AlarmHistoryItems"][0]["HistoryData"].as_str().unwrap()).unwrap();
    let message: Value = serde_json::from_str(action["publishedMessage"].as_str().unwrap()).unwrap();
    let message: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
    assert_eq!(message["Trigger"]["Metrics"][0]["Expression"], "100 * errors / requests");
    assert_eq!(message["Trigger"]["Metrics"][1]["MetricStat"]["Metric"]["MetricName"], "HTTPCode_Target_5XX_Count");
}

#[test]
fn an_alarm_watches_one_time_series() {
    let mut world = World::new();
    let metric = |id: &str, period: i32, more: Value| {
        let metric = json!({"Namespace": "N", "MetricName": id});
        let mut query =
            json!({"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}, "ReturnData": false});
        more.as_object().unwrap().iter().for_each(|(name, value)| query[name] = value.clone());
        query
    };
    let expression = |text: &str| json!({"Id": "e", "Expression": text});
    let none = json!({});
    for (metrics, part) in [
        (json!([metric("a", 60, none.clone())]), "Exactly one element of the metrics list should return data."),
        (json!([expression("a"), metric("a", 60, json!({"ReturnData": true}))]), "Exactly one element"),
        (
            json!([expression("METRICS()"), metric("a", 60, none.clone())]),
            "Error in expression 'e': An alarm can watch one",
        ),
        (json!([expression("AVG(a)"), metric("a", 60, none.clone())]), "Error in expression 'e': The result"),
        (json!([expression("a +"), metric("a", 60, none.clone())]), "Error in expression 'e': Invalid syntax"),
        (json!([expression("a"), metric("a", 1, none.clone())]), "Period must be 10, 20, 30 or a multiple of 60"),
        (json!([expression("TIME_SERIES(1)")]), "Period must not be null"),
        (json!([expression("SEARCH('x', 'Sum')")]), "SEARCH"),
        (
            json!((0..12).map(|n| metric(&format!("m{n}"), 60, json!({"ReturnData": n == 0}))).collect::<Vec<_>>()),
            "10 metrics",
        ),
    ] {
        let fault = world.call(&API, "PutMetricAlarm", math(metrics.clone())).unwrap_err();
        assert!(fault.message.contains(part), "{metrics}: {fault}");
    }
    let hourly = json!([expression("a / b"), metric("a", 60, none.clone()), metric("b", 3600, none)]);
    call(&mut world, "PutMetricAlarm", math(hourly));
    let alarm = world.state.alarms.get("errors").unwrap();
    let periods = watched(alarm, &world.state.region, world.now).periods;
    assert!(periods.iter().all(|(start, end)| end - start == 3_600_000), "{periods:?}");
}

#[test]
fn alarms_of_high_resolution_are_evaluated_every_ten_seconds() {
    let mut world = World::new();
    call(&mut world, "PutMetricAlarm", with(json!({"Period": 10})));
    let alarm = world.state.alarms.get("errors").unwrap();
    let newest = |now| *watched(alarm, &world.state.region, now).periods.last().unwrap();
    assert_eq!(newest(1_795_838_418_000), (1_795_838_400_000, 1_795_838_410_000));
    assert_eq!(newest(1_795_838_421_000), (1_795_838_410_000, 1_795_838_420_000));
    call(&mut world, "PutMetricAlarm", alarm_of_a_minute());
    let alarm = world.state.alarms.get("errors").unwrap();
    assert_eq!(watched(alarm, &world.state.region, 1_795_838_459_000).periods.last().unwrap().1, 1_795_838_400_000);
}

fn alarm_of_a_minute() -> Value {
    with(json!({"ExtendedStatistic": "TM(10%:90%)", "Statistic": null}))
}

#[test]
fn alarms_are_found_tagged_switched_and_deleted() {
    let mut world = World::new();
    call(&mut world, "PutMetricAlarm", alarm());
    call(&mut world, "PutMetricAlarm", with(json!({"AlarmName": "other", "MetricName": "RequestCount"})));
    let metric = json!({
        "Namespace": "AWS/ApplicationELB", "MetricName": "RequestCount",
        "Dimensions": [{"Name": "LoadBalancer", "Value": "app/a/1"}],
    });
    let found = call(&mut world, "DescribeAlarmsForMetric", metric)["MetricAlarms"].clone();
    assert_eq!((found[0]["AlarmName"].as_str(), found.as_array().unwrap().len()), (Some("other"), 1));
    let arn = found[0]["AlarmArn"].clone();
    call(&mut world, "TagResource", json!({"ResourceARN": arn, "Tags": [{"Key": "c", "Value": "d"}]}));
    call(&mut world, "UntagResource", json!({"ResourceARN": arn, "TagKeys": ["a"]}));
    let tags = call(&mut world, "ListTagsForResource", json!({"ResourceARN": arn}));
    assert_eq!(tags["Tags"], json!([{"Key": "c", "Value": "d"}]));
    call(&mut world, "DisableAlarmActions", json!({"AlarmNames": ["errors"]}));
    assert_eq!(described(&mut world)["ActionsEnabled"], false);
    let page = call(&mut world, "DescribeAlarms", json!({"MaxRecords": 1}));
    let next = call(&mut world, "DescribeAlarms", json!({"NextToken": page["NextToken"]}));
    assert_eq!(
        (&page["MetricAlarms"][0]["AlarmName"], &next["MetricAlarms"][0]["AlarmName"]),
        (&json!("errors"), &json!("other"))
    );
    call(&mut world, "DeleteAlarms", json!({"AlarmNames": ["errors", "nobody"]}));
    let left = call(&mut world, "DescribeAlarms", json!({}))["MetricAlarms"].clone();
    assert_eq!((left[0]["AlarmName"].as_str(), left.as_array().unwrap().len()), (Some("other"), 1));
}
