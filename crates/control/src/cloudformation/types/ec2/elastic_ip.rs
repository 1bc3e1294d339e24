//! AWS::EC2::EIP and AWS::EC2::EIPAssociation.

use super::{
    super::{ResourceType, Wanted, ask, at, call, text},
    described, filter, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::EIP. Its id is the address, as `Ref` returns it ("AWS::EC2::EIP", AWS CloudFormation Template Reference).
pub(super) struct ElasticIp;

impl ResourceType for ElasticIp {
    fn unsupported(&self) -> &'static [&'static str] {
        &["InstanceId", "IpamPoolId", "PublicIpv4Pool", "TransferAddress"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["Address", "Domain", "NetworkBorderGroup"]);
        input.insert("TagSpecification".to_owned(), tags::specification("elastic-ip", wanted));
        text(&call(tx, &API, "AllocateAddress", input.into())?, "/publicIp")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if wanted.text("Domain") == Some("standard") {
            return Err(Fault::new("UnsupportedOperation", "Domain=standard is not supported by neargate."));
        }
        let allocation = allocation(&tx.view(), id)?;
        tags::update(tx, &allocation, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let allocation = allocation(&tx.view(), id)?;
        call(tx, &API, "ReleaseAddress", json!({ "AllocationId": allocation })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "PublicIp" => Some(json!(id)),
            "AllocationId" => Some(json!(allocation(view, id)?)),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeAddresses", json!({ "PublicIp": [id] }), "addressesSet")?;
        Ok(found.map(|address| {
            json!({
                "Address": properties["Address"],
                "Domain": address["domain"],
                "NetworkBorderGroup": address["networkBorderGroup"],
            })
        }))
    }
}

/// The allocation of an address.
///
/// # Errors
/// `InvalidAddress.NotFound`.
fn allocation(view: &View<'_>, address: &str) -> Result<String, Fault> {
    text(&ask(view, &API, "DescribeAddresses", json!({ "PublicIp": [address] }))?, "/addressesSet/0/allocationId")
}

/// AWS::EC2::EIPAssociation.
pub(super) struct Association;

impl ResourceType for Association {
    fn unsupported(&self) -> &'static [&'static str] {
        &["InstanceId"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["AllocationId", "NetworkInterfaceId", "PrivateIpAddress"]);
        input.extend(wanted.get("EIP").map(|address| ("PublicIp".to_owned(), address.clone())));
        text(&call(tx, &API, "AssociateAddress", input.into())?, "/associationId")
    }

    /// Every change makes another one.
    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DisassociateAddress", json!({ "AssociationId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "Filter": [filter("association-id", id)] });
        let found = described(view, "DescribeAddresses", input, "addressesSet")?;
        Ok(found.map(|address| {
            json!({
                "AllocationId": at(&address, "/allocationId"),
                "EIP": address["publicIp"],
                "NetworkInterfaceId": address["networkInterfaceId"],
                "PrivateIpAddress": address["privateIpAddress"],
            })
        }))
    }
}
