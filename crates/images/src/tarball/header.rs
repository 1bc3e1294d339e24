//! One entry's header: ustar fields, overridden by the pax records and GNU long names before it.

use super::sparse;
use super::sparse::Segment;
use std::borrow::Cow;

/// One entry of a tar stream. Names are bytes, as written, with no NUL in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path. May be absolute or have `..`: judging that is the reader's business.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky: 12 bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Time of last change.
    pub mtime: Time,
    /// Length of a regular file in bytes, holes included.
    pub size: u64,
    /// Extended attributes (`SCHILY.xattr.` records).
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// For a sparse file: where its content goes. What lies between is a hole.
    pub sparse: Option<Vec<Segment>>,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// Another name for the file at this path of the archive.
    Hardlink(Vec<u8>),
    /// A character device: major and minor number.
    Character(u32, u32),
    /// A block device: major and minor number.
    Block(u32, u32),
    /// A named pipe.
    Fifo,
}

/// Seconds since 1970 (before it: negative) and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// Nanoseconds on top.
    pub nanoseconds: u32,
}

/// A header that belongs to the next one.
#[derive(Clone, Copy)]
pub(super) enum Extension {
    LongName,
    LongLink,
    Pax,
    /// Global pax records: `git archive` writes its commit there. Ignored, as Docker does.
    Global,
}

/// A pax record: key and value.
pub(super) type Record = (Vec<u8>, Vec<u8>);

/// What the headers before an entry's own say about it.
#[derive(Default)]
pub(super) struct Extensions {
    seen: bool,
    bytes: u64,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    records: Vec<Record>,
}

pub(super) fn extension_of(raw: &tar::Header) -> Option<Extension> {
    match raw.entry_type().as_byte() {
        b'L' => Some(Extension::LongName),
        b'K' => Some(Extension::LongLink),
        b'x' => Some(Extension::Pax),
        b'g' => Some(Extension::Global),
        _ => None,
    }
}

impl Extensions {
    pub(super) fn is_empty(&self) -> bool {
        !self.seen
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(super) fn add(&mut self, kind: Extension, content: Vec<u8>) -> Result<(), String> {
        self.bytes += content.len() as u64 + 512;
        match kind {
            Extension::Global => return Ok(()),
            Extension::LongName => self.long_name = Some(until_nul(content)),
            Extension::LongLink => self.long_link = Some(until_nul(content)),
            Extension::Pax => self.records.extend(pax_records(&content)?),
        }
        self.seen = true;
        Ok(())
    }

    /// The last record of that name: later ones override.
    fn record(&self, key: &str) -> Option<&[u8]> {
        let found = self.records.iter().rev().find(|(name, _)| name == key.as_bytes());
        found.map(|(_, value)| value.as_slice())
    }

    fn number(&self, key: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.record(key) else { return Ok(None) };
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| format!("its pax record {key} is no number"))
    }

    fn path<'a>(&'a self, raw: &'a tar::Header) -> Cow<'a, [u8]> {
        let sparse_name = self.record("GNU.sparse.name");
        match sparse_name.or_else(|| self.record("path")).or(self.long_name.as_deref()) {
            Some(path) => Cow::Borrowed(path),
            None => raw.path_bytes(),
        }
    }

    fn link(&self, raw: &tar::Header) -> Vec<u8> {
        match self.record("linkpath").or(self.long_link.as_deref()) {
            Some(link) => link.to_vec(),
            None => raw.link_name_bytes().unwrap_or_default().into_owned(),
        }
    }

    /// The entry's name for error messages.
    pub(super) fn name(&self, raw: &tar::Header) -> String {
        let path = self.path(raw);
        String::from_utf8_lossy(path.get(..200).unwrap_or(&path)).into_owned()
    }

