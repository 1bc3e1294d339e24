//! What holds for any properties at all.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

use super::of;
use crate::{has, kinds};

/// Any JSON of a few levels, with names that types do have among those of its members.
fn json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9]{1,20}|-?[0-9]{1,3}(\\.[0-9]{1,3})?(e[0-9]{1,3})?|true|FALSE|.{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        let name = prop_oneof![
            select(NAMES.as_slice()).prop_map(String::from),
            ".{0,6}".prop_map(String::from),
            Just("Ref".to_owned()),
            Just("Fn::Sub".to_owned())
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The names of all properties of all types.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let nodes = kinds().flat_map(|kind| std::iter::once(&of(kind).value).chain(of(kind).definitions.values()));
    nodes.flat_map(|node| node.properties.keys().map(String::as_str)).collect()
});

/// Properties of a type, each of any value.
fn properties() -> impl Strategy<Value = (&'static str, Value)> {
    select(kinds().collect::<Vec<_>>()).prop_flat_map(|kind| {
        let names: Vec<String> = of(kind).value.properties.keys().cloned().collect();
        let members = prop::collection::vec((select(names), json()), 0..8);
        (Just(kind), members.prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())))
    })
}

proptest! {
    #[test]
    fn what_has_its_types_keeps_them((kind, given) in properties()) {
        let once = of(kind).coerce(&given);
        prop_assert_eq!(of(kind).coerce(&once), once);
    }

    #[test]
    fn anything_can_be_checked(kind in select(kinds().collect::<Vec<_>>()), given in json()) {
        for line in of(kind).check(&given) {
            prop_assert!(line.starts_with('#') && line.contains(": "), "{}", line);
        }
    }

    #[test]
    fn what_is_brought_to_its_types_is_no_more_wrong((kind, given) in properties()) {
        let types = |value: &Value| of(kind).check(value).iter().filter(|line| line.contains("expected type")).count();
        prop_assert!(types(&of(kind).coerce(&given)) <= types(&given));
    }

    #[test]
    fn a_path_is_looked_for_in_anything(given in json(), path in "[A-Za-z*/]{0,12}") {
        has(&given, &path);
    }
}
