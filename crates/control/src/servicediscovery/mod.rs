//! AWS Cloud Map: namespaces, services, instances, and how they are found.
//!
//! This file is the routing table. What resolvers are told of it all is in [`zones`](zones()); Amazon ECS registers tasks by `registry`.
//! Absent: namespaces of public DNS, health checks of Route 53, IPv6, namespaces of other accounts.

mod discover;
mod health;
mod ids;
pub mod instances;
pub mod namespaces;
mod operations;
mod register;
pub(crate) mod registry;
pub mod services;
mod tags;
mod zones;

#[cfg(test)]
mod tests;

pub(crate) use health::settle as settle_health;
pub(crate) use operations::{awaited, observed, run};
pub(crate) use zones::{named_records, zones};

use crate::{Region, Service};
use aws::{
    api::servicediscovery::{API, op},
    fault::Fault,
    page::Size,
};

/// How many things a page of a list has ("ListNamespaces", AWS Cloud Map API Reference).
const PAGE: Size = Size { default: 100, max: 100 };

/// The routing table.
pub fn service() -> Service {
    Service::new(&API)
        .write(op::CreateHttpNamespace, namespaces::create_http)
        .write(op::CreatePrivateDnsNamespace, namespaces::create_private)
        .read(op::GetNamespace, namespaces::get)
        .read(op::ListNamespaces, namespaces::list)
        .write(op::UpdateHttpNamespace, namespaces::update_http)
        .write(op::UpdatePrivateDnsNamespace, namespaces::update_private)
        .write(op::DeleteNamespace, namespaces::delete)
        .write(op::CreateService, services::create)
        .read(op::GetService, services::get)
        .read(op::ListServices, services::list)
        .write(op::UpdateService, services::update)
        .write(op::DeleteService, services::delete)
        .read(op::GetServiceAttributes, services::attributes)
        .write(op::UpdateServiceAttributes, services::update_attributes)
        .write(op::DeleteServiceAttributes, services::delete_attributes)
        .write(op::RegisterInstance, register::register)
        .write(op::DeregisterInstance, register::deregister)
        .read(op::GetInstance, instances::get)
        .read(op::ListInstances, instances::list)
        .read(op::GetInstancesHealthStatus, health::get)
        .write(op::UpdateInstanceCustomHealthStatus, health::update)
        .read(op::DiscoverInstances, discover::discover)
        .read(op::DiscoverInstancesRevision, discover::revision)
        .read(op::GetOperation, operations::get)
        .read(op::ListOperations, operations::list)
        .read(op::ListTagsForResource, tags::list)
        .write(op::TagResource, tags::tag)
        .write(op::UntagResource, tags::untag)
}

/// The ARN of a namespace.
pub fn namespace_arn(region: &Region, id: &str) -> String {
    region.arn("servicediscovery", format_args!("namespace/{id}"))
}

/// The ARN of a service.
pub fn service_arn(region: &Region, id: &str) -> String {
    region.arn("servicediscovery", format_args!("service/{id}"))
}

/// The id in an ARN of that kind (`namespace`, `service`), or what is no ARN as it is; none for an ARN of anything else.
fn id_of<'a>(region: &Region, kind: &str, reference: &'a str) -> Option<&'a str> {
    if !reference.starts_with("arn:") {
        return Some(reference);
    }
    let prefix = region.arn("servicediscovery", format_args!("{kind}/"));
    reference.strip_prefix(&prefix)
}

/// A value that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidInput", message)
}

/// Something of AWS Cloud Map's that neargate does not have.
fn unsupported(what: &str) -> Fault {
    invalid(format!("neargate does not support {what}."))
}

/// One more than AWS Cloud Map has by default.
fn exceeded(what: &str, most: usize) -> Fault {
    Fault::new("ResourceLimitExceeded", format!("The limit of {most} {what} has been reached."))
}
