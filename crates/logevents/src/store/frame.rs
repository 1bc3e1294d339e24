//! Frames: one append each, whole or not there.
//!
//! ```text
//! frame    length of what follows the crc u32  crc32 u32  ingested i64  next line u64  oldest i64  newest i64  bytes u64  events u32
//!          size of the content if it is compressed, else 0 u32  content
//! content  (time i64, length u32)*  UTF-8 of all, one after the other
//! ```
//! All numbers are little-endian. The front says what is in a frame, so that one nobody asks for is not unpacked. The texts lie together,
//! so that one search goes through all of them.

use super::summary::Summary;
use spec::Millis;
use std::io;

/// Bytes of length and crc, and of everything before the content.
const OUTER: usize = 8;
const FRONT: usize = OUTER + 5 * 8 + 2 * 4;
/// Bytes before each text's own.
const ENTRY: usize = 12;
/// Smaller content is kept as it is.
const SMALL: usize = 256;
/// The quickest of zstd's ordinary levels: a fifth to a tenth of the bytes, at hundreds of megabytes a second.
const LEVEL: i32 = 1;
/// Content that says it is larger is damaged.
const LARGEST: usize = 1 << 30;

/// A frame that has not been unpacked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// Its first event's number.
    pub(super) number: u64,
    pub(super) summary: Summary,
    /// Everything that the crc is of.
    checked: &'a [u8],
    sum: u32,
    size: usize,
    content: &'a [u8],
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

/// Makes a frame, and says what it adds to its segment.
pub(super) fn write(ingested: Millis, next_line: u64, events: &[(Millis, &str)]) -> io::Result<(Vec<u8>, Summary)> {
    let short = |length: usize| u32::try_from(length).map_err(|_| io::Error::other("an append of more than 4 GiB"));
    let mut summary = Summary { ingested, next_line, ..Summary::default() };
    let size: usize = events.iter().map(|(_, text)| text.len() + ENTRY).sum();
    let mut content = Vec::with_capacity(size);
    for (at, text) in events {
        content.extend(at.to_le_bytes());
        content.extend(short(text.len())?.to_le_bytes());
        summary.add(*at, text);
    }
    events.iter().for_each(|(_, text)| content.extend(text.as_bytes()));
    let packed = if content.len() < SMALL { None } else { Some(zstd::bulk::compress(&content, LEVEL)?) };
    let (size, content) = match packed.filter(|packed| packed.len() < content.len()) {
        Some(packed) => (short(content.len())?, packed),
        None => (0, content),
    };
    let mut bytes = Vec::with_capacity(FRONT + content.len());
    bytes.extend([0; OUTER]);
    for number in [ingested as u64, next_line, summary.first as u64, summary.last as u64, summary.bytes] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(short(events.len())?.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(content);
    let (outer, checked) = bytes.split_at_mut(OUTER);
    let (length, sum) = (short(checked.len())?, crc32fast::hash(checked));
    outer.copy_from_slice(&(u64::from(length) | u64::from(sum) << 32).to_le_bytes());
    Ok((bytes, summary))
}

/// The frame at the start of `bytes`, and its length; `None` when it is not whole. Its content has not been looked at.
pub(super) fn read(bytes: &[u8], number: u64) -> Option<(Frame<'_>, usize)> {
    let mut rest = bytes;
    let length = u32::from_le_bytes(take(&mut rest)?) as usize;
    let sum = u32::from_le_bytes(take(&mut rest)?);
    let checked = rest.get(..length)?;
    let mut content = checked;
    let mut number64 = || take::<8>(&mut content).map(u64::from_le_bytes);
    let (ingested, next_line) = (number64()? as i64, number64()?);
    let (first, last, size) = (number64()? as i64, number64()? as i64, number64()?);
    let events = u64::from(u32::from_le_bytes(take(&mut content)?));
    let summary = Summary { events, bytes: size, first, last, ingested, next_line };
    let size = u32::from_le_bytes(take(&mut content)?) as usize;
    Some((Frame { number, summary, checked, sum, size, content }, OUTER + length))
}

impl Frame<'_> {
    /// Whether it is as it was written.
    pub(super) fn is_whole(&self) -> bool {
        crc32fast::hash(self.checked) == self.sum
    }
}

/// Unpacks frames, one after the other, into the same memory.
#[derive(Default)]
pub(super) struct Unpacker {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    content: Vec<u8>,
}

impl Unpacker {
    /// The events of a frame, which is damaged if this fails.
    pub(super) fn unpack<'a>(&'a mut self, frame: &Frame<'a>) -> io::Result<Events<'a>> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a frame that is not as it was written");
        if !frame.is_whole() || frame.size > LARGEST {
            return Err(damaged());
        }
        let content = match frame.size {
            0 => frame.content,
            size => {
                let zstd = match &mut self.zstd {
                    Some(zstd) => zstd,
                    none => none.insert(zstd::bulk::Decompressor::new()?),
                };
                self.content.clear();
                self.content.reserve(size);
                zstd.decompress_to_buffer(frame.content, &mut self.content)?;
                self.content.as_slice()
            }
        };
        let entries = usize::try_from(frame.summary.events).ok().and_then(|events| events.checked_mul(ENTRY));
        let (entries, texts) = entries.and_then(|at| content.split_at_checked(at)).ok_or_else(damaged)?;
        Ok(Events { entries, texts, number: frame.number, ingested: frame.summary.ingested })
    }
}

/// What is in a frame.
#[derive(Clone, Copy)]
pub(super) struct Events<'a> {
    entries: &'a [u8],
    /// All events' texts, one after the other.
    pub(super) texts: &'a [u8],
    number: u64,
    ingested: Millis,
}

impl<'a> Events<'a> {
    /// Goes through the events in the order they came in.
    ///
    /// # Errors
    /// When it is damaged.
    pub(super) fn each(self, mut each: impl FnMut(Event<'a>)) -> io::Result<()> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a frame whose texts are not as they were written");
        let texts = std::str::from_utf8(self.texts).map_err(|_| damaged())?;
        let (mut entries, mut place, mut number) = (self.entries, 0, self.number);
        while let (Some(at), Some(length)) = (take(&mut entries), take(&mut entries)) {
            let end = place + u32::from_le_bytes(length) as usize;
            let message = texts.get(place..end).ok_or_else(damaged)?;
            each(Event { number, at: i64::from_le_bytes(at), ingested: self.ingested, message });
            (place, number) = (end, number + 1);
        }
        Ok(())
    }
}

pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}
