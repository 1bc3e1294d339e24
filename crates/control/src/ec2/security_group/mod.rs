//! Security groups: CreateSecurityGroup and DeleteSecurityGroup. Absent: groups shared between VPCs or accounts.

pub(super) mod authorize;
pub(super) mod describe;
pub(super) mod describe_rules;
pub(super) mod for_vpc;
pub(super) mod modify_rules;
mod peered;
mod permission;
pub(super) mod references;
pub(super) mod revoke;
pub(super) mod rule_descriptions;
mod rules;
pub(super) mod stale;

use super::{
    kind::Kind,
    parameter::{combination, done, invalid, missing},
    quota, tags, vpc,
};
use crate::{
    State, Tx,
    state::{Lifecycle, Record, SecurityGroup, SecurityGroupRule, Tags, VpcEndpoint, VpcEndpointKind},
};
use ::vpc::{IpProtocol, Peer, Ports, Rule, SecurityGroupId, VpcId};
use aws::{
    api::ec2::{
        CreateSecurityGroupRequest, CreateSecurityGroupResult, DeleteSecurityGroupRequest, DeleteSecurityGroupResult,
        ResourceType,
    },
    fault::Fault,
};

/// The group a VPC came with.
pub(super) fn default_of<'a>(state: &'a State, vpc: &VpcId) -> Option<&'a SecurityGroup> {
    state.security_groups.iter().find(|group| group.vpc == *vpc && group.is_default())
}

/// A group by its id.
///
/// # Errors
/// `InvalidGroup.NotFound`, `InvalidGroupId.Malformed`.
pub(super) fn get<'a>(state: &'a State, id: &str) -> Result<&'a SecurityGroup, Fault> {
    state.security_groups.get(id).ok_or_else(|| Kind::SecurityGroup.missing(id))
}

/// A group of one VPC.
///
/// # Errors
/// Those of [`get`], and `InvalidGroup.NotFound` with AWS's words for a group of another VPC.
pub(super) fn get_in<'a>(state: &'a State, vpc: &VpcId, id: &str) -> Result<&'a SecurityGroup, Fault> {
    let group = get(state, id)?;
    let foreign =
        || Fault::new("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.");
    if group.vpc == *vpc { Ok(group) } else { Err(foreign()) }
}

/// A group by its id, or by its name in the default VPC.
///
/// # Errors
/// `InvalidGroup.NotFound`, `InvalidGroupId.Malformed`, `MissingParameter` for neither, `InvalidParameterCombination` for both.
fn named(state: &State, id: Option<String>, name: Option<String>) -> Result<SecurityGroup, Fault> {
    match (id, name) {
        (Some(_), Some(_)) => {
            Err(combination("The parameter 'groupName' may not be used in combination with 'groupId'"))
        }
        (Some(id), None) => get(state, &id).cloned(),
        (None, Some(name)) => in_default_vpc(state, &name).cloned(),
        (None, None) => Err(missing("groupName or groupId")),
    }
}

/// A group of the default VPC by its name.
fn in_default_vpc<'a>(state: &'a State, name: &str) -> Result<&'a SecurityGroup, Fault> {
    let vpc = vpc::default_vpc(state).ok_or_else(|| Fault::new("VPCIdNotSpecified", "No default VPC for this user"))?;
    let found = state.security_groups.iter().find(|group| group.vpc == vpc.id && group.name == name);
    found.ok_or_else(|| {
        Fault::new(
            "InvalidGroup.NotFound",
            format!("The security group '{name}' does not exist in default VPC '{}'", vpc.id),
        )
    })
}

/// CreateSecurityGroup.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateSecurityGroupRequest) -> Result<CreateSecurityGroupResult, Fault> {
    let CreateSecurityGroupRequest { description, group_name, vpc_id, tag_specifications, dry_run } = input;
    let vpc = match vpc_id {
        Some(id) => vpc::get(&tx.state, &id)?.id.clone(),
        None => {
            let default = vpc::default_vpc(&tx.state).map(|vpc| vpc.id.clone());
            default.ok_or_else(|| Fault::new("VPCIdNotSpecified", "No default VPC for this user"))?
        }
    };
    let name = group_name.trim_end().to_owned();
    check_name(&name)?;
    if description.is_empty() {
        return Err(missing("GroupDescription"));
    }
    check_text("security group description", &description)?;
    if tx.state.security_groups.iter().any(|group| group.vpc == vpc && group.name == name) {
        return Err(Fault::new(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc}'"),
        ));
    }
    if tx.state.security_groups.len() >= quota::SECURITY_GROUPS {
        return Err(Fault::new(
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups has been reached.",
        ));
    }
    let tags = tags::at_creation(tag_specifications, ResourceType::SecurityGroup)?;
    let group = make(tx, &vpc, name, description, tags);
    let answer = CreateSecurityGroupResult {
        tags: tags::show(&group.tags),
        security_group_arn: Some(arn(&tx.state, &group.id)),
        group_id: Some(group.id.to_string()),
    };
    done(dry_run, answer)
}

/// "CreateSecurityGroup", Amazon EC2 API Reference: up to 255 characters, not like an id, not the reserved name.
fn check_name(name: &str) -> Result<(), Fault> {
    let wrong = |why: &str| Err(invalid(format!("Value ({name}) for parameter GroupName is invalid. {why}")));
    if name.is_empty() {
        return Err(missing("GroupName"));
    }
    if name == SecurityGroup::DEFAULT {
        return Err(invalid(format!("Cannot use reserved security group name: {name}")));
    }
    if name.starts_with("sg-") {
        return wrong("Group names may not be in the format sg-*.");
    }
    if !name.is_ascii() {
        return wrong("Character sets beyond ASCII are not supported.");
    }
    check_text("security group name", name)
}

