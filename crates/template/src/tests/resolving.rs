//! What is left of a template for values of its parameters.

use super::{read, refused, setting_of};
use crate::{Policy, Resolved, Setting};
use serde_json::json;
use std::collections::BTreeMap;

fn resolved(text: &str, given: &[(&str, &str)]) -> Resolved {
    let template = read(text);
    template.resolve(&setting_of(&template, given)).unwrap_or_else(|error| panic!("{error}"))
}

const STAGES: &str = "
Parameters: {Env: {Type: String, Default: dev}}
Conditions: {Prod: !Equals [!Ref Env, prod], Dev: !Not [!Condition Prod]}
Resources:
  Always: {Type: X, DependsOn: Alarm}
  Alarm: {Type: X, Condition: Prod}
  Debug: {Type: X, Condition: Dev}
  Queue:
    Type: X
    Properties: {Alarm: !If [Prod, !Ref Alarm, !Ref AWS::NoValue], Name: !Ref Env}
Outputs:
  Name: {Value: !Ref Queue, Description: the queue, Export: {Name: !Sub '${AWS::StackName}-queue'}}
  Alarm: {Value: !GetAtt Alarm.Arn, Condition: Prod}
";

#[test]
fn conditions_leave_out_resources_outputs_and_what_leads_to_them() {
    let dev = resolved(STAGES, &[]);
    assert_eq!(dev.resources.keys().collect::<Vec<_>>(), ["Always", "Debug", "Queue"]);
    assert_eq!(dev.resources["Queue"].properties, json!({"Name": "dev"}));
    assert!(dev.resources.values().all(|resource| resource.dependencies.is_empty()));
    assert_eq!(dev.outputs.keys().collect::<Vec<_>>(), ["Name"]);
    assert_eq!(dev.conditions, BTreeMap::from([("Dev".to_owned(), true), ("Prod".to_owned(), false)]));

    let prod = resolved(STAGES, &[("Env", "prod")]);
    assert_eq!(prod.resources.keys().collect::<Vec<_>>(), ["Alarm", "Always", "Queue"]);
    assert_eq!(prod.resources["Queue"].properties, json!({"Alarm": {"Ref": "Alarm"}, "Name": "prod"}));
    for id in ["Always", "Queue"] {
        assert_eq!(prod.resources[id].dependencies.iter().collect::<Vec<_>>(), ["Alarm"], "{id}");
    }
    assert_eq!(prod.outputs["Alarm"].value, json!({"Fn::GetAtt": ["Alarm", "Arn"]}));
    assert_eq!(prod.outputs["Name"].export, Some(json!("demo-queue")));
    assert_eq!(prod.outputs["Name"].description.as_deref(), Some("the queue"));
}

#[test]
fn dependencies_are_found_wherever_they_are() {
    let resolved = resolved(
        "
Resources:
  A: {Type: X}
  B: {Type: X}
  C: {Type: X}
  D: {Type: X}
  E: {Type: X}
  F: {Type: X}
  R:
    Type: X
    DependsOn: [A]
    Metadata: {Uses: !Ref F}
    Properties:
      Ref: [{Deep: !Ref B}]
      GetAtt: !GetAtt C.X.Y
      Sub: !Sub ['${D.X}-${Mine}-${!A}', {Mine: !GetAtt [E, X]}]
",
        &[],
    );
    assert_eq!(resolved.resources["R"].dependencies.iter().collect::<Vec<_>>(), ["A", "B", "C", "D", "E", "F"]);
}

#[test]
fn policies_and_other_attributes_are_kept() {
    let resolved = resolved(
        "
Parameters: {Minutes: {Type: Number, Default: 5}}
Resources:
  R:
    Type: X
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Snapshot
    CreationPolicy: {ResourceSignal: {Count: 1, Timeout: !Sub 'PT${Minutes}M'}}
    UpdatePolicy: {Some: thing}
    Metadata: {Of: !Ref AWS::Region}
",
        &[],
    );
    let resource = &resolved.resources["R"];
    assert_eq!(
        (resource.deletion_policy, resource.update_replace_policy),
        (Policy::RetainExceptOnCreate, Policy::Snapshot)
    );
    assert_eq!(resource.creation_policy, json!({"ResourceSignal": {"Count": 1, "Timeout": "PT5M"}}));
    assert_eq!(resource.update_policy, json!({"Some": "thing"}));
    assert_eq!(resource.metadata, json!({"Of": "us-east-1"}));
    assert_eq!(resource.properties, json!({}));
}

