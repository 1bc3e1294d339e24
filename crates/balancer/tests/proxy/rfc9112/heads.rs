//! Lines, targets, hosts and fields: sections 2 to 5.

use super::*;

#[test]
fn section_2_2_lines() {
    refuses(&[
        // A carriage return alone.
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400),
        ("GET /\ra HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\r: a\r\n\r\n", 400),
        // Blanks before the first field.
        ("GET / HTTP/1.1\r\n Host: b\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\tX: b\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", 400),
        // Zeros and others that nothing is written with.
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
        ("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \x0b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", 400),
    ]);
    let target = Target::echo();
    let site = Site::new(&[&target]);
    // Empty lines before a request are overlooked, so many and no more, however they arrive.
    let mut client = site.client();
    assert_eq!(client.ask("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status(), 200);
    let mut client = site.client();
    for _ in 0..100 {
        let _ = std::io::Write::write_all(&mut client.stream, b"\r\n");
    }
    assert_eq!(client.answer(false).status(), 400);
    assert!(client.is_closed());
    // A line feed alone ends a line of those that came, never one that goes on.
    let head = forwarded(&site, &target, "GET / HTTP/1.1\nHost: a\nX: y\n\n");
    assert_eq!(values(&head, "X"), ["y"]);
}

#[test]
fn section_2_3_versions() {
    refuses(&[
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/01.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/+1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ]);
    let target = Target::answering(|_| b"HTTP/1.0 200 Fine\r\nContent-Length: 0\r\n\r\n".to_vec());
    let site = Site::new(&[&target]);
    // Each side is spoken to in this program's own version.
    let mut client = site.client();
    let answer = client.ask("GET / HTTP/1.0\r\n\r\n");
    assert!(answer.head.starts_with("HTTP/1.1 200 Fine\r\n"), "{}", answer.head);
    assert!(target.head().starts_with("GET / HTTP/1.1\r\n"));
    assert!(client.is_closed());
}

#[test]
fn section_3_request_lines() {
    refuses(&[
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("G:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ]);
    let target = Target::echo();
    let site = Site::new(&[&target]);
    // Methods are of upper and lower case, and any token is one.
    for method in ["get", "PROPFIND", "M-SEARCH", "!#$%&'*+-.^_`|~", "PATCH"] {
        let head = forwarded(&site, &target, &format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(head.starts_with(&format!("{method} / HTTP/1.1\r\n")), "{head}");
    }
}

#[test]
fn section_3_2_hosts() {
    refuses(&[
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        // Also with an absolute target, which says the host.
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: ä\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a?x\r\n\r\n", 400),
    ]);
    let target = Target::echo();
    let site = Site::new(&[&target]);
    for (request, host) in [
        ("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "[2001:db8::1]".to_owned()),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", site.address.to_string()),
        ("GET / HTTP/1.0\r\n\r\n", site.address.to_string()),
    ] {
        assert_eq!(values(&forwarded(&site, &target, request), "Host"), [host]);
    }
}

#[test]
fn section_3_2_forms_of_targets() {
    refuses(&[
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a.test:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("OPTIONS *a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET ?a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        // Nothing here is a tunnel.
        ("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", 405),
        ("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ]);
    let target = Target::echo();
    let site = Site::new(&[&target]);
    for (line, host, received) in [
        ("GET http://b.test/a?b", "b.test", "GET /a?b"),
        ("GET HTTPS://b.test", "b.test", "GET /"),
        ("GET http://b.test?a=b/c", "b.test", "GET /?a=b/c"),
        ("GET http://b.test:80/", "b.test", "GET /"),
        ("OPTIONS *", "a.test", "OPTIONS *"),
        ("OPTIONS http://b.test", "b.test", "OPTIONS *"),
        ("OPTIONS http://b.test/", "b.test", "OPTIONS /"),
    ] {
        let head = forwarded(&site, &target, &format!("{line} HTTP/1.1\r\nHost: a.test\r\n\r\n"));
        assert!(head.starts_with(&format!("{received} HTTP/1.1\r\n")), "{line}: {head}");
        // What came in the field is not for anybody.
        assert_eq!(values(&head, "Host"), [host], "{line}");
    }
}

#[test]
fn section_4_status_lines() {
    let target = Target::answering(|asked| {
        let line = match asked.path() {
            "/none" => "HTTP/1.1 299 ",
            "/bare" => "HTTP/1.1 299",
            "/words" => "HTTP/1.1 299 It is\tso",
            "/short" => "HTTP/1.1 29 x",
            "/long" => "HTTP/1.1 2990 x",
            "/lower" => "http/1.1 200 OK",
            "/version" => "HTTP/2.0 200 OK",
            _ => "HTTP/1.1 0200 OK",
        };
        format!("{line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let site = Site::new(&[&target]);
    // The blank stays, also where nothing follows it.
    for (path, line) in
        [("/none", "HTTP/1.1 299 \r\n"), ("/bare", "HTTP/1.1 299 \r\n"), ("/words", "HTTP/1.1 299 It is\tso\r\n")]
    {
        assert!(site.get(path).head.starts_with(line), "{path}: {}", site.get(path).head);
    }
    for path in ["/short", "/long", "/lower", "/version", "/zero"] {
        assert_eq!(site.get(path).status(), 502, "{path}");
    }
}

#[test]
fn section_5_fields() {
    refuses(&[
        ("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\nx", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\"y: z\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nä: z\r\n\r\n", 400),
        // Folded lines.
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\ty\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ]);
    let target = Target::echo();
    let site = Site::new(&[&target]);
    // Blanks around values are none of them; those within are, and values may be empty.
    let head = forwarded(&site, &target, "GET / HTTP/1.1\r\nHost: \t a \t\r\nX:y\r\nX: \t\r\nX: \ta  b\t\r\n\r\n");
    assert_eq!(values(&head, "Host"), ["a"]);
    assert!(head.contains("\r\nX: y\r\nX: \r\nX: a  b\r\n"), "{head:?}");
}

#[test]
fn section_5_fields_of_answers() {
    let target = Target::answering(|asked| {
        let field = match asked.path() {
            "/blank" => "X : y\r\nContent-Length : 2",
            "/folded" => "X: y\r\n z",
            "/folded-length" => "Content-Length:\r\n 2",
            "/return" => "X: y\rSet-Cookie: z=1",
            "/zero" => "X: y\0z",
            "/name" => "X y: z",
            "/no-colon" => "XY",
            _ => "Content-Length: 2",
        };
        format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\nok").into_bytes()
    });
    let site = Site::new(&[&target]);
    // A blank before the colon is taken out.
    let answer = site.get("/blank");
    assert_eq!((answer.value("X").as_deref(), answer.text().as_str()), (Some("y"), "ok"));
    assert!(!answer.head.contains(" :"), "{}", answer.head);
    for path in ["/folded", "/folded-length", "/return", "/zero", "/name", "/no-colon"] {
        let answer = site.get(path);
        assert_eq!(answer.status(), 502, "{path}: {}", answer.head);
        assert_eq!(answer.values("Set-Cookie"), [""; 0]);
    }
    // What came after such an answer is nobody's.
    assert_eq!(site.get("/").text(), "ok");
}
