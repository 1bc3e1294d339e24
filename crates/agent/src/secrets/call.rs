//! A call and its answer, apart from how they travel.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A call that fetches values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
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

/// What came of a call. It is never logged: there is no `Debug`.
#[derive(Clone)]
pub enum Answer {
    /// The body of a reply with status 200.
    Given(Value),
    /// A refusal.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The reply's `x-amzn-RequestId`.
        request_id: String,
        /// The error code, without a namespace.
        code: String,
        /// The message.
        message: String,
    },
    /// No reply. What the SDK says after the name of the operation, such as
    /// `https response error StatusCode: 0, RequestID: , canceled, context deadline exceeded`.
    Unreachable(String),
}

/// The answer to each call of a plan.
pub type Answers = BTreeMap<Call, Answer>;

impl Call {
    /// The service: the name of its endpoint and of its SigV4 scope.
    pub fn service(&self) -> &'static str {
        match self {
            Self::GetParameters { .. } => "ssm",
            Self::GetSecretValue { .. } => "secretsmanager",
        }
    }

    /// The region whose endpoint it goes to.
    pub fn region(&self) -> &str {
        match self {
            Self::GetParameters { region, .. } | Self::GetSecretValue { region, .. } => region,
        }
    }

    /// Its `X-Amz-Target`.
    pub fn target(&self) -> &'static str {
        match self {
            Self::GetParameters { .. } => "AmazonSSM.GetParameters",
            Self::GetSecretValue { .. } => "secretsmanager.GetSecretValue",
        }
    }

    /// Its body, of the type `application/x-amz-json-1.1`.
    pub fn body(&self) -> Value {
        match self {
            Self::GetParameters { names, .. } => json!({ "Names": names, "WithDecryption": true }),
            Self::GetSecretValue { secret_id, version_id, version_stage, .. } => {
                let mut body = json!({ "SecretId": secret_id });
                for (name, value) in [("VersionId", version_id), ("VersionStage", version_stage)] {
                    if let Some(value) = value {
                        body[name] = json!(value);
                    }
                }
                body
            }
        }
    }

    /// What the SDK says of a refusal: the operation, the reply, the error. Errors of the operation's own model stand alone.
    pub(super) fn refusal(&self, status: u16, request_id: &str, code: &str, message: &str) -> String {
        let modelled: &[&str] = match self {
            Self::GetParameters { .. } => &["InternalServerError", "InvalidKeyId"],
            Self::GetSecretValue { .. } => &[
                "DecryptionFailure",
                "InternalServiceError",
                "InvalidParameterException",
                "InvalidRequestException",
                "ResourceNotFoundException",
            ],
        };
        let api = if modelled.contains(&code) { "" } else { "api error " };
        let operation = self.operation();
        format!(
            "{operation}, https response error StatusCode: {status}, RequestID: {request_id}, {api}{code}: {message}"
        )
    }

    /// What the SDK calls the operation.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::GetParameters { .. } => "operation error SSM: GetParameters",
            Self::GetSecretValue { .. } => "operation error Secrets Manager: GetSecretValue",
        }
    }
}
