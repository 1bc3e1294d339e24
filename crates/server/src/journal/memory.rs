//! A journal in memory, for tests. A clone is the same journal, so that a test can start again on it.

use super::{Journal, Load};
use crate::Error;
use control::Change;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A journal in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    revision: u64,
    records: BTreeMap<(String, String), Vec<u8>>,
    full: bool,
}

impl Memory {
    /// Makes every further commit fail as on a full disk, or work again.
    pub fn set_full(&self, full: bool) {
        self.kept().full = full;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for Memory {
    fn load(&mut self, load: &mut Load<'_>) -> Result<u64, Error> {
        let kept = self.kept();
        for ((table, key), value) in &kept.records {
            load(table, key, value)?;
        }
        Ok(kept.revision)
    }

    fn commit(&mut self, revision: u64, changes: &[Change]) -> Result<(), Error> {
        let mut kept = self.kept();
        if kept.full {
            return Err(
                Error::new("committing to memory").because(std::io::Error::from(std::io::ErrorKind::StorageFull))
            );
        }
        for change in changes {
            let key = (change.table.to_owned(), change.key.clone());
            match &change.value {
                Some(value) => kept.records.insert(key, value.clone()),
                None => kept.records.remove(&key),
            };
        }
        kept.revision = revision;
        Ok(())
    }
}
