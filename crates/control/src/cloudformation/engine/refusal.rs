//! What AWS says when a service refuses what a stack asks of it.

use crate::Tx;
use aws::fault::Fault;

/// The reason of a resource that failed: the service's message, dressed as resource handlers dress it ("HandlerErrorCode", CloudFormation
/// Command Line Interface User Guide).
pub(super) fn reason(tx: &mut Tx<'_>, kind: &str, fault: &Fault) -> String {
    let (service, request, token) = (service(kind), tx.uuid(), tx.uuid());
    let code = handler_error_code(fault);
    if matches!(&*fault.code, "NotStabilized" | "GeneralServiceException" | "AlreadyExists") {
        return format!(
            "Resource handler returned message: \"{}\" (RequestToken: {token}, HandlerErrorCode: {code})",
            fault.message
        );
    }
    format!(
        "Resource handler returned message: \"{} (Service: {service}, Status Code: {}, Request ID: {request}) (SDK Attempt Count: 1)\" \
         (RequestToken: {token}, HandlerErrorCode: {code})",
        fault.message, fault.status,
    )
}

/// The service's name as AWS's SDK for Java spells it, which handlers are written with: `AWS::EC2::VPC` is one of `Ec2`.
fn service(kind: &str) -> String {
    let name = kind.split("::").nth(1).unwrap_or(kind);
    let upper = name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if upper => first.to_string() + &letters.as_str().to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

/// "HandlerErrorCode" of a refusal.
fn handler_error_code(fault: &Fault) -> &'static str {
    let code = &*fault.code;
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if super::super::types::is_missing(fault) {
        "NotFound"
    } else if has(&["AlreadyExist", "Duplicate", "AlreadyOwned"]) {
        "AlreadyExists"
    } else if has(&["Limit", "Quota", "TooMany"]) {
        "ServiceLimitExceeded"
    } else if has(&["AccessDenied", "Unauthorized"]) {
        "AccessDenied"
    } else if has(&["Conflict", "InUse", "DependencyViolation"]) {
        "ResourceConflict"
    } else if code == "NotStabilized" {
        "NotStabilized"
    } else if code == "InternalFailure" {
        "ServiceInternalError"
    } else if has(&["Invalid", "Validation", "Missing", "Malformed", "ClientException", "Unsupported"]) {
        "InvalidRequest"
    } else {
        "GeneralServiceException"
    }
}

/// Whether a refused deletion may be possible soon: something that goes away by itself is still there.
pub(super) fn is_passing(fault: &Fault) -> bool {
    let code = &*fault.code;
    ["DependencyViolation", "InUse", "ClusterContains", "OperationInProgress", "DuplicateRequest", "ResourceConflict"]
        .iter()
        .any(|word| code.contains(word))
}
