//! Record sets as properties, and the changes that make them.

use super::super::{Progress, ask, at, call, text, words};
use crate::{Tx, View};
use aws::{api::route53::API, fault::Fault};
use serde_json::{Map, Value, json};

/// Whether resolvers answer by all changes there are. A change does not say what it is of, and none takes longer than a host needs to hear
/// of it.
pub(super) fn in_sync(view: &View<'_>) -> Progress {
    if view.state.hosted_zone_changes.is_empty() { Progress::Done } else { Progress::Waiting }
}

/// Makes changes of record sets, all or none.
///
/// # Errors
/// Those of ChangeResourceRecordSets.
pub(super) fn make(tx: &mut Tx<'_>, zone: &str, comment: Option<&Value>, changes: Vec<Value>) -> Result<(), Fault> {
    if changes.is_empty() {
        return Ok(());
    }
    let batch = json!({ "Comment": comment, "Changes": changes });
    call(tx, &API, "ChangeResourceRecordSets", json!({ "HostedZoneId": zone, "ChangeBatch": batch })).map(drop)
}

/// One change of a record set.
pub(super) fn change(action: &str, set: &Value) -> Value {
    json!({ "Action": action, "ResourceRecordSet": given(set) })
}

/// A record set of a template as the service's protocol has it.
fn given(set: &Value) -> Value {
    let names = ["Failover", "HealthCheckId", "MultiValueAnswer", "Name", "SetIdentifier", "Type", "Weight"];
    let mut given = words::picked(set, &names);
    if let Some(given) = given.as_object_mut() {
        // Templates have a number in text.
        let ttl = set
            .get("TTL")
            .map(|ttl| ttl.as_str().and_then(|text| text.parse().ok()).map_or(ttl.clone(), |n: i64| json!(n)));
        given.extend(ttl.map(|ttl| ("TTL".to_owned(), ttl)));
        if let Some(Value::Array(values)) = set.get("ResourceRecords") {
            let records = values.iter().map(|value| json!({ "Value": value })).collect();
            given.insert("ResourceRecords".to_owned(), records);
        }
        if let Some(Value::Object(target)) = set.get("AliasTarget") {
            let mut target = target.clone();
            // "AliasTarget", AWS CloudFormation Template Reference: false where nothing is said.
            target.entry("EvaluateTargetHealth").or_insert(json!(false));
            given.insert("AliasTarget".to_owned(), target.into());
        }
    }
    given
}

/// What tells a record set from others of its zone.
pub(super) fn key(set: &Value) -> [Value; 3] {
    [at(set, "/Name"), at(set, "/Type"), at(set, "/SetIdentifier")]
}

/// A record set as it is, in the schema's words; `None` where it is not there.
///
/// # Errors
/// Those of ListResourceRecordSets, other than that the zone is missing.
pub(super) fn live(view: &View<'_>, zone: &str, set: &Value) -> Result<Option<Value>, Fault> {
    let [name, kind, identifier] = key(set);
    let input = json!({
        "HostedZoneId": zone,
        "StartRecordName": name,
        "StartRecordType": kind,
        "StartRecordIdentifier": identifier,
        "MaxItems": "1",
    });
    let found = words::first(ask(view, &API, "ListResourceRecordSets", input), "/ResourceRecordSets")?;
    let dotted = |name: &Value| name.as_str().unwrap_or_default().trim_end_matches('.').to_lowercase();
    let same = |found: &Value| {
        dotted(&at(found, "/Name")) == dotted(&name)
            && at(found, "/Type") == kind
            && at(found, "/SetIdentifier") == identifier
    };
    let Some(found) = found.filter(same) else { return Ok(None) };
    let names = ["AliasTarget", "Failover", "MultiValueAnswer", "Name", "SetIdentifier", "Type", "Weight"];
    let mut live = words::picked(&found, &names);
    if let Some(live) = live.as_object_mut() {
        if let Some(ttl) = found.get("TTL") {
            live.insert("TTL".to_owned(), json!(ttl.to_string()));
        }
        if let Some(Value::Array(records)) = found.get("ResourceRecords") {
            live.insert("ResourceRecords".to_owned(), records.iter().map(|record| at(record, "/Value")).collect());
        }
    }
    Ok(Some(live))
}

/// The zone that properties name, by its id or by its name.
///
/// # Errors
/// In CloudFormation's words where there is none of the name, or more than one.
pub(super) fn zone(view: &View<'_>, properties: &Value) -> Result<String, Fault> {
    if let Some(id) = properties.get("HostedZoneId").and_then(Value::as_str) {
        return Ok(id.to_owned());
    }
    let name = text(properties, "/HostedZoneName")
        .map_err(|_| invalid("One of HostedZoneId and HostedZoneName must be specified."))?;
    let answer = ask(view, &API, "ListHostedZonesByName", json!({ "DNSName": name }))?;
    let zones = at(&answer, "/HostedZones");
    let mut found = zones.as_array().into_iter().flatten().filter(|zone| at(zone, "/Name") == name);
    match (found.next(), found.next()) {
        (Some(zone), None) => Ok(bare(&text(zone, "/Id")?)),
        (Some(_), Some(_)) => Err(invalid(&format!("Found multiple hosted zones with name {name}"))),
        (None, _) => Err(Fault::new("NoSuchHostedZone", format!("No hosted zones named {name} found."))),
    }
}

/// An id without `/hostedzone/` before it.
pub(super) fn bare(id: &str) -> String {
    id.rsplit('/').next().unwrap_or_default().to_owned()
}

fn invalid(message: &str) -> Fault {
    Fault::new("InvalidRequest", message)
}

/// Properties, and more of them.
pub(super) fn with(mut properties: Value, more: Map<String, Value>) -> Value {
    if let Some(properties) = properties.as_object_mut() {
        properties.extend(more);
    }
    properties
}

/// The properties that say whose sets they are, as the template has them.
pub(super) fn place(properties: &Value) -> Map<String, Value> {
    let names = ["HostedZoneId", "HostedZoneName"];
    words::picked(properties, &names).as_object().cloned().unwrap_or_default()
}
