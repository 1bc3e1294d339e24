//! The rules of a VPC's router as an nftables table.
//!
//! ```text
//! source       raw prerouting: from an interface, its own address; from outside, nobody's here: else drop. Marks the packet with
//!              the number of the route table that is for it
//! returns      what a Network Load Balancer's node begins: a mark for its connection, which leads what answers it back there
//! input        to the router itself, from an interface: questions beyond its limit (@questions): drop; what is in @services, else drop
//! destination  from the internet gateway: the private address for the public one
//! forward      network ACLs of the subnet it leaves and the one it comes to → established: accept → related: errors
//!              → what the sender may send: link → @links → @egress → egress-N; from @onward: → receiver; else drop
//! errors       an ICMP error about a connection: from an end of it or from outside: accept; else it is judged as any packet
//! receiver     what the receiver may receive: link → @links → @ingress → ingress-N; to @onward: accept; to the internet: new, from
//!              an address with a public one; else drop
//! public       to the internet gateway: the public address for the private one
//! gate         to the internet gateway, last of all: from a public address, else drop
//! ```
//! What is known of one interface is elements of maps and sets, never a rule, and no packet walks through rules one by one, but for
//! those of a network ACL, which have an order and are few. A link leads to its chain in two steps because the kernel, whenever an
//! element that names a chain is added, walks through all that do.
//!
//! Absent: untracked connections, here every connection is tracked; `apply` cuts those that AWS would not have tracked when their
//! rules go. Absent too: a share of tracked connections for each interface, as AWS has it. All interfaces of a VPC share its
//! router's, of which the kernel takes `nf_conntrack_max`; when that is reached it gives up connections that were never answered
//! first.

mod acl;
mod groups;

use super::{
    Attachment,
    combination::Combinations,
    connect, flows, nat,
    neighbours::Around,
    table::{Datum, Field, Hook, Key, Rule, Selector, Shape, Statement, Table, Value, ValueKind, Verdict, key, range},
    uplink,
};
use crate::name::LinkName;
use groups::{chain_name, judged_by, map_name, mark};
use std::{collections::BTreeMap, net::IpAddr};
use vpc::{Direction, IpNet, PRIVATE_RANGES, Service, Vpc};

/// A link and an address, with a mark.
const SOURCES: Shape = Shape { fields: &[Field::Link, Field::Ipv4], ranges: false, value: Some(ValueKind::Mark) };
/// A link and a range of addresses.
const ORIGINS: Shape = Shape { fields: &[Field::Link, Field::Ipv4], ranges: true, value: None };
const PAIRS: Shape = Shape { fields: &[Field::Link, Field::Ipv4], ranges: false, value: None };
pub(super) const SERVICES: Shape =
    Shape { fields: &[Field::Ipv4, Field::Protocol, Field::Word], ranges: false, value: None };
/// A link and a port, with a limit.
const QUESTIONS: Shape = Shape { fields: &[Field::Link, Field::Word], ranges: false, value: Some(ValueKind::Limit) };
const LINKS: Shape = Shape { fields: &[Field::Link], ranges: false, value: Some(ValueKind::Mark) };
const LINK_SET: Shape = Shape { fields: &[Field::Link], ranges: false, value: None };
const LINK_CHAINS: Shape = Shape { fields: &[Field::Link], ranges: false, value: Some(ValueKind::Verdict) };
const CHAINS: Shape = Shape { fields: &[Field::Mark], ranges: false, value: Some(ValueKind::Verdict) };
const TRANSLATIONS: Shape = Shape { fields: &[Field::Ipv4], ranges: false, value: Some(ValueKind::Ipv4) };

/// Every shape there is: what a set found in the kernel is recognised by.
pub(crate) const SHAPES: [Shape; 22] = [
    SOURCES,
    QUESTIONS,
    ORIGINS,
    PAIRS,
    SERVICES,
    LINKS,
    LINK_SET,
    LINK_CHAINS,
    CHAINS,
    TRANSLATIONS,
    groups::NETS,
    groups::GROUPS,
    groups::PORT_NETS,
    groups::PORT_GROUPS,
    nat::PROTOCOLS,
    nat::TURNS,
    uplink::ADDRESSES,
    flows::LISTENERS,
    flows::STREAMS,
    flows::TARGETS,
    flows::MARKS,
    connect::PROXIED,
];

