//! Resources of a statement: `*`, or ARNs that may have wildcards in them.

use super::malformed;
use aws::fault::Fault;

/// Parts of an ARN.
const PARTS: usize = 6;

/// What an ARN of IAM's may name.
const OF_IAM: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

fn is_partition(text: &str) -> bool {
    text == "*" || text == "aws"
}

/// Whether it is an ARN that breaks off in the middle, or one of no service.
pub(super) fn is_broken(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    match parts.as_slice() {
        ["arn", partition, service, rest @ ..] if is_partition(partition) && !rest.is_empty() => {
            service.is_empty() || (parts.len() < PARTS && !text.ends_with('*'))
        }
        _ => false,
    }
}

/// Checks one.
///
/// # Errors
/// `MalformedPolicyDocument` in IAM's words.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    if text == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = text.splitn(PARTS, ':').collect();
    let (Some(first), Some(partition)) = (parts.first(), parts.get(1)) else {
        return Err(malformed(format!("Resource {text} must be in ARN format or \"*\".")));
    };
    if !is_partition(partition) {
        let given = parts.iter().skip(1).copied();
        let whole: Vec<&str> = std::iter::once("arn").chain(given).chain(std::iter::repeat("*")).take(PARTS).collect();
        let why = format!("Partition \"{partition}\" is not valid for resource \"{}\".", whole.join(":"));
        return Err(malformed(why));
    }
    if *first != "arn" {
        return Err(malformed(format!("Resource {text} must be in ARN format or \"*\".")));
    }
    match parts.get(2) {
        Some(service) if !service.contains(['*', '?']) => {}
        _ => return Err(malformed("Resource vendor must be fully qualified and cannot contain regexes.")),
    }
    match parts.as_slice() {
        [_, _, "iam", region, _, name] => of_iam(text, region, name),
        // An access point has a region and an account; its name has a slash.
        [_, _, "s3", region, account, bucket] if !bucket.contains('/') => nowhere(text, region, account),
        [_, _, "route53", region, account, _] => nowhere(text, region, account),
        _ => Ok(()),
    }
}

/// Refuses the region and the account of what has neither.
fn nowhere(text: &str, region: &str, account: &str) -> Result<(), Fault> {
    let given = |part: &str| part.contains(|c| c != '*' && c != '?');
    if given(region) {
        return Err(malformed(format!("Resource {text} can not contain region information.")));
    }
    if given(account) {
        return Err(malformed(format!("Resource {text} cannot contain an account id.")));
    }
    Ok(())
}

fn of_iam(text: &str, region: &str, name: &str) -> Result<(), Fault> {
    if !region.is_empty() {
        return Err(malformed(format!("IAM resource {text} cannot contain region information.")));
    }
    if name == "*" || name == "root" || OF_IAM.iter().any(|start| name.starts_with(start)) {
        return Ok(());
    }
    let starts = OF_IAM.join(", ");
    Err(malformed(format!("IAM resource path must either be \"*\", root, or start with {starts}.")))
}
