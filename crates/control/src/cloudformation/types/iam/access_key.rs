//! AWS::IAM::AccessKey.

use super::super::{ResourceType, Wanted, call, text};
use crate::{Tx, View};
use aws::{api::iam::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::IAM::AccessKey. `Serial` is there to be changed: another one replaces the key.
pub(super) struct AccessKey;

impl ResourceType for AccessKey {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let made = call(tx, &API, "CreateAccessKey", wanted.pick(&["UserName"]).into())?;
        let id = text(&made, "/AccessKey/AccessKeyId")?;
        if wanted.get("Status").is_some() {
            set_status(tx, &id, wanted)?;
        }
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        set_status(tx, id, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        let input = json!({ "UserName": properties.get("UserName"), "AccessKeyId": id });
        call(tx, &API, "DeleteAccessKey", input).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "Id" => Some(json!(id)),
            // No operation tells it again; a stack may.
            "SecretAccessKey" => view.state.iam_access_keys.get(id).map(|key| json!(key.secret)),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let key = view.state.iam_access_keys.get(id);
        Ok(key.map(|key| json!({ "UserName": key.user, "Status": if key.active { "Active" } else { "Inactive" } })))
    }
}

fn set_status(tx: &mut Tx<'_>, id: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let status = wanted.text("Status").unwrap_or("Active");
    let input = json!({ "UserName": wanted.get("UserName"), "AccessKeyId": id, "Status": status });
    call(tx, &API, "UpdateAccessKey", input).map(drop)
}
