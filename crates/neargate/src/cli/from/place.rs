//! Vantage points: how they are written, and which task is meant.

use crate::cli::{Failure, region::Placed};
use std::{fmt, str::FromStr};

/// A vantage point as written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A task, by the beginning of its id, and perhaps one of its containers.
    Task { id: String, container: Option<String> },
    /// A task, by its whole ARN.
    Arn(String),
    /// A network interface.
    Interface(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "internet" {
            return Err("there is no internet to look from yet; tasks and interfaces are vantage points".to_owned());
        }
        if text.starts_with("arn:") {
            return Ok(Self::Arn(text.to_owned()));
        }
        if text.starts_with("eni-") {
            return Ok(Self::Interface(text.to_owned()));
        }
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["task", id] if !id.is_empty() => Ok(Self::Task { id: (*id).to_owned(), container: None }),
            ["task", id, container] if !id.is_empty() && !container.is_empty() => {
                Ok(Self::Task { id: (*id).to_owned(), container: Some((*container).to_owned()) })
            }
            _ => Err("write task/ID, task/ID/CONTAINER, a task's ARN, or eni-ID".to_owned()),
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
        }
    }
}

/// The one task that is meant.
pub fn find<'a>(place: &Place, tasks: &'a [Placed]) -> Result<&'a Placed, Failure> {
    let meant = |task: &&Placed| match place {
        Place::Task { id, .. } => task.task.starts_with(id.as_str()),
        Place::Arn(arn) => task.arn == *arn,
        Place::Interface(id) => task.network_interface == *id,
    };
    let found: Vec<&Placed> = tasks.iter().filter(meant).collect();
    let task = match found.as_slice() {
        [task] => *task,
        [] => return Err(Failure(format!("nothing that runs on this machine is {place}: see `neargate status`"))),
        several => {
            let ids: Vec<&str> = several.iter().map(|task| task.task.as_str()).collect();
            return Err(Failure(format!("{place} may be any of {}: write more of the id", ids.join(", "))));
        }
    };
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
        }
    }

    fn found(place: &str) -> Result<String, String> {
        let tasks = [task("aa11"), task("aa22"), task("bb33")];
        find(&place.parse()?, &tasks).map(|task| task.task.clone()).map_err(|failure| failure.0)
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
            ("internet", "no internet"),
        ] {
            let refused = found(name).unwrap_err();
            assert!(refused.contains(says), "{name}: {refused}");
        }
    }
}
