//! Reading tar streams that nobody vouches for: POSIX ustar and pax, GNU long names and sparse files, plain v7.
//!
//! The `tar` crate decodes the header's fields; the walk from header to header is ours, because the crate reads
//! long names and pax records of any length into memory and knows no pax sparse files. Here every header's
//! memory is bounded, a stream may end without its end marker, and an error names the entry.
//!
//! Absent on purpose: writing to the file system (that is [`crate::unpack`]).

mod header;
mod sparse;

pub use header::{Entry, Kind, Time};
pub use sparse::Segment;

use std::fmt;
use std::io::{self, BufRead, Read as _};

/// Size of a tar block.
const BLOCK: usize = 512;
/// The most bytes of long names and pax records before one entry.
const EXTENSIONS_MAX: u64 = 1024 * 1024;

/// Why a tar stream can't be read further.
#[derive(Debug)]
pub enum Error {
    /// The stream itself failed.
    Io(io::Error),
    /// The archive is broken or not supported at `entry` (the last name read; empty before the first).
    Broken {
        /// The entry's path, as written, or the one before it.
        entry: String,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Broken { entry, what } if entry.is_empty() => write!(f, "invalid tar: {what}"),
            Self::Broken { entry, what } => write!(f, "invalid tar at {entry:?}: {what}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Broken { .. } => None,
        }
    }
}

/// A walk over a tar stream: [`next`](Self::next) for the entry, [`chunk`](Self::chunk) for its content.
pub struct Reader<R> {
    input: R,
    /// Content bytes of the current entry not yet given out.
    left: u64,
    /// Zero bytes between the content and the next header.
    padding: u64,
    /// The current entry, for errors.
    name: String,
}

impl<R: BufRead> Reader<R> {
    /// Starts before the first entry.
    pub fn new(input: R) -> Self {
        Self { input, left: 0, padding: 0, name: String::new() }
    }

