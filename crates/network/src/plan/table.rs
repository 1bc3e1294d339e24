//! An nftables table as data: as much of nft(8) as the VPC needs, typed so that a plan and what the kernel holds are compared
//! element by element.

use crate::name::LinkName;
use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// The name of a set, map or chain.
pub type Name = Arc<str>;

/// One table of family `inet`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its sets and maps.
    pub sets: BTreeMap<Name, Arc<Set>>,
    /// Its chains.
    pub chains: BTreeMap<Name, Chain>,
    /// For how many seconds TCP connections may be idle that rules say so of ([`Statement::IdleTimeout`]).
    pub timeouts: BTreeSet<u32>,
}

impl Table {
    /// Adds a set or map.
    pub(super) fn set(&mut self, name: &str, shape: Shape, elements: impl Iterator<Item = (Key, Option<Value>)>) {
        self.sets.insert(name.into(), Arc::new(Set { shape, elements: elements.collect() }));
    }

    /// Adds a chain.
    pub(super) fn chain(&mut self, name: &str, hook: Option<Hook>, rules: Vec<Rule>) {
        self.chains.insert(name.into(), Chain { hook, comment: String::new(), rules });
    }
}

/// A key of single values.
pub(super) fn key<const N: usize>(data: [Datum; N]) -> Key {
    data.into_iter().map(|datum| (datum.clone(), datum)).collect()
}

/// A value of a range of addresses.
pub(super) fn range(net: &vpc::IpNet) -> (Datum, Datum) {
    (Datum::Address(net.network()), Datum::Address(net.broadcast()))
}

/// A set, or a map when its elements have values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// What its keys are made of.
    pub shape: Shape,
    /// Its elements by key.
    pub elements: BTreeMap<Key, Option<Value>>,
}

/// What the keys and values of a set are made of. A set can't change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The parts of a key.
    pub fields: &'static [Field],
    /// Whether each part is a range instead of one value.
    pub ranges: bool,
    /// What an element's value is, for maps.
    pub value: Option<ValueKind>,
}

impl Shape {
    /// Whether its elements have values that rules get.
    pub(crate) fn is_map(self) -> bool {
        self.value.is_some_and(|value| value != ValueKind::Limit)
    }
}

/// One part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `ipv4_addr`.
    Ipv4,
    /// `ifname`.
    Link,
    /// `inet_proto`.
    Protocol,
    /// Two bytes of the transport header, shown by nft as `inet_service`.
    Word,
    /// `mark`.
    Mark,
}

/// A key: for each field its first and last value, the same two unless the set has ranges.
pub type Key = Vec<(Datum, Datum)>;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datum {
    /// Of [`Field::Ipv4`].
    Address(IpAddr),
    /// Of [`Field::Link`].
    Link(LinkName),
    /// Of [`Field::Protocol`].
    Protocol(u8),
    /// Of [`Field::Word`].
    Word(u16),
    /// Of [`Field::Mark`].
    Mark(u32),
}

/// The kind of a map's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// `verdict`.
    Verdict,
    /// `mark`.
    Mark,
    /// `ipv4_addr`.
    Ipv4,
    /// `ipv4_addr . inet_service`.
    Socket,
    /// None, but each element has a limit of its own, and is found only by what is beyond it.
    Limit,
}

/// The value of an element of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Continue in a chain and never return.
    Goto(Name),
    /// Continue in a chain, and come back from its end.
    Jump(Name),
    /// A number.
    Mark(u32),
    /// An address.
    Address(IpAddr),
    /// An address and a port.
    Socket(Ipv4Addr, u16),
    /// So many packets a second, and as many at once.
    Limit(u32),
}

/// A chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Where packets enter it; none for one that is only gone to.
    pub hook: Option<Hook>,
    /// What it is for, as nft shows it beside the chain. Empty for none; at most 120 bytes.
    pub comment: String,
    /// Its rules in order.
    pub rules: Vec<Rule>,
}

/// Where a base chain is hooked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Prerouting at priority `raw`: before connection tracking sees the packet.
    RawPrerouting,
    /// Packets to the router itself.
    Input,
    /// Packets passing through.
    Forward,
    /// The first packet of a connection as it comes in, for its destination to be translated.
    NatPrerouting,
    /// The first packet of a connection as it leaves, for its source to be translated.
    NatPostrouting,
    /// Packets as they leave, after translation. What falls off the end goes on.
    Leaving,
    /// Prerouting at priority `mangle`: packets as they come in, before they are routed. What falls off the end goes on.
    Diverting,
    /// The first packet of a connection that begins here, for its destination to be translated.
    NatOutput,
}

