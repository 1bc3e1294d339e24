//! What is wrong with properties, in CloudFormation's words.

use serde_json::json;

use super::{of, wrong};

#[test]
fn what_is_extraneous_and_what_is_missing_is_named_with_its_place() {
    let properties = json!({"Foo": 1, "ContainerDefinitions": [{"Name": "app"}]});
    assert_eq!(
        wrong("AWS::ECS::TaskDefinition", properties),
        ["#: extraneous key [Foo] is not permitted", "#/ContainerDefinitions/0: required key [Image] not found"]
    );
}

#[test]
fn values_are_brought_to_their_types() {
    let given =
        json!({"Port": "80", "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "HealthCheckEnabled": "true", "Name": 7});
    let schema = of("AWS::ElasticLoadBalancingV2::TargetGroup");
    let expected =
        json!({"Port": 80, "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "HealthCheckEnabled": true, "Name": "7"});
    assert_eq!(schema.coerce(&given), expected);
}