    /// Goes to the next entry, skipping what is left of this one's content. `None` at the end.
    ///
    /// # Errors
    /// [`Error`]; the walk is over then.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Entry>, Error> {
        let unread = std::mem::take(&mut self.left);
        self.skip(unread)?;
        self.skip_padding()?;
        let mut extensions = header::Extensions::default();
        loop {
            let Some(block) = self.header_block()? else {
                return if extensions.is_empty() {
                    Ok(None)
                } else {
                    Err(self.broken("a header for an entry that is missing"))
                };
            };
            let raw = tar::Header::from_byte_slice(&block);
            let extension = header::extension_of(raw);
            let Some(extension) = extension else { return self.entry(raw, extensions).map(Some) };
            let size = header::extension_size(raw).map_err(|what| self.broken(&what))?;
            if size > EXTENSIONS_MAX || extensions.bytes() + size > EXTENSIONS_MAX {
                return Err(self.broken(&format!("its long name or extended header is over {EXTENSIONS_MAX} bytes")));
            }
            let content = self.take_vec(size)?;
            self.padding = padding_of(size);
            self.skip_padding()?;
            extensions.add(extension, content).map_err(|what| self.broken(&what))?;
        }
    }

    /// The next piece of the current entry's content; empty at its end. Follow with [`consume`](Self::consume).
    ///
    /// # Errors
    /// [`Error::Broken`] when the stream ends within the content.
    pub fn chunk(&mut self) -> Result<&[u8], Error> {
        if self.left == 0 {
            return Ok(&[]);
        }
        if fill(&mut self.input)?.is_empty() {
            return Err(self.broken("the archive ends inside it"));
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let buffer = fill(&mut self.input)?;
        Ok(buffer.get(..left.min(buffer.len())).unwrap_or_default())
    }

    /// Marks `n` bytes of the last [`chunk`](Self::chunk) as used.
    pub fn consume(&mut self, n: usize) {
        self.input.consume(n);
        self.left = self.left.saturating_sub(n as u64);
    }

    /// All of the current entry's content, if it is at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::Broken`] when it is longer or the stream ends within it.
    pub fn content(&mut self, limit: u64) -> Result<Vec<u8>, Error> {
        if self.left > limit {
            return Err(self.broken(&format!("it has {} bytes; the limit is {limit}", self.left)));
        }
        let content = self.take_vec(self.left)?;
        self.left = 0;
        Ok(content)
    }

    /// Reads to the end of the stream, past the end marker, so that a digest of all of it can be told.
    ///
    /// # Errors
    /// The stream's own.
    pub fn drain(&mut self) -> Result<(), Error> {
        loop {
            let n = fill(&mut self.input)?.len();
            if n == 0 {
                return Ok(());
            }
            self.input.consume(n);
        }
    }

    fn entry(&mut self, raw: &tar::Header, extensions: header::Extensions) -> Result<Entry, Error> {
        self.name = extensions.name(raw);
        let (mut entry, stored) = header::read(raw, &extensions).map_err(|what| self.broken(&what))?;
        (self.left, self.padding) = (stored, padding_of(stored));
        if let Some(format) = extensions.sparse_format(raw) {
            entry.sparse = Some(self.sparse_map(raw, &extensions, format, entry.size)?);
        }
        Ok(entry)
    }

    fn sparse_map(
        &mut self,
        raw: &tar::Header,
        extensions: &header::Extensions,
        format: sparse::Format,
        size: u64,
    ) -> Result<Vec<Segment>, Error> {
        let map = match format {
            sparse::Format::Gnu => self.gnu_sparse_map(raw)?,
            sparse::Format::Header => sparse::from_pax(extensions.records()).map_err(|what| self.broken(&what))?,
            sparse::Format::Content => self.content_sparse_map()?,
        };
        sparse::check(&map, size, self.left).map_err(|what| self.broken(&what))?;
        Ok(map)
    }

    /// GNU's old format: four segments in the header, the others in blocks after it.
    fn gnu_sparse_map(&mut self, raw: &tar::Header) -> Result<Vec<Segment>, Error> {
        let Some(gnu) = raw.as_gnu() else { return Err(self.broken("a sparse file without a GNU header")) };
        let mut map = Vec::new();
        sparse::add_gnu(&gnu.sparse, &mut map).map_err(|what| self.broken(&what))?;
        let mut more = gnu.is_extended();
        while more {
            let mut extended = tar::GnuExtSparseHeader::new();
            self.exact(extended.as_mut_bytes())?;
            sparse::add_gnu(&extended.sparse, &mut map).map_err(|what| self.broken(&what))?;
            more = extended.is_extended();
        }
        Ok(map)
    }

    /// The pax 1.0 format: decimal numbers, one a line, at the start of the content, padded to a block.
    fn content_sparse_map(&mut self) -> Result<Vec<Segment>, Error> {
        let mut numbers = sparse::Lines::default();
        while !numbers.complete() {
            if self.left < BLOCK as u64 {
                return Err(self.broken("its sparse map is incomplete"));
            }
            let mut block = [0; BLOCK];
            self.exact(&mut block)?;
            self.left -= BLOCK as u64;
            numbers.add(&block).map_err(|what| self.broken(&what))?;
        }
        Ok(numbers.segments())
    }

    /// The next header, or `None` at the end: an end marker or no more bytes (Docker accepts both).
    fn header_block(&mut self) -> Result<Option<[u8; BLOCK]>, Error> {
        let mut block = [0; BLOCK];
        if fill(&mut self.input)?.is_empty() {
            return Ok(None);
        }
        self.exact(&mut block)?;
        if block.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        header::check_sum(&block).map_err(|what| self.broken(&what))?;
        Ok(Some(block))
    }

    fn exact(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.input.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.broken("the archive ends inside or after it"),
            _ => Error::Io(error),
        })
    }

    fn take_vec(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        let mut content = Vec::new();
        let read = self.input.by_ref().take(size).read_to_end(&mut content).map_err(Error::Io)?;
        if read as u64 == size { Ok(content) } else { Err(self.broken("the archive ends inside or after it")) }
    }

    fn skip(&mut self, mut n: u64) -> Result<(), Error> {
        while n > 0 {
            let available = fill(&mut self.input)?.len();
            if available == 0 {
                return Err(self.broken("the archive ends inside it"));
            }
            let step = available.min(usize::try_from(n).unwrap_or(usize::MAX));
            self.input.consume(step);
            n -= step as u64;
        }
        Ok(())
    }

    /// Skips the current padding. It may be missing where the stream ends.
    fn skip_padding(&mut self) -> Result<(), Error> {
        while self.padding > 0 {
            let available = fill(&mut self.input)?.len();
            if available == 0 {
                self.padding = 0;
                return Ok(());
            }
            let step = available.min(usize::try_from(self.padding).unwrap_or(usize::MAX));
            self.input.consume(step);
            self.padding -= step as u64;
        }
        Ok(())
    }

    fn broken(&self, what: &str) -> Error {
        Error::Broken { entry: self.name.clone(), what: what.to_owned() }
    }
}

fn fill<R: BufRead>(input: &mut R) -> Result<&[u8], Error> {
    // A reader interrupted by a signal is asked again, as `read_exact` does.
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Io(error)),
        }
    }
    input.fill_buf().map_err(Error::Io)
}

fn padding_of(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}
