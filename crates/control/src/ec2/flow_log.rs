//! Flow logs: CreateFlowLogs, DeleteFlowLogs, DescribeFlowLogs ("Logging IP traffic using VPC Flow Logs", Amazon VPC User Guide).
//!
//! They are records of what was asked for, and each says of itself that nothing is delivered (`DeliverLogsStatus`). Absent: delivery;
//! Amazon Data Firehose, transit gateways, core networks, regional NAT gateways, other accounts.

use super::{
    client_token::Call,
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, one},
    kind::Kind,
    parameter::{done, missing, not_supported, unsupported},
    quota, tags,
};
use crate::{
    State, Tx, View,
    state::{FlowLog, FlowLogFiles, Tags},
};
use aws::{
    api::ec2::{
        CreateFlowLogsRequest, CreateFlowLogsResult, DeleteFlowLogsRequest, DeleteFlowLogsResult,
        DescribeFlowLogsRequest, DescribeFlowLogsResult, DestinationFileFormat, DestinationOptionsRequest,
        DestinationOptionsResponse, FlowLog as Shape, FlowLogsResourceType, LogDestinationType, ResourceType, Tag,
        UnsuccessfulItem, UnsuccessfulItemError,
    },
    fault::Fault,
};

/// The fields of a record where nothing is said of them ("Flow log records", Amazon VPC User Guide).
const FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";
/// Resources of a call ("CreateFlowLogs", Amazon EC2 API Reference).
const MOST_RESOURCES: usize = 1000;
/// What every flow log says of its delivery.
const NOT_DELIVERED: &str = "neargate does not deliver flow logs.";

fn wrong(message: &str) -> Fault {
    Fault::new("InvalidParameter", message)
}

/// CreateFlowLogs: one for each resource. Those that can't be made are told of and don't keep the others.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateFlowLogsRequest) -> Result<CreateFlowLogsResult, Fault> {
    let call = Call::new("CreateFlowLogs", input.client_token.as_ref(), &input)?;
    let (token, dry_run, resources) = (input.client_token.clone(), input.dry_run, input.resource_ids.clone());
    if resources.is_empty() {
        return Err(missing("ResourceId"));
    }
    if resources.len() > MOST_RESOURCES {
        return Err(Fault::new("InvalidParameterValue", format!("There can be at most {MOST_RESOURCES} resources.")));
    }
    if let Some(made) = call.made_before(&tx.state)? {
        let ids = made.split(',').map(str::to_owned).collect();
        let answer = CreateFlowLogsResult { client_token: token, flow_log_ids: Some(ids), unsuccessful: None };
        return done(dry_run, answer);
    }
    let (kind, wanted) = read(input)?;
    let (mut ids, mut unsuccessful) = (Vec::new(), Vec::new());
    for resource in resources {
        match make(tx, kind, &wanted, &resource) {
            Ok(id) => ids.push(id),
            Err(fault) => unsuccessful.push(refused(resource, fault)),
        }
    }
    if !ids.is_empty() {
        call.remember(tx, &ids.join(","));
    }
    let answer =
        CreateFlowLogsResult { client_token: token, flow_log_ids: Some(ids), unsuccessful: Some(unsuccessful) };
    done(dry_run, answer)
}

