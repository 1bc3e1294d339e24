//! States of streams (h2spec: http2, 5).

use super::*;

#[test]
fn states_of_streams() {
    check("http2", STATES);
}

pub const STATES: &[Case] = &[
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
    ("5.4.1/1 what ends a connection closes it", |raw| raw.frame(PING, 0, 3, &[0; 8]), Ends(&[PROTOCOL])),
    (
        "5.4.1/2 and says so",
        |raw| {
            raw.frame(PING, 0, 3, &[0; 8]);
            let end = raw.until(|frame| frame.kind == GOAWAY).expect("GOAWAY");
            assert_eq!(end.number(4), PROTOCOL);
        },
        Lets,
    ),
    (
        "5.4.1 what comes after it is not answered",
        |raw| {
            raw.frame(DATA, 0, 0, b"x");
            raw.get(1)
        },
        Ends(&[PROTOCOL]),
    ),
];
