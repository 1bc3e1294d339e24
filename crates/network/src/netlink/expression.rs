//! The inside of an nftables rule: what the kernel's small machine does, register by register.

use super::message::Message;
use crate::plan::table::{Datum, Rule, Selector, Statement, Verdict};
use std::net::{IpAddr, Ipv4Addr};

/// Names of attributes and numbers of linux/netfilter/nf_tables.h, as far as they are used.
const LIST_ELEMENT: u16 = 1;
const NAME: u16 = 1;
const DATA: u16 = 2;
const VALUE: u16 = 1;
const VERDICT: u16 = 2;
const CODE: u16 = 1;
const CHAIN: u16 = 2;
const MARK: u32 = 3;
const INPUT_NAME: u32 = 6;
const OUTPUT_NAME: u32 = 7;
const NETWORK_PROTOCOL: u32 = 15;
const TRANSPORT_PROTOCOL: u32 = 16;
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;

/// The register that ends or moves on the evaluation.
const VERDICT_REGISTER: u32 = 0;
/// The first of sixteen registers of four bytes each.
const FIRST_REGISTER: u32 = 8;
/// Bytes of a register.
const REGISTER: u32 = 4;
/// NFT_CT_MARK.
const CONNECTION_MARK: u32 = 3;
/// NFPROTO_IPV4.
const IPV4: u8 = 2;
/// `ct state` as bits.
const INVALID: u32 = 1;
const ESTABLISHED: u32 = 2;
const RELATED: u32 = 4;
const NEW: u32 = 8;
/// IP_CT_DIR_ORIGINAL and IP_CT_DIR_REPLY.
const ORIGINAL: u8 = 0;
const REPLY: u8 = 1;
/// NFT_OBJECT_CT_TIMEOUT.
pub(crate) const TIMEOUT: u32 = 7;
/// Flags of a TCP segment.
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
const AT_MOST: u32 = 3;
const AT_LEAST: u32 = 5;
const ACCEPT: u32 = 1;
const DROP: u32 = 0;
pub(crate) const JUMP: u32 = -3_i32 as u32;
pub(crate) const GOTO: u32 = -4_i32 as u32;
const RETURN: u32 = -5_i32 as u32;
/// NFT_NAT_SNAT and NFT_NAT_DNAT.
const SOURCE: u32 = 0;
const DESTINATION: u32 = 1;

/// Writes a rule's expressions as the elements of a list.
pub(crate) fn expressions(m: &mut Message, rule: &Rule) {
    for statement in &rule.0 {
        match statement {
            Statement::FromLoopback => {
                meta(m, INPUT_NAME, FIRST_REGISTER);
                compare(m, EQUAL, &link_bytes("lo"));
            }
            Statement::Known => state(m, ESTABLISHED | RELATED),
            Statement::Established => state(m, ESTABLISHED),
            Statement::Related => state(m, RELATED),
            Statement::New => state(m, NEW),
            Statement::Invalid => state(m, INVALID),
            Statement::Translated => translated(m),
            Statement::Original => direction(m, ORIGINAL),
            Statement::Reply => direction(m, REPLY),
            Statement::In(key, set) => {
                load(m, key);
                lookup(m, set, None);
            }
            Statement::Dispatch(key, map) => {
                load(m, &[*key]);
                lookup(m, map, Some(VERDICT_REGISTER));
            }
            Statement::DispatchBy(key, map) => {
                load(m, key);
                lookup(m, map, Some(VERDICT_REGISTER));
            }
            Statement::SetMark(mark) => {
                immediate(m, FIRST_REGISTER, |m| {
                    m.attr(VALUE, &mark.to_ne_bytes());
                });
                set_mark(m);
            }
            Statement::MarkFrom(key, map) => {
                load(m, key);
                lookup(m, map, Some(FIRST_REGISTER));
                set_mark(m);
            }
            Statement::MarkConnectionFrom(key, map) => {
                load(m, key);
                lookup(m, map, Some(FIRST_REGISTER));
                expression(m, "ct", |m| {
                    m.net_u32(2, CONNECTION_MARK).net_u32(4, FIRST_REGISTER);
                });
            }
            Statement::MarkOfConnection => {
                connection(m, CONNECTION_MARK);
                compare(m, NOT_EQUAL, &[0; 4]);
                set_mark(m);
            }
            Statement::Between(selector, first, last) => {
                load(m, &[*selector]);
                if first == last {
                    compare(m, EQUAL, &compared(first));
                } else {
                    compare(m, AT_LEAST, &compared(first));
                    compare(m, AT_MOST, &compared(last));
                }
            }
            Statement::TranslateDestination(key, map) => {
                load(m, &[*key]);
                lookup(m, map, Some(FIRST_REGISTER));
                translate(m, DESTINATION, None);
            }
            Statement::TranslateDestinationAndPort(key, map) => {
                load(m, key);
                lookup(m, map, Some(FIRST_REGISTER));
                translate_with_port(m, DESTINATION);
            }
            Statement::TranslateDestinationByHash(key, count, map) => {
                load(m, key);
                hashed(m, key.len() as u32 * REGISTER, *count);
                lookup(m, map, Some(FIRST_REGISTER));
                translate_with_port(m, DESTINATION);
            }
            Statement::TranslateSource(key, map) => {
                load(m, &[*key]);
                lookup(m, map, Some(FIRST_REGISTER));
                translate(m, SOURCE, None);
            }
            Statement::TranslateSourceInTurn(map, count, ports) => {
                in_turn(m, *count);
                lookup(m, map, Some(FIRST_REGISTER));
                translate(m, SOURCE, Some(*ports));
            }
            Statement::Begins => flags(m, SYN | ACK, SYN),
            Statement::Takes => flags(m, SYN | ACK, SYN | ACK),
            Statement::Resets => flags(m, RST, RST),
            Statement::Divert(address, port) => divert(m, *address, *port),
            Statement::IdleTimeout(seconds) => expression(m, "objref", |m| {
                m.net_u32(1, TIMEOUT).text(2, &timeout_name(*seconds));
            }),
            Statement::Count => expression(m, "counter", |_| {}),
            Statement::Reset => expression(m, "reject", |m| {
                m.net_u32(1, 1).attr(2, &[0]);
            }),
            Statement::Verdict(verdict) => immediate(m, VERDICT_REGISTER, |m| write_verdict(m, verdict)),
        }
    }
}

