//! CloudFormation templates: what they say, checked, and what their functions come to.
//!
//! | module | what |
//! |---|---|
//! | `read` | text, JSON or YAML, as a tree of values with functions in their long form |
//! | [`declared`] | what a template declares: resources, outputs, parameters; `sections` is how that is read |
//! | [`parameters`] | values given for parameters, held against their declarations |
//! | [`summary`] | what is to be known of a template before it is used: capabilities, resource types |
//! | `references` | what values refer to, whether it is there, and functions where they may be |
//! | `resolve` | a template for its parameters' values, by `rules`, `foreach` (loops), `conditions` and `graph` (dependencies) |
//! | [`evaluate`](mod@evaluate) | what functions come to, as far as is known |
//! | [`dynamic`] | dynamic references in texts |
//!
//! A template goes through these in that order: [`Template::read`], [`Template::check_parameters`], [`Template::resolve`] once, and
//! [`evaluate()`] for each resource when those it depends on are there.
//!
//! Absent: resources and what they are, CloudFormation's API, I/O, a clock.

#![forbid(unsafe_code)]

mod conditions;
pub mod declared;
pub mod dynamic;
mod error;
pub mod evaluate;
mod foreach;
mod graph;
pub mod parameters;
mod read;
mod references;
mod resolve;
mod rules;
mod sections;
mod setting;
pub mod summary;
#[cfg(test)]
mod tests;

pub use declared::{Output, Policy, Resource, Template};
pub use dynamic::{DynamicReference, DynamicService, dynamic_references, resolve_dynamic};
pub use error::Error;
pub use evaluate::{Lookup, evaluate, imports, is_complete};
pub use parameters::{Checked, Existing, Given, Parameter, ParameterKind, Specific, SsmLookup};
pub use read::LONGEST;
pub use resolve::{Resolved, ResolvedOutput, ResolvedResource};
pub use setting::Setting;
pub use summary::{Capability, TypeSummary};
