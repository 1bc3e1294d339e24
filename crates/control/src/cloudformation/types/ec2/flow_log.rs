//! AWS::EC2::FlowLog.

use super::{
    super::{ResourceType, Wanted, at, call, text},
    described, tags,
};
use crate::{Tx, View};
use aws::{api::ec2::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::EC2::FlowLog.
pub(super) struct FlowLog;

impl ResourceType for FlowLog {
    fn unsupported(&self) -> &'static [&'static str] {
        &["DeliverCrossAccountRole", "TagFieldSpecifications"]
    }

    /// What can't be made is told of in an answer of success.
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let mut input = wanted.pick(&[
            "DeliverLogsPermissionArn",
            "DestinationOptions",
            "LogDestination",
            "LogDestinationType",
            "LogFormat",
            "LogGroupName",
            "MaxAggregationInterval",
            "ResourceType",
            "TrafficType",
        ]);
        input.insert("ResourceId".to_owned(), json!([wanted.get("ResourceId")]));
        input.insert("TagSpecification".to_owned(), tags::specification("vpc-flow-log", wanted));
        let made = call(tx, &API, "CreateFlowLogs", input.into())?;
        let error = at(&made, "/unsuccessful/0/error");
        match (error["code"].as_str(), error["message"].as_str()) {
            (Some(code), message) => Err(Fault::new(code.to_owned(), message.unwrap_or_default())),
            _ => text(&made, "/flowLogIdSet/0"),
        }
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        tags::update(tx, id, before, wanted)
    }

    /// One that is not there is told of in an answer of success, and gone.
    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteFlowLogs", json!({ "FlowLogId": [id] })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Id").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault> {
        let found = described(view, "DescribeFlowLogs", json!({ "FlowLogId": [id] }), "flowLogSet")?;
        Ok(found.map(|log| {
            let files = &log["destinationOptions"];
            let files = files.is_object().then(|| {
                json!({
                    "FileFormat": files["fileFormat"],
                    "HiveCompatiblePartitions": files["hiveCompatiblePartitions"],
                    "PerHourPartition": files["perHourPartition"],
                })
            });
            json!({
                "ResourceId": log["resourceId"],
                // Told by the id, and for good.
                "ResourceType": properties["ResourceType"],
                "TrafficType": log["trafficType"],
                "DeliverLogsPermissionArn": log["deliverLogsPermissionArn"],
                "LogDestinationType": log["logDestinationType"],
                "LogDestination": log["logDestination"],
                "LogGroupName": log["logGroupName"],
                "LogFormat": log["logFormat"],
                "MaxAggregationInterval": log["maxAggregationInterval"],
                "DestinationOptions": files,
            })
        }))
    }
}
