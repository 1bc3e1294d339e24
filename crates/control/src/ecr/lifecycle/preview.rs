//! Previews of lifecycle policies: what one would expire, expiring nothing.

use super::{Policy, candidates, rules};
use crate::{
    Tx, View,
    ecr::{
        faults::{bad_token, place},
        images, repositories,
    },
};
use aws::{
    api::ecr::{
        GetLifecyclePolicyPreviewRequest, GetLifecyclePolicyPreviewResponse, ImageActionType, ImageIdentifier,
        LifecyclePolicyPreviewFilter, LifecyclePolicyPreviewResult, LifecyclePolicyPreviewStatus,
        LifecyclePolicyPreviewSummary, LifecyclePolicyRuleAction, StartLifecyclePolicyPreviewRequest,
        StartLifecyclePolicyPreviewResponse, TagStatus,
    },
    doc::Timestamp,
    fault::Fault,
    page::{Size, paginate},
};

/// "GetLifecyclePolicyPreview".
const PAGE: Size = Size { default: 100, max: 100 };
/// All time there is: an image that is waited for is shown too.
const GRACE_OVER: i64 = 5 * 60 * 1000;

/// StartLifecyclePolicyPreview, of a policy or of the repository's own.
pub(in crate::ecr) fn start(
    tx: &mut Tx<'_>,
    request: StartLifecyclePolicyPreviewRequest,
) -> Result<StartLifecyclePolicyPreviewResponse, Fault> {
    let StartLifecyclePolicyPreviewRequest { registry_id, repository_name: name, lifecycle_policy_text } = request;
    repositories::find(&tx.state, registry_id.as_deref(), &name)?;
    let text = match lifecycle_policy_text {
        Some(text) => text,
        None => super::find(&tx.state, registry_id.as_deref(), &name)?.text.clone(),
    };
    Policy::parse(&text)?;
    let text = super::policy::compact(&text);
    tx.state.ecr_repositories.update(&name, |repository| repository.preview = Some(text.clone()));
    Ok(StartLifecyclePolicyPreviewResponse {
        registry_id: Some(tx.state.region.account.clone()),
        repository_name: Some(name),
        lifecycle_policy_text: Some(text),
        status: Some(LifecyclePolicyPreviewStatus::InProgress),
    })
}

/// GetLifecyclePolicyPreview. It is worked out when it is asked for.
pub(in crate::ecr) fn get(
    view: &View<'_>,
    request: GetLifecyclePolicyPreviewRequest,
) -> Result<GetLifecyclePolicyPreviewResponse, Fault> {
    let GetLifecyclePolicyPreviewRequest {
        registry_id,
        repository_name: name,
        image_ids,
        next_token,
        max_results,
        filter,
    } = request;
    let repository = repositories::find(view.state, registry_id.as_deref(), &name)?;
    let Some(text) = repository.preview.clone() else {
        let place = place(view.state, &name);
        let message = format!("Lifecycle policy preview does not exist for the {place}");
        return Err(Fault::new("LifecyclePolicyPreviewNotFoundException", message));
    };
    let LifecyclePolicyPreviewFilter { tag_status } = filter.unwrap_or_default();
    let all = results(view, &name, &text)?;
    let summary = LifecyclePolicyPreviewSummary {
        expiring_image_total_count: i32::try_from(all.len()).ok(),
        transitioning_image_total_counts: Some(Vec::new()),
    };
    let wanted = all.into_iter().filter(|result| named(result, image_ids.as_deref()) && tagged(result, tag_status));
    let key = |result: &LifecyclePolicyPreviewResult| result.image_digest.clone().unwrap_or_default();
    let (page, next_token) = paginate(wanted, key, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    Ok(GetLifecyclePolicyPreviewResponse {
        registry_id: Some(view.state.region.account.clone()),
        repository_name: Some(name),
        lifecycle_policy_text: Some(text),
        status: Some(LifecyclePolicyPreviewStatus::Complete),
        next_token,
        preview_results: Some(page),
        summary: Some(summary),
    })
}

fn results(view: &View<'_>, name: &str, text: &str) -> Result<Vec<LifecyclePolicyPreviewResult>, Fault> {
    let soon = Timestamp { millis: view.now.millis.saturating_add(GRACE_OVER) };
    let policy = Policy::parse(text)?;
    let tags = images::tags_of(view.state, name);
    let expired = rules::apply(&policy, &candidates(view.state, name).own, soon).expired;
    let result = |expired: rules::Expired| LifecyclePolicyPreviewResult {
        image_tags: Some(tags.get(&expired.digest).cloned().unwrap_or_default()),
        image_pushed_at: images::by_digest(view.state, name, &expired.digest).map(|image| image.pushed),
        image_digest: Some(expired.digest),
        action: Some(LifecyclePolicyRuleAction { r#type: Some(ImageActionType::Expire), target_storage_class: None }),
        applied_rule_priority: Some(expired.priority),
        storage_class: None,
    };
    Ok(expired.into_iter().map(result).collect())
}

fn named(result: &LifecyclePolicyPreviewResult, ids: Option<&[ImageIdentifier]>) -> bool {
    let is = |id: &ImageIdentifier| {
        let tags = result.image_tags.as_deref().unwrap_or_default();
        id.image_digest.as_ref().is_none_or(|digest| Some(digest) == result.image_digest.as_ref())
            && id.image_tag.as_ref().is_none_or(|tag| tags.contains(tag))
    };
    ids.is_none_or(|ids| ids.iter().any(is))
}

fn tagged(result: &LifecyclePolicyPreviewResult, status: Option<TagStatus>) -> bool {
    let tagged = result.image_tags.as_ref().is_some_and(|tags| !tags.is_empty());
    match status {
        None | Some(TagStatus::Any) => true,
        Some(TagStatus::Tagged) => tagged,
        Some(TagStatus::Untagged) => !tagged,
    }
}
