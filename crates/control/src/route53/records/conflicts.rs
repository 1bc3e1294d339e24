//! What a record set can't be beside, and what an alias can't lead to.

use crate::{
    State, elb,
    route53::name::{is_in, shown},
    state::{HostedZone, RecordData, RecordRouting, ResourceRecordSet},
};
use aws::api::route53::RRType;

/// Why a record set can't be put into its zone as it is now, whether one of its key is there or not.
pub(super) fn beside(state: &State, zone: &HostedZone, set: &ResourceRecordSet) -> Option<String> {
    let (name, apex, kind) = (shown(&set.name), shown(&zone.name), set.kind);
    let prefix = ResourceRecordSet::prefix_at(&zone.id, &set.name);
    let here = || state.record_sets.prefixed(&prefix);
    let permitted =
        |why: &str| format!("RRSet of type {kind} with DNS name {name} is not permitted {why} in zone {apex}");
    if kind == RRType::Cname && set.name == zone.name {
        return Some(permitted("at apex"));
    }
    if kind == RRType::Cname && here().any(|other| other.kind != kind) {
        return Some(permitted("as it conflicts with other records with the same DNS name"));
    }
    if kind != RRType::Cname && here().any(|other| other.kind == RRType::Cname) {
        let why = "because a conflicting RRSet of type CNAME with the same DNS name already exists";
        return Some(permitted(why));
    }
    if kind == RRType::Soa && set.name != zone.name {
        return Some("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    among(here().filter(|other| other.kind == kind), set, &name)
}

/// Why it can't be among others of its name and type: all have identifiers and one way of routing, or there is only one.
fn among<'a>(
    mut others: impl Iterator<Item = &'a ResourceRecordSet>,
    set: &ResourceRecordSet,
    name: &str,
) -> Option<String> {
    let kind = set.kind;
    let Some(identifier) = &set.identifier else {
        let why = "cannot be created as other RRSets exist with the same name and type.";
        return others
            .any(|other| other.identifier.is_some())
            .then(|| format!("RRSet with DNS name {name}, type {kind} {why}"));
    };
    let (way, role) = way(set.routing);
    let mut others = others.filter(|other| other.identifier.as_ref() != Some(identifier));
    let taken = |other: &ResourceRecordSet| {
        let (other_way, other_role) = self::way(other.routing);
        if other_way != way {
            return Some(format!("a non-{way} set exists"));
        }
        role.filter(|_| other_role == role).map(|role| format!("another {role} set exists"))
    };
    let why = others.find_map(taken)?;
    let set = format!("RRSet with DNS name {name}, type {kind}, SetIdentifier {identifier}");
    Some(format!("{set} cannot be created as {why} with the same name and type."))
}

/// A way of routing, and the role in it of which there is only one.
fn way(of: RecordRouting) -> (&'static str, Option<&'static str>) {
    match of {
        RecordRouting::Simple => ("simple", None),
        RecordRouting::Weighted(_) => ("weighted", None),
        RecordRouting::Primary => ("failover", Some("PRIMARY")),
        RecordRouting::Secondary => ("failover", Some("SECONDARY")),
        RecordRouting::MultiValue => ("multivalue answer", None),
    }
}

/// Why an alias can't lead to where it should: only load balancers and names of its own zone can be led to.
pub(super) fn target(state: &State, own: &HostedZone, set: &ResourceRecordSet) -> Option<String> {
    let RecordData::Alias { zone, name, .. } = &set.data else { return None };
    let kind = set.kind;
    let tried = format!("Tried to create an alias that targets {}, type {kind} in zone {zone}", shown(name));
    let outside = || Some(format!("{tried}, but the alias target name does not lie within the target zone"));
    let missing = || Some(format!("{tried}, but that target was not found"));
    if *zone == own.id {
        let prefix = ResourceRecordSet::prefix_at(&own.id, name);
        let there = state.record_sets.prefixed(&prefix).any(|other| other.kind == kind && other.name != set.name);
        return match is_in(name, &own.name) {
            false => outside(),
            true if there => None,
            true => missing(),
        };
    }
    match elb::domain_of_zone(&state.region, zone) {
        None => Some(format!("{tried}, but neargate supports load balancers and names of the same zone only")),
        Some(domain) if !is_in(name, &domain) => outside(),
        Some(_) if elb::hosted_zone_of(state, name).as_deref() != Some(zone) => missing(),
        Some(_) if matches!(kind, RRType::A | RRType::Aaaa) => None,
        Some(_) => missing(),
    }
}
