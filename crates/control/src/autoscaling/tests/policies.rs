//! Scaling policies, and the alarms that come and go with them.

use super::*;

#[test]
fn a_policy_that_tracks_a_value_has_two_alarms_of_its_own() {
    let mut site = Site::between(1, 10, 2);
    let put = site.track(70.0, json!({}));
    let arn = put["PolicyARN"].as_str().unwrap().to_owned();
    assert!(arn.starts_with("arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:"), "{arn}");
    assert!(arn.contains(":resource/ecs/service/default/site:policyName/cpu:createdBy/"), "{arn}");
    let names: Vec<&str> =
        put["Alarms"].as_array().unwrap().iter().map(|alarm| alarm["AlarmName"].as_str().unwrap()).collect();
    assert!(names[0].starts_with("TargetTracking-service/default/site-AlarmHigh-"), "{names:?}");
    assert!(names[1].starts_with("TargetTracking-service/default/site-AlarmLow-"), "{names:?}");
    let alarms = site.cloudwatch("DescribeAlarms", json!({"AlarmNames": names}))["MetricAlarms"].clone();
    let dimensions = json!([{"Name": "ClusterName", "Value": "default"}, {"Name": "ServiceName", "Value": "site"}]);
    for (alarm, operator, threshold, periods) in
        [(&alarms[0], "GreaterThanThreshold", 70.0, 3), (&alarms[1], "LessThanThreshold", 63.0, 15)]
    {
        assert_eq!(alarm["AlarmActions"], json!([arn]));
        assert_eq!(
            alarm["AlarmDescription"],
            format!("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.")
        );
        let about = ["Namespace", "MetricName", "Statistic", "Unit", "Period", "ComparisonOperator"]
            .map(|name| alarm[name].clone());
        assert_eq!(
            about,
            [json!("AWS/ECS"), json!("CPUUtilization"), json!("Average"), json!("Percent"), json!(60), json!(operator)]
        );
        assert_eq!((&alarm["Threshold"], &alarm["EvaluationPeriods"]), (&json!(threshold), &json!(periods)));
        assert_eq!(alarm["Dimensions"], dimensions);
    }
    // Changed, it keeps its alarms, but for the one it no longer needs.
    let again = site.track(50.0, json!({"DisableScaleIn": true, "ScaleOutCooldown": 60}));
    assert_eq!((&again["PolicyARN"], &again["Alarms"]), (&json!(arn), &json!([put["Alarms"][0]])));
    let left = site.cloudwatch("DescribeAlarms", json!({}))["MetricAlarms"].clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["Threshold"]), (1, &json!(50.0)));
    let described = site.call("DescribeScalingPolicies", json!({}))["ScalingPolicies"][0].clone();
    let tracking = &described["TargetTrackingScalingPolicyConfiguration"];
    assert_eq!(
        (&tracking["TargetValue"], &tracking["ScaleOutCooldown"], &tracking["DisableScaleIn"]),
        (&json!(50.0), &json!(60), &json!(true))
    );
    site.call("DeleteScalingPolicy", json!({"PolicyName": "cpu"}));
    assert_eq!(site.cloudwatch("DescribeAlarms", json!({}))["MetricAlarms"], json!([]));
    assert_eq!(
        site.refuses("DeleteScalingPolicy", json!({"PolicyName": "cpu"})),
        "ObjectNotFoundException: No scaling policy found for service namespace: ecs, resource ID: service/default/site, \
         scalable dimension: ecs:service:DesiredCount, policy name: cpu"
    );
}

