//! Ways out of a VPC, with real packets: internet gateways, NAT gateways, peering, endpoints. Needs root.

use crate::support::*;
use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};
use vpc::{AWS_SERVICES, AclRule, Endpoint, INTERNET_HOST, IpProtocol, Peering, Ports, Target};

const HOST: Ipv4Addr = match INTERNET_HOST {
    IpAddr::V4(ip) => ip,
    IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
};
const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);
const ELASTIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 99);

/// Subnet 1 is public, with task 10; subnet 2 is private, with task 100 and a way out through NAT gateway 50 of subnet 1.
fn world() -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.internet_gateway();
    world.task(10, &["sg-open"]);
    world.task(11, &["sg-open"]);
    world.task(100, &["sg-open"]);
    world.public(10, PUBLIC);
    world.nat_gateway(50, Some(ELASTIC));
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.route(2, "0.0.0.0/0", Target::NatGateway("nat-50".into()));
    world
}

/// Connects and says whom the server saw.
fn seen(from: &Path, to: &Path, address: Ipv4Addr, port: u16) -> Option<IpAddr> {
    let listener = probe::listen(to, port);
    let _client = probe::connect(from, address, port)?;
    Some(listener.accept().unwrap().1.ip())
}

#[test]
fn a_public_address_leads_both_ways() {
    let mut world = world();
    world.apply();
    let (task, internet) = (world.at(10), world.internet());
    assert_eq!(seen(&task, &internet, HOST, 80), Some(PUBLIC.into()));
    assert_eq!(seen(&internet, &task, PUBLIC, 80), Some(INTERNET_HOST));
    assert!(probe::ping(&task, HOST) && probe::ping(&internet, PUBLIC));
    assert!(probe::udp(&task, &internet, HOST, 9) && probe::udp(&internet, &task, PUBLIC, 9));
    assert_eq!(seen(&world.at(11), &task, ip(10), 80), Some(ip(11).into()), "by private address, within the VPC");
    assert_eq!(world.verify(), 0);
}

#[test]
fn without_a_public_address_there_is_no_way_out_and_none_in() {
    let mut world = world();
    world.apply();
    let internet = world.internet();
    assert_eq!(seen(&world.at(11), &internet, HOST, 80), None);
    assert!(!probe::ping(&world.at(11), HOST));
    // The internet may route to it as it likes.
    let name = internet.file_name().unwrap().to_str().unwrap().to_owned();
    let link = links(&name).into_iter().find(|link| link.starts_with('v') || link.starts_with('x')).unwrap();
    ip_command(&["-n", &name, "route", "add", "10.0.0.0/16", "via", "169.254.0.1", "dev", &link, "onlink"]);
    for n in [10, 11, 100] {
        assert_eq!(seen(&internet, &world.at(n), ip(n), 80), None, "{n}");
        assert!(!probe::udp(&internet, &world.at(n), ip(n), 9), "{n}");
    }
    // Nor by an address of the VPC's own as the source, or any that is private.
    let receiver = probe::bind(&world.at(10), 9);
    let private = [[10, 0, 1, 1], [10, 0, 9, 9], [10, 77, 0, 1], [172, 20, 0, 1], [192, 168, 1, 1], [100, 64, 0, 1]];
    for source in private.map(Ipv4Addr::from).into_iter().chain([ip(11)]) {
        probe::send_forged(&internet, source, PUBLIC, 9);
        assert!(receiver.recv(&mut [0; 16]).is_err(), "{source}");
    }
    probe::send_forged(&internet, [203, 0, 113, 77].into(), PUBLIC, 9);
    assert!(receiver.recv(&mut [0; 16]).is_ok(), "anybody else's passes, so the probe works");
}

