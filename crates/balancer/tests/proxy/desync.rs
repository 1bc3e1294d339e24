//! The cases that ship with AWS's own classifier of requests: no severe one is forwarded, and what is forwarded can be read in one way.

use crate::{strict, support::*};
use spec::balancing::DesyncMitigation;
use std::{io::Write, net::Shutdown, path::PathBuf, process::Command};
use yaml_rust2::{Yaml, YamlLoader};

/// Where the crate that the tests are built with has its sources.
fn cases() -> Vec<PathBuf> {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", &platform])
        .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let mut packages = told["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "http_desync_guardian").unwrap();
    let tests = PathBuf::from(package["manifest_path"].as_str().unwrap()).with_file_name("tests");
    let files = tests.read_dir().unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

/// A text of a case as bytes: a backslash is before a character that can't be written, one byte each.
fn bytes(text: &Yaml) -> Vec<u8> {
    let text = match text {
        Yaml::Integer(number) => number.to_string(),
        text => text.as_str().unwrap_or_default().to_owned(),
    };
    let mut bytes = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let byte = match (character, if character == '\\' { characters.next() } else { None }) {
            (_, Some('x')) => {
                let digits: String = characters.by_ref().take(2).collect();
                char::from(u8::from_str_radix(&digits, 16).unwrap())
            }
            (_, Some('b')) => '\x08',
            (_, Some('f')) => '\x0c',
            (_, Some('n')) => '\n',
            (_, Some('r')) => '\r',
            (_, Some('t')) => '\t',
            (_, Some(other)) => other,
            (character, None) => character,
        };
        // Latin-1, or what has no byte of its own.
        match u8::try_from(u32::from(byte)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => bytes.extend(byte.to_string().into_bytes()),
        }
    }
    bytes
}

struct Case {
    number: usize,
    name: String,
    head: Vec<u8>,
    tier: String,
}

fn read_cases() -> Vec<Case> {
    let mut all = Vec::new();
    for path in cases() {
        let text = std::fs::read_to_string(&path).unwrap();
        for case in YamlLoader::load_from_str(&text).unwrap()[0].as_vec().unwrap() {
            let mut head = [bytes(&case["method"]), bytes(&case["uri"]), bytes(&case["version"])].join(&b' ');
            let number = all.len();
            head.extend(format!("\r\nX-Case: {number}\r\n").into_bytes());
            let fields = case["headers"].as_vec().cloned().unwrap_or_default();
            let fields: Vec<_> = fields.iter().map(|field| (bytes(&field["name"]), bytes(&field["value"]))).collect();
            // Most cases have none, and would be refused for that alone.
            if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"host")) {
                head.extend(b"Host: a.test\r\n");
            }
            for (name, value) in &fields {
                head.extend([&name[..], b":", value, b"\r\n"].concat());
            }
            head.extend(b"\r\n");
            let name = format!("{}: {}", path.file_name().unwrap().display(), case["name"].as_str().unwrap());
            all.push(Case { number, name, head, tier: case["expected"]["tier"].as_str().unwrap().to_owned() });
        }
    }
    all
}

/// What became of a request: the status, and whether its connection was closed then.
fn told(site: &Site, case: &Case) -> (u16, bool) {
    let mut client = site.client();
    // The answer may come before everything is sent. A body that is awaited comes, or breaks off.
    let sent = client.stream.write_all(&case.head).and_then(|()| client.stream.write_all(b"0\r\n\r\n"));
    let _ = sent.and_then(|()| client.stream.shutdown(Shutdown::Write));
    let is_head = case.head.starts_with(b"HEAD");
    let answer = client.answer(is_head);
    (answer.status(), answer.value("Connection").as_deref() == Some("close"))
}

#[test]
fn no_severe_case_is_forwarded() {
    let cases = read_cases();
    assert!(cases.len() > 150, "{}", cases.len());
    for mode in [DesyncMitigation::Monitor, DesyncMitigation::Defensive, DesyncMitigation::Strictest] {
        let target = Target::echo();
        let site = Site::with(&[&target], |site| site.balancer.desync_mitigation = mode);
        let told: Vec<_> = cases.iter().map(|case| told(&site, case)).collect();
        let heads_of = |case: &Case| -> Vec<String> {
            let heads = target.heads.lock().unwrap();
            heads.iter().filter(|head| values(head, "X-Case") == [case.number.to_string()]).cloned().collect()
        };
        for (case, (status, is_closed)) in cases.iter().zip(told) {
            let (name, tier) = (&case.name, &case.tier[..]);
            match (mode, tier) {
                // Of codings there is but one ("HTTP 501", Application Load Balancers guide).
                (_, "Compliant") if status == 501 => {
                    let text = String::from_utf8_lossy(&case.head).to_lowercase();
                    assert!(["gzip", "deflate", "compress"].iter().any(|coding| text.contains(coding)), "{name}");
                }
                // Without a target it is no request by RFC 9112.
                (_, "Compliant") if name.ends_with(": Empty URI") => assert_eq!(status, 400),
                (_, "Compliant") => eventually(name, || heads_of(case).len() == 1),
                (DesyncMitigation::Defensive, "Severe") => {
                    assert!(matches!(status, 400 | 501 | 505) && is_closed, "{name}: {status}");
                }
                (DesyncMitigation::Defensive, "Ambiguous") => assert!(is_closed, "{name}"),
                (DesyncMitigation::Strictest, _) => assert!(matches!(status, 400 | 501 | 505), "{name}: {status}"),
                _ => {}
            }
            let heads = heads_of(case);
            let is_refused = mode == DesyncMitigation::Strictest && tier != "Compliant"
                || mode == DesyncMitigation::Defensive && tier == "Severe";
            assert!(heads.len() <= usize::from(!is_refused), "{mode:?} {name}: {heads:#?}");
            for head in &heads {
                strict::read(head.as_bytes()).unwrap_or_else(|what| panic!("{name}: {what} in {head:?}"));
            }
        }
        assert!(target.heads.lock().unwrap().len() > 10, "{mode:?}");
    }
}
