//! Certificates of AWS Certificate Manager, and their private keys.

use super::{Hidden, Record, Tags};
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};

/// An imported certificate ("CertificateDetail", AWS Certificate Manager API Reference). What it says itself is read from it anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The UUID at the end of its ARN.
    pub id: String,
    /// How often it was imported.
    pub version: u64,
    /// Itself, in PEM.
    pub body: String,
    /// What leads from it to its authority, in PEM.
    pub chain: Option<String>,
    /// When it was first imported.
    pub created: Timestamp,
    /// When it was last imported.
    pub imported: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl Record for Certificate {
    const TABLE: &'static str = "acm_certificate";
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// The private key of a certificate. The journal seals it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateKey {
    /// The certificate's id.
    pub id: String,
    /// The key, in PEM.
    pub key: Hidden<String>,
}

impl Record for CertificateKey {
    const TABLE: &'static str = "acm_key";
    const SECRET: bool = true;
    fn key(&self) -> String {
        self.id.clone()
    }
}
