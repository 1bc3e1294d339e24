//! Why an image can't be pulled, in AWS's words (Amazon ECS Developer Guide, "CannotPullContainer task errors", and
//! containerd's texts, which Fargate passes on).

use super::transport::{AuthorizationFailed, Method, Redirected, Request};
use crate::digest::Digest;
use crate::files;
use crate::platform::Platform;
use crate::reference::Reference;
use crate::unpack::{self, plain_errno};
use std::fmt;
use std::io;

/// Why an image can't be pulled.
#[derive(Debug)]
pub enum PullError {
    /// The registry has no such name, tag or digest.
    NotFound {
        /// What was asked for.
        reference: String,
    },
    /// Resolving failed: no answer, or one that is no image.
    Resolve {
        /// What was asked for.
        reference: String,
        /// Tries made.
        tries: u32,
        /// The last failure.
        what: String,
    },
    /// The index has no image for the platform.
    Platform {
        /// The host's platform.
        platform: Platform,
    },
    /// Manifest and configuration disagree about the number of layers.
    LayerCount {
        /// In the manifest.
        layers: usize,
        /// In the configuration.
        diff_ids: usize,
    },
    /// A blob can't be downloaded, or is not what its digest says.
    Copy {
        /// Tries made.
        tries: u32,
        /// The last failure.
        what: String,
    },
    /// A layer can't be unpacked.
    Extract {
        /// The layer, uncompressed.
        diff_id: Digest,
        /// Why; names the entry.
        error: unpack::Error,
    },
    /// A layer is not what the configuration says.
    DiffId {
        /// The layer the configuration names.
        diff_id: Digest,
        /// What came.
        got: Digest,
    },
    /// A layer is larger than allowed.
    TooLarge {
        /// The layer, uncompressed.
        diff_id: Digest,
        /// Which limit.
        what: String,
    },
    /// A layer has no room on the host's disk.
    Full {
        /// The layer, uncompressed.
        diff_id: Digest,
        /// How much room there is.
        error: io::Error,
    },
    /// The host's store failed.
    Store(io::Error),
}

impl PullError {
    /// The text for the container's `reason` and the task's `stoppedReason`, as AWS shows it.
    pub fn reason(&self) -> String {
        format!("CannotPullContainerError: {self}")
    }

    /// True when the host's disk is full: freeing space and pulling again may help.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Extract { error, .. } => error.is_full(),
            Self::Full { error, .. } | Self::Store(error) => disk::is_full(error),
            _ => false,
        }
    }

    pub(super) fn no_answer(reference: &Reference, tries: u32, request: &Request, error: &io::Error) -> Self {
        Self::Resolve { reference: reference.to_string(), tries, what: no_answer(request, error) }
    }

    pub(super) fn status(reference: &Reference, tries: u32, request: &Request, status: u16) -> Self {
        let method = match request.method {
            Method::Head => "HEAD",
            Method::Get => "GET",
        };
        let what = format!("unexpected status from {method} request to {}: {}", request.url(), status_text(status));
        Self::Resolve { reference: reference.to_string(), tries, what }
    }
}

impl fmt::Display for PullError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MANIFEST: &str = "pull image manifest has been retried";
        const LAYERS: &str = "ref pull has been retried";
        match self {
            Self::NotFound { reference } => {
                write!(f, "{MANIFEST} 1 time(s): failed to resolve ref {reference}: {reference}: not found")
            }
            Self::Resolve { reference, tries, what } => {
                write!(f, "{MANIFEST} {tries} time(s): failed to resolve ref {reference}: {what}")
            }
            Self::Platform { platform } => {
                write!(f, "image Manifest does not contain descriptor matching platform '{platform}'")
            }
            Self::LayerCount { layers, diff_ids } => {
                write!(f, "{LAYERS} 1 time(s): number of layers and diffIDs don't match: {layers} != {diff_ids}")
            }
            Self::Copy { tries, what } => write!(f, "{LAYERS} {tries} time(s): failed to copy: {what}"),
            Self::Extract { diff_id, error } => {
                write!(f, "{LAYERS} 1 time(s): failed to extract layer {diff_id}: {error}")
            }
            Self::DiffId { diff_id, got } => write!(
                f,
                "{LAYERS} 1 time(s): failed to extract layer {diff_id}: wrong diff id calculated on extraction \"{got}\""
            ),
            Self::TooLarge { diff_id, what } => {
                write!(f, "{LAYERS} 1 time(s): failed to extract layer {diff_id}: {what}")
            }
            Self::Full { diff_id, error } => {
                write!(f, "{LAYERS} 1 time(s): failed to extract layer {diff_id}: {error}")
            }
            Self::Store(error) => match files::errno_of(error) {
                Some(errno) => write!(f, "{LAYERS} 1 time(s): {}: {}", step_of(error), plain_errno(errno)),
                None => write!(f, "{LAYERS} 1 time(s): {error}"),
            },
        }
    }
}

impl std::error::Error for PullError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Extract { error, .. } => Some(error),
            Self::Full { error, .. } | Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for PullError {
    fn from(error: io::Error) -> Self {
        Self::Store(error)
    }
}

/// What is said of a request that was not answered: by the URL it was last sent to.
pub(super) fn no_answer(request: &Request, error: &io::Error) -> String {
    let method = match request.method {
        Method::Head => "Head",
        Method::Get => "Get",
    };
    let inner = error.get_ref();
    if let Some(failed) = inner.and_then(|inner| inner.downcast_ref::<AuthorizationFailed>()) {
        return failed.to_string();
    }
    let redirected = inner.and_then(|inner| inner.downcast_ref::<Redirected>());
    let url = redirected.map_or_else(|| request.url(), |redirected| redirected.url.clone());
    format!("failed to do request: {method} \"{url}\": {error}")
}

/// The step and its object, without the kernel's text that ends it.
fn step_of(error: &io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(": ").map_or_else(|| text.clone(), |(step, _)| step.to_owned())
}

/// `404 Not Found`, for the statuses registries answer.
pub(super) fn status_text(status: u16) -> String {
    let phrase = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        416 => "Requested Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return status.to_string(),
    };
    format!("{status} {phrase}")
}
