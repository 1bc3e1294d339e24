//! IAM's records, and the credentials that AWS STS issues. Neither is of a region: their ARNs name none.

mod credentials;
mod instance_profile;
mod policy;
mod principal;

pub use credentials::{AccessKey, Session, SessionOf, TaskCredentials};
pub use instance_profile::{InstanceProfile, RoleDeletion};
pub use policy::{Policy, PolicyVersion};
pub use principal::{Grants, Role, User};

/// Names that differ only in case are one name to IAM ("IAM identifiers", IAM User Guide): what a record is found by.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}
