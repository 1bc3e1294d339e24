//! DescribeSecurityGroupReferences.

use super::{get, peered};
use crate::{View, ec2::parameter::done};
use aws::{
    api::ec2::{DescribeSecurityGroupReferencesRequest, DescribeSecurityGroupReferencesResult, SecurityGroupReference},
    fault::Fault,
};
use std::collections::BTreeSet;
use vpc::Peer;

/// DescribeSecurityGroupReferences: from which VPCs at the other end of a peering connection groups are named.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeSecurityGroupReferencesRequest,
) -> Result<DescribeSecurityGroupReferencesResult, Fault> {
    let DescribeSecurityGroupReferencesRequest { dry_run, group_id: ids } = input;
    let state = view.state;
    let mut found = BTreeSet::new();
    for id in &ids {
        let named = Peer::Group(get(state, id)?.id.clone());
        for rule in state.security_group_rules.iter().filter(|rule| rule.rule.peer == named) {
            let by = state.security_groups.get(&rule.group).map(|group| &group.vpc);
            if let Some((elsewhere, by)) = rule.peered.as_ref().zip(by) {
                found.insert((id.clone(), by.to_string(), peered::through(state, by, elsewhere).0));
            }
        }
    }
    let show = |(group, vpc, peering): (String, String, vpc::PeeringId)| SecurityGroupReference {
        group_id: Some(group),
        referencing_vpc_id: Some(vpc),
        vpc_peering_connection_id: Some(peering.to_string()),
        transit_gateway_id: None,
    };
    let shown = found.into_iter().map(show).collect();
    done(dry_run, DescribeSecurityGroupReferencesResult { security_group_reference_set: Some(shown) })
}
