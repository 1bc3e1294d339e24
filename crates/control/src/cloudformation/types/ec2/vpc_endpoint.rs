//! AWS::EC2::VPCEndpoint.

use super::{
    super::{Progress, ResourceType, Wanted, ask, at, call, text},
    described, each, items, tags, texts, without,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Map, Value, json};

/// What an endpoint is put in, as properties and as DescribeVpcEndpoints call it, and the parameters that add and remove.
const PLACES: [(&str, &str, &str, &str); 3] = [
    ("RouteTableIds", "routeTableIdSet", "AddRouteTableId", "RemoveRouteTableId"),
    ("SubnetIds", "subnetIdSet", "AddSubnetId", "RemoveSubnetId"),
    ("SecurityGroupIds", "groupSet", "AddSecurityGroupId", "RemoveSecurityGroupId"),
];

/// AWS::EC2::VPCEndpoint.
pub(super) struct Endpoint;

impl ResourceType for Endpoint {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "DnsOptions/PrivateDnsPreference",
            "DnsOptions/PrivateDnsSpecifiedDomains",
            "ResourceConfigurationArn",
            "ServiceNetworkArn",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["VpcEndpointType", "VpcId", "ServiceName", "ServiceRegion"]);
        input.extend(settings(wanted));
        for (property, parameter) in
            [("RouteTableIds", "RouteTableId"), ("SubnetIds", "SubnetId"), ("SecurityGroupIds", "SecurityGroupId")]
        {
            input.insert(parameter.to_owned(), json!(wanted.get(property)));
        }
        input.insert("TagSpecification".to_owned(), tags::specification("vpc-endpoint", wanted));
        text(&call(tx, &API, "CreateVpcEndpoint", input.into())?, "/vpcEndpoint/vpcEndpointId")
    }

    fn ready(&self, view: &View<'_>, id: &str, _: &Wanted<'_>) -> Progress {
        let state = match ask(view, &API, "DescribeVpcEndpoints", json!({ "VpcEndpointId": [id] })) {
            Ok(answer) => at(&answer, "/vpcEndpointSet/0/state"),
            Err(fault) => return Progress::Failed(fault),
        };
        match state.as_str().unwrap_or_default().to_ascii_lowercase().as_str() {
            "available" => Progress::Done,
            "pending" => Progress::Waiting,
            other => {
                Progress::Failed(Fault::new("NotStabilized", format!("The VPC endpoint {id} is in the state {other}")))
            }
        }
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let now = ask(&tx.view(), &API, "DescribeVpcEndpoints", json!({ "VpcEndpointId": [id] }))?;
        let now = at(&now, "/vpcEndpointSet/0");
        let mut input = settings(wanted);
        input.insert("VpcEndpointId".to_owned(), json!(id));
        for (property, member, add, remove) in PLACES {
            // One that never named any keeps what the operation chose for it.
            if before.get(property) == wanted.get(property) {
                continue;
            }
            let (there, after) = (texts(Some(&place(&now, member))), texts(wanted.get(property)));
            input.insert(add.to_owned(), json!(without(&after, &there)));
            input.insert(remove.to_owned(), json!(without(&there, &after)));
        }
        if before.get("PolicyDocument").is_some() && wanted.get("PolicyDocument").is_none() {
            input.insert("ResetPolicy".to_owned(), json!(true));
        }
        call(tx, &API, "ModifyVpcEndpoint", input.into())?;
        tags::update(tx, id, before, wanted)
    }

    /// Those that can't be deleted are told of in an answer of success.
    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let answer = call(tx, &API, "DeleteVpcEndpoints", json!({ "VpcEndpointId": [id] }))?;
        let error = at(&answer, "/unsuccessful/0/error");
        match (error["code"].as_str(), error["message"].as_str()) {
            (Some(code), message) => Err(Fault::new(code.to_owned(), message.unwrap_or_default())),
            _ => Ok(()),
        }
    }

    fn gone(&self, view: &View<'_>, id: &str, _: &Value) -> Progress {
        match described(view, "DescribeVpcEndpoints", json!({ "VpcEndpointId": [id] }), "vpcEndpointSet") {
            Ok(Some(endpoint)) if !is_deleted(&endpoint) => Progress::Waiting,
            Ok(_) => Progress::Done,
            Err(fault) => Progress::Failed(fault),
        }
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let endpoint = || -> Result<Value, Fault> {
            let answer = ask(view, &API, "DescribeVpcEndpoints", json!({ "VpcEndpointId": [id] }))?;
            Ok(at(&answer, "/vpcEndpointSet/0"))
        };
        Ok(Some(match name {
            "Id" => json!(id),
            "CreationTimestamp" => json!(view.state.vpc_endpoints.get(id).map(|made| made.created_at.iso8601())),
            "NetworkInterfaceIds" => endpoint()?["networkInterfaceIdSet"].clone(),
            "DnsEntries" => {
                let word = |entry: &Value, member: &str| entry[member].as_str().unwrap_or_default().to_owned();
                let entry = |entry: &Value| format!("{}:{}", word(entry, "hostedZoneId"), word(entry, "dnsName"));
                items(&endpoint()?["dnsEntrySet"]).map(entry).collect::<Vec<_>>().into()
            }
            _ => return Ok(None),
        }))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeVpcEndpoints", json!({ "VpcEndpointId": [id] }), "vpcEndpointSet")?;
        Ok(found.filter(|endpoint| !is_deleted(endpoint) && endpoint["state"] != "deleting").map(|endpoint| {
            let mut read = json!({
                "VpcId": endpoint["vpcId"],
                "ServiceName": endpoint["serviceName"],
                "ServiceRegion": endpoint["serviceRegion"],
                "VpcEndpointType": endpoint["vpcEndpointType"],
                "PrivateDnsEnabled": endpoint["privateDnsEnabled"],
                "IpAddressType": endpoint["ipAddressType"],
                "PolicyDocument": policy(&endpoint["policyDocument"], &properties["PolicyDocument"]),
            });
            if let Some(members) = read.as_object_mut() {
                members.extend(PLACES.map(|(property, member, _, _)| (property.to_owned(), place(&endpoint, member))));
            }
            read
        }))
    }
}

