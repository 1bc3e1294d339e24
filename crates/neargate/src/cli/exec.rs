//! `neargate exec`: a command inside a task's container.
//!
//! The region is asked where the task is and nothing else; the command is begun by the task's shim, which hands over the other ends of its
//! standard streams.

mod relay;
mod terminal;

use super::{
    DataDir, Failure,
    from::place::{self, Place},
    region::Placed,
};
use clap::Args;
use containers::{Error, Sandbox};
use std::{collections::BTreeMap, process::ExitCode, str::FromStr};
use terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  neargate exec 4f2a -- sh                              # the id's beginning is enough
  neargate exec \"$TASK_ARN\" -c web -- ps aux
  neargate exec task/4f2a -u 1000 -- id
  neargate exec 4f2a -- tar -c /var/lib/app > app.tar   # streams are passed on as they are
  echo 'select 1' | neargate exec 4f2a -- psql

The command sees what the container's own process sees, and has its environment, user, working directory, limits and capabilities. When \
standard input and output are a terminal it gets one too. It ends when this ends, by whatever hand, and when the container does.

The exit code is the command's; 128 + N if signal N ended it, 127 if there is no such program, 126 if it can't be executed, 125 if neargate \
could not get there.";

/// The exit code when the command was not begun for another reason than itself, as Docker has it.
const NOT_RUN: u8 = 125;
/// What a command has ended with that was killed.
const KILLED: i32 = 137;

/// Run a command inside a task's container, with a terminal if there is one.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Exec {
    #[command(flatten)]
    data_dir: DataDir,
    /// A task's id or its beginning, `task/ID`, or its ARN
    #[arg(value_name = "TASK")]
    task: Named,
    /// Which of the task's containers. Not needed where there is one, or one that is essential.
    #[arg(short, long, value_name = "CONTAINER")]
    container: Option<String>,
    /// As another user than the container's: user, uid, user:group or uid:gid.
    #[arg(short, long, value_name = "USER")]
    user: Option<String>,
    /// Give the command no terminal, even if there is one here.
    #[arg(short = 'T', long)]
    no_terminal: bool,
    /// What to run there, after `--`.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<String>,
}

impl Exec {
    /// Runs it and passes everything on until it has ended.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let region = self.data_dir.region()?;
        let tasks = super::runtime()?.block_on(region.tasks())?;
        let task = place::find_task(&self.task.0, &tasks)?;
        let container = choose(task, self.container.as_deref())?;
        let sandbox = Sandbox::open(&agent::task_dir(&region.data_dir, &task.task.as_str().into()))?
            .ok_or_else(|| Failure(format!("nothing of task {} runs here yet, or any more", task.task)))?;
        let terminal = if self.no_terminal { None } else { Terminal::find()? };
        // What is displayed is displayed here.
        let kind = terminal.as_ref().and_then(|_| std::env::var("TERM").ok());
        let exec = containers::Exec {
            argv: self.command,
            user: self.user,
            env: kind.map(|kind| BTreeMap::from([("TERM".to_owned(), kind)])).unwrap_or_default(),
            ..containers::Exec::default()
        };
        let size = terminal.as_ref().map(|_| terminal::size());
        let ended = match sandbox.attach(container, &exec, size) {
            Ok((attached, streams)) => relay::relay(attached, streams, terminal),
            Err(error) => Err(error),
        };
        match ended {
            Ok(code) => Ok(exit(code)),
            Err(Error::Start(why)) if matches!(why.kind.exit_code(), 126 | 127) => {
                eprintln!("neargate: {why}");
                Ok(exit(why.kind.exit_code()))
            }
            Err(Error::NotRunning(_)) => {
                Err(Failure(format!("container {container} of task {} is not running", task.task)))
            }
            Err(Error::Gone) => {
                eprintln!("neargate: task {} has ended, and the command with it", task.task);
                Ok(exit(KILLED))
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Says why no command was run.
pub fn not_run(failure: Failure) -> ExitCode {
    super::failed(failure);
    ExitCode::from(NOT_RUN)
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// A task as the command line names it.
#[derive(Debug, Clone)]
struct Named(Place);

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = !text.is_empty() && !text.contains(['/', ':']) && !text.starts_with("eni-");
        let place = if plain { format!("task/{text}").parse() } else { text.parse() };
        match place {
            Ok(place @ (Place::Task { container: None, .. } | Place::Arn(_) | Place::Interface(_))) => Ok(Self(place)),
            Ok(Place::Task { .. }) => Err("name the container with -c".to_owned()),
            _ => Err("write a task's id or its beginning, task/ID, or its ARN".to_owned()),
        }
    }
}

/// The container that is meant.
fn choose<'a>(task: &'a Placed, wanted: Option<&'a str>) -> Result<&'a str, Failure> {
    let all = || task.containers.join(", ");
    match (wanted, task.containers.as_slice(), task.essential_containers.as_slice()) {
        (Some(name), containers, _) if containers.iter().any(|container| container == name) => Ok(name),
        (Some(name), ..) => Err(Failure(format!("task {} has no container {name}; it has {}", task.task, all()))),
        (None, [one], _) | (None, _, [one]) => Ok(one),
        (None, ..) => Err(Failure(format!("task {} has {}: choose one with -c", task.task, all()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(containers: &[&str], essential: &[&str]) -> Placed {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Placed {
            task: "4f2a".to_owned(),
            arn: String::new(),
            vpc: String::new(),
            network_interface: String::new(),
            private_address: None,
            containers: own(containers),
            essential_containers: own(essential),
        }
    }

    #[test]
    fn the_only_container_or_the_only_essential_one_is_meant() {
        assert_eq!(choose(&task(&["web"], &["web"]), None).unwrap(), "web");
        let two = task(&["init", "web"], &["web"]);
        assert_eq!(choose(&two, None).unwrap(), "web");
        assert_eq!(choose(&two, Some("init")).unwrap(), "init");
        assert_eq!(choose(&two, Some("db")).unwrap_err().0, "task 4f2a has no container db; it has init, web");
        let both = task(&["a", "b"], &["a", "b"]);
        assert_eq!(choose(&both, None).unwrap_err().0, "task 4f2a has a, b: choose one with -c");
    }

    #[test]
    fn tasks_are_named_with_and_without_their_kind() {
        let named = |text: &str| text.parse::<Named>().map(|named| named.0.to_string());
        assert_eq!(named("4f2a"), Ok("task/4f2a".to_owned()));
        assert_eq!(named("task/4f2a"), Ok("task/4f2a".to_owned()));
        let arn = "arn:aws:ecs:us-east-1:123456789012:task/default/4f2a";
        assert_eq!(named(arn), Ok(arn.to_owned()));
        assert!(named("task/4f2a/web").unwrap_err().contains("-c"));
        assert_eq!(named("internet"), Ok("task/internet".to_owned()), "no task's id begins so");
        for wrong in ["", "task/", "a/b", "task/a/b/c"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}
