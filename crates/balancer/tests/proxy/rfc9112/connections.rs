//! Connections that stay and go: section 9.

use super::*;
use std::time::Duration;

#[test]
fn section_9_connections() {
    let target = Target::answering(|asked| {
        let fields = if asked.path() == "/close" { "Connection: close\r\n" } else { "" };
        format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 2\r\n\r\nok").into_bytes()
    });
    let site = Site::new(&[&target]);
    // 9.3: HTTP/1.0 has to ask for it, HTTP/1.1 has it.
    for (version, field, stays) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let mut client = site.client();
        let answer = client.ask(&format!("GET / HTTP/{version}\r\nHost: a\r\n{field}\r\n"));
        assert_eq!(answer.value("Connection").as_deref() == Some("close"), !stays, "{version} {field:?}");
        if stays {
            assert_eq!(client.get("/").status(), 200);
        } else {
            assert!(client.is_closed());
        }
    }
    // 9.6: what comes after the last request is not looked at.
    let mut client = site.client();
    client.send(
        "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2),
    );
    assert_eq!(client.answer(false).value("Connection").as_deref(), Some("close"));
    assert!(client.is_closed());
    assert!(target.heads.lock().unwrap().iter().all(|head| !head.starts_with("GET /after ")));
    // A target that closes is sent nothing more, which its client does not see.
    let mut client = site.client();
    client.get("/");
    let before = target.connections();
    assert_eq!(client.get("/close").value("Connection").as_deref(), Some("keep-alive"));
    assert_eq!(client.get("/").text(), "ok");
    assert_eq!(target.connections(), before + 1);
}

#[test]
fn section_9_2_answers_that_nobody_asked_for() {
    let target = Target::serving(|connection| {
        while let Some(asked) = connection.request() {
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
            if asked.path() == "/more" {
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
            }
            if asked.path() == "/later" {
                std::thread::sleep(Duration::from_millis(50));
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
            }
        }
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    for path in ["/more", "/later"] {
        assert_eq!(client.get(path).text(), "ok");
        // Long enough for it to arrive.
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(client.get("/").text(), "ok", "after {path}");
    }
}

#[test]
fn section_9_3_bodies_that_nobody_reads() {
    let mut empty = Site::unserved(&[]);
    empty.apply();
    // It is passed over, or the connection ends: never is it taken for a request.
    let mut client = empty.client();
    let answer = client.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET ");
    assert_eq!((answer.status(), answer.value("Connection").as_deref()), (503, Some("keep-alive")));
    assert_eq!(client.get("/").status(), 503);
    let mut client = empty.client();
    let answer = client
        .ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((answer.status(), answer.value("Connection").as_deref()), (503, Some("close")));
    assert!(client.is_closed());
}