/// The characters AWS allows in names and descriptions.
fn check_text(what: &str, text: &str) -> Result<(), Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if text.len() < 256 && text.chars().all(allowed) {
        return Ok(());
    }
    let plural = if what.ends_with("name") { "names" } else { "descriptions" };
    Err(invalid(format!(
        "Invalid {what}. Valid {plural} are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    )))
}

/// Makes a group. Like every new group it lets everything out and nothing in.
fn make(tx: &mut Tx<'_>, vpc: &VpcId, name: String, description: String, tags: Tags) -> SecurityGroup {
    let group = SecurityGroup { id: SecurityGroupId::from(tx.ec2_id("sg")), vpc: vpc.clone(), name, description, tags };
    tx.state.security_groups.put(group.clone());
    allow_all(tx, &group.id, true, Peer::Net(super::cidr::everywhere()));
    group
}

/// Makes the group a VPC comes with: its members may also reach each other ("Default security groups", Amazon VPC User Guide).
pub(super) fn create_default(tx: &mut Tx<'_>, vpc: &VpcId) {
    let group = make(tx, vpc, SecurityGroup::DEFAULT.to_owned(), "default VPC security group".to_owned(), Tags::new());
    allow_all(tx, &group.id, false, Peer::Group(group.id.clone()));
}

fn allow_all(tx: &mut Tx<'_>, group: &SecurityGroupId, egress: bool, peer: Peer) {
    let rule = Rule { protocol: IpProtocol::All, ports: Ports::All, peer };
    let id = tx.ec2_id("sgr");
    tx.state.security_group_rules.put(SecurityGroupRule {
        id,
        group: group.clone(),
        egress,
        rule,
        peered: None,
        description: None,
        tags: Tags::new(),
    });
}

/// DeleteSecurityGroup. A rule of another VPC's group does not keep a group: it becomes stale
/// ("Update your security groups to reference peer security groups", Amazon VPC Peering Guide).
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteSecurityGroupRequest) -> Result<DeleteSecurityGroupResult, Fault> {
    let DeleteSecurityGroupRequest { group_id, group_name, dry_run } = input;
    let group = named(&tx.state, group_id, group_name)?;
    let id = &group.id;
    if group.is_default() {
        let message = format!("the specified group: \"{id}\" name: \"{}\" cannot be deleted by a user", group.name);
        return Err(Fault::new("CannotDelete", message));
    }
    let named_elsewhere = |rule: &SecurityGroupRule| {
        rule.group != *id && rule.peered.is_none() && rule.rule.peer == Peer::Group(id.clone())
    };
    let state = &mut tx.state;
    let carried = |endpoint: &VpcEndpoint| {
        let VpcEndpointKind::Interface { security_groups, .. } = &endpoint.kind else { return false };
        matches!(endpoint.state, Lifecycle::Pending | Lifecycle::Available) && security_groups.contains(id)
    };
    if state.network_interfaces.iter().any(|i| i.security_groups.contains(id))
        || state.vpc_endpoints.iter().any(carried)
        || state.security_group_rules.iter().any(named_elsewhere)
    {
        return Err(Fault::new("DependencyViolation", format!("resource {id} has a dependent object")));
    }
    remove(state, id);
    done(dry_run, DeleteSecurityGroupResult { r#return: Some(true), group_id: Some(id.to_string()) })
}

/// Removes a group with its rules.
pub(super) fn remove(state: &mut State, id: &SecurityGroupId) {
    let rules: Vec<String> =
        state.security_group_rules.prefixed(&SecurityGroupRule::prefix(id)).map(Record::key).collect();
    rules.iter().for_each(|rule| drop(state.security_group_rules.remove(rule)));
    state.security_groups.remove(id);
}

/// The rules of a group.
pub(super) fn rules_of(state: &State, id: &SecurityGroupId) -> Vec<SecurityGroupRule> {
    state.security_group_rules.prefixed(&SecurityGroupRule::prefix(id)).cloned().collect()
}

/// What a group's rules of one direction count for: one that names a prefix list counts for as many as the list may have
/// entries ("Prefix lists concepts and rules", Amazon VPC User Guide).
///
/// # Errors
/// `InvalidPrefixListID.NotFound` for a rule that names a list that is not there.
pub(super) fn weight(state: &State, id: &str, egress: bool) -> Result<usize, Fault> {
    let rules = state.security_group_rules.prefixed(id).filter(|rule| rule.group.as_str() == id);
    let weights = rules.filter(|rule| rule.egress == egress).map(|rule| match &rule.rule.peer {
        Peer::PrefixList(list) => super::prefix_list::weight(state, list),
        Peer::Net(_) | Peer::Group(_) => Ok(1),
    });
    weights.sum()
}

/// Refuses what a group's rules of one direction have become, if they are too many.
///
/// # Errors
/// `RulesPerSecurityGroupLimitExceeded`.
fn check_weight(state: &State, id: &str, egress: bool) -> Result<(), Fault> {
    if weight(state, id, egress)? <= quota::RULES_PER_DIRECTION {
        return Ok(());
    }
    let message = "The maximum number of rules per security group has been reached.";
    Err(Fault::new("RulesPerSecurityGroupLimitExceeded", message))
}

fn arn(state: &State, id: &SecurityGroupId) -> String {
    state.region.arn("ec2", format_args!("security-group/{id}"))
}
