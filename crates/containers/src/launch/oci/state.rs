//! What a runtime keeps of a container that it has started, to run commands in it later: crun a `status` and a copy of `config.json`, runc
//! a `state.json`. Of all that, only crun's copy has the environment, and crun does not use it any more: a command brings its own.

use crate::error::{StartError, StartErrorKind, Step};
use rustix::fs::{Mode, OFlags};
use serde_json::{Value, json};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Puts memory in the place of a directory of the task's, for this helper alone, and returns the directory.
pub(super) fn in_memory(state: &Path) -> Result<OwnedFd, StartError> {
    DirBuilder::new().recursive(true).mode(0o700).create(state).start(|| format!("making {}", state.display()))?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let kept = rustix::fs::open(state, flags, Mode::empty()).start(|| format!("opening {}", state.display()))?;
    crate::rootfs::mount_memory(state)?;
    Ok(kept)
}

/// Keeps what the runtime left of a container in memory, without the environment, in the directory.
pub(super) fn keep(state: &Path, kept: &OwnedFd, id: &str) -> Result<(), StartError> {
    let kept = PathBuf::from(format!("/proc/self/fd/{}/{id}", kept.as_raw_fd()));
    let step = || format!("keeping the runtime's state in {}", state.display());
    DirBuilder::new().mode(0o700).create(&kept).start(step)?;
    for entry in fs::read_dir(state.join(id)).start(step)? {
        let entry = entry.start(step)?;
        if !entry.file_type().start(step)?.is_file() {
            continue;
        }
        let mut content = fs::read(entry.path()).start(step)?;
        if entry.file_name() == "config.json" {
            content = without_environment(&content)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(kept.join(entry.file_name()));
        file.and_then(|mut file| file.write_all(&content)).start(step)?;
    }
    Ok(())
}

fn without_environment(config: &[u8]) -> Result<Vec<u8>, StartError> {
    let unread = |error| StartError::new(StartErrorKind::Host, format!("reading the runtime's configuration: {error}"));
    let mut config: Value = serde_json::from_slice(config).map_err(unread)?;
    if let Some(env) = config.pointer_mut("/process/env") {
        *env = json!([]);
    }
    serde_json::to_vec(&config).map_err(unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_environment_is_left_away() {
        let config = br#"{"process":{"args":["a"],"env":["SECRET=x"]},"linux":{"env":["kept"]}}"#;
        let left: Value = serde_json::from_slice(&without_environment(config).unwrap()).unwrap();
        assert_eq!(left, json!({ "process": { "args": ["a"], "env": [] }, "linux": { "env": ["kept"] } }));
        assert!(without_environment(b"{").is_err());
    }
}
