//! What tasks reach beyond the region, with the kernel's own packets: another namespace plays the host's, and one behind it the rest of the
//! world. Nothing here leaves the machine. Needs root.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod support;

use agent::uplink::Outside;
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::A},
};
use rustix::net::sockopt;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};
use support::{
    PATIENCE, address, ask,
    world::{Beyond, PUBLIC, VPC, World, interface, interface_id, topology},
};
use vpc::{
    Destination, Holder, INTERNET_HOST, INTERNET_RESOLVER, IpProtocol, NatGateway, Peer, Ports, RESOLVER, Route, Rule,
    SecurityGroup, Target, Topology,
};

/// A server on the internet.
const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);
/// The host, and its neighbour, by which it reaches the internet.
const HOST: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 1);
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(192, 168, 77, 2);
/// How long to wait for what should not come.
const DOUBT: Duration = Duration::from_millis(700);

/// The host's network and what is behind it, gone when it goes out of scope.
struct Surroundings {
    name: String,
    directory: tempfile::TempDir,
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        for end in ["host", "far"] {
            ip(&["netns", "delete", &format!("{}{end}", self.name)]);
        }
    }
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).status().unwrap();
    assert!(done.success(), "ip {arguments:?}");
}

impl Surroundings {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("o{:x}z{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let (host, far) = (format!("{name}host"), format!("{name}far"));
        for end in [&host, &far] {
            ip(&["netns", "add", end]);
            ip(&["-n", end, "link", "set", "lo", "up"]);
        }
        ip(&["-n", &host, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", &far]);
        for (end, address) in [(&host, HOST), (&far, NEIGHBOUR)] {
            ip(&["-n", end, "address", "add", &format!("{address}/24"), "dev", "eth0"]);
            ip(&["-n", end, "link", "set", "eth0", "up"]);
        }
        ip(&["-n", &host, "route", "add", "default", "via", &NEIGHBOUR.to_string()]);
        ip(&["-n", &host, "route", "add", "unreachable", "198.51.100.8"]);
        ip(&["-n", &far, "address", "add", &format!("{SERVER}/32"), "dev", "lo"]);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("resolv.conf"), "nameserver 127.0.0.1\n").unwrap();
        Self { name, directory }
    }

    fn at(&self, end: &str) -> PathBuf {
        Path::new("/run/netns").join(format!("{}{end}", self.name))
    }

    fn beyond(&self) -> Beyond {
        let outside = Outside { resolv_conf: self.directory.path().join("resolv.conf"), authorities: "".into() };
        Some((outside, self.at("host")))
    }

    /// A region with a way out of it.
    fn world(&self) -> World {
        World::of(open_topology(), self.beyond())
    }

    fn listen(&self, end: &str, address: Ipv4Addr, port: u16) -> TcpListener {
        network::inside(&self.at(end), || TcpListener::bind((address, port))).unwrap().unwrap()
    }

    fn udp(&self, end: &str, address: Ipv4Addr, port: u16) -> UdpSocket {
        let socket = network::inside(&self.at(end), || UdpSocket::bind((address, port))).unwrap().unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }
}

/// The topology of the other tests with task 10 free to send anything; task 12 in the private subnet, which leads to a NAT gateway, and
/// task 13 beside 10 without a public address, and 14 that may use HTTP only.
fn open_topology() -> Topology {
    let mut topology = topology();
    let vpc = topology.vpcs.get_mut(VPC).unwrap();
    let all = Rule { protocol: IpProtocol::All, ports: Ports::All, peer: Peer::Net("0.0.0.0/0".parse().unwrap()) };
    let open = SecurityGroup { ingress: vec![], egress: vec![all] };
    vpc.security_groups.insert("sg-open".into(), open);
    for (n, public) in [(13, None), (14, Some("198.18.0.14".parse().unwrap()))] {
        vpc.interfaces.insert(interface_id(n), interface(n, public, Holder::Task));
    }
    for n in [10, 11, 13] {
        vpc.interfaces.get_mut(&interface_id(n)).unwrap().security_groups = ["sg-open".into()].into();
    }
    let mut nat = interface(50, Some("198.18.0.50".parse().unwrap()), Holder::NatGateway("nat-1".into()));
    (nat.source_dest_check, nat.security_groups) = (false, Default::default());
    vpc.interfaces.insert(interface_id(50), nat);
    let gateway = NatGateway { interface: interface_id(50), bandwidth: NatGateway::BANDWIDTH };
    vpc.nat_gateways.insert("nat-1".into(), gateway);
    topology
}

/// Gives the private subnet a way out by the NAT gateway.
fn through_nat(world: &mut World) {
    let to = Destination::Net("0.0.0.0/0".parse().unwrap());
    let route = Route { destination: to, target: Target::NatGateway("nat-1".into()) };
    world.change(|vpc| vpc.route_tables.get_mut("rtb-2").unwrap().routes.push(route));
    world.apply();
}

fn dial_from(namespace: &Path, to: Ipv4Addr, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let dial = || TcpStream::connect_timeout(&SocketAddr::from((to, port)), patience);
    let stream = network::inside(namespace, dial).unwrap()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn dial(world: &World, task: u8, to: Ipv4Addr, port: u16) -> io::Result<TcpStream> {
    dial_from(&world.at(task), to, port, PATIENCE)
}

/// What becomes of a connection.
fn fate(world: &World, task: u8, to: Ipv4Addr, port: u16) -> Option<ErrorKind> {
    dial_from(&world.at(task), to, port, DOUBT).err().map(|error| error.kind())
}

fn accepted(listener: TcpListener) -> Receiver<(TcpStream, SocketAddr)> {
    let (sender, receiver) = channel();
    thread::spawn(move || while sender.send(listener.accept().unwrap()).is_ok() {});
    receiver
}

fn next(accepted: &Receiver<(TcpStream, SocketAddr)>) -> (TcpStream, SocketAddr) {
    let (stream, from) = accepted.recv_timeout(PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    (stream, from)
}

/// What does not repeat itself.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as u8
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_region_is_sealed_unless_it_is_opened() {
    let around = Surroundings::new();
    let listener = around.listen("far", SERVER, 80);
    listener.set_nonblocking(true).unwrap();
    let mut world = World::of(open_topology(), None);
    let sealed = |world: &World| {
        assert_eq!(fate(world, 10, SERVER, 80), Some(ErrorKind::HostUnreachable));
        assert_eq!(ask(&world.at(10), RESOLVER, "example.com").unwrap(), (ResponseCode::NXDomain, vec![]));
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    };
    sealed(&world);
    world.restart(around.beyond());
    assert_eq!(fate(&world, 10, SERVER, 80), None);
    listener.accept().unwrap();
    // What an agent opened, the next one closes that is not told to open it.
    world.restart(None);
    sealed(&world);
    let leftover = |what: &[&str]| {
        let namespace = world.instance.internet().to_string();
        let done = Command::new("ip").args(["-n", &namespace]).args(what).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    assert!(!leftover(&["link"]).contains("uplink"));
    assert!(!leftover(&["rule"]).contains("fwmark"));
    assert_eq!(leftover(&["route", "list", "table", "100"]), "");
}

#[test]
fn bytes_go_both_ways_and_each_end_by_itself() {
    let around = Surroundings::new();
    let connections = accepted(around.listen("far", SERVER, 80));
    let world = around.world();
    let mut client = dial(&world, 10, SERVER, 80).unwrap();
    assert_eq!(client.peer_addr().unwrap(), SocketAddr::from((SERVER, 80)));
    let (mut server, from) = next(&connections);
    assert_eq!(from.ip(), IpAddr::V4(HOST), "it is the host's own connection");
    let (up, down) = (noise(30 << 20, 1), noise(20 << 20, 2));
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all(&up).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        server.read_to_end(&mut received).unwrap();
        assert!(received == up, "{} bytes of {}", received.len(), up.len());
    });
    // The task has ended its side, and still takes what comes.
    thread::scope(|scope| {
        scope.spawn(move || {
            server.write_all(&down).unwrap();
            drop(server);
            down
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert!(received == noise(20 << 20, 2), "{} bytes", received.len());
    });
}

#[test]
fn who_dials_sees_what_the_host_sees() {
    let around = Surroundings::new();
    let world = around.world();
    assert_eq!(fate(&world, 10, SERVER, 81), Some(ErrorKind::ConnectionRefused));
    assert_eq!(fate(&world, 10, [198, 51, 100, 8].into(), 80), Some(ErrorKind::HostUnreachable));
    assert_eq!(fate(&world, 10, [198, 51, 100, 9].into(), 80), Some(ErrorKind::TimedOut), "nobody is there");
    let listener = around.listen("far", SERVER, 81);
    assert_eq!(fate(&world, 10, SERVER, 81), None, "a refusal is not remembered");
    drop(listener);
}

#[test]
fn a_reset_is_one_on_the_other_side() {
    let around = Surroundings::new();
    let connections = accepted(around.listen("far", SERVER, 80));
    let world = around.world();
    for task_resets in [true, false] {
        let client = dial(&world, 10, SERVER, 80).unwrap();
        let (server, _) = next(&connections);
        let (resets, mut other) = if task_resets { (client, server) } else { (server, client) };
        sockopt::set_socket_linger(&resets, Some(Duration::ZERO)).unwrap();
        drop(resets);
        let error = other.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "by the task: {task_resets}");
    }
}

#[test]
fn datagrams_are_answered_from_where_they_went() {
    let around = Surroundings::new();
    let server = around.udp("far", SERVER, 5353);
    let world = around.world();
    let client = network::inside(&world.at(10), || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.connect((SERVER, 5353)).unwrap();
    let mut buffer = vec![0; 9000];
    // Answers may be longer than a packet, and there may be several or none.
    for (sent, answers) in [(vec![], vec![vec![1]]), (noise(1400, 3), vec![noise(8000, 4), vec![], vec![7; 1472]])] {
        client.send(&sent).unwrap();
        let (length, from) = server.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from.ip()), (sent.as_slice(), IpAddr::V4(HOST)));
        for answer in answers {
            server.send_to(&answer, from).unwrap();
            let length = client.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..length], answer);
        }
    }
    client.connect((SERVER, 5354)).unwrap();
    client.send(b"anybody?").unwrap();
    assert_eq!(client.recv(&mut buffer).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    // Of what is not permitted the sender hears at once.
    client.connect((Ipv4Addr::new(10, 9, 9, 9), 53)).unwrap();
    client.send(b"anybody?").unwrap();
    assert_eq!(client.recv(&mut buffer).unwrap_err().kind(), ErrorKind::HostUnreachable);
}

#[test]
fn a_ping_is_answered_by_whom_it_reaches() {
    let around = Surroundings::new();
    let world = around.world();
    let ping = |to: Ipv4Addr, sequence: u8| -> io::Result<Vec<u8>> {
        let socket = network::inside(&world.at(10), || Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4)));
        let socket: UdpSocket = socket.unwrap()?.into();
        socket.set_read_timeout(Some(DOUBT))?;
        socket.connect(SocketAddr::V4(SocketAddrV4::new(to, 0)))?;
        // The kernel fills in the identifier and the checksum.
        socket.send(&[8, 0, 0, 0, 0, 0, 0, sequence, b'x', b'y'])?;
        let mut buffer = vec![0; 100];
        let length = socket.recv(&mut buffer)?;
        buffer.truncate(length);
        Ok([&buffer[..2], &buffer[6..]].concat())
    };
    for sequence in [1, 2] {
        assert_eq!(ping(SERVER, sequence).unwrap(), [0, 0, 0, sequence, b'x', b'y']);
    }
    assert_eq!(ping([198, 51, 100, 9].into(), 1).unwrap_err().kind(), ErrorKind::WouldBlock, "nobody is there");
}

