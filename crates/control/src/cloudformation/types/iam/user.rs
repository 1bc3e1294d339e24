//! AWS::IAM::User.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    holder::{self, Holder},
};
use crate::{Tx, View, state};
use aws::{api::iam::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::IAM::User.
pub(super) struct User;

impl ResourceType for User {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Groups/*", "LoginProfile"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["Path", "PermissionsBoundary"]);
        input.insert("UserName".to_owned(), json!(wanted.name("UserName", 64)));
        input.insert("Tags".to_owned(), wanted.tag_list("Key", "Value"));
        let name = text(&call(tx, &API, "CreateUser", input.into())?, "/User/UserName")?;
        Holder::user(&name).update(tx, &json!({}), wanted.properties)?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        // There are no operations that change these.
        let fixed = ["Path", "PermissionsBoundary"];
        if let Some(property) = fixed.into_iter().find(|property| before.get(property) != wanted.get(property)) {
            let message = format!("neargate does not support changing {property} of AWS::IAM::User yet.");
            return Err(Fault::new("ValidationError", message));
        }
        let user = Holder::user(id);
        user.update(tx, before.properties, wanted.properties)?;
        user.tags(tx, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        Holder::user(id).remove(tx, properties)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        match name {
            "Arn" => ask(view, &API, "GetUser", json!({ "UserName": id })).map(|user| Some(at(&user, "/User/Arn"))),
            _ => Ok(None),
        }
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(user) = view.state.iam_users.get(&state::User::key_of(id)) else { return Ok(None) };
        let mut live = holder::read(&user.grants);
        if let Some(live) = live.as_object_mut() {
            live.insert("UserName".to_owned(), json!(user.name));
            live.insert("Path".to_owned(), json!(user.path));
        }
        Ok(Some(live))
    }
}
