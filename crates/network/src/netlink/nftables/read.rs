//! Reading a table back from the kernel, in the plan's own terms.

use super::{
    GET_CHAIN, GET_ELEMENT, GET_GENERATION, GET_OBJECT, GET_RULE, GET_SET, GET_TABLE, INET, INTERVAL, TABLE,
    element::read_element, fingerprint, hook_numbers, key_type, message,
};
use crate::{
    netlink::{
        expression::TIMEOUT,
        message::{Attributes, Message, Received},
        socket::{Socket, attributes},
    },
    plan::{
        policy::SHAPES,
        table::{Chain, Hook, Key, Name, Set, Shape, Value, ValueKind},
    },
};
use rustix::io::Errno;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A table as it can be compared: rules by their fingerprints.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TableState {
    pub sets: BTreeMap<Name, Arc<Set>>,
    pub chains: BTreeMap<Name, ChainState>,
    pub timeouts: BTreeSet<u32>,
}

/// A chain as it can be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChainState {
    pub hook: Option<Hook>,
    pub rules: Vec<u64>,
}

impl ChainState {
    /// What a planned chain will be read back as.
    pub(crate) fn of(chain: &Chain) -> Self {
        Self { hook: chain.hook, rules: chain.rules.iter().map(fingerprint).collect() }
    }
}

/// All that the namespace has of nftables.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ruleset {
    /// The VPC's table, if it is there.
    pub table: Option<TableState>,
    /// Whether there is something in it that no plan has, so that it can't be mended.
    pub strange: bool,
    /// Tables that are not the VPC's: family and name.
    pub others: Vec<(u8, String)>,
}

/// Reads everything.
pub(crate) fn read(socket: &mut Socket) -> Result<Ruleset, Errno> {
    let list = || Message::new(super::SUBSYSTEM << 8 | GET_TABLE, 0, &[0; 4]);
    let tables: Vec<(u8, String)> = socket.list(list, |found: &mut Vec<_>, received| {
        let family = received.body.first().copied();
        found.extend(family.zip(attributes(received, 4).text(1).map(str::to_owned)));
    })?;
    let (own, others): (Vec<_>, Vec<_>) =
        tables.into_iter().partition(|(family, name)| *family == INET && name == TABLE);
    let mut ruleset = Ruleset { others, ..Ruleset::default() };
    if own.is_empty() {
        return Ok(ruleset);
    }
    let mut table = TableState::default();
    let chains: Vec<Option<(Name, ChainState)>> =
        socket.list(|| of_table(GET_CHAIN), |found: &mut Vec<_>, received| found.extend(chain(received)))?;
    ruleset.strange |= chains.iter().any(Option::is_none);
    table.chains = chains.into_iter().flatten().collect();
    let rules: Vec<(Name, u64)> =
        socket.list(|| of_table(GET_RULE), |found: &mut Vec<_>, received| found.extend(rule(received)))?;
    for (name, fingerprint) in rules {
        if let Some(chain) = table.chains.get_mut(&name) {
            chain.rules.push(fingerprint);
        }
    }
    let sets: Vec<(Name, Option<Shape>)> =
        socket.list(|| of_table(GET_SET), |found: &mut Vec<_>, received| found.extend(set(received)))?;
    for (name, shape) in sets {
        let Some(shape) = shape else {
            ruleset.strange = true;
            continue;
        };
        let elements: Vec<_> =
            socket.list(|| of_set(&name), |found: &mut Vec<_>, received| elements(received, shape, found))?;
        ruleset.strange |= elements.iter().any(Option::is_none);
        table.sets.insert(name, Arc::new(Set { shape, elements: elements.into_iter().flatten().collect() }));
    }
    let timeouts: Vec<Option<u32>> =
        socket.list(|| of_table(GET_OBJECT), |found: &mut Vec<_>, received| found.extend(timeout(received)))?;
    ruleset.strange |= timeouts.iter().any(Option::is_none);
    table.timeouts = timeouts.into_iter().flatten().collect();
    ruleset.table = Some(table);
    Ok(ruleset)
}

/// The number of the namespace's last transaction: while it stays the same, nothing of nftables has changed there.
pub(crate) fn generation(socket: &mut Socket) -> Result<u32, Errno> {
    let mut generation = None;
    socket.ask(Message::new(super::SUBSYSTEM << 8 | GET_GENERATION, 0, &[0; 4]), |received| {
        generation = attributes(received, 4).net_u32(1)
    })?;
    generation.ok_or(Errno::PROTO)
}

