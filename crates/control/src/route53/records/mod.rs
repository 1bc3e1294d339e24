//! Record sets of hosted zones.

pub(super) mod change;
mod check;
mod conflicts;
pub(super) mod list;
pub(super) mod value;
