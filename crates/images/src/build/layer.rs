//! A layer's files and the tar made of them.

use std::io;

/// One entry of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    path: String,
    mode: u32,
    owner: (u32, u32),
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Regular(Vec<u8>),
    Directory,
    Symlink(String),
    Hardlink(String),
}

impl File {
    /// A regular file; `mode` has the 12 permission bits, like `0o755`.
    pub fn regular(path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        Self::new(path, mode, Content::Regular(content.into()))
    }

    /// A directory. Parents that are not listed are made by whoever unpacks.
    pub fn directory(path: &str, mode: u32) -> Self {
        Self::new(path, mode, Content::Directory)
    }

    /// A symbolic link.
    pub fn symlink(path: &str, target: &str) -> Self {
        Self::new(path, 0o777, Content::Symlink(target.to_owned()))
    }

    /// Another name for an earlier file of the layer.
    pub fn hardlink(path: &str, target: &str) -> Self {
        Self::new(path, 0o644, Content::Hardlink(target.to_owned()))
    }

    /// A whiteout: deletes `path` of the layers below.
    pub fn deleted(path: &str) -> Self {
        let (parent, name) = path.rsplit_once('/').map_or(("", path), |(parent, name)| (parent, name));
        let separator = if parent.is_empty() { "" } else { "/" };
        Self::regular(&format!("{parent}{separator}.wh.{name}"), 0o644, Vec::new())
    }

    /// Sets the numeric owner and group; root if never set.
    #[must_use]
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = (uid, gid);
        self
    }

    fn new(path: &str, mode: u32, content: Content) -> Self {
        Self { path: path.to_owned(), mode, owner: (0, 0), content }
    }
}

/// The entries of a layer, in the order given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer(Vec<File>);

impl Layer {
    /// A layer of these entries.
    pub fn new(files: impl IntoIterator<Item = File>) -> Self {
        Self(files.into_iter().collect())
    }

    /// The uncompressed tar.
    ///
    /// # Errors
    /// A path or link that a tar can't hold.
    pub fn tar(&self) -> io::Result<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        self.0.iter().try_for_each(|file| append(&mut tar, file))?;
        tar.into_inner()
    }
}

fn append(tar: &mut tar::Builder<Vec<u8>>, file: &File) -> io::Result<()> {
    // GNU headers: those have long names.
    let mut header = tar::Header::new_gnu();
    header.set_mode(file.mode);
    header.set_uid(file.owner.0.into());
    header.set_gid(file.owner.1.into());
    header.set_mtime(0);
    header.set_size(0);
    let kind = match &file.content {
        Content::Regular(_) => tar::EntryType::Regular,
        Content::Directory => tar::EntryType::Directory,
        Content::Symlink(_) => tar::EntryType::Symlink,
        Content::Hardlink(_) => tar::EntryType::Link,
    };
    header.set_entry_type(kind);
    match &file.content {
        Content::Regular(content) => {
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, &file.path, content.as_slice())
        }
        Content::Directory => tar.append_data(&mut header, &file.path, io::empty()),
        Content::Symlink(target) | Content::Hardlink(target) => tar.append_link(&mut header, &file.path, target),
    }
}
