use super::*;

#[test]
fn a_group_has_the_defaults_of_an_application_load_balancers() {
    let mut world = World::region();
    let vpc = world.home_vpc();
    let arn = world.target_group("web");
    let found = world.elb("DescribeTargetGroups", json!({"Names": ["web"]}));
    let mut expected = json!({
        "TargetGroupArn": arn, "TargetGroupName": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc,
        "HealthCheckProtocol": "HTTP", "HealthCheckPort": "traffic-port", "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": 30, "HealthCheckTimeoutSeconds": 5, "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2, "HealthCheckPath": "/", "Matcher": {"HttpCode": "200"}, "LoadBalancerArns": [],
        "TargetType": "ip", "ProtocolVersion": "HTTP1", "IpAddressType": "ipv4"});
    assert_eq!(found["TargetGroups"][0], expected);
    assert_eq!(arn, format!("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/{}", id(&arn)));
    let (balancer, modified) = (
        world.load_balancer("web"),
        json!({"TargetGroupArn": arn, "HealthCheckPath": "/up",
        "HealthCheckPort": "8080", "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2,
        "HealthyThresholdCount": 2, "Matcher": {"HttpCode": "200-299,401"}}),
    );
    world.listener(&balancer, 80, &arn);
    let modified = world.elb("ModifyTargetGroup", modified);
    let changes = [
        ("HealthCheckPath", json!("/up")),
        ("HealthCheckPort", json!("8080")),
        ("HealthCheckIntervalSeconds", json!(5)),
        ("HealthCheckTimeoutSeconds", json!(2)),
        ("HealthyThresholdCount", json!(2)),
        ("Matcher", json!({"HttpCode": "200-299,401"})),
        ("LoadBalancerArns", json!([balancer])),
    ];
    changes.into_iter().for_each(|(member, value)| expected[member] = value);
    assert_eq!(modified["TargetGroups"][0], expected);
    let of = world.elb("DescribeTargetGroups", json!({ "LoadBalancerArn": balancer }));
    assert_eq!(of["TargetGroups"][0], expected);
}

#[test]
fn an_empty_protocol_version_is_none() {
    let mut world = World::region();
    let vpc = world.home_vpc();
    let request =
        json!({"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip", "ProtocolVersion": ""});
    let made = world.elb("CreateTargetGroup", request);
    assert_eq!(made["TargetGroups"][0]["ProtocolVersion"], "HTTP1");
}

