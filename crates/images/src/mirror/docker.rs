//! The images of a `docker save` archive: `manifest.json` lists configurations, names and layer tars. Each becomes
//! an OCI image with the same configuration, so that its image id stays.

use super::archive::Staged;
use super::{Error, parse_name};
use crate::compression::Compression;
use crate::digest::Digest;
use crate::files;
use crate::manifest::{CONFIG_MAX, Config, Descriptor, INDEX_MAX, LAYERS_MAX, Manifest, OCI_CONFIG, OCI_MANIFEST};
use crate::reference::Reference;
use serde::Deserialize;
use std::fs::File;
use std::io::Read;

/// One image in `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

pub(super) fn images(staged: &mut Staged, as_name: Option<&Reference>) -> Result<Vec<(Reference, Descriptor)>, Error> {
    let saved: Vec<Saved> = staged.json("manifest.json")?;
    if saved.is_empty() || saved.len() > INDEX_MAX {
        return Err(Error::Archive(format!("manifest.json has {} images; 1 to {INDEX_MAX} are possible", saved.len())));
    }
    let mut images = Vec::new();
    for image in &saved {
        let names = image.repo_tags.as_deref().unwrap_or_default();
        let names: Vec<Reference> = match as_name {
            Some(_) if saved.len() > 1 => return Err(Error::Several { images: saved.len() }),
            Some(name) => vec![name.clone()],
            None => names.iter().map(|name| parse_name(name)).collect::<Result<_, _>>()?,
        };
        let descriptor = convert(staged, image)?;
        images.extend(names.into_iter().map(|name| (name, descriptor.clone())));
    }
    if images.is_empty() { Err(Error::NoName) } else { Ok(images) }
}

/// Writes the image's manifest.
fn convert(staged: &mut Staged, image: &Saved) -> Result<Descriptor, Error> {
    let (digest, size) = staged.file(&image.config)?;
    let content = staged.blob(&digest, Some(CONFIG_MAX))?.map(|blob| blob.content).unwrap_or_default();
    let parsed: Config =
        serde_json::from_slice(&content).map_err(|e| Error::Archive(format!("{}: {e}", image.config)))?;
    let layers = image.layers.as_deref().unwrap_or_default();
    if layers.len() > LAYERS_MAX || layers.len() != parsed.rootfs.diff_ids.len() {
        return Err(Error::Archive(format!(
            "{} has {} layers in manifest.json and {} in its configuration",
            image.config,
            layers.len(),
            parsed.rootfs.diff_ids.len()
        )));
    }
    let layers = layers.iter().zip(&parsed.rootfs.diff_ids).map(|(path, diff_id)| layer(staged, path, diff_id));
    let layers = layers.collect::<Result<_, _>>()?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(OCI_MANIFEST.to_owned()),
        config: Descriptor::new(OCI_CONFIG, digest, size),
        layers,
    };
    let content = serde_json::to_vec(&manifest).map_err(std::io::Error::from)?;
    let digest = staged.put(&content)?;
    Ok(Descriptor::new(OCI_MANIFEST, digest, content.len() as u64))
}

fn layer(staged: &Staged, path: &str, diff_id: &Digest) -> Result<Descriptor, Error> {
    let (digest, size) = staged.file(path)?;
    let file = staged.path_of(&digest);
    let mut start = Vec::new();
    File::open(&file).and_then(|f| f.take(4).read_to_end(&mut start)).map_err(files::at("read", &file))?;
    let compression = Compression::of(&start);
    if compression == Compression::None && digest != *diff_id {
        return Err(Error::Archive(format!("{path} has digest {digest} where its configuration says {diff_id}")));
    }
    Ok(Descriptor::new(compression.media_type(), digest, size))
}
