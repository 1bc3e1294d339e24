//! What is forgotten when: a queue in the order of time, so that nothing has to be looked through.

use super::Record;
use aws::doc::Timestamp;
use serde::{Deserialize, Serialize};
use spec::TaskId;
use vpc::PeeringId;

/// An entry of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expiry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Expiring,
}

/// Something that is forgotten in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Expiring {
    /// A stopped task.
    Task(TaskId),
    /// A client token, by its key.
    ClientToken(String),
    /// A client token of Amazon EC2, by its key.
    CallToken(String),
    /// A request for a peering connection, if nobody has decided about it.
    VpcPeeringRequest(PeeringId),
    /// A peering connection that has ended.
    VpcPeering(PeeringId),
}

impl Record for Expiry {
    const TABLE: &'static str = "expiry";
    /// Sorts by time: moments before 1970 do not occur.
    fn key(&self) -> String {
        let at = self.at.millis.max(0);
        match &self.what {
            Expiring::Task(id) => format!("{at:016}/task/{id}"),
            Expiring::ClientToken(key) => format!("{at:016}/client-token/{key}"),
            Expiring::CallToken(key) => format!("{at:016}/call-token/{key}"),
            Expiring::VpcPeeringRequest(id) => format!("{at:016}/vpc-peering-request/{id}"),
            Expiring::VpcPeering(id) => format!("{at:016}/vpc-peering/{id}"),
        }
    }
}
