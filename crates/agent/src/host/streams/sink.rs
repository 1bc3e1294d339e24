//! The end of a stream: `PutLogEvents` from inside the task's namespace, with its execution role.

use super::{Means, source::Batch};
use crate::{
    aws::{Aws, Failure, LOGS},
    clock,
    dial::Connection,
};
use serde_json::Value;
use spec::{FIRST_LINE, TaskId, TaskRole};
use std::{sync::Arc, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

/// A connection that nothing was sent on for so long is closed.
const IDLE: Duration = Duration::from_secs(5);

/// Why a batch was not stored.
pub(super) enum Refusal {
    /// It may be stored the next time.
    Passing(String),
    /// Where it should be stored is not there: its group or its stream.
    Gone(String),
}

/// Where one container's events go.
pub(super) struct Sink {
    means: Arc<Means>,
    task: TaskId,
    /// What is kept for the next batch, with its place among those that all streams may keep.
    kept: Option<(Connection, OwnedSemaphorePermit)>,
    used: Instant,
}

impl Sink {
    pub(super) fn new(means: Arc<Means>, task: TaskId) -> Self {
        Self { means, task, kept: None, used: Instant::now() }
    }

    /// Stores a batch, and says what was wrong with events that no one will ever take. The number of its first event makes it harmless
    /// to send a batch again: so it is when no answer comes.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn put(&mut self, batch: &Batch) -> Result<Option<String>, Refusal> {
        let aws = self.aws().await.map_err(Refusal::Passing)?;
        let first = batch.first.map(|first| first.to_string());
        let (mut connection, mut place) = self.kept.take().unzip();
        let kept = connection.is_some();
        let mut answer = put(&aws, &mut connection, batch, first.as_deref()).await;
        if kept && matches!(answer, Err(Failure::NoAnswer { .. })) {
            // Whoever keeps the other end may have closed it just then.
            answer = put(&aws, &mut connection, batch, first.as_deref()).await;
        }
        self.used = Instant::now();
        place = place.or_else(|| self.means.kept.clone().try_acquire_owned().ok());
        self.kept = connection.zip(place);
        answer.map_or_else(|failure| self.refused(failure, batch), |answer| Ok(rejected(&answer)))
    }

    /// Closes a connection that is of no use for now.
    pub(super) fn rest(&mut self) {
        if self.used.elapsed() > IDLE {
            self.kept = None;
        }
    }

    async fn aws(&self) -> Result<Aws, String> {
        let spec = self.means.spec.borrow().clone();
        let task = spec.tasks.get(&self.task).ok_or("the task has been withdrawn")?;
        let dialer = self.means.dialers.of(&self.task, task, &spec).map_err(|error| error.to_string())?;
        let credentials = self.means.credentials.get(&self.task, TaskRole::Execution, clock::now()).await;
        let credentials = credentials.map_err(|error| error.to_string())?;
        Ok(Aws { dialer, region: spec.topology.region.clone(), credentials })
    }

    fn refused(&self, failure: Failure, batch: &Batch) -> Result<Option<String>, Refusal> {
        let passes = failure.passes();
        let (code, message) = match failure {
            Failure::NoAnswer { why, .. } => return Err(Refusal::Passing(why)),
            Failure::Refused { code, message, .. } => (code, message),
        };
        let said = format!("{code}: {message}");
        match code.as_str() {
            "ResourceNotFoundException" => Err(Refusal::Gone(said)),
            "ExpiredTokenException" | "UnrecognizedClientException" => {
                self.means.credentials.forget(&self.task, TaskRole::Execution);
                Err(Refusal::Passing(said))
            }
            "AccessDeniedException" => Err(Refusal::Passing(said)),
            _ if passes => Err(Refusal::Passing(said)),
            _ => Ok(Some(format!("{} log events are refused: {said}", batch.events))),
        }
    }
}

/// What an answer says of events that were not stored for their time.
fn rejected(answer: &Value) -> Option<String> {
    let rejected = answer.get("rejectedLogEventsInfo").filter(|info| !info.is_null())?;
    Some(format!("log events are too old or too new to be stored: {rejected}"))
}

async fn put(
    aws: &Aws,
    connection: &mut Option<Connection>,
    batch: &Batch,
    first: Option<&str>,
) -> Result<Value, Failure> {
    let numbered = first.map(|first| (FIRST_LINE, first));
    aws.once(connection, &LOGS, "PutLogEvents", &batch.body, numbered.as_slice()).await
}
