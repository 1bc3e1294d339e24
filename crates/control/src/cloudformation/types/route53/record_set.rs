//! AWS::Route53::RecordSet. Its physical id is its name.

use super::{
    super::{Progress, ResourceType, Wanted, is_missing, text},
    change,
};
use crate::{Tx, View};
use aws::fault::Fault;
use serde_json::Value;

/// AWS::Route53::RecordSet.
pub(super) struct RecordSet;

impl ResourceType for RecordSet {
    fn unsupported(&self) -> &'static [&'static str] {
        &["CidrRoutingConfig", "GeoLocation", "GeoProximityLocation", "HealthCheckId", "Region"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let zone = change::zone(&tx.view(), wanted.properties)?;
        let made = vec![change::change("CREATE", wanted.properties)];
        change::make(tx, &zone, wanted.get("Comment"), made)?;
        text(wanted.properties, "/Name")
    }

    fn ready(&self, view: &View<'_>, _: &str, _: &Wanted<'_>) -> Progress {
        change::in_sync(view)
    }

    fn replaces(&self, before: &Wanted<'_>, wanted: &Wanted<'_>) -> bool {
        // What tells it from others makes another one.
        change::key(before.properties) != change::key(wanted.properties)
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let zone = change::zone(&tx.view(), wanted.properties)?;
        change::make(tx, &zone, wanted.get("Comment"), vec![change::change("UPSERT", wanted.properties)])
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        let zone = change::zone(&tx.view(), properties)?;
        // What is deleted is said as it is, even if somebody changed it.
        match change::live(&tx.view(), &zone, properties)? {
            Some(live) => change::make(tx, &zone, None, vec![change::change("DELETE", &live)]),
            None => Ok(()),
        }
    }

    fn gone(&self, view: &View<'_>, _: &str, _: &Value) -> Progress {
        change::in_sync(view)
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, _: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let zone = match change::zone(view, properties) {
            Err(fault) if is_missing(&fault) => return Ok(None),
            zone => zone?,
        };
        let live = change::live(view, &zone, properties)?;
        Ok(live.map(|live| change::with(live, change::place(properties))))
    }
}
