//! For tests: a region to call, JSON in and out.

use crate::{Caller, Handler, Services, State, Tx, View, services, transact};
use aws::{
    api::Api,
    doc::{Doc, Timestamp},
    fault::Fault,
};
use serde_json::Value;

/// A region with its state, a clock that a test moves, and every service.
pub(crate) struct World {
    /// What was committed.
    pub(crate) state: State,
    /// The time of the next call, in milliseconds.
    pub(crate) now: i64,
    /// The access key that calls are signed with.
    pub(crate) key: String,
    calls: u64,
    services: Services,
}

impl World {
    /// An empty region, at one second after the epoch.
    pub(crate) fn new() -> Self {
        Self { state: State::default(), now: 1_000, key: String::new(), calls: 0, services: services() }
    }

    /// Calls an operation and commits what it did. The request is JSON whatever the service's protocol.
    pub(crate) fn call(&mut self, api: &Api, operation: &str, request: Value) -> Result<Value, Fault> {
        self.calls += 1;
        let (now, caller) = (Timestamp { millis: self.now }, Caller { access_key_id: self.key.clone() });
        crate::iam::admit(&self.state, now, &caller, api)?;
        let request = aws::api::ecs::API.parse(request.to_string().as_bytes())?;
        let answer: Doc = match self.services.handler(api, operation)? {
            Handler::Read(answer) => answer(&View { state: &self.state, now, caller: &caller }, request)?,
            Handler::Write(answer) => {
                let (answer, commit) =
                    transact(&self.state, now, &caller, self.calls.into(), |tx| answer(tx, request))?;
                if let Some(commit) = commit {
                    self.state = commit.state;
                }
                answer
            }
        };
        Ok(serde_json::to_value(answer).expect("answers can be written"))
    }

    /// Runs a transaction and commits what it did.
    pub(crate) fn transact<T>(&mut self, event: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        self.calls += 1;
        let now = Timestamp { millis: self.now };
        let (answer, commit) = transact(&self.state, now, &Caller::default(), self.calls.into(), event)?;
        if let Some(commit) = commit {
            self.state = commit.state;
        }
        Ok(answer)
    }

    /// Calls an operation of Amazon ECS that must succeed.
    #[track_caller]
    pub(crate) fn ecs(&mut self, operation: &str, request: Value) -> Value {
        self.call(&aws::api::ecs::API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Calls an operation of Amazon ECS that must be refused, and returns code and message.
    #[track_caller]
    pub(crate) fn ecs_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&aws::api::ecs::API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }
}
