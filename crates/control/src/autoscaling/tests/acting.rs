//! Alarms that invoke policies.

use super::*;

#[test]
fn a_service_follows_its_load_out_and_back() {
    let mut site = Site::between(2, 10, 2);
    site.track(50.0, json!({}));
    (0..2).for_each(|_| site.cpu(90.0));
    assert_eq!(site.desired(), 2, "three minutes of three");
    site.cpu(90.0);
    assert_eq!(site.desired(), 4);
    let high = site.alarms("cpu")[0].clone();
    let activity = site.activities()[0].clone();
    assert_eq!(activity["Cause"], format!("monitor alarm {high} in state ALARM triggered policy cpu"));
    assert_eq!(activity["Description"], "Setting desired count to 4.");
    // A minute in which it took effect is of neither.
    site.cpu(90.0);
    assert_eq!((site.desired(), site.running()), (4, 4));
    assert_eq!(
        site.activities()[0]["StatusMessage"],
        "Successfully set desired count to 4. Change successfully fulfilled by ecs."
    );
    site.cpu(70.0);
    assert_eq!(site.desired(), 6, "70 % of four tasks are 47 % of six, cooldown or not");
    (0..6).for_each(|_| site.cpu(45.0));
    (0..4).for_each(|_| site.cpu(90.0));
    assert_eq!(site.desired(), 10, "and never more than the most");
    (0..8).for_each(|_| site.cpu(80.0));
    assert_eq!((site.desired(), site.not_scaled().first().map(String::as_str)), (10, Some("AlreadyAtMaxCapacity")));
    assert_eq!(site.not_scaled().len(), 1, "that is told once");
    // In again: fifteen minutes of fifteen, by the highest value of them.
    (0..14).for_each(|_| site.cpu(20.0));
    assert_eq!(site.desired(), 10);
    site.cpu(25.0);
    assert_eq!(site.desired(), 5);
    (0..4).for_each(|_| site.cpu(1.0));
    assert_eq!(site.desired(), 5, "its cooldown is not over");
    (0..40).for_each(|_| site.cpu(1.0));
    assert_eq!((site.desired(), site.running()), (2, 2), "and never fewer than the least");
    assert_eq!(site.not_scaled().first().map(String::as_str), Some("AlreadyAtMinCapacity"));
}

#[test]
fn scaling_out_ends_the_cooldown_of_scaling_in() {
    let mut site = Site::between(1, 10, 4);
    site.track(50.0, json!({"ScaleInCooldown": 3_600}));
    (0..16).for_each(|_| site.cpu(25.0));
    assert_eq!(site.desired(), 2);
    (0..3).for_each(|_| site.cpu(100.0));
    assert_eq!(site.desired(), 4, "at once");
    (0..18).for_each(|_| site.cpu(25.0));
    assert_eq!(site.desired(), 2, "and then in again, without waiting for the hour");
}

