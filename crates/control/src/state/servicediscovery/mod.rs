//! AWS Cloud Map's records: namespaces, services, instances, operations.

mod instance;
mod namespace;
mod operation;
mod service;

pub use instance::{DiscoveryInstance, HealthChange};
pub use namespace::{Namespace, NamespaceKind};
pub use operation::{DiscoveryOperation, EndedOperation};
pub use service::{DiscoveryDns, DiscoveryService};