#[test]
fn a_group_of_instances_has_no_targets_as_there_are_no_instances() {
    let mut world = World::region();
    let vpc = world.home_vpc();
    let request = json!({"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc});
    let made = world.elb("CreateTargetGroup", request)["TargetGroups"][0].clone();
    assert_eq!(made["TargetType"], "instance");
    let balancer = world.load_balancer("web");
    world.listener(&balancer, 80, &text(&made["TargetGroupArn"]));
    for (id, said) in [
        ("i-0123456789abcdef0", "InvalidTarget: The following instances do not exist: 'i-0123456789abcdef0'"),
        ("10.0.0.1", "ValidationError: Instance ID '10.0.0.1' is not valid"),
    ] {
        let targets = json!({ "TargetGroupArn": made["TargetGroupArn"], "Targets": [{ "Id": id }] });
        assert_eq!(world.elb_refuses("RegisterTargets", targets), said);
    }
}

#[test]
fn what_can_not_be_is_refused_in_aws_words() {
    let mut world = World::region();
    let vpc = world.home_vpc();
    let mut refuses = |change: Value| {
        let mut request = json!({"Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"});
        request.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        world.elb_refuses("CreateTargetGroup", request)
    };
    let lambda = "InvalidConfigurationRequest: The target type 'lambda' is not supported by neargate.";
    assert_eq!(refuses(json!({"TargetType": "lambda"})), lambda);
    let protocol = "ValidationError: A target group of type 'ip' must have a protocol and a port";
    assert_eq!(refuses(json!({"Protocol": null})), protocol);
    assert_eq!(refuses(json!({"Port": null})), protocol);
    let quic = "InvalidConfigurationRequest: The target group protocol 'QUIC' is not supported by neargate.";
    assert_eq!(refuses(json!({"Protocol": "QUIC"})), quic);
    assert_eq!(refuses(json!({"VpcId": null})), "ValidationError: A VPC ID must be specified");
    assert_eq!(refuses(json!({"VpcId": "vpc-0a"})), "ValidationError: The VPC ID 'vpc-0a' is not found");
    let version = "ValidationError: Target group protocol version 'HTTP/2' must be one of '[HTTP2, HTTP1, GRPC]'";
    assert_eq!(refuses(json!({"ProtocolVersion": "HTTP/2"})), version);
    let timeout = "ValidationError: Health check timeout '5' must be smaller than the interval '5'";
    assert_eq!(refuses(json!({"HealthCheckIntervalSeconds": 5})), timeout);
    let check = "ValidationError: Health check protocol 'TCP' must be one of 'HTTP, HTTPS'";
    assert_eq!(refuses(json!({"HealthCheckProtocol": "TCP"})), check);
    let enabled = "ValidationError: Health check enabled must be true for target groups with target type 'ip'";
    assert_eq!(refuses(json!({"HealthCheckEnabled": false})), enabled);
    let grpc = "ValidationError: Health check matcher HTTP code cannot be empty";
    assert_eq!(refuses(json!({"Matcher": {"GrpcCode": "12"}})), grpc);
    let threshold = refuses(json!({"HealthyThresholdCount": 11}));
    assert!(
        threshold.starts_with("ValidationError: 1 validation error detected: Value '11' at 'healthyThresholdCount'")
    );
    let name = "a".repeat(33);
    let long = format!("ValidationError: Target group name '{name}' cannot be longer than '32' characters");
    assert_eq!(refuses(json!({ "Name": name })), long);
}

#[test]
fn the_same_again_is_the_same_and_another_is_refused() {
    let mut world = World::region();
    let arn = world.target_group("web");
    assert_eq!(world.target_group("web"), arn);
    let vpc = world.home_vpc();
    let other = json!({"Name": "web", "Protocol": "HTTP", "Port": 81, "VpcId": vpc, "TargetType": "ip"});
    let said = "DuplicateTargetGroupName: A target group with the same name 'web' exists, but with different settings";
    assert_eq!(world.elb_refuses("CreateTargetGroup", other), said);
    let missing = world.elb_refuses("DescribeTargetGroups", json!({"Names": ["web", "api"]}));
    assert_eq!(missing, "TargetGroupNotFound: One or more target groups not found");
    let gone = arn.replace("/web/", "/api/");
    let missing = world.elb_refuses("DescribeTargetHealth", json!({ "TargetGroupArn": gone }));
    assert_eq!(missing, format!("TargetGroupNotFound: Target groups '{gone}' not found"));
}

#[test]
fn one_in_use_is_not_deleted() {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    let listener = world.listener(&balancer, 80, &group);
    let delete = json!({ "TargetGroupArn": group });
    let said = format!("ResourceInUse: Target group '{group}' is currently in use by a listener or a rule");
    assert_eq!(world.elb_refuses("DeleteTargetGroup", delete.clone()), said);
    world.elb("DeleteListener", json!({ "ListenerArn": listener }));
    world.elb("DeleteTargetGroup", delete.clone());
    world.elb("DeleteTargetGroup", delete);
}

#[test]
fn one_belongs_to_one_load_balancer() {
    let mut world = World::region();
    let (web, api, group) = (world.load_balancer("web"), world.load_balancer("api"), world.target_group("web"));
    let first = world.listener(&web, 80, &group);
    world.listener(&web, 81, &group);
    let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
    let request = json!({"LoadBalancerArn": api, "Protocol": "HTTP", "Port": 80, "DefaultActions": actions});
    let said = format!(
        "TargetGroupAssociationLimit: The following target groups cannot be associated with more than one load balancer: {group}"
    );
    assert_eq!(world.elb_refuses("CreateListener", request.clone()), said);
    world.elb("DeleteListener", json!({ "ListenerArn": first }));
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": web }));
    world.elb("CreateListener", request);
}
