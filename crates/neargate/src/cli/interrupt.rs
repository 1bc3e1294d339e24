//! `neargate interrupt`: what becomes of a service when a task on Fargate Spot loses its capacity.

use super::{
    DataDir, Failure,
    from::place::{self, Place},
};
use agent::client::bytes;
use clap::Args;
use http::Method;
use spec::InterruptRequest;

const EXAMPLES: &str = "\
Examples:
  neargate interrupt task/4f2a
  neargate interrupt \"$(aws ecs list-tasks --service-name web --query 'taskArns[0]' --output text)\"

Its containers get SIGTERM at once and SIGKILL after their stopTimeout; the task's stopCode is SpotInterruption. Only tasks whose capacity \
provider is FARGATE_SPOT are interrupted.";

/// Interrupt a task on Fargate Spot.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Interrupt {
    #[command(flatten)]
    data_dir: DataDir,
    /// `task/ID`, where the beginning of the id is enough, or the task's ARN
    task: Place,
}

impl Interrupt {
    /// Has it interrupted.
    pub fn run(self) -> Result<(), Failure> {
        let region = self.data_dir.region()?;
        super::runtime()?.block_on(async {
            let tasks = region.tasks().await?;
            let found = place::find_task(&self.task, &tasks)?;
            let request = serde_json::to_string(&InterruptRequest { task: found.task.as_str().into() })?;
            let headers = [("content-type", "application/json")];
            region.send(Method::POST, "/_neargate/interrupt", &headers, bytes(request)).await?;
            println!("{}", found.arn);
            Ok(())
        })
    }
}
