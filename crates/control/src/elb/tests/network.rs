//! Network Load Balancers.

use super::*;
use spec::balancing::{AlpnPolicy, FlowProtocol, Flows};

impl World {
    /// Makes a Network Load Balancer in the first two zones and returns its ARN.
    fn network_load_balancer(&mut self, name: &str, more: Value) -> String {
        let subnets = self.default_subnets();
        let mut request = json!({"Name": name, "Type": "network", "Subnets": subnets[..2]});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        text(&self.elb("CreateLoadBalancer", request)["LoadBalancers"][0]["LoadBalancerArn"])
    }

    fn flow_group(&mut self, name: &str, protocol: &str) -> String {
        let vpc = self.home_vpc();
        let request = json!({"Name": name, "Protocol": protocol, "Port": 7000, "VpcId": vpc, "TargetType": "ip"});
        text(&self.elb("CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"])
    }

    fn attributes(&mut self, operation: &str, member: &str, arn: &str) -> Vec<(String, String)> {
        let found = self.elb(operation, json!({ member: arn }));
        let pair = |one: &Value| (text(&one["Key"]), text(&one["Value"]));
        let mut all: Vec<_> = found["Attributes"].as_array().unwrap().iter().map(pair).collect();
        all.sort();
        all
    }
}

fn listening(load_balancer: &str, protocol: &str, port: u16, group: &str) -> Value {
    json!({"LoadBalancerArn": load_balancer, "Protocol": protocol, "Port": port,
           "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}]})
}

#[test]
fn one_has_a_name_an_arn_and_nodes_of_its_own_kind() {
    let mut world = World::region();
    let arn = world.network_load_balancer("net", json!({}));
    assert!(arn.ends_with(&format!(":loadbalancer/net/net/{}", id(&arn))), "{arn}");
    let found = world.elb("DescribeLoadBalancers", json!({"LoadBalancerArns": [arn]}));
    let found = &found["LoadBalancers"][0];
    assert_eq!(text(&found["DNSName"]), format!("net-{}.elb.us-east-1.amazonaws.com", id(&arn)));
    assert_eq!(
        (text(&found["Type"]), text(&found["CanonicalHostedZoneId"])),
        ("network".into(), "Z26RNL4JYFTOTI".into())
    );
    assert!(found["SecurityGroups"].is_null(), "{found}");
    for node in world.state.network_interfaces.iter() {
        assert!(node.security_groups.is_empty() && !node.source_dest_check && node.public_ip().is_some());
        assert_eq!(node.description, format!("ELB net/net/{}", id(&arn)));
    }
    // An ARN says its type, too.
    let wrong = arn.replace("/net/net/", "/app/net/");
    assert!(
        world.elb_refuses("DescribeListeners", json!({"LoadBalancerArn": wrong})).starts_with("LoadBalancerNotFound")
    );
    // One zone is enough.
    let subnets = world.default_subnets();
    let one = json!({"Name": "one", "Type": "network", "Subnets": subnets[..1], "Scheme": "internal"});
    let one = world.elb("CreateLoadBalancer", one)["LoadBalancers"][0].clone();
    assert_eq!(text(&one["DNSName"]).split('-').next(), Some("one"), "an internal one's name says nothing of that");
    let address = &one["AvailabilityZones"][0]["LoadBalancerAddresses"][0]["PrivateIPv4Address"];
    assert!(text(address).starts_with("172.31."));
}

#[test]
fn nodes_have_the_addresses_that_were_asked_for() {
    let mut world = World::region();
    let subnets = world.default_subnets();
    let elastic = world.net("AllocateAddress", json!({"Domain": "vpc"}));
    let (allocation, ip) = (text(&elastic["allocationId"]), text(&elastic["publicIp"]));
    let mapping = |more: Value| {
        let mut mapping = json!({ "SubnetId": subnets[0] });
        mapping.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([mapping])
    };
    let request = |name: &str, scheme: &str, mappings: Value| json!({"Name": name, "Type": "network", "Scheme": scheme, "SubnetMappings": mappings});
    let public = request("a", "internet-facing", mapping(json!({"AllocationId": allocation})));
    let made = world.elb("CreateLoadBalancer", public)["LoadBalancers"][0].clone();
    let shown = &made["AvailabilityZones"][0]["LoadBalancerAddresses"];
    assert_eq!(*shown, json!([{"IpAddress": ip, "AllocationId": allocation}]));
    let again = request("b", "internet-facing", mapping(json!({"AllocationId": allocation})));
    assert!(world.elb_refuses("CreateLoadBalancer", again).starts_with("InvalidConfigurationRequest"));
    let missing = request("b", "internet-facing", mapping(json!({"AllocationId": "eipalloc-0"})));
    assert!(world.elb_refuses("CreateLoadBalancer", missing).starts_with("AllocationIdNotFound"));
    let inside = request("b", "internal", mapping(json!({"AllocationId": allocation})));
    assert!(world.elb_refuses("CreateLoadBalancer", inside).starts_with("InvalidConfigurationRequest"));
    let chosen = request("c", "internet-facing", mapping(json!({"PrivateIPv4Address": "172.31.0.77"})));
    let only = "InvalidConfigurationRequest: You can only specify private IPv4 addresses for Network Load Balancers with scheme 'internal'.";
    assert_eq!(world.elb_refuses("CreateLoadBalancer", chosen), only);
    let cidr = world.state.subnets.get(&subnets[0]).unwrap().cidr;
    let free = cidr.hosts().nth(70).unwrap().to_string();
    let chosen = request("c", "internal", mapping(json!({ "PrivateIPv4Address": free })));
    let made = world.elb("CreateLoadBalancer", chosen)["LoadBalancers"][0].clone();
    let shown = &made["AvailabilityZones"][0]["LoadBalancerAddresses"];
    assert_eq!(*shown, json!([{ "PrivateIPv4Address": free }]));
    assert_eq!(world.state.network_interfaces.len(), 2, "nothing is left of what was refused");
}

#[test]
fn security_groups_come_with_it_or_never() {
    let mut world = World::region();
    let vpc = world.home_vpc();
    let group = |world: &mut World, name: &str| {
        let request = json!({"GroupName": name, "GroupDescription": name, "VpcId": vpc});
        text(&world.net("CreateSecurityGroup", request)["groupId"])
    };
    let (one, other) = (group(&mut world, "one"), group(&mut world, "other"));
    let without = world.network_load_balancer("without", json!({}));
    let refused = world.elb_refuses("SetSecurityGroups", json!({"LoadBalancerArn": without, "SecurityGroups": [one]}));
    assert!(refused.starts_with("InvalidConfigurationRequest"), "{refused}");
    let with = world.network_load_balancer("with", json!({"SecurityGroups": [one]}));
    let set = world.elb("SetSecurityGroups", json!({"LoadBalancerArn": with, "SecurityGroups": [other]}));
    assert_eq!(set["SecurityGroupIds"], json!([other]));
    let none = world.elb_refuses("SetSecurityGroups", json!({"LoadBalancerArn": with, "SecurityGroups": []}));
    assert!(none.starts_with("ValidationError"), "{none}");
}

#[test]
fn groups_have_the_defaults_of_their_protocol() {
    let mut world = World::region();
    let tcp = world.flow_group("tcp", "TCP");
    let found = world.elb("DescribeTargetGroups", json!({"Names": ["tcp"]}));
    let found = &found["TargetGroups"][0];
    let check = ["HealthCheckProtocol", "HealthCheckTimeoutSeconds", "HealthCheckPath", "Matcher", "ProtocolVersion"];
    assert_eq!(
        check.map(|member| found[member].clone()),
        [json!("TCP"), json!(10), json!(null), json!(null), json!(null)]
    );
    let mut of = |arn: &str| -> Vec<String> {
        let all = world.attributes("DescribeTargetGroupAttributes", "TargetGroupArn", arn);
        all.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
    };
    let defaults = |udp: &str| {
        vec![
            format!("deregistration_delay.connection_termination.enabled={udp}"),
            "deregistration_delay.timeout_seconds=300".to_owned(),
            "load_balancing.cross_zone.enabled=use_load_balancer_configuration".to_owned(),
            format!("preserve_client_ip.enabled={udp}"),
            "proxy_protocol_v2.enabled=false".to_owned(),
            "stickiness.enabled=false".to_owned(),
            "stickiness.type=source_ip".to_owned(),
            "target_group_health.dns_failover.minimum_healthy_targets.count=1".to_owned(),
            "target_group_health.dns_failover.minimum_healthy_targets.percentage=off".to_owned(),
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count=1".to_owned(),
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage=off".to_owned(),
            "target_health_state.unhealthy.connection_termination.enabled=true".to_owned(),
            "target_health_state.unhealthy.draining_interval_seconds=0".to_owned(),
        ]
    };
    assert_eq!(of(&tcp), defaults("false"));
    let udp = world.flow_group("udp", "UDP");
    let all = world.attributes("DescribeTargetGroupAttributes", "TargetGroupArn", &udp);
    assert_eq!(all.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(), defaults("true"));
    let mut refuses = |arn: &str, key: &str, value: &str| {
        let request = json!({"TargetGroupArn": arn, "Attributes": [{"Key": key, "Value": value}]});
        world.elb_refuses("ModifyTargetGroupAttributes", request)
    };
    let kept = "InvalidConfigurationRequest: 'preserve_client_ip.enabled' cannot be disabled for target groups with the protocol 'UDP'";
    assert_eq!(refuses(&udp, "preserve_client_ip.enabled", "false"), kept);
    let proxy = "InvalidConfigurationRequest: 'proxy_protocol_v2.enabled' of a target group with the protocol 'UDP' is not supported by neargate.";
    assert_eq!(refuses(&udp, "proxy_protocol_v2.enabled", "true"), proxy);
    assert!(refuses(&tcp, "slow_start.duration_seconds", "30").contains("is not recognized"));
    let balancer = world.network_load_balancer("net", json!({}));
    let all = world.attributes("DescribeLoadBalancerAttributes", "LoadBalancerArn", &balancer);
    assert!(all.contains(&("load_balancing.cross_zone.enabled".to_owned(), "false".to_owned())));
    assert!(!all.iter().any(|(key, _)| key.starts_with("routing.http")), "{all:?}");
}

#[test]
fn listeners_take_what_their_groups_take() {
    let mut world = World::region();
    let (balancer, other) = (world.network_load_balancer("net", json!({})), world.load_balancer("web"));
    let groups = ["TCP", "UDP", "TCP_UDP"].map(|protocol| world.flow_group(&protocol.replace('_', "-"), protocol));
    let http = world.target_group("http");
    let listener =
        text(&world.elb("CreateListener", listening(&balancer, "TCP", 80, &groups[0]))["Listeners"][0]["ListenerArn"]);
    assert!(listener.contains(":listener/net/net/"));
    let mut refuses = |request: Value| world.elb_refuses("CreateListener", request);
    let unfit = "InvalidConfigurationRequest: Listener protocol 'UDP' is not supported with a target group with the protocol 'TCP'";
    assert_eq!(refuses(listening(&balancer, "UDP", 81, &groups[0])), unfit);
    assert!(refuses(listening(&balancer, "TCP_UDP", 81, &groups[1])).starts_with("InvalidConfigurationRequest"));
    assert!(refuses(listening(&balancer, "TCP", 81, &http)).starts_with("InvalidConfigurationRequest"));
    assert!(refuses(listening(&other, "HTTP", 81, &groups[1])).starts_with("InvalidConfigurationRequest"));
    let of_http = "ValidationError: Listener protocol 'HTTP' must be one of 'UDP, TCP, TCP_UDP, TLS'";
    assert_eq!(refuses(listening(&balancer, "HTTP", 81, &groups[0])), of_http);
    let tls = "ValidationError: A certificate must be specified for TLS listeners";
    assert_eq!(refuses(listening(&balancer, "TLS", 81, &groups[0])), tls);
    let mut fixed = listening(&balancer, "TCP", 81, &groups[0]);
    fixed["DefaultActions"] = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]);
    assert!(refuses(fixed).starts_with("InvalidLoadBalancerAction"));
    let rule = json!({"ListenerArn": listener, "Priority": 1, "Conditions": [{"Field": "path-pattern", "Values": ["/"]}],
                      "Actions": [{"Type": "forward", "TargetGroupArn": groups[0]}]});
    assert!(world.elb_refuses("CreateRule", rule).starts_with("InvalidConfigurationRequest"));
    world.elb("CreateListener", listening(&balancer, "TCP_UDP", 82, &groups[2]));
    let modified = json!({"ListenerArn": listener, "Protocol": "UDP"});
    assert!(world.elb_refuses("ModifyListener", modified).starts_with("InvalidConfigurationRequest"));
}

