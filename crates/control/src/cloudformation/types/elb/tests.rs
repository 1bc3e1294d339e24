//! The types as a stack makes, changes and deletes them.

use super::{
    super::testing::{attribute, change, make, read, ready, remove, try_make},
    API,
};
use crate::{
    cloudformation::types::{Progress, find},
    testing::World,
};
use serde_json::{Value, json};

const BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const CERTIFICATE: &str = "AWS::ElasticLoadBalancingV2::ListenerCertificate";

/// A region with a default VPC: it, and its subnets.
fn founded() -> (World, String, Vec<String>) {
    let mut world = World::new();
    world.transact(crate::ec2::found).expect("a region");
    let vpc = world.state.vpcs.iter().map(|vpc| vpc.id.to_string()).next().expect("a VPC");
    let subnets = world.state.subnets.iter().map(|subnet| subnet.id.to_string()).collect();
    (world, vpc, subnets)
}

fn elb(world: &mut World, operation: &str, input: Value) -> Value {
    world.call(&API, operation, input).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
}

#[track_caller]
fn there(world: &World, kind: &str, id: &str, properties: &Value) -> Value {
    read(world, kind, id, properties).unwrap_or_else(|| panic!("{kind} {id} is not there"))
}

#[track_caller]
fn gone(world: &mut World, kind: &str, id: &str, properties: &Value) {
    remove(world, kind, id, properties);
    assert_eq!(read(world, kind, id, properties), None, "{kind} {id}");
}

/// A load balancer, a target group and what forwards to it.
fn listening(world: &mut World, vpc: &str, subnets: &[String]) -> (String, String, Value) {
    let balancer = make(world, BALANCER, &json!({ "Subnets": subnets.get(..2) }));
    let group = make(world, GROUP, &json!({ "VpcId": vpc, "Port": 80, "Protocol": "HTTP", "TargetType": "ip" }));
    let forward = json!([{ "Type": "forward", "TargetGroupArn": group }]);
    (balancer, group, forward)
}

#[test]
fn a_load_balancer_is_made_changed_and_deleted() {
    let (mut world, _, subnets) = founded();
    let timeout = |seconds: &str| json!([{ "Key": "idle_timeout.timeout_seconds", "Value": seconds }]);
    let two = json!({
        "Subnets": subnets.get(..2), "Scheme": "internal", "LoadBalancerAttributes": timeout("30"),
        "Tags": [{ "Key": "Name", "Value": "web" }]
    });
    let three = json!({ "Subnets": subnets.get(..3), "Scheme": "internal", "LoadBalancerAttributes": timeout("90") });
    let id = make(&mut world, BALANCER, &two);
    assert_eq!(ready(&world, BALANCER, &id, &two), Progress::Done);
    let of = |world: &World, name: &str| attribute(world, BALANCER, &id, &two, name);
    assert_eq!(of(&world, "LoadBalancerName"), "shop-Thing-1A2B3C4D5E6F");
    assert_eq!(of(&world, "CanonicalHostedZoneID"), "Z35SXDOTRQ7X7K");
    let full = of(&world, "LoadBalancerFullName");
    assert!(full.as_str().is_some_and(|full| full.starts_with("app/shop-Thing-1A2B3C4D5E6F/")), "{full}");
    let name = of(&world, "DNSName");
    assert!(name.as_str().is_some_and(|name| name.ends_with(".us-east-1.elb.amazonaws.com")), "{name}");
    assert_eq!(of(&world, "SecurityGroups").as_array().expect("a list").len(), 1, "the VPC's default one");
    assert_eq!(there(&world, BALANCER, &id, &two)["LoadBalancerAttributes"], timeout("30"));
    change(&mut world, BALANCER, &id, &two, &three);
    let now = there(&world, BALANCER, &id, &three);
    assert_eq!(now["Subnets"].as_array().expect("a list").len(), 3);
    assert_eq!(now["LoadBalancerAttributes"], timeout("90"));
    let tags = elb(&mut world, "DescribeTags", json!({ "ResourceArns": [id] }));
    assert_eq!(tags["TagDescriptions"][0]["Tags"], json!([{ "Key": "of", "Value": "stack" }]), "its own is gone");
    gone(&mut world, BALANCER, &id, &three);
    remove(&mut world, BALANCER, &id, &three);
}

#[test]
fn a_target_group_is_made_changed_and_deleted() {
    let (mut world, vpc, _) = founded();
    let group = |path: &str, delay: &str, targets: &[&str]| {
        let targets: Vec<Value> = targets.iter().map(|ip| json!({ "Id": ip })).collect();
        json!({
            "Name": "web", "VpcId": vpc, "Port": 80, "Protocol": "HTTP", "TargetType": "ip",
            "HealthCheckPath": path, "Matcher": { "HttpCode": "200-299" }, "Targets": targets,
            "TargetGroupAttributes": [{ "Key": "deregistration_delay.timeout_seconds", "Value": delay }]
        })
    };
    let (before, after) = (group("/", "5", &["172.31.0.10"]), group("/health", "0", &["172.31.0.11"]));
    let id = make(&mut world, GROUP, &before);
    let full = attribute(&world, GROUP, &id, &before, "TargetGroupFullName");
    assert!(full.as_str().is_some_and(|full| full.starts_with("targetgroup/web/")), "{full}");
    assert_eq!(attribute(&world, GROUP, &id, &before, "TargetGroupName"), "web");
    assert_eq!(attribute(&world, GROUP, &id, &before, "LoadBalancerArns"), json!([]));
    let same = |world: &World, properties: &Value| {
        let now = there(world, GROUP, &id, properties);
        for (name, value) in properties.as_object().expect("members") {
            assert_eq!((name, &now[name]), (name, value));
        }
    };
    same(&world, &before);
    change(&mut world, GROUP, &id, &before, &after);
    same(&world, &after);
    let again = try_make(&mut world, GROUP, &group("/health", "0", &["172.31.0.11"])).expect_err("a refusal");
    assert_eq!(again.code, "AlreadyExists");
    gone(&mut world, GROUP, &id, &after);
}

