//! What templates are refused with, word for word.

use super::{property, refused, with};
use crate::Template;

const THING: &str = "Resources: {B: {Type: AWS::S3::Bucket}}\n";

#[test]
fn a_text_is_no_template() {
    for (text, message) in [
        ("", "Template format error: unsupported structure."),
        ("- a\n- b\n", "Template format error: unsupported structure."),
        ("{\n  \"Resources\": {,\n}", "Template format error: JSON not well-formed. (line 2, column 17)"),
        ("{\"Resources\": {}} {}", "Template format error: JSON not well-formed. (line 1, column 19)"),
        ("Resources:\n  A: [\n", "Template format error: YAML not well-formed. (line 3, column 1)"),
        (
            "Resources:\n  B:\n    Type: X\n    Properties:\n      Arn: !GetAttr B.Arn\n",
            "Template format error: YAML not well-formed. (line 5, column 12)",
        ),
        (
            "Resources:\n  A: &a {Type: X}\n  B: *a\n",
            "Template error: YAML aliases are not allowed in CloudFormation templates",
        ),
        (
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      Statement:\n      - StringEquals:\n          !Sub '${A}:sub': x\n",
            "Template format error: [/Resources/R/Type/Statement/0/StringEquals] map keys must be strings; received a map instead",
        ),
        ("Resources: {}", "Template format error: At least one Resources member must be defined."),
        ("Description: x", "Template format error: At least one Resources member must be defined."),
        ("Outputs:\nResources: {B: {Type: X}}", "[/Outputs] 'null' values are not allowed in templates"),
        (
            "Resources:\n  R:\n    Type: X\n    Properties:\n      Policies:\n      - Statement: [a, ~]\n",
            "[/Resources/R/Type/Policies/0/Statement/1] 'null' values are not allowed in templates",
        ),
        (
            "Resources:\n  R:\n    Type: X\n    Properties:\n",
            "[/Resources/R/Properties] 'null' values are not allowed in templates",
        ),
    ] {
        assert_eq!(Template::read(text).unwrap_err().to_string(), message, "{text}");
    }
}

#[test]
fn a_section_has_another_shape() {
    for (text, message) in [
        ("Bogus: 1\nOther: 2\n", "Invalid template property or properties [Bogus, Other]"),
        (
            "AWSTemplateFormatVersion: 2011-01-01\n",
            "Template format error: Unrecognized template format version. Valid values: [2010-09-09]",
        ),
        ("Description: [a]\n", "Template format error: Every Description member must be a string."),
        ("Transform: AWS::Serverless-2016-10-31\n", "Transform AWS::Serverless-2016-10-31 is not supported"),
        ("Transform: [AWS::LanguageExtensions, Mine]\n", "No transform named Mine found."),
        ("Mappings: {M: {a: b}}\n", "Template format error: [/Mappings/M/a] Every Mappings attribute must be a map"),
        (
            "Mappings: {M: {a: {b: {c: d}}}}\n",
            "Template format error: Every Mappings attribute must be a String or a List.",
        ),
        ("Outputs: {O: {Description: x}}\n", "Template format error: Every Outputs member must contain a Value object"),
        ("Outputs: {a-b: {Value: x}}\n", "Template format error: Output a-b is non alphanumeric."),
        ("Parameters: {USE_IT: {Type: String}}\n", "Template format error: Parameter name USE_IT is non alphanumeric."),
        ("Parameters: {P: {Type: Strin}}\n", "Template format error: Unrecognized parameter type: Strin"),
        ("Parameters: {P: {}}\n", "Template format error: Every Parameters object must contain a Type member."),
        ("Parameters: {P: {Type: String, Foo: 1}}\n", "Invalid template parameter property 'Foo'"),
        (
            "Parameters: {P: {Type: String, Default: {Ref: B}}}\n",
            "Template format error: Every Default member must be a string.",
        ),
        (
            "Parameters: {P: {Type: String, Default: a, AllowedPattern: '(?=a).*'}}\n",
            "Template format error: AllowedPattern '(?=a).*' of parameter P is not supported: it is no regular expression, or one with \
             look-around or back references",
        ),
        (
            "Parameters: {P: {Type: String, Default: a, AllowedPattern: '((a{1000}){1000}){1000}'}}\n",
            "Template format error: AllowedPattern '((a{1000}){1000}){1000}' of parameter P is not supported: it is too large",
        ),
        (
            "Rules: {R: {Assertions: [{Assert: {Fn::Not: [{Fn::Equals: [a, a]}]}, AssertDescription: 1}]}}\n",
            "Rule R failed: 1",
        ),
        ("Rules: {R: {}}\n", "Template format error: [/Rules/R] Every Rules object must contain a list of Assertions."),
    ] {
        assert_eq!(refused(&format!("{text}{THING}")), message, "{text}");
    }
}

