//! Lifecycle policies: keeping them, and expiring images by them.

mod policy;
pub(super) mod preview;
mod rules;
mod schema;

use super::{faults::place, images, repositories};
use crate::{
    State, Tx, View,
    state::{EcrImage, EcrLifecycle, EcrTag, Expiring, Expiry, Record},
};
use aws::{
    api::ecr::{
        DeleteLifecyclePolicyRequest, DeleteLifecyclePolicyResponse, GetLifecyclePolicyRequest,
        GetLifecyclePolicyResponse, PutLifecyclePolicyRequest, PutLifecyclePolicyResponse,
    },
    doc::Timestamp,
    fault::Fault,
};
use policy::Policy;
use rules::{Candidate, Expired, Outcome};
use std::collections::{HashMap, HashSet};

/// PutLifecyclePolicy. It is held against the images at once.
pub(super) fn put(tx: &mut Tx<'_>, request: PutLifecyclePolicyRequest) -> Result<PutLifecyclePolicyResponse, Fault> {
    let PutLifecyclePolicyRequest { registry_id, repository_name: name, lifecycle_policy_text: text } = request;
    repositories::find(&tx.state, registry_id.as_deref(), &name)?;
    Policy::parse(&text)?;
    let text = policy::compact(&text);
    cancel(tx, &name);
    let lifecycle = EcrLifecycle { text: text.clone(), evaluated: tx.now, due: None, images: 0 };
    tx.state.ecr_repositories.update(&name, |repository| repository.lifecycle = Some(lifecycle));
    evaluate(tx, &name);
    Ok(PutLifecyclePolicyResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        lifecycle_policy_text: Some(text),
    })
}

/// GetLifecyclePolicy.
pub(super) fn get(view: &View<'_>, request: GetLifecyclePolicyRequest) -> Result<GetLifecyclePolicyResponse, Fault> {
    let GetLifecyclePolicyRequest { registry_id, repository_name: name } = request;
    let lifecycle = find(view.state, registry_id.as_deref(), &name)?.clone();
    Ok(GetLifecyclePolicyResponse {
        registry_id: Some(view.state.region.account.clone()),
        repository_name: Some(name),
        lifecycle_policy_text: Some(lifecycle.text),
        last_evaluated_at: Some(lifecycle.evaluated),
    })
}

/// DeleteLifecyclePolicy.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    request: DeleteLifecyclePolicyRequest,
) -> Result<DeleteLifecyclePolicyResponse, Fault> {
    let DeleteLifecyclePolicyRequest { registry_id, repository_name: name } = request;
    let lifecycle = find(&tx.state, registry_id.as_deref(), &name)?.clone();
    cancel(tx, &name);
    tx.state.ecr_repositories.update(&name, |repository| repository.lifecycle = None);
    Ok(DeleteLifecyclePolicyResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        lifecycle_policy_text: Some(lifecycle.text),
        last_evaluated_at: Some(lifecycle.evaluated),
    })
}

fn find<'a>(state: &'a State, registry_id: Option<&str>, name: &str) -> Result<&'a EcrLifecycle, Fault> {
    repositories::find(state, registry_id, name)?.lifecycle.as_ref().ok_or_else(|| {
        let place = place(state, name);
        Fault::new("LifecyclePolicyNotFoundException", format!("Lifecycle policy does not exist for the {place}"))
    })
}

/// How many images a policy is held against as soon as anything changes. With more, there is [`pause`] before it is again.
const AT_ONCE: usize = 1_000;
/// How many images are expired at once; the others are next time.
const MOST: usize = 1_000;

/// How long after it was held against so many images a policy is not held against them again, in milliseconds: to look through them takes
/// some microseconds each, for which everybody else waits, and whoever pushes many images would have it done for each. (AWS takes up to a
/// day.)
fn pause(images: usize) -> i64 {
    if images <= AT_ONCE { 0 } else { i64::try_from(images).unwrap_or(i64::MAX) }
}

