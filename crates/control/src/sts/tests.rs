//! STS as a client meets it.

use crate::{iam, testing::World};
use aws::api::sts::API;
use serde_json::{Value, json};

impl World {
    #[track_caller]
    fn sts(&mut self, operation: &str, request: Value) -> Value {
        self.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }
    #[track_caller]
    fn sts_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }
}

const ROLE: &str = "arn:aws:iam::123456789012:role/app";

fn assume(more: Value) -> Value {
    let mut request = json!({"RoleArn": ROLE, "RoleSessionName": "me"});
    more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
    request
}

#[test]
fn whoever_assumes_a_role_is_it() {
    let mut world = World::new();
    world.task_role("app");
    world.key = "test".to_owned();
    assert_eq!(world.sts("GetCallerIdentity", json!({}))["Arn"], "arn:aws:iam::123456789012:root");
    let answer = world.sts("AssumeRole", assume(json!({"DurationSeconds": 900, "SourceIdentity": "ann"})));
    let session = "arn:aws:sts::123456789012:assumed-role/app/me";
    assert_eq!((&answer["AssumedRoleUser"]["Arn"], &answer["SourceIdentity"]), (&json!(session), &json!("ann")));
    world.key = answer["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
    assert_eq!(world.sts("GetCallerIdentity", json!({}))["Arn"], session);
    // From a session on it is an hour at most, and the same person behind it.
    let longer = world.sts_refuses("AssumeRole", assume(json!({"DurationSeconds": 3601})));
    assert!(
        longer.starts_with("ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration"),
        "{longer}"
    );
    assert_eq!(world.sts("AssumeRole", assume(json!({})))["SourceIdentity"], "ann");
    assert!(world.sts_refuses("AssumeRole", assume(json!({"SourceIdentity": "bob"}))).starts_with("AccessDenied: "));
    assert!(world.sts_refuses("GetSessionToken", json!({})).starts_with("AccessDenied: "));
    let definition = crate::ecs::tasks::tests::definition();
    let registered = world.ecs("RegisterTaskDefinition", definition);
    assert_eq!(registered["taskDefinition"]["registeredBy"], session);
    world.now += 900_000;
    let expired = "The security token included in the request is expired";
    assert_eq!(world.sts_refuses("GetCallerIdentity", json!({})), format!("ExpiredToken: {expired}"));
    assert_eq!(world.ecs_refuses("ListClusters", json!({})), format!("ExpiredTokenException: {expired}"));
}

#[test]
fn what_can_not_be_assumed() {
    let mut world = World::new();
    let refused = world.sts_refuses("AssumeRole", assume(json!({})));
    assert_eq!(
        refused,
        format!(
            "AccessDenied: User: arn:aws:iam::123456789012:root is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        )
    );
    world.task_role("app");
    for (more, why) in [
        (json!({"RoleArn": "arn:aws:iam::123456789012:user/app"}), "ValidationError: "),
        (json!({"DurationSeconds": 4000}), "ValidationError: The requested DurationSeconds exceeds"),
        (
            json!({"SerialNumber": "arn:aws:iam::123456789012:mfa/me", "TokenCode": "123456"}),
            "AccessDenied: MultiFactor",
        ),
        (json!({"Policy": "{}"}), "MalformedPolicyDocument: "),
        (json!({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/NoSuchPolicy"}]}), "ValidationError: Policy "),
        (json!({"TransitiveTagKeys": ["none"]}), "InvalidParameterValue: The specified transitive tag key must be"),
        (json!({"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}), "InvalidParameterValue: Duplicate"),
    ] {
        let refused = world.sts_refuses("AssumeRole", assume(more));
        assert!(refused.starts_with(why), "{refused}");
    }
    let policy = iam::tests::allow("s3:*");
    let narrow = json!({"Policy": policy, "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]});
    assert!(world.sts("AssumeRole", assume(narrow))["PackedPolicySize"].as_i64().unwrap() > 0);
    let web = json!({"RoleArn": ROLE, "RoleSessionName": "me", "WebIdentityToken": "token"});
    assert!(world.sts_refuses("AssumeRoleWithWebIdentity", web).starts_with("InvalidIdentityToken: "));
}

#[test]
fn a_transitive_tag_is_not_given_again() {
    let mut world = World::new();
    world.task_role("app");
    let first = json!({"Tags": [{"Key": "Team", "Value": "a"}], "TransitiveTagKeys": ["team"]});
    let first = world.sts("AssumeRole", assume(first));
    world.key = first["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
    world.sts("AssumeRole", assume(json!({"Tags": [{"Key": "Other", "Value": "b"}]})));
    let again = world.sts_refuses("AssumeRole", assume(json!({"Tags": [{"Key": "TEAM", "Value": "a"}]})));
    assert!(
        again.starts_with("InvalidParameterValue: One of the specified transitive tag keys can't be set"),
        "{again}"
    );
}

#[test]
fn a_session_token_is_its_owner() {
    let mut world = World::new();
    world.iam("CreateUser", json!({"UserName": "ann"}));
    let key = world.iam("CreateAccessKey", json!({"UserName": "ann"}))["AccessKey"]["AccessKeyId"].clone();
    world.key = key.as_str().unwrap().to_owned();
    let made = world.sts("GetSessionToken", json!({"MinimumSessionTokenSize": 1000}))["Credentials"].clone();
    assert!(made["SessionToken"].as_str().unwrap().len() >= 1000);
    world.key = made["AccessKeyId"].as_str().unwrap().to_owned();
    let who = world.sts("GetCallerIdentity", json!({}));
    assert_eq!(who["Arn"], "arn:aws:iam::123456789012:user/ann");
    assert_eq!(world.sts("GetAccessKeyInfo", json!({"AccessKeyId": key}))["Account"], "123456789012");
}
