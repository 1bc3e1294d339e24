//! Fixed responses ("FixedResponseActionConfig", Elastic Load Balancing API Reference).

use super::super::super::invalid;
use crate::state::FixedResponse;
use aws::{
    api::elbv2::{Action, ActionTypeEnum, FixedResponseActionConfig},
    fault::Fault,
};

const CONTENT_TYPES: [&str; 5] = ["text/html", "application/json", "application/javascript", "text/css", "text/plain"];

/// # Errors
/// `ValidationError`.
pub(super) fn read(config: FixedResponseActionConfig) -> Result<FixedResponse, Fault> {
    let FixedResponseActionConfig { message_body, status_code, content_type } = config;
    let code = status_code.unwrap_or_default();
    let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let status = code.parse().ok().filter(|status| digits && matches!(status, 200..=299 | 400..=599));
    let status = status.ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value '{code}' at 'fixedResponseConfig.statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$"
        ))
    })?;
    let content_type = content_type.filter(|kind| !kind.is_empty());
    if content_type.as_ref().is_some_and(|kind| !CONTENT_TYPES.contains(&kind.as_str())) {
        let all = CONTENT_TYPES.map(|kind| format!("'{kind}'")).join(", ");
        return Err(invalid(format!("The ContentType must be one of:{all}.")));
    }
    Ok(FixedResponse { status, content_type, body: message_body })
}

pub(super) fn show(of: &FixedResponse) -> Action {
    let FixedResponse { status, content_type, body } = of.clone();
    Action {
        r#type: Some(ActionTypeEnum::FixedResponse),
        fixed_response_config: Some(FixedResponseActionConfig {
            message_body: body,
            status_code: Some(status.to_string()),
            content_type,
        }),
        ..Action::default()
    }
}
