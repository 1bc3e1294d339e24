//! VPC peering connections ("VPC peering connection lifecycle", Amazon VPC Peering Guide). Absent: other accounts and regions.

pub(super) mod create;
pub(super) mod decide;
pub(super) mod describe;
pub(super) mod options;

use super::{cidr, kind::Kind, parameter::not_supported};
use crate::{
    State, Tx,
    state::{Expiring, Expiry, PeeringEnd, PeeringStatus, VpcPeering},
};
use aws::{doc::Timestamp, fault::Fault};
use vpc::{IpNet, PeeringId, VpcId};

const HOUR: i64 = 60 * 60 * 1000;
/// A request that nobody accepts expires after seven days.
const REQUEST: i64 = 7 * 24 * HOUR;
/// One that failed is shown for two hours, what ended otherwise for two days: here both ends have the same owner, so it is the
/// longer of what the two would see.
const FAILED_SHOWN: i64 = 2 * HOUR;
const ENDED_SHOWN: i64 = 48 * HOUR;

/// A connection by its id.
///
/// # Errors
/// `InvalidVpcPeeringConnectionID.NotFound`, `InvalidVpcPeeringConnectionId.Malformed`.
fn get<'a>(state: &'a State, id: &str) -> Result<&'a VpcPeering, Fault> {
    state.vpc_peerings.get(id).ok_or_else(|| Kind::Peering.missing(id))
}

/// The ranges of one end: the VPC's own while the connection is or may become active, afterwards those it had.
fn ranges(state: &State, end: &PeeringEnd, status: PeeringStatus) -> Vec<IpNet> {
    let lives = matches!(status, PeeringStatus::PendingAcceptance | PeeringStatus::Active);
    let vpc = state.vpcs.get(&end.vpc).filter(|_| lives);
    vpc.map_or_else(|| end.cidrs.clone(), |vpc| vpc.cidrs.iter().map(|range| range.cidr).collect())
}

/// Whether VPCs with these ranges can't be peered: one that is not there has none.
fn clash(one: &[IpNet], other: &[IpNet]) -> bool {
    one.is_empty() || other.is_empty() || clash_of_any(one, other)
}

/// Whether any two of these ranges overlap.
fn clash_of_any(one: &[IpNet], other: &[IpNet]) -> bool {
    one.iter().any(|a| other.iter().any(|b| cidr::overlap(a, b)))
}

/// Ends a connection, or a request for one, and has it forgotten in time.
fn end(tx: &mut Tx<'_>, id: &PeeringId, status: PeeringStatus) {
    let Some(mut peering) = tx.state.vpc_peerings.get(id).cloned() else { return };
    peering.requester.cidrs = ranges(&tx.state, &peering.requester, peering.status);
    peering.accepter.cidrs = ranges(&tx.state, &peering.accepter, peering.status);
    peering.status = status;
    tx.state.vpc_peerings.put(peering);
    let shown = if status == PeeringStatus::Failed { FAILED_SHOWN } else { ENDED_SHOWN };
    let at = Timestamp { millis: tx.now.millis + shown };
    tx.state.expiries.put(Expiry { at, what: Expiring::VpcPeering(id.clone()) });
}

/// A request's time is over: it expires if nobody has decided about it.
pub(crate) fn expire_request(tx: &mut Tx<'_>, id: &PeeringId) {
    if tx.state.vpc_peerings.get(id).is_some_and(|peering| peering.status == PeeringStatus::PendingAcceptance) {
        end(tx, id, PeeringStatus::Expired);
    }
}

/// Deletes the connections of a VPC that goes. Routes to them stay, as black holes.
pub(super) fn delete_of(tx: &mut Tx<'_>, vpc: &VpcId) {
    let lives = |peering: &&VpcPeering| {
        matches!(peering.status, PeeringStatus::PendingAcceptance | PeeringStatus::Active)
            && (peering.requester.vpc == *vpc || peering.accepter.vpc == *vpc)
    };
    let all: Vec<PeeringId> = tx.state.vpc_peerings.iter().filter(lives).map(|peering| peering.id.clone()).collect();
    all.iter().for_each(|id| end(tx, id, PeeringStatus::Deleted));
}

/// The other ends of a VPC's active connections.
fn peers<'a>(state: &'a State, vpc: &'a VpcId) -> impl Iterator<Item = &'a PeeringEnd> {
    let active = state.vpc_peerings.iter().filter(|peering| peering.status == PeeringStatus::Active);
    active.filter_map(move |peering| match (&peering.requester, &peering.accepter) {
        (one, other) if one.vpc == *vpc => Some(other),
        (other, one) if one.vpc == *vpc => Some(other),
        _ => None,
    })
}

/// The ranges at the other end of a VPC's active connections.
pub(super) fn peered_ranges(state: &State, vpc: &VpcId) -> Vec<IpNet> {
    peers(state, vpc).flat_map(|end| ranges(state, end, PeeringStatus::Active)).collect()
}

/// Refuses ranges of a VPC that another peer of the same VPC has too. AWS allows them; here connections are known by addresses.
pub(super) fn refuse_twins(state: &State, peer: &VpcId, range: &[IpNet]) -> Result<(), Fault> {
    match clash_of_any(&peered_ranges(state, peer), range) {
        true => Err(not_supported("a VPC peering connection with two VPCs whose CIDR blocks overlap")),
        false => Ok(()),
    }
}

/// The same for a range that a VPC gets in addition: no peer of its may have another with it.
pub(super) fn refuse_twin_range(state: &State, vpc: &VpcId, range: &IpNet) -> Result<(), Fault> {
    peers(state, vpc).try_for_each(|peer| refuse_twins(state, &peer.vpc, &[*range]))
}
