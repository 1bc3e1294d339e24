//! Dynamic references.

use crate::{DynamicReference, DynamicService, Error, dynamic_references, resolve_dynamic};
use serde_json::{Value, json};

fn one(text: &str) -> DynamicReference {
    dynamic_references(&json!(text)).unwrap().remove(0)
}

#[test]
fn references_are_taken_apart() {
    let plain = DynamicReference {
        service: DynamicService::Ssm,
        id: "/a/b".into(),
        json_key: None,
        version_stage: None,
        version: None,
    };
    assert_eq!(one("{{resolve:ssm:/a/b}}"), plain);
    assert_eq!(one("{{resolve:ssm:/a/b:12}}"), DynamicReference { version: Some("12".into()), ..plain.clone() });
    assert_eq!(
        one("{{resolve:ssm-secure:/a/b}}"),
        DynamicReference { service: DynamicService::SsmSecure, ..plain.clone() }
    );
    let secret = DynamicReference { service: DynamicService::SecretsManager, id: "db".into(), ..plain };
    assert_eq!(one("{{resolve:secretsmanager:db}}"), secret);
    assert_eq!(one("{{resolve:secretsmanager:db:SecretString}}"), secret);
    let password = DynamicReference { json_key: Some("password".into()), ..secret.clone() };
    assert_eq!(one("{{resolve:secretsmanager:db:SecretString:password}}"), password);
    assert_eq!(one("{{resolve:secretsmanager:db:SecretString:password::}}"), password);
    let staged = DynamicReference { version_stage: Some("AWSPREVIOUS".into()), ..password.clone() };
    assert_eq!(one("{{resolve:secretsmanager:db:SecretString:password:AWSPREVIOUS}}"), staged);
    let arn = "arn:aws:secretsmanager:us-east-1:012345678901:secret:db-AbCdEf";
    let version = DynamicReference { id: arn.into(), version: Some("v-1".into()), ..secret };
    assert_eq!(one(&format!("{{{{resolve:secretsmanager:{arn}:SecretString:::v-1}}}}")), version);
}

#[test]
fn what_is_found_is_put_in_their_place() {
    let value = json!({"Url": "db://{{resolve:ssm:/user}}:{{resolve:secretsmanager:db:SecretString:password}}@host", "Other": ["{{x}}", 1]});
    let found = resolve_dynamic(&value, &mut |reference| Ok(format!("<{}>", reference.id))).unwrap();
    assert_eq!(found, json!({"Url": "db://</user>:<db>@host", "Other": ["{{x}}", 1]}));
    // What is found is not looked through again, and what is not closed is text.
    let again =
        resolve_dynamic(&json!("{{resolve:ssm:a}} {{resolve:ssm:"), &mut |_| Ok("{{resolve:ssm:b}}".into())).unwrap();
    assert_eq!(again, json!("{{resolve:ssm:b}} {{resolve:ssm:"));
    let missing = resolve_dynamic(&json!("{{resolve:ssm:a}}"), &mut |_| Err(Error::new("not there"))).unwrap_err();
    assert_eq!(missing.to_string(), "not there");
}

#[test]
fn what_is_no_reference_is_refused() {
    for text in [
        "resolve:s3:a",
        "resolve:ssm:",
        "resolve:ssm:a:b",
        "resolve:ssm",
        "resolve:secretsmanager:a:SecretBinary",
        "resolve:secretsmanager:a:SecretString:k:AWSCURRENT:v",
        "resolve:secretsmanager:arn:aws:short",
    ] {
        let error = dynamic_references(&json!(format!("{{{{{text}}}}}"))).unwrap_err().to_string();
        assert_eq!(error, format!("Incorrect format is used in the following dynamic reference: [{text}]"));
    }
}

#[test]
fn what_is_found_is_bounded() {
    let value = Value::String("{{resolve:ssm:a}}".repeat(1_000));
    let error = resolve_dynamic(&value, &mut |_| Ok("x".repeat(65_536))).unwrap_err();
    assert_eq!(error.to_string(), "dynamic references come to more than 16000000 bytes");
}
