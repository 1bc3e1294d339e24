//! AWS::IAM::RolePolicy. Its physical id is the policy's name and the role's, `Policy|Role`.

use super::{
    super::{ResourceType, Wanted, text, words},
    holder::Holder,
};
use crate::{Tx, View};
use aws::fault::Fault;
use serde_json::{Value, json};

/// AWS::IAM::RolePolicy.
pub(super) struct RolePolicy;

impl ResourceType for RolePolicy {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let (policy, role) = (text(wanted.properties, "/PolicyName")?, text(wanted.properties, "/RoleName")?);
        let (id, holder) = (format!("{policy}|{role}"), Holder::role(&role));
        if holder.grants(&tx.state).is_some_and(|grants| grants.inline.contains_key(&policy)) {
            return Err(words::exists("AWS::IAM::RolePolicy", &id));
        }
        // The schema lets a document be left out; a policy without one is none.
        holder.put(tx, &policy, wanted.get("PolicyDocument"))?;
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let (policy, role) = parts(id);
        role.put(tx, policy, wanted.get("PolicyDocument"))
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let (policy, role) = parts(id);
        role.delete(tx, policy)
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let (policy, role) = parts(id);
        let document = role.grants(view.state).and_then(|grants| grants.inline.get(policy));
        Ok(document.map(|document| {
            json!({
                "PolicyName": policy,
                "RoleName": properties.get("RoleName"),
                "PolicyDocument": words::tree(&json!(document)),
            })
        }))
    }
}

fn parts(id: &str) -> (&str, Holder) {
    let (policy, role) = id.split_once('|').unwrap_or((id, ""));
    (policy, Holder::role(role))
}
