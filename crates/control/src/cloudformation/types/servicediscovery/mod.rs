//! AWS Cloud Map: namespaces, services and instances.

mod instance;
mod namespace;
mod operations;
mod service;
mod tags;
#[cfg(test)]
mod tests;

use super::Types;

/// This service's types.
pub(super) const TYPES: Types = &[
    ("AWS::ServiceDiscovery::HttpNamespace", &namespace::HttpNamespace),
    ("AWS::ServiceDiscovery::Instance", &instance::Instance),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", &namespace::PrivateDnsNamespace),
    ("AWS::ServiceDiscovery::Service", &service::Service),
];
