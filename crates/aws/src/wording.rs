//! How each protocol words what is wrong with a request's values: the one place where a [`Violation`] becomes a
//! [`Fault`].
//!
//! The texts are those services are known to send: `1 validation error detected: …` of AWS's common framework (JSON and
//! query services; IAM's has no values in it), ECS's own for enums, ECR's and EC2's own for everything.

use crate::api::{Api, Protocol};
use crate::check::{Rule, Step, Violation};
use crate::fault::Fault;

impl Api {
    /// The refusal of a request that broke these rules. Only the common framework's message names more than the first.
    pub(crate) fn refuse(&self, broken: &[Violation]) -> Fault {
        let Some(first) = broken.first() else {
            return Fault::new("InternalFailure", "Nothing is wrong with the request.").with_status(500);
        };
        match (self.protocol, &first.rule) {
            (Protocol::Ec2, _) => ec2(first),
            (Protocol::Json | Protocol::Cbor, Rule::Type { found, wanted }) => {
                let text = format!("{} at {}", serialization(found, wanted), dotted(&first.path));
                Fault::new("SerializationException", text)
            }
            (Protocol::RestXml, Rule::Unknown) => {
                let name = innermost(first);
                let text = format!("cvc-complex-type.2.4.a: Invalid content was found starting with element '{name}'.");
                Fault::new("InvalidInput", format!("Invalid XML ; {text}"))
            }
            // What stands in a body is held against a schema first, which is worded as Apache Xerces does.
            (Protocol::RestXml, Rule::OneOf(values)) if first.path.len() > 1 => {
                let (value, values) = (first.value.as_deref().unwrap_or_default(), values.join(", "));
                let text = format!(
                    "cvc-enumeration-valid: Value '{value}' is not facet-valid with respect to enumeration '[{values}]'. It must be a value from the enumeration."
                );
                Fault::new("InvalidInput", format!("Invalid XML ; {text}"))
            }
            (Protocol::Json, Rule::OneOf(values)) if self.service == "ecs" => ecs_enum(first, values),
            (Protocol::Json, rule) if self.service == "ecr" => ecr(&members(&first.path), &constraint(rule)),
            (Protocol::Json, Rule::MaxLength(512)) if self.service == "logs" && is_log_name(first) => {
                let text = "Invalid LogGroup or LogStream, both must have length less than or equal to 512.";
                Fault::new("InvalidParameterException", text)
            }
            _ => Fault::new(self.validation_code(), common(broken, self.service != "iam")),
        }
    }

    /// The error code for a broken constraint.
    fn validation_code(&self) -> &'static str {
        match (self.protocol, self.service) {
            (Protocol::Query | Protocol::Ec2, _) | (_, "cloudwatch") => "ValidationError",
            (Protocol::Json, "ecs" | "logs") => "InvalidParameterException",
            (Protocol::RestXml, _) | (_, "servicediscovery") => "InvalidInput",
            (Protocol::Json | Protocol::Cbor, _) => "ValidationException",
        }
    }
}

/// The name at the end of the way to a value.
fn innermost(violation: &Violation) -> String {
    let mut names = violation.path.iter().rev().filter_map(|step| match step {
        Step::Member(name) => Some((*name).to_owned()),
        Step::Key(name) => Some(name.clone()),
        Step::Item(_) => None,
    });
    names.next().unwrap_or_default()
}

/// AWS's JSON services on a value of another type.
fn serialization(found: &str, wanted: &str) -> String {
    match (found, wanted) {
        (_, "List") => "Expected list or null".to_owned(),
        (_, "Map") => "Expected map or null".to_owned(),
        (_, "Structure") => "Expected structure or null".to_owned(),
        ("START_ARRAY", _) => "Start of list found where not expected".to_owned(),
        ("START_OBJECT", _) => "Start of structure or map found where not expected.".to_owned(),
        _ => format!("{found} cannot be converted to {wanted}"),
    }
}

/// ECS names the innermost member: `Propagate tags should be one of [SERVICE,TASK_DEFINITION]`.
fn ecs_enum(violation: &Violation, values: &[&str]) -> Fault {
    let name = violation.path.iter().rev().find_map(|step| match step {
        Step::Member(name) => Some(sentence(name)),
        _ => None,
    });
    let name = name.unwrap_or_else(|| "Value".to_owned());
    Fault::new("InvalidParameterException", format!("{name} should be one of [{}]", values.join(",")))
}

