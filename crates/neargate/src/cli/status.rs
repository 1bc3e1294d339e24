//! `neargate status`: a region, its networks, its services, and the tasks it has on this machine.

mod networks;

use super::{
    DataDir, Failure, Output,
    explain::{Fix, unreached},
    region::{Placed, Region, Stopped},
    services::{Service, services},
};
use clap::Args;
use networks::Network;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, path::PathBuf};
use vpc::Topology;

const EXAMPLES: &str = "\
Examples:
  neargate status
  neargate status --output json | jq '.tasks[].address'
  neargate status --output json | jq '.vpcs[].natGateways[].metrics'";

/// The most tasks that DescribeTasks takes.
const DESCRIBED_AT_ONCE: usize = 100;

/// How many tasks that failed to start are shown as text, the latest: a loop of them would hide everything else.
const FAILED_SHOWN: usize = 3;

/// Show the networks, the services and the tasks of a region.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Status {
    #[command(flatten)]
    data_dir: DataDir,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// All there is to say.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    url: String,
    region: String,
    account: String,
    /// What the names of everything on this machine begin with.
    instance: String,
    data_directory: PathBuf,
    process_id: u32,
    uptime_seconds: u64,
    vpcs: Vec<Network>,
    services: Vec<Service>,
    tasks: Vec<Task>,
    failed_to_start: Vec<Failed>,
}

/// A task that failed to start within the last hour.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    task: String,
    arn: String,
    stopped_reason: String,
    /// What keeps it from where it could not get to, where that is why.
    fix: Option<Fix>,
}

/// What the server says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    region: String,
    account: String,
    process_id: u32,
    uptime_seconds: u64,
}

/// One task: where it is, from the host's side, and how it is, from Amazon ECS's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    task: String,
    arn: String,
    last_status: String,
    health_status: String,
    address: Option<String>,
    network_interface: String,
    vpc: String,
    containers: Vec<Container>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    last_status: String,
    health_status: String,
}

impl Status {
    /// Asks and prints.
    pub fn run(self) -> Result<(), Failure> {
        let region = self.data_dir.region()?;
        let report = super::runtime()?.block_on(report(region))?;
        match self.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
            Output::Text => print!("{}", text(&report)),
        }
        Ok(())
    }
}

async fn report(region: Region) -> Result<Report, Failure> {
    let Told { region: name, account, process_id, uptime_seconds } = region.get("/_neargate/status").await?;
    let vpcs = networks::networks(&region).await?;
    let placed = region.tasks().await?;
    let described = describe(&region, &placed).await?;
    let (stopped, topology) = (region.stopped().await?, region.topology().await?);
    let failed_to_start = stopped.into_iter().map(|gone| failed(&topology, gone)).collect();
    let services = services(&region).await?;
    let tasks = placed.into_iter().map(|placed| task(placed, &described)).collect();
    let instance = region.instance().prefix().to_owned();
    Ok(Report {
        url: region.url()?,
        region: name,
        account,
        instance,
        data_directory: region.data_dir,
        process_id,
        uptime_seconds,
        vpcs,
        services,
        tasks,
        failed_to_start,
    })
}

fn failed(topology: &Topology, gone: Stopped) -> Failed {
    let fix = unreached(topology, &gone);
    Failed { task: gone.task, arn: gone.arn, stopped_reason: gone.stopped_reason, fix }
}

/// Amazon ECS's descriptions of tasks, by ARN.
async fn describe(region: &Region, placed: &[Placed]) -> Result<BTreeMap<String, Value>, Failure> {
    let mut by_cluster: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for task in placed {
        by_cluster.entry(cluster(&task.arn)).or_default().push(&task.arn);
    }
    let mut described = BTreeMap::new();
    for (cluster, arns) in by_cluster {
        for some in arns.chunks(DESCRIBED_AT_ONCE) {
            let answer = region.ecs("DescribeTasks", &json!({ "cluster": cluster, "tasks": some })).await?;
            let tasks = answer["tasks"].as_array().into_iter().flatten();
            described.extend(tasks.map(|task| (string(task, "taskArn"), task.clone())));
        }
    }
    Ok(described)
}

