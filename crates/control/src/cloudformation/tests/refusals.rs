//! What calls are refused with, and what of them is asked for again.

use super::{call, group, log_groups, status};
use crate::testing::World;
use serde_json::{Value, json};

fn refused(world: &mut World, more: &[(&str, Value)], template: &Value) -> String {
    let mut request = json!({ "StackName": "s", "TemplateBody": template.to_string() });
    for (name, value) in more {
        request[*name] = value.clone();
    }
    call(world, "CreateStack", request).expect_err("refused").to_string()
}

#[test]
fn what_nobody_would_act_on_is_refused_by_name() {
    let mut world = World::new();
    let template = json!({ "Resources": { "Log": group("log") } });
    let mut waiting = template.clone();
    waiting["Resources"]["Log"]["CreationPolicy"] = json!({ "ResourceSignal": { "Count": 1 } });
    assert_eq!(
        refused(&mut world, &[], &waiting),
        "ValidationError: neargate does not support CreationPolicy yet: resource Log of AWS::Logs::LogGroup has one"
    );
    assert_eq!(
        refused(&mut world, &[("NotificationARNs", json!(["arn:aws:sns:us-east-1:123456789012:topic"]))], &template),
        "ValidationError: neargate does not support NotificationARNs yet: it has no Amazon SNS."
    );
    assert_eq!(log_groups(&world), [""; 0]);
}

#[test]
fn a_stack_acts_as_a_role_that_cloudformation_may_assume() {
    let mut world = World::new();
    let template = json!({ "Resources": { "Log": group("log") } });
    let mut role = |name: &str, service: &str| {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" }],
        });
        let request = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
        world.call(&aws::api::iam::API, "CreateRole", request).expect("made");
    };
    role("deployer", "cloudformation.amazonaws.com");
    role("task", "ecs-tasks.amazonaws.com");
    let arn = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    for wrong in ["task", "nobody"] {
        assert_eq!(
            refused(&mut world, &[("RoleARN", json!(arn(wrong)))], &template),
            format!("ValidationError: Role {} is invalid or cannot be assumed", arn(wrong))
        );
    }
    let request = json!({ "StackName": "s", "TemplateBody": template.to_string(), "RoleARN": arn("deployer") });
    call(&mut world, "CreateStack", request).expect("begun");
    assert_eq!(super::stack(&mut world, "s")["RoleARN"], json!(arn("deployer")));
}

#[test]
fn what_a_rolled_back_operation_has_made_goes_if_that_is_asked_for() {
    for (asked, left) in [(false, vec!["kept", "taken"]), (true, vec!["taken"])] {
        let mut world = World::new();
        super::create(&mut world, "other", &json!({ "Resources": { "Log": group("taken") } }));
        let mut template = json!({ "Resources": { "Kept": group("kept"), "Bad": group("taken") } });
        template["Resources"]["Kept"]["DeletionPolicy"] = json!("Retain");
        template["Resources"]["Bad"]["DependsOn"] = json!("Kept");
        let request = json!({ "StackName": "s", "TemplateBody": template.to_string(), "RetainExceptOnCreate": asked });
        call(&mut world, "CreateStack", request).expect("begun");
        assert_eq!(status(&mut world, "s"), "ROLLBACK_COMPLETE");
        assert_eq!(log_groups(&world), left);
    }
}

#[test]
fn a_failed_update_deletes_what_it_made_though_it_is_to_be_retained_once_made() {
    let mut world = World::new();
    super::create(&mut world, "other", &json!({ "Resources": { "Log": group("taken") } }));
    let mut template = json!({ "Resources": { "Old": group("old") } });
    template["Resources"]["Old"]["DeletionPolicy"] = json!("RetainExceptOnCreate");
    super::create(&mut world, "s", &template);
    template["Resources"]["New"] = group("new");
    template["Resources"]["New"]["DeletionPolicy"] = json!("RetainExceptOnCreate");
    template["Resources"]["Bad"] = group("taken");
    template["Resources"]["Bad"]["DependsOn"] = json!("New");
    super::update(&mut world, "s", &template).expect("begun");
    assert_eq!(status(&mut world, "s"), "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(log_groups(&world), ["old", "taken"]);
    call(&mut world, "DeleteStack", json!({ "StackName": "s" })).expect("begun");
    assert_eq!(log_groups(&world), ["old", "taken"], "what was made for good is retained");
}

#[test]
fn quotas_are_told() {
    let mut world = World::new();
    let told = call(&mut world, "DescribeAccountLimits", json!({})).expect("told");
    let limits = json!([{ "Name": "StackLimit", "Value": 2000 }, { "Name": "StackOutputsLimit", "Value": 200 }]);
    assert_eq!(told["AccountLimits"], limits);
}