#[test]
fn hosts_are_told_what_to_forward() {
    let mut world = World::region();
    let balancer = world.network_load_balancer("net", json!({}));
    let group = world.flow_group("udp", "TCP_UDP");
    world.elb("CreateListener", listening(&balancer, "TCP_UDP", 53, &group));
    let subnets = world.default_subnets();
    let hosts = subnets.iter().map(|id| world.state.subnets.get(id).unwrap().cidr.hosts().nth(50).unwrap().to_string());
    let targets: Vec<Value> = hosts.take(2).map(|ip| json!({ "Id": ip })).collect();
    world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": targets}));
    let told = crate::elb::balancing(&world.state);
    let found = &told.load_balancers[id(&balancer)];
    let flow = found.flows.values().next().unwrap();
    assert!((found.nodes.len(), found.listeners.len()) == (2, 0) && flow.protocol == FlowProtocol::TcpUdp);
    let of = &told.target_groups[&flow.group];
    let flows = Flows {
        preserve_client_ip: true,
        by_source: false,
        end_when_deregistered: true,
        end_when_unhealthy: true,
        unhealthy_draining: 0,
        proxy_protocol: false,
    };
    assert_eq!((of.flows, of.cross_zone, of.targets.len(), of.health_check.tcp), (Some(flows), false, 2, true));
    // Each target is only its zone's node's, so one that this node has found healthy is.
    let nodes: Vec<InterfaceId> = found.nodes.keys().cloned().collect();
    assert_eq!(nodes.len(), 2);
    let on = json!([{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]);
    world.elb("ModifyLoadBalancerAttributes", json!({"LoadBalancerArn": balancer, "Attributes": on}));
    assert!(crate::elb::balancing(&world.state).target_groups.values().all(|group| group.cross_zone));
    world.host_finds(&TargetHealth::Healthy);
    assert!(world.health(&group).iter().all(|health| health.starts_with("healthy")));
    // Networks know it, too.
    let vpc = world.home_vpc();
    let named = crate::elb::named(&world.state, &vpc.into());
    let known = named.values().next().unwrap();
    let forwarded = known.flows.as_ref().unwrap().values().next().unwrap();
    assert!(forwarded.client_kept && forwarded.targets.len() == 2 && forwarded.protocols == [6, 17].into());
}

#[test]
fn a_zone_without_a_target_is_left_out_of_the_name() {
    let mut world = World::region();
    let balancer = world.network_load_balancer("net", json!({}));
    let group = world.flow_group("tcp", "TCP");
    world.elb("CreateListener", listening(&balancer, "TCP", 80, &group));
    let healthy = |world: &mut World| -> Vec<bool> {
        let vpc = world.home_vpc();
        let named = crate::elb::named(&world.state, &vpc.into());
        named.values().next().unwrap().nodes.values().map(|node| node.healthy).collect()
    };
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(healthy(&mut world), [true, true], "without targets no node is worse than another");
    let subnet = world.default_subnets().remove(0);
    let target = world.state.subnets.get(&subnet).unwrap().cidr.hosts().nth(50).unwrap().to_string();
    world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": [{ "Id": target }]}));
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(healthy(&mut world), [true, false]);
    let on = json!([{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]);
    world.elb("ModifyTargetGroupAttributes", json!({"TargetGroupArn": group, "Attributes": on}));
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(healthy(&mut world), [true, true]);
}

/// A TLS listener with a certificate.
fn secured(load_balancer: &str, group: &str, certificate: &str) -> Value {
    let mut request = listening(load_balancer, "TLS", 443, group);
    request["Certificates"] = json!([{ "CertificateArn": certificate }]);
    request
}

#[test]
fn what_is_encrypted_or_announced_is_the_balancer_s_own() {
    let mut world = World::region();
    let certificate = world.certificate(&["a.test"]);
    let balancer = world.network_load_balancer("net", json!({}));
    let [tcp, tls, both] = ["TCP", "TLS", "TCP_UDP"].map(|kind| world.flow_group(&kind.replace('_', "-"), kind));
    let found = world.elb("DescribeTargetGroups", json!({"Names": ["TLS"]}))["TargetGroups"][0].clone();
    assert_eq!([text(&found["Protocol"]), text(&found["HealthCheckProtocol"])], ["TLS", "TCP"]);
    // Who may lead where.
    let unfit = "InvalidConfigurationRequest: Listener protocol 'TCP' is not supported with a target group with the protocol 'TLS'";
    assert_eq!(world.elb_refuses("CreateListener", listening(&balancer, "TCP", 80, &tls)), unfit);
    let unfit = "InvalidConfigurationRequest: Listener protocol 'TLS' is not supported with a target group with the protocol 'TCP_UDP'";
    assert_eq!(world.elb_refuses("CreateListener", secured(&balancer, &both, &certificate)), unfit);
    let mut request = secured(&balancer, &tls, &certificate);
    request["AlpnPolicy"] = json!(["HTTP3Only"]);
    assert!(
        world.elb_refuses("CreateListener", request.clone()).starts_with("ValidationError: ALPN policy 'HTTP3Only'")
    );
    request["AlpnPolicy"] = json!(["HTTP2Preferred"]);
    let made = world.elb("CreateListener", request)["Listeners"][0].clone();
    let arn = text(&made["ListenerArn"]);
    assert_eq!((text(&made["Protocol"]), &made["AlpnPolicy"]), ("TLS".into(), &json!(["HTTP2Preferred"])));
    assert_eq!(text(&made["SslPolicy"]), "ELBSecurityPolicy-2016-08");
    assert!(made["MutualAuthentication"].is_null());
    assert!(
        world.attributes("DescribeListenerAttributes", "ListenerArn", &arn).is_empty(),
        "its idle timeout is fixed"
    );

    world.elb("CreateListener", listening(&balancer, "TCP", 80, &tcp));
    let told = |world: &World| {
        let told = crate::elb::balancing(&world.state);
        let found = &told.load_balancers[id(&balancer)];
        let streams: Vec<_> = found.listeners.iter().map(|(port, of)| (port.get(), of.stream.unwrap().alpn)).collect();
        (found.flows.keys().map(|port| port.get()).collect::<Vec<_>>(), streams)
    };
    assert_eq!(told(&world), (vec![80], vec![(443, AlpnPolicy::Http2Preferred)]));
    let attribute =
        |arn: &str, key: &str| json!({"TargetGroupArn": arn, "Attributes": [{"Key": key, "Value": "true"}]});
    world.elb("ModifyTargetGroupAttributes", attribute(&tcp, "proxy_protocol_v2.enabled"));
    let streams = vec![(80, AlpnPolicy::None), (443, AlpnPolicy::Http2Preferred)];
    assert_eq!(told(&world), (vec![], streams), "the kernel can't say who the client is");
    // To networks they are flows in which the client's address is not kept.
    let vpc = world.home_vpc().into();
    let named = crate::elb::named(&world.state, &vpc);
    let flows = named.values().next().unwrap().flows.clone().unwrap();
    assert!(flows.len() == 2 && flows.values().all(|flow| !flow.client_kept && flow.protocols == [6].into()));

    // So it is with weights.
    let other = world.flow_group("other", "TCP");
    let mut weighted = listening(&balancer, "TCP", 81, &other);
    let second = world.flow_group("second", "TCP");
    let groups = json!([{"TargetGroupArn": other, "Weight": 3}, {"TargetGroupArn": second, "Weight": 1}]);
    weighted["DefaultActions"] = json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]);
    let weighted = text(&world.elb("CreateListener", weighted)["Listeners"][0]["ListenerArn"]);
    assert_eq!(told(&world).1[1], (81, AlpnPolicy::None));
    let refused = world.elb_refuses("ModifyTargetGroupAttributes", attribute(&second, "preserve_client_ip.enabled"));
    assert!(refused.contains("that differ in 'preserve_client_ip.enabled' is not supported"), "{refused}");
    world.elb(
        "ModifyListener",
        json!({"ListenerArn": weighted, "DefaultActions": [{"Type": "forward", "TargetGroupArn": other}]}),
    );
    assert_eq!(told(&world).0, [81]);
    let idle = |value: &str| json!({"ListenerArn": weighted, "Attributes": [{"Key": "tcp.idle_timeout.seconds", "Value": value}]});
    assert!(world.elb_refuses("ModifyListenerAttributes", idle("59")).contains("between '60-6000' inclusive"));
    world.elb("ModifyListenerAttributes", idle("60"));
    let balancing = crate::elb::balancing(&world.state);
    let timeouts: Vec<u32> =
        balancing.load_balancers[id(&balancer)].flows.values().map(|flow| flow.idle_timeout).collect();
    assert_eq!(timeouts, [60], "which the kernel can do");
    world.elb("DeleteListener", json!({ "ListenerArn": weighted }));

    // Clients' addresses are kept here, too.
    world.elb("ModifyTargetGroupAttributes", attribute(&tls, "preserve_client_ip.enabled"));
    let vpc = world.home_vpc().into();
    let named = crate::elb::named(&world.state, &vpc);
    let flows = named.values().next().unwrap().flows.clone().unwrap();
    assert!(flows.iter().all(|(port, flow)| flow.client_kept == (port.get() == 443)));
    let sticky = world.elb_refuses("ModifyTargetGroupAttributes", attribute(&tls, "stickiness.enabled"));
    assert!(sticky.starts_with("InvalidConfigurationRequest: Stickiness type 'source_ip'"), "{sticky}");
    let to_plain = json!({"ListenerArn": arn, "DefaultActions": [{"Type": "forward", "TargetGroupArn": tcp}]});
    world.elb("ModifyListener", to_plain);
    assert!(world.elb_refuses("ModifyTargetGroupAttributes", attribute(&tcp, "stickiness.enabled")).contains("TLS"));
    let plain = world.elb("ModifyListener", json!({"ListenerArn": arn, "Protocol": "TCP"}))["Listeners"][0].clone();
    assert_eq!(
        (text(&plain["Protocol"]), &plain["Certificates"], &plain["AlpnPolicy"]),
        ("TCP".into(), &json!(null), &json!(null))
    );
}
