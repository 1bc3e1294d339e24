//! Resource types: what CloudFormation makes of each, as calls of the service's own operations. One module a service.
//!
//! A type's properties are checked against its published schema (crate `resourcetypes`) before anything is made; what is left to a
//! type is the mapping on operations, its physical id, and its return values. Nothing of a service's rules is repeated here.

mod acm;
mod autoscaling;
mod call;
mod cloudwatch;
mod ec2;
mod ecr;
mod ecs;
mod elb;
mod iam;
mod logs;
mod route53;
mod s3;
mod secretsmanager;
mod servicediscovery;
mod ssm;
mod stack;
#[cfg(test)]
mod testing;
mod wanted;
mod words;

pub(super) use call::{ask, at, call, camel, delete, is_missing, text};
pub(super) use stack::nested_request;
pub(super) use wanted::{Wanted, changed_tags};

use crate::{Tx, View};
use aws::fault::Fault;
use serde_json::Value;

/// How far something is that takes time.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// It has become what it is to be.
    Done,
    /// It takes longer. Looked at again whenever something has changed, at least each second.
    Waiting,
    /// It will not become that.
    Failed(Fault),
}

/// One resource type.
pub(super) trait ResourceType: Sync {
    /// Published properties that are refused by name, as paths such as `VolumeConfigurations` or `DeploymentConfiguration/LifecycleHooks`;
    /// `*` stands for each entry of a list or map.
    fn unsupported(&self) -> &'static [&'static str] {
        &[]
    }

    /// Makes it, and returns its physical id.
    ///
    /// # Errors
    /// The service's refusal; what was changed before it is undone by whoever called.
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault>;

    /// What its events say when its making has begun: what a user has to do before it is ready.
    fn notices(&self, _: &View<'_>, _id: &str) -> Vec<String> {
        Vec::new()
    }

    /// Whether it is ready: what was made, or changed, has become so.
    fn ready(&self, _: &View<'_>, _id: &str, _: &Wanted<'_>) -> Progress {
        Progress::Done
    }

    /// Whether a change that the schema does not say needs a replacement, or says needs one only sometimes, needs one now.
    fn replaces(&self, _before: &Wanted<'_>, _: &Wanted<'_>) -> bool {
        false
    }

    /// Changes it in place from what it was made with (`before`) to what is wanted.
    ///
    /// # Errors
    /// The service's refusal; what was changed before it is undone by whoever called.
    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault>;

    /// Whether it is updated also when its properties are what they were: what is behind them may be something else.
    fn is_always_updated(&self) -> bool {
        false
    }

    /// Deletes it. A refusal because it is missing is taken as success by [`delete`], which is what is called.
    ///
    /// # Errors
    /// The service's refusal.
    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault>;

    /// Whether it is gone.
    fn gone(&self, _: &View<'_>, _id: &str, _properties: &Value) -> Progress {
        Progress::Done
    }

    /// What `Ref` returns; for nearly all types the physical id.
    fn reference(&self, _: &View<'_>, id: &str, _properties: &Value) -> Value {
        Value::from(id)
    }

    /// What `Fn::GetAtt` returns of an attribute its schema names. `None`: there is no such attribute.
    ///
    /// # Errors
    /// The service's refusal to describe it.
    fn attribute(&self, view: &View<'_>, id: &str, properties: &Value, name: &str) -> Result<Option<Value>, Fault>;

    /// Its properties as they are now, as far as the service tells them, in the schema's words: for drift. `None`: it is not there.
    ///
    /// # Errors
    /// The service's refusal to describe it, other than that it is missing.
    fn read(&self, view: &View<'_>, id: &str, properties: &Value) -> Result<Option<Value>, Fault>;
}

/// The types neargate makes, by name.
pub(super) fn find(kind: &str) -> Option<&'static dyn ResourceType> {
    TYPES.iter().flat_map(|types| types.iter()).find(|(name, _)| *name == kind).map(|(_, found)| *found)
}

/// A service's types.
pub(super) type Types = &'static [(&'static str, &'static dyn ResourceType)];

/// All of them, by service.
const TYPES: &[Types] = &[
    acm::TYPES,
    autoscaling::TYPES,
    cloudwatch::TYPES,
    ec2::TYPES,
    ecr::TYPES,
    ecs::TYPES,
    elb::TYPES,
    iam::TYPES,
    logs::TYPES,
    route53::TYPES,
    s3::TYPES,
    secretsmanager::TYPES,
    servicediscovery::TYPES,
    ssm::TYPES,
    stack::TYPES,
];

/// The names of all of them.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    TYPES.iter().flat_map(|types| types.iter()).map(|(name, _)| *name)
}
