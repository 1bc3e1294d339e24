//! Flow logs.

use super::{Record, Tags};
use aws::{
    api::ec2::{DestinationFileFormat, LogDestinationType, TrafficType},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A flow log ("FlowLog", Amazon EC2 API Reference): what was asked for. Nothing is delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowLog {
    /// `fl-…`.
    pub id: String,
    /// The VPC, subnet or network interface that it is of.
    pub resource: String,
    /// Which traffic it is about.
    pub traffic: TrafficType,
    /// What kind of destination it has.
    pub destination_type: LogDestinationType,
    /// The destination's ARN, if that was given.
    pub destination: Option<String>,
    /// The log group's name, if that was given.
    pub log_group: Option<String>,
    /// The role that would deliver to it.
    pub role: Option<String>,
    /// The fields of its records.
    pub format: String,
    /// How many seconds a record covers at most: 60 or 600.
    pub interval: i32,
    /// How files in a bucket are written.
    pub files: Option<FlowLogFiles>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// How a flow log's files are written ("DestinationOptionsRequest").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowLogFiles {
    /// Their format.
    pub format: DestinationFileFormat,
    /// Whether their prefixes are compatible with Hive.
    pub hive: bool,
    /// Whether each hour has its own.
    pub hourly: bool,
}

impl Record for FlowLog {
    const TABLE: &'static str = "flow_log";
    fn key(&self) -> String {
        self.id.clone()
    }
}
