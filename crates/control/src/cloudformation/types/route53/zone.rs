//! AWS::Route53::HostedZone. Its physical id is the zone's, such as `Z23ABC4XYZL05B`.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, text, words},
    change,
};
use crate::{Tx, View, state::Tags};
use aws::{api::route53::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::Route53::HostedZone.
pub(super) struct HostedZone;

impl ResourceType for HostedZone {
    fn unsupported(&self) -> &'static [&'static str] {
        &["DelegationSetId", "HostedZoneFeatures", "QueryLoggingConfig"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let vpcs = vpcs(wanted.properties);
        let input = json!({
            "Name": wanted.get("Name"),
            "VPC": vpcs.first(),
            "CallerReference": tx.uuid(),
            "HostedZoneConfig": wanted.get("HostedZoneConfig"),
        });
        let made = call(tx, &API, "CreateHostedZone", input)?;
        let id = change::bare(&text(&made, "/HostedZone/Id")?);
        for vpc in vpcs.iter().skip(1) {
            call(tx, &API, "AssociateVPCWithHostedZone", json!({ "HostedZoneId": id, "VPC": vpc }))?;
        }
        set_tags(tx, &id, &Tags::new(), &tags(wanted))?;
        Ok(id)
    }

    fn ready(&self, view: &View<'_>, _: &str, _: &Wanted<'_>) -> Progress {
        change::in_sync(view)
    }

    fn replaces(&self, before: &Wanted<'_>, wanted: &Wanted<'_>) -> bool {
        // A public zone stays public, a private one private.
        vpcs(before.properties).is_empty() != vpcs(wanted.properties).is_empty()
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.get("HostedZoneConfig") != wanted.get("HostedZoneConfig") {
            let comment = at(wanted.properties, "/HostedZoneConfig/Comment");
            call(tx, &API, "UpdateHostedZoneComment", json!({ "Id": id, "Comment": comment }))?;
        }
        let (old, new) = (vpcs(before.properties), vpcs(wanted.properties));
        for vpc in new.iter().filter(|vpc| !old.contains(vpc)) {
            call(tx, &API, "AssociateVPCWithHostedZone", json!({ "HostedZoneId": id, "VPC": vpc }))?;
        }
        for vpc in old.iter().filter(|vpc| !new.contains(vpc)) {
            call(tx, &API, "DisassociateVPCFromHostedZone", json!({ "HostedZoneId": id, "VPC": vpc }))?;
        }
        set_tags(tx, id, &tags(before), &tags(wanted))
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteHostedZone", json!({ "Id": id })).map(drop)
    }

    fn gone(&self, view: &View<'_>, _: &str, _: &Value) -> Progress {
        change::in_sync(view)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "Id" => Some(json!(id)),
            // A private zone has none that anybody could ask ("NameServers", AWS CloudFormation Template Reference).
            "NameServers" => described(view, id)?.map(|found| at(&found, "/DelegationSet/NameServers")),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(found) = described(view, id)? else { return Ok(None) };
        let mut live = json!({ "Name": at(&found, "/HostedZone/Name") });
        if let Some(live) = live.as_object_mut() {
            let comment = at(&found, "/HostedZone/Config/Comment");
            if !comment.is_null() {
                live.insert("HostedZoneConfig".to_owned(), json!({ "Comment": comment }));
            }
            if let Some(vpcs) = found.get("VPCs") {
                live.insert("VPCs".to_owned(), vpcs.clone());
            }
        }
        Ok(Some(live))
    }
}

fn described(view: &View<'_>, id: &str) -> Result<Option<Value>, Fault> {
    words::known(ask(view, &API, "GetHostedZone", json!({ "Id": id })))
}

fn vpcs(properties: &Value) -> Vec<Value> {
    at(properties, "/VPCs").as_array().cloned().unwrap_or_default()
}

/// The stack's tags and those of `HostedZoneTags`, of which the latter win.
fn tags(wanted: &Wanted<'_>) -> Tags {
    let mut tags = wanted.tags();
    let own = wanted.get("HostedZoneTags").and_then(Value::as_array).into_iter().flatten();
    let word = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    tags.extend(own.filter_map(|tag| Some((word(tag, "Key")?, word(tag, "Value").unwrap_or_default()))));
    tags
}

fn set_tags(tx: &mut Tx<'_>, id: &str, before: &Tags, wanted: &Tags) -> Result<(), Fault> {
    let set = wanted.iter().filter(|(key, value)| before.get(*key) != Some(value));
    let set: Vec<Value> = set.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let removed: Vec<&String> = before.keys().filter(|key| !wanted.contains_key(*key)).collect();
    if set.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let input = json!({
        "ResourceType": "hostedzone",
        "ResourceId": id,
        "AddTags": (!set.is_empty()).then_some(set),
        "RemoveTagKeys": (!removed.is_empty()).then_some(removed),
    });
    call(tx, &API, "ChangeTagsForResource", input).map(drop)
}
