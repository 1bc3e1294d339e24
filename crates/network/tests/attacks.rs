//! What a task with CAP_NET_RAW must not be able to do. Needs root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure ends the test")]

mod support;

use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, ipproto};
use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use support::*;

/// Two tasks, both gates wide open.
fn open_world() -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere()), all(net("::/0"))], vec![all(everywhere()), all(net("::/0"))]);
    for n in [10, 11, 12] {
        world.task(n, &["sg-open"]);
    }
    world.apply();
    world
}

#[test]
fn a_forged_source_address_goes_nowhere() {
    let world = open_world();
    let receiver = probe::bind(&world.at(11), 9);
    let mut heard = [0; 16];
    probe::send_forged(&world.at(10), ip(10), ip(11), 9);
    assert!(receiver.recv(&mut heard).is_ok(), "its own address passes, so the probe works");
    for forged in
        [ip(12), ip(11), [10, 0, 1, 1].into(), [169, 254, 170, 2].into(), [127, 0, 0, 1].into(), [8, 8, 8, 8].into()]
    {
        probe::send_forged(&world.at(10), forged, ip(11), 9);
        assert!(receiver.recv(&mut heard).is_err(), "{forged}");
    }
    let resolver = probe::bind(&world.router(), 53);
    probe::send_forged(&world.at(10), ip(12), [10, 0, 0, 2].into(), 53);
    assert!(resolver.recv(&mut heard).is_err(), "nor to the VPC's own services");
}

#[test]
fn ipv6_is_closed() {
    let world = open_world();
    let made = network::inside(&world.at(10), || {
        let fd = rustix::net::socket_with(
            AddressFamily::INET6,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            Some(ipproto::ICMPV6),
        );
        let everyone = SocketAddrV6::new(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), 0, 0, 0);
        fd.and_then(|fd| rustix::net::sendto(&fd, &[128, 0, 0, 0, 0, 0, 0, 0], SendFlags::empty(), &everyone))
    });
    assert!(made.unwrap().is_err(), "no link takes an IPv6 packet");
    let bound = network::inside(&world.at(10), || UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()).unwrap();
    assert!(!bound, "not even the loopback");
    // Someone who gets around that meets the router.
    for namespace in [world.at(10), world.at(11), world.router()] {
        network::inside(&namespace, || std::fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "0").unwrap())
            .unwrap();
    }
    let to = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 53, 0, 0);
    let receiver = network::inside(&world.router(), || UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 53)).unwrap()).unwrap();
    receiver.set_read_timeout(Some(probe::SILENCE)).unwrap();
    receiver.send_to(b"self", to).unwrap();
    assert!(receiver.recv(&mut [0; 8]).is_ok(), "the socket hears its own namespace, so the probe works");
    let index = network::inside(&world.at(10), || std::fs::read_to_string("/proc/net/if_inet6").unwrap()).unwrap();
    let link = index
        .lines()
        .find(|line| line.ends_with("eth0"))
        .and_then(|line| u32::from_str_radix(line.split_whitespace().nth(1)?, 16).ok());
    let sender = network::inside(&world.at(10), || UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).unwrap()).unwrap();
    let everyone = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    let _ = sender.send_to(b"probe", SocketAddrV6::new(everyone, 53, 0, link.unwrap_or(0)));
    assert!(receiver.recv(&mut [0; 8]).is_err());
}

#[test]
fn forged_icmp_opens_no_door() {
    let mut world = open_world();
    world.group("sg-closed", vec![], vec![]);
    world.vpc().interfaces.get_mut(&interface_id(11)).unwrap().security_groups = ["sg-closed".into()].into();
    world.apply();
    for (kind, code) in [(0, 0), (3, 3), (3, 4), (5, 1), (8, 0), (11, 0)] {
        assert!(!probe::icmp(&world.at(10), &world.at(11), ip(11), kind, code), "type {kind} code {code}");
    }
}
