//! Attributes of load balancers that requests meet, and their limits.

use crate::support::*;
use spec::balancing::XffProcessing;

fn asked(site: &Site, at: u16, fields: &str) -> u16 {
    site.client_at(at).ask(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).status()
}

#[test]
fn drop_invalid_header_fields() {
    let target = Target::echo();
    let mut site = Site::new(&[&target]);
    let fields = "Host: a\r\nX-Fine-1: 1\r\nX_under: 2\r\nX.dot: 3\r\nX!: 4\r\n";
    let names = ["X-Fine-1", "X_under", "X.dot", "X!"];
    let gone = |target: &Target| names.map(|name| values(&target.head(), name).is_empty());
    assert_eq!(asked(&site, 80, fields), 200);
    assert_eq!(gone(&target), [false; 4]);
    site.balancer.drop_invalid_header_fields = true;
    site.apply();
    assert_eq!(asked(&site, 80, fields), 200);
    assert_eq!(gone(&target), [false, true, true, true]);
}

#[test]
fn preserve_host_header() {
    let target = Target::echo();
    let mut site = Site::with(&[&target], |site| {
        let other = site.balancer.listeners[&port(80)].clone();
        site.balancer.listeners.insert(port(8080), other);
    });
    let told = |site: &Site, at: u16, fields: &str| {
        assert_eq!(asked(site, at, fields), 200, "{fields:?}");
        let hosts = values(&target.head(), "Host");
        assert_eq!(hosts.len(), 1, "{hosts:?}");
        hosts[0].clone()
    };
    assert_eq!(told(&site, 80, "Host: A.test\r\n"), "A.test");
    assert_eq!(told(&site, 80, "Host: a.test:80\r\n"), "a.test");
    assert_eq!(told(&site, 80, "Host: a.test:1234\r\n"), "a.test");
    assert_eq!(told(&site, 8080, "Host: a.test\r\n"), "a.test:8080");
    assert_eq!(told(&site, 8080, "Host: a.test:1234\r\n"), "a.test:1234");
    assert_eq!(asked(&site, 80, "Host: a.test\r\nHost: b.test\r\n"), 400);
    site.balancer.preserve_host_header = true;
    site.apply();
    for (at, host) in [(80, "A.test"), (80, "a.test:80"), (8080, "a.test"), (8080, "a.test:1234")] {
        assert_eq!(told(&site, at, &format!("Host: {host}\r\n")), host);
    }
    // The first one counts.
    assert_eq!(told(&site, 80, "Host: a.test\r\nHost: b.test\r\n"), "a.test");
}

#[test]
fn xff_header_processing_and_client_port() {
    let target = Target::echo();
    let mut site = Site::new(&[&target]);
    let came = "Host: a\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Port: 1\r\nx-forwarded-for: ::1,  10.0.0.1\r\n";
    for (mode, with_port, of_some, of_none) in [
        (XffProcessing::Append, false, Some("198.51.100.7, ::1,  10.0.0.1, CLIENT"), Some("CLIENT")),
        (XffProcessing::Append, true, Some("198.51.100.7, ::1,  10.0.0.1, CLIENT:PORT"), Some("CLIENT:PORT")),
        (XffProcessing::Preserve, false, Some("198.51.100.7, ::1,  10.0.0.1"), None),
        (XffProcessing::Preserve, true, Some("198.51.100.7, ::1,  10.0.0.1"), None),
        (XffProcessing::Remove, false, None, None),
        (XffProcessing::Remove, true, None, None),
    ] {
        (site.balancer.xff_processing, site.balancer.xff_client_port) = (mode, with_port);
        site.apply();
        for (fields, expected) in [(came, of_some), ("Host: a\r\n", of_none)] {
            let mut client = site.client();
            assert_eq!(client.ask(&format!("GET / HTTP/1.1\r\n{fields}\r\n")).status(), 200);
            let peer = client.stream.local_addr().unwrap();
            let expected = expected
                .map(|text| text.replace("CLIENT", &peer.ip().to_string()).replace("PORT", &peer.port().to_string()));
            let head = target.head();
            assert_eq!(
                values(&head, "X-Forwarded-For"),
                expected.into_iter().collect::<Vec<_>>(),
                "{mode:?} {with_port}"
            );
            // The other two are this load balancer's own in every mode.
            assert_eq!(
                (values(&head, "X-Forwarded-Proto"), values(&head, "X-Forwarded-Port")),
                (vec!["http".into()], vec!["80".into()])
            );
        }
    }
}

#[test]
fn tls_headers_are_of_tls_alone() {
    let target = Target::echo();
    let mut site = Site::new(&[&target]);
    let fields = "Host: a\r\nX-Amzn-Tls-Version: TLSv9\r\nx-amzn-tls-cipher-suite: NONE\r\n";
    let held = |target: &Target| {
        values(&target.head(), "X-Amzn-Tls-Version").len() + values(&target.head(), "X-Amzn-Tls-Cipher-Suite").len()
    };
    assert_eq!(asked(&site, 80, fields), 200);
    assert_eq!(held(&target), 2);
    // Whoever relies on them is not told what a client made up.
    site.balancer.tls_headers = true;
    site.apply();
    assert_eq!(asked(&site, 80, fields), 200);
    assert_eq!(held(&target), 0);
}

#[test]
fn limits_of_request_heads() {
    const LINE: usize = 16 << 10;
    const HEAD: usize = 64 << 10;
    let target = Target::echo();
    let site = Site::new(&[&target]);
    let told = |request: String| {
        let mut client = site.client();
        // The answer may come before everything is sent.
        let _ = std::io::Write::write_all(&mut client.stream, request.as_bytes());
        client.answer(false).status()
    };
    let line = |length: usize| {
        let target = "x".repeat(length - "GET / HTTP/1.1\r\n".len());
        format!("GET /{target} HTTP/1.1\r\nHost: a\r\n\r\n")
    };
    assert_eq!((told(line(LINE)), told(line(LINE + 1))), (200, 414));
    let field =
        |length: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(length - "X: \r\n".len()));
    assert_eq!((told(field(LINE)), told(field(LINE + 1))), (200, 400));
    let head = |length: usize| {
        let mut head = format!("GET / HTTP/1.1\r\nHost: a\r\n{}", format!("X: {}\r\n", "x".repeat(995)).repeat(65));
        let rest = length - head.len() - "Y: \r\n\r\n".len();
        head.push_str(&format!("Y: {}\r\n\r\n", "y".repeat(rest)));
        head
    };
    assert_eq!(head(HEAD).len(), HEAD);
    assert_eq!((told(head(HEAD)), told(head(HEAD + 1))), (200, 400));
}

#[test]
fn limits_of_answers_heads() {
    const HEAD: usize = 32 << 10;
    let target = Target::answering(|asked| {
        let length: usize = asked.path()[1..].parse().unwrap();
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: ";
        format!("{head}{}\r\n\r\nok", "x".repeat(length - head.len() - 4)).into_bytes()
    });
    let site = Site::new(&[&target]);
    assert_eq!(site.get(&format!("/{HEAD}")).text(), "ok");
    assert_eq!(site.get(&format!("/{}", HEAD + 1)).status(), 502);
}
