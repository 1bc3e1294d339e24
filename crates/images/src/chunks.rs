//! A reader over something that comes in pieces, such as the body of an HTTP message.

use std::io::{self, Read};

/// Reads piece after piece; `next` gives them, and `None` at the end.
pub struct Chunks<B, F> {
    next: F,
    piece: Option<B>,
    taken: usize,
}

impl<B: AsRef<[u8]>, F: FnMut() -> io::Result<Option<B>>> Chunks<B, F> {
    /// A reader of what `next` gives.
    pub fn new(next: F) -> Self {
        Self { next, piece: None, taken: 0 }
    }
}

impl<B: AsRef<[u8]>, F: FnMut() -> io::Result<Option<B>>> Read for Chunks<B, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let rest = self.piece.as_ref().map(AsRef::as_ref).and_then(|piece| piece.get(self.taken..));
            if let Some(mut rest) = rest.filter(|rest| !rest.is_empty()) {
                let count = rest.read(buffer)?;
                self.taken += count;
                return Ok(count);
            }
            (self.piece, self.taken) = ((self.next)()?, 0);
            if self.piece.is_none() {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_read_as_one_and_empty_ones_end_nothing() {
        let mut pieces = [&b"ab"[..], b"", b"cde"].into_iter();
        let mut reader = Chunks::new(|| Ok(pieces.next()));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abcde");
        assert_eq!(reader.read(&mut [0; 4]).unwrap(), 0, "the end stays the end");
    }
}
