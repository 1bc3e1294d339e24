//! Prefix lists: AWS's own, which are the same everywhere, and those that users make. CreateManagedPrefixList. Absent: IPv6,
//! lists shared between accounts, IPAM.

pub(super) mod describe;
pub(super) mod entries;
pub(super) mod modify;

use super::{
    cidr,
    client_token::Call,
    kind::Kind,
    parameter::{done, invalid, not_supported},
    quota, tags,
};
use crate::{
    State, Tx,
    state::{PrefixList, PrefixListEntries, PrefixListState, RouteTable, SecurityGroupRule},
};
use aws::{
    api::ec2::{AddPrefixListEntry, CreateManagedPrefixListRequest, CreateManagedPrefixListResult, ResourceType},
    fault::Fault,
};
use std::collections::{BTreeMap, BTreeSet};
use vpc::{AWS_SERVICES, AwsService, Destination, IpNet, Peer, PrefixListId};

/// What a rule or route that names one of AWS's own lists counts for ("AWS-managed prefix list weight", Amazon VPC User Guide).
const AWS_WEIGHT: usize = 1;

/// The ranges of a list; none of one that is not there.
pub(super) fn ranges(state: &State, id: &PrefixListId) -> BTreeSet<IpNet> {
    let own = aws_list(id).map(AwsService::range);
    let managed = state.prefix_lists.get(id).into_iter().flat_map(|list| list.entries().map(|(net, _)| *net));
    own.into_iter().chain(managed).collect()
}

/// What a rule that names the list counts for: as many rules as the list may have entries.
///
/// # Errors
/// `InvalidPrefixListID.NotFound`, `InvalidPrefixListId.Malformed`.
pub(super) fn weight(state: &State, id: &str) -> Result<usize, Fault> {
    match (aws_list(id), state.prefix_lists.get(id)) {
        (Some(_), _) => Ok(AWS_WEIGHT),
        (None, Some(list)) => Ok(usize::try_from(list.max_entries).unwrap_or(usize::MAX)),
        (None, None) => Err(Kind::PrefixList.missing(id)),
    }
}

/// The service of one of AWS's own lists.
fn aws_list(id: &str) -> Option<&'static AwsService> {
    AWS_SERVICES.iter().find(|service| service.prefix_list == Some(id))
}

/// A list that a user made, to be changed.
///
/// # Errors
/// `InvalidPrefixListID.NotFound`, `InvalidPrefixListId.Malformed`, `OperationNotPermitted` for one of AWS's own.
fn get_own<'a>(state: &'a State, id: &str) -> Result<&'a PrefixList, Fault> {
    if aws_list(id).is_some() {
        let message = format!("The prefix list '{id}' is managed by AWS and cannot be changed.");
        return Err(Fault::new("OperationNotPermitted", message));
    }
    state.prefix_lists.get(id).ok_or_else(|| Kind::PrefixList.missing(id))
}

/// What names a list: the security groups and route tables by their ids, in order.
fn users(state: &State, id: &str) -> BTreeSet<String> {
    let by_rule = |rule: &&SecurityGroupRule| matches!(&rule.rule.peer, Peer::PrefixList(list) if list.as_str() == id);
    let by_route = |table: &&RouteTable| {
        let names = |to: &Destination| matches!(to, Destination::PrefixList(list) if list.as_str() == id);
        table.routes.iter().any(|route| names(&route.destination))
    };
    let groups = state.security_group_rules.iter().filter(by_rule).map(|rule| rule.group.to_string());
    groups.chain(state.route_tables.iter().filter(by_route).map(|table| table.id.to_string())).collect()
}

