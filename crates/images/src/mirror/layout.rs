//! The images of an OCI image layout (OCI image spec, "Image Layout").

use super::archive::Staged;
use super::{Error, parse_name};
use crate::digest::Digest;
use crate::manifest::{Descriptor, INDEX_MAX, Index, OCI_INDEX, REF_NAME};
use crate::reference::Reference;
use serde::Deserialize;
use std::collections::BTreeMap;

/// containerd's annotation: always the whole name.
const CONTAINERD_NAME: &str = "io.containerd.image.name";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

pub(super) fn images(staged: &Staged, as_name: Option<&Reference>) -> Result<Vec<(Reference, Descriptor)>, Error> {
    let marker: Marker = staged.json("oci-layout")?;
    if marker.image_layout_version != "1.0.0" {
        return Err(Error::Archive(format!(
            "oci-layout: version {:?} is not supported, only 1.0.0",
            marker.image_layout_version
        )));
    }
    let index: Index = staged.json("index.json")?;
    if index.manifests.len() > INDEX_MAX {
        return Err(Error::Archive(format!(
            "index.json has {} entries; the limit is {INDEX_MAX}",
            index.manifests.len()
        )));
    }
    match as_name {
        Some(name) => Ok(vec![(name.clone(), only_image(staged, &index)?)]),
        None => named_images(&index),
    }
}

fn named_images(index: &Index) -> Result<Vec<(Reference, Descriptor)>, Error> {
    let mut images = Vec::new();
    for descriptor in &index.manifests {
        if let Some(name) = name_of(descriptor) {
            images.push((parse_name(name)?, plain(descriptor)));
        }
    }
    if images.is_empty() { Err(Error::NoName) } else { Ok(images) }
}

/// The name an archive's writer gave. A single word in `ref.name` is a tag of nobody knows which repository.
fn name_of(descriptor: &Descriptor) -> Option<&str> {
    let containerd = descriptor.annotations.get(CONTAINERD_NAME);
    let name = containerd.or_else(|| descriptor.annotations.get(REF_NAME).filter(|name| name.contains(['/', ':'])));
    name.map(String::as_str)
}

/// The one image of the archive. Several platforms listed side by side are one image: `index.json` is its index.
fn only_image(staged: &Staged, index: &Index) -> Result<Descriptor, Error> {
    let distinct: BTreeMap<&Digest, &Descriptor> = index.manifests.iter().map(|entry| (&entry.digest, entry)).collect();
    let mut entries = distinct.values();
    match (entries.next(), distinct.len()) {
        (Some(entry), 1) => Ok(plain(entry)),
        (None, _) => Err(Error::Archive("index.json names no image".to_owned())),
        (_, images) => {
            let platforms = distinct.values().all(|entry| entry.platform.is_some() && name_of(entry).is_none());
            if !platforms {
                return Err(Error::Several { images });
            }
            let (digest, size) = staged.file("index.json")?;
            Ok(Descriptor::new(OCI_INDEX, digest, size))
        }
    }
}

fn plain(descriptor: &Descriptor) -> Descriptor {
    Descriptor { annotations: BTreeMap::new(), ..descriptor.clone() }
}
