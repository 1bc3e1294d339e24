//! rtnetlink(7): links, addresses, neighbours and routes, written and read. IPv4 and IPv6 alike.

use super::{
    message::{Attributes, Message, Received, u32_at},
    socket::{Socket, attributes},
};
use crate::{
    name::LinkName,
    plan::{Neighbour, PolicyRule, Route, Target, VethEnd},
};
use rustix::io::Errno;
use std::{collections::BTreeMap, net::IpAddr, os::fd::RawFd};
use vpc::{IpNet, Mac};

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const DELETE_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const DELETE_ROUTE: u16 = 25;
const GET_ROUTE: u16 = 26;
const NEW_NEIGHBOUR: u16 = 28;
const DELETE_NEIGHBOUR: u16 = 29;
const GET_NEIGHBOUR: u16 = 30;

const CREATE: u16 = 0x400;
const EXCLUSIVE: u16 = 0x200;
const REPLACE: u16 = 0x100;

const UP: u32 = 1;
const ADDRESS: u16 = 1;
const BROADCAST_OR_MAC: u16 = 2;
const NAME: u16 = 3;
const MTU: u16 = 4;
const PEER_INDEX: u16 = 5;
const LINK_INFO: u16 = 18;
const GROUP: u16 = 27;
const NAMESPACE_FD: u16 = 28;
const SEND_QUEUES: u16 = 31;
const RECEIVE_QUEUES: u16 = 32;

const LOCAL_TABLE: u32 = 255;
const PERMANENT: u16 = 0x80;
const ONLINK: u32 = 4;
const UNICAST: u8 = 1;
const LOCAL: u8 = 2;
const BLACKHOLE: u8 = 6;
const UNREACHABLE: u8 = 7;
/// RTA_TABLE and FRA_TABLE: the table's number in full, as the header's has one byte.
const TABLE: u16 = 15;
const PREFERRED_SOURCE: u16 = 7;
/// Marks routes as made by an administrator, as ip(8) does without being told otherwise.
const STATIC: u8 = 4;
const KERNEL: u8 = 2;

/// The link group that links are put in to be deleted together: one wait of the kernel's for all of them.
const DOOMED: u32 = 0x6e67_0001;

/// A link as the kernel has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub index: u32,
    pub mac: Option<Mac>,
    pub mtu: u32,
    pub up: bool,
    /// The index of a veth's other end, in its own namespace.
    pub peer: Option<u32>,
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { 2 } else { 10 }
}

fn bytes(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => bytes.first_chunk::<4>().map(|b| IpAddr::from(*b)),
        16 => bytes.first_chunk::<16>().map(|b| IpAddr::from(*b)),
        _ => None,
    }
}

fn link_message(kind: u16, flags: u16, index: u32, set: u32, change: u32) -> Message {
    Message::new(kind, flags, &link_header(index, set, change))
}

fn link_header(index: u32, set: u32, change: u32) -> Vec<u8> {
    [[0; 4], index.to_ne_bytes(), set.to_ne_bytes(), change.to_ne_bytes()].concat()
}

/// Makes a veth pair with both ends where they belong, down, with these indexes. To be sent in the first end's namespace.
pub(crate) fn create_veth(
    here: &VethEnd,
    index: u32,
    there: &VethEnd,
    there_index: u32,
    there_fd: RawFd,
    mtu: u32,
) -> Message {
    const KIND: u16 = 1;
    const DATA: u16 = 2;
    const PEER: u16 = 1;
    let end = |m: &mut Message, end: &VethEnd| {
        // One queue each way instead of one for each processor: a veth's queues have no lock to contend for.
        m.text(NAME, end.link.as_str())
            .attr(ADDRESS, &end.mac.0)
            .host_u32(MTU, mtu)
            .host_u32(SEND_QUEUES, 1)
            .host_u32(RECEIVE_QUEUES, 1);
    };
    let mut message = link_message(NEW_LINK, CREATE | EXCLUSIVE, index, 0, 0);
    end(&mut message, here);
    message.nest(LINK_INFO, |m| {
        m.text(KIND, "veth").nest(DATA, |m| {
            m.nest_after(PEER, &link_header(there_index, 0, 0), |m| {
                end(m, there);
                m.host_u32(NAMESPACE_FD, there_fd as u32);
            });
        });
    });
    message
}

