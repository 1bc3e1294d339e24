//! AcceptVpcPeeringConnection, RejectVpcPeeringConnection, DeleteVpcPeeringConnection.

use super::{clash, describe::show, end, get, ranges, refuse_twins};
use crate::{
    Tx,
    ec2::parameter::done,
    state::{PeeringStatus, VpcPeering},
};
use aws::{
    api::ec2::{
        AcceptVpcPeeringConnectionRequest, AcceptVpcPeeringConnectionResult, DeleteVpcPeeringConnectionRequest,
        DeleteVpcPeeringConnectionResult, RejectVpcPeeringConnectionRequest, RejectVpcPeeringConnectionResult,
    },
    fault::Fault,
};

/// AcceptVpcPeeringConnection. Ranges that have come to overlap since it was asked for make it fail.
pub(in crate::ec2) fn accept(
    tx: &mut Tx<'_>,
    input: AcceptVpcPeeringConnectionRequest,
) -> Result<AcceptVpcPeeringConnectionResult, Fault> {
    let AcceptVpcPeeringConnectionRequest { dry_run, vpc_peering_connection_id } = input;
    let peering = get(&tx.state, &vpc_peering_connection_id)?.clone();
    from(&peering, &[PeeringStatus::PendingAcceptance], "active")?;
    let one = ranges(&tx.state, &peering.requester, peering.status);
    let other = ranges(&tx.state, &peering.accepter, peering.status);
    refuse_twins(&tx.state, &peering.requester.vpc, &other)?;
    refuse_twins(&tx.state, &peering.accepter.vpc, &one)?;
    if clash(&one, &other) {
        end(tx, &peering.id, PeeringStatus::Failed);
    } else {
        tx.state.vpc_peerings.update(&peering.id, |peering| peering.status = PeeringStatus::Active);
    }
    let shown = tx.state.vpc_peerings.get(&peering.id).map(|peering| show(&tx.state, peering));
    done(dry_run, AcceptVpcPeeringConnectionResult { vpc_peering_connection: shown })
}

/// RejectVpcPeeringConnection.
pub(in crate::ec2) fn reject(
    tx: &mut Tx<'_>,
    input: RejectVpcPeeringConnectionRequest,
) -> Result<RejectVpcPeeringConnectionResult, Fault> {
    let RejectVpcPeeringConnectionRequest { dry_run, vpc_peering_connection_id } = input;
    let peering = get(&tx.state, &vpc_peering_connection_id)?.clone();
    from(&peering, &[PeeringStatus::PendingAcceptance], "rejected")?;
    end(tx, &peering.id, PeeringStatus::Rejected);
    done(dry_run, RejectVpcPeeringConnectionResult { r#return: Some(true) })
}

/// DeleteVpcPeeringConnection. Routes to it stay, as black holes.
pub(in crate::ec2) fn delete(
    tx: &mut Tx<'_>,
    input: DeleteVpcPeeringConnectionRequest,
) -> Result<DeleteVpcPeeringConnectionResult, Fault> {
    let DeleteVpcPeeringConnectionRequest { dry_run, vpc_peering_connection_id } = input;
    let peering = get(&tx.state, &vpc_peering_connection_id)?.clone();
    from(&peering, &[PeeringStatus::PendingAcceptance, PeeringStatus::Active], "deleting")?;
    end(tx, &peering.id, PeeringStatus::Deleted);
    done(dry_run, DeleteVpcPeeringConnectionResult { r#return: Some(true) })
}

/// Refuses what can't become of a connection in its state.
fn from(peering: &VpcPeering, allowed: &[PeeringStatus], to: &str) -> Result<(), Fault> {
    let VpcPeering { id, status, .. } = peering;
    let now = status.as_str();
    let message = format!("Invalid state transition for {id}, attempted to transition from {now} to {to}");
    if allowed.contains(status) { Ok(()) } else { Err(Fault::new("InvalidStateTransition", message)) }
}
