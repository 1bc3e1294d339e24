//! Operations of AWS Cloud Map: calls that go on after their answers.

use crate::state::Record;
use aws::{
    api::servicediscovery::{OperationStatus, OperationType},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use spec::Revision;
use std::collections::BTreeMap;

/// An operation that is under way ("Operation", AWS Cloud Map API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscoveryOperation {
    /// Such as `k43dmiizk4aavpwxahj524zy2nmibeib-kq2xlla5`.
    pub id: String,
    /// The name of the call.
    pub call: String,
    /// What is done.
    pub kind: OperationType,
    /// How far it is.
    pub status: OperationStatus,
    /// Why it fails, if it does: AWS's code and a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<(String, String)>,
    /// The id that the caller gave the request.
    pub request_id: Option<String>,
    /// What it is done to, such as `NAMESPACE` to `ns-…`.
    pub targets: BTreeMap<String, String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub updated_at: Timestamp,
    /// The revision that did it. It has succeeded when every host answers by that.
    pub since: Revision,
}

impl Record for DiscoveryOperation {
    const TABLE: &'static str = "discovery_operation";
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// An operation that has ended: described for a day at most, then forgotten. Those under way are looked at in every transaction, these are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndedOperation(pub DiscoveryOperation);

impl Record for EndedOperation {
    const TABLE: &'static str = "ended_operation";
    fn key(&self) -> String {
        self.0.key()
    }
}
