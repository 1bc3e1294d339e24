//! The namespace of a Network Load Balancer's node: what comes in for a listener goes out again, to a target.
//!
//! ```text
//! destination  address . protocol . port of a listener → listener-PORT: one of its targets, by a hash of where the packet is from
//! source       the node's own address for the client's, where targets are not to see that
//! forward      of a connection that was sent to a target: accept → TCP of one that is known no more: a reset; else drop
//! input        known: accept → new and for a listener of the balancer's: accept → TCP of a connection that is known no more: a reset; else drop
//! leaving      a connection that the balancer begins with its client's address is marked
//! returns      what answers such a connection is for the balancer, whatever its destination: mark 4 → local
//! ```
//! A connection is translated as its first packet was, so it stays with its target whatever becomes of the targets. What the node itself
//! sends, to targets of the balancer's listeners and for health checks, is not translated.

use super::{
    Attachment, Namespace, PolicyRule, Route, Target,
    leaf::{self, anywhere},
    policy::SERVICES,
    table::{Datum, Field, Hook, Rule, Selector, Shape, Statement, Table, Value, ValueKind, Verdict, key},
};
use crate::{name::LinkName, netlink::conntrack::Connection};
use spec::{
    HostSpec,
    balancing::{BalancingStatus, FlowListener, Flows, TargetAddress, TargetGroup, TargetHealth, TargetStatus},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4},
};
use vpc::{Holder, InterfaceId, NatGateway};

/// A TCP flow is forgotten when it has been idle for 350 seconds, a UDP one after 120 ("Connection idle timeout", Network Load Balancers
/// guide), and none is taken up in its middle. Health checks are made from the ports that AWS's nodes use. The balancer takes as many new
/// connections at once as in any node (`leaf`).
const SYSCTLS: &[(&str, &str)] = &[
    ("net/ipv6/conf/all/disable_ipv6", "1"),
    ("net/ipv4/ip_forward", "1"),
    ("net/ipv4/ip_early_demux", "0"),
    ("net/ipv4/conf/all/send_redirects", "0"),
    ("net/ipv4/conf/default/send_redirects", "0"),
    ("net/ipv4/conf/all/accept_redirects", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/conf/all/arp_ignore", "8"),
    ("net/ipv4/conf/default/arp_ignore", "8"),
    ("net/ipv4/ip_local_port_range", "1024\t65535"),
    ("net/core/somaxconn", "65535"),
    ("net/ipv4/tcp_max_syn_backlog", "65535"),
    ("net/ipv4/tcp_tw_reuse", "1"),
    ("net/netfilter/nf_conntrack_tcp_loose", "0"),
    ("net/netfilter/nf_conntrack_tcp_timeout_established", "350"),
    ("net/netfilter/nf_conntrack_udp_timeout", "120"),
    ("net/netfilter/nf_conntrack_udp_timeout_stream", "120"),
];

/// What marks a packet that a listener has sent to a target: one that stays the client's, and one that becomes the node's.
const CLIENTS: u32 = 1;
const NODES: u32 = 2;

pub(super) const LISTENERS: Shape = Shape { value: Some(ValueKind::Verdict), ..SERVICES };
pub(super) const TARGETS: Shape = Shape { fields: &[Field::Mark], ranges: false, value: Some(ValueKind::Socket) };
const ADDRESSES: Shape = super::nat::TURNS;

/// What marks the packets of sockets that bear a client's address (`SO_MARK`).
pub const BORROWED: u32 = 3;
/// What marks their connections, and what answers them.
const ANSWERS: u32 = 4;
/// The routing table that what answers them is looked up in, and its place: before the main one.
const TABLE: u32 = 100;
const PRIORITY: u32 = 100;
pub(super) const MARKS: Shape = Shape { fields: &[Field::Mark], ranges: false, value: Some(ValueKind::Mark) };

/// Ports that the balancer listens on in the node's namespace.
pub(super) const STREAMS: Shape = Shape { fields: &[Field::Protocol, Field::Word], ranges: false, value: None };

/// What becomes of what comes in for a node's listeners.
#[derive(Default)]
pub(super) struct Forwarding {
    /// What the kernel forwards, by ports.
    flows: BTreeMap<u16, Listener>,
    /// The TCP ports of the balancer.
    streams: BTreeSet<u16>,
}

/// One listener.
pub(super) struct Listener {
    protocols: &'static [u8],
    /// For how many seconds a TCP flow may be idle, if it is not the sysctl's number.
    idle_timeout: Option<u32>,
    flows: Flows,
    /// Who gets new flows.
    targets: Vec<(Ipv4Addr, u16)>,
    ending: Ending,
}

/// Which flows of a listener must not go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// Those to targets that were found unhealthy, if that ends them.
    pub unhealthy: BTreeSet<SocketAddr>,
    /// Those to anybody else than the targets there are, if their deregistration ends them.
    pub others_than: Option<BTreeSet<SocketAddr>>,
}

