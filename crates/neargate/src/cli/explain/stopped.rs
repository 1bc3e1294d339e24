//! Tasks that failed to start: where they could not get to, and why. Their interfaces are gone, but what they were is known.

use super::{fix::Fix, place::Place, report::Question};
use crate::cli::region::{Placed, Stopped};
use vpc::{AWS_SERVICES, AwsService, Topology, verdict::Transport};

/// Puts the task that a question is asked for back into the networks, if it is one that failed to start and nobody has its address now.
pub fn put_back(topology: &mut Topology, tasks: &mut Vec<Placed>, stopped: &[Stopped], place: &Place) {
    let is_it = |task: &str, arn: &str| match place {
        Place::Task(id) => task.starts_with(id.as_str()),
        Place::Arn(text) => arn == text,
        _ => false,
    };
    if tasks.iter().any(|live| is_it(&live.task, &live.arn)) {
        return;
    }
    for gone in stopped.iter().filter(|gone| is_it(&gone.task, &gone.arn)) {
        put(topology, gone);
        tasks.push(gone.placed());
    }
}

fn put(topology: &mut Topology, gone: &Stopped) {
    if let Some(vpc) = topology.vpcs.get_mut(gone.vpc.as_str())
        && vpc.interface_at(gone.interface.private_ip).is_none()
    {
        vpc.interfaces.insert(gone.network_interface.as_str().into(), gone.interface.clone());
    }
}

/// What kept a task from where its `stoppedReason` says that it could not get to. `None` where it names no such place, or where the way
/// is open now.
pub fn unreached(topology: &Topology, gone: &Stopped) -> Option<Fix> {
    let (place, port) = aim(&gone.stopped_reason)?;
    let mut topology = topology.clone();
    put(&mut topology, gone);
    let tasks = [gone.placed()];
    let from = Place::Arn(gone.arn.clone());
    Question::new(&topology, &tasks, &from, &place, Transport::tcp(port)).ok()?.answer().fix
}

/// Where somebody could not get to, in AWS's words.
fn aim(reason: &str) -> Option<(Place, u16)> {
    let dialled = reason.split("dial tcp ").nth(1).and_then(|rest| rest.split(": ").next());
    if let Some(address) = dialled.and_then(|text| text.parse::<std::net::SocketAddr>().ok()) {
        // A name that led to a service leads to its endpoint as soon as there is one.
        let service = AWS_SERVICES.iter().find(|service| service.address() == address.ip());
        return Some((service.map_or(Place::Address(None, address.ip()), Place::Service), address.port()));
    }
    let services =
        [("Amazon CloudWatch", "logs"), ("AWS Systems Manager", "ssm"), ("AWS Secrets Manager", "secretsmanager")];
    let connection = reason.contains("There is a connection issue");
    let (_, service) = services.into_iter().find(|(words, _)| connection && reason.contains(words))?;
    Some((Place::Service(AwsService::named(service)?), 443))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_where_it_did_not_get_to() {
        let dialled = "CannotPullContainerError: …: failed to do request: Head \"https://registry-1.docker.io/v2/\": dial tcp 203.0.113.20:443: i/o timeout";
        assert_eq!(aim(dialled), Some((Place::Address(None, "203.0.113.20".parse().unwrap()), 443)));
        let ecr = "…: request send failed, Post \"https://api.ecr.us-east-1.amazonaws.com/\": dial tcp 198.19.254.96:443: i/o timeout.";
        assert_eq!(aim(ecr), Some((Place::Service(AwsService::named("ecr.api").unwrap()), 443)));
        let logs = "ResourceInitializationError: …There is a connection issue between the task and Amazon CloudWatch. Check your network configuration. : signal: killed";
        assert_eq!(aim(logs).unwrap().0.to_string(), "logs");
        assert_eq!(aim("CannotPullContainerError: …: not found"), None);
        assert_eq!(aim("dial tcp: lookup x on 10.0.0.2:53: no such host"), None);
    }
}
