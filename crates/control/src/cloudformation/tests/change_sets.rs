//! Change sets: told, executed, refused.

use super::{call, create, events, group, log_groups, stack, status, update};
use crate::testing::World;
use aws::fault::Fault;
use serde_json::{Value, json};

fn propose(world: &mut World, stack: &str, kind: &str, template: &Value) -> Result<Value, Fault> {
    let request = json!({ "StackName": stack, "ChangeSetName": "set", "ChangeSetType": kind, "TemplateBody": template.to_string() });
    call(world, "CreateChangeSet", request)
}

fn described(world: &mut World, stack: &str, with_values: bool) -> Value {
    let request = json!({ "StackName": stack, "ChangeSetName": "set", "IncludePropertyValues": with_values });
    call(world, "DescribeChangeSet", request).expect("there")
}

fn execute(world: &mut World, stack: &str) -> Result<Value, Fault> {
    call(world, "ExecuteChangeSet", json!({ "StackName": stack, "ChangeSetName": "set" }))
}

fn resource(set: &Value, logical_id: &str) -> Value {
    let changes = set["Changes"].as_array().expect("a list").iter().map(|change| &change["ResourceChange"]);
    changes.clone().find(|change| change["LogicalResourceId"] == logical_id).cloned().unwrap_or_default()
}

#[test]
fn a_change_set_makes_a_stack_that_waits_for_it() {
    let mut world = World::new();
    let template = json!({ "Resources": { "Log": group("log") } });
    let made = propose(&mut world, "new", "CREATE", &template).expect("made");
    assert_eq!(status(&mut world, "new"), "REVIEW_IN_PROGRESS");
    assert_eq!(events(&mut world, "new"), ["new REVIEW_IN_PROGRESS User Initiated"]);
    assert_eq!(log_groups(&world), [""; 0]);
    let set = described(&mut world, "new", true);
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("CREATE_COMPLETE"), &json!("AVAILABLE")));
    assert_eq!(
        resource(&set, "Log"),
        json!({
            "Action": "Add", "LogicalResourceId": "Log", "ResourceType": "AWS::Logs::LogGroup", "Scope": [], "Details": [],
            "AfterContext": r#"{"Properties":{"LogGroupName":"log"}}"#,
        })
    );
    let template_of = json!({ "ChangeSetName": made["Id"] });
    let body = call(&mut world, "GetTemplate", template_of).expect("there")["TemplateBody"].clone();
    assert_eq!(body.as_str(), Some(template.to_string().as_str()));
    execute(&mut world, "new").expect("begun");
    assert_eq!(status(&mut world, "new"), "CREATE_COMPLETE");
    assert_eq!(stack(&mut world, "new")["ChangeSetId"], made["Id"]);
    assert_eq!(described(&mut world, "new", false)["ExecutionStatus"], "EXECUTE_COMPLETE");
    let left = call(&mut world, "ListChangeSets", json!({ "StackName": "new" })).expect("there");
    assert_eq!(left["Summaries"], json!([]), "what was executed can't be chosen any more");
    let again = execute(&mut world, "new").expect_err("once").to_string();
    let id = made["Id"].as_str().expect("an id");
    assert_eq!(
        again,
        format!(
            "InvalidChangeSetStatus: ChangeSet [{id}] cannot be executed in its current execution status of [EXECUTE_COMPLETE]"
        )
    );
    let twice = propose(&mut world, "new", "CREATE", &template).expect_err("it is there").to_string();
    assert_eq!(
        twice,
        "ValidationError: Stack [new] already exists and cannot be created again with the changeSet [set]."
    );
}

