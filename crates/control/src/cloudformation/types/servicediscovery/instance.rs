//! AWS::ServiceDiscovery::Instance. Its physical id is the instance's, which is one of its service's.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, words},
    operations,
};
use crate::{Tx, View};
use aws::{api::servicediscovery::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ServiceDiscovery::Instance.
pub(super) struct Instance;

impl ResourceType for Instance {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let id = wanted.name("InstanceId", 64);
        let input = json!({ "ServiceId": wanted.get("ServiceId"), "InstanceId": id });
        if words::known(ask(&tx.view(), &API, "GetInstance", input))?.is_some() {
            return Err(words::exists("AWS::ServiceDiscovery::Instance", &id));
        }
        register(tx, &id, wanted)?;
        Ok(id)
    }

    fn ready(&self, view: &View<'_>, _: &str, wanted: &Wanted<'_>) -> Progress {
        let service = wanted.text("ServiceId").unwrap_or_default();
        operations::ended(view, "SERVICE_ID", service, &["REGISTER_INSTANCE"])
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        register(tx, id, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        let input = json!({ "ServiceId": at(properties, "/ServiceId"), "InstanceId": id });
        call(tx, &API, "DeregisterInstance", input).map(drop)
    }

    fn gone(&self, view: &View<'_>, _: &str, properties: &Value) -> Progress {
        let service = at(properties, "/ServiceId");
        operations::ended(view, "SERVICE_ID", service.as_str().unwrap_or_default(), &["DEREGISTER_INSTANCE"])
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let service = at(properties, "/ServiceId");
        let answer = ask(view, &API, "GetInstance", json!({ "ServiceId": service, "InstanceId": id }));
        Ok(words::known(answer)?.map(|answer| {
            json!({
                "InstanceId": id,
                "ServiceId": service,
                "InstanceAttributes": at(&answer, "/Instance/Attributes"),
            })
        }))
    }
}

/// Registers it; once more is with other attributes.
fn register(tx: &mut Tx<'_>, id: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let given = wanted.get("InstanceAttributes").cloned().unwrap_or_else(|| json!({}));
    // A template's numbers are text to AWS Cloud Map.
    let attributes: Value = match words::tree(&given) {
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, json!(plain(&value)))).collect(),
        other => other,
    };
    let input = json!({ "ServiceId": wanted.get("ServiceId"), "InstanceId": id, "Attributes": attributes });
    call(tx, &API, "RegisterInstance", input).map(drop)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
