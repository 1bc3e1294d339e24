//! What a record set of a request is, and what is wrong with it by itself.

use super::value;
use crate::{
    route53::{bare, invalid, name, unsupported},
    state::{HostedZone, RecordData, RecordRouting, ResourceRecordSet},
};
use aws::{
    api::route53::{self as api, AliasTarget, ChangeAction, RRType, ResourceRecordSetFailover},
    fault::Fault,
};
use std::collections::BTreeSet;

/// The parts of a record set that say how it is routed, and what it is called.
struct Named {
    action: ChangeAction,
    name: String,
    kind: RRType,
    identifier: Option<String>,
}

impl Named {
    /// As AWS's messages name it.
    fn shown(&self) -> String {
        let Self { action, name, kind, identifier } = self;
        let identifier = identifier.as_deref().unwrap_or("null");
        format!("Change with [Action={action}, Name={name}, Type={kind}, SetIdentifier={identifier}]")
    }
}

/// Reads a record set.
///
/// # Errors
/// `InvalidInput` where its members don't go together, or are such as neargate does not support; `NoSuchHealthCheck`.
pub(super) fn read(
    zone: &HostedZone,
    action: ChangeAction,
    asked: api::ResourceRecordSet,
) -> Result<(ResourceRecordSet, Vec<String>), Fault> {
    let api::ResourceRecordSet {
        name,
        r#type,
        set_identifier,
        weight,
        region,
        geo_location,
        failover,
        multi_value_answer,
        ttl,
        resource_records,
        alias_target,
        health_check_id,
        traffic_policy_instance_id,
        cidr_routing_config,
        geo_proximity_location,
    } = asked;
    let (Some(name), Some(kind)) = (name, r#type) else { return Err(invalid("A record set needs a name and a type.")) };
    for (there, what) in [
        (region.is_some(), "latency-based routing"),
        (geo_location.is_some(), "geolocation routing"),
        (geo_proximity_location.is_some(), "geoproximity routing"),
        (cidr_routing_config.is_some(), "IP-based routing"),
        (traffic_policy_instance_id.is_some(), "traffic policies"),
    ] {
        if there {
            return Err(unsupported(what));
        }
    }
    if let Some(id) = health_check_id {
        return Err(Fault::new("NoSuchHealthCheck", format!("No health check exists with the specified ID {id}.")));
    }
    if kind != RRType::Soa && value::kind(kind).is_none() {
        return Err(unsupported(&format!("records of the type {kind}")));
    }
    let named = Named { action, name, kind, identifier: set_identifier };
    let routing = routing(&named, weight, failover, multi_value_answer)?;
    let (data, mut problems) = match (ttl, resource_records, alias_target) {
        (Some(ttl), Some(records), None) => values(kind, ttl, records.into_iter().filter_map(|of| of.value).collect())?,
        (None, None, Some(target)) => alias(&named, routing, target)?,
        (ttl, records, target) => {
            let several = target.is_some() && (ttl.is_some() || records.is_some());
            let found = if several { "more than one" } else { "none" };
            return Err(invalid(format!(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found {found} in {}",
                named.shown()
            )));
        }
    };
    let name = name::read(&named.name).unwrap_or_else(|why| {
        problems.push(why);
        String::new()
    });
    if !name.is_empty() && !name::is_in(&name, &zone.name) {
        let (name, zone) = (name::shown(&name), name::shown(&zone.name));
        problems.push(format!("RRSet with DNS name {name} is not permitted in zone {zone}"));
    }
    let zone = zone.id.clone();
    Ok((ResourceRecordSet { zone, name, kind, identifier: named.identifier, routing, data }, problems))
}

/// When it is to be answered with.
fn routing(
    named: &Named,
    weight: Option<i64>,
    failover: Option<ResourceRecordSetFailover>,
    multi: Option<bool>,
) -> Result<RecordRouting, Fault> {
    let weight = weight.map(|weight| RecordRouting::Weighted(u8::try_from(weight).unwrap_or(u8::MAX)));
    let failover = failover.map(|role| match role {
        ResourceRecordSetFailover::Primary => RecordRouting::Primary,
        ResourceRecordSetFailover::Secondary => RecordRouting::Secondary,
    });
    let multi = multi.filter(|multi| *multi).map(|_| RecordRouting::MultiValue);
    let given: Vec<RecordRouting> = [weight, failover, multi].into_iter().flatten().collect();
    let of = "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig]";
    let wrong = |found: &str| {
        let shown = named.shown();
        invalid(format!("Invalid request: Expected exactly one of {of}, but found {found} in {shown}"))
    };
    match (given.as_slice(), &named.identifier) {
        ([], None) => Ok(RecordRouting::Simple),
        ([], Some(_)) => Err(wrong("none")),
        ([_, _, ..], _) => Err(wrong("more than one")),
        ([_], None) => Err(invalid(format!("Invalid request: Missing field 'SetIdentifier' in {}", named.shown()))),
        ([_], Some(_)) if matches!(named.kind, RRType::Ns | RRType::Soa) => {
            Err(invalid(format!("Invalid request: {} records can only have a simple routing policy", named.kind)))
        }
        ([routing], Some(_)) => Ok(*routing),
    }
}

type Read = Result<(RecordData, Vec<String>), Fault>;

fn values(kind: RRType, ttl: i64, values: Vec<String>) -> Read {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for text in &values {
        if !seen.insert(text) {
            problems.push(format!("Duplicate Resource Record: '{text}'"));
        }
        let read = match value::kind(kind) {
            Some(kind) => value::read(kind, text).map(drop),
            None => value::soa(text).map(drop),
        };
        if let Err(why) = read {
            problems.push(format!("Invalid Resource Record: '{why}'"));
        }
    }
    if matches!(kind, RRType::Cname | RRType::Soa) && values.len() > 1 {
        problems.push(format!("A record set of the type {kind} can have only one value"));
    }
    Ok((RecordData::Values { ttl: u32::try_from(ttl).unwrap_or(0), values }, problems))
}

fn alias(named: &Named, routing: RecordRouting, target: AliasTarget) -> Read {
    let AliasTarget { hosted_zone_id, dns_name, evaluate_target_health } = target;
    if routing == RecordRouting::MultiValue {
        return Err(invalid("Invalid request: alias records can't have the multivalue answer routing policy"));
    }
    if matches!(named.kind, RRType::Ns | RRType::Soa | RRType::Cname) {
        return Err(unsupported(&format!("aliases of the type {}", named.kind)));
    }
    let (name, problems) = match name::read(&dns_name.unwrap_or_default()) {
        Ok(name) => (name, Vec::new()),
        Err(why) => (String::new(), vec![why]),
    };
    let zone = bare(&hosted_zone_id.unwrap_or_default()).to_owned();
    Ok((RecordData::Alias { zone, name, evaluate_health: evaluate_target_health.unwrap_or(false) }, problems))
}
