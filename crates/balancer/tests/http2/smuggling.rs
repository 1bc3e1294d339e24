//! Requests in HTTP/2 that would be several in HTTP/1.1, or another: no target ever sees them.

use crate::{
    client::site,
    frames::*,
    support::{Site, Target},
};

/// A raw head, field by field, as no honest encoder writes it.
type Head = &'static [(&'static [u8], &'static [u8])];

const METHOD: (&[u8], &[u8]) = (b":method", b"POST");
const SCHEME: (&[u8], &[u8]) = (b":scheme", b"http");
const PATH: (&[u8], &[u8]) = (b":path", b"/");
const AUTHORITY: (&[u8], &[u8]) = (b":authority", b"a.test");

/// Attacks of the families that James Kettle found ("HTTP/2: The Sequel is Always Worse") and their relatives.
const ATTACKS: &[(&str, Head)] = &[
    ("H2.CL", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"0")]),
    ("H2.CL, shorter", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"1")]),
    ("H2.CL, longer", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"1000")]),
    ("H2.CL, two", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"38"), (b"content-length", b"0")]),
    ("H2.CL, a list", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"38, 0")]),
    ("H2.CL, signed", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"+38")]),
    ("H2.CL, blank", &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b" 38")]),
    ("H2.TE", &[METHOD, SCHEME, PATH, AUTHORITY, (b"transfer-encoding", b"chunked")]),
    ("H2.TE, identity", &[METHOD, SCHEME, PATH, AUTHORITY, (b"transfer-encoding", b"identity")]),
    ("H2.TE in a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\r\ntransfer-encoding: chunked")]),
    ("a line feed in a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\ntransfer-encoding: chunked")]),
    ("a carriage return in a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\rtransfer-encoding: chunked")]),
    ("a zero in a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\0c")]),
    ("a value that ends with a line", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\r\n")]),
    ("a request in a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\r\n\r\nGET /x HTTP/1.1\r\nHost: b")]),
    ("a blank before a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b" b")]),
    ("a tab after a value", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo", b"b\t")]),
    ("a colon in a name", &[METHOD, SCHEME, PATH, AUTHORITY, (b"transfer-encoding: chunked\r\nx", b"y")]),
    ("a name with a colon", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo: bar", b"y")]),
    ("a name with a line", &[METHOD, SCHEME, PATH, AUTHORITY, (b"foo: b\r\nhost", b"y")]),
    ("a name with a blank", &[METHOD, SCHEME, PATH, AUTHORITY, (b"transfer-encoding ", b"chunked")]),
    ("an empty name", &[METHOD, SCHEME, PATH, AUTHORITY, (b"", b"chunked")]),
    ("upper case", &[METHOD, SCHEME, PATH, AUTHORITY, (b"Transfer-Encoding", b"chunked")]),
    ("connection", &[METHOD, SCHEME, PATH, AUTHORITY, (b"connection", b"content-length")]),
    ("keep-alive", &[METHOD, SCHEME, PATH, AUTHORITY, (b"keep-alive", b"1")]),
    ("proxy-connection", &[METHOD, SCHEME, PATH, AUTHORITY, (b"proxy-connection", b"close")]),
    ("upgrade", &[METHOD, SCHEME, PATH, AUTHORITY, (b"upgrade", b"h2c")]),
    ("te", &[METHOD, SCHEME, PATH, AUTHORITY, (b"te", b"chunked")]),
    ("a method with a request", &[(b":method", b"GET / HTTP/1.1\r\nHost: b\r\n\r\nPOST"), SCHEME, PATH, AUTHORITY]),
    ("a method with a blank", &[(b":method", b"GET /admin"), SCHEME, PATH, AUTHORITY]),
    ("an empty method", &[(b":method", b""), SCHEME, PATH, AUTHORITY]),
    ("a path with a request", &[METHOD, SCHEME, (b":path", b"/ HTTP/1.1\r\nHost: b\r\n\r\nGET /x"), AUTHORITY]),
    ("a path with a blank", &[METHOD, SCHEME, (b":path", b"/ HTTP/1.1"), AUTHORITY]),
    ("a path with a tab", &[METHOD, SCHEME, (b":path", b"/\tb"), AUTHORITY]),
    ("a path without a slash", &[METHOD, SCHEME, (b":path", b"admin"), AUTHORITY]),
    ("a path with a host", &[METHOD, SCHEME, (b":path", b"http://b/"), AUTHORITY]),
    ("a path with at", &[METHOD, SCHEME, (b":path", b"@b/"), AUTHORITY]),
    ("a star that is no path", &[METHOD, SCHEME, (b":path", b"*"), AUTHORITY]),
    ("a path of other letters", &[METHOD, SCHEME, (b":path", b"/\xe2\x80\xa8"), AUTHORITY]),
    ("a host with a request", &[METHOD, SCHEME, PATH, (b":authority", b"b\r\nx: y")]),
    ("a host with a blank", &[METHOD, SCHEME, PATH, (b":authority", b"a b")]),
    ("a host with a path", &[METHOD, SCHEME, PATH, (b":authority", b"a/b")]),
    ("a host with a user", &[METHOD, SCHEME, PATH, (b":authority", b"b@a")]),
    ("an empty host", &[METHOD, SCHEME, PATH, (b":authority", b"")]),
    ("two hosts", &[METHOD, SCHEME, PATH, AUTHORITY, (b"host", b"b.test")]),
    ("two hosts of fields", &[METHOD, SCHEME, PATH, (b"host", b"a.test"), (b"host", b"a.test")]),
    ("two authorities", &[METHOD, SCHEME, PATH, AUTHORITY, (b":authority", b"b.test")]),
    ("no host", &[METHOD, SCHEME, PATH]),
    ("a scheme with a host", &[METHOD, (b":scheme", b"http://b/?"), PATH, AUTHORITY]),
    ("a scheme with a line", &[METHOD, (b":scheme", b"http\r\nx: y"), PATH, AUTHORITY]),
    ("a protocol", &[METHOD, SCHEME, PATH, AUTHORITY, (b":protocol", b"websocket")]),
    ("a tunnel", &[(b":method", b"CONNECT"), (b":authority", b"b:22")]),
    ("TRACE", &[(b":method", b"TRACE"), SCHEME, PATH, AUTHORITY]),
];

const BODY: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: b.test\r\n\r\n";

fn attack(site: &Site, head: Head, body: &[u8]) -> Option<Frame> {
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    let mut block = Vec::new();
    head.iter().for_each(|(name, value)| literal(&mut block, name, value));
    raw.frame(HEADERS, END_HEADERS, 1, &block);
    raw.frame(DATA, END_STREAM, 1, body);
    raw.until(|frame| frame.kind == GOAWAY || frame.stream == 1 && matches!(frame.kind, HEADERS | RST_STREAM))
}

/// The first octet of an answer's head that was compressed with the static table, or with its names: 0x88 is status 200.
fn is_success(end: Option<&Frame>) -> bool {
    end.is_some_and(|frame| frame.kind == HEADERS && frame.payload.first() == Some(&0x88))
}

#[test]
fn no_target_sees_what_http1_reads_differently() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    for (name, head) in ATTACKS {
        let end = attack(&site, head, BODY);
        assert!(!is_success(end.as_ref()), "{name}: {end:?}");
        let heads = target.heads.lock().unwrap().clone();
        assert!(
            heads.iter().all(|head| !head.contains("smuggled") && head.starts_with("POST / HTTP/1.1\r\n")),
            "{name}: {heads:#?}"
        );
    }
    // All that may have come was the beginning of those whose length turned out to be another.
    target.heads.lock().unwrap().clear();
    // What looks like a request in a body is one's body.
    let end = attack(&site, &[METHOD, SCHEME, PATH, AUTHORITY], BODY);
    assert!(is_success(end.as_ref()), "{end:?}");
    assert_eq!(target.heads.lock().unwrap().len(), 1);
    let end = attack(&site, &[METHOD, SCHEME, PATH, AUTHORITY, (b"content-length", b"40"), (b"host", b"A.test")], BODY);
    assert!(is_success(end.as_ref()), "{end:?}");
    assert_eq!(target.heads.lock().unwrap().len(), 2);
}
