//! Which function answers which operation. What is not listed is refused by name.

use crate::{Tx, View};
use aws::{
    api::Api,
    doc::Doc,
    fault::Fault,
    shape::{Operation, Shape},
};
use std::collections::BTreeMap;

/// A function of the last committed state and a request.
type Read = dyn Fn(&View<'_>, Doc) -> Result<Doc, Fault> + Send + Sync;
/// A function of a transaction and a request.
type Write = dyn Fn(&mut Tx<'_>, Doc) -> Result<Doc, Fault> + Send + Sync;

/// The function behind an operation.
pub enum Handler {
    /// Answers from the last committed state, beside any transaction.
    Read(Box<Read>),
    /// Runs in a transaction; its answer is sent once that is committed.
    Write(Box<Write>),
}

/// The routing table of one AWS service.
pub struct Service {
    api: &'static Api,
    handlers: BTreeMap<&'static str, Handler>,
}

impl Service {
    /// A service that answers nothing yet.
    pub fn new(api: &'static Api) -> Self {
        Self { api, handlers: BTreeMap::new() }
    }

    /// An operation that only reads.
    pub fn read<O: Operation<Input: 'static, Output: 'static>>(
        mut self,
        _: O,
        answer: fn(&View<'_>, O::Input) -> Result<O::Output, Fault>,
    ) -> Self {
        let api = self.api;
        let handler = move |view: &View<'_>, doc| answer(view, api.read::<O>(doc)?).map(Shape::write);
        self.handlers.insert(O::NAME, Handler::Read(Box::new(handler)));
        self
    }

    /// An operation that changes state.
    pub fn write<O: Operation<Input: 'static, Output: 'static>>(
        mut self,
        _: O,
        answer: fn(&mut Tx<'_>, O::Input) -> Result<O::Output, Fault>,
    ) -> Self {
        let api = self.api;
        let handler = move |tx: &mut Tx<'_>, doc| answer(tx, api.read::<O>(doc)?).map(Shape::write);
        self.handlers.insert(O::NAME, Handler::Write(Box::new(handler)));
        self
    }

    /// The function behind an operation, if there is one.
    pub fn handler(&self, operation: &str) -> Option<&Handler> {
        self.handlers.get(operation)
    }

    /// The names of the operations it answers.
    pub fn operations(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.handlers.keys().copied()
    }
}

/// Every service, by the name of its API.
pub struct Services(BTreeMap<&'static str, Service>);

/// Every service neargate answers for.
pub fn services() -> Services {
    let all = [
        crate::acm::service(),
        crate::autoscaling::service(),
        crate::cloudwatch::service(),
        crate::ec2::service(),
        crate::ecr::service(),
        crate::ecs::service(),
        crate::elb::service(),
        crate::iam::service(),
        crate::logs::service(),
        crate::route53::service(),
        crate::secretsmanager::service(),
        crate::servicediscovery::service(),
        crate::ssm::service(),
        crate::sts::service(),
    ];
    Services(all.into_iter().map(|s| (s.api.service, s)).collect())
}

impl Services {
    /// The function behind an operation.
    ///
    /// # Errors
    /// `NotImplemented`, naming the operation, with HTTP status 501.
    pub fn handler(&self, api: &Api, operation: &str) -> Result<&Handler, Fault> {
        self.0.get(api.service).and_then(|s| s.handler(operation)).ok_or_else(|| Fault::not_implemented(operation))
    }

    /// Every service's routing table.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Service)> {
        self.0.iter().map(|(name, service)| (*name, service))
    }
}
