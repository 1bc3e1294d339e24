//! `ListResourceRecordSets`.

use crate::{
    View,
    route53::{
        invalid, linked, name,
        page::{size, split},
    },
    state::{Record, RecordData, RecordRouting, ResourceRecordSet},
};
use aws::{
    api::route53::{
        self as api, AliasTarget, ListResourceRecordSetsRequest, ListResourceRecordSetsResponse, ResourceRecord,
        ResourceRecordSetFailover,
    },
    fault::Fault,
};

/// The most record sets of a page ("ListResourceRecordSets", Amazon Route 53 API Reference).
const MOST: usize = 300;

/// `ListResourceRecordSets`.
pub(in crate::route53) fn list(
    view: &View<'_>,
    request: ListResourceRecordSetsRequest,
) -> Result<ListResourceRecordSetsResponse, Fault> {
    let ListResourceRecordSetsRequest {
        hosted_zone_id,
        start_record_name,
        start_record_type,
        start_record_identifier,
        max_items,
    } = request;
    let found = linked::find(view.state, &hosted_zone_id)?;
    let size = size(max_items.as_deref(), MOST)?;
    if start_record_name.is_none() && start_record_type.is_some() {
        return Err(invalid("The record name must be specified when the record type is specified."));
    }
    if start_record_type.is_none() && start_record_identifier.is_some() {
        return Err(invalid("The record type must be specified when the record identifier is specified."));
    }
    let zone = &found.zone.id;
    let from = match start_record_name.as_deref().map(name::read).transpose().map_err(invalid)? {
        None => String::new(),
        Some(name) => match start_record_type {
            None => ResourceRecordSet::prefix_at(zone, &name),
            Some(kind) => ResourceRecordSet::key_of(zone, &name, kind, start_record_identifier.as_deref()),
        },
    };
    let sets = found.sets(view.state).into_iter().filter(|set| set.key() >= from);
    let (page, next) = split(sets, size);
    Ok(ListResourceRecordSetsResponse {
        resource_record_sets: Some(page.iter().map(|set| shown(set)).collect()),
        is_truncated: Some(next.is_some()),
        next_record_name: next.as_ref().map(|set| name::shown(&set.name)),
        next_record_type: next.as_ref().map(|set| set.kind),
        next_record_identifier: next.as_ref().and_then(|set| set.identifier.clone()),
        max_items: Some(size.to_string()),
    })
}

/// A record set as AWS shows it.
fn shown(set: &ResourceRecordSet) -> api::ResourceRecordSet {
    let ResourceRecordSet { zone: _, name, kind, identifier, routing, data } = set;
    let mut shown = api::ResourceRecordSet {
        name: Some(name::shown(name)),
        r#type: Some(*kind),
        set_identifier: identifier.clone(),
        ..api::ResourceRecordSet::default()
    };
    match routing {
        RecordRouting::Simple => {}
        RecordRouting::Weighted(weight) => shown.weight = Some((*weight).into()),
        RecordRouting::Primary => shown.failover = Some(ResourceRecordSetFailover::Primary),
        RecordRouting::Secondary => shown.failover = Some(ResourceRecordSetFailover::Secondary),
        RecordRouting::MultiValue => shown.multi_value_answer = Some(true),
    }
    match data {
        RecordData::Values { ttl, values } => {
            let record = |value: &String| ResourceRecord { value: Some(value.clone()) };
            shown.ttl = Some((*ttl).into());
            shown.resource_records = Some(values.iter().map(record).collect());
        }
        RecordData::Alias { zone, name, evaluate_health } => {
            shown.alias_target = Some(AliasTarget {
                hosted_zone_id: Some(zone.clone()),
                dns_name: Some(name::shown(name)),
                evaluate_target_health: Some(*evaluate_health),
            });
        }
    }
    shown
}
