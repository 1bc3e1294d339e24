//! Refusals in the words of the OCI distribution specification ("Error Codes").

use ::images::answer::{Answer, bytes};
use ::images::digest::InvalidDigest;
use aws::fault::Fault;
use serde_json::json;

/// A refusal.
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    headers: Vec<(&'static str, String)>,
    /// What stands in place of the specification's JSON.
    text: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new(), text: None }
    }

    /// A refusal in plain text, as ECR sends to who brings no authorization.
    pub(super) fn plain(status: u16, text: &'static str) -> Self {
        Self { text: Some(text), ..Self::new(status, "UNAUTHORIZED", text) }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn answer(self) -> Answer {
        let mut answer = match self.text {
            Some(text) => bytes(self.status, "text/plain; charset=utf-8", format!("{text}\n").into_bytes()),
            None => {
                let body = json!({ "errors": [{ "code": self.code, "message": self.message }] }).to_string();
                bytes(self.status, "application/json; charset=utf-8", body.into_bytes())
            }
        };
        answer.headers.extend(self.headers);
        answer
    }
}

impl From<InvalidDigest> for Refusal {
    fn from(error: InvalidDigest) -> Self {
        Self::new(400, "DIGEST_INVALID", error.to_string())
    }
}

/// What the control plane refused.
impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let (status, code) = match (&*fault.code, fault.status) {
            ("RepositoryNotFoundException", _) => (404, "NAME_UNKNOWN"),
            ("LayersNotFoundException" | "ReferencedImagesNotFoundException", _) => (400, "MANIFEST_BLOB_UNKNOWN"),
            ("ImageTagAlreadyExistsException", _) => (400, "TAG_INVALID"),
            ("InvalidParameterException", _) if fault.message.contains("'imageTag'") => (400, "TAG_INVALID"),
            // The code that the OCI distribution specification has for it. Amazon ECR has been seen to answer 405 and UNSUPPORTED.
            ("InvalidParameterException", _) => (400, "MANIFEST_INVALID"),
            ("SecretNotFoundException" | "UnableToAccessSecretException", _) => (403, "DENIED"),
            ("RequestEntityTooLarge", _) => (413, "SIZE_INVALID"),
            ("LimitExceededException", 429) => (429, "TOOMANYREQUESTS"),
            ("LimitExceededException", _) => (403, "DENIED"),
            (_, status) => (status, "UNKNOWN"),
        };
        Self::new(status, code, fault.message)
    }
}
