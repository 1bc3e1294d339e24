//! What a stream is compressed with, told by its first bytes, and reading it uncompressed.
//!
//! By content, not by media type: registries hold layers whose media type is wrong, and Docker pulls them.

use crate::manifest::OCI_LAYER;
use std::io::{self, BufRead, BufReader, Read};

/// The compressions an image's layer or an archive can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar.
    None,
    /// Gzip, also of several members.
    Gzip,
    /// Zstandard, also of several frames.
    Zstd,
}

const BUFFER: usize = 128 * 1024;

impl Compression {
    /// Tells the compression from the first bytes.
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    /// The media type of a layer that is compressed so.
    pub fn media_type(self) -> String {
        match self {
            Self::None => OCI_LAYER.to_owned(),
            Self::Gzip => format!("{OCI_LAYER}+gzip"),
            Self::Zstd => format!("{OCI_LAYER}+zstd"),
        }
    }
}

/// Reads `input` uncompressed, whatever it is compressed with.
///
/// # Errors
/// The reader's own, and `InvalidData` or `UnexpectedEof` for broken compression while reading.
pub fn decoder<'a, R: Read + Send + 'a>(mut input: R) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::with_capacity(4);
    input.by_ref().take(4).read_to_end(&mut start)?;
    let compression = Compression::of(&start);
    let whole = BufReader::with_capacity(BUFFER, io::Cursor::new(start).chain(input));
    Ok(match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(Members::new(whole)),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(whole)?),
    })
}

/// Gzip members one after another, as RFC 1952 allows. Padding of zeros after the last is ignored as gzip(1) does.
struct Members<R> {
    current: Option<flate2::bufread::GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    fn new(input: R) -> Self {
        Self { current: Some(flate2::bufread::GzDecoder::new(input)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.current {
            let n = decoder.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            let Some(decoder) = self.current.take() else { break };
            let mut rest = decoder.into_inner();
            if skip_zeros(&mut rest)? {
                self.current = Some(flate2::bufread::GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Skips zero bytes; true when something else follows.
fn skip_zeros<R: BufRead>(input: &mut R) -> io::Result<bool> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let zeros = buffer.iter().take_while(|&&b| b == 0).count();
        let all = zeros == buffer.len();
        input.consume(zeros);
        if !all {
            return Ok(true);
        }
    }
}
