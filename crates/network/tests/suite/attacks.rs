//! What a task with CAP_NET_RAW must not be able to do. Needs root, ip(8) and python3.

use crate::support::*;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, ipproto};
use std::{
    io::Write,
    net::{Ipv4Addr, Ipv6Addr, SocketAddrV6, TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

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

/// Begins to act in a namespace the moment there is one, and goes on until told to stop.
fn from_the_first_moment(namespace: PathBuf, stop: Arc<AtomicBool>, act: fn(&UdpSocket)) -> JoinHandle<bool> {
    std::thread::spawn(move || {
        let mut acted = false;
        while !stop.load(Ordering::Relaxed) {
            let socket = network::inside(&namespace, || UdpSocket::bind(("0.0.0.0", 9)));
            let Ok(Ok(socket)) = socket else { continue };
            socket.set_nonblocking(true).unwrap();
            while !stop.load(Ordering::Relaxed) {
                act(&socket);
                acted = true;
            }
        }
        acted
    })
}

#[test]
fn no_packet_passes_before_the_rules_do() {
    let mut world = open_world();
    world.group("sg-closed", vec![], vec![]);
    let victim = probe::bind(&world.at(11), 9);
    victim.set_nonblocking(true).unwrap();
    let everyone = probe::bind(&world.at(12), 0);
    for round in 0..1000 {
        world.task(13, &["sg-closed"]);
        let stop = Arc::new(AtomicBool::new(false));
        let send = |socket: &UdpSocket| drop(socket.send_to(b"early", (ip(11), 9)));
        let early = from_the_first_moment(world.at(13), stop.clone(), send);
        // And the other way round: somebody sends there all the time.
        let receive = |socket: &UdpSocket| {
            assert!(socket.recv(&mut [0; 8]).is_err(), "a packet came in before the rules");
            std::hint::spin_loop();
        };
        let open = from_the_first_moment(world.at(13), stop.clone(), receive);
        world.apply();
        for _ in 0..8 {
            let _ = everyone.send_to(b"late", (ip(13), 9));
        }
        stop.store(true, Ordering::Relaxed);
        let _ = early.join().unwrap();
        let _ = open.join().unwrap();
        assert!(victim.recv(&mut [0; 8]).is_err(), "a packet came out before the rules, in round {round}");
        world.spec.tasks.remove(&task_id(13));
        world.vpc().interfaces.remove(&interface_id(13));
        world.apply();
    }
}

#[test]
fn who_gets_an_address_gets_none_of_its_old_connections() {
    let mut world = open_world();
    world.group("sg-closed", vec![], vec![all(everywhere())]);
    let listener = probe::listen(&world.at(11), 80);
    let mut client = probe::connect(&world.at(10), ip(11), 80).unwrap();
    let (server, _) = listener.accept().unwrap();
    let talker = probe::bind(&world.at(10), 0);
    let hearer = probe::bind(&world.at(11), 9);
    talker.send_to(b"hello", (ip(11), 9)).unwrap();
    let (_, from) = hearer.recv_from(&mut [0; 8]).unwrap();
    hearer.send_to(b"hello", from).unwrap();
    assert!(talker.recv(&mut [0; 8]).is_ok(), "the flow is established");
    drop((listener, server, hearer));
    let old = world.vpc().interfaces.remove(&interface_id(11)).unwrap();
    world.spec.tasks.remove(&task_id(11));
    world.task(13, &["sg-closed"]);
    let new = vpc::Interface { security_groups: ["sg-closed".into()].into(), ..old };
    world.vpc().interfaces.insert(interface_id(13), new);
    world.apply();
    let hearer = probe::bind(&world.at(13), 9);
    let raw = probe::icmp_socket(&world.at(13));
    talker.send_to(b"again", (ip(11), 9)).unwrap();
    assert!(hearer.recv(&mut [0; 8]).is_err());
    let _ = client.write_all(b"again");
    assert!(rustix::net::recv(&raw, &mut [0; 64][..], rustix::net::RecvFlags::empty()).is_err());
    // A second later another process looks, that knows nothing of what was.
    let mut restarted = network::Network::new(world.instance.clone());
    assert_eq!(restarted.verify(&world.plan()), Ok(0));
}

#[test]
fn a_public_address_that_moves_takes_no_connection_along() {
    let mut world = open_world();
    let public = [198, 18, 0, 10].into();
    world.group("sg-closed", vec![], vec![all(everywhere())]);
    world.task(11, &["sg-closed"]);
    world.internet_gateway();
    world.route(1, "0.0.0.0/0", vpc::Target::InternetGateway("igw-1".into()));
    world.public(10, public);
    world.apply();
    let host = probe::bind(&world.internet(), 0);
    let first = probe::bind(&world.at(10), 9);
    host.send_to(b"hello", (public, 9)).unwrap();
    let (_, from) = first.recv_from(&mut [0; 8]).unwrap();
    first.send_to(b"hello", from).unwrap();
    assert!(host.recv(&mut [0; 8]).is_ok(), "the flow is established");
    world.vpc().interfaces.get_mut(&interface_id(10)).unwrap().public_ips.clear();
    world.public(11, public);
    world.apply();
    let second = probe::bind(&world.at(11), 9);
    host.send_to(b"again", (public, 9)).unwrap();
    assert!(first.recv(&mut [0; 8]).is_err(), "it is not the first one's any more");
    assert!(second.recv(&mut [0; 8]).is_err(), "and the second one's group is closed");
    first.send_to(b"again", from).unwrap();
    assert!(host.recv(&mut [0; 8]).is_err(), "nor does the first one speak from it");
}

#[test]
fn packets_of_no_connection_open_no_door() {
    let mut world = open_world();
    world.group("sg-closed", vec![tcp(80, 80, everywhere())], vec![]);
    world.task(11, &["sg-closed"]);
    world.apply();
    let (attacker, victim) = (world.at(10), world.at(11));
    let heard = raw_tcp(&victim);
    // SYN, SYN-ACK, ACK, FIN, RST, all flags, none; right and wrong checksums.
    for flags in [0x02, 0x12, 0x10, 0x01, 0x04, 0xff, 0x00] {
        for checksum in [true, false] {
            send_tcp(&attacker, ip(10), ip(11), 81, flags, checksum);
        }
    }
    let seen = received(&heard, 81);
    assert_eq!(seen, 0, "a closed port");
    send_tcp(&attacker, ip(10), ip(11), 80, 0x02, true);
    assert_eq!(received(&heard, 80), 1, "the open one, so the probe works");
}

#[test]
fn fragments_hide_nothing() {
    let mut world = open_world();
    world.group("sg-closed", vec![udp(8, 8, everywhere())], vec![]);
    world.task(11, &["sg-closed"]);
    world.apply();
    let (open, closed) = (probe::bind(&world.at(11), 8), probe::bind(&world.at(11), 9));
    let mut heard = [0; 4096];
    send_fragments(&world.at(10), ip(10), ip(11), 8, 1);
    assert_eq!(open.recv(&mut heard).unwrap(), 16, "they are put together, so the probe works");
    send_fragments(&world.at(10), ip(10), ip(11), 9, 2);
    assert!(closed.recv(&mut heard).is_err());
    // A large datagram in fragments of the system's own.
    let sender = probe::bind(&world.at(10), 0);
    sender.send_to(&[7; 30_000], (ip(11), 9)).unwrap();
    assert!(closed.recv(&mut [0; 65536]).is_err());
    sender.send_to(&[7; 30_000], (ip(11), 8)).unwrap();
    assert_eq!(open.recv(&mut [0; 65536]).unwrap(), 30_000);
}

#[test]
fn frames_of_other_kinds_reach_nobody() {
    let world = open_world();
    let (attacker, router) = (name(&world.at(10)), name(&world.router()));
    let receiver = probe::bind(&world.at(11), 9);
    for kind in ["vlan", "arp", "dhcp", "broadcast", "other-mac"] {
        frame(&attacker, kind);
        assert!(receiver.recv(&mut [0; 64]).is_err(), "{kind}");
    }
    frame(&attacker, "plain");
    assert!(receiver.recv(&mut [0; 64]).is_ok(), "a plain one arrives, so the probe works");
    let neighbours = Command::new("ip").args(["-n", &router, "neigh"]).output().unwrap().stdout;
    let neighbours = String::from_utf8(neighbours).unwrap();
    assert!(neighbours.lines().all(|line| line.contains("PERMANENT")), "nothing is learnt: {neighbours}");
}

#[test]
fn the_host_is_out_of_reach() {
    let mut world = open_world();
    world.internet_gateway();
    world.route(1, "0.0.0.0/0", vpc::Target::InternetGateway("igw-1".into()));
    world.public(10, [198, 18, 0, 10].into());
    world.apply();
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let own = String::from_utf8(Command::new("hostname").arg("-I").output().unwrap().stdout).unwrap();
    let own = own.split_whitespace().filter_map(|text| text.parse::<Ipv4Addr>().ok());
    let others =
        ["127.0.0.1", "10.0.1.1", "10.0.0.2", "169.254.169.253", "169.254.170.2", "169.254.0.1", "203.0.113.10"];
    for address in own.chain(others.map(|text| text.parse().unwrap())) {
        assert!(probe::connect(&world.at(10), address, port).is_none(), "{address}");
    }
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok(), "the host itself reaches it, so the probe works");
}

#[test]
fn a_flood_of_connections_leaves_the_others_theirs() {
    let world = open_world();
    let listener = probe::listen(&world.at(12), 80);
    let mut client = probe::connect(&world.at(11), ip(12), 80).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert!(probe::alive(&mut client, &mut server));
    // More than the kernel keeps for one VPC (nf_conntrack_max), to a neighbour whose door is open.
    for port in 1..=6 {
        probe::flood(&world.at(10), ip(12), port, 1, 65_000);
    }
    assert!(probe::alive(&mut client, &mut server), "an old connection");
    assert!(probe::connect(&world.at(11), ip(12), 80).is_some(), "and a new one");
}

#[test]
fn questions_beyond_a_thousand_a_second_come_to_nothing() {
    let mut world = open_world();
    let resolver = probe::bind(&world.router(), 53);
    let to = (Ipv4Addr::new(10, 0, 0, 2), 53);
    let (loud, quiet) = (probe::bind(&world.at(10), 0), probe::bind(&world.at(11), 0));
    let mut heard = [0; 16];
    resolver.set_nonblocking(true).unwrap();
    let began = std::time::Instant::now();
    let mut count = 0;
    for _ in 0..5000 {
        loud.send_to(b"?", to).unwrap();
        while resolver.recv(&mut heard).is_ok() {
            count += 1;
        }
    }
    // What it had at first, and what has become free since.
    let most = 1024.0 * (1.0 + began.elapsed().as_secs_f64());
    assert!((1000..5000).contains(&count) && f64::from(count) <= most + 1.0, "{count}, at most {most}");
    quiet.send_to(b"!", to).unwrap();
    resolver.set_nonblocking(false).unwrap();
    // The last of the flood may still be on their way.
    let mut late = std::iter::from_fn(|| resolver.recv(&mut heard).is_ok().then_some(heard[0]));
    assert!(late.any(|first| first == b'!'), "another interface has a limit of its own");
    assert_eq!(world.verify(), 0, "the limits are found in the kernel as they were planned");
}

#[test]
fn prefix_lists_and_groups_change_under_way() {
    let mut world = open_world();
    let list = vpc::PrefixListId::from("pl-1");
    world.group("sg-listed", vec![tcp(80, 80, vpc::Peer::PrefixList(list.clone()))], vec![]);
    world.task(11, &["sg-listed"]);
    let reach = |world: &mut World, ranges: &[&str]| {
        let ranges = ranges.iter().map(|text| text.parse().unwrap()).collect();
        world.topology().prefix_lists.insert(list.clone(), ranges);
        world.apply();
        probe::tcp(&world.at(10), &world.at(11), ip(11), 80)
    };
    assert!(!reach(&mut world, &[]));
    assert!(reach(&mut world, &["10.0.1.0/24", "192.168.0.0/16"]));
    assert!(!reach(&mut world, &["10.0.2.0/24", "192.168.0.0/16"]));
    assert!(reach(&mut world, &["10.0.1.10/32"]));
    world.topology().prefix_lists.clear();
    world.apply();
    assert!(!probe::tcp(&world.at(10), &world.at(11), ip(11), 80), "a list that is gone");
    world.group("sg-listed", vec![tcp(80, 80, group("sg-friends"))], vec![]);
    world.group("sg-friends", vec![], vec![all(everywhere())]);
    world.task(10, &["sg-friends"]);
    world.apply();
    assert!(probe::tcp(&world.at(10), &world.at(11), ip(11), 80));
    world.vpc().security_groups.remove("sg-friends");
    world.apply();
    assert!(
        !probe::tcp(&world.at(10), &world.at(11), ip(11), 80),
        "a group that is gone allows nothing to its members"
    );
}

fn name(namespace: &Path) -> String {
    namespace.file_name().unwrap().to_str().unwrap().to_owned()
}

fn raw_tcp(namespace: &Path) -> OwnedFd {
    let socket = probe::raw(namespace, ipproto::TCP);
    rustix::net::sockopt::set_socket_timeout(&socket, rustix::net::sockopt::Timeout::Recv, Some(probe::SILENCE))
        .unwrap();
    socket
}

/// How many segments to a port come in until none does.
fn received(socket: &OwnedFd, port: u16) -> usize {
    let mut buffer = [0; 256];
    let mut count = 0;
    while let Ok((length, _)) = rustix::net::recv(socket, &mut buffer[..], rustix::net::RecvFlags::empty()) {
        count += usize::from(buffer[..length].get(22..24) == Some(&port.to_be_bytes()[..]));
    }
    count
}

/// A fragment of a packet. `place` has the flag of more to come, and where it belongs in units of eight bytes.
fn fragment(source: Ipv4Addr, to: Ipv4Addr, id: u16, place: u16, content: &[u8]) -> Vec<u8> {
    let mut packet = probe::packet(source, to, 17, &[], content);
    packet[4..6].copy_from_slice(&id.to_be_bytes());
    packet[6..8].copy_from_slice(&place.to_be_bytes());
    packet
}

fn send_tcp(from: &Path, source: Ipv4Addr, to: Ipv4Addr, port: u16, flags: u8, checksum: bool) {
    let mut segment = [30000u16.to_be_bytes(), port.to_be_bytes()].concat();
    segment.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    let pseudo = [&source.octets()[..], &to.octets()[..], &[0, 6, 0, 20], &segment].concat();
    let sum: u32 = pseudo.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    segment[16..18].copy_from_slice(&if checksum { sum } else { !sum }.to_be_bytes());
    probe::send_raw(from, to, &probe::packet(source, to, 6, &[], &segment));
}

/// A datagram of 16 bytes in two fragments, the second one first.
fn send_fragments(from: &Path, source: Ipv4Addr, to: Ipv4Addr, port: u16, id: u16) {
    const MORE: u16 = 0x2000;
    let datagram = [&30000u16.to_be_bytes()[..], &port.to_be_bytes(), &24u16.to_be_bytes(), &[0, 0], &[7; 16]].concat();
    probe::send_raw(from, to, &fragment(source, to, id, 1, &datagram[8..]));
    probe::send_raw(from, to, &fragment(source, to, id, MORE, &datagram[..8]));
}

/// Sends a frame of a kind with a datagram to port 9 of task 11 in it, or something like it.
fn frame(namespace: &str, kind: &str) {
    const SCRIPT: &str = r#"
import socket, struct, sys
kind = sys.argv[1]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
router, me, everyone = bytes.fromhex("0a0000000001"), bytes.fromhex("0a000000010a"), b"\xff" * 6
ip = lambda src, dst, sport, dport, data: struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(data), 0, 0, 64, 17, 0,
    socket.inet_aton(src), socket.inet_aton(dst)) + struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
def checksummed(packet):
    words = sum(struct.unpack("!10H", packet[:20])); words = (words & 0xffff) + (words >> 16)
    return packet[:10] + struct.pack("!H", ~words & 0xffff) + packet[12:]
udp = checksummed(ip("10.0.1.10", "10.0.1.11", 5, 9, b"frame"))
frames = {
    "plain": router + me + b"\x08\x00" + udp,
    "vlan": router + me + b"\x81\x00\x00\x05\x08\x00" + udp,
    "arp": everyone + me + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 2) + me + socket.inet_aton("10.0.1.1") + everyone + socket.inet_aton("10.0.1.11"),
    "dhcp": everyone + me + b"\x08\x00" + checksummed(ip("10.0.1.10", "255.255.255.255", 67, 68, b"\x02" * 240)),
    "broadcast": everyone + me + b"\x08\x00" + checksummed(ip("10.0.1.10", "10.0.1.255", 5, 9, b"frame")),
    "other-mac": bytes.fromhex("0a000000010b") + me + b"\x08\x00" + udp,
}
s.send(frames[kind])
"#;
    let status = Command::new("ip").args(["netns", "exec", namespace, "python3", "-c", SCRIPT, kind]).status().unwrap();
    assert!(status.success(), "{kind}");
}
