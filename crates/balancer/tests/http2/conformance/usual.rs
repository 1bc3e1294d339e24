//! What is all right (h2spec: generic).

use super::*;

#[test]
fn streams_and_frames_that_are_all_right() {
    check("generic", GENERIC);
}

pub const GENERIC: &[Case] = &[
    ("1/1 the preface", |_| {}, GoesOn),
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
        "3.3/2 PRIORITY of 256",
        |raw| {
            raw.frame(PRIORITY, 0, 1, &priority(0, 255));
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
        "3.3/5 on a higher stream, then a head on a lower one",
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
    ("3.7/1 PING", |raw| raw.frame(PING, 0, 0, b"isalive!"), GoesOn),
    ("3.8/1 GOAWAY", |raw| raw.frame(GOAWAY, 0, 0, &[0; 8]), Lets),
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
        "3.10/1 CONTINUATION",
        |raw| {
            let head = block(&request("GET"));
            raw.frame(HEADERS, END_STREAM, 1, &head[..9]);
            raw.frame(CONTINUATION, END_HEADERS, 1, &head[9..]);
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
    ("4/1 GET", |raw| raw.get(1), Answers),
    ("4/2 HEAD", |raw| get_of(raw, &request("HEAD")), Answers),
    (
        "4/3 POST",
        |raw| {
            raw.post(1);
            raw.frame(DATA, END_STREAM, 1, b"test");
        },
        Answers,
    ),
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
        |raw| raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &[&[0x82, 0x86, 0x84, 0x41, 1][..], b"a"].concat()),
        Answers,
    ),
    ("5/2 incremental", |raw| get_and(raw, &[&[0x7a, 4][..], b"test"].concat()), Answers),
    ("5/3 incremental, Huffman", |raw| get_and(raw, &[0x7a, 0x83, 0x49, 0x50, 0x9f]), Answers),
    ("5/4 incremental, new name", |raw| get_and(raw, &[&[0x40, 6][..], b"x-test", &[4], b"test"].concat()), Answers),
    (
        "5/5 incremental, new name, Huffman",
        |raw| get_and(raw, &[&[0x40][..], HUFFMAN_NAME, HUFFMAN_VALUE].concat()),
        Answers,
    ),
    ("5/6 not indexed", |raw| get_and(raw, &[&[0x0f, 0x2b, 4][..], b"test"].concat()), Answers),
    ("5/7 not indexed, Huffman", |raw| get_and(raw, &[&[0x0f, 0x2b][..], HUFFMAN_VALUE].concat()), Answers),
    ("5/8 not indexed, new name", |raw| get_and(raw, &[&[0x00, 6][..], b"x-test", &[4], b"test"].concat()), Answers),
    (
        "5/9 not indexed, new name, Huffman",
        |raw| get_and(raw, &[&[0x00][..], HUFFMAN_NAME, HUFFMAN_VALUE].concat()),
        Answers,
    ),
    ("5/10 never indexed", |raw| get_and(raw, &[&[0x1f, 0x2b, 4][..], b"test"].concat()), Answers),
    ("5/11 never indexed, Huffman", |raw| get_and(raw, &[&[0x1f, 0x2b][..], HUFFMAN_VALUE].concat()), Answers),
    ("5/12 never indexed, new name", |raw| get_and(raw, &[&[0x10, 6][..], b"x-test", &[4], b"test"].concat()), Answers),
    (
        "5/13 never indexed, new name, Huffman",
        |raw| get_and(raw, &[&[0x10][..], HUFFMAN_NAME, HUFFMAN_VALUE].concat()),
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
    (
        "5/15 several table size updates",
        |raw| {
            let head = [&[0x20, 0x3f, 0x61][..], &block(&request("GET"))].concat();
            raw.frame(HEADERS, END_HEADERS | END_STREAM, 1, &head);
        },
        Answers,
    ),
];

/// `x-test` and `test`, coded.
const HUFFMAN_NAME: &[u8] = &[0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff];
const HUFFMAN_VALUE: &[u8] = &[0x83, 0x49, 0x50, 0x9f];
