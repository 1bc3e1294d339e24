//! AWS::EC2::Route.

use super::{
    super::{ResourceType, Wanted, call},
    described, items, parts,
};
use crate::{Tx, View};
use ::vpc::IpNet;
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Map, Value, json};

/// What a route may lead to, as properties and as DescribeRouteTables calls them.
const TARGETS: [(&str, &str); 4] = [
    ("GatewayId", "gatewayId"),
    ("NatGatewayId", "natGatewayId"),
    ("NetworkInterfaceId", "networkInterfaceId"),
    ("VpcPeeringConnectionId", "vpcPeeringConnectionId"),
];

/// AWS::EC2::Route. Its id is its table's and its destination.
pub(super) struct Route;

impl ResourceType for Route {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "CarrierGatewayId",
            "CoreNetworkArn",
            "DestinationIpv6CidrBlock",
            "EgressOnlyInternetGatewayId",
            "InstanceId",
            "LocalGatewayId",
            "OdbNetworkArn",
            "TransitGatewayId",
            "VpcEndpointId",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        call(tx, &API, "CreateRoute", input(wanted))?;
        let list = wanted.text("DestinationPrefixListId");
        let destination = list.or_else(|| wanted.text("DestinationCidrBlock")).unwrap_or_default();
        Ok(format!("{}|{destination}", wanted.text("RouteTableId").unwrap_or_default()))
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        call(tx, &API, "ReplaceRoute", input(wanted)).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let (table, destination) = parts(id)?;
        let by = if is_list(destination) { "DestinationPrefixListId" } else { "DestinationCidrBlock" };
        call(tx, &API, "DeleteRoute", json!({ "RouteTableId": table, by: destination })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let (_, destination) = parts(id)?;
        Ok((name == "CidrBlock").then(|| json!(destination)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let (table, destination) = parts(id)?;
        let range = destination.parse().map(|range: IpNet| range.trunc().to_string()).unwrap_or_default();
        let found = described(view, "DescribeRouteTables", json!({ "RouteTableId": [table] }), "routeTableSet")?;
        let routes = found.map(|table| table["routeSet"].clone()).unwrap_or_default();
        let route = items(&routes).find(|route| match is_list(destination) {
            true => route["destinationPrefixListId"] == destination,
            false => route["destinationCidrBlock"] == range,
        });
        let Some(route) = route else { return Ok(None) };
        let mut read: Map<String, Value> =
            TARGETS.iter().map(|(property, member)| ((*property).to_owned(), route[*member].clone())).collect();
        read.insert("RouteTableId".to_owned(), json!(table));
        // The destination stays as the template writes it: it is a part of the id.
        for property in ["DestinationCidrBlock", "DestinationPrefixListId"] {
            read.insert(property.to_owned(), properties[property].clone());
        }
        Ok(Some(read.into()))
    }
}

fn is_list(destination: &str) -> bool {
    destination.starts_with("pl-")
}

fn input(wanted: &Wanted<'_>) -> Value {
    let mut names = vec!["RouteTableId", "DestinationCidrBlock", "DestinationPrefixListId"];
    names.extend(TARGETS.map(|(property, _)| property));
    wanted.pick(&names).into()
}
