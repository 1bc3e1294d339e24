//! What RFC 9113 and RFC 7541 ask of a server, case by case, in the order of h2spec's sections.

use crate::{
    client::site,
    frames::*,
    support::{Site, Target},
};
use std::net::SocketAddr;

/// What a server does about something.
#[derive(Debug, Clone, Copy)]
enum Then {
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

type Case = (&'static str, fn(&mut Raw), Then);

fn check(section: &str, cases: &[Case]) {
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

fn at(site: &Site) -> SocketAddr {
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

fn priority(depends_on: u32, weight: u8) -> Vec<u8> {
    [&depends_on.to_be_bytes()[..], &[weight]].concat()
}

fn get_with(raw: &mut Raw, fields: &[Field<'_>]) {
    let mut all = request("GET");
    all.extend(fields);
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&all));
}

fn get_of(raw: &mut Raw, fields: &[Field<'_>]) {
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(fields));
}

/// A head of these bytes after a usual one.
fn get_and(raw: &mut Raw, more: &[u8]) {
    let mut all = block(&request("GET"));
    all.extend(more);
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &all);
}

/// A stream that is over.
fn done(raw: &mut Raw) {
    raw.get(1);
    assert!(raw.is_answered(1));
}

const A: &[u8] = &[0x41, 0];

#[test]
fn streams_and_frames_that_are_all_right() {
    check(
        "generic",
        &[
            (
                "2/1 PRIORITY on an idle stream",
                |raw| {
                    raw.frame(PRIORITY, 0, 1, &priority(0, 255));
                    raw.get(1)
                },
                Answers,
            ),
            (
                "2/2 WINDOW_UPDATE on a half-closed stream",
                |raw| {
                    raw.get(1);
                    raw.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])
                },
                Answers,
            ),
            (
                "2/3 PRIORITY on a half-closed stream",
                |raw| {
                    raw.get(1);
                    raw.frame(PRIORITY, 0, 1, &priority(0, 255))
                },
                Answers,
            ),
            (
                "2/4 RST_STREAM on a half-closed stream",
                |raw| {
                    raw.get(1);
                    raw.frame(RST_STREAM, 0, 1, &8u32.to_be_bytes())
                },
                GoesOn,
            ),
            (
                "2/5 PRIORITY on a closed stream",
                |raw| {
                    done(raw);
                    raw.frame(PRIORITY, 0, 1, &priority(0, 255))
                },
                GoesOn,
            ),
            (
                "3.1/1 DATA",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Answers,
            ),
            (
                "3.1/2 two of them",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, 0, 1, b"test");
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Answers,
            ),
            (
                "3.1/3 padded DATA",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, END_STREAM | PADDED, 1, b"\x02test\0\0")
                },
                Answers,
            ),
            ("3.2/1 HEADERS", |raw| raw.get(1), Answers),
            (
                "3.2/2 padded",
                |raw| {
                    let padded = [&[6], &block(&request("GET"))[..], &[0; 6]].concat();
                    raw.frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, &padded);
                },
                Answers,
            ),
            (
                "3.2/3 with a priority",
                |raw| {
                    let with = [priority(0, 255), block(&request("GET"))].concat();
                    raw.frame(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, &with);
                },
                Answers,
            ),
            (
                "3.3/1 PRIORITY of 1",
                |raw| {
                    raw.frame(PRIORITY, 0, 1, &priority(0, 0));
                    raw.get(1)
                },
                Answers,
            ),
            (
                "3.3/3 on another stream",
                |raw| {
                    raw.frame(PRIORITY, 0, 3, &priority(1, 1));
                    raw.get(1)
                },
                Answers,
            ),
            (
                "3.3/4 exclusive",
                |raw| {
                    raw.frame(PRIORITY, 0, 3, &priority(1 << 31 | 1, 1));
                    raw.get(1)
                },
                Answers,
            ),
            (
                "3.3/5 on a higher stream",
                |raw| {
                    raw.frame(PRIORITY, 0, 5, &priority(0, 1));
                    raw.get(1)
                },
                Answers,
            ),
            (
                "3.4/1 RST_STREAM",
                |raw| {
                    raw.post(1);
                    raw.frame(RST_STREAM, 0, 1, &8u32.to_be_bytes())
                },
                GoesOn,
            ),
            ("3.5/1 SETTINGS", |raw| raw.settings(&[(3, 100)]), GoesOn),
            (
                "3.9/1 WINDOW_UPDATE of the connection",
                |raw| {
                    raw.frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]);
                    raw.get(1)
                },
                Answers,
            ),
            (
                "3.9/2 of a stream",
                |raw| {
                    raw.post(1);
                    raw.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]);
                    raw.frame(DATA, END_STREAM, 1, b"")
                },
                Answers,
            ),
            (
                "3.10/2 CONTINUATION, twice",
                |raw| {
                    let head = block(&request("GET"));
                    raw.frame(HEADERS, END_STREAM, 1, &head[..9]);
                    raw.frame(CONTINUATION, 0, 1, &head[9..20]);
                    raw.frame(CONTINUATION, END_HEADERS, 1, &head[20..]);
                },
                Answers,
            ),
            ("4/2 HEAD", |raw| get_of(raw, &request("HEAD")), Answers),
            (
                "4/4 POST with trailers",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, 0, 1, b"test");
                    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[("x-test", "ok")]));
                },
                Answers,
            ),
            // Of the static table, then a literal of each kind with a name of it and without.
            (
                "5/1 indexed",
                |raw| {
                    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &[&[0x82, 0x86, 0x84, 0x41, 1][..], b"a"].concat())
                },
                Answers,
            ),
            ("5/2 incremental", |raw| get_and(raw, &[&[0x7a, 4][..], b"test"].concat()), Answers),
            ("5/3 incremental, Huffman", |raw| get_and(raw, &[0x7a, 0x83, 0x49, 0x50, 0x9f]), Answers),
            (
                "5/4 incremental, new name",
                |raw| get_and(raw, &[&[0x40, 6][..], b"x-test", &[4], b"test"].concat()),
                Answers,
            ),
            ("5/6 not indexed", |raw| get_and(raw, &[&[0x0f, 0x2b, 4][..], b"test"].concat()), Answers),
            ("5/10 never indexed", |raw| get_and(raw, &[&[0x1f, 0x2b, 4][..], b"test"].concat()), Answers),
            (
                "5/12 never indexed, new name",
                |raw| get_and(raw, &[&[0x10, 6][..], b"x-test", &[4], b"test"].concat()),
                Answers,
            ),
            (
                "5/14 table size update",
                |raw| {
                    let head = [&[0x3f, 0x61][..], &block(&request("GET"))].concat();
                    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &head);
                },
                Answers,
            ),
        ],
    );
}

