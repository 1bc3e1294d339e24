//! The journal: what was committed, record by record. It holds changed records, not commands, so that loading it runs no code of the past.
//!
//! Absent: any knowledge of what a record means, history, and consensus.

mod memory;
mod redb;
mod room;
mod seal;
#[cfg(test)]
mod tests;

pub use self::redb::Redb;
pub use memory::Memory;
pub use seal::Sealed;

use crate::Error;
use control::Change;

/// Takes one record of a journal: its table, key and value.
pub type Load<'a> = dyn FnMut(&str, &str, &[u8]) -> Result<(), Error> + 'a;

/// Keeps committed records.
pub trait Journal: Send {
    /// Hands over every record there is and returns the revision they are of; 0 when nothing was ever committed.
    ///
    /// # Errors
    /// When the journal can't be read, or `load` refuses a record.
    fn load(&mut self, load: &mut Load<'_>) -> Result<u64, Error>;

    /// Keeps changes, in order, and the revision they lead to: all or none, and durably before it returns.
    ///
    /// # Errors
    /// When they can't be kept. Whether they were is then only known by loading again.
    fn commit(&mut self, revision: u64, changes: &[Change]) -> Result<(), Error>;
}
