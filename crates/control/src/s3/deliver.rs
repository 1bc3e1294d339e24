//! Whether Elastic Load Balancing may write access logs to a bucket ("Enable access logs for your Application Load Balancer", step 2).

use super::policy::{Object, list, statements};
use crate::{State, iam::holds, wildcard::Pattern};
use serde_json::Value;

/// Who writes access logs of Application Load Balancers.
const SERVICE: &str = "logdelivery.elasticloadbalancing.amazonaws.com";
/// The accounts in whose name it wrote in Regions that are older than August 2022, and still may.
const ACCOUNTS: [(&str, &str); 22] = [
    ("us-east-1", "127311923021"),
    ("us-east-2", "033677994240"),
    ("us-west-1", "027434742980"),
    ("us-west-2", "797873946194"),
    ("af-south-1", "098369216593"),
    ("ap-east-1", "754344448648"),
    ("ap-southeast-3", "589379963580"),
    ("ap-south-1", "718504428378"),
    ("ap-northeast-3", "383597477331"),
    ("ap-northeast-2", "600734575887"),
    ("ap-southeast-1", "114774131450"),
    ("ap-southeast-2", "783225319266"),
    ("ap-northeast-1", "582318560864"),
    ("ca-central-1", "985666609251"),
    ("eu-central-1", "054676820928"),
    ("eu-west-1", "156460612806"),
    ("eu-west-2", "652711504416"),
    ("eu-south-1", "635631232127"),
    ("eu-west-3", "009996457667"),
    ("eu-north-1", "897822967062"),
    ("me-south-1", "076674570225"),
    ("sa-east-1", "507241528517"),
];

/// Whether the bucket is there and its policy lets Elastic Load Balancing put an object of this key there, for this load balancer.
pub fn may_deliver(state: &State, bucket: &str, key: &str, load_balancer: &str) -> bool {
    let policy = state.buckets.get(bucket).and_then(|bucket| bucket.policy.as_deref());
    let Some(Ok(statements)) = policy.map(statements) else { return false };
    let region = &state.region;
    let account = ACCOUNTS.iter().find(|(name, _)| *name == region.name).map(|(_, account)| *account);
    let arn = format!("arn:aws:s3:::{bucket}/{key}");
    // Objects are encrypted by S3, belong to the bucket's owner and come over TLS.
    let known = |key: &str| match key {
        "aws:sourceaccount" => Some(region.account.as_str()),
        "aws:sourcearn" => Some(load_balancer),
        "aws:securetransport" | "aws:principalisawsservice" => Some("true"),
        "s3:x-amz-acl" => Some("bucket-owner-full-control"),
        "s3:x-amz-server-side-encryption" => Some("AES256"),
        _ => None,
    };
    let about = |effect: &str| {
        let applies = |statement: &&Object| {
            statement.get("Effect").and_then(Value::as_str) == Some(effect)
                && either(statement, "Principal", |value| is_meant(value, account))
                && either(statement, "Action", |value| {
                    any(value, |action| Pattern::read(&action.to_ascii_lowercase()).fits("s3:putobject"))
                })
                && either(statement, "Resource", |value| any(value, |resource| Pattern::read(resource).fits(&arn)))
                && holds(statement.get("Condition"), known)
        };
        statements.iter().any(|statement| applies(&statement))
    };
    about("Allow") && !about("Deny")
}

/// An element, or the opposite of its opposite.
fn either(statement: &Object, name: &str, is_so: impl Fn(&Value) -> bool) -> bool {
    match (statement.get(name), statement.get(&format!("Not{name}"))) {
        (Some(value), _) => is_so(value),
        (None, Some(not)) => !is_so(not),
        (None, None) => false,
    }
}

fn any(value: &Value, is_so: impl Fn(&str) -> bool) -> bool {
    list(value).is_some_and(|list| list.into_iter().any(is_so))
}

/// Whether a principal is Elastic Load Balancing, or everybody.
fn is_meant(principal: &Value, account: Option<&str>) -> bool {
    let Value::Object(kinds) = principal else { return principal == "*" };
    let of = |kind: &str, is_so: &dyn Fn(&str) -> bool| kinds.get(kind).is_some_and(|value| any(value, is_so));
    let is_account =
        |name: &str| name == "*" || account.is_some_and(|id| name == id || name == format!("arn:aws:iam::{id}:root"));
    of("Service", &|name| name == SERVICE) || of("AWS", &is_account)
}
