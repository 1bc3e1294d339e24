//! Drift: what has changed beside a stack is told, and what has not is not.

use super::{call, create, stack};
use crate::testing::World;
use serde_json::{Value, json};

fn detect(world: &mut World) -> Value {
    let id =
        call(world, "DetectStackDrift", json!({ "StackName": "logs" })).expect("detected")["StackDriftDetectionId"]
            .clone();
    call(world, "DescribeStackDriftDetectionStatus", json!({ "StackDriftDetectionId": id })).expect("there")
}

fn drifts(world: &mut World) -> Vec<Value> {
    let told = call(world, "DescribeStackResourceDrifts", json!({ "StackName": "logs" })).expect("there");
    told["StackResourceDrifts"].as_array().expect("a list").clone()
}

#[test]
fn what_was_changed_or_deleted_beside_the_stack_has_drifted() {
    let mut world = World::new();
    let log = |name: &str| json!({ "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": name, "RetentionInDays": 7 } });
    create(&mut world, "logs", &json!({ "Resources": { "A": log("a"), "B": log("b"), "C": log("c") } }));
    assert_eq!(stack(&mut world, "logs")["DriftInformation"]["StackDriftStatus"], "NOT_CHECKED");
    assert!(drifts(&mut world).is_empty());
    let found = detect(&mut world);
    assert_eq!(
        (&found["DetectionStatus"], &found["StackDriftStatus"]),
        (&json!("DETECTION_COMPLETE"), &json!("IN_SYNC"))
    );

    let logs = &aws::api::logs::API;
    world.call(logs, "PutRetentionPolicy", json!({ "logGroupName": "b", "retentionInDays": 14 })).expect("changed");
    world.call(logs, "DeleteLogGroup", json!({ "logGroupName": "c" })).expect("deleted");
    let found = detect(&mut world);
    assert_eq!((&found["StackDriftStatus"], &found["DriftedStackResourceCount"]), (&json!("DRIFTED"), &json!(2)));
    let statuses: Vec<Value> = drifts(&mut world).iter().map(|one| one["StackResourceDriftStatus"].clone()).collect();
    assert_eq!(statuses, ["IN_SYNC", "MODIFIED", "DELETED"]);
    let changed = &drifts(&mut world)[1];
    assert_eq!(
        changed["PropertyDifferences"],
        json!([{ "PropertyPath": "/RetentionInDays", "ExpectedValue": "7", "ActualValue": "14", "DifferenceType": "NOT_EQUAL" }])
    );
    assert_eq!(changed["ActualProperties"], r#"{"LogGroupName":"b","RetentionInDays":14}"#);
    assert_eq!(stack(&mut world, "logs")["DriftInformation"]["StackDriftStatus"], "DRIFTED");
    let listed = call(&mut world, "ListStackResources", json!({ "StackName": "logs" })).expect("there");
    let status =
        |index: usize| listed["StackResourceSummaries"][index]["DriftInformation"]["StackResourceDriftStatus"].clone();
    assert_eq!([status(0), status(1), status(2)], ["IN_SYNC", "MODIFIED", "DELETED"]);

    world.call(logs, "PutRetentionPolicy", json!({ "logGroupName": "b", "retentionInDays": 7 })).expect("changed");
    let one = json!({ "StackName": "logs", "LogicalResourceId": "B" });
    let found = call(&mut world, "DetectStackResourceDrift", one).expect("detected")["StackResourceDrift"].clone();
    assert_eq!(found["StackResourceDriftStatus"], "IN_SYNC");
    call(&mut world, "DeleteStack", json!({ "StackName": "logs" })).expect("deleted");
    assert!(world.state.resource_drifts.is_empty() && world.state.drift_detections.is_empty());
}

#[test]
fn a_stack_that_failed_is_not_looked_at() {
    let mut world = World::new();
    create(&mut world, "other", &json!({ "Resources": { "Log": super::group("taken") } }));
    let id = create(&mut world, "logs", &json!({ "Resources": { "Log": super::group("taken") } }));
    let refused = call(&mut world, "DetectStackDrift", json!({ "StackName": "logs" })).expect_err("failed").to_string();
    assert_eq!(
        refused,
        format!(
            "ValidationError: Drift detection cannot be performed on stack [{id}] while it is in [ROLLBACK_COMPLETE] state"
        )
    );
}