/// Which flows of a node must not go on, by protocol and port of its listeners. Flows to an address of the VPC that is nobody's never do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endings {
    /// The node's VPC.
    pub vpc: vpc::VpcId,
    /// By listeners.
    pub listeners: BTreeMap<(u8, u16), Ending>,
}

impl Endings {
    /// What has come to end since there were others. A target's flows end when it is found unhealthy, not while it is: it may get new ones
    /// when no target is better. Without a memory nobody was found to be anything.
    pub(crate) fn since(&self, before: Option<&Self>) -> Self {
        let mut fresh = self.clone();
        for (key, ending) in &mut fresh.listeners {
            let known = before.and_then(|before| before.listeners.get(key));
            ending.unhealthy.retain(|target| known.is_some_and(|known| !known.unhealthy.contains(target)));
        }
        fresh
    }

    /// Whether a connection that a node knows must be forgotten.
    pub(crate) fn concern(&self, vpc: &vpc::Vpc, owners: &BTreeSet<IpAddr>, connection: &Connection) -> bool {
        let Connection { original, reply, .. } = connection;
        let target = SocketAddr::new(reply.source, reply.source_port);
        // What the node itself began is not translated.
        if reply.source == original.destination {
            return false;
        }
        let nobodys = vpc.contains(target.ip()) && !owners.contains(&target.ip());
        let ending = self.listeners.get(&(original.protocol, original.destination_port));
        nobodys
            || ending.is_some_and(|ending| {
                ending.unhealthy.contains(&target)
                    || ending.others_than.as_ref().is_some_and(|targets| !targets.contains(&target))
            })
    }
}

/// What each node of a host forwards, by its interface.
pub(super) fn forwarding<'a>(spec: &'a HostSpec, seen: &BalancingStatus) -> BTreeMap<&'a InterfaceId, Forwarding> {
    let mut all = BTreeMap::new();
    for balancer in spec.balancing.load_balancers.values() {
        for (id, node) in &balancer.nodes {
            let listeners = balancer.flows.iter().filter_map(|(port, listener)| {
                let group = spec.balancing.target_groups.get(&listener.group)?;
                let seen = seen.health.get(&listener.group).and_then(|nodes| nodes.get(id));
                let flows = group.flows?;
                let targets = usable(group, &node.zone, seen);
                let ending = ending(group, &flows, seen);
                let idle_timeout = Some(listener.idle_timeout).filter(|of| *of != FlowListener::IDLE_TIMEOUT);
                let protocols = listener.protocol.numbers();
                Some((port.get(), Listener { protocols, idle_timeout, flows, targets, ending }))
            });
            let streams = balancer.listeners.iter().filter(|(_, listener)| listener.stream.is_some());
            let streams = streams.map(|(port, _)| port.get()).collect();
            all.insert(id, Forwarding { flows: listeners.collect(), streams });
        }
    }
    all
}

/// Who gets new flows from a node: the healthy targets in its reach, or all of them if those are too few ("Target group health", Network
/// Load Balancers guide). In the order of their addresses, so that every node numbers them alike.
fn usable(
    group: &TargetGroup,
    zone: &str,
    seen: Option<&BTreeMap<TargetAddress, TargetStatus>>,
) -> Vec<(Ipv4Addr, u16)> {
    let in_reach = group.targets.iter().filter(|(_, target)| {
        target.draining_until.is_none() && (group.cross_zone || target.zone.as_deref().is_none_or(|own| own == zone))
    });
    let all: Vec<_> = in_reach.collect();
    let is_healthy = |address: &TargetAddress, since| {
        let status = seen.and_then(|seen| seen.get(address));
        status.is_some_and(|status| status.since == since && status.health == TargetHealth::Healthy)
    };
    let healthy: Vec<_> = all.iter().filter(|(address, target)| is_healthy(address, target.since)).copied().collect();
    let percent = group.minimum_healthy_percent.map_or(0, usize::from);
    let fails_open = healthy.len() < group.minimum_healthy.max(1) as usize || healthy.len() * 100 < percent * all.len();
    let chosen = if fails_open { all } else { healthy };
    chosen.into_iter().filter_map(|(address, _)| socket(address.0)).map(|of| (*of.ip(), of.port())).collect()
}

