//! Routes, addresses and interfaces that change while connections are open: none goes on where it would not be allowed anew, or as
//! somebody else. Needs root.

use crate::support::*;
use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    path::PathBuf,
};
use vpc::{Destination, Holder, INTERNET_HOST, Peering, Route, RouteTable, SecurityGroup, Target};

const HOST: Ipv4Addr = match INTERNET_HOST {
    IpAddr::V4(ip) => ip,
    IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
};

/// Task 100 in a private subnet behind NAT gateway 50, and a neighbour that lets nothing in.
fn behind_nat() -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.group("sg-out", vec![], vec![all(everywhere())]);
    world.internet_gateway();
    world.task(10, &["sg-out"]);
    world.task(100, &["sg-out"]);
    world.nat_gateway(50, Some([198, 18, 0, 50].into()));
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.route(2, "0.0.0.0/0", Target::NatGateway("nat-50".into()));
    world
}

/// A flow that is answered: the client's socket, the server's, and whom the server saw.
fn flow(from: PathBuf, to: PathBuf, address: Ipv4Addr, port: u16) -> (UdpSocket, UdpSocket, std::net::SocketAddr) {
    let (client, server) = (probe::bind(&from, port + 1000), probe::bind(&to, port));
    client.send_to(b"hello", (address, port)).unwrap();
    let (_, seen) = server.recv_from(&mut [0; 8]).unwrap();
    server.send_to(b"hello", seen).unwrap();
    assert!(client.recv(&mut [0; 8]).is_ok(), "the flow is answered");
    (client, server, seen)
}

fn hears(socket: &UdpSocket) -> bool {
    socket.recv(&mut [0; 8]).is_ok()
}

#[test]
fn a_flow_whose_route_changes_does_not_leave_untranslated() {
    let mut world = behind_nat();
    world.apply();
    let (client, server, _) = flow(world.at(100), world.internet(), HOST, 9);
    let table = &mut world.vpc().route_tables.get_mut("rtb-2").unwrap().routes;
    table[0].target = Target::InternetGateway("igw-1".into());
    world.apply();
    client.send_to(b"again", (HOST, 9)).unwrap();
    assert!(!hears(&server), "it has no public address, so there is no way out");
    assert_eq!(world.verify(), 0);
    world.public(100, [198, 18, 0, 100].into());
    world.apply();
    client.send_to(b"again", (HOST, 9)).unwrap();
    let (_, seen) = server.recv_from(&mut [0; 8]).unwrap();
    assert_eq!(seen.ip(), IpAddr::from([198, 18, 0, 100]), "and with one it is translated anew");
}

#[test]
fn a_nat_gateway_forgets_who_is_gone_and_what_it_had() {
    let mut world = behind_nat();
    let nat = world.vpc().interfaces.get_mut(&interface_id(50)).unwrap();
    nat.secondary_ips.insert(ip(77).into());
    nat.public_ips.insert(ip(77).into(), [198, 18, 0, 77].into());
    world.apply();
    let flows: Vec<_> = (0..2).map(|n| flow(world.at(100), world.internet(), HOST, 20 + n)).collect();
    let by = |public: [u8; 4]| flows.iter().find(|(.., seen)| seen.ip() == IpAddr::from(public)).unwrap();
    let ((moved, hearer, _), (_, host, mapping)) = (by([198, 18, 0, 77]), by([198, 18, 0, 50]));
    // The gateway loses an address, and a neighbour gets it with its public one.
    let nat = world.vpc().interfaces.get_mut(&interface_id(50)).unwrap();
    nat.secondary_ips.clear();
    nat.public_ips.remove(&ip(77).into());
    world.task(77, &["sg-open"]);
    world.public(77, [198, 18, 0, 77].into());
    world.apply();
    moved.send_to(b"again", (HOST, hearer.local_addr().unwrap().port())).unwrap();
    let (_, seen) = hearer.recv_from(&mut [0; 8]).unwrap();
    assert_eq!(seen.ip(), IpAddr::from([198, 18, 0, 50]), "not in the name of who has the address now");
    // The client goes, and who gets its address hears nothing of its flows.
    let old = world.vpc().interfaces.remove(&interface_id(100)).unwrap();
    world.spec.tasks.remove(&task_id(100));
    world.task(101, &["sg-open"]);
    let new = vpc::Interface { security_groups: ["sg-open".into()].into(), ..old };
    world.vpc().interfaces.insert(interface_id(101), new);
    world.apply();
    let heir = probe::bind(&world.at(101), moved.local_addr().unwrap().port());
    let other = probe::bind(&world.at(101), host.local_addr().unwrap().port() + 1000);
    host.send_to(b"again", mapping).unwrap();
    assert!(!hears(&heir) && !hears(&other), "nothing comes in through a NAT gateway that was not asked for");
    assert_eq!(world.verify(), 0);
}

