//! Frames that are not what they should be (h2spec: http2, 4 and 6 to 8).

use super::*;

#[test]
fn frames_that_are_not() {
    check("http2", FRAMES);
}

static LARGE: [u8; 16385] = [0; 16385];

pub const FRAMES: &[Case] = &[
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
    (
        "6.2/2 a head of another stream in a head",
        |raw| {
            raw.frame(HEADERS, 0, 1, &block(&request("GET")));
            raw.get(3)
        },
        Ends(&[PROTOCOL]),
    ),
    ("6.2/3 HEADERS on stream 0", |raw| raw.get(0), Ends(&[PROTOCOL])),
    (
        "6.2/4 padding that is too long",
        |raw| {
            let head = block(&request("GET"));
            raw.frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, &[&[head.len() as u8 + 1], &head[..]].concat());
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
        "6.10/1 a head in several pieces",
        |raw| {
            let head = block(&request("GET"));
            raw.frame(HEADERS, END_STREAM, 1, &head[..9]);
            raw.frame(CONTINUATION, 0, 1, &head[9..12]);
            raw.frame(CONTINUATION, 0, 1, &[]);
            raw.frame(CONTINUATION, END_HEADERS, 1, &head[12..]);
        },
        Answers,
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
];
