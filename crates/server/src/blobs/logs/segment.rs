//! One segment file: a header, then frames. A frame is one append, whole or not there.
//!
//! ```text
//! header  magic[8]  first event's number u64  summary of the segment before it 6×u64  crc32 u32
//! frame   length of what follows the crc u32  crc32 u32  ingested i64  next line u64  events u32  (time i64, length u32, UTF-8)*
//! ```
//! All numbers are little-endian. The header's summary saves reading a segment to know what is in it: only the last of a stream is.

use spec::Millis;
use std::fs::File;
use std::io::{self, Read};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The first bytes of every segment; the digit grows with the format.
const MAGIC: &[u8; 8] = b"NGLOGS1\n";
/// Bytes of a header.
pub(super) const HEADER: usize = 8 + 8 + 6 * 8 + 4;
/// What CloudWatch Logs counts for an event besides its text ("PutLogEvents").
pub const OVERHEAD: u64 = 26;

/// What is known of some events without reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// How many.
    pub events: u64,
    /// Their UTF-8 text and 26 bytes for each, as CloudWatch Logs counts.
    pub bytes: u64,
    /// The oldest one's time. Greater than `last` when there are none.
    pub first: Millis,
    /// The newest one's time.
    pub last: Millis,
    /// When the latest to come in came in.
    pub ingested: Millis,
    /// The number of the next line a host has to send.
    pub next_line: u64,
}

impl Default for Summary {
    fn default() -> Self {
        Self { events: 0, bytes: 0, first: Millis::MAX, last: Millis::MIN, ingested: 0, next_line: 0 }
    }
}

impl Summary {
    /// Of both. The other is the later one.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            bytes: self.bytes + other.bytes,
            first: self.first.min(other.first),
            last: self.last.max(other.last),
            ingested: self.ingested.max(other.ingested),
            next_line: self.next_line.max(other.next_line),
        }
    }

    /// Whether any of the events may be of that time.
    pub(super) fn touches(&self, time: &RangeInclusive<Millis>) -> bool {
        self.first <= *time.end() && self.last >= *time.start()
    }

    fn add(&mut self, at: Millis, text: &str) {
        let one = Self { events: 1, bytes: text.len() as u64 + OVERHEAD, first: at, last: at, ..Self::default() };
        *self = self.and(one);
    }
}

/// An event as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its place in the stream: later ones came in later.
    pub number: u64,
    /// When it happened.
    pub at: Millis,
    /// When it came in.
    pub ingested: Millis,
    /// Its text.
    pub message: &'a str,
}

/// A segment as a reader sees it: as much of the file as was whole when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) first_number: u64,
    pub(super) length: u64,
    pub(super) summary: Summary,
}

impl Segment {
    /// Reads its events in the order they came in. One that has been deleted has none.
    pub(super) fn read(&self, mut each: impl FnMut(Event<'_>)) -> io::Result<()> {
        let bytes = match File::open(&self.path) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(self.length).read_to_end(&mut bytes)?;
                bytes
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        walk(&bytes, self.first_number, &mut each);
        Ok(())
    }
}

/// A header.
pub(super) fn header(first_number: u64, before: Summary) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(first_number.to_le_bytes());
    for number in
        [before.events, before.bytes, before.first as u64, before.last as u64, before.ingested as u64, before.next_line]
    {
        bytes.extend(number.to_le_bytes());
    }
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// The first event's number and the summary of the segment before it. `None` for bytes that don't begin with a whole header.
pub(super) fn read_header(bytes: &[u8]) -> Option<(u64, Summary)> {
    let (header, _) = bytes.split_at_checked(HEADER)?;
    let (content, sum) = header.split_at_checked(HEADER - 4)?;
    let mut rest = content.strip_prefix(MAGIC)?;
    if crc32fast::hash(content).to_le_bytes() != *sum {
        return None;
    }
    let mut number = || take::<8>(&mut rest).map(u64::from_le_bytes);
    let first_number = number()?;
    let (events, bytes, first, last, ingested) =
        (number()?, number()?, number()? as i64, number()? as i64, number()? as i64);
    Some((first_number, Summary { events, bytes, first, last, ingested, next_line: number()? }))
}

/// A frame, and what it adds to the segment's summary.
pub(super) fn frame(ingested: Millis, next_line: u64, events: &[(Millis, &str)]) -> io::Result<(Vec<u8>, Summary)> {
    let short = |length: usize| u32::try_from(length).map_err(|_| io::Error::other("an append of more than 4 GiB"));
    let mut summary = Summary { ingested, next_line, ..Summary::default() };
    let mut payload = Vec::new();
    payload.extend(ingested.to_le_bytes());
    payload.extend(next_line.to_le_bytes());
    payload.extend(short(events.len())?.to_le_bytes());
    for (at, text) in events {
        payload.extend(at.to_le_bytes());
        payload.extend(short(text.len())?.to_le_bytes());
        payload.extend(text.as_bytes());
        summary.add(*at, text);
    }
    let mut bytes = short(payload.len())?.to_le_bytes().to_vec();
    bytes.extend(crc32fast::hash(&payload).to_le_bytes());
    bytes.extend(payload);
    Ok((bytes, summary))
}

/// Goes through the whole frames of a segment's bytes. Returns how many bytes are whole and what they hold.
pub(super) fn walk(bytes: &[u8], first_number: u64, each: &mut impl FnMut(Event<'_>)) -> (usize, Summary) {
    let mut summary = Summary::default();
    let mut rest = bytes.get(HEADER..).unwrap_or(&[]);
    let mut whole = HEADER.min(bytes.len());
    while let Some((length, added)) = walk_frame(rest, first_number + summary.events, each) {
        rest = rest.get(length..).unwrap_or(&[]);
        whole += length;
        summary = summary.and(added);
    }
    (whole, summary)
}

/// The length of the frame at the start of `bytes` and what it holds; `None` when it is not whole.
fn walk_frame(bytes: &[u8], mut number: u64, each: &mut impl FnMut(Event<'_>)) -> Option<(usize, Summary)> {
    let mut rest = bytes;
    let length = u32::from_le_bytes(take(&mut rest)?) as usize;
    let sum = u32::from_le_bytes(take(&mut rest)?);
    let mut payload = rest.get(..length)?;
    if crc32fast::hash(payload) != sum {
        return None;
    }
    let ingested = i64::from_le_bytes(take(&mut payload)?);
    let next_line = u64::from_le_bytes(take(&mut payload)?);
    let mut summary = Summary { ingested, next_line, ..Summary::default() };
    for _ in 0..u32::from_le_bytes(take(&mut payload)?) {
        let at = i64::from_le_bytes(take(&mut payload)?);
        let length = u32::from_le_bytes(take(&mut payload)?) as usize;
        let (text, after) = payload.split_at_checked(length)?;
        payload = after;
        let message = std::str::from_utf8(text).ok()?;
        each(Event { number, at, ingested, message });
        summary.add(at, message);
        number += 1;
    }
    Some((8 + length, summary))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
