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
fn a_resource_may_have_no_properties_if_none_is_required() {
    assert_eq!(wrong("AWS::EC2::InternetGateway", Value::Null), NONE);
    assert_eq!(wrong("AWS::EC2::RouteTable", Value::Null), ["#: required key [VpcId] not found"]);
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
    let repository = json!({"RepositoryName": "a", "Tags": [{"Key": "k".repeat(128), "Value": "v"}]});
    let expected =
        ["#/RepositoryName: expected minLength: 2, actual: 1", "#/Tags/0/Key: expected maxLength: 127, actual: 128"];
    assert_eq!(wrong("AWS::ECR::Repository", repository), expected);
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
    let cidr = |length: i64| json!({"SubnetId": "subnet-1", "Ipv6IpamPoolId": "pool", "Ipv6NetmaskLength": length});
    let line = |keyword: &str| [format!("#/Ipv6NetmaskLength: failed validation constraint for keyword [{keyword}]")];
    assert_eq!(wrong("AWS::EC2::SubnetCidrBlock", cidr(129)), line("maximum"));
    assert_eq!(wrong("AWS::EC2::SubnetCidrBlock", cidr(-1)), line("minimum"));
    assert_eq!(wrong("AWS::EC2::SubnetCidrBlock", cidr(64)), NONE);
}

#[test]
fn a_decimal_fraction_is_a_multiple_of_its_tenths() {
    let service =
        |percent: f64| json!({"DeploymentConfiguration": {"CanaryConfiguration": {"CanaryPercent": percent}}});
    let expected = [
        "#/DeploymentConfiguration/CanaryConfiguration/CanaryPercent: failed validation constraint for keyword [multipleOf]",
    ];
    assert_eq!(wrong("AWS::ECS::Service", service(0.3)), NONE);
    assert_eq!(wrong("AWS::ECS::Service", service(0.35)), expected);
}

#[test]
fn one_of_several_requirements_has_to_be_met() {
    let record = |more: &str| json!({"Name": "a.example.com", "Type": "A", "HostedZoneId": "Z1", more: "example.com."});
    let expected = ["#: #: only 1 subschema matches out of 2", "#: #: 2 subschemas matched instead of one"];
    assert_eq!(wrong("AWS::Route53::RecordSet", record("HostedZoneName")), expected);
    assert_eq!(wrong("AWS::Route53::RecordSet", record("Comment")), NONE);
    let table = json!({"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "WarmThroughput": {}});
    let expected = [
        "#/WarmThroughput: #: only 1 subschema matches out of 2",
        "#/WarmThroughput: #: no subschema matched out of the total 2 subschemas",
        "#/WarmThroughput: required key [ReadUnitsPerSecond] not found",
        "#/WarmThroughput: required key [WriteUnitsPerSecond] not found",
    ];
    assert_eq!(wrong("AWS::DynamoDB::Table", table), expected);
}

#[test]
fn so_many_properties_are_expected() {
    let service = json!({"ServiceConnectConfiguration": {"Enabled": true, "ContainerConfigurations": [{}]}});
    let expected = ["#/ServiceConnectConfiguration/ContainerConfigurations/0: minimum size: [1], found: [0]"];
    assert_eq!(wrong("AWS::ECS::Service", service), expected);
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
fn a_document_may_be_the_text_of_its_json() {
    let policy = |document: Value| json!({"Queues": ["queue"], "PolicyDocument": document});
    let schema = of("AWS::SQS::QueuePolicy");
    assert_eq!(
        schema.coerce(&policy(json!("{\"Version\": \"2012-10-17\"}"))),
        policy(json!({"Version": "2012-10-17"}))
    );
    let expected = ["#/PolicyDocument: expected type: JSONObject, found: String"];
    assert_eq!(wrong("AWS::SQS::QueuePolicy", policy(json!("[1]"))), expected);
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
