//! The pull side of the OCI distribution spec v1.1 over the mirror, as answers to be sent by whoever serves HTTP.
//!
//! A repository's name has the registry's host as its first component: `/v2/docker.io/library/nginx/manifests/latest`.
//!
//! Absent on purpose: push, delete, referrers and the catalog; they answer `UNSUPPORTED`.

mod route;

use super::{Mirror, Names, Tagged};
use crate::answer::{self, Answer, Body, accepts, bytes, identity};
use crate::digest::Digest;
use crate::files;
use crate::manifest::MANIFEST_MAX;
use crate::reference::Reference;
use route::Route;
use serde_json::json;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// An error of the spec: status, code and message.
type Refusal = (u16, &'static str, String);

/// Why something is not answered.
enum Failure {
    Refused(Refusal),
    Io(io::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

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
        Handler { mirror, names: mirror.names().clone(), header }.route(path)
    } else {
        let message = format!("{method} is not supported: the mirror is filled by `neargate image load`");
        Err((405, "UNSUPPORTED", message).into())
    };
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(Failure::Refused(refusal)) => refuse(&refusal),
        Err(Failure::Io(error)) => return Err(error),
    };
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

struct Handler<'a> {
    mirror: &'a Mirror,
    names: Names,
    header: &'a dyn Fn(&str) -> Option<String>,
}

impl Handler<'_> {
    fn route(&self, path: &str) -> Result<Answer, Failure> {
        match Route::parse(path)? {
            Route::Version => Ok(bytes(200, "application/json", b"{}".to_vec())),
            Route::Manifest { name, target } => self.manifest(&name, &target),
            Route::Blob { name, digest } => self.blob(&name, &digest),
            Route::Tags { name, limit, last } => Ok(self.tags(&name, limit, last.as_deref())?),
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

    fn manifest(&self, name: &str, target: &str) -> Result<Answer, Failure> {
        let (digest, media_type) = self.find_manifest(name, target)?;
        if let Some(accept) = (self.header)("accept")
            && !accepts(&accept, &media_type)
        {
            let message = format!("{name}:{target} is {media_type}, which the request does not accept");
            return Err((404, "MANIFEST_UNKNOWN", message).into());
        }
        if self.is_known(&digest) {
            return Ok(not_modified(&digest));
        }
        let content = files::read(&self.mirror.blob_path(&digest), MANIFEST_MAX)?;
        let content = content.ok_or_else(|| (404, "MANIFEST_UNKNOWN", format!("manifest {digest} is gone")))?;
        let mut answer = bytes(200, &media_type, content);
        answer.headers.extend(identity(&digest));
        Ok(answer)
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

    fn blob(&self, name: &str, digest: &Digest) -> Result<Answer, Failure> {
        let images = self.repository(name)?;
        let unknown = || (404, "BLOB_UNKNOWN", format!("blob {digest} of {name} is not in the mirror"));
        let size = images.iter().find_map(|(_, tagged)| tagged.contents.blob(digest)).ok_or_else(unknown)?;
        if self.is_known(digest) {
            return Ok(not_modified(digest));
        }
        let path = self.mirror.blob_path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown().into()),
            Err(error) => return Err(files::at("open", &path)(error).into()),
        };
        Ok(answer::file(digest, file, size, (self.header)("range").as_deref()))
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

fn not_modified(digest: &Digest) -> Answer {
    Answer { status: 304, headers: identity(digest).into(), body: Body::Bytes(Vec::new()) }
}
