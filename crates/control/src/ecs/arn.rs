//! ARNs of ECS resources, in the long format, and the short names that may stand for them.

use crate::Region;
use aws::fault::Fault;

/// The ARN of a cluster.
pub(crate) fn cluster(region: &Region, name: &str) -> String {
    region.arn("ecs", format_args!("cluster/{name}"))
}

/// The ARN of a task, from the name of its cluster and its id.
pub(crate) fn task(region: &Region, cluster: &str, id: &str) -> String {
    region.arn("ecs", format_args!("task/{cluster}/{id}"))
}

/// The ARN of a container of a task, from the name of the task's cluster, the task's id and the container's.
pub(crate) fn container(region: &Region, cluster: &str, task: &str, id: &str) -> String {
    region.arn("ecs", format_args!("container/{cluster}/{task}/{id}"))
}

/// The ARN of a service, from the name of its cluster and its own.
pub(crate) fn service(region: &Region, cluster: &str, name: &str) -> String {
    region.arn("ecs", format_args!("service/{cluster}/{name}"))
}

/// The ARN of a service deployment, from the names of cluster and service and its id.
pub(crate) fn service_deployment(region: &Region, cluster: &str, service: &str, id: &str) -> String {
    region.arn("ecs", format_args!("service-deployment/{cluster}/{service}/{id}"))
}

/// The ARN of a service revision, from the names of cluster and service and its id.
pub(crate) fn service_revision(region: &Region, cluster: &str, service: &str, id: &str) -> String {
    region.arn("ecs", format_args!("service-revision/{cluster}/{service}/{id}"))
}

/// The ARN of a revision of a task definition.
pub(crate) fn task_definition(region: &Region, family: &str, revision: i32) -> String {
    region.arn("ecs", format_args!("task-definition/{family}:{revision}"))
}

/// What an ECS ARN of this region names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Resource<'a> {
    /// Such as `cluster`, `task` or `task-definition`.
    pub(crate) kind: &'a str,
    /// What follows the kind and a slash, such as `default/0123456789abcdef0123456789abcdef`.
    pub(crate) id: &'a str,
}

/// Takes an ECS ARN of this region and account apart.
///
/// # Errors
/// `InvalidParameterException` when it is none, or another region's or account's.
pub(crate) fn parse<'a>(region: &Region, arn: &'a str) -> Result<Resource<'a>, Fault> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (scheme, _partition, service, place, account, resource) = (next(), next(), next(), next(), next(), next());
    match resource.split_once('/') {
        Some((kind, id)) if scheme == "arn" && service == "ecs" && !kind.is_empty() && !id.is_empty() => {
            if place != region.name {
                return Err(invalid(&format!("Identifier is for region {place}. Your region is {}", region.name)));
            }
            if account != region.account {
                return Err(invalid(&format!(
                    "Identifier is for account {account}. Your account is {}",
                    region.account
                )));
            }
            Ok(Resource { kind, id })
        }
        _ => Err(invalid(arn)),
    }
}

/// The refusal of an identifier that can't be what it should be.
pub(crate) fn invalid(why: &str) -> Fault {
    Fault::new("InvalidParameterException", format!("Invalid identifier: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_format_both_ways() {
        let region = Region::default();
        let made = [
            cluster(&region, "default"),
            task(&region, "default", "0123"),
            container(&region, "default", "0123", "45"),
            task_definition(&region, "web", 7),
        ];
        let parsed: Vec<_> = made.iter().map(|arn| parse(&region, arn).map(|r| (r.kind, r.id))).collect();
        assert_eq!(
            parsed,
            [
                Ok(("cluster", "default")),
                Ok(("task", "default/0123")),
                Ok(("container", "default/0123/45")),
                Ok(("task-definition", "web:7")),
            ]
        );
    }

    #[test]
    fn other_regions_accounts_and_services_are_refused() {
        for arn in [
            "arn:aws:ecs:eu-west-1:123456789012:cluster/a",
            "arn:aws:ecs:us-east-1:000000000000:cluster/a",
            "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1",
            "arn:aws:ecs:us-east-1:123456789012:cluster",
            "arn:",
        ] {
            assert_eq!(parse(&Region::default(), arn).unwrap_err().code, "InvalidParameterException", "{arn}");
        }
    }
}
