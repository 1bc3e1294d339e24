//! Security groups against real packets, in throw-away namespaces. Needs root.

use crate::support::*;

#[test]
fn what_a_group_allows_passes_and_nothing_else() {
    let mut world = World::new();
    world.group("sg-web", vec![tcp(80, 80, everywhere()), icmp(8, None, everywhere())], vec![all(everywhere())]);
    world.task(10, &["sg-web"]);
    world.task(11, &["sg-web"]);
    world.task(100, &["sg-web"]);
    world.apply();
    let (a, b, other_subnet) = (world.at(10), world.at(11), world.at(100));
    assert!(probe::tcp(&a, &b, ip(11), 80));
    assert!(probe::tcp(&b, &a, ip(10), 80));
    assert!(probe::tcp(&a, &other_subnet, ip(100), 80));
    assert!(probe::ping(&a, ip(11)));
    assert!(!probe::tcp(&a, &b, ip(11), 81), "another port, in the same subnet");
    assert!(!probe::udp(&a, &b, ip(11), 80), "another protocol");
    assert!(!probe::icmp(&a, &b, ip(11), 13, 0), "another ICMP type");
    assert!(probe::tcp(&a, &a, ip(10), 81), "what never leaves a task is nobody's business");
    assert!(probe::tcp(&a, &a, [127, 0, 0, 1].into(), 81));
}

#[test]
fn rules_hold_whichever_part_of_them_is_looked_at_first() {
    let mut world = World::new();
    world.task(10, &["sg-web"]);
    world.task(11, &["sg-web"]);
    world.task(12, &["sg-web"]);
    let web = |ports: u16, senders: u8| {
        let ports = (0..ports).map(|n| tcp(8000 + 3 * n, 8001 + 3 * n, net("10.0.1.10/32")));
        let senders = (0..senders).map(|n| tcp(80, 80, net(&format!("10.0.{}.0/24", n + 2))));
        ports.chain(senders).chain([tcp(80, 80, group("sg-web")), tcp(90, 90, group("sg-web"))]).collect()
    };
    // More ports than senders, more senders than ports, and back.
    for (ports, senders) in [(9, 1), (1, 9), (9, 1)] {
        world.group("sg-web", web(ports, senders), vec![all(everywhere())]);
        world.apply();
        let open = |from, port| probe::tcp(&world.at(from), &world.at(11), ip(11), port);
        assert!(open(10, 8001) && open(10, 80) && open(12, 90));
        assert_eq!(open(10, 8004), ports == 9);
        assert!(!open(10, 8002) && !open(12, 8001) && !open(12, 81));
        assert_eq!(world.verify(), 0);
    }
}

#[test]
fn the_two_gates_are_independent() {
    let mut world = World::new();
    world.group("sg-mute", vec![all(everywhere())], vec![]);
    world.group("sg-deaf", vec![], vec![all(everywhere())]);
    world.group("sg-both", vec![all(everywhere())], vec![all(everywhere())]);
    world.task(10, &["sg-mute"]);
    world.task(11, &["sg-deaf"]);
    world.task(12, &["sg-both"]);
    world.task(13, &["sg-mute", "sg-deaf"]);
    world.apply();
    let at = |n| world.at(n);
    assert!(!probe::udp(&at(10), &at(12), ip(12), 9), "no egress, ingress open");
    assert!(!probe::udp(&at(12), &at(11), ip(11), 9), "egress open, no ingress");
    assert!(probe::tcp(&at(12), &at(10), ip(10), 9), "replies need no egress rule");
    assert!(probe::udp(&at(11), &at(13), ip(13), 9) && probe::udp(&at(13), &at(12), ip(12), 9), "groups add up");
}

#[test]
fn a_group_as_peer_follows_its_members() {
    let mut world = World::new();
    world.group("sg-app", vec![], vec![all(everywhere())]);
    world.group(
        "sg-db",
        vec![tcp(5432, 5432, group("sg-app")), udp(7000, 7010, group("sg-db"))],
        vec![udp(7005, 7005, group("sg-db"))],
    );
    world.group("sg-none", vec![], vec![all(everywhere())]);
    world.task(10, &["sg-app"]);
    world.task(11, &["sg-none"]);
    world.task(20, &["sg-db"]);
    world.task(121, &["sg-db"]);
    world.apply();
    let at = |world: &World, n| world.at(n);
    let open = |world: &World, n| probe::tcp(&at(world, n), &at(world, 20), ip(20), 5432);
    assert!(open(&world, 10));
    assert!(!open(&world, 11));
    assert!(probe::udp(&at(&world, 20), &at(&world, 121), ip(121), 7005), "a group that names itself, across subnets");
    assert!(!probe::udp(&at(&world, 20), &at(&world, 121), ip(121), 7006), "the sender's gate is narrower");

    world.vpc().interfaces.get_mut(&interface_id(11)).unwrap().security_groups =
        ["sg-none".into(), "sg-app".into()].into();
    world.vpc().interfaces.get_mut(&interface_id(10)).unwrap().security_groups = ["sg-none".into()].into();
    world.apply();
    assert!(!open(&world, 10), "left the group");
    assert!(open(&world, 11), "joined the group");
    assert_eq!(world.verify(), 0);
}

