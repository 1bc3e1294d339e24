//! A request's path, read (OCI distribution specification, "Endpoints").

use super::Refusal;
use ::images::digest::Digest;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// `/v2/`
    Version,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags { name: String },
    /// `/v2/<name>/referrers/<digest>`
    Referrers { name: String, digest: Digest },
    /// `/v2/<name>/manifests/<tag or digest>`
    Manifest { name: String, target: String },
    /// `/v2/<name>/blobs/<digest>`
    Blob { name: String, digest: Digest },
    /// `/v2/<name>/blobs/uploads/`
    Uploads { name: String },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload { name: String, id: String },
}

impl Route {
    pub(super) fn parse(path: &str) -> Result<Self, Refusal> {
        let unknown = || Refusal::new(404, "UNSUPPORTED", format!("{path} is not part of the API."));
        let rest = path.strip_prefix("/v2").ok_or_else(unknown)?;
        match rest {
            "" | "/" => return Ok(Self::Version),
            "/_catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        let rest = rest.strip_prefix('/').ok_or_else(unknown)?;
        let rest = rest
            .strip_suffix("/blobs/uploads")
            .map_or_else(|| rest.to_owned(), |name| format!("{name}/blobs/uploads/"));
        let mut parts = rest.rsplitn(4, '/');
        let (Some(last), Some(kind), Some(before)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(unknown());
        };
        let first = parts.next();
        if (before, kind) == ("blobs", "uploads") {
            let name = name(first.ok_or_else(unknown)?)?;
            return Ok(match last {
                "" => Self::Uploads { name },
                id => Self::Upload { name, id: id.to_owned() },
            });
        }
        let full = first.map_or_else(|| before.to_owned(), |first| format!("{first}/{before}"));
        match (kind, last) {
            ("tags", "list") => Ok(Self::Tags { name: name(&full)? }),
            ("manifests", target) if !target.is_empty() => {
                Ok(Self::Manifest { name: name(&full)?, target: target.to_owned() })
            }
            ("blobs", text) => Ok(Self::Blob { name: name(&full)?, digest: text.parse()? }),
            ("referrers", text) => Ok(Self::Referrers { name: name(&full)?, digest: text.parse()? }),
            _ => Err(unknown()),
        }
    }
}

/// A name that a repository can have: two to 256 characters.
fn name(text: &str) -> Result<String, Refusal> {
    match control::ecr::repositories::is_name(text) && (2..=256).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err(Refusal::new(400, "NAME_INVALID", format!("{text:?} is no name of a repository."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> Option<Route> {
        Route::parse(path).ok()
    }

    #[test]
    fn names_may_have_slashes_and_words_of_the_api_in_them() {
        let name = || "team/blobs/uploads".to_owned();
        let digest = Digest::of(b"");
        assert_eq!(route("/v2"), Some(Route::Version));
        assert_eq!(route("/v2/_catalog"), Some(Route::Catalog));
        assert_eq!(route("/v2/team/blobs/uploads/tags/list"), Some(Route::Tags { name: name() }));
        assert_eq!(
            route("/v2/team/blobs/uploads/manifests/v1"),
            Some(Route::Manifest { name: name(), target: "v1".to_owned() })
        );
        assert_eq!(route("/v2/app/blobs/uploads/"), Some(Route::Uploads { name: "app".to_owned() }));
        assert_eq!(route("/v2/app/blobs/uploads"), Some(Route::Uploads { name: "app".to_owned() }));
        assert_eq!(
            route("/v2/a/b/c/blobs/uploads/1"),
            Some(Route::Upload { name: "a/b/c".to_owned(), id: "1".to_owned() })
        );
        assert_eq!(route(&format!("/v2/app/blobs/{digest}")), Some(Route::Blob { name: "app".to_owned(), digest }));
    }

    #[test]
    fn what_is_no_path_of_the_api_is_refused() {
        for path in [
            "/v1/",
            "/v2/app",
            "/v2/app/x/y",
            "/v2/APP/tags/list",
            "/v2/../x/tags/list",
            "/v2/app/blobs/sha256:1",
            "/v2/app/manifests/",
        ] {
            assert_eq!(route(path), None, "{path}");
        }
    }
}
