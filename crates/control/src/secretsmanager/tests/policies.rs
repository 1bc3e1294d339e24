//! Resource policies, and rotation, which there is none of.

use crate::testing::World;
use serde_json::{Value, json};

fn policy(principal: Value) -> String {
    let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "secretsmanager:*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

#[test]
fn a_policy_is_kept_as_it_was_given() {
    let mut world = World::new();
    let arn = world.secret("key", "v");
    let none = json!({"ARN": arn, "Name": "key"});
    assert_eq!(world.secrets("GetResourcePolicy", json!({"SecretId": "key"})), none);
    let text = policy(json!({"AWS": "arn:aws:iam::123456789012:root"}));
    assert_eq!(world.secrets("PutResourcePolicy", json!({"SecretId": "key", "ResourcePolicy": text})), none);
    assert_eq!(world.secrets("GetResourcePolicy", json!({"SecretId": "key"}))["ResourcePolicy"], text);
    world.secrets("DeleteResourcePolicy", json!({"SecretId": "key"}));
    assert_eq!(world.secrets("GetResourcePolicy", json!({"SecretId": "key"})), none);
}

#[test]
fn what_is_no_policy_or_lets_anybody_in_is_refused() {
    let mut world = World::new();
    world.secret("key", "v");
    let put = |policy: &str| json!({"SecretId": "key", "ResourcePolicy": policy, "BlockPublicPolicy": true});
    for text in ["{", "[]", r#"{"Statement": []}"#, r#"{"Statement": {"Effect": "Allow", "Action": "*"}}"#] {
        let refused = world.secrets_refuse("PutResourcePolicy", put(text));
        assert!(refused.starts_with("MalformedPolicyDocumentException: This resource policy contains a syntax error"));
        let checked = world.secrets("ValidateResourcePolicy", json!({"ResourcePolicy": text}));
        assert_eq!(
            (&checked["PolicyValidationPassed"], checked["ValidationErrors"].as_array().unwrap().len()),
            (&json!(false), 1)
        );
    }
    for everybody in [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["*"]})] {
        let refused = world.secrets_refuse("PutResourcePolicy", put(&policy(everybody)));
        assert!(refused.starts_with("PublicPolicyException"), "{refused}");
    }
    let right = policy(json!({"Service": "ecs-tasks.amazonaws.com"}));
    let checked = world.secrets("ValidateResourcePolicy", json!({"SecretId": "key", "ResourcePolicy": right}));
    assert_eq!(checked, json!({"PolicyValidationPassed": true, "ValidationErrors": []}));
}

#[test]
fn nothing_rotates() {
    let mut world = World::new();
    world.secret("key", "v");
    let refused = world.secrets_refuse("CancelRotateSecret", json!({"SecretId": "key"}));
    assert!(refused.starts_with("InvalidRequestException: You tried to enable rotation on a secret"), "{refused}");
    assert_eq!(
        world.secrets_refuse("RotateSecret", json!({"SecretId": "key"})),
        "NotImplemented: RotateSecret is not implemented."
    );
}