/// The first VPC's task 10, which lets nothing in, and a peer with an interface at 10.3.1.10.
fn peered() -> World {
    let mut world = behind_nat();
    let mut peer = vpc();
    peer.cidrs = vec!["10.3.0.0/16".parse().unwrap()];
    peer.subnets.retain(|id, _| id.as_str() == "subnet-1");
    peer.subnets.values_mut().for_each(|subnet| subnet.cidr = "10.3.1.0/24".parse().unwrap());
    let open = SecurityGroup { ingress: vec![all(everywhere())], egress: vec![all(everywhere())] };
    peer.security_groups = [("sg-open".into(), open.clone()), ("sg-other".into(), open)].into();
    let far = vpc::Interface { private_ip: FAR.into(), holder: Holder::User, ..interface(10, &["sg-open"]) };
    peer.interfaces.insert(interface_id(200), far);
    let route = |to: &str| Route {
        destination: Destination::Net(to.parse().unwrap()),
        target: Target::Peering("pcx-1".into()),
    };
    peer.route_tables.insert("rtb-1".into(), RouteTable { routes: vec![route("10.0.0.0/16")] });
    world.topology().vpcs.insert("vpc-2".into(), peer);
    world.vpc().route_tables.get_mut("rtb-1").unwrap().routes.push(route("10.3.0.0/16"));
    let ends = Peering { requester: VPC.into(), accepter: "vpc-2".into(), requester_dns: false, accepter_dns: false };
    world.topology().peerings.insert("pcx-1".into(), ends);
    world.apply();
    world
}

const FAR: Ipv4Addr = Ipv4Addr::new(10, 3, 1, 10);

#[test]
fn who_gets_a_peers_address_gets_none_of_its_connections() {
    let mut world = peered();
    let (client, server, _) = flow(world.at(10), world.at_interface(200), FAR, 9);
    drop(server);
    let far = world.topology().vpcs.get_mut("vpc-2").unwrap();
    let old = far.interfaces.remove(&interface_id(200)).unwrap();
    let new = vpc::Interface { security_groups: ["sg-other".into()].into(), ..old };
    far.interfaces.insert(interface_id(201), new);
    world.apply();
    let heir = probe::bind(&world.at_interface(201), 9);
    heir.send_to(b"mine", (ip(10), client.local_addr().unwrap().port())).unwrap();
    assert!(!hears(&client), "the old flow is no way in for the new owner");
    assert_eq!(world.verify(), 0);
}

#[test]
fn what_is_forwarded_is_not_its_forwarders_groups() {
    let mut world = World::new();
    world.group("sg-member", vec![], vec![all(everywhere())]);
    world.group("sg-out", vec![], vec![all(everywhere())]);
    world.group("sg-target", vec![all(group("sg-member"))], vec![]);
    world.task(10, &["sg-member"]);
    world.task(11, &["sg-out"]);
    world.task(12, &["sg-target"]);
    world.vpc().interfaces.get_mut(&interface_id(11)).unwrap().source_dest_check = false;
    world.apply();
    let target = probe::bind(&world.at(12), 9);
    probe::send_forged(&world.at(11), ip(10), ip(12), 9);
    assert!(!hears(&target), "a member's address does not make a member");
    probe::send_forged(&world.at(10), ip(10), ip(12), 9);
    assert!(hears(&target), "a member does, so the probe works");
    // Nor does the resolver take its questions for another's.
    let resolver = probe::bind(&world.router(), 53);
    probe::send_forged(&world.at(11), ip(10), [10, 0, 0, 2].into(), 53);
    assert!(!hears(&resolver));
    probe::send_forged(&world.at(11), ip(11), [10, 0, 0, 2].into(), 53);
    assert!(hears(&resolver), "its own are taken");
}

#[test]
fn who_asks_for_hardware_addresses_fills_no_table() {
    let world = peered();
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    const SCRIPT: &str = r#"
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
me, everyone = s.getsockname()[4], b"\xff" * 6
for n in range(200):
    ask = struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + me + bytes([10, 0, 77, n]) + b"\0" * 6 + socket.inet_aton("10.0.1.1")
    s.send(everyone + me + b"\x08\x06" + ask)
"#;
    let task = name(world.at(10));
    let done = std::process::Command::new("ip").args(["netns", "exec", &task, "python3", "-c", SCRIPT]).status();
    assert!(done.unwrap().success());
    let router = name(world.router());
    let neighbours = std::process::Command::new("ip").args(["-n", &router, "neigh"]).output().unwrap().stdout;
    let neighbours = String::from_utf8(neighbours).unwrap();
    assert!(neighbours.lines().all(|line| line.contains("PERMANENT")), "{neighbours}");
}
