//! A call and its answer, apart from how they travel.

use crate::aws::{Failure, SECRETS_MANAGER, SSM, Service};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A call that fetches values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// `ssm:GetParameters`, of up to ten.
    GetParameters {
        /// The region.
        region: String,
        /// Names or ARNs.
        names: Vec<String>,
    },
    /// `secretsmanager:GetSecretValue`.
    GetSecretValue {
        /// The region.
        region: String,
        /// The secret's ARN, or its name.
        secret_id: String,
        /// The version, where one is named.
        version_id: Option<String>,
        /// The staging label, where one is named.
        version_stage: Option<String>,
    },
}

/// What came of a call.
pub(crate) type Answer = Result<Value, Failure>;

/// The answer to each call of a plan.
pub(crate) type Answers = BTreeMap<Call, Answer>;

impl Call {
    /// The service it goes to.
    pub(crate) fn service(&self) -> &'static Service {
        match self {
            Self::GetParameters { .. } => &SSM,
            Self::GetSecretValue { .. } => &SECRETS_MANAGER,
        }
    }

    /// The operation's name.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::GetParameters { .. } => "GetParameters",
            Self::GetSecretValue { .. } => "GetSecretValue",
        }
    }

    /// The region whose endpoint it goes to.
    pub(crate) fn region(&self) -> &str {
        match self {
            Self::GetParameters { region, .. } | Self::GetSecretValue { region, .. } => region,
        }
    }

    /// Its input.
    pub(crate) fn input(&self) -> Value {
        match self {
            Self::GetParameters { names, .. } => json!({ "Names": names, "WithDecryption": true }),
            Self::GetSecretValue { secret_id, version_id, version_stage, .. } => {
                let mut input = json!({ "SecretId": secret_id });
                for (name, value) in [("VersionId", version_id), ("VersionStage", version_stage)] {
                    if let Some(value) = value {
                        input[name] = json!(value);
                    }
                }
                input
            }
        }
    }

    /// What the SDK says of its failure.
    pub(super) fn failed(&self, failure: &Failure) -> String {
        failure.of(self.service(), self.operation())
    }
}