#[test]
fn frames_that_are_not() {
    const LARGE: [u8; 16385] = [0; 16385];
    check(
        "http2/4",
        &[
            ("4.1/1 of an unknown type", |raw| raw.frame(0x16, 0, 0, &[0; 8]), GoesOn),
            ("4.1/2 with undefined flags", |raw| raw.frame(PING, 0xfe, 0, b"isalive!"), GoesOn),
            ("4.1/3 with the reserved bit", |raw| raw.frame(PING, 0, 1 << 31, b"isalive!"), GoesOn),
            (
                "4.2/1 DATA as large as may be",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, END_STREAM, 1, &LARGE[..16384])
                },
                Answers,
            ),
            (
                "4.2/2 larger",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, END_STREAM, 1, &LARGE)
                },
                Resets(&[FRAME_SIZE]),
            ),
            ("4.2/3 HEADERS", |raw| raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &LARGE), Ends(&[FRAME_SIZE])),
            ("4.3/1 a head that is none", |raw| get_and(raw, b"\x00\x08x"), Ends(&[COMPRESSION])),
            (
                "4.3/2 PRIORITY within a head",
                |raw| {
                    raw.frame(HEADERS, END_STREAM, 1, &block(&request("GET")));
                    raw.frame(PRIORITY, 0, 1, &priority(0, 255));
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "4.3/3 another head within a head",
                |raw| {
                    raw.frame(HEADERS, END_STREAM, 1, &block(&request("GET")));
                    raw.get(3)
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "5.5/1 an extension",
                |raw| {
                    raw.frame(0x16, 0, 1, &[0; 8]);
                    raw.get(1)
                },
                Answers,
            ),
            (
                "5.5/2 within a head",
                |raw| {
                    raw.frame(HEADERS, END_STREAM, 1, &block(&request("GET")));
                    raw.frame(0x16, 0, 1, &[0; 8])
                },
                Ends(&[PROTOCOL]),
            ),
            ("6.1/1 DATA on stream 0", |raw| raw.frame(DATA, END_STREAM, 0, b"test"), Ends(&[PROTOCOL])),
            (
                "6.1/2 DATA on a stream that is not open",
                |raw| {
                    raw.get(1);
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Resets(&[STREAM_CLOSED]),
            ),
            (
                "6.1/3 padding that is too long",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, END_STREAM | PADDED, 1, b"\x06test")
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "6.2/1 PRIORITY in a head",
                |raw| {
                    raw.frame(HEADERS, 0, 1, &block(&request("GET")));
                    raw.frame(PRIORITY, 0, 1, &priority(0, 255))
                },
                Ends(&[PROTOCOL]),
            ),
            ("6.2/3 HEADERS on stream 0", |raw| raw.get(0), Ends(&[PROTOCOL])),
            (
                "6.2/4 padding that is too long",
                |raw| {
                    let head = block(&request("GET"));
                    raw.frame(
                        HEADERS,
                        END_HEADERS | END_STREAM | PADDED,
                        1,
                        &[&[head.len() as u8 + 1], &head[..]].concat(),
                    );
                },
                Ends(&[PROTOCOL]),
            ),
            ("6.3/1 PRIORITY on stream 0", |raw| raw.frame(PRIORITY, 0, 0, &priority(0, 255)), Ends(&[PROTOCOL])),
            (
                "6.3/2 of another length",
                |raw| {
                    raw.post(1);
                    raw.frame(PRIORITY, 0, 1, &[128, 0, 0, 1])
                },
                Resets(&[FRAME_SIZE]),
            ),
            ("6.4/1 RST_STREAM on stream 0", |raw| raw.frame(RST_STREAM, 0, 0, &[0, 0, 0, 8]), Ends(&[PROTOCOL])),
            ("6.4/2 on an idle stream", |raw| raw.frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), Ends(&[PROTOCOL])),
            (
                "6.4/3 of another length",
                |raw| {
                    raw.post(1);
                    raw.frame(RST_STREAM, 0, 1, &[0, 0, 8])
                },
                Ends(&[FRAME_SIZE]),
            ),
            ("6.5/1 acknowledged SETTINGS with content", |raw| raw.frame(SETTINGS, ACK, 0, &[0]), Ends(&[FRAME_SIZE])),
            ("6.5/2 on a stream", |raw| raw.frame(SETTINGS, 0, 1, &[0, 3, 0, 0, 0, 100]), Ends(&[PROTOCOL])),
            ("6.5/3 of another length", |raw| raw.frame(SETTINGS, 0, 0, &[0, 3, 0]), Ends(&[FRAME_SIZE])),
            ("6.5.2/1 ENABLE_PUSH", |raw| raw.settings(&[(2, 2)]), Ends(&[PROTOCOL])),
            ("6.5.2/2 INITIAL_WINDOW_SIZE", |raw| raw.settings(&[(4, 1 << 31)]), Ends(&[FLOW_CONTROL])),
            ("6.5.2/3 MAX_FRAME_SIZE too small", |raw| raw.settings(&[(5, 16383)]), Ends(&[PROTOCOL])),
            ("6.5.2/4 too large", |raw| raw.settings(&[(5, 1 << 24)]), Ends(&[PROTOCOL])),
            ("6.5.2/5 unknown", |raw| raw.settings(&[(0xff, 1)]), GoesOn),
            ("6.7/3 PING on a stream", |raw| raw.frame(PING, 0, 1, &[0; 8]), Ends(&[PROTOCOL])),
            ("6.7/4 of another length", |raw| raw.frame(PING, 0, 0, &[0; 6]), Ends(&[FRAME_SIZE])),
            ("6.8/1 GOAWAY on a stream", |raw| raw.frame(GOAWAY, 0, 1, &[0; 8]), Ends(&[PROTOCOL])),
            ("6.9/1 WINDOW_UPDATE by nothing", |raw| raw.frame(WINDOW_UPDATE, 0, 0, &[0; 4]), Ends(&[PROTOCOL])),
            (
                "6.9/2 of a stream",
                |raw| {
                    raw.post(1);
                    raw.frame(WINDOW_UPDATE, 0, 1, &[0; 4])
                },
                Resets(&[PROTOCOL]),
            ),
            ("6.9/3 of another length", |raw| raw.frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1]), Ends(&[FRAME_SIZE])),
            (
                "6.9.1/2 a window that is too large",
                |raw| {
                    for _ in 0..2 {
                        raw.frame(WINDOW_UPDATE, 0, 0, &i32::MAX.to_be_bytes())
                    }
                },
                Ends(&[FLOW_CONTROL]),
            ),
            (
                "6.9.1/3 a stream's",
                |raw| {
                    raw.post(1);
                    for _ in 0..2 {
                        raw.frame(WINDOW_UPDATE, 0, 1, &i32::MAX.to_be_bytes())
                    }
                },
                Resets(&[FLOW_CONTROL]),
            ),
            (
                "6.10/2 a head that something else interrupts",
                |raw| {
                    let head = block(&request("GET"));
                    raw.frame(HEADERS, END_STREAM, 1, &head[..9]);
                    raw.frame(CONTINUATION, 0, 1, &head[9..]);
                    raw.frame(DATA, END_STREAM, 1, b"test");
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "6.10/3 CONTINUATION on stream 0",
                |raw| {
                    raw.frame(HEADERS, END_STREAM, 1, &block(&request("GET")));
                    raw.frame(CONTINUATION, END_HEADERS, 0, A)
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "6.10/4 after a head's end",
                |raw| {
                    raw.post(1);
                    raw.frame(CONTINUATION, END_HEADERS, 1, A)
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "6.10/5 after a CONTINUATION that was the end",
                |raw| {
                    raw.frame(HEADERS, 0, 1, &block(&request("POST")));
                    raw.frame(CONTINUATION, END_HEADERS, 1, &block(&[("x", "y")]));
                    raw.frame(CONTINUATION, END_HEADERS, 1, A);
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "6.10/6 after DATA",
                |raw| {
                    raw.post(1);
                    raw.frame(DATA, 0, 1, b"test");
                    raw.frame(CONTINUATION, END_HEADERS, 1, A)
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "7/1 GOAWAY with an unknown code",
                |raw| {
                    raw.frame(PING, 0, 0, b"isalive!");
                    raw.frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 0xff])
                },
                Lets,
            ),
            (
                "7/2 RST_STREAM with an unknown code",
                |raw| {
                    raw.post(1);
                    raw.frame(RST_STREAM, 0, 1, &[0, 0, 0, 0xff])
                },
                GoesOn,
            ),
            (
                "8.2/1 PUSH_PROMISE",
                |raw| {
                    let head = [&2u32.to_be_bytes()[..], &block(&request("GET"))].concat();
                    raw.frame(PUSH_PROMISE, END_HEADERS, 1, &head);
                },
                Ends(&[PROTOCOL]),
            ),
        ],
    );
}

