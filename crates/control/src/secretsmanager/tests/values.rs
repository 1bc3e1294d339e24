//! CreateSecret, GetSecretValue, BatchGetSecretValue, DescribeSecret.

use super::{MISSING, token};
use crate::testing::World;
use serde_json::{Value, json};

#[test]
fn a_secret_is_had_by_name_arn_and_arn_without_its_end() {
    let mut world = World::new();
    let arn = world.secret("app/db", "hunter2");
    let suffix = arn.strip_prefix("arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-").unwrap();
    assert!(suffix.len() == 6 && suffix.chars().all(|c| c.is_ascii_alphanumeric()), "{arn}");
    let partial = arn.strip_suffix(&format!("-{suffix}")).unwrap();
    for id in ["app/db", &arn, partial] {
        assert_eq!(
            world.secrets("GetSecretValue", json!({"SecretId": id})),
            json!({
                "ARN": arn, "Name": "app/db", "VersionId": token(1), "SecretString": "hunter2", "VersionStages": ["AWSCURRENT"],
                "CreatedDate": 1,
            })
        );
    }
    for id in ["app/other", &format!("{partial}-abcdef"), &arn.replace("us-east-1", "eu-west-1")] {
        assert_eq!(world.secrets_refuse("GetSecretValue", json!({"SecretId": id})), MISSING, "{id}");
    }
    assert_eq!(
        world.secrets_refuse("GetSecretValue", json!({"SecretId": "a b"})),
        "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    );
}

/// "If your secret name ends with a hyphen followed by six characters before Secrets Manager adds the hyphen and six characters …"
#[test]
fn a_name_that_looks_like_an_arns_end_is_no_other_secret() {
    let mut world = World::new();
    let short = world.secret("key", "short");
    let suffix = short.rsplit_once('-').unwrap().1.to_owned();
    let long = world.secret(&format!("key-{suffix}"), "long");
    let mut get = |id: &str| world.secrets("GetSecretValue", json!({"SecretId": id}))["SecretString"].clone();
    assert_eq!((get(&short), get(&long), get("key")), (json!("short"), json!("long"), json!("short")));
}

#[test]
fn the_same_call_again_makes_nothing_and_another_is_refused() {
    let mut world = World::new();
    let arn = world.secret("key", "a");
    assert_eq!(world.secret("key", "a"), arn);
    let exists = "ResourceExistsException: The operation failed because the secret key already exists.";
    for request in [
        json!({"Name": "key", "SecretString": "b", "ClientRequestToken": token(1)}),
        json!({"Name": "key", "SecretString": "a", "ClientRequestToken": token(2)}),
        json!({"Name": "key"}),
    ] {
        assert_eq!(world.secrets_refuse("CreateSecret", request), exists);
    }
}

#[test]
fn bytes_are_had_as_they_were_given() {
    let mut world = World::new();
    let binary = "AAEC/w==";
    let request = json!({"Name": "key", "SecretBinary": binary, "ClientRequestToken": token(1)});
    world.secrets("CreateSecret", request);
    let got = world.secrets("GetSecretValue", json!({"SecretId": "key"}));
    assert_eq!((&got["SecretBinary"], got.get("SecretString")), (&json!(binary), None));
}

#[test]
fn a_secret_without_a_value_has_none_to_give() {
    let mut world = World::new();
    let made = world.secrets("CreateSecret", json!({"Name": "key", "Description": "d"}));
    assert_eq!(made.get("VersionId"), None);
    assert_eq!(
        world.secrets_refuse("GetSecretValue", json!({"SecretId": "key"})),
        "ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
    );
    // Its first version is the current one, whatever else it is called.
    let put =
        json!({"SecretId": "key", "SecretString": "v", "ClientRequestToken": token(2), "VersionStages": ["mine"]});
    assert_eq!(world.secrets("PutSecretValue", put)["VersionStages"], json!(["AWSCURRENT", "mine"]));
}

#[test]
fn wrong_requests_are_refused_by_name() {
    let mut world = World::new();
    let create = |changes: Value| {
        let mut request = json!({"Name": "key", "SecretString": "v", "ClientRequestToken": token(1)});
        for (name, value) in changes.as_object().unwrap() {
            request[name] = value.clone();
        }
        request
    };
    for (changes, refusal) in [
        (
            json!({"Name": "a:b"}),
            "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ),
        (
            json!({"SecretBinary": "AA=="}),
            "InvalidParameterException: You can't specify both a binary secret value and a string secret value in the same secret.",
        ),
        (
            json!({"ClientRequestToken": null}),
            "InvalidRequestException: You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        ),
        (
            json!({"KmsKeyId": "alias/mine"}),
            "InvalidParameterException: KmsKeyId alias/mine does not exist: neargate has alias/aws/secretsmanager alone.",
        ),
        (
            json!({"AddReplicaRegions": [{"Region": "eu-west-1"}]}),
            "InvalidParameterException: neargate does not support AddReplicaRegions yet.",
        ),
        (json!({"Type": "x"}), "InvalidParameterException: neargate does not support Type yet."),
        (
            json!({"Tags": [{"Key": "aws:x", "Value": ""}]}),
            "InvalidParameterException: The tag key aws:x begins with aws:, which is reserved for AWS.",
        ),
    ] {
        assert_eq!(world.secrets_refuse("CreateSecret", create(changes)), refusal);
    }
    let long = world.secrets_refuse("CreateSecret", create(json!({"SecretString": "hunter2".repeat(10_000)})));
    assert_eq!(
        long,
        "ValidationException: 1 validation error detected: Value at 'secretString' failed to satisfy constraint: \
         Member must have length less than or equal to 65536"
    );
    let wide = world.secrets_refuse("CreateSecret", create(json!({"SecretString": "ä".repeat(40_000)})));
    assert_eq!(wide, "InvalidParameterException: The secret value is larger than 65536 bytes.");
    assert!(world.state.secrets.is_empty());
}

#[test]
fn what_is_said_of_a_secret_is_not_what_it_holds() {
    let mut world = World::new();
    let request = json!({
        "Name": "key", "SecretString": "hunter2", "ClientRequestToken": token(1), "Description": "d",
        "Tags": [{"Key": "team", "Value": "a"}],
    });
    let arn = world.secrets("CreateSecret", request)["ARN"].clone();
    world.now = 200_000_000;
    world.secrets("GetSecretValue", json!({"SecretId": "key"}));
    assert_eq!(
        world.secrets("DescribeSecret", json!({"SecretId": "key"})),
        json!({
            "ARN": arn, "Name": "key", "Description": "d", "LastChangedDate": 1, "LastAccessedDate": 172_800, "CreatedDate": 1,
            "Tags": [{"Key": "team", "Value": "a"}], "VersionIdsToStages": {token(1): ["AWSCURRENT"]},
        })
    );
    let records = format!("{:?}", world.state.secret_versions.iter().collect::<Vec<_>>());
    assert!(!records.contains("hunter2"), "{records}");
}

#[test]
fn a_value_that_is_read_again_the_same_day_changes_no_record() {
    let mut world = World::new();
    world.secret("key", "v");
    world.secrets("GetSecretValue", json!({"SecretId": "key"}));
    let revision = world.state.revision;
    world.secrets("GetSecretValue", json!({"SecretId": "key"}));
    assert_eq!(world.state.revision, revision);
}

#[test]
fn several_are_read_at_once() {
    let mut world = World::new();
    world.secret("a/1", "one");
    world.secret("a/2", "two");
    world.secret("b/1", "three");
    let texts = |answer: &Value| -> Vec<String> {
        let values = answer["SecretValues"].as_array().unwrap().iter();
        values.map(|value| value["SecretString"].as_str().unwrap().to_owned()).collect()
    };
    let listed = world.secrets("BatchGetSecretValue", json!({"SecretIdList": ["b/1", "nope", "a/1"]}));
    assert_eq!(texts(&listed), ["three", "one"]);
    assert_eq!(
        listed["Errors"],
        json!([{
            "SecretId": "nope", "ErrorCode": "ResourceNotFoundException",
            "Message": "Secrets Manager can't find the specified secret.",
        }])
    );
    let filters = json!([{"Key": "name", "Values": ["a/"]}]);
    let first = world.secrets("BatchGetSecretValue", json!({"Filters": filters, "MaxResults": 1}));
    let second = json!({"Filters": filters, "MaxResults": 1, "NextToken": first["NextToken"]});
    let second = world.secrets("BatchGetSecretValue", second);
    assert_eq!((texts(&first), texts(&second)), (vec!["one".to_owned()], vec!["two".to_owned()]));
    assert_eq!(
        world.secrets_refuse("BatchGetSecretValue", json!({"SecretIdList": ["a/1"], "Filters": filters})),
        "InvalidParameterException: Either 'SecretIdList' or 'Filters' must be provided, but not both."
    );
}
