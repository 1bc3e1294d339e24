//! Uploads in parts: a directory each, with what the object will be and a file for each part, in the form of an object's.
//! Nothing of them is in memory, so they go on after a restart.

use crate::{
    Algorithm, Draft, Missing, Object, Store,
    store::{finish, open, read, remove, sync},
};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind},
    path::PathBuf,
};

/// The file that says what an object will be. Parts are named by their numbers.
const ABOUT: &str = "about";

/// An upload that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Where the object will be.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// When it began, in milliseconds since 1970.
    pub begun: i64,
    /// What is said about the object.
    pub fields: BTreeMap<String, String>,
    /// How its parts are to be checked; none if that was not said.
    pub algorithm: Option<Algorithm>,
    /// Whether its checksum is one of its parts' checksums, not of its content.
    pub is_composite: bool,
}

impl Store {
    /// The directory of an upload; none for what can be no upload's id.
    fn upload_dir(&self, id: &str) -> Option<PathBuf> {
        let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_plain.then(|| self.uploads().join(id))
    }

    /// Begins an upload. The id is letters and digits, and nobody else's.
    ///
    /// # Errors
    /// The file system's; of the kind `StorageFull` when the disk's reserve would not stay.
    pub fn begin_upload(&self, id: &str, upload: &Upload) -> io::Result<()> {
        let dir = self.upload_dir(id).ok_or(ErrorKind::InvalidInput)?;
        let (draft, about) = (self.draft_path(), serde_json::to_vec(upload)?);
        disk::admit(&self.uploads(), about.len() as u64)?;
        fs::create_dir(&draft)?;
        let path = draft.join(ABOUT);
        fs::write(&path, about)?;
        File::open(path)?.sync_all()?;
        fs::rename(draft, dir)?;
        sync(&self.uploads())
    }

    /// An upload that goes on.
    ///
    /// # Errors
    /// The file system's.
    pub fn upload(&self, id: &str) -> io::Result<Option<Upload>> {
        let Some(dir) = self.upload_dir(id) else { return Ok(None) };
        match fs::read(dir.join(ABOUT)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            about => Ok(Some(serde_json::from_slice(&about?)?)),
        }
    }

    /// The uploads to a bucket, with their ids.
    ///
    /// # Errors
    /// The file system's.
    pub fn uploads_to(&self, bucket: &str) -> io::Result<Vec<(String, Upload)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.uploads())? {
            let Ok(id) = entry?.file_name().into_string() else { continue };
            if let Some(upload) = self.upload(&id)?.filter(|upload| upload.bucket == bucket) {
                found.push((id, upload));
            }
        }
        Ok(found)
    }

    /// Makes a draft a part, in place of the one of its number.
    ///
    /// # Errors
    /// The file system's.
    pub fn put_part(&self, id: &str, number: u16, draft: &mut Draft, part: &Object) -> io::Result<Result<(), Missing>> {
        let Some(dir) = self.upload_dir(id) else { return Ok(Err(Missing)) };
        finish(draft, part)?;
        match fs::rename(&draft.path, dir.join(number.to_string())) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Err(Missing)),
            renamed => renamed.and_then(|()| sync(&dir)).map(Ok),
        }
    }

    /// The parts that an upload has, by their numbers.
    ///
    /// # Errors
    /// The file system's.
    pub fn parts(&self, id: &str) -> io::Result<Result<BTreeMap<u16, Object>, Missing>> {
        let Some(dir) = self.upload_dir(id) else { return Ok(Err(Missing)) };
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err(Missing)),
            entries => entries?,
        };
        let mut found = BTreeMap::new();
        for entry in entries {
            let path = entry?.path();
            let number = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            if let Some(number) = number {
                found.insert(number, read(&path)?);
            }
        }
        Ok(Ok(found))
    }

    /// Appends a part's content to a draft.
    ///
    /// # Errors
    /// The file system's; `NotFound` when another part has its number by now; those of [`Draft::append`].
    pub fn copy_part(&self, id: &str, number: u16, part: &Object, draft: &mut Draft) -> io::Result<()> {
        let dir = self.upload_dir(id).ok_or(ErrorKind::NotFound)?;
        let (found, file) = open(&dir.join(number.to_string()))?;
        if found != *part {
            return Err(io::Error::new(ErrorKind::NotFound, format!("part {number} is another one by now")));
        }
        let mut content = io::Read::take(file, part.size);
        let mut piece = vec![0; 1 << 20];
        loop {
            match io::Read::read(&mut content, &mut piece)? {
                0 => return Ok(()),
                count => draft.append(piece.get(..count).unwrap_or_default())?,
            }
        }
    }

    /// Forgets an upload and its parts. Answers whether there was one.
    ///
    /// # Errors
    /// The file system's.
    pub fn end_upload(&self, id: &str) -> io::Result<bool> {
        let Some(dir) = self.upload_dir(id) else { return Ok(false) };
        // First its name goes, then what is in it: nothing is seen of half an upload.
        let draft = self.draft_path();
        match fs::rename(dir, &draft) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            renamed => renamed?,
        }
        sync(&self.uploads())?;
        remove(&draft)?;
        Ok(true)
    }
}