#[test]
fn nothing_is_scaled_in_while_a_deployment_is_under_way() {
    let mut site = Site::between(1, 10, 4);
    site.track(50.0, json!({}));
    (0..14).for_each(|_| site.cpu(10.0));
    let least = json!({"service": "site", "forceNewDeployment": true, "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 101}});
    site.fixture.world.ecs("UpdateService", least);
    site.cpu(10.0);
    assert_eq!(site.desired(), 4, "nothing can be replaced, so it goes on");
    assert_eq!(site.not_scaled(), ["TargetServicePutResourceAsUnscalable"]);
    (0..3).for_each(|_| site.cpu(100.0));
    assert_eq!(site.desired(), 8, "more may be had");
}

#[test]
fn target_tracking_scales_in_when_all_of_it_is_ready() {
    let mut site = Site::between(1, 10, 4);
    site.track(50.0, json!({}));
    let policy = json!({
        "PolicyName": "memory", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 50.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"},
        },
    });
    site.call("PutScalingPolicy", policy);
    let (cpu, memory) = (site.alarms("cpu"), site.alarms("memory"));
    let minute = |site: &mut Site, cpu_value: f64, memory_value: Option<f64>| {
        let cpu = cpu.iter().map(|name| (name.as_str(), cpu_value));
        let memory = memory.iter().filter_map(|name| Some((name.as_str(), memory_value?)));
        let values: Vec<(&str, f64)> = cpu.chain(memory).collect();
        site.minute(&values);
    };
    (0..20).for_each(|_| minute(&mut site, 5.0, Some(48.0)));
    assert_eq!(site.desired(), 4, "memory is used");
    (0..25).for_each(|_| minute(&mut site, 5.0, None));
    assert_eq!(site.desired(), 4, "what is not known is not low");
    (0..15).for_each(|_| minute(&mut site, 5.0, Some(37.0)));
    assert_eq!(site.desired(), 3, "what memory needs is more");
}

#[test]
fn steps_are_taken_each_minute_by_how_far_the_alarm_is_beyond() {
    let mut site = Site::between(1, 20, 2);
    let steps = json!({
        "AdjustmentType": "ChangeInCapacity", "Cooldown": 0, "MetricAggregationType": "Maximum", "StepAdjustments": [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 3},
        ],
    });
    let policy = json!({"PolicyName": "more", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": steps});
    let arn = site.call("PutScalingPolicy", policy)["PolicyARN"].clone();
    let topic = "arn:aws:sns:us-east-1:123456789012:pager";
    let mut alarm = json!({
        "AlarmName": "busy", "Namespace": "Mine", "MetricName": "Load", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
        "Threshold": 50, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [topic, arn],
    });
    site.cloudwatch("PutMetricAlarm", alarm.clone());
    site.minute(&[("busy", 55.0)]);
    assert_eq!(site.desired(), 3);
    site.minute(&[("busy", 65.0)]);
    assert_eq!(site.desired(), 6, "in each minute of the alarm");
    site.minute(&[("busy", 45.0)]);
    assert_eq!(site.desired(), 6);
    // What else is an action is done when the state changes, and kept in the history.
    let history = site.cloudwatch("DescribeAlarmHistory", json!({"AlarmName": "busy", "HistoryItemType": "Action"}));
    let items = history["AlarmHistoryItems"].as_array().unwrap();
    let summaries: Vec<&str> = items.iter().map(|item| item["HistorySummary"].as_str().unwrap()).collect();
    let arn = arn.as_str().unwrap();
    assert_eq!(
        summaries,
        [format!("Successfully executed action {arn}"), format!("Successfully executed action {topic}")]
    );
    let data: Value = serde_json::from_str(items[1]["HistoryData"].as_str().unwrap()).unwrap();
    let message: Value = serde_json::from_str(data["publishedMessage"].as_str().unwrap()).unwrap();
    let message: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
    assert_eq!((&message["NewStateValue"], &message["OldStateValue"]), (&json!("ALARM"), &json!("INSUFFICIENT_DATA")));
    assert_eq!(message["Trigger"]["MetricName"], "Load");

    // By hand, with the values that the policy is to go by.
    let set = |site: &mut Site, state: &str, data: Value| {
        let mut request = json!({"AlarmName": "busy", "StateValue": state, "StateReason": "a drill"});
        if !data.is_null() {
            request["StateReasonData"] = json!(data.to_string());
        }
        site.cloudwatch("SetAlarmState", request);
    };
    set(&mut site, "ALARM", Value::Null);
    assert_eq!(site.desired(), 6, "nobody says by how much");
    set(&mut site, "OK", Value::Null);
    set(&mut site, "ALARM", json!({"version": "1.0", "recentDatapoints": [62.0]}));
    assert_eq!(site.desired(), 9);
    // Disabled, it does nothing.
    alarm["ActionsEnabled"] = json!(false);
    site.cloudwatch("PutMetricAlarm", alarm);
    site.minute(&[("busy", 99.0)]);
    assert_eq!(site.desired(), 9);
}

#[test]
fn an_action_that_is_not_there_fails_and_the_history_says_so() {
    let mut site = Site::between(1, 20, 2);
    let gone =
        "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:0:resource/ecs/service/default/site:policyName/gone";
    site.cloudwatch(
        "PutMetricAlarm",
        json!({
            "AlarmName": "busy", "Namespace": "Mine", "MetricName": "Load", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 50, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [gone],
        }),
    );
    site.minute(&[("busy", 55.0)]);
    let history = site.cloudwatch("DescribeAlarmHistory", json!({"AlarmName": "busy", "HistoryItemType": "Action"}));
    let summary = history["AlarmHistoryItems"][0]["HistorySummary"].as_str().unwrap();
    assert!(summary.starts_with(&format!("Failed to execute action {gone}.")), "{summary}");
}

#[test]
fn what_is_suspended_does_not_happen() {
    let mut site = Site::between(1, 10, 4);
    site.track(50.0, json!({}));
    site.register(json!({"SuspendedState": {"DynamicScalingOutSuspended": true, "DynamicScalingInSuspended": true}}));
    (0..5).for_each(|_| site.cpu(90.0));
    (0..20).for_each(|_| site.cpu(1.0));
    assert_eq!(site.desired(), 4);
    site.register(json!({"SuspendedState": {"DynamicScalingInSuspended": false}}));
    site.cpu(1.0);
    assert_eq!(site.desired(), 1, "what is in breach then is done");
}

#[test]
fn shorter_minutes_make_shorter_periods_and_cooldowns() {
    let mut site = Site::between(1, 10, 2);
    let state = &mut site.fixture.world.state;
    state.region = std::sync::Arc::new(crate::Region { minute: 10_000, ..(*state.region).clone() });
    site.track(50.0, json!({}));
    let alarm = site.fixture.world.state.alarms.iter().next().unwrap();
    let periods = watched(alarm, &site.fixture.world.state.region, 1_234_567).periods;
    assert_eq!(periods.last(), Some(&(1_220_000, 1_230_000)));
    let cooldown = |site: &Site| site.fixture.world.state.scalable_targets.get(RESOURCE).unwrap().scaled_out;
    let high = site.alarms("cpu")[0].clone();
    site.cloudwatch(
        "SetAlarmState",
        json!({"AlarmName": high, "StateValue": "ALARM", "StateReason": "a drill", "StateReasonData": "{\"recentDatapoints\": [100]}"}),
    );
    assert_eq!((site.desired(), cooldown(&site).unwrap().lasts), (4, 50_000));
}
