//! Sparse files: which pieces of a file have content (GNU tar manual, "Storing Sparse Files").
//!
//! Four formats exist: GNU's old one, pax 0.0 and 0.1 (the map in pax records), pax 1.0 (in the content).

/// A piece of a sparse file that has content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it goes, in bytes.
    pub offset: u64,
    /// How long it is.
    pub length: u64,
}

/// Where a sparse file's map is.
#[derive(Clone, Copy)]
pub(super) enum Format {
    /// In the header and the blocks after it.
    Gnu,
    /// In pax records.
    Header,
    /// At the start of the content.
    Content,
}

/// The most pieces of one file.
const SEGMENTS_MAX: usize = 100_000;

fn push(map: &mut Vec<Segment>, segment: Segment) -> Result<(), String> {
    if map.len() >= SEGMENTS_MAX {
        return Err(format!("its sparse map has over {SEGMENTS_MAX} pieces"));
    }
    map.push(segment);
    Ok(())
}

/// Adds the segments of a GNU header.
pub(super) fn add_gnu(headers: &[tar::GnuSparseHeader], map: &mut Vec<Segment>) -> Result<(), String> {
    for header in headers.iter().filter(|header| !header.is_empty()) {
        let offset = header.offset().map_err(|e| e.to_string())?;
        let length = header.length().map_err(|e| e.to_string())?;
        push(map, Segment { offset, length })?;
    }
    Ok(())
}

/// Reads the map of pax 0.1 (`GNU.sparse.map`) or 0.0 (`GNU.sparse.offset` and `numbytes`, repeated).
pub(super) fn from_pax(records: &[super::header::Record]) -> Result<Vec<Segment>, String> {
    let number = |value: &[u8]| {
        let text = std::str::from_utf8(value).ok();
        text.and_then(|text| text.parse::<u64>().ok()).ok_or_else(|| "its sparse map is malformed".to_owned())
    };
    let mut numbers = Vec::new();
    for (key, value) in records {
        match key.as_slice() {
            b"GNU.sparse.map" if value.is_empty() => numbers.clear(),
            b"GNU.sparse.map" => numbers = value.split(|&b| b == b',').map(number).collect::<Result<_, _>>()?,
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => numbers.push(number(value)?),
            _ => {}
        }
    }
    pairs(&numbers)
}

fn pairs(numbers: &[u64]) -> Result<Vec<Segment>, String> {
    if !numbers.len().is_multiple_of(2) {
        return Err("its sparse map is malformed".to_owned());
    }
    let mut map = Vec::new();
    for pair in numbers.chunks_exact(2) {
        if let &[offset, length] = pair {
            push(&mut map, Segment { offset, length })?;
        }
    }
    Ok(map)
}

/// The map of pax 1.0, read block by block: the number of pieces, then offset and length of each, one a line.
#[derive(Default)]
pub(super) struct Lines {
    numbers: Vec<u64>,
    digits: Option<u64>,
}

impl Lines {
    pub(super) fn complete(&self) -> bool {
        let wanted = self.numbers.first().map(|&pieces| pieces.saturating_mul(2).saturating_add(1));
        wanted.is_some_and(|wanted| self.numbers.len() as u64 >= wanted)
    }

    pub(super) fn add(&mut self, block: &[u8]) -> Result<(), String> {
        for &byte in block {
            if self.complete() {
                break;
            }
            self.digits = match byte {
                b'0'..=b'9' => {
                    let number = self.digits.unwrap_or(0).checked_mul(10);
                    let number = number.and_then(|n| n.checked_add(u64::from(byte - b'0')));
                    Some(number.ok_or("its sparse map is malformed")?)
                }
                b'\n' => {
                    self.numbers.push(self.digits.ok_or("its sparse map is malformed")?);
                    None
                }
                _ => return Err("its sparse map is malformed".to_owned()),
            };
            if self.numbers.first().is_some_and(|&pieces| pieces > SEGMENTS_MAX as u64) {
                return Err(format!("its sparse map has over {SEGMENTS_MAX} pieces"));
            }
        }
        Ok(())
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        pairs(self.numbers.get(1..).unwrap_or_default()).unwrap_or_default()
    }
}

/// The pieces must be in order, inside the file, and hold exactly the content that is stored.
pub(super) fn check(map: &[Segment], size: u64, stored: u64) -> Result<(), String> {
    let (mut end, mut content) = (0u64, 0u64);
    for segment in map {
        let next = segment.offset.checked_add(segment.length);
        match next {
            Some(next) if segment.offset >= end && next <= size => end = next,
            _ => return Err("its sparse map overlaps or leaves the file".to_owned()),
        }
        content = content.saturating_add(segment.length);
    }
    if content == stored { Ok(()) } else { Err("its sparse map does not fit its content".to_owned()) }
}
