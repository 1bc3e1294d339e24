//! Network Load Balancers' nodes, with real packets. Needs root.

use crate::support::{flows::*, *};
use spec::balancing::{FlowProtocol, Flows, TargetHealth, Unhealthy};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{ErrorKind, Read, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};
use vpc::{
    AclRule, INTERNET_HOST, IpProtocol, Ports,
    verdict::{Onward, Origin, Packet, Transport, onward, verdict},
};

/// The targets, listening.
struct Targets(BTreeMap<u8, TcpListener>);

impl Targets {
    fn of(world: &World) -> Self {
        let listen = |n| {
            let listener = probe::listen(&world.at(n), 8080);
            listener.set_nonblocking(true).unwrap();
            (n, listener)
        };
        Self([30, 130].into_iter().map(listen).collect())
    }

    /// A connection that a client made: who got it, and from whom.
    fn accept(&self) -> Option<(u8, TcpStream, IpAddr)> {
        self.0.iter().find_map(|(n, listener)| {
            let (stream, from) = listener.accept().ok()?;
            stream.set_nonblocking(false).unwrap();
            Some((*n, stream, from.ip()))
        })
    }
}

/// Connects and says who was reached, and whom that saw.
fn reached(targets: &Targets, from: &Path, to: Ipv4Addr) -> Option<(u8, IpAddr)> {
    let client = probe::connect(from, to, 80)?;
    let (n, _, seen) = targets.accept().unwrap();
    assert_eq!(client.peer_addr().unwrap().ip(), IpAddr::from(to));
    Some((n, seen))
}

/// Whether what is sent next is answered with a reset.
fn is_reset(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(probe::SILENCE)).unwrap();
    // It may have come already, for an acknowledgement that was late.
    let told = client.write_all(b"?").and_then(|()| client.read(&mut [0]));
    told.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn targets_without_a_way_out_answer_by_the_node_and_see_the_client() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    world.apply();
    let targets = Targets::of(&world);
    let (internet, inside) = (world.internet(), world.at(10));
    let mut spread = BTreeMap::new();
    for _ in 0..40 {
        let (n, seen) = reached(&targets, &internet, PUBLIC).unwrap();
        assert_eq!(seen, INTERNET_HOST, "the client's address is kept");
        *spread.entry(n).or_insert(0) += 1;
    }
    assert!(spread.len() == 2 && spread.values().all(|count| *count >= 8), "by a hash of ports: {spread:?}");
    for node in NODES {
        assert_eq!(reached(&targets, &inside, ip(node)).unwrap().1, IpAddr::from(ip(10)));
    }
    // What a listener is not for goes nowhere.
    assert!(probe::connect(&internet, PUBLIC, 81).is_none() && probe::connect(&internet, PUBLIC, 8080).is_none());
    assert_eq!(world.verify(), 0);
}

#[test]
fn the_nodes_address_stands_for_the_clients_where_that_is_not_kept() {
    let mut world = world(FlowProtocol::Tcp, HIDDEN, &[], &["sg-open"]);
    world.apply();
    let targets = Targets::of(&world);
    assert_eq!(reached(&targets, &world.internet(), PUBLIC).unwrap().1, IpAddr::from(ip(20)));
    // So a target reaches itself, too.
    regroup(&mut world, |group| group.targets.retain(|address, _| *address == target(30)));
    world.apply();
    assert_eq!(reached(&targets, &world.at(30), ip(20)).unwrap(), (30, ip(20).into()));
    assert_eq!(world.verify(), 0);
}

#[test]
fn what_the_balancer_listens_for_comes_in_and_what_it_sends_to_targets_is_answered() {
    let mut world = world(FlowProtocol::Tcp, HIDDEN, &[], &["sg-open"]);
    stream(&mut world, 443);
    world.apply();
    let node = world.at_interface(20);
    assert!(probe::tcp(&world.internet(), &node, PUBLIC, 443) && probe::tcp(&world.at(10), &node, ip(20), 443));
    assert!(!probe::tcp(&world.at(10), &node, ip(20), 444), "nobody may come in but to a listener");
    assert!(probe::tcp(&node, &world.at(30), ip(30), 8080), "a target without a way to the internet");
    // The kernel forwards for the others as ever.
    assert!(reached(&Targets::of(&world), &world.internet(), PUBLIC).is_some());
    assert_eq!(world.verify(), 0);
}

