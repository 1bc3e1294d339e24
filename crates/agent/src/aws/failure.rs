//! Calls that were not answered as hoped, in the words of AWS's SDK for Go.

use super::Service;
use http::StatusCode;
use serde_json::Value;

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody answered.
    NoAnswer {
        /// Who was asked.
        url: String,
        /// Attempts made.
        attempts: u32,
        /// The last error, such as `dial tcp 198.19.254.96:443: i/o timeout`.
        why: String,
    },
    /// The service refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The id it gave the call.
        request_id: String,
        /// Its error code, such as `ResourceNotFoundException`.
        code: String,
        /// What it said.
        message: String,
    },
}

impl Failure {
    /// A refusal as AWS's JSON services write it.
    pub(super) fn refused(status: StatusCode, request_id: String, answer: &Value) -> Self {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let code = text("__type");
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        let message = if answer.get("message").is_some() { text("message") } else { text("Message") };
        Self::Refused { status: status.as_u16(), request_id, code, message }
    }

    /// The failure of the last of so many attempts.
    pub(super) fn after(self, attempt: u32) -> Self {
        match self {
            Self::NoAnswer { url, why, .. } => Self::NoAnswer { url, attempts: attempt, why },
            refused @ Self::Refused { .. } => refused,
        }
    }

    /// Whether the next attempt may be answered otherwise.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::NoAnswer { .. } => true,
            Self::Refused { status, code, .. } => *status >= 500 || code.contains("Throttl"),
        }
    }

    /// Whether it is a refusal with that code.
    pub(crate) fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == expected)
    }

    /// What the SDK says of it.
    pub(crate) fn of(&self, service: &Service, operation: &str) -> String {
        let name = service.name;
        match self {
            Self::NoAnswer { url, attempts, why } => format!(
                "operation error {name}: {operation}, exceeded maximum number of attempts, {attempts}, https response error StatusCode: \
                 0, RequestID: , request send failed, Post \"{url}\": {why}"
            ),
            Self::Refused { status, request_id, code, message } => {
                let what = if service.declared.contains(&code.as_str()) { "" } else { "api error " };
                format!(
                    "operation error {name}: {operation}, https response error StatusCode: {status}, RequestID: {request_id}, \
                     {what}{code}: {message}"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{ECR, LOGS};

    #[test]
    fn a_failure_is_told_as_the_sdk_tells_it() {
        let answer = serde_json::json!({"__type": "com.amazonaws.ecr#AccessDeniedException", "Message": "no"});
        let refused = Failure::refused(StatusCode::BAD_REQUEST, "1-2".to_owned(), &answer);
        assert_eq!(
            refused.of(&ECR, "GetAuthorizationToken"),
            "operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: 1-2, api error AccessDeniedException: no"
        );
        assert!(!refused.passes());
        let answer = serde_json::json!({"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."});
        let refused = Failure::refused(StatusCode::BAD_REQUEST, "1-2".to_owned(), &answer);
        assert_eq!(
            refused.of(&LOGS, "CreateLogStream"),
            "operation error CloudWatch Logs: CreateLogStream, https response error StatusCode: 400, RequestID: 1-2, ResourceNotFoundException: The specified log group does not exist."
        );
        assert!(Failure::refused(StatusCode::SERVICE_UNAVAILABLE, String::new(), &Value::Null).passes());
    }
}
