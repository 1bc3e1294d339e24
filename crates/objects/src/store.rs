//! Buckets as directories, objects as files.
//!
//! An object's file is named after the hash of its key. It holds the content, then what is said about it in JSON, then the length of that
//! in 8 bytes. It comes to its name whole and synced; so after a kill there is the object of before or the new one. The keys are in memory,
//! read from the files when the store is opened.

use crate::draft::{Content, Draft};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write},
    ops::Bound,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Where drafts are. No bucket has a name with this character.
const DRAFTS: &str = "~drafts";
/// The same for uploads in parts.
const UPLOADS: &str = "~uploads";
/// The length of what is at the end of a file.
const TAIL: u64 = 8;
/// The most that is said about an object, far beyond what headers can hold.
const ABOUT: u64 = 1 << 20;

/// What is said about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its ETag without quotes: its content's MD5 in hexadecimal digits, or one of its parts'.
    pub etag: String,
    /// When it came, in milliseconds since 1970.
    pub modified: i64,
    /// Header fields that it came with and goes out with, such as `content-type`.
    pub fields: BTreeMap<String, String>,
}

/// There is no such bucket, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

type Keys = BTreeMap<String, Arc<Object>>;

/// All buckets.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    buckets: Mutex<BTreeMap<String, Keys>>,
    drafts: AtomicU64,
}