    pub(super) fn sparse_format(&self, raw: &tar::Header) -> Option<sparse::Format> {
        if raw.entry_type().is_gnu_sparse() {
            return Some(sparse::Format::Gnu);
        }
        match (self.record("GNU.sparse.major"), self.record("GNU.sparse.minor")) {
            (Some(b"1"), Some(b"0")) => Some(sparse::Format::Content),
            _ if self.record("GNU.sparse.map").is_some() || self.record("GNU.sparse.numblocks").is_some() => {
                Some(sparse::Format::Header)
            }
            _ => None,
        }
    }
}

/// How long a header that belongs to the next one is.
pub(super) fn extension_size(raw: &tar::Header) -> Result<u64, String> {
    field(raw, 124..136, raw.entry_size())
}

/// Reads the entry, and how many bytes of content follow its header.
pub(super) fn read(raw: &tar::Header, extensions: &Extensions) -> Result<(Entry, u64), String> {
    let path = extensions.path(raw).into_owned();
    let kind = kind(raw, extensions, &path)?;
    let stored = match kind {
        Kind::File => size(raw, extensions)?,
        // The others have no content, whatever their size says (as Go's archive/tar reads them).
        _ => 0,
    };
    let entry = Entry {
        mode: field(raw, 100..108, raw.mode())? & 0o7777,
        uid: owner("uid", extensions.number("uid")?, field(raw, 108..116, raw.uid()))?,
        gid: owner("gid", extensions.number("gid")?, field(raw, 116..124, raw.gid()))?,
        mtime: mtime(raw, extensions)?,
        size: logical_size(raw, extensions, stored)?,
        xattrs: xattrs(extensions),
        sparse: None,
        kind,
        path,
    };
    let has_nul = |name: &[u8]| name.contains(&0);
    let bad_link = matches!(&entry.kind, Kind::Symlink(to) | Kind::Hardlink(to) if has_nul(to));
    if has_nul(&entry.path) || bad_link || entry.xattrs.iter().any(|(name, _)| has_nul(name)) {
        return Err("a name holds a zero byte".to_owned());
    }
    Ok((entry, stored))
}

fn kind(raw: &tar::Header, extensions: &Extensions, path: &[u8]) -> Result<Kind, String> {
    let device = || {
        let major = field(raw, 329..337, raw.device_major())?;
        let minor = field(raw, 337..345, raw.device_minor())?;
        Ok::<_, String>((major.unwrap_or(0), minor.unwrap_or(0)))
    };
    Ok(match raw.entry_type().as_byte() {
        // Before POSIX a directory was a file with a slash at its end.
        b'0' | 0 | b'7' if path.ends_with(b"/") => Kind::Directory,
        b'0' | 0 | b'7' | b'S' => Kind::File,
        b'1' => Kind::Hardlink(extensions.link(raw)),
        b'2' => Kind::Symlink(extensions.link(raw)),
        b'3' => device().map(|(major, minor)| Kind::Character(major, minor))?,
        b'4' => device().map(|(major, minor)| Kind::Block(major, minor))?,
        b'5' => Kind::Directory,
        b'6' => Kind::Fifo,
        other => return Err(format!("entries of type {:?} are not supported", char::from(other))),
    })
}

fn size(raw: &tar::Header, extensions: &Extensions) -> Result<u64, String> {
    let size = match extensions.number("size")? {
        Some(size) => size,
        None => field(raw, 124..136, raw.entry_size())?,
    };
    if i64::try_from(size).is_ok() { Ok(size) } else { Err(format!("its size {size} is out of range")) }
}

/// A sparse file's length with its holes; any other file's stored length.
fn logical_size(raw: &tar::Header, extensions: &Extensions, stored: u64) -> Result<u64, String> {
    if raw.entry_type().is_gnu_sparse() {
        return raw.as_gnu().map_or(Ok(stored), |gnu| gnu.real_size().map_err(|e| e.to_string()));
    }
    if extensions.sparse_format(raw).is_none() {
        return Ok(stored);
    }
    let real = extensions.number("GNU.sparse.realsize")?.or(extensions.number("GNU.sparse.size")?);
    real.ok_or_else(|| "a sparse file without its real size".to_owned())
}

