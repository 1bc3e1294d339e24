//! Managed prefix lists that users make. AWS's own are not kept: they are the same everywhere.

use super::{Record, Tags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vpc::{IpNet, PrefixListId};

/// A customer-managed prefix list ("ManagedPrefixList", Amazon EC2 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrefixList {
    /// `pl-…`.
    pub id: PrefixListId,
    /// Its name.
    pub name: String,
    /// How many entries it may have; counted in full by every rule and route that names it.
    pub max_entries: u32,
    /// Its versions, from 1 up: the entries of each with their descriptions. The last is what counts.
    pub versions: Vec<BTreeMap<IpNet, Option<String>>>,
    /// Its tags.
    pub tags: Tags,
}

impl PrefixList {
    /// The entries that count.
    pub fn entries(&self) -> impl Iterator<Item = (&IpNet, &Option<String>)> {
        self.versions.last().into_iter().flatten()
    }
}

impl Record for PrefixList {
    const TABLE: &'static str = "prefix_list";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
