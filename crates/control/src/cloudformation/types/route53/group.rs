//! AWS::Route53::RecordSetGroup: record sets of one zone, changed together.

use super::{
    super::{Progress, ResourceType, Wanted, at, is_missing},
    change,
};
use crate::{Tx, View};
use aws::fault::Fault;
use serde_json::{Value, json};

/// AWS::Route53::RecordSetGroup.
pub(super) struct RecordSetGroup;

/// The longest id that is made up: it names nothing.
const LONGEST: usize = 25;

impl ResourceType for RecordSetGroup {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "RecordSets/*/CidrRoutingConfig",
            "RecordSets/*/GeoLocation",
            "RecordSets/*/GeoProximityLocation",
            "RecordSets/*/HealthCheckId",
            "RecordSets/*/HostedZoneId",
            "RecordSets/*/HostedZoneName",
            "RecordSets/*/Region",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let zone = change::zone(&tx.view(), wanted.properties)?;
        let made = sets(wanted.properties).iter().map(|set| change::change("CREATE", set)).collect();
        change::make(tx, &zone, wanted.get("Comment"), made)?;
        Ok(wanted.made_up(LONGEST))
    }

    fn ready(&self, view: &View<'_>, _: &str, _: &Wanted<'_>) -> Progress {
        change::in_sync(view)
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let zone = change::zone(&tx.view(), wanted.properties)?;
        let (old, new) = (sets(before.properties), sets(wanted.properties));
        let stays = |set: &&Value| new.iter().any(|other| change::key(other) == change::key(set));
        let removed: Vec<Value> = old.iter().filter(|set| !stays(set)).cloned().collect();
        let mut changes = deletions(&tx.view(), &zone, &removed)?;
        changes.extend(new.iter().filter(|set| !old.contains(set)).map(|set| change::change("UPSERT", set)));
        change::make(tx, &zone, wanted.get("Comment"), changes)
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        let zone = change::zone(&tx.view(), properties)?;
        let changes = deletions(&tx.view(), &zone, &sets(properties))?;
        change::make(tx, &zone, None, changes)
    }

    fn gone(&self, view: &View<'_>, _: &str, _: &Value) -> Progress {
        change::in_sync(view)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, _: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let zone = match change::zone(view, properties) {
            Err(fault) if is_missing(&fault) => return Ok(None),
            zone => zone?,
        };
        let mut there = Vec::new();
        for set in sets(properties) {
            there.extend(change::live(view, &zone, &set)?);
        }
        Ok((!there.is_empty()).then(|| change::with(json!({ "RecordSets": there }), change::place(properties))))
    }
}

fn sets(properties: &Value) -> Vec<Value> {
    at(properties, "/RecordSets").as_array().cloned().unwrap_or_default()
}

/// Changes that delete those of these sets that are there, as they are.
fn deletions(view: &View<'_>, zone: &str, sets: &[Value]) -> Result<Vec<Value>, Fault> {
    let mut changes = Vec::new();
    for set in sets {
        changes.extend(change::live(view, zone, set)?.map(|live| change::change("DELETE", &live)));
    }
    Ok(changes)
}