fn socket(address: SocketAddr) -> Option<SocketAddrV4> {
    match address {
        SocketAddr::V4(address) => Some(address),
        SocketAddr::V6(_) => None,
    }
}

fn ending(group: &TargetGroup, flows: &Flows, seen: Option<&BTreeMap<TargetAddress, TargetStatus>>) -> Ending {
    let is_unhealthy = |address: &TargetAddress, since| {
        let status = seen.and_then(|seen| seen.get(address));
        status.is_some_and(|status| status.since == since && matches!(status.health, TargetHealth::Unhealthy(_)))
    };
    let unhealthy = group.targets.iter().filter(|(address, target)| is_unhealthy(address, target.since));
    Ending {
        unhealthy: unhealthy.map(|(address, _)| address.0).filter(|_| flows.end_when_unhealthy).collect(),
        others_than: flows.end_when_deregistered.then(|| group.targets.keys().map(|address| address.0).collect()),
    }
}

/// Which flows of a node end.
pub(super) fn endings(vpc: &vpc::VpcId, forwarding: &Forwarding) -> Endings {
    let listeners = forwarding.flows.iter().flat_map(|(port, listener)| {
        listener.protocols.iter().map(|protocol| ((*protocol, *port), listener.ending.clone()))
    });
    Endings { vpc: vpc.clone(), listeners: listeners.collect() }
}

/// Whether an interface is a Network Load Balancer's node: it forwards what others send.
pub(super) fn is_node(at: &Attachment) -> bool {
    at.interface.is_forwarding_node() && matches!(at.interface.holder, Holder::LoadBalancer(_))
}

/// Its addresses and routes are any interface's.
pub(super) fn namespace(at: &Attachment, forwarding: Option<&Forwarding>) -> Namespace {
    let none = Forwarding::default();
    let table = table(at, forwarding.unwrap_or(&none));
    let mut namespace = leaf::interface(at);
    namespace.routes.insert(Route { table: TABLE, ..Route::main(anywhere(), Target::Local(LinkName::lo())) });
    let answers = PolicyRule { priority: PRIORITY, mark: Some(ANSWERS), table: Some(TABLE) };
    let rules = PolicyRule::KERNELS.into_iter().chain([answers]).collect();
    Namespace { sysctls: SYSCTLS, table: Some(table), rules: Some(rules), ..namespace }
}

/// The chain `forward`, for those who read its counters: which rules count what.
pub(crate) mod counted {
    /// The first packets of TCP flows, and of UDP flows.
    pub(crate) const NEW: [usize; 2] = [0, 1];
    /// Resets by clients and by targets.
    pub(crate) const RESETS: [usize; 2] = [2, 3];
    /// All packets of TCP flows, and of UDP flows.
    pub(crate) const ALL: [usize; 2] = [4, 5];
    /// TCP segments that were answered with a reset; in `input` another.
    pub(crate) const REFUSED: usize = 8;
    /// The same in the chain `input`.
    pub(crate) const REFUSED_INPUT: usize = 4;
}

