//! Reading a lifecycle policy ("Lifecycle policy properties in Amazon ECR").

use crate::ecr::faults::invalid;
use aws::fault::Fault;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Rules of a policy; wildcards of a tag pattern.
const MAX_RULES: usize = 50;
const MAX_WILDCARDS: usize = 4;

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
        let read = serde_json::from_str::<Self>(text).map_err(|error| error.to_string());
        let mut policy = read.and_then(|policy| policy.checked()).map_err(|what| {
            invalid("LifecyclePolicyText", format_args!("Lifecycle policy validation failure:\n{what}\n"))
        })?;
        policy.rules.sort_by_key(|rule| rule.rule_priority);
        Ok(policy)
    }

    fn checked(self) -> Result<Self, String> {
        if self.rules.is_empty() || self.rules.len() > MAX_RULES {
            return Err(format!("a policy has 1 to {MAX_RULES} rules"));
        }
        self.rules.iter().try_for_each(Rule::check)?;
        let priorities: BTreeSet<i32> = self.rules.iter().map(|rule| rule.rule_priority).collect();
        if priorities.len() < self.rules.len() {
            return Err("rulePriority must be unique".to_owned());
        }
        let of = |status| self.rules.iter().filter(move |rule| rule.selection.tag_status == status);
        if of(TagStatus::Untagged).count() > 1 {
            return Err("only one rule can select untagged images".to_owned());
        }
        let highest = priorities.last();
        if of(TagStatus::Any).any(|rule| Some(&rule.rule_priority) != highest) {
            return Err("a rule with tagStatus any must have the highest value for rulePriority".to_owned());
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
        if self.rule_priority < 1 || self.selection.count_number < 1 {
            return Err("rulePriority and countNumber must be 1 or more".to_owned());
        }
        match (tag_status, tag_prefix_list.is_empty(), tag_pattern_list.is_empty()) {
            (TagStatus::Tagged, false, true) | (TagStatus::Tagged, true, false) => {}
            (TagStatus::Tagged, ..) => {
                return Err("tagStatus tagged requires either tagPrefixList or tagPatternList".to_owned());
            }
            (TagStatus::Untagged | TagStatus::Any, true, true) => {}
            _ => return Err("only tagStatus tagged can have tagPrefixList or tagPatternList".to_owned()),
        }
        if let Some(text) = tag_prefix_list.iter().chain(tag_pattern_list).find(|text| !is_tag_part(text)) {
            return Err(format!("'{text}' can't be a part of a tag"));
        }
        if let Some(pattern) = tag_pattern_list.iter().find(|text| text.matches('*').count() > MAX_WILDCARDS) {
            return Err(format!("tag pattern '{pattern}' has more than {MAX_WILDCARDS} wildcards"));
        }
        if storage_class.as_ref().is_some_and(|class| class != "standard") {
            return Err("storageClass other than standard is not supported".to_owned());
        }
        self.check_count()?;
        match (self.action.kind.as_str(), &self.action.target_storage_class) {
            ("expire", None) => Ok(()),
            (kind, _) => Err(format!("action {kind} is not supported: expire without targetStorageClass is")),
        }
    }

    fn check_count(&self) -> Result<(), String> {
        match (self.selection.count_type, self.selection.count_unit.as_deref()) {
            (CountType::ImageCountMoreThan, None) | (CountType::SinceImagePushed, Some("days")) => Ok(()),
            (CountType::ImageCountMoreThan, Some(_)) => Err("imageCountMoreThan has no countUnit".to_owned()),
            (CountType::SinceImagePushed, _) => Err("sinceImagePushed requires countUnit days".to_owned()),
            (kind, _) => Err(format!("countType {kind:?} is not supported")),
        }
    }
}

fn is_tag_part(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-*".contains(&byte);
    (1..=300).contains(&text.len()) && text.bytes().all(part)
}
