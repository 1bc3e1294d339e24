//! `neargate from`: a command of this machine inside a task's network.

mod enter;
mod place;

use super::{DataDir, Failure};
use clap::Args;
use place::Place;
use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

const EXAMPLES: &str = "\
Examples:
  neargate from task/4f2a -- curl http://127.0.0.1:80/   # the id's beginning is enough
  neargate from task/4f2a/web -- ip route                # its containers share it
  neargate from \"$TASK_ARN\" -- getent hosts example.com
  neargate from eni-0123456789abcdef0 -- ss -tln

Programs, files and users are this machine's; interfaces, addresses, routes, firewall, loopback, /etc/hosts and \
/etc/resolv.conf are the task's. The command's exit code is passed on.";

/// Run a command of this machine inside the network of a task or an interface.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct From {
    #[command(flatten)]
    data_dir: DataDir,
    /// `task/ID[/CONTAINER]`, a task's ARN, or a network interface's id
    #[arg(value_name = "VANTAGE-POINT")]
    place: Place,
    /// What to run there, after `--`.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl From {
    /// Becomes the command; returns only when that fails.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let region = self.data_dir.region()?;
        let tasks = super::runtime()?.block_on(region.tasks())?;
        let task = place::find(&self.place, &tasks)?;
        let id = spec::TaskId::from(task.task.as_str());
        let namespace = region.instance().task(&id).path();
        if !namespace.exists() {
            return Err(Failure(format!("task {id} has no network yet, or no longer: see `neargate status`")));
        }
        enter::enter(&namespace, &agent::files::directory(&region.data_dir, &id))?;
        Ok(become_command(&self.command))
    }
}

/// Failures have the exit codes shells give them.
fn become_command(command: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else { return ExitCode::FAILURE };
    let error = Command::new(program).args(arguments).exec();
    eprintln!("neargate: running {}: {error}", program.display());
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}
