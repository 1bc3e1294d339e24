//! AWS::EC2::VPCCidrBlock.

use super::{
    super::{ResourceType, Wanted, call, text},
    described, items, parts,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::VPCCidrBlock: a further range of a VPC. Its id is that of the association and the VPC's.
pub(super) struct CidrBlock;

impl ResourceType for CidrBlock {
    fn unsupported(&self) -> &'static [&'static str] {
        &[
            "AmazonProvidedIpv6CidrBlock",
            "Ipv4IpamPoolId",
            "Ipv4NetmaskLength",
            "Ipv6CidrBlock",
            "Ipv6CidrBlockNetworkBorderGroup",
            "Ipv6IpamPoolId",
            "Ipv6NetmaskLength",
            "Ipv6Pool",
        ]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let made = call(tx, &API, "AssociateVpcCidrBlock", wanted.pick(&["VpcId", "CidrBlock"]).into())?;
        Ok(format!("{}|{}", text(&made, "/cidrBlockAssociation/associationId")?, text(&made, "/vpcId")?))
    }

    /// Every change makes another one.
    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        let (association, _) = parts(id)?;
        call(tx, &API, "DisassociateVpcCidrBlock", json!({ "AssociationId": association })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        let (association, _) = parts(id)?;
        Ok((name == "Id").then(|| json!(association)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let (association, vpc) = parts(id)?;
        let found = described(view, "DescribeVpcs", json!({ "VpcId": [vpc] }), "vpcSet")?;
        let range = found.as_ref().and_then(|found| {
            items(&found["cidrBlockAssociationSet"]).find(|range| range["associationId"] == association)
        });
        Ok(range.map(|range| json!({ "VpcId": vpc, "CidrBlock": range["cidrBlock"] })))
    }
}
