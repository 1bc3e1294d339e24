//! The task shim: one small single-threaded process per task, parent of the task's containers.
//!
//! It executes orders and remembers results, nothing else: order, essential containers, timeouts and restarts are its
//! caller's. It is process 1 of its own pid namespace, so when it dies, by whatever hand, the kernel ends every process of
//! the task with it. It outlives its caller: own session, own control group, nobody's child.

mod boot;
mod calls;
mod connection;
mod container;
mod exec;
mod files;
mod init;
mod serve;
mod shared;

pub(crate) use files::{ShimId, TaskFile, containers, load, save};

use std::ffi::OsString;
use std::process::ExitCode;

/// The leading arguments of this program that make it a shim; set by the caller of [`main`] through the environment of `ShimCommand`.
static ARGUMENTS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();

/// Runs as a shim (`task DIR ARGS…`) or as a container's init process (`init PROGRAM ARGV…`).
///
/// `args` are the program's arguments without its name and without the leading arguments of its [`crate::ShimCommand`].
pub fn main(args: &[OsString]) -> ExitCode {
    let texts: Option<Vec<&str>> = args.iter().map(|arg| arg.to_str()).collect();
    match texts.as_deref() {
        Some(["task", dir, own @ ..]) => {
            let _ = ARGUMENTS.set(own.iter().map(ToString::to_string).collect());
            boot::run(dir.as_ref())
        }
        Some(["init", ..]) => init::run(args.get(1..).unwrap_or_default()),
        _ => {
            crate::complain(format_args!("the task shim is started by neargate, not by hand"));
            ExitCode::from(2)
        }
    }
}

/// The arguments that start this program as a container's init process, its name first.
pub(crate) fn init_arguments() -> Vec<String> {
    let own = ARGUMENTS.get().map(Vec::as_slice).unwrap_or_default();
    std::iter::once("init").map(str::to_owned).chain(own.iter().cloned()).chain(["init".to_owned()]).collect()
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