fn table(at: &Attachment, forwarding: &Forwarding) -> Table {
    const TCP: Datum = Datum::Protocol(6);
    const UDP: Datum = Datum::Protocol(17);
    let mut table = Table::default();
    let accept = || Statement::Verdict(Verdict::Accept);
    let of = |protocol: Datum| Statement::Between(Selector::Protocol, protocol.clone(), protocol);
    let drop_reset = || Rule(vec![of(TCP), Statement::Resets, Statement::Invalid, Statement::Verdict(Verdict::Drop)]);
    let reset = || Rule(vec![Statement::Invalid, of(TCP), Statement::Count, Statement::Reset]);
    listeners(&mut table, at, forwarding);
    // Only the first packet of a connection is translated by a rule, and has the mark.
    let begun = || Statement::Between(Selector::Mark, Datum::Mark(CLIENTS), Datum::Mark(NODES));
    table.chain(
        "forward",
        Some(Hook::Forward),
        vec![
            Rule(vec![begun(), of(TCP), Statement::Count]),
            Rule(vec![begun(), of(UDP), Statement::Count]),
            Rule(vec![of(TCP), Statement::Resets, Statement::Known, Statement::Original, Statement::Count]),
            Rule(vec![of(TCP), Statement::Resets, Statement::Known, Statement::Reply, Statement::Count]),
            Rule(vec![Statement::Translated, of(TCP), Statement::Count, accept()]),
            Rule(vec![Statement::Translated, of(UDP), Statement::Count, accept()]),
            Rule(vec![Statement::Related, accept()]),
            drop_reset(),
            reset(),
        ],
    );
    table.chain(
        "input",
        Some(Hook::Input),
        vec![
            Rule(vec![Statement::FromLoopback, accept()]),
            Rule(vec![Statement::Known, accept()]),
            Rule(vec![
                Statement::New,
                Statement::In(vec![Selector::Protocol, Selector::SecondWord], "streams".into()),
                accept(),
            ]),
            drop_reset(),
            reset(),
        ],
    );
    let borrowed = [(key([Datum::Mark(BORROWED)]), Some(Value::Mark(ANSWERS)))];
    table.set("borrowed", MARKS, borrowed.into_iter());
    let begins = Statement::MarkConnectionFrom(vec![Selector::Mark], "borrowed".into());
    table.chain("leaving", Some(Hook::Leaving), vec![Rule(vec![Statement::New, begins])]);
    let answers = Rule(vec![Statement::Reply, Statement::MarkOfConnection]);
    table.chain("returns", Some(Hook::Diverting), vec![answers]);
    let streams = forwarding.streams.iter().map(|port| (key([TCP, Datum::Word(*port)]), None));
    table.set("streams", STREAMS, streams);
    let own = IpAddr::V4(match at.interface.private_ip {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    });
    table.set("addresses", ADDRESSES, [(key([Datum::Mark(0)]), Some(Value::Address(own)))].into_iter());
    // "About 55,000 connections per minute to each unique target" ("Client IP preservation", Network Load Balancers guide).
    let ports = (NatGateway::FIRST_PORT, NatGateway::FIRST_PORT + (NatGateway::CONNECTIONS - 1));
    let hidden = Statement::Between(Selector::Mark, Datum::Mark(NODES), Datum::Mark(NODES));
    let rule = Rule(vec![hidden, Statement::TranslateSourceInTurn("addresses".into(), 1, ports)]);
    table.chain("source", Some(Hook::NatPostrouting), vec![rule]);
    table
}

/// A chain of each listener, and its targets: changing those is a matter of elements, and of the one rule that says how many there are.
fn listeners(table: &mut Table, at: &Attachment, forwarding: &Forwarding) {
    let chains = forwarding.flows.iter().flat_map(|(port, listener)| {
        listener.protocols.iter().map(move |protocol| {
            let own = Datum::Address(at.interface.private_ip);
            let chain = Value::Goto(format!("listener-{port}").into());
            (key([own, Datum::Protocol(*protocol), Datum::Word(*port)]), Some(chain))
        })
    });
    table.set("listeners", LISTENERS, chains);
    let by = vec![Selector::Destination, Selector::Protocol, Selector::SecondWord];
    let rule = Rule(vec![Statement::DispatchBy(by, "listeners".into())]);
    table.chain("destination", Some(Hook::NatPrerouting), vec![rule]);
    for (port, listener) in &forwarding.flows {
        let targets = format!("targets-{port}");
        let numbered = listener.targets.iter().zip(0..);
        let element =
            |((ip, port), n): (&(Ipv4Addr, u16), u32)| (key([Datum::Mark(n)]), Some(Value::Socket(*ip, *port)));
        table.set(&targets, TARGETS, numbered.map(element));
        let count = listener.targets.len() as u32;
        let hash =
            if listener.flows.by_source { vec![Selector::Source] } else { vec![Selector::Source, Selector::FirstWord] };
        let mark = if listener.flows.preserve_client_ip { CLIENTS } else { NODES };
        let tcp = Statement::Between(Selector::Protocol, Datum::Protocol(6), Datum::Protocol(6));
        let idle = listener.idle_timeout.map(|seconds| Rule(vec![tcp, Statement::IdleTimeout(seconds)]));
        table.timeouts.extend(listener.idle_timeout);
        let to_target = [
            Rule(vec![Statement::SetMark(mark)]),
            Rule(vec![Statement::TranslateDestinationByHash(hash, count, targets.as_str().into())]),
        ];
        // What has no target is for the node itself, which takes nothing.
        let rules = if count == 0 { Vec::new() } else { idle.into_iter().chain(to_target).collect() };
        table.chain(&format!("listener-{port}"), None, rules);
    }
}
