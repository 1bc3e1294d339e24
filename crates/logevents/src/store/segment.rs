//! One segment file: a header, then frames.
//!
//! ```text
//! header  magic[8]  first event's number u64  summary of the segment before it 6×u64  crc32 u32
//! ```
//! All numbers are little-endian. The header's summary saves reading a segment to know what is in it: only the last of a stream is.

use super::frame::{self, Frame, take};
use super::summary::Summary;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

/// The first bytes of every segment; the digit grows with the format.
const MAGIC: &[u8; 8] = b"NGLOGS2\n";
/// Bytes of a header.
pub(super) const HEADER: usize = 8 + 8 + 6 * 8 + 4;

/// A segment as a reader sees it: as much of the file as was whole when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) first_number: u64,
    pub(super) length: u64,
    pub(super) summary: Summary,
}

impl Segment {
    /// Reads it into `bytes`. One that has been deleted has none.
    pub(super) fn load(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.clear();
        match File::open(&self.path) {
            Ok(file) => file.take(self.length).read_to_end(bytes).map(drop),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
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

/// The frames of a segment's bytes, up to the first that is not there entirely.
pub(super) fn frames(bytes: &[u8], first_number: u64) -> impl Iterator<Item = (Frame<'_>, usize)> {
    let (mut rest, mut number) = (bytes.get(HEADER..).unwrap_or(&[]), first_number);
    std::iter::from_fn(move || {
        let (frame, length) = frame::read(rest, number)?;
        rest = rest.get(length..).unwrap_or(&[]);
        number += frame.summary.events;
        Some((frame, length))
    })
}

/// How many of a segment's bytes are whole, and what they hold.
pub(super) fn whole(bytes: &[u8], first_number: u64) -> (usize, Summary) {
    let start = (HEADER.min(bytes.len()), Summary::default());
    frames(bytes, first_number)
        .take_while(|(frame, _)| frame.is_whole())
        .fold(start, |(whole, summary), (frame, length)| (whole + length, summary.and(frame.summary)))
}
