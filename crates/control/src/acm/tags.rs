//! Tags of certificates.

use super::find;
use crate::{Tx, View, state::Tags};
use aws::{
    api::acm::{
        AddTagsToCertificateRequest, ListTagsForCertificateRequest, ListTagsForCertificateResponse,
        RemoveTagsFromCertificateRequest, Tag,
    },
    fault::Fault,
    shape::Nothing,
};

/// Tags of a certificate ("AddTagsToCertificate", AWS Certificate Manager API Reference).
const MOST: usize = 50;

/// AddTagsToCertificate.
pub(super) fn add(tx: &mut Tx<'_>, request: AddTagsToCertificateRequest) -> Result<Nothing, Fault> {
    let AddTagsToCertificateRequest { certificate_arn, tags } = request;
    let found = find(&tx.state, &certificate_arn)?;
    let (id, mut all) = (found.id.clone(), found.tags.clone());
    all.extend(checked(tags)?);
    within_limit(&all)?;
    tx.state.certificates.update(&id, |certificate| certificate.tags = all);
    Ok(Nothing)
}

/// RemoveTagsFromCertificate: a tag with a value only if it has that one.
pub(super) fn remove(tx: &mut Tx<'_>, request: RemoveTagsFromCertificateRequest) -> Result<Nothing, Fault> {
    let RemoveTagsFromCertificateRequest { certificate_arn, tags } = request;
    let id = find(&tx.state, &certificate_arn)?.id.clone();
    let is_meant = |key: &String, value: &String| {
        tags.iter().any(|tag| tag.key.as_ref() == Some(key) && tag.value.as_ref().is_none_or(|given| given == value))
    };
    tx.state.certificates.update(&id, |certificate| certificate.tags.retain(|key, value| !is_meant(key, value)));
    Ok(Nothing)
}

/// ListTagsForCertificate.
pub(super) fn list(
    view: &View<'_>,
    request: ListTagsForCertificateRequest,
) -> Result<ListTagsForCertificateResponse, Fault> {
    let ListTagsForCertificateRequest { certificate_arn } = request;
    let tags = find(view.state, &certificate_arn)?.tags.iter();
    let tags = tags.map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect();
    Ok(ListTagsForCertificateResponse { tags: Some(tags) })
}

/// Tags that a request brings: none of AWS's own, no key twice.
///
/// # Errors
/// `InvalidTagException`, `TooManyTagsException`.
pub(super) fn checked(tags: Vec<Tag>) -> Result<Tags, Fault> {
    let mut all = Tags::new();
    for Tag { key, value } in tags {
        let key = key.unwrap_or_default();
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Fault::new(
                "InvalidTagException",
                format!("{key} is reserved for AWS: a tag key can't begin with aws:."),
            ));
        }
        if all.insert(key.clone(), value.unwrap_or_default()).is_some() {
            return Err(Fault::new("InvalidTagException", format!("The tag key {key} is there twice.")));
        }
    }
    within_limit(&all)?;
    Ok(all)
}

fn within_limit(tags: &Tags) -> Result<(), Fault> {
    match tags.len() > MOST {
        true => Err(Fault::new("TooManyTagsException", format!("A certificate can have at most {MOST} tags."))),
        false => Ok(()),
    }
}
