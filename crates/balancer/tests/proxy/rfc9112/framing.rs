//! Where bodies end: sections 6 to 8.

use super::*;

#[test]
fn section_6_1_transfer_encoding() {
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n0\r\n\r\n");
    let cases: Vec<(String, u16)> = [
        // `chunked` is not the last one, or is there twice.
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        // What is not known, or only looks as if it were.
        ("Transfer-Encoding: gzip\r\n", 501),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding: chunked;q=1\r\n", 501),
        ("Transfer-Encoding: \"chunked\"\r\n", 501),
        ("Transfer-Encoding: chun ked\r\n", 501),
        ("Transfer-Encoding: \x0bchunked\r\n", 400),
        ("Transfer-Encoding: chunked\0\r\n", 400),
        ("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", 501),
    ]
    .map(|(fields, status)| (post(fields), status))
    .to_vec();
    let mut cases: Vec<_> = cases.iter().map(|(bytes, status)| (&bytes[..], *status)).collect();
    // HTTP/1.0 has none.
    cases.push(("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400));
    cases.push(("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400));
    refuses(&cases);
    let target = Target::echo();
    let site = Site::new(&[&target]);
    for fields in ["Transfer-Encoding: chunked\r\n", "transfer-encoding: CHUNKED\r\n"] {
        assert_eq!(values(&forwarded(&site, &target, &post(fields)), "Transfer-Encoding"), ["chunked"], "{fields:?}");
    }
    // With a length beside it, the coding counts, the length goes no further, and neither connection serves another request.
    let both = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let mut client = site.client();
    let answer = client.ask(&format!("{both}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!((answer.status(), answer.value("Connection").as_deref()), (200, Some("close")));
    assert!(client.is_closed());
    assert!(values(&target.head(), "Content-Length").is_empty());
    assert!(target.heads.lock().unwrap().iter().all(|head| !head.contains("smuggled")));
}

#[test]
fn section_6_1_transfer_encoding_of_answers() {
    let target = Target::answering(|asked| {
        match asked.path() {
            "/both" => "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "/204" => "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
            "/204-length" => "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n",
            "/304" => "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
            "/twice" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            "/gzip" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "/1.0" => {
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
            }
            "/lengths" => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
            "/same" => "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nok",
            "/sign" => "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        }
        .into()
    });
    let site = Site::new(&[&target]);
    let both = site.get("/both");
    assert_eq!((both.text().as_str(), both.values("Content-Length")), ("ok", Vec::new()));
    for path in ["/204", "/204-length", "/304"] {
        let mut client = site.client();
        let answer = client.get(path);
        assert_eq!((answer.values("Transfer-Encoding"), answer.values("Content-Length")), (vec![], vec![]), "{path}");
        assert_eq!(client.get("/").text(), "ok", "{path}");
    }
    for path in ["/twice", "/gzip", "/lengths", "/sign"] {
        assert_eq!(site.get(path).status(), 502, "{path}");
    }
    assert_eq!(site.get("/same").values("Content-Length"), ["2"]);
    // What HTTP/1.0 has no codings for is the last on its connection.
    let mut client = site.client();
    assert_eq!(client.get("/").text(), "ok");
    let before = target.connections();
    assert_eq!(client.get("/1.0").text(), "ok");
    assert_eq!(client.get("/").text(), "ok");
    assert_eq!(target.connections(), before + 1);
}

#[test]
fn section_6_2_lengths() {
    let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\nhello");
    let cases = [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: 5,\r\n",
        "Content-Length: ,5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5.0\r\n",
        "Content-Length: 5;x\r\n",
        "Content-Length: \r\n",
        "Content-Length: five\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Content-Length: 5\r\nContent-Length:\r\n",
    ]
    .map(post);
    refuses(&cases.each_ref().map(|bytes| (&bytes[..], 400)));
    let target = Target::echo();
    let site = Site::new(&[&target]);
    assert_eq!(values(&forwarded(&site, &target, &post("Content-Length: 5\r\n")), "Content-Length"), ["5"]);
    assert_eq!(values(&forwarded(&site, &target, &post("Content-Length: 005\r\n")), "Content-Length"), ["5"]);
}

#[test]
fn section_6_3_incomplete_messages_and_section_8() {
    let target = Target::serving(|connection| {
        let asked = connection.request();
        let rest = match asked.as_ref().map_or("", |asked| asked.path()) {
            "/length" => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            "/chunks" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            "/size" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n",
            "/head" => "HTTP/1.1 200 OK\r\nContent-Le",
            _ => "",
        };
        connection.send(rest.as_bytes());
    });
    let site = Site::new(&[&target]);
    for path in ["/length", "/chunks", "/size"] {
        assert!(!looks_whole(&site, path), "{path}");
    }
    for path in ["/head", "/"] {
        assert_eq!(site.get(path).status(), 502, "{path}");
    }
    // A head of a client that breaks off.
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n");
    client.finish();
    assert_eq!(client.answer(false).status(), 400);
    assert!(client.is_closed());
}

#[test]
fn section_7_1_chunks() {
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let post = |body: &str| format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    for body in [
        "5\r\nhello\r\n0\r\n\r\n",
        "005\r\nhello\r\n000\r\n\r\n",
        "5;a;b=c;d=\"e f\"\r\nhello\r\n0;x\r\n\r\n",
        "5 ; a = b\r\nhello\r\n0\r\n\r\n",
        "5\t\r\nhello\r\n0\r\n\r\n",
        "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\r\nHost: c\r\nContent-Length: 100\r\nTransfer-Encoding: gzip\r\n\r\n",
    ] {
        let mut client = site.client();
        let answer = client.ask(&post(body));
        assert!(answer.text().ends_with("\r\n\r\nhello"), "{body:?}: {}", answer.text());
        // Nothing of trailers became a field, and the next request is where it should be.
        assert_eq!(values(&target.head(), "Host"), ["a"]);
        assert!(values(&target.head(), "A").is_empty());
        assert_eq!(client.get("/next").status(), 200, "{body:?}");
    }
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloxx0\r\n\r\n",
        "5\r\nhello\r\n0\n\r\n",
        "5\r\nhello\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "5\rx\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "g\r\n",
        "\r\n",
        "10000000000000000\r\nx",
        "00000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\n\r\n",
        "5\r\nhello\r\n0\r\nA: b\rC: d\r\n\r\n",
    ] {
        let mut client = site.client();
        let _ = std::io::Write::write_all(&mut client.stream, post(body).as_bytes());
        assert_eq!(client.answer(false).status(), 400, "{body:?}");
        assert!(client.is_closed(), "{body:?}");
    }
    // The largest there is is no length that is exceeded by a calculation: it is waited for.
    let mut client = site.client();
    client.send(post("ffffffffffffffff\r\nhello"));
    client.finish();
    assert_eq!(client.answer(false).status(), 400);
}

#[test]
fn section_7_1_chunks_of_answers() {
    let target = Target::answering(|asked| {
        let body = match asked.path() {
            "/extensions" => "2;x=y\r\nok\r\n0;z\r\n\r\n",
            "/trailers" => "2\r\nok\r\n0\r\nSet-Cookie: a=b\r\n\r\n",
            "/feed" => "2\nok\r\n0\r\n\r\n",
            "/sign" => "+2\r\nok\r\n0\r\n\r\n",
            "/overflow" => "10000000000000002\r\nok\r\n0\r\n\r\n",
            _ => "2\r\nokx\r\n0\r\n\r\n",
        };
        format!("HTTP/1.1 200 OK\r\nTrailer: Set-Cookie\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
    });
    let site = Site::new(&[&target]);
    for path in ["/extensions", "/trailers"] {
        let mut client = site.client();
        let answer = client.get(path);
        assert_eq!((answer.text().as_str(), answer.values("Set-Cookie").len()), ("ok", 0));
        assert!(answer.values("Trailer").is_empty());
        assert_eq!(client.get(path).text(), "ok");
    }
    for path in ["/feed", "/sign", "/overflow", "/rest"] {
        assert!(!looks_whole(&site, path), "{path}");
    }
    // A client of HTTP/1.0 gets no coding.
    let mut old = site.client();
    let answer = old.ask("GET /extensions HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(answer.values("Transfer-Encoding").is_empty());
    assert_eq!((answer.value("Connection").as_deref(), answer.text().as_str()), (Some("close"), "ok"));
}