#[test]
fn the_balancer_may_bear_its_client_s_address() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &["sg-lb"], &["sg-target"]);
    world.group("sg-lb", vec![], vec![tcp(8080, 8080, everywhere())]);
    world.group("sg-target", vec![tcp(8080, 8080, net(&format!("{INTERNET_HOST}/32")))], vec![]);
    world.apply();
    let listener = probe::listen(&world.at(30), 8080);
    let (from, to) = (SocketAddr::new(INTERNET_HOST, 40_000), SocketAddr::from((ip(30), 8080)));
    let mut node = probe::connect_bearing(&world.at_interface(20), from, to, network::BORROWED).unwrap();
    let (mut target, seen) = listener.accept().unwrap();
    assert_eq!(seen, from);
    assert!(probe::alive(&mut node, &mut target));
    assert_eq!(world.verify(), 0);
}

#[test]
fn datagrams_follow_each_other_without_an_answer() {
    let mut world = world(FlowProtocol::Udp, KEPT, &[], &["sg-open"]);
    world.apply();
    let servers = [30, 130].map(|n| probe::bind(&world.at(n), 8080));
    let client = probe::bind(&world.internet(), 0);
    client.connect((PUBLIC, 80)).unwrap();
    for _ in 0..3 {
        client.send(b"a line of a log").unwrap();
    }
    let heard = servers.map(|server| (0..3).filter(|_| server.recv(&mut [0; 16]).is_ok()).count());
    assert!(heard == [3, 0] || heard == [0, 3], "{heard:?}");
}

#[test]
fn what_is_forwarded_is_counted() {
    let mut world = world(FlowProtocol::TcpUdp, KEPT, &[], &["sg-open"]);
    world.apply();
    let targets = Targets::of(&world);
    let counted = || network::flow_metrics(&world.at_interface(20)).unwrap();
    assert_eq!(counted(), network::FlowMetrics::default());
    let connect = || {
        let client = probe::connect(&world.internet(), PUBLIC, 80).unwrap();
        let (_, server, _) = targets.accept().unwrap();
        (client, server)
    };
    let (mut one, two, three) = (connect(), connect(), connect());
    assert!(probe::alive(&mut one.0, &mut one.1));
    let [tcp, udp] = counted().flows;
    assert_eq!((tcp.new, tcp.active, udp.new), (3, 3, 0));
    // A handshake has three segments of 40 bytes at least.
    assert!(tcp.bytes >= 3 * 3 * 40, "{tcp:?}");
    assert!(counted().packets >= 3 * 3, "each once, as it comes in");
    for socket in [&two.0, &three.1] {
        socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO)).unwrap();
    }
    let ((client, told), (other, server)) = (two, three);
    drop((client, server));
    for mut told in [told, other] {
        told.set_read_timeout(Some(probe::SILENCE)).unwrap();
        assert!(told.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    }
    let now = counted();
    assert_eq!((now.client_resets, now.target_resets, now.own_resets, now.flows[0].active), (1, 1, 0, 1));
    // What the node has forgotten it answers itself.
    regroup(&mut world, |group| {
        group.targets.clear();
        group.flows = Some(Flows { end_when_deregistered: true, ..KEPT });
    });
    world.apply();
    assert!(is_reset(&mut one.0));
    let now = network::flow_metrics(&world.at_interface(20)).unwrap();
    assert_eq!((now.own_resets, now.flows[0].active, now.flows[0].new), (1, 0, 3));
}