/// Brings a link up.
pub(crate) fn up(index: u32) -> Message {
    link_message(NEW_LINK, 0, index, UP, UP)
}

/// Whether a link carries packets. Being up is not enough: when the other end of a pair comes up later, the kernel starts this one
/// some time after, and loses what it is given meanwhile. Asking for one link (rather than all) makes that happen at once, since
/// Linux 6.8.
pub(crate) fn carries(socket: &mut Socket, index: u32) -> Result<bool, Errno> {
    const RUNNING: u32 = 0x40;
    let mut flags = None;
    socket.ask(link_message(GET_LINK, 0, index, 0, 0), |received| flags = u32_at(received.body, 8))?;
    Ok(flags.is_some_and(|flags| flags & RUNNING != 0))
}

/// Marks a link for [`delete_doomed`].
pub(crate) fn doom(index: u32) -> Message {
    let mut message = link_message(NEW_LINK, 0, index, 0, 0);
    message.host_u32(GROUP, DOOMED);
    message
}

/// Deletes all marked links at once.
pub(crate) fn delete_doomed() -> Message {
    let mut message = link_message(DELETE_LINK, 0, 0, 0, 0);
    message.host_u32(GROUP, DOOMED);
    message
}

/// Adds an address to a link.
pub(crate) fn add_address(net: IpNet, index: u32) -> Message {
    address_message(NEW_ADDRESS, CREATE | EXCLUSIVE, net, index)
}

/// Takes an address from a link.
pub(crate) fn delete_address(net: IpNet, index: u32) -> Message {
    address_message(DELETE_ADDRESS, 0, net, index)
}

fn address_message(kind: u16, flags: u16, net: IpNet, index: u32) -> Message {
    const LOCAL: u16 = 2;
    const SCOPE_HOST: u8 = 254;
    let scope = if net.addr().is_loopback() { SCOPE_HOST } else { 0 };
    let mut header = vec![family(net.addr()), net.prefix_len(), 0, scope];
    header.extend(index.to_ne_bytes());
    let mut message = Message::new(kind, flags, &header);
    message.attr(LOCAL, &bytes(net.addr())).attr(ADDRESS, &bytes(net.addr()));
    message
}

/// Adds or replaces a permanent neighbour entry.
pub(crate) fn set_neighbour(neighbour: &Neighbour, index: u32) -> Message {
    let mut message = neighbour_message(NEW_NEIGHBOUR, CREATE | REPLACE, neighbour, index);
    message.attr(BROADCAST_OR_MAC, &neighbour.mac.0);
    message
}

/// Takes a neighbour entry away.
pub(crate) fn delete_neighbour(neighbour: &Neighbour, index: u32) -> Message {
    neighbour_message(DELETE_NEIGHBOUR, 0, neighbour, index)
}

fn neighbour_message(kind: u16, flags: u16, neighbour: &Neighbour, index: u32) -> Message {
    let mut header = vec![family(neighbour.address), 0, 0, 0];
    header.extend(index.to_ne_bytes());
    header.extend(PERMANENT.to_ne_bytes());
    header.extend([0, 0]);
    let mut message = Message::new(kind, flags, &header);
    message.attr(ADDRESS, &bytes(neighbour.address));
    message
}

/// Adds or replaces a route.
pub(crate) fn set_route(route: &Route, index: Option<u32>) -> Message {
    route_message(NEW_ROUTE, CREATE | REPLACE, route, index)
}

/// Takes a route away.
pub(crate) fn delete_route(route: &Route, index: Option<u32>) -> Message {
    route_message(DELETE_ROUTE, 0, route, index)
}

