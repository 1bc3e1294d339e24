//! Bodies: where they end, and how they are written.

use std::ops::Range;

/// How the end of a body that is read is found (RFC 9112, 6.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    /// After so many more bytes.
    Length(u64),
    /// In chunks.
    Chunked(Chunks),
    /// With the connection.
    Close,
}

/// Where in a chunked body one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the digits of a chunk's size, with so many read.
    Size(u64, u8),
    /// In blanks after it, so many.
    Blank(u64, u16),
    /// In what follows the size until its line ends.
    Extension(u64, u16),
    /// After the carriage return of a size's line.
    SizeEnd(u64),
    /// In a chunk of which so much is to come.
    Data(u64),
    /// Before the carriage return after a chunk.
    DataReturn,
    /// Before the line feed after a chunk.
    DataFeed,
    /// At the beginning of a trailer's line, with so many bytes of trailers read.
    Trailer(u16),
    /// Within it.
    TrailerLine(u16),
    /// After its carriage return.
    TrailerFeed(u16),
    /// After the carriage return of the line that ends everything.
    LastFeed,
    /// Past the end.
    Done,
}

/// The most that extensions of one chunk and all trailers may have in bytes each: they are read and thrown away.
const REST_LIMIT: u16 = 16 << 10;

/// The body is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Reading {
    /// A body without content.
    pub(crate) const NONE: Self = Self::Length(0);

    /// One in chunks, at its beginning.
    pub(crate) const CHUNKED: Self = Self::Chunked(Chunks::Size(0, 0));

    /// Whether nothing of it is to come. One that ends with the connection never is.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }

    /// How many bytes of `input` are the body's, and which of these its content. Ask again for what is after them.
    pub(crate) fn take(&mut self, input: &[u8]) -> Result<(usize, Range<usize>), Malformed> {
        match self {
            Self::Length(left) => {
                let taken = input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                Ok((taken, 0..taken))
            }
            Self::Close => Ok((input.len(), 0..input.len())),
            Self::Chunked(chunks) => chunks.take(input),
        }
    }
}

impl Chunks {
    fn take(&mut self, input: &[u8]) -> Result<(usize, Range<usize>), Malformed> {
        let mut at = 0;
        while at < input.len() && *self != Self::Done {
            if let Self::Data(left) = *self {
                let taken = (input.len() - at).min(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - taken as u64;
                *self = if left == 0 { Self::DataReturn } else { Self::Data(left) };
                return Ok((at + taken, at..at + taken));
            }
            *self = self.after(input[at])?;
            at += 1;
        }
        Ok((at, at..at))
    }

    /// Where one is after a byte that is none of the content. Line feeds without a carriage return are refused: not everybody takes
    /// them for an end.
    fn after(self, byte: u8) -> Result<Self, Malformed> {
        Ok(match (self, byte) {
            (Self::Size(size, digits), _) if byte.is_ascii_hexdigit() && digits < 16 => {
                let digit = char::from(byte).to_digit(16).ok_or(Malformed)?;
                Self::Size(size << 4 | u64::from(digit), digits + 1)
            }
            (Self::Size(size, 1..) | Self::Blank(size, _), b'\r') => Self::SizeEnd(size),
            (Self::Size(size, 1..) | Self::Blank(size, _), b';') => Self::Extension(size, 0),
            (Self::Size(size, 1..), b' ' | b'\t') => Self::Blank(size, 0),
            (Self::Blank(size, seen), b' ' | b'\t') if seen < REST_LIMIT => Self::Blank(size, seen + 1),
            (Self::Extension(size, _), b'\r') => Self::SizeEnd(size),
            (Self::Extension(size, seen), byte) if byte != b'\n' && seen < REST_LIMIT => {
                Self::Extension(size, seen + 1)
            }
            (Self::SizeEnd(0), b'\n') => Self::Trailer(0),
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataReturn, b'\r') => Self::DataFeed,
            (Self::DataFeed, b'\n') => Self::Size(0, 0),
            (Self::Trailer(_), b'\r') => Self::LastFeed,
            (Self::TrailerLine(seen), b'\r') => Self::TrailerFeed(seen),
            (Self::TrailerFeed(seen), b'\n') => Self::Trailer(seen),
            (Self::Trailer(seen) | Self::TrailerLine(seen), byte) if byte != b'\n' && seen < REST_LIMIT => {
                Self::TrailerLine(seen + 1)
            }
            (Self::LastFeed, b'\n') => Self::Done,
            _ => return Err(Malformed),
        })
    }
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// As it is: its length is told, or it ends with the connection.
    Plain,
    /// In chunks.
    Chunked,
}

