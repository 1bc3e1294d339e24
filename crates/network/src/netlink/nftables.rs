//! nf_tables over netlink: the messages that change a table, and reading one back. Constants from linux/netfilter/nf_tables.h.

mod element;
mod read;

pub(crate) use element::{add_elements, delete_elements};
pub(crate) use read::{ChainState, TableState, counters, generation, read};

use super::{
    expression::{TIMEOUT, expressions, timeout_name},
    message::Message,
    socket::{Refusal, Socket},
};
use crate::{
    name::hash,
    plan::table::{Chain, Field, Hook, Rule, Shape, ValueKind},
};

/// The table's name: there is one in each router's namespace.
pub(crate) const TABLE: &str = "vpc";
/// NFPROTO_INET.
const INET: u8 = 1;
const SUBSYSTEM: u16 = 10;

const NEW_TABLE: u16 = 0;
const GET_TABLE: u16 = 1;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const GET_CHAIN: u16 = 4;
const DELETE_CHAIN: u16 = 5;
const NEW_RULE: u16 = 6;
const GET_RULE: u16 = 7;
const DELETE_RULE: u16 = 8;
const NEW_SET: u16 = 9;
const GET_SET: u16 = 10;
const DELETE_SET: u16 = 11;
const NEW_ELEMENT: u16 = 12;
const GET_ELEMENT: u16 = 13;
const DELETE_ELEMENT: u16 = 14;
const GET_GENERATION: u16 = 16;
const NEW_OBJECT: u16 = 18;
const GET_OBJECT: u16 = 19;
const DELETE_OBJECT: u16 = 20;

/// NLM_F_CREATE, and NLM_F_APPEND for rules.
const CREATE: u16 = 0x400;
const EXCLUSIVE: u16 = 0x200;
const APPEND: u16 = 0x800;

/// Flags of a set: NFT_SET_INTERVAL, NFT_SET_MAP, NFT_SET_CONCAT.
const INTERVAL: u32 = 4;
const MAP: u32 = 8;
const CONCATENATION: u32 = 0x80;
/// NFT_DATA_VERDICT.
const VERDICT_TYPE: u32 = 0xffff_ff00;
const MARK_TYPE: u32 = 19;
const IPV4_TYPE: u32 = 7;
const WORD_TYPE: u32 = 13;
/// An address and a port.
const SOCKET_TYPE: u32 = IPV4_TYPE << 6 | WORD_TYPE;

fn message(kind: u16, flags: u16) -> Message {
    Message::new(SUBSYSTEM << 8 | kind, flags, &[INET, 0, 0, 0])
}

/// Makes changes as one transaction: a packet sees the state before or after all of them.
pub(crate) fn transaction(socket: &mut Socket, changes: Vec<Message>) -> Result<(), Refusal> {
    const BEGIN: u16 = 16;
    const END: u16 = 17;
    let subsystem = SUBSYSTEM.to_be_bytes();
    let mark = |kind| {
        let mut mark = Message::new(kind, 0, &[0, 0, subsystem[0], subsystem[1]]);
        mark.flag(super::socket::REQUEST);
        mark
    };
    if changes.is_empty() { Ok(()) } else { socket.transaction(mark(BEGIN), changes, mark(END)) }
}

pub(crate) fn add_table() -> Message {
    let mut message = message(NEW_TABLE, CREATE);
    message.text(1, TABLE).net_u32(2, 0);
    message
}

/// Deletes a table of any family with all that is in it.
pub(crate) fn delete_table(family: u8, name: &str) -> Message {
    let mut message = Message::new(SUBSYSTEM << 8 | DELETE_TABLE, 0, &[family, 0, 0, 0]);
    message.text(1, name);
    message
}

pub(crate) fn add_chain(name: &str, chain: &Chain) -> Message {
    let mut message = message(NEW_CHAIN, CREATE | EXCLUSIVE);
    message.text(1, TABLE).text(3, name);
    if let Some(hook) = chain.hook {
        let (number, priority) = hook_numbers(hook);
        message.nest(4, |m| {
            m.net_u32(1, number).net_u32(2, priority as u32);
        });
        message.net_u32(5, policy(hook)).text(7, if hook.translates() { "nat" } else { "filter" });
    }
    if !chain.comment.is_empty() {
        message.attr(12, &comment(&chain.comment));
    }
    message
}

/// The number of the hook and the priority at it.
fn hook_numbers(hook: Hook) -> (u32, i32) {
    match hook {
        Hook::RawPrerouting => (0, -300),
        Hook::Input => (1, 0),
        Hook::Forward => (2, 0),
        Hook::NatPrerouting => (0, -100),
        Hook::NatPostrouting => (4, 100),
        Hook::Leaving => (4, 101),
        Hook::Diverting => (0, -150),
        Hook::NatOutput => (3, -100),
    }
}

