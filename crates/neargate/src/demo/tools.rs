//! What the demonstration needs of this machine.

use crate::cli::Failure;
use std::{env, os::unix::fs::PermissionsExt};

/// Names what is missing.
pub fn check() -> Result<(), Failure> {
    if !rustix::process::geteuid().is_root() {
        return Err(Failure(
            "the demonstration makes network namespaces and cgroups, which needs root: use sudo".to_owned(),
        ));
    }
    if !is_in_path("aws") {
        return Err(Failure("the demonstration speaks to neargate with the AWS CLI, and there is no `aws` in PATH: run `make demo`, which brings one, or install awscli".to_owned()));
    }
    if !is_in_path("skopeo") {
        return Err(Failure(
            "the demonstration pushes its images with skopeo, which is not in PATH: apt-get install skopeo".to_owned(),
        ));
    }
    if !is_in_path("curl") {
        return Err(Failure(
            "the demonstration fetches pages with curl, which is not in PATH: apt-get install curl".to_owned(),
        ));
    }
    Ok(())
}

fn is_in_path(program: &str) -> bool {
    let executable = |path: std::path::PathBuf| {
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|directory| executable(directory.join(program))))
}
