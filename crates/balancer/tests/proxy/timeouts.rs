//! What silence leads to.

use crate::support::*;
use std::time::{Duration, Instant};

fn quick(site: &mut Site) {
    site.balancer.idle_timeout = 1;
}

#[test]
fn silence_of_a_client() {
    let target = Target::echo();
    let site = Site::with(&[&target], quick);
    // Without a request its connection is closed without a word.
    let mut idle = site.client();
    assert!(idle.is_closed());
    let mut after_one = site.client();
    after_one.get("/");
    assert!(after_one.is_closed());
    // In the middle of one it is told.
    for half in
        ["GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"]
    {
        let mut client = site.client();
        client.send(half);
        assert_eq!(client.answer(false).status(), 408, "{half}");
        assert!(client.is_closed());
    }
}

#[test]
fn a_client_that_sends_slowly_is_not_silent() {
    let target = Target::echo();
    let site = Site::with(&[&target], quick);
    let mut client = site.client();
    let start = Instant::now();
    for byte in b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".chunks(4) {
        client.send(byte);
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(client.answer(false).status(), 200);
    assert!(start.elapsed() > Duration::from_secs(2));
}

#[test]
fn silence_of_a_target() {
    let target = Target::serving(|connection| {
        let head = connection.head().unwrap_or_default();
        if head.starts_with("GET /begun") {
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        }
        assert!(connection.client.is_closed());
    });
    let site = Site::with(&[&target], quick);
    let mut client = site.client();
    let start = Instant::now();
    assert_eq!(client.get("/").status(), 504);
    assert!(start.elapsed() >= Duration::from_secs(1));
    client.send("GET /begun HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.head().unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(client.body(&head, false), None);
}

#[test]
fn a_connection_ends_after_the_keep_alive_duration_with_an_answer() {
    let site = Site::with(&[&Target::echo()], |site| site.balancer.client_keep_alive = 1);
    let mut client = site.client();
    let start = Instant::now();
    loop {
        let answer = client.get("/");
        assert_eq!(answer.status(), 200);
        if answer.value("Connection").as_deref() == Some("close") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(start.elapsed() >= Duration::from_millis(700));
    assert!(client.is_closed());
}
