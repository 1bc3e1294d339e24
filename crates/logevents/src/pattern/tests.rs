//! Patterns on events: the examples of the User Guide, then what must be refused, then any text at all.

use super::*;
use proptest::prelude::*;

fn check(pattern: &str, text: &str, expected: bool) {
    let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    assert_eq!(parsed.matches(text), expected, "{pattern} on {text}");
    if let Some(needle) = parsed.needle().filter(|_| expected) {
        assert!(text.contains(needle), "{pattern} must not be looked for as {needle}");
    }
}

fn refused(pattern: &str) -> String {
    match Pattern::parse(pattern) {
        Ok(parsed) => panic!("{pattern} was taken for {parsed:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn terms_match_as_documented() {
    for (pattern, text, expected) in [
        ("", "anything", true),
        ("  ", "anything", true),
        ("ERROR", "[ERROR 400] BAD REQUEST", true),
        ("ERROR", "Exiting with ERRORCODE: -1", true),
        ("error", "[ERROR 400] BAD REQUEST", false),
        ("ERROR REQUEST", "[ERROR 400] BAD REQUEST", true),
        ("ERROR MISSING", "[ERROR 400] BAD REQUEST", false),
        ("?ERROR ?WARN", "WARN message", true),
        ("?ERROR ?WARN", "INFO", false),
        ("?ERROR", "ERROR", true),
        ("?\"BAD REQUEST\" ?WARN", "[ERROR 400] BAD REQUEST", true),
        ("?ERROR ?WARN REQUEST", "[INFO] REQUEST FAILED", true),
        ("?ERROR ?WARN REQUEST", "[ERROR] nothing", false),
        ("?ERROR -EXIT", "going on", true),
        ("ERROR -EXIT", "ERROR", true),
        ("ERROR -EXIT", "ERROR EXIT", false),
        ("\"ERROR\" - \"Exiting\"", "Exiting with ERRORCODE: -1", false),
        ("-EXIT", "going on", true),
        ("\"BAD REQUEST\"", "[ERROR 400] BAD REQUEST", true),
        ("\"BAD REQUEST\"", "REQUEST BAD", false),
        ("\"say \\\"hi\\\"\" there", "say \"hi\" there", true),
        (r#""C:\temp""#, r"in C:\temp now", true),
        ("-\"GET /health\"", "GET /health 200", false),
        ("größe", "die größe", true),
    ] {
        check(pattern, text, expected);
    }
}

#[test]
fn regular_expressions_match_as_documented() {
    for (pattern, text, expected) in [
        ("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true),
        ("%AUTHORIZED%", "[ERROR 400] BAD REQUEST", false),
        ("%^[hc]at%", "cat and hat", true),
        ("%^[hc]at%", "a cat", false),
        ("%[hc]at$%", "a hat", true),
        ("%colou?r%", "color", true),
        ("%^a{3,5}$%", "aaaa", true),
        ("%^a{3,5}$%", "aa", false),
        ("%gray|grey%", "grey", true),
        (r"%10\.10\.0\.1%", "from 10.10.0.1", true),
        (r"%10\.10\.0\.1%", "from 10.10.001", false),
        (r"%\[[A-Z]+\]%", "[WARN] low", true),
        (r"%\d{3}\s\D%", "404 x", true),
        (r"%^\w+\S\W$%", "ab!", true),
        (r"%^\w+\W$%", "é!", false),
        (r"%\x28ok\x29%", "it is (ok)", true),
        (r"-%4\d\d%", "status 404", false),
        (r"ERROR %4\d\d%", "ERROR 404", true),
        (r"?%5\d\d% ?WARN", "status 503", true),
        ("%[^ab]c%", "dc", true),
    ] {
        check(pattern, text, expected);
    }
}

#[test]
fn json_patterns_match_as_documented() {
    let trail = r#"{"eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}], "SomeObject": null, "ThisFlag": true, "cluster.name": "c"}"#;
    let users = r#"{"user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
        "actions": ["GET", "PUT", "DELETE"], "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]]}"#;
    let numbers = r#"{"latency": 500, "numbers": [99, 0.005], "errorCode": 400, "status": "404", "text": "a \"b\" é", "neg": -2}"#;
    for (pattern, text, expected) in [
        ("{ $.eventType = \"UpdateTrail\" }", trail, true),
        ("{$.eventType=UpdateTrail}", trail, true),
        ("{ $.eventType = Update }", trail, false),
        ("{ $.eventType = \"Update*\" }", trail, true),
        ("{ $.eventType = *Trail }", trail, true),
        ("{ $.eventType = \"*date*\" }", trail, true),
        ("{ $.eventType = \"Up*ail\" }", trail, false),
        ("{ $.eventType = %Trail% }", trail, true),
        ("{ $.eventType != %^Trail% }", trail, true),
        ("{ $.eventType = * }", trail, true),
        ("{ $.missing = * }", trail, false),
        ("{ $.missing != x }", trail, false),
        ("{ $.sourceIPAddress != 123.123.* }", trail, true),
        ("{ $.sourceIPAddress != 111.111.* }", trail, false),
        ("{ $.arrayKey[0] = \"value\" }", trail, true),
        ("{ $.arrayKey[1] = \"value\" }", trail, false),
        ("{ $.eventType[0] = \"U\" }", trail, false),
        ("{ $.arrayKey[*] = \"another value\" }", trail, true),
        ("{ $.objectList[1].id = 2 }", trail, true),
        ("{ $.objectList[*].id = 2 }", trail, true),
        ("{ $.objectList[*].id = 3 }", trail, false),
        ("{ $.objectList[0].* = \"a\" }", trail, true),
        ("{ $.SomeObject IS NULL }", trail, true),
        ("{ $.SomeObject = * }", trail, false),
        ("{ $.eventType IS NULL }", trail, false),
        ("{ $.SomeOtherObject IS NULL }", trail, false),
        ("{ $.SomeOtherObject NOT EXISTS }", trail, true),
        ("{ $.SomeObject NOT EXISTS }", trail, false),
        ("{ $.ThisFlag IS TRUE }", trail, true),
        ("{ $.ThisFlag IS FALSE }", trail, false),
        ("{ $.ThisFlag = true }", trail, true),
        ("{ $.['cluster.name'] = \"c\" }", trail, true),
        ("{ $.cluster.name = \"c\" }", trail, false),
        ("{ ($.user.id = 1) && ($.users[0].email = \"John.Doe@example.com\") }", users, true),
        ("{ ($.user.id = 2 && $.users[0].email = \"nonmatch\") || $.actions[2] = \"GET\" }", users, false),
        (
            "{ $.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }",
            users,
            true,
        ),
        (
            "{ ($.user.email = \"John.Stiles@example.com\" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }",
            users,
            false,
        ),
        ("{ $.users = 1 }", users, false),
        ("{ $.users != 1 }", users, false),
        ("{ $.coordinates[1][2] = 6 }", users, true),
        ("{ $.latency >= 500 }", numbers, true),
        ("{ $.latency > +1000 }", numbers, false),
        ("{ $.latency < 1e3 }", numbers, true),
        ("{ $.numbers[0] < 10e3 }", numbers, true),
        ("{ $.numbers[1] < 10e-3 }", numbers, true),
        ("{ $.numbers[1] <= 0.005 }", numbers, true),
        ("{ $.errorCode = 400 }", numbers, true),
        ("{ $.errorCode = 4e2 }", numbers, true),
        ("{ $.errorCode = 40* }", numbers, true),
        ("{ $.errorCode != 500 }", numbers, true),
        ("{ $.status = 404 }", numbers, true),
        ("{ $.status > 400 }", numbers, true),
        ("{ $.neg = -2 }", numbers, true),
        ("{ $.text = \"a \\\"b\\\" é\" }", numbers, true),
        ("{ $.text > 5 }", numbers, false),
        ("{ $.a = 1 }", "no JSON", false),
        ("{ $.a NOT EXISTS }", "no JSON", false),
        ("{ $.a NOT EXISTS }", "{torn", false),
    ] {
        check(pattern, text, expected);
    }
}

#[test]
fn space_delimited_patterns_match_as_documented() {
    let get = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    for (pattern, text, expected) in [
        ("[ip, user, username, timestamp, request, status_code, bytes]", get, true),
        ("[ip, user, username, timestamp, request, status_code]", get, false),
        ("[ip, user, username, timestamp, request, status_code, bytes, more]", get, false),
        ("[ip, user, ...]", get, true),
        ("[..., status_code, bytes]", get, true),
        ("[ip, user, ..., status_code, bytes]", get, true),
        ("[a, b, c, d, ..., e, f, g, h]", get, false),
        ("[...]", get, true),
        ("[ip, user, username, timestamp, request, status_code, bytes > 1000]", get, true),
        ("[ip, user, username, timestamp, request, status_code, bytes > 2000]", get, false),
        ("[ip, user, username, timestamp, request, status_code = 404, bytes]", get, true),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes]", get, true),
        ("[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]", get, true),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000, bytes]", get, true),
        ("[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]", get, true),
        ("[ip, user, username, timestamp, request, status_code = 4* && status_code != 404, bytes]", get, false),
        ("[ip, user, username, timestamp, request, (status_code = 5* || status_code = 404), bytes]", get, true),
        ("[..., request=*.html*, status_code=4*,]", get, true),
        (r"[ip=%127\.0\.0\.[1-9]%, ...]", get, true),
        (r"[ip=%^10\.%, ...]", get, false),
        ("[..., timestamp = \"10/Oct/2000*\", request, status_code, bytes]", get, true),
        ("[w1=ERROR, w2]", "ERROR message", true),
        ("[w1=ERROR, w2]", "WARN message", false),
        ("[w1=ERROR || w1=WARN, w2]", "WARN message", true),
        ("[w1!=ERROR && w1!=WARN, w2]", "INFO message", true),
        ("[w1=ERROR, w2]", "ERROR WARN message", false),
        ("[w1, w2 > 5]", "x y", false),
        ("[w1]", "\"unclosed", true),
        ("[w1]", "", false),
    ] {
        check(pattern, text, expected);
    }
}

#[test]
fn what_is_looked_for_first_is_never_missed() {
    for (pattern, text, expected) in [
        (r#"{ $.a = "needle" }"#, r#"{"a": "n\u0065edle"}"#, true),
        (r#"{ $.a = "ne*" && $.b = 1 }"#, r#"{"a": "needle", "b": 1.0}"#, true),
        (r#"{ $.a = "x/y" }"#, r#"{"a": "x\/y"}"#, true),
        (r#"{ $.a = "4*" }"#, r#"{"a": 4e2}"#, true),
        (r#"{ $.a = "needle" || $.b = 1 }"#, r#"{"b": 1}"#, true),
        (r#"{ $.a != "needle" }"#, r#"{"a": "hay"}"#, true),
        ("[a = x*, b = needle]", "xy needle", true),
        ("[a = x* || a = y*]", "yes", true),
        ("[a != needle]", "hay", true),
        ("[a = 1e1]", "10", true),
    ] {
        check(pattern, text, expected);
    }
    assert_eq!(Pattern::parse("[a = x*, b = needle && c > 1, c]").unwrap().needle(), Some("needle"));
    assert_eq!(Pattern::parse("ERROR \"BAD REQUEST\" -no").unwrap().needle(), Some("BAD REQUEST"));
}

#[test]
fn fields_are_extracted_by_name_and_by_number() {
    let text = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    let fields = Pattern::parse("[..., request=*.html*, status_code=4*,]").unwrap().extracted(text);
    let expected = [
        ("$1", "127.0.0.1"),
        ("$2", "-"),
        ("$3", "frank"),
        ("$4", "10/Oct/2000:13:25:15 -0700"),
        ("$request", "GET /index.html HTTP/1.0"),
        ("$status_code", "404"),
        ("$7", "1534"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert!(Pattern::parse("frank").unwrap().extracted(text).is_empty());
    assert!(Pattern::parse("{ $.a = 1 }").unwrap().extracted("{\"a\": 1}").is_empty());
}

#[test]
fn what_is_no_pattern_is_refused_in_awss_words() {
    for (pattern, term) in [
        ("GET /x", "/x"),
        ("foo@example.com", "foo@example.com"),
        ("?", "?"),
        ("\"\"", "\"\""),
        ("\"open", "\"open"),
        ("%something!%", "%something!%"),
        ("%(a)%", "%(a)%"),
        ("%a b%", "%a b%"),
        ("%é%", "%é%"),
        ("%%", "%%"),
        ("%open", "%open"),
        (r"%\b%", r"%\b%"),
        (r"%\x2%", r"%\x2%"),
        ("%[a%", "%[a%"),
        ("%a{1000}{1000}{1000}%", "%a{1000}{1000}{1000}%"),
        ("{ $.a = b@c }", "b@c"),
        ("{ a = 1 }", "a"),
        ("{ $ = 1 }", "$"),
        ("{ $.a[*].b[*] = 1 }", "$.a[*].b[*]"),
        ("[ip = ]", ""),
        ("[a=1&b]", "1"),
    ] {
        let message = refused(pattern);
        let expected = format!("Invalid character(s) in term '{term}'");
        assert!(message == expected || message == "Invalid filter pattern", "{pattern}: {message}");
        if pattern != "[a=1&b]" {
            assert_eq!(message, expected, "{pattern}");
        }
    }
    assert_eq!(refused("{ $.a = 1"), "If a filter pattern starts with '{' it must end with '}'");
    assert_eq!(refused("[a, b"), "If a filter pattern starts with '[' it must end with ']'");
    for pattern in [
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a }",
        "{ $.a IS NOT NULL }",
        "{ $.a EXISTS }",
        "{ $.a > \"x\" }",
        "{ $.a = %1% || $.b = %2% || $.c = %3% }",
        "{}",
        "[..., a, ...]",
        "[a = 1 && b = 2, c]",
        "[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]",
    ] {
        refused(pattern);
    }
    refused(&format!("{{ {}$.a = 1{} }}", "(".repeat(300), ")".repeat(300)));
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_refused(pattern in r#"[{\[%"?$.a1 *=&|()<>!\-,}\]é\\]{0,40}"#, text in ".{0,40}") {
        if let Ok(parsed) = Pattern::parse(&pattern) {
            let matched = parsed.matches(&text);
            parsed.extracted(&text);
            prop_assert!(!matched || parsed.needle().is_none_or(|needle| text.contains(needle)));
        }
    }

    #[test]
    fn a_quoted_text_finds_what_contains_it(before in ".{0,20}", term in r"[^\\]{1,20}", after in ".{0,20}") {
        let pattern = format!("\"{}\"", term.replace('"', "\\\""));
        let text = format!("{before}{term}{after}");
        prop_assert!(Pattern::parse(&pattern).unwrap().matches(&text));
    }

    #[test]
    fn fields_are_as_many_as_were_joined(words in prop::collection::vec("[a-z0-9/:.]{1,8}", 1..10)) {
        let names: Vec<String> = (0..words.len()).map(|n| format!("w{n}")).collect();
        let pattern = Pattern::parse(&format!("[{}]", names.join(", "))).unwrap();
        let text = words.join("  ");
        prop_assert!(pattern.matches(&text));
        let extracted = pattern.extracted(&text);
        for (name, word) in names.iter().zip(&words) {
            prop_assert_eq!(&extracted[&format!("${name}")], word);
        }
    }
}
