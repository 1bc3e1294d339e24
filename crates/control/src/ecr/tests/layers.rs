//! Layers: which a repository has, and when they go.

use super::{Registry, add, digest};
use crate::ecr::layers::{forget_unused, mount, remove};
use serde_json::json;

const DAY: i64 = 24 * 60 * 60 * 1000;

#[test]
fn availability_is_told_for_each_digest() {
    let mut registry = Registry::new();
    registry.pushed("one", "v1");
    let (there, missing) = (digest("layer of one"), digest("none"));
    let digests = json!({ "repositoryName": "app", "layerDigests": [there, missing, "what"] });
    assert_eq!(
        registry.ok("BatchCheckLayerAvailability", digests),
        json!({
            "layers": [
                { "layerDigest": there, "layerAvailability": "AVAILABLE", "layerSize": 100 },
                { "layerDigest": missing, "layerAvailability": "UNAVAILABLE" },
            ],
            "failures": [{
                "layerDigest": "what",
                "failureCode": "InvalidLayerDigest",
                "failureReason": "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            }],
        })
    );
}

#[test]
fn a_layer_is_mounted_from_a_repository_that_has_it() {
    let mut registry = Registry::new();
    registry.ok("CreateRepository", json!({ "repositoryName": "other" }));
    registry.pushed("one", "v1");
    let layer = digest("layer of one");
    let mut tried =
        |from: Option<&str>, layer: &str| registry.0.transact(|tx| mount(tx, "other", layer, from)).unwrap();
    assert!(!tried(None, &layer) && !tried(Some("none"), &layer) && !tried(Some("app"), &digest("none")));
    assert!(tried(Some("app"), &layer));
    registry.ok("DeleteRepository", json!({ "repositoryName": "app", "force": true }));
    assert_eq!(registry.0.state.ecr_layers.len(), 1, "the other repository's own");
}

#[test]
fn a_layer_goes_a_day_after_anybody_could_count_on_it() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "v1");
    let loose = digest("loose");
    registry.0.transact(|tx| add(tx, "app", &loose, 5)).unwrap();
    let sweep = |registry: &mut Registry| {
        registry.change(forget_unused);
        registry.0.state.ecr_layers.len()
    };
    registry.0.now += DAY;
    assert_eq!(sweep(&mut registry), 2);
    registry.ok("BatchCheckLayerAvailability", json!({ "repositoryName": "app", "layerDigests": [loose] }));
    registry.0.now += DAY;
    assert_eq!(sweep(&mut registry), 2, "it was asked for");
    registry.0.now += 1;
    assert_eq!(sweep(&mut registry), 1, "the image's stays");
    registry.ok("BatchDeleteImage", json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": one }] }));
    assert_eq!(sweep(&mut registry), 1, "the image may be pushed again");
    registry.0.now += DAY + 1;
    assert_eq!(sweep(&mut registry), 0);
}

#[test]
fn a_layer_that_an_image_needs_is_not_deleted() {
    let mut registry = Registry::new();
    registry.pushed("one", "v1");
    let loose = digest("loose");
    registry.0.transact(|tx| add(tx, "app", &loose, 5)).unwrap();
    let mut removed = |digest: &str| registry.0.transact(|tx| remove(tx, "app", digest)).unwrap();
    assert!(!removed(&digest("layer of one")) && removed(&loose) && !removed(&loose));
}
