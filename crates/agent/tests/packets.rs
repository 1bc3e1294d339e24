//! Names and services as tasks and the internet find them: through the network as the kernel has it. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod support;

use hickory_proto::op::ResponseCode;
use std::{
    io,
    net::{IpAddr, TcpStream, UdpSocket},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use support::{
    address, ask, send,
    world::{VPC, World},
};
use vpc::{INTERNET_RESOLVER, RESOLVER};

#[test]
fn names_are_known_where_packets_come_from() {
    let world = World::new();
    let name = "ec2-198-18-0-5.compute-1.amazonaws.com";
    for n in [10, 11] {
        for server in ["10.0.0.2".parse().unwrap(), RESOLVER] {
            assert_eq!(ask(&world.at(n), server, "ip-10-0-2-11.ec2.internal").unwrap(), address("10.0.2.11"));
            assert_eq!(ask(&world.at(n), server, name).unwrap(), address("10.0.1.10"));
            assert_eq!(ask(&world.at(n), server, "example.com").unwrap(), (ResponseCode::NXDomain, vec![]));
        }
    }
    assert_eq!(ask(&world.internet(), INTERNET_RESOLVER, name).unwrap(), address("198.18.0.5"));
    let private = ask(&world.internet(), INTERNET_RESOLVER, "ip-10-0-2-11.ec2.internal");
    assert_eq!(private.unwrap(), (ResponseCode::NXDomain, vec![]));
}

#[test]
fn a_service_is_reached_by_its_name_over_whatever_way_there_is() {
    let world = World::new();
    let resolved = |namespace: &PathBuf, server: IpAddr, host: &str| -> IpAddr {
        let (_, addresses) = ask(namespace, server, &format!("{host}.us-east-1.amazonaws.com")).unwrap();
        addresses.first().unwrap().parse().unwrap()
    };
    let heard = |n: u8, host: &str| send(&world.at(n), resolved(&world.at(n), RESOLVER, host)).ok();
    let sent = |service: &str, client: &str| Some(format!("{service} 80 for {client}: GET / HTTP/1.1"));
    assert_eq!(heard(10, "logs"), sent("logs", "198.18.0.5"), "through the internet gateway");
    assert_eq!(heard(10, "bucket.s3"), sent("s3", "10.0.1.10"), "through the gateway endpoint");
    assert_eq!(heard(10, "sts"), sent("sts", "10.0.1.10"), "through the interface endpoint");
    assert_eq!(heard(11, "sts"), sent("sts", "10.0.2.11"), "from a private subnet too");
    assert_eq!(heard(11, "logs"), None, "which has no other way out");
    assert_eq!(heard(11, "bucket.s3"), None);
    let internet = world.internet();
    let logs = resolved(&internet, INTERNET_RESOLVER, "logs");
    assert_eq!(send(&internet, logs).ok(), sent("logs", &logs.to_string()));
}

#[test]
fn a_vpc_has_a_resolver_while_it_has_dns_support() {
    let mut world = World::new();
    let (router, name) = (world.instance.router(&VPC.into()).path(), "ip-10-0-1-10.ec2.internal");
    for _ in 0..3 {
        assert_eq!(ask(&router, RESOLVER, name).unwrap(), address("10.0.1.10"));
        world.change(|vpc| vpc.dns_support = false);
        assert_eq!(ask(&router, RESOLVER, name).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        world.change(|vpc| vpc.dns_support = true);
    }
}

#[test]
fn a_second_time_nothing_is_opened_again() {
    let mut world = World::new();
    assert_eq!(world.listeners.apply(&world.topology), [], "an address in use would be said");
}

#[test]
fn who_holds_every_connection_to_a_resolver_leaves_others_theirs() {
    let world = World::new();
    let connect = || (0..300).filter_map(|_| TcpStream::connect((RESOLVER, 53)).ok()).collect::<Vec<_>>();
    let held = network::inside(&world.at(10), connect).unwrap();
    assert!(held.len() > 256, "the kernel takes them all");
    assert_eq!(ask(&world.at(11), RESOLVER, "ip-10-0-2-11.ec2.internal").unwrap(), address("10.0.2.11"));
}

#[test]
fn who_holds_every_connection_to_a_service_leaves_others_theirs() {
    let world = World::new();
    let (_, addresses) = ask(&world.at(10), RESOLVER, "sts.us-east-1.amazonaws.com").unwrap();
    let sts: IpAddr = addresses.first().unwrap().parse().unwrap();
    let connect = || (0..300).filter_map(|_| TcpStream::connect((sts, 80)).ok()).collect::<Vec<_>>();
    let held = network::inside(&world.at(10), connect).unwrap();
    assert!(held.len() > 256, "the kernel takes them all");
    assert_eq!(send(&world.at(11), sts).unwrap(), "sts 80 for 10.0.2.11: GET / HTTP/1.1");
}

#[test]
fn who_floods_a_resolver_leaves_others_their_answers() {
    let world = World::new();
    let flooder = network::inside(&world.at(10), || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    flooder.connect((RESOLVER, 53)).unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Twenty times what one may.
            while !over.load(Ordering::Relaxed) {
                (0..200).for_each(|_| drop(flooder.send(&[0; 12])));
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let answers = (0..50).filter(|_| ask(&world.at(11), RESOLVER, "ip-10-0-2-11.ec2.internal").is_ok()).count();
        over.store(true, Ordering::Relaxed);
        assert_eq!(answers, 50);
    });
}
