//! What RFC 9110 asks of whoever passes requests and answers on, section by section.

use crate::{strict, support::*};
use std::time::Duration;

fn forwarded(site: &Site, target: &Target, request: &str) -> String {
    let answer = site.client().ask(request);
    assert_eq!(answer.status(), 200, "{request:?}: {}", answer.head);
    let head = target.head();
    strict::read(head.as_bytes()).unwrap_or_else(|what| panic!("{what}: {head:?}"));
    head
}

#[test]
fn section_5_fields_go_on_as_they_came() {
    let target = Target::answering(|_| {
        b"HTTP/1.1 200 OK\r\nX-Unknown: 1\r\nSet-Cookie: a=1\r\nvia: x\r\nSet-Cookie: b=2\r\nX-Unknown: 2\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    let answer = client.ask(
        "GET / HTTP/1.1\r\nHost: a\r\nX-Unknown: b\r\nCookie: c=1\r\nx-UNKNOWN: a\r\nAccept: */*\r\nCookie: d=2\r\nX_y.z: !#$%&'*+.^`|~\r\n\r\n",
    );
    let head = target.head();
    // All of them, also unknown ones, and those of one name in their order (5.1, 5.3).
    assert_eq!(values(&head, "X-Unknown"), ["b", "a"]);
    assert_eq!(values(&head, "Cookie"), ["c=1", "d=2"]);
    assert!(head.contains("\r\nX_y.z: !#$%&'*+.^`|~\r\n") && head.contains("\r\nx-UNKNOWN: a\r\n"), "{head}");
    assert_eq!(answer.values("X-Unknown"), ["1", "2"]);
    assert_eq!(answer.values("Set-Cookie"), ["a=1", "b=2"]);
    assert_eq!(answer.values("via"), ["x"]);
}

#[test]
fn section_6_6_1_dates() {
    let target = Target::answering(|asked| {
        let date = if asked.path() == "/dated" { "date: then\r\n" } else { "" };
        format!("HTTP/1.1 200 OK\r\n{date}Content-Length: 0\r\n\r\n").into_bytes()
    });
    let site = Site::new(&[&target]);
    assert_eq!(site.get("/dated").values("Date"), ["then"]);
    let date = site.get("/").values("Date");
    assert!(date.len() == 1 && date[0].ends_with(" GMT"), "{date:?}");
}

#[test]
fn section_7_6_1_fields_of_a_connection() {
    let target = Target::answering(|_| {
        b"HTTP/1.1 200 OK\r\nConnection: X-Hop, keep-alive\r\nX-Hop: 1\r\nX-End: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n\
          Upgrade: h2c\r\nTrailer: X-T\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    });
    let site = Site::new(&[&target]);
    let hops = ["Connection", "X-Hop", "X-Other", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade"];
    let mut client = site.client();
    let answer = client.ask(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: x-hop, TE,\r\nX-Hop: 1\r\nX-End: 1\r\nconnection: X-OTHER\r\nx-other: 2\r\n\
         Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: X-T\r\nUpgrade: h2c\r\n\r\n",
    );
    let head = target.head();
    for name in hops {
        assert!(values(&head, name).is_empty(), "{name} went on: {head}");
        assert!(name == "Connection" || answer.values(name).is_empty(), "{name} came back: {}", answer.head);
    }
    assert_eq!((values(&head, "X-End").len(), answer.values("X-End").len()), (1, 1));
    assert_eq!(answer.values("Connection"), ["keep-alive"]);
    // What routes and frames a message can't be taken out of it so, nor what this load balancer says of its client.
    let request = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close, Host, Content-Length, X-Forwarded-For, X-Forwarded-Proto\r\n\
                   Content-Length: 2\r\n\r\nhi";
    let head = forwarded(&site, &target, request);
    assert_eq!((values(&head, "Host"), values(&head, "Content-Length")), (vec!["a".into()], vec!["2".into()]));
    assert_eq!((values(&head, "X-Forwarded-For").len(), values(&head, "X-Forwarded-Proto").len()), (1, 1));
}

#[test]
fn section_7_6_2_max_forwards() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let ask = |method: &str, value: &str| {
        let answer = site.client().ask(&format!("{method} / HTTP/1.1\r\nHost: a\r\nMax-Forwards: {value}\r\n\r\n"));
        assert_eq!(answer.status(), 200);
        answer.value("X-Target").map(|_| values(&target.head(), "Max-Forwards"))
    };
    // Whom it reaches with nothing left answers.
    assert_eq!(ask("OPTIONS", "0"), None);
    assert_eq!(ask("OPTIONS", "1"), Some(vec!["0".into()]));
    assert_eq!(ask("OPTIONS", "18446744073709551615"), Some(vec!["18446744073709551614".into()]));
    assert_eq!(ask("OPTIONS", "x"), Some(vec!["x".into()]));
    // For other methods it has no meaning.
    assert_eq!(ask("GET", "0"), Some(vec!["0".into()]));
}

#[test]
fn section_7_7_paths_go_on_as_they_came() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    for path in [
        "//a//b/",
        "/a/../b/./c",
        "/%2e%2E/%2f?%00=%zz",
        "/a;b=c,d/e@f:g!$&'()*+~",
        "/?",
        "/??a=b?c",
        "/a?b/../c",
        "/a//",
    ] {
        let head = forwarded(&site, &target, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
    }
}

#[test]
fn section_7_8_upgrades() {
    let target = Target::answering(|asked| match asked.path() {
        "/switch" => b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
    });
    let site = Site::new(&[&target]);
    // HTTP/1.0 has none, and without `Connection` it is none; so nothing may be switched to.
    for (version, fields) in [
        ("1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n"),
        ("1.1", "Upgrade: websocket\r\n"),
        ("1.1", "Connection: upgrade\r\n"),
        ("1.1", ""),
    ] {
        let answer = site.client().ask(&format!("GET /switch HTTP/{version}\r\nHost: a\r\n{fields}\r\n"));
        assert_eq!(answer.status(), 502, "{version} {fields:?}");
        let head = target.head();
        assert!(values(&head, "Upgrade").is_empty() && values(&head, "Connection").is_empty(), "{head}");
    }
    // Who does not switch answers as always.
    let mut client = site.client();
    let answer = client.ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: irc, websocket\r\n\r\n");
    assert_eq!(answer.text(), "ok");
    assert_eq!(values(&target.head(), "Upgrade"), ["irc, websocket"]);
    assert_eq!(client.get("/").text(), "ok");
}

#[test]
fn section_9_3_2_head_and_statuses_without_content() {
    let target = Target::serving(|connection| {
        while let Some(asked) = connection.request() {
            let answer = match asked.path() {
                "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                // What must not be there.
                "/body" => "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
                "/204" => "HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nforged",
                "/304" => "HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nforged",
                _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            };
            connection.send(answer.as_bytes());
        }
    });
    let site = Site::new(&[&target]);
    for (method, path) in [("HEAD", "/chunked"), ("HEAD", "/body"), ("GET", "/204"), ("GET", "/304")] {
        let mut client = site.client();
        let answer = client.ask(&format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(answer.status() < 400, "{path}");
        // Long enough for all of it to arrive: none of it is anybody's answer.
        std::thread::sleep(Duration::from_millis(700));
        assert_eq!(client.get("/").text(), "ok", "after {method} {path}");
    }
}

#[test]
fn section_9_3_2_head_is_refused_without_content() {
    let site = Site::with(&[], |_| {});
    for (request, status) in [
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 503),
        ("HEAD / HTTP/1.1\r\n\r\n", 400),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("HEAD / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400),
        ("HEAD / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    ] {
        let mut client = site.client();
        client.send(request);
        client.finish();
        let head = client.head().unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {head}");
        assert!(client.is_closed(), "{request:?}: more than a head");
    }
}

#[test]
fn section_10_1_1_expectations() {
    let target = Target::answering(|asked| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", asked.body.len())
            .into_bytes()
            .into_iter()
            .chain(asked.body.iter().copied())
            .collect()
    });
    let site = Site::new(&[&target]);
    // No need to say so where there is no body, where it is there already, or to HTTP/1.0, which does not know it.
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
        "POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    ] {
        assert_eq!(site.client().ask(request).status(), 200, "{request:?}");
        assert!(values(&target.head(), "Expect").is_empty());
    }
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nexpect: 100-CONTINUE\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 100 Continue\r\n\r\n"));
    client.send("2\r\nhi\r\n0\r\n\r\n");
    assert_eq!(client.answer(false).text(), "hi");
    // A final answer instead: no body is waited for, and none is taken for a request.
    let mut empty = Site::unserved(&[]);
    empty.apply();
    let mut client = empty.client();
    let answer = client.ask("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_eq!((answer.status(), answer.value("Connection").as_deref()), (503, Some("close")));
    assert!(client.is_closed());
}

#[test]
fn section_15_2_interim_answers() {
    let target = Target::answering(|asked| {
        match asked.path() {
            "/100" => "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            _ => {
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\nHTTP/1.1 102 \r\n\r\n\
                 HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            }
        }
        .into()
    });
    let site = Site::new(&[&target]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"));
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 102 \r\n\r\n"));
    assert_eq!(client.answer(false).text(), "ok");
    // One that nobody waits for any more, and any to HTTP/1.0.
    assert_eq!(client.get("/100").text(), "ok");
    assert_eq!(site.client().ask("GET / HTTP/1.0\r\n\r\n").text(), "ok");
    // It arrives before the answer does.
    let slow = Target::serving(|connection| {
        connection.head();
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n");
        assert!(connection.client.is_closed());
    });
    let site = Site::new(&[&slow]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().as_deref(), Some("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n"));
}

#[test]
fn section_17_answers_that_would_be_two() {
    let target = Target::answering(|asked| {
        let field = match asked.path() {
            "/return" => "Location: /a\r\rSet-Cookie: x=1",
            "/zero" => "Location: /a\0b",
            "/name" => "Set-Cookie x: y",
            _ => "X: y",
        };
        format!("HTTP/1.1 302 Found\r\n{field}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let site = Site::new(&[&target]);
    for path in ["/return", "/zero", "/name"] {
        let answer = site.get(path);
        assert_eq!((answer.status(), answer.values("Set-Cookie").len()), (502, 0), "{path}");
    }
}
