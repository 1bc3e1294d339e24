//! Security groups: a chain for each combination of groups in each direction.
//!
//! ```text
//! egress-N   what combination N may send: → receiver; else drop
//! ingress-N  what combination N may receive: accept; else drop
//! ```

use crate::plan::{
    Attachment,
    combination::Combinations,
    neighbours::Around,
    pattern::{Pattern, Traffic, layers, merge},
    table::{Chain, Datum, Field, Key, Name, Rule, Selector, Shape, Statement, Table, Value, Verdict, key},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};
use vpc::{Direction, IpNet, Peer, SecurityGroupId, Topology, Vpc};

pub(super) const NETS: Shape =
    Shape { fields: &[Field::Ipv4, Field::Protocol, Field::Word, Field::Word], ranges: true, value: None };
pub(super) const GROUPS: Shape =
    Shape { fields: &[Field::Mark, Field::Protocol, Field::Word, Field::Word], ranges: true, value: None };
pub(super) const PORT_NETS: Shape =
    Shape { fields: &[Field::Word, Field::Ipv4, Field::Protocol, Field::Word], ranges: true, value: None };
pub(super) const PORT_GROUPS: Shape =
    Shape { fields: &[Field::Word, Field::Mark, Field::Protocol, Field::Word], ranges: true, value: None };

/// The map from combinations to chains.
pub(super) fn map_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Egress => "egress",
        Direction::Ingress => "ingress",
    }
}

/// What tells whose the other side's address is.
fn other_link(direction: Direction) -> Selector {
    match direction {
        Direction::Egress => Selector::OutputLink,
        Direction::Ingress => Selector::InputLink,
    }
}

/// Who has which combination: `members` by link and address. By link too, because two VPCs may have the same addresses, and because
/// what an interface forwards for another is not that other's.
pub(super) fn members(table: &mut Table, attachments: &[Attachment], around: &Around, combinations: &Combinations) {
    let own = attachments.iter().map(|at| (&at.link, at.interface));
    let peers =
        around.peers.iter().flat_map(|peer| peer.other.interfaces.values().map(|interface| (&peer.link, interface)));
    let elements = own.chain(peers).flat_map(|(link, interface)| {
        let number = combinations.number(&interface.security_groups);
        let element = move |ip| Some((key([Datum::Link(link.clone()), Datum::Address(ip)]), mark(number?)));
        interface.private_ips().filter(IpAddr::is_ipv4).filter_map(element)
    });
    table.set("members", super::SOURCES, elements);
    // What a Network Load Balancer's node sends on is its own, whosever address it bears ("Update the security groups for your
    // Network Load Balancer": targets' rules may name the load balancer's groups).
    let fronts = attachments.iter().filter(|at| around.fronts.contains_key(at.id) && at.interface.filtered());
    let links = fronts.filter_map(|at| {
        let number = combinations.number(&at.interface.security_groups)?;
        Some((key([Datum::Link(at.link.clone())]), mark(number)))
    });
    let links: Vec<_> = links.collect();
    if !links.is_empty() {
        table.set("front-members", super::LINKS, links.into_iter());
    }
}

pub(super) fn mark(number: u32) -> Option<Value> {
    Some(Value::Mark(number))
}

pub(super) fn chain_name(direction: Direction, number: u32) -> Name {
    format!("{}-{number:08x}", map_name(direction)).into()
}

