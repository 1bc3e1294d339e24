//! Heads that are malformed (h2spec: http2, 8; hpack).

use super::*;

#[test]
fn heads_that_are_malformed() {
    check("http2", HEADS);
    check("hpack", HPACK);
}

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

pub const HEADS: &[Case] = &[
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
    ("8.1.2.2/2 te", |raw| get_with(raw, &[("trailers", "test"), ("te", "trailers, deflate")]), Resets(&[PROTOCOL])),
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
];

pub const HPACK: &[Case] = &[
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
        |raw| get_and(raw, &[&[0x00, 0x85][..], &[0xf2, 0xb2, 0x4a, 0x84, 0xff], &[0x83, 0x49, 0x50, 0x90]].concat()),
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
];
