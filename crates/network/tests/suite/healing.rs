//! Damage heals and interrupted work is finished. Needs root, ip(8) and nft(8): what a person would break things with.

use crate::support::*;
use std::{
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    process::{Command, Stdio},
    time::Duration,
};
use vpc::{AclRule, Destination, Holder, Interface, IpProtocol, Peering, Ports, Route, RouteTable, Target};

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Tasks 10 and 11; port 80 is open, 81 is not, and a group is somebody's peer.
fn populate(world: &mut World) {
    let rules = vec![tcp(80, 80, everywhere()), udp(9, 9, group("sg-web"))];
    world.group("sg-web", rules, vec![all(everywhere())]);
    world.task(10, &["sg-web"]);
    world.task(11, &["sg-web"]);
    world.task(100, &["sg-web"]);
    world.internet_gateway();
    world.public(10, PUBLIC);
    world.nat_gateway(50, Some([198, 18, 0, 50].into()));
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.route(2, "0.0.0.0/0", Target::NatGateway("nat-50".into()));
    let never = AclRule {
        protocol: IpProtocol::TCP,
        ports: Ports::Range(7, 7),
        net: "0.0.0.0/0".parse().unwrap(),
        allow: false,
    };
    world.vpc().network_acls.insert("acl-2".into(), acl(&[never], &[]));
    world.vpc().subnets.get_mut("subnet-2").unwrap().network_acl = "acl-2".into();
    let mut peer = vpc();
    peer.cidrs = vec!["10.3.0.0/16".parse().unwrap()];
    peer.subnets.retain(|id, _| id.as_str() == "subnet-1");
    peer.subnets.values_mut().for_each(|subnet| subnet.cidr = "10.3.1.0/24".parse().unwrap());
    peer.security_groups = world.vpc().security_groups.clone();
    let route = |to: &str| Route {
        destination: Destination::Net(to.parse().unwrap()),
        target: Target::Peering("pcx-1".into()),
    };
    peer.route_tables.insert("rtb-1".into(), RouteTable { routes: vec![route("10.0.0.0/16")] });
    let far = Interface { private_ip: [10, 3, 1, 10].into(), holder: Holder::User, ..interface(10, &["sg-web"]) };
    peer.interfaces.insert(interface_id(200), far);
    world.topology().vpcs.insert("vpc-2".into(), peer);
    world.vpc().route_tables.get_mut("rtb-1").unwrap().routes.push(route("10.3.0.0/16"));
    let ends = Peering { requester: VPC.into(), accepter: "vpc-2".into(), requester_dns: false, accepter_dns: false };
    world.topology().peerings.insert("pcx-1".into(), ends);
}

const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);
const HOST: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

fn assert_whole(world: &World, after: &str) {
    let internet = world.internet();
    assert!(probe::tcp_in_time(&internet, &world.at(10), PUBLIC, 80), "{after}: the public address");
    assert!(!probe::tcp(&internet, &world.at(10), PUBLIC, 81), "{after}: the public address is open");
    assert!(probe::tcp_in_time(&world.at(100), &internet, HOST, 80), "{after}: the NAT gateway");
    assert!(!probe::tcp(&world.at(11), &internet, HOST, 80), "{after}: without a public address");
    assert!(probe::tcp_in_time(&world.at(10), &world.at_interface(200), [10, 3, 1, 10].into(), 80), "{after}: peering");
    assert_neighbours(world, after);
}

fn assert_neighbours(world: &World, after: &str) {
    let (a, b) = (world.at(10), world.at(11));
    for (from, to, n) in [(&a, &b, 11), (&b, &a, 10)] {
        assert!(probe::tcp_in_time(from, to, ip(n), 80), "{after}: {n} can't be reached");
        assert!(probe::udp(from, to, ip(n), 9), "{after}: {n} can't be reached by its group");
        assert!(!probe::tcp(from, to, ip(n), 81), "{after}: {n} is open");
    }
}

