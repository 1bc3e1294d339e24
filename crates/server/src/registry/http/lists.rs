//! What there is: repositories, tags, and what refers to a manifest. All in pages.

use super::{Refusal, Request};
use crate::app::{blocking, internal};
use crate::registry::push::storage;
use ::images::answer::{Answer, bytes};
use ::images::digest::Digest;
use ::images::manifest::{Artifact, MANIFEST_MAX, OCI_INDEX};
use control::ecr::{images, repositories};
use serde_json::{Value, json};

/// Items of a page, by default and at most.
const PAGE: usize = 1000;
/// Referrers of a page: each one's manifest is read.
const REFERRERS: usize = 100;

/// `GET /v2/_catalog`.
pub(super) fn catalog(request: &Request) -> Result<Answer, Refusal> {
    let state = request.app.core.state();
    let names = state.ecr_repositories.iter().map(|repository| repository.name.clone());
    let page = Page::of(names.collect(), request, PAGE)?;
    Ok(page.answer("/v2/_catalog", json!({ "repositories": page.items })))
}

/// `GET /v2/<name>/tags/list`.
pub(super) fn tags(request: &Request, name: &str) -> Result<Answer, Refusal> {
    let state = request.app.core.state();
    repositories::find(&state, None, name)?;
    let mut tags: Vec<String> = images::tags_of(&state, name).into_values().flatten().collect();
    tags.sort_unstable();
    let page = Page::of(tags, request, PAGE)?;
    Ok(page.answer(&format!("/v2/{name}/tags/list"), json!({ "name": name, "tags": page.items })))
}

/// A page of names in their order.
struct Page {
    items: Vec<String>,
    size: usize,
    more: bool,
}

impl Page {
    /// The page that `n` and `last` ask for, of all items in their order.
    fn of(mut items: Vec<String>, request: &Request, most: usize) -> Result<Self, Refusal> {
        let size = match request.parameter("n") {
            Some(n) => {
                let wrong = |_| Refusal::new(400, "PAGINATION_NUMBER_INVALID", format!("n={n} is no number of items."));
                n.parse::<usize>().map_err(wrong)?.min(most)
            }
            None => most,
        };
        if let Some(last) = request.parameter("last") {
            items.retain(|item| *item > last);
        }
        // Asked for nothing, there is no item that more could come after.
        let more = size > 0 && items.len() > size;
        items.truncate(size);
        Ok(Self { items, size, more })
    }

    /// Leaves what does not fit to the next page.
    fn shorten(&mut self, items: usize) {
        self.more |= items < self.items.len();
        self.items.truncate(items);
    }

    fn answer(&self, path: &str, body: Value) -> Answer {
        let mut answer = bytes(200, "application/json", body.to_string().into_bytes());
        answer.headers.extend(self.link(path, ""));
        answer
    }

    /// Where the next page is (RFC 8288).
    fn link(&self, path: &str, more: &str) -> Option<(&'static str, String)> {
        let last = self.items.last().filter(|_| self.more)?;
        let last: String = form_urlencoded::byte_serialize(last.as_bytes()).collect();
        Some(("link", format!("<{path}?n={}&last={last}{more}>; rel=\"next\"", self.size)))
    }
}

/// `GET /v2/<name>/referrers/<digest>`: an index of what has that manifest as its subject.
pub(super) async fn referrers(request: &Request, name: &str, digest: &Digest) -> Result<Answer, Refusal> {
    let state = request.app.core.state();
    repositories::find(&state, None, name)?;
    let kind = request.parameter("artifactType").filter(|kind| !kind.is_empty());
    let found = images::referrers(&state, name, &digest.to_string());
    let wanted = found.into_iter().filter(|image| kind.is_none() || image.artifact_type == kind);
    let mut page = Page::of(wanted.map(|image| image.digest.clone()).collect(), request, REFERRERS)?;
    // All of a manifest may be annotations. A page has no more of them than one manifest can have, or it would be of any length.
    let mut room = MANIFEST_MAX;
    let fits = |digest: &&String| {
        let size = images::by_digest(&state, name, digest).map_or(0, |image| image.manifest_size);
        let left = room.checked_sub(size);
        room = left.unwrap_or(0);
        left.is_some()
    };
    let fitting = page.items.iter().take_while(fits).count();
    page.shorten(fitting);
    let mut manifests = Vec::new();
    for text in &page.items {
        let Some(image) = images::by_digest(&state, name, text) else { continue };
        let (app, wanted) = (request.app.clone(), text.parse::<Digest>().map_err(internal)?);
        let content = blocking(move || app.registry.blobs.read(&wanted, MANIFEST_MAX).map_err(storage)).await?;
        let annotations = Artifact::parse(&content.unwrap_or_default()).map(|one| one.annotations).unwrap_or_default();
        let mut descriptor = json!({ "mediaType": image.media_type, "digest": text, "size": image.manifest_size });
        if let Some(kind) = &image.artifact_type {
            descriptor["artifactType"] = json!(kind);
        }
        if !annotations.is_empty() {
            descriptor["annotations"] = json!(annotations);
        }
        manifests.push(descriptor);
    }
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let mut answer = bytes(200, OCI_INDEX, index.to_string().into_bytes());
    let encoded: String = kind.iter().flat_map(|kind| form_urlencoded::byte_serialize(kind.as_bytes())).collect();
    let filter = if kind.is_some() { format!("&artifactType={encoded}") } else { String::new() };
    answer.headers.extend(page.link(&format!("/v2/{name}/referrers/{digest}"), &filter));
    if kind.is_some() {
        answer.headers.push(("oci-filters-applied", "artifactType".to_owned()));
    }
    Ok(answer)
}