/// Holds a repository's lifecycle policy against its images after one of them has changed: now, or when it may be again.
pub(super) fn changed(tx: &mut Tx<'_>, name: &str) {
    let Some(lifecycle) = tx.state.ecr_repositories.get(name).and_then(|repository| repository.lifecycle.clone())
    else {
        return;
    };
    let at = Timestamp { millis: lifecycle.evaluated.millis.saturating_add(pause(lifecycle.images)) };
    if at <= tx.now {
        evaluate(tx, name);
    } else if lifecycle.due.is_none_or(|due| at < due) {
        cancel(tx, name);
        await_until(tx, name, EcrLifecycle { due: Some(at), ..lifecycle });
    }
}

/// Expires what a repository's lifecycle policy says, and notes when it is to be held against the images again. Nothing without a policy.
pub fn evaluate(tx: &mut Tx<'_>, name: &str) {
    let Some(lifecycle) = tx.state.ecr_repositories.get(name).and_then(|repository| repository.lifecycle.clone())
    else {
        return;
    };
    cancel(tx, name);
    // It was read when it was put.
    let Ok(policy) = Policy::parse(&lifecycle.text) else { return };
    let snapshot = tx.state.clone();
    let candidates = candidates(&snapshot, name);
    let (images, now) = (candidates.images, tx.now);
    let Outcome { expired, due } = rules::apply(&policy, &candidates.own, now);
    let again = Timestamp { millis: now.millis.saturating_add(pause(images)) };
    let due = if expired.len() > MOST { Some(again) } else { due.map(|at| at.max(again)) };
    images::expire(tx, name, expired.iter().take(MOST).map(|Expired { digest, .. }| digest.as_str()));
    await_until(tx, name, EcrLifecycle { evaluated: now, due, images, ..lifecycle });
}

fn await_until(tx: &mut Tx<'_>, name: &str, lifecycle: EcrLifecycle) {
    if let Some(at) = lifecycle.due {
        tx.state.expiries.put(Expiry { at, what: Expiring::EcrImages(name.to_owned()) });
    }
    tx.state.ecr_repositories.update(name, |repository| repository.lifecycle = Some(lifecycle));
}

/// Takes back what [`evaluate`] noted.
pub(super) fn cancel(tx: &mut Tx<'_>, name: &str) {
    let lifecycle = tx.state.ecr_repositories.get(name).and_then(|repository| repository.lifecycle.as_ref());
    if let Some(at) = lifecycle.and_then(|lifecycle| lifecycle.due) {
        let noted = Expiry { at, what: Expiring::EcrImages(name.to_owned()) };
        tx.state.expiries.remove(&noted.key());
    }
}

/// What rules are held against.
struct Candidates<'a> {
    /// The images that rules are about: artifacts go with what they refer to, and images of an index stay as long as the index.
    own: Vec<Candidate<'a>>,
    /// How many images there are in all.
    images: usize,
}

fn candidates<'a>(state: &'a State, name: &str) -> Candidates<'a> {
    let all: Vec<&EcrImage> = images::of(state, name).collect();
    let mut tags: HashMap<&str, Vec<&str>> = HashMap::new();
    for tag in state.ecr_tags.prefixed(&EcrTag::key_of(name, "")) {
        tags.entry(&tag.digest).or_default().push(&tag.tag);
    }
    let listed: HashSet<&str> = all.iter().flat_map(|image| image.children.iter().map(String::as_str)).collect();
    let refers = |subject: &Option<String>| {
        subject.as_ref().is_some_and(|subject| images::by_digest(state, name, subject).is_some())
    };
    let own = all.iter().filter(|image| !refers(&image.subject)).map(|image| Candidate {
        digest: &image.digest,
        tags: tags.remove(image.digest.as_str()).unwrap_or_default(),
        pushed: image.pushed,
        listed: listed.contains(image.digest.as_str()),
    });
    Candidates { own: own.collect(), images: all.len() }
}