/// CreateManagedPrefixList.
pub(super) fn create(
    tx: &mut Tx<'_>,
    input: CreateManagedPrefixListRequest,
) -> Result<CreateManagedPrefixListResult, Fault> {
    let call = Call::new("CreateManagedPrefixList", input.client_token.as_ref(), &input)?;
    let CreateManagedPrefixListRequest {
        dry_run,
        prefix_list_name,
        entries,
        max_entries,
        tag_specifications,
        address_family,
        client_token: _,
    } = input;
    let before = call.made_before(&tx.state)?.and_then(|id| tx.state.prefix_lists.get(&id).cloned());
    let list = match before {
        Some(list) => list,
        None => {
            check_family(&address_family)?;
            check_name(&prefix_list_name)?;
            let mut first = PrefixListEntries::new();
            for (range, description) in read_entries(entries)? {
                first.insert(range, description);
            }
            let max_entries = read_size(max_entries)?;
            check_size(&first, max_entries)?;
            let tags = tags::at_creation(tag_specifications, ResourceType::PrefixList)?;
            if tx.state.prefix_lists.len() >= quota::PREFIX_LISTS {
                let message = "The maximum number of prefix lists has been reached.";
                return Err(Fault::new("PrefixListLimitExceeded", message));
            }
            let list = PrefixList {
                id: PrefixListId::from(tx.ec2_id("pl")),
                name: prefix_list_name,
                max_entries,
                versions: BTreeMap::from([(1, first)]),
                state: PrefixListState::Created,
                tags,
            };
            tx.state.prefix_lists.put(list.clone());
            call.remember(tx, &list.id);
            list
        }
    };
    done(dry_run, CreateManagedPrefixListResult { prefix_list: Some(describe::show(&tx.state, &list)) })
}

fn check_family(family: &str) -> Result<(), Fault> {
    match family {
        "IPv4" => Ok(()),
        "IPv6" => Err(not_supported("AddressFamily=IPv6")),
        other => Err(invalid(format!("Value ({other}) for parameter AddressFamily is invalid."))),
    }
}

/// "CreateManagedPrefixList", Amazon EC2 API Reference: up to 255 characters, not as AWS names its own.
fn check_name(name: &str) -> Result<(), Fault> {
    if name.is_empty() || name.chars().count() > 255 || name.starts_with("com.amazonaws") {
        return Err(invalid(format!(
            "Value ({name}) for parameter PrefixListName is invalid. It must have up to 255 characters and not start with com.amazonaws."
        )));
    }
    Ok(())
}

/// Entries to add, in the order they were given; a range only once.
fn read_entries(entries: Option<Vec<AddPrefixListEntry>>) -> Result<Vec<(IpNet, Option<String>)>, Fault> {
    let mut seen = BTreeSet::new();
    let read = |AddPrefixListEntry { cidr, description }| {
        let range = cidr::read_ipv4("Cidr", &cidr)?;
        if !seen.insert(range) {
            return Err(invalid(format!("The CIDR {range} must not appear multiple times")));
        }
        let description = description.filter(|text| !text.is_empty());
        if description.as_ref().is_some_and(|text| text.chars().count() > 255) {
            return Err(invalid("The description of a prefix list entry can have up to 255 characters"));
        }
        Ok((range, description))
    };
    entries.unwrap_or_default().into_iter().map(read).collect()
}

fn read_size(max_entries: i32) -> Result<u32, Fault> {
    let allowed = u32::try_from(max_entries).ok().filter(|size| (1..=quota::PREFIX_LIST_ENTRIES).contains(size));
    allowed.ok_or_else(|| {
        invalid(format!(
            "Value ({max_entries}) for parameter MaxEntries is invalid. It must be between 1 and {}.",
            quota::PREFIX_LIST_ENTRIES
        ))
    })
}

fn check_size(entries: &PrefixListEntries, max_entries: u32) -> Result<(), Fault> {
    if entries.len() <= usize::try_from(max_entries).unwrap_or(usize::MAX) {
        return Ok(());
    }
    let message = "You've reached the maximum number of entries for the prefix list.";
    Err(Fault::new("PrefixListMaxEntriesExceeded", message))
}
