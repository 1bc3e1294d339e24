//! Operating system and CPU of an image (OCI image index, "platform"), and which of an index fits a host.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an image runs on, in Go's names as OCI uses them: `linux`, `amd64`, `arm64`, variant `v8`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system.
    #[serde(default)]
    pub os: String,
    /// The CPU architecture.
    #[serde(default)]
    pub architecture: String,
    /// The CPU's variant, where the architecture has some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Linux on `architecture` (`amd64` or `arm64`).
    pub fn linux(architecture: &str) -> Self {
        Self { os: "linux".to_owned(), architecture: architecture.to_owned(), variant: None }
    }

    /// This program's own platform.
    pub fn host() -> Self {
        match std::env::consts::ARCH {
            "x86_64" => Self::linux("amd64"),
            "aarch64" => Self::linux("arm64"),
            other => Self::linux(other),
        }
    }

    /// True when an image for `image` runs here. `arm64` and `arm64/v8` are the same, `amd64` and `amd64/v1` too.
    pub fn accepts(&self, image: &Self) -> bool {
        self.os == image.os && self.architecture == image.architecture && self.plain_variant() == image.plain_variant()
    }

    fn plain_variant(&self) -> Option<&str> {
        match (self.architecture.as_str(), self.variant.as_deref()) {
            ("amd64", Some("v1")) | ("arm64", Some("v8")) | (_, Some("")) => None,
            (_, variant) => variant,
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}
