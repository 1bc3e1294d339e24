//! Who holds policies: roles and users, whose operations are the same but for the word.

use super::super::{Wanted, at, call, changed_tags, is_missing, words};
use crate::{
    State, Tx,
    state::{Grants, Role, User},
};
use aws::{api::iam::API, fault::Fault};
use serde_json::{Value, json};

/// A role or a user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Holder {
    kind: &'static str,
    name: String,
}

impl Holder {
    /// A role of this name.
    pub(super) fn role(name: &str) -> Self {
        Self { kind: "Role", name: name.to_owned() }
    }

    /// A user of this name.
    pub(super) fn user(name: &str) -> Self {
        Self { kind: "User", name: name.to_owned() }
    }

    /// Those that the properties `Roles` and `Users` name.
    pub(super) fn all(properties: &Value) -> Vec<Self> {
        let roles = words::texts(properties.get("Roles"));
        let users = words::texts(properties.get("Users"));
        roles.iter().map(|name| Self::role(name)).chain(users.iter().map(|name| Self::user(name))).collect()
    }

    /// What it is granted; `None` where it is not there.
    pub(super) fn grants<'s>(&self, state: &'s State) -> Option<&'s Grants> {
        match self.kind {
            "Role" => state.iam_roles.get(&Role::key_of(&self.name)).map(|role| &role.grants),
            _ => state.iam_users.get(&User::key_of(&self.name)).map(|user| &user.grants),
        }
    }

    fn call(&self, tx: &mut Tx<'_>, operation: &str, more: Value) -> Result<Value, Fault> {
        let mut input = json!({ format!("{}Name", self.kind): self.name });
        if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
            input.extend(more);
        }
        call(tx, &API, operation, input)
    }

    /// Puts an inline policy.
    ///
    /// # Errors
    /// Those of PutRolePolicy and PutUserPolicy.
    pub(super) fn put(&self, tx: &mut Tx<'_>, name: &str, document: Option<&Value>) -> Result<(), Fault> {
        let input = json!({ "PolicyName": name, "PolicyDocument": words::document(document) });
        self.call(tx, &format!("Put{}Policy", self.kind), input).map(drop)
    }

    /// Deletes an inline policy, if it is there.
    ///
    /// # Errors
    /// Those of DeleteRolePolicy and DeleteUserPolicy.
    pub(super) fn delete(&self, tx: &mut Tx<'_>, name: &str) -> Result<(), Fault> {
        let operation = format!("Delete{}Policy", self.kind);
        there(self.call(tx, &operation, json!({ "PolicyName": name })))
    }

    /// Attaches a managed policy.
    ///
    /// # Errors
    /// Those of AttachRolePolicy and AttachUserPolicy.
    pub(super) fn attach(&self, tx: &mut Tx<'_>, arn: &str) -> Result<(), Fault> {
        self.call(tx, &format!("Attach{}Policy", self.kind), json!({ "PolicyArn": arn })).map(drop)
    }

    /// Detaches a managed policy, if it is attached.
    ///
    /// # Errors
    /// Those of DetachRolePolicy and DetachUserPolicy.
    pub(super) fn detach(&self, tx: &mut Tx<'_>, arn: &str) -> Result<(), Fault> {
        there(self.call(tx, &format!("Detach{}Policy", self.kind), json!({ "PolicyArn": arn })))
    }

    /// Brings `Policies` and `ManagedPolicyArns` in line with what is wanted. What somebody else granted stays.
    ///
    /// # Errors
    /// Those of the calls.
    pub(super) fn update(&self, tx: &mut Tx<'_>, before: &Value, wanted: &Value) -> Result<(), Fault> {
        let (old, new) = (inline(before), inline(wanted));
        for (name, _) in old.iter().filter(|(name, _)| !new.iter().any(|(other, _)| other == name)) {
            self.delete(tx, name)?;
        }
        for (name, document) in new.iter().filter(|policy| !old.contains(policy)) {
            self.put(tx, name, Some(document))?;
        }
        let (old, new) = (words::texts(before.get(ATTACHED)), words::texts(wanted.get(ATTACHED)));
        for arn in old.iter().filter(|arn| !new.contains(arn)) {
            self.detach(tx, arn)?;
        }
        for arn in new.iter().filter(|arn| !old.contains(arn)) {
            self.attach(tx, arn)?;
        }
        Ok(())
    }

    /// Deletes it with what its properties granted it.
    ///
    /// # Errors
    /// `DeleteConflict` where somebody else granted it more; `NoSuchEntity`.
    pub(super) fn remove(&self, tx: &mut Tx<'_>, properties: &Value) -> Result<(), Fault> {
        self.update(tx, properties, &json!({}))?;
        self.call(tx, &format!("Delete{}", self.kind), json!({})).map(drop)
    }

    /// Brings tags in line with what is wanted.
    ///
    /// # Errors
    /// Those of the calls.
    pub(super) fn tags(&self, tx: &mut Tx<'_>, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let (set, removed) = changed_tags(before, wanted);
        if !set.is_empty() {
            let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            self.call(tx, &format!("Tag{}", self.kind), json!({ "Tags": tags }))?;
        }
        if !removed.is_empty() {
            self.call(tx, &format!("Untag{}", self.kind), json!({ "TagKeys": removed }))?;
        }
        Ok(())
    }
}

/// The property with the ARNs of managed policies.
const ATTACHED: &str = "ManagedPolicyArns";

fn inline(properties: &Value) -> Vec<(String, Value)> {
    let policies = properties.get("Policies").and_then(Value::as_array);
    let policy = |one: &Value| Some((one.get("PolicyName")?.as_str()?.to_owned(), at(one, "/PolicyDocument")));
    policies.into_iter().flatten().filter_map(policy).collect()
}

/// Success also where it is not there any more.
pub(super) fn there(answer: Result<Value, Fault>) -> Result<(), Fault> {
    match answer {
        Err(fault) if is_missing(&fault) => Ok(()),
        answer => answer.map(drop),
    }
}

/// `Policies`, `ManagedPolicyArns` and `PermissionsBoundary` as they are.
pub(super) fn read(grants: &Grants) -> Value {
    let inline = grants.inline.iter();
    let inline = inline.map(|(name, text)| json!({ "PolicyName": name, "PolicyDocument": words::tree(&json!(text)) }));
    json!({
        "Policies": inline.collect::<Value>(),
        "ManagedPolicyArns": grants.attached,
        "PermissionsBoundary": grants.boundary,
    })
}
