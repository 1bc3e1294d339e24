//! `CreateLogGroup`, `DeleteLogGroup`, `DescribeLogGroups`.

use super::{bad_token, find, invalid, unsupported};
use crate::{
    State, Tx, View,
    state::{LogGroup, LogStream, Record},
};
use aws::{
    api::logs::{
        CreateLogGroupRequest, DeleteLogGroupRequest, DescribeLogGroupsRequest, DescribeLogGroupsResponse,
        LogGroup as Shape, LogGroupClass,
    },
    fault::Fault,
    page::{Size, paginate},
    shape::Nothing,
};

/// CloudWatch Logs quotas: a region's log groups, and the items of one page.
const MAX_GROUPS: usize = 1_000_000;
pub(super) const PAGE: Size = Size { default: 50, max: 50 };

pub(super) fn create(tx: &mut Tx<'_>, request: CreateLogGroupRequest) -> Result<Nothing, Fault> {
    if request.kms_key_id.is_some() {
        return Err(unsupported("kmsKeyId"));
    }
    if let Some(class) = request.log_group_class.filter(|class| *class != LogGroupClass::Standard) {
        return Err(unsupported(&format!("logGroupClass {class}")));
    }
    if request.deletion_protection_enabled == Some(true) {
        return Err(unsupported("deletionProtectionEnabled"));
    }
    if request.log_group_name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws/")) {
        return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
    }
    if tx.state.log_groups.contains(&request.log_group_name) {
        return Err(Fault::new("ResourceAlreadyExistsException", "The specified log group already exists"));
    }
    if tx.state.log_groups.len() >= MAX_GROUPS {
        return Err(Fault::new("LimitExceededException", "Resource limit exceeded."));
    }
    let tags = request.tags.unwrap_or_default();
    super::tags::check(&tags)?;
    let group = LogGroup { name: request.log_group_name, created: tx.now.millis, retention: None, tags };
    tx.state.log_groups.put(group);
    Ok(Nothing)
}

/// The events of its streams go with the streams: the server drops what no record names.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteLogGroupRequest) -> Result<Nothing, Fault> {
    find::group(&tx.state, &request.log_group_name)?;
    let prefix = LogStream::key_of(&request.log_group_name, "");
    let keys: Vec<String> = tx.state.log_streams.prefixed(&prefix).map(Record::key).collect();
    for key in keys {
        tx.state.log_streams.remove(&key);
    }
    tx.state.log_groups.remove(&request.log_group_name);
    Ok(Nothing)
}

/// `DescribeLogGroups`. `stored` tells how many bytes of events a group holds.
///
/// # Errors
/// `InvalidParameterException` for parameters that exclude each other, or that are about other accounts.
pub fn describe(
    view: &View<'_>,
    request: DescribeLogGroupsRequest,
    stored: impl Fn(&LogGroup) -> i64,
) -> Result<DescribeLogGroupsResponse, Fault> {
    if request.account_identifiers.is_some_and(|accounts| !accounts.is_empty())
        || request.include_linked_accounts == Some(true)
    {
        return Err(unsupported("includeLinkedAccounts"));
    }
    let (prefix, pattern) = (request.log_group_name_prefix, request.log_group_name_pattern);
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let named = request.log_group_identifiers;
    if named.is_some() && (prefix.is_some() || pattern.is_some() || request.log_group_class.is_some()) {
        return Err(invalid("logGroupIdentifiers can only be combined with includeLinkedAccounts."));
    }
    let class = request.log_group_class.is_none_or(|class| class == LogGroupClass::Standard);
    let chosen: Vec<&LogGroup> = match &named {
        Some(names) => names.iter().filter_map(|name| find::by_identifier(view.state, name).ok()).collect(),
        None => view.state.log_groups.prefixed(prefix.as_deref().unwrap_or("")).filter(|_| class).collect(),
    };
    let matching =
        chosen.into_iter().filter(|group| pattern.as_ref().is_none_or(|pattern| group.name.contains(pattern.as_str())));
    let (page, next_token) =
        paginate(matching, |group| group.name.clone(), request.limit, request.next_token.as_deref(), PAGE)
            .map_err(|_| bad_token())?;
    let log_groups = page.into_iter().map(|group| shape(view.state, group, stored(group))).collect();
    Ok(DescribeLogGroupsResponse { log_groups: Some(log_groups), next_token })
}

fn shape(state: &State, group: &LogGroup, stored: i64) -> Shape {
    let arn = arn(state, &group.name);
    Shape {
        log_group_name: Some(group.name.clone()),
        creation_time: Some(group.created),
        retention_in_days: group.retention,
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        stored_bytes: Some(stored),
        log_group_class: Some(LogGroupClass::Standard),
        log_group_arn: Some(arn),
        deletion_protection_enabled: Some(false),
        ..Shape::default()
    }
}

/// The ARN of a group, without the `:*` that some APIs put after it.
pub(super) fn arn(state: &State, name: &str) -> String {
    state.region.arn("logs", format_args!("log-group:{name}"))
}
