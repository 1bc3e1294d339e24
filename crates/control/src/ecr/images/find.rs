//! Finding the image a request means.

use crate::{
    State,
    ecr::faults,
    state::{EcrImage, EcrTag},
};
use aws::{
    api::ecr::{ImageFailure, ImageFailureCode, ImageIdentifier},
    fault::Fault,
};
use std::collections::BTreeMap;

/// The images of a repository, in the order of their digests.
pub fn of<'a>(state: &'a State, repository: &str) -> impl Iterator<Item = &'a EcrImage> + use<'a> {
    let prefix = EcrImage::key_of(repository, "");
    let images: Vec<&EcrImage> = state.ecr_images.prefixed(&prefix).collect();
    images.into_iter()
}

/// An image by its digest.
pub fn by_digest<'a>(state: &'a State, repository: &str, digest: &str) -> Option<&'a EcrImage> {
    state.ecr_images.get(&EcrImage::key_of(repository, digest))
}

/// The image a tag stands for.
pub fn by_tag<'a>(state: &'a State, repository: &str, tag: &str) -> Option<&'a EcrImage> {
    let tag = state.ecr_tags.get(&EcrTag::key_of(repository, tag))?;
    by_digest(state, repository, &tag.digest)
}

/// The tags of every tagged image of a repository, by digest.
pub fn tags_of(state: &State, repository: &str) -> BTreeMap<String, Vec<String>> {
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for tag in state.ecr_tags.prefixed(&EcrTag::key_of(repository, "")) {
        tags.entry(tag.digest.clone()).or_default().push(tag.tag.clone());
    }
    tags
}

/// The images of a repository whose subject is that digest.
pub fn referrers<'a>(state: &'a State, repository: &str, digest: &str) -> Vec<&'a EcrImage> {
    of(state, repository).filter(|image| image.subject.as_deref() == Some(digest)).collect()
}

/// The image of an id, which must exist.
///
/// # Errors
/// `ImageNotFoundException` in AWS's words, or `InvalidParameterException` for what is no id.
pub fn find<'a>(state: &'a State, repository: &str, id: &ImageIdentifier) -> Result<&'a EcrImage, Fault> {
    of_request(state, repository, id).map_err(|failure| match failure.failure_code {
        Some(ImageFailureCode::ImageNotFound | ImageFailureCode::ImageTagDoesNotMatchDigest) => {
            faults::no_image(state, repository, id)
        }
        _ => Fault::new("InvalidParameterException", failure.failure_reason.unwrap_or_default()),
    })
}

/// The image of an id in a batch.
///
/// # Errors
/// What a batch answers in place of the image.
pub fn of_request<'a>(state: &'a State, repository: &str, id: &ImageIdentifier) -> Result<&'a EcrImage, ImageFailure> {
    let refuse = |code, reason: &str| {
        Err(ImageFailure {
            image_id: Some(id.clone()),
            failure_code: Some(code),
            failure_reason: Some(reason.to_owned()),
        })
    };
    let missing = || refuse(ImageFailureCode::ImageNotFound, "Requested image not found");
    if let Some(digest) = id.image_digest.as_deref().filter(|digest| !is_digest(digest)) {
        let reason =
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
        return if digest.is_empty() { missing() } else { refuse(ImageFailureCode::InvalidImageDigest, reason) };
    }
    match (&id.image_digest, &id.image_tag) {
        (None, None) => refuse(
            ImageFailureCode::MissingDigestAndTag,
            "Invalid request parameters: both tag and digest cannot be null",
        ),
        (Some(digest), None) => by_digest(state, repository, digest).map_or_else(missing, Ok),
        (None, Some(tag)) => by_tag(state, repository, tag).map_or_else(missing, Ok),
        (Some(digest), Some(tag)) => match by_tag(state, repository, tag) {
            Some(image) if image.digest == *digest => Ok(image),
            Some(_) => {
                refuse(ImageFailureCode::ImageTagDoesNotMatchDigest, "The image tag does not match the image digest")
            }
            None => missing(),
        },
    }
}

/// Of the API's model: `[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+`.
pub fn is_digest(text: &str) -> bool {
    let algorithm = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+.".contains(&byte);
    text.split_once(':').is_some_and(|(name, hex)| {
        !name.is_empty() && name.bytes().all(algorithm) && !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// A tag's name (OCI distribution specification): a letter, digit or underscore, then at most 127 of those, dots and hyphens.
pub fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}
