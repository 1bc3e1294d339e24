//! Elements of sets: keys and values as bytes, and back.

use super::{DELETE_ELEMENT, NEW_ELEMENT, TABLE, message};
use crate::{
    name::LinkName,
    netlink::{
        expression::{GOTO, JUMP, link_bytes, write_verdict},
        message::{Attributes, Message},
    },
    plan::table::{Datum, Field, Key, Shape, Value, ValueKind, Verdict},
};
use std::net::{IpAddr, Ipv4Addr};

/// A list of elements must fit an attribute of 64 KiB.
const LIST_BYTES: usize = 48 << 10;

/// Messages that add elements to a set.
pub(crate) fn add_elements(set: &str, elements: &[(&Key, &Option<Value>)], shape: Shape) -> Vec<Message> {
    element_messages(NEW_ELEMENT, super::CREATE | super::EXCLUSIVE, set, elements, shape)
}

/// Messages that take elements from a set.
pub(crate) fn delete_elements(set: &str, elements: &[(&Key, &Option<Value>)], shape: Shape) -> Vec<Message> {
    element_messages(DELETE_ELEMENT, 0, set, elements, shape)
}

fn element_messages(
    kind: u16,
    flags: u16,
    set: &str,
    elements: &[(&Key, &Option<Value>)],
    shape: Shape,
) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut rest = elements.iter().peekable();
    while rest.peek().is_some() {
        let mut message = message(kind, flags);
        message.text(1, TABLE).text(2, set).nest(3, |m| {
            while m.len() < LIST_BYTES {
                let Some((key, value)) = rest.next() else { break };
                write_element(m, key, value.as_ref(), shape.ranges);
            }
        });
        messages.push(message);
    }
    messages
}

fn write_element(m: &mut Message, key: &Key, value: Option<&Value>, ranges: bool) {
    const VALUE: u16 = 1;
    let bytes = |part: fn(&(Datum, Datum)) -> &Datum| {
        key.iter().flat_map(|range| datum_bytes(part(range))).collect::<Vec<u8>>()
    };
    m.nest(1, |m| {
        m.nest(1, |m| {
            m.attr(VALUE, &bytes(|range| &range.0));
        });
        match value {
            None => {}
            Some(Value::Goto(chain)) => drop(m.nest(2, |m| write_verdict(m, &Verdict::Goto(chain.clone())))),
            Some(Value::Jump(chain)) => drop(m.nest(2, |m| write_verdict(m, &Verdict::Jump(chain.clone())))),
            Some(Value::Mark(mark)) => drop(m.nest(2, |m| {
                m.attr(VALUE, &mark.to_ne_bytes());
            })),
            Some(Value::Address(address)) => drop(m.nest(2, |m| {
                m.attr(VALUE, &datum_bytes(&Datum::Address(*address)));
            })),
            Some(Value::Socket(address, port)) => drop(m.nest(2, |m| {
                let (address, port) = (Datum::Address((*address).into()), Datum::Word(*port));
                m.attr(VALUE, &[datum_bytes(&address), datum_bytes(&port)].concat());
            })),
            Some(Value::Limit(rate)) => drop(m.nest(EXPRESSION, |m| write_limit(m, *rate))),
        }
        if ranges {
            m.nest(10, |m| {
                m.attr(VALUE, &bytes(|range| &range.1));
            });
        }
    });
}

/// The attribute of an element's own expression.
const EXPRESSION: u16 = 7;

/// An expression that matches what is beyond so many packets a second.
fn write_limit(m: &mut Message, rate: u32) {
    const OVER: u32 = 1;
    let wide = |number: u32| u64::from(number).to_be_bytes();
    m.text(1, "limit").nest(2, |m| {
        m.attr(1, &wide(rate)).attr(2, &wide(1)).net_u32(3, rate).net_u32(4, 0).net_u32(5, OVER);
    });
}

/// The packets a second of an expression that is a limit.
fn read_limit(expression: Attributes) -> Option<u32> {
    let limit = expression.nested(2).filter(|_| expression.text(1) == Some("limit"))?;
    u32::try_from(u64::from_be_bytes(*limit.get(1)?.first_chunk()?)).ok()
}

/// A value in whole registers of four bytes.
fn datum_bytes(datum: &Datum) -> Vec<u8> {
    match datum {
        Datum::Address(IpAddr::V4(address)) => address.octets().to_vec(),
        Datum::Address(IpAddr::V6(address)) => address.octets().to_vec(),
        Datum::Link(link) => link_bytes(link.as_str()).to_vec(),
        Datum::Protocol(number) => vec![*number, 0, 0, 0],
        Datum::Word(word) => [word.to_be_bytes(), [0; 2]].concat(),
        Datum::Mark(mark) => mark.to_ne_bytes().to_vec(),
    }
}