#[test]
fn a_change_set_tells_what_changes_and_why() {
    let mut world = World::new();
    let template = |name: &str, days: u32, extra: &str| {
        json!({
            "Parameters": { "Days": { "Type": "Number", "Default": days } },
            "Resources": {
                "Kept": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "kept", "RetentionInDays": { "Ref": "Days" } } },
                "Moved": { "Type": "AWS::Logs::LogGroup", "UpdateReplacePolicy": "Retain", "Properties": { "LogGroupName": name } },
                "After": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": { "Fn::Sub": "of-${Moved}" } } },
                "Same": group("same"),
                extra: group(extra),
            },
        })
    };
    create(&mut world, "logs", &template("one", 7, "Gone"));
    propose(&mut world, "logs", "UPDATE", &template("two", 14, "Added")).expect("made");
    let set = described(&mut world, "logs", true);
    assert_eq!(resource(&set, "Same"), Value::Null);
    assert_eq!(resource(&set, "Added")["Action"], "Add");
    let gone = resource(&set, "Gone");
    assert_eq!(
        (&gone["Action"], &gone["PolicyAction"], &gone["PhysicalResourceId"]),
        (&json!("Remove"), &json!("Delete"), &json!("Gone"))
    );
    let kept = resource(&set, "Kept");
    assert_eq!((&kept["Replacement"], &kept["Scope"]), (&json!("False"), &json!(["Properties"])));
    let target = json!({
        "Attribute": "Properties", "Name": "RetentionInDays", "RequiresRecreation": "Never", "Path": "/Properties/RetentionInDays",
        "BeforeValue": "7", "AfterValue": "14", "AttributeChangeType": "Modify",
    });
    assert_eq!(
        kept["Details"],
        json!([
            { "Target": target, "Evaluation": "Dynamic", "ChangeSource": "DirectModification" },
            { "Target": target, "Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": "Days" },
        ])
    );
    let moved = resource(&set, "Moved");
    assert_eq!((&moved["Replacement"], &moved["PolicyAction"]), (&json!("True"), &json!("ReplaceAndRetain")));
    let after = resource(&set, "After");
    assert_eq!(after["Replacement"], "True");
    assert_eq!(after["Details"][1]["CausingEntity"], "Moved");
    assert_eq!(after["AfterContext"], r#"{"Properties":{"LogGroupName":"{{changeSet:KNOWN_AFTER_APPLY}}"}}"#);
    let plain = described(&mut world, "logs", false);
    let target = json!({ "Attribute": "Properties", "Name": "LogGroupName", "RequiresRecreation": "Always" });
    assert_eq!(resource(&plain, "Moved")["Details"][0]["Target"], target);
    assert!(resource(&plain, "Moved")["AfterContext"].is_null());
    execute(&mut world, "logs").expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_COMPLETE");
    assert_eq!(log_groups(&world), ["Added", "kept", "of-two", "one", "same", "two"], "one is retained");
}

