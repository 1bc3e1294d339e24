//! Certificates of AWS Certificate Manager, and their private keys.

use super::{Hidden, Record, Tags};
use aws::{
    api::acm::{CertificateTransparencyLoggingPreference, FailureReason, KeyAlgorithm, RenewalStatus},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A certificate, imported or requested ("CertificateDetail", AWS Certificate Manager API Reference). What it says itself is read from it
/// anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// The UUID at the end of its ARN.
    pub id: String,
    /// How often it was imported or issued.
    pub version: u64,
    /// Itself, in PEM; none until it is issued.
    pub body: Option<String>,
    /// What leads from it to its authority, in PEM.
    pub chain: Option<String>,
    /// When it was first imported, or requested.
    pub created: Timestamp,
    /// When it was last imported or issued; none until it is.
    #[serde(rename = "imported")]
    pub obtained: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
    /// What was asked for; none for one that was imported.
    #[serde(default)]
    pub requested: Option<CertificateRequest>,
}

/// What a certificate is to be, and how far that is ("RequestCertificate", AWS Certificate Manager API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CertificateRequest {
    /// The names it is for in lower case, its domain name first, none twice.
    pub names: Vec<String>,
    /// The domains that names are said to be of, where those are not the names themselves.
    pub validation_domains: BTreeMap<String, String>,
    /// Its key's kind.
    pub key_algorithm: KeyAlgorithm,
    /// What tells requests for the same one apart from others.
    pub token: Option<String>,
    /// Whether it may be entered into logs of certificates.
    pub transparency: CertificateTransparencyLoggingPreference,
    /// Those of its names whose records were found.
    pub validated: BTreeSet<String>,
    /// Why it will not be issued, if so.
    pub ended: Option<RequestEnd>,
    /// Whether the authority is to issue it, for the first time or anew.
    pub due: bool,
    /// Until when it is valid; none until it is issued.
    pub not_after: Option<Timestamp>,
    /// How far the last renewal is.
    pub renewal: Option<Renewal>,
}

/// Why a certificate will not be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestEnd {
    /// Its records were not there in time.
    TimedOut,
    /// It may not be.
    Failed(FailureReason),
}

/// A renewal ("RenewalSummary", AWS Certificate Manager API Reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// How far it is.
    pub status: RenewalStatus,
    /// Since when.
    pub updated: Timestamp,
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