/// What becomes of a packet that falls off a chain's end: NF_DROP or NF_ACCEPT.
fn policy(hook: Hook) -> u32 {
    u32::from(!hook.drops())
}

pub(crate) fn delete_chain(name: &str) -> Message {
    let mut message = message(DELETE_CHAIN, 0);
    message.text(1, TABLE).text(3, name);
    message
}

pub(crate) fn add_rule(chain: &str, rule: &Rule) -> Message {
    let mut message = message(NEW_RULE, CREATE | APPEND);
    message.text(1, TABLE).text(2, chain).nest(4, |m| expressions(m, rule));
    message.attr(7, &comment(&format!("{:016x}", fingerprint(rule))));
    message
}

/// Makes what has TCP connections forgotten when they were idle for so many seconds.
pub(crate) fn add_timeout(seconds: u32) -> Message {
    const TCP: u8 = 6;
    /// CTA_TIMEOUT_TCP_ESTABLISHED.
    const ESTABLISHED: u16 = 3;
    let mut message = message(NEW_OBJECT, CREATE | EXCLUSIVE);
    message.text(1, TABLE).text(2, &timeout_name(seconds)).net_u32(3, TIMEOUT).nest(4, |m| {
        // AF_INET.
        m.attr(1, &2_u16.to_be_bytes()).attr(2, &[TCP]).nest(3, |m| {
            m.net_u32(ESTABLISHED, seconds);
        });
    });
    message
}

pub(crate) fn delete_timeout(seconds: u32) -> Message {
    let mut message = message(DELETE_OBJECT, 0);
    message.text(1, TABLE).text(2, &timeout_name(seconds)).net_u32(3, TIMEOUT);
    message
}

/// Deletes all rules of a chain.
pub(crate) fn flush_chain(name: &str) -> Message {
    let mut message = message(DELETE_RULE, 0);
    message.text(1, TABLE).text(2, name);
    message
}

/// What a rule is recognised by when it is read back: it is kept with the rule as its comment. The number before the text is that
/// of this way of writing rules.
pub(crate) fn fingerprint(rule: &Rule) -> u64 {
    hash(format!("1 {rule}").as_bytes())
}

/// User data as nft(8) reads it: type 0 is a comment.
fn comment(text: &str) -> Vec<u8> {
    let text = text.as_bytes().get(..text.len().min(250)).unwrap_or_default();
    [&[0, text.len() as u8 + 1], text, &[0]].concat()
}

/// Makes a set; `id` tells it from others of the same transaction.
pub(crate) fn add_set(name: &str, shape: Shape, id: u32) -> Message {
    let concatenated = shape.fields.len() > 1;
    let mut flags = if concatenated { CONCATENATION } else { 0 };
    flags |= if shape.ranges { INTERVAL } else { 0 };
    flags |= if shape.is_map() { MAP } else { 0 };
    let mut message = message(NEW_SET, CREATE | EXCLUSIVE);
    message
        .text(1, TABLE)
        .text(2, name)
        .net_u32(3, flags)
        .net_u32(4, key_type(shape))
        .net_u32(5, element::key_length(shape));
    match shape.value {
        None | Some(ValueKind::Limit) => {}
        Some(ValueKind::Verdict) => drop(message.net_u32(6, VERDICT_TYPE).net_u32(7, 0)),
        Some(ValueKind::Mark) => drop(message.net_u32(6, MARK_TYPE).net_u32(7, 4)),
        Some(ValueKind::Ipv4) => drop(message.net_u32(6, IPV4_TYPE).net_u32(7, 4)),
        Some(ValueKind::Socket) => drop(message.net_u32(6, SOCKET_TYPE).net_u32(7, 8)),
    }
    if concatenated {
        message.nest(9, |m| {
            m.nest(2, |m| {
                for field in shape.fields {
                    m.nest(1, |m| {
                        m.net_u32(1, field.bytes());
                    });
                }
            });
        });
    }
    message.net_u32(10, id);
    message
}

pub(crate) fn delete_set(name: &str) -> Message {
    let mut message = message(DELETE_SET, 0);
    message.text(1, TABLE).text(2, name);
    message
}

/// The key's type as nft(8) numbers types, six bits each, so that it can show the set. The kernel keeps it without looking at it.
fn key_type(shape: Shape) -> u32 {
    shape.fields.iter().fold(0, |sum, field| sum << 6 | field.type_number())
}

impl Field {
    /// How long a value is.
    fn bytes(self) -> u32 {
        match self {
            Self::Ipv4 | Self::Mark => 4,
            Self::Link => 16,
            Self::Protocol => 1,
            Self::Word => 2,
        }
    }

    fn type_number(self) -> u32 {
        match self {
            Self::Ipv4 => IPV4_TYPE,
            Self::Link => 41,
            Self::Protocol => 12,
            Self::Word => WORD_TYPE,
            Self::Mark => MARK_TYPE,
        }
    }
}
