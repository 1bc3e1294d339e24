//! AWS::IAM::ServiceLinkedRole.

use super::super::{ResourceType, Wanted, ask, at, call, text, words};
use crate::{Tx, View};
use aws::{api::iam::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::IAM::ServiceLinkedRole.
pub(super) struct ServiceLinkedRole;

impl ResourceType for ServiceLinkedRole {
    fn unsupported(&self) -> &'static [&'static str] {
        // No service that neargate has allows one.
        &["CustomSuffix"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let input = wanted.pick(&["AWSServiceName", "Description"]);
        text(&call(tx, &API, "CreateServiceLinkedRole", input.into())?, "/Role/RoleName")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let description = wanted.text("Description").unwrap_or_default();
        call(tx, &API, "UpdateRoleDescription", json!({ "RoleName": id, "Description": description })).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let task = call(tx, &API, "DeleteServiceLinkedRole", json!({ "RoleName": id }))?;
        let input = json!({ "DeletionTaskId": at(&task, "/DeletionTaskId") });
        let status = call(tx, &API, "GetServiceLinkedRoleDeletionStatus", input)?;
        match at(&status, "/Status").as_str() {
            Some("FAILED") => Err(Fault::new("DeleteConflict", text(&status, "/Reason/Reason")?)),
            _ => Ok(()),
        }
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "RoleName").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let role = words::known(ask(view, &API, "GetRole", json!({ "RoleName": id })))?;
        Ok(role.map(|role| words::picked(&at(&role, "/Role"), &["Description", "RoleName"])))
    }
}
