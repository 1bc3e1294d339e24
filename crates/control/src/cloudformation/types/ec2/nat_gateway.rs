//! AWS::EC2::NatGateway.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, text},
    described, items, tags, texts, without,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::NatGateway.
pub(super) struct NatGateway;

impl ResourceType for NatGateway {
    fn unsupported(&self) -> &'static [&'static str] {
        &["AvailabilityZoneAddresses", "VpcId"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&[
            "AllocationId",
            "AvailabilityMode",
            "ConnectivityType",
            "PrivateIpAddress",
            "SecondaryPrivateIpAddressCount",
            "SubnetId",
        ]);
        input.insert("SecondaryAllocationId".to_owned(), json!(wanted.get("SecondaryAllocationIds")));
        input.insert("SecondaryPrivateIpAddress".to_owned(), json!(wanted.get("SecondaryPrivateIpAddresses")));
        input.insert("TagSpecification".to_owned(), tags::specification("natgateway", wanted));
        text(&call(tx, &API, "CreateNatGateway", input.into())?, "/natGateway/natGatewayId")
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        let gateway = match ask(view, &API, "DescribeNatGateways", json!({ "NatGatewayId": [id] })) {
            Ok(answer) => at(&answer, "/natGatewaySet/0"),
            Err(fault) => return Progress::Failed(fault),
        };
        match gateway["state"].as_str().unwrap_or_default() {
            "pending" => Progress::Waiting,
            "available" if settled(&gateway) => Progress::Done,
            "available" => Progress::Waiting,
            state => {
                let why = gateway["failureMessage"].as_str().unwrap_or_default();
                let message = format!(
                    "NatGateway {id} is in state {state} and hence failed to stabilize. Detailed failure message: {why}"
                );
                Progress::Failed(Fault::new("NotStabilized", message))
            }
        }
    }

    /// Secondary addresses come before others go, so that the gateway is never without those that stay. The time that connections have
    /// (`MaxDrainDurationSeconds`) matters when an address is taken away.
    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        match wanted.text("ConnectivityType") {
            Some("private") => private_addresses(tx, id, before, wanted)?,
            _ => elastic_addresses(tx, id, wanted)?,
        }
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteNatGateway", json!({ "NatGatewayId": id })).map(drop)
    }

    fn gone(&self, view: &View<'_>, id: &str, _: &Value) -> Progress {
        match described(view, "DescribeNatGateways", json!({ "NatGatewayId": [id] }), "natGatewaySet") {
            Ok(Some(gateway)) if gateway["state"] != "deleted" => Progress::Waiting,
            Ok(_) => Progress::Done,
            Err(fault) => Progress::Failed(fault),
        }
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "NatGatewayId" => Some(json!(id)),
            "EniId" => {
                let answer = ask(view, &API, "DescribeNatGateways", json!({ "NatGatewayId": [id] }))?;
                Some(at(&answer, "/natGatewaySet/0/natGatewayAddressSet/0/networkInterfaceId"))
            }
            _ => None,
        })
    }

    /// One that is deleted is shown for an hour, and not there all the same.
    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeNatGateways", json!({ "NatGatewayId": [id] }), "natGatewaySet")?;
        let gone = |state: &Value| state == "deleted" || state == "deleting";
        Ok(found.filter(|gateway| !gone(&gateway["state"])).map(|gateway| {
            let first = at(&gateway, "/natGatewayAddressSet/0");
            let (private, elastic) = secondary(&gateway);
            json!({
                "SubnetId": gateway["subnetId"],
                "ConnectivityType": gateway["connectivityType"],
                "AvailabilityMode": gateway["availabilityMode"],
                "AllocationId": first["allocationId"],
                "PrivateIpAddress": first["privateIp"],
                "SecondaryAllocationIds": elastic,
                "SecondaryPrivateIpAddresses": private,
                "SecondaryPrivateIpAddressCount": private.len(),
            })
        }))
    }
}