#[test]
fn damage_heals() {
    let mut world = World::new();
    populate(&mut world);
    world.apply();
    let name = |path: std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (router, task) = (&name(world.router()), &name(world.at(10)));
    let (internet, nat) = (&name(world.internet()), &name(world.at_interface(50)));
    let link = "e00a00000000000";
    let damages: &[&[&str]] = &[
        &["ip", "-n", router, "link", "del", link],
        &["ip", "-n", router, "link", "set", link, "mtu", "1500"],
        &["ip", "-n", router, "route", "del", "10.0.1.10"],
        &["ip", "-n", router, "route", "add", "1.2.3.0/24", "dev", link],
        &["ip", "-n", router, "neigh", "replace", "10.0.1.10", "lladdr", "02:00:00:00:00:09", "dev", link],
        &["ip", "-n", router, "addr", "del", "10.0.0.2/32", "dev", "lo"],
        &["ip", "-n", router, "link", "add", "stray", "type", "veth"],
        &["ip", "-n", task, "link", "set", "eth0", "down"],
        &["ip", "-n", router, "link", "set", link, "down"],
        &["ip", "-n", task, "addr", "flush", "dev", "eth0"],
        &["ip", "-n", task, "route", "del", "default"],
        &["ip", "-n", task, "link", "set", "lo", "down"],
        &["ip", "netns", "exec", router, "nft", "flush", "ruleset"],
        &["ip", "netns", "exec", router, "nft", "flush", "chain", "inet", "vpc", "receiver"],
        &["ip", "netns", "exec", router, "nft", "flush", "map", "inet", "vpc", "sources"],
        &["ip", "netns", "exec", router, "nft", "insert", "rule", "inet", "vpc", "forward", "accept"],
        &["ip", "netns", "exec", router, "nft", "add", "set", "inet", "vpc", "mine", "{ type ipv6_addr; }"],
        &["ip", "netns", "exec", router, "nft", "add", "table", "ip", "mine"],
        &["ip", "netns", "exec", router, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"],
        &["ip", "-n", router, "rule", "del", "priority", "100"],
        &["ip", "-n", router, "rule", "del", "priority", "1000"],
        &["ip", "-n", router, "rule", "add", "priority", "50", "lookup", "77"],
        &["ip", "-n", router, "link", "del", "igw"],
        &["ip", "-n", router, "link", "set", "igw", "down"],
        &["ip", "-n", internet, "route", "del", "198.18.0.50"],
        &["ip", "-n", internet, "route", "del", "unreachable", "default"],
        &["ip", "-n", nat, "link", "del", "eth0"],
        &["ip", "netns", "exec", router, "tc", "qdisc", "del", "dev", "e03200000000000", "root"],
        &[
            "ip", "netns", "exec", nat, "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", "1mbit",
            "burst", "20k", "limit", "1m",
        ],
        &["ip", "netns", "exec", nat, "nft", "flush", "ruleset"],
        &["ip", "netns", "exec", nat, "nft", "flush", "chain", "inet", "vpc", "source"],
        &["ip", "netns", "exec", nat, "nft", "insert", "rule", "inet", "vpc", "forward", "accept"],
        &["ip", "netns", "exec", router, "nft", "flush", "chain", "inet", "vpc", "public"],
        &["ip", "netns", "exec", router, "nft", "flush", "map", "inet", "vpc", "private"],
        &["ip", "netns", "exec", router, "nft", "flush", "chain", "inet", "vpc", "acl-ingress-subnet-2"],
        &["ip", "netns", "del", nat],
        &["ip", "netns", "del", internet],
        &["ip", "netns", "del", task],
        &["ip", "netns", "del", router],
    ];
    for damage in damages {
        run(damage[0], &damage[1..]);
        let after = damage.join(" ");
        assert!(world.verify() > 0, "{after}: not seen");
        assert_whole(&world, &after);
        assert_eq!(world.verify(), 0, "{after}: not healed at once");
    }
}

#[test]
fn another_process_takes_over_without_touching_anything() {
    let mut world = World::new();
    populate(&mut world);
    world.apply();
    let mut restarted = network::Network::new(world.instance.clone());
    assert_eq!(restarted.apply(&world.plan()), Ok(0));
}

/// Tells a child of this test what to apply.
const CHILD: &str = "NETWORK_TEST_INSTANCE";

#[test]
#[ignore = "run by the next test as another process"]
fn child() {
    let prefix = std::env::var(CHILD).unwrap();
    let mut world = std::mem::ManuallyDrop::new(World::of(network::Instance::new(&prefix).unwrap()));
    println!("begin");
    populate(&mut world);
    world.apply();
    // A second plan: one task goes, one comes, rules, routes and gateways change.
    world.spec.tasks.remove(&task_id(10));
    world.vpc().nat_gateways.values_mut().for_each(|nat| nat.bandwidth = 1_000_000);
    world.vpc().route_tables.get_mut("rtb-1").unwrap().routes.remove(0);
    world.topology().peerings.clear();
    world.task(12, &["sg-web"]);
    world.group("sg-web", vec![all(everywhere())], vec![all(everywhere())]);
    world.apply();
}

#[test]
fn killed_anywhere_the_next_pass_finishes() {
    for step in 0..24 {
        let mut world = World::new();
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["--exact", "healing::child", "--ignored", "--nocapture"])
            .env(CHILD, world.instance.prefix())
            .stdout(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("begin")));
        std::thread::sleep(Duration::from_micros(step * 700));
        child.kill().unwrap();
        child.wait().unwrap();

        populate(&mut world);
        world.apply();
        assert_whole(&world, &format!("killed at step {step}"));
        assert_eq!(world.verify(), 0, "killed at step {step}");
        let kept = world.plan().namespaces.len();
        let prefix = format!("{}-", world.instance.prefix());
        let entries = std::fs::read_dir("/run/netns").unwrap().flatten();
        assert_eq!(
            entries.filter(|e| e.file_name().to_str().unwrap().starts_with(&prefix)).count(),
            kept,
            "killed at step {step}"
        );
    }
}

#[test]
fn the_first_packet_of_a_new_task_is_not_lost() {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.task(9, &["sg-open"]);
    world.apply();
    for n in 10..40 {
        world.task(n, &["sg-open"]);
        world.apply();
        assert!(probe::udp(&world.at(n), &world.at(9), ip(9), 9), "from task {n}");
        assert!(probe::udp(&world.at(9), &world.at(n), ip(n), 9), "to task {n}");
    }
}

#[test]
fn one_bad_task_does_not_stop_the_others() {
    let mut world = World::new();
    populate(&mut world);
    world.spec.tasks.insert("lost".into(), task(VPC, "eni-lost".into()));
    let plan = world.plan();
    assert_eq!(plan.impossible.len(), 1);
    world.apply();
    assert_whole(&world, "with an impossible task");
    // A namespace that can't be made because its name is taken by a directory.
    world.task(12, &["sg-web"]);
    let taken = world.at(12);
    std::fs::create_dir(&taken).unwrap();
    let plan = world.plan();
    let errors = world.network.apply(&plan).unwrap_err();
    let text = errors.iter().map(|error| error.to_string()).collect::<Vec<_>>().join("; ");
    std::fs::remove_dir(&taken).unwrap();
    assert!(text.contains(taken.to_str().unwrap()), "{text}");
    assert_whole(&world, "with a failing task");
    assert!(world.apply() > 0, "made once it can be");
    assert!(probe::tcp(&world.at(10), &world.at(12), ip(12), 80));
    assert_eq!(world.verify(), 0);
}
