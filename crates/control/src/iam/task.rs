//! Roles of tasks and the credentials issued for them ("Amazon ECS task IAM role", "Amazon ECS task execution IAM role", Amazon ECS
//! Developer Guide).

use super::{document::trusts, id, role};
use crate::{
    State, Tx, View,
    state::{Expiring, Expiry, Record, Role, Session, SessionOf, Tags, TaskCredentials},
};
use aws::{arn::Arn, doc::Timestamp, fault::Fault};
use spec::{Credentials, TaskRole};

/// How long a task's credentials last, in milliseconds, and how much of that is left when it gets new ones.
const LIFE: i64 = 6 * 60 * 60 * 1000;
const RENEW: i64 = LIFE / 2;

/// The ARN of a role that a task is to have, given by its name or its ARN.
///
/// # Errors
/// `ClientException` in the words of Amazon ECS when it is not there, or does not let Amazon ECS's tasks assume it.
pub(crate) fn task_role(state: &State, reference: &str, cluster: &str) -> Result<String, Fault> {
    let region = &state.region;
    let name = reference.rsplit('/').next().unwrap_or_default();
    let found = state
        .iam_roles
        .get(&Role::key_of(name))
        .filter(|role| Arn::parse(reference).map_or(role.name == reference, |_| role::arn(region, role) == reference));
    // The task's own ARN is not known yet; conditions name those of a region or cluster.
    let source = crate::ecs::arn::task(region, cluster, &"0".repeat(32));
    let trusting = found.filter(|role| trusts(&role.trust, "ecs-tasks.amazonaws.com", &region.account, &source));
    let arn = trusting.map(|role| role::arn(region, role));
    arn.ok_or_else(|| {
        let why = format!(
            "ECS was unable to assume the role '{reference}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
        );
        Fault::new("ClientException", why)
    })
}

/// The credentials for one of a task's roles: those it has, or new ones when less than half of their time is left.
///
/// # Errors
/// `NoSuchEntity` when there is no such task any more, it has no such role, or the role is gone.
pub fn task_credentials(tx: &mut Tx<'_>, task: &str, which: TaskRole) -> Result<Credentials, Fault> {
    let missing = |what: &str| super::missing(format!("{what} of task {task} cannot be found."));
    let live = tx.state.tasks.get(task).ok_or_else(|| super::missing(format!("Task {task} cannot be found.")))?;
    let role_arn = match which {
        TaskRole::Task => live.launch.task_role.clone().ok_or_else(|| missing("The task role"))?,
        TaskRole::Execution => live.launch.execution_role.clone().ok_or_else(|| missing("The execution role"))?,
    };
    let id = live.id.clone();
    let issued = tx.state.task_credentials.get(&TaskCredentials::key_of(task, which));
    let mut sessions = issued.map(|issued| issued.sessions.clone()).unwrap_or_default();
    sessions.retain(|key| tx.state.sts_sessions.contains(key));
    let newest = sessions.last().and_then(|key| tx.state.sts_sessions.get(key));
    if let Some(session) = newest.filter(|session| session.expires.millis - tx.now.millis > RENEW) {
        return Ok(credentials(role_arn, session));
    }
    let name = role_arn.rsplit('/').next().unwrap_or_default();
    let role = role::find(&tx.state, name).map_err(|_| missing("The role"))?;
    let of = SessionOf::Role {
        role: role.name.clone(),
        id: role.id.clone(),
        session: id.to_string(),
        policy: None,
        policy_arns: Vec::new(),
        tags: Tags::new(),
        transitive: Vec::new(),
        source_identity: None,
    };
    let session = issue(tx, of, LIFE, 0);
    sessions.push(session.access_key_id.clone());
    tx.state.task_credentials.put(TaskCredentials { task: id, role: which, sessions });
    Ok(credentials(role_arn, &session))
}

/// Whether a caller has the credentials that were issued for a task's execution role. Its name alone is anybody's who may assume the role.
pub(crate) fn executes(view: &View<'_>, task: &str) -> bool {
    let issued = view.state.task_credentials.get(&TaskCredentials::key_of(task, TaskRole::Execution));
    issued.is_some_and(|issued| issued.sessions.contains(&view.caller.access_key_id))
}

fn credentials(role_arn: String, session: &Session) -> Credentials {
    Credentials {
        role_arn,
        access_key_id: session.access_key_id.clone(),
        secret_access_key: session.secret.clone(),
        token: session.token.clone(),
        expiration: session.expires.iso8601(),
    }
}

/// Issues credentials for so many milliseconds, with a token of at least so many characters.
pub(crate) fn issue(tx: &mut Tx<'_>, of: SessionOf, life: i64, token: usize) -> Session {
    let session = Session {
        access_key_id: id::access_key_id(tx, "ASIA"),
        secret: id::secret_key(tx),
        token: id::session_token(tx, token),
        // Whole seconds, as everywhere in AWS.
        expires: Timestamp { millis: (tx.now.millis + life) / 1000 * 1000 },
        of,
    };
    let what = Expiring::Session(session.access_key_id.clone());
    tx.state.expiries.put(Expiry { at: session.expires, what });
    tx.state.sts_sessions.put(session.clone());
    session
}

/// Ends everything that was issued to a task.
pub(crate) fn end_task_credentials(tx: &mut Tx<'_>, task: &str) {
    for which in [TaskRole::Task, TaskRole::Execution] {
        let Some(issued) = tx.state.task_credentials.remove(&TaskCredentials::key_of(task, which)) else { continue };
        for key in &issued.sessions {
            let Some(session) = tx.state.sts_sessions.remove(key) else { continue };
            let queued = Expiry { at: session.expires, what: Expiring::Session(key.clone()) };
            tx.state.expiries.remove(&queued.key());
        }
    }
}
