//! The reading side: puts lines together and tells up to where they have been read.

use super::{Mark, Stream, segments};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Longest line returned in bytes; longer ones come in pieces. CloudWatch Logs takes 256 KiB an event, 26 bytes of them its own.
pub const MAX_LINE: usize = 262_118;

/// Bytes counted for an event besides its text ("PutLogEvents", Amazon CloudWatch Logs API Reference). Without them a batch of
/// empty lines would have no bound.
const EVENT: usize = 26;

/// One line of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When its end was read from the container, in milliseconds since the epoch. So times go as lines do.
    pub time: i64,
    /// Where it was written to.
    pub stream: Stream,
    /// The line without its newline. Not always UTF-8.
    pub bytes: Vec<u8>,
    /// The place after it. Reading again from there brings every line that came after this one, and none before.
    pub mark: Mark,
}

/// A line that has not ended.
#[derive(Debug)]
struct Open {
    /// Where its first record begins.
    begin: u64,
    bytes: Vec<u8>,
}

/// Reads a log from an offset on.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    offset: u64,
    segment: Option<(u64, File)>,
    pending: Vec<u8>,
    /// Lines of standard output and error that have not ended.
    open: [Option<Open>; 2],
    /// Lines before this are known.
    known: Mark,
    ready: VecDeque<Line>,
}

/// Bytes read from a segment at once.
const CHUNK: usize = 64 << 10;

impl Reader {
    /// Reads the log in `dir`, which may not exist yet, from a place on: its start, or the one after some line.
    pub fn new(dir: &Path, from: Mark) -> Self {
        Self {
            dir: dir.to_path_buf(),
            offset: from.from,
            segment: None,
            pending: Vec::new(),
            open: [None, None],
            known: from,
            ready: VecDeque::new(),
        }
    }

    /// The next lines, as many as are there but not many more than `max_bytes`, each counted as CloudWatch Logs does; none when
    /// there is nothing more for now.
    pub fn lines(&mut self, max_bytes: usize) -> io::Result<Vec<Line>> {
        let (mut lines, mut size) = (Vec::new(), 0);
        while size < max_bytes {
            if let Some(line) = self.ready.pop_front() {
                size += line.bytes.len() + EVENT;
                lines.push(line);
            } else if !self.fill()? {
                break;
            }
        }
        Ok(lines)
    }

    /// The directory to watch, with inotify(7), for more.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads on and takes whole records; false when nothing is new.
    fn fill(&mut self) -> io::Result<bool> {
        if !self.read_more()? {
            return Ok(false);
        }
        let mut taken = 0;
        while let Some((header, length)) = self.pending.get(taken..).and_then(header) {
            let start = taken + length;
            let Some(bytes) = self.pending.get(start..start + header.length) else { break };
            if self.pending.len() <= start + header.length {
                break;
            }
            let bytes = bytes.to_vec();
            let begin = self.offset + taken as u64;
            taken = start + header.length + 1;
            self.add(&header, &bytes, begin, self.offset + taken as u64);
        }
        self.pending.drain(..taken);
        self.offset += taken as u64;
        Ok(true)
    }

    fn add(&mut self, header: &Header, bytes: &[u8], begin: u64, end: u64) {
        let index = header.stream as usize;
        let mut open = self.open[index].take().unwrap_or_else(|| Open { begin, bytes: Vec::new() });
        open.bytes.extend_from_slice(bytes);
        // The other stream's line may have begun before this one's end.
        let from = self.open[1 - index].as_ref().map_or(end, |other| other.begin.min(end));
        let mut ready = |bytes, from, line| {
            let mark = Mark { from, to: end, line };
            if !self.known.is_past(mark) {
                self.ready.push_back(Line { time: header.time, stream: header.stream, bytes, mark });
            }
        };
        let mut piece = 0;
        while open.bytes.len() > MAX_LINE {
            let rest = open.bytes.split_off(boundary(&open.bytes, MAX_LINE));
            piece += 1;
            // What follows shares its record: reading again starts where the line does.
            ready(std::mem::replace(&mut open.bytes, rest), from.min(open.begin), piece);
        }
        if header.ends {
            ready(open.bytes, from, Mark::LAST);
        } else {
            self.open[index] = Some(open);
        }
    }

    /// Appends the next bytes to `pending`.
    fn read_more(&mut self) -> io::Result<bool> {
        let position = self.offset + self.pending.len() as u64;
        if let Some((start, file)) = &mut self.segment {
            file.seek(SeekFrom::Start(position - *start))?;
            if take(file, &mut self.pending)? {
                return Ok(true);
            }
        }
        let all = match segments(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other?,
        };
        // The segment that holds the position; a position in a deleted one moves to the first that is left.
        let Some((start, path)) = all.iter().rfind(|(start, _)| *start <= position).or(all.first()) else {
            return Ok(false);
        };
        let mut file = File::open(path)?;
        if *start > position {
            self.pending.clear();
            self.offset = *start;
        }
        file.seek(SeekFrom::Start(self.offset + self.pending.len() as u64 - start))?;
        let more = take(&mut file, &mut self.pending)?;
        self.segment = Some((*start, file));
        Ok(more)
    }
}

fn take(file: &mut File, into: &mut Vec<u8>) -> io::Result<bool> {
    Ok(file.take(CHUNK as u64).read_to_end(into)? > 0)
}

struct Header {
    time: i64,
    stream: Stream,
    ends: bool,
    length: usize,
}

/// A record's header and its length, if it is whole.
fn header(bytes: &[u8]) -> Option<(Header, usize)> {
    let end = bytes.iter().take(64).position(|byte| *byte == b'\n')?;
    let mut parts = std::str::from_utf8(bytes.get(..end)?).ok()?.split(' ');
    let (time, kind, length) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
    let stream = if kind.starts_with('o') { Stream::Out } else { Stream::Err };
    Some((Header { time, stream, ends: kind.ends_with('.'), length }, end + 1))
}

/// The last place at or before `at` that is not inside a UTF-8 character.
fn boundary(bytes: &[u8], at: usize) -> usize {
    let continues = |index: usize| bytes.get(index).is_some_and(|byte| byte & 0xc0 == 0x80);
    (at.saturating_sub(3)..=at).rev().find(|index| !continues(*index)).unwrap_or(at)
}
