//! Stack policies: set, told, and kept to by updates.

use super::{call, events, group, log_groups, status, update};
use crate::testing::World;
use serde_json::{Value, json};

fn policy(statements: &[(&str, &str, &str)]) -> String {
    let statements = statements.iter().map(|(effect, action, resource)| {
        json!({ "Effect": effect, "Action": action, "Principal": "*", "Resource": resource })
    });
    json!({ "Statement": statements.collect::<Vec<_>>() }).to_string()
}

fn protected(world: &mut World, template: &Value) {
    let policy = policy(&[
        ("Allow", "Update:*", "*"),
        ("Deny", "Update:Replace", "LogicalResourceId/Kept"),
        ("Deny", "Update:Delete", "*"),
    ]);
    let request = json!({ "StackName": "logs", "TemplateBody": template.to_string(), "StackPolicyBody": policy });
    call(world, "CreateStack", request).expect("created");
}

#[test]
fn an_update_that_the_policy_forbids_fails_and_is_rolled_back() {
    let mut world = World::new();
    let template = |kept: &str, other: &str| json!({ "Resources": { "Kept": group(kept), "Other": group(other) } });
    protected(&mut world, &template("kept", "one"));
    update(&mut world, "logs", &template("moved", "one")).expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(log_groups(&world), ["kept", "one"]);
    let denied = "Kept UPDATE_FAILED Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource \
                  [LogicalResourceId/Kept];";
    let told = events(&mut world, "logs");
    assert!(told.iter().any(|line| line == denied), "{told:#?}");
    // Removing one is denied before anything else is changed.
    update(&mut world, "logs", &json!({ "Resources": { "Kept": group("kept") } })).expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(log_groups(&world), ["kept", "one"]);
    // What is not forbidden is done, and deleting the stack is no update.
    update(&mut world, "logs", &template("kept", "two")).expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_COMPLETE");
    call(&mut world, "DeleteStack", json!({ "StackName": "logs" })).expect("begun");
    assert_eq!(log_groups(&world), [""; 0]);
}

#[test]
fn another_policy_holds_for_one_update_alone() {
    let mut world = World::new();
    let template = |kept: &str| json!({ "Resources": { "Kept": group(kept) } });
    protected(&mut world, &template("kept"));
    let request = json!({
        "StackName": "logs", "TemplateBody": template("moved").to_string(),
        "StackPolicyDuringUpdateBody": policy(&[("Allow", "Update:*", "*")]),
    });
    call(&mut world, "UpdateStack", request).expect("begun");
    assert_eq!(log_groups(&world), ["moved"]);
    update(&mut world, "logs", &template("again")).expect("begun");
    assert_eq!(log_groups(&world), ["moved"]);
}

#[test]
fn what_no_statement_allows_is_not_done() {
    let mut world = World::new();
    let template = |days: u32| json!({ "Resources": { "Log": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "log", "RetentionInDays": days } } } });
    super::create(&mut world, "logs", &template(1));
    let allowing = policy(&[("Allow", "Update:Replace", "LogicalResourceId/L*")]);
    call(&mut world, "SetStackPolicy", json!({ "StackName": "logs", "StackPolicyBody": allowing })).expect("set");
    let told = call(&mut world, "GetStackPolicy", json!({ "StackName": "logs" })).expect("there");
    assert_eq!(told["StackPolicyBody"], json!(allowing));
    update(&mut world, "logs", &template(7)).expect("begun");
    let told = events(&mut world, "logs");
    assert!(told.iter().any(|line| line == "Log UPDATE_FAILED Action not allowed by stack policy"), "{told:#?}");
    assert_eq!(world.state.log_groups.get("log").expect("there").retention, Some(1));
}

#[test]
fn policies_that_are_none_are_refused() {
    let mut world = World::new();
    super::create(&mut world, "logs", &json!({ "Resources": { "Log": group("log") } }));
    let mut refused = |body: &str| {
        let request = json!({ "StackName": "logs", "StackPolicyBody": body });
        call(&mut world, "SetStackPolicy", request).expect_err("refused").to_string()
    };
    assert_eq!(refused("no"), "ValidationError: Error validating stack policy: Invalid stack policy");
    assert_eq!(
        refused(&policy(&[("Deny", "Update:*", "LogicalResourceId/Lag")])),
        "ValidationError: Error validating stack policy: Unknown logical id 'LogicalResourceId/Lag' in statement {} - stack policies can \
         only be applied to logical ids referenced in the template"
    );
}
