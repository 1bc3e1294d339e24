//! AWS::ElasticLoadBalancingV2::TargetGroup.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, exists, items, read_attributes, set_attributes, tags, update_tags,
};
use crate::{Tx, View};
use aws::{api::elbv2::API, fault::Fault};
use serde_json::{Value, json};

/// What ModifyTargetGroup changes; the operations call it the same.
const HEALTH_CHECK: [&str; 9] = [
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckPath",
    "HealthCheckPort",
    "HealthCheckProtocol",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "Matcher",
    "UnhealthyThresholdCount",
];
/// What is for good.
const FIXED: [&str; 6] = ["IpAddressType", "Port", "Protocol", "ProtocolVersion", "TargetType", "VpcId"];

/// AWS::ElasticLoadBalancingV2::TargetGroup.
pub(super) struct TargetGroup;

impl ResourceType for TargetGroup {
    fn unsupported(&self) -> &'static [&'static str] {
        &["TargetControlPort", "Targets/*/QuicServerId"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let (mut input, name) = (wanted.pick(&FIXED), wanted.name("Name", 32));
        input.extend(wanted.pick(&HEALTH_CHECK));
        input.insert("Name".to_owned(), json!(name));
        input.insert("Tags".to_owned(), tags(wanted));
        let before = tx.state.target_groups.len();
        let made = call(tx, &API, "CreateTargetGroup", input.into())?;
        if tx.state.target_groups.len() == before {
            return Err(exists("TargetGroup", &name));
        }
        let arn = text(&made, "/TargetGroups/0/TargetGroupArn")?;
        attributes(tx, &arn, None, wanted)?;
        register(tx, &arn, targets(wanted))?;
        Ok(arn)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.pick(&HEALTH_CHECK) != wanted.pick(&HEALTH_CHECK) {
            let mut input = wanted.pick(&HEALTH_CHECK);
            input.insert("TargetGroupArn".to_owned(), json!(id));
            call(tx, &API, "ModifyTargetGroup", input.into())?;
        }
        attributes(tx, id, Some(before), wanted)?;
        let (was, is) = (targets(before), targets(wanted));
        let gone: Vec<Value> = was.iter().filter(|target| !is.contains(target)).map(named).collect();
        if !gone.is_empty() {
            call(tx, &API, "DeregisterTargets", json!({ "TargetGroupArn": id, "Targets": gone }))?;
        }
        register(tx, id, is.into_iter().filter(|target| !was.contains(target)).collect())?;
        update_tags(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteTargetGroup", json!({ "TargetGroupArn": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let member = match name {
            "TargetGroupArn" => return Ok(Some(json!(id))),
            "TargetGroupFullName" => return Ok(id.rsplit_once(':').map(|(_, full)| json!(full))),
            "LoadBalancerArns" | "TargetGroupName" => name,
            _ => return Ok(None),
        };
        let answer = ask(view, &API, "DescribeTargetGroups", json!({ "TargetGroupArns": [id] }))?;
        Ok(Some(at(&answer, &format!("/TargetGroups/0/{member}"))))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeTargetGroups", json!({ "TargetGroupArns": [id] }), "TargetGroups")?;
        let Some(found) = found else { return Ok(None) };
        let attributes = read_attributes(
            view,
            "DescribeTargetGroupAttributes",
            json!({ "TargetGroupArn": id }),
            &properties["TargetGroupAttributes"],
        )?;
        let health =
            at(&ask(view, &API, "DescribeTargetHealth", json!({ "TargetGroupArn": id }))?, "/TargetHealthDescriptions");
        let members = FIXED.iter().chain(&HEALTH_CHECK).map(|name| ((*name).to_owned(), found[*name].clone()));
        let mut read: serde_json::Map<String, Value> = members.collect();
        read.insert("Name".to_owned(), found["TargetGroupName"].clone());
        read.insert("TargetGroupAttributes".to_owned(), attributes);
        read.insert("Targets".to_owned(), read_targets(&found, &health, &properties["Targets"]));
        Ok(Some(read.into()))
    }
}

fn attributes(tx: &mut Tx<'_>, arn: &str, before: Option<&Wanted<'_>>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let of = ("TargetGroupArn", arn);
    set_attributes(tx, "ModifyTargetGroupAttributes", of, "TargetGroupAttributes", before, wanted)
}

fn targets(of: &Wanted<'_>) -> Vec<Value> {
    of.get("Targets").into_iter().flat_map(items).cloned().collect()
}

/// A target as it is taken out: by its address and port.
fn named(target: &Value) -> Value {
    json!({ "Id": target["Id"], "Port": target["Port"] })
}

fn register(tx: &mut Tx<'_>, arn: &str, targets: Vec<Value>) -> Result<(), Fault> {
    if targets.is_empty() {
        return Ok(());
    }
    call(tx, &API, "RegisterTargets", json!({ "TargetGroupArn": arn, "Targets": targets })).map(drop)
}

/// The targets a template names that are registered, as it writes them. Those that services register are not its own.
fn read_targets(group: &Value, health: &Value, written: &Value) -> Value {
    let port = |target: &Value| target.get("Port").filter(|port| !port.is_null()).unwrap_or(&group["Port"]).clone();
    let registered = |target: &&Value| {
        items(health).any(|one| {
            let known = &one["Target"];
            known["Id"] == target["Id"] && known["Port"] == port(target) && one["TargetHealth"]["State"] != "draining"
        })
    };
    items(written).filter(registered).cloned().collect()
}
