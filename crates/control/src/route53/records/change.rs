//! `ChangeResourceRecordSets`.

use super::{check, conflicts};
use crate::{
    State, Tx,
    route53::{changes, name::shown, zones},
    state::{HostedZone, Record, RecordData, ResourceRecordSet},
};
use aws::{
    api::route53::{
        Change, ChangeAction, ChangeBatch, ChangeResourceRecordSetsRequest, ChangeResourceRecordSetsResponse, RRType,
    },
    fault::Fault,
};
use std::collections::BTreeMap;

/// Values of a request, and characters in them; what is put whether it is there or not counts twice ("ChangeResourceRecordSets requests",
/// "Quotas", Amazon Route 53 Developer Guide).
const MOST_VALUES: usize = 1_000;
const MOST_CHARACTERS: usize = 32_000;
/// Record sets of a zone (the same page).
const MOST_SETS: usize = 10_000;

/// `ChangeResourceRecordSets`: all changes are made, in their order, or none.
pub(in crate::route53) fn change(
    tx: &mut Tx<'_>,
    request: ChangeResourceRecordSetsRequest,
) -> Result<ChangeResourceRecordSetsResponse, Fault> {
    let ChangeResourceRecordSetsRequest { hosted_zone_id, change_batch: ChangeBatch { comment, changes: asked } } =
        request;
    let zone = zones::own(&tx.state, &hosted_zone_id)?.clone();
    check_size(&asked)?;
    let (mut problems, mut before, mut aliases) = (Vec::new(), BTreeMap::new(), Vec::new());
    for Change { action, resource_record_set } in asked {
        let (set, wrong) = check::read(&zone, action, resource_record_set)?;
        if !wrong.is_empty() {
            problems.extend(wrong);
            continue;
        }
        if let Some(earlier) = before.insert(set.key(), action)
            && (earlier, action) != (ChangeAction::Delete, ChangeAction::Create)
        {
            let (kind, name) = (set.kind, shown(&set.name));
            let what = "The request contains an invalid set of changes for a resource record set";
            problems.push(format!("{what} '{kind} {name}'"));
            continue;
        }
        if let Err(why) = make(&mut tx.state, &zone, action, &set) {
            problems.push(why);
        } else if action != ChangeAction::Delete {
            aliases.push(set);
        }
    }
    problems.extend(aliases.iter().filter_map(|set| conflicts::target(&tx.state, &zone, set)));
    problems.extend(missing(&tx.state, &zone));
    if tx.state.record_sets.prefixed(&ResourceRecordSet::prefix(&zone.id)).count() > MOST_SETS {
        problems.push(format!("Number of resource record sets limit of {MOST_SETS} exceeded."));
    }
    if !problems.is_empty() {
        return Err(Fault::new("InvalidChangeBatch", format!("[{}]", problems.join(", "))));
    }
    Ok(ChangeResourceRecordSetsResponse { change_info: Some(changes::begin(tx, comment)?) })
}

fn check_size(asked: &[Change]) -> Result<(), Fault> {
    let (mut values, mut characters) = (0, 0);
    for Change { action, resource_record_set } in asked {
        let times = if *action == ChangeAction::Upsert { 2 } else { 1 };
        for record in resource_record_set.resource_records.iter().flatten() {
            values += times;
            characters += times * record.value.as_deref().unwrap_or_default().chars().count();
        }
    }
    let exceeded = |what: &str| Err(Fault::new("InvalidChangeBatch", format!("[{what} exceeded.]")));
    match (values > MOST_VALUES, characters > MOST_CHARACTERS) {
        (true, _) => exceeded(&format!("Number of records limit of {MOST_VALUES}")),
        (_, true) => exceeded(&format!("Character limit of {MOST_CHARACTERS}")),
        // Aliases have no values, but there are no more of them than of others.
        _ if asked.len() > MOST_VALUES => exceeded(&format!("Number of records limit of {MOST_VALUES}")),
        _ => Ok(()),
    }
}

/// Makes one change, or tells in AWS's words why it can't be made.
fn make(state: &mut State, zone: &HostedZone, action: ChangeAction, set: &ResourceRecordSet) -> Result<(), String> {
    let known = state.record_sets.get(&set.key());
    let named = || {
        let identifier = set.identifier.as_ref().map(|id| format!(", set-identifier='{id}'")).unwrap_or_default();
        format!("resource record set [name='{}', type='{}'{identifier}]", shown(&set.name), set.kind)
    };
    match (action, known) {
        (ChangeAction::Delete, None) => Err(format!("Tried to delete {} but it was not found", named())),
        (ChangeAction::Delete, Some(known)) if !is_same(known, set) => {
            Err(format!("Tried to delete {} but the values provided do not match the current values", named()))
        }
        (ChangeAction::Delete, Some(_)) => {
            state.record_sets.remove(&set.key());
            Ok(())
        }
        (ChangeAction::Create, Some(_)) => Err(format!("Tried to create {} but it already exists", named())),
        (ChangeAction::Create | ChangeAction::Upsert, _) => {
            if let Some(why) = conflicts::beside(state, zone, set) {
                return Err(why);
            }
            state.record_sets.put(set.clone());
            Ok(())
        }
    }
}

/// Whether two sets say the same; values have no order.
fn is_same(one: &ResourceRecordSet, other: &ResourceRecordSet) -> bool {
    let data = match (&one.data, &other.data) {
        (RecordData::Values { ttl, values }, RecordData::Values { ttl: other_ttl, values: other_values }) => {
            let sorted = |values: &[String]| {
                let mut values = values.to_vec();
                values.sort();
                values
            };
            ttl == other_ttl && sorted(values) == sorted(other_values)
        }
        (one, other) => one == other,
    };
    data && one.routing == other.routing
}

/// What a zone can't be without.
fn missing(state: &State, zone: &HostedZone) -> Vec<String> {
    let lacks = |kind| !state.record_sets.contains(&ResourceRecordSet::key_of(&zone.id, &zone.name, kind, None));
    let ns = lacks(RRType::Ns).then_some("A HostedZone must contain at least one NS record for the zone itself.");
    let soa = lacks(RRType::Soa).then_some("A HostedZone must contain exactly one SOA record.");
    ns.into_iter().chain(soa).map(str::to_owned).collect()
}