#[test]
fn states_of_streams() {
    check(
        "http2/5",
        &[
            ("5.1/1 idle: DATA", |raw| raw.frame(DATA, END_STREAM, 1, b"test"), Ends(&[PROTOCOL])),
            ("5.1/2 idle: RST_STREAM", |raw| raw.frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), Ends(&[PROTOCOL])),
            ("5.1/3 idle: WINDOW_UPDATE", |raw| raw.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 100]), Ends(&[PROTOCOL])),
            ("5.1/4 idle: CONTINUATION", |raw| raw.frame(CONTINUATION, END_HEADERS, 1, A), Ends(&[PROTOCOL])),
            (
                "5.1/5 half-closed: DATA",
                |raw| {
                    raw.get(1);
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Resets(&[STREAM_CLOSED]),
            ),
            (
                "5.1/6 half-closed: HEADERS",
                |raw| {
                    raw.get(1);
                    raw.get(1)
                },
                Resets(&[STREAM_CLOSED]),
            ),
            (
                "5.1/7 half-closed: CONTINUATION",
                |raw| {
                    raw.get(1);
                    raw.frame(CONTINUATION, END_HEADERS, 1, A)
                },
                Ends(&[STREAM_CLOSED, PROTOCOL]),
            ),
            (
                "5.1/8 reset: DATA",
                |raw| {
                    raw.post(1);
                    raw.frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Resets(&[STREAM_CLOSED]),
            ),
            (
                "5.1/9 reset: HEADERS",
                |raw| {
                    raw.post(1);
                    raw.frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
                    raw.get(1)
                },
                Resets(&[STREAM_CLOSED]),
            ),
            (
                "5.1/10 reset: CONTINUATION",
                |raw| {
                    raw.post(1);
                    raw.frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
                    raw.frame(CONTINUATION, END_HEADERS, 1, A)
                },
                Ends(&[STREAM_CLOSED, PROTOCOL]),
            ),
            (
                "5.1/11 closed: DATA",
                |raw| {
                    done(raw);
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Resets(&[STREAM_CLOSED]),
            ),
            (
                "5.1/12 closed: HEADERS",
                |raw| {
                    done(raw);
                    raw.get(1)
                },
                Ends(&[STREAM_CLOSED, PROTOCOL]),
            ),
            (
                "5.1/13 closed: CONTINUATION",
                |raw| {
                    done(raw);
                    raw.frame(CONTINUATION, END_HEADERS, 1, A)
                },
                Ends(&[STREAM_CLOSED, PROTOCOL]),
            ),
            ("5.1.1/1 an even number", |raw| raw.get(2), Ends(&[PROTOCOL])),
            (
                "5.1.1/2 a smaller one",
                |raw| {
                    raw.get(5);
                    raw.get(3)
                },
                Ends(&[PROTOCOL]),
            ),
            (
                "5.1.2/1 more than allowed",
                |raw| {
                    for stream in 0..=128 {
                        raw.post(stream * 2 + 1)
                    }
                },
                Resets(&[PROTOCOL, REFUSED]),
            ),
            (
                "5.3.1/1 HEADERS that depend on themselves",
                |raw| {
                    let with = [priority(1, 255), block(&request("GET"))].concat();
                    raw.frame(HEADERS, END_HEADERS | END_STREAM | WITH_PRIORITY, 1, &with);
                },
                Resets(&[PROTOCOL]),
            ),
            ("5.3.1/2 PRIORITY", |raw| raw.frame(PRIORITY, 0, 2, &priority(2, 255)), Resets(&[PROTOCOL])),
            (
                "5.4.1/1 what ends a connection",
                |raw| {
                    raw.frame(DATA, 0, 0, b"x");
                    raw.get(1)
                },
                Ends(&[PROTOCOL]),
            ),
        ],
    );
}

