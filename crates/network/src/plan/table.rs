//! An nftables table as data: as much of nft(8) as the VPC needs, typed so that a plan and what the kernel holds are compared
//! element by element.

use crate::name::LinkName;
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

/// The name of a set, map or chain.
pub type Name = Arc<str>;

/// One table of family `inet`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Its sets and maps.
    pub sets: BTreeMap<Name, Arc<Set>>,
    /// Its chains.
    pub chains: BTreeMap<Name, Chain>,
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
}

/// The value of an element of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Continue in a chain and never return.
    Goto(Name),
    /// A number.
    Mark(u32),
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

/// Where a base chain is hooked in. What falls off its end is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// Prerouting at priority `raw`: before connection tracking sees the packet.
    RawPrerouting,
    /// Packets to the router itself.
    Input,
    /// Packets passing through.
    Forward,
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
    Established,
    /// Matches when the key is in the set.
    In(Vec<Selector>, Name),
    /// Goes where the map says; does not match when it says nothing.
    Dispatch(Selector, Name),
    /// Sets the packet's mark to a number.
    SetMark(u32),
    /// Sets the packet's mark to what the map says of the key; does not match when it says nothing.
    MarkFrom(Selector, Name),
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
}
