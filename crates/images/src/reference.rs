//! Image references as Docker and containerd read them: `nginx` is `docker.io/library/nginx:latest`.
//!
//! The grammar is the one of the `distribution/reference` specification; the error texts are those its
//! users know, because they end up in a task's `stoppedReason`. Pure: no I/O.

mod grammar;

use crate::digest::Digest;
use std::fmt;

/// The registry a name without one means.
pub const DEFAULT_REGISTRY: &str = "docker.io";
/// The tag a reference without tag and digest means.
pub const DEFAULT_TAG: &str = "latest";
/// The longest repository name (without registry), in bytes; from the reference grammar.
const NAME_MAX: usize = 255;
/// No reference is longer: registry (253 and a port), name, tag, digest. Bounds the work on hostile input.
const TOTAL_MAX: usize = 1024;

/// A complete image reference: registry, repository, and a tag or a digest (or both).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference. `Display` is the text Docker shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It does not follow the grammar.
    Format,
    /// The repository has upper-case letters. Holds the repository as written.
    Uppercase(String),
    /// It is 64 hexadecimal digits, which would be mistaken for an image id.
    LooksLikeId(String),
    /// The repository is longer than 255 bytes.
    TooLong,
    /// The digest names an algorithm other than sha256.
    UnsupportedDigest,
    /// The digest has the wrong number of digits.
    DigestLength,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => f.write_str("invalid reference format"),
            Self::Uppercase(name) => write!(f, "invalid reference format: repository name ({name}) must be lowercase"),
            Self::LooksLikeId(name) => {
                write!(f, "invalid repository name ({name}), cannot specify 64-byte hexadecimal strings")
            }
            Self::TooLong => write!(f, "repository name must not be more than {NAME_MAX} characters"),
            Self::UnsupportedDigest => f.write_str("unsupported digest algorithm"),
            Self::DigestLength => f.write_str("invalid checksum digest length"),
        }
    }
}

impl std::error::Error for ParseError {}

impl Reference {
    /// Reads a reference as Docker does, adding the default registry, `library/` and the tag `latest`.
    ///
    /// # Errors
    /// [`ParseError`], with Docker's own text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > TOTAL_MAX {
            return Err(ParseError::Format);
        }
        if grammar::is_image_id(text) {
            return Err(ParseError::LooksLikeId(text.to_owned()));
        }
        let (registry, rest) = split_registry(text);
        let name = rest.split_once(':').map_or(rest, |(name, _)| name);
        if name.chars().any(char::is_uppercase) {
            return Err(ParseError::Uppercase(name.to_owned()));
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !grammar::is_registry(&registry) || !grammar::is_repository(repository) || !tag.is_none_or(grammar::is_tag) {
            return Err(ParseError::Format);
        }
        if repository.len() > NAME_MAX {
            return Err(ParseError::TooLong);
        }
        let repository = match registry.as_str() {
            DEFAULT_REGISTRY if !repository.contains('/') => format!("library/{repository}"),
            _ => repository.to_owned(),
        };
        let tag = tag.map(str::to_owned);
        let tag = tag.or_else(|| digest.is_none().then(|| DEFAULT_TAG.to_owned()));
        Ok(Self { registry, repository, tag, digest })
    }

    /// The registry's host and port: `docker.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Registry and repository: `docker.io/library/nginx`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The tag, if it has one; always there without a digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if the reference pins one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What a registry is asked for: the digest where there is one, else the tag.
    pub fn target(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.clone().unwrap_or_else(|| DEFAULT_TAG.to_owned()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Reference {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// The part before the first `/` is a registry if it could not be a repository's first component.
fn split_registry(text: &str) -> (String, &str) {
    let (registry, rest) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || has_uppercase(first) => {
            (first, rest)
        }
        _ => (DEFAULT_REGISTRY, text),
    };
    let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
    (registry.to_owned(), rest)
}

fn has_uppercase(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

fn parse_digest(text: &str) -> Result<Digest, ParseError> {
    let (algorithm, hex) = text.split_once(':').ok_or(ParseError::Format)?;
    if !grammar::is_digest_algorithm(algorithm) || hex.len() < 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ParseError::Format);
    }
    if algorithm != "sha256" {
        return Err(ParseError::UnsupportedDigest);
    }
    if hex.len() != 64 {
        return Err(ParseError::DigestLength);
    }
    text.parse().map_err(|_| ParseError::Format)
}