#[test]
fn heads_that_are_malformed() {
    fn omitting(raw: &mut Raw, name: &str) {
        let fields: Vec<Field<'_>> = request("GET").into_iter().filter(|(key, _)| *key != name).collect();
        get_of(raw, &fields);
    }
    fn twice(raw: &mut Raw, name: &str) {
        let mut fields = request("GET");
        let again = *fields.iter().find(|(key, _)| *key == name).unwrap();
        fields.insert(0, again);
        get_of(raw, &fields);
    }
    fn sized(raw: &mut Raw, length: &str, pieces: &[&[u8]]) {
        let mut fields = request("POST");
        fields.push(("content-length", length));
        raw.frame(HEADERS, END_HEADERS, 1, &block(&fields));
        for (index, piece) in pieces.iter().enumerate() {
            raw.frame(DATA, if index + 1 == pieces.len() { END_STREAM } else { 0 }, 1, piece);
        }
    }
    check(
        "http2/8",
        &[
            (
                "8.1/1 a second head that is no trailers",
                |raw| {
                    raw.post(1);
                    raw.post(1);
                    raw.frame(DATA, END_STREAM, 1, b"test")
                },
                Resets(&[PROTOCOL]),
            ),
            ("8.1.2/1 upper case", |raw| get_with(raw, &[("X-TEST", "ok")]), Resets(&[PROTOCOL])),
            (
                "8.1.2.1/1 an unknown pseudo-header",
                |raw| {
                    let mut all = vec![(":test", "ok")];
                    all.extend(request("GET"));
                    get_of(raw, &all)
                },
                Resets(&[PROTOCOL]),
            ),
            (
                "8.1.2.1/2 one of answers",
                |raw| {
                    let mut all = vec![(":status", "200")];
                    all.extend(request("GET"));
                    get_of(raw, &all)
                },
                Resets(&[PROTOCOL]),
            ),
            (
                "8.1.2.1/3 one in trailers",
                |raw| {
                    raw.post(1);
                    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(":method", "x")]))
                },
                Resets(&[PROTOCOL]),
            ),
            (
                "8.1.2.1/4 after a field",
                |raw| {
                    let mut all = vec![("x-test", "ok")];
                    all.extend(request("GET"));
                    get_of(raw, &all)
                },
                Resets(&[PROTOCOL]),
            ),
            ("8.1.2.2/1 a connection's", |raw| get_with(raw, &[("connection", "keep-alive")]), Resets(&[PROTOCOL])),
            (
                "8.1.2.2/2 te",
                |raw| get_with(raw, &[("trailers", "test"), ("te", "trailers, deflate")]),
                Resets(&[PROTOCOL]),
            ),
            (
                "8.1.2.3/1 an empty path",
                |raw| get_of(raw, &[(":method", "GET"), (":scheme", "http"), (":path", ""), (":authority", "a")]),
                Resets(&[PROTOCOL]),
            ),
            ("8.1.2.3/2 no method", |raw| omitting(raw, ":method"), Resets(&[PROTOCOL])),
            ("8.1.2.3/3 no scheme", |raw| omitting(raw, ":scheme"), Resets(&[PROTOCOL])),
            ("8.1.2.3/4 no path", |raw| omitting(raw, ":path"), Resets(&[PROTOCOL])),
            ("8.1.2.3/5 two methods", |raw| twice(raw, ":method"), Resets(&[PROTOCOL])),
            ("8.1.2.3/6 two schemes", |raw| twice(raw, ":scheme"), Resets(&[PROTOCOL])),
            ("8.1.2.3/7 two paths", |raw| twice(raw, ":path"), Resets(&[PROTOCOL])),
            ("8.1.2.6/1 another length", |raw| sized(raw, "1", &[b"test"]), Resets(&[PROTOCOL])),
            ("8.1.2.6/2 of several pieces", |raw| sized(raw, "1", &[b"test", b"test"]), Resets(&[PROTOCOL])),
        ],
    );
    check(
        "hpack",
        &[
            ("2.3.3/1 an index that is not there", |raw| get_and(raw, &[0xff, 0x00]), Ends(&[COMPRESSION])),
            ("2.3.3/2 of a name", |raw| get_and(raw, &[&[0x7f, 0x10, 4][..], b"test"].concat()), Ends(&[COMPRESSION])),
            ("4.2/1 a size update at the end", |raw| get_and(raw, &[0x21]), Ends(&[COMPRESSION])),
            (
                "5.2/1 Huffman with padding of more than 7 bits",
                |raw| {
                    get_and(
                        raw,
                        &[&[0x00, 0x85][..], &[0xf2, 0xb2, 0x4a, 0x84, 0xff], &[0x84, 0x49, 0x50, 0x9f, 0xff]].concat(),
                    )
                },
                Ends(&[COMPRESSION]),
            ),
            (
                "5.2/2 with zeros",
                |raw| {
                    get_and(
                        raw,
                        &[&[0x00, 0x85][..], &[0xf2, 0xb2, 0x4a, 0x84, 0xff], &[0x83, 0x49, 0x50, 0x90]].concat(),
                    )
                },
                Ends(&[COMPRESSION]),
            ),
            (
                "5.2/3 with the end of a string",
                |raw| {
                    get_and(
                        raw,
                        &[
                            &[0x00, 0x85][..],
                            &[0xf2, 0xb2, 0x4a, 0x84, 0xff],
                            &[0x87, 0x49, 0x51, 0xff, 0xff, 0xff, 0xfa, 0x7f],
                        ]
                        .concat(),
                    )
                },
                Ends(&[COMPRESSION]),
            ),
            ("6.1/1 index 0", |raw| get_and(raw, &[0x80]), Ends(&[COMPRESSION])),
            (
                "6.3/1 a size that is too large",
                |raw| {
                    let head = [&[0x3f, 0xe2, 0x1f][..], &block(&request("GET"))].concat();
                    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &head);
                },
                Ends(&[COMPRESSION]),
            ),
        ],
    );
}

