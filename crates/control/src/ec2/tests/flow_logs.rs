//! Flow logs are records that say of themselves that nothing is delivered.

use super::*;

fn to_group(resource: &str, kind: &str) -> Value {
    json!({
        "ResourceId": [resource], "ResourceType": kind, "TrafficType": "ALL", "LogGroupName": "flows",
        "DeliverLogsPermissionArn": "arn:aws:iam::123456789012:role/flows"
    })
}

#[test]
fn a_flow_log_says_that_it_is_not_delivered() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let mut asked = to_group(&vpc, "VPC");
    asked["ClientToken"] = json!("t");
    asked["TagSpecification"] = json!([{ "ResourceType": "vpc-flow-log", "Tag": [{ "Key": "Name", "Value": "all" }] }]);
    let made = world.ec2("CreateFlowLogs", asked.clone());
    let id = text(&made, "/flowLogIdSet/0");
    assert_eq!(text(&world.ec2("CreateFlowLogs", asked), "/flowLogIdSet/0"), id, "the same call again");
    let by = |name: &str, value: &str| json!({ "Filter": [{ "Name": name, "Value": [value] }] });
    let shown = world.ec2("DescribeFlowLogs", by("resource-id", &vpc))["flowLogSet"][0].clone();
    assert_eq!(
        (text(&shown, "/deliverLogsStatus"), text(&shown, "/deliverLogsErrorMessage")),
        ("FAILED".to_owned(), "neargate does not deliver flow logs.".to_owned())
    );
    assert_eq!((&shown["maxAggregationInterval"], &shown["flowLogStatus"]), (&json!(600), &json!("ACTIVE")));
    assert_eq!(world.ec2("DescribeFlowLogs", by("tag:Name", "none"))["flowLogSet"], json!([]));
    world.ec2("CreateTags", json!({ "ResourceId": [id], "Tag": [{ "Key": "Name", "Value": "none" }] }));
    assert_eq!(world.ec2("DescribeTags", json!({}))["tagSet"][0]["resourceType"], "vpc-flow-log");
    assert_eq!(world.ec2("DescribeFlowLogs", by("tag:Name", "none"))["flowLogSet"][0]["flowLogId"], json!(id));
    assert_eq!(world.ec2("DeleteFlowLogs", json!({ "FlowLogId": [id] }))["unsuccessful"], json!([]));
    let again = world.ec2("DeleteFlowLogs", json!({ "FlowLogId": [id] }));
    assert_eq!(text(&again, "/unsuccessful/0/error/code"), "InvalidFlowLogId.NotFound");
}

#[test]
fn a_flow_log_goes_with_what_it_is_of() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    let subnet = world.subnet(&vpc, "10.0.0.0/24");
    for (resource, kind) in [(&vpc, "VPC"), (&subnet, "Subnet")] {
        world.ec2("CreateFlowLogs", to_group(resource, kind));
    }
    world.ec2("DeleteSubnet", json!({ "SubnetId": subnet }));
    assert_eq!(world.ec2("DescribeFlowLogs", json!({}))["flowLogSet"].as_array().unwrap().len(), 1);
    world.ec2("DeleteVpc", json!({ "VpcId": vpc }));
    assert_eq!(world.ec2("DescribeFlowLogs", json!({}))["flowLogSet"], json!([]));
}

#[test]
fn what_can_t_be_a_flow_log_is_refused() {
    let mut world = World::founded();
    let vpc = world.vpc("10.0.0.0/16");
    world.ec2("CreateFlowLogs", to_group(&vpc, "VPC"));
    let twice = world.ec2("CreateFlowLogs", to_group(&vpc, "VPC"));
    assert_eq!(text(&twice, "/unsuccessful/0/error/code"), "FlowLogAlreadyExists");
    let absent = world.ec2("CreateFlowLogs", to_group("vpc-0", "VPC"));
    assert_eq!(text(&absent, "/unsuccessful/0/error/code"), "InvalidVpcID.NotFound");
    let without = |member: &str| {
        let mut asked = to_group(&vpc, "VPC");
        asked.as_object_mut().unwrap().remove(member);
        asked
    };
    let with = |member: &str, value: Value| {
        let mut asked = to_group(&vpc, "VPC");
        asked[member] = value;
        asked
    };
    for (asked, says) in [
        (
            without("DeliverLogsPermissionArn"),
            "InvalidParameter: DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.",
        ),
        (without("LogGroupName"), "InvalidParameter: LogDestination can't be empty if LogGroupName is not provided."),
        (with("MaxAggregationInterval", json!(61)), "InvalidParameter: Invalid Flow Log Max Aggregation Interval"),
        (
            with("LogDestinationType", json!("kinesis-data-firehose")),
            "UnsupportedOperation: The parameter LogDestinationType=kinesis-data-firehose is not supported by neargate.",
        ),
        (
            with("ResourceType", json!("TransitGateway")),
            "UnsupportedOperation: The parameter ResourceType=TransitGateway is not supported by neargate.",
        ),
    ] {
        assert_eq!(world.ec2_refuses("CreateFlowLogs", asked), says);
    }
    let filter = json!({ "Filter": [{ "Name": "colour", "Value": ["red"] }] });
    assert_eq!(world.ec2_refuses("DescribeFlowLogs", filter), "InvalidParameterValue: The filter 'colour' is invalid");
}
