//! Reading a lifecycle policy ("Lifecycle policy properties in Amazon ECR").

use super::schema;
use crate::ecr::faults::invalid;
use aws::fault::Fault;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Rules of a policy; wildcards of a tag pattern.
const MAX_RULES: usize = 50;
const MAX_WILDCARDS: usize = 4;
/// What is said of a text that is no policy at all.
const UNREADABLE: &str = "Could not map policyString into LifecyclePolicy.";

/// A policy, its rules in the order of their priority.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    pub(super) rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) rule_priority: i32,
    #[serde(rename = "description")]
    _description: Option<String>,
    pub(super) selection: Selection,
    action: Action,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Selection {
    pub(super) tag_status: TagStatus,
    #[serde(default)]
    pub(super) tag_prefix_list: Vec<String>,
    #[serde(default)]
    pub(super) tag_pattern_list: Vec<String>,
    storage_class: Option<String>,
    pub(super) count_type: CountType,
    count_unit: Option<String>,
    pub(super) count_number: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum TagStatus {
    Tagged,
    Untagged,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum CountType {
    ImageCountMoreThan,
    SinceImagePushed,
    SinceImagePulled,
    SinceImageTransitioned,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Action {
    #[serde(rename = "type")]
    kind: String,
    target_storage_class: Option<String>,
}

impl Policy {
    /// Reads a policy and refuses what AWS would, and what neargate has not: archives of images.
    ///
    /// # Errors
    /// `InvalidParameterException` in AWS's words, and what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut policy = Self::read(text).map_err(|what| {
            let step = if what == UNREADABLE { "parsing" } else { "validation" };
            invalid("LifecyclePolicyText", format_args!("Lifecycle policy {step} failure: {what}"))
        })?;
        policy.rules.sort_by_key(|rule| rule.rule_priority);
        Ok(policy)
    }

    fn read(text: &str) -> Result<Self, String> {
        let value = serde_json::from_str::<serde_json::Value>(text).ok().filter(serde_json::Value::is_object);
        let value = value.ok_or(UNREADABLE)?;
        schema::check(&value)?;
        let policy: Self = serde_json::from_value(value).map_err(|_| schema::NO_FORM.to_owned())?;
        policy.checked()
    }

    fn checked(self) -> Result<Self, String> {
        let rules = self.rules.len();
        if rules == 0 {
            return Err("array is too short: must have at least 1 elements but instance has 0 elements".to_owned());
        }
        if rules > MAX_RULES {
            let why =
                format!("array is too long: must have at most {MAX_RULES} elements but instance has {rules} elements");
            return Err(why);
        }
        self.rules.iter().try_for_each(Rule::check)?;
        let priorities: BTreeSet<i32> = self.rules.iter().map(|rule| rule.rule_priority).collect();
        if priorities.len() < self.rules.len() {
            return Err("Duplicate priority in multiple rules".to_owned());
        }
        let of = |status| self.rules.iter().filter(move |rule| rule.selection.tag_status == status);
        if of(TagStatus::Untagged).count() > 1 {
            return Err("Only one rule can select Untagged images per storage class.".to_owned());
        }
        let highest = priorities.last();
        if of(TagStatus::Any).any(|rule| Some(&rule.rule_priority) != highest) {
            return Err("Rule for tagStatus=ANY must have the lowest priority per storage class".to_owned());
        }
        let prefixes: Vec<&Vec<String>> =
            self.rules.iter().map(|rule| &rule.selection.tag_prefix_list).filter(|list| !list.is_empty()).collect();
        if prefixes.iter().collect::<BTreeSet<_>>().len() < prefixes.len() {
            return Err("each tagPrefixList must be in one rule".to_owned());
        }
        Ok(self)
    }
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        let Selection { tag_status, tag_prefix_list, tag_pattern_list, storage_class, .. } = &self.selection;
        match (tag_status, tag_prefix_list.is_empty(), tag_pattern_list.is_empty()) {
            (TagStatus::Tagged, false, true) | (TagStatus::Tagged, true, false) => {}
            (TagStatus::Tagged, false, false) => {
                let why = "If policy has a tagged rule, it must specify only one of tagPrefixList or tagPatternList";
                return Err(why.to_owned());
            }
            (TagStatus::Tagged, true, true) => {
                return Err("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.".to_owned());
            }
            (TagStatus::Untagged | TagStatus::Any, true, true) => {}
            (status, no_prefixes, _) => {
                let list = if no_prefixes { "tagPatternList" } else { "tagPrefixList" };
                let status = if *status == TagStatus::Any { "any" } else { "untagged" };
                return Err(format!("Cannot specify {list} with tagStatus {status}"));
            }
        }
        if let Some(text) = tag_prefix_list.iter().chain(tag_pattern_list).find(|text| !is_tag_part(text)) {
            return Err(format!("'{text}' can't be a part of a tag"));
        }
        if tag_pattern_list.iter().any(|text| text.matches('*').count() > MAX_WILDCARDS) {
            return Err(format!("Invalid tag pattern provided. Total number of * must not exceed {MAX_WILDCARDS}"));
        }
        if storage_class.as_ref().is_some_and(|class| class != "standard") {
            return Err("storageClass other than standard is not supported".to_owned());
        }
        self.check_count()?;
        match (self.action.kind.as_str(), &self.action.target_storage_class) {
            ("expire", None) => Ok(()),
            ("transition", None) => Err(UNREADABLE.to_owned()),
            (kind, _) => Err(format!("action {kind} is not supported: expire without targetStorageClass is")),
        }
    }

    fn check_count(&self) -> Result<(), String> {
        match (self.selection.count_type, self.selection.count_unit.as_deref()) {
            (CountType::ImageCountMoreThan, None) | (CountType::SinceImagePushed, Some("days")) => Ok(()),
            (CountType::ImageCountMoreThan | CountType::SinceImagePushed, _) => Err(schema::NO_FORM.to_owned()),
            (kind, _) => Err(format!("countType {kind:?} is not supported")),
        }
    }
}

/// The text of a policy without white space between its parts, as it is kept and shown.
pub(super) fn compact(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    let kept = |c: &char| {
        let keep = quoted || !c.is_whitespace();
        quoted ^= *c == '"' && !escaped;
        escaped = quoted && *c == '\\' && !escaped;
        keep
    };
    text.chars().filter(kept).collect()
}

fn is_tag_part(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-*".contains(&byte);
    (1..=300).contains(&text.len()) && text.bytes().all(part)
}
