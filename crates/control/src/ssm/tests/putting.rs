//! PutParameter: what may be put, and what is said to the rest.

use crate::testing::World;
use serde_json::{Value, json};

/// A request with members changed or, where null, taken out.
fn request(changes: Value) -> Value {
    let mut request = json!({"Name": "/app/key", "Value": "v", "Type": "String"});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(request.as_object_mut().unwrap().remove(name)),
            value => request[name] = value.clone(),
        }
    }
    request
}

#[test]
fn versions_count_up_and_a_deleted_parameter_starts_anew() {
    let mut world = World::new();
    assert_eq!(world.put_parameter("/app/key", "a"), json!({"Version": 1, "Tier": "Standard"}));
    assert_eq!(world.put_parameter("/app/key", "b"), json!({"Version": 2, "Tier": "Standard"}));
    world.ssm("DeleteParameter", json!({"Name": "/app/key"}));
    assert_eq!(world.put_parameter("/app/key", "c")["Version"], 1);
    let history = world.ssm("GetParameterHistory", json!({"Name": "/app/key"}));
    assert_eq!(history["Parameters"].as_array().unwrap().len(), 1);
}

#[test]
fn wrong_requests_are_refused_in_awss_words() {
    let long = "x".repeat(1011);
    let deep = "/a".repeat(16);
    let path = "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths \
                divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_";
    let reserved = "ValidationException: Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";
    let mut world = World::new();
    for (changes, refusal) in [
        (json!({"Name": "app/key"}), "ValidationException: Parameter name must be a fully qualified name".to_owned()),
        (json!({"Name": "a b"}), format!("ValidationException: {path}")),
        (json!({"Name": "/a//b"}), format!("ValidationException: {path}")),
        (json!({"Name": "/a/"}), "ValidationException: Parameter name must not end with slash.".to_owned()),
        (json!({"Name": "AwsKey"}), reserved.to_owned()),
        (json!({"Name": "/ssm-key"}), reserved.to_owned()),
        (json!({"Name": "/ssm/key"}), format!("ValidationException: {path}")),
        (
            json!({"Name": "/aws/service/x"}),
            "AccessDeniedException: No access to reserved parameter name: /aws/service/x.".to_owned(),
        ),
        (
            json!({"Name": deep}),
            "HierarchyLevelLimitExceededException: A hierarchy can have a maximum of 15 levels.".to_owned(),
        ),
        (
            json!({"Name": long}),
            format!(
                "AccessDeniedException: User: arn:aws:iam::123456789012:root is not authorized to perform: ssm:PutParameter on \
                 resource: arn:aws:ssm:us-east-1:123456789012:parameter/{long}"
            ),
        ),
        (
            json!({"Type": null}),
            "ValidationException: A parameter type is required when you create a parameter.".to_owned(),
        ),
        (
            json!({"DataType": "Text"}),
            "ValidationException: The following data type is not supported: Text (Data type names are all lowercase.)".to_owned(),
        ),
        (
            json!({"DataType": "aws:ec2:image"}),
            "ValidationException: neargate does not support DataType aws:ec2:image yet.".to_owned(),
        ),
        (json!({"Policies": "[]"}), "ValidationException: neargate does not support Policies yet.".to_owned()),
        (
            json!({"KeyId": "alias/aws/ssm"}),
            "ValidationException: KeyId is required for SecureString type parameter only.".to_owned(),
        ),
        (
            json!({"Type": "SecureString", "KeyId": "alias/mine"}),
            "InvalidKeyId: KeyId alias/mine does not exist: neargate has alias/aws/ssm alone.".to_owned(),
        ),
        (
            json!({"Value": "{{ssm:other}}"}),
            "ValidationException: Parameter value: '{{ssm:other}}' failed to satisfy constraint: Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.".to_owned(),
        ),
        (
            json!({"Value": "10,000", "AllowedPattern": r"\d{1,4}"}),
            r"ParameterPatternMismatchException: Parameter value, cannot be validated against allowedPattern: \d{1,4}".to_owned(),
        ),
        (
            json!({"AllowedPattern": "("}),
            "InvalidAllowedPatternException: The allowedPattern ( is not a regular expression that can be used.".to_owned(),
        ),
        (
            json!({"Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}),
            "ValidationException: Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
             remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."
                .to_owned(),
        ),
    ] {
        assert_eq!(world.ssm_refuses("PutParameter", request(changes)), refusal);
    }
    assert!(world.state.parameters.is_empty() && world.state.parameter_versions.is_empty());
}

#[test]
fn what_is_there_is_replaced_only_when_asked_for() {
    let mut world = World::new();
    world.put_parameter("/app/key", "a");
    assert_eq!(
        world.ssm_refuses("PutParameter", request(json!({}))),
        "ParameterAlreadyExists: The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
    );
    // The slash in front makes no other name: the ARN is the same.
    assert!(world.put_parameter("top", "a").is_object());
    assert!(world.ssm_refuses("PutParameter", request(json!({"Name": "/top"}))).starts_with("ParameterAlreadyExists"));
}

#[test]
fn a_type_never_changes_in_a_hierarchy() {
    let mut world = World::new();
    world.put_parameter("/app/key", "a");
    world.put_parameter("top", "a");
    let secure = json!({"Type": "SecureString", "Overwrite": true});
    assert!(world.ssm_refuses("PutParameter", request(secure.clone())).starts_with("HierarchyTypeMismatchException"));
    let mut top = request(secure);
    top["Name"] = json!("top");
    assert_eq!(world.ssm("PutParameter", top)["Version"], 2);
}

#[test]
fn what_an_overwrite_leaves_out_stays() {
    let mut world = World::new();
    world.ssm(
        "PutParameter",
        request(json!({
            "Type": "SecureString", "Description": "d", "AllowedPattern": "[a-z]+", "Tier": "Advanced",
            "Tags": [{"Key": "team", "Value": "a"}],
        })),
    );
    world.ssm("PutParameter", json!({"Name": "/app/key", "Value": "w", "Overwrite": true}));
    let shown = &world.ssm("DescribeParameters", json!({}))["Parameters"][0];
    assert_eq!(
        (&shown["Description"], &shown["AllowedPattern"], &shown["Tier"], &shown["Type"], &shown["Version"]),
        (&json!("d"), &json!("[a-z]+"), &json!("Advanced"), &json!("SecureString"), &json!(2))
    );
    let tags = world.ssm("ListTagsForResource", json!({"ResourceType": "Parameter", "ResourceId": "/app/key"}));
    assert_eq!(tags, json!({"TagList": [{"Key": "team", "Value": "a"}]}));
    let refused = world.ssm_refuses("PutParameter", json!({"Name": "/app/key", "Value": "9", "Overwrite": true}));
    assert!(refused.starts_with("ParameterPatternMismatchException"), "{refused}");
}

#[test]
fn tiers_hold_what_they_hold_and_never_go_back() {
    let mut world = World::new();
    let mut put = |name: &str, tier: Value, size: usize| {
        let value = "x".repeat(size);
        let asked = json!({"Name": name, "Value": value, "Type": "String", "Tier": tier, "Overwrite": true});
        world.call(&aws::api::ssm::API, "PutParameter", asked).map(|answer| answer["Tier"].clone())
    };
    let refused = |answer: Result<Value, aws::fault::Fault>| answer.unwrap_err().to_string();
    assert_eq!(put("a", Value::Null, 4096).unwrap(), "Standard");
    assert!(refused(put("a", Value::Null, 4097)).starts_with(
        "ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger"
    ));
    assert_eq!(put("b", json!("Intelligent-Tiering"), 10).unwrap(), "Standard");
    assert_eq!(put("b", json!("Intelligent-Tiering"), 4097).unwrap(), "Advanced");
    assert_eq!(put("b", json!("Intelligent-Tiering"), 10).unwrap(), "Advanced");
    assert_eq!(put("b", Value::Null, 10).unwrap(), "Advanced");
    assert!(refused(put("b", json!("Standard"), 10)).contains("You can't downgrade a parameter"));
    assert_eq!(put("b", Value::Null, 8192).unwrap(), "Advanced");
    assert!(refused(put("b", Value::Null, 8193)).contains("maximum parameter value of 8192"));
}

#[test]
fn a_hundred_versions_are_kept_and_the_oldest_goes_unless_it_has_a_label() {
    let mut world = World::new();
    for n in 0..101 {
        world.put_parameter("key", &n.to_string());
    }
    assert_eq!(world.state.parameter_versions.len(), 100);
    assert!(world.ssm_refuses("GetParameter", json!({"Name": "key:1"})).starts_with("ParameterVersionNotFound"));
    world.ssm("LabelParameterVersion", json!({"Name": "key", "ParameterVersion": 2, "Labels": ["keep"]}));
    assert_eq!(
        world.ssm_refuses("PutParameter", json!({"Name": "key", "Value": "x", "Overwrite": true})),
        "ParameterMaxVersionLimitExceeded: You attempted to create a new version of key by calling the PutParameter API with the \
         overwrite flag. Version 2, the oldest version, can't be deleted because it has a label associated with it. Move the label \
         to another version of the parameter, and try again."
    );
    assert_eq!(world.ssm("GetParameter", json!({"Name": "key"}))["Parameter"]["Version"], 101);
}

#[test]
fn an_empty_value_is_refused() {
    let mut world = World::new();
    let refused = world.ssm_refuses("PutParameter", request(json!({"Value": ""})));
    assert!(refused.starts_with("ValidationException: 1 validation error detected: Value at 'value'"), "{refused}");
}
