//! Security groups as an nftables table.
//!
//! ```text
//! source     raw prerouting: link and source address in @sources, else drop
//! input      to the router itself: what is in @services, else drop
//! forward    established or related: accept → what the sender may send: link → @links → @egress → egress-N; else drop
//! egress-N   what combination N may send: → receiver; else drop
//! receiver   what the receiver may receive: link → @links → @ingress → ingress-N; else drop
//! ingress-N  what combination N may receive: accept; else drop
//! ```
//! What is known of one interface is elements of maps and sets, never a rule, and no packet walks through rules one by one. A link
//! leads to its chain in two steps because the kernel, whenever an element that names a chain is added, walks through all that do.
//!
//! Absent: untracked connections. Here every connection is tracked: it goes on after the rule that let it in is revoked, until it has
//! been idle. AWS does not track a TCP or UDP flow whose rules allow all addresses in its direction, and all addresses and ports in
//! the other, and cuts it as soon as one of them is revoked ("Amazon EC2 security group connection tracking", Amazon EC2 User Guide).
//! Absent too: a share of tracked connections for each interface, as AWS has it. All interfaces of a VPC share its router's, of which
//! the kernel takes `nf_conntrack_max`; when that is reached it gives up connections that were never answered first.

use super::{
    combination::Combinations,
    pattern::{Pattern, Traffic, layers, merge},
    table::{
        Chain, Datum, Field, Hook, Key, Name, Rule, Selector, Set, Shape, Statement, Table, Value, ValueKind, Verdict,
    },
};
use crate::name::LinkName;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};
use vpc::{Interface, InterfaceId, IpNet, Peer, SecurityGroupId, Service, Vpc};

const SOURCES: Shape = Shape { fields: &[Field::Link, Field::Ipv4], ranges: false, value: None };
const SERVICES: Shape = Shape { fields: &[Field::Ipv4, Field::Protocol, Field::Word], ranges: false, value: None };
const LINKS: Shape = Shape { fields: &[Field::Link], ranges: false, value: Some(ValueKind::Mark) };
const CHAINS: Shape = Shape { fields: &[Field::Mark], ranges: false, value: Some(ValueKind::Verdict) };
const COMBINATIONS: Shape = Shape { fields: &[Field::Ipv4], ranges: false, value: Some(ValueKind::Mark) };
const NETS: Shape =
    Shape { fields: &[Field::Ipv4, Field::Protocol, Field::Word, Field::Word], ranges: true, value: None };
const GROUPS: Shape =
    Shape { fields: &[Field::Mark, Field::Protocol, Field::Word, Field::Word], ranges: true, value: None };

/// Every shape there is: what a set found in the kernel is recognised by.
pub(crate) const SHAPES: [Shape; 7] = [SOURCES, SERVICES, LINKS, CHAINS, COMBINATIONS, NETS, GROUPS];

#[derive(Clone, Copy)]
enum Direction {
    Egress,
    Ingress,
}

/// The table of a VPC's router, for those of its interfaces that are linked to it.
pub(crate) fn table(vpc: &Vpc, links: &BTreeMap<InterfaceId, LinkName>) -> Table {
    let combinations = Combinations::of(vpc);
    let linked = links.iter().filter_map(|(id, link)| {
        let interface = vpc.interfaces.get(id)?;
        Some((link, interface, combinations.number(&interface.security_groups)?))
    });
    let linked: Vec<(&LinkName, &Interface, u32)> = linked.collect();
    let mut table = frame();
    table.set("sources", SOURCES, linked.iter().map(|(link, interface, _)| (source_key(link, interface), None)));
    table.set(
        "links",
        LINKS,
        linked.iter().map(|(link, _, number)| (key([Datum::Link((*link).clone())]), mark(*number))),
    );
    table.set(
        "services",
        SERVICES,
        vpc.services().filter(|service| service.address.is_ipv4()).map(|s| (service_key(s), None)),
    );
    let addressed = vpc.interfaces.values().filter(|interface| interface.private_ip.is_ipv4());
    let combined = addressed.filter_map(|interface| {
        let number = combinations.number(&interface.security_groups)?;
        Some((key([Datum::Address(interface.private_ip)]), mark(number)))
    });
    table.set("combinations", COMBINATIONS, combined);
    let here: BTreeMap<u32, _> =
        linked.iter().map(|(_, interface, number)| (*number, &interface.security_groups)).collect();
    for direction in [Direction::Egress, Direction::Ingress] {
        let chains = here.keys().map(|n| (key([Datum::Mark(*n)]), Some(Value::Goto(chain_name(direction, *n)))));
        table.set(direction.map(), CHAINS, chains);
        for (number, groups) in &here {
            gate(&mut table, vpc, &combinations, (*number, groups), direction);
        }
    }
    table
}

