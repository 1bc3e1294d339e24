//! AWS::EC2::NetworkAcl, AWS::EC2::NetworkAclEntry and AWS::EC2::SubnetNetworkAclAssociation.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, filter, items, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::NetworkAcl.
pub(super) struct NetworkAcl;

impl ResourceType for NetworkAcl {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["VpcId"]);
        input.insert("TagSpecification".to_owned(), tags::specification("network-acl", wanted));
        text(&call(tx, &API, "CreateNetworkAcl", input.into())?, "/networkAcl/networkAclId")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteNetworkAcl", json!({ "NetworkAclId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeNetworkAcls", json!({ "NetworkAclId": [id] }), "networkAclSet")?;
        Ok(found.map(|acl| json!({ "VpcId": acl["vpcId"] })))
    }
}

/// AWS::EC2::NetworkAclEntry. Entries have no ids of their own: its id is a made-up name.
pub(super) struct Entry;

impl ResourceType for Entry {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Ipv6CidrBlock"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        call(tx, &API, "CreateNetworkAclEntry", entry(wanted))?;
        Ok(wanted.made_up(255))
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        call(tx, &API, "ReplaceNetworkAclEntry", entry(wanted)).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, properties: &Value) -> Result<(), Fault> {
        let input = json!({
            "NetworkAclId": properties["NetworkAclId"],
            "RuleNumber": properties["RuleNumber"],
            "Egress": properties["Egress"] == true,
        });
        call(tx, &API, "DeleteNetworkAclEntry", input).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, _: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let acl = &properties["NetworkAclId"];
        let found = described(view, "DescribeNetworkAcls", json!({ "NetworkAclId": [acl] }), "networkAclSet")?;
        let entries = found.map(|acl| acl["entrySet"].clone()).unwrap_or_default();
        let egress = properties["Egress"] == true;
        let own = items(&entries).find(|one| one["ruleNumber"] == properties["RuleNumber"] && one["egress"] == egress);
        Ok(own.map(|entry| {
            // Ports and ICMP of a protocol without them are not kept.
            let kept = |member: &str, property: &str, names: [(&str, &str); 2]| match &entry[member] {
                Value::Null => properties[property].clone(),
                found => names.iter().map(|(name, of)| ((*name).to_owned(), found[*of].clone())).collect(),
            };
            json!({
                "NetworkAclId": acl,
                "RuleNumber": entry["ruleNumber"],
                "Egress": egress,
                "Protocol": entry["protocol"].as_str().and_then(|number| number.parse::<i64>().ok()),
                "RuleAction": entry["ruleAction"],
                "CidrBlock": entry["cidrBlock"],
                "PortRange": kept("portRange", "PortRange", [("From", "from"), ("To", "to")]),
                "Icmp": kept("icmpTypeCode", "Icmp", [("Type", "type"), ("Code", "code")]),
            })
        }))
    }
}

/// An entry as the operations take it; without a direction it is for what comes in.
fn entry(wanted: &Wanted<'_>) -> Value {
    let mut input = wanted.pick(&["NetworkAclId", "RuleNumber", "RuleAction", "CidrBlock", "Icmp", "PortRange"]);
    input.insert("Egress".to_owned(), json!(wanted.get("Egress") == Some(&Value::Bool(true))));
    input.extend(wanted.get("Protocol").map(|number| ("Protocol".to_owned(), json!(number.to_string()))));
    input.into()
}

/// AWS::EC2::SubnetNetworkAclAssociation. A subnet always has one ACL: making one replaces it, deleting it brings the default one back.
pub(super) struct Association;

impl ResourceType for Association {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let subnet = wanted.text("SubnetId").unwrap_or_default();
        ask(&tx.view(), &API, "DescribeSubnets", json!({ "SubnetId": [subnet] }))?;
        let (_, now) = associated(&tx.view(), "association.subnet-id", "subnetId", subnet)?.unwrap_or_default();
        replace(tx, &now["networkAclAssociationId"], &json!(wanted.get("NetworkAclId")))
    }

    /// Every change makes another one.
    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let Some((vpc, _)) = own(&tx.view(), id)? else { return Ok(()) };
        let filters = json!({ "Filter": [filter("vpc-id", &vpc), filter("default", "true")] });
        let default = at(&ask(&tx.view(), &API, "DescribeNetworkAcls", filters)?, "/networkAclSet/0/networkAclId");
        replace(tx, &json!(id), &default).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "AssociationId").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let association = own(view, id)?.map(|(_, association)| association);
        Ok(association.map(|one| json!({ "NetworkAclId": one["networkAclId"], "SubnetId": one["subnetId"] })))
    }
}

fn own(view: &View<'_>, id: &str) -> Result<Option<(String, Value)>, Fault> {
    associated(view, "association.association-id", "networkAclAssociationId", id)
}

/// The association of which a member has a value, and its VPC.
fn associated(view: &View<'_>, by: &str, member: &str, value: &str) -> Result<Option<(String, Value)>, Fault> {
    let input = json!({ "Filter": [filter(by, value)] });
    let Some(acl) = described(view, "DescribeNetworkAcls", input, "networkAclSet")? else { return Ok(None) };
    let found = items(&acl["associationSet"]).find(|association| association[member] == value).cloned();
    Ok(found.map(|found| (acl["vpcId"].as_str().unwrap_or_default().to_owned(), found)))
}

fn replace(tx: &mut Tx<'_>, association: &Value, acl: &Value) -> Result<String, Fault> {
    let input = json!({ "AssociationId": association, "NetworkAclId": acl });
    text(&call(tx, &API, "ReplaceNetworkAclAssociation", input)?, "/newAssociationId")
}
