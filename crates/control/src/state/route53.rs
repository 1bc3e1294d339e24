//! Amazon Route 53's records: hosted zones, their record sets, and changes on their way to resolvers.

use super::{Record, Tags};
use aws::{api::route53::RRType, doc::Timestamp};
use serde::{Deserialize, Serialize};
use spec::Revision;
use std::collections::BTreeSet;
use vpc::VpcId;

/// A hosted zone ("HostedZone", Amazon Route 53 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostedZone {
    /// Such as `Z06752353VBUDTC32S84S`.
    pub id: String,
    /// Its name in lower case, without a dot at the end.
    pub name: String,
    /// What the request that made it was told apart by.
    pub caller_reference: String,
    /// What a user says of it.
    pub comment: Option<String>,
    /// The VPCs that it is private to; none if it is public.
    pub vpcs: BTreeSet<VpcId>,
    /// Its name servers, without dots at the end.
    pub servers: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl HostedZone {
    /// Whether it is known in its VPCs alone.
    pub fn is_private(&self) -> bool {
        !self.vpcs.is_empty()
    }
}

impl Record for HostedZone {
    const TABLE: &'static str = "hosted_zone";
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// A record set ("ResourceRecordSet", Amazon Route 53 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResourceRecordSet {
    /// The id of its zone.
    pub zone: String,
    /// Its name in lower case, without a dot at the end; a wildcard's begins with `*.`.
    pub name: String,
    /// The type of its records.
    pub kind: RRType,
    /// What sets it apart from others of its name and type, unless it is the only one.
    pub identifier: Option<String>,
    /// When it is answered with, if there are others.
    pub routing: RecordRouting,
    /// What is answered.
    pub data: RecordData,
}

/// When a record set is answered with ("Choosing a routing policy", Amazon Route 53 Developer Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordRouting {
    /// Always: it is the only one.
    Simple,
    /// As often as it weighs, among all.
    Weighted(u8),
    /// While it is healthy.
    Primary,
    /// While the primary one is not.
    Secondary,
    /// With others that are healthy.
    MultiValue,
}

/// What a record set answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordData {
    /// Values, as they were given.
    Values {
        /// Seconds that an answer may be kept.
        ttl: u32,
        /// At least one.
        values: Vec<String>,
    },
    /// Whatever is at another name.
    Alias {
        /// The id of that name's zone.
        zone: String,
        /// The name in lower case, without a dot at the end.
        name: String,
        /// Whether the other's health counts for its own.
        evaluate_health: bool,
    },
}

impl ResourceRecordSet {
    /// What the keys of a zone's sets start with.
    pub fn prefix(zone: &str) -> String {
        format!("{zone}/")
    }

    /// What the keys of the sets at a name start with. Keys are in the order of names from their ends, as Amazon Route 53 lists them
    /// ("ListResourceRecordSets", Amazon Route 53 API Reference).
    pub fn prefix_at(zone: &str, name: &str) -> String {
        let labels: Vec<&str> = name.rsplit('.').collect();
        // A space is in front of whatever a name may have.
        format!("{zone}/{}. ", labels.join("."))
    }

    /// The key of a set.
    pub fn key_of(zone: &str, name: &str, kind: RRType, identifier: Option<&str>) -> String {
        format!("{}{kind} {}", Self::prefix_at(zone, name), identifier.unwrap_or_default())
    }
}

impl Record for ResourceRecordSet {
    const TABLE: &'static str = "resource_record_set";
    fn key(&self) -> String {
        Self::key_of(&self.zone, &self.name, self.kind, self.identifier.as_deref())
    }
}

/// A change that not every resolver answers by yet ("ChangeInfo", Amazon Route 53 API Reference).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostedZoneChange {
    /// Such as `C2682N5HXP0BZ4`.
    pub id: String,
    /// What a user says of it.
    pub comment: Option<String>,
    /// When it was asked for.
    pub submitted_at: Timestamp,
    /// The revision that did it.
    pub since: Revision,
}

impl Record for HostedZoneChange {
    const TABLE: &'static str = "hosted_zone_change";
    fn key(&self) -> String {
        self.id.clone()
    }
}

/// A change that every resolver answers by. Those that are pending are looked at in every transaction, these are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EndedHostedZoneChange(pub HostedZoneChange);

impl Record for EndedHostedZoneChange {
    const TABLE: &'static str = "ended_hosted_zone_change";
    fn key(&self) -> String {
        self.0.key()
    }
}
