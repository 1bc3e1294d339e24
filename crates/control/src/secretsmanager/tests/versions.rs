//! PutSecretValue, UpdateSecret, UpdateSecretVersionStage, ListSecretVersionIds.

use super::token;
use crate::testing::World;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn stages(world: &mut World) -> Value {
    world.secrets("DescribeSecret", json!({"SecretId": "key"}))["VersionIdsToStages"].clone()
}

#[test]
fn the_current_version_becomes_the_previous_one_and_then_none() {
    let mut world = World::new();
    world.secret("key", "one");
    world.put_secret("key", "two", 2);
    assert_eq!(stages(&mut world), json!({token(1): ["AWSPREVIOUS"], token(2): ["AWSCURRENT"]}));
    world.put_secret("key", "three", 3);
    assert_eq!(stages(&mut world), json!({token(2): ["AWSPREVIOUS"], token(3): ["AWSCURRENT"]}));
    for (request, text) in [
        (json!({"SecretId": "key"}), "three"),
        (json!({"SecretId": "key", "VersionStage": "AWSPREVIOUS"}), "two"),
        (json!({"SecretId": "key", "VersionId": token(1)}), "one"),
        (json!({"SecretId": "key", "VersionId": token(2), "VersionStage": "AWSPREVIOUS"}), "two"),
    ] {
        assert_eq!(world.secrets("GetSecretValue", request)["SecretString"], text);
    }
    for (request, refusal) in [
        (
            json!({"SecretId": "key", "VersionId": token(9)}),
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for VersionId: \
             00000000-0000-4000-8000-000000000009",
        ),
        (
            json!({"SecretId": "key", "VersionStage": "nope"}),
            "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: nope",
        ),
        (
            json!({"SecretId": "key", "VersionId": token(1), "VersionStage": "AWSCURRENT"}),
            "InvalidRequestException: You provided a VersionStage that is not associated to the provided VersionId.",
        ),
    ] {
        assert_eq!(world.secrets_refuse("GetSecretValue", request), refusal);
    }
}

#[test]
fn the_same_put_again_changes_nothing() {
    let mut world = World::new();
    let arn = world.secret("key", "one");
    let first = world.put_secret("key", "two", 2);
    world.put_secret("key", "three", 3);
    let before = stages(&mut world);
    let again = world.put_secret("key", "two", 2);
    assert_eq!((&again["VersionId"], &again["ARN"]), (&first["VersionId"], &json!(arn)));
    assert_eq!(stages(&mut world), before);
    let other = json!({"SecretId": "key", "SecretString": "other", "ClientRequestToken": token(2)});
    assert_eq!(
        world.secrets_refuse("PutSecretValue", other.clone()),
        format!(
            "ResourceExistsException: You can't use ClientRequestToken {} because that value is already in use for a version of \
             secret {arn}.",
            token(2)
        )
    );
    assert!(world.secrets_refuse("UpdateSecret", other).starts_with("ResourceExistsException"));
    assert_eq!(
        world.secrets_refuse("PutSecretValue", json!({"SecretId": "key", "ClientRequestToken": token(5)})),
        "InvalidRequestException: You must provide either SecretString or SecretBinary."
    );
}

#[test]
fn an_update_changes_what_is_given() {
    let mut world = World::new();
    world.secret("key", "one");
    let answer = world.secrets("UpdateSecret", json!({"SecretId": "key", "Description": "new"}));
    assert_eq!(answer.get("VersionId"), None);
    let answer = json!({"SecretId": "key", "SecretString": "two", "ClientRequestToken": token(2)});
    assert_eq!(world.secrets("UpdateSecret", answer)["VersionId"], token(2));
    assert_eq!(world.secrets("DescribeSecret", json!({"SecretId": "key"}))["Description"], "new");
    assert_eq!(stages(&mut world), json!({token(1): ["AWSPREVIOUS"], token(2): ["AWSCURRENT"]}));
}

