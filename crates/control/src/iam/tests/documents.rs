use super::*;
use crate::iam::document::trusts;

#[test]
fn policies_that_say_nothing_right_are_refused() {
    let mut world = World::new();
    let statement = |more: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        for (name, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(statement.as_object_mut().unwrap().remove(name)),
                value => statement[name] = value.clone(),
            }
        }
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    for (document, why) in [
        ("{".to_owned(), "Syntax errors in policy."),
        ("[]".to_owned(), "Syntax errors in policy."),
        (json!({"Version": "2012-10-17"}).to_string(), "Syntax errors in policy."),
        (
            json!({"Version": "2020-01-01", "Statement": []}).to_string(),
            "The policy must contain a valid version string",
        ),
        (statement(json!({"Effect": "allow"})), "Syntax errors in policy."),
        (statement(json!({"Action": null})), "Policy statement must contain actions."),
        (
            statement(json!({"Action": "s3"})),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (statement(json!({"Resource": null})), "Policy statement must contain resources."),
        (statement(json!({"Resource": "bucket"})), "Resource bucket must be in ARN format or \"*\"."),
        (statement(json!({"Principal": "*"})), "Policy document should not specify a principal."),
        (statement(json!({"Whatever": 1})), "Syntax errors in policy."),
        (statement(json!({"NotAction": "s3:Get*"})), "Syntax errors in policy."),
        (statement(json!({"Condition": {"Sometimes": {"aws:x": "1"}}})), "Invalid Condition type : Sometimes"),
        (
            statement(json!({"Sid": "a b"})),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
    ] {
        let refused = world.iam_refuses("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": document}));
        assert_eq!(refused, format!("MalformedPolicyDocument: {why}"), "{document}");
    }
    let right =
        statement(json!({"Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalTag/a": ["b", true]}}}));
    world.iam("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": right}));
}

#[test]
fn trust_policies_name_who_there_is() {
    let mut world = World::new();
    world.task_role("app");
    let role = |principal: Value, action: &str| {
        let statement = json!([{"Effect": "Allow", "Principal": principal, "Action": action}]);
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        json!({"RoleName": "new", "AssumeRolePolicyDocument": document})
    };
    for (principal, why) in [
        (json!({"Service": "ecs-tasks"}), "Invalid principal in policy: \"SERVICE\":\"ecs-tasks\""),
        (
            json!({"AWS": "arn:aws:iam::123456789012:role/none"}),
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/none\"",
        ),
        (json!({"Somebody": "x"}), "Unsupported principal type Somebody"),
        (json!(null), "Invalid principal in policy"),
    ] {
        let refused = world.iam_refuses("CreateRole", role(principal, "sts:AssumeRole"));
        assert_eq!(refused, format!("MalformedPolicyDocument: {why}"));
    }
    let refused = world.iam_refuses("CreateRole", role(json!("*"), "s3:GetObject"));
    assert_eq!(refused, "MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions.");
    let many = json!({"AWS": ["123456789012", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/app",
        "arn:aws:iam::999999999999:role/any"], "Service": "ecs-tasks.amazonaws.com"});
    world.iam("CreateRole", role(many, "sts:AssumeRole"));
}

#[test]
fn a_service_is_trusted_as_the_policy_says() {
    let trusts = |statement: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let task = "arn:aws:ecs:us-east-1:123456789012:task/default/0";
        trusts(&document, "ecs-tasks.amazonaws.com", "123456789012", task)
    };
    let allow = |more: Value| {
        let mut allow =
            json!({"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"});
        more.as_object().unwrap().iter().for_each(|(name, value)| allow[name] = value.clone());
        allow
    };
    let when = |operator: &str, key: &str, value: &str| json!({"Condition": {operator: {key: value}}});
    assert!(trusts(allow(json!({}))));
    assert!(trusts(allow(json!({"Action": ["sts:TagSession", "sts:*"]}))));
    assert!(trusts(allow(json!({"Principal": {"Service": ["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"]}}))));
    assert!(trusts(allow(when("ArnLike", "aws:SourceArn", "arn:aws:ecs:us-east-1:123456789012:*"))));
    assert!(trusts(allow(when("StringEquals", "AWS:SourceAccount", "123456789012"))));
    assert!(!trusts(allow(json!({"Principal": {"Service": "ecs.amazonaws.com"}}))));
    assert!(!trusts(allow(json!({"Principal": {"AWS": "*"}}))));
    assert!(!trusts(allow(json!({"Action": "sts:TagSession"}))));
    assert!(!trusts(allow(when("StringEquals", "aws:SourceAccount", "999999999999"))));
    assert!(!trusts(allow(when("ArnLike", "aws:SourceArn", "arn:aws:ecs:eu-west-1:*"))));
    assert!(!trusts(allow(when("StringEquals", "aws:PrincipalTag/x", "y"))), "what is not known does not hold");
    assert!(!trusts(json!([allow(json!({})), allow(json!({"Effect": "Deny"}))])), "a denial wins");
    for (key, value) in [("aws:PrincipalOrgID", "o-1"), ("aws:SourceAccount", "999999999999")] {
        let mut deny = when("StringNotEquals", key, value);
        deny["Effect"] = json!("Deny");
        assert!(!trusts(json!([allow(json!({})), allow(deny)])), "{key}: what is not there is not equal");
    }
}
