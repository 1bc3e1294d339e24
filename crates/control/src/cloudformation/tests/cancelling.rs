//! Updates that take time: cancelled, and asked for again.

use super::{call, create, events, group, log_groups, status, update};
use crate::testing::World;
use serde_json::{Value, json};

/// A template with a resource that waits: its own template is never fetched.
fn waiting() -> Value {
    let url = "https://templates.s3.amazonaws.com/nested.yml";
    let nested = json!({ "Type": "AWS::CloudFormation::Stack", "Properties": { "TemplateURL": url } });
    json!({ "Resources": { "Log": group("log"), "Added": group("added"), "Nested": nested } })
}

#[test]
fn an_update_that_is_cancelled_leaves_what_was_there() {
    let mut world = World::new();
    create(&mut world, "logs", &json!({ "Resources": { "Log": group("log") } }));
    let early = call(&mut world, "CancelUpdateStack", json!({ "StackName": "logs" })).expect_err("nothing is done");
    assert_eq!(early.to_string(), "ValidationError: CancelUpdateStack cannot be called from current stack status");
    update(&mut world, "logs", &waiting()).expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_IN_PROGRESS");
    assert_eq!(log_groups(&world), ["added", "log"]);
    call(&mut world, "CancelUpdateStack", json!({ "StackName": "logs" })).expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(log_groups(&world), ["log"]);
    let told = events(&mut world, "logs");
    let back = told.iter().position(|line| line == "logs UPDATE_ROLLBACK_IN_PROGRESS User Initiated").expect("told");
    assert_eq!(told[back + 1], "Nested CREATE_FAILED Resource creation cancelled");
    let live: Vec<&str> =
        world.state.stacks.iter().filter(|one| one.deleted.is_none()).map(|one| one.name.as_str()).collect();
    assert_eq!(live, ["logs"], "the nested stack is gone as well");
}

#[test]
fn a_call_that_is_repeated_is_answered_as_it_was() {
    let mut world = World::new();
    create(&mut world, "logs", &json!({ "Resources": { "Log": group("log") } }));
    let request = |token: &str| json!({ "StackName": "logs", "TemplateBody": waiting().to_string(), "ClientRequestToken": token });
    let first = call(&mut world, "UpdateStack", request("one")).expect("begun");
    let count = events(&mut world, "logs").len();
    assert_eq!(call(&mut world, "UpdateStack", request("one")).expect("repeated"), first);
    assert_eq!(events(&mut world, "logs").len(), count);
    let other = call(&mut world, "UpdateStack", request("two")).expect_err("busy").to_string();
    assert!(other.ends_with(" is in UPDATE_IN_PROGRESS state and can not be updated."), "{other}");
}
