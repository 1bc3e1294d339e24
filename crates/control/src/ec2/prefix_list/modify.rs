//! ModifyManagedPrefixList, RestoreManagedPrefixListVersion, DeleteManagedPrefixList.
//!
//! On AWS these take a while, and what can't be done after all ends in a state that says why, not in an error: a new size that
//! something naming the list has no room for (`modify-failed`), and a deletion while something names it (`delete-failed`).

use super::{check_name, check_size, describe::show, get_own, read_entries, read_size, users};
use crate::{
    State, Tx,
    ec2::{
        cidr,
        parameter::{combination, done, invalid, only_false},
        quota, security_group,
    },
    state::{PrefixList, PrefixListEntries, PrefixListState},
};
use aws::{
    api::ec2::{
        DeleteManagedPrefixListRequest, DeleteManagedPrefixListResult, ModifyManagedPrefixListRequest,
        ModifyManagedPrefixListResult, PrefixListState as StateShape, RemovePrefixListEntry,
        RestoreManagedPrefixListVersionRequest, RestoreManagedPrefixListVersionResult,
    },
    fault::Fault,
};

/// ModifyManagedPrefixList. Entries that come or go make a new version; a new name or size does not.
pub(in crate::ec2) fn modify(
    tx: &mut Tx<'_>,
    input: ModifyManagedPrefixListRequest,
) -> Result<ModifyManagedPrefixListResult, Fault> {
    let ModifyManagedPrefixListRequest {
        dry_run,
        prefix_list_id,
        current_version,
        prefix_list_name,
        add_entries,
        remove_entries,
        max_entries,
        ipam_prefix_list_resolver_sync_enabled,
    } = input;
    only_false("IpamPrefixListResolverSyncEnabled", ipam_prefix_list_resolver_sync_enabled)?;
    let mut list = get_own(&tx.state, &prefix_list_id)?.clone();
    check_version(&list, current_version)?;
    let (add, remove) = (add_entries.unwrap_or_default(), remove_entries.unwrap_or_default());
    let entries_change = !add.is_empty() || !remove.is_empty();
    if entries_change && max_entries.is_some() {
        return Err(combination(
            "You cannot modify the entries and the maximum entries for the prefix list in the same request.",
        ));
    }
    if !entries_change && max_entries.is_none() && prefix_list_name.is_none() {
        return Err(combination("No attributes specified."));
    }
    list.state = PrefixListState::Modified;
    if let Some(name) = prefix_list_name {
        check_name(&name)?;
        list.name = name;
    }
    if let Some(size) = max_entries {
        resize(&tx.state, &mut list, size)?;
    }
    if entries_change {
        let mut entries = current(&list);
        remove_from(&mut entries, remove)?;
        entries.extend(read_entries(Some(add))?);
        if entries == current(&list) {
            let message = "The request received will not change the prefix list.";
            return Err(Fault::new("InvalidPrefixListModification", message));
        }
        next_version(&mut list, entries)?;
    }
    tx.state.prefix_lists.put(list.clone());
    done(dry_run, ModifyManagedPrefixListResult { prefix_list: Some(show(&tx.state, &list)) })
}

/// RestoreManagedPrefixListVersion: the entries of an older version as a new one.
pub(in crate::ec2) fn restore(
    tx: &mut Tx<'_>,
    input: RestoreManagedPrefixListVersionRequest,
) -> Result<RestoreManagedPrefixListVersionResult, Fault> {
    let RestoreManagedPrefixListVersionRequest { dry_run, prefix_list_id, previous_version, current_version } = input;
    let mut list = get_own(&tx.state, &prefix_list_id)?.clone();
    check_version(&list, Some(current_version))?;
    let older = list.versions.get(&previous_version).filter(|_| previous_version < list.version()).cloned();
    let older = older.ok_or_else(|| {
        invalid(format!(
            "Value ({previous_version}) for parameter PreviousVersion is invalid. There is no such version."
        ))
    })?;
    next_version(&mut list, older)?;
    list.state = PrefixListState::Restored;
    tx.state.prefix_lists.put(list.clone());
    done(dry_run, RestoreManagedPrefixListVersionResult { prefix_list: Some(show(&tx.state, &list)) })
}

/// DeleteManagedPrefixList.
pub(in crate::ec2) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteManagedPrefixListRequest,
) -> Result<DeleteManagedPrefixListResult, Fault> {
    let DeleteManagedPrefixListRequest { dry_run, prefix_list_id } = input;
    let mut list = get_own(&tx.state, &prefix_list_id)?.clone();
    let users = users(&tx.state, &prefix_list_id);
    let shown = if users.is_empty() {
        tx.state.prefix_lists.remove(&prefix_list_id);
        let mut shown = show(&tx.state, &list);
        shown.state = Some(StateShape::DeleteInProgress);
        shown
    } else {
        let users: Vec<String> = users.into_iter().take(10).collect();
        list.state = PrefixListState::DeleteFailed(format!("The prefix list is in use by: {}", users.join(", ")));
        tx.state.prefix_lists.put(list.clone());
        show(&tx.state, &list)
    };
    done(dry_run, DeleteManagedPrefixListResult { prefix_list: Some(shown) })
}

fn check_version(list: &PrefixList, current: Option<i64>) -> Result<(), Fault> {
    match current.is_none_or(|current| current == list.version()) {
        true => Ok(()),
        false => Err(Fault::new("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")),
    }
}

fn current(list: &PrefixList) -> PrefixListEntries {
    list.entries().map(|(range, text)| (*range, text.clone())).collect()
}

fn remove_from(entries: &mut PrefixListEntries, remove: Vec<RemovePrefixListEntry>) -> Result<(), Fault> {
    for RemovePrefixListEntry { cidr } in remove {
        let range = cidr::read_ipv4("Cidr", &cidr)?;
        if entries.remove(&range).is_none() {
            let message = format!("The prefix list entry with the CIDR {range} does not exist.");
            return Err(Fault::new("InvalidPrefixListModification", message));
        }
    }
    Ok(())
}

/// "If you reach the quota of versions, the oldest version is removed" ("Amazon VPC quotas").
fn next_version(list: &mut PrefixList, entries: PrefixListEntries) -> Result<(), Fault> {
    check_size(&entries, list.max_entries)?;
    list.versions.insert(list.version() + 1, entries);
    while list.versions.len() > quota::PREFIX_LIST_VERSIONS {
        list.versions.pop_first();
    }
    Ok(())
}

/// Gives a list a new size, unless a security group that names it has no room for it. A route table counts for nothing here.
fn resize(state: &State, list: &mut PrefixList, size: i32) -> Result<(), Fault> {
    let size = read_size(size)?;
    check_size(&current(list), size)?;
    let mut resized = state.clone();
    resized.prefix_lists.update(&list.id, |list| list.max_entries = size);
    let full = |user: &String| {
        let count = |egress| security_group::weight(&resized, user, egress).unwrap_or_default();
        count(true).max(count(false)) > quota::RULES_PER_DIRECTION
    };
    let full: Vec<String> = users(state, &list.id).into_iter().filter(full).take(10).collect();
    if full.is_empty() {
        list.max_entries = size;
    } else {
        let why = format!("These resources do not support the new maximum size: {}", full.join(", "));
        list.state = PrefixListState::ModifyFailed(why);
    }
    Ok(())
}