#[test]
fn an_idle_flow_is_forgotten_when_its_listener_s_time_is_over() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    idle(&mut world, 1);
    world.apply();
    assert_eq!(world.verify(), 0);
    let targets = Targets::of(&world);
    let mut client = probe::connect(&world.internet(), PUBLIC, 80).unwrap();
    let (_, mut server, _) = targets.accept().unwrap();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(600));
        assert!(probe::alive(&mut client, &mut server), "whoever speaks is not idle");
    }
    let start = std::time::Instant::now();
    while network::flow_metrics(&world.at_interface(20)).unwrap().flows[0].active > 0 {
        assert!(start.elapsed() < Duration::from_secs(30), "it is still known");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(start.elapsed() > Duration::from_millis(700) && is_reset(&mut client));
    // Another time is for new flows.
    idle(&mut world, 400);
    world.apply();
    assert!(reached(&targets, &world.internet(), PUBLIC).is_some());
    assert_eq!(world.verify(), 0);
}

#[test]
fn a_target_does_not_reach_itself_by_its_own_address() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    regroup(&mut world, |group| group.targets.retain(|address, _| *address == target(30)));
    world.apply();
    let targets = Targets::of(&world);
    assert_eq!(reached(&targets, &world.at(30), ip(20)), None);
    assert!(reached(&targets, &world.at(130), ip(20)).is_some());
}

#[test]
fn flows_stay_with_their_target_whatever_becomes_of_the_others() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    world.apply();
    let targets = Targets::of(&world);
    let mut open: Vec<(u8, TcpStream, TcpStream)> = Vec::new();
    for _ in 0..20 {
        let client = probe::connect(&world.internet(), PUBLIC, 80).unwrap();
        let (n, server, _) = targets.accept().unwrap();
        open.push((n, client, server));
    }
    // One is taken out: it keeps what it has, and gets nothing new.
    regroup(&mut world, |group| group.targets.get_mut(&target(30)).unwrap().draining_until = Some(i64::MAX));
    world.apply();
    assert!((0..20).all(|_| reached(&targets, &world.internet(), PUBLIC).unwrap().0 == 130));
    assert!(open.iter_mut().all(|(_, client, server)| probe::alive(client, server)));
    regroup(&mut world, |group| drop(group.targets.remove(&target(30))));
    world.apply();
    assert!(open.iter_mut().all(|(_, client, server)| probe::alive(client, server)), "past its delay, too");
    // Unless that is to end them: the client is told.
    regroup(&mut world, |group| group.flows = Some(Flows { end_when_deregistered: true, ..KEPT }));
    world.apply();
    for (n, client, server) in &mut open {
        assert!(if *n == 130 { probe::alive(client, server) } else { is_reset(client) });
    }
    assert_eq!(world.verify(), 0);
}

#[test]
fn new_flows_go_to_healthy_targets_and_to_all_when_none_is() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    world.apply();
    let targets = Targets::of(&world);
    let mut open = Vec::new();
    for _ in 0..12 {
        let client = probe::connect(&world.internet(), PUBLIC, 80).unwrap();
        let (n, server, _) = targets.accept().unwrap();
        open.push((n, client, server));
    }
    found(&mut world, 30, TargetHealth::Unhealthy(Unhealthy::Timeout));
    world.apply();
    assert!((0..12).all(|_| reached(&targets, &world.internet(), PUBLIC).unwrap().0 == 130));
    for (n, client, server) in &mut open {
        assert!(if *n == 130 { probe::alive(client, server) } else { is_reset(client) });
    }
    found(&mut world, 130, TargetHealth::Unhealthy(Unhealthy::Timeout));
    world.apply();
    let reached: BTreeSet<u8> = (0..20).map(|_| reached(&targets, &world.internet(), PUBLIC).unwrap().0).collect();
    assert_eq!(reached.len(), 2, "any is as good as another");
}

