//! AWS::IAM::InstanceProfile.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text, words},
    holder,
};
use crate::{Tx, View};
use aws::{api::iam::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::IAM::InstanceProfile.
pub(super) struct InstanceProfile;

impl ResourceType for InstanceProfile {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["Path"]);
        input.insert("InstanceProfileName".to_owned(), json!(wanted.name("InstanceProfileName", 128)));
        let made = call(tx, &API, "CreateInstanceProfile", input.into())?;
        let name = text(&made, "/InstanceProfile/InstanceProfileName")?;
        set_roles(tx, &name, &[], &words::texts(wanted.get("Roles")))?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        set_roles(tx, id, &words::texts(before.get("Roles")), &words::texts(wanted.get("Roles")))
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        set_roles(tx, id, &words::texts(properties.get("Roles")), &[])?;
        call(tx, &API, "DeleteInstanceProfile", json!({ "InstanceProfileName": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        match name {
            "Arn" => Ok(Some(at(&described(view, id)?, "/InstanceProfile/Arn"))),
            _ => Ok(None),
        }
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(answer) = words::known(described(view, id))? else { return Ok(None) };
        let profile = at(&answer, "/InstanceProfile");
        let roles = at(&profile, "/Roles");
        let roles = roles.as_array().into_iter().flatten().map(|role| at(role, "/RoleName")).collect::<Value>();
        Ok(Some(json!({ "InstanceProfileName": id, "Path": at(&profile, "/Path"), "Roles": roles })))
    }
}

fn described(view: &View<'_>, name: &str) -> Result<Value, Fault> {
    ask(view, &API, "GetInstanceProfile", json!({ "InstanceProfileName": name }))
}

/// Takes the roles out that are no more wanted, and puts in those that are.
fn set_roles(tx: &mut Tx<'_>, name: &str, before: &[String], wanted: &[String]) -> Result<(), Fault> {
    let input = |role: &String| json!({ "InstanceProfileName": name, "RoleName": role });
    for role in before.iter().filter(|role| !wanted.contains(role)) {
        holder::there(call(tx, &API, "RemoveRoleFromInstanceProfile", input(role)))?;
    }
    for role in wanted.iter().filter(|role| !before.contains(role)) {
        call(tx, &API, "AddRoleToInstanceProfile", input(role))?;
    }
    Ok(())
}
