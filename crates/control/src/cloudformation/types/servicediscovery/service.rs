//! AWS::ServiceDiscovery::Service.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, text, words},
    operations, tags,
};
use crate::{Tx, View};
use aws::{api::servicediscovery::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ServiceDiscovery::Service.
pub(super) struct Service;

/// What CreateService calls as the schema does, beside name and tags.
const WHAT: [&str; 5] = ["Description", "DnsConfig", "HealthCheckCustomConfig", "NamespaceId", "Type"];

impl ResourceType for Service {
    fn unsupported(&self) -> &'static [&'static str] {
        &["HealthCheckConfig"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&WHAT);
        input.insert("Name".to_owned(), json!(wanted.name("Name", 64)));
        input.insert("CreatorRequestId".to_owned(), json!(wanted.token));
        input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
        let id = text(&call(tx, &API, "CreateService", input.into())?, "/Service/Id")?;
        set_attributes(tx, &id, &json!({}), wanted)?;
        Ok(id)
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        operations::ended(view, "SERVICE_ID", id, &["UPDATE_SERVICE"])
    }

    fn replaces(&self, before: &Wanted<'_>, wanted: &Wanted<'_>) -> bool {
        // A service stays in its namespace, and its records are answered as they were.
        ["/DnsConfig/NamespaceId", "/DnsConfig/RoutingPolicy"]
            .iter()
            .any(|pointer| before.properties.pointer(pointer) != wanted.properties.pointer(pointer))
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if ["Description", "DnsConfig"].iter().any(|property| before.get(property) != wanted.get(property)) {
            // Records that are left out are taken away, so they are said again where they stay.
            let records = wanted.properties.pointer("/DnsConfig/DnsRecords");
            let service = json!({
                "Description": wanted.text("Description").unwrap_or_default(),
                "DnsConfig": records.map(|records| json!({ "DnsRecords": records })),
            });
            call(tx, &API, "UpdateService", json!({ "Id": id, "Service": service }))?;
        }
        set_attributes(tx, id, before.properties, wanted)?;
        let arn = arn(&tx.view(), id);
        tags::update(tx, &arn, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteService", json!({ "Id": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "Arn" => Some(json!(arn(view, id))),
            "Id" => Some(json!(id)),
            "Name" => described(view, id)?.map(|service| at(&service, "/Name")),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let Some(service) = described(view, id)? else { return Ok(None) };
        let mut live = words::picked(&service, &["Name", "Description", "DnsConfig", "HealthCheckCustomConfig"]);
        let attributes = ask(view, &API, "GetServiceAttributes", json!({ "ServiceId": id }))?;
        if let Some(live) = live.as_object_mut() {
            live.insert("ServiceAttributes".to_owned(), at(&attributes, "/ServiceAttributes/Attributes"));
            // The namespace is told once, where the template tells it.
            if properties.get("NamespaceId").is_some() {
                live.insert("NamespaceId".to_owned(), at(&service, "/NamespaceId"));
            }
        }
        if let Some(dns) = live.pointer_mut("/DnsConfig").and_then(Value::as_object_mut) {
            match properties.pointer("/DnsConfig/NamespaceId") {
                Some(_) => dns.insert("NamespaceId".to_owned(), at(&service, "/NamespaceId")),
                None => dns.remove("NamespaceId"),
            };
        }
        Ok(Some(live))
    }
}

/// Brings the service's attributes in line with what is wanted.
fn set_attributes(tx: &mut Tx<'_>, id: &str, before: &Value, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let of = |properties: &Value| at(properties, "/ServiceAttributes").as_object().cloned().unwrap_or_default();
    let (old, new) = (of(before), of(wanted.properties));
    let removed: Vec<&String> = old.keys().filter(|key| !new.contains_key(*key)).collect();
    if !removed.is_empty() {
        call(tx, &API, "DeleteServiceAttributes", json!({ "ServiceId": id, "Attributes": removed }))?;
    }
    if old != new && !new.is_empty() {
        call(tx, &API, "UpdateServiceAttributes", json!({ "ServiceId": id, "Attributes": new }))?;
    }
    Ok(())
}

fn arn(view: &View<'_>, id: &str) -> String {
    view.state.region.arn("servicediscovery", format_args!("service/{id}"))
}

fn described(view: &View<'_>, id: &str) -> Result<Option<Value>, Fault> {
    let answer = words::known(ask(view, &API, "GetService", json!({ "Id": id })))?;
    Ok(answer.map(|answer| at(&answer, "/Service")))
}