/// Packets that an interface may send to the Amazon DNS server in a second ("Amazon DNS quotas", Amazon VPC User Guide). They are dropped
/// here, so that who sends more costs nobody else anything.
const QUESTIONS_A_SECOND: u32 = 1024;
/// The port they are sent to.
const DNS: u16 = 53;

/// The table of a VPC's router, for those of its interfaces that are linked to it.
pub(super) fn table(vpc: &Vpc, attachments: &[Attachment], around: &Around) -> Table {
    let mut table = Table::default();
    source_check(&mut table, vpc, attachments, around);
    fronts(&mut table, attachments, around);
    let unfiltered = unfiltered(&mut table, attachments, around);
    services(&mut table, vpc, attachments, unfiltered);
    let mut forward = acl::filter(&mut table, vpc, attachments);
    security_groups(&mut table, vpc, attachments, around);
    forwarding(&mut table, around, unfiltered, &mut forward);
    table.chain("forward", Some(Hook::Forward), forward);
    if let Some(internet) = &around.internet {
        translations(&mut table, vpc, internet);
    }
    table
}

/// What a Network Load Balancer's node sends on for a client bears the client's address, and still has to be answered by way of the
/// node: its connections are marked with the number of the table that leads back there, and so is what answers them.
fn fronts(table: &mut Table, attachments: &[Attachment], around: &Around) {
    let fronts: Vec<_> = attachments.iter().filter_map(|at| Some((at, *around.fronts.get(at.id)?))).collect();
    if fronts.is_empty() {
        return;
    }
    let links = fronts.iter().map(|(at, number)| (key([Datum::Link(at.link.clone())]), mark(*number)));
    table.set("fronts", LINKS, links);
    let rules = vec![
        Rule(vec![Statement::Reply, Statement::MarkOfConnection]),
        Rule(vec![Statement::New, Statement::MarkConnectionFrom(vec![Selector::InputLink], "fronts".into())]),
    ];
    table.chain("returns", Some(Hook::Diverting), rules);
}

fn accept() -> Statement {
    Statement::Verdict(Verdict::Accept)
}

/// Matches a link that is in a set.
fn linked(selector: Selector, set: &str) -> Statement {
    Statement::In(vec![selector], set.into())
}

fn drop_it() -> Statement {
    Statement::Verdict(Verdict::Drop)
}

/// A packet by an interface's link bears one of its addresses, unless its source check is off. A NAT gateway's bears its own too, or
/// one from outside the VPC, as answers do. From a peered VPC it bears an address of that VPC, from an endpoint one of the service's,
/// and from the internet none that is private and goes to a public address of this VPC.
fn source_check(table: &mut Table, vpc: &Vpc, attachments: &[Attachment], around: &Around) {
    let number = |at: &Attachment| around.tables.get(&at.subnet.route_table).copied().unwrap_or(0);
    let own = attachments.iter().flat_map(|at| {
        // What the router says of a packet of a NAT gateway's comes back by it, for whom that hides.
        let gateway = at.nat.map(|_| at.subnet.gateway());
        let source = move |ip| (key([Datum::Link(at.link.clone()), Datum::Address(ip)]), mark(number(at)));
        at.interface.private_ips().chain(gateway).map(source)
    });
    table.set("sources", SOURCES, own);
    let from = |statements: Vec<Statement>| Rule(statements.into_iter().chain([accept()]).collect());
    // What almost every packet is comes first, and what the router sends to itself last.
    let mut rules =
        vec![from(vec![Statement::MarkFrom(vec![Selector::InputLink, Selector::Source], "sources".into())])];
    let forged = forged(vpc, attachments, around);
    if !forged.is_empty() {
        table.set("forged", ORIGINS, forged.into_iter().map(|key| (key, None)));
        let forged = Statement::In(vec![Selector::InputLink, Selector::Source], "forged".into());
        rules.push(Rule(vec![forged, drop_it()]));
    }
    let unchecked = attachments.iter().filter(|at| !at.interface.source_dest_check);
    let unchecked: Vec<_> = unchecked.map(|at| (key([Datum::Link(at.link.clone())]), mark(number(at)))).collect();
    if !unchecked.is_empty() {
        table.set("forwarders", LINKS, unchecked.into_iter());
        rules.push(from(vec![Statement::MarkFrom(vec![Selector::InputLink], "forwarders".into())]));
    }
    let outside = outside(around);
    if !outside.is_empty() {
        table.set("origins", ORIGINS, outside.into_iter().map(|key| (key, None)));
        rules.push(from(vec![Statement::In(vec![Selector::InputLink, Selector::Source], "origins".into())]));
    }
    if let Some(internet) = &around.internet {
        table.set("public-addresses", PAIRS, public(vpc).map(|(_, to)| (pair(internet, to), None)));
        let known = Statement::In(vec![Selector::InputLink, Selector::Destination], "public-addresses".into());
        rules.push(from(vec![known]));
    }
    rules.push(from(vec![Statement::FromLoopback]));
    table.chain("source", Some(Hook::RawPrerouting), rules);
}