/// The cluster in a task's ARN: `arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID`.
fn cluster(arn: &str) -> &str {
    arn.split('/').nth(1).unwrap_or("default")
}

fn task(placed: Placed, described: &BTreeMap<String, Value>) -> Task {
    let seen = described.get(&placed.arn).unwrap_or(&Value::Null);
    let containers = seen["containers"].as_array().into_iter().flatten();
    let containers = containers.map(|one| Container {
        name: string(one, "name"),
        last_status: string(one, "lastStatus"),
        health_status: string(one, "healthStatus"),
    });
    Task {
        last_status: string(seen, "lastStatus"),
        health_status: string(seen, "healthStatus"),
        containers: containers.collect(),
        task: placed.task,
        arn: placed.arn,
        address: placed.private_address,
        network_interface: placed.network_interface,
        vpc: placed.vpc,
    }
}

fn string(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or("UNKNOWN").to_owned()
}

fn text(report: &Report) -> String {
    let mut out = format!("Region {} at {}, account {}\n", report.region, report.url, report.account);
    out += &format!(
        "Process {}, in {}; its namespaces and cgroups are named {}…\n",
        report.process_id,
        report.data_directory.display(),
        report.instance
    );
    out += "\n";
    report.vpcs.iter().for_each(|vpc| out += &vpc.to_string());
    report.services.iter().flat_map(|one| std::iter::once(String::new()).chain(one.tree())).for_each(|line| {
        out += &line;
        out.push('\n');
    });
    out += &running(&report.tasks);
    report.failed_to_start.iter().take(FAILED_SHOWN).for_each(|task| out += &task.to_string());
    match report.failed_to_start.len().saturating_sub(FAILED_SHOWN) {
        0 => {}
        more => out += &format!("\n{more} more failed to start within the last hour: see --output json.\n"),
    }
    out
}

fn running(tasks: &[Task]) -> String {
    if tasks.is_empty() {
        return "\nNo task runs.\n".to_owned();
    }
    let mut rows = vec![["TASK", "STATUS", "HEALTH", "ADDRESS", "VPC", "CONTAINERS"].map(str::to_owned)];
    rows.extend(tasks.iter().map(|task| {
        let containers: Vec<String> =
            task.containers.iter().map(|one| format!("{} {}", one.name, one.last_status)).collect();
        let address = task.address.clone().unwrap_or_else(|| "-".to_owned());
        [
            task.task.clone(),
            task.last_status.clone(),
            task.health_status.clone(),
            address,
            task.vpc.clone(),
            containers.join(", "),
        ]
    }));
    "\n".to_owned() + &columns(&rows)
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nTask {} failed to start: {}", self.task, self.stopped_reason)?;
        let Some(fix) = &self.fix else { return Ok(()) };
        writeln!(f, "  {}", fix.why)?;
        fix.commands.iter().try_for_each(|command| writeln!(f, "    {command}"))
    }
}

/// Rows with each column as wide as its widest cell.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.chars().count().max(*width));
    }
    let line =
        |row: &[String; N]| row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect::<String>();
    rows.iter().map(|row| line(row).trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a", "bb"].map(str::to_owned), ["aaa", "b"].map(str::to_owned)];
        assert_eq!(columns(&rows), "a    bb\naaa  b\n");
    }

    #[test]
    fn a_task_nobody_describes_is_shown_all_the_same() {
        let placed = Placed {
            task: "1".to_owned(),
            arn: "arn:aws:ecs:us-east-1:123456789012:task/prod/1".to_owned(),
            vpc: "vpc-1".to_owned(),
            network_interface: "eni-1".to_owned(),
            private_address: Some("10.0.0.4".to_owned()),
            containers: vec!["web".to_owned()],
            essential_containers: Vec::new(),
        };
        assert_eq!(cluster(&placed.arn), "prod");
        assert_eq!(task(placed, &BTreeMap::new()).last_status, "UNKNOWN");
    }
}
