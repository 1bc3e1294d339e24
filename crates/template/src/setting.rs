//! What a template is resolved for.

use crate::parameters::Given;
use serde_json::Value;
use std::collections::BTreeMap;

/// What functions need of the world, all known before anything is made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setting {
    /// `AWS::Region`.
    pub region: String,
    /// `AWS::AccountId`.
    pub account: String,
    /// `AWS::Partition`.
    pub partition: String,
    /// `AWS::URLSuffix`.
    pub url_suffix: String,
    /// `AWS::StackId`.
    pub stack_id: String,
    /// `AWS::StackName`.
    pub stack_name: String,
    /// `AWS::NotificationARNs`.
    pub notification_arns: Vec<String>,
    /// What `Fn::GetAZs` answers, by region.
    pub zones: BTreeMap<String, Vec<String>>,
    /// The values of all parameters.
    pub parameters: BTreeMap<String, Given>,
    /// What `Fn::ValueOf` answers: by a parameter's value (an id), by the attribute's name.
    pub attributes: BTreeMap<String, BTreeMap<String, String>>,
}

/// Names of pseudo parameters ("Get AWS values using pseudo parameters").
pub(crate) const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    NO_VALUE,
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// What a property refers to that is not to be there.
pub(crate) const NO_VALUE: &str = "AWS::NoValue";

impl Setting {
    /// A parameter's value or a pseudo parameter's.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        let text = match name {
            "AWS::AccountId" => &self.account,
            "AWS::NotificationARNs" => return Some(self.notification_arns.clone().into()),
            "AWS::Partition" => &self.partition,
            "AWS::Region" => &self.region,
            "AWS::StackId" => &self.stack_id,
            "AWS::StackName" => &self.stack_name,
            "AWS::URLSuffix" => &self.url_suffix,
            other => return self.parameters.get(other).map(Given::value),
        };
        Some(Value::String(text.clone()))
    }
}
