//! The agent's copy of its spec on disk, so that a restarted agent knows what it was told before it reaches the server again.
//!
//! After a crash of the process it is there; after a power cut nothing runs that it speaks of.

use crate::files;
use spec::HostSpec;
use std::{fs, io, path::PathBuf};

/// The file.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger at that path, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The spec last written; an empty one when there is none or it can't be understood. Either way the server tells everything again.
    pub fn read(&self) -> HostSpec {
        fs::read(&self.path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Replaces what is written.
    ///
    /// # Errors
    /// When the file can't be written; the old one is left.
    pub fn write(&self, spec: &HostSpec) -> io::Result<()> {
        files::replace(&self.path, &serde_json::to_vec(spec)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_damage_is_as_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(dir.path().join("spec"));
        assert_eq!(ledger.read(), HostSpec::default());
        let spec = HostSpec { revision: 7, ..HostSpec::default() };
        ledger.write(&spec).unwrap();
        assert_eq!(ledger.read(), spec);
        ledger.write(&HostSpec { revision: 8, ..HostSpec::default() }).unwrap();
        assert_eq!(ledger.read().revision, 8);
        fs::write(dir.path().join("spec"), "{\"revision\":").unwrap();
        assert_eq!(ledger.read(), HostSpec::default());
    }
}