impl Hook {
    /// Every hook there is.
    pub(crate) const ALL: [Self; 8] = [
        Self::RawPrerouting,
        Self::Input,
        Self::Forward,
        Self::NatPrerouting,
        Self::NatPostrouting,
        Self::Leaving,
        Self::Diverting,
        Self::NatOutput,
    ];

    /// Whether its chains translate addresses instead of filtering.
    pub(crate) fn translates(self) -> bool {
        matches!(self, Self::NatPrerouting | Self::NatPostrouting | Self::NatOutput)
    }

    /// Whether what falls off the end of its chains is dropped.
    pub(crate) fn drops(self) -> bool {
        !self.translates() && !matches!(self, Self::Leaving | Self::Diverting)
    }
}

/// Statements in order; one that does not match ends the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(pub Vec<Statement>);

/// One statement of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Matches the loopback as the input link.
    FromLoopback,
    /// Matches `ct state established,related`.
    Known,
    /// Matches `ct state established`.
    Established,
    /// Matches `ct state related`: an ICMP error about a packet of a connection.
    Related,
    /// Matches `ct state new`.
    New,
    /// Matches `ct state invalid`: no connection that is known, and none that could begin with this packet.
    Invalid,
    /// Matches what is of a connection whose destination was translated, either way (`ct status dnat`).
    Translated,
    /// Matches what the side that began a connection sends (`ct direction original`).
    Original,
    /// Matches what the other side sends (`ct direction reply`).
    Reply,
    /// Matches when the key is in the set.
    In(Vec<Selector>, Name),
    /// Goes where the map says; does not match when it says nothing.
    Dispatch(Selector, Name),
    /// The same by a key of several parts.
    DispatchBy(Vec<Selector>, Name),
    /// Sets the packet's mark to a number.
    SetMark(u32),
    /// Sets the packet's mark to what the map says of the key; does not match when it says nothing.
    MarkFrom(Vec<Selector>, Name),
    /// Sets the mark of the packet's connection to what the map says of the key; does not match when it says nothing.
    MarkConnectionFrom(Vec<Selector>, Name),
    /// Sets the packet's mark to that of its connection; does not match when that has none.
    MarkOfConnection,
    /// Matches when a part of the packet is not below the first value and not above the second.
    Between(Selector, Datum, Datum),
    /// Translates the destination to what the map says of a part of the packet; does not match when it says nothing.
    TranslateDestination(Selector, Name),
    /// Translates destination and port to what the map says of the key; does not match when it says nothing.
    TranslateDestinationAndPort(Vec<Selector>, Name),
    /// Translates destination and port to one of so many of the map, by a hash of parts of the packet: the same for the same parts.
    TranslateDestinationByHash(Vec<Selector>, u32, Name),
    /// Translates the source to what the map says of a part of the packet; does not match when it says nothing.
    TranslateSource(Selector, Name),
    /// Translates the source to one of so many addresses, the next for each connection, and to one of these ports.
    TranslateSourceInTurn(Name, u32, (u16, u16)),
    /// Matches a TCP segment that begins a connection: SYN without ACK. For rules that have matched TCP.
    Begins,
    /// Matches a TCP segment that takes a connection: SYN with ACK. For rules that have matched TCP.
    Takes,
    /// Matches a TCP segment that resets its connection: RST. For rules that have matched TCP.
    Resets,
    /// Gives a TCP segment to the socket of its connection, or to the one that listens at an address and port, wherever the segment
    /// is for (`tproxy`); does not match when there is neither.
    Divert(Ipv4Addr, u16),
    /// Has the TCP connection that this packet begins forgotten when it was idle for so many seconds, one of the table's timeouts.
    IdleTimeout(u32),
    /// Counts packets and bytes.
    Count,
    /// Answers with a TCP reset instead (RFC 9293).
    Reset,
    /// Ends the rule.
    Verdict(Verdict),
}

/// What happens to a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Accept,
    /// It is lost without a word.
    Drop,
    /// It is judged by another chain for good.
    Goto(Name),
    /// It is judged by another chain, and comes back from its end.
    Jump(Name),
    /// Back to where the chain was jumped to from.
    Return,
}

/// A part of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// The link it came in by.
    InputLink,
    /// The link it goes out by.
    OutputLink,
    /// The IPv4 source address.
    Source,
    /// The IPv4 destination address.
    Destination,
    /// The transport protocol.
    Protocol,
    /// The first two bytes of the transport header: the source port, or ICMP's type and code.
    FirstWord,
    /// The second two bytes of the transport header: the destination port.
    SecondWord,
    /// The packet's mark.
    Mark,
    /// The IPv4 address of the side that began the packet's connection.
    OriginalSource,
    /// The IPv4 address of the other side.
    ReplySource,
}
