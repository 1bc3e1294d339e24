//! How connections begin and go on, and windows (h2spec: http2, 3, 6.5.3, 6.7 and 6.9).

use super::*;

#[test]
fn beginnings_and_windows() {
    check("http2", CONNECTIONS);
}

fn is_acknowledged(raw: &mut Raw) -> bool {
    raw.until(|frame| frame.kind == SETTINGS && frame.flags == ACK).is_some()
}

/// How much the next piece of an answer has.
fn data(raw: &mut Raw) -> usize {
    raw.until(|frame| frame.kind == DATA).expect("DATA").payload.len()
}

pub const CONNECTIONS: &[Case] = &[
    (
        "3.5/1 settings come first",
        |raw| {
            raw.anew();
            raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            raw.settings(&[]);
            let first = raw.next().unwrap();
            assert_eq!((first.kind, first.flags), (SETTINGS, 0));
            // AWS's limit of streams is told; nothing is ever pushed.
            let told: Vec<_> =
                first.payload.chunks(6).map(|one| (one[1], u32::from_be_bytes(one[2..].try_into().unwrap()))).collect();
            assert!(told.contains(&(3, 128)), "{told:?}");
            assert!(is_acknowledged(raw));
        },
        GoesOn,
    ),
    (
        "3.5/2 what is no preface",
        |raw| {
            raw.anew();
            raw.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
            assert!(raw.until(|_| false).is_none());
        },
        Ends(&[PROTOCOL]),
    ),
    (
        "6.5.3/1 the last of several values counts",
        |raw| {
            raw.settings(&[(4, 100), (4, 1)]);
            raw.get(1);
            assert_eq!(data(raw), 1);
        },
        GoesOn,
    ),
    (
        "6.5.3/2 each is acknowledged",
        |raw| {
            assert!(is_acknowledged(raw));
            raw.settings(&[(3, 10)]);
            assert!(is_acknowledged(raw));
        },
        GoesOn,
    ),
    (
        "6.7/1 PING is answered",
        |raw| {
            raw.frame(PING, 0, 0, b"answered");
            let answer = raw.until(|frame| frame.kind == PING).unwrap();
            assert_eq!((answer.flags, &answer.payload[..]), (ACK, &b"answered"[..]));
        },
        GoesOn,
    ),
    (
        "6.7/2 what is acknowledged is not",
        |raw| {
            raw.frame(PING, ACK, 0, b"no reply");
            raw.frame(PING, 0, 0, b"answered");
            assert_eq!(raw.until(|frame| frame.kind == PING).unwrap().payload, b"answered");
        },
        GoesOn,
    ),
    (
        "6.9.1/1 no more than there is room for",
        |raw| {
            raw.settings(&[(4, 1)]);
            raw.get(1);
            assert_eq!(data(raw), 1);
        },
        GoesOn,
    ),
    (
        "6.9.2/1 more room for what is under way, too",
        |raw| {
            raw.settings(&[(4, 0)]);
            raw.get(1);
            raw.settings(&[(4, 1)]);
            assert_eq!(data(raw), 1);
        },
        GoesOn,
    ),
    (
        "6.9.2/2 a window below zero",
        |raw| {
            raw.settings(&[(4, 3)]);
            raw.get(1);
            assert_eq!(data(raw), 3);
            raw.settings(&[(4, 2)]);
            raw.frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 2]);
            assert_eq!(data(raw), 1);
        },
        GoesOn,
    ),
    ("6.9.2/3 a window that is too large", |raw| raw.settings(&[(4, 1 << 31)]), Ends(&[FLOW_CONTROL])),
    (
        "6.9.2 one that becomes too large",
        |raw| {
            raw.post(1);
            raw.frame(WINDOW_UPDATE, 0, 1, &(i32::MAX as u32 - 65_535).to_be_bytes());
            raw.settings(&[(4, 65_536)]);
        },
        Ends(&[FLOW_CONTROL]),
    ),
];

#[test]
fn a_client_that_sends_more_than_it_may() {
    let silent = Target::serving(|connection| {
        connection.head();
        std::thread::park();
    });
    let site = site(&[&silent], |_| {});
    let mut raw = Raw::connect(at(&site), &[]);
    raw.post(1);
    for _ in 0..2000 {
        raw.frame(DATA, 0, 1, &[0; 16384]);
    }
    let end = raw.until(|frame| frame.kind == GOAWAY || frame.kind == RST_STREAM);
    assert!(end.is_none_or(|frame| frame.number(if frame.kind == GOAWAY { 4 } else { 0 }) == FLOW_CONTROL));
}
