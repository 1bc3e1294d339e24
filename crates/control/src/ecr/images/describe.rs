//! `DescribeImages`, `ListImages`.

use super::{find, of, tags_of};
use crate::{
    State, View,
    ecr::{
        PAGE,
        faults::{bad_token, invalid},
        repositories,
    },
    state::EcrImage,
};
use aws::{
    api::ecr::{
        DescribeImagesFilter, DescribeImagesRequest, DescribeImagesResponse, ImageDetail, ImageIdentifier, ImageStatus,
        ImageStatusFilter, ListImagesFilter, ListImagesRequest, ListImagesResponse, TagStatus,
    },
    fault::Fault,
    page::paginate,
};

/// DescribeImages.
pub(in crate::ecr) fn describe(
    view: &View<'_>,
    request: DescribeImagesRequest,
) -> Result<DescribeImagesResponse, Fault> {
    let DescribeImagesRequest { registry_id, repository_name: name, image_ids, next_token, max_results, filter } =
        request;
    repositories::find(view.state, registry_id.as_deref(), &name)?;
    let tags = tags_of(view.state, &name);
    let shape = |image: &EcrImage| detail(view.state, image, tags.get(&image.digest).cloned());
    if let Some(ids) = image_ids {
        if next_token.is_some() || max_results.is_some() {
            return Err(invalid("imageIds", "must not be specified with nextToken or maxResults"));
        }
        let mut found = ids.iter().map(|id| find(view.state, &name, id)).collect::<Result<Vec<_>, _>>()?;
        // Two ids of one image describe it once.
        found.sort_by(|a, b| a.digest.cmp(&b.digest));
        found.dedup_by(|a, b| a.digest == b.digest);
        let details = found.into_iter().map(shape).collect();
        return Ok(DescribeImagesResponse { image_details: Some(details), next_token: None });
    }
    let DescribeImagesFilter { tag_status, image_status } = filter.unwrap_or_default();
    let wanted = |image: &&EcrImage| has(tag_status, tags.contains_key(&image.digest)) && is_active(image_status);
    let images = of(view.state, &name).filter(wanted);
    let (page, next_token) =
        paginate(images, |image| image.digest.clone(), max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    Ok(DescribeImagesResponse { image_details: Some(page.into_iter().map(shape).collect()), next_token })
}

fn has(status: Option<TagStatus>, tagged: bool) -> bool {
    match status {
        None | Some(TagStatus::Any) => true,
        Some(TagStatus::Tagged) => tagged,
        Some(TagStatus::Untagged) => !tagged,
    }
}

/// Every image is: none is archived here.
fn is_active(status: Option<ImageStatusFilter>) -> bool {
    matches!(status, None | Some(ImageStatusFilter::Active | ImageStatusFilter::Any))
}

fn detail(state: &State, image: &EcrImage, tags: Option<Vec<String>>) -> ImageDetail {
    ImageDetail {
        registry_id: Some(state.region.account.clone()),
        repository_name: Some(image.repository.clone()),
        image_digest: Some(image.digest.clone()),
        image_tags: tags,
        image_size_in_bytes: i64::try_from(image.size).ok(),
        image_pushed_at: Some(image.pushed),
        image_manifest_media_type: Some(image.media_type.clone()),
        artifact_media_type: image.artifact_type.clone(),
        last_recorded_pull_time: image.pulled,
        subject_manifest_digest: image.subject.clone(),
        image_status: Some(ImageStatus::Active),
        ..ImageDetail::default()
    }
}

/// ListImages: an id for each tag, and one for each image without.
pub(in crate::ecr) fn list(view: &View<'_>, request: ListImagesRequest) -> Result<ListImagesResponse, Fault> {
    let ListImagesRequest { registry_id, repository_name: name, next_token, max_results, filter } = request;
    repositories::find(view.state, registry_id.as_deref(), &name)?;
    let ListImagesFilter { tag_status, image_status } = filter.unwrap_or_default();
    let tags = tags_of(view.state, &name);
    let ids = of(view.state, &name).filter(|_| is_active(image_status)).flat_map(|image| {
        let tags: Vec<Option<String>> = match tags.get(&image.digest) {
            Some(tags) => tags.iter().cloned().map(Some).collect(),
            None => vec![None],
        };
        let id = |image_tag| ImageIdentifier { image_digest: Some(image.digest.clone()), image_tag };
        tags.into_iter().map(id).collect::<Vec<_>>()
    });
    let wanted = ids.filter(|id| has(tag_status, id.image_tag.is_some()));
    let key = |id: &ImageIdentifier| {
        format!("{} {}", id.image_digest.as_deref().unwrap_or(""), id.image_tag.as_deref().unwrap_or(""))
    };
    let (page, next_token) = paginate(wanted, key, max_results, next_token.as_deref(), PAGE).map_err(bad_token)?;
    Ok(ListImagesResponse { image_ids: Some(page), next_token })
}