#[test]
fn a_listener_and_its_rules_are_made_changed_and_deleted() {
    let (mut world, vpc, subnets) = founded();
    let (balancer, _, forward) = listening(&mut world, &vpc, &subnets);
    let fixed = json!([{
        "Type": "fixed-response", "FixedResponseConfig": { "StatusCode": "404", "ContentType": "text/plain" }
    }]);
    let on = |port: u16, actions: &Value| json!({ "LoadBalancerArn": balancer, "Port": port, "Protocol": "HTTP", "DefaultActions": actions });
    let (first, second) = (on(80, &fixed), on(8080, &forward));
    let listener = make(&mut world, LISTENER, &first);
    assert_eq!(attribute(&world, LISTENER, &listener, &first, "ListenerArn"), json!(listener));
    change(&mut world, LISTENER, &listener, &first, &second);
    let now = there(&world, LISTENER, &listener, &second);
    assert_eq!((&now["Port"], &now["DefaultActions"]), (&json!(8080), &forward));

    let rule = |priority: u16, path: &str| {
        json!({
            "ListenerArn": listener, "Priority": priority, "Actions": forward,
            "Conditions": [{ "Field": "path-pattern", "PathPatternConfig": { "Values": [path] } }]
        })
    };
    let (before, after) = (rule(1, "/a"), rule(2, "/b"));
    let id = make(&mut world, RULE, &before);
    assert_eq!(attribute(&world, RULE, &id, &before, "IsDefault"), false);
    change(&mut world, RULE, &id, &before, &after);
    let now = there(&world, RULE, &id, &after);
    assert_eq!((&now["Priority"], &now["Actions"]), (&json!(2), &forward));
    assert_eq!(now["Conditions"], after["Conditions"]);
    gone(&mut world, RULE, &id, &after);
    gone(&mut world, LISTENER, &listener, &second);
}

#[test]
fn a_listener_has_further_certificates() {
    let (mut world, vpc, subnets) = founded();
    let (balancer, _, forward) = listening(&mut world, &vpc, &subnets);
    let certificates = ["a.test", "b.test", "c.test"].map(|name| world.certificate(&[name]));
    let [default, one, other] = certificates.map(|arn| json!([{ "CertificateArn": arn }]));
    let secure = json!({
        "LoadBalancerArn": balancer, "Port": 443, "Protocol": "HTTPS", "DefaultActions": forward,
        "Certificates": default, "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"
    });
    let mut usual = secure.clone();
    usual.as_object_mut().expect("members").remove("SslPolicy");
    let listener = make(&mut world, LISTENER, &secure);
    assert_eq!(there(&world, LISTENER, &listener, &secure)["SslPolicy"], secure["SslPolicy"]);
    change(&mut world, LISTENER, &listener, &secure, &usual);
    assert_eq!(there(&world, LISTENER, &listener, &usual)["SslPolicy"], "ELBSecurityPolicy-2016-08");

    let with = |certificates: &Value| json!({ "ListenerArn": listener, "Certificates": certificates });
    let id = make(&mut world, CERTIFICATE, &with(&one));
    assert_eq!(there(&world, CERTIFICATE, &id, &with(&one)), with(&one));
    change(&mut world, CERTIFICATE, &id, &with(&one), &with(&other));
    assert_eq!(read(&world, CERTIFICATE, &id, &with(&one)), None);
    assert_eq!(there(&world, CERTIFICATE, &id, &with(&other)), with(&other));
    gone(&mut world, CERTIFICATE, &id, &with(&other));
}

#[test]
fn what_is_there_already_is_not_a_stacks() {
    let (mut world, vpc, subnets) = founded();
    let (balancer, _, forward) = listening(&mut world, &vpc, &subnets);
    let named = json!({ "Name": "web", "Subnets": subnets.get(..2) });
    let listener = json!({ "LoadBalancerArn": balancer, "Port": 80, "Protocol": "HTTP", "DefaultActions": forward });
    for (kind, properties) in [(BALANCER, named), (LISTENER, listener)] {
        make(&mut world, kind, &properties);
        let fault = try_make(&mut world, kind, &properties).expect_err("a refusal");
        assert!(fault.message.starts_with(&format!("Resource of type '{kind}' with identifier '")), "{fault}");
        assert!(fault.message.ends_with("' already exists."), "{fault}");
    }
}

#[test]
fn what_is_not_supported_is_said_before_anything_is_made() {
    for (kind, path) in [
        (BALANCER, "MinimumLoadBalancerCapacity"),
        (BALANCER, "SubnetMappings/*/IPv6Address"),
        (GROUP, "TargetControlPort"),
        (LISTENER, "DefaultActions/*/AuthenticateOidcConfig"),
        (RULE, "Conditions/*/SourceIpConfig/IpAddressType"),
    ] {
        let known = find(kind).unwrap_or_else(|| panic!("no type {kind}"));
        assert!(known.unsupported().contains(&path), "{kind}: {path}");
    }
    assert!(find("AWS::ElasticLoadBalancingV2::TrustStore").is_none());
    let (mut world, vpc, _) = founded();
    let balancers = json!({ "VpcId": vpc, "Port": 80, "Protocol": "TCP", "TargetType": "alb" });
    let fault = try_make(&mut world, GROUP, &balancers).expect_err("a refusal");
    assert_eq!(fault.message, "The target type 'alb' is not supported by neargate.");
}
