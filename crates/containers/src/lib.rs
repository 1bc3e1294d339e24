//! Task shims and container launchers: from ready image layers and a ready network namespace to running processes.
//!
//! - [`config`]: what a task and a container are to be. [`state`]: what they are. [`error`]: why something failed.
//! - [`Sandbox`]: the caller's handle on one task; it speaks to the task's shim over a socket.
//! - [`shim`]: the process that is parent of a task's containers. [`protocol`]: what goes over its socket.
//! - [`launch`]: the runtimes behind one trait: our own and an OCI runtime's.
//! - [`rootfs`] and [`process`]: what the launched child does to its file systems and to itself.
//! - [`signals`]: signals as a descriptor, for who waits for several things.
//! - [`cgroup`]: limits and accounting on cgroup v1 and v2. [`log`]: the containers' output. [`usage`]: disk accounting.
//!
//! Absent: AWS, image transport, networks, policy (order, restarts, timeouts), threads, an async runtime.
//! `unsafe` is in `sys` alone.

#![deny(clippy::print_stderr)]

pub mod cgroup;
pub mod config;
pub mod counters;
pub mod error;
pub mod launch;
pub mod log;
pub mod process;
pub mod protocol;
mod rights;
pub mod rootfs;
pub mod sandbox;
pub mod shim;
pub mod signals;
pub mod state;
mod sys;
mod tree;
pub mod usage;

pub use config::{
    ContainerConfig, Exec, FileMount, LogSink, Rlimit, RuntimeKind, SandboxSpec, VolumeMount, WindowSize,
};
pub use counters::{Counters, Meter};
pub use error::{Error, StartError, StartErrorKind};
pub use sandbox::{
    Adopted, Attached, Events, Sandbox, ShimCommand, Stats, Streams, place_in_cgroup, remove, remove_cgroups,
};
pub use signals::Signals;
pub use state::{ContainerState, ExecResult, Exit, Report, Started};

/// Tells whoever looks into the shim's log of something that went wrong. Nobody hears it when the disk is full: `eprintln!` would end the
/// shim for that, and with it the task.
pub(crate) fn complain(what: std::fmt::Arguments<'_>) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{what}\n"));
}
