//! The command line: what can be said, and which file answers it.

mod deploy;
mod down;
mod env;
mod exec;
pub mod explain;
mod from;
mod image;
mod interrupt;
mod logs;
pub mod region;
pub mod services;
mod status;
mod up;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{
    fmt, fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// AWS Fargate on any Linux machine: real containers, real network namespaces, real packets.
///
/// Start a region with `neargate up`, point an AWS client at it with `eval "$(neargate env)"`, and use it as you would use AWS:
///
///   neargate image load nginx.tar            # what `docker save nginx` wrote
///   aws ecs create-cluster
///   aws ecs register-task-definition --cli-input-json file://task.json
///   aws ecs run-task --task-definition myapp --launch-type FARGATE --network-configuration …
///   neargate from task/ID -- curl http://127.0.0.1/
///
/// `neargate down` takes everything it made off the machine again.
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a region in the foreground, until SIGTERM or Ctrl-C. Tasks go on running after it; the next `up` takes them over.
    Up(up::Up),
    /// Stop a region and take every task, namespace, mount, cgroup and rule it made off this machine. Its records stay.
    Down(down::Down),
    /// Deploy a CloudFormation template: make its stack, or make a stack that is there what the template says now.
    Deploy(deploy::Deploy),
    /// Print the environment that points AWS clients at a region, for `eval "$(neargate env)"`.
    Env(env::Env),
    /// Show a region's networks with their gateways, its services with their deployments, and its tasks: where and how they are.
    Status(status::Status),
    /// Print what a task's containers wrote, or what is in a log group.
    Logs(logs::Logs),
    /// Run a command inside a task's container, with a terminal if there is one.
    Exec(exec::Exec),
    /// Put container images where tasks find them, without a registry.
    Image(image::Image),
    /// Run a command of this machine inside the network of a task, of an interface or of the internet.
    From(from::From),
    /// Explain whether one place reaches another, decision by decision, and what would let it through.
    Explain(explain::Explain),
    /// Interrupt a task on Fargate Spot, as AWS does when it needs the capacity back.
    Interrupt(interrupt::Interrupt),
    /// Show the main things at work, end to end, in a region of its own; prints what was proved.
    Demo(crate::demo::Demo),
    /// What the containers of the demonstration run.
    #[command(hide = true)]
    DemoApp(crate::demo::App),
    /// The parent process of a task's containers.
    #[command(hide = true)]
    Shim(Shim),
    /// The process that load balancers live in, and that of a task's proxy of Service Connect.
    #[command(hide = true)]
    Balancer(Balancer),
}

/// Arguments of the hidden `shim` command, which the containers crate reads itself.
#[derive(Args)]
struct Shim {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<std::ffi::OsString>,
}

/// Arguments of the hidden `balancer` command.
#[derive(Args)]
struct Balancer {
    /// The directory it keeps its socket in.
    directory: PathBuf,
    /// How many threads it serves with; as many as there are processors without.
    #[arg(long)]
    threads: Option<std::num::NonZeroUsize>,
}

/// Where a region keeps everything.
#[derive(Args, Clone)]
pub struct DataDir {
    /// The directory that holds everything durable of the region.
    #[arg(
        long = "data-dir",
        value_name = "DIR",
        default_value = "/var/lib/neargate",
        env = "NEARGATE_DATA_DIR",
        global = true
    )]
    path: PathBuf,
}

impl DataDir {
    /// The directory as an absolute path without symbolic links, by which everything on the machine is named; `None` when it does
    /// not exist.
    pub fn find(&self) -> Result<Option<PathBuf>, Failure> {
        match self.path.canonicalize() {
            Ok(path) => Ok(Some(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unusable(&error)),
        }
    }

    /// The same, made if need be, for its owner only.
    pub fn make(&self) -> Result<PathBuf, Failure> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        let path = made.and_then(|()| self.path.canonicalize()).map_err(|error| self.unusable(&error))?;
        self.close(&path)?;
        Ok(path)
    }

