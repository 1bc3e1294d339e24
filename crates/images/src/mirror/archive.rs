//! An archive's files, staged: written to a scratch directory by digest while they stream in.

use super::contents::Blob;
use super::{Error, docker, layout};
use crate::compression;
use crate::digest::{Digest, Hashing};
use crate::files;
use crate::manifest::{Descriptor, MANIFEST_MAX};
use crate::reference::Reference;
use crate::tarball::{Entry, Kind, Reader};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Bounds on one archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of the tar.
    pub entries: usize,
    /// Bytes of all its files, uncompressed.
    pub bytes: u64,
}

impl Default for Limits {
    /// 20,000 entries and 200 GiB.
    fn default() -> Self {
        Self { entries: 20_000, bytes: 200 << 30 }
    }
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    File {
        digest: Digest,
        size: u64,
    },
    /// Another entry of the archive, by its path.
    Alias(String),
}

/// The archive's files by path; their content in the scratch directory by digest.
pub(super) struct Staged {
    dir: PathBuf,
    nodes: BTreeMap<String, Node>,
    sizes: BTreeMap<Digest, u64>,
}

/// How many links one path may go through.
const LINKS_MAX: usize = 8;
const BUFFER: usize = 256 * 1024;

impl Staged {
    /// Reads the whole archive.
    pub(super) fn read(archive: impl Read + Send, dir: &Path, limits: &Limits) -> Result<Self, Error> {
        let mut staged = Self { dir: dir.to_owned(), nodes: BTreeMap::new(), sizes: BTreeMap::new() };
        let input = compression::decoder(archive).map_err(|e| Error::from(crate::tarball::Error::Io(e)))?;
        let mut tar = Reader::new(BufReader::with_capacity(BUFFER, input));
        let (mut entries, mut bytes) = (0, 0u64);
        while let Some(entry) = tar.next()? {
            entries += 1;
            bytes = bytes.saturating_add(entry.size);
            let path = clean(&entry.path)?;
            if entries > limits.entries || bytes > limits.bytes {
                return Err(refused(
                    &path,
                    &format!("the archive has over {} entries or {} bytes", limits.entries, limits.bytes),
                ));
            }
            staged.add(path, &entry, &mut tar)?;
        }
        Ok(staged)
    }

    fn add<R: std::io::BufRead>(&mut self, path: String, entry: &Entry, tar: &mut Reader<R>) -> Result<(), Error> {
        let node = match &entry.kind {
            Kind::Directory => return Ok(()),
            Kind::File if entry.sparse.is_some() => {
                return Err(refused(&path, "sparse files are not part of image archives"));
            }
            Kind::File => self.stage(&path, entry.size, tar)?,
            Kind::Symlink(target) => Node::Alias(link_target(&path, target)?),
            Kind::Hardlink(target) => Node::Alias(clean(target)?),
            Kind::Character(..) | Kind::Block(..) | Kind::Fifo => {
                return Err(refused(&path, "devices and pipes are not part of image archives"));
            }
        };
        match self.nodes.insert(path.clone(), node) {
            None => Ok(()),
            Some(_) => Err(refused(&path, "it is there twice")),
        }
    }

    /// Streams one file to disk; a blob must be what its name says.
    fn stage<R: std::io::BufRead>(&mut self, path: &str, size: u64, tar: &mut Reader<R>) -> Result<Node, Error> {
        let temporary = self.dir.join("incoming");
        let mut file = Hashing::new(File::create(&temporary).map_err(files::at("create", &temporary))?);
        loop {
            let chunk = tar.chunk()?;
            if chunk.is_empty() {
                break;
            }
            disk::admit(&self.dir, chunk.len() as u64)?;
            file.write_all(chunk).map_err(files::at("write", &temporary))?;
            let n = chunk.len();
            tar.consume(n);
        }
        let (digest, _) = file.finish();
        if let Some(name) = path.strip_prefix("blobs/") {
            let wanted = name.strip_prefix("sha256/").and_then(|hex| Digest::from_hex(hex).ok());
            match wanted {
                None => return Err(refused(path, "its name is no sha256 digest")),
                Some(wanted) if wanted != digest => {
                    return Err(refused(path, &format!("its content has digest {digest}")));
                }
                Some(_) => {}
            }
        }
        fs::rename(&temporary, self.path_of(&digest)).map_err(files::at("stage", &temporary))?;
        self.sizes.insert(digest.clone(), size);
        Ok(Node::File { digest, size })
    }

