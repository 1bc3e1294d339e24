//! What this machine must have, looked at before anything is made on it. The agent looks at the network itself.

use crate::cli::Failure;
use containers::cgroup::Layout;
use rustix::{io::Errno, mount::FsOpenFlags};

/// Names everything that is missing, and what to do about each.
pub fn check() -> Result<(), Failure> {
    let missing: Vec<String> = [root(), cgroups(), overlay()].into_iter().flatten().collect();
    match missing.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure(one.clone())),
        several => Err(Failure(format!("this machine is not ready:\n  {}", several.join("\n  ")))),
    }
}

fn root() -> Option<String> {
    let user = rustix::process::geteuid();
    (!user.is_root()).then(|| {
        format!("network namespaces, mounts and cgroups need root, and this is user {}: use sudo", user.as_raw())
    })
}

fn cgroups() -> Option<String> {
    Layout::detect().err().map(|error| error.to_string())
}

/// Asking for the file system loads its module where it is one.
fn overlay() -> Option<String> {
    match rustix::mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC) {
        Err(Errno::NODEV) => Some(
            "the kernel has no overlayfs, which containers' root file systems are made of: modprobe overlay".to_owned(),
        ),
        Err(Errno::NOSYS) => Some("the kernel is too old: neargate needs Linux 5.10 or later".to_owned()),
        // Without root it may not be asked; that is named already.
        _ => None,
    }
}
