//! AWS::EC2::SecurityGroup.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, filter, items,
    security_group_rule::{EGRESS, INGRESS, Rule, everything_out, revoke},
    tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::SecurityGroup.
pub(super) struct SecurityGroup;

impl ResourceType for SecurityGroup {
    fn unsupported(&self) -> &'static [&'static str] {
        &["SecurityGroupEgress/*/CidrIpv6", "SecurityGroupIngress/*/CidrIpv6"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["GroupDescription", "VpcId"]);
        input.insert("GroupName".to_owned(), json!(wanted.name("GroupName", 255)));
        input.insert("TagSpecification".to_owned(), tags::specification("security-group", wanted));
        let id = text(&call(tx, &API, "CreateSecurityGroup", input.into())?, "/groupId")?;
        set(tx, &INGRESS, &id, &[], &rules(&INGRESS, wanted))?;
        set_egress(tx, &id, &[], &rules(&EGRESS, wanted))?;
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        set(tx, &INGRESS, id, &rules(&INGRESS, before), &rules(&INGRESS, wanted))?;
        set_egress(tx, id, &rules(&EGRESS, before), &rules(&EGRESS, wanted))?;
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteSecurityGroup", json!({ "GroupId": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, properties: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "Id" | "GroupId" => Some(json!(id)),
            _ => self.read(view, id, properties)?.and_then(|read| read.get(name).cloned()),
        })
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeSecurityGroups", json!({ "GroupId": [id] }), "securityGroupInfo")?;
        let Some(group) = found else { return Ok(None) };
        let input = json!({ "Filter": [filter("group-id", id)] });
        let told = at(&ask(view, &API, "DescribeSecurityGroupRules", input)?, "/securityGroupRuleSet");
        Ok(Some(json!({
            "GroupName": group["groupName"],
            "GroupDescription": group["groupDescription"],
            "VpcId": group["vpcId"],
            "SecurityGroupIngress": read_rules(&INGRESS, properties, items(&told).filter(|rule| rule["isEgress"] != true)),
            "SecurityGroupEgress": read_rules(&EGRESS, properties, items(&told).filter(|rule| rule["isEgress"] == true)),
        })))
    }
}

fn rules(of: &Rule, wanted: &Wanted<'_>) -> Vec<Value> {
    wanted.get(of.list).into_iter().flat_map(items).cloned().collect()
}

/// The rules that are there: those a template has as it writes them and in its order, then the others.
fn read_rules<'a>(of: &Rule, properties: &Value, told: impl Iterator<Item = &'a Value>) -> Value {
    let told: Vec<Value> = told.map(|rule| of.told(rule)).collect();
    let written: Vec<&Value> = properties.get(of.list).into_iter().flat_map(items).collect();
    let there = written.iter().filter(|rule| told.iter().any(|told| of.is_same(rule, told)));
    let others = told.iter().filter(|told| !written.iter().any(|rule| of.is_same(rule, told)));
    there.copied().chain(others).cloned().collect()
}

/// "If you modify a rule, CloudFormation removes the existing rule and then adds a new rule" ("AWS::EC2::SecurityGroup", AWS
/// CloudFormation Template Reference).
fn set(tx: &mut Tx<'_>, of: &Rule, id: &str, before: &[Value], wanted: &[Value]) -> Result<(), Fault> {
    for gone in before.iter().filter(|rule| !wanted.contains(rule)) {
        revoke(tx, of, id, gone)?;
    }
    let added = wanted.iter().filter(|rule| !before.contains(rule)).map(|rule| of.permission(rule));
    let added = added.collect::<Result<Vec<Value>, Fault>>()?;
    if added.is_empty() {
        return Ok(());
    }
    call(tx, &API, of.authorize, json!({ "GroupId": id, "IpPermissions": added })).map(drop)
}

/// A group whose template says nothing of what leaves it keeps the rule that it was made with; the first that says something replaces it.
/// When all are taken out again, nothing leaves it any more (the same page).
fn set_egress(tx: &mut Tx<'_>, id: &str, before: &[Value], wanted: &[Value]) -> Result<(), Fault> {
    if before.is_empty() && !wanted.is_empty() {
        revoke(tx, &EGRESS, id, &everything_out())?;
    }
    set(tx, &EGRESS, id, before, wanted)
}