#[test]
fn a_nat_gateway_hides_the_sender_and_lets_nothing_in() {
    let mut world = world();
    world.apply();
    let (task, internet) = (world.at(100), world.internet());
    assert_eq!(seen(&task, &internet, HOST, 80), Some(ELASTIC.into()));
    assert!(probe::ping(&task, HOST));
    let server = probe::bind(&internet, 53);
    let client = probe::bind(&task, 0);
    client.send_to(b"question", (HOST, 53)).unwrap();
    let mut heard = [0; 16];
    let (_, from) = server.recv_from(&mut heard).unwrap();
    assert_eq!(from.ip(), IpAddr::from(ELASTIC));
    server.send_to(b"answer", from).unwrap();
    assert!(client.recv(&mut heard).is_ok(), "the way back");
    // An error comes back too: nobody listens there.
    client.connect((HOST, 54)).unwrap();
    client.send(b"question").unwrap();
    assert_eq!(client.recv(&mut heard).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    // Nothing comes in that nobody asked for.
    assert_eq!(seen(&internet, &task, ELASTIC, 80), None);
    assert_eq!(seen(&internet, &world.at_interface(50), ELASTIC, 80), None, "nor to the gateway itself");
    assert!(!probe::ping(&internet, ELASTIC));
    let from = SocketAddr::from((ELASTIC, from.port() ^ 1));
    server.send_to(b"uninvited", from).unwrap();
    assert!(client.recv(&mut heard).is_err());
    assert_eq!(world.verify(), 0);
}

#[test]
fn a_deleted_nat_gateway_leaves_a_black_hole() {
    let mut world = world();
    world.apply();
    world.vpc().nat_gateways.clear();
    world.vpc().interfaces.remove(&interface_id(50));
    world.apply();
    assert_eq!(seen(&world.at(100), &world.internet(), HOST, 80), None);
    assert!(seen(&world.at(10), &world.internet(), HOST, 80).is_some(), "others are not concerned");
    assert_eq!(world.verify(), 0);
}

#[test]
fn private_gateways_and_several_addresses() {
    let mut world = world();
    let nat = world.vpc().interfaces.get_mut(&interface_id(50)).unwrap();
    for n in 51..54 {
        nat.secondary_ips.insert(ip(n).into());
        nat.public_ips.insert(ip(n).into(), [198, 18, 0, n + 100].into());
    }
    world.apply();
    let listener = probe::listen(&world.internet(), 80);
    let mut sources = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let _client = probe::connect(&world.at(100), HOST, 80).unwrap();
        sources.insert(listener.accept().unwrap().1.ip());
    }
    assert_eq!(sources.len(), 4, "each has its turn: {sources:?}");
    world.vpc().interfaces.get_mut(&interface_id(50)).unwrap().public_ips.clear();
    world.apply();
    assert!(probe::connect(&world.at(100), HOST, 80).is_none(), "a private one does not lead to the internet");
}

#[test]
fn path_mtu_is_found_on_every_way_out() {
    let mut world = world();
    world.apply();
    for n in [10, 100] {
        let listener = probe::listen(&world.internet(), 80);
        let mut client = probe::connect(&world.at(n), HOST, 80).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let sent = vec![7; 1 << 20];
        let reader = std::thread::spawn(move || {
            let mut received = Vec::new();
            server.read_to_end(&mut received).map(|_| received.len())
        });
        client.write_all(&sent).unwrap();
        drop(client);
        assert_eq!(reader.join().unwrap().unwrap(), sent.len(), "task {n}");
        // A datagram that may not be fragmented is refused, with the MTU that would do.
        let socket = probe::bind(&world.at(n), 0);
        rustix::net::sockopt::set_ip_mtu_discover(&socket, rustix::net::sockopt::Ipv4PathMtuDiscovery::DO).unwrap();
        socket.connect((HOST, 9)).unwrap();
        let _ = socket.send(&[0; 4000]);
        std::thread::sleep(probe::SILENCE);
        let told = rustix::net::sockopt::ip_mtu(&socket).unwrap();
        assert_eq!(told, 1500, "task {n}");
    }
}

#[test]
fn a_nat_gateway_carries_what_it_is_given() {
    let mut world = world();
    world.vpc().nat_gateways.values_mut().for_each(|gateway| gateway.bandwidth = 80_000_000);
    world.apply();
    let rate = |world: &World, n: u8| {
        let listener = probe::listen(&world.internet(), 80);
        let client = probe::connect(&world.at(n), HOST, 80).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        std::thread::spawn(move || pour(client, Duration::from_millis(900)));
        let (start, mut bytes, mut buffer) = (Instant::now(), 0, vec![0; 1 << 16]);
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            bytes += length;
        }
        bytes as f64 * 8.0 / start.elapsed().as_secs_f64()
    };
    let (free, capped) = (rate(&world, 10), rate(&world, 100));
    assert!(capped < 90e6, "{capped} of 80 Mbps");
    assert!(capped > 20e6 && free > 2.0 * capped, "{capped} through the gateway, {free} past it");
    world.vpc().nat_gateways.values_mut().for_each(|gateway| gateway.bandwidth = 8_000_000_000);
    assert!(world.apply() > 0);
    assert!(rate(&world, 100) > 2.0 * capped, "and more when it is given more");
    assert_eq!(world.verify(), 0);
}

