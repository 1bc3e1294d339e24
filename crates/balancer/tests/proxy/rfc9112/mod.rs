//! What RFC 9112 asks of whoever receives requests and passes them on, section by section.

mod connections;
mod framing;
mod heads;

use crate::{refusals::told, strict, support::*};

/// Asserts that each of these is answered so, on a connection that is closed then, and that no target gets any of them.
fn refuses(cases: &[(&str, u16)]) {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    for (bytes, status) in cases {
        assert_eq!(told(&site, bytes), (*status, true), "{bytes:?}");
    }
    let heads = target.heads.lock().unwrap();
    assert!(heads.is_empty(), "{heads:#?}");
}

/// The head that a target gets of a request, and that it is well-formed.
fn forwarded(site: &Site, target: &Target, request: &str) -> String {
    let mut client = site.client();
    let answer = client.ask(request);
    assert_eq!(answer.status(), 200, "{request:?}: {}", answer.head);
    let head = target.head();
    strict::read(head.as_bytes()).unwrap_or_else(|what| panic!("{what}: {head:?}"));
    head
}

/// Whether there is an answer, and its end is one.
fn looks_whole(site: &Site, path: &str) -> bool {
    let mut client = site.client();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.head().is_some_and(|head| client.body(&head, false).is_some())
}