/// What can't be genuine: by a NAT gateway's link, the VPC's own addresses but for the gateway's; by the internet's, those and all
/// private ones.
fn forged(vpc: &Vpc, attachments: &[Attachment], around: &Around) -> Vec<Key> {
    let own: Vec<IpNet> = vpc.cidrs.iter().filter(|cidr| cidr.addr().is_ipv4()).map(IpNet::trunc).collect();
    let private = PRIVATE_RANGES.map(IpNet::V4);
    let public = own.iter().filter(|net| !private.iter().any(|private| private.contains(*net)));
    let by_nat =
        attachments.iter().filter(|at| at.nat.is_some()).flat_map(|at| own.iter().map(move |net| (&at.link, net)));
    let by_internet =
        around.internet.iter().flat_map(|link| private.iter().chain(public.clone()).map(move |net| (link, net)));
    by_nat.chain(by_internet).map(|(name, net)| vec![link(name), range(net)]).collect()
}

fn outside(around: &Around) -> Vec<Key> {
    let peers = around.peers.iter().flat_map(|peer| {
        let ranges = peer.other.cidrs.iter().filter(|cidr| cidr.addr().is_ipv4());
        ranges.map(move |cidr| vec![link(&peer.link), range(cidr)])
    });
    let endpoints = around.endpoints.iter().map(|endpoint| vec![link(&endpoint.link), range(&endpoint.range)]);
    peers.chain(endpoints).collect()
}

fn link(name: &LinkName) -> (Datum, Datum) {
    (Datum::Link(name.clone()), Datum::Link(name.clone()))
}

fn pair(name: &LinkName, address: IpAddr) -> Key {
    key([Datum::Link(name.clone()), Datum::Address(address)])
}

/// Every private address with a public one, and that.
fn public(vpc: &Vpc) -> impl Iterator<Item = (IpAddr, IpAddr)> {
    let all = vpc.interfaces.values().flat_map(|interface| &interface.public_ips);
    all.map(|(private, public)| (*private, *public)).filter(|(private, public)| private.is_ipv4() && public.is_ipv4())
}

/// The links of what security groups don't filter: NAT gateways and what is around the VPC. Whether there are any.
fn unfiltered(table: &mut Table, attachments: &[Attachment], around: &Around) -> bool {
    let nats = attachments.iter().filter(|at| !at.interface.filtered()).map(|at| &at.link);
    let links: Vec<&LinkName> = nats.chain(around.links()).collect();
    let set = |links: Vec<&LinkName>| {
        links.into_iter().map(|link| (key([Datum::Link(link.clone())]), None)).collect::<Vec<_>>()
    };
    if links.is_empty() {
        return false;
    }
    let to_anyone = links.iter().filter(|link| Some(**link) != around.internet.as_ref()).copied().collect();
    table.set("inward", LINK_SET, set(links).into_iter());
    table.set("onward", LINK_SET, set(to_anyone).into_iter());
    true
}

