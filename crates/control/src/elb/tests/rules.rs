use super::*;

/// A region with a listener, and requests for rules of it.
pub(super) struct Fixture {
    pub(super) world: World,
    pub(super) listener: String,
    pub(super) group: String,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let mut world = World::region();
        let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
        let listener = world.listener(&balancer, 80, &group);
        Self { world, listener, group }
    }

    pub(super) fn request(&self, priority: u16, conditions: Value) -> Value {
        let actions = json!([{"Type": "forward", "TargetGroupArn": self.group}]);
        json!({"ListenerArn": self.listener, "Priority": priority, "Conditions": conditions, "Actions": actions})
    }

    /// Makes a rule and returns it as it is described.
    pub(super) fn rule(&mut self, priority: u16, conditions: Value) -> Value {
        let request = self.request(priority, conditions);
        let made = self.world.elb("CreateRule", request)["Rules"][0].clone();
        let described = self.world.elb("DescribeRules", json!({"RuleArns": [made["RuleArn"]]}))["Rules"][0].clone();
        assert_eq!(made, described);
        made
    }

    /// What a rule's conditions are refused with.
    pub(super) fn refuses(&mut self, conditions: Value) -> String {
        let request = self.request(9, conditions);
        self.world.elb_refuses("CreateRule", request)
    }
}

fn paths(path: &str) -> Value {
    json!([{"Field": "path-pattern", "Values": [path]}])
}

#[test]
fn conditions_are_described_as_they_were_given() {
    let mut fixture = Fixture::new();
    let header = json!({"HttpHeaderName": "User-Agent", "Values": ["*Chrome*"]});
    let query = json!({"Values": [{"Key": "version", "Value": "v1"}, {"Value": "x"}]});
    for (n, (given, member, expected)) in [
        (json!({"Field": "path-pattern", "Values": ["/img/*"]}), "PathPatternConfig", json!({"Values": ["/img/*"]})),
        (
            json!({"Field": "host-header", "HostHeaderConfig": {"Values": ["*.example.com", "a.b"]}}),
            "HostHeaderConfig",
            json!({"Values": ["*.example.com", "a.b"]}),
        ),
        (json!({"Field": "http-header", "HttpHeaderConfig": header}), "HttpHeaderConfig", header.clone()),
        (json!({"Field": "query-string", "QueryStringConfig": query}), "QueryStringConfig", query.clone()),
        (
            json!({"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET", "X-Y_Z"]}}),
            "HttpRequestMethodConfig",
            json!({"Values": ["GET", "X-Y_Z"]}),
        ),
        (
            json!({"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8", "2001:db8::/32"]}}),
            "SourceIpConfig",
            json!({"Values": ["10.0.0.0/8", "2001:db8::/32"]}),
        ),
        (
            json!({"Field": "path-pattern", "RegexValues": ["^/v[0-9]+/"]}),
            "PathPatternConfig",
            json!({"RegexValues": ["^/v[0-9]+/"]}),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let rule = fixture.rule(n as u16 + 1, json!([given]));
        assert_eq!(rule["Conditions"][0][member], expected);
        assert_eq!(rule["Conditions"][0]["Field"], given["Field"]);
    }
    let path = &fixture.world.elb("DescribeRules", json!({"ListenerArn": fixture.listener}))["Rules"][0];
    assert_eq!(path["Conditions"][0]["Values"], json!(["/img/*"]), "both ways of saying it");
}

