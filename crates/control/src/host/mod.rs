//! What a host is told ([`host_spec`]) and what its word changes ([`report`]).
//!
//! A host is told everything every time, and says everything every time; what follows from its word is the controllers' affair.

mod report;
mod spec_of;

pub use report::{Heard, all_heard, report};
pub use spec_of::{host_spec, must_observe};