#[test]
fn a_change_set_that_changes_nothing_or_is_wrong_has_failed() {
    let mut world = World::new();
    let template = json!({ "Resources": { "Log": group("log") } });
    create(&mut world, "logs", &template);
    let made = propose(&mut world, "logs", "UPDATE", &template).expect("made");
    let set = described(&mut world, "logs", false);
    assert_eq!((&set["Status"], &set["ExecutionStatus"]), (&json!("FAILED"), &json!("UNAVAILABLE")));
    assert_eq!(
        set["StatusReason"],
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    let id = made["Id"].as_str().expect("an id");
    assert_eq!(
        execute(&mut world, "logs").expect_err("failed").to_string(),
        format!("InvalidChangeSetStatus: ChangeSet [{id}] cannot be executed in its current status of [FAILED]")
    );
    let twice = propose(&mut world, "logs", "UPDATE", &template).expect_err("it is there").to_string();
    assert_eq!(twice, "AlreadyExistsException: ChangeSet [set] already exists");
    call(&mut world, "DeleteChangeSet", json!({ "StackName": "logs", "ChangeSetName": "set" })).expect("gone");
    call(&mut world, "DeleteChangeSet", json!({ "StackName": "logs", "ChangeSetName": "set" })).expect("gone already");
    let mut wrong = template.clone();
    wrong["Resources"]["Log"]["Properties"]["Nome"] = json!("x");
    propose(&mut world, "logs", "UPDATE", &wrong).expect("made");
    assert_eq!(
        described(&mut world, "logs", false)["StatusReason"],
        "Properties validation failed for resource Log with message:\n#: extraneous key [Nome] is not permitted"
    );
}

#[test]
fn change_sets_that_are_not_there_are_refused_by_name() {
    let mut world = World::new();
    create(&mut world, "logs", &json!({ "Resources": { "Log": group("log") } }));
    let mut refused = |request: Value| call(&mut world, "DescribeChangeSet", request).expect_err("refused").to_string();
    assert_eq!(
        refused(json!({ "StackName": "logs", "ChangeSetName": "none" })),
        "ChangeSetNotFound: ChangeSet [none] does not exist"
    );
    assert_eq!(
        refused(json!({ "StackName": "gone", "ChangeSetName": "none" })),
        "ValidationError: Stack [gone] does not exist"
    );
    assert_eq!(
        refused(json!({ "ChangeSetName": "none" })),
        "ValidationError: StackName must be specified if ChangeSetName is not specified as an ARN."
    );
}

#[test]
fn an_update_makes_change_sets_obsolete_and_executing_one_removes_the_others() {
    let mut world = World::new();
    let template = |name: &str| json!({ "Resources": { "Log": group(name) } });
    create(&mut world, "logs", &template("one"));
    propose(&mut world, "logs", "UPDATE", &template("two")).expect("made");
    update(&mut world, "logs", &template("three")).expect("updated");
    assert_eq!(described(&mut world, "logs", false)["ExecutionStatus"], "OBSOLETE");
    let other = json!({ "StackName": "logs", "ChangeSetName": "other", "TemplateBody": template("four").to_string() });
    call(&mut world, "CreateChangeSet", other).expect("made");
    call(&mut world, "ExecuteChangeSet", json!({ "StackName": "logs", "ChangeSetName": "other" })).expect("begun");
    assert_eq!(world.state.change_sets.len(), 1);
    // One that could not be done says so.
    create(&mut world, "second", &template("taken"));
    propose(&mut world, "logs", "UPDATE", &template("taken")).expect("made");
    execute(&mut world, "logs").expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(described(&mut world, "logs", false)["ExecutionStatus"], "EXECUTE_FAILED");
    call(&mut world, "DeleteStack", json!({ "StackName": "logs" })).expect("deleted");
    assert!(world.state.change_sets.is_empty());
}

#[test]
fn a_stack_under_review_can_be_deleted() {
    let mut world = World::new();
    propose(&mut world, "new", "CREATE", &json!({ "Resources": { "Log": group("log") } })).expect("made");
    call(&mut world, "DeleteStack", json!({ "StackName": "new" })).expect("deleted");
    assert!(world.state.change_sets.is_empty());
    call(&mut world, "DescribeStacks", json!({ "StackName": "new" })).expect_err("gone");
}

#[test]
fn values_of_hidden_parameters_are_shown_to_nobody() {
    let mut world = World::new();
    let template = |word: &str| {
        json!({
            "Parameters": { "Word": { "Type": "String", "NoEcho": true, "Default": word } },
            "Resources": { "Log": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": { "Fn::Sub": "log-${Word}" } } } },
        })
    };
    create(&mut world, "logs", &template("first-secret"));
    propose(&mut world, "logs", "UPDATE", &template("second-secret")).expect("made");
    let mut set = described(&mut world, "logs", true);
    assert_eq!(resource(&set, "Log")["Details"][0]["Target"]["AfterValue"], "log-****");
    // What the service calls it is what it is called.
    let id = set["Changes"][0]["ResourceChange"]["PhysicalResourceId"].take();
    assert_eq!(id, "log-first-secret");
    assert!(!set.to_string().contains("secret"), "{set}");
}