#[test]
fn what_is_near_the_host_is_out_of_reach() {
    let around = Surroundings::new();
    let world = around.world();
    let (own, lan) = (around.listen("host", Ipv4Addr::UNSPECIFIED, 80), around.listen("far", NEIGHBOUR, 80));
    let reached = |world: &World, to| fate(world, 10, to, 80).is_none();
    for listener in [&own, &lan] {
        listener.set_nonblocking(true).unwrap();
    }
    // Without being an address of any link.
    ip(&["-n", &format!("{}host", around.name), "route", "add", "local", "203.0.115.0/24", "dev", "lo"]);
    let private: [Ipv4Addr; 6] = [
        [203, 0, 115, 7].into(),
        HOST,
        NEIGHBOUR,
        [10, 9, 9, 9].into(),
        [172, 16, 1, 1].into(),
        [100, 64, 0, 1].into(),
    ];
    for to in private {
        assert_eq!(fate(&world, 10, to, 80), Some(ErrorKind::HostUnreachable), "{to}");
    }
    for to in [[169, 254, 169, 254].into(), Ipv4Addr::LOCALHOST, [127, 0, 0, 53].into(), [198, 18, 7, 7].into()] {
        assert!(!reached(&world, to), "{to}");
    }
    // Datagrams to them are not sent either.
    let udp = around.udp("far", NEIGHBOUR, 53);
    udp.set_read_timeout(Some(DOUBT)).unwrap();
    let client = network::inside(&world.at(10), || UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    client.send_to(b"anybody?", (NEIGHBOUR, 53)).unwrap();
    assert_eq!(udp.recv(&mut [0; 10]).unwrap_err().kind(), ErrorKind::WouldBlock);
    for listener in [&own, &lan] {
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
}

#[test]
fn only_who_has_a_way_out_goes_out() {
    let around = Surroundings::new();
    let connections = accepted(around.listen("far", SERVER, 80));
    let other_port = around.listen("far", SERVER, 81);
    let mut world = around.world();
    assert_eq!(fate(&world, 11, SERVER, 80), Some(ErrorKind::TimedOut), "a private subnet has none");
    assert_eq!(fate(&world, 13, SERVER, 80), Some(ErrorKind::TimedOut), "and who has no public address has none");
    assert!(connections.try_recv().is_err());
    through_nat(&mut world);
    dial(&world, 11, SERVER, 80).unwrap();
    next(&connections);
    // Security groups are asked before.
    assert_eq!(fate(&world, 14, SERVER, 80), None);
    assert_eq!(fate(&world, 14, SERVER, 81), Some(ErrorKind::TimedOut));
    assert_eq!(fate(&world, 10, SERVER, 81), None);
    drop(other_port);
}

#[test]
fn the_internets_own_host_has_the_way_out_too() {
    let around = Surroundings::new();
    let connections = accepted(around.listen("far", SERVER, 80));
    let world = around.world();
    let mut client = dial_from(&world.internet(), SERVER, 80, PATIENCE).unwrap();
    let (mut server, _) = next(&connections);
    let text = noise(1 << 20, 5);
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all(&text).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        server.read_to_end(&mut received).unwrap();
        assert!(received == text);
    });
    // And is reached by tasks as ever.
    let inside = network::inside(&world.internet(), || TcpListener::bind((INTERNET_HOST, 80)).unwrap()).unwrap();
    let IpAddr::V4(host) = INTERNET_HOST else { panic!() };
    dial(&world, 10, host, 80).unwrap();
    assert_eq!(inside.accept().unwrap().1.ip(), PUBLIC);
}

