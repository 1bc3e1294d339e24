//! What holds for any template and any value.

use super::{There, setting, setting_of};
use crate::{Template, evaluate, is_complete};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A text, or a function that comes to one: of parameters, and of resources `A` and `B`.
fn texts() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[a-z,:]{0,6}".prop_map(Value::from),
        (0..100_u32).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(json!({"Ref": "A"})),
        Just(json!({"Ref": "B"})),
        Just(json!({"Ref": "Env"})),
        Just(json!({"Ref": "AWS::Region"})),
        Just(json!({"Fn::GetAtt": ["A", "Arn"]})),
        Just(json!({"Fn::GetAtt": "B.Arn"})),
        Just(json!({"Fn::ImportValue": "net"})),
        Just(json!({"Fn::Select": [1, {"Fn::GetAtt": ["B", "Names"]}]})),
        Just(json!({"Fn::Select": [0, {"Ref": "List"}]})),
        Just(json!({"Fn::FindInMap": ["M", "a", "b"]})),
    ];
    leaf.prop_recursive(4, 40, 4, |text| {
        prop_oneof![
            ("[a-z,]{0,2}", prop::collection::vec(text.clone(), 0..4))
                .prop_map(|(by, items)| json!({"Fn::Join": [by, items]})),
            (text.clone(), text.clone())
                .prop_map(|(x, y)| json!({"Fn::Sub": ["${X}-${A}-${Env}-${!Y}${Y}-${B.Arn}", {"X": x, "Y": y}]})),
            text.clone().prop_map(|text| json!({"Fn::Base64": text})),
            text.clone().prop_map(|text| json!({"Fn::Select": [0, {"Fn::Split": [",", text]}]})),
            (text.clone(), text.clone(), "Yes|No")
                .prop_map(|(yes, no, condition)| json!({"Fn::If": [condition, yes, no]})),
            (text.clone(), text.clone()).prop_map(|(left, right)| json!({"Fn::Equals": [left, right]})),
            prop::collection::vec(text.clone(), 1..4).prop_map(|items| json!({"Fn::Select": [0, items]})),
            (text.clone(), text).prop_map(
                |(left, right)| json!({"Fn::Or": [{"Fn::Equals": [left, "a"]}, {"Fn::Equals": [right, "b"]}]})
            ),
        ]
    })
}

