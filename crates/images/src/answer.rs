//! Answers of a registry (OCI distribution spec v1.1), to be sent by whoever serves HTTP: what the mirror and the region's own registry
//! have in common.

mod range;

use crate::digest::Digest;
pub use range::Part;
use std::fs::File;

/// What to send.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header names (lower case) and values, `content-length` among them.
    pub headers: Vec<(&'static str, String)>,
    /// The content; empty for HEAD.
    pub body: Body,
}

/// An answer's content.
#[derive(Debug)]
pub enum Body {
    /// In memory; at most a manifest's size.
    Bytes(Vec<u8>),
    /// A part of an open file. It stays readable when the image is removed meanwhile.
    File {
        /// The file.
        file: File,
        /// Where the part begins.
        offset: u64,
        /// Its length in bytes.
        length: u64,
    },
}

/// An answer of bytes.
pub fn bytes(status: u16, content_type: &str, content: Vec<u8>) -> Answer {
    let headers = vec![("content-type", content_type.to_owned()), ("content-length", content.len().to_string())];
    Answer { status, headers, body: Body::Bytes(content) }
}

/// An answer without content.
pub fn empty(status: u16, mut headers: Vec<(&'static str, String)>) -> Answer {
    headers.push(("content-length", "0".to_owned()));
    Answer { status, headers, body: Body::Bytes(Vec::new()) }
}

/// The header fields that tell which content an answer has.
pub fn identity(digest: &Digest) -> [(&'static str, String); 2] {
    [("docker-content-digest", digest.to_string()), ("etag", format!("\"{digest}\""))]
}

/// An answer of a file of so many bytes, or of the part of it that a `Range` header asks for.
pub fn file(digest: &Digest, file: File, size: u64, range: Option<&str>) -> Answer {
    let (status, offset, length, range) = match Part::of(range, size) {
        Part::Whole => (200, 0, size, None),
        Part::Range { first, last } => (206, first, last - first + 1, Some(format!("bytes {first}-{last}/{size}"))),
        Part::Outside => (416, 0, 0, Some(format!("bytes */{size}"))),
    };
    let mut headers = vec![
        ("content-type", "application/octet-stream".to_owned()),
        ("content-length", length.to_string()),
        ("accept-ranges", "bytes".to_owned()),
    ];
    headers.extend(identity(digest));
    headers.extend(range.map(|range| ("content-range", range)));
    Answer { status, headers, body: Body::File { file, offset, length } }
}

/// True when an `Accept` header takes the media type (RFC 9110, section 12.5.1; weights other than 0 don't matter).
pub fn accepts(accept: &str, media_type: &str) -> bool {
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        !refused && (name.eq_ignore_ascii_case(media_type) || name == "*/*" || name == "application/*")
    })
}