/// Whether every address has come.
fn settled(gateway: &Value) -> bool {
    items(&gateway["natGatewayAddressSet"]).all(|address| address["status"] == "succeeded")
}

/// The private addresses beside the first, and the allocations of theirs.
fn secondary(gateway: &Value) -> (Vec<String>, Vec<String>) {
    let others = items(&gateway["natGatewayAddressSet"]).filter(|address| address["isPrimary"] != true);
    let word = |address: &Value, member: &str| address[member].as_str().map(str::to_owned);
    let both: Vec<_> = others.map(|other| (word(other, "privateIp"), word(other, "allocationId"))).collect();
    let elastic = both.iter().filter_map(|(_, elastic)| elastic.clone()).collect();
    (both.into_iter().filter_map(|(private, _)| private).collect(), elastic)
}

fn now(tx: &Tx<'_>, id: &str) -> Result<Value, Fault> {
    Ok(at(&ask(&tx.view(), &API, "DescribeNatGateways", json!({ "NatGatewayId": [id] }))?, "/natGatewaySet/0"))
}

/// Brings the Elastic IP addresses beside the first in line with what is wanted.
fn elastic_addresses(tx: &mut Tx<'_>, id: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let gateway = now(tx, id)?;
    let (private, there) = secondary(&gateway);
    let after = texts(wanted.get("SecondaryAllocationIds"));
    let (more, less) = (without(&after, &there), without(&there, &after));
    if !more.is_empty() {
        let addresses = without(&texts(wanted.get("SecondaryPrivateIpAddresses")), &private);
        let input = json!({ "NatGatewayId": id, "AllocationId": more, "PrivateIpAddress": addresses });
        call(tx, &API, "AssociateNatGatewayAddress", input)?;
    }
    if !less.is_empty() {
        let associations: Vec<Value> = items(&gateway["natGatewayAddressSet"])
            .filter(|address| address["allocationId"].as_str().is_some_and(|one| less.iter().any(|gone| gone == one)))
            .map(|address| address["associationId"].clone())
            .collect();
        let input = json!({
            "NatGatewayId": id,
            "AssociationId": associations,
            "MaxDrainDurationSeconds": wanted.get("MaxDrainDurationSeconds"),
        });
        call(tx, &API, "DisassociateNatGatewayAddress", input)?;
    }
    Ok(())
}

/// Brings the private addresses beside the first in line with what is wanted: these, or so many.
fn private_addresses(tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    const NAMES: [&str; 2] = ["SecondaryPrivateIpAddresses", "SecondaryPrivateIpAddressCount"];
    if before.pick(&NAMES) == wanted.pick(&NAMES) {
        return Ok(());
    }
    let (there, _) = secondary(&now(tx, id)?);
    let count = wanted.get("SecondaryPrivateIpAddressCount").and_then(Value::as_u64);
    let listed = texts(wanted.get("SecondaryPrivateIpAddresses"));
    let (more, less, number) = match count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)) {
        Some(count) => (Vec::new(), there.iter().skip(count).cloned().collect(), count.saturating_sub(there.len())),
        None => (without(&listed, &there), without(&there, &listed), 0),
    };
    if !more.is_empty() {
        let input = json!({ "NatGatewayId": id, "PrivateIpAddress": more });
        call(tx, &API, "AssignPrivateNatGatewayAddress", input)?;
    }
    if number > 0 {
        let input = json!({ "NatGatewayId": id, "PrivateIpAddressCount": number });
        call(tx, &API, "AssignPrivateNatGatewayAddress", input)?;
    }
    if !less.is_empty() {
        let input = json!({
            "NatGatewayId": id,
            "PrivateIpAddress": less,
            "MaxDrainDurationSeconds": wanted.get("MaxDrainDurationSeconds"),
        });
        call(tx, &API, "UnassignPrivateNatGatewayAddress", input)?;
    }
    Ok(())
}