/// Answers every question for an address with the same one, over UDP and TCP; but none for names that begin with `silent`.
fn name_server(around: &Surroundings) {
    let answer = |question: &[u8]| {
        let question = Message::from_vec(question).unwrap();
        let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
        let query = question.queries.first().unwrap().clone();
        if query.name.to_string().starts_with("silent") {
            return None;
        }
        reply.add_answer(Record::from_rdata(query.name.clone(), 300, RData::A(A(SERVER))));
        reply.add_query(query);
        Some(reply.to_vec().unwrap())
    };
    let udp = around.udp("host", Ipv4Addr::LOCALHOST, 53);
    udp.set_read_timeout(None).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = udp.recv_from(&mut buffer) {
            if let Some(reply) = answer(&buffer[..length]) {
                udp.send_to(&reply, from).unwrap();
            }
        }
    });
    let tcp = around.listen("host", Ipv4Addr::LOCALHOST, 53);
    thread::spawn(move || {
        while let Ok((mut stream, _)) = tcp.accept() {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            let Some(reply) = answer(&question) else { continue };
            stream.write_all(&[&(reply.len() as u16).to_be_bytes(), reply.as_slice()].concat()).unwrap();
        }
    });
}

#[test]
fn names_of_others_are_asked_of_the_hosts_resolvers() {
    let around = Surroundings::new();
    name_server(&around);
    let world = around.world();
    let theirs = address(&SERVER.to_string());
    for name in ["example.com", "registry-1.docker.io", "ghcr.io"] {
        assert_eq!(ask(&world.at(10), RESOLVER, name).unwrap(), theirs, "{name}");
        assert_eq!(ask(&world.at(11), RESOLVER, name).unwrap(), theirs, "a resolver needs no way out of a subnet");
        assert_eq!(ask(&world.internet(), INTERNET_RESOLVER, name).unwrap(), theirs, "{name}");
    }
    let own = ask(&world.at(10), RESOLVER, "ip-10-0-1-10.ec2.internal").unwrap();
    assert_eq!(own, address("10.0.1.10"));
    for name in ["nothing.us-east-1.amazonaws.com", "ip-10-9-9-9.ec2.internal"] {
        assert_eq!(ask(&world.at(10), RESOLVER, name).unwrap(), (ResponseCode::NXDomain, vec![]), "{name}");
    }
}

/// Whoever asks chooses the names, and so whose name servers are to answer.
#[test]
fn a_task_that_asks_for_names_nobody_answers_for_keeps_no_other_from_asking() {
    let around = Surroundings::new();
    name_server(&around);
    let world = around.world();
    let asked = network::inside(&world.at(10), || {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.connect((RESOLVER, 53)).unwrap();
        for number in 0..900_u16 {
            let mut question = Message::new(number, MessageType::Query, OpCode::Query);
            let name = Name::from_ascii(format!("silent{number}.example.com.")).unwrap();
            question.add_query(Query::query(name, RecordType::A));
            socket.send(&question.to_vec().unwrap()).unwrap();
        }
        socket
    });
    let theirs = address(&SERVER.to_string());
    assert_eq!(ask(&world.at(11), RESOLVER, "example.com").unwrap(), theirs);
    drop(asked);
}

#[test]
fn a_name_that_nobody_answers_for_is_a_failure() {
    let around = Surroundings::new();
    let world = around.world();
    let answer = ask(&world.at(10), RESOLVER, "example.com").unwrap();
    assert_eq!(answer, (ResponseCode::ServFail, vec![]), "at once, as the host refuses");
}
