//! What chapters share: the region, the commands they run and show, what they found, and what was proved so far.

use super::{region::Region, screen::Screen};
use crate::cli::Failure;
use serde_json::{Value, json};
use std::{
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// How long anything in the demonstration may take to come about.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for.
const PAUSE: Duration = Duration::from_millis(10);

/// A claim and whether it held.
pub struct Proof {
    /// What should be so.
    pub claim: String,
    /// Whether it is.
    pub held: bool,
    /// What was found instead.
    pub why: Option<String>,
}

/// The state of the telling.
pub struct Story {
    /// Where it is shown.
    pub screen: Screen,
    /// Where it happens.
    pub region: Arc<Region>,
    /// Whether the region is kept, so that the chapter that removes it is left out.
    pub keep: bool,
    /// What was proved so far.
    pub proofs: Vec<Proof>,
    /// What later chapters need of earlier ones.
    pub found: Found,
}

/// What later chapters need of earlier ones.
#[derive(Default)]
pub struct Found {
    /// A subnet of the default VPC.
    pub subnet: String,
    /// The security group of all tasks.
    pub group: String,
    /// The ARN of the first task.
    pub first: String,
    /// Its address.
    pub first_address: String,
    /// The ARNs of the copies.
    pub copies: Vec<String>,
    /// The networks of the four situations.
    pub networks: Networks,
    /// The tasks in them, in the order of their places.
    pub residents: Vec<Resident>,
}

/// The networks in which tasks are in one of four situations.
#[derive(Default)]
pub struct Networks {
    /// The VPC that has gateways and endpoints.
    pub vpc: String,
    /// Its route tables.
    pub route_tables: Vec<String>,
    /// The Elastic IP address of its NAT gateway.
    pub nat_address: String,
    /// The VPC that is peered with it.
    pub peered: String,
    /// Where tasks are to be put.
    pub places: Vec<Place>,
}

/// Where a task is to be put.
#[derive(Debug, Clone)]
pub struct Place {
    /// What the task is called.
    pub name: &'static str,
    /// Where that is, in a few words.
    pub words: &'static str,
    /// The subnet.
    pub subnet: String,
    /// The security group.
    pub group: String,
    /// Whether the task asks for a public address.
    pub public: bool,
    /// Whether a task is put there. Where no image could be pulled, a program of this machine's stands in for one, behind a network
    /// interface of its own.
    pub is_task: bool,
}

/// A task in one of the situations.
#[derive(Debug, Clone)]
pub struct Resident {
    /// What it is called.
    pub name: &'static str,
    /// Where it is, in a few words.
    pub words: &'static str,
    /// As `neargate from` takes it.
    pub vantage: String,
    /// Its private address.
    pub address: String,
    /// Its public address.
    pub public: Option<String>,
}

impl Found {
    /// One of the tasks in the four situations.
    pub fn resident(&self, name: &str) -> Result<&Resident, Failure> {
        let found = self.residents.iter().find(|resident| resident.name == name);
        found.ok_or_else(|| Failure(format!("there is no task {name}")))
    }
}

/// What a command came to.
pub struct Done {
    /// Whether it succeeded.
    pub success: bool,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub error: String,
}

impl Story {
    /// A story that has not begun.
    pub fn new(screen: Screen, region: Arc<Region>, keep: bool) -> Self {
        Self { screen, region, keep, proofs: Vec::new(), found: Found::default() }
    }

    /// Takes note of a claim; `found` is shown when it does not hold.
    pub fn prove(&mut self, claim: &str, held: bool, found: &str) {
        let why = (!held).then(|| format!("found: {found}"));
        self.note(Proof { claim: claim.to_owned(), held, why });
    }

    /// Takes note of something that went wrong.
    pub fn fail(&mut self, claim: &str, Failure(why): Failure) {
        self.note(Proof { claim: claim.to_owned(), held: false, why: Some(why) });
    }

    fn note(&mut self, proof: Proof) {
        self.screen.proof(&proof);
        self.proofs.push(proof);
    }

    /// Whether there was something to prove and all of it held.
    pub fn proved_everything(&self) -> bool {
        !self.proofs.is_empty() && self.proofs.iter().all(|proof| proof.held)
    }

    /// Runs the AWS CLI, shows the command, and returns what it printed.
    pub fn aws(&self, arguments: &[&str]) -> Result<Value, Failure> {
        self.screen.command(&shown("aws", arguments));
        self.aws_quietly(arguments)
    }

    /// Runs commands of the AWS CLI that don't need each other, at the same time, as each takes half a second to start. They are
    /// written as one would type them; no word of them has a space. A word that each prints.
    pub fn aws_all<const N: usize>(&self, commands: [String; N]) -> Result<[String; N], Failure> {
        commands.iter().for_each(|command| self.screen.command(&shown("aws", &words(command))));
        let answers: Vec<Result<Value, Failure>> = thread::scope(|scope| {
            let running = commands.each_ref().map(|command| scope.spawn(move || self.aws_quietly(&words(command))));
            let ended = running.map(|one| one.join());
            ended.into_iter().map(|one| one.unwrap_or_else(|_| Err(Failure("a thread ended".to_owned())))).collect()
        });
        let word = |answer| match answer {
            Value::String(word) => word,
            other => other.to_string(),
        };
        let answers: Vec<String> = answers.into_iter().map(|one| one.map(word)).collect::<Result<_, _>>()?;
        <[String; N]>::try_from(answers).map_err(|_| Failure("not every command was answered".to_owned()))
    }

    /// The same without showing it.
    pub fn aws_quietly(&self, arguments: &[&str]) -> Result<Value, Failure> {
        let done = run(self.aws_command().args(arguments))?;
        if !done.success {
            return Err(Failure(format!(
                "aws {}: {}",
                arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "),
                done.error.trim()
            )));
        }
        Ok(if done.output.trim().is_empty() { Value::Null } else { serde_json::from_str(&done.output)? })
    }

    /// The AWS CLI with nothing of the user's own configuration.
    fn aws_command(&self) -> Command {
        self.configured(Command::new("aws"))
    }

    fn configured(&self, mut aws: Command) -> Command {
        for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_CA_BUNDLE"] {
            aws.env_remove(name);
        }
        aws.envs([
            ("AWS_ENDPOINT_URL", self.region.url.as_str()),
            ("AWS_ACCESS_KEY_ID", "neargate"),
            ("AWS_SECRET_ACCESS_KEY", "neargate"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_DEFAULT_OUTPUT", "json"),
            ("AWS_PAGER", ""),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ]);
        aws
    }

    /// Runs a command of neargate's and shows it, without the directory that only matters here.
    pub fn neargate(&self, arguments: &[&str]) -> Result<Done, Failure> {
        self.screen.command(&shown("neargate", arguments));
        self.neargate_quietly(arguments)
    }

    /// The same without showing it.
    pub fn neargate_quietly(&self, arguments: &[&str]) -> Result<Done, Failure> {
        run(Command::new(&self.region.program).env("NEARGATE_DATA_DIR", self.region.data_dir()).args(arguments))
    }

    /// Copies an image with skopeo, with a login at the place it goes to, which is not shown.
    pub fn skopeo(&self, login: &str, from: &str, to: &str) -> Result<Done, Failure> {
        self.screen.command(&shown("skopeo", &["copy", "--dest-creds", "AWS:…", from, to]));
        let copy = ["copy", "--insecure-policy", "--dest-tls-verify=false", "--dest-creds", login, from, to];
        run(Command::new("skopeo").env("NO_PROXY", "127.0.0.1").args(copy))
    }

    /// Runs the AWS CLI inside a task's network, where it finds a service at the address its name leads to there.
    pub fn aws_from(&self, vantage: &str, service: &str, arguments: &[&str]) -> Result<Done, Failure> {
        let url = format!("http://{service}.us-east-1.amazonaws.com");
        let aws = [&["from", vantage, "--", "aws", "--endpoint-url", &url, service], arguments].concat();
        self.screen.command(&shown("neargate", &aws));
        let neargate = Command::new(&self.region.program);
        run(self.configured(neargate).env("NEARGATE_DATA_DIR", self.region.data_dir()).args(aws))
    }

    /// Asks until there is an answer; what `ask` returns last when there is none in time.
    pub fn until<T>(
        &self,
        what: &str,
        mut ask: impl FnMut() -> Result<Result<T, String>, Failure>,
    ) -> Result<T, Failure> {
        let end = Instant::now() + PATIENCE;
        loop {
            match ask()? {
                Ok(answer) => return Ok(answer),
                Err(last) if Instant::now() >= end => {
                    return Err(Failure(format!(
                        "{what} did not come about within {} s; last: {last}",
                        PATIENCE.as_secs()
                    )));
                }
                Err(_) => thread::sleep(PAUSE),
            }
        }
    }

    /// Waits until tasks have a `lastStatus`. Asks over the region's socket, as the AWS CLI takes half a second to start.
    pub fn reach(&self, tasks: &[String], status: &str) -> Result<(), Failure> {
        let (region, runtime) = (crate::cli::region::Region::new(self.region.data_dir()), crate::cli::runtime()?);
        self.until(&format!("{status} of {} tasks", tasks.len()), || {
            let answer = runtime.block_on(region.ecs("DescribeTasks", &json!({ "tasks": tasks })))?;
            let described = answer["tasks"].as_array().map(Vec::as_slice).unwrap_or_default();
            if described.len() == tasks.len() && described.iter().all(|task| task["lastStatus"] == status) {
                return Ok(Ok(()));
            }
            match described.iter().find(|task| task["lastStatus"] == "STOPPED") {
                Some(stopped) => {
                    Err(Failure(format!("a task is STOPPED: {} {}", stopped["stoppedReason"], stopped["containers"])))
                }
                None => Ok(Err(answer.to_string())),
            }
        })
    }

    /// Shows what the region complained of, when something did not hold.
    pub fn show_errors_of_region(&self) {
        let errors = self.region.errors();
        if !self.proved_everything() && !errors.trim().is_empty() {
            self.screen.say("What `neargate up` said on standard error:");
            self.screen.output(&errors);
        }
    }
}

/// The short form of a task's id in its ARN, enough to tell tasks apart.
pub fn short(arn: &str) -> &str {
    let id = arn.rsplit('/').next().unwrap_or(arn);
    id.get(..8).unwrap_or(id)
}

fn run(command: &mut Command) -> Result<Done, Failure> {
    let name = command.get_program().to_owned();
    let done = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure(format!("running {}: {error}", name.display())))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Done { success: done.status.success(), output: text(&done.stdout), error: text(&done.stderr) })
}

/// A command's words.
fn words(command: &str) -> Vec<&str> {
    command.split_whitespace().collect()
}

/// A command as it can be pasted into a shell.
fn shown(program: &str, arguments: &[&str]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    let quoted = arguments.iter().map(|word| match word {
        word if !word.is_empty() && word.chars().all(plain) => (*word).to_owned(),
        word => format!("'{}'", word.replace('\'', r"'\''")),
    });
    std::iter::once(program.to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_a_shell_takes_them() {
        assert_eq!(shown("aws", &["ecs", "run-task", "a b", "it's", ""]), r"aws ecs run-task 'a b' 'it'\''s' ''");
    }

    #[test]
    fn a_task_has_a_short_name() {
        assert_eq!(short("arn:aws:ecs:us-east-1:123456789012:task/default/0123456789abcdef"), "01234567");
        assert_eq!(short("x"), "x");
    }
}
