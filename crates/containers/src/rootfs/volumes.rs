//! The task's volumes and the caller's files in a container.

use super::mount::{NO_DEV, READ_ONLY, attach, bind_of, restrict};
use super::resolve::{Kind, open, open_or_make};
use super::{Plan, copy, open_dir};
use crate::error::{StartError, Step};
use std::os::fd::OwnedFd;

/// Mounts everything, outer paths before those below them.
pub(super) fn mount_all(root: &OwnedFd, plan: &Plan) -> Result<(), StartError> {
    fill_all(root, plan)?;
    let volumes = plan
        .config
        .volumes
        .iter()
        .map(|volume| (&volume.path, plan.volumes.join(&volume.volume), volume.read_only, Kind::Directory));
    let files = plan.config.files.iter().map(|file| (&file.path, file.source.clone(), file.read_only, Kind::File));
    let mut all: Vec<_> = volumes.chain(files).collect();
    all.sort_by_key(|(path, ..)| path.split('/').filter(|part| !part.is_empty()).count());
    for (path, source, read_only, kind) in all {
        check(path)?;
        let target = open_or_make(root, path, kind)?;
        let view = bind_of(&source)?;
        attach(&view, &target, path)?;
        restrict(&view, if read_only { NO_DEV | READ_ONLY } else { NO_DEV })?;
    }
    Ok(())
}

/// As Docker does with its volumes: what the image has at a volume's path is copied into it while it is empty.
pub(super) fn fill_all(root: &OwnedFd, plan: &Plan) -> Result<(), StartError> {
    for volume in &plan.config.volumes {
        check(&volume.path)?;
        let target = open_dir(&plan.volumes.join(&volume.volume))?;
        if let Some(source) = open(root, &volume.path)? {
            copy::into_empty(&source, &target)
                .start(|| format!("copying the image's {} into volume {}", volume.path, volume.volume))?;
        }
    }
    Ok(())
}

/// Refuses destinations that would hide what the container's isolation stands on.
fn check(path: &str) -> Result<(), StartError> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let refused = match parts.as_slice() {
        [] | ["proc" | "sys", ..] | ["dev"] => true,
        parts => !path.starts_with('/') || parts.contains(&".."),
    };
    if refused {
        Err(StartError::invalid(format!(
            "{path:?} can't be mounted on: give an absolute path other than /, /dev and below /proc and /sys"
        )))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn kernel_file_systems_are_not_mounted_over() {
        for path in ["/", "//", "/.", "/proc", "/proc/self", "//sys/fs", "/dev", "relative", "/a/../proc", ""] {
            assert!(check(path).is_err(), "{path}");
        }
        for path in ["/data", "/dev/shm/x", "/process", "/etc/hosts"] {
            assert!(check(path).is_ok(), "{path}");
        }
    }
}