#[test]
fn a_node_keeps_to_its_zone_unless_it_is_to_cross() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    regroup(&mut world, |group| group.cross_zone = false);
    world.apply();
    let targets = Targets::of(&world);
    for (node, own) in [(20, 30), (120, 130)] {
        assert!((0..12).all(|_| reached(&targets, &world.at(10), ip(node)).unwrap().0 == own));
    }
    // A zone whose targets are unhealthy does not borrow others'.
    found(&mut world, 30, TargetHealth::Unhealthy(Unhealthy::Timeout));
    world.apply();
    assert_eq!(reached(&targets, &world.at(10), ip(20)).unwrap().0, 30);
}

#[test]
fn the_same_client_stays_where_its_address_decides() {
    let mut world = world(FlowProtocol::Tcp, Flows { by_source: true, ..KEPT }, &[], &["sg-open"]);
    world.apply();
    let targets = Targets::of(&world);
    let reached: BTreeSet<u8> = (0..20).map(|_| reached(&targets, &world.internet(), PUBLIC).unwrap().0).collect();
    assert_eq!(reached.len(), 1);
}

#[test]
fn datagrams_come_back_from_where_they_were_sent() {
    let mut world = world(FlowProtocol::TcpUdp, KEPT, &[], &["sg-open"]);
    world.apply();
    let servers = [30, 130].map(|n| probe::bind(&world.at(n), 8080));
    let mut answered = [0, 0];
    for _ in 0..24 {
        let client = probe::bind(&world.internet(), 0);
        client.connect((PUBLIC, 80)).unwrap();
        client.send(b"question").unwrap();
        let mut heard = [0; 16];
        let (n, from) =
            servers.iter().enumerate().find_map(|(n, server)| Some((n, server.recv_from(&mut heard).ok()?.1))).unwrap();
        assert_eq!(from, SocketAddr::new(INTERNET_HOST, client.local_addr().unwrap().port()));
        servers[n].send_to(b"answer", from).unwrap();
        // Connected, it takes only what comes from there.
        assert_eq!(client.recv(&mut heard).unwrap(), 6);
        answered[n] += 1;
    }
    assert!(answered.iter().all(|count| *count >= 4), "{answered:?}");
    assert!(reached(&Targets::of(&world), &world.internet(), PUBLIC).is_some(), "TCP on the same port");
}

#[test]
fn two_gates_for_clients_and_for_targets() {
    // The client must pass the load balancer's groups, and what that sends on the target's, which may name either.
    let closed = |rules| {
        let mut world = world(FlowProtocol::Tcp, KEPT, &["sg-lb"], &["sg-target"]);
        world.group("sg-lb", vec![tcp(80, 80, net("10.0.0.0/8"))], vec![all(everywhere())]);
        world.group("sg-target", rules, vec![]);
        world.apply();
        world
    };
    let reaches = |world: &World, from: &Path, to| reached(&Targets::of(world), from, to).is_some();
    let world = closed(vec![tcp(8080, 8080, crate::support::group("sg-lb"))]);
    assert!(reaches(&world, &world.at(10), ip(20)), "by the load balancer's group");
    assert!(!reaches(&world, &world.internet(), PUBLIC), "the load balancer's group is not for the internet");
    assert!(!probe::tcp(&world.at(10), &world.at(30), ip(30), 8081), "nor past the load balancer");
    let direct = probe::connect(&world.at(10), ip(30), 8080);
    assert!(direct.is_none(), "the target's group is for the load balancer alone");
    let world = closed(vec![tcp(8080, 8080, net("10.0.1.10/32"))]);
    assert!(reaches(&world, &world.at(10), ip(20)), "by the client's address");
    let world = closed(vec![tcp(8080, 8080, net("10.0.1.20/32"))]);
    assert!(!reaches(&world, &world.at(10), ip(20)), "the node's address is not what the target sees");
    let world = closed(vec![tcp(8080, 8080, crate::support::group("sg-open"))]);
    assert!(!reaches(&world, &world.at(10), ip(20)), "what a node sends on is not the client's group's");
}

