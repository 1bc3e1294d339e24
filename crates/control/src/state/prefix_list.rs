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
    /// Its versions by their numbers, never empty: the entries of each with their descriptions. The last is what counts.
    pub versions: BTreeMap<i64, PrefixListEntries>,
    /// How the last call that changed it ended.
    pub state: PrefixListState,
    /// Its tags.
    pub tags: Tags,
}

/// The entries of a prefix list with their descriptions.
pub type PrefixListEntries = BTreeMap<IpNet, Option<String>>;

/// How a call that changes a prefix list ended ("PrefixListState"). None takes time here, so nothing is ever in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrefixListState {
    /// Made.
    Created,
    /// Changed.
    Modified,
    /// An older version was brought back.
    Restored,
    /// It could not get its new size, for the reason given.
    ModifyFailed(String),
    /// It could not be deleted, for the reason given.
    DeleteFailed(String),
}

impl PrefixList {
    /// The number of the version that counts.
    pub fn version(&self) -> i64 {
        self.versions.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// The entries that count.
    pub fn entries(&self) -> impl Iterator<Item = (&IpNet, &Option<String>)> {
        self.versions.last_key_value().into_iter().flat_map(|(_, entries)| entries)
    }
}

impl Record for PrefixList {
    const TABLE: &'static str = "prefix_list";
    fn key(&self) -> String {
        self.id.to_string()
    }
}
