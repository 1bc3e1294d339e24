//! Values of parameters.

use super::read;
use crate::{Checked, Error, Existing, Given, ParameterKind, Specific, SsmLookup};
use std::collections::BTreeMap;

fn check(parameters: &str, given: &[(&str, &str)]) -> Result<Checked, Error> {
    let template = read(&format!("Parameters: {parameters}\nResources: {{A: {{Type: X}}}}"));
    template.check_parameters(&given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

fn list(items: &[&str]) -> Given {
    Given::List(items.iter().map(|item| (*item).to_owned()).collect())
}

#[test]
fn values_are_given_or_defaults() {
    let parameters = "{A: {Type: String, Default: 080}, B: {Type: Number}, C: {Type: CommaDelimitedList}, D: {Type: String, Default: true}}";
    let checked = check(parameters, &[("B", "1.5"), ("C", "a, b ,,c")]).unwrap();
    let expected = BTreeMap::from([
        ("A".to_owned(), Given::Text("080".into())),
        ("B".to_owned(), Given::Text("1.5".into())),
        ("C".to_owned(), list(&["a", "b", "", "c"])),
        ("D".to_owned(), Given::Text("true".into())),
    ]);
    assert_eq!(checked, Checked { values: expected, ..Checked::default() });
}

#[test]
fn constraints_are_kept_word_for_word() {
    let long = "x".repeat(4_097);
    for (declaration, value, message) in [
        ("{Type: String, AllowedValues: [a, 1, yes]}", "b", "Parameter 'P' must be one of AllowedValues"),
        ("{Type: CommaDelimitedList, AllowedValues: [a, b]}", "a,c", "Parameter 'P' must be one of AllowedValues"),
        (
            "{Type: String, AllowedValues: [a], ConstraintDescription: must be a.}",
            "b",
            "Parameter P failed to satisfy constraint: must be a.",
        ),
        ("{Type: String, AllowedPattern: '[a-z]+'}", "ab1", "Parameter 'P' must match pattern [a-z]+"),
        ("{Type: String, AllowedPattern: 'a|b'}", "ac", "Parameter 'P' must match pattern a|b"),
        ("{Type: String, MinLength: 3}", "ab", "Parameter 'P' must contain at least 3 characters"),
        ("{Type: String, MaxLength: '3'}", "äöüx", "Parameter 'P' must contain at most 3 characters"),
        ("{Type: Number, MinValue: 1}", "0", "Parameter 'P' must be a number not less than 1"),
        ("{Type: Number, MaxValue: 1.5}", "2", "Parameter 'P' must be a number not greater than 1.5"),
        ("{Type: Number}", "x", "Parameter 'P' must be a number"),
        ("{Type: Number}", "NaN", "Parameter 'P' must be a number"),
        ("{Type: List<Number>}", "1,x", "Parameter 'P' must be a number"),
        ("{Type: String}", long.as_str(), "Parameter 'P' value length is greater than 4096."),
    ] {
        let error = check(&format!("{{P: {declaration}}}"), &[("P", value)]).unwrap_err();
        assert_eq!(error.to_string(), message, "{declaration}");
    }
    for (declaration, value) in [
        ("{Type: String, AllowedValues: [a, 1, yes]}", "1"),
        ("{Type: String, AllowedValues: [true]}", "true"),
        ("{Type: String, AllowedPattern: 'a|b'}", "b"),
        ("{Type: String, AllowedPattern: '^\\d{3}$', MinLength: 3, MaxLength: 3}", "123"),
        ("{Type: Number, MinValue: -1, MaxValue: 1}", "0.5"),
        ("{Type: String, Default: c, MinLength: 0}", ""),
    ] {
        assert!(check(&format!("{{P: {declaration}}}"), &[("P", value)]).is_ok(), "{declaration}");
    }
}

#[test]
fn names_are_held_against_declarations() {
    let parameters = "{B: {Type: String}, A: {Type: String}, C: {Type: String, Default: ''}}";
    assert_eq!(check(parameters, &[]).unwrap_err().to_string(), "Parameters: [A, B] must have values");
    let error = check(parameters, &[("A", ""), ("B", ""), ("X", ""), ("Y", "")]).unwrap_err();
    assert_eq!(error.to_string(), "Parameters: [X, Y] do not exist in the template");
}

#[test]
fn what_must_exist_is_told() {
    let parameters = "{V: {Type: AWS::EC2::VPC::Id}, S: {Type: List<AWS::EC2::Subnet::Id>}}";
    let checked = check(parameters, &[("V", "vpc-1"), ("S", "subnet-1, subnet-2")]).unwrap();
    let subnets = Existing {
        parameter: "S".into(),
        kind: Specific::SubnetId,
        values: vec!["subnet-1".into(), "subnet-2".into()],
    };
    let vpc = Existing { parameter: "V".into(), kind: Specific::VpcId, values: vec!["vpc-1".into()] };
    let message = "Parameter validation failed: parameter value vpc-1 for parameter name V does not exist";
    assert_eq!(vpc.missing("vpc-1").to_string(), message);
    assert_eq!(checked.existing, [subnets, vpc]);
}

#[test]
fn values_of_the_parameter_store_are_looked_up() {
    let parameters = "{
        I: {Type: 'AWS::SSM::Parameter::Value<String>', AllowedValues: [/image]},
        L: {Type: 'AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>'},
        N: {Type: 'AWS::SSM::Parameter::Name'}}";
    let mut checked = check(parameters, &[("I", "/image"), ("L", "/subnets"), ("N", "/name")]).unwrap();
    let kinds: Vec<_> = checked.ssm.iter().map(|lookup| (lookup.name.as_str(), lookup.kind.clone())).collect();
    let subnets = ParameterKind::SpecificList(Specific::SubnetId);
    assert_eq!(kinds, [("/image", Some(ParameterKind::String)), ("/subnets", Some(subnets)), ("/name", None)]);
    assert!(checked.existing.is_empty());
    for lookup in checked.ssm.clone() {
        checked.look_up(&lookup, "subnet-1,subnet-2");
    }
    assert_eq!(checked.values["I"], Given::Text("subnet-1,subnet-2".into()));
    assert_eq!(checked.values["L"], list(&["subnet-1", "subnet-2"]));
    assert_eq!(checked.values["N"], Given::Text("/name".into()));
    assert_eq!(checked.existing.len(), 1);
    let message = "Unable to fetch parameters [/a,/b] from parameter store for this account.";
    assert_eq!(SsmLookup::missing(&["/a", "/b"]).to_string(), message);
}

#[test]
fn types_have_the_names_they_are_declared_with() {
    for name in [
        "String",
        "Number",
        "CommaDelimitedList",
        "List<Number>",
        "AWS::EC2::AvailabilityZone::Name",
        "List<AWS::EC2::SecurityGroup::Id>",
        "AWS::Route53::HostedZone::Id",
        "AWS::SSM::Parameter::Name",
        "AWS::SSM::Parameter::Value<String>",
        "AWS::SSM::Parameter::Value<List<String>>",
        "AWS::SSM::Parameter::Value<CommaDelimitedList>",
        "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
    ] {
        let template = read(&format!("Parameters: {{P: {{Type: '{name}'}}}}\nResources: {{A: {{Type: X}}}}"));
        assert_eq!(template.parameters["P"].kind.to_string(), name);
    }
}