/// The chain and sets of one combination in one direction.
pub(super) fn gate(
    table: &mut Table,
    vpc: &Vpc,
    around: &Around,
    combinations: &Combinations,
    (number, groups): (u32, &BTreeSet<SecurityGroupId>),
    direction: Direction,
) {
    let name = chain_name(direction, number);
    let (peer, pass) = match direction {
        Direction::Egress => (Selector::Destination, Verdict::Goto("receiver".into())),
        Direction::Ingress => (Selector::Source, Verdict::Accept),
    };
    let (nets, by_group) = rules(vpc, around.topology, combinations, groups, direction);
    let mut chain = Chain { hook: None, comment: comment(groups), rules: Vec::new() };
    if nets.first().is_some_and(|layer| layer.contains(&Pattern::EVERYTHING)) {
        chain.rules.push(Rule(vec![Statement::Verdict(pass)]));
        table.chains.insert(name, chain);
        return;
    }
    for (n, layer) in nets.iter().enumerate() {
        chain.rules.push(lookup(table, &format!("{name}-net-{n}"), peer, layer, &pass));
    }
    if !by_group.is_empty() {
        let allowed = lookup(table, &format!("{name}-group"), Selector::Mark, &by_group, &pass);
        chain.rules.push(Rule(vec![Statement::SetMark(0)]));
        if direction == Direction::Ingress && table.sets.contains_key("front-members") {
            chain.rules.push(Rule(vec![Statement::MarkFrom(vec![Selector::InputLink], "front-members".into())]));
        }
        chain.rules.push(Rule(vec![Statement::MarkFrom(vec![other_link(direction), peer], "members".into())]));
        chain.rules.push(allowed);
    }
    chain.rules.push(Rule(vec![Statement::Verdict(Verdict::Drop)]));
    table.chains.insert(name, chain);
}

/// Adds a set, and gives the rule that passes what is in it.
fn lookup(table: &mut Table, name: &str, peer: Selector, patterns: &[Pattern], pass: &Verdict) -> Rule {
    let mut key = vec![peer, Selector::Protocol, Selector::FirstWord, Selector::SecondWord];
    let port_first = ports_tell_more(patterns);
    let (name, shape) = match (peer, port_first) {
        (Selector::Mark, false) => (name.to_owned(), GROUPS),
        (Selector::Mark, true) => (format!("{name}-port"), PORT_GROUPS),
        (_, false) => (name.to_owned(), NETS),
        (_, true) => (format!("{name}-port"), PORT_NETS),
    };
    if port_first {
        key.rotate_right(1);
    }
    let elements = patterns.iter().map(|pattern| {
        let mut key = pattern_key(pattern, peer);
        if port_first {
            key.rotate_right(1);
        }
        (key, None)
    });
    table.set(&name, shape, elements);
    Rule(vec![Statement::In(key, name.as_str().into()), Statement::Verdict(pass.clone())])
}

/// Whether ports tell patterns apart better than peers do. The kernel looks at a key part by part, and takes up one by one all
/// elements that match in those so far; so what tells most of them apart comes first.
fn ports_tell_more(patterns: &[Pattern]) -> bool {
    let peers: BTreeSet<_> = patterns.iter().map(|pattern| pattern.peers).collect();
    let ports: BTreeSet<_> = patterns.iter().map(|pattern| pattern.traffic.second_word).collect();
    ports.len() > peers.len()
}

/// Marks the packet with the combination found in a map, and with 0 when there is none.
pub(super) fn judged_by(key: Vec<Selector>, map: &str) -> [Rule; 2] {
    [Rule(vec![Statement::SetMark(0)]), Rule(vec![Statement::MarkFrom(key, map.into())])]
}

/// All rules of all groups in one direction: those about address ranges in layers, those about groups as combinations.
/// IPv6 ranges are left out: every interface is closed to IPv6.
fn rules(
    vpc: &Vpc,
    topology: &Topology,
    combinations: &Combinations,
    groups: &BTreeSet<SecurityGroupId>,
    direction: Direction,
) -> (Vec<Vec<Pattern>>, Vec<Pattern>) {
    let mut nets = Vec::new();
    let mut by_number: BTreeMap<u32, Vec<Traffic>> = BTreeMap::new();
    for group in groups.iter().filter_map(|id| vpc.security_groups.get(id)) {
        for rule in group.rules(direction) {
            let Some(traffic) = Traffic::of(rule.protocol, rule.ports) else { continue };
            match &rule.peer {
                Peer::Net(net) => nets.extend(pattern(net, traffic)),
                Peer::PrefixList(id) => nets.extend(topology.prefixes(id).filter_map(|net| pattern(net, traffic))),
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

fn pattern(net: &IpNet, traffic: Traffic) -> Option<Pattern> {
    match net {
        IpNet::V4(net) => Some(Pattern { peers: (net.network().into(), net.broadcast().into()), traffic }),
        IpNet::V6(_) => None,
    }
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