fn pour(mut stream: TcpStream, time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time && stream.write_all(&[0; 1 << 14]).is_ok() {}
}

#[test]
fn a_nat_gateway_has_so_many_connections_to_a_destination_and_no_more() {
    let mut world = world();
    world.apply();
    let flood = |port: u16, from: u16, count: u16| probe::flood(&world.at(100), HOST, port, from, count);
    let receiver = probe::bind(&world.internet(), 9);
    rustix::net::sockopt::set_socket_recv_buffer_size_force(&receiver, 256 << 20).unwrap();
    flood(9, 2000, 55_500);
    let mut ports = std::collections::BTreeSet::new();
    receiver.set_nonblocking(true).unwrap();
    while let Ok((_, from)) = receiver.recv_from(&mut [0; 16]) {
        assert_eq!(from.ip(), IpAddr::from(ELASTIC));
        ports.insert(from.port());
    }
    assert!((54_000..=55_000).contains(&ports.len()), "{} connections", ports.len());
    let (counted, _) = network::nat_metrics(&world.instance, &interface_id(50)).unwrap();
    assert!(counted.error_port_allocation >= 500, "{counted:?}");
    assert!(counted.packets_dropped >= counted.error_port_allocation, "{counted:?}");
    assert_eq!((counted.in_from_source.packets, counted.active_connections), (55_500, 0), "UDP alone: {counted:?}");
    // Another destination has ports of its own.
    let other = probe::bind(&world.internet(), 10);
    other.set_nonblocking(false).unwrap();
    flood(10, 2000, 1);
    assert!(other.recv(&mut [0; 16]).is_ok());
}

#[test]
fn a_nat_gateway_tells_what_it_carried() {
    let mut world = world();
    world.apply();
    let counted = |world: &World| network::nat_metrics(&world.instance, &interface_id(50)).unwrap();
    let listener = probe::listen(&world.internet(), 80);
    let mut client = probe::connect(&world.at(100), HOST, 80).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.write_all(&[7; 1000]).unwrap();
    server.read_exact(&mut [0; 1000]).unwrap();
    server.write_all(&[7; 50_000]).unwrap();
    client.read_exact(&mut vec![0; 50_000]).unwrap();
    assert!(probe::connect(&world.at(100), HOST, 81).is_none(), "nobody is there");
    // What nobody in the VPC has asked for goes nowhere.
    probe::flood(&world.internet(), ELASTIC, 9, 2000, 3);
    let (now, _) = counted(&world);
    assert_eq!((now.active_connections, now.connection_attempts, now.connections_established), (1, 2, 1), "{now:?}");
    assert_eq!(now.in_from_source, now.out_to_destination, "{now:?}");
    assert!((1_000..3_000).contains(&now.in_from_source.bytes), "{now:?}");
    assert!((50_000..60_000).contains(&now.out_to_source.bytes), "{now:?}");
    assert_eq!(now.in_from_destination.packets, now.out_to_source.packets + 3, "{now:?}");
    assert_eq!((now.error_port_allocation, now.packets_dropped), (0, 0), "{now:?}");
}

#[test]
fn connections_that_are_idle_too_long_are_told_from_closed_ones() {
    let mut world = world();
    world.apply();
    let seconds = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established";
    network::inside(&world.at_interface(50), || std::fs::write(seconds, "3")).unwrap().unwrap();
    let counted = |world: &World| network::nat_metrics(&world.instance, &interface_id(50)).unwrap();
    let listener = probe::listen(&world.internet(), 80);
    let _idle = probe::connect(&world.at(100), HOST, 80).unwrap();
    let closed = probe::connect(&world.at(100), HOST, 80).unwrap();
    let (_kept, _) = listener.accept().unwrap();
    let (before, known) = counted(&world);
    let begun = Instant::now();
    drop((closed, listener.accept().unwrap()));
    assert_eq!(before.active_connections, 2);
    let (mut now, mut after) = counted(&world);
    while now.active_connections > 0 {
        std::thread::sleep(Duration::from_millis(100));
        (now, after) = counted(&world);
    }
    assert_eq!(after.idle_timeouts(&known, begun.elapsed()), 1);
}