/// What the router answers. It does so for interfaces of the VPC alone: its resolver can't be asked across a peering connection.
fn services(table: &mut Table, vpc: &Vpc, attachments: &[Attachment], unfiltered: bool) {
    let answered = |s: Service| key([Datum::Address(s.address), Datum::Protocol(s.protocol), Datum::Word(s.port)]);
    let all = vpc.services().filter(|service| service.address.is_ipv4());
    table.set("services", SERVICES, all.map(|service| (answered(service), None)));
    let limit = Some(Value::Limit(QUESTIONS_A_SECOND));
    let asked = attachments.iter().map(|at| key([Datum::Link(at.link.clone()), Datum::Word(DNS)]));
    table.set("questions", QUESTIONS, asked.map(|key| (key, limit.clone())));
    let beyond = Statement::In(vec![Selector::InputLink, Selector::SecondWord], "questions".into());
    let service =
        Statement::In(vec![Selector::Destination, Selector::Protocol, Selector::SecondWord], "services".into());
    let outside = unfiltered.then(|| Rule(vec![linked(Selector::InputLink, "inward"), drop_it()]));
    let rules = [Rule(vec![Statement::FromLoopback, accept()])].into_iter().chain(outside);
    // Who asks is known by its address, so it has to be its own, also of one that may forward others'.
    let own = Statement::MarkFrom(vec![Selector::InputLink, Selector::Source], "sources".into());
    let rules = rules.chain([Rule(vec![beyond, drop_it()]), Rule(vec![service, own, accept()])]).collect();
    table.chain("input", Some(Hook::Input), rules);
}

/// Who is judged by which chain, and the chains.
fn security_groups(table: &mut Table, vpc: &Vpc, attachments: &[Attachment], around: &Around) {
    let combinations = Combinations::of(std::iter::once(vpc).chain(around.peers.iter().map(|peer| peer.other)));
    let filtered = attachments.iter().filter(|at| at.interface.filtered());
    let linked: Vec<_> =
        filtered.filter_map(|at| Some((at, combinations.number(&at.interface.security_groups)?))).collect();
    let links = linked.iter().map(|(at, number)| (key([Datum::Link(at.link.clone())]), mark(*number)));
    table.set("links", LINKS, links);
    groups::members(table, attachments, around, &combinations);
    let here: BTreeMap<u32, _> = linked.iter().map(|(at, number)| (*number, &at.interface.security_groups)).collect();
    for direction in [Direction::Egress, Direction::Ingress] {
        let chains = here.keys().map(|n| (key([Datum::Mark(*n)]), Some(Value::Goto(chain_name(direction, *n)))));
        table.set(map_name(direction), CHAINS, chains);
        for (number, groups) in &here {
            groups::gate(table, vpc, around, &combinations, (*number, groups), direction);
        }
    }
}

/// What comes after the network ACLs: connections that are known, the sender's gate, the receiver's gate.
fn forwarding(table: &mut Table, around: &Around, unfiltered: bool, forward: &mut Vec<Rule>) {
    let dispatch = |map: &str| Rule(vec![Statement::Dispatch(Selector::Mark, map.into())]);
    forward.push(Rule(vec![Statement::Established, accept()]));
    forward.push(Rule(vec![Statement::Related, Statement::Verdict(Verdict::Jump("errors".into()))]));
    forward.extend(judged_by(vec![Selector::InputLink], "links"));
    forward.push(dispatch("egress"));
    let mut receiver: Vec<Rule> = judged_by(vec![Selector::OutputLink], "links").into();
    receiver.push(dispatch("ingress"));
    if unfiltered {
        let to_receiver = Statement::Verdict(Verdict::Goto("receiver".into()));
        forward.push(Rule(vec![linked(Selector::InputLink, "inward"), to_receiver]));
        receiver.push(Rule(vec![linked(Selector::OutputLink, "onward"), accept()]));
    }
    errors(table, around);
    if around.internet.is_some() {
        // What begins no connection would not be translated, and leave with a private address.
        let mapped = Statement::In(vec![Selector::OutputLink, Selector::Source], "exits".into());
        receiver.push(Rule(vec![mapped, Statement::New, accept()]));
    }
    receiver.push(Rule(vec![drop_it()]));
    table.chain("receiver", None, receiver);
}

