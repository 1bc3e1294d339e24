//! Amazon ECR as a client meets it.

mod cache_rules;
mod images;
mod layers;
mod lifecycle;
mod policies;
mod repositories;

use super::images::{Blob, Manifest, Pushed, push};
use super::layers::add;
use crate::{Tx, testing::World};
use aws::{api::ecr::API, fault::Fault};
use serde_json::{Value, json};

/// A region with a repository `app`.
struct Registry(World);

impl Registry {
    fn new() -> Self {
        let mut registry = Self(World::new());
        registry.ok("CreateRepository", json!({ "repositoryName": "app" }));
        registry
    }

    #[track_caller]
    fn ok(&mut self, operation: &str, request: Value) -> Value {
        self.0.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    #[track_caller]
    fn refused(&mut self, operation: &str, request: Value) -> String {
        let answer = self.0.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    /// Pushes an image of one layer, which `name` is drawn from.
    fn push(&mut self, name: &str, tag: Option<&str>) -> Result<Pushed, Fault> {
        let layer = digest(&format!("layer of {name}"));
        let manifest = Manifest { blobs: vec![Blob { digest: layer.clone(), size: 100 }], ..manifest(name) };
        self.0.transact(|tx| {
            add(tx, "app", &layer, 100)?;
            push(tx, "app", &manifest, tag)
        })
    }

    #[track_caller]
    fn pushed(&mut self, name: &str, tag: &str) -> String {
        self.push(name, Some(tag)).unwrap();
        digest(name)
    }

    /// Runs a transaction that nothing is asked of.
    fn change(&mut self, event: impl FnOnce(&mut Tx<'_>)) {
        let event = |tx: &mut Tx<'_>| {
            event(tx);
            Ok(())
        };
        self.0.transact(event).unwrap();
    }

    /// Every tag there is, and for each image without one its digest.
    fn ids(&mut self) -> Vec<String> {
        let listed = self.ok("ListImages", json!({ "repositoryName": "app" }));
        let shown = |id: &Value| id.get("imageTag").unwrap_or(&id["imageDigest"]).as_str().unwrap().to_owned();
        let mut ids: Vec<String> = listed["imageIds"].as_array().unwrap().iter().map(shown).collect();
        ids.sort();
        ids
    }
}

/// A digest of its own for every name; it need not be of anything.
fn digest(name: &str) -> String {
    let hex: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex:0>64}")
}

fn manifest(name: &str) -> Manifest {
    Manifest {
        digest: digest(name),
        media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
        size: 400,
        artifact_type: Some("application/vnd.oci.image.config.v1+json".to_owned()),
        ..Manifest::default()
    }
}
