//! Client tokens: the same call made twice starts its tasks once ("Ensuring idempotency", Amazon ECS API Reference).

use super::{find, invalid, wire};
use crate::{
    Tx,
    ecs::arn,
    state::{ClientToken, Expiring, Expiry},
};
use aws::{
    api::ecs::{RunTaskRequest, RunTaskResponse},
    doc::Timestamp,
    fault::Fault,
};
use spec::{DAY, Millis, TaskId};

/// A token is remembered this long, or until all its tasks are forgotten.
const REMEMBERED: Millis = DAY;

/// What the same call answered before, if it was made before: its tasks as they are now.
///
/// # Errors
/// `ConflictException` when the token stands for another call.
pub(super) fn repeated(tx: &Tx<'_>, cluster: &str, request: &RunTaskRequest) -> Result<Option<RunTaskResponse>, Fault> {
    let Some(token) = &request.client_token else { return Ok(None) };
    if token.is_empty() || token.len() > 64 || !token.bytes().all(|byte| (33..=126).contains(&byte)) {
        return Err(invalid("clientToken must be 1 to 64 ASCII characters in the range of 33-126 (inclusive)."));
    }
    let Some(known) = tx.state.client_tokens.get(&ClientToken::key_of(cluster, token)) else { return Ok(None) };
    if known.request != *request {
        let tasks: Vec<String> = known.tasks.iter().map(|id| arn::task(&tx.state.region, cluster, id)).collect();
        let why = "The clientToken is already in use with a different RunTask request, which started";
        return Err(Fault::new("ConflictException", format!("{why} [{}].", tasks.join(", "))));
    }
    let tasks = known.tasks.iter().filter_map(|id| find(&tx.state, id));
    let tasks = tasks.map(|task| wire::task(&tx.state.region, task, true)).collect();
    Ok(Some(RunTaskResponse { tasks: Some(tasks), failures: Some(Vec::new()) }))
}

/// Remembers what a call started.
pub(super) fn remember(tx: &mut Tx<'_>, cluster: &str, request: RunTaskRequest, tasks: Vec<TaskId>) {
    let Some(token) = request.client_token.clone() else { return };
    let expires = Timestamp { millis: tx.now.millis + REMEMBERED };
    let record = ClientToken { cluster: cluster.to_owned(), token, request, tasks, expires };
    tx.state
        .expiries
        .put(Expiry { at: expires, what: Expiring::ClientToken(ClientToken::key_of(cluster, &record.token)) });
    tx.state.client_tokens.put(record);
}
