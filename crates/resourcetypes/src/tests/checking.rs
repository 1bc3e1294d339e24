//! What is wrong with properties, in CloudFormation's words.

use serde_json::{Value, json};

use super::{of, wrong};

const NONE: [&str; 0] = [];

/// A role's trust policy that is fine.
fn trust() -> Value {
    json!({"Version": "2012-10-17", "Statement": []})
}

#[test]
fn what_is_extraneous_and_what_is_missing_is_named_with_its_place() {
    let properties = json!({"Foo": 1, "ContainerDefinitions": [{"Name": "app"}]});
    let expected =
        ["#: extraneous key [Foo] is not permitted", "#/ContainerDefinitions/0: required key [Image] not found"];
    assert_eq!(wrong("AWS::ECS::TaskDefinition", properties), expected);
    assert_eq!(
        of("AWS::ECS::TaskDefinition").message(&json!({"Foo": 1})),
        Some("#: extraneous key [Foo] is not permitted".to_owned())
    );
    assert_eq!(of("AWS::ECS::TaskDefinition").message(&json!({})), None);
}

#[test]
fn a_value_of_another_type_is_named_by_its_java_class() {
    let properties = json!({"AssumeRolePolicyDocument": trust(), "RoleName": ["web"], "ManagedPolicyArns": "arn", "MaxSessionDuration": "long"});
    let expected = [
        "#/ManagedPolicyArns: expected type: JSONArray, found: String",
        "#/MaxSessionDuration: expected type: Integer, found: String",
        "#/RoleName: expected type: String, found: JSONArray",
    ];
    assert_eq!(wrong("AWS::IAM::Role", properties), expected);
}

#[test]
fn of_several_types_each_is_named() {
    let expected = [
        "#/AssumeRolePolicyDocument: #: no subschema matched out of the total 2 subschemas",
        "#/AssumeRolePolicyDocument: expected type: JSONObject, found: JSONArray",
        "#/AssumeRolePolicyDocument: expected type: String, found: JSONArray",
    ];
    assert_eq!(wrong("AWS::IAM::Role", json!({"AssumeRolePolicyDocument": []})), expected);
}

#[test]
fn lengths_and_counts_show_what_was_expected() {
    let role = json!({"AssumeRolePolicyDocument": trust(), "RoleName": "x".repeat(65)});
    assert_eq!(wrong("AWS::IAM::Role", role), ["#/RoleName: expected maxLength: 64, actual: 65"]);
    assert_eq!(wrong("AWS::Events::Rule", json!({"RoleArn": ""})), ["#/RoleArn: expected minLength: 1, actual: 0"]);
    let function = |count: usize| json!({"Code": {}, "Role": "arn:aws:iam::123456789012:role/r", "Architectures": vec!["arm64"; count]});
    assert_eq!(wrong("AWS::Lambda::Function", function(1)), NONE);
    assert_eq!(
        wrong("AWS::Lambda::Function", function(0)),
        ["#/Architectures: expected minimum item count: 1, found: 0"]
    );
    let expected =
        ["#/Architectures: expected maximum item count: 1, found: 2", "#/Architectures: array items are not unique"];
    assert_eq!(wrong("AWS::Lambda::Function", function(2)), expected);
}

#[test]
fn a_value_is_not_repeated_where_it_might_be_a_secret() {
    let group = json!({"LogGroupName": "a group", "RetentionInDays": 2});
    let expected = [
        "#/LogGroupName: failed validation constraint for keyword [pattern]",
        "#/RetentionInDays: #: only 1 subschema matches out of 2",
        "#/RetentionInDays: failed validation constraint for keyword [enum]",
    ];
    assert_eq!(wrong("AWS::Logs::LogGroup", group), expected);
    let target = json!({"Port": 70000, "HealthCheckTimeoutSeconds": 1});
    let expected = [
        "#/HealthCheckTimeoutSeconds: failed validation constraint for keyword [minimum]",
        "#/Port: failed validation constraint for keyword [maximum]",
    ];
    assert_eq!(wrong("AWS::ElasticLoadBalancingV2::TargetGroup", target), expected);
}

