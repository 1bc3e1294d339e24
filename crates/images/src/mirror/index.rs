//! `index.json`: the mirror's names, as an OCI image layout keeps them.

use super::contents::{Blob, Contents};
use super::{Error, Names, Tagged};
use crate::digest::Digest;
use crate::files::{self, BLOBS, Owned};
use crate::manifest::{Descriptor, Index, OCI_INDEX, REF_NAME};
use crate::reference::Reference;
use std::io;
use std::path::Path;
use std::sync::Arc;

const FILE: &str = "index.json";
/// About 100,000 names.
const SIZE_MAX: u64 = 64 << 20;

pub(super) fn write(files: &Owned, names: &Names) -> io::Result<()> {
    let entry = |(reference, tagged): (&Reference, &Arc<Tagged>)| Descriptor {
        annotations: [(REF_NAME.to_owned(), reference.to_string())].into(),
        ..tagged.descriptor.clone()
    };
    let manifests = names.iter().map(entry).collect();
    let index = Index { schema_version: 2, media_type: Some(OCI_INDEX.to_owned()), manifests };
    files.write(Path::new(FILE), &serde_json::to_vec(&index)?)
}

pub(super) fn read(files: &Owned) -> io::Result<Names> {
    let path = files.join(FILE);
    let Some(content) = files::read(&path, SIZE_MAX)? else { return Ok(Names::new()) };
    let index: Index = serde_json::from_slice(&content).map_err(|e| files::at("read", &path)(e.into()))?;
    index.manifests.into_iter().map(|descriptor| name(files, descriptor)).collect()
}

fn name(files: &Owned, mut descriptor: Descriptor) -> io::Result<(Reference, Arc<Tagged>)> {
    let failed =
        |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {what}", files.join(FILE).display()));
    let name = descriptor.annotations.remove(REF_NAME).unwrap_or_default();
    let reference = Reference::parse(&name).map_err(|e| failed(format!("name {name:?}: {e}")))?;
    let contents = Contents::of(&descriptor, |digest, limit| stored(files, digest, limit));
    let contents = contents.map_err(|e| failed(format!("{reference}: {e}")))?;
    Ok((reference, Arc::new(Tagged { descriptor, contents })))
}

fn stored(files: &Owned, digest: &Digest, limit: Option<u64>) -> Result<Option<Blob>, Error> {
    let path = files.join(BLOBS).join(digest.hex());
    let size = match std::fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(files::at("read", &path)(error).into()),
    };
    let content = match limit {
        Some(limit) => files::read(&path, limit)?.unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(Some(Blob { size, content }))
}