#[test]
fn a_resource_has_another_shape() {
    for (body, message) in [
        (
            "{Properties: {}}",
            "Template format error: [/Resources/R] Every Resources object must contain a Type member.",
        ),
        ("{Type: X, ManagedPolicyArns: []}", "Invalid template resource property 'ManagedPolicyArns'"),
        ("{Type: X, DependsOn: {a: b}}", "Template format error: DependsOn must be a string or list of strings."),
        ("{Type: X, DeletionPolicy: Keep}", "Template format error: Unrecognized DeletionPolicy Keep for resource R"),
        (
            "{Type: X, UpdateReplacePolicy: RetainExceptOnCreate}",
            "Template format error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource R",
        ),
        (
            "{Type: X, DeletionPolicy: !Ref AWS::Region}",
            "Template format error: Every DeletionPolicy member must be a string.",
        ),
        ("{Type: X, Condition: [a]}", "Template format error: Every Condition member must be a string."),
    ] {
        assert_eq!(refused(&format!("Resources: {{R: {body}}}")), message, "{body}");
    }
    assert_eq!(
        refused("Resources: {my-r: {Type: X}}"),
        "Template format error: Resource name my-r is non alphanumeric."
    );
    let many: String = (0..501).map(|at| format!("  R{at}: {{Type: X}}\n")).collect();
    let message = "Template format error: Number of resources, 501, is greater than maximum allowed, 500";
    assert_eq!(refused(&format!("Resources:\n{many}")), message);
    let text = format!("Description: {}\n{THING}", "x".repeat(1025));
    assert_eq!(refused(&text), "Template format error: 'Description' length is greater than 1024");
}

#[test]
fn what_is_referred_to_is_not_there() {
    for (text, message) in [
        (
            "{B: {Type: X, Properties: {N: !Ref Nope}}}",
            "Unresolved resource dependencies [Nope] in the Resources block of the template",
        ),
        (
            "{B: {Type: X, Properties: {N: !Sub '${AWS::Resion}'}}}",
            "Unresolved resource dependencies [AWS::Resion] in the Resources block of the template",
        ),
        (
            "{B: {Type: X, DependsOn: [Neither, Nope]}}",
            "Unresolved resource dependencies [Neither, Nope] in the Resources block of the template",
        ),
        (
            "{B: {Type: X, Condition: Nope}}",
            "Unresolved condition dependency Nope in the Resources block of the template",
        ),
        (
            "{B: {Type: X}}\nOutputs: {O: {Value: !Ref Nope}}",
            "Unresolved resource dependencies [Nope] in the Outputs block of the template",
        ),
        (
            "{B: {Type: X}}\nOutputs: {O: {Value: x, Condition: Nope}}",
            "Unresolved condition dependency Nope in the Outputs block of the template",
        ),
        (
            "{B: {Type: X}}\nConditions: {C: !Equals [!Ref B, x]}",
            "Unresolved dependencies [B]. Cannot reference resources in the Conditions block of the template",
        ),
        (
            "{B: {Type: X}}\nConditions: {A: !Not [!Condition B], B: !Not [!Condition A]}",
            "Circular dependency between conditions: [A, B]",
        ),
        (
            "{B: {Type: X}}\nConditions: {C: yes}",
            "Conditions can only be boolean operations on parameters and other conditions",
        ),
        // Which resources there are depends on conditions.
        (
            "{P: {Type: X, Condition: C}, Q: {Type: X, Properties: {N: !Ref P}}}\nConditions: {C: !Equals [a, b]}",
            "Unresolved resource dependencies [P] in the Resources block of the template",
        ),
        (
            "{P: {Type: X, Condition: C}, Q: {Type: X}}\nConditions: {C: !Equals [a, b]}\nOutputs: {O: {Value: !Ref P}}",
            "Unresolved resource dependencies [P] in the Outputs block of the template",
        ),
    ] {
        assert_eq!(refused(&format!("Resources: {text}")), format!("Template format error: {message}"), "{text}");
    }
    for (text, message) in [
        (
            "{B: {Type: X, Properties: {N: !GetAtt Nope.Arn}}}",
            "Template error: instance of Fn::GetAtt references undefined resource Nope",
        ),
        (
            "{B: {Type: X, Properties: {N: !Sub '${Nope.A}'}}}",
            "Template error: instance of Fn::Sub references invalid resource attribute Nope.A",
        ),
        (
            "{B: {Type: X, Properties: {N: !If [Nope, a, b]}}}",
            "Template error: unresolved condition dependency Nope in Fn::If",
        ),
        (
            "{B: {Type: X}}\nConditions: {A: !Not [!Condition Nope]}",
            "Template error: unresolved condition dependency Nope in Condition",
        ),
        (
            "{B: {Type: X, Properties: {N: !ImportValue {Ref: B}}}}",
            "Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs",
        ),
        (
            "{A: {Type: X, DependsOn: B}, B: {Type: X, Properties: {N: !Sub '${A}'}}, C: {Type: X, DependsOn: A}}",
            "Circular dependency between resources: [A, B]",
        ),
        ("{A: {Type: X, DependsOn: A}}", "Circular dependency between resources: [A]"),
        (
            "{B: {Type: X}}\nOutputs: {O: {Value: x, Export: {Name: a/b}}}",
            "Template format error: Output O is malformed. The Name field of every Export member must be specified and consist only of \
             alphanumeric characters, colons, or hyphens.",
        ),
        (
            "{B: {Type: X}}\nOutputs: {O: {Value: [a]}}",
            "Template format error: The Value field of every Outputs member must evaluate to a String.",
        ),
    ] {
        assert_eq!(refused(&format!("Resources: {text}")), message, "{text}");
    }
}