impl Table {
    fn set(&mut self, name: &str, shape: Shape, elements: impl Iterator<Item = (Key, Option<Value>)>) {
        self.sets.insert(name.into(), Arc::new(Set { shape, elements: elements.collect() }));
    }
}

/// A key of single values.
fn key<const N: usize>(data: [Datum; N]) -> Key {
    data.into_iter().map(|datum| (datum.clone(), datum)).collect()
}

fn mark(number: u32) -> Option<Value> {
    Some(Value::Mark(number))
}

fn source_key(link: &LinkName, interface: &Interface) -> Key {
    key([Datum::Link(link.clone()), Datum::Address(interface.private_ip)])
}

fn service_key(service: Service) -> Key {
    key([Datum::Address(service.address), Datum::Protocol(service.protocol), Datum::Word(service.port)])
}

/// The chains that are the same in every VPC.
fn frame() -> Table {
    let mut table = Table::default();
    let accept = Statement::Verdict(Verdict::Accept);
    let known = Statement::In(vec![Selector::InputLink, Selector::Source], "sources".into());
    let service =
        Statement::In(vec![Selector::Destination, Selector::Protocol, Selector::SecondWord], "services".into());
    let by = |selector| judged_by(selector, "links");
    let dispatch = |map: &str| Rule(vec![Statement::Dispatch(Selector::Mark, map.into())]);
    table.chain(
        "source",
        Some(Hook::RawPrerouting),
        vec![Rule(vec![Statement::FromLoopback, accept.clone()]), Rule(vec![known, accept.clone()])],
    );
    table.chain(
        "input",
        Some(Hook::Input),
        vec![Rule(vec![Statement::FromLoopback, accept.clone()]), Rule(vec![service, accept.clone()])],
    );
    let forward = [Rule(vec![Statement::Established, accept])]
        .into_iter()
        .chain(by(Selector::InputLink))
        .chain([dispatch("egress")]);
    table.chain("forward", Some(Hook::Forward), forward.collect());
    let receiver = by(Selector::OutputLink)
        .into_iter()
        .chain([dispatch("ingress"), Rule(vec![Statement::Verdict(Verdict::Drop)])]);
    table.chain("receiver", None, receiver.collect());
    table
}

impl Table {
    fn chain(&mut self, name: &str, hook: Option<Hook>, rules: Vec<Rule>) {
        self.chains.insert(name.into(), Chain { hook, comment: String::new(), rules });
    }
}

/// Marks the packet with the combination found in a map, and with 0 when there is none.
fn judged_by(key: Selector, map: &str) -> [Rule; 2] {
    [Rule(vec![Statement::SetMark(0)]), Rule(vec![Statement::MarkFrom(key, map.into())])]
}

impl Direction {
    /// The map from combinations to chains.
    fn map(self) -> &'static str {
        match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
        }
    }
}

fn chain_name(direction: Direction, number: u32) -> Name {
    format!("{}-{number:08x}", direction.map()).into()
}

