//! Texts as trees of values.

use super::{read, with};
use crate::Template;
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    read(&with(text, "")).resources["R"].properties["P"].clone()
}

#[test]
fn scalars_are_read_as_cloudformation_reads_them() {
    for (text, expected) in [
        ("80", json!(80)),
        ("-1", json!(-1)),
        ("1.5", json!(1.5)),
        ("true", json!(true)),
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!("y")),
        ("N", json!("N")),
        ("'80'", json!("80")),
        ("\"true\"", json!("true")),
        ("!!str 80", json!("80")),
        // Spellings that a number would lose.
        ("012345678901", json!("012345678901")),
        ("0755", json!("0755")),
        ("0x1A", json!("0x1A")),
        ("1.50", json!("1.50")),
        ("1_000", json!("1_000")),
        ("1:30", json!("1:30")),
        (".inf", json!(".inf")),
        ("2012-10-17", json!("2012-10-17")),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn short_forms_are_long_ones() {
    for (short, long) in [
        ("!Ref AWS::Region", json!({"Ref": "AWS::Region"})),
        ("!GetAtt R.A.B", json!({"Fn::GetAtt": ["R", "A.B"]})),
        ("!GetAtt [R, A]", json!({"Fn::GetAtt": ["R", "A"]})),
        ("!Sub 'a-${AWS::Region}'", json!({"Fn::Sub": "a-${AWS::Region}"})),
        ("!Join ['-', [a, !Ref AWS::Region]]", json!({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]})),
        ("!Select [0, !GetAZs '']", json!({"Fn::Select": [0, {"Fn::GetAZs": ""}]})),
        ("!Base64\n        Fn::Sub: x", json!({"Fn::Base64": {"Fn::Sub": "x"}})),
        ("!ImportValue\n        !Sub '${AWS::StackName}-x'", json!(null)),
        ("!Cidr [10.0.0.0/16, 2, 8]", json!({"Fn::Cidr": ["10.0.0.0/16", 2, 8]})),
        (
            "!ImportValue {'Fn::Sub': '${AWS::StackName}-x'}",
            json!({"Fn::ImportValue": {"Fn::Sub": "${AWS::StackName}-x"}}),
        ),
    ] {
        if long.is_null() {
            // Two tags of one node are not YAML.
            let error = Template::read(&with(short, "")).unwrap_err().to_string();
            assert!(error.starts_with("Template format error: YAML not well-formed. (line "), "{error}");
            continue;
        }
        assert_eq!(value(short), long, "{short}");
    }
}

#[test]
fn yaml_and_json_are_the_same_template() {
    let yaml = "
AWSTemplateFormatVersion: 2010-09-09
Description: demo
Parameters:
  Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  Prod: !Equals [!Ref Env, prod]
Mappings:
  Sizes: {us-east-1: {Count: 2}}
Resources:
  Role:
    Type: AWS::IAM::Role
    Condition: Prod
  Queue:
    Type: AWS::SQS::Queue
    DependsOn: Role
    DeletionPolicy: Retain
    Properties:
      Name: !Sub '${Env}-queue'
      Count: !FindInMap [Sizes, !Ref AWS::Region, Count]
Outputs:
  Arn: {Value: !GetAtt Queue.Arn, Export: {Name: queue}}
";
    let json = r#"{"AWSTemplateFormatVersion": "2010-09-09", "Description": "demo",
        "Parameters": {"Env": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]}},
        "Conditions": {"Prod": {"Fn::Equals": [{"Ref": "Env"}, "prod"]}},
        "Mappings": {"Sizes": {"us-east-1": {"Count": 2}}},
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Condition": "Prod"},
            "Queue": {"Type": "AWS::SQS::Queue", "DependsOn": "Role", "DeletionPolicy": "Retain", "Properties": {
                "Name": {"Fn::Sub": "${Env}-queue"},
                "Count": {"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Count"]}}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}, "Export": {"Name": "queue"}}}}"#;
    assert_eq!(read(yaml), read(json));
}

#[test]
fn of_a_key_that_is_there_twice_the_last_counts() {
    assert_eq!(value("{a: 1, a: 2}"), json!({"a": 2}));
    let json = r#"{"Resources": {"A": {"Type": "X", "Type": "Y"}}}"#;
    assert_eq!(read(json).resources["A"].kind, "Y");
}

#[test]
fn a_byte_order_mark_and_comments_are_no_part_of_a_template() {
    assert_eq!(read("\u{feff}# a comment\nResources: {A: {Type: X}}\n").resources.len(), 1);
    assert_eq!(read("\u{feff} {\"Resources\": {\"A\": {\"Type\": \"X\"}}}").resources.len(), 1);
    assert_eq!(read("---\nResources: {A: {Type: X}}\n...\n").resources.len(), 1);
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let deep = |levels: usize| with(&format!("{}1{}", open.repeat(levels), close.repeat(levels)), "");
        assert!(Template::read(&deep(90)).is_ok());
        let error = Template::read(&deep(200)).unwrap_err().to_string();
        assert_eq!(error, "Template format error: values are nested deeper than 100 levels");
        // What is never closed is not read to its end.
        assert!(Template::read(&with(&open.repeat(100_000), "")).is_err());
    }
    let deep = format!("{{\"Resources\": {}{}}}", "[".repeat(110), "]".repeat(110));
    assert_eq!(
        Template::read(&deep).unwrap_err().to_string(),
        "Template format error: values are nested deeper than 100 levels"
    );
    let deep = with(&format!("{}a{}", "!Join ['', [".repeat(40), "]]".repeat(40)), "");
    assert_eq!(
        Template::read(&deep).unwrap_err().to_string(),
        "Template format error: values are nested deeper than 100 levels"
    );
    let long = with(&"x".repeat(1_000_000), "");
    assert_eq!(Template::read(&long).unwrap_err().to_string(), "Template may not exceed 1000000 bytes in size.");
}
