//! Scalable targets and scaling policies of stacks.

use super::super::testing::{attribute, change, make, read, remove, try_make};
use crate::{ecs::tasks::tests::Fixture, testing::World};
use aws::api::application_autoscaling::API;
use serde_json::{Value, json};

const TARGET: &str = "AWS::ApplicationAutoScaling::ScalableTarget";
const POLICY: &str = "AWS::ApplicationAutoScaling::ScalingPolicy";

/// A region with a service in it.
fn region() -> World {
    let mut fixture = Fixture::new();
    fixture.world.ecs(
        "CreateService",
        json!({ "serviceName": "site", "taskDefinition": "web", "desiredCount": 1, "launchType": "FARGATE",
            "networkConfiguration": { "awsvpcConfiguration": { "subnets": [fixture.subnet] } } }),
    );
    fixture.world
}

fn target(most: u32, more: Value) -> Value {
    let mut all = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/default/site",
        "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": 1, "MaxCapacity": most });
    more.as_object().expect("members").iter().for_each(|(name, value)| all[name] = value.clone());
    all
}

#[test]
fn a_scalable_target_is_registered_changed_and_deregistered() {
    let mut world = region();
    let action = |name: &str, schedule: &str| {
        json!({ "ScheduledActionName": name, "Schedule": schedule, "StartTime": "2026-01-31T12:00:00Z",
            "ScalableTargetAction": { "MinCapacity": 2 } })
    };
    let first = target(
        4,
        json!({ "SuspendedState": { "DynamicScalingInSuspended": true }, "Tags": [{ "Key": "a", "Value": "b" }],
            "ScheduledActions": [action("one", "rate(1 hour)"), action("two", "rate(2 hours)")] }),
    );
    let id = make(&mut world, TARGET, &first);
    assert_eq!(id, "service/default/site|ecs:service:DesiredCount|ecs");
    assert_eq!(attribute(&world, TARGET, &id, &first, "Id"), id.as_str());
    assert_eq!(read(&world, TARGET, &id, &first).expect("there")["ScheduledActions"], first["ScheduledActions"]);
    assert_eq!(&*try_make(&mut world, TARGET, &first).expect_err("it is there").code, "AlreadyExists");

    let second = target(8, json!({ "ScheduledActions": [action("one", "rate(3 hours)")] }));
    change(&mut world, TARGET, &id, &first, &second);
    let live = read(&world, TARGET, &id, &second).expect("there");
    assert_eq!(live["ScheduledActions"], second["ScheduledActions"]);
    assert_eq!(
        (&live["MaxCapacity"], &live["SuspendedState"]["DynamicScalingInSuspended"]),
        (&json!(8), &json!(false))
    );
    let targets = world.call(&API, "DescribeScalableTargets", json!({ "ServiceNamespace": "ecs" })).expect("targets");
    let arn = &targets["ScalableTargets"][0]["ScalableTargetARN"];
    let tags = world.call(&API, "ListTagsForResource", json!({ "ResourceARN": arn })).expect("tags");
    assert_eq!(tags["Tags"], json!({ "of": "stack" }));

    let late = target(
        8,
        json!({ "ScheduledActions": [{ "ScheduledActionName": "x", "Schedule": "rate(1 hour)",
        "StartTime": "tomorrow", "ScalableTargetAction": { "MinCapacity": 2 } }] }),
    );
    remove(&mut world, TARGET, &id, &second);
    assert_eq!(read(&world, TARGET, &id, &second), None);
    assert_eq!(&*try_make(&mut world, TARGET, &late).expect_err("no time").code, "ValidationException");
}

#[test]
fn a_scaling_policy_is_one_of_its_target() {
    let mut world = region();
    let target = target(4, json!({}));
    let target_id = make(&mut world, TARGET, &target);
    let policy = |value: f64| {
        json!({ "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": target_id,
            "TargetTrackingScalingPolicyConfiguration": { "TargetValue": value, "ScaleInCooldown": 60,
                "PredefinedMetricSpecification": { "PredefinedMetricType": "ECSServiceAverageCPUUtilization" } } })
    };
    let (first, second) = (policy(50.0), policy(70.0));
    let id = make(&mut world, POLICY, &first);
    assert!(id.contains(":resource/ecs/service/default/site:policyName/cpu"), "{id}");
    assert_eq!(attribute(&world, POLICY, &id, &first, "Arn"), id.as_str());
    assert_eq!(&*try_make(&mut world, POLICY, &first).expect_err("it is there").code, "AlreadyExists");
    change(&mut world, POLICY, &id, &first, &second);
    let live = read(&world, POLICY, &id, &second).expect("there");
    let name = "TargetTrackingScalingPolicyConfiguration";
    assert_eq!((&live[name], &live["ResourceId"]), (&second[name], &json!("service/default/site")));
    remove(&mut world, POLICY, &id, &second);
    assert_eq!(read(&world, POLICY, &id, &second), None);
}
