//! Targets of groups whose `ProtocolVersion` is HTTP2 or GRPC.

use crate::{
    client::{Client, request},
    frames::*,
    support::address,
    target::{Served, health, read, say, site},
};
use balancer::{Engine, Mesh};
use bytes::Bytes;
use h2::Reason;
use spec::balancing::{ProtocolVersion, TargetHealth, Unhealthy};
use std::{
    io::{Read, Write},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

const GRPC: &[(&str, &str)] = &[("content-type", "application/grpc"), ("te", "trailers")];

/// One that answers a call with what it was sent.
fn echo() -> Served {
    Served::by(|request, answer| async {
        let (parts, body) = request.into_parts();
        let Some((body, trailers)) = read(body).await else { return };
        let sent = trailers.as_ref().and_then(|sent| sent.get("x-sent")).map_or("", |sent| sent.to_str().unwrap());
        let path = parts.uri.path().to_owned();
        say(answer, 200, &[("x-path", &path)], &body, Some(&[("grpc-status", "0"), ("x-sent", sent)]));
    })
}

/// One whose application does not listen: it has looked at nothing that it was sent.
fn refusing() -> Served {
    Served::by(|request, mut answer| async move {
        // Whoever is asked has sent some of the body by then.
        let mut body = request.into_body();
        let _ = body.data().await;
        answer.send_reset(Reason::REFUSED_STREAM);
    })
}

#[test]
fn what_an_application_has_not_got_of_a_call_is_sent_to_another_instance() {
    let (good, refused) = (echo(), refusing());
    let site = site(ProtocolVersion::Grpc, &[&good, &refused], |site| {
        site.mesh = Some(Mesh { request_timeout: 15, inward: false });
    });
    let mut client = Client::new(&site);
    for turn in 0..12 {
        let mut call = client.send(request("POST", "/pkg.Service/Method", GRPC), false);
        client.body(&mut call, Bytes::from(format!("message {turn}, ")), false);
        std::thread::sleep(Duration::from_millis(20));
        client.body(&mut call, Bytes::from("the rest"), false);
        let sent = [("x-sent", "after it")].map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        call.body.send_trailers(sent.into_iter().collect()).unwrap();
        let answer = client.answer(call);
        assert_eq!((answer.status, answer.text()), (200, format!("message {turn}, the rest")));
        assert_eq!(answer.trailers.unwrap()["x-sent"], "after it");
    }
}

#[test]
fn calls_reach_a_target_with_trailers_both_ways_over_one_connection() {
    let target = echo();
    let site = site(ProtocolVersion::Grpc, &[&target], |_| {});
    let mut client = Client::new(&site);
    for turn in 0..20 {
        let mut call = client.send(request("POST", "/pkg.Service/Method", GRPC), false);
        client.body(&mut call, Bytes::from(format!("message {turn}")), false);
        let sent = [("x-sent", "after it")].map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        call.body.send_trailers(sent.into_iter().collect()).unwrap();
        let answer = client.answer(call);
        assert_eq!((answer.status, answer.text()), (200, format!("message {turn}")));
        assert_eq!(answer.value("x-path"), Some("/pkg.Service/Method"));
        let trailers = answer.trailers.unwrap();
        assert_eq!([&trailers["grpc-status"], &trailers["x-sent"]], ["0", "after it"]);
    }
    let head = target.last();
    assert_eq!((head.method.as_str(), head.uri.to_string().as_str()), ("POST", "http://a.test/pkg.Service/Method"));
    assert_eq!([&head.headers["te"], &head.headers["x-forwarded-for"]], ["trailers", "127.0.0.1"]);
    assert!(!head.headers.contains_key("transfer-encoding") && !head.headers.contains_key("host"));
    // One for each thread that got a connection of the client's, which is one.
    assert_eq!(target.connections.load(SeqCst), 1);
}

#[test]
fn clients_of_a_proxy_of_service_connect_begin_with_http2() {
    let target = Served::by(|request, answer| async move {
        if request.uri().path() == "/late" {
            std::future::pending::<()>().await;
        }
        say(answer, 200, &[], b"hello", Some(&[("grpc-status", "0")]));
    });
    let site = site(ProtocolVersion::Http2, &[&target], |site| {
        site.engine = Engine::start(NonZeroUsize::MIN).unwrap();
        site.mesh = Some(Mesh { request_timeout: 1, inward: false });
    });
    let mut client = Client::new(&site);
    let call = client.send(request("POST", "/pkg.Service/Method", GRPC), true);
    let answer = client.answer(call);
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(answer.trailers.unwrap()["grpc-status"], "0");
    assert!(!target.last().headers.contains_key("x-forwarded-for"));
    let call = client.send(request("GET", "/late", &[]), true);
    let answer = client.answer(call);
    assert_eq!((answer.status, answer.text().as_str()), (504, "upstream request timeout"));
}

#[test]
fn both_sides_talk_at_once() {
    let target = Served::by(|request, mut answer| async move {
        let mut body = request.into_body();
        let head = http::Response::builder().header("content-type", "application/grpc").body(()).unwrap();
        let mut stream = answer.send_response(head, false).unwrap();
        while let Some(Ok(piece)) = body.data().await {
            let _ = body.flow_control().release_capacity(piece.len());
            stream.send_data(piece, false).unwrap();
        }
        stream.send_trailers([("grpc-status".parse().unwrap(), "0".parse().unwrap())].into_iter().collect()).unwrap();
    });
    let site = site(ProtocolVersion::Grpc, &[&target], |_| {});
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    let mut head = request_of("POST");
    head.extend(GRPC);
    raw.frame(HEADERS, END_HEADERS, 1, &block(&head));
    // The answer's head comes before anything is sent.
    assert!(raw.until(|frame| frame.kind == HEADERS && frame.stream == 1).is_some());
    for turn in 0..5u8 {
        raw.frame(DATA, 0, 1, &[turn; 7]);
        assert_eq!(raw.until(|frame| frame.kind == DATA).unwrap().payload, [turn; 7]);
    }
    raw.frame(DATA, END_STREAM, 1, b"");
    assert!(raw.until(|frame| frame.kind == HEADERS && frame.flags & END_STREAM > 0).is_some());
}

fn request_of(method: &'static str) -> Vec<Field<'static>> {
    crate::frames::request(method)
}

#[test]
fn versions_that_do_not_suit_are_464() {
    let target = echo();
    let grpc = site(ProtocolVersion::Grpc, &[&target], |_| {});
    assert_eq!(grpc.get("/").status(), 464);
    assert_eq!(Client::new(&grpc).get("/").status, 464);
    let other = echo();
    let two = site(ProtocolVersion::Http2, &[&other], |_| {});
    assert_eq!(two.get("/").status(), 464);
    assert_eq!(Client::new(&two).get("/").status, 200);
    assert!(target.asked.lock().unwrap().is_empty());
}

#[test]
fn a_reset_is_passed_on_and_what_was_not_looked_at_goes_elsewhere() {
    let refused = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refused);
    let target = Served::by(move |request, mut answer| {
        let counted = Arc::clone(&counted);
        async move {
            match request.uri().path() {
                "/refused" if counted.fetch_add(1, SeqCst) == 0 => answer.send_reset(Reason::REFUSED_STREAM),
                "/broken" => answer.send_reset(Reason::INTERNAL_ERROR),
                "/late" => {
                    let mut stream = answer.send_response(http::Response::new(()), false).unwrap();
                    stream.send_data(Bytes::from_static(b"begun"), false).unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    stream.send_reset(Reason::from(13));
                }
                _ => say(answer, 200, &[], b"ok", None),
            }
        }
    });
    let site = site(ProtocolVersion::Http2, &[&target], |_| {});
    let mut client = Client::new(&site);
    assert_eq!(client.get("/refused").text(), "ok");
    assert_eq!(refused.load(SeqCst), 2);
    assert_eq!(client.get("/broken").status, 502);
    let late = client.send(request("GET", "/late", &[]), true);
    assert_eq!(client.try_answer(late).unwrap_err().reason(), Some(Reason::from(13)));
    // It was looked at: nobody gets it twice.
    assert_eq!(target.asked.lock().unwrap().iter().filter(|asked| asked.uri.path() == "/broken").count(), 1);
}

#[test]
fn a_client_that_gives_up_resets_its_stream_at_the_target() {
    let (sender, given_up) = std::sync::mpsc::channel();
    let target = Served::by(move |_, mut answer| {
        let sender = sender.clone();
        async move {
            let reason = std::future::poll_fn(|context| answer.poll_reset(context)).await;
            let _ = sender.send(reason.ok());
        }
    });
    let site = site(ProtocolVersion::Http2, &[&target], |_| {});
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    raw.get(1);
    while target.asked.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    raw.frame(RST_STREAM, 0, 1, &8u32.to_be_bytes());
    assert_eq!(given_up.recv_timeout(Duration::from_secs(10)), Ok(Some(Reason::CANCEL)));
    assert!(raw.is_alive());
}

/// A target of raw frames that ends each connection with a GOAWAY after one request: it has seen it, or not.
fn going_away(has_seen: bool, asked: Arc<AtomicUsize>) -> std::net::Ipv4Addr {
    let address = address();
    let listener = std::net::TcpListener::bind((address, 9000)).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(&frame(SETTINGS, 0, 0, &[]));
            let (mut came, mut some) = (Vec::new(), [0; 4096]);
            // A head is the first frame of type 1 with the end of both.
            while !came.windows(5).any(|bytes: &[u8]| bytes == [HEADERS, END_HEADERS | END_STREAM, 0, 0, 0]) {
                match stream.read(&mut some) {
                    Ok(count @ 1..) => came.extend_from_slice(&some[..count]),
                    _ => break,
                }
            }
            let nth = asked.fetch_add(1, SeqCst);
            let last = if has_seen || nth > 0 { 1u32 } else { 0 };
            if nth > 0 {
                let _ = stream.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0x88]));
            }
            let _ = stream.write_all(&frame(GOAWAY, 0, 0, &[last.to_be_bytes(), [0; 4]].concat()));
        }
    });
    address
}