#[test]
fn rules_are_listed_by_their_priorities_and_can_change_places() {
    let mut fixture = Fixture::new();
    let high = fixture.rule(200, paths("/b"));
    let low = fixture.rule(30, paths("/a"));
    let order = |fixture: &mut Fixture, size: i32| {
        let mut order = Vec::new();
        let mut marker = Value::Null;
        loop {
            let request = json!({"ListenerArn": fixture.listener, "PageSize": size, "Marker": marker});
            let page = fixture.world.elb("DescribeRules", request);
            order.extend(page["Rules"].as_array().unwrap().iter().map(|rule| text(&rule["Priority"])));
            marker = page["NextMarker"].clone();
            if marker.is_null() {
                return order;
            }
        }
    };
    assert_eq!(order(&mut fixture, 400), ["30", "200", "default"]);
    assert_eq!(order(&mut fixture, 1), ["30", "200", "default"]);
    let taken = fixture.request(30, paths("/c"));
    let taken = fixture.world.elb_refuses("CreateRule", taken);
    assert_eq!(taken, "PriorityInUse: Priority '30' is currently in use");
    let mut set = |pairs: Value| fixture.world.call(&API, "SetRulePriorities", json!({ "RulePriorities": pairs }));
    let swap = json!([{"RuleArn": high["RuleArn"], "Priority": 30}, {"RuleArn": low["RuleArn"], "Priority": 200}]);
    let swapped = set(swap).unwrap();
    assert_eq!((&swapped["Rules"][0]["Priority"], &swapped["Rules"][1]["Priority"]), (&json!("30"), &json!("200")));
    let both = json!([{"RuleArn": high["RuleArn"], "Priority": 7}, {"RuleArn": low["RuleArn"], "Priority": 7}]);
    assert_eq!(set(both).unwrap_err().code, "PriorityInUse");
    let one = set(json!([{"RuleArn": high["RuleArn"], "Priority": 200}])).unwrap_err();
    assert_eq!(one.to_string(), "PriorityInUse: Priority '200' is currently in use");
    assert_eq!(order(&mut fixture, 400), ["30", "200", "default"]);
}

#[test]
fn rules_are_changed_and_deleted() {
    let mut fixture = Fixture::new();
    let arn = text(&fixture.rule(1, paths("/a"))["RuleArn"]);
    let fixed = json!([{"Type": "fixed-response", "Order": 1,
        "FixedResponseConfig": {"StatusCode": "503", "ContentType": "text/plain", "MessageBody": "later"}}]);
    let url = json!([{"Type": "url-rewrite",
        "UrlRewriteConfig": {"Rewrites": [{"Regex": "^/old/(.*)$", "Replace": "/new/$1"}]}}]);
    let change = json!({"RuleArn": arn, "Actions": fixed, "Conditions": paths("/b"), "Transforms": url});
    let changed = fixture.world.elb("ModifyRule", change)["Rules"][0].clone();
    assert_eq!(changed["Conditions"][0]["Values"], json!(["/b"]));
    assert_eq!(changed["Actions"][0]["FixedResponseConfig"], fixed[0]["FixedResponseConfig"]);
    assert_eq!(changed["Actions"][0]["Order"], 1);
    assert_eq!(changed["Transforms"][0]["UrlRewriteConfig"], url[0]["UrlRewriteConfig"]);
    let reset = fixture.world.elb("ModifyRule", json!({"RuleArn": arn, "ResetTransforms": true}));
    assert_eq!((&reset["Rules"][0]["Transforms"], &reset["Rules"][0]["Priority"]), (&json!([]), &json!("1")));
    fixture.world.elb("DeleteRule", json!({ "RuleArn": arn }));
    let gone = fixture.world.elb_refuses("DeleteRule", json!({ "RuleArn": arn }));
    assert_eq!(gone, "RuleNotFound: One or more rules not found");
    let rules = fixture.world.elb("DescribeRules", json!({"ListenerArn": fixture.listener}));
    let default = text(&rules["Rules"][0]["RuleArn"]);
    for (operation, request) in [
        ("DeleteRule", json!({ "RuleArn": default })),
        ("ModifyRule", json!({"RuleArn": default, "Conditions": paths("/")})),
        ("SetRulePriorities", json!({"RulePriorities": [{"RuleArn": default, "Priority": 1}]})),
    ] {
        let refused = fixture.world.elb_refuses(operation, request);
        assert!(refused.starts_with("OperationNotPermitted: "), "{refused}");
    }
}

#[test]
fn a_rule_can_spread_over_groups() {
    let mut fixture = Fixture::new();
    let other = fixture.world.target_group("other");
    let mut request = fixture.request(1, paths("/a"));
    let groups = json!([{"TargetGroupArn": fixture.group, "Weight": 90}, {"TargetGroupArn": other, "Weight": 10}]);
    let config = json!({"TargetGroups": groups,
        "TargetGroupStickinessConfig": {"Enabled": true, "DurationSeconds": 60}});
    request["Actions"] = json!([{"Type": "forward", "ForwardConfig": config}]);
    let action = fixture.world.elb("CreateRule", request)["Rules"][0]["Actions"][0].clone();
    assert_eq!((&action["ForwardConfig"], &action["TargetGroupArn"]), (&config, &Value::Null));
}
