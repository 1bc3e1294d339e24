//! Change sets.

use super::validation;
use crate::{State, Tx};
use aws::fault::Fault;
use template::Setting;

/// Forgets the change sets of a stack that is deleted.
pub(super) fn forget(_: &mut Tx<'_>, _: &str) {}

/// A change set's template.
///
/// # Errors
/// `ChangeSetNotFound`.
pub(super) fn template(_: &State, name: &str, _: Option<&str>) -> Result<(String, Setting), Fault> {
    Err(validation(format!("ChangeSet [{name}] does not exist")))
}
