//! Any bytes at all: no protocol panics or takes long on them, and any tree that is written comes back the same.

use aws::api::{ALL, ec2, ecs, iam, logs};
use aws::doc::{Doc, Timestamp};
use aws::fault::Fault;
use aws::request::identify;
use aws::shape::{Operation, Shape, Visitor};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Reads one tree as the request of every operation of a service.
struct ReadAs<'a>(&'a aws::api::Api, &'a Doc);

impl Visitor for ReadAs<'_> {
    fn operation<O: Operation>(&mut self) {
        let _ = self.0.read::<O>(self.1.clone());
    }
}

/// Bytes that look like a protocol's, so that they get past the first character.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let json = "[\\[\\]{}:,\"0-9a-z\\\\.eE+ -]{0,400}";
    let form = "([A-Za-z]{1,12}(\\.(member|entry|[A-Z][a-z]{2,8}|[0-9]{1,30})){0,6}=[%+0-9A-Za-z]{0,8}&?){0,40}";
    prop_oneof![vec(any::<u8>(), 0..600), json.prop_map(String::into_bytes), form.prop_map(String::into_bytes)]
}

fn any_doc() -> impl Strategy<Value = Doc> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Doc::Bool),
        any::<i64>().prop_map(Doc::Int),
        any::<f64>()
            .prop_filter("JSON's numbers are finite, and whole ones are integers", |v| v.fract() != 0.0)
            .prop_map(Doc::Float),
        any::<String>().prop_map(Doc::Text),
    ];
    leaf.prop_recursive(8, 64, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Doc::List),
            btree_map(any::<String>(), inner, 0..6).prop_map(Doc::Map)
        ]
    })
}

/// A tree as a form's pairs, the way the query protocol's clients write lists and structures.
fn pairs(name: &str, doc: &Doc, out: &mut form_urlencoded::Serializer<'_, String>) {
    match doc {
        Doc::Text(text) => drop(out.append_pair(name, text)),
        Doc::List(items) if items.is_empty() => drop(out.append_pair(name, "")),
        Doc::List(items) => {
            items.iter().enumerate().for_each(|(i, item)| pairs(&format!("{name}.member.{}", i + 1), item, out))
        }
        _ => {}
    }
}

fn text_and_lists(depth: u32) -> impl Strategy<Value = Doc> {
    let leaf = any::<String>().prop_map(Doc::Text);
    leaf.prop_recursive(depth, 64, 6, |inner| vec(inner, 0..6).prop_map(Doc::List))
}

/// Reads a form by the shape a tree has, as a typed shape would.
fn read_like(like: &Doc, form: Doc) -> Option<Doc> {
    match like {
        Doc::List(items) => {
            let read = form.list().ok()?;
            (read.len() == items.len()).then_some(())?;
            items.iter().zip(read).map(|(like, form)| read_like(like, form)).collect::<Option<_>>().map(Doc::List)
        }
        _ => form.text().ok().map(Doc::Text),
    }
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic_or_take_long(bytes in likely_bytes()) {
        let started = Instant::now();
        for api in ALL {
            let Ok(doc) = api.parse(&bytes) else { continue };
            ecs::visit(&mut ReadAs(api, &doc));
            ec2::visit(&mut ReadAs(api, &doc));
            iam::visit(&mut ReadAs(api, &doc));
            logs::visit(&mut ReadAs(api, &doc));
        }
        prop_assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }

    #[test]
    fn no_request_makes_identifying_panic(query in ".{0,80}", target in ".{0,60}", authorization in ".{0,80}", body in likely_bytes()) {
        let header = |name: &str| match name {
            "x-amz-target" if !target.is_empty() => Some(target.as_str()),
            "authorization" => Some(authorization.as_str()),
            _ => None,
        };
        let _ = identify("POST", "/", &query, header, &body);
        let _ = identify("POST", "/", &query, |_| None, &body);
    }

    #[test]
    fn a_tree_written_as_json_reads_back(doc in any_doc()) {
        let doc = Doc::Map([("value".to_owned(), doc)].into());
        let body = ecs::API.reply("X", "id", doc.clone()).body;
        prop_assert_eq!(ecs::API.parse(&body), Ok(doc));
    }

    #[test]
    fn a_tree_written_as_a_form_reads_back(doc in text_and_lists(6)) {
        let mut out = form_urlencoded::Serializer::new(String::new());
        pairs("X", &doc, &mut out);
        let mut form = iam::API.parse(out.finish().as_bytes()).expect("a form");
        prop_assert_eq!(read_like(&doc, form.take("X")), Some(doc));
    }

    #[test]
    fn replies_and_refusals_of_any_text_are_whole(text in any::<String>()) {
        let doc = Doc::Struct(vec![("value", Doc::Text(text.clone()))]);
        for api in ALL {
            for body in [api.reply("X", "id", doc.clone()).body, api.refusal("id", &Fault::new("C", text.clone())).body] {
                let body = String::from_utf8(body).expect("text");
                let forbidden = |c: char| c < ' ' && !"\t\n\r".contains(c) || c == '\u{fffe}' || c == '\u{ffff}';
                prop_assert!(api.target.is_empty() || serde_json::from_str::<serde_json::Value>(&body).is_ok());
                prop_assert!(!api.target.is_empty() || !body.contains(forbidden));
            }
        }
    }

    #[test]
    fn moments_read_back_whatever_the_form(millis in -62_000_000_000_000_i64..253_000_000_000_000) {
        let moment = Timestamp { millis };
        prop_assert_eq!(Timestamp::from_iso8601(&moment.iso8601()), Some(moment));
        let stored = serde_json::to_vec(&moment.write()).expect("stored");
        let doc = ecs::API.parse(&stored).expect("a number");
        prop_assert_eq!(Timestamp::read(doc).ok(), Some(moment));
    }
}

#[test]
fn the_worst_bodies_are_read_in_good_time() {
    let deep_names = (0..20_000).map(|i| format!("a.{i}.b.c.d.e=1&")).collect::<String>();
    let one_list = (0..99_000).map(|i| format!("VpcId.{i}=v&")).collect::<String>();
    let objects = format!("{{\"tasks\":[{}{{}}]}}", "{\"a\":1},".repeat(40_000));
    let started = Instant::now();
    for body in [deep_names, one_list, objects, "[".repeat(1_000_000), "\"".repeat(1_000_000), "a.".repeat(1_000_000)] {
        for api in ALL {
            if let Ok(doc) = api.parse(body.as_bytes()) {
                let _ = api.read::<ec2::op::DescribeVpcs>(doc.clone());
                let _ = api.read::<ecs::op::DescribeTasks>(doc);
            }
        }
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