#[test]
fn network_acls_of_both_subnets_judge_what_is_sent_on() {
    let mut world = world(FlowProtocol::Tcp, KEPT, &[], &["sg-open"]);
    regroup(&mut world, |group| group.targets.retain(|address, _| *address == target(130)));
    let client = INTERNET_HOST.to_string() + "/32";
    let rule = AclRule {
        protocol: IpProtocol::Number(6),
        ports: Ports::Range(8080, 8080),
        net: client.parse().unwrap(),
        allow: false,
    };
    world.vpc().network_acls.insert("acl-2".into(), acl(&[rule], &[]));
    world.vpc().subnets.get_mut("subnet-2").unwrap().network_acl = "acl-2".into();
    world.apply();
    assert_eq!(reached(&Targets::of(&world), &world.internet(), PUBLIC), None);
    world.vpc().network_acls.insert("acl-2".into(), acl(&[], &[]));
    world.apply();
    assert!(reached(&Targets::of(&world), &world.internet(), PUBLIC).is_some());
}

/// Whether the model says that a connection from there to a node's listener is answered, by whichever target.
fn said(world: &World, origin: Origin, source: IpAddr, to: IpAddr) -> bool {
    let packet = Packet { origin, source, destination: to, transport: Transport::tcp(80) };
    let verdict = verdict(&world.spec.topology, &packet);
    let arrived = verdict.there.addresses.last().copied().filter(|_| verdict.answered());
    let ways = arrived.and_then(|at| onward(&world.spec.topology, &verdict.there.end, at, &packet.transport));
    let answered: BTreeSet<bool> = ways.iter().flatten().map(Onward::answered).collect();
    assert!(answered.len() < 2, "a case whose targets differ says nothing");
    answered == [true].into()
}

#[test]
fn what_explains_is_what_is_enforced() {
    let of_node: [Option<Vec<vpc::Rule>>; 4] =
        [None, Some(vec![]), Some(vec![tcp(80, 80, net("10.0.0.0/8"))]), Some(vec![tcp(80, 80, everywhere())])];
    let of_targets = [
        everywhere(),
        net("10.0.1.10/32"),
        net("10.0.1.20/32"),
        net(&format!("{INTERNET_HOST}/32")),
        crate::support::group("sg-lb"),
        crate::support::group("sg-open"),
    ];
    let mut reached_some = 0;
    for (flows, node, peer) in cases(&of_node, &of_targets) {
        let groups: &[&str] = if node.is_some() { &["sg-lb"] } else { &[] };
        let mut world = world(FlowProtocol::Tcp, flows, groups, &["sg-target"]);
        world.group("sg-lb", node.clone().unwrap_or_default(), vec![tcp(8080, 8080, everywhere())]);
        world.group("sg-target", vec![tcp(8080, 8080, peer.clone())], vec![all(everywhere())]);
        world.apply();
        let targets = Targets::of(&world);
        let inside = Origin::Interface(VPC.into(), interface_id(10));
        let clients = [
            (Origin::Internet, INTERNET_HOST, world.internet(), PUBLIC),
            (inside, ip(10).into(), world.at(10), ip(20)),
        ];
        for (origin, source, namespace, to) in clients {
            let said = said(&world, origin, source, to.into());
            let is_reached = reached(&targets, &namespace, to).is_some();
            assert_eq!(is_reached, said, "{flows:?}, node {node:?}, targets {peer:?}, from {source}");
            reached_some += usize::from(is_reached);
        }
    }
    assert!(reached_some > 10);
}

/// All there is of these.
fn cases<'a>(
    of_node: &'a [Option<Vec<vpc::Rule>>],
    of_targets: &'a [vpc::Peer],
) -> impl Iterator<Item = (Flows, &'a Option<Vec<vpc::Rule>>, &'a vpc::Peer)> {
    let with = move |flows| of_node.iter().flat_map(move |node| of_targets.iter().map(move |peer| (flows, node, peer)));
    [KEPT, HIDDEN].into_iter().flat_map(with)
}