/// ICMP errors about connections. Of the interfaces here an end of the connection may send them, and a machine that forwards; not
/// its neighbours, who may know of it and forge one. From a peered VPC they come for connections with it, and from outside from any
/// router there.
fn errors(table: &mut Table, around: &Around) {
    // The mark stays what it is: it is the same map's, for the same link.
    let by = |key, map: &str| Statement::MarkFrom(key, map.into());
    let mut rules = vec![
        Rule(vec![Statement::Original, by(vec![Selector::InputLink, Selector::OriginalSource], "sources"), accept()]),
        Rule(vec![Statement::Reply, by(vec![Selector::InputLink, Selector::ReplySource], "sources"), accept()]),
    ];
    if table.sets.contains_key("forwarders") {
        rules.push(Rule(vec![by(vec![Selector::InputLink], "forwarders"), accept()]));
    }
    if !around.peers.is_empty() {
        let of_peer = |selector| Statement::In(vec![Selector::InputLink, selector], "origins".into());
        rules.push(Rule(vec![Statement::Original, of_peer(Selector::OriginalSource), accept()]));
        rules.push(Rule(vec![Statement::Reply, of_peer(Selector::ReplySource), accept()]));
        rules.push(Rule(vec![linked(Selector::InputLink, "peers"), Statement::Verdict(Verdict::Return)]));
        table.set("peers", LINK_SET, around.peers.iter().map(|peer| (key([Datum::Link(peer.link.clone())]), None)));
    }
    if table.sets.contains_key("inward") {
        rules.push(Rule(vec![linked(Selector::InputLink, "inward"), accept()]));
    }
    table.chain("errors", None, rules);
}

/// The internet gateway: each private address with a public one is translated to it and back, and no other ("Internet gateway
/// basics", Amazon VPC User Guide).
fn translations(table: &mut Table, vpc: &Vpc, internet: &LinkName) {
    table.set("exits", PAIRS, public(vpc).map(|(private, _)| (pair(internet, private), None)));
    let to = |address| Some(Value::Address(address));
    let inward = public(vpc).map(|(private, public)| (key([Datum::Address(public)]), to(private)));
    table.set("private", TRANSLATIONS, inward);
    let outward = public(vpc).map(|(private, public)| (key([Datum::Address(private)]), to(public)));
    table.set("public", TRANSLATIONS, outward);
    let known = Statement::In(vec![Selector::InputLink, Selector::Destination], "public-addresses".into());
    let inward = Rule(vec![known, Statement::TranslateDestination(Selector::Destination, "private".into())]);
    table.chain("destination", Some(Hook::NatPrerouting), vec![inward]);
    let mapped = Statement::In(vec![Selector::OutputLink, Selector::Source], "exits".into());
    let outward = Rule(vec![mapped, Statement::TranslateSource(Selector::Source, "public".into())]);
    table.chain("public", Some(Hook::NatPostrouting), vec![outward]);
    // A connection that began by another way keeps its lack of a translation when its route changes; its packets stay inside.
    let gate = Some(Value::Goto("leaving".into()));
    table.set("gates", LINK_CHAINS, [(key([Datum::Link(internet.clone())]), gate)].into_iter());
    table.chain(
        "gate",
        Some(Hook::Leaving),
        vec![Rule(vec![Statement::Dispatch(Selector::OutputLink, "gates".into())])],
    );
    let translated = Statement::In(vec![Selector::OutputLink, Selector::Source], "public-addresses".into());
    table.chain("leaving", None, vec![Rule(vec![translated, accept()]), Rule(vec![drop_it()])]);
}
