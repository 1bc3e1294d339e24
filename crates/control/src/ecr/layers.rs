//! Layers: which blobs a repository has.

use super::{faults, repositories};
use crate::{
    State, Tx,
    state::{EcrLayer, Record},
};
use aws::{
    api::ecr::{
        BatchCheckLayerAvailabilityRequest, BatchCheckLayerAvailabilityResponse, Layer, LayerAvailability,
        LayerFailure, LayerFailureCode,
    },
    doc::Timestamp,
    fault::Fault,
};
use spec::{DAY, Millis};
use std::collections::BTreeSet;

/// A bound on what uploads alone can make the state grow to; AWS has none that is known.
const MAX_LAYERS: usize = 1_000_000;
/// How long a layer that no image has is kept after anybody counted on it.
const KEPT: Millis = DAY;
/// How exactly it is known when that was.
const EXACT: Millis = 60 * 60 * 1000;

/// A layer of a repository.
pub fn get<'a>(state: &'a State, repository: &str, digest: &str) -> Option<&'a EcrLayer> {
    state.ecr_layers.get(&EcrLayer::key_of(repository, digest))
}

/// Gives a repository a layer whose bytes are durable.
///
/// # Errors
/// `RepositoryNotFoundException`; `LimitExceededException`.
pub fn add(tx: &mut Tx<'_>, repository: &str, digest: &str, size: u64) -> Result<(), Fault> {
    repositories::find(&tx.state, None, repository)?;
    if tx.state.ecr_layers.len() >= MAX_LAYERS {
        return Err(faults::limit("layers", MAX_LAYERS));
    }
    let (repository, digest) = (repository.to_owned(), digest.to_owned());
    tx.state.ecr_layers.put(EcrLayer { repository, digest, size, used: tx.now });
    Ok(())
}

/// Gives a repository a layer of another one's. `false` when there is no such layer, or no other repository was named.
///
/// # Errors
/// As [`add`].
pub fn mount(tx: &mut Tx<'_>, repository: &str, digest: &str, from: Option<&str>) -> Result<bool, Fault> {
    repositories::find(&tx.state, None, repository)?;
    if get(&tx.state, repository, digest).is_some() {
        touch(tx, repository, digest);
        return Ok(true);
    }
    let Some(size) = from.and_then(|from| get(&tx.state, from, digest)).map(|layer| layer.size) else {
        return Ok(false);
    };
    add(tx, repository, digest, size)?;
    Ok(true)
}

/// Whether [`touch`] would change anything.
pub fn needs_touch(layer: &EcrLayer, now: Timestamp) -> bool {
    now.millis - layer.used.millis > EXACT
}

/// Notes that somebody was told that a repository has a layer, and may count on it.
pub fn touch(tx: &mut Tx<'_>, repository: &str, digest: &str) {
    let now = tx.now;
    tx.state.ecr_layers.update(&EcrLayer::key_of(repository, digest), |layer| {
        if needs_touch(layer, now) {
            layer.used = now;
        }
    });
}

/// Takes a layer from a repository, when no image of it needs it. `false` when one does or there is none.
///
/// # Errors
/// `RepositoryNotFoundException`.
pub fn remove(tx: &mut Tx<'_>, repository: &str, digest: &str) -> Result<bool, Fault> {
    repositories::find(&tx.state, None, repository)?;
    let needed = is_needed(&tx.state, repository, digest);
    Ok(!needed && tx.state.ecr_layers.remove(&EcrLayer::key_of(repository, digest)).is_some())
}

/// Whether an image of a repository has a layer.
pub fn is_needed(state: &State, repository: &str, digest: &str) -> bool {
    super::images::of(state, repository).any(|image| image.layers.iter().any(|one| one == digest))
}

/// The keys of the layers that no image has and that nobody has counted on for a day.
pub fn unused(state: &State, now: Timestamp) -> Vec<String> {
    let old = |layer: &&EcrLayer| now.millis - layer.used.millis > KEPT;
    let candidates: Vec<&EcrLayer> = state.ecr_layers.iter().filter(old).collect();
    let repositories: BTreeSet<&str> = candidates.iter().map(|layer| layer.repository.as_str()).collect();
    let needed: BTreeSet<(&str, &str)> = repositories
        .into_iter()
        .flat_map(|name| super::images::of(state, name).map(move |image| (name, image)))
        .flat_map(|(name, image)| image.layers.iter().map(move |digest| (name, digest.as_str())))
        .collect();
    let needed = |layer: &EcrLayer| needed.contains(&(layer.repository.as_str(), layer.digest.as_str()));
    candidates.into_iter().filter(|layer| !needed(layer)).map(Record::key).collect()
}

/// Forgets [`unused`] layers.
pub fn forget_unused(tx: &mut Tx<'_>) {
    for key in unused(&tx.state, tx.now) {
        tx.state.ecr_layers.remove(&key);
    }
}

/// BatchCheckLayerAvailability.
pub(super) fn batch_check(
    tx: &mut Tx<'_>,
    request: BatchCheckLayerAvailabilityRequest,
) -> Result<BatchCheckLayerAvailabilityResponse, Fault> {
    let BatchCheckLayerAvailabilityRequest { registry_id, repository_name: name, layer_digests } = request;
    repositories::find(&tx.state, registry_id.as_deref(), &name)?;
    let (mut layers, mut failures) = (Vec::new(), Vec::new());
    for digest in layer_digests {
        if !super::images::is_digest(&digest) {
            failures.push(failure(digest));
            continue;
        }
        touch(tx, &name, &digest);
        let found = get(&tx.state, &name, &digest);
        layers.push(Layer {
            layer_digest: Some(digest.clone()),
            layer_availability: Some(match found {
                Some(_) => LayerAvailability::Available,
                None => LayerAvailability::Unavailable,
            }),
            layer_size: found.and_then(|layer| i64::try_from(layer.size).ok()),
            media_type: None,
        });
    }
    Ok(BatchCheckLayerAvailabilityResponse { layers: Some(layers), failures: Some(failures) })
}

fn failure(digest: String) -> LayerFailure {
    let (code, reason) = if digest.is_empty() {
        (LayerFailureCode::MissingLayerDigest, "Invalid request parameters: layer digest must not be empty")
    } else {
        let reason =
            "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
        (LayerFailureCode::InvalidLayerDigest, reason)
    };
    LayerFailure { layer_digest: Some(digest), failure_code: Some(code), failure_reason: Some(reason.to_owned()) }
}
