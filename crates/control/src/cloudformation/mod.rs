//! AWS CloudFormation: stacks, made of templates by the operations of every other service.
//!
//! A call checks everything that can be checked before anything is made ([`prepare`]), writes down what is wanted, and answers. What follows
//! is done by a controller ([`engine`]), one step a transaction or many, with the mappings of resource types on operations ([`types`]).
//!
//! Absent: macros other than the language extensions, Lambda-backed custom resources, imports of resources, stack sets, modules, hooks.

mod account;
mod change_sets;
mod differences;
mod document;
mod drift;
mod engine;
mod errands;
mod events;
mod exports;
mod find;
mod pages;
mod policy;
mod prepare;
mod resources;
mod role;
mod stacks;
mod templates;
#[cfg(test)]
mod tests;
mod types;

pub use document::document;
pub use engine::{forget, run};
pub use errands::{Errand, done, errands};

use crate::Service;
use aws::{
    api::cloudformation::{API, op},
    fault::Fault,
};

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::CreateStack, stacks::create)
        .write(op::UpdateStack, stacks::update)
        .write(op::DeleteStack, stacks::delete)
        .write(op::UpdateTerminationProtection, stacks::protect)
        .write(op::ContinueUpdateRollback, stacks::continue_rollback)
        .write(op::RollbackStack, stacks::roll_back)
        .write(op::CancelUpdateStack, stacks::cancel)
        .write(op::CreateChangeSet, change_sets::create)
        .write(op::ExecuteChangeSet, change_sets::execute)
        .write(op::DeleteChangeSet, change_sets::delete)
        .read(op::DescribeChangeSet, change_sets::describe)
        .read(op::ListChangeSets, change_sets::list)
        .write(op::SetStackPolicy, policy::set)
        .read(op::GetStackPolicy, policy::get)
        .write(op::DetectStackDrift, drift::detect)
        .write(op::DetectStackResourceDrift, drift::detect_one)
        .read(op::DescribeStackDriftDetectionStatus, drift::status)
        .read(op::DescribeStackResourceDrifts, drift::describe)
        .read(op::DescribeAccountLimits, account::limits)
        .read(op::DescribeStacks, stacks::describe)
        .read(op::ListStacks, stacks::list)
        .read(op::DescribeStackEvents, events::describe)
        .read(op::DescribeStackResource, resources::one)
        .read(op::DescribeStackResources, resources::describe)
        .read(op::ListStackResources, resources::list)
        .read(op::ListExports, exports::list)
        .read(op::ListImports, exports::importing)
        .read(op::GetTemplate, templates::get)
        .read(op::GetTemplateSummary, templates::summary)
        .read(op::ValidateTemplate, templates::validate)
}

/// A request that can't be right.
fn validation(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}
