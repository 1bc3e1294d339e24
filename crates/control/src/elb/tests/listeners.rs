use super::*;

#[test]
fn a_listener_has_a_default_rule() {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    let arn = world.listener(&balancer, 80, &group);
    assert_eq!(arn, format!("{}/{}", balancer.replace(":loadbalancer/", ":listener/"), id(&arn)));
    let found = world.elb("DescribeListeners", json!({ "LoadBalancerArn": balancer }));
    let found = &found["Listeners"][0];
    assert_eq!((&found["Port"], &found["Protocol"]), (&json!(80), &json!("HTTP")));
    let action = &found["DefaultActions"][0];
    assert_eq!((&action["Type"], &action["TargetGroupArn"]), (&json!("forward"), &json!(group)));
    assert_eq!(action["ForwardConfig"]["TargetGroups"], json!([{"TargetGroupArn": group, "Weight": 1}]));
    assert_eq!(action["ForwardConfig"]["TargetGroupStickinessConfig"]["Enabled"], json!(false));
    let rules = world.elb("DescribeRules", json!({ "ListenerArn": arn }));
    let rule = &rules["Rules"][0];
    assert_eq!((&rule["Priority"], &rule["IsDefault"]), (&json!("default"), &json!(true)));
    assert_eq!((&rule["Conditions"], &rule["Actions"][0]), (&json!([]), action));
    let start = arn.replace(":listener/", ":listener-rule/");
    assert!(text(&rule["RuleArn"]).starts_with(&format!("{start}/")));
    let certificates = world.elb("DescribeListenerCertificates", json!({ "ListenerArn": arn }));
    assert_eq!(certificates["Certificates"], json!([]));
}

#[test]
fn ports_are_for_one_listener() {
    let mut world = World::region();
    let (balancer, one, other) = (world.load_balancer("web"), world.target_group("a"), world.target_group("b"));
    let first = world.listener(&balancer, 80, &one);
    assert_eq!(world.listener(&balancer, 80, &one), first, "the same again is the same");
    let request = |port: u16, group: &str| {
        json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": port,
               "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}]})
    };
    let said = format!("DuplicateListener: A listener already exists on this port for this load balancer '{balancer}'");
    assert_eq!(world.elb_refuses("CreateListener", request(80, &other)), said);
    let second = world.listener(&balancer, 81, &other);
    assert_eq!(world.elb_refuses("ModifyListener", json!({"ListenerArn": second, "Port": 80})), said);
    world.elb("DeleteListener", json!({ "ListenerArn": first }));
    let moved = world.elb("ModifyListener", json!({"ListenerArn": second, "Port": 80}));
    assert_eq!(moved["Listeners"][0]["Port"], 80);
    let gone = world.elb_refuses("DeleteListener", json!({ "ListenerArn": first }));
    assert_eq!(gone, "ListenerNotFound: One or more listeners not found");
}

#[test]
fn the_default_action_can_be_another() {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    let arn = world.listener(&balancer, 80, &group);
    let redirect = json!([{"Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]);
    let modified = world.elb("ModifyListener", json!({"ListenerArn": arn, "DefaultActions": redirect}));
    let expected = json!({"Protocol": "HTTPS", "Port": "443", "Host": "#{host}", "Path": "/#{path}",
        "Query": "#{query}", "StatusCode": "HTTP_301"});
    assert_eq!(modified["Listeners"][0]["DefaultActions"][0]["RedirectConfig"], expected);
    world.elb("DeleteTargetGroup", json!({ "TargetGroupArn": group }));
}

#[test]
fn what_an_http_listener_is_not_is_refused() {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    let mut refuses = |change: Value| {
        let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
        let mut request =
            json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        world.elb_refuses("CreateListener", request)
    };
    let https = "ValidationError: A certificate must be specified for HTTPS listeners";
    assert_eq!(refuses(json!({"Protocol": "HTTPS"})), https);
    let tcp = "ValidationError: Listener protocol 'TCP' must be one of 'HTTP, HTTPS'";
    assert_eq!(refuses(json!({"Protocol": "TCP"})), tcp);
    assert_eq!(refuses(json!({"Port": null})), "ValidationError: A listener port must be specified");
    let policy = "InvalidConfigurationRequest: An SSL policy cannot be specifed for HTTP listeners";
    assert_eq!(refuses(json!({"SslPolicy": "ELBSecurityPolicy-2016-08"})), policy);
    let certificate = "InvalidConfigurationRequest: A certificate cannot be specified for HTTP listeners";
    assert_eq!(refuses(json!({"Certificates": [{"CertificateArn": "arn"}]})), certificate);
    let login = json!([{"Type": "authenticate-oidc"}, {"Type": "forward", "TargetGroupArn": group}]);
    let login = refuses(json!({ "DefaultActions": login }));
    let said = "InvalidConfigurationRequest: The action type 'authenticate-oidc' is not supported by neargate.";
    assert_eq!(login, said);
    let gone = group.replace("/web/", "/api/");
    let gone = refuses(json!({"DefaultActions": [{"Type": "forward", "TargetGroupArn": gone}]}));
    assert_eq!(gone, "TargetGroupNotFound: One or more target groups not found");
}

#[test]
fn groups_of_other_vpcs_and_versions_are_refused() {
    let mut world = World::region();
    let balancer = world.load_balancer("web");
    let other = text(&world.net("CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}))["vpc"]["vpcId"]);
    let own = world.home_vpc();
    let mut group = |name: &str, vpc: &str, version: &str| {
        let request = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip",
            "ProtocolVersion": version});
        text(&world.elb("CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"])
    };
    let (foreign, grpc) = (group("foreign", &other, "HTTP1"), group("grpc", &own, "GRPC"));
    let mut refuses = |group: &str| {
        let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
        let request = json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
        world.elb_refuses("CreateListener", request)
    };
    let vpc = format!(
        "InvalidConfigurationRequest: The following target groups are in a different VPC than load balancer '{balancer}': {foreign}"
    );
    assert_eq!(refuses(&foreign), vpc);
    let version = "InvalidLoadBalancerAction: Listener protocol 'HTTP' is not supported with a target group with the protocol-version 'GRPC'";
    assert_eq!(refuses(&grpc), version);
}

#[test]
fn security_policies_are_named_with_what_they_have() {
    let mut world = World::region();
    let all = world.elb("DescribeSSLPolicies", json!({}));
    assert_eq!(all["SslPolicies"].as_array().unwrap().len(), 17);
    let one = world.elb("DescribeSSLPolicies", json!({"Names": ["ELBSecurityPolicy-TLS13-1-2-Res-2021-06"]}));
    let one = &one["SslPolicies"][0];
    assert_eq!(one["SslProtocols"], json!(["TLSv1.2", "TLSv1.3"]));
    assert_eq!(one["Ciphers"].as_array().unwrap().len(), 7);
    assert_eq!(one["Ciphers"][3], json!({"Name": "ECDHE-ECDSA-AES128-GCM-SHA256", "Priority": 4}));
    let unknown = world.elb_refuses("DescribeSSLPolicies", json!({"Names": ["mine"]}));
    assert_eq!(unknown, "SSLPolicyNotFound: One or more SSL policies not found");
}
