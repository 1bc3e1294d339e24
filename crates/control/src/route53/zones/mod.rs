//! Hosted zones themselves.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod describe;
pub(super) mod list;
pub(super) mod vpcs;

use super::linked;
use crate::{State, servicediscovery, state::HostedZone};
use aws::{api::route53::VPC, fault::Fault};
use vpc::VpcId;

/// The zone of that id, to be changed.
///
/// # Errors
/// `NoSuchHostedZone`; `AccessDenied` for one of AWS Cloud Map's.
pub(super) fn own<'a>(state: &'a State, id: &str) -> Result<&'a HostedZone, Fault> {
    let found = linked::find(state, id)?;
    match (found.namespace, state.hosted_zones.get(&found.zone.id)) {
        (None, Some(zone)) => Ok(zone),
        (namespace, _) => {
            let arn = namespace.map(|of| servicediscovery::namespace_arn(&state.region, &of.id)).unwrap_or_default();
            let id = &found.zone.id;
            let message = format!("The resource hostedzone/{id} can only be managed through AWS Cloud Map ({arn})");
            Err(Fault::new("AccessDenied", message).with_status(403))
        }
    }
}

/// The VPC that a request names.
///
/// # Errors
/// `InvalidInput` where an id or a region is missing; `InvalidVPCId` where there is no such VPC.
fn vpc_of(state: &State, named: &VPC) -> Result<VpcId, Fault> {
    let (Some(region), Some(id)) = (named.vpc_region, &named.vpc_id) else {
        return Err(super::invalid("Both VPCId and VPCRegion must be specified."));
    };
    let id = VpcId::from(id.clone());
    match region.as_str() == state.region.name && state.vpcs.contains(&id) {
        true => Ok(id),
        false => {
            let message = format!("The VPC {id} in region {region} that you provided does not exist.");
            Err(Fault::new("InvalidVPCId", message))
        }
    }
}

/// A VPC as AWS shows it.
fn shown_vpc(state: &State, id: &VpcId) -> VPC {
    let region = aws::api::route53::VPCRegion::parse(&state.region.name);
    VPC { vpc_region: region, vpc_id: Some(id.to_string()) }
}