    /// The images in the archive and their names.
    pub(super) fn images(&mut self, as_name: Option<&Reference>) -> Result<Vec<(Reference, Descriptor)>, Error> {
        let has = |path: &str| self.nodes.contains_key(path);
        let ancient = has("repositories");
        match (has("index.json"), has("manifest.json")) {
            (true, docker) => match layout::images(self, as_name) {
                // Some writers add a layout without names to the archive that has them.
                Err(Error::NoName) if docker => docker::images(self, as_name),
                images => images,
            },
            (false, true) => docker::images(self, as_name),
            (false, false) if ancient => Err(Error::Archive(
                "the archive was saved by a Docker older than 1.10, which is not supported: load it there and save it again".to_owned(),
            )),
            (false, false) => Err(Error::Archive(
                "this is no image archive: it has neither index.json (OCI image layout) nor manifest.json (docker save)".to_owned(),
            )),
        }
    }

    pub(super) fn path_of(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }

    /// A blob, and its content where a limit is given.
    pub(super) fn blob(&self, digest: &Digest, limit: Option<u64>) -> Result<Option<Blob>, Error> {
        let Some(&size) = self.sizes.get(digest) else { return Ok(None) };
        let content = match limit {
            Some(limit) if size > limit => {
                return Err(Error::Archive(format!("blob {digest} has {size} bytes; the limit is {limit}")));
            }
            Some(limit) => files::read(&self.path_of(digest), limit)?.unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Some(Blob { size, content }))
    }

    /// The file at a path of the archive, through links.
    pub(super) fn file(&self, path: &str) -> Result<(Digest, u64), Error> {
        let mut at = clean(path.as_bytes())?;
        for _ in 0..LINKS_MAX {
            match self.nodes.get(&at) {
                Some(Node::File { digest, size }) => return Ok((digest.clone(), *size)),
                Some(Node::Alias(target)) => at.clone_from(target),
                None => return Err(Error::Archive(format!("{path} is missing from the archive"))),
            }
        }
        Err(refused(path, "its links go in a circle"))
    }

    /// A JSON file of the archive.
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let (digest, _) = self.file(path)?;
        let content = self.blob(&digest, Some(MANIFEST_MAX))?.map(|blob| blob.content).unwrap_or_default();
        serde_json::from_slice(&content).map_err(|e| Error::Archive(format!("{path}: {e}")))
    }

    /// Keeps a document made from the archive beside its files.
    pub(super) fn put(&mut self, content: &[u8]) -> Result<Digest, Error> {
        let digest = Digest::of(content);
        fs::write(self.path_of(&digest), content).map_err(files::at("write", &self.path_of(&digest)))?;
        self.sizes.insert(digest.clone(), content.len() as u64);
        Ok(digest)
    }
}

fn refused(path: &str, what: &str) -> Error {
    Error::Archive(format!("refused entry {path:?}: {what}"))
}

/// A path in its plain form. Archives have no reason to leave their root.
fn clean(path: &[u8]) -> Result<String, Error> {
    let text = String::from_utf8_lossy(path).into_owned();
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if text.starts_with('/') || parts.contains(&"..") {
        return Err(refused(&text, "its path leaves the archive"));
    }
    Ok(parts.join("/"))
}

/// A symbolic link's target as a path of the archive.
fn link_target(path: &str, target: &[u8]) -> Result<String, Error> {
    let text = String::from_utf8_lossy(target);
    let outside = || refused(path, &format!("its link {text:?} leaves the archive"));
    if text.starts_with('/') {
        return Err(outside());
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop().ok_or_else(outside)?;
        } else {
            parts.push(part);
        }
    }
    Ok(parts.join("/"))
}
