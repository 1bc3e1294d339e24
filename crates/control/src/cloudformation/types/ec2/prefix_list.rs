//! AWS::EC2::PrefixList.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, items, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::PrefixList.
pub(super) struct PrefixList;

impl ResourceType for PrefixList {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["PrefixListName", "AddressFamily", "MaxEntries"]);
        input.insert("Entry".to_owned(), json!(wanted.get("Entries")));
        input.insert("TagSpecification".to_owned(), tags::specification("prefix-list", wanted));
        text(&call(tx, &API, "CreateManagedPrefixList", input.into())?, "/prefixList/prefixListId")
    }

    /// Name, size and entries, each by a call: entries and size can't change in the same one. One that grows does so before its entries
    /// come, one that shrinks after they have gone.
    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.get("AddressFamily") != wanted.get("AddressFamily") {
            return Err(Fault::new("InvalidRequest", "The AddressFamily of a prefix list cannot be changed"));
        }
        if before.get("PrefixListName") != wanted.get("PrefixListName") {
            modify(tx, id, json!({ "PrefixListName": wanted.get("PrefixListName") }))?;
        }
        let size = |of: &Wanted<'_>| of.get("MaxEntries").and_then(Value::as_i64).unwrap_or_default();
        if size(wanted) > size(before) {
            modify(tx, id, json!({ "MaxEntries": size(wanted) }))?;
        }
        let entries = |of: &Wanted<'_>| of.get("Entries").into_iter().flat_map(items).cloned().collect::<Vec<_>>();
        let (was, is) = (entries(before), entries(wanted));
        let stays = |entry: &&Value| is.iter().any(|other| other["Cidr"] == entry["Cidr"]);
        let gone: Vec<Value> =
            was.iter().filter(|entry| !stays(entry)).map(|entry| json!({ "Cidr": entry["Cidr"] })).collect();
        let added: Vec<&Value> = is.iter().filter(|entry| !was.contains(entry)).collect();
        if !gone.is_empty() || !added.is_empty() {
            modify(tx, id, json!({ "AddEntry": added, "RemoveEntry": gone }))?;
        }
        if size(wanted) < size(before) {
            modify(tx, id, json!({ "MaxEntries": size(wanted) }))?;
        }
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        failed(&call(tx, &API, "DeleteManagedPrefixList", json!({ "PrefixListId": id }))?)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let member = match name {
            "PrefixListId" => return Ok(Some(json!(id))),
            "Arn" => "prefixListArn",
            "OwnerId" => "ownerId",
            "Version" => "version",
            _ => return Ok(None),
        };
        let answer = ask(view, &API, "DescribeManagedPrefixLists", json!({ "PrefixListId": [id] }))?;
        Ok(Some(at(&answer, &format!("/prefixListSet/0/{member}"))))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "PrefixListId": [id] });
        let Some(list) = described(view, "DescribeManagedPrefixLists", input, "prefixListSet")? else {
            return Ok(None);
        };
        let entries = at(&ask(view, &API, "GetManagedPrefixListEntries", json!({ "PrefixListId": id }))?, "/entrySet");
        let entry = |entry: &Value| match &entry["description"] {
            Value::Null => json!({ "Cidr": entry["cidr"] }),
            text => json!({ "Cidr": entry["cidr"], "Description": text }),
        };
        Ok(Some(json!({
            "PrefixListName": list["prefixListName"],
            "AddressFamily": list["addressFamily"],
            "MaxEntries": list["maxEntries"],
            "Entries": items(&entries).map(entry).collect::<Vec<_>>(),
        })))
    }
}

fn modify(tx: &mut Tx<'_>, id: &str, mut input: Value) -> Result<(), Fault> {
    if let Some(members) = input.as_object_mut() {
        members.insert("PrefixListId".to_owned(), json!(id));
    }
    failed(&call(tx, &API, "ModifyManagedPrefixList", input)?)
}

/// What can't be done after all ends in a state that says why, not in an error of the call.
fn failed(answer: &Value) -> Result<(), Fault> {
    let list = at(answer, "/prefixList");
    match list["state"].as_str() {
        Some("modify-failed" | "delete-failed") => {
            Err(Fault::new("InvalidPrefixListModification", list["stateMessage"].as_str().unwrap_or_default()))
        }
        _ => Ok(()),
    }
}
