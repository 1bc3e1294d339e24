//! AWS CloudFormation: stacks, made of templates by the operations of every other service.

mod types;

use crate::Service;
use aws::api::cloudformation::API;

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
}