/// A number of the header. One left empty is zero, as Go's archive/tar reads it.
fn field<T: Default>(raw: &tar::Header, at: std::ops::Range<usize>, number: std::io::Result<T>) -> Result<T, String> {
    let bytes = raw.as_bytes().get(at).unwrap_or_default();
    if bytes.iter().all(|b| matches!(b, 0 | b' ')) {
        return Ok(T::default());
    }
    number.map_err(|error| error.to_string())
}

fn owner(what: &str, record: Option<u64>, field: Result<u64, String>) -> Result<u32, String> {
    let id = match record {
        Some(id) => id,
        None => field?,
    };
    // The highest number means "no change" to chown(2).
    let id = u32::try_from(id).ok().filter(|&id| id != u32::MAX);
    id.ok_or_else(|| format!("its {what} is out of range"))
}

fn mtime(raw: &tar::Header, extensions: &Extensions) -> Result<Time, String> {
    let Some(value) = extensions.record("mtime") else {
        let seconds = field(raw, 136..148, raw.mtime())?;
        // GNU tar writes times before 1970 as negative binary numbers.
        return Ok(Time { seconds: seconds.cast_signed(), nanoseconds: 0 });
    };
    let bad = || "its pax record mtime is no time".to_owned();
    let text = std::str::from_utf8(value).map_err(|_| bad())?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().map_err(|_| bad())?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds: u32 = digits.parse().map_err(|_| bad())?;
    if whole.starts_with('-') && nanoseconds > 0 {
        return Ok(Time { seconds: seconds.saturating_sub(1), nanoseconds: 1_000_000_000 - nanoseconds });
    }
    Ok(Time { seconds, nanoseconds })
}

fn xattrs(extensions: &Extensions) -> Vec<(Vec<u8>, Vec<u8>)> {
    let records = extensions.records.iter();
    let found = records.filter_map(|(key, value)| Some((key.strip_prefix(b"SCHILY.xattr.")?.to_vec(), value.clone())));
    found.collect()
}

/// `length key=value\n` each (POSIX, pax "Extended Header"). Values may hold any byte, so the length counts.
fn pax_records(mut content: &[u8]) -> Result<Vec<Record>, String> {
    let bad = || "its pax records are malformed".to_owned();
    let mut records = Vec::new();
    while !content.is_empty() && content.first() != Some(&0) {
        let space = content.iter().position(|&b| b == b' ').ok_or_else(bad)?;
        let (digits, _) = content.split_at(space);
        let length = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<usize>().ok()).ok_or_else(bad)?;
        let record = content.get(space + 1..length).ok_or_else(bad)?;
        let record = record.strip_suffix(b"\n").ok_or_else(bad)?;
        let equals = record.iter().position(|&b| b == b'=').ok_or_else(bad)?;
        let (key, value) = record.split_at(equals);
        records.push((key.to_vec(), value.get(1..).unwrap_or_default().to_vec()));
        content = content.get(length..).unwrap_or_default();
    }
    Ok(records)
}

fn until_nul(mut name: Vec<u8>) -> Vec<u8> {
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    name.truncate(end);
    name
}

/// Compares the header's checksum: the sum of its bytes with the checksum's own as spaces. Some old writers summed
/// signed bytes; both are accepted, as by every tar.
pub(super) fn check_sum(block: &[u8; 512]) -> Result<(), String> {
    let field = 148..156;
    let byte = |(at, &b): (usize, &u8)| if field.contains(&at) { b' ' } else { b };
    let unsigned: u32 = block.iter().enumerate().map(|b| u32::from(byte(b))).sum();
    let signed: i32 = block.iter().enumerate().map(|b| i32::from(byte(b).cast_signed())).sum();
    let told =
        tar::Header::from_byte_slice(block).cksum().map_err(|_| "the header's checksum is no number".to_owned())?;
    if told == unsigned || i64::from(told) == i64::from(signed) {
        return Ok(());
    }
    Err("the header's checksum is wrong (not a tar archive, or damaged)".to_owned())
}
