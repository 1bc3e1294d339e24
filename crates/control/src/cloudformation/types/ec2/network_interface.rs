//! AWS::EC2::NetworkInterface.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, each, items, tags, texts, without,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::NetworkInterface.
pub(super) struct NetworkInterface;

impl ResourceType for NetworkInterface {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "ConnectionTrackingSpecification",
            "EnablePrimaryIpv6",
            "Ipv4PrefixCount",
            "Ipv4Prefixes",
            "Ipv6AddressCount",
            "Ipv6Addresses",
            "Ipv6PrefixCount",
            "Ipv6Prefixes",
            "PublicIpDnsHostnameTypeSpecification",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&[
            "Description",
            "InterfaceType",
            "PrivateIpAddress",
            "PrivateIpAddresses",
            "SecondaryPrivateIpAddressCount",
            "SubnetId",
        ]);
        input.insert("SecurityGroupId".to_owned(), json!(wanted.get("GroupSet")));
        input.insert("TagSpecification".to_owned(), tags::specification("network-interface", wanted));
        let made = call(tx, &API, "CreateNetworkInterface", input.into())?;
        let id = text(&made, "/networkInterface/networkInterfaceId")?;
        if wanted.get("SourceDestCheck") == Some(&Value::Bool(false)) {
            modify(tx, &id, "SourceDestCheck", json!({ "Value": false }))?;
        }
        Ok(id)
    }

    /// Another primary address makes another interface.
    fn replaces(&self, before: &Wanted<'_>, wanted: &Wanted<'_>) -> bool {
        primary(before) != primary(wanted)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let differs = |name: &str| before.get(name) != wanted.get(name);
        if differs("Description") {
            let text = wanted.text("Description").unwrap_or_default();
            modify(tx, id, "Description", json!({ "Value": text }))?;
        }
        if differs("SourceDestCheck") {
            let check = wanted.get("SourceDestCheck") != Some(&Value::Bool(false));
            modify(tx, id, "SourceDestCheck", json!({ "Value": check }))?;
        }
        if differs("GroupSet") {
            modify(tx, id, "SecurityGroupId", groups(tx, id, wanted)?)?;
        }
        if differs("PrivateIpAddresses") || differs("SecondaryPrivateIpAddressCount") {
            set_addresses(tx, id, wanted)?;
        }
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteNetworkInterface", json!({ "NetworkInterfaceId": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let interface = || -> Result<Value, Fault> { now(view, id) };
        Ok(Some(match name {
            "Id" => json!(id),
            "PrimaryPrivateIpAddress" => interface()?["privateIpAddress"].clone(),
            "SecondaryPrivateIpAddresses" => json!(secondary(&interface()?)),
            "VpcId" => interface()?["vpcId"].clone(),
            _ => return Ok(None),
        }))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "NetworkInterfaceId": [id] });
        let found = described(view, "DescribeNetworkInterfaces", input, "networkInterfaceSet")?;
        Ok(found.map(|interface| {
            let all = items(&interface["privateIpAddressesSet"]);
            let addresses: Vec<Value> = all
                .map(|one| json!({ "PrivateIpAddress": one["privateIpAddress"], "Primary": one["primary"] }))
                .collect();
            json!({
                "Description": interface["description"],
                "GroupSet": each(&interface["groupSet"], "groupId"),
                "InterfaceType": interface["interfaceType"],
                "PrivateIpAddress": interface["privateIpAddress"],
                // In the one of two ways in which the template says it.
                "PrivateIpAddresses": properties["PrivateIpAddresses"].is_array().then_some(addresses),
                "SecondaryPrivateIpAddressCount": secondary(&interface).len(),
                "SourceDestCheck": interface["sourceDestCheck"],
                "SubnetId": interface["subnetId"],
            })
        }))
    }
}

fn now(view: &View<'_>, id: &str) -> Result<Value, Fault> {
    let answer = ask(view, &API, "DescribeNetworkInterfaces", json!({ "NetworkInterfaceId": [id] }))?;
    Ok(at(&answer, "/networkInterfaceSet/0"))
}

/// The private addresses beside the primary one.
fn secondary(interface: &Value) -> Vec<String> {
    let others = items(&interface["privateIpAddressesSet"]).filter(|address| address["primary"] != true);
    others.filter_map(|address| address["privateIpAddress"].as_str().map(str::to_owned)).collect()
}

/// The primary address that a list of addresses names.
fn primary<'a>(of: &'a Wanted<'_>) -> Option<&'a Value> {
    let mut listed = of.get("PrivateIpAddresses").into_iter().flat_map(items);
    listed.find(|address| address["Primary"] == true).and_then(|address| address.get("PrivateIpAddress"))
}

/// Changes one attribute: a call changes one ("ModifyNetworkInterfaceAttribute", Amazon EC2 API Reference).
fn modify(tx: &mut Tx<'_>, id: &str, attribute: &str, value: Value) -> Result<(), Fault> {
    let input = json!({ "NetworkInterfaceId": id, attribute: value });
    call(tx, &API, "ModifyNetworkInterfaceAttribute", input).map(drop)
}

/// The groups that are wanted; without any, the VPC's default one, as an interface is made with.
fn groups(tx: &Tx<'_>, id: &str, wanted: &Wanted<'_>) -> Result<Value, Fault> {
    if let Some(groups) = wanted.get("GroupSet").filter(|groups| items(groups).next().is_some()) {
        return Ok(groups.clone());
    }
    let vpc = text(&now(&tx.view(), id)?, "/vpcId")?;
    let filters = json!({ "Filter": [super::filter("vpc-id", &vpc), super::filter("group-name", "default")] });
    let default = ask(&tx.view(), &API, "DescribeSecurityGroups", filters)?;
    Ok(json!([at(&default, "/securityGroupInfo/0/groupId")]))
}

/// Brings the secondary addresses in line with what is wanted: these, or so many.
fn set_addresses(tx: &mut Tx<'_>, id: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let there = secondary(&now(&tx.view(), id)?);
    let count = wanted.get("SecondaryPrivateIpAddressCount").and_then(Value::as_u64);
    let listed: Value = wanted
        .get("PrivateIpAddresses")
        .into_iter()
        .flat_map(items)
        .filter(|address| address["Primary"] != true)
        .map(|address| address["PrivateIpAddress"].clone())
        .collect();
    let listed = texts(Some(&listed));
    let (more, less, number) = match count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)) {
        Some(count) => (Vec::new(), there.iter().skip(count).cloned().collect(), count.saturating_sub(there.len())),
        None => (without(&listed, &there), without(&there, &listed), 0),
    };
    if !less.is_empty() {
        let input = json!({ "NetworkInterfaceId": id, "PrivateIpAddress": less });
        call(tx, &API, "UnassignPrivateIpAddresses", input)?;
    }
    if !more.is_empty() {
        let input = json!({ "NetworkInterfaceId": id, "PrivateIpAddress": more });
        call(tx, &API, "AssignPrivateIpAddresses", input)?;
    }
    if number > 0 {
        let input = json!({ "NetworkInterfaceId": id, "SecondaryPrivateIpAddressCount": number });
        call(tx, &API, "AssignPrivateIpAddresses", input)?;
    }
    Ok(())
}
