//! AWS::IAM::Role.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text, words},
    holder::{self, Holder},
};
use crate::{Tx, View, state};
use aws::{api::iam::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::IAM::Role.
pub(super) struct Role;

/// Seconds of a session where a template does not say ("CreateRole", AWS IAM API Reference).
const SESSION: i64 = 3600;

impl ResourceType for Role {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["Path", "Description", "MaxSessionDuration", "PermissionsBoundary"]);
        input.insert("RoleName".to_owned(), json!(wanted.name("RoleName", 64)));
        input.insert("AssumeRolePolicyDocument".to_owned(), words::document(wanted.get("AssumeRolePolicyDocument")));
        input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
        let name = text(&call(tx, &API, "CreateRole", input.into())?, "/Role/RoleName")?;
        Holder::role(&name).update(tx, &json!({}), wanted.properties)?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let changed = |property: &str| before.get(property) != wanted.get(property);
        if changed("AssumeRolePolicyDocument") {
            let document = words::document(wanted.get("AssumeRolePolicyDocument"));
            call(tx, &API, "UpdateAssumeRolePolicy", json!({ "RoleName": id, "PolicyDocument": document }))?;
        }
        if changed("Description") || changed("MaxSessionDuration") {
            let session = wanted.get("MaxSessionDuration").cloned().unwrap_or_else(|| json!(SESSION));
            let description = wanted.text("Description").unwrap_or_default();
            let input = json!({ "RoleName": id, "Description": description, "MaxSessionDuration": session });
            call(tx, &API, "UpdateRole", input)?;
        }
        match wanted.get("PermissionsBoundary") {
            _ if !changed("PermissionsBoundary") => {}
            Some(arn) => {
                let input = json!({ "RoleName": id, "PermissionsBoundary": arn });
                call(tx, &API, "PutRolePermissionsBoundary", input)?;
            }
            None => holder::there(call(tx, &API, "DeleteRolePermissionsBoundary", json!({ "RoleName": id })))?,
        }
        let role = Holder::role(id);
        role.update(tx, before.properties, wanted.properties)?;
        role.tags(tx, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        Holder::role(id).remove(tx, properties)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let role = || ask(view, &API, "GetRole", json!({ "RoleName": id }));
        Ok(match name {
            "Arn" => Some(at(&role()?, "/Role/Arn")),
            "RoleId" => Some(at(&role()?, "/Role/RoleId")),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        // Answers have the trust policy encoded for URLs; the record has it as it is.
        let Some(role) = view.state.iam_roles.get(&state::Role::key_of(id)) else { return Ok(None) };
        let mut live = holder::read(&role.grants);
        let more = json!({
            "RoleName": role.name,
            "Path": role.path,
            "Description": role.description,
            "MaxSessionDuration": role.max_session_duration,
            "AssumeRolePolicyDocument": words::tree(&json!(role.trust)),
        });
        if let (Some(live), Value::Object(more)) = (live.as_object_mut(), more) {
            live.extend(more);
        }
        Ok(Some(live))
    }
}