impl Writing {
    /// Appends content.
    pub(crate) fn append(self, out: &mut Vec<u8>, content: &[u8]) {
        if content.is_empty() {
            return;
        }
        if self == Self::Chunked {
            append_hex(out, content.len());
        }
        out.extend_from_slice(content);
        if self == Self::Chunked {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends what ends it.
    pub(crate) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            out.extend_from_slice(b"0\r\n\r\n");
        }
    }
}

fn append_hex(out: &mut Vec<u8>, size: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..digits).rev().map(|digit| DIGITS[size >> (digit * 4) & 15]));
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The content of a body that arrives in these pieces, and what is left over.
    fn read(mut reading: Reading, pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), Malformed> {
        let (mut content, mut rest) = (Vec::new(), Vec::new());
        for piece in pieces {
            let mut piece = *piece;
            while !piece.is_empty() && !reading.is_done() {
                let (taken, range) = reading.take(piece)?;
                content.extend_from_slice(&piece[range]);
                piece = &piece[taken..];
            }
            rest.extend_from_slice(piece);
        }
        if reading.is_done() { Ok((content, rest)) } else { Err(Malformed) }
    }

    #[test]
    fn chunks_with_extensions_and_trailers() {
        let body = b"5;name=\"v\"\r\nhello\r\nA \r\n, worlds!!\r\n0\r\nExpires: never\r\n\r\nGET";
        assert_eq!(read(Reading::CHUNKED, &[body]), Ok((b"hello, worlds!!".to_vec(), b"GET".to_vec())));
    }

    #[test]
    fn what_others_could_read_differently_is_malformed() {
        for body in [
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "\r\n0\r\n\r\n",
            "-1\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "11111111111111111\r\n",
            ";\r\n",
            "0\r\n\n",
            "5;a\nb\r\nhello\r\n0\r\n\r\n",
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "5 5\r\nhello\r\n0\r\n\r\n",
            "5 \nhello\r\n0\r\n\r\n",
            "0\r\na: b\n\r\n",
            "0\r\na: b\rc: d\r\n\r\n",
        ] {
            assert_eq!(read(Reading::CHUNKED, &[body.as_bytes()]), Err(Malformed), "{body:?}");
        }
        let endless = format!("5;{}", "x".repeat(20_000));
        assert_eq!(read(Reading::CHUNKED, &[endless.as_bytes()]), Err(Malformed));
        let trailers = format!("0\r\n{}", "a: b\r\n".repeat(4_000));
        assert_eq!(read(Reading::CHUNKED, &[trailers.as_bytes()]), Err(Malformed));
    }

    proptest! {
        /// However a body is written and however it arrives, it is read as what it was.
        #[test]
        fn round_trip(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..6), cut in 1usize..40) {
            let mut wire = Vec::new();
            for part in &parts {
                Writing::Chunked.append(&mut wire, part);
            }
            Writing::Chunked.end(&mut wire);
            wire.extend_from_slice(b"next");
            let pieces: Vec<&[u8]> = wire.chunks(cut).collect();
            prop_assert_eq!(read(Reading::CHUNKED, &pieces), Ok((parts.concat(), b"next".to_vec())));
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(Reading::CHUNKED, &[&bytes]);
        }
    }
}
