//! AWS::IAM::Policy: one inline policy, of several roles and users.

use super::{
    super::{ResourceType, Wanted, text, words},
    holder::Holder,
};
use crate::{Tx, View};
use aws::fault::Fault;
use serde_json::{Value, json};

/// AWS::IAM::Policy.
pub(super) struct Policy;

/// The longest id that is made up: it names nothing.
const LONGEST: usize = 25;

impl ResourceType for Policy {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Groups/*"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        for holder in holders(wanted)? {
            holder.put(tx, &name(wanted.properties)?, wanted.get("PolicyDocument"))?;
        }
        Ok(wanted.made_up(LONGEST))
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let (old, new, after) = (name(before.properties)?, name(wanted.properties)?, holders(wanted)?);
        for holder in &after {
            holder.put(tx, &new, wanted.get("PolicyDocument"))?;
        }
        for holder in Holder::all(before.properties).iter().filter(|holder| old != new || !after.contains(holder)) {
            holder.delete(tx, &old)?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        let name = name(properties)?;
        Holder::all(properties).iter().try_for_each(|holder| holder.delete(tx, &name))
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, _: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let name = name(properties)?;
        let held = |holder: Holder| holder.grants(view.state)?.inline.get(&name).cloned();
        let holding = |property: &str, of: fn(&str) -> Holder| {
            let all = words::texts(properties.get(property));
            all.into_iter().filter(|one| held(of(one)).is_some()).collect::<Vec<_>>()
        };
        let Some(document) = Holder::all(properties).into_iter().find_map(held) else { return Ok(None) };
        Ok(Some(json!({
            "PolicyName": name,
            "PolicyDocument": words::tree(&json!(document)),
            "Roles": holding("Roles", Holder::role),
            "Users": holding("Users", Holder::user),
        })))
    }
}

fn name(properties: &Value) -> Result<String, Fault> {
    text(properties, "/PolicyName")
}

fn holders(wanted: &Wanted<'_>) -> Result<Vec<Holder>, Fault> {
    let all = Holder::all(wanted.properties);
    match all.is_empty() {
        true => Err(Fault::new("ValidationError", "At least one of [Groups,Roles,Users] must be non-empty.")),
        false => Ok(all),
    }
}
