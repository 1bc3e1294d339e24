//! Stacks from templates to what services have, and back.

mod cancelling;
mod change_sets;
mod drift;
mod policies;
mod property;
mod refusals;

use crate::testing::World;
use aws::{api::cloudformation::API, fault::Fault};
use serde_json::{Value, json};

fn call(world: &mut World, operation: &str, request: Value) -> Result<Value, Fault> {
    world.call(&API, operation, request)
}

fn create(world: &mut World, name: &str, template: &Value) -> String {
    let answer = call(world, "CreateStack", json!({ "StackName": name, "TemplateBody": template.to_string() }));
    answer.expect("created")["StackId"].as_str().expect("an id").to_owned()
}

fn update(world: &mut World, name: &str, template: &Value) -> Result<Value, Fault> {
    call(world, "UpdateStack", json!({ "StackName": name, "TemplateBody": template.to_string() }))
}

fn stack(world: &mut World, name: &str) -> Value {
    call(world, "DescribeStacks", json!({ "StackName": name })).expect("there")["Stacks"][0].clone()
}

fn status(world: &mut World, name: &str) -> String {
    stack(world, name)["StackStatus"].as_str().expect("a status").to_owned()
}

/// What happened, the first first: `Vpc CREATE_COMPLETE` and the reason, if there is one.
fn events(world: &mut World, name: &str) -> Vec<String> {
    let events = call(world, "DescribeStackEvents", json!({ "StackName": name })).expect("there");
    let text = |event: &Value, member: &str| event[member].as_str().unwrap_or_default().to_owned();
    let line = |event: &Value| {
        let line =
            ["LogicalResourceId", "ResourceStatus", "ResourceStatusReason"].map(|member| text(event, member)).join(" ");
        line.trim_end().to_owned()
    };
    events["StackEvents"].as_array().expect("a list").iter().rev().map(line).collect()
}

fn log_groups(world: &World) -> Vec<String> {
    world.state.log_groups.iter().map(|group| group.name.clone()).collect()
}

fn group(name: &str) -> Value {
    json!({ "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": name } })
}

#[test]
fn a_stack_is_made_in_the_order_of_what_needs_what_and_deleted_in_the_other() {
    let mut world = World::new();
    let template = json!({
        "Parameters": { "Cidr": { "Type": "String", "Default": "10.0.0.0/16" } },
        "Resources": {
            "Vpc": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": { "Ref": "Cidr" } } },
            "Log": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": { "Fn::Sub": "/vpc/${Vpc}" }, "RetentionInDays": "7" } },
        },
        "Outputs": { "Group": { "Value": { "Fn::GetAtt": ["Log", "Arn"] }, "Export": { "Name": "group" } } },
    });
    let id = create(&mut world, "net", &template);
    assert_eq!(status(&mut world, "net"), "CREATE_COMPLETE");
    let vpc = world.state.vpcs.iter().find(|vpc| !vpc.is_default).expect("made").id.clone();
    assert_eq!(log_groups(&world), [format!("/vpc/{vpc}")]);
    let told = stack(&mut world, "net");
    let arn = format!("arn:aws:logs:us-east-1:123456789012:log-group:/vpc/{vpc}:*");
    assert_eq!(told["Outputs"], json!([{ "OutputKey": "Group", "OutputValue": arn, "ExportName": "group" }]));
    assert_eq!(
        events(&mut world, "net"),
        [
            "net CREATE_IN_PROGRESS User Initiated",
            "Vpc CREATE_IN_PROGRESS",
            "Vpc CREATE_IN_PROGRESS Resource creation Initiated",
            "Vpc CREATE_COMPLETE",
            "Log CREATE_IN_PROGRESS",
            "Log CREATE_IN_PROGRESS Resource creation Initiated",
            "Log CREATE_COMPLETE",
            "net CREATE_COMPLETE",
        ]
    );
    call(&mut world, "DeleteStack", json!({ "StackName": "net" })).expect("deleted");
    assert_eq!(log_groups(&world), [""; 0]);
    assert!(world.state.vpcs.iter().all(|vpc| vpc.is_default));
    assert_eq!(status(&mut world, &id), "DELETE_COMPLETE");
    let last = events(&mut world, &id).split_off(8);
    assert_eq!(
        last,
        [
            "net DELETE_IN_PROGRESS User Initiated",
            "Log DELETE_IN_PROGRESS",
            "Log DELETE_COMPLETE",
            "Vpc DELETE_IN_PROGRESS",
            "Vpc DELETE_COMPLETE",
            "net DELETE_COMPLETE",
        ]
    );
    let gone = call(&mut world, "DescribeStacks", json!({ "StackName": "net" })).expect_err("gone");
    assert_eq!(gone.to_string(), "ValidationError: Stack with id net does not exist");
}