#[test]
fn prefaces_settings_and_pings() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    // 3.5: settings come first, and what is no preface ends the connection.
    let mut raw = Raw::silent(at(&site));
    raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    raw.settings(&[]);
    let first = raw.next().unwrap();
    assert_eq!((first.kind, first.flags), (SETTINGS, 0));
    // AWS's limit of streams is told; nothing is ever pushed.
    let told: Vec<_> =
        first.payload.chunks(6).map(|one| (one[1], u32::from_be_bytes(one[2..].try_into().unwrap()))).collect();
    assert!(told.contains(&(3, 128)), "{told:?}");
    assert!(raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some());
    let mut raw = Raw::silent(at(&site));
    raw.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    assert!(raw.until(|_| false).is_none());
    // 6.5.3/2 each is acknowledged; 6.7 what is acknowledged is not answered.
    let mut raw = Raw::connect(at(&site), &[]);
    assert!(raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some());
    raw.settings(&[(3, 10)]);
    assert!(raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some());
    raw.frame(PING, ACK, 0, b"no reply");
    raw.frame(PING, 0, 0, b"answered");
    assert_eq!(raw.until(|frame| frame.kind == PING).unwrap().payload, b"answered");
    // 3.8: a client that goes is let go.
    raw.frame(GOAWAY, 0, 0, &[0; 8]);
    assert!(raw.until(|_| false).is_none());
}

