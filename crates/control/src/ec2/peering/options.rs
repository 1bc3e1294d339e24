//! ModifyVpcPeeringConnectionOptions.

use super::get;
use crate::{
    State, Tx,
    ec2::parameter::{combination, done, not_supported, only_false},
    state::{PeeringEnd, PeeringStatus},
};
use aws::{
    api::ec2::{
        ModifyVpcPeeringConnectionOptionsRequest, ModifyVpcPeeringConnectionOptionsResult, PeeringConnectionOptions,
        PeeringConnectionOptionsRequest,
    },
    fault::Fault,
};

/// ModifyVpcPeeringConnectionOptions: whether public DNS names of one VPC are private addresses to the other ("Enable DNS
/// resolution for a VPC peering connection", Amazon VPC Peering Guide).
pub(in crate::ec2) fn modify(
    tx: &mut Tx<'_>,
    input: ModifyVpcPeeringConnectionOptionsRequest,
) -> Result<ModifyVpcPeeringConnectionOptionsResult, Fault> {
    let ModifyVpcPeeringConnectionOptionsRequest {
        accepter_peering_connection_options,
        dry_run,
        requester_peering_connection_options,
        vpc_peering_connection_id,
    } = input;
    let mut peering = get(&tx.state, &vpc_peering_connection_id)?.clone();
    if peering.status != PeeringStatus::Active {
        return Err(Fault::new(
            "OperationNotPermitted",
            format!("Peering {} is not active. Peering options can be added only to active peerings.", peering.id),
        ));
    }
    if accepter_peering_connection_options.is_none() && requester_peering_connection_options.is_none() {
        return Err(combination("No peering connection options specified."));
    }
    let requester = set(&tx.state, &mut peering.requester, requester_peering_connection_options, "Requester")?;
    let accepter = set(&tx.state, &mut peering.accepter, accepter_peering_connection_options, "Accepter")?;
    tx.state.vpc_peerings.put(peering);
    let answer = ModifyVpcPeeringConnectionOptionsResult {
        accepter_peering_connection_options: accepter,
        requester_peering_connection_options: requester,
    };
    done(dry_run, answer)
}

/// Sets the options of one end and says what they are now, if any were given.
fn set(
    state: &State,
    end: &mut PeeringEnd,
    options: Option<PeeringConnectionOptionsRequest>,
    side: &str,
) -> Result<Option<PeeringConnectionOptions>, Fault> {
    let Some(options) = options else { return Ok(None) };
    let PeeringConnectionOptionsRequest {
        allow_dns_resolution_from_remote_vpc,
        allow_egress_from_local_classic_link_to_remote_vpc,
        allow_egress_from_local_vpc_to_remote_classic_link,
        allow_multipath_resilience,
        multipath_resilience_mode,
    } = options;
    let name = |option: &str| format!("{side}PeeringConnectionOptions.{option}");
    let others = [
        ("AllowEgressFromLocalClassicLinkToRemoteVpc", allow_egress_from_local_classic_link_to_remote_vpc),
        ("AllowEgressFromLocalVpcToRemoteClassicLink", allow_egress_from_local_vpc_to_remote_classic_link),
        ("AllowMultipathResilience", allow_multipath_resilience),
    ];
    others.into_iter().try_for_each(|(option, value)| only_false(&name(option), value))?;
    if multipath_resilience_mode.is_some() {
        return Err(not_supported(&name("MultipathResilienceMode")));
    }
    if let Some(on) = allow_dns_resolution_from_remote_vpc {
        if on && !state.vpcs.get(&end.vpc).is_some_and(|vpc| vpc.dns_support && vpc.dns_hostnames) {
            return Err(Fault::new(
                "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
                "To enable DNS hostname resolution for the VPC peering connection, DNS hostname support must be enabled for the VPCs.",
            ));
        }
        end.dns_resolution = on;
    }
    Ok(Some(PeeringConnectionOptions {
        allow_dns_resolution_from_remote_vpc: Some(end.dns_resolution),
        allow_egress_from_local_classic_link_to_remote_vpc: Some(false),
        allow_egress_from_local_vpc_to_remote_classic_link: Some(false),
        ..PeeringConnectionOptions::default()
    }))
}
