//! A proxy of Service Connect: what is otherwise than with a load balancer.

use crate::{counts::counts, support::*};
use balancer::Mesh;
use spec::balancing::{AlpnPolicy, Stream, TargetAddress, XffProcessing};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

/// As the agent sets it up.
fn proxy(targets: &[&Target], change: impl FnOnce(&mut Site)) -> Site {
    Site::with(targets, |site| {
        site.mesh = Some(Mesh { request_timeout: 15, inward: false });
        site.balancer.preserve_host_header = true;
        site.balancer.xff_processing = XffProcessing::Preserve;
        site.balancer.http2 = false;
        change(site);
    })
}

fn stream(site: &mut Site) {
    site.balancer.listeners.get_mut(&port(80)).unwrap().stream =
        Some(Stream { idle_timeout: 60, alpn: AlpnPolicy::None });
}

#[test]
fn heads_are_left_as_they_are_but_for_what_names_the_request() {
    let target = Target::echo();
    let site = proxy(&[&target], |_| {});
    let own = "Host: api:8080\r\nX-Forwarded-For: 192.0.2.1\r\nX-Amzn-Trace-Id: Root=1\r\n";
    site.client().ask(&format!("GET /a?b HTTP/1.1\r\n{own}\r\n"));
    let head = target.head();
    assert!(head.starts_with("GET /a?b HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "Host"), ["api:8080"]);
    assert_eq!(values(&head, "X-Forwarded-For"), ["192.0.2.1"]);
    assert_eq!(values(&head, "X-Amzn-Trace-Id"), ["Root=1"]);
    assert_eq!(values(&head, "X-Forwarded-Proto"), ["http"]);
    assert!(values(&head, "X-Forwarded-Port").is_empty());
    let id = values(&head, "X-Request-Id").concat();
    let parts: Vec<_> = id.split('-').collect();
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{id}");
    assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{id}");
    // The next proxy leaves both as they are.
    site.client().ask("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nX-Forwarded-Proto: https\r\n\r\n");
    let head = target.head();
    assert_eq!(
        (values(&head, "X-Request-Id"), values(&head, "X-Forwarded-Proto")),
        (vec!["mine".into()], vec!["https".into()])
    );
}

#[test]
fn without_an_instance_or_with_none_that_answers() {
    let site = proxy(&[], |_| {});
    let answer = site.get("/");
    assert_eq!((answer.status(), answer.text().as_str()), (503, "no healthy upstream"));
    assert_eq!((answer.value("Content-Type").as_deref(), answer.value("Server")), (Some("text/plain"), None));
    let closed = Target::closed();
    let site = proxy(&[&closed], |_| {});
    let answer = site.get("/");
    assert_eq!(answer.status(), 503);
    assert!(answer.text().starts_with("upstream connect error"), "{}", answer.text());
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let target = Target::serving(|connection| {
        let head = connection.head().unwrap_or_default();
        if head.starts_with("GET /begun") {
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        }
        // Not silent, but never done.
        while crate::secured::write(&mut connection.client, b"x").is_ok() && !head.starts_with("GET /silent") {
            std::thread::sleep(Duration::from_millis(100));
        }
        connection.client.is_closed();
    });
    let site = proxy(&[&target], |site| site.mesh = Some(Mesh { request_timeout: 1, inward: false }));
    let begun = Instant::now();
    let answer = site.get("/silent");
    assert_eq!((answer.status(), answer.text().as_str()), (504, "upstream request timeout"));
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let mut client = site.client();
    client.send("GET /begun HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = client.head().unwrap();
    assert_eq!(client.body(&head, false), None, "what is not whole by then never is");
}

#[test]
fn time_for_an_answer_begins_when_the_request_is_whole() {
    let site = proxy(&[&Target::echo()], |site| site.mesh = Some(Mesh { request_timeout: 1, inward: false }));
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    for byte in b"hello".chunks(1) {
        std::thread::sleep(Duration::from_millis(400));
        client.send(byte);
    }
    assert_eq!(client.answer(false).status(), 200);
}

#[test]
fn an_instance_that_takes_no_connections_costs_no_request_and_is_left_out() {
    let (good, closed) = (Target::echo(), Target::closed());
    let site = proxy(&[&good, &closed], |_| {});
    for _ in 0..30 {
        assert_eq!(site.get("/").status(), 200);
    }
    let counted = counts(&site);
    let errors: u64 = counted.groups.values().map(|group| group.connection_errors).sum();
    assert_eq!((counted.requests, errors), (30, 5), "after five it is not tried any more");
}

#[test]
fn an_instance_that_answers_with_errors_is_left_out() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let bad = Target::answering(move |_| {
        count.fetch_add(1, SeqCst);
        b"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n".to_vec()
    });
    let site = proxy(&[&Target::echo(), &Target::echo(), &bad], |_| {});
    let statuses: Vec<_> = (0..40).map(|_| site.get("/").status()).collect();
    assert_eq!((statuses.iter().filter(|status| **status == 500).count(), asked.load(SeqCst)), (5, 5), "{statuses:?}");
}

#[test]
fn a_connection_whose_bytes_are_passed_on_finds_an_instance_that_takes_it() {
    let target = Target::serving(|connection| connection.send(b"hello\r\n"));
    let site = proxy(&[&Target::closed(), &Target::closed(), &target], stream);
    for _ in 0..12 {
        assert_eq!(site.client().head_line().as_deref(), Some("hello"));
    }
    let none = proxy(&[], stream);
    assert!(none.client().is_closed());
}

#[test]
fn where_http2_is_spoken_other_bytes_are_passed_on() {
    let target = Target::serving(|connection| {
        let head = connection.head().unwrap_or_default();
        assert!(head.starts_with("GET /health HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"), "{head}");
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    let site = proxy(&[&target], |site| {
        site.balancer.http2 = true;
        site.group().version = spec::balancing::ProtocolVersion::Http2;
    });
    assert_eq!(site.get("/health").status(), 200);
}

#[test]
fn clients_connections_alone_are_counted() {
    let site = proxy(&[&Target::echo()], |_| {});
    let mut client = site.client();
    for _ in 0..3 {
        client.get("/");
    }
    let node = counts(&site);
    assert_eq!((node.new_connections, node.active_connections, node.requests), (1, Some(1), 3));
}

#[test]
fn what_an_application_has_not_got_is_sent_to_another_instance() {
    // Two proxies in front of applications, of which one does not listen, and the one that sends to both.
    let inward = |target: &Target| {
        proxy(&[target], |site| {
            site.mesh = Some(Mesh { request_timeout: 15, inward: true });
            let listener = site.balancer.listeners.remove(&port(80)).unwrap();
            site.balancer.listeners.insert(port(PORTS.0), listener);
        })
    };
    let (good, closed) = (Target::echo(), Target::closed());
    let proxies = [inward(&good), inward(&closed)];
    let site = proxy(&[], |site| {
        for proxy in &proxies {
            let address = TargetAddress((proxy.address, PORTS.0).into());
            site.group().targets.insert(address, registered());
        }
    });
    for _ in 0..10 {
        let ask = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
        let answer = site.client().ask(ask);
        assert_eq!((answer.status(), answer.text().ends_with("hello")), (200, true), "{}", answer.head);
    }
    assert_eq!(good.heads.lock().unwrap().len(), 10, "each once");
    // With nobody left it is answered, and nothing of what proxies tell each other is in that.
    let alone = proxy(&[], |site| {
        site.group().targets.insert(TargetAddress((proxies[1].address, PORTS.0).into()), registered());
    });
    let answer = alone.get("/");
    assert_eq!((answer.status(), answer.value("X-Neargate-Unsent")), (503, None));
}
