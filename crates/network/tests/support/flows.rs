//! A region with a Network Load Balancer.

use super::*;
use spec::balancing::{
    Algorithm, AlpnPolicy, Balancing, FlowListener, FlowProtocol, Flows, Listener, LoadBalancer, Node, ProtocolVersion,
    Stream, Target, TargetAddress, TargetGroup, TargetHealth, TargetHealthCheck, TargetStatus,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU16,
};
use vpc::{Forwarded, Holder, Interface, LoadBalancerNode};

pub const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 20);
/// The nodes: one in subnet 1, one in subnet 2.
pub const NODES: [u8; 2] = [20, 120];

pub const KEPT: Flows = Flows {
    preserve_client_ip: true,
    by_source: false,
    end_when_deregistered: false,
    end_when_unhealthy: true,
    unhealthy_draining: 0,
    proxy_protocol: false,
};
pub const HIDDEN: Flows = Flows { preserve_client_ip: false, ..KEPT };

/// A region with a load balancer `lb-1` whose listener 80 leads to port 8080 of the tasks 30 (subnet 1) and 130 (subnet 2), which have
/// no way to the internet of their own; and a client in the VPC, task 10. Subnet 1 is public.
pub fn world(protocol: FlowProtocol, flows: Flows, node_groups: &[&str], target_groups: &[&str]) -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.internet_gateway();
    world.route(1, "0.0.0.0/0", vpc::Target::InternetGateway("igw-1".into()));
    world.task(10, &["sg-open"]);
    world.task(30, target_groups);
    world.task(130, target_groups);
    let mut balancer = LoadBalancer::of_network("arn".into());
    for n in NODES {
        let holder = Holder::LoadBalancer("lb-1".into());
        let node = Interface { holder, source_dest_check: false, ..interface(n, node_groups) };
        world.vpc().interfaces.insert(interface_id(n), node);
        balancer
            .nodes
            .insert(interface_id(n), Node { vpc: VPC.into(), zone: zone(n), address: ip(n).into(), public: None });
    }
    world.public(20, PUBLIC);
    let port = NonZeroU16::new(80).unwrap();
    let idle_timeout = FlowListener::IDLE_TIMEOUT;
    balancer.flows.insert(port, FlowListener { arn: "arn".into(), protocol, group: "tg-1".into(), idle_timeout });
    let health_check = TargetHealthCheck {
        tcp: true,
        tls: false,
        port: None,
        path: String::new(),
        interval: 30,
        timeout: 10,
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        matcher: Vec::new(),
    };
    let group = TargetGroup {
        arn: "arn".into(),
        tls: false,
        version: ProtocolVersion::Http1,
        health_check,
        flows: Some(flows),
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: [30, 130].into_iter().map(|n| (target(n), registered(n))).collect(),
    };
    world.spec.balancing = Arc::new(Balancing {
        load_balancers: [("lb-1".into(), balancer.into())].into(),
        target_groups: [("tg-1".into(), group.into())].into(),
    });
    for n in [30, 130] {
        found(&mut world, n, TargetHealth::Healthy);
    }
    let forwarded = Forwarded {
        protocols: protocol.numbers().iter().copied().collect(),
        client_kept: flows.preserve_client_ip,
        cross_zone: true,
        targets: [30, 130].map(|n| (target(n).0, Some(zone(n)))).into(),
    };
    let nodes = NODES.map(|n| (zone(n), LoadBalancerNode { interface: interface_id(n), healthy: true }));
    let balancer = vpc::LoadBalancer {
        name: "net".to_owned(),
        dns_name: "net-1.elb.us-east-1.amazonaws.com".to_owned(),
        internet_facing: true,
        listeners: [port].into(),
        flows: Some([(port, forwarded)].into()),
        nodes: nodes.into(),
    };
    world.vpc().load_balancers.insert("lb-1".into(), balancer);
    world
}

pub fn zone(n: u8) -> String {
    if n < 100 { "a" } else { "b" }.to_owned()
}

pub fn target(n: u8) -> TargetAddress {
    TargetAddress(SocketAddr::from((ip(n), 8080)))
}

pub fn registered(n: u8) -> Target {
    Target { zone: Some(zone(n)), since: 1, draining_until: None }
}

pub fn regroup(world: &mut World, change: impl FnOnce(&mut TargetGroup)) {
    let balancing = Arc::make_mut(&mut world.spec.balancing);
    change(Arc::make_mut(balancing.target_groups.get_mut("tg-1").unwrap()));
}

/// A listener of the balancer's own, for the group `tg-1`: the kernel does not forward for it.
pub fn stream(world: &mut World, port: u16) {
    let balancing = Arc::make_mut(&mut world.spec.balancing);
    let balancer = Arc::make_mut(balancing.load_balancers.get_mut("lb-1").unwrap());
    let stream = Some(Stream { idle_timeout: 350, alpn: AlpnPolicy::None });
    let listener = Listener { arn: "arn".into(), tls: None, stream, rules: Vec::new() };
    balancer.listeners.insert(NonZeroU16::new(port).unwrap(), listener);
}

/// Flows of the listener may be idle for so many seconds.
pub fn idle(world: &mut World, seconds: u32) {
    let balancing = Arc::make_mut(&mut world.spec.balancing);
    let balancer = Arc::make_mut(balancing.load_balancers.get_mut("lb-1").unwrap());
    balancer.flows.values_mut().for_each(|listener| listener.idle_timeout = seconds);
}

/// What every node found a target to be.
pub fn found(world: &mut World, n: u8, health: TargetHealth) {
    let nodes = world.seen.health.entry("tg-1".into()).or_default();
    for node in NODES {
        let status = TargetStatus { since: 1, health: health.clone(), active: 0 };
        nodes.entry(interface_id(node)).or_default().insert(target(n), status);
    }
}
