//! AWS::EC2::InternetGateway and AWS::EC2::VPCGatewayAttachment.

use super::{
    super::{ResourceType, Wanted, call, is_missing, text},
    described, each, filter, parts, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::InternetGateway.
pub(super) struct InternetGateway;

impl ResourceType for InternetGateway {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let input = json!({ "TagSpecification": tags::specification("internet-gateway", wanted) });
        text(&call(tx, &API, "CreateInternetGateway", input)?, "/internetGateway/internetGatewayId")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteInternetGateway", json!({ "InternetGatewayId": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "InternetGatewayId").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "InternetGatewayId": [id] });
        Ok(described(view, "DescribeInternetGateways", input, "internetGatewaySet")?.map(|_| json!({})))
    }
}

/// What an attachment to an internet gateway is called.
const INTERNET: &str = "IGW";

/// AWS::EC2::VPCGatewayAttachment. Its id is its kind and the VPC's.
pub(super) struct Attachment;

impl ResourceType for Attachment {
    fn unsupported(&self) -> &'static [&'static str] {
        &["VpnGatewayId"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        attach(tx, wanted)?;
        Ok(format!("{INTERNET}|{}", wanted.text("VpcId").unwrap_or_default()))
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        if before.get("InternetGatewayId") == wanted.get("InternetGatewayId") {
            return Ok(());
        }
        self.delete(tx, id, before.properties)?;
        attach(tx, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        let (_, vpc) = parts(id)?;
        let input = json!({ "VpcId": vpc, "InternetGatewayId": properties["InternetGatewayId"] });
        match call(tx, &API, "DetachInternetGateway", input) {
            Err(fault) if is_missing(&fault) || fault.code == "Gateway.NotAttached" => Ok(()),
            answer => answer.map(drop),
        }
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "AttachmentType").then(|| json!(INTERNET)))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let (_, vpc) = parts(id)?;
        let input = json!({ "Filter": [filter("attachment.vpc-id", vpc)] });
        let found = described(view, "DescribeInternetGateways", input, "internetGatewaySet")?;
        let attached = found.filter(|gateway| each(&gateway["attachmentSet"], "vpcId") == json!([vpc]));
        Ok(attached.map(|gateway| json!({ "VpcId": vpc, "InternetGatewayId": gateway["internetGatewayId"] })))
    }
}

fn attach(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    call(tx, &API, "AttachInternetGateway", wanted.pick(&["VpcId", "InternetGatewayId"]).into()).map(drop)
}
