//! What the load balancer refuses, byte for byte.

use crate::support::*;
use spec::balancing::DesyncMitigation;

/// The status that these bytes are answered with, and whether the connection is closed then.
pub fn told(site: &Site, bytes: &str) -> (u16, bool) {
    let mut client = site.client();
    // The answer may come, and the connection go, before everything is sent.
    let _ = std::io::Write::write_all(&mut client.stream, bytes.as_bytes());
    let answer = client.answer(false);
    let is_last = answer.value("Connection").as_deref() == Some("close");
    assert!(!is_last || client.is_closed());
    if answer.status() != 200 {
        assert_eq!(answer.value("Server").as_deref(), Some("awselb/2.0"), "{bytes:?}");
        assert!(answer.text().starts_with(&format!("<html>\r\n<head><title>{}", answer.status())), "{bytes:?}");
    }
    (answer.status(), is_last)
}

#[test]
fn malformed_requests() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let get = |fields: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    for (bytes, status) in [
        ("\x16\x03\x01\x02\x00\x01\n\n".to_owned(), 400),
        ("GET\r\n\r\n".to_owned(), 400),
        ("GET /\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n".to_owned(), 505),
        (get("X : y\r\n"), 400),
        (get("no colon\r\n"), 400),
        (get("X: y\r\n folded\r\n"), 400),
        (get("X: a\0b\r\n"), 400),
        (get("Content-Length: x\r\n"), 400),
        (get("Content-Length: 1\r\nContent-Length: 2\r\n"), 400),
        (get("Content-Length: -1\r\n"), 400),
        (get("Transfer-Encoding: xchunked\r\n"), 501),
        (get("Transfer-Encoding: chunked, identity\r\n"), 400),
        (get(&format!("X: {}\r\n", "x".repeat(17_000))), 400),
        (get(&"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(2_000)), 400),
        (get(&"X: y\r\n".repeat(300)), 400),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(17_000)), 414),
        ("x".repeat(20_000), 414),
    ] {
        assert_eq!(told(&site, &bytes), (status, true), "{:?}", &bytes[..bytes.len().min(100)]);
    }
    assert!(target.heads.lock().unwrap().is_empty(), "none of it reached the target");
}

#[test]
fn requests_that_are_refused_politely() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let mut client = site.client();
    assert_eq!(client.ask("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 405);
    let mut client = site.client();
    let addresses = vec!["1.1.1.1"; 31].join(", ");
    assert_eq!(client.ask(&format!("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {addresses}\r\n\r\n")).status(), 463);
    assert_eq!(client.get("/").status(), 200);
    let mut empty = Site::unserved(&[]);
    empty.apply();
    let mut client = empty.client();
    assert_eq!(client.get("/").status(), 503);
    // A body that came with it is passed over.
    assert_eq!(client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").status(), 503);
    assert_eq!(client.get("/").status(), 503);
}

#[test]
fn desync_mitigation() {
    let both =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    let severe = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 3\r\n\r\nabc";
    let target = Target::echo();
    for (mode, expected) in [
        (DesyncMitigation::Monitor, (200, false)),
        (DesyncMitigation::Defensive, (200, true)),
        (DesyncMitigation::Strictest, (400, true)),
    ] {
        let site = Site::with(&[&target], |site| site.balancer.desync_mitigation = mode);
        assert_eq!(told(&site, both), expected, "{mode:?}");
        assert_eq!(told(&site, severe), (400, true), "{mode:?}");
        if expected.0 == 200 {
            let head = target.head();
            assert!(values(&head, "Content-Length").is_empty(), "one framing goes to the target: {head}");
        }
    }
}

#[test]
fn the_target_s_connection_ends_with_an_ambiguous_request_too() {
    let (closed, was_closed) = std::sync::mpsc::channel();
    let target = Target::serving(move |connection| {
        connection.request();
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        closed.send(connection.client.is_closed()).unwrap();
    });
    let site = Site::new(&[&target]);
    let both = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(told(&site, both), (200, true));
    assert_eq!(was_closed.recv_timeout(PATIENCE), Ok(true));
}
