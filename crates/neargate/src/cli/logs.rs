//! `neargate logs`: what containers wrote, read from the region's CloudWatch Logs.

mod source;
mod tail;
mod terminal;

use super::{DataDir, Failure, Output, region::Region};
use clap::Args;
use source::Source;
use std::{
    io::{self, IsTerminal},
    str::FromStr,
    time::Duration,
};
use tail::Tail;

const EXAMPLES: &str = "\
Examples:
  neargate logs task/4f2a                    # the id's beginning is enough
  neargate logs -f \"$TASK_ARN\" -c web        # as it comes, until the task has stopped
  neargate logs /ecs/web --since 10m         # every stream of a log group
  neargate logs /ecs/web --filter '{ $.level = \"error\" }'
  neargate logs task/4f2a --output json | jq -r .message

A stopped task's output is found by its id for as long as `aws ecs describe-tasks` knows the task, and in its log group after that. \
Patterns are CloudWatch Logs' filter patterns, as for `aws logs filter-log-events`.";

/// Print what a task's containers wrote, or what is in a log group.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Logs {
    #[command(flatten)]
    data_dir: DataDir,
    /// `task/ID`, a task's id or ARN, or the name of a log group
    #[arg(value_name = "TASK|GROUP")]
    what: String,
    /// Go on as more comes: until the task has stopped, or until Ctrl-C.
    #[arg(short, long)]
    follow: bool,
    /// Only this container of the task.
    #[arg(short, long, value_name = "CONTAINER")]
    container: Option<String>,
    /// Only what is not older: 30s, 10m, 2h, 1d.
    #[arg(long, value_name = "AGE")]
    since: Option<Age>,
    /// Only what matches a filter pattern.
    #[arg(long, value_name = "PATTERN")]
    filter: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

impl Logs {
    /// Prints it.
    pub fn run(self) -> Result<(), Failure> {
        let region = self.data_dir.region()?;
        super::runtime()?.block_on(self.print(&region))
    }

    async fn print(self, region: &Region) -> Result<(), Failure> {
        let source = Source::find(region, &self.what, self.container.as_deref()).await?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let since = self.since.map_or(Duration::ZERO, |Age(age)| now.saturating_sub(age));
        let terminal = io::stdout().is_terminal();
        let tail = Tail { region, source, filter: self.filter, output: self.output, terminal };
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        match tail.print(since, self.follow, &mut io::stdout().lock()).await {
            // Whoever read it has read enough.
            Err(tail::Stopped::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(tail::Stopped::Write(error)) => Err(Failure(format!("writing to standard output: {error}"))),
            Err(tail::Stopped::Read(failure)) => Err(failure),
            Ok(()) => Ok(()),
        }
    }
}

/// How long ago something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Age(Duration);

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number and s, m, h or d, such as 10m".to_owned();
        let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        number.checked_mul(seconds).map(|all| Self(Duration::from_secs(all))).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_a_unit() {
        assert_eq!("10m".parse(), Ok(Age(Duration::from_secs(600))));
        assert_eq!("1d".parse(), Ok(Age(Duration::from_secs(86_400))));
        for wrong in ["", "m", "10", "10x", "-1s", "1é", "99999999999999999999d"] {
            assert!(wrong.parse::<Age>().is_err(), "{wrong}");
        }
    }
}
