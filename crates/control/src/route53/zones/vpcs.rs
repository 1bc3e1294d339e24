//! The VPCs that a private zone is known in.

use super::{own, vpc_of};
use crate::{
    Tx,
    route53::{changes, linked},
};
use aws::{
    api::route53::{
        AssociateVPCWithHostedZoneRequest, AssociateVPCWithHostedZoneResponse, DisassociateVPCFromHostedZoneRequest,
        DisassociateVPCFromHostedZoneResponse,
    },
    fault::Fault,
};
use vpc::VpcId;

/// VPCs of a zone ("Quotas", Amazon Route 53 Developer Guide).
const MOST: usize = 300;

/// `AssociateVPCWithHostedZone`.
pub(in crate::route53) fn associate(
    tx: &mut Tx<'_>,
    request: AssociateVPCWithHostedZoneRequest,
) -> Result<AssociateVPCWithHostedZoneResponse, Fault> {
    let AssociateVPCWithHostedZoneRequest { hosted_zone_id, vpc, comment } = request;
    let zone = own(&tx.state, &hosted_zone_id)?.clone();
    if !zone.is_private() {
        let why = "You're trying to associate a VPC with a public hosted zone. Amazon Route 53 doesn't support associating a VPC with a public hosted zone.";
        return Err(Fault::new("PublicZoneVPCAssociation", why));
    }
    let vpc = vpc_of(&tx.state, &vpc)?;
    if let Some(why) = linked::conflict(&tx.state, &vpc, &zone.name) {
        return Err(Fault::new("ConflictingDomainExists", why));
    }
    if zone.vpcs.len() >= MOST {
        return Err(Fault::new("LimitsExceeded", format!("A hosted zone has at most {MOST} VPCs.")));
    }
    tx.state.hosted_zones.update(&zone.id, |zone| {
        zone.vpcs.insert(vpc);
    });
    Ok(AssociateVPCWithHostedZoneResponse { change_info: Some(changes::begin(tx, comment)?) })
}

/// `DisassociateVPCFromHostedZone`. A VPC that was deleted meanwhile may be named, too.
pub(in crate::route53) fn disassociate(
    tx: &mut Tx<'_>,
    request: DisassociateVPCFromHostedZoneRequest,
) -> Result<DisassociateVPCFromHostedZoneResponse, Fault> {
    let DisassociateVPCFromHostedZoneRequest { hosted_zone_id, vpc, comment } = request;
    let zone = own(&tx.state, &hosted_zone_id)?.clone();
    let id = VpcId::from(vpc.vpc_id.unwrap_or_default());
    let here = vpc.vpc_region.is_none_or(|region| region.as_str() == tx.state.region.name);
    if !here || !zone.vpcs.contains(&id) {
        let why = format!("The VPC: {id} and hosted zone {} that you specified are not associated.", zone.id);
        return Err(Fault::new("VPCAssociationNotFound", why));
    }
    if zone.vpcs.len() == 1 {
        let why = "The VPC that you're trying to disassociate from the private hosted zone is the last VPC that is associated with the hosted zone. Amazon Route 53 doesn't support disassociating the last VPC from a hosted zone.";
        return Err(Fault::new("LastVPCAssociation", why));
    }
    tx.state.hosted_zones.update(&zone.id, |zone| {
        zone.vpcs.remove(&id);
    });
    Ok(DisassociateVPCFromHostedZoneResponse { change_info: Some(changes::begin(tx, comment)?) })
}
