//! CreateVpcPeeringConnection.

use super::{REQUEST, clash, describe::show, end};
use crate::{
    Tx,
    ec2::{
        parameter::{done, missing, not_supported, only_false, unsupported},
        tags, vpc,
    },
    state::{Expiring, Expiry, PeeringEnd, PeeringStatus, VpcPeering},
};
use ::vpc::{PeeringId, VpcId};
use aws::{
    api::ec2::{
        CreatePeeringConnectionOptionsRequest, CreateVpcPeeringConnectionRequest, CreateVpcPeeringConnectionResult,
        ResourceType,
    },
    doc::Timestamp,
    fault::Fault,
};

/// CreateVpcPeeringConnection. VPCs whose ranges overlap, or a peer VPC that is not there, make a connection that failed. Quotas
/// of connections are not checked: fewer VPCs than they allow for fit into a region.
pub(in crate::ec2) fn create(
    tx: &mut Tx<'_>,
    input: CreateVpcPeeringConnectionRequest,
) -> Result<CreateVpcPeeringConnectionResult, Fault> {
    let CreateVpcPeeringConnectionRequest {
        peer_region,
        tag_specifications,
        requester_peering_connection_options,
        dry_run,
        vpc_id,
        peer_vpc_id,
        peer_owner_id,
    } = input;
    let region = &tx.state.region;
    unsupported("PeerRegion of another region", peer_region.filter(|peer| *peer != region.name))?;
    unsupported("PeerOwnerId of another account", peer_owner_id.filter(|owner| *owner != region.account))?;
    if let Some(options) = requester_peering_connection_options {
        let CreatePeeringConnectionOptionsRequest { allow_multipath_resilience, multipath_resilience_mode } = options;
        only_false("RequesterPeeringConnectionOptions.AllowMultipathResilience", allow_multipath_resilience)?;
        if multipath_resilience_mode.is_some() {
            return Err(not_supported("RequesterPeeringConnectionOptions.MultipathResilienceMode"));
        }
    }
    let requester = side(tx, &vpc::get(&tx.state, &vpc_id)?.id.clone());
    let accepter = side(tx, &VpcId::from(peer_vpc_id.ok_or_else(|| missing("peerVpcId"))?));
    let tags = tags::at_creation(tag_specifications, ResourceType::VpcPeeringConnection)?;
    let lives = |peering: &&VpcPeering| {
        matches!(peering.status, PeeringStatus::PendingAcceptance | PeeringStatus::Active)
            && peering.joins(&requester.vpc, &accepter.vpc)
    };
    if tx.state.vpc_peerings.iter().find(lives).is_some() {
        return Err(Fault::new(
            "VpcPeeringConnectionAlreadyExists",
            "A VPC peering connection between the VPCs already exists.",
        ));
    }
    let id = PeeringId::from(tx.ec2_id("pcx"));
    let failed = clash(&requester.cidrs, &accepter.cidrs);
    let expires_at = Timestamp { millis: tx.now.millis + REQUEST };
    let status = PeeringStatus::PendingAcceptance;
    tx.state.vpc_peerings.put(VpcPeering { id: id.clone(), requester, accepter, status, expires_at, tags });
    if failed {
        end(tx, &id, PeeringStatus::Failed);
    } else {
        tx.state.expiries.put(Expiry { at: expires_at, what: Expiring::VpcPeeringRequest(id.clone()) });
    }
    let shown = tx.state.vpc_peerings.get(&id).map(|peering| show(&tx.state, peering));
    done(dry_run, CreateVpcPeeringConnectionResult { vpc_peering_connection: shown })
}

fn side(tx: &Tx<'_>, vpc: &VpcId) -> PeeringEnd {
    let ranges = tx.state.vpcs.get(vpc).map(|vpc| vpc.cidrs.iter().map(|range| range.cidr).collect());
    PeeringEnd { vpc: vpc.clone(), cidrs: ranges.unwrap_or_default(), dns_resolution: false }
}