/// What the object is called that has TCP connections forgotten when they were idle for so long.
pub(crate) fn timeout_name(seconds: u32) -> String {
    format!("timeout-{seconds}")
}

/// Writes a verdict as a datum.
pub(crate) fn write_verdict(m: &mut Message, verdict: &Verdict) {
    m.nest(VERDICT, |m| match verdict {
        Verdict::Accept => drop(m.net_u32(CODE, ACCEPT)),
        Verdict::Drop => drop(m.net_u32(CODE, DROP)),
        Verdict::Goto(chain) => drop(m.net_u32(CODE, GOTO).text(CHAIN, chain)),
        Verdict::Jump(chain) => drop(m.net_u32(CODE, JUMP).text(CHAIN, chain)),
        Verdict::Return => drop(m.net_u32(CODE, RETURN)),
    });
}

/// A link's name as it is compared and looked up: sixteen bytes.
pub(crate) fn link_bytes(name: &str) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes().take(15)).for_each(|(place, byte)| *place = byte);
    bytes
}

fn expression(m: &mut Message, name: &str, inside: impl FnOnce(&mut Message)) {
    m.nest(LIST_ELEMENT, |m| {
        m.text(NAME, name).nest(DATA, inside);
    });
}

/// Loads the parts of a key side by side, each in as many whole registers as it needs.
fn load(m: &mut Message, key: &[Selector]) {
    // An address at an offset means nothing in a packet that is not IPv4.
    if key.iter().any(|selector| matches!(selector, Selector::Source | Selector::Destination)) {
        meta(m, NETWORK_PROTOCOL, FIRST_REGISTER);
        compare(m, EQUAL, &[IPV4]);
    }
    let mut register = FIRST_REGISTER;
    for selector in key {
        register += match selector {
            Selector::InputLink => meta(m, INPUT_NAME, register) + 3,
            Selector::OutputLink => meta(m, OUTPUT_NAME, register) + 3,
            Selector::Source => payload(m, NETWORK, 12, 4, register),
            Selector::Destination => payload(m, NETWORK, 16, 4, register),
            Selector::Protocol => meta(m, TRANSPORT_PROTOCOL, register),
            Selector::FirstWord => payload(m, TRANSPORT, 0, 2, register),
            Selector::SecondWord => payload(m, TRANSPORT, 2, 2, register),
            Selector::Mark => meta(m, MARK, register),
            Selector::OriginalSource => connection_source(m, ORIGINAL, register),
            Selector::ReplySource => connection_source(m, REPLY, register),
        };
    }
}

fn meta(m: &mut Message, key: u32, register: u32) -> u32 {
    expression(m, "meta", |m| {
        m.net_u32(2, key).net_u32(1, register);
    });
    1
}

fn set_mark(m: &mut Message) {
    expression(m, "meta", |m| {
        m.net_u32(2, MARK).net_u32(3, FIRST_REGISTER);
    });
}

fn payload(m: &mut Message, base: u32, offset: u32, length: u32, register: u32) -> u32 {
    expression(m, "payload", |m| {
        m.net_u32(1, register).net_u32(2, base).net_u32(3, offset).net_u32(4, length);
    });
    1
}

fn compare(m: &mut Message, operation: u32, value: &[u8]) {
    expression(m, "cmp", |m| {
        m.net_u32(1, FIRST_REGISTER).net_u32(2, operation).nest(3, |m| {
            m.attr(VALUE, value);
        });
    });
}

/// Matches when the connection's state is one of these bits.
fn state(m: &mut Message, bits: u32) {
    const STATE: u32 = 0;
    connection(m, STATE);
    mask(m, bits.to_ne_bytes());
    compare(m, NOT_EQUAL, &[0; 4]);
}

