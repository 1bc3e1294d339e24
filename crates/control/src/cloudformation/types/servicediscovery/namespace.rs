//! AWS::ServiceDiscovery::HttpNamespace and AWS::ServiceDiscovery::PrivateDnsNamespace.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, text, words},
    operations, tags,
};
use crate::{Tx, View};
use aws::{api::servicediscovery::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ServiceDiscovery::HttpNamespace.
pub(super) struct HttpNamespace;

/// AWS::ServiceDiscovery::PrivateDnsNamespace.
pub(super) struct PrivateDnsNamespace;

/// Seconds of the SOA record's TTL where a template says nothing.
const SOA_TTL: u32 = 15;

impl ResourceType for HttpNamespace {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        create(tx, wanted, "CreateHttpNamespace", &["Name", "Description"])
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        ready(view, id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.get("Description") != wanted.get("Description") {
            let namespace = json!({ "Description": wanted.text("Description").unwrap_or_default() });
            call(tx, &API, "UpdateHttpNamespace", json!({ "Id": id, "Namespace": namespace }))?;
        }
        let arn = arn(&tx.view(), id);
        tags::update(tx, &arn, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteNamespace", json!({ "Id": id })).map(drop)
    }

    fn gone(&self, view: &View<'_>, id: &str, _: &Value) -> Progress {
        operations::ended(view, "NAMESPACE_ID", id, &["DELETE_NAMESPACE"])
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "Arn" => Some(json!(arn(view, id))),
            "Id" => Some(json!(id)),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        Ok(described(view, id)?.map(|namespace| words::picked(&namespace, &["Name", "Description"])))
    }
}

impl ResourceType for PrivateDnsNamespace {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        create(tx, wanted, "CreatePrivateDnsNamespace", &["Name", "Description", "Properties", "Vpc"])
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        ready(view, id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let changed = |property: &str| before.get(property) != wanted.get(property);
        if changed("Description") || changed("Properties") {
            let ttl = wanted.properties.pointer(TTL).cloned().unwrap_or_else(|| json!(SOA_TTL));
            let namespace = json!({
                "Description": wanted.text("Description").unwrap_or_default(),
                "Properties": { "DnsProperties": { "SOA": { "TTL": ttl } } },
            });
            call(tx, &API, "UpdatePrivateDnsNamespace", json!({ "Id": id, "Namespace": namespace }))?;
        }
        let arn = arn(&tx.view(), id);
        tags::update(tx, &arn, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        HttpNamespace.delete(tx, id, properties)
    }

    fn gone(&self, view: &View<'_>, id: &str, properties: &Value) -> Progress {
        HttpNamespace.gone(view, id, properties)
    }

    fn attribute(&self, view: &View<'_>, id: &str, properties: &Value, name: &str) -> Result<Option<Value>, Fault> {
        match name {
            "HostedZoneId" => {
                Ok(described(view, id)?.map(|found| at(&found, "/Properties/DnsProperties/HostedZoneId")))
            }
            _ => HttpNamespace.attribute(view, id, properties, name),
        }
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        Ok(described(view, id)?.map(|namespace| {
            let mut live = words::picked(&namespace, &["Name", "Description"]);
            if let Some(live) = live.as_object_mut() {
                let soa = json!({ "DnsProperties": { "SOA": { "TTL": at(&namespace, TTL) } } });
                live.insert("Properties".to_owned(), soa);
            }
            live
        }))
    }
}

/// Where a namespace has the TTL of its SOA record.
const TTL: &str = "/Properties/DnsProperties/SOA/TTL";

fn create(tx: &mut Tx<'_>, wanted: &Wanted<'_>, operation: &str, names: &[&str]) -> Result<String, Fault> {
    let mut input = wanted.pick(names);
    input.insert("CreatorRequestId".to_owned(), json!(wanted.token));
    input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
    let begun = call(tx, &API, operation, input.into())?;
    let answer = call(tx, &API, "GetOperation", json!({ "OperationId": at(&begun, "/OperationId") }))?;
    text(&answer, "/Operation/Targets/NAMESPACE")
}

/// Whether a namespace can be used: not while an operation is under way that makes or changes it.
fn ready(view: &View<'_>, id: &str) -> Progress {
    let under_way = operations::ended(view, "NAMESPACE_ID", id, &["CREATE_NAMESPACE", "UPDATE_NAMESPACE"]);
    match (under_way, operations::failure(view, id)) {
        (Progress::Done, Ok(Some(fault)) | Err(fault)) => Progress::Failed(fault),
        (progress, _) => progress,
    }
}

fn arn(view: &View<'_>, id: &str) -> String {
    view.state.region.arn("servicediscovery", format_args!("namespace/{id}"))
}

fn described(view: &View<'_>, id: &str) -> Result<Option<Value>, Fault> {
    let answer = words::known(ask(view, &API, "GetNamespace", json!({ "Id": id })))?;
    Ok(answer.map(|answer| at(&answer, "/Namespace")))
}
