//! Lifecycle policies: keeping them, and expiring images by them.

mod policy;
pub(super) mod preview;
mod rules;
mod schema;

use super::{faults::in_repository, images, repositories};
use crate::{
    State, Tx, View,
    state::{EcrLifecycle, Expiring, Expiry, Record},
};
use aws::{
    api::ecr::{
        DeleteLifecyclePolicyRequest, DeleteLifecyclePolicyResponse, GetLifecyclePolicyRequest,
        GetLifecyclePolicyResponse, PutLifecyclePolicyRequest, PutLifecyclePolicyResponse,
    },
    fault::Fault,
};
use policy::Policy;
use rules::{Candidate, Expired, Outcome};

/// PutLifecyclePolicy. It is held against the images at once.
pub(super) fn put(tx: &mut Tx<'_>, request: PutLifecyclePolicyRequest) -> Result<PutLifecyclePolicyResponse, Fault> {
    let PutLifecyclePolicyRequest { registry_id, repository_name: name, lifecycle_policy_text: text } = request;
    repositories::find(&tx.state, registry_id.as_deref(), &name)?;
    Policy::parse(&text)?;
    let text = policy::compact(&text);
    cancel(tx, &name);
    let lifecycle = EcrLifecycle { text: text.clone(), evaluated: tx.now, due: None };
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
        let place = in_repository(state, name);
        Fault::new("LifecyclePolicyNotFoundException", format!("Lifecycle policy does not exist for {place}"))
    })
}

/// Expires what a repository's lifecycle policy says, and notes when time alone will make it say more. Nothing without a policy.
pub fn evaluate(tx: &mut Tx<'_>, name: &str) {
    let Some(lifecycle) = tx.state.ecr_repositories.get(name).and_then(|repository| repository.lifecycle.clone())
    else {
        return;
    };
    cancel(tx, name);
    // It was read when it was put.
    let Ok(policy) = Policy::parse(&lifecycle.text) else { return };
    let Outcome { expired, due } = rules::apply(&policy, &candidates(&tx.state, name), tx.now);
    for Expired { digest, .. } in expired {
        images::expire(tx, name, &digest);
    }
    if let Some(at) = due {
        tx.state.expiries.put(Expiry { at, what: Expiring::EcrImages(name.to_owned()) });
    }
    let evaluated = tx.now;
    let lifecycle = EcrLifecycle { evaluated, due, ..lifecycle };
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

/// The images that rules are about: artifacts go with what they refer to, and images of an index stay as long as the index.
fn candidates(state: &State, name: &str) -> Vec<Candidate> {
    let tags = images::tags_of(state, name);
    let listed: std::collections::BTreeSet<&str> =
        images::of(state, name).flat_map(|image| image.children.iter().map(String::as_str)).collect();
    let refers = |subject: &Option<String>| {
        subject.as_ref().is_some_and(|subject| images::by_digest(state, name, subject).is_some())
    };
    let own = images::of(state, name).filter(|image| !refers(&image.subject));
    let candidate = |image: &crate::state::EcrImage| Candidate {
        digest: image.digest.clone(),
        tags: tags.get(&image.digest).cloned().unwrap_or_default(),
        pushed: image.pushed,
        listed: listed.contains(image.digest.as_str()),
    };
    own.map(candidate).collect()
}
