//! Prefix lists: AWS's own, which are the same everywhere, and those that users make.

use crate::State;
use std::collections::BTreeSet;
use vpc::{AWS_SERVICES, AwsService, IpNet, PrefixListId};

/// The ranges of a list; none of one that is not there.
pub(super) fn ranges(state: &State, id: &PrefixListId) -> BTreeSet<IpNet> {
    let own = AWS_SERVICES.iter().filter(|service| service.prefix_list == Some(id.as_str())).map(AwsService::range);
    let managed = state.prefix_lists.get(id).into_iter().flat_map(|list| list.entries().map(|(net, _)| *net));
    own.chain(managed).collect()
}
