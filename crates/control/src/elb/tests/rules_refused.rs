use super::{rules::Fixture, *};

#[test]
fn conditions_are_refused_in_aws_words() {
    let mut fixture = Fixture::new();
    let paths = |count: usize| json!((0..count).map(|n| format!("/{n}")).collect::<Vec<_>>());
    let regex = json!(["^/a"]);
    for (conditions, said) in [
        (json!([]), "A condition must be specified"),
        (
            json!([{"Field": "header", "Values": ["x"]}]),
            "Condition field 'header' must be one of 'http-header,http-request-method,host-header,query-string,path-pattern,source-ip'",
        ),
        (
            json!([{"Field": "host-header", "Values": ["a.b"]}, {"Field": "host-header", "Values": ["c.d"]}]),
            "A rule can only have one 'host-header' condition",
        ),
        (
            json!([{"Field": "path-pattern", "Values": paths(3)},
                   {"Field": "host-header", "Values": ["a.b", "c.d", "e.f"]}]),
            "A rule can only have '5' condition values and regex values",
        ),
        (
            json!([{"Field": "host-header"}]),
            "For conditions of type 'host-header', you must specify the following fields: 'Values or RegexValues or HostHeaderConfig'",
        ),
        (
            json!([{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"], "RegexValues": regex}}]),
            "You must provide exactly one of the following: ['Values' 'RegexValues'] for config of type 'PathPatternConfig'",
        ),
        (
            json!([{"Field": "path-pattern", "PathPatternConfig": {}}]),
            "You must provide exactly one of the following: ['Values' 'RegexValues'] for config of type 'PathPatternConfig'",
        ),
        (
            json!([{"Field": "source-ip", "RegexValues": regex}]),
            "'RegexValues' is not supported for a condition of type 'source-ip'",
        ),
        (
            json!([{"Field": "path-pattern", "Values": [format!("/{}", "a".repeat(128))]}]),
            "Condition value for 'path-pattern' cannot contain more than 128 characters",
        ),
        (
            json!([{"Field": "host-header", "Values": ["example"]}]),
            "Condition value 'example' contains a character that is not valid",
        ),
        (
            json!([{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.1"]}}]),
            "The specified value '10.0.0.1' is not a valid CIDR block",
        ),
        (
            json!([{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "a".repeat(41), "Values": ["x"]}}]),
            "Condition value for 'http-header' cannot contain more than 40 characters",
        ),
    ] {
        assert_eq!(fixture.refuses(conditions), format!("ValidationError: {said}"));
    }
    let wildcards = json!([{"Field": "path-pattern", "Values": ["/*/*/*", "/*/*/*/*"]}]);
    assert!(fixture.refuses(wildcards).starts_with("ValidationError: A rule can only have '6' condition wildcards"));
}

#[test]
fn actions_are_refused_in_aws_words() {
    let mut fixture = Fixture::new();
    let other = fixture.world.target_group("other");
    let group = fixture.group.clone();
    let forward = |groups: Value| json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]);
    let weighed = |weight: i32| forward(json!([{"TargetGroupArn": group, "Weight": weight}]));
    let sticky = |config: Value| {
        json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group}],
            "TargetGroupStickinessConfig": config}}])
    };
    let fixed = |config: Value| json!([{"Type": "fixed-response", "FixedResponseConfig": config}]);
    let redirect = json!({"Type": "redirect", "Order": 1, "RedirectConfig": {"StatusCode": "HTTP_301", "Port": "1"}});
    let six: Vec<Value> = (0..6).map(|_| json!({"TargetGroupArn": group, "Weight": 1})).collect();
    for (actions, said) in [
        (forward(json!(six)), "You cannot specify more than 5 target groups per action"),
        (
            json!([{"Type": "forward", "TargetGroupArn": other,
                    "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group}]}}]),
            "You can specify both a target group list and a top-level target group ARN only if the ARNs match",
        ),
        (weighed(1000), "The weight for the target group must be between 1 and 999, inclusive"),
        (
            forward(json!([{"TargetGroupArn": group}, {"TargetGroupArn": other, "Weight": 1}])),
            "The weight for each target group must be between 0 and 999, inclusive",
        ),
        (sticky(json!({"Enabled": true})), "You must provide a duration when enabling target group stickiness"),
        (
            sticky(json!({"Enabled": true, "DurationSeconds": 604_801})),
            "Target group stickiness duration must be between 1 and 604800 seconds",
        ),
        (
            json!([{"Type": "fixed-response"}]),
            "For actions of type 'fixed-response', you must specify the following fields: 'FixedResponseConfig'",
        ),
        (
            fixed(json!({"StatusCode": "200", "ContentType": "text/xml"})),
            "The ContentType must be one of:'text/html', 'application/json', 'application/javascript', 'text/css', 'text/plain'.",
        ),
        (
            json!([redirect, {"Type": "fixed-response", "Order": 2, "FixedResponseConfig": {"StatusCode": "200"}}]),
            "Action types 'redirect,fixed-response' cannot be specified together",
        ),
        (
            json!([redirect, {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]),
            "When you specify multiple actions, you must specify an order for each action",
        ),
    ] {
        let mut request = fixture.request(1, json!([{"Field": "path-pattern", "Values": ["/"]}]));
        request["Actions"] = actions;
        assert_eq!(fixture.world.elb_refuses("CreateRule", request), format!("ValidationError: {said}"));
    }
    let mut request = fixture.request(1, json!([{"Field": "path-pattern", "Values": ["/"]}]));
    request["Actions"] = fixed(json!({"StatusCode": "302"}));
    let status = fixture.world.elb_refuses("CreateRule", request);
    assert!(status.contains("Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$"), "{status}");
}

#[test]
fn the_101st_rule_is_one_too_many() {
    let mut fixture = Fixture::new();
    for n in 1..=100 {
        let request = fixture.request(n, json!([{"Field": "path-pattern", "Values": [format!("/{n}")]}]));
        fixture.world.elb("CreateRule", request);
    }
    let request = fixture.request(101, json!([{"Field": "path-pattern", "Values": ["/"]}]));
    let refused = fixture.world.elb_refuses("CreateRule", request);
    assert_eq!(refused, "TooManyRules: The maximum number of rules has been reached");
}
