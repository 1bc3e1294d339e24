//! Connections that go on with another protocol.

use crate::support::*;

fn upgrading() -> Target {
    Target::serving(|connection| {
        let head = connection.head().unwrap_or_default();
        assert_eq!(values(&head, "Upgrade"), ["websocket"]);
        assert_eq!(values(&head, "Connection"), ["upgrade"]);
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nearly");
        while let Some(line) = connection.client.head_line() {
            connection.send(format!("you said {line}\r\n").as_bytes());
        }
    })
}

const UPGRADE: &str =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\nfirst\r\n";

#[test]
fn bytes_pass_in_both_directions() {
    let target = upgrading();
    let mut site = Site::new(&[&target]);
    let mut client = site.client();
    client.send(UPGRADE);
    let head = client.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(values(&head, "Upgrade"), ["websocket"]);
    assert_eq!(values(&head, "Sec-WebSocket-Accept"), ["x"]);
    assert_eq!(client.bytes(5), b"early");
    assert_eq!(client.head_line().as_deref(), Some("you said first"));
    client.send("second\r\n");
    assert_eq!(client.head_line().as_deref(), Some("you said second"));
    // It counts, and goes on though its target drains.
    site.group().targets.get_mut(&target.address()).unwrap().draining_until = Some(i64::MAX);
    site.apply();
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 1));
    client.send("third\r\n");
    assert_eq!(client.head_line().as_deref(), Some("you said third"));
    client.finish();
    assert!(client.is_closed());
    site.until(|status| told(status, &target).is_some_and(|told| told.active == 0));
}

#[test]
fn the_delay_and_silence_end_them() {
    let target = upgrading();
    let mut site = Site::with(&[&target], |site| site.balancer.idle_timeout = 1);
    let mut silent = site.client();
    silent.send(UPGRADE);
    silent.head().unwrap();
    silent.bytes("earlyyou said first\r\n".len());
    assert!(silent.is_closed());
    site.balancer.idle_timeout = 60;
    site.apply();
    let mut cut = site.client();
    cut.send(UPGRADE);
    cut.head().unwrap();
    cut.bytes("earlyyou said first\r\n".len());
    site.group().targets.get_mut(&target.address()).unwrap().draining_until = Some(1);
    site.apply();
    assert!(cut.is_closed());
}

#[test]
fn a_target_may_answer_instead() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!(client.answer(false).status(), 200);
    assert_eq!(client.get("/").status(), 200);
}

/// What a client asked for in HTTP/2 over the same connection, no rule would see.
#[test]
fn http2_is_no_protocol_to_go_on_with() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    for asked in ["Upgrade: h2c", "Upgrade: websocket, H2C", "Upgrade: h2c\r\nUpgrade: websocket"] {
        let head = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n{asked}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        );
        assert_eq!(site.client().ask(&head).status(), 200);
        assert_eq!(
            (values(&target.head(), "Upgrade"), values(&target.head(), "Connection")),
            (vec![], vec![]),
            "{asked}"
        );
        assert!(values(&target.head(), "HTTP2-Settings").is_empty(), "{asked}");
    }
}
