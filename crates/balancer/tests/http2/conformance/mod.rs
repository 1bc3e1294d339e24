//! What RFC 9113 and RFC 7541 ask of a server, case by case, in the order of h2spec's sections.

mod connection;
mod floods;
mod frames;
mod heads;
mod states;
mod usual;

use crate::{
    client::site,
    frames::*,
    support::{Site, Target},
};
use std::net::SocketAddr;

/// What a server does about something.
#[derive(Debug, Clone, Copy)]
pub enum Then {
    /// It ends the connection with one of these, or closes it.
    Ends(&'static [u32]),
    /// It ends the stream with one of these, or the connection.
    Resets(&'static [u32]),
    /// It answers stream 1.
    Answers,
    /// It goes on.
    GoesOn,
    /// It goes on or lets the client go, as after a usual end.
    Lets,
}
use Then::*;

/// What is done, with a name that begins with section and number if it is one of h2spec's.
pub type Case = (&'static str, fn(&mut Raw), Then);

pub fn check(section: &str, cases: &[Case]) {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|(name, act, then)| {
            let mut raw = Raw::connect(at(&site), &[]);
            act(&mut raw);
            holds(&mut raw, *then).err().map(|what| format!("{section}: {name}: {then:?}, but {what}"))
        })
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

pub fn at(site: &Site) -> SocketAddr {
    (site.address, 80).into()
}

fn holds(raw: &mut Raw, then: Then) -> Result<(), String> {
    let code_of = |frame: &Frame| frame.number(if frame.kind == GOAWAY { 4 } else { 0 });
    match then {
        Answers if raw.is_answered(1) => Ok(()),
        GoesOn if raw.is_alive() => Ok(()),
        Lets => {
            let said = raw.until(|frame| frame.kind == GOAWAY);
            said.map_or(
                Ok(()),
                |frame| if code_of(&frame) == NO_ERROR { Ok(()) } else { Err(format!("it says {frame:?}")) },
            )
        }
        Answers | GoesOn => Err("the connection is closed".into()),
        Ends(codes) | Resets(codes) => {
            // What is still sent meanwhile does not keep the connection open. An end may be told after what was asked later.
            for _ in 0..3 {
                raw.frame(PING, 0, 0, b"what now");
                let told = raw.until(|frame| {
                    frame.kind == GOAWAY
                        || matches!(then, Resets(_)) && frame.kind == RST_STREAM
                        || frame.kind == PING && frame.payload == b"what now"
                });
                match told {
                    None => return Ok(()),
                    Some(frame) if frame.kind == PING => {}
                    // A connection's end may be told by the general code, and is one.
                    Some(frame)
                        if frame.kind == GOAWAY
                            && (code_of(&frame) == PROTOCOL || codes.contains(&code_of(&frame))) =>
                    {
                        return raw.until(|_| false).map_or(Ok(()), |_| Err("the connection stays".into()));
                    }
                    Some(frame) if codes.contains(&code_of(&frame)) => return Ok(()),
                    Some(frame) => return Err(format!("it says {frame:?}")),
                }
            }
            Err("it goes on".into())
        }
    }
}

pub fn priority(depends_on: u32, weight: u8) -> Vec<u8> {
    [&depends_on.to_be_bytes()[..], &[weight]].concat()
}

pub fn get_with(raw: &mut Raw, fields: &[Field<'_>]) {
    let mut all = request("GET");
    all.extend(fields);
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&all));
}

pub fn get_of(raw: &mut Raw, fields: &[Field<'_>]) {
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(fields));
}

/// A head of these bytes after a usual one.
pub fn get_and(raw: &mut Raw, more: &[u8]) {
    let mut all = block(&request("GET"));
    all.extend(more);
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &all);
}

/// A stream that is over.
pub fn done(raw: &mut Raw) {
    raw.get(1);
    assert!(raw.is_answered(1));
}

pub const A: &[u8] = &[0x41, 0];

/// How many cases h2spec has of each section of each of its parts.
const LIST: [(&str, &[(&str, usize)]); 3] = [
    (
        "generic",
        &[
            ("1", 1),
            ("2", 5),
            ("3.1", 3),
            ("3.2", 3),
            ("3.3", 5),
            ("3.4", 1),
            ("3.5", 1),
            ("3.7", 1),
            ("3.8", 1),
            ("3.9", 2),
            ("3.10", 2),
            ("4", 4),
            ("5", 15),
        ],
    ),
    (
        "http2",
        &[
            ("3.5", 2),
            ("4.1", 3),
            ("4.2", 3),
            ("4.3", 3),
            ("5.1", 13),
            ("5.1.1", 2),
            ("5.1.2", 1),
            ("5.3.1", 2),
            ("5.4.1", 2),
            ("5.5", 2),
            ("6.1", 3),
            ("6.2", 4),
            ("6.3", 2),
            ("6.4", 3),
            ("6.5", 3),
            ("6.5.2", 5),
            ("6.5.3", 2),
            ("6.7", 4),
            ("6.8", 1),
            ("6.9", 3),
            ("6.9.1", 3),
            ("6.9.2", 3),
            ("6.10", 6),
            ("7", 2),
            ("8.1", 1),
            ("8.1.2", 1),
            ("8.1.2.1", 4),
            ("8.1.2.2", 2),
            ("8.1.2.3", 7),
            ("8.1.2.6", 2),
            ("8.2", 1),
        ],
    ),
    ("hpack", &[("2.3.3", 2), ("4.2", 1), ("5.2", 3), ("6.1", 1), ("6.3", 1)]),
];

#[test]
fn every_case_of_the_list_is_here() {
    let there = |part| -> Vec<&Case> {
        match part {
            "generic" => usual::GENERIC.iter().collect(),
            "hpack" => heads::HPACK.iter().collect(),
            _ => {
                [connection::CONNECTIONS, states::STATES, frames::FRAMES, heads::HEADS].concat().leak().iter().collect()
            }
        }
    };
    for (part, sections) in LIST {
        let mut listed: Vec<String> = sections
            .iter()
            .flat_map(|(section, cases)| (1..=*cases).map(move |case| format!("{section}/{case}")))
            .collect();
        let names = there(part);
        let mut named: Vec<&str> =
            names.iter().filter_map(|(name, ..)| name.split(' ').next()).filter(|id| id.contains('/')).collect();
        listed.sort();
        named.sort_unstable();
        assert_eq!(named, listed, "{part}");
    }
}