fn field_length(field: Field) -> usize {
    (field.bytes() as usize).next_multiple_of(4)
}

/// Bytes of a whole key.
pub(super) fn key_length(shape: Shape) -> u32 {
    shape.fields.iter().map(|field| field_length(*field) as u32).sum()
}

/// An element as the kernel lists it; `None` if it is not one of this shape.
pub(super) fn read_element(shape: Shape, attributes: Attributes) -> Option<(Key, Option<Value>)> {
    let first = read_key(shape, attributes.nested(1)?.get(1)?)?;
    let last = if shape.ranges { read_key(shape, attributes.nested(10)?.get(1)?)? } else { first.clone() };
    let value = match shape.value {
        None => None,
        Some(ValueKind::Mark) => Some(Value::Mark(attributes.nested(2)?.host_u32(1)?)),
        Some(ValueKind::Verdict) => {
            let verdict = attributes.nested(2)?.nested(2)?;
            let chain = verdict.text(2)?.into();
            match verdict.net_u32(1)? {
                GOTO => Some(Value::Goto(chain)),
                JUMP => Some(Value::Jump(chain)),
                _ => return None,
            }
        }
        Some(ValueKind::Ipv4) => {
            let bytes = attributes.nested(2)?.get(1)?.first_chunk::<4>()?;
            Some(Value::Address(IpAddr::V4(Ipv4Addr::from(*bytes))))
        }
        Some(ValueKind::Socket) => {
            let (address, port) = attributes.nested(2)?.get(1)?.split_first_chunk::<4>()?;
            Some(Value::Socket(Ipv4Addr::from(*address), u16::from_be_bytes(*port.first_chunk()?)))
        }
        Some(ValueKind::Limit) => Some(Value::Limit(read_limit(attributes.nested(EXPRESSION)?)?)),
    };
    Some((first.into_iter().zip(last).collect(), value))
}

fn read_key(shape: Shape, mut bytes: &[u8]) -> Option<Vec<Datum>> {
    let mut key = Vec::with_capacity(shape.fields.len());
    for field in shape.fields {
        let (part, rest) = bytes.split_at_checked(field_length(*field))?;
        bytes = rest;
        key.push(read_datum(*field, part)?);
    }
    bytes.is_empty().then_some(key)
}

fn read_datum(field: Field, bytes: &[u8]) -> Option<Datum> {
    Some(match field {
        Field::Ipv4 => Datum::Address(IpAddr::V4(Ipv4Addr::from(*bytes.first_chunk::<4>()?))),
        Field::Link => Datum::Link(LinkName(std::str::from_utf8(bytes.split(|byte| *byte == 0).next()?).ok()?.into())),
        Field::Protocol => Datum::Protocol(*bytes.first()?),
        Field::Word => Datum::Word(u16::from_be_bytes(*bytes.first_chunk()?)),
        Field::Mark => Datum::Mark(u32::from_ne_bytes(*bytes.first_chunk()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::message::messages;

    #[test]
    fn an_element_reads_back_as_written() {
        const SHAPE: Shape = Shape {
            fields: &[Field::Link, Field::Ipv4, Field::Protocol, Field::Word, Field::Mark],
            ranges: true,
            value: Some(ValueKind::Verdict),
        };
        let one = |datum: Datum| (datum.clone(), datum);
        let key = vec![
            one(Datum::Link(LinkName("e0123456789abcd".into()))),
            (Datum::Address([10, 0, 0, 0].into()), Datum::Address([10, 255, 255, 255].into())),
            one(Datum::Protocol(6)),
            (Datum::Word(80), Datum::Word(443)),
            one(Datum::Mark(0x0102_0304)),
        ];
        let value = Some(Value::Goto("egress-1".into()));
        let mut written = add_elements("s", &[(&key, &value)], SHAPE);
        let bytes = written.remove(0).finish(1);
        let received = messages(&bytes).next().unwrap();
        let element = Attributes::after(received.body, 4).nested(3).unwrap().nested(1).unwrap();
        assert_eq!(read_element(SHAPE, element), Some((key, value)));
    }

    #[test]
    fn a_limit_reads_back_as_written() {
        const SHAPE: Shape =
            Shape { fields: &[Field::Link, Field::Word], ranges: false, value: Some(ValueKind::Limit) };
        let one = |datum: Datum| (datum.clone(), datum);
        let key = vec![one(Datum::Link(LinkName("e0123456789abcd".into()))), one(Datum::Word(53))];
        let value = Some(Value::Limit(1024));
        let bytes = add_elements("s", &[(&key, &value)], SHAPE).remove(0).finish(1);
        let received = messages(&bytes).next().unwrap();
        let element = Attributes::after(received.body, 4).nested(3).unwrap().nested(1).unwrap();
        assert_eq!(read_element(SHAPE, element), Some((key, value)));
    }
}