#[test]
fn each_metric_is_watched_as_what_it_is() {
    let mut site = Site::between(1, 10, 2);
    let label = "app/front/0123456789abcdef/targetgroup/web/fedcba9876543210";
    let policies = [
        (
            "requests",
            json!({"PredefinedMetricSpecification": {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}}),
        ),
        (
            "memory",
            json!({"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}}),
        ),
        (
            "custom",
            json!({"CustomizedMetricSpecification": {
                "MetricName": "Backlog", "Namespace": "Mine", "Statistic": "Maximum", "Unit": "Count",
                "Dimensions": [{"Name": "Queue", "Value": "q"}],
            }}),
        ),
        ("math", json!({"CustomizedMetricSpecification": {"Metrics": backlog_per_task()}})),
    ];
    for (name, mut configuration) in policies {
        configuration["TargetValue"] = json!(100.0);
        let policy = json!({
            "PolicyName": name, "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration,
        });
        site.call("PutScalingPolicy", policy);
    }
    let about = |site: &mut Site, policy: &str| {
        let name = site.alarms(policy)[0].clone();
        let alarm = site.cloudwatch("DescribeAlarms", json!({"AlarmNames": [name]}))["MetricAlarms"][0].clone();
        ["Namespace", "MetricName", "Statistic", "Unit", "Dimensions"].map(|name| alarm[name].clone())
    };
    let balancer = json!([
        {"Name": "TargetGroup", "Value": "targetgroup/web/fedcba9876543210"},
        {"Name": "LoadBalancer", "Value": "app/front/0123456789abcdef"},
    ]);
    assert_eq!(
        about(&mut site, "requests"),
        [json!("AWS/ApplicationELB"), json!("RequestCountPerTarget"), json!("Sum"), Value::Null, balancer]
    );
    assert_eq!(about(&mut site, "memory")[1], "MemoryUtilization");
    let queue = json!([{"Name": "Queue", "Value": "q"}]);
    assert_eq!(about(&mut site, "custom"), [json!("Mine"), json!("Backlog"), json!("Maximum"), json!("Count"), queue]);
    let name = site.alarms("math")[0].clone();
    let alarm = site.cloudwatch("DescribeAlarms", json!({"AlarmNames": [name]}))["MetricAlarms"][0].clone();
    let mut metrics = backlog_per_task();
    metrics[1]["MetricStat"]["Period"] = json!(60);
    metrics[2]["MetricStat"]["Period"] = json!(60);
    assert_eq!((&alarm["Metrics"], &alarm["MetricName"]), (&metrics, &Value::Null));
}

/// The example of "Create a target tracking scaling policy for Application Auto Scaling using metric math".
fn backlog_per_task() -> Value {
    let stat = |namespace: &str, name: &str, stat: &str| {
        let metric =
            json!({"Namespace": namespace, "MetricName": name, "Dimensions": [{"Name": "Name", "Value": "a"}]});
        json!({"Metric": metric, "Stat": stat})
    };
    json!([
        {"Id": "e1", "Label": "Backlog of each task", "Expression": "m1 / m2", "ReturnData": true},
        {"Id": "m1", "MetricStat": stat("Mine", "Messages", "Sum"), "ReturnData": false},
        {"Id": "m2", "MetricStat": stat("ECS/ContainerInsights", "RunningTaskCount", "Average"), "ReturnData": false},
    ])
}

#[test]
fn a_step_policy_is_no_longer_an_action_when_it_is_deleted() {
    let mut site = Site::between(1, 10, 2);
    let steps = json!({
        "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    });
    let policy = json!({"PolicyName": "more", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": steps});
    let put = site.call("PutScalingPolicy", policy);
    assert_eq!(put["Alarms"], json!([]));
    let topic = "arn:aws:sns:us-east-1:123456789012:pager";
    site.cloudwatch(
        "PutMetricAlarm",
        json!({
            "AlarmName": "busy", "Namespace": "Mine", "MetricName": "Load", "Statistic": "Average", "Period": 60, "EvaluationPeriods": 1,
            "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": [topic, put["PolicyARN"]],
        }),
    );
    assert_eq!(site.alarms("more"), ["busy"]);
    site.call("DeleteScalingPolicy", json!({"PolicyName": "more"}));
    let alarm = site.cloudwatch("DescribeAlarms", json!({"AlarmNames": ["busy"]}))["MetricAlarms"][0].clone();
    assert_eq!(alarm["AlarmActions"], json!([topic]));
}

#[test]
fn a_change_of_steps_keeps_what_it_does_not_speak_of() {
    let mut site = Site::between(1, 10, 2);
    let put = |site: &mut Site, configuration: Value| {
        let policy =
            json!({"PolicyName": "more", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": configuration});
        site.call("PutScalingPolicy", policy);
        let found = site.call("DescribeScalingPolicies", json!({}))["ScalingPolicies"][0].clone();
        found["StepScalingPolicyConfiguration"].clone()
    };
    let steps = |by: i32| json!([{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": by}]);
    let first = json!({
        "AdjustmentType": "PercentChangeInCapacity", "StepAdjustments": steps(50), "MinAdjustmentMagnitude": 2, "Cooldown": 60,
        "MetricAggregationType": "Maximum",
    });
    assert_eq!(put(&mut site, first.clone()), first);
    let mut changed = first.clone();
    changed["StepAdjustments"] = steps(100);
    assert_eq!(put(&mut site, json!({"StepAdjustments": steps(100)})), changed);
    changed["Cooldown"] = json!(0);
    assert_eq!(put(&mut site, json!({"Cooldown": 0})), changed);
    // A number of tasks has no percentage's least change.
    let other = put(&mut site, json!({"AdjustmentType": "ChangeInCapacity"}));
    changed["AdjustmentType"] = json!("ChangeInCapacity");
    changed.as_object_mut().unwrap().remove("MinAdjustmentMagnitude");
    assert_eq!(other, changed);
}

#[test]
fn what_can_not_be_a_policy_is_refused() {
    let mut site = Site::between(1, 10, 2);
    let step = |low: Value, high: Value| json!({"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high, "ScalingAdjustment": 1});
    let steps = |steps: Value| json!({"StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}});
    let null = Value::Null;
    let cases = [
        (steps(json!([])), "At least one step"),
        (steps(json!([step(null.clone(), null.clone())])), "can't both be null"),
        (steps(json!([step(json!(5.0), json!(5.0))])), "greater than its lower bound"),
        (steps(json!([step(json!(0.0), json!(10.0)), step(json!(5.0), null.clone())])), "can't overlap"),
        (steps(json!([step(json!(0.0), json!(10.0)), step(json!(11.0), null.clone())])), "can't have a gap"),
        (steps(json!([step(json!(0.0), json!(10.0))])), "must be a step adjustment with a null upper bound"),
        (steps(json!([step(json!(-10.0), json!(0.0))])), "must be a step adjustment with a null lower bound"),
        (
            json!({"StepScalingPolicyConfiguration": {"StepAdjustments": [step(json!(0.0), null.clone())]}}),
            "AdjustmentType must be specified",
        ),
        (
            json!({"StepScalingPolicyConfiguration": {
                "AdjustmentType": "ExactCapacity", "MinAdjustmentMagnitude": 2, "StepAdjustments": [step(json!(0.0), null.clone())],
            }}),
            "PercentChangeInCapacity only",
        ),
        (json!({}), "needs its own configuration"),
    ];
    for (mut more, part) in cases {
        (more["PolicyName"], more["PolicyType"]) = (json!("p"), json!("StepScaling"));
        let refusal = site.refuses("PutScalingPolicy", more.clone());
        assert!(refusal.starts_with("ValidationException: ") && refusal.contains(part), "{more}: {refusal}");
    }
    let metric = |kind: &str| json!({"PredefinedMetricType": kind});
    let tracking = [
        (
            json!({"TargetValue": 0.0, "PredefinedMetricSpecification": metric("ECSServiceAverageCPUUtilization")}),
            "TargetValue must be",
        ),
        (json!({"TargetValue": 5.0}), "Either a PredefinedMetricSpecification"),
        (
            json!({"TargetValue": 5.0, "PredefinedMetricSpecification": metric("ALBRequestCountPerTarget")}),
            "ResourceLabel must be",
        ),
        (
            json!({"TargetValue": 5.0, "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": "targetgroup/web/1",
            }}),
            "Invalid resource label 'targetgroup/web/1'.",
        ),
        (
            json!({"TargetValue": 5.0, "PredefinedMetricSpecification": metric("DynamoDBReadCapacityUtilization")}),
            "no metric of the service",
        ),
        (
            json!({"TargetValue": 5.0, "PredefinedMetricSpecification": metric("ECSServiceAverageCPUUtilizationHighResolution")}),
            "neargate does not support PredefinedMetricType=ECSServiceAverageCPUUtilizationHighResolution (high-resolution metrics) yet.",
        ),
        (
            json!({"TargetValue": 5.0, "CustomizedMetricSpecification": {"Metrics": [{"Id": "a", "Expression": "b"}]}}),
            "Error in expression 'a': Undefined id 'b'",
        ),
    ];
    for (configuration, part) in tracking {
        let more = json!({
            "PolicyName": "p", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration,
        });
        let refusal = site.refuses("PutScalingPolicy", more.clone());
        assert!(refusal.contains(part), "{more}: {refusal}");
    }
    let predictive = json!({"PolicyName": "p", "PolicyType": "PredictiveScaling"});
    assert!(site.refuses("PutScalingPolicy", predictive).contains("neargate does not support predictive scaling yet."));
    site.track(50.0, json!({}));
    let same = json!({
        "PolicyName": "other", "PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 60.0, "PredefinedMetricSpecification": metric("ECSServiceAverageCPUUtilization"),
        },
    });
    assert_eq!(
        site.refuses("PutScalingPolicy", same),
        "ValidationException: Only one TargetTrackingScaling policy for a given metric specification is allowed."
    );
    let nowhere = json!({"ResourceId": "service/default/other", "PolicyName": "p", "PolicyType": "StepScaling"});
    assert_eq!(
        site.refuses("PutScalingPolicy", nowhere),
        "ObjectNotFoundException: No scalable target registered for service namespace: ecs, resource ID: service/default/other, \
         scalable dimension: ecs:service:DesiredCount"
    );
}
