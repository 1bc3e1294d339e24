//! GetManagedPrefixListEntries and GetManagedPrefixListAssociations.

use super::{aws_list, users};
use crate::{
    State, View,
    ec2::{
        describe::page,
        kind::Kind,
        parameter::{done, invalid},
    },
    state::PrefixListEntries,
};
use aws::{
    api::ec2::{
        GetManagedPrefixListAssociationsRequest, GetManagedPrefixListAssociationsResult,
        GetManagedPrefixListEntriesRequest, GetManagedPrefixListEntriesResult, PrefixListAssociation, PrefixListEntry,
    },
    fault::Fault,
};

/// GetManagedPrefixListEntries.
pub(in crate::ec2) fn get(
    view: &View<'_>,
    input: GetManagedPrefixListEntriesRequest,
) -> Result<GetManagedPrefixListEntriesResult, Fault> {
    let GetManagedPrefixListEntriesRequest { dry_run, prefix_list_id, target_version, max_results, next_token } = input;
    let entries = entries_of(view.state, &prefix_list_id, target_version)?;
    let shown = entries
        .into_iter()
        .map(|(range, description)| PrefixListEntry { cidr: Some(range.to_string()), description })
        .collect();
    let key = |entry: &PrefixListEntry| entry.cidr.clone().unwrap_or_default();
    let (entries, next_token) = page(shown, key, max_results, next_token)?;
    done(dry_run, GetManagedPrefixListEntriesResult { entries, next_token })
}

/// The entries of a version; without one, of the last. AWS's own lists have no versions.
fn entries_of(state: &State, id: &str, version: Option<i64>) -> Result<PrefixListEntries, Fault> {
    let no_such = |version: i64| {
        invalid(format!("Value ({version}) for parameter TargetVersion is invalid. There is no such version."))
    };
    if let Some(service) = aws_list(id) {
        return version.map_or_else(|| Ok([(service.range(), None)].into()), |version| Err(no_such(version)));
    }
    let list = state.prefix_lists.get(id).ok_or_else(|| Kind::PrefixList.missing(id))?;
    let version = version.unwrap_or_else(|| list.version());
    list.versions.get(&version).cloned().ok_or_else(|| no_such(version))
}

/// GetManagedPrefixListAssociations.
pub(in crate::ec2) fn associations(
    view: &View<'_>,
    input: GetManagedPrefixListAssociationsRequest,
) -> Result<GetManagedPrefixListAssociationsResult, Fault> {
    let GetManagedPrefixListAssociationsRequest { dry_run, prefix_list_id, max_results, next_token } = input;
    let state = view.state;
    super::weight(state, &prefix_list_id)?;
    let show = |id| PrefixListAssociation { resource_id: Some(id), resource_owner: Some(state.region.account.clone()) };
    let users = users(state, &prefix_list_id).into_iter().map(show).collect();
    let key = |user: &PrefixListAssociation| user.resource_id.clone().unwrap_or_default();
    let (prefix_list_associations, next_token) = page(users, key, max_results, next_token)?;
    done(dry_run, GetManagedPrefixListAssociationsResult { prefix_list_associations, next_token })
}