fn route_message(kind: u16, flags: u16, route: &Route, index: Option<u32>) -> Message {
    const OUTPUT: u16 = 4;
    const GATEWAY: u16 = 5;
    const SCOPE_LINK: u8 = 253;
    const SCOPE_HOST: u8 = 254;
    const SCOPE_NOWHERE: u8 = 255;
    let (route_type, scope, onlink) = match route.target {
        Target::Link(_) => (UNICAST, SCOPE_LINK, 0),
        Target::Gateway(..) => (UNICAST, 0, ONLINK),
        Target::Blackhole => (BLACKHOLE, 0, 0),
        Target::Unreachable => (UNREACHABLE, 0, 0),
        Target::Local(_) => (LOCAL, SCOPE_HOST, 0),
    };
    // Whoever made the route that is to be deleted, and with what scope, does not matter.
    let (made_by, scope) = if kind == DELETE_ROUTE { (0, SCOPE_NOWHERE) } else { (STATIC, scope) };
    let mut header = vec![family(route.to.addr()), route.to.prefix_len(), 0, 0, 0, made_by, scope, route_type];
    header.extend(onlink.to_ne_bytes());
    let mut message = Message::new(kind, flags, &header);
    message.attr(ADDRESS, &bytes(route.to.network())).host_u32(TABLE, route.table);
    if let Some(source) = route.source {
        message.attr(PREFERRED_SOURCE, &bytes(source));
    }
    if let Target::Gateway(gateway, _) = route.target {
        message.attr(GATEWAY, &bytes(gateway));
    }
    if let Some(index) = index {
        message.host_u32(OUTPUT, index);
    }
    message
}

/// All links of the namespace.
pub(crate) fn links(socket: &mut Socket) -> Result<BTreeMap<LinkName, Link>, Errno> {
    socket.list(
        || link_message(GET_LINK, 0, 0, 0, 0),
        |found: &mut BTreeMap<_, _>, received| found.extend(link(received)),
    )
}

fn link(received: &Received) -> Option<(LinkName, Link)> {
    let attributes = attributes(received, 16);
    let mac = attributes.get(ADDRESS).and_then(|bytes| <[u8; 6]>::try_from(bytes).ok()).map(Mac);
    let link = Link {
        index: u32_at(received.body, 4)?,
        mac,
        mtu: attributes.host_u32(MTU)?,
        up: u32_at(received.body, 8)? & UP != 0,
        peer: attributes.host_u32(PEER_INDEX),
    };
    Some((LinkName(attributes.text(NAME)?.into()), link))
}

/// All addresses of the namespace with their links' indexes.
pub(crate) fn addresses(socket: &mut Socket) -> Result<Vec<(IpNet, u32)>, Errno> {
    let read = |received: &Received| {
        let local = Attributes::after(received.body, 8).get(2).or(attributes(received, 8).get(1))?;
        Some((IpNet::new(address(local)?, *received.body.get(1)?).ok()?, u32_at(received.body, 4)?))
    };
    socket.list(|| Message::new(GET_ADDRESS, 0, &[0; 8]), |found: &mut Vec<_>, received| found.extend(read(received)))
}

/// All permanent neighbour entries of the namespace: address, hardware address, index of the link.
pub(crate) fn neighbours(socket: &mut Socket) -> Result<Vec<(IpAddr, Mac, u32)>, Errno> {
    let read = |received: &Received| {
        let state = u16::from_ne_bytes(received.body.get(8..10)?.try_into().ok()?);
        let attributes = attributes(received, 12);
        let mac = Mac(attributes.get(BROADCAST_OR_MAC)?.try_into().ok()?);
        (state & PERMANENT != 0).then_some((address(attributes.get(ADDRESS)?)?, mac, u32_at(received.body, 4)?))
    };
    socket
        .list(|| Message::new(GET_NEIGHBOUR, 0, &[0; 12]), |found: &mut Vec<_>, received| found.extend(read(received)))
}

