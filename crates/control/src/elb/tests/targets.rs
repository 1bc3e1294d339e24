use super::*;
use spec::balancing::Unhealthy;

/// A region with a load balancer that forwards to a group, in that order.
pub(super) fn serving() -> (World, String, String) {
    let mut world = World::region();
    let (balancer, group) = (world.load_balancer("web"), world.target_group("web"));
    world.listener(&balancer, 80, &group);
    (world, balancer, group)
}

/// The n-th address of the n-th zone's default subnet that nothing has.
pub(super) fn free_address(world: &mut World, zone: usize) -> String {
    let subnet = world.default_subnets().remove(zone);
    let cidr = world.state.subnets.get(&subnet).unwrap().cidr.to_string();
    cidr.replace(".0/20", ".200")
}

impl World {
    fn register(&mut self, group: &str, targets: Value) -> Value {
        self.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": targets}))
    }
}

#[test]
fn a_target_is_initial_until_every_node_has_found_it_healthy() {
    let (mut world, balancer, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let ip = free_address(&mut world, 0);
    world.register(&group, json!([{ "Id": ip }]));
    let initial = "initial Elb.RegistrationInProgress Target registration is in progress";
    assert_eq!(world.health(&group), [initial]);
    world.host_finds(&TargetHealth::Initial);
    assert_eq!(world.health(&group), ["initial Elb.InitialHealthChecking Initial health checks in progress"]);
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(world.health(&group), ["healthy - -"]);
    // One node has not seen it yet.
    let target = address(&format!("{ip}:80"));
    let mut status = BalancingStatus::clone(world.state.balancing.values().next().unwrap());
    let of_group = status.health.get_mut(&group_id(&group)).unwrap();
    of_group.values_mut().next().unwrap().remove(&target);
    world.host_says(world.state.revision, status);
    assert_eq!(world.health(&group), ["initial Elb.InitialHealthChecking Initial health checks in progress"]);
    let described = world.elb("DescribeTargetHealth", json!({ "TargetGroupArn": group }));
    let one = &described["TargetHealthDescriptions"][0];
    let shown = json!({"Id": ip, "Port": 80, "AvailabilityZone": "us-east-1a"});
    assert_eq!((&one["Target"], &one["HealthCheckPort"]), (&shown, &json!("80")));
    world.elb("DeleteLoadBalancer", json!({ "LoadBalancerArn": balancer }));
    let unused = "unused Target.NotInUse Target group is not configured to receive traffic from the load balancer";
    assert_eq!(world.health(&group), [unused]);
}

#[test]
fn reasons_are_aws_own() {
    let (mut world, _, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let ip = free_address(&mut world, 0);
    world.register(&group, json!([{ "Id": ip }]));
    for (why, said) in [
        (
            Unhealthy::ResponseCodeMismatch(503),
            "unhealthy Target.ResponseCodeMismatch Health checks failed with these codes: [503]",
        ),
        (Unhealthy::Timeout, "unhealthy Target.Timeout Request timed out"),
        (Unhealthy::FailedHealthChecks, "unhealthy Target.FailedHealthChecks Health checks failed"),
    ] {
        world.host_finds(&TargetHealth::Unhealthy(why));
        assert_eq!(world.health(&group), [said]);
    }
    let asked = json!({"TargetGroupArn": group, "Targets": [{"Id": "10.0.0.1", "Port": 81}]});
    let asked = world.elb("DescribeTargetHealth", asked);
    let health = &asked["TargetHealthDescriptions"][0]["TargetHealth"];
    let expected = json!({"State": "unused", "Reason": "Target.NotRegistered",
        "Description": "Target is not registered to the target group"});
    assert_eq!(*health, expected);
}

#[test]
fn a_host_without_a_say_is_waited_for_and_a_lost_one_is_not() {
    let (mut world, _, group) = serving();
    world.host_says(0, BalancingStatus::default());
    let ip = free_address(&mut world, 0);
    world.register(&group, json!([{ "Id": ip }]));
    world.host_finds(&TargetHealth::Healthy);
    assert_eq!(world.health(&group), ["healthy - -"]);
    world.now += 2 * world.state.region.lease + 1;
    world.transact(|_| Ok(())).unwrap();
    assert!(world.state.hosts.iter().all(|host| host.lost.is_some()));
    assert_eq!(world.health(&group), ["initial Elb.RegistrationInProgress Target registration is in progress"]);
}

#[test]
fn targets_in_zones_without_a_node_are_unused() {
    let (mut world, balancer, group) = serving();
    let ip = free_address(&mut world, 2);
    world.register(&group, json!([{ "Id": ip }]));
    let unused = "unused Target.NotInUse Target is in an Availability Zone that is not enabled for the load balancer";
    assert_eq!(world.health(&group), [unused]);
    let subnets = world.default_subnets();
    world.elb("SetSubnets", json!({"LoadBalancerArn": balancer, "Subnets": subnets}));
    assert!(world.health(&group)[0].starts_with("initial "));
    let node = world.state.network_interfaces.iter().next().unwrap().private_ip.to_string();
    world.register(&group, json!([{ "Id": node }]));
    let unusable =
        "unused Target.IpUnusable The IP address cannot be used as a target, as it is in use by a load balancer";
    assert!(world.health(&group).contains(&unusable.to_owned()));
}

#[test]
fn targets_are_addresses_of_the_vpc_or_private_ones_for_all_zones() {
    let (mut world, _, group) = serving();
    let refuses = |world: &mut World, target: Value| {
        world.elb_refuses("RegisterTargets", json!({"TargetGroupArn": group, "Targets": [target]}))
    };
    let public = "InvalidTarget: The IP address '8.8.8.8' is not allowed, as it must be an address from a VPC subnet, RFC1918, or RFC6598";
    assert_eq!(refuses(&mut world, json!({"Id": "8.8.8.8"})), public);
    let word = refuses(&mut world, json!({"Id": "i-0a"}));
    assert_eq!(word, "ValidationError: The IP address 'i-0a' is not a valid IPv4 address");
    let elsewhere = refuses(&mut world, json!({"Id": "10.0.0.1"}));
    assert!(elsewhere.starts_with("InvalidTarget: The Availability Zone must be 'all'"), "{elsewhere}");
    let gap = refuses(&mut world, json!({"Id": "172.31.255.1", "AvailabilityZone": "all"}));
    assert!(gap.contains("is not in a subnet of the VPC"), "{gap}");
    let ip = free_address(&mut world, 0);
    let zone = refuses(&mut world, json!({"Id": ip, "AvailabilityZone": "us-east-1b"}));
    assert!(zone.contains("is 'us-east-1a', not 'us-east-1b'"), "{zone}");
    world.register(&group, json!([{"Id": "10.0.0.1", "AvailabilityZone": "all"}, {"Id": ip, "Port": 8080}]));
    assert_eq!(world.health(&group).len(), 2);
    let many: Vec<Value> = (1..=1000).map(|port| json!({"Id": ip, "Port": port})).collect();
    let many = world.elb_refuses("RegisterTargets", json!({"TargetGroupArn": group, "Targets": many}));
    assert!(many.starts_with("TooManyTargets: "), "{many}");
    assert_eq!(world.health(&group).len(), 2, "all of a call or nothing");
}