#[test]
fn windows() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let data = |raw: &mut Raw| raw.until(|frame| frame.kind == DATA).unwrap().payload.len();
    // 6.9.1/1 no more than there is room for.
    let mut raw = Raw::connect(at(&site), &[(4, 1)]);
    raw.get(1);
    assert_eq!(data(&mut raw), 1);
    // 6.9.2/1 more room for what is under way, too.
    raw.settings(&[(4, 3)]);
    assert_eq!(data(&mut raw), 2);
    // 6.9.2/2 a window may be below zero.
    raw.settings(&[(4, 2)]);
    raw.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 2]);
    assert_eq!(data(&mut raw), 1);
    // 6.5.3/1 the last of several values counts.
    let mut raw = Raw::connect(at(&site), &[(4, 100), (4, 1)]);
    raw.get(1);
    assert_eq!(data(&mut raw), 1);
    // A client that sends more than it may.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.post(1);
    let silent = Target::serving(|connection| {
        connection.head();
        std::thread::park();
    });
    let other = crate::client::site(&[&silent], |_| {});
    let mut raw = Raw::connect(at(&other), &[]);
    raw.post(1);
    for _ in 0..2000 {
        raw.frame(DATA, 0, 1, &[0; 16384]);
    }
    let end = raw.until(|frame| frame.kind == GOAWAY || frame.kind == RST_STREAM);
    assert!(end.is_none_or(|frame| frame.number(if frame.kind == GOAWAY { 4 } else { 0 }) == FLOW_CONTROL));
}