#[test]
fn one_of_several_requirements_has_to_be_met() {
    let policy = json!({"PolicyName": "p", "PolicyDocument": trust()});
    let expected = [
        "#: #: only 1 subschema matches out of 2",
        "#: #: no subschema matched out of the total 3 subschemas",
        "#: required key [Users] not found",
        "#: required key [Groups] not found",
        "#: required key [Roles] not found",
    ];
    assert_eq!(wrong("AWS::IAM::Policy", policy), expected);
    let policy = json!({"PolicyName": "p", "PolicyDocument": trust(), "Roles": [{"Ref": "Role"}]});
    assert_eq!(wrong("AWS::IAM::Policy", policy), NONE);
}

#[test]
fn what_is_the_same_twice_is_refused_once_it_is_known() {
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let role = |arns: Value| json!({"AssumeRolePolicyDocument": trust(), "ManagedPolicyArns": arns});
    assert_eq!(wrong("AWS::IAM::Role", role(json!([arn, arn]))), ["#/ManagedPolicyArns: array items are not unique"]);
    assert_eq!(wrong("AWS::IAM::Role", role(json!([{"Ref": "A"}, {"Ref": "A"}]))), NONE);
}

#[test]
fn what_is_only_returned_may_not_be_given() {
    let expected = ["#: extraneous key [VpcId] is not permitted"];
    assert_eq!(wrong("AWS::EC2::VPC", json!({"CidrBlock": "10.0.0.0/16", "VpcId": "vpc-1"})), expected);
}

#[test]
fn functions_and_dynamic_references_satisfy_anything() {
    let properties = json!({
        "VpcId": {"Fn::ImportValue": "vpc"},
        "Port": {"Ref": "Port"},
        "Protocol": "{{resolve:ssm:protocol}}",
        "Matcher": {"Fn::If": ["Strict", {"HttpCode": "200"}, {"Ref": "AWS::NoValue"}]},
        "Targets": [{"Fn::GetAtt": ["Targets", "First"]}],
    });
    assert_eq!(wrong("AWS::ElasticLoadBalancingV2::TargetGroup", properties), NONE);
}

#[test]
fn a_custom_resource_may_have_any_property() {
    assert_eq!(wrong("Custom::Certificate", json!({"ServiceToken": "arn", "Id": 1, "Deep": {"A": [true]}})), NONE);
    assert_eq!(wrong("Custom::Certificate", json!({"Id": 1})), ["#: required key [ServiceToken] not found"]);
}

#[test]
fn a_place_is_a_json_pointer() {
    let properties =
        json!({"ContainerDefinitions": [{"Name": "app", "Image": "i", "DockerLabels": {"a/b~c": {"x": 1, "y": 2}}}]});
    let expected = ["#/ContainerDefinitions/0/DockerLabels/a~1b~0c: expected type: String, found: JSONObject"];
    assert_eq!(wrong("AWS::ECS::TaskDefinition", properties), expected);
}

#[test]
fn values_are_brought_to_their_types() {
    let given = json!({
        "Port": "80", "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "HealthCheckEnabled": "true", "Name": 7, "UnhealthyThresholdCount": 3.0,
        "Matcher": {"HttpCode": 200}, "Tags": [{"Key": "paid", "Value": false}], "Unknown": 1, "Targets": "one",
    });
    let expected = json!({
        "Port": 80, "Protocol": "HTTP", "VpcId": {"Ref": "Vpc"}, "HealthCheckEnabled": true, "Name": "7", "UnhealthyThresholdCount": 3,
        "Matcher": {"HttpCode": "200"}, "Tags": [{"Key": "paid", "Value": "false"}], "Unknown": 1, "Targets": "one",
    });
    assert_eq!(of("AWS::ElasticLoadBalancingV2::TargetGroup").coerce(&given), expected);
}

#[test]
fn what_is_no_number_stays_as_it_is() {
    for text in ["", "8o", "1.5", "nan", "inf", "99999999999999999999999"] {
        let given = json!({"Port": text});
        assert_eq!(of("AWS::ElasticLoadBalancingV2::TargetGroup").coerce(&given), given);
    }
}

#[test]
fn so_much_wrong_is_told_in_no_more_than_a_hundred_lines() {
    let many: Vec<Value> = (0..10_000).map(|_| json!({})).collect();
    assert_eq!(wrong("AWS::ECS::TaskDefinition", json!({"ContainerDefinitions": many})).len(), 100);
}