#[test]
fn a_target_that_goes_away_gets_what_it_has_not_seen_over_a_new_connection_and_nothing_else_again() {
    for has_seen in [false, true] {
        let asked = Arc::new(AtomicUsize::new(0));
        let address = going_away(has_seen, Arc::clone(&asked));
        let site = crate::client::site(&[], |site| {
            let group = site.group();
            group.version = ProtocolVersion::Http2;
            let target = spec::balancing::TargetAddress((address, 9000).into());
            group.targets.insert(target, crate::support::registered());
        });
        let status = Client::new(&site).get("/").status;
        let (wanted, times) = if has_seen { (502, 1) } else { (200, 2) };
        assert_eq!((status, asked.load(SeqCst)), (wanted, times), "{has_seen}");
    }
}

#[test]
fn checks_are_calls() {
    let target = echo();
    let site = site(ProtocolVersion::Grpc, &[&target], |site| {
        site.group().health_check.path = "/AWS.ALB/healthcheck".into();
    });
    let head = target.checked.lock().unwrap().clone().unwrap();
    assert_eq!((head.method.as_str(), head.uri.path()), ("POST", "/AWS.ALB/healthcheck"));
    assert_eq!(
        [&head.headers["content-type"], &head.headers["user-agent"]],
        ["application/grpc", "ELB-HealthChecker/2.0"]
    );
    target.health.store(14, SeqCst);
    let unhealthy = TargetHealth::Unhealthy(Unhealthy::ResponseCodeMismatch(14));
    site.until(|status| health(status, &target) == Some(unhealthy.clone()));
}

#[test]
fn a_target_that_limits_streams_gets_more_connections() {
    let go = Arc::new(AtomicBool::new(false));
    let wait = Arc::clone(&go);
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(2);
    let target = Served::with(builder, move |request, answer| {
        let wait = Arc::clone(&wait);
        async move {
            while request.uri().path() == "/slow" && !wait.load(SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            say(answer, 200, &[], b"ok", None);
        }
    });
    let site = site(ProtocolVersion::Http2, &[&target], |_| {});
    let mut client = Client::new(&site);
    assert_eq!(client.get("/").status, 200);
    let waiting: Vec<_> = (0..5).map(|_| client.send(request("GET", "/slow", &[]), true)).collect();
    assert_eq!(client.get("/").status, 200);
    go.store(true, SeqCst);
    assert!(waiting.into_iter().all(|call| client.answer(call).status == 200));
    assert_eq!(target.connections.load(SeqCst), 3);
}
