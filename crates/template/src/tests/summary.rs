//! What is told of a template before it is used.

use super::read;
use crate::{Capability, TypeSummary};

#[test]
fn what_must_be_acknowledged() {
    for (resources, capabilities, reason) in [
        ("{A: {Type: AWS::S3::Bucket}}", vec![], None),
        (
            "{A: {Type: AWS::IAM::Role}, B: {Type: AWS::IAM::Policy}}",
            vec![Capability::Iam],
            Some("[AWS::IAM::Policy, AWS::IAM::Role]"),
        ),
        (
            "{A: {Type: AWS::IAM::Role, Properties: {RoleName: own}}, B: {Type: AWS::IAM::Policy, Properties: {PolicyName: p}}}",
            vec![Capability::NamedIam],
            Some("[AWS::IAM::Role]"),
        ),
    ] {
        let template = read(&format!("Resources: {resources}"));
        assert_eq!(template.capabilities(), capabilities, "{resources}");
        let reason = reason.map(|kinds| format!("The following resource(s) require capabilities: {kinds}"));
        assert_eq!(template.capabilities_reason(), reason);
    }
    assert_eq!(Capability::NamedIam.name(), "CAPABILITY_NAMED_IAM");
}

#[test]
fn types_and_parameters_are_told() {
    let template = read(
        "
Metadata: {AWS::CloudFormation::Interface: {ParameterGroups: [{Parameters: [C, Nope]}, {Parameters: [A]}]}}
Parameters: {A: {Type: String, NoEcho: true, Description: an a}, B: {Type: String, NoEcho: 'false'}, C: {Type: String}}
Resources: {X: {Type: K}, Y: {Type: J}, Z: {Type: K}}",
    );
    assert_eq!(template.parameter_order(), ["C", "A", "B"]);
    assert_eq!(template.resource_types(), ["J", "K"]);
    let of = |kind: &str, ids: &[&str]| TypeSummary {
        kind: kind.into(),
        resources: ids.iter().map(|id| (*id).into()).collect(),
    };
    assert_eq!(template.types(), [of("J", &["Y"]), of("K", &["X", "Z"])]);
    let a = &template.parameters["A"];
    assert_eq!((a.no_echo, a.description.as_deref(), template.parameters["B"].no_echo), (true, Some("an a"), false));
}
