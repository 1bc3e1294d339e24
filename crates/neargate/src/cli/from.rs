//! `neargate from`: a command of this machine inside the network of a task, of an interface or of the internet.

mod enter;
mod names;
pub mod place;

use super::{DataDir, Failure};
use clap::Args;
use network::NamespaceName;
use place::{Place, Vantage};
use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
};

const EXAMPLES: &str = "\
Examples:
  neargate from task/4f2a -- curl http://127.0.0.1:80/   # the id's beginning is enough
  neargate from task/4f2a/web -- ip route                # its containers share it
  neargate from \"$TASK_ARN\" -- getent hosts logs.us-east-1.amazonaws.com
  neargate from internet -- curl http://198.18.0.5/      # as a client anywhere in the world
  neargate from internet -- python3 -m http.server --bind 203.0.113.10 80
  neargate from eni-0123456789abcdef0 -- nc -l 8080      # a machine of your own in a subnet

The internet is a host at 203.0.113.10; other addresses there are AWS's services. An interface that no task has is a machine \
without anything on it, and a NAT gateway's shows what goes through the gateway; what is behind an interface endpoint is AWS's.

Programs, files and users are this machine's; interfaces, addresses, routes, firewall, loopback, /etc/hosts and \
/etc/resolv.conf are the vantage point's. The command's exit code is passed on.";

/// Run a command of this machine inside the network of a task, of an interface or of the internet.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct From {
    #[command(flatten)]
    data_dir: DataDir,
    /// `task/ID[/CONTAINER]`, a task's ARN, a network interface's id, or `internet`
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
        let runtime = super::runtime()?;
        let tasks = runtime.block_on(region.tasks())?;
        let topology = runtime.block_on(region.topology())?;
        let instance = region.instance();
        match place::find(&self.place, &tasks, &topology)? {
            Vantage::Task(task) => {
                let id = spec::TaskId::from(task.task.as_str());
                let namespace = present(&instance.task(&id), &format!("task {id}"))?;
                enter::enter(&namespace, &agent::files::directory(&region.data_dir, &id))?;
            }
            Vantage::Interface(id, vpc) => {
                let namespace = present(&instance.interface(id), id)?;
                names::of_interface(vpc, &topology.region)?.within(|files| enter::enter(&namespace, files))?;
            }
            Vantage::Internet => {
                let namespace = present(&instance.internet(), "the internet")?;
                names::of_internet()?.within(|files| enter::enter(&namespace, files))?;
            }
        }
        Ok(become_command(&self.command))
    }
}

/// The file of a namespace that is there.
fn present(name: &NamespaceName, whose: &str) -> Result<PathBuf, Failure> {
    let path = name.path();
    if path.exists() {
        return Ok(path);
    }
    Err(Failure(format!("{whose} has no network on this machine yet, or no longer: see `neargate status`")))
}

/// Failures have the exit codes shells give them.
fn become_command(command: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else { return ExitCode::FAILURE };
    let error = Command::new(program).args(arguments).exec();
    eprintln!("neargate: running {}: {error}", program.display());
    ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}
