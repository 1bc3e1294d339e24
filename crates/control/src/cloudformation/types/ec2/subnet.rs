//! AWS::EC2::Subnet.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, filter, items, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::Subnet.
pub(super) struct Subnet;

impl ResourceType for Subnet {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "EnableLniAtDeviceIndex",
            "Ipv4IpamPoolId",
            "Ipv4NetmaskLength",
            "Ipv6CidrBlock",
            "Ipv6IpamPoolId",
            "Ipv6NetmaskLength",
            "OutpostArn",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId", "Ipv6Native"]);
        input.insert("TagSpecification".to_owned(), tags::specification("subnet", wanted));
        let id = text(&call(tx, &API, "CreateSubnet", input.into())?, "/subnet/subnetId")?;
        set(tx, &id, None, wanted)?;
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        set(tx, id, Some(before), wanted)?;
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteSubnet", json!({ "SubnetId": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, properties: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(Some(match name {
            "SubnetId" => json!(id),
            "Ipv6CidrBlocks" => json!([]),
            "NetworkAclAssociationId" => acl_association(view, id)?,
            "BlockPublicAccessStates" | "BlockPublicAccessStates.InternetGatewayBlockMode" => {
                let subnet = ask(view, &API, "DescribeSubnets", json!({ "SubnetId": [id] }))?;
                let mode = at(&subnet, "/subnetSet/0/blockPublicAccessStates/internetGatewayBlockMode");
                if name.contains('.') { mode } else { json!({ "InternetGatewayBlockMode": mode }) }
            }
            _ => return Ok(self.read(view, id, properties)?.and_then(|read| read.get(name).cloned())),
        }))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeSubnets", json!({ "SubnetId": [id] }), "subnetSet")?;
        Ok(found.map(|subnet| {
            let options = &subnet["privateDnsNameOptionsOnLaunch"];
            json!({
                "VpcId": subnet["vpcId"],
                "CidrBlock": subnet["cidrBlock"],
                "AvailabilityZone": subnet["availabilityZone"],
                "AvailabilityZoneId": subnet["availabilityZoneId"],
                "MapPublicIpOnLaunch": subnet["mapPublicIpOnLaunch"],
                "AssignIpv6AddressOnCreation": subnet["assignIpv6AddressOnCreation"],
                "EnableDns64": subnet["enableDns64"],
                "Ipv6Native": subnet["ipv6Native"],
                "PrivateDnsNameOptionsOnLaunch": {
                    "HostnameType": options["hostnameType"],
                    "EnableResourceNameDnsARecord": options["enableResourceNameDnsARecord"],
                    "EnableResourceNameDnsAAAARecord": options["enableResourceNameDnsAAAARecord"],
                },
            })
        }))
    }
}

/// The association of a subnet with its network ACL.
fn acl_association(view: &View<'_>, id: &str) -> Result<Value, Fault> {
    let acl = ask(view, &API, "DescribeNetworkAcls", json!({ "Filter": [filter("association.subnet-id", id)] }))?;
    let associations = at(&acl, "/networkAclSet/0/associationSet");
    let own = items(&associations).find(|one| one["subnetId"] == id);
    Ok(own.map(|one| one["networkAclAssociationId"].clone()).unwrap_or_default())
}

/// Sets what differs from before; one call changes one attribute ("ModifySubnetAttribute", Amazon EC2 API Reference).
fn set(tx: &mut Tx<'_>, id: &str, before: Option<&Wanted<'_>>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let options = "PrivateDnsNameOptionsOnLaunch";
    let switches = [
        ("MapPublicIpOnLaunch", "/MapPublicIpOnLaunch".to_owned()),
        ("AssignIpv6AddressOnCreation", "/AssignIpv6AddressOnCreation".to_owned()),
        ("EnableDns64", "/EnableDns64".to_owned()),
        ("EnableResourceNameDnsARecordOnLaunch", format!("/{options}/EnableResourceNameDnsARecord")),
        ("EnableResourceNameDnsAAAARecordOnLaunch", format!("/{options}/EnableResourceNameDnsAAAARecord")),
    ];
    for (attribute, pointer) in switches {
        let value = |of: &Wanted<'_>| at(of.properties, &pointer).as_bool().unwrap_or(false);
        if before.is_some_and(value) != value(wanted) {
            let input = json!({ "SubnetId": id, attribute: { "Value": value(wanted) } });
            call(tx, &API, "ModifySubnetAttribute", input)?;
        }
    }
    let kind = at(wanted.properties, &format!("/{options}/HostnameType"));
    if !kind.is_null() {
        let input = json!({ "SubnetId": id, "PrivateDnsHostnameTypeOnLaunch": kind });
        call(tx, &API, "ModifySubnetAttribute", input)?;
    }
    Ok(())
}
