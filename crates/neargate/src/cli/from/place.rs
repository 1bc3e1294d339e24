//! Vantage points: how they are written, and what is meant.

use crate::cli::{
    Failure, only,
    region::{Placed, is_task_id},
};
use std::{fmt, str::FromStr};
use vpc::{Holder, InterfaceId, Topology, Vpc};

/// A vantage point as written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A task, by the beginning of its id, and perhaps one of its containers.
    Task { id: String, container: Option<String> },
    /// A task, by its whole ARN.
    Arn(String),
    /// A network interface.
    Interface(String),
    /// The internet.
    Internet,
}

/// A vantage point that was found.
#[derive(Debug)]
pub enum Vantage<'a> {
    /// A task.
    Task(&'a Placed),
    /// An interface that no task has, and its VPC.
    Interface(&'a InterfaceId, &'a Vpc),
    /// The internet.
    Internet,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "internet" {
            return Ok(Self::Internet);
        }
        if text.starts_with("arn:") {
            return Ok(Self::Arn(text.to_owned()));
        }
        if text.starts_with("eni-") {
            return Ok(Self::Interface(text.to_owned()));
        }
        if is_task_id(text) {
            return Ok(Self::Task { id: text.to_owned(), container: None });
        }
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["task", id] if !id.is_empty() => Ok(Self::Task { id: (*id).to_owned(), container: None }),
            ["task", id, container] if !id.is_empty() && !container.is_empty() => {
                Ok(Self::Task { id: (*id).to_owned(), container: Some((*container).to_owned()) })
            }
            _ => Err("write task/ID, task/ID/CONTAINER, a task's ARN, eni-ID, or internet".to_owned()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task { id, container: None } => write!(f, "task/{id}"),
            Self::Task { id, container: Some(container) } => write!(f, "task/{id}/{container}"),
            Self::Arn(arn) => f.write_str(arn),
            Self::Interface(id) => f.write_str(id),
            Self::Internet => f.write_str("internet"),
        }
    }
}

/// The one thing that is meant.
pub fn find<'a>(place: &Place, tasks: &'a [Placed], topology: &'a Topology) -> Result<Vantage<'a>, Failure> {
    match place {
        Place::Internet => Ok(Vantage::Internet),
        Place::Interface(id) if !tasks.iter().any(|task| task.network_interface == *id) => find_interface(id, topology),
        Place::Task { .. } | Place::Arn(_) | Place::Interface(_) => find_task(place, tasks).map(Vantage::Task),
    }
}

/// An interface that no task has.
fn find_interface<'a>(id: &str, topology: &'a Topology) -> Result<Vantage<'a>, Failure> {
    let found = topology.vpcs.values().find_map(|vpc| Some((vpc, vpc.interfaces.get_key_value(id)?)));
    let (vpc, (id, interface)) = found.ok_or_else(|| {
        Failure(format!("no interface of this region is {id}: see `aws ec2 describe-network-interfaces`"))
    })?;
    match &interface.holder {
        Holder::User | Holder::NatGateway(_) | Holder::LoadBalancer(_) => Ok(Vantage::Interface(id, vpc)),
        Holder::Task => {
            Err(Failure(format!("the task of {id} is not on this machine yet, or no longer: see `neargate status`")))
        }
        Holder::Endpoint(endpoint) => Err(Failure(format!(
            "{id} is an interface of endpoint {endpoint}: what is behind it is AWS's. Look at it from a task or an interface of yours"
        ))),
    }
}

/// The one task that is meant.
pub fn find_task<'a>(place: &Place, tasks: &'a [Placed]) -> Result<&'a Placed, Failure> {
    let meant = |task: &&Placed| match place {
        Place::Task { id, .. } => task.task.starts_with(id.as_str()),
        Place::Arn(arn) => task.arn == *arn,
        Place::Interface(id) => task.network_interface == *id,
        Place::Internet => false,
    };
    let missing = || format!("nothing that runs on this machine is {place}: see `neargate status`");
    let task = only(tasks.iter().filter(meant), place, |task| &task.task, missing)?;
    if let Place::Task { container: Some(container), .. } = place
        && !task.containers.contains(container)
    {
        return Err(Failure(format!(
            "task {} has no container {container}; it has {}",
            task.task,
            task.containers.join(", ")
        )));
    }
    Ok(task)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str) -> Placed {
        Placed {
            task: id.to_owned(),
            arn: format!("arn:aws:ecs:us-east-1:123456789012:task/default/{id}"),
            vpc: "vpc-1".to_owned(),
            network_interface: format!("eni-{id}"),
            private_address: None,
            containers: vec!["web".to_owned(), "api".to_owned()],
            essential_containers: Vec::new(),
        }
    }

    fn interface(holder: Holder) -> vpc::Interface {
        vpc::Interface {
            subnet: "subnet-1".into(),
            private_ip: std::net::Ipv4Addr::new(10, 0, 1, 12).into(),
            mac: vpc::Mac([2, 0, 0, 0, 0, 1]),
            secondary_ips: Default::default(),
            public_ips: Default::default(),
            security_groups: Default::default(),
            source_dest_check: true,
            holder,
        }
    }

    fn topology() -> Topology {
        let interfaces = [
            ("eni-user", Holder::User),
            ("eni-nat", Holder::NatGateway("nat-1".into())),
            ("eni-logs", Holder::Endpoint("vpce-1".into())),
            ("eni-bb33", Holder::Task),
            ("eni-gone", Holder::Task),
        ];
        let interfaces = interfaces.into_iter().map(|(id, holder)| (id.into(), interface(holder))).collect();
        let vpc = Vpc { interfaces, ..Vpc::default() };
        Topology { vpcs: [("vpc-1".into(), vpc)].into(), ..Topology::default() }
    }

    fn found(place: &str) -> Result<String, String> {
        let tasks = [task("aa11"), task("aa22"), task("bb33")];
        match find(&place.parse()?, &tasks, &topology()) {
            Ok(Vantage::Task(task)) => Ok(task.task.clone()),
            Ok(Vantage::Interface(id, _)) => Ok(format!("interface {id}")),
            Ok(Vantage::Internet) => Ok("the internet".to_owned()),
            Err(failure) => Err(failure.0),
        }
    }

    #[test]
    fn interfaces_without_a_task_and_the_internet_are_vantage_points() {
        assert_eq!(found("eni-user"), Ok("interface eni-user".to_owned()));
        assert_eq!(found("eni-nat"), Ok("interface eni-nat".to_owned()));
        assert_eq!(found("internet"), Ok("the internet".to_owned()));
    }

    #[test]
    fn a_task_is_found_by_each_of_its_names() {
        for name in
            ["task/bb33", "task/b", "task/bb33/api", "eni-bb33", "arn:aws:ecs:us-east-1:123456789012:task/default/bb33"]
        {
            assert_eq!(found(name), Ok("bb33".to_owned()), "{name}");
        }
    }

    #[test]
    fn what_is_not_one_task_is_refused_by_name() {
        for (name, says) in [
            ("task/aa", "aa11, aa22"),
            ("task/cc", "task/cc"),
            ("eni-cc", "eni-cc"),
            ("task/bb33/db", "no container db; it has web, api"),
            ("task/", "task/ID"),
            ("task/a/b/c", "task/ID"),
            ("", "task/ID"),
            ("eni-logs", "endpoint vpce-1"),
            ("eni-gone", "task of eni-gone"),
        ] {
            let refused = found(name).unwrap_err();
            assert!(refused.contains(says), "{name}: {refused}");
        }
    }
}
