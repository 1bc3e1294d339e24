//! Registries on the internet whose images the region has a mirror of.

use super::Record;
use serde::{Deserialize, Serialize};

/// One registry that some loaded image is named after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MirroredRegistry {
    /// Its host, with the port where the image's name has one.
    pub name: String,
}

impl Record for MirroredRegistry {
    const TABLE: &'static str = "mirrored_registry";
    fn key(&self) -> String {
        self.name.clone()
    }
}
