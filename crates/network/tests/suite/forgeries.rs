//! More of what a machine with CAP_NET_RAW must not be able to do: to others' flows, on the internet, to the resolver's port.

use crate::support::*;
use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
};
use vpc::{INTERNET_HOST, InterfaceId, Target};

/// Two tasks whose doors are open, and one whose door is closed.
fn world() -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.group("sg-closed", vec![], vec![]);
    world.task(10, &["sg-open"]);
    world.task(11, &["sg-open"]);
    world.task(12, &["sg-closed"]);
    world.apply();
    world
}

fn datagram(port: u16) -> Vec<u8> {
    [&30_000u16.to_be_bytes()[..], &port.to_be_bytes(), &13u16.to_be_bytes(), &[0, 0], b"route"].concat()
}

#[test]
fn a_route_in_the_packet_is_not_followed() {
    let world = world();
    let (open, closed) = (probe::bind(&world.at(11), 9), probe::bind(&world.at(12), 9));
    probe::send_raw(&world.at(10), ip(11), &probe::packet(ip(10), ip(11), 17, &[], &datagram(9)));
    assert!(open.recv(&mut [0; 16]).is_ok(), "a packet without one arrives, so the probe works");
    // Loose and strict source routes (RFC 791), by the router's own addresses and by a neighbour.
    for kind in [131, 137] {
        for by in [[10, 0, 0, 2].into(), [169, 254, 169, 253].into(), ip(11)] {
            for (goal, receiver) in [(ip(12), &closed), (ip(11), &open)] {
                let options = [&[kind, 7, 4][..], &goal.octets(), &[0]].concat();
                probe::send_raw(&world.at(10), by, &probe::packet(ip(10), by, 17, &options, &datagram(9)));
                let followed = receiver.recv(&mut [0; 16]).is_ok() && by != goal;
                assert!(!followed, "option {kind} by {by} to {goal}");
            }
        }
    }
}

#[test]
fn whom_a_redirect_names_gets_nothing() {
    let world = world();
    let (receiver, listener) = (probe::bind(&world.at(11), 9), probe::bind(&world.at(12), 9));
    // From the gateway's address, "for 10.0.1.11 ask 10.0.1.12", with the header of a packet that may have been sent.
    let about = probe::packet(ip(10), ip(11), 17, &[], &datagram(9));
    let mut redirect = vec![5, 1, 0, 0];
    redirect.extend(ip(12).octets());
    redirect.extend(about);
    for source in [[10, 0, 1, 1].into(), ip(11), ip(12)] {
        probe::send_raw(&world.at(12), ip(10), &probe::packet(source, ip(10), 1, &[], &redirect));
        probe::send_raw(&world.at(11), ip(10), &probe::packet(source, ip(10), 1, &[], &redirect));
    }
    probe::bind(&world.at(10), 0).send_to(b"probe", (ip(11), 9)).unwrap();
    assert!(receiver.recv(&mut [0; 16]).is_ok(), "it goes where it should");
    assert!(listener.recv(&mut [0; 16]).is_err());
}

#[test]
fn multicast_and_broadcast_reach_nobody() {
    let world = world();
    let receiver = probe::bind(&world.at(11), 9);
    let group = network::inside(&world.at(11), || {
        receiver.join_multicast_v4(&[224, 0, 0, 251].into(), &ip(11)).map_err(|error| error.kind())
    });
    group.unwrap().unwrap();
    for to in
        [[224, 0, 0, 1], [224, 0, 0, 251], [239, 1, 1, 1], [255, 255, 255, 255], [10, 0, 1, 255], [10, 0, 255, 255]]
    {
        probe::send_raw(&world.at(10), to.into(), &probe::packet(ip(10), to.into(), 17, &[], &datagram(9)));
        assert!(receiver.recv(&mut [0; 16]).is_err(), "{to:?}");
    }
}

