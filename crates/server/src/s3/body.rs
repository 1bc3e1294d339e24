//! Contents as they come, held to what was said of them.

use super::{
    chunked::Chunks,
    put::{algorithm, checksum_name, mismatch},
    request::Request,
    storage,
};
use crate::app::{App, blocking};
use crate::http::hold_body;
use aws::fault::Fault;
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use objects::{Algorithm, Checksum, Draft, draft::Content};
use std::sync::Arc;
use std::time::Duration;

/// The longest object that comes in one piece: 5 GiB.
const LONGEST: u64 = 5 << 30;
/// What is written at once.
const PIECE: usize = 1 << 20;

/// A content that says something, such as a policy, whole.
///
/// # Errors
/// `MaxMessageLengthExceeded`, `RequestTimeout`, `IncompleteBody`, and those of its checksums.
pub(super) async fn small(app: &App, request: &Request, body: Incoming, most: usize) -> Result<Vec<u8>, Fault> {
    let (content, source) = unchecked(app, request, body, most).await?;
    let algorithm = algorithm(request).unwrap_or(Algorithm::Crc64nvme);
    let digest = |algorithm| {
        let mut checksum = Checksum::new(algorithm);
        checksum.update(&content);
        (algorithm, checksum.finish())
    };
    let checksums = vec![digest(algorithm), digest(Algorithm::Sha256)];
    let size = content.len() as u64;
    // MD5 is looked at for objects, where it is the ETag.
    let found = Content { size, md5: String::new(), content_md5: String::new(), checksums };
    check(request, &source, &found, algorithm)?;
    Ok(content)
}

/// The same where checksums in its head are not of what comes.
///
/// # Errors
/// `MaxMessageLengthExceeded`, `RequestTimeout`, `IncompleteBody`.
pub(super) async fn unchecked(
    app: &App,
    request: &Request,
    body: Incoming,
    most: usize,
) -> Result<(Vec<u8>, Source), Fault> {
    let patience = app.config.limits.body_time;
    let (mut source, mut content) = (Source::new(request, body, patience), Vec::new());
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    let _room = hold_body(request.door, length.map_or(most, |length: usize| length.min(most))).await;
    let whole = async {
        loop {
            let is_last = source.more(&mut content).await?;
            if content.len() > most {
                return Err(Fault::new("MaxMessageLengthExceeded", "Your request was too big."));
            }
            if is_last {
                return Ok(());
            }
        }
    };
    // Who has room must not keep it for as long as anything comes.
    tokio::time::timeout(patience, whole).await.unwrap_or_else(|_| Err(late()))?;
    Ok((content, source))
}

/// An object's content, as a draft of it; with the algorithm of the checksum that it came with, or else `otherwise`.
///
/// # Errors
/// `EntityTooLarge`, `MissingContentLength`, `RequestTimeout`, `IncompleteBody`, and those of its checksums.
pub(super) async fn receive(
    app: &Arc<App>,
    request: &Request,
    body: Incoming,
    otherwise: Algorithm,
) -> Result<(Draft, Content, Algorithm), Fault> {
    let length = request.header("x-amz-decoded-content-length").or_else(|| request.header("content-length"));
    let Some(length) = length.and_then(|length| length.parse::<u64>().ok()) else {
        let message = "You must provide the Content-Length HTTP header.";
        return Err(Fault::new("MissingContentLength", message).with_status(411));
    };
    if length > LONGEST {
        let fault = Fault::new("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
        return Err(fault
            .with_field("ProposedSize", length.to_string())
            .with_field("MaxSizeAllowed", LONGEST.to_string()));
    }
    let algorithm = algorithm(request).unwrap_or(otherwise);
    let mut source = Source::new(request, body, app.config.limits.body_time);
    let mut wanted = vec![algorithm];
    if sha256(request).is_some() && algorithm != Algorithm::Sha256 {
        wanted.push(Algorithm::Sha256);
    }
    let shared = app.clone();
    let mut draft = blocking(move || shared.objects.begin(&wanted).map_err(storage)).await?;
    loop {
        let mut piece = Vec::new();
        let is_last = source.more(&mut piece).await?;
        if draft.size() + piece.len() as u64 > length {
            return Err(incomplete());
        }
        draft = blocking(move || draft.append(&piece).map(|()| draft).map_err(storage)).await?;
        if is_last {
            break;
        }
    }
    if draft.size() != length {
        return Err(incomplete());
    }
    let content = draft.content();
    if request.header("content-md5").is_some_and(|md5| md5 != content.content_md5) {
        return Err(Fault::new("BadDigest", "The Content-MD5 you specified did not match what we received."));
    }
    check(request, &source, &content, algorithm)?;
    Ok((draft, content, algorithm))
}

/// The SHA-256 that the request was signed with, if it was signed with one.
fn sha256(request: &Request) -> Option<&str> {
    let is_hash = |value: &&str| value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    request.header("x-amz-content-sha256").filter(is_hash)
}

/// Holds a content to the checksums that came before and behind it.
fn check(request: &Request, source: &Source, content: &Content, algorithm: Algorithm) -> Result<(), Fault> {
    let found =
        |of: Algorithm| content.checksums.iter().find(|(known, _)| *known == of).map(|(_, value)| value.as_str());
    let name = checksum_name(algorithm);
    let said = request.header(&name).or_else(|| source.trailer(&name));
    if said.is_some_and(|said| Some(said) != found(algorithm)) {
        return Err(mismatch(algorithm));
    }
    if let (Some(signed), Some(found)) = (sha256(request), found(Algorithm::Sha256)) {
        let hex: String = STANDARD.decode(found).unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect();
        if !signed.eq_ignore_ascii_case(&hex) {
            let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
            return Err(Fault::new("XAmzContentSHA256Mismatch", message));
        }
    }
    Ok(())
}

fn late() -> Fault {
    let message = "Your socket connection to the server was not read from or written to within the timeout period.";
    Fault::new("RequestTimeout", message)
}

fn incomplete() -> Fault {
    let message = "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    Fault::new("IncompleteBody", message)
}

/// A body with its chunks taken apart, if it comes in S3's own.
pub(super) struct Source {
    body: Incoming,
    chunks: Option<Chunks>,
    patience: Duration,
}

impl Source {
    fn new(request: &Request, body: Incoming, patience: Duration) -> Self {
        let is_chunked = request.header("x-amz-content-sha256").is_some_and(|value| value.starts_with("STREAMING-"));
        Self { body, chunks: is_chunked.then(Chunks::default), patience }
    }

    /// Appends some more, about a piece; answers whether that was the last.
    async fn more(&mut self, out: &mut Vec<u8>) -> Result<bool, Fault> {
        let start = out.len();
        while out.len() - start < PIECE {
            match tokio::time::timeout(self.patience, self.body.frame()).await.map_err(|_| late())? {
                None if self.chunks.as_ref().is_none_or(Chunks::is_over) => return Ok(true),
                None | Some(Err(_)) => return Err(incomplete()),
                Some(Ok(frame)) => {
                    let data = frame.data_ref().map_or(&[][..], |data| data);
                    match &mut self.chunks {
                        None => out.extend_from_slice(data),
                        Some(chunks) => chunks.take(data, out).ok_or_else(incomplete)?,
                    }
                }
            }
        }
        Ok(false)
    }

    /// A trailer's value.
    fn trailer(&self, name: &str) -> Option<&str> {
        self.chunks.as_ref()?.trailer(name)
    }
}
