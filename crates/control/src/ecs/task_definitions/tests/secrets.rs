//! `secrets` and `repositoryCredentials` of container definitions.

use super::with;
use crate::testing::World;
use serde_json::{Value, json};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf";

fn request(secrets: Value, more: &[(&str, Value)]) -> Value {
    let role = ("/executionRoleArn", json!("arn:aws:iam::123456789012:role/execution"));
    let secrets = ("/containerDefinitions/0/secrets", secrets);
    with(&[&[role, secrets], more].concat())
}

#[test]
fn every_form_registers_and_is_shown_as_it_was_given() {
    let mut world = World::new();
    let secrets = json!([
        {"name": "A", "valueFrom": "parameter"},
        {"name": "B", "valueFrom": "/path/to/parameter"},
        {"name": "C", "valueFrom": "arn:aws:ssm:us-east-1:123456789012:parameter/path/to/parameter"},
        {"name": "D", "valueFrom": SECRET},
        {"name": "E", "valueFrom": format!("{SECRET}:password::")},
        {"name": "F", "valueFrom": format!("{SECRET}:password:AWSPREVIOUS:")},
        {"name": "G", "valueFrom": format!("{SECRET}:::00000000-0000-4000-8000-000000000000")},
    ]);
    let credentials = json!({"credentialsParameter": SECRET});
    let more = [("/containerDefinitions/1/repositoryCredentials", credentials.clone())];
    world.ecs("RegisterTaskDefinition", request(secrets.clone(), &more));
    let shown = world.ecs("DescribeTaskDefinition", json!({"taskDefinition": "myapp"}));
    let shown = &shown["taskDefinition"];
    assert_eq!(shown["containerDefinitions"][0]["secrets"], secrets);
    assert_eq!(shown["containerDefinitions"][1]["repositoryCredentials"], credentials);
    let attributes = shown["requiresAttributes"].to_string();
    for attribute in [
        "ecs.capability.secrets.asm.environment-variables",
        "ecs.capability.secrets.ssm.environment-variables",
        "ecs.capability.private-registry-authentication.secretsmanager",
    ] {
        assert!(attributes.contains(attribute), "{attributes}");
    }
}

#[test]
fn what_can_be_no_secret_is_refused_in_awss_words() {
    let mut world = World::new();
    let invalid = "ClientException: The Systems Manager parameter name specified for secret A is invalid.";
    let unique = "ClientException: The secret name must be unique and not shared with any new or existing environment variables set on \
                  the container, such as 'A'.";
    let variable = ("/containerDefinitions/0/environment", json!([{"name": "A", "value": "1"}]));
    for (secrets, more, refusal) in [
        (json!([{"name": "A", "valueFrom": "app/db-AbCdEf:password::"}]), vec![], invalid),
        (json!([{"name": "A", "valueFrom": ""}]), vec![], invalid),
        (json!([{"name": "A", "valueFrom": "arn:aws:s3:::bucket/key"}]), vec![], invalid),
        (json!([{"name": "A", "valueFrom": "arn:aws:secretsmanager:x.example/:1:secret:a-AbCdEf"}]), vec![], invalid),
        (json!([{"name": "A", "valueFrom": "arn:aws:ssm:x.example/:123456789012:parameter/a"}]), vec![], invalid),
        (
            json!([{"name": "A", "valueFrom": "arn:aws:ssm:us-east-1:999999999999:parameter/a"}]),
            vec![],
            "ClientException: The Systems Manager parameter ARN has a different account ID than the current account. The current \
             account ID is 123456789012 and the ARN account ID is 999999999999. Cross-account access for ARNs is not currently \
             supported.",
        ),
        (json!([{"name": "A", "valueFrom": "x"}, {"name": "A", "valueFrom": "y"}]), vec![], unique),
        (json!([{"name": "A", "valueFrom": "x"}]), vec![variable], unique),
        (
            json!([{"name": "A", "valueFrom": "x"}]),
            vec![("/executionRoleArn", Value::Null)],
            "ClientException: When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
        ),
        (
            json!([]),
            vec![
                ("/executionRoleArn", Value::Null),
                ("/containerDefinitions/0/repositoryCredentials", json!({"credentialsParameter": SECRET})),
            ],
            "ClientException: When you are specifying container repository credentials, you must also specify a value for \
             'executionRoleArn'.",
        ),
        (
            json!([]),
            vec![("/containerDefinitions/0/repositoryCredentials", json!({"credentialsParameter": "arn:aws:s3:::b"}))],
            "ClientException: Invalid 'repositoryCredentials' setting for container 'web'.",
        ),
    ] {
        assert_eq!(world.ecs_refuses("RegisterTaskDefinition", request(secrets, &more)), refusal);
    }
}
