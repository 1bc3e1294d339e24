//! Containers' output on its way to a log service: the shim's [`Writer`], and the [`Reader`] of whoever ships it.
//!
//! A log is a directory of segments, each named after the offset of its first byte in the whole log, holding records:
//! `<milliseconds> <o|e><+|.> <length>\n<bytes>\n`, where `o` is standard output and `e` standard error, `.` ends a line and
//! `+` means that more of the line follows. What has been shipped is acknowledged, and deleted segment by segment. A torn record
//! can only be the last of a log and is not read.

mod reader;
mod writer;

pub use reader::{Line, MAX_LINE, Reader};
pub(crate) use writer::Writer;

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
        let lines = Reader::new(dir.path(), 0).lines(usize::MAX).unwrap();
        let texts: Vec<_> = lines.iter().map(|line| (line.time, std::str::from_utf8(&line.bytes).unwrap())).collect();
        assert_eq!(texts, [(1, "first"), (2, "other"), (1, "second"), (3, ""), (3, "last")]);
        // Acknowledging what came before the unfinished line must not lose it.
        let again = Reader::new(dir.path(), lines[1].resume).lines(usize::MAX).unwrap();
        assert!(again.iter().any(|line| line.bytes == b"second"));
    }

    #[test]
    fn a_long_line_comes_in_pieces_at_characters() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 16 << 20, false).unwrap();
        let text = "ä".repeat(MAX_LINE);
        text.as_bytes().chunks(10_000).for_each(|chunk| writer.add(Stream::Out, 1, chunk));
        writer.add(Stream::Out, 1, b"\n");
        let lines = Reader::new(dir.path(), 0).lines(usize::MAX).unwrap();
        assert!(lines.iter().all(|line| line.bytes.len() <= MAX_LINE && std::str::from_utf8(&line.bytes).is_ok()));
        assert_eq!(lines.iter().map(|line| line.bytes.len()).sum::<usize>(), text.len());
    }

    #[test]
    fn a_batch_of_short_lines_is_bounded_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(dir.path(), 1 << 20, false).unwrap();
        writer.add(Stream::Out, 1, &b"\n".repeat(1000));
        let mut reader = Reader::new(dir.path(), 0);
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
        let lines = Reader::new(dir.path(), 0).lines(usize::MAX).unwrap();
        assert_eq!(lines.len(), 1);
    }
}