#[test]
fn labels_are_moved_by_naming_who_has_them() {
    let mut world = World::new();
    world.secret("key", "one");
    world.put_secret("key", "two", 2);
    let stage = |stage: &str, from: Option<u32>, to: Option<u32>| {
        json!({
            "SecretId": "key", "VersionStage": stage, "RemoveFromVersionId": from.map(token), "MoveToVersionId": to.map(token),
        })
    };
    let mut refused = |request: Value| world.secrets_refuse("UpdateSecretVersionStage", request);
    assert_eq!(
        refused(stage("AWSCURRENT", None, Some(1))),
        format!(
            "InvalidParameterException: The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently \
             attached to version {}, so you must explicitly reference that version in RemoveFromVersionId.",
            token(2)
        )
    );
    assert!(refused(stage("AWSCURRENT", Some(2), None)).contains("You can only move staging label AWSCURRENT"));
    assert!(refused(stage("AWSCURRENT", Some(1), Some(1))).contains("isn't currently attached to version"));
    assert!(refused(stage("AWSCURRENT", Some(2), Some(9))).starts_with("ResourceNotFoundException"));
    assert!(refused(stage("mine", None, None)).contains("MoveToVersionId or RemoveFromVersionId"));
    world.secrets("UpdateSecretVersionStage", stage("AWSCURRENT", Some(2), Some(1)));
    assert_eq!(stages(&mut world), json!({token(1): ["AWSCURRENT"], token(2): ["AWSPREVIOUS"]}));
    world.secrets("UpdateSecretVersionStage", stage("mine", None, Some(2)));
    world.secrets("UpdateSecretVersionStage", stage("AWSPREVIOUS", Some(2), None));
    assert_eq!(stages(&mut world), json!({token(1): ["AWSCURRENT"], token(2): ["mine"]}));
}

#[test]
fn versions_are_listed_oldest_first_and_those_without_labels_when_asked_for() {
    let mut world = World::new();
    world.secret("key", "one");
    for number in [2, 3] {
        world.now += 1_000;
        world.put_secret("key", "next", number);
    }
    let mut ids = |deprecated: bool| {
        let request = json!({"SecretId": "key", "IncludeDeprecated": deprecated, "MaxResults": 2});
        let page = world.secrets("ListSecretVersionIds", request.clone());
        let mut all = page["Versions"].as_array().unwrap().clone();
        if !page["NextToken"].is_null() {
            let mut rest = request;
            rest["NextToken"] = page["NextToken"].clone();
            all.extend(world.secrets("ListSecretVersionIds", rest)["Versions"].as_array().unwrap().clone());
        }
        all.iter().map(|version| version["VersionId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(false), [token(2), token(3)]);
    assert_eq!(ids(true), [token(1), token(2), token(3)]);
}

#[test]
fn old_versions_make_room_after_a_day_and_not_before() {
    let mut world = World::new();
    world.secret("key", "v");
    (2..=100).for_each(|number| drop(world.put_secret("key", "v", number)));
    let more = json!({"SecretId": "key", "SecretString": "v", "ClientRequestToken": token(101)});
    assert_eq!(
        world.secrets_refuse("PutSecretValue", more.clone()),
        "LimitExceededException: A secret can have at most 100 versions."
    );
    world.now += 24 * 60 * 60 * 1_000 + 1;
    world.secrets("PutSecretValue", more);
    assert_eq!(world.state.secret_versions.len(), 100);
    assert_eq!(stages(&mut world), json!({token(100): ["AWSPREVIOUS"], token(101): ["AWSCURRENT"]}));
}

proptest! {
    /// Whatever is put and moved: each label is on one version, exactly one version is current, and what was current before is previous.
    #[test]
    fn there_is_always_one_current_version(steps in prop::collection::vec((0..4u32, 0..3usize), 1..20)) {
        let mut world = World::new();
        world.secret("key", "v");
        let labels = ["AWSCURRENT", "AWSPREVIOUS", "mine"];
        for (number, (target, label)) in (2..).zip(steps) {
            let before: BTreeMap<String, Vec<String>> = serde_json::from_value(stages(&mut world)).unwrap();
            let holder = |label: &str, all: &BTreeMap<String, Vec<String>>| {
                let holders: Vec<_> = all.iter().filter(|(_, labels)| labels.iter().any(|l| l == label)).map(|(id, _)| id.clone()).collect();
                assert!(holders.len() <= 1, "{label} is on {holders:?}");
                holders.first().cloned()
            };
            if target == 0 {
                let stages = json!([labels[label]]);
                let put = json!({"SecretId": "key", "SecretString": "v", "ClientRequestToken": token(number), "VersionStages": stages});
                world.secrets("PutSecretValue", put);
            } else {
                let mut request = json!({"SecretId": "key", "VersionStage": labels[label], "MoveToVersionId": token(target)});
                if let Some(from) = holder(labels[label], &before) {
                    request["RemoveFromVersionId"] = json!(from);
                }
                // A version that never was is refused.
                let _ = world.call(&aws::api::secretsmanager::API, "UpdateSecretVersionStage", request);
            }
            let after: BTreeMap<String, Vec<String>> = serde_json::from_value(stages(&mut world)).unwrap();
            for label in labels {
                holder(label, &after);
            }
            let (was, is) = (holder("AWSCURRENT", &before), holder("AWSCURRENT", &after));
            prop_assert!(is.is_some());
            if was != is {
                prop_assert_eq!(holder("AWSPREVIOUS", &after), was);
            }
        }
    }
}
