//! Blobs over a transport: repeated when the registry fails, continued where a connection broke.

use super::error::{no_answer, status_text};
use super::transport::{AuthorizationFailed, Request, Response};
use super::{PullError, Source};
use crate::digest::Digest;
use crate::manifest::Descriptor;
use std::io::{self, Read};

/// Sends until there is an answer that repeating would not better, nobody wants one any more, or the tries are used up. Also tells the
/// tries.
pub(super) fn send(source: &Source<'_>, request: &Request) -> (io::Result<Response>, u32) {
    let mut pause = source.bounds.pause;
    let mut tries = 1;
    loop {
        let answer = source.transport.send(request);
        let passing = match &answer {
            Ok(response) => response.status >= 500 || response.status == 429,
            Err(error) => !given_up(error) && !refused(error),
        };
        if !passing || tries >= source.bounds.tries {
            return (answer, tries);
        }
        std::thread::sleep(pause);
        pause *= 2;
        tries += 1;
    }
}

/// Whether a token was refused.
fn refused(error: &io::Error) -> bool {
    let failed = error.get_ref().and_then(|inner| inner.downcast_ref::<AuthorizationFailed>());
    failed.is_some_and(|failed| failed.refused)
}

/// Whether whoever wanted the image does not want it any more.
fn given_up(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionAborted
}

pub(super) fn wrong_digest(what: &str, got: &Digest, expected: &Digest) -> PullError {
    let what = format!(
        "failed commit on ref \"{what}-{expected}\": unexpected commit digest {got}, expected {expected}: failed precondition"
    );
    PullError::Copy { tries: 1, what }
}

pub(super) fn wrong_size(what: &str, got: u64, descriptor: &Descriptor) -> PullError {
    let Descriptor { digest, size, .. } = descriptor;
    let what = format!(
        "failed commit on ref \"{what}-{digest}\": unexpected commit size {got}, expected {size}: failed precondition"
    );
    PullError::Copy { tries: 1, what }
}

/// A blob small enough for memory, verified.
pub(super) fn small_blob(source: &Source<'_>, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, PullError> {
    if descriptor.size > limit {
        let what = format!("{} has {} bytes; the limit is {limit}", descriptor.digest, descriptor.size);
        return Err(PullError::Copy { tries: 1, what });
    }
    let mut content = Vec::new();
    let mut blob = Blob::new(source, descriptor);
    blob.read_to_end(&mut content).map_err(into_pull_error)?;
    if content.len() as u64 != descriptor.size {
        return Err(wrong_size("config", content.len() as u64, descriptor));
    }
    let got = Digest::of(&content);
    if got != descriptor.digest { Err(wrong_digest("config", &got, &descriptor.digest)) } else { Ok(content) }
}

/// The pull error a [`Blob`] failed with, out of the I/O error it travelled in.
pub(super) fn into_pull_error(error: io::Error) -> PullError {
    let text = error.to_string();
    error.downcast::<PullError>().unwrap_or(PullError::Copy { tries: 1, what: text })
}

/// A blob's bytes: at most one more than its descriptor says. Not verified.
pub(super) struct Blob<'a> {
    source: &'a Source<'a>,
    descriptor: &'a Descriptor,
    body: Option<Box<dyn Read + Send>>,
    done: u64,
    tries: u32,
}

impl<'a> Blob<'a> {
    pub(super) fn new(source: &'a Source<'a>, descriptor: &'a Descriptor) -> Self {
        Self { source, descriptor, body: None, done: 0, tries: 0 }
    }

    /// Opens the blob from where reading stopped.
    fn open(&mut self) -> Result<Box<dyn Read + Send>, PullError> {
        let from = (self.done > 0).then_some(self.done);
        let request = Request { from, ..Request::blob(self.source.reference, &self.descriptor.digest) };
        let (answer, tries) = send(self.source, &request);
        self.tries += 1;
        let tries = tries.max(self.tries);
        let failed = |what: String| PullError::Copy { tries, what: format!("httpReaderSeeker: failed open: {what}") };
        let response = answer.map_err(|e| failed(no_answer(&request, &e)))?;
        match (response.status, from) {
            (206, Some(from)) if starts_at(&response, from) => Ok(response.body),
            (200, None) => Ok(response.body),
            // A registry may ignore the range and send everything.
            (200, Some(from)) => {
                let mut body = response.body;
                io::copy(&mut body.by_ref().take(from), &mut io::sink()).map_err(|e| failed(e.to_string()))?;
                Ok(body)
            }
            (206, _) => Err(failed("the registry sent another range than asked for".to_owned())),
            (status, _) => Err(failed(format!("unexpected status code {}: {}", request.url(), status_text(status)))),
        }
    }
}

fn starts_at(response: &Response, from: u64) -> bool {
    let range = response.header("content-range").and_then(|value| value.trim().strip_prefix("bytes "));
    range.and_then(|range| range.split_once('-')).is_some_and(|(start, _)| start.trim().parse() == Ok(from))
}

impl Read for Blob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.descriptor.size;
        let limit = usize::try_from(size.saturating_add(1) - self.done.min(size)).unwrap_or(usize::MAX);
        let limit = limit.min(buffer.len());
        let buffer = buffer.get_mut(..limit).unwrap_or_default();
        if buffer.is_empty() || self.done > size {
            return Ok(0);
        }
        loop {
            let body = match &mut self.body {
                Some(body) => body,
                None => {
                    let body = self.open().map_err(io::Error::other)?;
                    self.body.insert(body)
                }
            };
            let failure = match body.read(buffer) {
                Ok(0) if self.done < size => io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected EOF"),
                Ok(n) => {
                    self.done += n as u64;
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            self.body = None;
            if self.tries >= self.source.bounds.tries || given_up(&failure) {
                let what = format!("after {} of {size} bytes of {}: {failure}", self.done, self.descriptor.digest);
                return Err(io::Error::other(PullError::Copy { tries: self.tries, what }));
            }
        }
    }
}