#[test]
fn a_resolved_template_can_be_kept_as_json() {
    let resolved = resolved(STAGES, &[("Env", "prod")]);
    let text = serde_json::to_string(&resolved).unwrap();
    assert_eq!(serde_json::from_str::<Resolved>(&text).unwrap(), resolved);
}

const RULES: &str = "
Parameters:
  Env: {Type: String, Default: dev}
  Vpc: {Type: AWS::EC2::VPC::Id, Default: vpc-1}
  Subnets: {Type: List<AWS::EC2::Subnet::Id>, Default: 'subnet-1,subnet-2'}
Resources: {A: {Type: X}}
Rules:
  Own:
    RuleCondition: CONDITION
    Assertions:
    - Assert: ASSERT
      AssertDescription: That does not go together.
";

/// Whether a rule lets a template pass.
fn passes(condition: &str, assert: &str) -> bool {
    let template = read(&RULES.replace("CONDITION", condition).replace("ASSERT", assert));
    let attributes = |vpc: &str| BTreeMap::from([("VpcId".to_owned(), vpc.to_owned())]);
    let attributes =
        BTreeMap::from([("subnet-1".to_owned(), attributes("vpc-1")), ("subnet-2".to_owned(), attributes("vpc-1"))]);
    let setting = Setting { attributes, ..setting_of(&template, &[]) };
    match template.resolve(&setting) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.to_string(), "Rule Own failed: That does not go together.", "{assert}");
            false
        }
    }
}

#[test]
fn rules_are_asserted() {
    let always = "!Equals [a, a]";
    for (assert, holds) in [
        ("!Contains [[dev, prod], !Ref Env]", true),
        ("!Not [!Contains [[dev, prod], !Ref Env]]", false),
        ("!And [!Equals [!Ref Env, dev], !Or [!Equals [a, b], !Equals [a, a]]]", true),
        ("!EachMemberIn [!Ref Subnets, [subnet-1, subnet-2, subnet-3]]", true),
        ("!EachMemberIn [!Ref Subnets, [subnet-1]]", false),
        ("!EachMemberEquals [!ValueOf [Subnets, VpcId], !Ref Vpc]", true),
        ("!EachMemberEquals [!ValueOfAll ['AWS::EC2::Subnet::Id', VpcId], vpc-2]", false),
        ("!EachMemberIn [!ValueOfAll ['AWS::EC2::Subnet::Id', VpcId], !RefAll 'AWS::EC2::VPC::Id']", true),
    ] {
        assert_eq!(passes(always, assert), holds, "{assert}");
        assert!(passes("!Equals [a, b]", assert), "{assert}");
    }
}

#[test]
fn rules_know_nothing_of_resources_and_conditions() {
    let text = RULES.replace("CONDITION", "!Equals [a, a]").replace("ASSERT", "!Equals [!Ref A, a]");
    let message = "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Rules block of the template";
    assert_eq!(refused(&text), message);
    let text = RULES.replace("CONDITION", "!Equals [a, a]").replace("ASSERT", "!Equals [!Join ['', [a]], a]");
    assert_eq!(refused(&text), "Template format error: Fn::Join can't be used in the Rules block of the template");
}

#[test]
fn functions_may_be_as_deep_as_values() {
    let deep = format!("{}!Ref AWS::Region{}", "!Join ['', [".repeat(30), "]]".repeat(30));
    let resolved = resolved(&super::with(&deep, ""), &[]);
    assert_eq!(resolved.resources["R"].properties, json!({"P": "us-east-1"}));
}

#[test]
fn conditions_may_be_made_of_each_other_in_a_long_row() {
    let rows: String = (1..5_000).map(|at| format!("  C{at}: !Not [!Condition C{}]\n", at - 1)).collect();
    let resolved = resolved(&format!("Conditions:\n  C0: !Equals [a, a]\n{rows}Resources: {{A: {{Type: X}}}}"), &[]);
    assert_eq!((resolved.conditions["C4998"], resolved.conditions["C4999"]), (true, false));
    // Those that only wait for a circle are not named.
    let text = format!(
        "Conditions:\n  C0: !Not [!Condition D]\n  D: !Not [!Condition C0]\n{rows}Resources: {{A: {{Type: X}}}}"
    );
    assert_eq!(refused(&text), "Template format error: Circular dependency between conditions: [C0, D]");
}
