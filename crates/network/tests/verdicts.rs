//! The model against the kernel: for random groups and interfaces, what `vpc::verdict` says of a packet is what happened to a real
//! one. One world goes from case to case, so every change of rules is one in place. Needs root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure ends the test")]

mod support;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rustix::net::{RecvFlags, SendFlags};
use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddrV4},
    sync::Mutex,
};
use support::{probe::SILENCE, *};
use vpc::{
    IpProtocol, Peer, Ports, Rule,
    verdict::{Origin, Packet, Transport, verdict},
};

const TASKS: [u8; 4] = [10, 11, 100, 101];
const GROUPS: [&str; 3] = ["sg-a", "sg-b", "sg-c"];
const PORTS: [u16; 3] = [80, 81, 443];
const MESSAGES: [(u8, u8); 3] = [(8, 0), (13, 0), (3, 1)];

#[derive(Debug, Clone)]
struct Case {
    /// Ingress and egress of each group.
    groups: Vec<(Vec<Rule>, Vec<Rule>)>,
    /// The groups of each task, as bits.
    members: Vec<u8>,
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let what = prop_oneof![
        2 => Just((IpProtocol::All, Ports::All)),
        3 => (prop::sample::select(vec![6, 17]), prop::sample::select(vec![(80, 80), (81, 443), (0, 65535), (80, 81), (443, 80)]))
            .prop_map(|(protocol, (first, last))| (IpProtocol::Number(protocol), Ports::Range(first, last))),
        1 => prop::sample::select(vec![1, 6, 17, 47]).prop_map(|protocol| (IpProtocol::Number(protocol), Ports::All)),
        2 => prop::sample::select(vec![(8, None), (8, Some(0)), (13, Some(1)), (3, Some(1)), (3, None)])
            .prop_map(|(kind, code)| (IpProtocol::ICMP, Ports::Icmp(kind, code))),
        1 => Just((IpProtocol::TCP, Ports::Icmp(8, None))),
    ];
    let nets = [
        "0.0.0.0/0",
        "10.0.0.0/16",
        "10.0.1.0/24",
        "10.0.1.10/31",
        "10.0.1.10/32",
        "10.0.2.100/32",
        "192.168.0.0/16",
        "::/0",
    ];
    let peer = prop_oneof![
        prop::sample::select(nets.to_vec()).prop_map(net),
        prop::sample::select(GROUPS.to_vec()).prop_map(group),
        Just(Peer::Group("sg-gone".into())),
    ];
    (what, peer).prop_map(|((protocol, ports), peer)| Rule { protocol, ports, peer })
}

fn any_case() -> impl Strategy<Value = Case> {
    let rules = || prop::collection::vec(any_rule(), 0..5);
    (prop::collection::vec((rules(), rules()), GROUPS.len()), prop::collection::vec(1u8..8, TASKS.len()))
        .prop_map(|(groups, members)| Case { groups, members })
}

