//! What hosts are told, and what follows from their word.

use super::{
    targets::{free_address, serving},
    *,
};
use crate::host::host_spec;
use spec::balancing::{Action, Balancing, Condition};
use std::sync::Arc;

fn told(world: &World) -> Arc<Balancing> {
    host_spec(&world.state, &HostId::from("host")).balancing
}

fn state_of(world: &mut World, arn: &str) -> (String, Value) {
    let found = world.elb("DescribeLoadBalancers", json!({ "LoadBalancerArns": [arn] }));
    let state = &found["LoadBalancers"][0]["State"];
    (text(&state["Code"]), state["Reason"].clone())
}

#[test]
fn a_load_balancer_is_active_when_every_host_serves_it() {
    let mut world = World::region();
    world.host_says(0, BalancingStatus::default());
    let arn = world.load_balancer("web");
    let asked = world.state.revision;
    assert_eq!(state_of(&mut world, &arn).0, "provisioning");
    world.host_says(asked, BalancingStatus::default());
    assert_eq!(state_of(&mut world, &arn).0, "provisioning", "the network alone serves nobody");
    world.host_says(asked, BalancingStatus { applied: asked, ..BalancingStatus::default() });
    assert_eq!(state_of(&mut world, &arn).0, "active");
    let node = world.state.network_interfaces.iter().next().unwrap().id.clone();
    let failures = [(node, "port 80 is in use".to_owned())].into();
    world.host_says(asked, BalancingStatus { applied: asked, failures, ..BalancingStatus::default() });
    assert_eq!(state_of(&mut world, &arn), ("active_impaired".to_owned(), json!("port 80 is in use")));
}

#[test]
fn without_a_host_it_is_active_at_once() {
    let mut world = World::region();
    let arn = world.load_balancer("web");
    assert_eq!(state_of(&mut world, &arn).0, "active");
}