/// The routes of every table that the kernel did not make by itself, of the kinds that a plan can have.
pub(crate) fn routes(socket: &mut Socket, names: &BTreeMap<u32, LinkName>) -> Result<Vec<Route>, Errno> {
    let read = |received: &Received| {
        let attributes = attributes(received, 12);
        let field = |n: usize| received.body.get(n).copied();
        let table = attributes.host_u32(TABLE).or(field(4).map(u32::from))?;
        if table == LOCAL_TABLE || field(5)? == KERNEL {
            return None;
        }
        let none = if field(0)? == 2 { vec![0; 4] } else { vec![0; 16] };
        let to = IpNet::new(address(attributes.get(ADDRESS).unwrap_or(&none))?, field(1)?).ok()?;
        let link = attributes.host_u32(4).and_then(|index| names.get(&index)).cloned();
        let target = match (field(7)?, link, attributes.get(5).and_then(address)) {
            (UNICAST, Some(link), Some(gateway)) => Target::Gateway(gateway, link),
            (UNICAST, Some(link), None) => Target::Link(link),
            (LOCAL, Some(link), _) => Target::Local(link),
            (BLACKHOLE, ..) => Target::Blackhole,
            (UNREACHABLE, ..) => Target::Unreachable,
            _ => return None,
        };
        Some(Route { table, to, target, source: attributes.get(PREFERRED_SOURCE).and_then(address) })
    };
    socket.list(|| Message::new(GET_ROUTE, 0, &[0; 12]), |found: &mut Vec<_>, received| found.extend(read(received)))
}

/// Whether what the namespace sends to an address stays in it: the route there says so, even where no link has that address.
pub(crate) fn stays_here(socket: &mut Socket, to: IpAddr) -> Result<bool, Errno> {
    const BROADCAST: u8 = 3;
    let length = if to.is_ipv4() { 32 } else { 128 };
    let mut message = Message::new(GET_ROUTE, 0, &[family(to), length, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.attr(ADDRESS, &bytes(to));
    let mut kind = None;
    match socket.ask(message, |received| kind = received.body.get(7).copied()) {
        Ok(()) => Ok(matches!(kind, None | Some(LOCAL | BROADCAST))),
        // A route to nowhere is for whoever sends to find out.
        Err(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::INVAL | Errno::ACCESS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

const NEW_RULE: u16 = 32;
const DELETE_RULE: u16 = 33;
const GET_RULE: u16 = 34;
const RULE_PRIORITY: u16 = 6;
const RULE_MARK: u16 = 10;
const TO_TABLE: u8 = 1;
const RULE_BLACKHOLE: u8 = 6;

/// Adds a rule of the IPv4 routing policy.
pub(crate) fn add_rule(rule: &PolicyRule) -> Message {
    rule_message(NEW_RULE, CREATE | EXCLUSIVE, rule)
}

/// Takes a rule away.
pub(crate) fn delete_rule(rule: &PolicyRule) -> Message {
    rule_message(DELETE_RULE, 0, rule)
}

fn rule_message(kind: u16, flags: u16, rule: &PolicyRule) -> Message {
    let action = if rule.table.is_some() { TO_TABLE } else { RULE_BLACKHOLE };
    let mut message = Message::new(kind, flags, &[2, 0, 0, 0, 0, 0, 0, action, 0, 0, 0, 0]);
    message.host_u32(RULE_PRIORITY, rule.priority);
    if let Some(table) = rule.table {
        message.host_u32(TABLE, table);
    }
    if let Some(mark) = rule.mark {
        message.host_u32(RULE_MARK, mark);
    }
    message
}

/// The rules of the IPv4 routing policy but for the first, which is for the machine's own addresses and always there.
pub(crate) fn rules(socket: &mut Socket) -> Result<Vec<PolicyRule>, Errno> {
    let read = |received: &Received| {
        let attributes = attributes(received, 12);
        let looks = received.body.get(7).copied()? == TO_TABLE;
        let table = attributes.host_u32(TABLE).or(received.body.get(4).copied().map(u32::from));
        Some(PolicyRule {
            priority: attributes.host_u32(RULE_PRIORITY).filter(|priority| *priority > 0)?,
            mark: attributes.host_u32(RULE_MARK),
            table: table.filter(|_| looks),
        })
    };
    let list = || Message::new(GET_RULE, 0, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    socket.list(list, |found: &mut Vec<_>, received| found.extend(read(received)))
}
