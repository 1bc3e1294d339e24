//! Groups of other VPCs that rules name ("Update your security groups to reference peer security groups", Amazon VPC Peering
//! Guide).

use super::get;
use crate::{
    State,
    ec2::kind::Kind,
    state::{PeeredGroup, PeeringStatus, SecurityGroupRule, VpcPeering},
};
use aws::fault::Fault;
use vpc::{Peer, PeeringId, VpcId};

/// Whether a rule of a VPC's group can name a group, and where that is when not in the same VPC: an active peering connection,
/// the one that is asked for if any, has to lead there.
///
/// # Errors
/// `InvalidGroup.NotFound`, with AWS's words for a group that can't be named from here, `InvalidGroupId.Malformed`,
/// `InvalidVpcPeeringConnectionID.NotFound`.
pub(super) fn reach(
    state: &State,
    from: &VpcId,
    id: &str,
    through: Option<&str>,
) -> Result<Option<PeeredGroup>, Fault> {
    let vpc = get(state, id)?.vpc.clone();
    if let Some(peering) = through.filter(|peering| !state.vpc_peerings.contains(peering)) {
        return Err(Kind::Peering.missing(peering));
    }
    let asked = |peering: &&VpcPeering| through.is_none_or(|through| peering.id.as_str() == through);
    match (vpc == *from, active(state, from, &vpc).filter(asked)) {
        (true, _) if through.is_none() => Ok(None),
        (false, Some(peering)) => Ok(Some(PeeredGroup { vpc, peering: peering.id.clone() })),
        _ => Err(foreign()),
    }
}

/// AWS's words for a group that can't be named from here.
pub(super) fn foreign() -> Fault {
    Fault::new("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
}

/// The connection that leads from a VPC to a group of another, and its status: the active one if there is one, else the one
/// that was there when the rule was made.
pub(super) fn through(state: &State, from: &VpcId, group: &PeeredGroup) -> (PeeringId, &'static str) {
    match active(state, from, &group.vpc) {
        Some(peering) => (peering.id.clone(), peering.status.as_str()),
        None => {
            let status =
                state.vpc_peerings.get(&group.peering).map_or(PeeringStatus::Deleted, |peering| peering.status);
            (group.peering.clone(), status.as_str())
        }
    }
}

/// Whether a rule of a VPC's group names a group of another VPC that is gone, or that nothing leads to any more.
pub(super) fn is_stale(state: &State, from: &VpcId, rule: &SecurityGroupRule) -> bool {
    let (Some(elsewhere), Peer::Group(id)) = (&rule.peered, &rule.rule.peer) else { return false };
    !state.security_groups.contains(id) || active(state, from, &elsewhere.vpc).is_none()
}

fn active<'a>(state: &'a State, a: &VpcId, b: &VpcId) -> Option<&'a VpcPeering> {
    state.vpc_peerings.iter().find(|peering| peering.status == PeeringStatus::Active && peering.joins(a, b))
}