#[test]
fn peering_joins_two_vpcs_and_no_third() {
    let mut world = world();
    let id = |name: &str| vpc::VpcId::from(name);
    for (n, name) in [(3, "vpc-b"), (4, "vpc-c")] {
        let mut other = vpc();
        other.cidrs = vec![format!("10.{n}.0.0/16").parse().unwrap()];
        for (subnet, m) in other.subnets.values_mut().zip(1..) {
            subnet.cidr = format!("10.{n}.{m}.0/24").parse().unwrap();
        }
        let open = vpc::SecurityGroup { ingress: vec![all(everywhere())], egress: vec![all(everywhere())] };
        other.security_groups.insert("sg-open".into(), open);
        let task_interface = vpc::Interface { private_ip: [10, n, 1, 10].into(), ..interface(10, &["sg-open"]) };
        let eni = vpc::InterfaceId::from(format!("eni-{name}"));
        other.interfaces.insert(eni.clone(), task_interface);
        world.spec.tasks.insert(name.into(), task(name, eni));
        world.topology().vpcs.insert(id(name), other);
    }
    for (peering, a, b) in [("pcx-1", VPC, "vpc-b"), ("pcx-2", "vpc-b", "vpc-c")] {
        let peering_of = Peering { requester: id(a), accepter: id(b), requester_dns: false, accepter_dns: false };
        world.topology().peerings.insert(peering.into(), peering_of);
    }
    let there = |world: &World, name: &str| world.instance.task(&name.into()).path();
    let to = |n: u8| Ipv4Addr::new(10, n, 1, 10);
    world.apply();
    assert_eq!(seen(&world.at(10), &there(&world, "vpc-b"), to(3), 80), None, "there is no route yet");
    let mut add = |vpc: &str, net: &str, peering: &str| {
        let route = vpc::Route {
            destination: vpc::Destination::Net(net.parse().unwrap()),
            target: Target::Peering(peering.into()),
        };
        let vpc = world.topology().vpcs.get_mut(&id(vpc)).unwrap();
        vpc.route_tables.get_mut("rtb-1").unwrap().routes.push(route);
    };
    add(VPC, "10.3.0.0/16", "pcx-1");
    add(VPC, "10.4.0.0/16", "pcx-1");
    add("vpc-b", "10.0.0.0/16", "pcx-1");
    add("vpc-b", "10.4.0.0/16", "pcx-2");
    add("vpc-c", "10.3.0.0/16", "pcx-2");
    add("vpc-c", "10.0.0.0/16", "pcx-2");
    world.apply();
    assert_eq!(seen(&world.at(10), &there(&world, "vpc-b"), to(3), 80), Some(ip(10).into()));
    assert_eq!(seen(&there(&world, "vpc-b"), &world.at(10), ip(10), 80), Some(to(3).into()));
    assert_eq!(seen(&there(&world, "vpc-b"), &there(&world, "vpc-c"), to(4), 80), Some(to(3).into()));
    assert_eq!(seen(&world.at(10), &there(&world, "vpc-c"), to(4), 80), None, "peering is not transitive");
    assert!(!probe::udp(&world.at(10), &there(&world, "vpc-c"), to(4), 9));
    let router = world.instance.router(&id("vpc-b")).path();
    let resolver = [10, 3, 0, 2].into();
    assert!(probe::udp(&there(&world, "vpc-b"), &router, resolver, 53), "the resolver answers its own VPC");
    assert!(!probe::udp(&world.at(10), &router, resolver, 53), "and no other");
    // A group of the peer is a peer of rules.
    let only = vpc::SecurityGroup { ingress: vec![tcp(80, 80, group("sg-friends"))], egress: vec![] };
    world.topology().vpcs.get_mut(&id("vpc-b")).unwrap().security_groups.insert("sg-open".into(), only);
    world.apply();
    assert_eq!(seen(&world.at(10), &there(&world, "vpc-b"), to(3), 80), None);
    world.group("sg-friends", vec![], vec![]);
    world.task(10, &["sg-open", "sg-friends"]);
    world.apply();
    assert_eq!(seen(&world.at(10), &there(&world, "vpc-b"), to(3), 80), Some(ip(10).into()));
    assert_eq!(seen(&world.at(11), &there(&world, "vpc-b"), to(3), 80), None, "not in the group");
    assert_eq!(world.verify(), 0);
    world.topology().peerings.clear();
    world.apply();
    assert_eq!(seen(&world.at(10), &there(&world, "vpc-b"), to(3), 80), None);
    assert_eq!(world.verify(), 0);
}

