//! AWS::EC2::VPCPeeringConnection.

use super::{
    super::{ResourceType, Wanted, call, text},
    described, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::VPCPeeringConnection: asked for and accepted, as both VPCs are of one account.
pub(super) struct Peering;

impl ResourceType for Peering {
    fn unsupported(&self) -> &'static [&'static str] {
        &["AssumeRoleRegion", "PeerRoleArn"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&["VpcId", "PeerVpcId", "PeerOwnerId", "PeerRegion"]);
        input.insert("TagSpecification".to_owned(), tags::specification("vpc-peering-connection", wanted));
        let made = call(tx, &API, "CreateVpcPeeringConnection", input.into())?;
        alive(&made)?;
        let id = text(&made, "/vpcPeeringConnection/vpcPeeringConnectionId")?;
        alive(&call(tx, &API, "AcceptVpcPeeringConnection", json!({ "VpcPeeringConnectionId": id }))?)?;
        Ok(id)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    /// One that somebody else has ended is shown for some time.
    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        if self.read(&tx.view(), id, properties)?.is_none() {
            return Ok(());
        }
        call(tx, &API, "DeleteVpcPeeringConnection", json!({ "VpcPeeringConnectionId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "VpcPeeringConnectionId": [id] });
        let found = described(view, "DescribeVpcPeeringConnections", input, "vpcPeeringConnectionSet")?;
        Ok(found.filter(|peering| peering["status"]["code"] == "active").map(|peering| {
            let (own, peer) = (&peering["requesterVpcInfo"], &peering["accepterVpcInfo"]);
            json!({
                "VpcId": own["vpcId"],
                "PeerVpcId": peer["vpcId"],
                "PeerOwnerId": peer["ownerId"],
                "PeerRegion": peer["region"],
            })
        }))
    }
}

/// VPCs that can't be peered make a connection that failed, not an error of the call.
fn alive(answer: &Value) -> Result<(), Fault> {
    let status = &answer["vpcPeeringConnection"]["status"];
    match status["code"] == "failed" {
        true => Err(Fault::new("NotStabilized", status["message"].as_str().unwrap_or_default())),
        false => Ok(()),
    }
}
