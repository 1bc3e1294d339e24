//! The way out of the internet's namespace: what leaves by it, and that it goes with whoever holds it. Needs root.

use crate::support::*;
use network::{Internet, Network, inside};
use std::{
    net::Ipv4Addr,
    os::fd::OwnedFd,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};
use vpc::Target;

const PUBLIC: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

fn world() -> World {
    let mut world = World::new();
    world.group("sg-open", vec![all(everywhere())], vec![all(everywhere())]);
    world.task(10, &["sg-open"]);
    world.internet_gateway();
    world.public(10, PUBLIC);
    world.route(1, "0.0.0.0/0", Target::InternetGateway("igw-1".into()));
    world.internet = Internet::Host;
    Network::check_uplink().unwrap();
    world.apply();
    world
}

fn ip(world: &World, arguments: &[&str]) -> String {
    let name = world.instance.internet().to_string();
    let done = Command::new("ip").args(["-n", &name]).args(arguments).output().unwrap();
    String::from_utf8(done.stdout).unwrap()
}

/// The next IPv4 packet that leaves: whence, where to, and what is in it.
fn next(file: &OwnedFd) -> Option<(Ipv4Addr, Ipv4Addr, Vec<u8>)> {
    let end = Instant::now() + Duration::from_millis(500);
    let mut buffer = [0; 2000];
    while Instant::now() < end {
        match rustix::io::read(file, &mut buffer) {
            Ok(length) if buffer[0] >> 4 == 4 => {
                let address = |at: usize| Ipv4Addr::from(<[u8; 4]>::try_from(&buffer[at..at + 4]).unwrap());
                return Some((address(12), address(16), buffer[20..length].to_vec()));
            }
            _ => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    None
}

fn send(from: &Path, to: Ipv4Addr) {
    let socket = inside(from, || std::net::UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap();
    socket.send_to(b"probe", (to, 9)).unwrap();
}

#[test]
fn what_is_not_here_leaves_by_the_link() {
    let world = world();
    let file = world.network.uplink().unwrap();
    send(&world.at(10), OUTSIDE);
    let (from, to, body) = next(&file).unwrap();
    assert_eq!((from, to), (PUBLIC, OUTSIDE));
    assert!(body.ends_with(b"probe"));
    // What is here, and public addresses that nobody has, are not outside.
    for to in [Ipv4Addr::new(203, 0, 113, 10), Ipv4Addr::new(198, 18, 9, 9), Ipv4Addr::new(198, 19, 254, 16)] {
        send(&world.at(10), to);
        assert_eq!(next(&file), None, "{to}");
    }
}

#[test]
fn the_link_is_made_once_and_again_when_it_is_gone() {
    let mut world = world();
    let file = world.network.uplink().unwrap();
    assert_eq!((world.apply(), world.verify()), (0, 0));
    assert!(Arc::ptr_eq(&file, &world.network.uplink().unwrap()));
    ip(&world, &["link", "delete", "uplink"]);
    assert!(world.verify() > 0);
    let again = world.network.uplink().unwrap();
    assert!(!Arc::ptr_eq(&file, &again));
    send(&world.at(10), OUTSIDE);
    assert!(next(&again).is_some());
}

#[test]
fn who_held_the_link_takes_the_way_out_along() {
    let mut world = world();
    world.network = Network::new(world.instance.clone());
    assert!(!ip(&world, &["link"]).contains("uplink"));
    assert!(!ip(&world, &["route"]).contains("default"), "there is no way out that leads nowhere");
    // The next one opens it again, or leaves it sealed and takes everything of it away.
    assert!(world.apply() > 0);
    assert!(ip(&world, &["route"]).contains("default dev uplink"));
    world.internet = Internet::Sealed;
    world.network = Network::new(world.instance.clone());
    world.apply();
    assert!(world.network.uplink().is_none());
    assert!(!ip(&world, &["link"]).contains("uplink"));
    assert!(ip(&world, &["route"]).contains("unreachable default"));
    assert!(!ip(&world, &["rule"]).contains("fwmark"));
    assert_eq!(ip(&world, &["route", "list", "table", "100"]), "");
    assert_eq!(world.verify(), 0);
}

#[test]
fn an_internet_that_is_opened_or_sealed_in_one_go_is_as_planned() {
    let mut world = world();
    for internet in [Internet::Sealed, Internet::Host, Internet::Sealed] {
        world.internet = internet;
        assert!(world.apply() > 0);
        assert_eq!(world.verify(), 0);
        assert_eq!(ip(&world, &["link"]).contains("uplink"), internet == Internet::Host);
        assert_eq!(world.network.uplink().is_some(), internet == Internet::Host);
    }
}
