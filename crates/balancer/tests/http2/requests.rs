//! Requests over HTTP/2 to targets that speak HTTP/1.1.

use crate::{
    client::{Client, request, site},
    frames::*,
    support::{Target, fixed, forward, health, listener, port, rule, values},
};
use bytes::Bytes;
use spec::balancing::{Action, Stickiness, TargetHealth};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::{Duration, Instant},
};

#[test]
fn a_request_reaches_a_target_in_http1_and_its_answer_comes_back() {
    let target = Target::echo();
    let site = site(&[&target], |_| {});
    let mut client = Client::new(&site);
    let answer =
        client.post("/a?b=c", &[("cookie", "a=1"), ("cookie", "b=2"), ("x-y", "z"), ("te", "trailers")], "hello");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.value("x-target"), Some(&*target.address.to_string()));
    let head = target.head();
    assert!(head.starts_with("POST /a?b=c HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "host"), ["a.test"]);
    assert_eq!(values(&head, "cookie"), ["a=1; b=2"]);
    assert_eq!(values(&head, "x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(values(&head, "x-forwarded-port"), ["80"]);
    assert_eq!(values(&head, "x-y"), ["z"]);
    assert_eq!(values(&head, "te"), [""; 0]);
    assert_eq!(values(&head, "transfer-encoding"), ["chunked"]);
    assert!(answer.text().ends_with("\r\n\r\nhello"), "{}", answer.text());
    let sized = client.post("/", &[("content-length", "5")], "hello");
    assert!(sized.text().ends_with("\r\n\r\nhello"));
    assert_eq!(values(&target.head(), "content-length"), ["5"]);
    let to_head = client.send(request("HEAD", "/", &[]), true);
    let to_head = client.answer(to_head);
    assert_eq!((to_head.status, to_head.body.len()), (200, 0));
    assert!(to_head.value("content-length").is_some_and(|length| length != "0"));
    // One connection served all of them.
    assert_eq!(target.connections(), 1);
}

#[test]
fn answers_of_every_form_arrive_and_hop_by_hop_fields_do_not() {
    let target = Target::serving(|connection| {
        while let Some(asked) = connection.request() {
            match asked.path() {
                "/chunked" => connection.send(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX: y\r\n\r\n",
                ),
                "/interim" => connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
                "/none" => connection.send(b"HTTP/1.1 304 Not Modified\r\nETag: a\r\n\r\n"),
                _ => return connection.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end"),
            }
        }
    });
    let site = site(&[&target], |_| {});
    let mut client = Client::new(&site);
    let chunked = client.get("/chunked");
    assert_eq!((chunked.text().as_str(), chunked.value("x-hop"), chunked.value("keep-alive")), ("abcdefg", None, None));
    assert!(chunked.value("date").is_some());
    assert_eq!(client.get("/interim").status, 204);
    assert_eq!(client.get("/none").value("etag"), Some("a"));
    assert_eq!(client.get("/end").text(), "until the end");
}

#[test]
fn large_bodies_pass_both_ways_and_what_nobody_takes_waits() {
    let (sender, received) = mpsc::channel();
    let sender = Mutex::new(sender);
    let target = Target::serving(move |connection| {
        let Some(head) = connection.head() else { return };
        if head.starts_with("GET") {
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
            let piece = vec![b'x'; 100_000];
            let sent =
                (0..1000).take_while(|_| std::io::Write::write_all(&mut connection.client.stream, &piece).is_ok());
            let _ = sender.lock().unwrap().send(sent.count());
            return;
        }
        let body = connection.client.body(&head, false).unwrap();
        connection.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
        connection.send(&body);
    });
    let site = site(&[&target], |_| {});
    let mut client = Client::new(&site);
    let body: Bytes = (0..5_000_000u32).map(|number| (number % 251) as u8).collect();
    let mut call = client.send(request("POST", "/", &[]), false);
    client.body(&mut call, body.clone(), true);
    assert_eq!(client.answer(call).body, body);
    // A client that takes nothing: the target can't send on.
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    raw.get(1);
    let mut came = 0;
    while came < 65535 {
        came += raw.until(|frame| frame.kind == DATA).unwrap().payload.len();
    }
    assert!(received.recv_timeout(Duration::from_millis(500)).is_err());
    // It goes away, which ends the target's connection.
    drop(raw);
    assert!(received.recv_timeout(Duration::from_secs(10)).unwrap() < 1000);
}

#[test]
fn a_client_that_gives_up_frees_the_targets_connection() {
    let (sender, ended) = mpsc::channel();
    let sender = Mutex::new(sender);
    let target = Target::serving(move |connection| {
        if connection.head().is_some() {
            let _ = sender.lock().unwrap().send("asked");
            let _ = connection.client.head();
            let _ = sender.lock().unwrap().send("ended");
        }
    });
    let site = site(&[&target], |_| {});
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    raw.get(1);
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok("asked"));
    raw.frame(RST_STREAM, 0, 1, &8u32.to_be_bytes());
    assert_eq!(ended.recv_timeout(Duration::from_secs(10)), Ok("ended"));
    assert!(raw.is_alive());
}

#[test]
fn requests_do_not_wait_for_each_other() {
    let (go, slow) = mpsc::channel::<()>();
    let slow = Mutex::new(slow);
    let target = Target::answering(move |asked| {
        if asked.path() == "/slow" {
            let _ = slow.lock().unwrap().recv();
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let site = site(&[&target], |_| {});
    let mut client = Client::new(&site);
    let waiting = client.send(request("GET", "/slow", &[]), true);
    assert_eq!(client.get("/").text(), "ok");
    go.send(()).unwrap();
    assert_eq!(client.answer(waiting).text(), "ok");
}

#[test]
fn the_load_balancer_answers_itself() {
    let (closed, broken) = (Target::closed(), Target::serving(|connection| drop(connection.head())));
    let mut site = site(&[&closed], |site| {
        let mut redirect = rule(
            Vec::new(),
            Action::Redirect {
                status: 301,
                protocol: "HTTPS".into(),
                host: "#{host}".into(),
                port: "443".into(),
                path: "/#{path}".into(),
                query: "#{query}".into(),
            },
        );
        redirect.conditions.push(spec::balancing::Condition::Path(vec!["/moved".into()]));
        let mut said = fixed(404, "nothing here");
        said.conditions.push(spec::balancing::Condition::Path(vec!["/fixed".into()]));
        site.balancer.listeners.insert(port(80), listener(vec![redirect, said, forward(&[("g", 1)])]));
    });
    let mut client = Client::new(&site);
    let moved = client.get("/moved?a");
    assert_eq!((moved.status, moved.value("location")), (301, Some("https://a.test:443/moved?a")));
    assert_eq!(moved.value("server"), Some("awselb/2.0"));
    let said = client.get("/fixed");
    assert_eq!(
        (said.status, said.text().as_str(), said.value("content-type")),
        (404, "nothing here", Some("text/plain"))
    );
    assert_eq!(said.value("connection"), None);
    let refused = client.get("/");
    assert_eq!((refused.status, refused.body.len()), (502, 122));
    // The rest of a body is not wanted, and the connection goes on.
    let mut refused = client.send(request("POST", "/", &[]), false);
    // It may be refused before that comes.
    let _ = refused.body.send_data(Bytes::from_static(b"begun"), false);
    assert_eq!(client.answer(refused).status, 502);
    let trace = client.send(request("TRACE", "/", &[]), true);
    assert_eq!(client.answer(trace).status, 405);
    let call = client.send(request("POST", "/", &[("content-type", "application/grpc+proto")]), true);
    assert_eq!(client.answer(call).status, 464);
    *site.group() = crate::support::group(&[&broken]);
    site.apply();
    site.until(|status| health(status, &broken) == Some(TargetHealth::Healthy));
    assert_eq!(client.get("/").status, 502);
    site.group().targets.clear();
    site.apply();
    assert_eq!(client.get("/").status, 503);
}

#[test]
fn clients_stay_with_their_target() {
    let targets = [Target::echo(), Target::echo()];
    let site = site(&[&targets[0], &targets[1]], |site| site.group().stickiness = Some(Stickiness::Duration(60)));
    let mut client = Client::new(&site);
    let first = client.get("/");
    let cookie = first.fields.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).next().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    for _ in 0..4 {
        let call = client.send(request("GET", "/", &[("cookie", "a=b"), ("cookie", &cookie)]), true);
        assert_eq!(client.answer(call).value("x-target"), first.value("x-target"));
    }
}

#[test]
fn silence_is_answered_and_pings_do_not_break_it() {
    let silent = Target::serving(|connection| {
        connection.head();
        let _ = connection.client.head();
    });
    let site = site(&[&silent], |site| site.balancer.idle_timeout = 1);
    let mut client = Client::new(&site);
    assert_eq!(client.get("/").status, 504);
    let late = client.send(request("POST", "/", &[("content-length", "5")]), false);
    assert_eq!(client.answer(late).status, 408);
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    let begun = Instant::now();
    let end = loop {
        raw.frame(PING, 0, 0, b"are you?");
        let Some(frame) = raw.next() else { panic!("it ends without a word") };
        if frame.kind == GOAWAY {
            break frame;
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        // As many as may be.
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(end.number(4), NO_ERROR);
}

#[test]
fn a_connection_ends_after_10000_requests_and_none_is_lost() {
    let site = site(&[], |site| {
        site.balancer.listeners.insert(port(80), listener(vec![fixed(200, "ok")]));
    });
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    let mut last = 0;
    for stream in 0..10_000u32 {
        raw.get(stream * 2 + 1);
        let end =
            raw.until(|frame| frame.flags & END_STREAM > 0 && frame.kind == DATA || frame.kind == GOAWAY).unwrap();
        if end.kind == GOAWAY {
            last = stream;
            break;
        }
    }
    assert_eq!(last, 9_999);
    // That one is still answered.
    assert!(raw.is_answered(19_999));
}

#[test]
fn a_listener_that_goes_lets_requests_end() {
    let (go, slow) = mpsc::channel::<()>();
    let slow = Mutex::new(slow);
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&asked);
    let target = Target::answering(move |_| {
        counted.fetch_add(1, SeqCst);
        let _ = slow.lock().unwrap().recv();
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec()
    });
    let mut site = site(&[&target], |_| {});
    let mut idle = Raw::connect((site.address, 80).into(), &[]);
    assert!(idle.is_alive());
    let mut busy = Raw::connect((site.address, 80).into(), &[]);
    busy.get(1);
    while asked.load(SeqCst) == 0 {
        std::thread::yield_now();
    }
    site.balancer.listeners.clear();
    site.apply();
    assert_eq!(idle.until(|frame| frame.kind == GOAWAY).unwrap().number(4), NO_ERROR);
    assert!(idle.until(|_| false).is_none());
    assert_eq!(busy.until(|frame| frame.kind == GOAWAY).unwrap().number(4), NO_ERROR);
    go.send(()).unwrap();
    assert!(busy.is_answered(1));
}

#[test]
fn an_old_connection_is_ended_when_nothing_is_under_way() {
    let target = Target::echo();
    let site = site(&[&target], |site| site.balancer.client_keep_alive = 1);
    let mut raw = Raw::connect((site.address, 80).into(), &[]);
    raw.get(1);
    assert!(raw.is_answered(1));
    assert_eq!(raw.until(|frame| frame.kind == GOAWAY).unwrap().number(4), NO_ERROR);
    assert!(raw.until(|_| false).is_none());
}
