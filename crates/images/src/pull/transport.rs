//! What a pull needs from whoever speaks HTTP for it.

use crate::reference::{DEFAULT_REGISTRY, Reference};
use std::fmt;
use std::io::{self, Read};

/// The request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Headers only.
    Head,
    /// Headers and content.
    Get,
}

/// One request to a registry (OCI distribution spec, "Pull").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// GET or HEAD.
    pub method: Method,
    /// The registry as the reference names it: `docker.io`, `localhost:5000`.
    pub registry: String,
    /// The path at that registry: `/v2/library/nginx/manifests/latest`.
    pub path: String,
    /// The media types to send as `Accept`; none for blobs.
    pub accept: &'static [&'static str],
    /// Ask for the content from this byte on (`Range: bytes=N-`).
    pub from: Option<u64>,
}

impl Request {
    /// A request about a manifest; `target` is a tag or a digest.
    pub fn manifest(method: Method, reference: &Reference, target: &str) -> Self {
        let path = format!("/v2/{}/manifests/{target}", reference.repository());
        let registry = reference.registry().to_owned();
        Self { method, registry, path, accept: &crate::manifest::MANIFESTS, from: None }
    }

    /// A request for a blob.
    pub fn blob(reference: &Reference, digest: &crate::digest::Digest) -> Self {
        let path = format!("/v2/{}/blobs/{digest}", reference.repository());
        Self { method: Method::Get, registry: reference.registry().to_owned(), path, accept: &[], from: None }
    }

    /// The path at the region's mirror, where the registry is the name's first component.
    pub fn mirror_path(&self) -> String {
        let rest = self.path.strip_prefix("/v2/").unwrap_or(&self.path);
        format!("/v2/{}/{rest}", self.registry)
    }

    /// The URL as error texts show it. Docker Hub answers at another host than its name.
    pub fn url(&self) -> String {
        let host = if self.registry == DEFAULT_REGISTRY { "registry-1.docker.io" } else { &self.registry };
        format!("https://{host}{}", self.path)
    }
}

/// The answer's head and its content as a stream.
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The content; empty for HEAD.
    pub body: Box<dyn Read + Send>,
}

impl Response {
    /// A header's value, whatever its name's case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("headers", &self.headers).finish_non_exhaustive()
    }
}

/// Why a registry could not be told who asks, in containerd's words; found inside the error of a [`Transport`].
#[derive(Debug)]
pub struct AuthorizationFailed {
    /// What went wrong.
    pub why: String,
    /// Whether that is somebody's answer, which asking again would not better.
    pub refused: bool,
}

impl fmt::Display for AuthorizationFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to authorize: {}", self.why)
    }
}
impl std::error::Error for AuthorizationFailed {}

/// Why a request failed at a URL that the registry had sent it on to; found inside the error of a [`Transport`].
#[derive(Debug)]
pub struct Redirected {
    /// The URL, without what is secret in it.
    pub url: String,
    /// What went wrong there.
    pub why: String,
}

impl fmt::Display for Redirected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}
impl std::error::Error for Redirected {}

/// Sends requests. Used from several threads at once; sets its own time limits.
pub trait Transport: Send + Sync {
    /// Sends one request and returns when the answer's head is there, whatever its status.
    ///
    /// # Errors
    /// No answer came, [`AuthorizationFailed`] or [`Redirected`]. The text ends up in the task's reason: `dial tcp 203.0.113.5:443: i/o
    /// timeout`. Of the kind `ConnectionAborted`, here and in a body, it means that nobody wants the image any more: nothing is tried again.
    fn send(&self, request: &Request) -> io::Result<Response>;
}
