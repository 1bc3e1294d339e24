//! Containers' output on its way to a log service: the shim's [`Writer`], and the [`Reader`] of whoever ships it.
//!
//! A log is a directory of segments, each named after the offset of its first byte in the whole log, holding records:
//! `<milliseconds> <o|e><+|.> <length>\n<bytes>\n`, where `o` is standard output and `e` standard error, `.` ends a line and
//! `+` means that more of the line follows. What has been shipped, up to a [`Mark`], is acknowledged, and deleted segment by segment. A torn record
//! can only be the last of a log and is not read.

mod mark;
mod reader;
mod writer;

pub use mark::Mark;
pub use reader::{Line, MAX_LINE, Reader};
pub(crate) use writer::Writer;
pub use writer::record;

/// Which stream a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, or the terminal.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    fn letter(self) -> char {
        match self {
            Self::Out => 'o',
            Self::Err => 'e',
        }
    }
}

/// Offsets and paths of a log's segments, oldest first.
fn segments(dir: &std::path::Path) -> std::io::Result<Vec<(u64, std::path::PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if let Some(offset) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.push((offset, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_any_pieces_is_read_as_lines() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 1 << 20, false).unwrap();
        writer.add(Stream::Out, 1, b"first\nsec");
        writer.add(Stream::Err, 2, b"other\n");
        writer.add(Stream::Out, 3, b"ond\n\nlast");
        writer.finish(Stream::Out, 4);
        let lines = Reader::new(dir.path(), Mark::default()).lines(usize::MAX).unwrap();
        let texts: Vec<_> = lines.iter().map(|line| (line.time, std::str::from_utf8(&line.bytes).unwrap())).collect();
        assert_eq!(texts, [(1, "first"), (2, "other"), (3, "second"), (3, ""), (4, "last")]);
    }

    /// Lines of both streams that overlap, some so long that they come in pieces, and all of it in records of any size.
    fn overlapping(dir: &std::path::Path) -> Vec<Line> {
        let mut writer = Writer::create(dir, 64 << 20, false).unwrap();
        let long = "x".repeat(MAX_LINE - 3);
        let written = [
            (Stream::Err, "begun "),
            (Stream::Out, "one\ntwo\nth"),
            (Stream::Out, &long),
            (Stream::Err, "and ended\nnext "),
            (Stream::Out, "ree, the rest of a long one\n"),
            (Stream::Out, &long),
            (Stream::Err, &long),
            (Stream::Out, &long),
            (Stream::Err, "12345\n"),
            (Stream::Out, "\nlast"),
        ];
        for (time, (stream, text)) in written.into_iter().enumerate() {
            writer.add(stream, time as i64, text.as_bytes());
        }
        writer.finish(Stream::Out, 99);
        Reader::new(dir, Mark::default()).lines(usize::MAX).unwrap()
    }

    #[test]
    fn reading_on_after_any_line_brings_the_others_whole_and_once() {
        let dir = tempfile::tempdir().unwrap();
        let lines = overlapping(dir.path());
        assert!(lines.len() > 8 && lines.is_sorted_by_key(|line| line.time), "{} lines", lines.len());
        for (place, line) in lines.iter().enumerate() {
            let rest = Reader::new(dir.path(), line.mark).lines(usize::MAX).unwrap();
            assert_eq!(rest, lines[place + 1..], "after line {place}");
        }
    }

    #[test]
    fn what_is_read_again_is_there_after_what_came_before_is_acknowledged() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 1 << 20, false).unwrap();
        for n in 0..30_000 {
            if n == 20_000 {
                writer.add(Stream::Err, 1, b"begun ");
            }
            writer.add(Stream::Out, 2, format!("line {n}\n").as_bytes());
        }
        writer.add(Stream::Err, 3, b"and ended\n");
        let lines = Reader::new(dir.path(), Mark::default()).lines(usize::MAX).unwrap();
        for place in [0, 19_999, 20_000, 29_999] {
            writer.acknowledge(lines[place].mark.from, 4).unwrap();
            let rest = Reader::new(dir.path(), lines[place].mark).lines(usize::MAX).unwrap();
            assert_eq!(rest.len(), lines.len() - place - 1);
            assert_eq!(rest.last().map(|line| line.bytes.as_slice()), Some(&b"begun and ended"[..]));
        }
        assert!(segments(dir.path()).unwrap()[0].0 > 0, "what was acknowledged is gone");
    }

    #[test]
    fn a_long_line_comes_in_pieces_at_characters() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 16 << 20, false).unwrap();
        let text = "ä".repeat(MAX_LINE);
        text.as_bytes().chunks(10_000).for_each(|chunk| writer.add(Stream::Out, 1, chunk));
        writer.add(Stream::Out, 1, b"\n");
        let lines = Reader::new(dir.path(), Mark::default()).lines(usize::MAX).unwrap();
        assert!(lines.iter().all(|line| line.bytes.len() <= MAX_LINE && std::str::from_utf8(&line.bytes).is_ok()));
        assert_eq!(lines.iter().map(|line| line.bytes.len()).sum::<usize>(), text.len());
    }

    #[test]
    fn a_batch_of_short_lines_is_bounded_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 1 << 20, false).unwrap();
        writer.add(Stream::Out, 1, &b"\n".repeat(1000));
        let mut reader = Reader::new(dir.path(), Mark::default());
        let batches: Vec<usize> = (0..3).map(|_| reader.lines(2600).unwrap().len()).collect();
        assert_eq!(batches, [100, 100, 100]);
    }

    #[test]
    fn a_torn_record_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 1 << 20, false).unwrap();
        writer.add(Stream::Out, 1, b"whole\ntorn\n");
        let (_, path) = segments(dir.path()).unwrap().remove(0);
        let length = std::fs::metadata(&path).unwrap().len();
        std::fs::File::options().write(true).open(path).unwrap().set_len(length - 2).unwrap();
        let lines = Reader::new(dir.path(), Mark::default()).lines(usize::MAX).unwrap();
        assert_eq!(lines.len(), 1);
    }
}