#[test]
fn what_fails_is_rolled_back() {
    let mut world = World::new();
    create(&mut world, "first", &json!({ "Resources": { "Log": group("taken") } }));
    let template = json!({ "Resources": { "A": group("a"), "B": { "DependsOn": "A", "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "taken" } } } });
    create(&mut world, "second", &template);
    assert_eq!(status(&mut world, "second"), "ROLLBACK_COMPLETE");
    assert_eq!(log_groups(&world), ["taken"]);
    let told = events(&mut world, "second");
    let failed = told.iter().find(|line| line.starts_with("B CREATE_FAILED")).expect("told");
    assert!(
        failed.contains("The specified log group already exists (Service: Logs, Status Code: 400, Request ID: "),
        "{failed}"
    );
    assert!(failed.ends_with("HandlerErrorCode: AlreadyExists)"), "{failed}");
    let back =
        "second ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [B]. Rollback requested by user.";
    assert!(told.iter().any(|line| line == back), "{told:#?}");
}

#[test]
fn an_update_changes_in_place_replaces_adds_and_removes() {
    let mut world = World::new();
    let mut template = json!({ "Resources": { "Kept": group("kept"), "Old": group("old"), "Gone": group("gone") } });
    create(&mut world, "logs", &template);
    let none = update(&mut world, "logs", &template).expect_err("nothing to do");
    assert_eq!(none.to_string(), "ValidationError: No updates are to be performed.");
    template = json!({ "Resources": { "Kept": group("kept"), "Old": group("new"), "Added": group("added") } });
    template["Resources"]["Kept"]["Properties"]["RetentionInDays"] = json!(30);
    update(&mut world, "logs", &template).expect("updated");
    assert_eq!(status(&mut world, "logs"), "UPDATE_COMPLETE");
    assert_eq!(log_groups(&world), ["added", "kept", "new"]);
    assert_eq!(world.state.log_groups.get("kept").expect("there").retention, Some(30));
    let told = events(&mut world, "logs");
    let replaced =
        "Old UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.";
    assert!(told.iter().any(|line| line == replaced), "{told:#?}");
    let cleanup = told.iter().position(|line| line == "logs UPDATE_COMPLETE_CLEANUP_IN_PROGRESS").expect("cleaned up");
    let after: Vec<&str> = told[cleanup + 1..].iter().map(String::as_str).collect();
    assert_eq!(
        after,
        [
            "Gone DELETE_IN_PROGRESS",
            "Old DELETE_IN_PROGRESS",
            "Gone DELETE_COMPLETE",
            "Old DELETE_COMPLETE",
            "logs UPDATE_COMPLETE"
        ]
    );
}

#[test]
fn an_update_that_fails_leaves_everything_as_it_was() {
    let mut world = World::new();
    create(&mut world, "other", &json!({ "Resources": { "Log": group("taken") } }));
    let before = json!({ "Resources": { "Kept": group("kept"), "Old": group("old") } });
    create(&mut world, "logs", &before);
    let mut after = json!({ "Resources": { "Kept": group("kept"), "Old": group("new"), "Added": group("added"), "Bad": group("taken") } });
    after["Resources"]["Kept"]["Properties"]["RetentionInDays"] = json!(30);
    after["Resources"]["Bad"]["DependsOn"] = json!(["Kept", "Old", "Added"]);
    update(&mut world, "logs", &after).expect("begun");
    assert_eq!(status(&mut world, "logs"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(log_groups(&world), ["kept", "old", "taken"]);
    assert_eq!(world.state.log_groups.get("kept").expect("there").retention, None);
    let resources = call(&mut world, "ListStackResources", json!({ "StackName": "logs" })).expect("there");
    let ids: Vec<&str> = resources["StackResourceSummaries"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|r| r["PhysicalResourceId"].as_str())
        .collect();
    assert_eq!(ids, ["kept", "old"]);
    // The stack is as before: it can be updated again, and deleted.
    call(&mut world, "DeleteStack", json!({ "StackName": "logs" })).expect("deleted");
    assert_eq!(log_groups(&world), ["taken"]);
}

#[test]
fn what_others_import_stays() {
    let mut world = World::new();
    let exporting = |value: &str| json!({ "Resources": { "Log": group("exported") }, "Outputs": { "Name": { "Value": value, "Export": { "Name": "name" } } } });
    create(&mut world, "a", &exporting("one"));
    let importing = json!({ "Resources": { "Log": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": { "Fn::Sub": ["of-${Name}", { "Name": { "Fn::ImportValue": "name" } }] } } } } });
    create(&mut world, "b", &importing);
    assert_eq!(log_groups(&world), ["exported", "of-one"]);
    call(&mut world, "DeleteStack", json!({ "StackName": "a" })).expect("asked");
    assert_eq!(stack(&mut world, "a")["StackStatusReason"], "Export name cannot be deleted as it is in use by b");
    update(&mut world, "a", &exporting("two")).expect_err("a deletion that failed can only be done again");
    let imports = call(&mut world, "ListImports", json!({ "ExportName": "name" })).expect("there");
    assert_eq!(imports["Imports"], json!(["b"]));
    call(&mut world, "DeleteStack", json!({ "StackName": "b" })).expect("deleted");
    call(&mut world, "DeleteStack", json!({ "StackName": "a" })).expect("deleted");
    assert_eq!(log_groups(&world), [""; 0]);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_made() {
    let mut world = World::new();
    let mut refused = |template: Value| {
        let answer = call(&mut world, "CreateStack", json!({ "StackName": "s", "TemplateBody": template.to_string() }));
        answer.expect_err("refused").to_string()
    };
    assert_eq!(
        refused(json!({ "Resources": { "A": { "Type": "AWS::Logs::LogGroop" } } })),
        "ValidationError: Template format error: Unrecognized resource types: [AWS::Logs::LogGroop]"
    );
    assert_eq!(
        refused(json!({ "Resources": { "A": { "Type": "AWS::Logs::LogGroup", "Properties": { "Nome": "x" } } } })),
        "ValidationError: Properties validation failed for resource A with message:\n#: extraneous key [Nome] is not permitted"
    );
    assert_eq!(
        refused(json!({ "Resources": { "A": { "Type": "AWS::Lambda::Function" } } })),
        "ValidationError: neargate does not support these resource types yet: [AWS::Lambda::Function]"
    );
    assert!(refused(json!({ "Resources": { "A": { "Type": "Custom::Thing" } } })).contains("custom resources"));
}
