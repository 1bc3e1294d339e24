//! The pull side of the OCI distribution spec v1.1 over the mirror, as answers to be sent by whoever serves HTTP.
//!
//! A repository's name has the registry's host as its first component: `/v2/docker.io/library/nginx/manifests/latest`.
//!
//! Absent on purpose: push, delete, referrers and the catalog; they answer `UNSUPPORTED`.

pub mod range;
mod route;

use super::{Mirror, Names, Tagged};
use crate::digest::Digest;
use crate::files;
use crate::manifest::MANIFEST_MAX;
use crate::reference::Reference;
use range::Part;
use route::Route;
use serde_json::json;
use std::fs::File;
use std::io;
use std::sync::Arc;

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

/// An error of the spec: status, code and message.
type Refusal = (u16, &'static str, String);

/// Answers one request. `path` may have a query; `header` gives a request header's value by lower-case name.
///
/// # Errors
/// The mirror's files can't be read: answer 500.
pub fn answer(
    mirror: &Mirror,
    method: &str,
    path: &str,
    header: &dyn Fn(&str) -> Option<String>,
) -> io::Result<Answer> {
    let head = method == "HEAD";
    let answer = if head || method == "GET" {
        Handler { mirror, names: mirror.names().clone(), header }.route(path)?
    } else {
        let message = format!("{method} is not supported: the mirror is filled by `neargate image load`");
        Err((405, "UNSUPPORTED", message))
    };
    let mut answer = answer.unwrap_or_else(|refusal| refuse(&refusal));
    answer.headers.push(("docker-distribution-api-version", "registry/2.0".to_owned()));
    if head {
        answer.body = Body::Bytes(Vec::new());
    }
    Ok(answer)
}

fn refuse((status, code, message): &Refusal) -> Answer {
    let body = json!({"errors": [{"code": code, "message": message, "detail": null}]}).to_string();
    let mut answer = bytes(*status, "application/json", body.into_bytes());
    if *status == 405 {
        answer.headers.push(("allow", "GET, HEAD".to_owned()));
    }
    answer
}

/// An answer of bytes.
pub fn bytes(status: u16, content_type: &str, content: Vec<u8>) -> Answer {
    let headers = vec![("content-type", content_type.to_owned()), ("content-length", content.len().to_string())];
    Answer { status, headers, body: Body::Bytes(content) }
}

struct Handler<'a> {
    mirror: &'a Mirror,
    names: Names,
    header: &'a dyn Fn(&str) -> Option<String>,
}

impl Handler<'_> {
    fn route(&self, path: &str) -> io::Result<Result<Answer, Refusal>> {
        let route = match Route::parse(path) {
            Ok(route) => route,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match route {
            Route::Version => Ok(Ok(bytes(200, "application/json", b"{}".to_vec()))),
            Route::Manifest { name, target } => self.manifest(&name, &target),
            Route::Blob { name, digest } => self.blob(&name, &digest),
            Route::Tags { name, limit, last } => Ok(self.tags(&name, limit, last.as_deref())),
        }
    }

    /// The images of a repository, by tag.
    fn repository(&self, name: &str) -> Result<Vec<(&Reference, &Arc<Tagged>)>, Refusal> {
        let found: Vec<_> = self.names.iter().filter(|(reference, _)| reference.name() == name).collect();
        if found.is_empty() {
            return Err((404, "NAME_UNKNOWN", format!("repository {name} is not in the mirror")));
        }
        Ok(found)
    }

    fn manifest(&self, name: &str, target: &str) -> io::Result<Result<Answer, Refusal>> {
        let (digest, media_type) = match self.find_manifest(name, target) {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(accept) = (self.header)("accept")
            && !accepts(&accept, &media_type)
        {
            let message = format!("{name}:{target} is {media_type}, which the request does not accept");
            return Ok(Err((404, "MANIFEST_UNKNOWN", message)));
        }
        if self.is_known(&digest) {
            return Ok(Ok(not_modified(&digest)));
        }
        let path = self.mirror.blob_path(&digest);
        let Some(content) = files::read(&path, MANIFEST_MAX)? else {
            return Ok(Err((404, "MANIFEST_UNKNOWN", format!("manifest {digest} is gone"))));
        };
        let mut answer = bytes(200, &media_type, content);
        answer.headers.extend(identity(&digest));
        Ok(Ok(answer))
    }

    fn find_manifest(&self, name: &str, target: &str) -> Result<(Digest, String), Refusal> {
        let images = self.repository(name)?;
        let unknown = || (404, "MANIFEST_UNKNOWN", format!("manifest {target} of {name} is not in the mirror"));
        if let Ok(digest) = target.parse::<Digest>() {
            let found = images.iter().find_map(|(_, tagged)| tagged.contents.manifest(&digest));
            let (media_type, _) = found.ok_or_else(unknown)?;
            return Ok((digest, media_type.to_owned()));
        }
        let image = images.iter().find(|(reference, _)| reference.tag() == Some(target)).ok_or_else(unknown)?;
        let digest = image.1.descriptor.digest.clone();
        let (media_type, _) = image.1.contents.manifest(&digest).ok_or_else(unknown)?;
        Ok((digest, media_type.to_owned()))
    }

    fn blob(&self, name: &str, digest: &Digest) -> io::Result<Result<Answer, Refusal>> {
        let images = match self.repository(name) {
            Ok(images) => images,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let unknown = || (404, "BLOB_UNKNOWN", format!("blob {digest} of {name} is not in the mirror"));
        let Some(size) = images.iter().find_map(|(_, tagged)| tagged.contents.blob(digest)) else {
            return Ok(Err(unknown()));
        };
        if self.is_known(digest) {
            return Ok(Ok(not_modified(digest)));
        }
        let path = self.mirror.blob_path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Err(unknown())),
            Err(error) => return Err(files::at("open", &path)(error)),
        };
        let part = Part::of((self.header)("range").as_deref(), size);
        Ok(Ok(send_part(digest, file, &part, size)))
    }

    fn tags(&self, name: &str, limit: usize, last: Option<&str>) -> Result<Answer, Refusal> {
        let images = self.repository(name)?;
        let mut tags: Vec<&str> = images.iter().filter_map(|(reference, _)| reference.tag()).collect();
        tags.sort_unstable();
        tags.retain(|tag| last.is_none_or(|last| *tag > last));
        let more = limit < tags.len();
        tags.truncate(limit);
        let body = json!({"name": name, "tags": tags}).to_string();
        let mut answer = bytes(200, "application/json", body.into_bytes());
        if let (true, Some(last)) = (more, tags.last()) {
            answer.headers.push(("link", format!("</v2/{name}/tags/list?n={limit}&last={last}>; rel=\"next\"")));
        }
        Ok(answer)
    }

    /// True when the client has this content already (`If-None-Match`).
    fn is_known(&self, digest: &Digest) -> bool {
        let known = (self.header)("if-none-match").unwrap_or_default();
        known.split(',').any(|tag| tag.trim().trim_matches('"') == digest.to_string())
    }
}

/// The header fields that tell which content an answer has.
pub fn identity(digest: &Digest) -> [(&'static str, String); 2] {
    [("docker-content-digest", digest.to_string()), ("etag", format!("\"{digest}\""))]
}

fn not_modified(digest: &Digest) -> Answer {
    Answer { status: 304, headers: identity(digest).into(), body: Body::Bytes(Vec::new()) }
}

/// An answer of a part of a file. `size` is the whole file's.
pub fn send_part(digest: &Digest, file: File, part: &Part, size: u64) -> Answer {
    let (status, offset, length, range) = match *part {
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