#[test]
fn floods_end_the_connection() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let calmed = |raw: &mut Raw| {
        let end = raw.until(|frame| frame.kind == GOAWAY);
        assert!(end.as_ref().is_none_or(|end| end.number(4) == ENHANCE_YOUR_CALM), "{end:?}");
    };
    // Rapid reset.
    let mut raw = Raw::connect(at(&site), &[]);
    let mut many = Vec::new();
    for stream in 0..2000u32 {
        many.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream * 2 + 1, &block(&request("GET"))));
        many.extend(frame(RST_STREAM, 0, stream * 2 + 1, &[0, 0, 0, 8]));
    }
    raw.send(&many);
    calmed(&mut raw);
    // A head without end.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.frame(HEADERS, END_STREAM, 1, &block(&request("GET")));
    for _ in 0..20_000 {
        raw.frame(CONTINUATION, 0, 1, &[]);
    }
    calmed(&mut raw);
    // One that is large as it is sent, and one that becomes large.
    let mut raw = Raw::connect(at(&site), &[]);
    get_with(&mut raw, &[("x", &"y".repeat(8192))]);
    calmed(&mut raw);
    let mut raw = Raw::connect(at(&site), &[]);
    let mut bomb = block(&request("GET"));
    bomb.extend([0x40, 1, b'x', 0x7f, 0x80 + 0x39, 0x1e]);
    bomb.resize(bomb.len() + 4000, b'y');
    bomb.resize(bomb.len() + 4000, 0xbe);
    raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb);
    let refused = raw.until(|frame| matches!(frame.kind, GOAWAY | RST_STREAM));
    assert!(refused.is_none_or(|refused| refused.stream <= 1));
    assert!(target.heads.lock().unwrap().iter().all(|head| head.len() < 64 << 10));
    // Empty frames.
    let mut raw = Raw::connect(at(&site), &[]);
    raw.post(1);
    for _ in 0..200_000 {
        raw.frame(DATA, 0, 1, &[]);
    }
    calmed(&mut raw);
}
