//! What `AWS::LanguageExtensions` adds.

use super::{read, refused, setting, setting_of};
use crate::{Capability, Policy, Resolved};
use serde_json::json;
use std::collections::BTreeMap;

fn resolved(text: &str) -> Resolved {
    let template = read(&format!("Transform: AWS::LanguageExtensions\n{text}"));
    template.resolve(&setting_of(&template, &[])).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_loop_of_resources_and_outputs() {
    let resolved = resolved(
        "
Parameters: {Names: {Type: CommaDelimitedList, Default: 'One,Two'}}
Resources:
  Fn::ForEach::Topics:
    - Name
    - !Ref Names
    - Topic${Name}:
        Type: AWS::SNS::Topic
        Properties:
          TopicName: !Sub '${AWS::StackName}-${Name}'
          Tag: !Ref Name
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties: {Topics: [!Ref TopicOne, !Ref TopicTwo]}
Outputs:
  Fn::ForEach::Arns:
    - Name
    - !Ref Names
    - Fn::ForEach::Attributes:
        - Attribute
        - [Arn, Name]
        - Of${Name}${Attribute}: {Value: !GetAtt ['Topic${Name}', !Ref Attribute]}
",
    );
    assert_eq!(resolved.resources.keys().collect::<Vec<_>>(), ["Policy", "TopicOne", "TopicTwo"]);
    assert_eq!(resolved.resources["TopicTwo"].properties, json!({"TopicName": "demo-Two", "Tag": "Two"}));
    assert_eq!(resolved.resources["Policy"].dependencies.iter().collect::<Vec<_>>(), ["TopicOne", "TopicTwo"]);
    assert_eq!(resolved.outputs.keys().collect::<Vec<_>>(), ["OfOneArn", "OfOneName", "OfTwoArn", "OfTwoName"]);
    assert_eq!(resolved.outputs["OfTwoName"].value, json!({"Fn::GetAtt": ["TopicTwo", "Name"]}));
}

#[test]
fn a_loop_of_properties_and_of_conditions() {
    let resolved = resolved(
        "
Conditions:
  Fn::ForEach::Regions:
    - Region
    - [us-east-1, eu-west-1]
    - In&{Region}: !Equals [!Ref AWS::Region, '${Region}']
Resources:
  A: {Type: X, Condition: Inuseast1, Properties: {Fn::ForEach::P: [N, [a, b], {'Is${N}': '${N}!'}], Other: 1}}
  B: {Type: X, Condition: Ineuwest1}
",
    );
    assert_eq!(resolved.conditions, BTreeMap::from([("Inuseast1".into(), true), ("Ineuwest1".into(), false)]));
    assert_eq!(resolved.resources.keys().collect::<Vec<_>>(), ["A"]);
    assert_eq!(resolved.resources["A"].properties, json!({"Isa": "a!", "Isb": "b!", "Other": 1}));
}

#[test]
fn functions_that_are_added() {
    let resolved = resolved(
        "
Parameters: {List: {Type: CommaDelimitedList, Default: 'a,b,c'}, Keep: {Type: String, Default: Retain}}
Mappings: {M: {a: {b: c}}}
Conditions: {Three: !Equals [!Length {Ref: List}, 3]}
Resources:
  A:
    Type: X
    DeletionPolicy: !Ref Keep
    Properties:
      Length: !Length [1, 2]
      Json: !ToJsonString {b: [!Ref AWS::Region], a: 1}
      Later: !ToJsonString {a: !Ref B}
      Default: !FindInMap [M, x, b, {DefaultValue: !Ref AWS::Region}]
      NoMap: !FindInMap [N, x, b, {DefaultValue: d}]
      Found: !FindInMap [M, a, b, {DefaultValue: d}]
      Three: !If [Three, yes, no]
  B: {Type: X}
",
    );
    let a = &resolved.resources["A"];
    assert_eq!(a.deletion_policy, Policy::Retain);
    assert_eq!(
        a.properties,
        json!({
            "Length": 2,
            "Json": r#"{"a":1,"b":["us-east-1"]}"#,
            "Later": {"Fn::ToJsonString": {"a": {"Ref": "B"}}},
            "Default": "us-east-1",
            "NoMap": "d",
            "Found": "c",
            "Three": true,
        })
    );
}

#[test]
fn a_template_with_loops_is_told_as_what_they_come_to() {
    let template =
        read("Transform: AWS::LanguageExtensions\nResources: {Fn::ForEach::T: [N, [A, B], {'T${N}': {Type: X}}]}");
    assert_eq!(template.capabilities(), [Capability::AutoExpand]);
    let expected = json!({"Resources": {"TA": {"Type": "X"}, "TB": {"Type": "X"}}});
    assert_eq!(template.processed(&setting()).unwrap(), expected);
}

#[test]
fn loops_are_refused_with_their_reasons() {
    for (resources, message) in [
        (
            "{Fn::ForEach::L: [N, [a, b], {T: {Type: X}}]}",
            "Duplicate key 'T' when merging keys to parent object in Fn::ForEach",
        ),
        ("{Fn::ForEach::L: [N, [a]]}", "Fn::ForEach layout is incorrect"),
        ("{Fn::ForEach::L: [N, !Ref Nope, {'T${N}': {Type: X}}]}", "Fn::ForEach could not resolve the collection"),
        (
            "{Fn::ForEach::L: [A, [a], {Fn::ForEach::L: [B, [a], {Fn::ForEach::L: [C, [a], {Fn::ForEach::L: [D, [a], {Fn::ForEach::L: [E, \
             [a], {Fn::ForEach::L: [F, [a], {T: {Type: X}}]}]}]}]}]}]}",
            "Fn::ForEach can be nested at most 5 times",
        ),
    ] {
        let message = format!("Transform AWS::LanguageExtensions failed with: {message}");
        assert_eq!(refused(&format!("Transform: AWS::LanguageExtensions\nResources: {resources}")), message);
    }
    let message = "Template format error: Resource name Fn::ForEach::L is non alphanumeric.";
    assert_eq!(refused("Resources: {Fn::ForEach::L: [N, [a], {'T${N}': {Type: X}}]}"), message);
    let text = "Transform: AWS::LanguageExtensions\nResources: {Fn::ForEach::L: [N, [a], {'T${N}': {Type: X, Properties: {P: !Ref Nope}}}]}";
    let message =
        "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template";
    assert_eq!(refused(text), message);
}

#[test]
fn loops_come_to_a_bounded_amount() {
    let list = (0..300).map(|at| format!("a{at}")).collect::<Vec<_>>().join(",");
    let inner =
        format!("Fn::ForEach::L: [B, [{list}], {{Fn::ForEach::L: [C, [{list}], {{'${{A}}${{B}}${{C}}': x}}]}}]");
    let text = format!(
        "Transform: AWS::LanguageExtensions\nResources: {{R: {{Type: X, Properties: {{Fn::ForEach::L: [A, [{list}], {{{inner}}}]}}}}}}"
    );
    let message = "Transform AWS::LanguageExtensions failed with: Fn::ForEach comes to more than 16000000 bytes";
    assert_eq!(refused(&text), message);
    // What a name is put into grows with what it stands for.
    let big = "x".repeat(4_000);
    let text = format!(
        "Transform: AWS::LanguageExtensions\nResources: {{R: {{Type: X, Properties: {{Fn::ForEach::L: [A, [{big}], {{P: '{}'}}]}}}}}}",
        "${A}".repeat(100_000)
    );
    assert_eq!(refused(&text), message);
}
