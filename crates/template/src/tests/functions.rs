//! What functions come to.

use super::{There, property};
use crate::{evaluate, imports, is_complete};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MORE: &str = "
Parameters:
  Env: {Type: String, Default: dev}
  Count: {Type: Number, Default: 3}
  Subnets: {Type: CommaDelimitedList, Default: 'subnet-1, subnet-2,subnet-3'}
  Ports: {Type: List<Number>, Default: '80,443'}
Mappings:
  Regions:
    us-east-1: {Ami: ami-east, Size: 2, Zones: [a, b], Account: 012345678901}
Conditions:
  Prod: !Equals [!Ref Env, prod]
  East: !Equals [!FindInMap [Regions, !Ref AWS::Region, Ami], ami-east]
  Both: !And [!Condition Prod, !Condition East]
  Either: !Or [!Condition Prod, !Condition East]
  Neither: !Not [!Condition Either]
  Three: !Equals [!Ref Count, 3]
  Some: !Not [!Equals [!Join ['', !Ref Subnets], '']]
  First: !Equals [!Select [0, !Ref Subnets], !Sub 'subnet-1']
";

#[test]
fn functions_of_what_is_known_are_computed() {
    for (value, expected) in [
        ("!Ref Env", json!("dev")),
        ("!Ref Count", json!("3")),
        ("!Ref Subnets", json!(["subnet-1", "subnet-2", "subnet-3"])),
        ("!Ref Ports", json!(["80", "443"])),
        ("!Ref AWS::AccountId", json!("012345678901")),
        ("!Ref AWS::NotificationARNs", json!(["arn:aws:sns:us-east-1:012345678901:a"])),
        ("!Ref AWS::Partition", json!("aws")),
        ("!Ref AWS::StackId", json!("arn:aws:cloudformation:us-east-1:012345678901:stack/demo/1")),
        ("!Ref AWS::StackName", json!("demo")),
        ("!Ref AWS::URLSuffix", json!("amazonaws.com")),
        ("!If [Prod, big, small]", json!("small")),
        ("!If [East, !Ref Env, small]", json!("dev")),
        ("[a, !If [Prod, b, !Ref AWS::NoValue], c]", json!(["a", "c"])),
        ("{Keep: 1, Drop: !If [Prod, x, !Ref AWS::NoValue]}", json!({"Keep": 1})),
        ("!Ref AWS::NoValue", json!("nothing")),
        ("!FindInMap [Regions, !Ref AWS::Region, Ami]", json!("ami-east")),
        ("!FindInMap [Regions, us-east-1, Size]", json!(2)),
        ("!FindInMap [Regions, us-east-1, Account]", json!("012345678901")),
        ("!Select [1, !FindInMap [Regions, us-east-1, Zones]]", json!("b")),
        ("!Select ['2', !Ref Subnets]", json!("subnet-3")),
        ("!Select [0, [!Ref AWS::NoValue, a]]", json!("a")),
        ("!Join ['|', !Ref Subnets]", json!("subnet-1|subnet-2|subnet-3")),
        ("!Join ['', [a, 1, true, yes, !Ref AWS::NoValue]]", json!("a1truetrue")),
        ("!Join ['-', []]", json!("")),
        ("!Split [',', 'a,b,,c']", json!(["a", "b", "", "c"])),
        ("!Base64 'hello world'", json!("aGVsbG8gd29ybGQ=")),
        ("!Base64\n        Fn::Sub: '${Env}-x'", json!("ZGV2LXg=")),
        ("!GetAZs ''", json!(["us-east-1a", "us-east-1b", "us-east-1c"])),
        ("!GetAZs {Ref: AWS::Region}", json!(["us-east-1a", "us-east-1b", "us-east-1c"])),
        ("!GetAZs eu-west-1", json!([])),
        ("!Select [0, !GetAZs {Ref: AWS::Region}]", json!("us-east-1a")),
        ("!Sub 'a-${Env}-${AWS::Region}'", json!("a-dev-us-east-1")),
        ("!Sub '${!Literal} ${Env} $5 ${'", json!("${Literal} dev $5 ${")),
        ("!Sub ['${A}${Env}${A}', {A: !Ref Count, Env: own}]", json!("3own3")),
        ("!Sub ['${A}', {A: !Join [',', !Ref Ports]}]", json!("80,443")),
        ("!Equals [1, '1']", json!(true)),
        ("!If [Both, a, !If [Either, b, c]]", json!("b")),
        ("!If [Neither, a, b]", json!("b")),
        ("!If [Three, a, b]", json!("a")),
        ("!If [Some, a, b]", json!("a")),
        ("!If [First, a, b]", json!("a")),
    ] {
        assert_eq!(property(value, MORE, &[]).unwrap(), expected, "{value}");
    }
    assert_eq!(property("!If [Prod, big, small]", MORE, &[("Env", "prod")]).unwrap(), json!("big"));
    assert_eq!(property("!If [Some, a, b]", MORE, &[("Subnets", "")]).unwrap(), json!("b"));
}