#[test]
fn the_model_and_the_kernel_agree() {
    let world = Mutex::new((World::new(), 0));
    let mut runner =
        TestRunner::new(Config { cases: 32, failure_persistence: None, max_shrink_iters: 60, ..Config::default() });
    let outcome = runner.run(&any_case(), |case| {
        let mut world = world.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (world, number) = &mut *world;
        *number += 1;
        arrange(world, &case);
        let packets = packets();
        let arrived = arrivals(world, &packets, *number);
        for (n, (from, to, transport)) in packets.iter().enumerate() {
            let packet = Packet {
                origin: Origin::Interface(VPC.into(), interface_id(*from)),
                source: ip(*from).into(),
                destination: ip(*to).into(),
                transport: *transport,
            };
            let verdict = verdict(&world.spec.topology, &packet);
            prop_assert_eq!(verdict.arrives(), arrived.contains(&n), "{:?}: {:?}", packet, verdict);
        }
        prop_assert_eq!(world.verify(), 0, "what was applied in place is what a fresh start would make");
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn arrange(world: &mut World, case: &Case) {
    for (id, (ingress, egress)) in GROUPS.iter().zip(&case.groups) {
        world.group(id, ingress.clone(), egress.clone());
    }
    for (n, bits) in TASKS.iter().zip(&case.members) {
        let groups: Vec<&str> =
            GROUPS.iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0).map(|(_, id)| *id).collect();
        world.task(*n, &groups);
    }
    world.apply();
}

/// Everything from everyone to everyone else.
fn packets() -> Vec<(u8, u8, Transport)> {
    let mut packets = Vec::new();
    for from in TASKS {
        for to in TASKS.into_iter().filter(|to| *to != from) {
            packets.extend(PORTS.map(|port| (from, to, Transport::tcp(port))));
            packets.extend(PORTS.map(|port| (from, to, Transport::udp(port))));
            packets.extend(MESSAGES.map(|(kind, code)| (from, to, Transport::Icmp(kind, code))));
        }
    }
    packets
}

/// Sends all packets, then listens to the end, and says which arrived. `case` makes every flow a new one.
fn arrivals(world: &World, packets: &[(u8, u8, Transport)], case: u16) -> BTreeSet<usize> {
    let mut arrived = BTreeSet::new();
    let _listeners: Vec<_> = TASKS.iter().flat_map(|n| PORTS.map(|port| probe::listen(&world.at(*n), port))).collect();
    let udp: Vec<_> =
        TASKS.iter().flat_map(|n| PORTS.map(|port| (*n, port, probe::bind(&world.at(*n), port)))).collect();
    let senders: Vec<_> = TASKS
        .iter()
        .map(|n| (*n, probe::bind(&world.at(*n), 10_000 + case), probe::icmp_socket(&world.at(*n))))
        .collect();
    for (n, (from, to, transport)) in packets.iter().enumerate() {
        let (_, sender, raw) = senders.iter().find(|(n, ..)| n == from).unwrap();
        // A refusal is a packet that does not arrive.
        match transport {
            Transport::Udp { to: port, .. } => {
                let _ = sender.send_to(&[n as u8], (ip(*to), *port));
            }
            Transport::Icmp(kind, code) => {
                let message = echo(*kind, *code, case, n as u16);
                let _ = rustix::net::sendto(raw, &message, SendFlags::empty(), &SocketAddrV4::new(ip(*to), 0));
            }
            _ => {}
        }
    }
    arrived.extend(connected(world, packets));
    for (_, _, socket) in &udp {
        socket.set_nonblocking(true).unwrap();
        let mut tag = [0];
        while socket.recv(&mut tag).is_ok() {
            arrived.insert(usize::from(tag[0]));
        }
    }
    for (at, _, raw) in &senders {
        let mut heard = [0; 256];
        while let Ok((length, _)) = rustix::net::recv(raw, &mut heard[..], RecvFlags::DONTWAIT) {
            let Some([kind, code, _, _, a, b, c, d]) = heard[..length].get(20..28) else { continue };
            let tag = usize::from(u16::from_be_bytes([*c, *d]));
            let mine = packets
                .get(tag)
                .is_some_and(|(_, to, transport)| to == at && *transport == Transport::Icmp(*kind, *code));
            if mine && u16::from_be_bytes([*a, *b]) == case {
                arrived.insert(tag);
            }
        }
    }
    arrived
}

/// The connections that could be made, all tried at once. It takes as long as silence must last, for the other packets too.
fn connected(world: &World, packets: &[(u8, u8, Transport)]) -> Vec<usize> {
    let start = std::time::Instant::now();
    let connected = std::thread::scope(|scope| {
        let tries: Vec<_> = packets
            .iter()
            .enumerate()
            .filter_map(|(n, (from, to, transport))| match transport {
                Transport::Tcp { to: port, .. } => Some((n, world.at(*from), ip(*to), *port)),
                _ => None,
            })
            .map(|(n, from, to, port): (usize, _, Ipv4Addr, u16)| {
                scope.spawn(move || probe::connect(&from, to, port).map(|_| n))
            })
            .collect();
        tries.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    std::thread::sleep(SILENCE.saturating_sub(start.elapsed()));
    connected
}

/// An ICMP message with an identifier and a number.
fn echo(kind: u8, code: u8, id: u16, number: u16) -> [u8; 8] {
    let mut message = probe::icmp_message(kind, code);
    message[4..6].copy_from_slice(&id.to_be_bytes());
    message[6..8].copy_from_slice(&number.to_be_bytes());
    message[2..4].fill(0);
    let sum: u32 = message.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}
