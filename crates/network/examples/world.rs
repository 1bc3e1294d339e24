#![allow(clippy::unwrap_used, reason = "a world that can't be made is a failure to end with")]
//! Makes a small world to measure in, says in JSON which paths it has, and keeps it until its standard input ends:
//! `world everywhere | group MEMBERS | rules COUNT | gateways | balancer`. Needs root.
//!
//! ```text
//! everywhere  two tasks of a subnet; who receives allows the port from 0.0.0.0/0, who sends may send anything
//! group       the same, but each allows the port to and from the other's group only, which has so many members
//! rules       the same, but each has so many rules about ranges and ports
//! gateways    from a task with a public address, and from one behind a NAT gateway, to the internet's host
//! balancer    from one task to another by a Network Load Balancer; and by a third task, for whatever proxy is run there
//! ```

#[path = "../tests/support/mod.rs"]
mod support;

use spec::balancing::FlowProtocol;
use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use support::{World, all, everywhere, flows, group, interface, ip, net, tcp};
use vpc::{INTERNET_HOST, Rule, Subnet, Target};

const PORT: u16 = 7000;
const CLIENT: u8 = 10;
const SERVER: u8 = 11;
const PRIVATE: u8 = 100;
const NAT: u8 = 50;

struct Route {
    name: &'static str,
    client: PathBuf,
    /// Where the server is, and on which port.
    server: PathBuf,
    port: u16,
    /// What the client connects to.
    address: SocketAddr,
    /// Where a proxy is to be, if the address is its, and what it passes on to.
    proxy: Option<(PathBuf, SocketAddr)>,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (keeping, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "keep" => (true, rest),
        _ => (false, &arguments[..]),
    };
    if keeping { keep(arguments) } else { watch(arguments) }
}

/// Leaves the world to a process of its own, out of reach of a terminal's signals. However this one ends, that one's standard input
/// ends with it.
fn watch(arguments: &[String]) -> io::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    let mut keeper = command.arg("keep").args(arguments).stdin(Stdio::piped()).process_group(0).spawn()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    drop(keeper.stdin.take());
    keeper.wait().map(drop)
}

fn keep(arguments: &[String]) -> io::Result<()> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let count = |text: &str| text.parse().map_err(|_| usage());
    let mut world = World::new();
    let routes = match arguments[..] {
        ["everywhere"] => between(&mut world, (vec![tcp(PORT, PORT, everywhere())], vec![all(everywhere())])),
        ["group", members] => by_group(&mut world, count(members)?),
        ["rules", number] => {
            let rules = rules(count(number)?);
            between(&mut world, (rules.clone(), rules))
        }
        ["gateways"] => gateways(&mut world),
        ["balancer"] => balancer(&mut world),
        _ => return Err(usage()),
    };
    world.apply();
    let json = |route: &Route| {
        let Route { name, client, server, port, address, proxy } = route;
        let proxied = |(at, target): &(PathBuf, SocketAddr)| format!(r#""proxy": {at:?}, "target": "{target}", "#);
        let proxy = proxy.as_ref().map(proxied).unwrap_or_default();
        format!(
            r#"{{{proxy}"name": "{name}", "client": {client:?}, "server": {server:?}, "port": {port}, "address": "{address}"}}"#
        )
    };
    println!("[{}]", routes.iter().map(json).collect::<Vec<_>>().join(", "));
    io::copy(&mut io::stdin(), &mut io::sink()).map(drop)
}

fn usage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "world everywhere | group MEMBERS | rules COUNT | gateways | balancer")
}

/// From one task to another of the same group, by its rules in and out.
fn between(world: &mut World, (ingress, egress): (Vec<Rule>, Vec<Rule>)) -> Vec<Route> {
    world.group("sg-1", ingress, egress);
    world.task(CLIENT, &["sg-1"]);
    world.task(SERVER, &["sg-1"]);
    vec![route(world, "same subnet")]
}

fn route(world: &World, name: &'static str) -> Route {
    let address = (ip(SERVER), PORT).into();
    Route { name, client: world.at(CLIENT), server: world.at(SERVER), port: PORT, address, proxy: None }
}

