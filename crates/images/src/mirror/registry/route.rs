//! A request's path, read (OCI distribution spec, "Endpoints").

use super::Refusal;
use crate::digest::Digest;
use crate::reference::Reference;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Version,
    /// `/v2/<name>/manifests/<reference>`
    Manifest { name: String, target: String },
    /// `/v2/<name>/blobs/<digest>`
    Blob { name: String, digest: Digest },
    /// `/v2/<name>/tags/list?n=&last=`
    Tags { name: String, limit: usize, last: Option<String> },
}

/// Tags answered at once at most.
const TAGS_MAX: usize = 1000;

impl Route {
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let unsupported = || (404, "UNSUPPORTED", format!("{path} is not supported by the mirror"));
        let rest = path.strip_prefix("/v2").ok_or_else(unsupported)?;
        if rest.is_empty() || rest == "/" {
            return Ok(Self::Version);
        }
        let mut parts = rest.strip_prefix('/').ok_or_else(unsupported)?.rsplitn(3, '/');
        let (Some(target), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(unsupported());
        };
        // The name must be one a reference can have: then it is nothing but a name.
        let known = Reference::parse(&format!("{name}:x")).is_ok_and(|reference| reference.name() == name);
        if !known {
            return Err((400, "NAME_INVALID", format!("{name:?} is no registry and repository")));
        }
        let name = name.to_owned();
        match (kind, target) {
            ("manifests", target) => Ok(Self::Manifest { name, target: target.to_owned() }),
            ("blobs", digest) => match digest.parse() {
                Ok(digest) => Ok(Self::Blob { name, digest }),
                Err(error) => Err((400, "DIGEST_INVALID", format!("{error}"))),
            },
            ("tags", "list") => {
                let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
                let limit = value("n").and_then(|n| n.parse().ok()).unwrap_or(TAGS_MAX).min(TAGS_MAX);
                Ok(Self::Tags { name, limit, last: value("last").map(str::to_owned) })
            }
            _ => Err(unsupported()),
        }
    }
}
