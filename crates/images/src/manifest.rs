//! The JSON documents of an image: descriptor, manifest, index, configuration (OCI image spec v1.1 and Docker's
//! schema 2, which share these members). Reading only; members neargate has no use for are ignored.

use crate::digest::Digest;
use crate::platform::Platform;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// OCI layer: a plain tar. `+gzip` or `+zstd` follow when compressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// Docker image manifest, version 2 schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// The annotation of an image's name in an archive's index (OCI image spec, "Annotations").
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The file `oci-layout` of an OCI image layout.
pub const LAYOUT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// Every media type of manifests and indexes that can be pulled.
pub const MANIFESTS: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/// The longest manifest or index, in bytes (OCI distribution spec: registries accept at least this).
pub const MANIFEST_MAX: u64 = 4 * 1024 * 1024;
/// The longest image configuration, in bytes.
pub const CONFIG_MAX: u64 = 8 * 1024 * 1024;
/// The most layers of an image: overlayfs takes at most 500 lower directories.
pub const LAYERS_MAX: usize = 500;
/// The most entries of an index.
pub const INDEX_MAX: usize = 1000;
/// How deep indexes may hold indexes.
pub const INDEX_DEPTH: usize = 4;

/// A pointer to content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the content is.
    #[serde(default)]
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// In an index: what the image runs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Notes, like the name in an archive.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// A pointer to content, and no more said of it.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self { media_type: media_type.into(), digest, size, platform: None, annotations: BTreeMap::new() }
    }

    /// True when it points to an index (a manifest list) rather than to one image.
    pub fn is_index(&self) -> bool {
        is_index(&self.media_type)
    }

    /// True when it points to a manifest or an index.
    pub fn is_manifest(&self) -> bool {
        MANIFESTS.contains(&self.media_type.as_str())
    }
}

/// Whether a media type is that of an index (a manifest list).
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, OCI_INDEX | DOCKER_LIST)
}

/// One image: its configuration and its layers, lowest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// Its own media type; may be absent in OCI's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, lowest first.
    #[serde(default, deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
}

/// Several images under one name, one a platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// Its own media type; may be absent in OCI's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The images.
    #[serde(default, deserialize_with = "or_default")]
    pub manifests: Vec<Descriptor>,
}

/// A manifest or an index, told apart by content: the one has layers, the other manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Manifest),
    /// Several.
    Index(Index),
}

impl Document {
    /// Reads a manifest or index, and checks its limits.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Shape {
            manifests: Option<serde::de::IgnoredAny>,
            config: Option<serde::de::IgnoredAny>,
        }
        let shape: Shape = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let (document, version) = match shape {
            // A document that can be read as both is a known attack (GHSA-77vh-xpmg-72qh).
            Shape { manifests: Some(_), config: Some(_) } => return Err("it has both manifests and config".to_owned()),
            Shape { manifests: Some(_), .. } => {
                let index: Index = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
                check_count("manifests", index.manifests.len(), INDEX_MAX)?;
                let version = index.schema_version;
                (Self::Index(index), version)
            }
            _ => {
                let manifest: Manifest = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
                check_count("layers", manifest.layers.len(), LAYERS_MAX)?;
                let version = manifest.schema_version;
                (Self::Manifest(manifest), version)
            }
        };
        if version == 2 { Ok(document) } else { Err(format!("schemaVersion {version} is not supported, only 2")) }
    }

    /// The media type the document says it has, or OCI's for its shape.
    pub fn media_type(&self) -> &str {
        match self {
            Self::Manifest(manifest) => manifest.media_type.as_deref().unwrap_or(OCI_MANIFEST),
            Self::Index(index) => index.media_type.as_deref().unwrap_or(OCI_INDEX),
        }
    }
}

/// What a manifest or index says beside its content: what it is an artifact of, and about what (OCI image spec v1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// What it is, where that is not its configuration's media type.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// The manifest it refers to.
    #[serde(default)]
    pub subject: Option<Descriptor>,
    /// Notes.
    #[serde(default, deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
}

impl Artifact {
    /// Reads these members of a manifest or index.
    ///
    /// # Errors
    /// A text that says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }
}

fn check_count(what: &str, count: usize, limit: usize) -> Result<(), String> {
    if count <= limit { Ok(()) } else { Err(format!("it has {count} {what}; the limit is {limit}")) }
}

/// An image's configuration: its platform, how to run it, and the digests of its layers uncompressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// What the image runs on.
    #[serde(flatten)]
    pub platform: Platform,
    /// How to run it.
    #[serde(default, deserialize_with = "or_default")]
    pub config: RunConfig,
    /// The layers.
    pub rootfs: RootFs,
}

/// How to run an image (OCI image configuration, "config"). `HEALTHCHECK` is absent: ECS ignores an image's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RunConfig {
    /// The program and its first arguments; the command follows it.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// The default command.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// `NAME=value` each.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The working directory; empty means `/`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// `user`, `uid`, `user:group`, `uid:gid`; empty means root.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Paths that are volumes.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, serde_json::Value>,
    /// `80/tcp` each.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// The signal that asks it to stop; empty means SIGTERM.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Labels.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// The layers of an image as its configuration knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The digests of the uncompressed layers, lowest first.
    #[serde(default, deserialize_with = "or_default")]
    pub diff_ids: Vec<Digest>,
}

/// Docker writes `null` where OCI leaves a member away.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
