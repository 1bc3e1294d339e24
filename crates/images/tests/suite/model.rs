//! Random sequences of entries against a model of the tree they should make. Names are few, so that entries replace,
//! link to and go through one another all the time.

use crate::support::{Tar, unpack_into};
use images::unpack::Limits;
use proptest::prelude::*;
use rustix::fs::lgetxattr;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

#[derive(Clone, Debug)]
struct Step {
    path: String,
    what: What,
    uid: u32,
}

#[derive(Clone, Debug)]
enum What {
    File(u8),
    Dir(u32),
    Symlink(String),
    Hardlink(String),
    Fifo,
    Whiteout,
    Opaque,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Dir {
        mode: u32,
        uid: u32,
        opaque: bool,
    },
    /// Index of a file's content and owner; shared by hard links.
    Inode(usize),
    Whiteout,
}

#[derive(Clone, Debug, PartialEq)]
enum Inode {
    File(u8, u32),
    Symlink(String, u32),
    Fifo(u32),
}

type Place = Vec<String>;

#[derive(Debug)]
struct Model {
    nodes: BTreeMap<Place, Node>,
    inodes: Vec<Inode>,
}

fn place(path: &str) -> Place {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

const NEW_DIR: Node = Node::Dir { mode: 0o755, uid: 0, opaque: false };

impl Model {
    fn new() -> Self {
        Self { nodes: BTreeMap::from([(Vec::new(), NEW_DIR)]), inodes: Vec::new() }
    }

    /// Where a directory's path leads, links followed; `None` where it can't be.
    fn directory(&mut self, path: &[String], create: bool) -> Option<Place> {
        let mut at = Vec::new();
        let mut left: Vec<String> = path.iter().rev().cloned().collect();
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == ".." {
                at.pop();
                continue;
            }
            let mut next = at.clone();
            next.push(name);
            let link = match self.nodes.get(&next) {
                Some(Node::Dir { .. }) => None,
                Some(Node::Inode(n)) => match &self.inodes[*n] {
                    Inode::Symlink(target, _) => Some(target.clone()),
                    _ => return None,
                },
                Some(Node::Whiteout) if create => {
                    self.nodes.insert(next.clone(), Node::Dir { mode: 0o755, uid: 0, opaque: true });
                    None
                }
                None if create => {
                    self.nodes.insert(next.clone(), NEW_DIR);
                    None
                }
                _ => return None,
            };
            match link {
                None => at = next,
                Some(target) => {
                    links += 1;
                    if links > 40 {
                        return None;
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    left.extend(place(&target).into_iter().rev());
                }
            }
        }
        Some(at)
    }

    fn remove(&mut self, at: &Place) {
        self.nodes.retain(|place, _| !place.starts_with(at));
    }

    fn put(&mut self, at: Place, inode: Inode) {
        self.remove(&at);
        self.inodes.push(inode);
        self.nodes.insert(at, Node::Inode(self.inodes.len() - 1));
    }

    fn apply(&mut self, step: &Step) -> Option<()> {
        let path = place(&step.path);
        let (name, parent) = path.split_last()?;
        let parent = self.directory(parent, true)?;
        let mut at = parent.clone();
        at.push(name.clone());
        match &step.what {
            What::File(content) => self.put(at, Inode::File(*content, step.uid)),
            What::Symlink(target) => self.put(at, Inode::Symlink(target.clone(), step.uid)),
            What::Fifo => self.put(at, Inode::Fifo(step.uid)),
            What::Dir(mode) => {
                let opaque = match self.nodes.get(&at) {
                    Some(Node::Dir { opaque, .. }) => *opaque,
                    Some(Node::Whiteout) => true,
                    Some(Node::Inode(_)) | None => false,
                };
                self.nodes.insert(at, Node::Dir { mode: *mode, uid: step.uid, opaque });
            }
            What::Hardlink(target) => {
                let target = place(target);
                let (name, target_parent) = target.split_last()?;
                let mut from = self.directory(target_parent, false)?;
                from.push(name.clone());
                let node = self.nodes.get(&from)?.clone();
                if matches!(node, Node::Inode(_)) && self.nodes.get(&at) == Some(&node) {
                    return Some(());
                }
                if !matches!(node, Node::Inode(_)) {
                    // Linking a directory to itself is left alone, to anything else refused.
                    return (from == at).then_some(());
                }
                self.remove(&at);
                self.nodes.contains_key(&from).then_some(())?;
                self.nodes.insert(at, node);
            }
            What::Whiteout => match self.nodes.get_mut(&at) {
                None => {
                    self.nodes.insert(at, Node::Whiteout);
                }
                Some(Node::Dir { opaque, .. }) => *opaque = true,
                Some(_) => {}
            },
            What::Opaque => {
                if let Some(Node::Dir { opaque, .. }) = self.nodes.get_mut(&parent) {
                    *opaque = true;
                }
            }
        }
        Some(())
    }

    /// One line a path, in the form [`seen`] writes too.
    fn lines(&self) -> Vec<String> {
        let mut first: BTreeMap<usize, String> = BTreeMap::new();
        let line = |(at, node): (&Place, &Node)| {
            let path = at.join("/");
            let what = match node {
                Node::Dir { mode, uid, opaque } => format!("dir {mode:o} {uid} {opaque}"),
                Node::Whiteout => "whiteout".to_owned(),
                Node::Inode(n) => {
                    let twin = first.entry(*n).or_insert_with(|| path.clone()).clone();
                    match &self.inodes[*n] {
                        Inode::File(content, uid) => format!("file {content} {uid} {twin}"),
                        Inode::Symlink(target, uid) => format!("link {target} {uid} {twin}"),
                        Inode::Fifo(uid) => format!("fifo {uid} {twin}"),
                    }
                }
            };
            format!("{path}: {what}")
        };
        self.nodes.iter().map(line).collect()
    }
}

/// The real tree in the model's lines.
fn seen(root: &Path) -> Vec<String> {
    fn walk(root: &Path, at: Place, found: &mut BTreeMap<Place, fs::Metadata>) {
        let path = root.join(at.join("/"));
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            for entry in fs::read_dir(&path).unwrap() {
                let mut below = at.clone();
                below.push(entry.unwrap().file_name().into_string().unwrap());
                walk(root, below, found);
            }
        }
        found.insert(at, metadata);
    }
    let mut found = BTreeMap::new();
    walk(root, Vec::new(), &mut found);
    let mut first: BTreeMap<u64, String> = BTreeMap::new();
    let mut lines = Vec::new();
    for (at, metadata) in found {
        let (name, uid) = (at.join("/"), metadata.uid());
        let path = root.join(&name);
        let kind = metadata.file_type();
        let mut twin = || first.entry(metadata.ino()).or_insert_with(|| name.clone()).clone();
        let what = if kind.is_dir() {
            let opaque = lgetxattr(&path, "trusted.overlay.opaque", &mut [0; 4][..]) == Ok(1);
            format!("dir {:o} {uid} {opaque}", metadata.mode() & 0o7777)
        } else if kind.is_char_device() {
            "whiteout".to_owned()
        } else if kind.is_symlink() {
            format!("link {} {uid} {}", fs::read_link(&path).unwrap().display(), twin())
        } else if kind.is_fifo() {
            format!("fifo {uid} {}", twin())
        } else {
            format!("file {} {uid} {}", fs::read(&path).unwrap()[0], twin())
        };
        lines.push(format!("{name}: {what}"));
    }
    lines
}