/// The chain and sets of one combination in one direction.
fn gate(
    table: &mut Table,
    vpc: &Vpc,
    combinations: &Combinations,
    (number, groups): (u32, &BTreeSet<SecurityGroupId>),
    direction: Direction,
) {
    let name = chain_name(direction, number);
    let (peer, pass) = match direction {
        Direction::Egress => (Selector::Destination, Verdict::Goto("receiver".into())),
        Direction::Ingress => (Selector::Source, Verdict::Accept),
    };
    let (nets, by_group) = rules(vpc, combinations, groups, direction);
    let mut chain = Chain { hook: None, comment: comment(groups), rules: Vec::new() };
    if nets.first().is_some_and(|layer| layer.contains(&Pattern::EVERYTHING)) {
        chain.rules.push(Rule(vec![Statement::Verdict(pass)]));
        table.chains.insert(name, chain);
        return;
    }
    let layers = nets.into_iter().enumerate().map(|(n, layer)| (format!("{name}-net-{n}"), NETS, peer, layer));
    if !by_group.is_empty() {
        chain.rules.extend(judged_by(peer, "combinations"));
    }
    let by_group = (!by_group.is_empty()).then(|| (format!("{name}-group"), GROUPS, Selector::Mark, by_group));
    for (set, shape, first, patterns) in layers.chain(by_group) {
        let set: Name = set.into();
        let key = vec![first, Selector::Protocol, Selector::FirstWord, Selector::SecondWord];
        chain.rules.push(Rule(vec![Statement::In(key, set.clone()), Statement::Verdict(pass.clone())]));
        table.set(&set, shape, patterns.iter().map(|pattern| (pattern_key(pattern, first), None)));
    }
    chain.rules.push(Rule(vec![Statement::Verdict(Verdict::Drop)]));
    table.chains.insert(name, chain);
}

/// All rules of all groups in one direction: those about address ranges in layers, those about groups as combinations.
/// IPv6 ranges are left out: every interface is closed to IPv6.
fn rules(
    vpc: &Vpc,
    combinations: &Combinations,
    groups: &BTreeSet<SecurityGroupId>,
    direction: Direction,
) -> (Vec<Vec<Pattern>>, Vec<Pattern>) {
    let mut nets = Vec::new();
    let mut by_number: BTreeMap<u32, Vec<Traffic>> = BTreeMap::new();
    for group in groups.iter().filter_map(|id| vpc.security_groups.get(id)) {
        let rules = match direction {
            Direction::Egress => &group.egress,
            Direction::Ingress => &group.ingress,
        };
        for rule in rules {
            let Some(traffic) = Traffic::of(rule.protocol, rule.ports) else { continue };
            match &rule.peer {
                Peer::Net(IpNet::V4(net)) => {
                    nets.push(Pattern { peers: (net.network().into(), net.broadcast().into()), traffic })
                }
                Peer::Net(IpNet::V6(_)) | Peer::PrefixList(_) => {}
                Peer::Group(peer) => {
                    combinations.containing(peer).for_each(|number| by_number.entry(number).or_default().push(traffic))
                }
            }
        }
    }
    let by_group = by_number.into_iter().flat_map(|(number, traffic)| {
        let peers = (number, number);
        merge(traffic).into_iter().map(move |traffic| Pattern { peers, traffic })
    });
    (layers(nets), by_group.collect())
}

fn pattern_key(pattern: &Pattern, first: Selector) -> Key {
    let peer = |number: u32| match first {
        Selector::Mark => Datum::Mark(number),
        _ => Datum::Address(IpAddr::V4(Ipv4Addr::from(number))),
    };
    let Pattern { peers, traffic: Traffic { protocols, first_word, second_word } } = *pattern;
    vec![
        (peer(peers.0), peer(peers.1)),
        (Datum::Protocol(protocols.0), Datum::Protocol(protocols.1)),
        (Datum::Word(first_word.0), Datum::Word(first_word.1)),
        (Datum::Word(second_word.0), Datum::Word(second_word.1)),
    ]
}

/// The groups' ids, as many as fit.
fn comment(groups: &BTreeSet<SecurityGroupId>) -> String {
    let mut text = String::new();
    for id in groups {
        if text.len() + id.len() > 115 {
            text.push_str(" …");
            break;
        }
        text.push_str(if text.is_empty() { "" } else { " " });
        text.push_str(id);
    }
    text
}
