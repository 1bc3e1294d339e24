//! Contents in chunks of S3's own, `aws-chunked` ("Signature calculations for the authorization header: Transferring payload in multiple
//! chunks", Amazon S3 API Reference). Signatures of chunks are not looked at, as those of requests are not.

/// The longest line between chunks: a length and a signature, or a trailer.
const LINE: usize = 1024;
/// The most trailers: one is a checksum, one a signature.
const TRAILERS: usize = 16;

/// A content that is being taken apart.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    state: State,
    line: Vec<u8>,
    trailers: Vec<(String, String)>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the line that begins a chunk.
    #[default]
    Head,
    /// So many bytes of a chunk are still to come.
    Data(u64),
    /// In the line's end behind a chunk.
    Behind,
    /// In the trailers.
    Trailers,
    Over,
}

impl Chunks {
    /// Takes some bytes and appends what of them is content. None for what is no such content.
    pub(super) fn take(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
        while !bytes.is_empty() {
            if let State::Data(left) = self.state {
                let some = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let (data, rest) = bytes.split_at_checked(some)?;
                out.extend_from_slice(data);
                bytes = rest;
                self.state = if left == some as u64 { State::Behind } else { State::Data(left - some as u64) };
                continue;
            }
            let (byte, rest) = bytes.split_first()?;
            bytes = rest;
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    self.ends(line.strip_suffix(b"\r").unwrap_or(&line))?;
                }
                _ if self.line.len() < LINE => self.line.push(*byte),
                _ => return None,
            }
        }
        Some(())
    }

    fn ends(&mut self, line: &[u8]) -> Option<()> {
        let line = std::str::from_utf8(line).ok()?;
        self.state = match self.state {
            State::Head => {
                let digits = line.split(';').next()?.trim();
                match u64::from_str_radix(digits, 16).ok()? {
                    0 => State::Trailers,
                    length => State::Data(length),
                }
            }
            State::Behind if line.is_empty() => State::Head,
            State::Trailers if line.is_empty() => State::Over,
            State::Trailers if self.trailers.len() < TRAILERS => {
                let (name, value) = line.split_once(':')?;
                self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                State::Trailers
            }
            State::Behind | State::Trailers | State::Over | State::Data(_) => return None,
        };
        Some(())
    }

    /// Whether nothing is missing. The empty line behind the last chunk is not missed: some clients leave it out.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Trailers | State::Over) && self.line.is_empty()
    }

    /// A trailer's value.
    pub(super) fn trailer(&self, name: &str) -> Option<&str> {
        self.trailers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_in_pieces_of_any_size() {
        let text = b"5;chunk-signature=ab\r\nhello\r\n3\r\n, w\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
        for size in [1, 2, 7, text.len()] {
            let (mut chunks, mut out) = (Chunks::default(), Vec::new());
            for piece in text.chunks(size) {
                chunks.take(piece, &mut out).unwrap();
            }
            assert_eq!((out.as_slice(), chunks.is_over()), (&b"hello, w"[..], true));
            assert_eq!(chunks.trailer("x-amz-checksum-crc32"), Some("AAAAAA=="));
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for wrong in [&b"x\r\n"[..], b"1\r\nab\r\n", b"0\r\n\r\nmore\r\n", &[b'1'; LINE + 1]] {
            assert_eq!(Chunks::default().take(wrong, &mut Vec::new()), None, "{wrong:?}");
        }
        let trailers = format!("0\r\n{}", "a:b\r\n".repeat(TRAILERS + 1));
        assert_eq!(Chunks::default().take(trailers.as_bytes(), &mut Vec::new()), None, "trailers without end");
    }
}