/// What a call says of each flow log, and the kind of the resources it names.
fn read(input: CreateFlowLogsRequest) -> Result<(Kind, FlowLog), Fault> {
    let CreateFlowLogsRequest {
        dry_run: _,
        client_token: _,
        deliver_logs_permission_arn,
        deliver_cross_account_role,
        log_group_name,
        resource_ids: _,
        resource_type,
        traffic_type,
        log_destination_type,
        log_destination,
        log_format,
        tag_specifications,
        max_aggregation_interval,
        destination_options,
        tag_field_specifications,
    } = input;
    let kind = match resource_type {
        FlowLogsResourceType::Vpc => Kind::Vpc,
        FlowLogsResourceType::Subnet => Kind::Subnet,
        FlowLogsResourceType::NetworkInterface => Kind::NetworkInterface,
        other => return Err(not_supported(&format!("ResourceType={other}"))),
    };
    unsupported("DeliverCrossAccountRole", deliver_cross_account_role)?;
    unsupported("TagFieldSpecification", tag_field_specifications)?;
    let destination_type = log_destination_type.unwrap_or(LogDestinationType::CloudWatchLogs);
    let interval = max_aggregation_interval.unwrap_or(600);
    match destination_type {
        LogDestinationType::CloudWatchLogs if deliver_logs_permission_arn.is_none() => {
            return Err(wrong("DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."));
        }
        LogDestinationType::KinesisDataFirehose => {
            return Err(not_supported("LogDestinationType=kinesis-data-firehose"));
        }
        _ => {}
    }
    if log_group_name.is_some() && log_destination.is_some() {
        return Err(wrong("Please only provide LogGroupName or only provide LogDestination."));
    }
    if log_group_name.is_none() && log_destination.is_none() {
        return Err(wrong("LogDestination can't be empty if LogGroupName is not provided."));
    }
    if ![60, 600].contains(&interval) {
        return Err(wrong("Invalid Flow Log Max Aggregation Interval"));
    }
    let files = destination_options.map(|options| {
        let DestinationOptionsRequest { file_format, hive_compatible_partitions, per_hour_partition } = options;
        FlowLogFiles {
            format: file_format.unwrap_or(DestinationFileFormat::PlainText),
            hive: hive_compatible_partitions == Some(true),
            hourly: per_hour_partition == Some(true),
        }
    });
    if files.is_some() && destination_type != LogDestinationType::S3 {
        return Err(wrong("DestinationOptions can only be given if LogDestinationType is s3."));
    }
    let wanted = FlowLog {
        id: String::new(),
        resource: String::new(),
        traffic: traffic_type.ok_or_else(|| missing("TrafficType"))?,
        destination_type,
        destination: log_destination,
        log_group: log_group_name,
        role: deliver_logs_permission_arn,
        format: log_format.unwrap_or_else(|| FORMAT.to_owned()),
        interval,
        files,
        created_at: Default::default(),
        tags: tags::at_creation(tag_specifications, ResourceType::VpcFlowLog)?,
    };
    Ok((kind, wanted))
}

fn make(tx: &mut Tx<'_>, kind: Kind, wanted: &FlowLog, resource: &str) -> Result<String, Fault> {
    let there = match kind {
        Kind::Vpc => tx.state.vpcs.contains(resource),
        Kind::Subnet => tx.state.subnets.contains(resource),
        _ => tx.state.network_interfaces.contains(resource),
    };
    if !there {
        return Err(kind.missing(resource));
    }
    let of_resource: Vec<&FlowLog> = tx.state.flow_logs.iter().filter(|log| log.resource == resource).collect();
    let same = |log: &&&FlowLog| {
        (&log.destination, &log.log_group, log.traffic) == (&wanted.destination, &wanted.log_group, wanted.traffic)
    };
    if of_resource.iter().any(|log| same(&log)) {
        let message = "Error. There is an existing Flow Log with the same configuration and log destination.";
        return Err(Fault::new("FlowLogAlreadyExists", message));
    }
    if of_resource.len() >= quota::FLOW_LOGS_PER_RESOURCE {
        return Err(Fault::new("FlowLogLimitExceeded", "The maximum number of flow logs has been reached."));
    }
    let id = tx.ec2_id("fl");
    let (resource, created_at) = (resource.to_owned(), tx.now);
    tx.state.flow_logs.put(FlowLog { id: id.clone(), resource, created_at, ..wanted.clone() });
    Ok(id)
}