#[test]
fn vpcs_of_one_range_are_told_apart_on_the_internet() {
    let mut world = world();
    let publics: [Ipv4Addr; 2] = [[198, 18, 0, 10].into(), [198, 18, 0, 20].into()];
    world.internet_gateway();
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.public(10, publics[0]);
    let mut twin = world.vpc().clone();
    twin.internet_gateway = Some("igw-2".into());
    twin.route_tables.get_mut("rtb-1").unwrap().routes[0].target = Target::InternetGateway("igw-2".into());
    let mut interface = twin.interfaces[&interface_id(10)].clone();
    interface.public_ips = [(ip(10).into(), publics[1].into())].into();
    let id = InterfaceId::from("eni-0aaaaaaaaaaaaaaaa");
    twin.interfaces = [(id.clone(), interface)].into();
    world.topology().vpcs.insert("vpc-2".into(), twin);
    world.spec.tasks.insert("twin".into(), task("vpc-2", id));
    world.apply();
    let IpAddr::V4(host) = INTERNET_HOST else { panic!() };
    let server = probe::bind(&world.internet(), 9);
    // The same private address, the same port, the same destination, at the same time.
    let clients = [world.at(10), world.instance.task(&"twin".into()).path()].map(|at| probe::bind(&at, 777));
    for (client, public) in clients.iter().zip(publics) {
        client.send_to(b"question", (host, 9)).unwrap();
        let (_, from) = server.recv_from(&mut [0; 16]).unwrap();
        assert_eq!(from.ip(), IpAddr::from(public));
    }
    for (n, public) in publics.into_iter().enumerate().rev() {
        server.send_to(&[n as u8], (public, 777)).unwrap();
        let mut heard = [9; 16];
        assert_eq!(clients[n].recv(&mut heard).unwrap(), 1);
        assert_eq!(heard[0], n as u8);
        assert!(clients[1 - n].recv(&mut heard).is_err(), "the other hears nothing of it");
    }
}

/// What a datagram's sender is told by ICMP's port unreachable, from whomever, about a datagram to port 9 from port 5555.
fn send_error(from: &Path, about: (Ipv4Addr, Ipv4Addr)) {
    let (sender, receiver) = about;
    let mut inner = probe::packet(sender, receiver, 17, &[], &[]);
    inner[3] = 29;
    let sum: u32 = inner.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    inner[10..12].copy_from_slice(&(!((sum & 0xffff) + (sum >> 16)) as u16).to_be_bytes());
    inner.extend([5555u16.to_be_bytes(), 9u16.to_be_bytes(), 9u16.to_be_bytes(), [0, 0]].concat());
    let mut error = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &inner].concat();
    let sum: u32 = error.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    error[2..4].copy_from_slice(&(!((sum & 0xffff) + (sum >> 16)) as u16).to_be_bytes());
    let own = address_of(from);
    probe::send_raw(from, sender, &probe::packet(own, sender, 1, &[], &error));
}

/// The address of a namespace's interface, as it sees it.
fn address_of(namespace: &Path) -> Ipv4Addr {
    let socket = network::inside(namespace, || std::net::UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    socket.connect((Ipv4Addr::new(10, 0, 0, 2), 53)).unwrap();
    match socket.local_addr().unwrap().ip() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => panic!(),
    }
}

#[test]
fn an_error_about_a_connection_comes_from_an_end_of_it() {
    let mut world = world();
    world.group("sg-client", vec![], vec![all(everywhere())]);
    world.task(13, &["sg-client"]);
    world.apply();
    let client = probe::bind(&world.at(13), 5555);
    let server = probe::bind(&world.at(11), 9);
    client.connect((ip(11), 9)).unwrap();
    client.send(b"hello").unwrap();
    assert!(server.recv(&mut [0; 8]).is_ok(), "there is a connection");
    let heard = |client: &std::net::UdpSocket| client.recv(&mut [0; 8]).unwrap_err().kind();
    send_error(&world.at(10), (ip(13), ip(11)));
    assert_eq!(heard(&client), std::io::ErrorKind::WouldBlock, "a neighbour has nothing to say about it");
    send_error(&world.at(11), (ip(13), ip(11)));
    assert_eq!(heard(&client), std::io::ErrorKind::ConnectionRefused, "the other end has");
}
