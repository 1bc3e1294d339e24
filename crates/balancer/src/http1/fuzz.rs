//! Heads of all kinds: however they arrive they are understood alike, and what is sent on is read by others as it was read here.

use super::{
    body::{Reading, Writing},
    head_length,
    request::{Request, within_limits},
    response::Response,
    room,
    strict::{self, Framing},
};
use crate::{
    desync::{Verdict, judge},
    heads::{HeadSettings, Passage, append_request, append_response, host},
};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use spec::balancing::{DesyncMitigation, XffProcessing};
use std::net::IpAddr;

/// Heads that are all right, for a beginning.
const REQUESTS: [&[u8]; 8] = [
    b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
    b"POST /a/b?c=d HTTP/1.1\r\nHost: a.test:8080\r\nContent-Length: 12\r\nContent-Type: text/plain\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\nConnection: TE, x-hop\r\nTE: trailers\r\nX-Hop: 1\r\n\r\n",
    b"GET http://b.test/a HTTP/1.1\r\nhost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\nX-Forwarded-For: 192.0.2.1, ::1\r\n\r\n",
    b"HEAD /a HTTP/1.0\r\nConnection: keep-alive\r\nX-Amzn-Trace-Id: Root=1-2-3;Self=4\r\n\r\n",
    b"POST / HTTP/1.1\nHost: a\nContent-Length: 0\nExpect: 100-continue\n\n",
    b"DELETE /%2e HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nCookie: a=b; c=d\r\n\r\n",
];
const RESPONSES: [&[u8]; 4] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nDate: now\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n\r\n",
    b"HTTP/1.0 404 \r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\nETag: \"x\"\nContent-Length: 7\n\n",
];

/// What readers disagree about.
const PIECES: [&[u8]; 40] = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\r\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b"\x0b",
    b"\x7f",
    b"\x80",
    b"\xff",
    b":",
    b" :",
    b": ",
    b",",
    b";",
    b"\"",
    b"\r\n ",
    b"\r\n\t",
    b"0",
    b"1",
    b"+1",
    b"chunked",
    b"identity",
    b"gzip, chunked",
    b"HTTP/1.0",
    b"HTTP/1.1 ",
    b"Host: b\r\n",
    b"Host:\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 6\r\n",
    b"content-length:\t5 \r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: x\r\n",
    b"transfer-encoding:chunked\r\n",
    b"Connection: host, content-length\r\n",
    b"Connection: close\r\n",
    b"GET /b HTTP/1.1\r\n",
    b"X-Forwarded-For: a\r\n",
];

/// One change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Insert(Index, &'static [u8]),
    Remove(Index, usize),
    /// A line again, somewhere else.
    Repeat(Index, Index),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Set(index, byte) if !bytes.is_empty() => *index.get_mut(bytes) = *byte,
            Self::Insert(index, piece) => {
                let at = at(index);
                bytes.splice(at..at, piece.iter().copied());
            }
            Self::Remove(index, count) => {
                let at = at(index);
                bytes.drain(at..bytes.len().min(at + count));
            }
            Self::Repeat(which, index) => {
                let lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                if !lines.is_empty() {
                    let at = at(index);
                    bytes.splice(at..at, which.get(&lines).iter().copied());
                }
            }
            Self::Set(..) => {}
        }
    }
}

fn changed(heads: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let change = prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), select(&PIECES[..])).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<Index>(), 1usize..5).prop_map(|(at, count)| Change::Remove(at, count)),
        any::<(Index, Index)>().prop_map(|(which, at)| Change::Repeat(which, at)),
    ];
    (select(heads), prop::collection::vec(change, 0..5)).prop_map(|(head, changes)| {
        let mut bytes = head.to_vec();
        changes.iter().for_each(|change| change.apply(&mut bytes));
        bytes
    })
}

fn framing(body: &Reading) -> Framing {
    match body {
        Reading::Length(length) => Framing::Length(*length),
        Reading::Chunked(_) | Reading::Close => Framing::Chunked,
    }
}

/// The first head of these bytes, and that it is found in the same place however they arrive.
fn arrived(bytes: &[u8]) -> Option<&[u8]> {
    let whole = head_length(bytes, 0);
    for cut in 0..=bytes.len() {
        let early = head_length(&bytes[..cut], 0);
        assert_eq!(early, whole.filter(|length| *length <= cut), "cut at {cut}");
        assert_eq!(early.or_else(|| head_length(bytes, cut)), whole, "cut at {cut}");
        // What is refused before it is whole would be refused as a whole.
        if early.is_none() && within_limits(&bytes[..cut]).is_err() {
            assert!(whole.is_none_or(|length| within_limits(&bytes[..length]).is_err()), "cut at {cut}");
        }
    }
    whole.map(|length| &bytes[..length])
}