impl Store {
    /// Opens the store in a directory: with these buckets, whatever else is in there goes.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(dir: &Path, names: &BTreeSet<String>) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        remove(&dir.join(DRAFTS))?;
        fs::create_dir(dir.join(DRAFTS))?;
        fs::create_dir_all(dir.join(UPLOADS))?;
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            let is_known = name.to_str().is_some_and(|name| [DRAFTS, UPLOADS].contains(&name) || names.contains(name));
            if !is_known {
                remove(&dir.join(name))?;
            }
        }
        let mut buckets = BTreeMap::new();
        for name in names {
            fs::create_dir_all(dir.join(name))?;
            let mut keys = Keys::new();
            for entry in fs::read_dir(dir.join(name))? {
                let object = read(&entry?.path())?;
                keys.insert(object.key.clone(), Arc::new(object));
            }
            buckets.insert(name.clone(), keys);
        }
        let store = Self { dir: dir.to_owned(), buckets: Mutex::new(buckets), drafts: AtomicU64::new(0) };
        store.retain_uploads(names)?;
        Ok(store)
    }

    /// Forgets the uploads to all buckets but these.
    fn retain_uploads(&self, names: &BTreeSet<String>) -> io::Result<()> {
        for entry in fs::read_dir(self.uploads())? {
            let Ok(id) = entry?.file_name().into_string() else { continue };
            if self.upload(&id)?.is_none_or(|upload| !names.contains(&upload.bucket)) {
                remove(&self.uploads().join(id))?;
            }
        }
        Ok(())
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.dir.join(UPLOADS)
    }

    /// Where something may be made that is not there yet.
    pub(crate) fn draft_path(&self) -> PathBuf {
        self.dir.join(DRAFTS).join(self.drafts.fetch_add(1, Ordering::Relaxed).to_string())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Keys>> {
        // What it holds is changed in single steps, so a thread that panicked left it whole.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, bucket: &str, key: &str) -> PathBuf {
        let hash = Sha256::digest(key);
        let name: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.dir.join(bucket).join(name)
    }

    /// Has a bucket, which may be there.
    ///
    /// # Errors
    /// The file system's.
    pub fn create(&self, bucket: &str) -> io::Result<()> {
        let mut buckets = self.lock();
        fs::create_dir_all(self.dir.join(bucket))?;
        buckets.entry(bucket.to_owned()).or_default();
        Ok(())
    }

    /// Forgets a bucket without objects. Answers whether it is gone; nothing is put into it any more.
    pub fn close(&self, bucket: &str) -> bool {
        let mut buckets = self.lock();
        let is_empty = buckets.get(bucket).is_none_or(BTreeMap::is_empty);
        if is_empty {
            buckets.remove(bucket);
            // What is left of it goes when the store is opened next.
            let _ = fs::remove_dir(self.dir.join(bucket));
        }
        is_empty
    }

    /// Forgets all buckets and objects but those of these buckets.
    ///
    /// # Errors
    /// The file system's.
    pub fn retain(&self, names: &BTreeSet<String>) -> io::Result<()> {
        let mut buckets = self.lock();
        let gone: Vec<String> = buckets.keys().filter(|name| !names.contains(*name)).cloned().collect();
        for name in gone {
            buckets.remove(&name);
            remove(&self.dir.join(&name))?;
        }
        drop(buckets);
        self.retain_uploads(names)
    }

    /// Begins an object.
    ///
    /// # Errors
    /// The file system's.
    pub fn begin(&self, algorithms: &[crate::Algorithm]) -> io::Result<Draft> {
        Draft::new(self.draft_path(), algorithms)
    }

    /// Makes a draft an object, in place of the one of its key, if `may` says so of that one.
    ///
    /// # Errors
    /// The file system's.
    pub fn put(
        &self,
        bucket: &str,
        draft: &mut Draft,
        object: Object,
        may: impl FnOnce(Option<&Object>) -> bool,
    ) -> io::Result<Result<bool, Missing>> {
        finish(draft, &object)?;
        let mut buckets = self.lock();
        let Some(keys) = buckets.get_mut(bucket) else { return Ok(Err(Missing)) };
        if !may(keys.get(&object.key).map(|held| &**held)) {
            return Ok(Ok(false));
        }
        fs::rename(&draft.path, self.file(bucket, &object.key))?;
        sync(&self.dir.join(bucket))?;
        keys.insert(object.key.clone(), Arc::new(object));
        Ok(Ok(true))
    }

    /// An object and its file, which stays readable when it is replaced meanwhile. Its content is at the file's beginning.
    ///
    /// # Errors
    /// The file system's.
    pub fn get(&self, bucket: &str, key: &str) -> io::Result<Option<(Arc<Object>, File)>> {
        let buckets = self.lock();
        let Some(object) = buckets.get(bucket).and_then(|keys| keys.get(key)) else { return Ok(None) };
        Ok(Some((Arc::clone(object), File::open(self.file(bucket, key))?)))
    }

    /// Deletes an object, which need not be there.
    ///
    /// # Errors
    /// The file system's.
    pub fn delete(&self, bucket: &str, key: &str) -> io::Result<()> {
        let mut buckets = self.lock();
        let Some(keys) = buckets.get_mut(bucket).filter(|keys| keys.contains_key(key)) else { return Ok(()) };
        fs::remove_file(self.file(bucket, key))?;
        sync(&self.dir.join(bucket))?;
        keys.remove(key);
        Ok(())
    }

    /// Shows the objects whose keys begin with `prefix`, from the first key after `after` on, until `take` has had enough. What `take`
    /// answers with a key is where it goes on: after every key that begins so.
    pub fn list(&self, bucket: &str, prefix: &str, after: &str, mut take: impl FnMut(&Object) -> Next) {
        let buckets = self.lock();
        let Some(keys) = buckets.get(bucket) else { return };
        let mut from = match after < prefix {
            true => Bound::Included(prefix.to_owned()),
            false => Bound::Excluded(after.to_owned()),
        };
        let mut skipped = String::new();
        loop {
            let next = keys
                .range((from.clone(), Bound::Unbounded))
                .find(|(key, _)| skipped.is_empty() || !key.starts_with(&skipped));
            let Some((key, object)) = next.filter(|(key, _)| key.starts_with(prefix)) else { return };
            from = Bound::Excluded(key.clone());
            match take(object) {
                Next::More => {}
                Next::Past(beginning) => skipped = beginning,
                Next::Enough => return,
            }
        }
    }
}

/// What is to be shown next of a list.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// The next key.
    More,
    /// The first key that does not begin so.
    Past(String),
    /// None.
    Enough,
}

impl Object {
    /// Of a content that came.
    pub fn new(key: String, content: &Content, modified: i64, fields: BTreeMap<String, String>) -> Self {
        Self { key, size: content.size, etag: content.md5.clone(), modified, fields }
    }
}

