//! What came in since values were last written to files of their own, as it came: so that the end of the process, however it comes, takes
//! nothing away.
//!
//! A frame is the length of its entry, the entry's CRC-32, and the entry. One that is not whole is the end of what is read: it was being
//! written.

use crate::{
    codec::{Reader, Torn, Writer},
    distribution::Distribution,
    store::{Metric, Sender},
};
use spec::Millis;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Bytes before a frame's entry.
const HEAD: usize = 8;

/// Something that came in.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Entry {
    /// When.
    pub now: Millis,
    /// From whom, if that matters.
    pub sender: Option<Sender>,
    /// Series that are new, by their numbers.
    pub series: Vec<(u32, Metric, String)>,
    /// Series, how long their periods are, and times and values.
    pub points: Vec<(u32, Millis, Millis, Distribution)>,
}

/// A file that is written to.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    length: u64,
    /// There may be half a frame after that.
    torn: bool,
}

impl Journal {
    /// Begins a file.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.set_len(0)?;
        Ok(Self { file, length: 0, torn: false })
    }

    /// Shows every entry of a file, and goes on after the last whole one: what is there besides is cut off.
    pub(crate) fn open(path: &Path, mut then: impl FnMut(Entry)) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        let mut rest = bytes.as_slice();
        while let Some((entry, after)) = read(rest) {
            then(entry);
            rest = after;
        }
        let length = (bytes.len() - rest.len()) as u64;
        let file = OpenOptions::new().append(true).open(path)?;
        if !rest.is_empty() {
            file.set_len(length)?;
        }
        Ok(Self { file, length, torn: false })
    }

    /// One that nothing can be added to.
    #[cfg(test)]
    pub(crate) fn full() -> Self {
        Self { file: OpenOptions::new().append(true).open("/dev/full").unwrap(), length: 0, torn: false }
    }

    /// Adds an entry.
    pub(crate) fn append(&mut self, dir: &Path, entry: &Entry) -> io::Result<()> {
        let frame = frame(entry);
        disk::admit(dir, frame.len() as u64)?;
        // Half a frame would hide all that come after it.
        if self.torn {
            self.file.set_len(self.length)?;
        }
        self.torn = true;
        self.file.write_all(&frame).inspect_err(|_| self.torn = self.file.set_len(self.length).is_err())?;
        self.torn = false;
        self.length += frame.len() as u64;
        Ok(())
    }
}

fn frame(entry: &Entry) -> Vec<u8> {
    let Entry { now, sender, series, points } = entry;
    let mut out = Writer(vec![0; HEAD]);
    out.signed(*now);
    out.number(u64::from(sender.is_some()));
    if let Some(Sender { name, number }) = sender {
        out.text(name);
        out.number(*number);
    }
    out.number(series.len() as u64);
    for (id, metric, unit) in series {
        out.number(u64::from(*id));
        write_series(&mut out, metric, unit);
    }
    out.number(points.len() as u64);
    for (id, period, at, values) in points {
        out.number(u64::from(*id));
        out.signed(*period);
        out.signed(at - now);
        out.values(0, None, values);
    }
    let length = u32::try_from(out.0.len() - HEAD).unwrap_or(u32::MAX);
    let sum = crc32fast::hash(out.0.get(HEAD..).unwrap_or_default());
    if let Some(head) = out.0.first_chunk_mut::<HEAD>() {
        *head = (u64::from(length) | u64::from(sum) << 32).to_le_bytes();
    }
    out.0
}

/// The first entry, and what is after it.
fn read(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
    let head = u64::from_le_bytes(*head);
    let (entry, after) = rest.split_at_checked(usize::try_from(head & 0xffff_ffff).ok()?)?;
    if u64::from(crc32fast::hash(entry)) != head >> 32 {
        return None;
    }
    Some((parse(&mut Reader(entry)).ok()?, after))
}

fn parse(bytes: &mut Reader<'_>) -> Result<Entry, Torn> {
    let now = bytes.signed()?;
    let sender = match bytes.number()? {
        0 => None,
        _ => Some(Sender { name: bytes.text()?, number: bytes.number()? }),
    };
    let mut entry = Entry { now, sender, ..Entry::default() };
    for _ in 0..bytes.count()? {
        let id = u32::try_from(bytes.number()?).map_err(|_| Torn)?;
        let (metric, unit) = read_series(bytes)?;
        entry.series.push((id, metric, unit));
    }
    for _ in 0..bytes.count()? {
        let id = u32::try_from(bytes.number()?).map_err(|_| Torn)?;
        let (period, at) = (bytes.signed()?, bytes.signed()?.checked_add(now).ok_or(Torn)?);
        entry.points.push((id, period, at, bytes.values(None)?.1));
    }
    Ok(entry)
}

pub(crate) fn write_series(out: &mut Writer, metric: &Metric, unit: &str) {
    out.text(&metric.namespace);
    out.text(&metric.name);
    out.text(unit);
    out.number(metric.dimensions.len() as u64);
    for (name, value) in &metric.dimensions {
        out.text(name);
        out.text(value);
    }
}

pub(crate) fn read_series(bytes: &mut Reader<'_>) -> Result<(Metric, String), Torn> {
    let (namespace, name, unit) = (bytes.text()?, bytes.text()?, bytes.text()?);
    let mut dimensions = Vec::new();
    for _ in 0..bytes.count()? {
        dimensions.push((bytes.text()?, bytes.text()?));
    }
    Ok((Metric { namespace, name, dimensions }, unit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure ends the test")]

    use super::*;

    #[test]
    fn what_comes_after_half_a_frame_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut journal = Journal::begin(&path).unwrap();
        let entry = |now| Entry { now, ..Entry::default() };
        journal.append(dir.path(), &entry(1)).unwrap();
        // As when there was no room for all of it.
        journal.file.write_all(b"half").unwrap();
        journal.torn = true;
        journal.append(dir.path(), &entry(2)).unwrap();
        journal.file.write_all(b"half").unwrap();
        journal.file.set_len(journal.length).unwrap();
        journal.append(dir.path(), &entry(3)).unwrap();
        let mut found = Vec::new();
        Journal::open(&path, |entry| found.push(entry.now)).unwrap();
        assert_eq!(found, [1, 2, 3]);
    }
}
