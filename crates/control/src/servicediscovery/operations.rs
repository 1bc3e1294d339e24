//! Operations: calls that go on after their answers. What they do is done with the answer; an operation has succeeded when every host knows,
//! so that resolvers answer by it.

use super::{PAGE, ids, invalid};
use crate::{
    State, Tx, View,
    state::{DiscoveryOperation, EndedOperation, Expiring, Expiry},
};
use aws::{
    api::servicediscovery::{
        FilterCondition, GetOperationRequest, GetOperationResponse, ListOperationsRequest, ListOperationsResponse,
        Operation, OperationFilter, OperationFilterName, OperationStatus, OperationSummary, OperationTargetType,
        OperationType,
    },
    doc::Timestamp,
    fault::Fault,
    page::paginate,
};
use spec::{DAY, MINUTE, Millis, Revision};

/// How long an operation is described after its end. AWS does not say how long.
const KEPT: Millis = DAY;
/// How many are; where there are more, each is described for a minute only.
const MANY: usize = 5_000;
/// How many may be described at all, and how many under way at once. AWS does not say at what rate it refuses calls.
const MOST: usize = 10_000;
const UNDER_WAY: usize = 1_000;

/// What an operation is to be.
pub(super) struct Begun<'a> {
    /// The name of the call.
    pub(super) call: &'a str,
    /// What is done.
    pub(super) kind: OperationType,
    /// The id that the caller gave the request.
    pub(super) request_id: Option<String>,
    /// What it is done to.
    pub(super) targets: &'a [(OperationTargetType, &'a str)],
    /// Why it will fail: AWS's code and a message.
    pub(super) failure: Option<(&'a str, String)>,
}

/// Begins an operation, and tells its id.
///
/// # Errors
/// `RequestLimitExceeded` while too many others are under way or have just ended, for whoever may call may call ever so often.
pub(super) fn begin(tx: &mut Tx<'_>, begun: Begun<'_>) -> Result<String, Fault> {
    if tx.state.discovery_operations.len() >= UNDER_WAY || tx.state.ended_operations.len() >= MOST {
        return Err(Fault::new("RequestLimitExceeded", "Rate exceeded"));
    }
    let Begun { call, kind, request_id, targets, failure } = begun;
    let id = ids::operation(tx);
    let targets = targets.iter().map(|(what, id)| (what.as_str().to_owned(), (*id).to_owned()));
    let operation = DiscoveryOperation {
        id: id.clone(),
        call: call.to_owned(),
        kind,
        status: OperationStatus::Submitted,
        failure: failure.map(|(code, message)| (code.to_owned(), message)),
        request_id,
        targets: targets.collect(),
        created_at: tx.now,
        updated_at: tx.now,
        since: tx.state.revision + 1,
    };
    tx.state.discovery_operations.put(operation);
    Ok(id)
}

/// The operation that is under way and has that target.
pub(super) fn under_way<'a>(state: &'a State, what: OperationTargetType, id: &str) -> Option<&'a DiscoveryOperation> {
    state.discovery_operations.iter().find(|operation| is_target(operation, what, id))
}

/// The operation that is under way with an instance of a service.
pub(super) fn under_way_with<'a>(state: &'a State, service: &str, instance: &str) -> Option<&'a DiscoveryOperation> {
    use OperationTargetType as Of;
    let mut all = state.discovery_operations.iter();
    all.find(|operation| is_target(operation, Of::Instance, instance) && is_target(operation, Of::Service, service))
}

fn is_target(operation: &DiscoveryOperation, what: OperationTargetType, id: &str) -> bool {
    operation.targets.get(what.as_str()).is_some_and(|found| found == id)
}

/// The refusal of a request while another one is under way.
pub(super) fn duplicate(operation: &DiscoveryOperation) -> Fault {
    let message = format!("Another operation of type {} and id {} is in progress", operation.call, operation.id);
    Fault::new("DuplicateRequest", message).with_field("DuplicateOperationId", operation.id.clone())
}

/// The newest revision that an operation waits for.
pub(crate) fn awaited(state: &State) -> Revision {
    state.discovery_operations.iter().map(|operation| operation.since).max().unwrap_or(0)
}

/// Moves operations as far as the hosts have come: a host that has taken in a revision answers by it.
pub(crate) fn run(tx: &mut Tx<'_>) {
    let (now, revision) = (tx.now, tx.state.revision);
    let observed = observed(&tx.state);
    let next = |operation: &DiscoveryOperation| match operation.status {
        OperationStatus::Submitted if operation.since <= revision => Some(OperationStatus::Pending),
        OperationStatus::Pending if operation.since <= observed => Some(match operation.failure {
            None => OperationStatus::Success,
            Some(_) => OperationStatus::Fail,
        }),
        _ => None,
    };
    let moved = |operation: &DiscoveryOperation| {
        let status = next(operation)?;
        Some(DiscoveryOperation { status, updated_at: now, ..operation.clone() })
    };
    let moved: Vec<DiscoveryOperation> = tx.state.discovery_operations.iter().filter_map(moved).collect();
    for operation in moved {
        match operation.status {
            OperationStatus::Pending => tx.state.discovery_operations.put(operation),
            _ => end(tx, operation),
        }
    }
}

