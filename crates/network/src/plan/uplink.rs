//! The internet's namespace with an uplink: what is not here is handed to the agent, which asks the host's own network for it.
//!
//! What has no other route goes out by a TUN link, whose file the agent holds: with the agent the link goes, its route with it, and the
//! internet is sealed again. A TCP connection is only begun that way. Once the agent has reached the other end it puts the first segment
//! back, and from then on the kernel's own TCP talks to the task, with the other end's address:
//!
//! ```text
//! divert     to what is here, or to a public address of the region's: accept
//!            → TCP that comes in by the TUN link, or does not begin a connection: to the agent's socket
//! mark 1     local, whatever the destination
//! ```

use super::{
    Namespace, PolicyRule, Route, Target,
    internet::own,
    leaf::anywhere,
    table::{Datum, Field, Hook, Rule, Selector, Shape, Statement, Table, Verdict, key, range},
};
use crate::name::LinkName;
use std::net::{Ipv4Addr, SocketAddrV4};
use vpc::{INTERNET_HOST, IpNet, PUBLIC_POOL};

/// Where the agent takes connections, inside the namespace. Nobody else uses that port (it was tcpmux).
pub const DIVERTED: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1);
/// What marks segments that are the agent's.
const MARK: u32 = 1;
/// The routing table that such are looked up in, and its place: before the main one.
const TABLE: u32 = 100;
const PRIORITY: u32 = 100;

pub(super) const ADDRESSES: Shape = Shape { fields: &[Field::Ipv4], ranges: false, value: None };

/// A namespace with the way out.
pub(super) fn opened(mut sealed: Namespace) -> Namespace {
    let out = Route { source: Some(INTERNET_HOST), ..Route::main(anywhere(), Target::Link(LinkName::uplink())) };
    let here = Route { table: TABLE, ..Route::main(anywhere(), Target::Local(LinkName::lo())) };
    sealed.routes.remove(&Route::main(anywhere(), Target::Unreachable));
    // A public address that nobody has is nobody's outside either.
    sealed.routes.extend([out, here, Route::main(IpNet::V4(PUBLIC_POOL), Target::Unreachable)]);
    let rules = sealed.rules.get_or_insert_default();
    rules.insert(PolicyRule { priority: PRIORITY, mark: Some(MARK), table: Some(TABLE) });
    Namespace { tun: Some(LinkName::uplink()), table: Some(table()), ..sealed }
}

/// What gives connections to the agent.
pub(crate) fn table() -> Table {
    let mut table = Table::default();
    table.set("here", ADDRESSES, own().map(|address| (key([Datum::Address(address)]), None)));
    let accept = || Statement::Verdict(Verdict::Accept);
    let tcp = || Statement::Between(Selector::Protocol, Datum::Protocol(6), Datum::Protocol(6));
    // Marked only once there is a socket.
    let diverted = || [Statement::Divert(*DIVERTED.ip(), DIVERTED.port()), Statement::SetMark(MARK), accept()];
    let (first, last) = range(&IpNet::V4(PUBLIC_POOL));
    let uplink = Datum::Link(LinkName::uplink());
    let back = [Statement::Between(Selector::InputLink, uplink.clone(), uplink), tcp()];
    let rules = vec![
        Rule(vec![Statement::In(vec![Selector::Destination], "here".into()), accept()]),
        Rule(vec![Statement::Between(Selector::Destination, first, last), accept()]),
        Rule(back.into_iter().chain(diverted()).collect()),
        Rule(vec![tcp(), Statement::Begins, accept()]),
        Rule([tcp()].into_iter().chain(diverted()).collect()),
    ];
    table.chain("divert", Some(Hook::Diverting), rules);
    table
}
