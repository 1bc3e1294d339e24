//! Access logs of Application Load Balancers: where they may be delivered ("Enable access logs for your Application Load Balancer").

use super::{arn, configuration, invalid};
use crate::{
    State, Tx, s3,
    state::{LoadBalancer, LoadBalancerKind},
};
use aws::fault::Fault;
use spec::balancing::AccessLog;
use vpc::LoadBalancerId;

/// What is said when a bucket does not let access logs in, in AWS's words.
pub fn denied(bucket: &str) -> String {
    format!("Access Denied for bucket: {bucket}. Please check S3bucket permission")
}

/// What keys with a prefix begin with.
pub fn within(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("{prefix}/") }
}

/// Whether a bucket lets in an object of a load balancer's, named `app/NAME/ID`.
pub fn may_deliver(state: &State, load_balancer: &str, bucket: &str, key: &str) -> bool {
    let arn = state.region.arn("elasticloadbalancing", format_args!("loadbalancer/{load_balancer}"));
    s3::may_deliver(state, bucket, key, &arn)
}

/// The object that says that a bucket is used.
fn test_file(state: &State, prefix: &str) -> String {
    format!("{}AWSLogs/{}/ELBAccessLogTestFile", within(prefix), state.region.account)
}

/// Where requests of a load balancer are logged, if they are.
pub(super) fn of(record: &LoadBalancer) -> Option<AccessLog> {
    let logs = &record.attributes.access_logs;
    let is_on = logs.enabled && record.kind == LoadBalancerKind::Application;
    is_on.then(|| AccessLog { bucket: logs.bucket.clone(), prefix: logs.prefix.clone() })
}

/// A bucket's name, as it is set.
///
/// # Errors
/// `ValidationError`.
pub(super) fn bucket(key: &str, value: &str) -> Result<String, Fault> {
    if value.is_empty() { Err(invalid(format!("The value of '{key}' cannot be empty"))) } else { Ok(value.to_owned()) }
}

/// The longest prefix in bytes: with what is behind it, a key has room for 1,024 ("Creating object key names", Amazon S3 guide).
const PREFIX: usize = 768;

/// A prefix, as it is set.
///
/// # Errors
/// `ValidationError`.
pub(super) fn prefix(key: &str, value: &str) -> Result<String, Fault> {
    if value.starts_with('/') || value.ends_with('/') {
        return Err(invalid(format!("The value of '{key}' cannot start or end with '/'")));
    }
    if value.contains("AWSLogs") {
        return Err(invalid(format!("The value of '{key}' cannot contain 'AWSLogs'")));
    }
    if value.len() > PREFIX || value.chars().any(char::is_control) {
        return Err(invalid(format!(
            "The value of '{key}' must have at most {PREFIX} bytes, none of them a control character"
        )));
    }
    Ok(value.to_owned())
}

/// Checks what was set, and has it announced if it is new.
///
/// # Errors
/// `ValidationError` without a bucket; `InvalidConfigurationRequest` when it does not let access logs in.
pub(super) fn check(state: &State, before: &LoadBalancer, after: &mut LoadBalancer) -> Result<(), Fault> {
    if before.attributes.access_logs == after.attributes.access_logs {
        return Ok(());
    }
    after.attributes.access_logs.announced = false;
    let Some(AccessLog { bucket: name, prefix }) = of(after) else { return Ok(()) };
    bucket("access_logs.s3.bucket", &name)?;
    let arn = arn::load_balancer(&state.region, after);
    match s3::may_deliver(state, &name, &test_file(state, &prefix), &arn) {
        true => Ok(()),
        false => Err(configuration(denied(&name))),
    }
}

/// A bucket that does not say yet that it is used.
#[derive(Debug)]
pub struct Announcement {
    /// By whom.
    pub id: LoadBalancerId,
    /// By whom, as logs name it: `app/NAME/ID`.
    pub load_balancer: String,
    /// The bucket and the prefix.
    pub log: AccessLog,
    /// The key of the object that says so.
    pub key: String,
}

/// Those buckets.
pub fn unannounced(state: &State) -> Vec<Announcement> {
    let new = state.load_balancers.iter().filter(|record| !record.attributes.access_logs.announced);
    let announcement = |record: &LoadBalancer| {
        let log = of(record)?;
        let load_balancer = arn::short_name(record);
        Some(Announcement { id: record.id.clone(), load_balancer, key: test_file(state, &log.prefix), log })
    };
    new.filter_map(announcement).collect()
}

/// One of them says so now.
pub fn announced(tx: &mut Tx<'_>, id: &LoadBalancerId, log: &AccessLog) {
    let found = tx.state.load_balancers.get(id).filter(|record| of(record).as_ref() == Some(log)).cloned();
    if let Some(mut record) = found {
        record.attributes.access_logs.announced = true;
        tx.state.load_balancers.put(record);
    }
}