#[test]
fn a_host_is_told_everything_resolved() {
    let (mut world, balancer, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let listeners = world.elb("DescribeListeners", json!({ "LoadBalancerArn": balancer }));
    let listener = text(&listeners["Listeners"][0]["ListenerArn"]);
    for (priority, path) in [(20, "/b"), (10, "/a")] {
        let fixed = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
        let conditions = json!([{"Field": "path-pattern", "Values": [path]}]);
        let rule = json!({"ListenerArn": listener, "Priority": priority, "Conditions": conditions, "Actions": fixed});
        world.elb("CreateRule", rule);
    }
    let (here, there) = (free_address(&mut world, 0), free_address(&mut world, 2));
    let targets = json!([{ "Id": here }, { "Id": there }, {"Id": "10.0.0.1", "AvailabilityZone": "all"}]);
    world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": targets}));
    let told = told(&world);
    let of = told.load_balancers.values().next().unwrap();
    assert_eq!((of.arn.as_str(), of.nodes.len(), of.idle_timeout, of.http2), (balancer.as_str(), 2, 60, true));
    for (id, node) in &of.nodes {
        let interface = world.state.network_interfaces.get(id).unwrap();
        assert_eq!(node.address, interface.private_ip);
        assert_eq!(interface.holder, vpc::Holder::LoadBalancer(LoadBalancerId::from(id_of(&balancer))));
    }
    let rules = &of.listeners.values().next().unwrap().rules;
    assert_eq!(rules.iter().map(|rule| rule.priority).collect::<Vec<_>>(), [10, 20, 0]);
    assert_eq!(rules[0].conditions, [Condition::Path(vec!["/a".to_owned()])]);
    let not_found = Action::Fixed { status: 404, content_type: "text/plain".to_owned(), body: String::new() };
    assert_eq!(rules[0].action, not_found);
    let forward = Action::Forward { groups: vec![(group_id(&group), 1)], stickiness: None };
    assert_eq!((&rules[2].action, rules[2].conditions.len()), (&forward, 0));
    let group = &told.target_groups[&group_id(&group)];
    let zones: Vec<Option<&str>> = group.targets.values().map(|target| target.zone.as_deref()).collect();
    assert_eq!(zones, [None, Some("us-east-1a")], "nobody sends to a zone without a node");
    assert_eq!((group.cross_zone, group.minimum_healthy, group.minimum_healthy_percent), (true, 1, None));
}

fn id_of(arn: &str) -> &str {
    super::id(arn)
}

#[test]
fn a_host_that_is_given_up_is_told_of_nothing_and_so_is_one_without_load_balancers() {
    let (mut world, balancer, _) = serving();
    assert_eq!(*told(&world), Balancing::default(), "an unknown host");
    world.host_says(0, BalancingStatus::default());
    assert_eq!(told(&world).load_balancers.len(), 1);
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": balancer }));
    assert_eq!(*told(&world), Balancing::default());
}

#[test]
fn reports_with_nothing_new_make_no_revision() {
    let (mut world, _, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let ip = free_address(&mut world, 0);
    world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": [{ "Id": ip }]}));
    world.host_finds(&TargetHealth::Healthy);
    world.host_finds(&TargetHealth::Healthy);
    let before = world.state.revision;
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(world.state.revision, before);
}

#[test]
fn a_node_with_too_few_healthy_targets_is_left_out_of_the_name() {
    let (mut world, _, group) = serving();
    let unhealthy = |world: &World| world.state.load_balancers.iter().next().unwrap().unhealthy.len();
    world.host_says(0, BalancingStatus::default());
    assert_eq!(unhealthy(&world), 0, "a group without targets says nothing of nodes");
    let ip = free_address(&mut world, 0);
    world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": [{ "Id": ip }]}));
    assert_eq!(unhealthy(&world), 2);
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(unhealthy(&world), 0);
    let mut status = BalancingStatus::clone(world.state.balancing.values().next().unwrap());
    status.health.get_mut(&group_id(&group)).unwrap().pop_first();
    world.host_says(world.state.revision, status);
    assert_eq!(unhealthy(&world), 1);
    // As after a restart of the control plane.
    world.state.balancing = Default::default();
    world.transact(|_| Ok(())).unwrap();
    assert_eq!(unhealthy(&world), 1, "what is not known says nothing against a node");
}

#[test]
fn networks_know_a_load_balancer_by_its_name() {
    let (mut world, balancer, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let ip = free_address(&mut world, 0);
    world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": [{ "Id": ip }]}));
    let found = world.elb("DescribeLoadBalancers", json!({ "LoadBalancerArns": [balancer] }));
    let name = text(&found["LoadBalancers"][0]["DNSName"]);
    let topology = crate::ec2::topology(&world.state);
    let vpc = topology.vpcs.values().next().unwrap();
    let (id, of) = vpc.load_balancers.iter().next().unwrap();
    assert_eq!((id.as_str(), &of.dns_name, of.internet_facing), (id_of(&balancer), &name, true));
    assert_eq!(of.listeners.iter().map(|port| port.get()).collect::<Vec<_>>(), [80]);
    assert_eq!(of.nodes.keys().collect::<Vec<_>>(), ["us-east-1a", "us-east-1b"]);
    for node in of.nodes.values() {
        assert!(vpc.interfaces.contains_key(&node.interface) && !node.healthy);
    }
}

/// Run with `cargo test --release -p control -- --ignored --nocapture fifty_load_balancers`.
#[test]
#[ignore = "a measurement"]
fn fifty_load_balancers_with_a_hundred_rules_each() {
    let (mut world, _, _) = serving();
    world.host_says(0, BalancingStatus::default());
    let subnets = world.default_subnets();
    let address = |n: u32| std::net::Ipv4Addr::from(u32::from(std::net::Ipv4Addr::new(172, 31, 8, 0)) + n).to_string();
    for n in 0..49 {
        let made = json!({"Name": format!("lb-{n}"), "Subnets": subnets});
        let balancer = text(&world.elb("CreateLoadBalancer", made)["LoadBalancers"][0]["LoadBalancerArn"]);
        let group = world.target_group(&format!("group-{n}"));
        let targets: Vec<Value> = (0..100).map(|t| json!({"Id": address(n * 10 + t % 10), "Port": 8000 + t})).collect();
        world.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": targets}));
        let listener = world.listener(&balancer, 80, &group);
        let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
        for priority in 1..=100 {
            let conditions = json!([{"Field": "path-pattern", "Values": [format!("/{priority}/*")]}]);
            let rule =
                json!({"ListenerArn": listener, "Priority": priority, "Conditions": conditions, "Actions": actions});
            world.elb("CreateRule", rule);
        }
    }
    world.host_finds(&TargetHealth::Healthy);
    let time = |what: &str, times: u32, mut run: Box<dyn FnMut() + '_>| {
        let began = std::time::Instant::now();
        (0..times).for_each(|_| run());
        println!("{what}: {:.2?} each", began.elapsed() / times);
    };
    let counted = (world.state.listener_rules.len(), world.state.targets.len());
    println!("{counted:?} rules and targets");
    time("a transaction that does nothing", 20, Box::new(|| world.transact(|_| Ok(())).unwrap()));
    time("a report with nothing new", 20, Box::new(|| world.host_finds(&TargetHealth::Healthy)));
    time("what a host is told", 20, Box::new(|| drop(told(&world))));
    let group = world.target_group("group-0");
    time("the health of a hundred targets", 20, Box::new(|| drop(world.health(&group))));
}
