//! A small writer of OCI image archives, for images made of a few files: the demonstration's, tests' and benchmarks'.
//!
//! The same input gives the same bytes: times are 1970, owners root unless given, no names of users.
//!
//! Absent on purpose: Dockerfiles, and anything that runs while building.

mod layer;

pub use layer::{File, Layer};

use crate::compression::Compression;
use crate::digest::Digest;
use crate::manifest::{
    Config, Descriptor, Index, LAYOUT, Manifest, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, REF_NAME, RootFs, RunConfig,
};
use crate::platform::Platform;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// One image, built step by step, then written as an archive.
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    name: Option<String>,
    platform: Platform,
    config: RunConfig,
    compression: Compression,
    layers: Vec<Layer>,
}

impl ImageBuilder {
    /// An image without layers for `platform`; its layers are compressed with gzip.
    pub fn new(platform: Platform) -> Self {
        let compression = Compression::Gzip;
        Self { name: None, platform, config: RunConfig::default(), compression, layers: Vec::new() }
    }

    /// The name the archive says the image has.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Adds a layer on top.
    #[must_use]
    pub fn layer(mut self, files: impl IntoIterator<Item = File>) -> Self {
        self.layers.push(Layer::new(files));
        self
    }

    /// How the layers are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The program and its first arguments.
    #[must_use]
    pub fn entrypoint(mut self, words: &[&str]) -> Self {
        self.config.entrypoint = words.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// The default command.
    #[must_use]
    pub fn cmd(mut self, words: &[&str]) -> Self {
        self.config.cmd = words.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.config.env.push(format!("{name}={value}"));
        self
    }

    /// The rest of how to run it: user, working directory, volumes, ports, stop signal.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut RunConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Writes the image as a tar of an OCI image layout.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, output: impl Write) -> io::Result<()> {
        write_all(std::slice::from_ref(self), output)
    }
}

/// Writes several images into one archive, each under its name.
///
/// # Errors
/// The writer's.
pub fn write_all(images: &[ImageBuilder], output: impl Write) -> io::Result<()> {
    let mut blobs = Blobs::default();
    let manifests = images.iter().map(|image| {
        let manifest = blobs.image(image)?;
        Ok(Descriptor { annotations: annotations(image.name.as_deref()), ..manifest })
    });
    let manifests = manifests.collect::<io::Result<_>>()?;
    blobs.write(manifests, output)
}

/// Writes one image for several platforms: an index with one entry each, under `name`.
///
/// # Errors
/// The writer's.
pub fn write_index(name: Option<&str>, images: &[ImageBuilder], output: impl Write) -> io::Result<()> {
    let mut blobs = Blobs::default();
    let manifests = images.iter().map(|image| {
        let manifest = blobs.image(image)?;
        Ok(Descriptor { platform: Some(image.platform.clone()), ..manifest })
    });
    let manifests = manifests.collect::<io::Result<_>>()?;
    let index = Index { schema_version: 2, media_type: Some(OCI_INDEX.to_owned()), manifests };
    let index = Descriptor { annotations: annotations(name), ..blobs.document(OCI_INDEX, &index)? };
    blobs.write(vec![index], output)
}

fn annotations(name: Option<&str>) -> BTreeMap<String, String> {
    name.map(|name| (REF_NAME.to_owned(), name.to_owned())).into_iter().collect()
}

/// The archive's blobs, in order of their digest.
#[derive(Default)]
struct Blobs(BTreeMap<Digest, Vec<u8>>);

impl Blobs {
    fn image(&mut self, image: &ImageBuilder) -> io::Result<Descriptor> {
        let (mut layers, mut diff_ids) = (Vec::new(), Vec::new());
        for layer in &image.layers {
            let tar = layer.tar()?;
            diff_ids.push(Digest::of(&tar));
            let content = compress(tar, image.compression)?;
            layers.push(self.add(&image.compression.media_type(), content));
        }
        let rootfs = RootFs { kind: "layers".to_owned(), diff_ids };
        let config = Config { platform: image.platform.clone(), config: image.config.clone(), rootfs };
        let config = self.document(OCI_CONFIG, &config)?;
        let media_type = Some(OCI_MANIFEST.to_owned());
        self.document(OCI_MANIFEST, &Manifest { schema_version: 2, media_type, config, layers })
    }

    fn document(&mut self, media_type: &str, document: &impl Serialize) -> io::Result<Descriptor> {
        Ok(self.add(media_type, serde_json::to_vec(document)?))
    }

    fn add(&mut self, media_type: &str, content: Vec<u8>) -> Descriptor {
        let (digest, size) = (Digest::of(&content), content.len() as u64);
        self.0.insert(digest.clone(), content);
        Descriptor::new(media_type, digest, size)
    }

    fn write(self, manifests: Vec<Descriptor>, output: impl Write) -> io::Result<()> {
        let index = Index { schema_version: 2, media_type: Some(OCI_INDEX.to_owned()), manifests };
        let mut tar = tar::Builder::new(output);
        let mut add = |path: &str, content: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, content)
        };
        add("oci-layout", LAYOUT.as_bytes())?;
        add("index.json", &serde_json::to_vec(&index)?)?;
        for (digest, content) in &self.0 {
            add(&format!("blobs/sha256/{}", digest.hex()), content)?;
        }
        tar.into_inner()?.flush()
    }
}

fn compress(tar: Vec<u8>, compression: Compression) -> io::Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(tar),
        Compression::Gzip => {
            let mut encoder = flate2::GzBuilder::new().mtime(0).write(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(&tar)?;
            encoder.finish()
        }
        Compression::Zstd => zstd::encode_all(tar.as_slice(), 3),
    }
}
