//! The shell around [`control`]: what waits, keeps, listens and tells the time, so that the control plane need not.
//!
//! | module | what |
//! |---|---|
//! | [`journal`] | keeps committed records: in memory, or in one redb file |
//! | [`core`] | the one thread that owns the state: batches events, keeps what they changed, publishes |
//! | `http` | listens: TCP for AWS clients, a unix socket for hosts and the CLI, another one for what tasks send to AWS's services |
//! | `errands` | what records need of the world outside the state, run as long as it is due |
//! | `certificates` | issuing what AWS Certificate Manager is asked for |
//! | `tls` | certificates for AWS's names and public registries' |
//! | `sync` | tells hosts what they should run and takes what they say |
//! | `logs` | the operations of CloudWatch Logs that need events |
//! | `mirror` | images: loading them, and answering pulls of hosts |
//! | `registry` | Amazon ECR: layers and manifests, pushes and pulls (OCI distribution) |
//! | `s3` | Amazon S3 |
//! | `stacks` | what stacks of AWS CloudFormation need of that |
//! | `status`, `networks`, `reset` | what the CLI asks for |
//!
//! Absent: any decision about a resource (that is `control`'s), and anything of a host (that is the agent's).

#![forbid(unsafe_code)]
#![deny(clippy::print_stderr)]

mod access_logs;
mod app;
mod certificates;
mod clock;
mod cloudwatch;
mod config;
pub mod core;
mod durable;
mod errands;
mod error;
mod http;
pub mod journal;
mod key;
mod lock;
mod logs;
mod mirror;
mod networks;
mod prometheus;
mod registry;
mod reset;
mod s3;
mod stacks;
mod start;
mod status;
mod sync;
mod tls;

pub use config::{Config, Limits};
pub use error::Error;
pub use start::{AWS_SOCKET, SOCKET, Server, start};

/// Tells whoever runs the server of something that went wrong. Nobody hears it when standard error is on a disk that is full: `eprintln!`
/// would end the thread for that.
pub(crate) fn complain(what: std::fmt::Arguments<'_>) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("neargate: {what}\n"));
}