fn tar(steps: &[Step]) -> Vec<u8> {
    let mut tar = Tar::default();
    for step in steps {
        let (parent, name) =
            step.path.rsplit_once('/').map_or(("", step.path.as_str()), |(parent, name)| (parent, name));
        let (kind, path, content, link): (u8, String, Vec<u8>, &str) = match &step.what {
            What::File(content) => (b'0', step.path.clone(), vec![*content; 3], ""),
            What::Dir(_) => (b'5', step.path.clone(), Vec::new(), ""),
            What::Symlink(target) => (b'2', step.path.clone(), Vec::new(), target),
            What::Hardlink(target) => (b'1', step.path.clone(), Vec::new(), target),
            What::Fifo => (b'6', step.path.clone(), Vec::new(), ""),
            What::Whiteout => (b'0', format!("{parent}/.wh.{name}"), Vec::new(), ""),
            What::Opaque => (b'0', format!("{parent}/.wh..wh..opq"), Vec::new(), ""),
        };
        tar = tar.raw(path.as_bytes(), kind, &content, |header| {
            header.set_uid(step.uid.into());
            if let What::Dir(mode) = step.what {
                header.set_mode(mode);
            }
            if !link.is_empty() {
                header.set_link_name_literal(link).unwrap();
            }
        });
    }
    tar.end()
}

fn step() -> impl Strategy<Value = Step> {
    let path = "[abc](/[abc]){0,2}";
    let target = "/?((\\.\\./){0,2})[abc](/[abc]){0,2}";
    let what = prop_oneof![
        4 => any::<u8>().prop_map(What::File),
        3 => prop_oneof![Just(0o755), Just(0o1777), Just(0o2700)].prop_map(What::Dir),
        2 => target.prop_map(What::Symlink),
        2 => path.prop_map(What::Hardlink),
        1 => Just(What::Fifo),
        2 => Just(What::Whiteout),
        1 => Just(What::Opaque),
    ];
    (path, what, 0u32..3).prop_map(|(path, what, uid)| Step { path, what, uid })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_tree_is_what_the_model_says(steps in proptest::collection::vec(step(), 1..14)) {
        // Most sequences break a rule somewhere; what the model refuses must be refused, the rest goes on without it.
        let mut model = Model::new();
        let mut kept: Vec<Step> = Vec::new();
        let mut refused = None;
        for step in &steps {
            let mut next = Model { nodes: model.nodes.clone(), inodes: model.inodes.clone() };
            if next.apply(step).is_some() {
                model = next;
                kept.push(step.clone());
            } else if refused.is_none() {
                refused = Some([kept.as_slice(), std::slice::from_ref(step)].concat());
            }
        }
        let dir = tempfile::TempDir::new().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        unpack_into(&root, &tar(&kept), &Limits::default()).map_err(|e| TestCaseError::fail(format!("{e}: {kept:?}")))?;
        prop_assert_eq!(seen(&root), model.lines(), "{:?}", kept);
        prop_assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing beside the root");
        if let Some(steps) = refused {
            let root = dir.path().join("refused");
            fs::create_dir(&root).unwrap();
            prop_assert!(unpack_into(&root, &tar(&steps), &Limits::default()).is_err(), "{:?}", steps);
        }
    }
}
