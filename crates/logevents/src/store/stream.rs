//! One log stream's directory: segments `00000001.seg` onwards, of which the last is written to.

use super::frame;
use super::segment::{self, HEADER, Segment};
use super::summary::Summary;
use spec::Millis;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A segment that has come to this many bytes is written to no more; neither is one whose events have come to so many, however little is
/// left of them when they are compressed: whoever searches unpacks all of it.
const SEGMENT: u64 = 4 << 20;
const SEGMENT_EVENTS: u64 = 256 << 20;

/// One log stream, as its files are.
pub(super) struct Stream {
    dir: PathBuf,
    /// Oldest first; the last is written to.
    segments: Vec<Segment>,
    /// The number of the last segment's file.
    index: u64,
    /// The number of the next line, as far as segments that have expired knew it.
    next_line: u64,
}

impl Stream {
    /// Reads what there is and cuts a torn end off. A directory that is missing is a stream without events.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        let mut stream = Self { segments: Vec::new(), index: 0, next_line: 0, dir };
        let indices = indices(&stream.dir)?;
        let newest = indices.last().copied();
        for index in indices {
            let path = stream.path(index);
            let Some((first_number, before)) = segment::read_header(&start_of(&path)?) else {
                if Some(index) != newest {
                    return Err(damaged(&path));
                }
                // Torn before its first append was acknowledged. Only the newest can be.
                fs::remove_file(&path)?;
                continue;
            };
            if let Some(last) = stream.segments.last_mut().filter(|_| index == stream.index + 1) {
                last.summary = before;
            }
            stream.next_line = stream.next_line.max(before.next_line);
            let length = fs::metadata(&path)?.len();
            stream.segments.push(Segment { path, first_number, length, summary: Summary::default() });
            stream.index = index;
        }
        stream.recover()?;
        Ok(stream)
    }

    fn recover(&mut self) -> io::Result<()> {
        let Some(last) = self.segments.last_mut() else { return Ok(()) };
        let bytes = fs::read(&last.path)?;
        let (whole, summary) = segment::whole(&bytes, last.first_number);
        if whole < bytes.len() {
            let file = OpenOptions::new().write(true).open(&last.path)?;
            file.set_len(whole as u64)?;
            file.sync_data()?;
        }
        (last.length, last.summary) = (whole as u64, summary);
        Ok(())
    }

    /// Everything that is known of its events.
    pub(super) fn summary(&self) -> Summary {
        let expired = Summary { next_line: self.next_line, ..Summary::default() };
        self.segments.iter().fold(expired, |sum, segment| sum.and(segment.summary))
    }

    /// Its segments, for reading beside further appends.
    pub(super) fn segments(&self) -> Vec<Segment> {
        self.segments.clone()
    }

    /// Appends events as one frame, on disk when it returns.
    pub(super) fn append(&mut self, ingested: Millis, next_line: u64, events: &[(Millis, &str)]) -> io::Result<()> {
        let (frame, added) = frame::write(ingested, next_line, events)?;
        disk::admit(self.dir.parent().unwrap_or(&self.dir), frame.len() as u64)?;
        let has_room = |segment: &&mut Segment| segment.length < SEGMENT && segment.summary.bytes < SEGMENT_EVENTS;
        match self.segments.last_mut().filter(has_room) {
            Some(segment) => {
                extend(segment, &frame)?;
                segment.length += frame.len() as u64;
                segment.summary = segment.summary.and(added);
                Ok(())
            }
            None => self.roll(&frame, added),
        }
    }

    /// Begins a segment with a frame, or with none.
    fn roll(&mut self, frame: &[u8], summary: Summary) -> io::Result<()> {
        let before = self.segments.last();
        let first_number = before.map_or(0, |segment| segment.first_number + segment.summary.events);
        let mut known = before.map(|segment| segment.summary).unwrap_or_default();
        known.next_line = self.summary().next_line;
        let header = segment::header(first_number, known);
        if self.segments.is_empty() {
            self.make_dir()?;
        }
        let index = self.index + 1;
        let path = self.path(index);
        let made = begin(&path, &header, frame).and_then(|()| File::open(&self.dir)?.sync_all());
        if let Err(error) = made {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        self.next_line = known.next_line;
        let length = (header.len() + frame.len()) as u64;
        self.segments.push(Segment { path, first_number, length, summary });
        self.index = index;
        Ok(())
    }

    fn make_dir(&self) -> io::Result<()> {
        match fs::create_dir(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        match self.dir.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Deletes segments that hold nothing of `since` or later. If that is all of them, an empty one takes their place: it knows the
    /// next line and the next number.
    pub(super) fn expire(&mut self, since: Millis) -> io::Result<()> {
        if self.segments.last().is_some_and(|last| last.summary.events > 0 && last.summary.last < since) {
            self.roll(&[], Summary::default())?;
        }
        let last = self.segments.len().saturating_sub(1);
        let mut kept = Vec::new();
        let mut result = Ok(());
        for (place, segment) in self.segments.drain(..).enumerate() {
            if place == last || segment.summary.last >= since || result.is_err() {
                kept.push(segment);
            } else if let Err(error) = fs::remove_file(&segment.path)
                .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            {
                result = Err(error);
                kept.push(segment);
            }
        }
        self.segments = kept;
        result
    }

    fn path(&self, index: u64) -> PathBuf {
        self.dir.join(format!("{index:08}.seg"))
    }
}

/// Appends to a segment; a failed append is taken back, and if that fails too, the next opening does.
fn extend(segment: &Segment, frame: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(&segment.path)?;
    file.write_all(frame).and_then(|()| file.sync_data()).inspect_err(|_| {
        let _ = file.set_len(segment.length);
    })
}

fn begin(path: &Path, header: &[u8], frame: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(header)?;
    file.write_all(frame)?;
    file.sync_all()
}

fn start_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(HEADER as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The numbers of a directory's segments, in order.
fn indices(dir: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut indices = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let index = name.to_str().and_then(|name| name.strip_suffix(".seg")).and_then(|name| name.parse::<u64>().ok());
        indices.extend(index);
    }
    indices.sort_unstable();
    Ok(indices)
}

/// Acknowledged events are in it, so it is left for whoever can mend it.
fn damaged(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{} is damaged: restore it, or remove it to lose its events", path.display()),
    )
}