/// Such texts in lists and objects.
fn values() -> impl Strategy<Value = Value> {
    texts().prop_recursive(2, 20, 3, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[A-Z][a-z]{1,3}", value, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        "Ref|Fn::(GetAtt|Sub|Join|Split|Select|If|Equals|Not|And|Or|FindInMap|GetAZs|Cidr|Base64|ImportValue|Length|ToJsonString|Transform)",
        "Condition|Resources|Properties|Type|Fn::ForEach::L|Fn::Nope|[a-z]{1,3}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~ä]{0,8}".prop_map(Value::from),
        "A|B|R|A\\.Arn|C|AWS::Region|AWS::NoValue|\\$\\{A\\}|10\\.0\\.0\\.0/16".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 4, move |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(Value::from),
            (names.clone(), value.clone()).prop_map(|(name, value)| json!({name: value})),
            prop::collection::btree_map(names.clone(), value, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn template(property: &Value) -> Value {
    json!({
        "Parameters": {"Env": {"Type": "String", "Default": "dev"}, "List": {"Type": "CommaDelimitedList", "Default": "a,b"}},
        "Mappings": {"M": {"a": {"b": "c"}}},
        "Conditions": {"Yes": {"Fn::Equals": [{"Ref": "Env"}, "dev"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
        "Resources": {"A": {"Type": "X"}, "B": {"Type": "X"}, "R": {"Type": "X", "Properties": {"P": property}}},
    })
}

fn resolved(property: &Value) -> Value {
    let template = Template::read(&template(property).to_string()).unwrap();
    let mut resolved = template.resolve(&setting_of(&template, &[])).unwrap();
    resolved.resources.remove("R").unwrap().properties["P"].take()
}

/// The same value in YAML, each text in quotes and each list and object in a flow.
fn yaml(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members: Vec<_> = members.iter().map(|(name, member)| format!("{name:?}: {}", yaml(member))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// The same with short forms of functions.
fn short(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(short).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => match members.iter().next() {
            Some((name, argument)) if members.len() == 1 && (name == "Ref" || name.starts_with("Fn::")) => {
                // Two tags of one node are not YAML.
                match argument {
                    Value::Object(_) => format!("{{{name:?}: {}}}", short(argument)),
                    _ => format!("!{} {}", name.trim_start_matches("Fn::"), short(argument)),
                }
            }
            _ => {
                let members: Vec<_> =
                    members.iter().map(|(name, member)| format!("{name:?}: {}", short(member))).collect();
                format!("{{{}}}", members.join(", "))
            }
        },
        other => other.to_string(),
    }
}

/// The same with the members of objects in the reverse order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let members: Vec<_> =
                members.iter().rev().map(|(name, member)| format!("{name:?}:{}", reversed(member))).collect();
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_evaluated_twice_is_as_if_once(value in values(), known in 0..4_usize) {
        let there = There([vec![], vec!["A"], vec!["B"], vec!["A", "B"]][known].clone());
        let once = evaluate(&resolved(&value), &there).unwrap();
        prop_assert_eq!(evaluate(&once, &there).unwrap(), once);
    }

    #[test]
    fn what_is_evaluated_bit_by_bit_is_as_if_at_once(value in values()) {
        let start = resolved(&value);
        let all = There(vec!["A", "B"]);
        let at_once = evaluate(&start, &all).unwrap();
        prop_assert!(is_complete(&at_once), "{}", at_once);
        for first in ["A", "B"] {
            let some = evaluate(&start, &There(vec![first])).unwrap();
            prop_assert_eq!(&evaluate(&some, &all).unwrap(), &at_once);
        }
    }

    #[test]
    fn what_is_split_and_joined_is_what_it_was(text in "[a-c,;]{0,12}", by in "[,;]{1,2}") {
        let value = json!({"Fn::Join": [by.clone(), {"Fn::Split": [by, text.clone()]}]});
        prop_assert_eq!(evaluate(&value, &There(vec![])).unwrap(), json!(text));
    }

    #[test]
    fn a_variable_is_the_same_in_the_map_and_outside(before in "[a-z $]{0,5}", after in "[a-z }]{0,5}") {
        let text = format!("{before}${{Env}}{after}");
        let plain = resolved(&json!({"Fn::Sub": text.clone()}));
        prop_assert_eq!(&resolved(&json!({"Fn::Sub": [text, {"Env": {"Ref": "Env"}}]})), &plain);
        prop_assert_eq!(plain, json!(format!("{before}dev{after}")));
    }

    #[test]
    fn the_order_of_members_and_the_language_make_no_difference(value in values()) {
        let tree = template(&value);
        let json = Template::read(&tree.to_string()).unwrap();
        prop_assert_eq!(&Template::read(&reversed(&tree)).unwrap(), &json);
        // Not in braces, or it would be read as JSON.
        let sections = |say: &dyn Fn(&Value) -> String| {
            let sections = tree.as_object().unwrap().iter();
            sections.map(|(name, section)| format!("{name}: {}\n", say(section))).collect::<String>()
        };
        prop_assert_eq!(&Template::read(&sections(&yaml)).unwrap(), &json);
        let from_short = Template::read(&sections(&short)).unwrap();
        let setting = setting_of(&json, &[]);
        prop_assert_eq!(from_short.resolve(&setting).unwrap(), json.resolve(&setting).unwrap());
    }

    #[test]
    fn any_value_is_evaluated_or_refused(value in any_json()) {
        let _ = evaluate(&value, &There(vec!["A"]));
        let _ = is_complete(&value);
        let _ = crate::imports(&value);
        let _ = crate::dynamic_references(&value);
    }

    #[test]
    fn any_template_is_resolved_or_refused(value in any_json(), condition in any_json(), extended in any::<bool>(), section in any_json()) {
        let mut tree = template(&value);
        tree["Conditions"]["C"] = condition.clone();
        tree["Rules"] = json!({"R": {"Assertions": [{"Assert": condition}]}});
        tree["Outputs"] = json!({"O": {"Value": value}, "P": section.clone()});
        tree["Resources"]["S"] = section;
        if extended {
            tree["Transform"] = "AWS::LanguageExtensions".into();
        }
        if let Ok(template) = Template::read(&tree.to_string()) {
            let _ = template.resolve(&setting());
            let _ = template.processed(&setting());
            let _ = (template.capabilities(), template.capabilities_reason(), template.types(), template.parameter_order());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|[\n:{}\\[\\],&*!|>'\"%@`#-]| ){0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Template::read(&text);
        let _ = Template::read(&format!("Resources:\n  A: {text}"));
        let _ = Template::read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_damaged_template_is_read_or_refused(
        at in 0..WHOLE.len(),
        length in 0..40_usize,
        put in "[-:{}\\[\\],&*!|>'\"%@`#?~ \n\ta]{0,4}",
    ) {
        let chars: Vec<char> = WHOLE.chars().collect();
        let (before, after) = (&chars[..at.min(chars.len())], chars.get(at + length..).unwrap_or_default());
        let text: String = before.iter().copied().chain(put.chars()).chain(after.iter().copied()).collect();
        if let Ok(template) = Template::read(&text) {
            let _ = template.resolve(&setting());
        }
    }
}

#[test]
fn the_whole_template_is_none_that_is_refused() {
    let template = Template::read(WHOLE).unwrap();
    let resolved = template.resolve(&setting_of(&template, &[])).unwrap();
    assert_eq!(resolved.resources.keys().collect::<Vec<_>>(), ["Net", "Thinga", "Thingb"]);
    assert_eq!(resolved.outputs["Name"].value, json!({"Fn::Join": ["-", [{"Ref": "Net"}, "080", true, "1.50"]]}));
}

/// Much of what a template can have.
const WHOLE: &str = "
AWSTemplateFormatVersion: '2010-09-09'
Transform: [AWS::LanguageExtensions]
Parameters:
  Env: {Type: String, Default: dev, AllowedPattern: '[a-z]{1,8}', NoEcho: true}
  List:
    Type: CommaDelimitedList
    Default: \"a,b\"
Mappings:
  M: {us-east-1: {Ami: ami-1, Zones: [a, b]}}
Conditions:
  Prod: !And [!Equals [!Ref Env, prod], !Not [!Condition Dev]]
  Dev: !Equals
    - !Ref Env
    - dev
Rules:
  Own: {RuleCondition: !Equals [a, b], Assertions: [{Assert: !Contains [[a], b], AssertDescription: none}]}
Resources:
  Fn::ForEach::Loop:
    - Name
    - !Ref List
    - Thing${Name}:
        Type: AWS::Test::Thing
        Condition: Dev
        DependsOn: [Net]
        Properties:
          Name: !Sub
            - '${Name}-${X}-${!Y}-${Net.Arn}'
            - X: !Select [0, !Split [',', !GetAtt Net.Names]]
          Data:
            Fn::Base64: |
              #!/bin/sh
              echo ä
          Block: !Select [1, !Cidr [10.0.0.0/16, 2, 8]]
  Net:
    Type: AWS::Test::Net
    DeletionPolicy: Retain
    Properties: {Zone: !Select [0, !GetAZs ''], Ami: !FindInMap [M, !Ref AWS::Region, Ami], Of: !ImportValue net}
Outputs:
  Name: {Value: !Join ['-', [!Ref Net, 080, yes, 1.50]], Export: {Name: !Sub '${AWS::StackName}-n'}}
";