#[test]
fn a_function_can_not_be_computed() {
    for (value, message) in [
        ("{Ref: [a]}", "every Ref object must have a single String value."),
        (
            "!GetAtt R",
            "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute",
        ),
        ("!Select [3, [a, b]]", "Fn::Select  cannot select nonexistent value at index 3"),
        ("!Select [-1, [a, b]]", "Fn::Select  cannot select nonexistent value at index -1"),
        ("!Select [x, [a, b]]", "Fn::Select requires a list argument with a valid index value as its first element"),
        ("!Select [0]", "Fn::Select requires a list argument with two elements: an integer index and a list"),
        (
            "!Join ['', a]",
            "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function \
             that returns a list of strings (such as Fn::GetAZs) to be joined.",
        ),
        (
            "!Split [',']",
            "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that \
             returns a string to be split.",
        ),
        (
            "!Sub [a, b]",
            "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an \
             optional second argument to specify a mapping of values to replace in the string",
        ),
        (
            "!Sub '${a b}'",
            "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
        ),
        (
            "!Sub '${AWS::NotificationARNs}'",
            "variable AWS::NotificationARNs in Fn::Sub expression does not resolve to a string",
        ),
        (
            "!Sub ['${A}', {A: [b]}]",
            "every value of the context object of every Fn::Sub object must be a string or a function that returns a string",
        ),
        ("!FindInMap [M, eu-west-1, Ami]", "Unable to get mapping for M::eu-west-1::Ami"),
        ("!FindInMap [Other, a, b]", "Mapping named 'Other' is not present in the 'Mappings' section of template."),
        (
            "!FindInMap [M, a]",
            "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value",
        ),
        ("!GetAZs {Fn::GetAtt: R.A}", "every Fn::GetAZs object must have a String-typed value."),
        ("!Base64 [a]", "every Fn::Base64 object must have a String-typed value."),
        ("!If [[a], b, c]", "Fn::If requires a list argument with the first element being a condition"),
        ("!If [C, b]", "Fn::If requires a list argument with three elements"),
        ("!Cidr [10.0.0.0/24, 9, 5]", "Fn::Cidr can't make 9 blocks of 5 bits from 10.0.0.0/24"),
        ("!Cidr [10.0.0.0/24, 1, 12]", "Fn::Cidr needs bits that the block has"),
        ("!Cidr [10.0.0.0/16, 257, 4]", "Fn::Cidr needs a count from 1 to 256"),
        ("!Cidr [10.0.0/16, 1, 8]", "Fn::Cidr needs a CIDR block, and 10.0.0/16 is none"),
        ("{Fn::If: [C, a, b], Other: 1}", "an object with Fn::If can have no other members"),
        (
            "{Fn::Foo: a}",
            "Encountered unsupported function: Fn::Foo Supported functions are: [Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, \
             Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, Fn::Not, Condition, Fn::And, Fn::Or, \
             Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr]",
        ),
    ] {
        let more = "Conditions: {C: !Equals [a, a]}\nMappings: {M: {us-east-1: {Ami: ami-1}}}\n";
        let error = property(value, more, &[]).unwrap_err().to_string();
        assert_eq!(error, format!("Template error: {message}"), "{value}");
    }
    assert_eq!(refused(&with("!Transform {Name: AWS::Include}", "")), "Transform AWS::Include is not supported");
    assert_eq!(
        refused(&with("!Contains [[a], a]", "")),
        "Template format error: Fn::Contains can't be used in the Resources block of the template"
    );
    let text = format!("Conditions: {{C: !Equals [!If [D, a, b], a], D: !Equals [a, a]}}\n{THING}");
    assert_eq!(refused(&text), "Template format error: Fn::If can't be used in the Conditions block of the template");
    for (condition, message) in [
        (
            "!And [!Equals [a, a]]",
            "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
        ),
        ("!Not [!Equals [a, a], !Equals [a, a]]", "Fn::Not requires a list argument with one element"),
        ("!Equals [a]", "Fn::Equals requires a list argument with two elements"),
    ] {
        let text = format!("Conditions: {{C: {condition}}}\n{THING}");
        assert_eq!(refused(&text), format!("Template error: {message}"), "{condition}");
    }
}

#[test]
fn functions_come_to_a_bounded_amount() {
    let big = "x".repeat(4_000);
    let many = "[".to_owned() + &"'${P}${P}${P}${P}${P}${P}${P}${P}',".repeat(1_000) + "]";
    let text = with(&many.replace("'$", "!Sub '$"), &format!("Parameters: {{P: {{Type: String, Default: {big}}}}}\n"));
    assert_eq!(refused(&text), "Template error: functions come to more than 16000000 bytes");
    let items = "a,".repeat(100_000);
    let text = with(&format!("!Join ['{}', [{items}]]", "-".repeat(100_000)), "");
    assert_eq!(refused(&text), "Template error: functions come to more than 16000000 bytes");
}
