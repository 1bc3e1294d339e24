//! The control plane as a state machine: an event and a state in, the next state and the changed records out.
//!
//! Nothing here waits, reads a clock, draws random numbers or touches a thread, a file or a socket: the transaction gives both
//! time and ids ([`Tx`]), and the shell around this crate keeps what was committed. State changes only in a transaction,
//! by an operation of an API, a host's report or a controller.

#![forbid(unsafe_code)]

pub mod acm;
pub mod autoscaling;
pub mod cloudwatch;
mod commit;
pub mod controllers;
pub mod ec2;
pub mod ecr;
pub mod ecs;
pub mod elb;
pub mod host;
pub mod iam;
pub mod logs;
pub mod mirror;
pub mod route53;
pub mod s3;
pub mod secretsmanager;
mod service;
pub mod servicediscovery;
pub mod ssm;
pub mod state;
pub mod sts;
#[cfg(test)]
mod testing;
mod tx;
mod wildcard;

pub use commit::{Commit, settle, transact};
pub use service::{Handler, Service, Services, services};
pub use state::{Change, LoadError, Region, State, Zone};
pub use tx::{Caller, Tx, View};