/// What a target gets of a request: none if it is refused.
fn passed_on(bytes: &[u8]) {
    let Some(head) = arrived(bytes) else { return };
    let verdict = judge(DesyncMitigation::Defensive, head).0;
    let mut room = room();
    let Ok(request) = Request::read(head, &mut room) else { return };
    if verdict == Verdict::Refuse || request.values("host").nth(1).is_some() {
        return;
    }
    for xff_processing in [XffProcessing::Append, XffProcessing::Preserve] {
        let settings = HeadSettings {
            drop_invalid_header_fields: false,
            preserve_host_header: false,
            xff_processing,
            xff_client_port: false,
            tls_headers: false,
            mesh: false,
        };
        let host = host(&settings, &request, None, IpAddr::from([192, 0, 2, 1]), 80);
        let passage = Passage {
            settings: &settings,
            port: 80,
            protocol: "http",
            tls: None,
            client: ([192, 0, 2, 7], 1234).into(),
            host: &host,
            target: &request.target,
            now: 0,
            chance: 0,
            head_length: head.len(),
        };
        let mut out = Vec::new();
        if append_request(&mut out, &request, &passage).is_err() {
            return;
        }
        let read = strict::read(&out).unwrap_or_else(|what| panic!("{what}: {:?}", String::from_utf8_lossy(&out)));
        assert_eq!((&read.method[..], &read.target[..]), (request.method, &request.target[..]));
        assert_eq!(read.values("host"), [host.as_bytes()]);
        // No body is as good as an empty one.
        let is_same =
            read.framing == framing(&request.body) || read.framing == Framing::Nothing && request.body == Reading::NONE;
        assert!(is_same, "{:?} became {:?}", request.body, read.framing);
        let may_have = |name: &str| request.upgrade.is_some() && matches!(name, "connection" | "upgrade");
        for name in ["connection", "upgrade", "keep-alive", "te", "trailer", "proxy-connection", "expect"] {
            assert!(may_have(name) || read.values(name).is_empty(), "{name} went on");
        }
    }
}

/// What a client gets of an answer's head.
fn passed_back(bytes: &[u8]) {
    let Some(head) = arrived(bytes) else { return };
    for (to_head, is_11) in [(false, true), (true, true), (false, false)] {
        let mut room = room();
        let Ok(response) = Response::read(head, to_head, &mut room) else { return };
        if response.status < 200 {
            return;
        }
        let mut out = Vec::new();
        let (writing, keeps) = append_response(&mut out, &response, &[], "now", is_11, true);
        // A status line is as strict as another line; the rest is a head as any.
        let line = out.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let status_line = String::from_utf8(out[..line].to_vec()).unwrap();
        assert!(status_line.starts_with(&format!("HTTP/1.1 {} ", response.status)), "{status_line:?}");
        assert!(!status_line.trim_end_matches("\r\n").contains(['\r', '\n', '\0']), "{status_line:?}");
        let request = [b"GET / HTTP/1.1\r\nHost: a\r\n", &out[line..]].concat();
        let has_host = response.fields.iter().any(|field| field.name.eq_ignore_ascii_case("host"));
        let read = match strict::read(&request) {
            Err(what) if what == "not one host" && has_host => continue,
            read => read.unwrap_or_else(|what| panic!("{what}: {:?}", String::from_utf8_lossy(&out))),
        };
        match (&response.body, writing) {
            (Reading::Chunked(_) | Reading::Close, Writing::Chunked) => assert_eq!(read.framing, Framing::Chunked),
            (Reading::Chunked(_) | Reading::Close, Writing::Plain) => {
                assert!(read.framing == Framing::Nothing && !keeps)
            }
            // There is none, whatever length is told.
            (Reading::Length(0), _) => assert_ne!(read.framing, Framing::Chunked),
            (Reading::Length(length), _) => assert_eq!(read.framing, Framing::Length(*length)),
        }
    }
}

/// Holds a number of cases against all of the above.
fn run(mut runner: TestRunner) {
    let some = prop_oneof![
        4 => changed(&REQUESTS),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::collection::vec(select(&PIECES[..]), 0..20).prop_map(|pieces| [b"GET / HTTP/1.1\r\n", &pieces.concat()[..]].concat()),
    ];
    runner
        .run(&some, |bytes| {
            passed_on(&bytes);
            Ok(())
        })
        .unwrap();
    runner
        .run(&changed(&RESPONSES), |bytes| {
            passed_back(&bytes);
            Ok(())
        })
        .unwrap();
}

#[test]
fn whatever_arrives_is_understood_alike_by_all() {
    let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
    run(TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)));
}

#[test]
#[ignore = "takes minutes, and others each time"]
fn whatever_arrives_for_long() {
    run(TestRunner::new(Config { cases: 1_000_000, failure_persistence: None, ..Config::default() }));
}

#[test]
fn unchanged_heads_pass() {
    for head in REQUESTS {
        assert!(Request::read(head, &mut room()).is_ok(), "{:?}", String::from_utf8_lossy(head));
        passed_on(head);
    }
    for head in RESPONSES {
        assert!(Response::read(head, false, &mut room()).is_ok(), "{:?}", String::from_utf8_lossy(head));
        passed_back(head);
    }
}
