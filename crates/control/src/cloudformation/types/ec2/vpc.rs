//! AWS::EC2::VPC.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, each, filter, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::VPC.
pub(super) struct Vpc;

impl ResourceType for Vpc {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["CidrBlock", "InstanceTenancy"]);
        input.insert("TagSpecification".to_owned(), tags::specification("vpc", wanted));
        let id = text(&call(tx, &API, "CreateVpc", input.into())?, "/vpc/vpcId")?;
        set_dns(tx, &id, None, wanted)?;
        Ok(id)
    }

    /// Only the way from `dedicated` to `default` needs no replacement ("AWS::EC2::VPC", AWS CloudFormation Template Reference).
    fn replaces(&self, before: &Wanted<'_>, wanted: &Wanted<'_>) -> bool {
        tenancy(before) != tenancy(wanted) && tenancy(wanted) != "default"
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        set_dns(tx, id, Some(before), wanted)?;
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteVpc", json!({ "VpcId": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, properties: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let vpc = || -> Result<Value, Fault> {
            Ok(at(&ask(view, &API, "DescribeVpcs", json!({ "VpcId": [id] }))?, "/vpcSet/0"))
        };
        Ok(Some(match name {
            "VpcId" => json!(id),
            "CidrBlockAssociations" => each(&at(&vpc()?, "/cidrBlockAssociationSet"), "associationId"),
            "Ipv6CidrBlocks" => json!([]),
            "DefaultNetworkAcl" => {
                let filters = json!({ "Filter": [filter("vpc-id", id), filter("default", "true")] });
                at(&ask(view, &API, "DescribeNetworkAcls", filters)?, "/networkAclSet/0/networkAclId")
            }
            "DefaultSecurityGroup" => {
                let filters = json!({ "Filter": [filter("vpc-id", id), filter("group-name", "default")] });
                at(&ask(view, &API, "DescribeSecurityGroups", filters)?, "/securityGroupInfo/0/groupId")
            }
            _ => return Ok(self.read(view, id, properties)?.and_then(|read| read.get(name).cloned())),
        }))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(vpc) = described(view, "DescribeVpcs", json!({ "VpcId": [id] }), "vpcSet")? else { return Ok(None) };
        let dns = |name: &str| -> Result<Value, Fault> {
            let input = json!({ "VpcId": id, "Attribute": name });
            Ok(at(&ask(view, &API, "DescribeVpcAttribute", input)?, &format!("/{name}/value")))
        };
        Ok(Some(json!({
            "CidrBlock": vpc["cidrBlock"],
            "InstanceTenancy": vpc["instanceTenancy"],
            "EnableDnsSupport": dns("enableDnsSupport")?,
            "EnableDnsHostnames": dns("enableDnsHostnames")?,
        })))
    }
}

fn tenancy<'a>(of: &'a Wanted<'_>) -> &'a str {
    of.text("InstanceTenancy").unwrap_or("default")
}

/// Sets what differs from before; one call changes one attribute ("ModifyVpcAttribute", Amazon EC2 API Reference).
fn set_dns(tx: &mut Tx<'_>, id: &str, before: Option<&Wanted<'_>>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    for (property, default) in [("EnableDnsSupport", true), ("EnableDnsHostnames", false)] {
        let value = |of: &Wanted<'_>| of.get(property).and_then(Value::as_bool).unwrap_or(default);
        if before.map_or(default, value) != value(wanted) {
            call(tx, &API, "ModifyVpcAttribute", json!({ "VpcId": id, property: { "Value": value(wanted) } }))?;
        }
    }
    Ok(())
}