fn is_deleted(endpoint: &Value) -> bool {
    endpoint["state"].as_str().is_some_and(|state| state.eq_ignore_ascii_case("deleted"))
}

/// The ids of what an endpoint is put in.
fn place(endpoint: &Value, member: &str) -> Value {
    if member == "groupSet" { each(&endpoint[member], "groupId") } else { endpoint[member].clone() }
}

/// A policy as text, or as a document where the template has one.
fn policy(text: &Value, written: &Value) -> Value {
    let document = || serde_json::from_str(text.as_str()?).ok();
    if written.is_object() { document().unwrap_or_else(|| text.clone()) } else { text.clone() }
}

/// What both making and changing an endpoint take. Private names of interface endpoints are off unless they are asked for
/// ("AWS::EC2::VPCEndpoint", AWS CloudFormation Template Reference).
fn settings(wanted: &Wanted<'_>) -> Map<String, Value> {
    let mut input = Map::new();
    let is_interface = wanted.text("VpcEndpointType") == Some("Interface");
    let private = wanted.get("PrivateDnsEnabled").cloned().or_else(|| is_interface.then_some(Value::Bool(false)));
    input.extend(private.map(|on| ("PrivateDnsEnabled".to_owned(), on)));
    let addresses = wanted.get("IpAddressType").filter(|kind| *kind != "not-specified");
    input.extend(addresses.map(|kind| ("IpAddressType".to_owned(), kind.clone())));
    let policy = wanted.get("PolicyDocument").map(|policy| match policy {
        Value::String(text) => json!(text),
        document => json!(document.to_string()),
    });
    input.extend(policy.map(|policy| ("PolicyDocument".to_owned(), policy)));
    if let Some(options) = wanted.get("DnsOptions") {
        let only_inbound = match options["PrivateDnsOnlyForInboundResolverEndpoint"].as_str() {
            Some("OnlyInboundResolver") => json!(true),
            Some("AllResolvers") => json!(false),
            _ => Value::Null,
        };
        let records = Some(&options["DnsRecordIpType"]).filter(|kind| *kind != "not-specified");
        let options = json!({ "DnsRecordIpType": records, "PrivateDnsOnlyForInboundResolverEndpoint": only_inbound });
        input.insert("DnsOptions".to_owned(), options);
    }
    input
}