/// ECR names one parameter, and one problem.
fn ecr(parameter: &str, constraint: &str) -> Fault {
    let message = format!("Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'");
    Fault::new("InvalidParameterException", message)
}

fn is_log_name(violation: &Violation) -> bool {
    matches!(violation.path.as_slice(), [Step::Member("logGroupName" | "logStreamName")])
}

/// The common framework's message: how many, then each, with the values or without.
fn common(broken: &[Violation], with_values: bool) -> String {
    let each = broken.iter().map(|violation| {
        let value = match &violation.value {
            _ if !with_values || violation.hidden => String::new(),
            Some(value) => format!(" '{value}'"),
            None => " null".to_owned(),
        };
        let at = members(&violation.path);
        format!("Value{value} at '{at}' failed to satisfy constraint: {}", constraint(&violation.rule))
    });
    let plural = if broken.len() == 1 { "" } else { "s" };
    format!("{} validation error{plural} detected: {}", broken.len(), each.collect::<Vec<_>>().join("; "))
}

fn constraint(rule: &Rule) -> String {
    match rule {
        Rule::Required => "Member must not be null".to_owned(),
        Rule::Unknown => "Member is not known".to_owned(),
        Rule::Type { wanted, .. } => format!("Member must be a valid {wanted}"),
        Rule::OneOf(values) => format!("Member must satisfy enum value set: [{}]", values.join(", ")),
        Rule::MinLength(min) => format!("Member must have length greater than or equal to {min}"),
        Rule::MaxLength(max) => format!("Member must have length less than or equal to {max}"),
        Rule::Min(min) => format!("Member must have value greater than or equal to {min}"),
        Rule::Max(max) => format!("Member must have value less than or equal to {max}"),
        Rule::Pattern(pattern) => {
            format!("Member must satisfy regular expression pattern: {pattern}")
        }
    }
}

/// EC2 names one parameter, and one problem.
fn ec2(violation: &Violation) -> Fault {
    // A parameter of its own is named as the reply would name it, one within another as it was sent.
    let name = match violation.path.as_slice() {
        [Step::Member(name)] => lower_first(name),
        path => dotted(path),
    };
    let value = violation.value.as_deref().unwrap_or_default();
    let invalid = |expected: String| {
        Fault::new("InvalidParameterValue", format!("Value ( {value} ) for parameter {name} is invalid. {expected}"))
    };
    match &violation.rule {
        Rule::Required => Fault::new("MissingParameter", format!("The request must contain the parameter {name}")),
        Rule::Unknown => {
            Fault::new("UnknownParameter", format!("The parameter {} is not recognized", dotted(&violation.path)))
        }
        Rule::Type { wanted, .. } => invalid(format!("Expecting a value of type {wanted}.")),
        Rule::OneOf(values) => invalid(format!("Expecting one of {}.", values.join(", "))),
        Rule::MinLength(min) => invalid(format!("Expecting a length of at least {min}.")),
        Rule::MaxLength(max) => invalid(format!("Expecting a length of at most {max}.")),
        // The text is EC2's, though the bound itself is allowed.
        Rule::Min(min) => invalid(format!("Expecting a value greater than {min}.")),
        Rule::Max(max) => invalid(format!("Expecting a value less than or equal to {max}.")),
        Rule::Pattern(pattern) => invalid(format!("Expecting a value matching {pattern}.")),
    }
}

/// `tags.1.member.key`
fn members(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Member(name) => lower_first(name),
        Step::Item(index) => format!("{index}.member"),
        Step::Key(key) => format!("{key}.member"),
    });
    steps.collect::<Vec<_>>().join(".")
}

/// `TagSpecification.1.Tag.2.Key`
pub(crate) fn dotted(path: &[Step]) -> String {
    let steps = path.iter().map(|step| match step {
        Step::Member(name) => (*name).to_owned(),
        Step::Item(index) => index.to_string(),
        Step::Key(key) => key.clone(),
    });
    steps.collect::<Vec<_>>().join(".")
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or(String::new(), |first| first.to_lowercase().chain(chars).collect())
}

/// `propagateTags` as `Propagate tags`.
fn sentence(name: &str) -> String {
    let mut text = String::new();
    for (index, c) in name.chars().enumerate() {
        match (index, c.is_uppercase()) {
            (0, _) => text.extend(c.to_uppercase()),
            (_, true) => {
                text.push(' ');
                text.extend(c.to_lowercase());
            }
            (_, false) => text.push(c),
        }
    }
    text
}