#[test]
fn a_revoked_rule_stops_new_flows_and_keeps_established_ones() {
    let mut world = World::new();
    world.group("sg-server", vec![tcp(80, 80, net("10.0.1.0/24")), tcp(8080, 8080, everywhere())], vec![]);
    world.group("sg-client", vec![], vec![tcp(80, 8080, net("10.0.0.0/16"))]);
    world.task(10, &["sg-client"]);
    world.task(11, &["sg-server"]);
    world.apply();
    let listener = probe::listen(&world.at(11), 80);
    let mut client = probe::connect(&world.at(10), ip(11), 80).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert!(probe::alive(&mut client, &mut server));

    world.vpc().security_groups.get_mut("sg-server").unwrap().ingress.remove(0);
    assert!(world.apply() > 0);
    assert!(probe::connect(&world.at(10), ip(11), 80).is_none(), "a new flow");
    assert!(probe::alive(&mut client, &mut server), "an established, tracked flow");
    assert!(probe::tcp(&world.at(10), &world.at(11), ip(11), 8080), "the other rule");
}

/// "Untracked connections": a rule for all addresses, and one the other way for everything.
#[test]
fn a_flow_that_is_not_tracked_ends_with_its_rule() {
    let mut world = World::new();
    world.group("sg-server", vec![tcp(80, 81, everywhere()), tcp(82, 82, net("10.0.0.0/8"))], vec![all(everywhere())]);
    world.group("sg-client", vec![], vec![all(everywhere())]);
    world.task(10, &["sg-client"]);
    world.task(11, &["sg-server"]);
    world.apply();
    let mut flows: Vec<_> = [80, 81, 82]
        .map(|port| {
            let listener = probe::listen(&world.at(11), port);
            let client = probe::connect(&world.at(10), ip(11), port).unwrap();
            let server = listener.accept().unwrap().0;
            (client, server)
        })
        .into();
    world.group("sg-server", vec![tcp(81, 81, everywhere())], vec![all(everywhere())]);
    world.apply();
    let alive: Vec<bool> = flows.iter_mut().map(|(client, server)| probe::alive(client, server)).collect();
    assert_eq!(alive, [false, true, true], "untracked and revoked; untracked and still allowed; tracked and revoked");
    world.group("sg-server", vec![tcp(81, 81, everywhere())], vec![]);
    world.apply();
    let (client, server) = &mut flows[1];
    assert!(!probe::alive(client, server), "the rule for the answers is gone");
    assert_eq!(world.verify(), 0);
}

#[test]
fn overlapping_rules_and_ranges_change_in_place() {
    let mut world = World::new();
    world.group("sg-a", vec![], vec![all(everywhere())]);
    world.task(10, &["sg-a"]);
    world.task(11, &["sg-a"]);
    // Each set of rules overlaps the one before in another way.
    let steps = [
        vec![tcp(80, 90, net("10.0.0.0/16"))],
        vec![tcp(85, 95, net("10.0.0.0/16"))],
        vec![tcp(85, 95, net("10.0.1.0/24")), tcp(80, 86, net("10.0.0.0/8"))],
        vec![tcp(80, 90, net("10.0.1.10/32")), tcp(1, 85, net("10.0.1.0/24")), tcp(90, 95, everywhere())],
        vec![tcp(0, 65535, everywhere())],
        vec![],
    ];
    for rules in steps {
        world.group("sg-a", rules.clone(), vec![all(everywhere())]);
        world.apply();
        for port in [80, 85, 90, 95] {
            let expected =
                rules.iter().any(|rule| matches!(rule.ports, vpc::Ports::Range(a, b) if (a..=b).contains(&port)));
            assert_eq!(probe::tcp(&world.at(10), &world.at(11), ip(11), port), expected, "port {port} of {rules:?}");
        }
        assert_eq!(world.verify(), 0, "{rules:?}");
    }
}

#[test]
fn nothing_but_the_services_of_a_vpc_can_be_reached_at_its_router() {
    let mut world = World::new();
    world.group("sg-none", vec![], vec![]);
    world.task(10, &["sg-none"]);
    world.apply();
    let (task, router) = (world.at(10), world.router());
    for address in [[10, 0, 0, 2], [169, 254, 169, 253]] {
        assert!(probe::udp(&task, &router, address.into(), 53));
        assert!(probe::tcp(&task, &router, address.into(), 53));
        assert!(!probe::tcp(&task, &router, address.into(), 80));
    }
    assert!(probe::tcp(&task, &router, [169, 254, 170, 2].into(), 80));
    assert!(!probe::tcp(&task, &router, [169, 254, 170, 2].into(), 22));
    assert!(!probe::tcp(&task, &router, [10, 0, 1, 1].into(), 80));
    assert!(!probe::ping(&task, [10, 0, 1, 1].into()), "a subnet's gateway does not answer");
}