fn end(tx: &mut Tx<'_>, operation: DiscoveryOperation) {
    tx.state.discovery_operations.remove(&operation.id);
    let kept = if tx.state.ended_operations.len() >= MANY { MINUTE } else { KEPT };
    let at = Timestamp { millis: tx.now.millis + kept };
    tx.state.expiries.put(Expiry { at, what: Expiring::DiscoveryOperation(operation.id.clone()) });
    tx.state.ended_operations.put(EndedOperation(operation));
}

/// The newest revision that every host acts on. A host that is lost is not waited for.
pub(crate) fn observed(state: &State) -> Revision {
    let live = state.hosts.iter().filter(|host| host.lost.is_none());
    live.map(|host| state.seen.get(&host.id).map_or(0, |seen| seen.observed)).min().unwrap_or(Revision::MAX)
}

/// `GetOperation`.
pub(super) fn get(view: &View<'_>, request: GetOperationRequest) -> Result<GetOperationResponse, Fault> {
    let GetOperationRequest { operation_id: id, owner_account } = request;
    let account = &view.state.region.account;
    let ours = owner_account.as_ref().is_none_or(|owner| owner == account);
    let ended = || view.state.ended_operations.get(&id).map(|ended| &ended.0);
    let found = view.state.discovery_operations.get(&id).or_else(ended).filter(|_| ours);
    let found =
        found.ok_or_else(|| Fault::new("OperationNotFound", format!("There is no operation with the ID {id}.")))?;
    Ok(GetOperationResponse {
        operation: Some(Operation {
            id: Some(found.id.clone()),
            owner_account,
            r#type: Some(found.kind),
            status: Some(found.status),
            error_code: failed(found).map(|(code, _)| code.clone()),
            error_message: failed(found).map(|(_, message)| message.clone()),
            create_date: Some(found.created_at),
            update_date: Some(found.updated_at),
            targets: Some(found.targets.clone()),
        }),
    })
}

fn failed(operation: &DiscoveryOperation) -> Option<&(String, String)> {
    operation.failure.as_ref().filter(|_| operation.status == OperationStatus::Fail)
}

/// `ListOperations`.
pub(super) fn list(view: &View<'_>, request: ListOperationsRequest) -> Result<ListOperationsResponse, Fault> {
    let ListOperationsRequest { next_token, max_results, filters } = request;
    let filters = filters.unwrap_or_default();
    filters.iter().try_for_each(check)?;
    let all = view.state.discovery_operations.iter().chain(view.state.ended_operations.iter().map(|ended| &ended.0));
    let all = all.filter(|found| filters.iter().all(|filter| passes(filter, found)));
    let key = |found: &&DiscoveryOperation| format!("{:020}/{}", found.created_at.millis.max(0), found.id);
    let page = paginate(all, key, max_results, next_token.as_deref(), PAGE).map_err(|bad| bad.fault("InvalidInput"))?;
    let summary =
        |found: &DiscoveryOperation| OperationSummary { id: Some(found.id.clone()), status: Some(found.status) };
    Ok(ListOperationsResponse { operations: Some(page.0.into_iter().map(summary).collect()), next_token: page.1 })
}

/// Which conditions a filter may have, and how many values.
fn check(filter: &OperationFilter) -> Result<(), Fault> {
    use FilterCondition as Is;
    use OperationFilterName as Of;
    let OperationFilter { name, values, condition } = filter;
    let condition = condition.unwrap_or(Is::Eq);
    let allowed = match name {
        Of::NamespaceId | Of::ServiceId => matches!(condition, Is::Eq),
        Of::Status | Of::Type => matches!(condition, Is::Eq | Is::In),
        Of::UpdateDate => matches!(condition, Is::Between),
    };
    let count = match condition {
        Is::Between => values.len() == 2 && values.iter().all(|value| moment(value).is_some()),
        Is::In => !values.is_empty(),
        Is::Eq | Is::BeginsWith => values.len() == 1,
    };
    match allowed && count {
        true => Ok(()),
        false => Err(invalid(format!("The filter {name} can't have the condition {condition} with these values."))),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().and_then(Timestamp::from_seconds)
}

fn passes(filter: &OperationFilter, operation: &DiscoveryOperation) -> bool {
    use OperationFilterName as Of;
    let values = &filter.values;
    let target = |what: OperationTargetType| operation.targets.get(what.as_str());
    match filter.name {
        Of::NamespaceId => target(OperationTargetType::Namespace).is_some_and(|id| values.contains(id)),
        Of::ServiceId => target(OperationTargetType::Service).is_some_and(|id| values.contains(id)),
        // The documentation of the filter says SUCCEED, that of the status SUCCESS.
        Of::Status => values.iter().any(|value| {
            value == operation.status.as_str() || value == "SUCCEED" && operation.status == OperationStatus::Success
        }),
        Of::Type => values.iter().any(|value| value == operation.kind.as_str()),
        Of::UpdateDate => {
            let mut bounds = values.iter().filter_map(|value| moment(value));
            let (from, to) = (bounds.next(), bounds.next());
            from.is_some_and(|from| operation.updated_at >= from) && to.is_some_and(|to| operation.updated_at <= to)
        }
    }
}
