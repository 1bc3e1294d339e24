//! CloudWatch log groups: what is said of them. The events themselves are no records; the server keeps them in files.

use super::Record;
use serde::{Deserialize, Serialize};
use spec::Millis;
use std::collections::BTreeMap;

/// A log group of the class STANDARD, the only one there is here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Unique in the region.
    pub name: String,
    /// When it was made.
    pub created: Millis,
    /// For how many days events are kept; `None` is for ever.
    pub retention: Option<i32>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Record for LogGroup {
    const TABLE: &'static str = "log_group";
    fn key(&self) -> String {
        self.name.clone()
    }
}