/// Packets and bytes counted by each rule of a chain, in order; 0 by one that does not count.
pub(crate) fn counters(socket: &mut Socket, chain: &str) -> Result<Vec<(u64, u64)>, Errno> {
    socket.list(
        || of_table(GET_RULE),
        |found: &mut Vec<_>, received| {
            let attributes = attributes(received, 4);
            if attributes.text(1) == Some(TABLE) && attributes.text(2) == Some(chain) {
                found.push(attributes.nested(4).and_then(counted).unwrap_or_default());
            }
        },
    )
}

/// What the counter among a rule's expressions says.
fn counted(expressions: Attributes) -> Option<(u64, u64)> {
    const PACKETS: u16 = 2;
    const BYTES: u16 = 1;
    let mut all = expressions.iter().map(|(_, expression)| Attributes::after(expression, 0));
    let counter = all.find(|expression| expression.text(1) == Some("counter"))?.nested(2)?;
    let number = |kind| counter.get(kind)?.first_chunk().copied().map(u64::from_be_bytes);
    Some((number(PACKETS)?, number(BYTES)?))
}

fn of_table(kind: u16) -> Message {
    let mut message = message(kind, 0);
    message.text(1, TABLE);
    message
}

fn of_set(name: &str) -> Message {
    let mut message = of_table(GET_ELEMENT);
    message.text(2, name);
    message
}

/// A chain of the table: `Some(None)` if it is none that a plan has.
fn chain(received: &Received) -> Option<Option<(Name, ChainState)>> {
    let attributes = attributes(received, 4);
    if attributes.text(1)? != TABLE {
        return None;
    }
    let name: Name = attributes.text(3)?.into();
    let Some(hooked) = attributes.nested(4) else { return Some(Some((name, ChainState::default()))) };
    let found = (hooked.net_u32(1)?, hooked.net_u32(2)? as i32);
    let hook = Hook::ALL.into_iter().find(|hook| hook_numbers(*hook) == found);
    let policy = attributes.net_u32(5);
    Some(
        hook.filter(|hook| policy == Some(super::policy(*hook)))
            .map(|hook| (name, ChainState { hook: Some(hook), rules: Vec::new() })),
    )
}

/// An object of the table: `Some(None)` if it is none that a plan has.
fn timeout(received: &Received) -> Option<Option<u32>> {
    let attributes = attributes(received, 4);
    if attributes.text(1)? != TABLE {
        return None;
    }
    // Its name says for how long it is.
    let seconds = attributes.text(2).and_then(|name| name.strip_prefix("timeout-")?.parse().ok());
    Some(seconds.filter(|_| attributes.net_u32(3) == Some(TIMEOUT)))
}

/// A rule: its chain and its fingerprint, which is 0 for one that has none.
fn rule(received: &Received) -> Option<(Name, u64)> {
    let attributes = attributes(received, 4);
    if attributes.text(1)? != TABLE {
        return None;
    }
    let comment = attributes.get(7).and_then(|data| std::str::from_utf8(data.get(2..18)?).ok());
    let fingerprint = comment.and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0);
    Some((attributes.text(2)?.into(), fingerprint))
}

/// A set of the table and its shape, if that is one that plans have.
fn set(received: &Received) -> Option<(Name, Option<Shape>)> {
    let attributes = attributes(received, 4);
    if attributes.text(1)? != TABLE {
        return None;
    }
    let flags = attributes.net_u32(3).unwrap_or(0);
    let key = attributes.net_u32(4)?;
    let data = attributes.net_u32(6);
    let shape = SHAPES.into_iter().find(|shape| {
        key_type(*shape) == key
            && shape.ranges == (flags & INTERVAL != 0)
            && data
                == shape.value.and_then(|value| match value {
                    ValueKind::Verdict => Some(super::VERDICT_TYPE),
                    ValueKind::Mark => Some(super::MARK_TYPE),
                    ValueKind::Ipv4 => Some(super::IPV4_TYPE),
                    ValueKind::Socket => Some(super::SOCKET_TYPE),
                    ValueKind::Limit => None,
                })
    });
    Some((attributes.text(2)?.into(), shape))
}

type Elements = Vec<Option<(Key, Option<Value>)>>;

fn elements(received: &Received, shape: Shape, found: &mut Elements) {
    let list = attributes(received, 4).nested(3);
    for (_, element) in list.into_iter().flat_map(Attributes::iter) {
        found.push(read_element(shape, Attributes::after(element, 0)));
    }
}