    /// Lets nobody into it but its owner. In it are tasks' files as their containers made them, set-user-ID programs of root's among them,
    /// which whoever comes near them can run.
    fn close(&self, path: &Path) -> Result<(), Failure> {
        let (shown, about) = (path.display(), fs::metadata(path).map_err(|error| self.unusable(&error))?);
        if about.uid() != rustix::process::geteuid().as_raw() {
            return Err(Failure(format!(
                "the data directory {shown} belongs to user {}, who could change everything in it: change its owner, or choose another with --data-dir",
                about.uid()
            )));
        }
        if about.mode() & 0o077 == 0 {
            return Ok(());
        }
        let empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if !path.join(region::INSTANCE).exists() && !empty() {
            return Err(Failure(format!(
                "others than its owner may enter the data directory {shown}, which holds something else: chmod 700 {shown}, or choose another with --data-dir"
            )));
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|error| self.unusable(&error))
    }

    /// The region that keeps its things there, to ask it something.
    pub fn region(&self) -> Result<region::Region, Failure> {
        let found = self.find()?;
        let path = found.ok_or_else(|| {
            Failure(format!(
                "there is no {}: start a region with `neargate up`, or name its directory with --data-dir",
                self.path.display()
            ))
        })?;
        Ok(region::Region::new(path))
    }

    fn unusable(&self, error: &io::Error) -> Failure {
        Failure(format!(
            "the data directory {} can't be used: {error}. Choose another with --data-dir",
            self.path.display()
        ))
    }
}

/// How to print.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Why a command failed, in one line that says what to do.
#[derive(Debug)]
pub struct Failure(pub String);

impl<E: fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The only one of what was found under a name whose beginning is enough.
fn only<T>(
    found: impl IntoIterator<Item = T>,
    name: impl fmt::Display,
    whole: impl Fn(&T) -> &str,
    missing: impl FnOnce() -> String,
) -> Result<T, Failure> {
    let mut found: Vec<T> = found.into_iter().collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(Failure(missing())),
        (Some(last), false) => {
            let all: Vec<&str> = found.iter().chain([&last]).map(whole).collect();
            Err(Failure(format!("{name} may be any of {}: write more of the id", all.join(", "))))
        }
    }
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Up(up) => up.run(),
        Command::Down(down) => down.run(),
        Command::Env(env) => env.run(),
        Command::Status(status) => status.run(),
        Command::Interrupt(interrupt) => interrupt.run(),
        Command::Logs(logs) => logs.run(),
        Command::Image(image) => image.run(),
        Command::Exec(exec) => return exec.run().unwrap_or_else(exec::not_run),
        Command::From(from) => return from.run().unwrap_or_else(failed),
        Command::Deploy(deploy) => return deploy.run().unwrap_or_else(not_begun),
        Command::Explain(explain) => return explain.run().unwrap_or_else(no_answer),
        Command::Demo(demo) => return demo.run().unwrap_or_else(failed),
        Command::DemoApp(app) => app.run(),
        Command::Balancer(balancer) => return balancer::process::main(&balancer.directory, balancer.threads),
        Command::Shim(shim) => return containers::shim::main(&shim.arguments),
    };
    done.map_or_else(failed, |()| ExitCode::SUCCESS)
}

fn failed(Failure(why): Failure) -> ExitCode {
    eprintln!("neargate: {why}");
    ExitCode::FAILURE
}

/// For a command that says by 1 that what it began failed.
fn not_begun(failure: Failure) -> ExitCode {
    failed(failure);
    ExitCode::from(2)
}

/// For a command whose failure is an answer too: that there is none.
fn no_answer(failure: Failure) -> ExitCode {
    failed(failure);
    ExitCode::from(2)
}

/// A runtime for one command's calls.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_gets_into_a_data_directory() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        let open = |name: &str| {
            let path = dir.path().canonicalize().unwrap().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let make = |path: &Path| DataDir { path: path.to_owned() }.make().map_err(|Failure(why)| why);
        let new = dir.path().canonicalize().unwrap().join("a/b");
        assert_eq!((make(&new), mode(&new)), (Ok(new.clone()), 0o700));
        let empty = open("empty");
        assert_eq!((make(&empty), mode(&empty)), (Ok(empty.clone()), 0o700));
        let ours = open("ours");
        fs::write(ours.join(region::INSTANCE), "").unwrap();
        assert_eq!((make(&ours), mode(&ours)), (Ok(ours.clone()), 0o700));
        let others = open("others");
        fs::write(others.join("file"), "").unwrap();
        let refused = make(&others).unwrap_err();
        assert!(refused.contains("chmod 700"), "{refused}");
        assert_eq!(mode(&others), 0o755, "what is not ours is left as it is");
    }
}