fn refused(resource: String, fault: Fault) -> UnsuccessfulItem {
    let error = UnsuccessfulItemError { code: Some(fault.code.into_owned()), message: Some(fault.message) };
    UnsuccessfulItem { error: Some(error), resource_id: Some(resource) }
}

/// DescribeFlowLogs.
pub(super) fn describe(view: &View<'_>, input: DescribeFlowLogsRequest) -> Result<DescribeFlowLogsResult, Fault> {
    let DescribeFlowLogsRequest { dry_run, filter, flow_log_ids, max_results, next_token } = input;
    let state = view.state;
    let asked = Asked { ids: flow_log_ids, filters: filter, max_results, next_token, dry_run };
    let get = |id: &str| state.flow_logs.get(id).map(show);
    let (flow_logs, next_token) = describe_all(asked, get, state.flow_logs.iter().map(show))?;
    Ok(DescribeFlowLogsResult { flow_logs, next_token })
}

fn show(log: &FlowLog) -> Shape {
    let FlowLog {
        id,
        resource,
        traffic,
        destination_type,
        destination,
        log_group,
        role,
        format,
        interval,
        files,
        created_at,
        tags,
    } = log;
    let files = files.as_ref().map(|files| DestinationOptionsResponse {
        file_format: Some(files.format),
        hive_compatible_partitions: Some(files.hive),
        per_hour_partition: Some(files.hourly),
    });
    Shape {
        creation_time: Some(*created_at),
        deliver_logs_error_message: Some(NOT_DELIVERED.to_owned()),
        deliver_logs_permission_arn: role.clone(),
        deliver_cross_account_role: None,
        deliver_logs_status: Some("FAILED".to_owned()),
        flow_log_id: Some(id.clone()),
        // AWS has no other word for one that is there.
        flow_log_status: Some("ACTIVE".to_owned()),
        log_group_name: log_group.clone(),
        resource_id: Some(resource.clone()),
        traffic_type: Some(*traffic),
        log_destination_type: Some(*destination_type),
        log_destination: destination.clone(),
        log_format: Some(format.clone()),
        tags: Some(tags::list(tags)),
        max_aggregation_interval: Some(*interval),
        destination_options: files,
        tag_field_specifications: None,
    }
}

impl Described for Shape {
    const KIND: Kind = Kind::FlowLog;
    const IDS: &'static str = "FlowLogIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("deliver-log-status", |l| one(&l.deliver_logs_status)),
        ("flow-log-id", |l| one(&l.flow_log_id)),
        ("log-destination-type", |l| one(&l.log_destination_type)),
        ("log-group-name", |l| one(&l.log_group_name)),
        ("resource-id", |l| one(&l.resource_id)),
        ("traffic-type", |l| one(&l.traffic_type)),
    ];
    fn id(&self) -> &str {
        self.flow_log_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}

/// DeleteFlowLogs. Those that are not there are told of and don't keep the others.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteFlowLogsRequest) -> Result<DeleteFlowLogsResult, Fault> {
    let DeleteFlowLogsRequest { dry_run, flow_log_ids } = input;
    let mut unsuccessful = Vec::new();
    for id in flow_log_ids {
        if tx.state.flow_logs.remove(&id).is_none() {
            let fault = Kind::FlowLog.missing(&id);
            unsuccessful.push(refused(id, fault));
        }
    }
    done(dry_run, DeleteFlowLogsResult { unsuccessful: Some(unsuccessful) })
}

/// Forgets those of a resource that is deleted.
pub(super) fn forget(state: &mut State, resource: &str) {
    let gone: Vec<String> =
        state.flow_logs.iter().filter(|log| log.resource == resource).map(|log| log.id.clone()).collect();
    gone.iter().for_each(|id| drop(state.flow_logs.remove(id)));
}

/// Every flow log's id with its tags.
pub(super) fn tagged(state: &State) -> impl Iterator<Item = (&str, &Tags)> {
    state.flow_logs.iter().map(|log| (log.id.as_str(), &log.tags))
}