/// Leaves only these bits of the first register.
fn mask<const N: usize>(m: &mut Message, bits: [u8; N]) {
    expression(m, "bitwise", |m| {
        m.net_u32(1, FIRST_REGISTER).net_u32(2, FIRST_REGISTER).net_u32(3, N as u32);
        m.nest(4, |m| {
            m.attr(VALUE, &bits);
        });
        m.nest(5, |m| {
            m.attr(VALUE, &[0; N]);
        });
    });
}

/// Matches when the destination of the connection was translated.
fn translated(m: &mut Message) {
    const STATUS: u32 = 2;
    /// IPS_DST_NAT.
    const DESTINATION: u32 = 1 << 5;
    connection(m, STATUS);
    mask(m, DESTINATION.to_ne_bytes());
    compare(m, NOT_EQUAL, &[0; 4]);
}

/// Matches a TCP segment that has of some flags just these.
fn flags(m: &mut Message, of: u8, these: u8) {
    const FLAGS: u32 = 13;
    payload(m, TRANSPORT, FLAGS, 1, FIRST_REGISTER);
    mask(m, [of]);
    compare(m, EQUAL, &[these]);
}

/// Gives the packet to a socket of this machine.
fn divert(m: &mut Message, address: Ipv4Addr, port: u16) {
    immediate(m, FIRST_REGISTER, |m| {
        m.attr(VALUE, &address.octets());
    });
    immediate(m, FIRST_REGISTER + 1, |m| {
        m.attr(VALUE, &port.to_be_bytes());
    });
    expression(m, "tproxy", |m| {
        m.net_u32(1, IPV4.into()).net_u32(2, FIRST_REGISTER).net_u32(3, FIRST_REGISTER + 1);
    });
}

fn direction(m: &mut Message, direction: u8) {
    connection(m, 1);
    compare(m, EQUAL, &[direction]);
}

/// The IPv4 source address of a connection's packets in a direction; does not match without one.
fn connection_source(m: &mut Message, direction: u8, register: u32) -> u32 {
    const IPV4_SOURCE: u32 = 19;
    expression(m, "ct", |m| {
        m.net_u32(2, IPV4_SOURCE).net_u32(1, register).attr(3, &[direction]);
    });
    1
}

fn connection(m: &mut Message, key: u32) {
    expression(m, "ct", |m| {
        m.net_u32(2, key).net_u32(1, FIRST_REGISTER);
    });
}

/// A number below a count, from so many bytes of registers. Everybody's seed is the same, so that nodes and rules made anew agree.
fn hashed(m: &mut Message, length: u32, count: u32) {
    const JENKINS: u32 = 0;
    const SEED: u32 = 0x6e65_6172;
    expression(m, "hash", |m| {
        m.net_u32(1, FIRST_REGISTER).net_u32(2, FIRST_REGISTER).net_u32(3, length).net_u32(4, count);
        m.net_u32(5, SEED).net_u32(6, 0).net_u32(7, JENKINS);
    });
}

/// Translates to the address in the first register and the port in the second.
fn translate_with_port(m: &mut Message, side: u32) {
    expression(m, "nat", |m| {
        m.net_u32(1, side).net_u32(2, IPV4.into()).net_u32(3, FIRST_REGISTER).net_u32(5, FIRST_REGISTER + 1);
    });
}

/// The next number below a count.
fn in_turn(m: &mut Message, count: u32) {
    expression(m, "numgen", |m| {
        m.net_u32(1, FIRST_REGISTER).net_u32(2, count).net_u32(3, 0);
    });
}

/// Translates to the address in the first register, and to ports.
fn translate(m: &mut Message, side: u32, ports: Option<(u16, u16)>) {
    if let Some((first, last)) = ports {
        for (register, port) in [(FIRST_REGISTER + 1, first), (FIRST_REGISTER + 2, last)] {
            immediate(m, register, |m| {
                m.attr(VALUE, &port.to_be_bytes());
            });
        }
    }
    expression(m, "nat", |m| {
        m.net_u32(1, side).net_u32(2, IPV4.into()).net_u32(3, FIRST_REGISTER);
        if ports.is_some() {
            m.net_u32(5, FIRST_REGISTER + 1).net_u32(6, FIRST_REGISTER + 2);
        }
    });
}

/// A value as it is compared: as in the packet.
fn compared(datum: &Datum) -> Vec<u8> {
    match datum {
        Datum::Address(IpAddr::V4(address)) => address.octets().to_vec(),
        Datum::Address(IpAddr::V6(address)) => address.octets().to_vec(),
        Datum::Link(link) => link_bytes(link.as_str()).to_vec(),
        Datum::Protocol(number) => vec![*number],
        Datum::Word(word) => word.to_be_bytes().to_vec(),
        Datum::Mark(mark) => mark.to_ne_bytes().to_vec(),
    }
}

fn lookup(m: &mut Message, set: &str, destination: Option<u32>) {
    expression(m, "lookup", |m| {
        m.text(1, set).net_u32(2, FIRST_REGISTER);
        if let Some(register) = destination {
            m.net_u32(3, register);
        }
    });
}

fn immediate(m: &mut Message, register: u32, value: impl FnOnce(&mut Message)) {
    expression(m, "immediate", |m| {
        m.net_u32(1, register).nest(2, value);
    });
}
