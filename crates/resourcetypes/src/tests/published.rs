//! Each schema is whole, and says what AWS's documentation says.

use std::collections::BTreeMap;

use crate::node::Node;
use crate::{SERVICES, Schema, kinds, published};

use super::of;

const LISTED: &str = include_str!("../../../../tools/resourcetypes.txt");

#[test]
fn every_file_parses_and_every_listed_type_is_carried() {
    for text in SERVICES {
        serde_json::from_str::<BTreeMap<String, Schema>>(text).unwrap();
    }
    assert_eq!(kinds().collect::<Vec<_>>().join("\n"), LISTED.lines().collect::<Vec<_>>().join("\n"));
    assert!(kinds().all(published));
}

/// Every node of a schema.
fn nodes(schema: &Schema) -> Vec<&Node> {
    let mut all: Vec<&Node> = std::iter::once(&schema.value).chain(schema.definitions.values()).collect();
    let mut next = 0;
    while let Some(node) = all.get(next).copied() {
        all.extend(
            node.properties
                .values()
                .chain(node.pattern_properties.iter().map(|(_, node)| node))
                .chain(node.items.as_deref()),
        );
        next += 1;
    }
    all
}

#[test]
fn every_reference_leads_to_a_definition() {
    for kind in kinds() {
        for node in nodes(of(kind)) {
            assert!(node.resolve(&of(kind).definitions).is_some(), "{kind}: {:?}", node.reference);
        }
    }
}

#[test]
fn every_pattern_compiles() {
    let mut strange = Vec::new();
    for kind in kinds() {
        for node in nodes(of(kind)) {
            let patterns = node.pattern.iter().chain(node.pattern_properties.iter().map(|(pattern, _)| pattern));
            strange.extend(
                patterns.filter(|pattern| pattern.regex().is_none()).map(|pattern| format!("{kind}: {}", pattern.text)),
            );
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}
