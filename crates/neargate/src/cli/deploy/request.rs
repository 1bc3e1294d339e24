//! What is said on the command line, as a call of CloudFormation. Pure.

use super::Failure;
use serde_json::{Value, json};
use std::{path::Path, str::FromStr};

/// "CloudFormation quotas": the length of a template, in bytes.
pub const LONGEST: u64 = 1_048_576;
/// Everything that can be acknowledged.
const CAPABILITIES: [&str; 3] = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"];

/// `KEY=VALUE`; the value may be empty, and have further signs of equality in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    key: String,
    value: String,
}

impl FromStr for KeyValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self { key: key.to_owned(), value: value.to_owned() }),
            _ => Err("write KEY=VALUE".to_owned()),
        }
    }
}

/// A stack's name, of the name of its template's file.
///
/// # Errors
/// When none can be made of it: "CreateStack", AWS CloudFormation API Reference, wants a letter first.
pub fn name_of(file: &Path) -> Result<String, Failure> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Ok(name);
    }
    Err(Failure(format!("a stack can't be named after {}: name it with --stack", file.display())))
}

/// What a stack is to be.
pub struct Wanted<'a> {
    pub name: &'a str,
    pub template: String,
    pub parameters: &'a [KeyValue],
    pub tags: &'a [KeyValue],
    pub rolls_back: bool,
    /// Parameters that keep their values unless they are given.
    pub kept: Vec<String>,
}

impl Wanted<'_> {
    /// The operation to call, with its input.
    pub fn call(self, exists: bool) -> (&'static str, Value) {
        let given = self.parameters.iter().map(|p| json!({ "ParameterKey": p.key, "ParameterValue": p.value }));
        let kept = self.kept.iter().filter(|key| !self.parameters.iter().any(|given| given.key == **key));
        let kept = kept.map(|key| json!({ "ParameterKey": key, "UsePreviousValue": true }));
        let mut input = json!({
            "StackName": self.name,
            "TemplateBody": self.template,
            "Parameters": given.chain(kept).collect::<Vec<_>>(),
            "Capabilities": CAPABILITIES,
            "DisableRollback": !self.rolls_back,
        });
        if !self.tags.is_empty() {
            input["Tags"] = self.tags.iter().map(|tag| json!({ "Key": tag.key, "Value": tag.value })).collect();
        }
        (if exists { "UpdateStack" } else { "CreateStack" }, input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_are_named_after_files() {
        let name = |file: &str| name_of(Path::new(file)).map_err(|Failure(why)| why);
        assert_eq!(name("a/public_subnet.v2.yml").as_deref(), Ok("public-subnet-v2"));
        assert_eq!(name("shop").as_deref(), Ok("shop"));
        assert!(name("2.yml").unwrap_err().contains("--stack"));
        assert!(name("/").is_err());
    }

    #[test]
    fn values_may_be_empty_and_have_signs_of_equality() {
        let pair = |key: &str, value: &str| Ok(KeyValue { key: key.to_owned(), value: value.to_owned() });
        assert_eq!("A=b=c".parse(), pair("A", "b=c"));
        assert_eq!("A=".parse(), pair("A", ""));
        assert!("A".parse::<KeyValue>().is_err() && "=a".parse::<KeyValue>().is_err());
    }

    #[test]
    fn an_update_keeps_what_is_not_given() {
        let parameters = ["Count=3".parse().unwrap()];
        let wanted = |tags| Wanted {
            name: "shop",
            template: "{}".to_owned(),
            parameters: &parameters,
            tags,
            rolls_back: true,
            kept: vec!["Count".to_owned(), "Image".to_owned()],
        };
        let (operation, input) = wanted(&[]).call(true);
        assert_eq!(operation, "UpdateStack");
        let expected = json!([{ "ParameterKey": "Count", "ParameterValue": "3" },
                              { "ParameterKey": "Image", "UsePreviousValue": true }]);
        assert_eq!(input["Parameters"], expected);
        assert_eq!(input.get("Tags"), None, "it keeps the tags it has");
        let (operation, input) = wanted(&["a=b".parse().unwrap()]).call(false);
        assert_eq!((operation, &input["Tags"]), ("CreateStack", &json!([{ "Key": "a", "Value": "b" }])));
    }
}
