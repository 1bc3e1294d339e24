//! The writing side: keeps no lines in memory, only the rest of none.

use super::{Stream, segments};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Smallest and largest segment in bytes: the unit in which acknowledged output is deleted, however much a log may hold.
const MIN_SEGMENT: u64 = 64 << 10;
const MAX_SEGMENT: u64 = 4 << 20;

/// A container's log being written.
pub(crate) struct Writer {
    dir: PathBuf,
    segment: File,
    segment_start: u64,
    end: u64,
    acknowledged: u64,
    limit: u64,
    non_blocking: bool,
    dropped: u64,
    streams: [Line; 2],
}

/// What a stream's last line is like.
#[derive(Clone, Copy, Default)]
struct Line {
    /// Where in the log it begins, if part of it is written.
    open: Option<u64>,
    /// The rest of it is dropped.
    dropping: bool,
}

impl Writer {
    /// A new log in `dir`, which is made.
    pub(crate) fn create(dir: &Path, limit: u64, non_blocking: bool) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let segment = open_segment(dir, 0)?;
        let dir = dir.to_path_buf();
        Ok(Self {
            dir,
            segment,
            segment_start: 0,
            end: 0,
            acknowledged: 0,
            limit,
            non_blocking,
            dropped: 0,
            streams: [Line::default(); 2],
        })
    }

    /// Whether the stream may be read. A full non-blocking log takes everything and drops it.
    pub(crate) fn wants_more(&self) -> bool {
        self.non_blocking || !self.full()
    }

    /// Lines dropped so far.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    fn full(&self) -> bool {
        self.end - self.acknowledged >= self.limit
    }

    /// Adds what was read from a stream. A full disk drops lines as a full non-blocking log does.
    pub(crate) fn add(&mut self, stream: Stream, time: i64, mut bytes: &[u8]) {
        let mut records = Vec::with_capacity(bytes.len() + 64);
        let mut line = self.streams[stream as usize];
        while !bytes.is_empty() {
            let newline = bytes.iter().position(|byte| *byte == b'\n');
            let (part, rest) = bytes.split_at(newline.unwrap_or(bytes.len()));
            bytes = rest.get(1..).unwrap_or_default();
            if line.dropping || (self.non_blocking && self.full()) {
                // A line that is kept in part counts as kept.
                self.dropped += u64::from(!line.dropping && line.open.is_none());
                line.dropping = newline.is_none();
                if line.open.take().is_some() {
                    record(&mut records, stream, time, true, b"");
                }
                continue;
            }
            let begin = line.open.unwrap_or(self.end + records.len() as u64);
            record(&mut records, stream, time, newline.is_some(), part);
            line.open = newline.is_none().then_some(begin);
        }
        self.streams[stream as usize] = line;
        self.append(&records, stream);
        self.cut(time);
    }

    /// Ends unfinished lines that everything waits for: the log is full, and nothing before them is left to acknowledge. A reader
    /// can't let go of what such a line begins in.
    fn cut(&mut self, time: i64) {
        for stream in [Stream::Out, Stream::Err] {
            let begin = self.streams[stream as usize].open;
            if self.full() && begin.is_some_and(|begin| begin <= self.acknowledged) {
                self.finish(stream, time);
            }
        }
    }

    /// Ends a stream's last line if it has no newline.
    pub(crate) fn finish(&mut self, stream: Stream, time: i64) {
        if self.streams[stream as usize].open.is_some() {
            let mut end = Vec::new();
            record(&mut end, stream, time, true, b"");
            self.streams[stream as usize] = Line::default();
            self.append(&end, stream);
        }
    }

    /// Deletes the segments that lie before `offset`, which has been shipped. `time` is now.
    pub(crate) fn acknowledge(&mut self, offset: u64, time: i64) -> io::Result<()> {
        self.acknowledged = self.acknowledged.max(offset.min(self.end));
        let all = segments(&self.dir)?;
        let nexts = all.iter().skip(1).map(|(start, _)| *start);
        for ((_, path), next) in all.iter().zip(nexts).filter(|(_, next)| *next <= self.acknowledged) {
            debug_assert!(next <= self.end);
            std::fs::remove_file(path)?;
        }
        self.cut(time);
        Ok(())
    }

    fn append(&mut self, records: &[u8], stream: Stream) {
        if records.is_empty() {
            return;
        }
        if self.end - self.segment_start >= (self.limit / 4).clamp(MIN_SEGMENT, MAX_SEGMENT)
            && let Ok(segment) = open_segment(&self.dir, self.end)
        {
            (self.segment, self.segment_start) = (segment, self.end);
        }
        let before = self.end - self.segment_start;
        match self.segment.write_all(records) {
            Ok(()) => self.end += records.len() as u64,
            Err(_) => {
                // The disk is full. What was half written must not be read as a record.
                let _ = self.segment.set_len(before);
                self.dropped += records.iter().filter(|byte| **byte == b'\n').count() as u64 / 2;
                self.streams[stream as usize] =
                    Line { open: None, dropping: self.streams[stream as usize].open.is_some() };
            }
        }
    }
}

fn open_segment(dir: &Path, start: u64) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(dir.join(format!("{start:020}")))
}

/// Adds a record to others: bytes of a line at a time in milliseconds, and whether it ends with them.
pub fn record(out: &mut Vec<u8>, stream: Stream, time: i64, ends: bool, bytes: &[u8]) {
    let end = if ends { '.' } else { '+' };
    out.extend_from_slice(format!("{time} {}{end} {}\n", stream.letter(), bytes.len()).as_bytes());
    out.extend_from_slice(bytes);
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_is_deleted_however_much_a_log_may_hold() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), u64::MAX, true).unwrap();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        (0..20 << 10).for_each(|_| writer.add(Stream::Out, 1, &line));
        writer.acknowledge(writer.end, 2).unwrap();
        let kept: u64 = segments(dir.path()).unwrap().iter().map(|(_, path)| path.metadata().unwrap().len()).sum();
        assert!(kept <= MAX_SEGMENT + (64 << 10), "{kept}");
    }
}
