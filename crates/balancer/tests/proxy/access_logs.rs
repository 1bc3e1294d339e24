//! Lines of access logs, held to the grammar of AWS's page "Access logs for your Application Load Balancer".

use crate::{
    support::*,
    tls::{BOTH, NEWER, certificate, config, secure, try_client},
};
use balancer::{
    Engine, Legacy,
    access::files::{closed, read},
};
use regex::Regex;
use spec::balancing::{AccessLog, Action, Condition, Transform};
use std::{num::NonZeroUsize, path::Path, sync::Arc};

/// The fields of a line, in their order.
const FIELDS: [(&str, &str); 33] = [
    ("type", "http|https|h2|grpcs|ws|wss"),
    ("time", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    ("elb", "[a-zA-Z0-9/-]+"),
    ("client", r"[0-9.]+:\d{1,5}"),
    ("target", r"[0-9.]+:\d{1,5}|-"),
    ("request_processing_time", r"\d+\.\d{3}|-1"),
    ("target_processing_time", r"\d+\.\d{3}|-1"),
    ("response_processing_time", r"\d+\.\d{3}|-1"),
    ("elb_status_code", r"\d{3}|-"),
    ("target_status_code", r"\d{3}|-"),
    ("received_bytes", r"\d+"),
    ("sent_bytes", r"\d+"),
    ("request", r#""(?:-|[A-Z]+) https?://[^" ]* (?:-|HTTP/[0-9.]+)""#),
    ("user_agent", r#""(?:[^"\\\n]|\\x[0-9A-F]{2})*""#),
    ("ssl_cipher", "[0-9A-Z_-]+"),
    ("ssl_protocol", r"TLSv1\.[0-3]|-"),
    ("target_group_arn", "arn:[^ ]*|-"),
    ("trace_id", r#""(?:[^"\\]|\\x[0-9A-F]{2})*""#),
    ("domain_name", r#""[0-9A-Za-z.*-]*""#),
    ("chosen_cert_arn", r#""[^"]+""#),
    ("matched_rule_priority", r"\d{1,5}|-1|-"),
    ("request_creation_time", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"),
    ("actions_executed", r#""(?:forward|redirect|fixed-response|-)""#),
    ("redirect_url", r#""[^" ]*""#),
    ("error_reason", r#""-""#),
    ("target_list", r#""(?:[0-9.]+:\d{1,5}|-)""#),
    ("target_status_list", r#""(?:\d{3}|-)""#),
    ("classification", r#""(?:Acceptable|Ambiguous|Severe|-)""#),
    ("classification_reason", r#""(?:[A-Za-z]+|-)""#),
    ("conn_trace_id", "TID_[0-9a-f]+"),
    ("transformed_host", r#""[^"]*""#),
    ("transformed_uri", r#""[^"]*""#),
    ("request_transform_status", r#""(?:Transform[A-Za-z]+|-)""#),
];

struct Parsed(String);

impl Parsed {
    fn at(&self, name: &str) -> &str {
        let pattern = FIELDS.map(|(_, pattern)| format!("({pattern})")).join(" ");
        let found = Regex::new(&format!("^{pattern}$")).unwrap().captures(&self.0);
        let place = FIELDS.iter().position(|(field, _)| *field == name).unwrap();
        let found = found.unwrap_or_else(|| panic!("no line of an access log: {}", self.0));
        found.get(place + 1).unwrap().as_str().trim_matches('"')
    }
}

/// A site that logs to files in a directory.
fn site(dir: &Path, targets: &[&Target], change: impl FnOnce(&mut Site)) -> Site {
    Site::with(targets, |site| {
        site.engine = Engine::succeed(NonZeroUsize::new(2).unwrap(), Legacy::default(), Some(dir)).unwrap();
        site.balancer.arn =
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/lb/0123456789abcdef".into();
        site.balancer.access_log = Some(Arc::new(AccessLog { bucket: "logs".into(), prefix: "web".into() }));
        change(site);
    })
}

/// What was logged until the site ended, in the order of time.
fn lines(site: Site, dir: &Path) -> Vec<Parsed> {
    drop(site);
    let mut all = Vec::new();
    for path in closed(dir).unwrap() {
        let (head, lines) = read(&path).unwrap();
        assert_eq!((head.load_balancer.as_str(), head.log.bucket.as_str()), ("app/lb/0123456789abcdef", "logs"));
        all.extend(String::from_utf8(lines).unwrap().lines().map(|line| Parsed(line.to_owned())));
    }
    all.sort_by_key(|line| line.at("request_creation_time").to_owned());
    all
}

#[test]
fn every_request_has_a_line_that_says_what_became_of_it() {
    let (dir, target) = (tempfile::tempdir().unwrap(), Target::echo());
    let site = site(dir.path(), &[&target], |site| {
        let listener = site.balancer.listeners.get_mut(&port(80)).unwrap();
        let path = |path: &str| vec![Condition::Path(vec![path.into()])];
        let redirect = Action::Redirect {
            status: 301,
            protocol: "http".into(),
            host: "b.test".into(),
            port: "80".into(),
            path: "/new".into(),
            query: String::new(),
        };
        let mut closed = fixed(503, "closed");
        (closed.conditions, closed.priority) = (path("/closed"), 7);
        let mut moved = rule(path("/moved"), redirect);
        moved.priority = 8;
        let mut rewritten = forward(&[("g", 1)]);
        (rewritten.conditions, rewritten.priority) = (path("/old/*"), 9);
        rewritten.transforms = vec![Transform::Url { regex: "^/old/".into(), replace: "/new/".into() }];
        listener.rules.splice(0..0, [closed, moved, rewritten]);
    });
    let mut client = site.client();
    let head = "POST /a?b=c HTTP/1.1\r\nHost: a.test\r\nUser-Agent: a \"b\"\r\nContent-Length: 5\r\n\r\nhello";
    let answer = client.ask(head);
    assert_eq!(answer.status(), 200);
    for (path, status) in [("/closed", 503), ("/moved", 301), ("/old/x", 200)] {
        assert_eq!(client.ask(&format!("GET {path} HTTP/1.1\r\nHost: a.test:80\r\n\r\n")).status(), status);
    }
    client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(client.answer(false).status(), 400);
    let mut other = site.client();
    other.send("no request\r\n\r\n");
    assert_eq!(other.answer(false).status(), 400);
    let (traced, address) =
        (values(&target.heads.lock().unwrap()[0], "X-Amzn-Trace-Id").join(""), target.address().0.to_string());
    let lines = lines(site, dir.path());
    let told = |names: &[&str]| -> Vec<Vec<String>> {
        lines.iter().map(|line| names.iter().map(|name| line.at(name).to_owned()).collect()).collect()
    };
    assert_eq!(
        told(&[
            "type",
            "request",
            "elb_status_code",
            "target_status_code",
            "matched_rule_priority",
            "actions_executed"
        ]),
        [
            ["http", "POST http://a.test:80/a?b=c HTTP/1.1", "200", "200", "0", "forward"],
            ["http", "GET http://a.test:80/closed HTTP/1.1", "503", "-", "7", "fixed-response"],
            ["http", "GET http://a.test:80/moved HTTP/1.1", "301", "-", "8", "redirect"],
            ["http", "GET http://a.test:80/old/x HTTP/1.1", "200", "200", "9", "forward"],
            ["http", &format!("- http://{}:80- -", address_of(&lines[4])), "400", "-", "-", "-"],
            ["http", &format!("- http://{}:80- -", address_of(&lines[5])), "400", "-", "-", "-"],
        ]
    );
    let first = &lines[0];
    assert_eq!((first.at("target"), first.at("target_list")), (address.as_str(), address.as_str()));
    assert_eq!((first.at("received_bytes"), first.at("user_agent")), (head.len().to_string().as_str(), r"a \x22b\x22"));
    assert!(first.at("sent_bytes").parse::<usize>().unwrap() > answer.body.len());
    assert_eq!((first.at("trace_id"), first.at("target_group_arn")), (traced.as_str(), "arn:group"));
    assert_eq!((lines[1].at("target"), lines[1].at("target_processing_time")), ("-", "-1"));
    assert!(lines[1].at("trace_id").starts_with("Root=1-") && lines[4].at("trace_id") == "-");
    assert_eq!(lines[2].at("redirect_url"), "http://b.test:80/new");
    assert_eq!(
        (lines[3].at("transformed_uri"), lines[3].at("request_transform_status")),
        ("/new/x", "TransformSuccess")
    );
    assert_eq!(lines[4].at("classification"), "Severe");
    let connections: Vec<&str> = lines.iter().map(|line| line.at("conn_trace_id")).collect();
    assert!(connections[..5].iter().all(|id| *id == connections[0]) && connections[5] != connections[0]);
}

/// What is not read says nothing of a host: the node's address stands for it.
fn address_of(line: &Parsed) -> String {
    let request = line.at("request");
    request.split("//").nth(1).unwrap().split(':').next().unwrap().to_owned()
}

#[test]
fn websockets_have_theirs_when_they_end() {
    let dir = tempfile::tempdir().unwrap();
    let target = Target::serving(|connection| {
        connection.head().unwrap_or_default();
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        while let Some(line) = connection.client.head_line() {
            connection.send(format!("you said {line}\r\n").as_bytes());
        }
    });
    let site = site(dir.path(), &[&target], |_| {});
    let mut client = site.client();
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send(upgrade);
    assert!(client.head().unwrap().starts_with("HTTP/1.1 101 "));
    client.send("first\r\n");
    assert_eq!(client.head_line().as_deref(), Some("you said first"));
    client.finish();
    assert!(client.is_closed());
    let lines = lines(site, dir.path());
    let received = (upgrade.len() + "first\r\n".len()).to_string();
    assert_eq!((lines.len(), lines[0].at("type"), lines[0].at("elb_status_code")), (1, "ws", "101"));
    assert_eq!(lines[0].at("received_bytes"), received);
}

#[test]
fn over_tls_a_line_says_what_the_client_was_greeted_with() {
    let (dir, target) = (tempfile::tempdir().unwrap(), Target::echo());
    let (default, own) = (certificate(1, &["other.test"]), certificate(1, &["a.test"]));
    let site = site(dir.path(), &[&target], |site| {
        secure(site, NEWER, &[("arn:default", &default), ("arn:own", &own)]);
    });
    let head = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let known = config(BOTH);
    let mut http2 = (*config(BOTH)).clone();
    http2.alpn_protocols = vec![b"h2".to_vec()];
    for (name, config) in [("a.test", &known), ("b.test", &config(BOTH)), ("a.test", &known)] {
        assert_eq!(try_client(&site, name, config).unwrap().ask(head).status(), 200);
    }
    let mut client = try_client(&site, "a.test", &Arc::new(http2)).unwrap();
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x87\x84\x41\x01a");
    assert!(client.head().unwrap().contains("GET / HTTP/1.1\r\n"));
    let lines = lines(site, dir.path());
    let told = |names: &[&str]| -> Vec<Vec<String>> {
        lines.iter().map(|line| names.iter().map(|name| line.at(name).to_owned()).collect()).collect()
    };
    let (suite, version) = ("TLS_AES_128_GCM_SHA256", "TLSv1.3");
    assert_eq!(
        told(&["type", "ssl_cipher", "ssl_protocol", "domain_name", "chosen_cert_arn", "request"]),
        [
            ["https", suite, version, "a.test", "arn:own", "GET https://a.test:80/ HTTP/1.1"],
            ["https", suite, version, "-", "arn:default", "GET https://a.test:80/ HTTP/1.1"],
            ["https", suite, version, "a.test", "session-reused", "GET https://a.test:80/ HTTP/1.1"],
            ["h2", suite, version, "a.test", "arn:own", "GET https://a:80/ HTTP/2.0"],
        ]
    );
    assert!(lines[..3].iter().all(|line| line.at("received_bytes") == head.len().to_string()));
    assert!(lines.iter().all(|line| line.at("target_status_code") == "200"));
}

#[test]
fn without_a_log_nothing_is_written() {
    let (dir, target) = (tempfile::tempdir().unwrap(), Target::echo());
    let site = site(dir.path(), &[&target], |site| site.balancer.access_log = None);
    assert_eq!(site.get("/").status(), 200);
    assert!(lines(site, dir.path()).is_empty());
}