#[test]
fn endpoints_lead_to_services_without_the_internet() {
    let mut world = world();
    let s3 = AWS_SERVICES.iter().find(|service| service.name == "s3").unwrap();
    let IpAddr::V4(address) = s3.address() else { panic!("IPv4 only") };
    let list = vpc::PrefixListId::from(s3.prefix_list.unwrap());
    world.topology().prefix_lists.insert(list.clone(), [s3.range()].into());
    world.vpc().route_tables.values_mut().for_each(|table| table.routes.clear());
    world.vpc().internet_gateway = None;
    let gateway = Endpoint::Gateway { service: "s3".to_owned(), prefix_list: list.clone() };
    world.vpc().endpoints.insert("vpce-s3".into(), gateway);
    let route =
        vpc::Route { destination: vpc::Destination::PrefixList(list), target: Target::Endpoint("vpce-s3".into()) };
    world.vpc().route_tables.get_mut("rtb-2").unwrap().routes.push(route);
    let mut endpoint = interface(20, &["sg-endpoint"]);
    endpoint.holder = vpc::Holder::Endpoint("vpce-logs".into());
    world.vpc().interfaces.insert(interface_id(20), endpoint);
    world.group("sg-endpoint", vec![tcp(443, 443, net("10.0.2.0/24"))], vec![]);
    world.apply();
    let service = world.instance.endpoint(&"vpce-s3".into()).path();
    assert_eq!(seen(&world.at(100), &service, address, 80), Some(ip(100).into()));
    assert_eq!(seen(&world.at(10), &service, address, 80), None, "its subnet has no such route");
    assert_eq!(seen(&world.at(100), &world.at_interface(20), ip(20), 443), Some(ip(100).into()));
    assert_eq!(seen(&world.at(100), &world.at_interface(20), ip(20), 80), None, "its group says 443");
    assert_eq!(seen(&world.at(10), &world.at_interface(20), ip(20), 443), None);
    assert_eq!(world.verify(), 0);
}

#[test]
fn acls_have_an_order_no_memory_and_no_say_within_a_subnet() {
    let mut world = world();
    let rule = |ports: (u16, u16), allow| AclRule {
        protocol: IpProtocol::TCP,
        ports: Ports::Range(ports.0, ports.1),
        net: "10.0.2.0/24".parse().unwrap(),
        allow,
    };
    let reach = |world: &World, port| seen(&world.at(100), &world.at(10), ip(10), port).is_some();
    world.vpc().network_acls.insert("acl-2".into(), acl(&[rule((80, 80), true), rule((1, 100), false)], &[]));
    world.vpc().subnets.get_mut("subnet-1").unwrap().network_acl = "acl-2".into();
    world.apply();
    assert_eq!((reach(&world, 80), reach(&world, 81), reach(&world, 101)), (true, false, true));
    assert!(seen(&world.at(11), &world.at(10), ip(10), 81).is_some(), "within the subnet");
    // The answers need a rule of their own.
    world.vpc().network_acls.insert("acl-2".into(), acl(&[], &[rule((1024, 65535), false)]));
    let listener = probe::listen(&world.at(10), 80);
    let mut client = probe::connect(&world.at(100), ip(10), 80).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert!(probe::alive(&mut client, &mut server));
    world.apply();
    assert!(!probe::alive(&mut client, &mut server), "also those of connections that are known");
    drop(listener);
    assert!(!reach(&world, 80));
    assert!(probe::udp(&world.at(100), &world.at(10), ip(10), 9), "another protocol");
    assert_eq!(world.verify(), 0);
    // One that is not there denies everything, and the default is back at once.
    world.vpc().network_acls.remove("acl-2");
    world.apply();
    assert!(!probe::udp(&world.at(100), &world.at(10), ip(10), 9));
    world.vpc().subnets.get_mut("subnet-1").unwrap().network_acl = "acl-1".into();
    world.apply();
    assert!(reach(&world, 81));
}

fn ip_command(arguments: &[&str]) {
    assert!(std::process::Command::new("ip").args(arguments).status().unwrap().success(), "{arguments:?}");
}

fn links(namespace: &str) -> Vec<String> {
    let output = std::process::Command::new("ip").args(["-n", namespace, "-o", "link"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = |line: &str| line.split(": ").nth(1)?.split('@').next().map(str::to_owned);
    text.lines().filter_map(name).collect()
}
