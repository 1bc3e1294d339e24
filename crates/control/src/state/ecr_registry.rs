//! What is said of Amazon ECR's registry as a whole: there is one in a region and account.

use super::Record;
use aws::api::ecr::{RegistryScanningRule, ScanType};
use serde::{Deserialize, Serialize};

/// The registry. Without a record it is as AWS gives it to everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EcrRegistry {
    /// Its registry policy, as it was given.
    pub policy: Option<String>,
    /// How it is to be scanned.
    pub scan_type: ScanType,
    /// Which repositories are.
    pub scan_rules: Vec<RegistryScanningRule>,
}

impl EcrRegistry {
    /// The key of the only one.
    pub const KEY: &'static str = "registry";
}

impl Default for EcrRegistry {
    fn default() -> Self {
        Self { policy: None, scan_type: ScanType::Basic, scan_rules: Vec::new() }
    }
}

impl Record for EcrRegistry {
    const TABLE: &'static str = "ecr_registry";
    fn key(&self) -> String {
        Self::KEY.to_owned()
    }
}