/// From a member of one group to one of another, each with so many members, that name each other. All but these two are elsewhere:
/// that a host has them too would not change what it looks up.
fn by_group(world: &mut World, members: u32) -> Vec<Route> {
    world.group("sg-client", vec![], vec![tcp(PORT, PORT, group("sg-server"))]);
    world.group("sg-server", vec![tcp(PORT, PORT, group("sg-client"))], vec![]);
    let wide =
        Subnet { cidr: "10.0.128.0/17".parse().unwrap(), route_table: "rtb-1".into(), network_acl: "acl-1".into() };
    world.vpc().subnets.insert("subnet-wide".into(), wide);
    for n in 0..2 * members.saturating_sub(1) {
        let mut member = interface(CLIENT, &[if n % 2 == 0 { "sg-client" } else { "sg-server" }]);
        let ip = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 128, 4)) + n);
        (member.subnet, member.private_ip) = ("subnet-wide".into(), ip.into());
        world.vpc().interfaces.insert(format!("eni-{n:08x}100000000").into(), member);
    }
    world.task(CLIENT, &["sg-client"]);
    world.task(SERVER, &["sg-server"]);
    vec![route(world, "same subnet")]
}

/// Rules in threes, each about a narrower range than the one inside which it is and about more ports, so that none makes another
/// superfluous. The port is of the first one's only, which is found last.
fn rules(count: u32) -> Vec<Rule> {
    let rule = |n: u32| {
        let (second, third) = (n / 3 % 256, n / 3 / 256 + 1);
        let first_port = PORT + (n / 3 * 20) as u16;
        match n % 3 {
            0 => tcp(first_port, first_port + 7, net(&format!("10.{second}.{third}.0/24"))),
            1 => tcp(first_port + 2, first_port + 5, net(&format!("10.{second}.0.0/16"))),
            _ => tcp(first_port + 1, first_port + 4, net("10.0.0.0/8")),
        }
    };
    (0..count).map(rule).collect()
}

/// Subnet 1 is public; subnet 2 is private, with a way out through a NAT gateway in subnet 1.
fn gateways(world: &mut World) -> Vec<Route> {
    world.group("sg-1", vec![], vec![all(everywhere())]);
    world.internet_gateway();
    world.task(CLIENT, &["sg-1"]);
    world.public(CLIENT, Ipv4Addr::new(198, 18, 0, 10));
    world.task(PRIVATE, &["sg-1"]);
    world.nat_gateway(NAT, Some(Ipv4Addr::new(198, 18, 0, 50)));
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.route(2, "0.0.0.0/0", Target::NatGateway(format!("nat-{NAT}").into()));
    let out = |name, client: &Path| Route {
        name,
        client: client.to_owned(),
        server: world.internet(),
        port: PORT,
        address: (INTERNET_HOST, PORT).into(),
        proxy: None,
    };
    vec![out("internet gateway", &world.at(CLIENT)), out("NAT gateway", &world.at(PRIVATE))]
}

/// All in one subnet, with rules for 0.0.0.0/0.
fn balancer(world: &mut World) -> Vec<Route> {
    const NODE: u8 = flows::NODES[0];
    const TARGET: u8 = 30;
    const PROXY: u8 = 40;
    *world = flows::world(FlowProtocol::Tcp, flows::KEPT, &[], &["sg-open"]);
    flows::regroup(world, |group| group.targets.retain(|address, _| *address == flows::target(TARGET)));
    world.task(PROXY, &["sg-open"]);
    let by = |name, address: SocketAddr, proxy| Route {
        name,
        client: world.at(CLIENT),
        server: world.at(TARGET),
        port: flows::target(TARGET).0.port(),
        address,
        proxy,
    };
    vec![
        by("Network Load Balancer", (ip(NODE), 80).into(), None),
        by("a proxy", (ip(PROXY), PORT).into(), Some((world.at(PROXY), flows::target(TARGET).0))),
    ]
}
