//! Where a task is to run: the subnets and security groups of an `awsvpcConfiguration`, with Amazon ECS's words for what is wrong.

use super::{security_group, subnet};
use crate::State;
use aws::fault::Fault;
use vpc::{SecurityGroupId, SubnetId, VpcId};

/// An `awsvpcConfiguration` that was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Awsvpc {
    /// The VPC all of it is in.
    pub(crate) vpc: VpcId,
    /// The subnets, in the order they were given, each once.
    pub(crate) subnets: Vec<SubnetId>,
    /// The security groups, in the order they were given, each once. Without any an interface gets the VPC's default group.
    pub(crate) groups: Vec<SecurityGroupId>,
}

/// Looks up the subnets and groups of an `awsvpcConfiguration`: all exist, in one VPC.
///
/// # Errors
/// `InvalidParameterException`, as Amazon ECS passes Amazon EC2's errors on.
pub(crate) fn validate_awsvpc(state: &State, subnets: &[String], groups: &[String]) -> Result<Awsvpc, Fault> {
    let refuse = |message: String| Fault::new("InvalidParameterException", message);
    let pass_on = |what: &str, all: &[String], fault: Fault| {
        let all = all.join(", ");
        refuse(format!(
            "Error retrieving {what} information for [{all}]: {} (ErrorCode: {})",
            fault.message, fault.code
        ))
    };
    let mut answer: Option<Awsvpc> = None;
    for id in subnets {
        let found = subnet::get(state, id).map_err(|fault| pass_on("subnet", subnets, fault))?;
        let answer =
            answer.get_or_insert_with(|| Awsvpc { vpc: found.vpc.clone(), subnets: Vec::new(), groups: Vec::new() });
        if answer.vpc != found.vpc {
            return Err(refuse("Subnets must all belong to the same VPC.".to_owned()));
        }
        if !answer.subnets.contains(&found.id) {
            answer.subnets.push(found.id.clone());
        }
    }
    let mut answer = answer.ok_or_else(|| refuse("subnets can not be empty.".to_owned()))?;
    for id in groups {
        let found = security_group::get(state, id).map_err(|fault| pass_on("security group", groups, fault))?;
        if found.vpc != answer.vpc {
            return Err(refuse(format!(
                "Security group {id} does not appear to belong to the same VPC as the input subnets."
            )));
        }
        if !answer.groups.contains(&found.id) {
            answer.groups.push(found.id.clone());
        }
    }
    Ok(answer)
}
