//! `neargate explain`: what the rules of a region's networks say of one flow, decision by decision, and what would let it through.
//!
//! - [`place`]: what can be asked about, and which addresses that is.
//! - [`replay`]: the packet as each decision saw it.
//! - [`text`]: a decision as a line.
//! - [`fix`]: what stops a flow as commands that let it through.
//! - [`stopped`]: tasks that failed to start, as if they were still there.
//! - [`report`]: all of it together.

mod fix;
mod place;
mod replay;
mod report;
mod stopped;
#[cfg(test)]
mod tests;
mod text;

pub use fix::Fix;
pub use stopped::unreached;

use super::{DataDir, Failure, Output, region::Placed};
use clap::{Args, ValueEnum};
use place::{Aim, Place};
use report::Question;
use std::process::ExitCode;
use vpc::{Topology, verdict::Transport};

const EXAMPLES: &str = "\
Examples:
  neargate explain task/4f2a task/9c1e:5432        # the ids' beginnings are enough
  neargate explain internet task/4f2a:80
  neargate explain task/4f2a 203.0.113.10:8000
  neargate explain task/4f2a logs:443              # AWS's own service, as the task's VPC resolves its name; also for a task
                                                   # that failed to start within the last hour
  neargate explain task/4f2a api.shop.local:80     # a name of AWS Cloud Map's, as the task's VPC resolves it
  neargate explain 10.0.0.5 eni-0123456789abcdef0 --protocol icmp
  neargate explain task/4f2a 10.0.1.7:53 --protocol udp --output json | jq .fix

Nothing is sent: the answer is the model's that the kernel's rules are made from. The exit code is 0 when the flow gets there \
and is answered, 1 when not, 2 when the question can't be answered.";

/// Explain whether one place reaches another, and what stops it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Explain {
    #[command(flatten)]
    data_dir: DataDir,
    /// Who begins: `internet`, `task/ID`, a task's ARN, a network interface's id, a private address or VPC/ADDRESS.
    #[arg(value_name = "FROM")]
    from: Place,
    /// Who is asked: the same, any address, a private DNS name, or an AWS service such as `logs`; with `:PORT`, but for ICMP.
    #[arg(value_name = "TO:PORT")]
    to: Aim,
    /// What is sent; for ICMP an echo request.
    #[arg(long, value_enum, default_value_t)]
    protocol: Protocol,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What can be asked about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// TCP to a port.
    #[default]
    Tcp,
    /// UDP to a port.
    Udp,
    /// An ICMP echo request.
    Icmp,
}

impl Protocol {
    /// The first packet's content.
    fn transport(self, port: Option<u16>) -> Result<Transport, Failure> {
        match (self, port) {
            (Self::Tcp, Some(port)) => Ok(Transport::tcp(port)),
            (Self::Udp, Some(port)) => Ok(Transport::udp(port)),
            (Self::Icmp, None) => Ok(Transport::PING),
            (Self::Icmp, Some(_)) => Err(Failure("ICMP has no ports: write TO without :PORT".to_owned())),
            (_, None) => Err(Failure("which port? Write TO:PORT, such as task/4f2a:80".to_owned())),
        }
    }
}

/// Whether a TCP connection from a place gets to `TO:PORT` and is answered, both as they are written on the command line.
///
/// # Errors
/// For what is not a place, or none that is there.
pub fn reaches(topology: &Topology, tasks: &[Placed], from: &str, to: &str) -> Result<bool, Failure> {
    let (from, to): (Place, Aim) = (from.parse()?, to.parse()?);
    let transport = Protocol::Tcp.transport(to.port)?;
    Ok(Question::new(topology, tasks, &from, &to.place, transport)?.answer().reachable)
}

impl Explain {
    /// Asks, thinks and prints; whether the flow gets through is the exit code.
    pub fn run(self) -> Result<ExitCode, Failure> {
        let transport = self.protocol.transport(self.to.port)?;
        let region = self.data_dir.region()?;
        let (mut topology, mut tasks, gone, zones) = super::runtime()?.block_on(async {
            let topology = region.topology().await?;
            Ok::<_, Failure>((topology, region.tasks().await?, region.stopped().await?, region.zones().await?))
        })?;
        stopped::put_back(&mut topology, &mut tasks, &gone, &self.from);
        let to = match &self.to.place {
            Place::Name(name) => {
                let (origin, _) = place::source(&topology, &tasks, &self.from)?;
                place::looked_up(&topology, &zones, name, &origin)?
            }
            place => place.clone(),
        };
        let question = Question::new(&topology, &tasks, &self.from, &to, transport)?;
        let mut report = question.answer();
        if region.has_uplink() {
            report = report.with_uplink();
        }
        match self.output {
            Output::Json => println!("{}", serde_json::to_string_pretty(&report)?),
            Output::Text => print!("{report}"),
        }
        Ok(if report.reachable { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}
