//! Parameters of SSM Parameter Store, and their versions.

use super::{Hidden, Record};
use aws::{
    api::ssm::{ParameterTier, ParameterType},
    doc::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A parameter. What is said of its value is its versions'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name as it was given, with the slash in front where it had one.
    pub name: String,
    /// The number of its latest version.
    pub latest: i64,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Parameter {
    /// The key of a name: without the slash in front, as in its ARN. So `/a` and `a` are the same parameter.
    pub fn key_of(name: &str) -> &str {
        name.strip_prefix('/').unwrap_or(name)
    }
}

impl Record for Parameter {
    const TABLE: &'static str = "ssm_parameter";
    fn key(&self) -> String {
        Self::key_of(&self.name).to_owned()
    }
}

/// A version of a parameter. It never changes but for its labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterVersion {
    /// The parameter's key.
    pub parameter: String,
    /// Its number, from 1.
    pub version: i64,
    /// Its type.
    pub kind: ParameterType,
    /// Its value.
    pub value: Hidden<String>,
    /// Base64 that is shown in the value's place to who does not ask for decryption. It is random: there is no KMS whose ciphertext it
    /// could be. Only a `SecureString` has one.
    pub ciphertext: Option<String>,
    /// What the user says of it.
    pub description: Option<String>,
    /// The regular expression its value was held against.
    pub allowed_pattern: Option<String>,
    /// `Standard` or `Advanced`.
    pub tier: ParameterTier,
    /// Its labels, in the order they were given.
    pub labels: Vec<String>,
    /// When it was put.
    pub modified: Timestamp,
    /// The ARN of who put it.
    pub modified_by: String,
}

impl ParameterVersion {
    /// The key of a version: those of one parameter stand together, in order. No name has a colon.
    pub fn key_of(parameter: &str, version: i64) -> String {
        format!("{parameter}:{version:010}")
    }
}

impl Record for ParameterVersion {
    const TABLE: &'static str = "ssm_parameter_version";
    const SECRET: bool = true;
    fn key(&self) -> String {
        Self::key_of(&self.parameter, self.version)
    }
}