#[test]
fn blocks_of_addresses_are_cut_into_parts() {
    for (value, expected) in [
        (
            "!Cidr [192.168.0.0/24, 6, 5]",
            json!([
                "192.168.0.0/27",
                "192.168.0.32/27",
                "192.168.0.64/27",
                "192.168.0.96/27",
                "192.168.0.128/27",
                "192.168.0.160/27"
            ]),
        ),
        ("!Cidr [10.0.7.9/16, '2', '8']", json!(["10.0.0.0/24", "10.0.1.0/24"])),
        ("!Cidr ['2600:1f18:abc:de00::/56', 2, 64]", json!(["2600:1f18:abc:de00::/64", "2600:1f18:abc:de01::/64"])),
        ("!Select [255, !Cidr [10.0.0.0/16, 256, 8]]", json!("10.0.255.0/24")),
        ("!Cidr [10.0.0.0/24, 1, 8]", json!(["10.0.0.0/24"])),
        ("!Select [255, !Cidr [255.255.0.0/16, 256, 8]]", json!("255.255.255.0/24")),
    ] {
        assert_eq!(property(value, "", &[]).unwrap(), expected, "{value}");
    }
}

#[test]
fn what_depends_on_resources_stays_until_they_are_there() {
    let cases = [
        ("!Ref A", json!({"Ref": "A"}), json!("a-1")),
        ("!GetAtt A.Arn", json!({"Fn::GetAtt": ["A", "Arn"]}), json!("arn:A")),
        ("{Fn::GetAtt: A.Arn}", json!({"Fn::GetAtt": ["A", "Arn"]}), json!("arn:A")),
        ("!GetAtt [A, !Ref Attribute]", json!({"Fn::GetAtt": ["A", "Arn"]}), json!("arn:A")),
        (
            "!Sub '${Env}-${A}-${A.Arn}'",
            json!({"Fn::Join": ["", ["dev-", {"Ref": "A"}, "-", {"Fn::GetAtt": ["A", "Arn"]}]]}),
            json!("dev-a-1-arn:A"),
        ),
        ("!Sub '${A}'", json!({"Fn::Join": ["", [{"Ref": "A"}]]}), json!("a-1")),
        ("!Join [',', [!Ref Env, !Ref A]]", json!({"Fn::Join": [",", ["dev", {"Ref": "A"}]]}), json!("dev,a-1")),
        ("!Join [',', !GetAtt A.Names]", json!({"Fn::Join": [",", {"Fn::GetAtt": ["A", "Names"]}]}), json!("x,y")),
        ("!Select [1, !GetAtt A.Names]", json!({"Fn::Select": ["1", {"Fn::GetAtt": ["A", "Names"]}]}), json!("y")),
        ("!Select [1, [!Ref A, !Ref B]]", json!({"Ref": "B"}), json!("b-1")),
        ("!Split [':', !GetAtt A.Arn]", json!({"Fn::Split": [":", {"Fn::GetAtt": ["A", "Arn"]}]}), json!(["arn", "A"])),
        (
            "!Select [1, !Split [':', !GetAtt A.Arn]]",
            json!({"Fn::Select": ["1", {"Fn::Split": [":", {"Fn::GetAtt": ["A", "Arn"]}]}]}),
            json!("A"),
        ),
        ("!Base64 {Ref: A}", json!({"Fn::Base64": {"Ref": "A"}}), json!("YS0x")),
        (
            "!Select [1, !Cidr [!GetAtt A.Block, 2, 8]]",
            json!({"Fn::Select": ["1", {"Fn::Cidr": [{"Fn::GetAtt": ["A", "Block"]}, 2, 8]}]}),
            json!("10.0.1.0/24"),
        ),
        ("!ImportValue {'Fn::Sub': net}", json!({"Fn::ImportValue": "net"}), json!("vpc-1")),
        ("!If [Prod, !Ref B, !Ref A]", json!({"Ref": "A"}), json!("a-1")),
        ("!Equals [!Ref A, a-1]", json!({"Fn::Equals": [{"Ref": "A"}, "a-1"]}), json!(true)),
    ];
    for (value, standing, known) in cases {
        let more = "
Parameters: {Env: {Type: String, Default: dev}, Attribute: {Type: String, Default: Arn}}
Conditions: {Prod: !Equals [!Ref Env, prod]}";
        let text = format!("{}  A: {{Type: X}}\n  B: {{Type: X}}\n", super::with(value, more));
        let template = super::read(&text);
        let resolved = template.resolve(&super::setting_of(&template, &[])).unwrap();
        let property = &resolved.resources["R"].properties["P"];
        // Numbers in functions may be spelled either way.
        assert_eq!(property.to_string().replace("[1,", "[\"1\","), standing.to_string(), "{value}");
        assert!(!is_complete(property));
        assert_eq!(
            evaluate(property, &There(vec![])).unwrap().to_string().contains("Ref\":\"A"),
            standing.to_string().contains("Ref\":\"A")
        );
        let complete = evaluate(property, &There(vec!["A", "B"])).unwrap();
        assert_eq!(complete, known, "{value}");
        assert!(is_complete(&complete));
    }
}

#[test]
fn a_lookup_says_what_is_not_there() {
    let value = json!({"Fn::GetAtt": ["A", "Nope"]});
    assert_eq!(
        evaluate(&value, &There(vec!["A"])).unwrap_err().to_string(),
        "Template error: resource A does not support attribute type Nope in Fn::GetAtt"
    );
    let value = json!([{"Fn::ImportValue": "other"}, {"Fn::Join": ["", [{"Fn::ImportValue": "net"}]]}]);
    assert_eq!(imports(&value), BTreeSet::from(["net".to_owned(), "other".to_owned()]));
    assert_eq!(evaluate(&value, &There(vec![])).unwrap_err().to_string(), "No export named other found");
    assert_eq!(evaluate(&json!({"Ref": "AWS::NoValue"}), &There(vec![])).unwrap(), Value::Null);
}