/// The ETag of an object that comes in these parts: the MD5 of theirs, and how many there are.
pub fn etag<'p>(parts: impl Iterator<Item = &'p Object>) -> String {
    let (mut digest, mut count) = (Md5::new(), 0);
    for part in parts {
        let byte = |at: usize| part.etag.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        digest.update((0..part.etag.len()).step_by(2).filter_map(byte).collect::<Vec<u8>>());
        count += 1;
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}-{count}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, os::unix::fs::FileExt};

    #[test]
    fn an_upload_goes_on_after_a_restart_and_becomes_an_object() {
        let dir = tempfile::tempdir().unwrap();
        let names = BTreeSet::from(["mine".to_owned()]);
        let open = || Store::open(dir.path(), &names).unwrap();
        let store = open();
        let upload = Upload {
            bucket: "mine".into(),
            key: "a".into(),
            begun: 5,
            fields: BTreeMap::new(),
            algorithm: Some(Algorithm::Crc32),
            is_composite: true,
        };
        store.begin_upload("1", &upload).unwrap();
        store.begin_upload("2", &Upload { bucket: "gone".into(), ..upload.clone() }).unwrap();
        let put = |store: &Store, number, content: &[u8]| {
            let mut draft = store.begin(&[]).unwrap();
            draft.append(content).unwrap();
            let part = Object::new(String::new(), &draft.content(), 5, BTreeMap::new());
            store.put_part("1", number, &mut draft, &part).unwrap()
        };
        assert_eq!(put(&store, 2, b"world"), Ok(()));
        let store = open();
        assert_eq!(put(&store, 1, b"wrong"), Ok(()));
        assert_eq!(put(&store, 1, b"hello, "), Ok(()));
        assert_eq!((store.upload("1").unwrap(), store.upload("2").unwrap()), (Some(upload.clone()), None));
        assert_eq!(store.uploads_to("mine").unwrap(), [("1".to_owned(), upload)]);
        let mut draft = store.begin(&[]).unwrap();
        for (number, part) in store.parts("1").unwrap().unwrap() {
            store.copy_part("1", number, &part, &mut draft).unwrap();
        }
        let object = Object::new("a".into(), &draft.content(), 5, BTreeMap::new());
        store.put("mine", &mut draft, object, |_| true).unwrap().unwrap();
        assert!(store.end_upload("1").unwrap() && !store.end_upload("1").unwrap());
        assert_eq!(put(&store, 3, b"late"), Err(Missing));
        let (object, file) = store.get("mine", "a").unwrap().unwrap();
        let mut content = [0; 12];
        file.read_exact_at(&mut content, 0).unwrap();
        assert_eq!((&content, object.size), (b"hello, world", 12));
        assert_eq!(store.upload("../mine").unwrap(), None);
    }

    #[test]
    fn a_part_that_was_replaced_meanwhile_is_not_taken_for_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), &BTreeSet::from(["mine".to_owned()])).unwrap();
        let upload = Upload {
            bucket: "mine".into(),
            key: "a".into(),
            begun: 5,
            fields: BTreeMap::new(),
            algorithm: None,
            is_composite: false,
        };
        store.begin_upload("1", &upload).unwrap();
        let put = |content: &[u8]| {
            let mut draft = store.begin(&[]).unwrap();
            draft.append(content).unwrap();
            let part = Object::new(String::new(), &draft.content(), 5, BTreeMap::new());
            store.put_part("1", 1, &mut draft, &part).unwrap().unwrap();
        };
        put(b"hello, world");
        let chosen = store.parts("1").unwrap().unwrap();
        put(b"bye");
        let mut draft = store.begin(&[]).unwrap();
        let copied = store.copy_part("1", 1, chosen.get(&1).unwrap(), &mut draft);
        assert_eq!(copied.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(draft.size(), 0);
    }
}
