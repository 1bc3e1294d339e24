//! Scalable targets, and what becomes of a desired count by them alone.

use super::*;
use crate::state::{Expiring, Expiry, ScalingActivity};
use aws::doc::Timestamp;

#[test]
fn a_target_is_registered_changed_described_and_deregistered() {
    let mut site = Site::new(2);
    let arn = site.register(json!({"MinCapacity": 1, "MaxCapacity": 4, "Tags": {"team": "web"}}))["ScalableTargetARN"]
        .clone();
    assert!(
        arn.as_str().unwrap().starts_with("arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/")
    );
    let described =
        site.call("DescribeScalableTargets", json!({"ResourceIds": [RESOURCE]}))["ScalableTargets"][0].clone();
    assert_eq!(
        described["RoleARN"],
        "arn:aws:iam::123456789012:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
    );
    assert_eq!((&described["MinCapacity"], &described["MaxCapacity"]), (&json!(1), &json!(4)));
    let suspended = |in_: bool, out: bool| json!({"DynamicScalingInSuspended": in_, "DynamicScalingOutSuspended": out, "ScheduledScalingSuspended": false});
    assert_eq!(described["SuspendedState"], suspended(false, false));
    site.register(json!({"MaxCapacity": 6, "SuspendedState": {"DynamicScalingOutSuspended": true}}));
    site.register(json!({"SuspendedState": {"DynamicScalingInSuspended": true}}));
    let changed =
        site.call("DescribeScalableTargets", json!({"ResourceIds": [RESOURCE]}))["ScalableTargets"][0].clone();
    assert_eq!((&changed["MinCapacity"], &changed["MaxCapacity"]), (&json!(1), &json!(6)));
    assert_eq!(changed["SuspendedState"], suspended(true, true), "what is not said stays");
    assert_eq!(changed["ScalableTargetARN"], arn);
    assert!(site.activities().is_empty(), "nothing was to be done");

    site.call("TagResource", json!({"ResourceARN": arn, "Tags": {"a": "b"}}));
    site.call("UntagResource", json!({"ResourceARN": arn, "TagKeys": ["team"]}));
    assert_eq!(site.call("ListTagsForResource", json!({"ResourceARN": arn}))["Tags"], json!({"a": "b"}));
    let others = json!({"ServiceNamespace": "dynamodb", "ResourceId": null, "ScalableDimension": null});
    assert_eq!(site.call("DescribeScalableTargets", others)["ScalableTargets"], json!([]));

    // Its role came with it, and is used by it.
    let role = json!({"RoleName": "AWSServiceRoleForApplicationAutoScaling_ECSService"});
    let iam = |site: &mut Site, operation: &str, request: Value| {
        site.fixture
            .world
            .call(&aws::api::iam::API, operation, request)
            .unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    };
    let task = iam(&mut site, "DeleteServiceLinkedRole", role.clone())["DeletionTaskId"].clone();
    let failed = iam(&mut site, "GetServiceLinkedRoleDeletionStatus", json!({"DeletionTaskId": task}));
    assert_eq!(failed["Reason"]["RoleUsageList"][0]["Resources"][0], arn);

    site.call("DeregisterScalableTarget", json!({}));
    assert_eq!(site.call("DescribeScalableTargets", json!({"ResourceIds": [RESOURCE]}))["ScalableTargets"], json!([]));
    assert_eq!(
        site.refuses("DeregisterScalableTarget", json!({})),
        "ObjectNotFoundException: No scalable target found for service namespace: ecs, resource ID: service/default/site, \
         scalable dimension: ecs:service:DesiredCount"
    );
    assert!(site.refuses("ListTagsForResource", json!({"ResourceARN": arn})).starts_with("ResourceNotFoundException"));
}

#[test]
fn registering_brings_the_desired_count_between_the_bounds() {
    let mut site = Site::new(2);
    site.register(json!({"MinCapacity": 3, "MaxCapacity": 5}));
    assert_eq!(site.desired(), 3);
    let begun = site.activities()[0].clone();
    assert_eq!(begun["Cause"], "minimum capacity was set to 3");
    assert_eq!(begun["Description"], "Setting desired count to 3.");
    assert_eq!(begun["StatusCode"], "InProgress");
    assert_eq!(
        begun["StatusMessage"],
        "Successfully set desired count to 3. Waiting for change to be fulfilled by ecs."
    );
    assert_eq!(begun["EndTime"], Value::Null);
    (0..2).for_each(|_| site.pass_a_minute());
    assert_eq!(site.running(), 3);
    let done = site.activities()[0].clone();
    assert_eq!(done["StatusCode"], "Successful");
    assert_eq!(done["StatusMessage"], "Successfully set desired count to 3. Change successfully fulfilled by ecs.");
    assert!(done["EndTime"].as_f64() > done["StartTime"].as_f64());
    site.register(json!({"MinCapacity": 0, "MaxCapacity": 1}));
    assert_eq!((site.desired(), &site.activities()[0]["Cause"]), (1, &json!("maximum capacity was set to 1")));
    // Somebody knows better while it goes on.
    site.register(json!({"MinCapacity": 3, "MaxCapacity": 5}));
    site.fixture.world.ecs("UpdateService", json!({"service": "site", "desiredCount": 4}));
    site.pass_a_minute();
    let last = site.activities()[0].clone();
    assert_eq!(last["StatusCode"], "Overridden");
    assert_eq!(last["StatusMessage"], "Successfully set desired count to 3. Found it was later changed to 4.");
    assert_eq!(site.desired(), 4, "nobody is kept from it");
}

