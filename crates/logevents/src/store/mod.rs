//! A directory to a log stream, named by the id in its record, with append-only segment files.
//!
//! An append is on disk (fsync) when it returns. A torn end, of a kill in the middle of an append, is cut off when the stream is next
//! used; what was acknowledged is whole. Directories that no record names are deleted by whoever compares ([`Store::ids`]).
//!
//! | file | what |
//! |---|---|
//! | `frame` | one append: packing events and unpacking them |
//! | `segment` | one file: its header, its frames, which of them are whole |
//! | `stream` | one directory: appending, rolling over, recovery, expiry |
//! | `search` | going through segments on every processor |
//! | `page` | the events of one answer, in order, within its limits |
//!
//! There is no index: what is looked for is looked for in the texts. Compressed, ten million lines are read and searched in less than
//! a second (`bench/logs.py`).
//!
//! Absent: names, groups, filter patterns, permissions.

mod frame;
mod page;
mod search;
mod segment;
mod stream;
mod summary;
#[cfg(test)]
mod tests;

pub use frame::Event;
pub use page::{Direction, Found, Gap, Page};
pub use search::Wanted;
pub use summary::Summary;

use spec::Millis;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use stream::Stream;

/// A stream's id: the number its record has as 32 hexadecimal digits.
pub type StreamId = u128;

/// The events of every log stream.
pub struct Store {
    dir: PathBuf,
    streams: Mutex<Streams>,
}

/// Streams that were used. One is opened under its own lock, so that nobody appends while its torn end is cut.
type Streams = BTreeMap<StreamId, Arc<Mutex<Option<Stream>>>>;

/// Streams that are remembered; beyond, those nobody works on are forgotten, and read from their files when they are used again.
const REMEMBERED: usize = 10_000;

impl Store {
    /// Opens the directory, or makes it. Streams are opened as they are used.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn open(dir: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, streams: Mutex::default() })
    }

    /// Appends events to a stream, in the order given, and makes it if need be.
    ///
    /// # Errors
    /// The file system's, of the kind `StorageFull` also when nothing but the disk's reserve is left; nothing is kept then.
    pub fn append(&self, id: StreamId, ingested: Millis, events: &[(Millis, &str)]) -> io::Result<()> {
        self.with(id, |stream| {
            let next_line = stream.summary().next_line;
            stream.append(ingested, next_line, events)
        })
    }

    /// Appends those of a host's lines, numbered from `first`, that are to be kept, but for what is there already.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_lines(
        &self,
        id: StreamId,
        ingested: Millis,
        first: u64,
        lines: &[(Millis, &str)],
        kept: Range<usize>,
    ) -> io::Result<()> {
        self.with(id, |stream| {
            let known = usize::try_from(stream.summary().next_line.saturating_sub(first)).unwrap_or(usize::MAX);
            let fresh = lines.get(kept.start.max(known)..kept.end).unwrap_or(&[]);
            let next_line = first.saturating_add(lines.len() as u64);
            if fresh.is_empty() { Ok(()) } else { stream.append(ingested, next_line, fresh) }
        })
    }

    /// What is known of a stream's events without reading them. Nothing was ever appended to a stream that has none.
    ///
    /// # Errors
    /// The file system's.
    pub fn summary(&self, id: StreamId) -> io::Result<Summary> {
        if self.exists(id) { self.with(id, |stream| Ok(stream.summary())) } else { Ok(Summary::default()) }
    }

    /// Puts the events of some streams into a page, as far as they are wanted and it has room for them. Streams are told apart by
    /// their place in `streams`.
    ///
    /// # Errors
    /// The file system's.
    pub fn search(&self, streams: &[StreamId], wanted: &Wanted<'_>, page: &mut Page) -> io::Result<()> {
        let mut segments = Vec::new();
        for (place, id) in streams.iter().enumerate().filter(|(_, id)| self.exists(**id)) {
            let known = self.with(*id, |stream| Ok(stream.segments()))?;
            let touched = known.into_iter().filter(|segment| segment.summary.touches(&wanted.time));
            segments.extend(touched.map(|segment| (place, *id, segment)));
        }
        search::search(segments, wanted, page)
    }

    /// Every stream there are files of.
    ///
    /// # Errors
    /// The file system's.
    pub fn ids(&self) -> io::Result<Vec<StreamId>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let name = entry?.file_name();
            ids.extend(name.to_str().and_then(|name| StreamId::from_str_radix(name, 16).ok()));
        }
        Ok(ids)
    }

    /// Deletes a stream's events. An append under way fails.
    ///
    /// # Errors
    /// The file system's.
    pub fn remove(&self, id: StreamId) -> io::Result<()> {
        self.lock().remove(&id);
        match fs::remove_dir_all(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Deletes the segments of a stream that hold nothing of `since` or later.
    ///
    /// # Errors
    /// The file system's.
    pub fn expire(&self, id: StreamId, since: Millis) -> io::Result<()> {
        if self.exists(id) { self.with(id, |stream| stream.expire(since)) } else { Ok(()) }
    }

    /// Works on one stream. After a failure it is opened again by the next.
    fn with<T>(&self, id: StreamId, work: impl FnOnce(&mut Stream) -> io::Result<T>) -> io::Result<T> {
        let place = {
            let mut streams = self.lock();
            if streams.len() >= REMEMBERED && !streams.contains_key(&id) {
                streams.retain(|_, place| Arc::strong_count(place) > 1);
            }
            streams.entry(id).or_default().clone()
        };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = match place.take() {
            Some(stream) => stream,
            None => Stream::open(self.path(id))?,
        };
        let result = work(place.insert(stream));
        if result.is_err() {
            *place = None;
        }
        result
    }

    fn exists(&self, id: StreamId) -> bool {
        self.lock().contains_key(&id) || self.path(id).exists()
    }

    fn path(&self, id: StreamId) -> PathBuf {
        self.dir.join(format!("{id:032x}"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