/// Writes what is said about an object behind its content. From then on it is whole and synced.
pub(crate) fn finish(draft: &mut Draft, object: &Object) -> io::Result<()> {
    let about = serde_json::to_vec(object)?;
    draft.file.write_all(&about)?;
    draft.file.write_all(&(about.len() as u64).to_le_bytes())?;
    draft.file.sync_all()
}

/// Syncs the names in a directory.
pub(crate) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

pub(crate) fn read(path: &Path) -> io::Result<Object> {
    open(path).map(|(object, _)| object)
}

/// An object and its file, which belong together whatever has the name by now.
pub(crate) fn open(path: &Path) -> io::Result<(Object, File)> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, format!("{} is no object", path.display()));
    let file = File::open(path)?;
    let end = file.metadata()?.len().checked_sub(TAIL).ok_or_else(broken)?;
    let mut tail = [0; TAIL as usize];
    file.read_exact_at(&mut tail, end)?;
    let length = u64::from_le_bytes(tail);
    let start = end.checked_sub(length).filter(|_| length <= ABOUT).ok_or_else(broken)?;
    let mut about = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut about, start)?;
    let object: Object = serde_json::from_slice(&about)?;
    if object.size == start { Ok((object, file)) } else { Err(broken()) }
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn put(store: &Store, key: &str, content: &[u8]) -> Result<bool, Missing> {
        let mut draft = store.begin(&[]).unwrap();
        draft.append(content).unwrap();
        let object = Object::new(key.to_owned(), &draft.content(), 5, BTreeMap::new());
        store.put("mine", &mut draft, object, |_| true).unwrap()
    }

    fn keys(store: &Store, prefix: &str, after: &str) -> Vec<String> {
        let mut keys = Vec::new();
        store.list("mine", prefix, after, |object| {
            keys.push(object.key.clone());
            Next::More
        });
        keys
    }

    #[test]
    fn objects_are_there_after_a_restart_and_drafts_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &names(&["mine", "other"])).unwrap();
        assert_eq!(put(&store, "a", b"one"), Ok(true));
        assert_eq!(put(&store, "a", b"two!"), Ok(true));
        assert_eq!(put(&store, "a/b", b""), Ok(true));
        std::mem::forget(store.begin(&[]).unwrap());
        let store = Store::open(dir.path(), &names(&["mine"])).unwrap();
        assert_eq!(keys(&store, "", ""), ["a", "a/b"]);
        let (object, file) = store.get("mine", "a").unwrap().unwrap();
        let mut content = [0; 4];
        file.read_exact_at(&mut content, 0).unwrap();
        assert_eq!((&content, object.size, object.etag.as_str()), (b"two!", 4, "9f5b6d9a034d175868bf593885b7dc4e"));
        assert_eq!(fs::read_dir(dir.path().join(DRAFTS)).unwrap().count(), 0);
        assert!(!dir.path().join("other").exists());
    }

    #[test]
    fn a_bucket_with_objects_stays_and_one_that_is_gone_takes_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &names(&["mine"])).unwrap();
        put(&store, "a", b"one").unwrap();
        assert!(!store.close("mine"));
        store.delete("mine", "a").unwrap();
        store.delete("mine", "a").unwrap();
        assert!(store.close("mine"));
        assert_eq!(put(&store, "a", b"one"), Err(Missing));
        store.create("mine").unwrap();
        assert_eq!(put(&store, "a", b"one"), Ok(true));
    }

    #[test]
    fn lists_begin_where_they_are_told_and_skip_what_they_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &names(&["mine"])).unwrap();
        for key in ["a", "b/1", "b/2", "b/3", "c", "d/1"] {
            put(&store, key, b"").unwrap();
        }
        assert_eq!(keys(&store, "b/", ""), ["b/1", "b/2", "b/3"]);
        assert_eq!(keys(&store, "", "b/2"), ["b/3", "c", "d/1"]);
        assert_eq!(keys(&store, "b/", "b/9"), [""; 0]);
        let mut seen = Vec::new();
        store.list("mine", "", "", |object| {
            seen.push(object.key.clone());
            if object.key.starts_with("b/") { Next::Past("b/".to_owned()) } else { Next::More }
        });
        assert_eq!(seen, ["a", "b/1", "c", "d/1"]);
    }
}
