//! Amazon Route 53: hosted zones and record sets.

mod change;
mod group;
mod record_set;
#[cfg(test)]
mod tests;
mod zone;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::Route53::HostedZone", &zone::HostedZone),
    ("AWS::Route53::RecordSet", &record_set::RecordSet),
    ("AWS::Route53::RecordSetGroup", &group::RecordSetGroup),
];
