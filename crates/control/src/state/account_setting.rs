//! Account settings of Amazon ECS.

use super::Record;
use serde::{Deserialize, Serialize};

/// What the account's resources have where nothing else is said ("Access Amazon ECS features with account settings", Amazon ECS Developer
/// Guide).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSetting {
    /// Its name, such as `containerInsights`.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Record for AccountSetting {
    const TABLE: &'static str = "account_setting";
    fn key(&self) -> String {
        self.name.clone()
    }
}
