//! DHCP options sets.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};

/// A DHCP options set ("DhcpOptions", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DhcpOptions {
    /// `dopt-…`.
    pub id: String,
    /// Whether it is the set a new VPC gets.
    pub is_default: bool,
    /// Its options by their names, such as `domain-name-servers`.
    pub options: Vec<(String, Vec<String>)>,
    /// Its tags.
    pub tags: Tags,
}

impl Record for DhcpOptions {
    const TABLE: &'static str = "dhcp_options";
    fn key(&self) -> String {
        self.id.clone()
    }
}
