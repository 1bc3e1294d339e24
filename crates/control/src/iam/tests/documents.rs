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
        (json!({"Version": "2020-01-01", "Statement": {"Effect": "Deny"}}).to_string(), "Syntax errors in policy."),
        (json!({"Version": "2012-10-17", "Statement": []}).to_string(), "Syntax errors in policy."),
        (
            json!({"Statement": {"Effect": "deny"}}).to_string(),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (
            json!({"Version": "2008-10-17", "Statement": {"Effect": "Deny"}}).to_string(),
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (statement(json!({"Effect": "allow"})), "The policy failed legacy parsing"),
        (statement(json!({"Effect": "Perhaps"})), "Syntax errors in policy."),
        (statement(json!({"Action": null})), "Policy statement must contain actions."),
        (
            statement(json!({"Action": "s3"})),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            statement(json!({"Action": ""})),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (statement(json!({"Action": "s 3:Get"})), "Vendor s 3 is not valid"),
        (statement(json!({"Action": "s3*:Get"})), "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards."),
        (statement(json!({"Action": "s3:Get:Object"})), "Actions/Condition can contain only one colon."),
        (statement(json!({"Action": "s3:Get:Object", "Resource": "x"})), "Resource x must be in ARN format or \"*\"."),
        (statement(json!({"Action": "s3", "Resource": []})), "Policy statement must contain resources."),
        (statement(json!({"Action": [], "Resource": null})), "Policy statement must contain actions."),
        (statement(json!({"Resource": null})), "Policy statement must contain resources."),
        (statement(json!({"Resource": ""})), "Resource  must be in ARN format or \"*\"."),
        (statement(json!({"Resource": {"a": "*"}})), "Syntax errors in policy."),
        (
            statement(json!({"Resource": "aws:s3:::bucket"})),
            "Partition \"s3\" is not valid for resource \"arn:s3:::bucket:*\".",
        ),
        (statement(json!({"Resource": "x:y"})), "Partition \"y\" is not valid for resource \"arn:y:*:*:*:*\"."),
        (
            statement(json!({"Resource": "arn:aws"})),
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (statement(json!({"Resource": "arn:aws:s3::bucket"})), "The policy failed legacy parsing"),
        (statement(json!({"Resource": "arn:aws::::bucket"})), "The policy failed legacy parsing"),
        (statement(json!({"Resource": "arn:aws:s3::bucket", "Action": null})), "The policy failed legacy parsing"),
        (
            statement(json!({"Resource": "arn:aws:s3:us-east-1::bucket"})),
            "Resource arn:aws:s3:us-east-1::bucket can not contain region information.",
        ),
        (
            statement(json!({"Resource": "arn:aws:s3::123456789012:bucket"})),
            "Resource arn:aws:s3::123456789012:bucket cannot contain an account id.",
        ),
        (
            statement(json!({"Resource": "arn:aws:route53:us-east-1::hostedzone/z"})),
            "Resource arn:aws:route53:us-east-1::hostedzone/z can not contain region information.",
        ),
        (
            statement(json!({"Resource": "arn:aws-cn:s3:::bucket"})),
            "Partition \"aws-cn\" is not valid for resource \"arn:aws-cn:s3:::bucket\".",
        ),
        (
            statement(json!({"Resource": "arn:aws:iam:us-east-1::role/a"})),
            "IAM resource arn:aws:iam:us-east-1::role/a cannot contain region information.",
        ),
        (
            statement(json!({"Resource": "arn:aws:iam:::bucket"})),
            "IAM resource path must either be \"*\", root, or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.",
        ),
        (statement(json!({"Resource": "bucket"})), "Resource bucket must be in ARN format or \"*\"."),
        (statement(json!({"Principal": "*"})), "Policy document should not specify a principal."),
        (statement(json!({"Whatever": 1})), "Syntax errors in policy."),
        (statement(json!({"NotAction": "s3:Get*"})), "Syntax errors in policy."),
        (statement(json!({"Condition": {"Sometimes": {"aws:x": "1"}}})), "Syntax errors in policy."),
        (
            statement(json!({"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}})),
            "The policy failed legacy parsing",
        ),
        (statement(json!({"Condition": {"DateLessThan": {"aws:CurrentTime": {}}}})), "Syntax errors in policy."),
        (statement(json!({"Condition": []})), "Syntax errors in policy."),
        (statement(json!({"Condition": {"NullIfExists": {"aws:x": "true"}}})), "Syntax errors in policy."),
        (statement(json!({"Condition": {"BinaryEquals": {"aws:x": "YWJj=="}}})), "Syntax errors in policy."),
        (
            statement(json!({"Condition": {"NumericLessThan": {"s3:max-keys": " 10"}}})),
            "The policy failed legacy parsing",
        ),
        (statement(json!({"Condition": {"ArnLike": {"aws:SourceArn": "nope"}}})), "The policy failed legacy parsing"),
        (
            statement(json!({"Condition": {"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "10.0.0.0/33"]}}})),
            "The policy failed legacy parsing",
        ),
        (
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": "a", "Effect": "Deny", "Action": "*", "Resource": "*"}, {"Sid": "a", "Effect": "Deny"}]})
            .to_string(),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
        (
            statement(json!({"Sid": "a b"})),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
        ),
    ] {
        let refused = world.iam_refuses("CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": document}));
        assert_eq!(refused, format!("MalformedPolicyDocument: {why}"), "{document}");
    }
}

#[test]
fn policies_that_look_wrong_and_are_not() {
    let mut world = World::new();
    for (n, more) in [
        json!({"Condition": {"ForAnyValue:StringLikeIfExists": {"aws:PrincipalTag/a": ["b", true]}}}),
        json!({"Condition": {"StringEquals": {"unprefaced": "x"}, "Whatever": {}, "DateLessThan": {"a": []}}}),
        json!({"Condition": {"NumericEquals": {"s3:max-keys": ["10", 10, "-1", "1e3"]}, "BinaryEquals": {"x": "YWJjZA=="}}}),
        json!({"Condition": {"ArnLike": {"aws:SourceArn": ["*", "arn:*:s3:::b", "arn:aws:*:*:*:*"]}}}),
        json!({"Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.5", "0.0.0.0/0", "2001:db8::/32"]}}}),
        json!({"Resource": ["arn:*:s3:::b*", "arn:aws:s3:*:*:b"]}),
        json!({"Action": "iam: some thing "}),
        json!({"Action": "s3.x:Get"}),
        json!({"Resource": "arn:aws:whatever"}),
        json!({"Resource": "arn:aws:s3:eu-west-1:123456789012:accesspoint/a"}),
        json!({"Resource": ["arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::123456789012:root", "*"]}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"});
        more.as_object().unwrap().iter().for_each(|(name, value)| statement[name] = value.clone());
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        world.iam("CreatePolicy", json!({"PolicyName": format!("p{n}"), "PolicyDocument": document}));
    }
    // Only a policy of its own needs the newer version.
    world.task_role("app");
    let old = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}).to_string();
    world.iam("PutRolePolicy", json!({"RoleName": "app", "PolicyName": "p", "PolicyDocument": old}));
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
        (
            json!({"AWS": "arn:aws:sts::123456789012:assumed-role/none/session"}),
            "Invalid principal in policy: \"AWS\":\"arn:aws:sts::123456789012:assumed-role/none/session\"",
        ),
        (json!("*"), "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\"."),
        (json!(null), "Invalid principal in policy"),
    ] {
        let refused = world.iam_refuses("CreateRole", role(principal, "sts:AssumeRole"));
        assert_eq!(refused, format!("MalformedPolicyDocument: {why}"));
    }
    for action in ["s3:GetObject", "sts:*", "*", "sts:assumerole", "sts:GetCallerIdentity"] {
        let refused = world.iam_refuses("CreateRole", role(json!({"AWS": "*"}), action));
        assert_eq!(refused, "MalformedPolicyDocument: AssumeRole policy may only specify STS AssumeRole actions.");
    }
    let many = json!({"AWS": ["123456789012", "1234-5678-9012", "arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:role/app",
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
    assert!(trusts(allow(json!({"Action": ["sts:TagSession", "sts:AssumeRole"]}))));
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
