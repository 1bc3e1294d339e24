//! AWS::ElasticLoadBalancingV2::LoadBalancer.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, text},
    described, exists, items, read_attributes, set_attributes, tags, update_tags,
};
use crate::{Tx, View};
use aws::{api::elbv2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ElasticLoadBalancingV2::LoadBalancer.
pub(super) struct LoadBalancer;

impl ResourceType for LoadBalancer {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "EnableCapacityReservationProvisionStabilize",
            "EnablePrefixForIpv6SourceNat",
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            "Ipv4IpamPoolId",
            "MinimumLoadBalancerCapacity",
            "SubnetMappings/*/IPv6Address",
            "SubnetMappings/*/SourceNatIpv6Prefix",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let names = ["IpAddressType", "Scheme", "SecurityGroups", "SubnetMappings", "Subnets", "Type"];
        let (mut input, name) = (wanted.pick(&names), wanted.name("Name", 32));
        input.insert("Name".to_owned(), json!(name));
        input.insert("Tags".to_owned(), tags(wanted));
        let before = tx.state.load_balancers.len();
        let made = call(tx, &API, "CreateLoadBalancer", input.into())?;
        if tx.state.load_balancers.len() == before {
            return Err(exists("LoadBalancer", &name));
        }
        let arn = text(&made, "/LoadBalancers/0/LoadBalancerArn")?;
        attributes(tx, &arn, None, wanted)?;
        Ok(arn)
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        let state = match ask(view, &API, "DescribeLoadBalancers", json!({ "LoadBalancerArns": [id] })) {
            Ok(answer) => at(&answer, "/LoadBalancers/0/State"),
            Err(fault) => return Progress::Failed(fault),
        };
        match state["Code"].as_str() {
            Some("provisioning") => Progress::Waiting,
            Some("failed") => {
                let why = state["Reason"].as_str().unwrap_or_default();
                Progress::Failed(Fault::new("NotStabilized", format!("The load balancer {id} failed: {why}")))
            }
            _ => Progress::Done,
        }
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let differs = |names: &[&str]| before.pick(names) != wanted.pick(names);
        for (operation, names) in [
            ("SetSubnets", ["Subnets", "SubnetMappings"].as_slice()),
            ("SetIpAddressType", ["IpAddressType"].as_slice()),
        ] {
            if differs(names) {
                let mut input = wanted.pick(names);
                input.insert("LoadBalancerArn".to_owned(), json!(id));
                if operation == "SetIpAddressType" {
                    input.entry("IpAddressType").or_insert_with(|| json!("ipv4"));
                }
                call(tx, &API, operation, input.into())?;
            }
        }
        if differs(&["SecurityGroups"]) {
            let groups: Vec<&Value> = wanted.get("SecurityGroups").into_iter().flat_map(items).collect();
            call(tx, &API, "SetSecurityGroups", json!({ "LoadBalancerArn": id, "SecurityGroups": groups }))?;
        }
        attributes(tx, id, Some(before), wanted)?;
        update_tags(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteLoadBalancer", json!({ "LoadBalancerArn": id })).map(drop)
    }

    /// Its nodes' addresses are free once no host has them any more.
    fn gone(&self, view: &View<'_>, _: &str, properties: &Value) -> Progress {
        let mapped = items(&properties["SubnetMappings"]).map(|mapping| &mapping["SubnetId"]);
        let mut subnets = items(&properties["Subnets"]).chain(mapped).filter_map(Value::as_str);
        let held = |subnet: &str| view.state.withdrawn_addresses.iter().any(|address| address.scope == subnet);
        if subnets.any(held) { Progress::Waiting } else { Progress::Done }
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let member = match name {
            "LoadBalancerArn" => return Ok(Some(json!(id))),
            "LoadBalancerFullName" => return Ok(id.split_once(":loadbalancer/").map(|(_, full)| json!(full))),
            "CanonicalHostedZoneID" => "CanonicalHostedZoneId",
            "DNSName" | "IpAddressType" | "LoadBalancerName" | "Scheme" | "SecurityGroups" | "Type" => name,
            "Name" => "LoadBalancerName",
            "Subnets" => return Ok(Some(subnets(&now(view, id)?))),
            _ => return Ok(None),
        };
        Ok(Some(at(&now(view, id)?, &format!("/{member}"))))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeLoadBalancers", json!({ "LoadBalancerArns": [id] }), "LoadBalancers")?;
        let Some(found) = found else { return Ok(None) };
        let attributes = read_attributes(
            view,
            "DescribeLoadBalancerAttributes",
            json!({ "LoadBalancerArn": id }),
            &properties["LoadBalancerAttributes"],
        )?;
        Ok(Some(json!({
            "Name": found["LoadBalancerName"],
            "Scheme": found["Scheme"],
            "Type": found["Type"],
            "IpAddressType": found["IpAddressType"],
            "SecurityGroups": found["SecurityGroups"],
            "Subnets": subnets(&found),
            "SubnetMappings": mappings(&found, &properties["SubnetMappings"]),
            "LoadBalancerAttributes": attributes,
        })))
    }
}

fn now(view: &View<'_>, id: &str) -> Result<Value, Fault> {
    let answer = ask(view, &API, "DescribeLoadBalancers", json!({ "LoadBalancerArns": [id] }))?;
    Ok(at(&answer, "/LoadBalancers/0"))
}

fn attributes(tx: &mut Tx<'_>, arn: &str, before: Option<&Wanted<'_>>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let of = ("LoadBalancerArn", arn);
    set_attributes(tx, "ModifyLoadBalancerAttributes", of, "LoadBalancerAttributes", before, wanted)
}

fn subnets(of: &Value) -> Value {
    items(&of["AvailabilityZones"]).map(|zone| zone["SubnetId"].clone()).collect()
}

/// Subnets with the addresses in them, where a template has mappings.
fn mappings(of: &Value, written: &Value) -> Option<Value> {
    let mapping = |zone: &Value| {
        let address = at(zone, "/LoadBalancerAddresses/0");
        json!({
            "SubnetId": zone["SubnetId"],
            "AllocationId": address["AllocationId"],
            "PrivateIPv4Address": address["PrivateIPv4Address"],
        })
    };
    written.is_array().then(|| items(&of["AvailabilityZones"]).map(mapping).collect())
}
