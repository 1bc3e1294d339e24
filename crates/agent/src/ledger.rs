//! The agent's copy of its spec on disk, so that a restarted agent knows what it was told before it reaches the server again.
//!
//! It is replaced whole and not flushed: after a crash of the process it is there; after a power cut nothing runs that it speaks of.
//! The old one is exchanged, not renamed over, since ext4 flushes what is renamed over another file, and a busy disk would stop the agent.

use rustix::fs::{CWD, RenameFlags, renameat_with};
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
        let next = self.path.with_extension("next");
        fs::write(&next, serde_json::to_vec(spec)?)?;
        match renameat_with(CWD, &next, CWD, &self.path, RenameFlags::EXCHANGE) {
            Ok(()) => fs::remove_file(next),
            // The first time there is nothing to exchange it with; some file systems can't.
            Err(_) => fs::rename(next, &self.path),
        }
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