#[test]
fn a_target_ends_with_its_service() {
    let mut site = Site::between(1, 4, 2);
    site.track(50.0, json!({}));
    let action =
        json!({"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 1}});
    site.call("PutScheduledAction", action);
    site.fixture.world.ecs("DeleteService", json!({"service": "site", "force": true}));
    for (operation, list) in [
        ("DescribeScalableTargets", "ScalableTargets"),
        ("DescribeScalingPolicies", "ScalingPolicies"),
        ("DescribeScheduledActions", "ScheduledActions"),
    ] {
        assert_eq!(
            site.call(operation, json!({"ResourceId": null, "ScalableDimension": null}))[list],
            json!([]),
            "{operation}"
        );
    }
    assert_eq!(site.cloudwatch("DescribeAlarms", json!({}))["MetricAlarms"], json!([]));
    assert!(
        site.refuses("RegisterScalableTarget", json!({"MinCapacity": 1, "MaxCapacity": 2}))
            .contains("ECS service doesn't exist")
    );
}

#[test]
fn what_can_not_be_registered_is_refused() {
    let mut site = Site::new(1);
    let bounds = |more: Value| {
        let mut request = json!({"MinCapacity": 1, "MaxCapacity": 2});
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        request
    };
    for (more, part) in [
        (
            json!({"ServiceNamespace": "dynamodb"}),
            "neargate does not support scaling of resources in the service namespace dynamodb yet.",
        ),
        (json!({"ResourceId": "table/t"}), "Unsupported service namespace, resource type or scalable dimension"),
        (json!({"ScalableDimension": "dynamodb:table:ReadCapacityUnits"}), "Unsupported service namespace"),
        (json!({"ResourceId": "service/default/nobody"}), "ECS service doesn't exist: service/default/nobody"),
        (json!({"MaxCapacity": 0}), "Maximum capacity cannot be less than minimum capacity"),
        (json!({"MinCapacity": -1}), "can't be less than 0"),
        (json!({"MinCapacity": null}), "MinCapacity must be specified"),
        (json!({"ServiceNamespace": "nothing"}), "Value 'nothing' at 'serviceNamespace' failed to satisfy constraint"),
        (json!({"Tags": {"aws:a": "b"}}), "is none that can be set"),
    ] {
        let refusal = site.refuses("RegisterScalableTarget", bounds(more.clone()));
        assert!(refusal.starts_with("ValidationException: ") && refusal.contains(part), "{more}: {refusal}");
    }
    site.register(bounds(json!({})));
    assert!(site.refuses("RegisterScalableTarget", json!({"Tags": {"a": "b"}})).contains("use the TagResource API"));
    assert!(site.refuses("DescribeScalingPolicies", json!({"ResourceId": null})).contains("resource ID is required"));
}

#[test]
fn activities_are_kept_for_six_weeks_and_only_so_many() {
    let mut site = Site::new(1);
    for number in 1..=520 {
        let count = 1 + number % 2;
        site.register(json!({"MinCapacity": count, "MaxCapacity": count}));
    }
    let kept = |site: &Site| {
        let queued =
            site.fixture.world.state.expiries.iter().filter(|expiry| expiry.key().contains("scaling-activity"));
        (site.fixture.world.state.scaling_activities.len(), queued.count())
    };
    assert_eq!(kept(&site), (500, 500));
    let page = site.call("DescribeScalingActivities", json!({"MaxResults": 2}));
    let next = site.call("DescribeScalingActivities", json!({"MaxResults": 2, "NextToken": page["NextToken"]}));
    let counts = |page: &Value| [0, 1].map(|number| page["ScalingActivities"][number]["Description"].clone());
    let (one, two) = (json!("Setting desired count to 1."), json!("Setting desired count to 2."));
    assert_eq!((counts(&page), counts(&next)), ([one.clone(), two.clone()], [one, two]));
    assert_eq!(
        site.refuses("DescribeScalingActivities", json!({"NextToken": "what"})),
        "InvalidNextTokenException: The next token supplied was invalid."
    );
    site.fixture.world.now += 6 * 7 * spec::DAY + MINUTE;
    site.work();
    assert_eq!(kept(&site), (0, 0));
}

#[test]
fn activities_of_targets_that_are_gone_make_room_for_new_ones() {
    let mut site = Site::new(1);
    site.register(json!({"MinCapacity": 2, "MaxCapacity": 4}));
    let state = &mut site.fixture.world.state;
    let one = state.scaling_activities.iter().next().unwrap().clone();
    let queued = state.expiries.iter().find(|expiry| expiry.key().contains("scaling-activity")).unwrap().clone();
    // As many as there may be, each of another target and a second younger than the one before.
    for number in 1..20_000 {
        let later = |at: Timestamp| Timestamp { millis: at.millis + 1_000 * number };
        let resource = format!("service/default/gone-{number}");
        let gone = ScalingActivity { resource, started_at: later(one.started_at), ..one.clone() };
        let what = Expiring::ScalingActivity(gone.key());
        state.expiries.put(Expiry { at: later(queued.at), what });
        state.scaling_activities.put(gone);
    }
    site.fixture.world.now += 20_000 * 1_000;
    site.register(json!({"MinCapacity": 3}));
    site.register(json!({"MinCapacity": 4}));
    assert_eq!(site.fixture.world.state.scaling_activities.len(), 20_000);
    let described: Vec<Value> = site.activities().iter().map(|activity| activity["Description"].clone()).collect();
    assert_eq!(
        described,
        ["Setting desired count to 4.", "Setting desired count to 3."],
        "its oldest was the oldest of all"
    );
    let gone = |number: u32| {
        site.fixture.world.state.scaling_activities.prefixed(&format!("service/default/gone-{number}/")).count()
    };
    assert_eq!((gone(1), gone(2)), (0, 1));
}
