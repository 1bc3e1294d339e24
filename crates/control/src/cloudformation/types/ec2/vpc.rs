//! AWS::EC2::VPC.

use super::{
    super::{ResourceType, Wanted, ask, at, call, is_missing, text},
    tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::VPC.
pub(super) struct Vpc;

impl ResourceType for Vpc {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength"]);
        input.insert("TagSpecification".to_owned(), tags::specification("vpc", wanted));
        let id = text(&call(tx, &API, "CreateVpc", input.into())?, "/vpc/vpcId")?;
        set_dns(tx, &id, None, wanted)?;
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        set_dns(tx, id, Some(before), wanted)?;
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteVpc", json!({ "VpcId": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let vpc = || -> Result<Value, Fault> {
            Ok(at(&ask(view, &API, "DescribeVpcs", json!({ "VpcId": [id] }))?, "/vpcSet/0"))
        };
        Ok(Some(match name {
            "VpcId" => json!(id),
            "CidrBlock" => at(&vpc()?, "/cidrBlock"),
            "CidrBlockAssociations" => associations(&at(&vpc()?, "/cidrBlockAssociationSet")),
            "Ipv6CidrBlocks" => json!([]),
            "DefaultNetworkAcl" => {
                let filters = json!({ "Filter": [filter("vpc-id", id), filter("default", "true")] });
                at(&ask(view, &API, "DescribeNetworkAcls", filters)?, "/networkAclSet/0/networkAclId")
            }
            "DefaultSecurityGroup" => {
                let filters = json!({ "Filter": [filter("vpc-id", id), filter("group-name", "default")] });
                at(&ask(view, &API, "DescribeSecurityGroups", filters)?, "/securityGroupInfo/0/groupId")
            }
            _ => return Ok(None),
        }))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let vpc = match ask(view, &API, "DescribeVpcs", json!({ "VpcId": [id] })) {
            Err(fault) if is_missing(&fault) => return Ok(None),
            answer => at(&answer?, "/vpcSet/0"),
        };
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

fn associations(set: &Value) -> Value {
    set.as_array().into_iter().flatten().map(|one| one["associationId"].clone()).collect()
}

fn filter(name: &str, value: &str) -> Value {
    json!({ "Name": name, "Value": [value] })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{attribute, change, make, read, remove};
    use crate::testing::World;
    use serde_json::json;

    const KIND: &str = "AWS::EC2::VPC";

    #[test]
    fn a_vpc_is_made_changed_and_deleted() {
        let mut world = World::new();
        let plain = json!({ "CidrBlock": "10.0.0.0/16", "Tags": [{ "Key": "Name", "Value": "one" }] });
        let named = json!({ "CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": true });
        let id = make(&mut world, KIND, &plain);
        assert_eq!(attribute(&world, KIND, &id, &plain, "CidrBlock"), "10.0.0.0/16");
        for (name, start) in [("DefaultNetworkAcl", "acl-"), ("DefaultSecurityGroup", "sg-")] {
            let value = attribute(&world, KIND, &id, &plain, name);
            assert!(value.as_str().is_some_and(|id| id.starts_with(start)), "{name}: {value}");
        }
        change(&mut world, KIND, &id, &plain, &named);
        assert_eq!(read(&world, KIND, &id, &named).expect("there")["EnableDnsHostnames"], true);
        let tags = world.call(&aws::api::ec2::API, "DescribeTags", json!({})).expect("tags");
        assert_eq!(tags["tagSet"].as_array().expect("a list").len(), 1, "the stack's stays, its own is gone: {tags}");
        remove(&mut world, KIND, &id, &named);
        assert_eq!(read(&world, KIND, &id, &named), None);
    }
}
