//! DescribeVpcPeeringConnections.

use super::ranges;
use crate::{
    State, View,
    ec2::{
        describe::{Asked, Described, describe as describe_all},
        filter::{Field, each, one},
        kind::Kind,
        tags,
    },
    state::{PeeringEnd, PeeringStatus, VpcPeering},
};
use aws::{
    api::ec2::{
        CidrBlock, DescribeVpcPeeringConnectionsRequest, DescribeVpcPeeringConnectionsResult, Tag,
        VpcPeeringConnection as Shape, VpcPeeringConnectionOptionsDescription, VpcPeeringConnectionStateReason,
        VpcPeeringConnectionStateReasonCode as Code, VpcPeeringConnectionVpcInfo,
    },
    fault::Fault,
};

/// DescribeVpcPeeringConnections.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeVpcPeeringConnectionsRequest,
) -> Result<DescribeVpcPeeringConnectionsResult, Fault> {
    let DescribeVpcPeeringConnectionsRequest { next_token, max_results, dry_run, vpc_peering_connection_ids, filters } =
        input;
    let state = view.state;
    let asked = Asked { ids: vpc_peering_connection_ids, filters, max_results, next_token, dry_run };
    let all = state.vpc_peerings.iter().map(|peering| show(state, peering));
    let get = |id: &str| state.vpc_peerings.get(id).map(|peering| show(state, peering));
    let (vpc_peering_connections, next_token) = describe_all(asked, get, all)?;
    Ok(DescribeVpcPeeringConnectionsResult { vpc_peering_connections, next_token })
}

/// A connection as a reply shows it.
pub(super) fn show(state: &State, peering: &VpcPeering) -> Shape {
    let VpcPeering { id, requester, accepter, status, expires_at, tags } = peering;
    Shape {
        accepter_vpc_info: Some(show_end(state, accepter, *status)),
        expiration_time: (*status == PeeringStatus::PendingAcceptance).then_some(*expires_at),
        requester_vpc_info: Some(show_end(state, requester, *status)),
        status: Some(show_status(&state.region.account, *status)),
        tags: Some(tags::list(tags)),
        vpc_peering_connection_id: Some(id.to_string()),
        multipath_resilience_status: None,
    }
}

/// Options are shown once the connection is active.
fn show_end(state: &State, end: &PeeringEnd, status: PeeringStatus) -> VpcPeeringConnectionVpcInfo {
    let ranges = ranges(state, end, status);
    let blocks = ranges.iter().map(|range| CidrBlock { cidr_block: Some(range.to_string()) });
    let options = VpcPeeringConnectionOptionsDescription {
        allow_dns_resolution_from_remote_vpc: Some(end.dns_resolution),
        allow_egress_from_local_classic_link_to_remote_vpc: Some(false),
        allow_egress_from_local_vpc_to_remote_classic_link: Some(false),
        ..VpcPeeringConnectionOptionsDescription::default()
    };
    VpcPeeringConnectionVpcInfo {
        cidr_block: ranges.first().map(ToString::to_string),
        ipv6_cidr_block_set: None,
        cidr_block_set: Some(blocks.collect()),
        owner_id: Some(state.region.account.clone()),
        peering_options: (status == PeeringStatus::Active).then_some(options),
        vpc_id: Some(end.vpc.to_string()),
        region: Some(state.region.name.clone()),
    }
}

fn show_status(account: &str, status: PeeringStatus) -> VpcPeeringConnectionStateReason {
    let (code, message) = match status {
        PeeringStatus::PendingAcceptance => (Code::PendingAcceptance, format!("Pending Acceptance by {account}")),
        PeeringStatus::Active => (Code::Active, "Active".to_owned()),
        PeeringStatus::Rejected => (Code::Rejected, format!("Rejected by {account}")),
        PeeringStatus::Expired => (Code::Expired, "Expired".to_owned()),
        PeeringStatus::Failed => {
            (Code::Failed, "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range".to_owned())
        }
        PeeringStatus::Deleted => (Code::Deleted, format!("Deleted by {account}")),
    };
    VpcPeeringConnectionStateReason { code: Some(code), message: Some(message) }
}

type End = Option<VpcPeeringConnectionVpcInfo>;

fn of_end(end: &End, of: impl Fn(&VpcPeeringConnectionVpcInfo) -> &Option<String>) -> Vec<String> {
    end.iter().flat_map(|end| one(of(end))).collect()
}

fn ranges_of(end: &End) -> Vec<String> {
    end.iter().flat_map(|end| each(&end.cidr_block_set, |block| &block.cidr_block)).collect()
}

impl Described for Shape {
    const KIND: Kind = Kind::Peering;
    const IDS: &'static str = "VpcPeeringConnectionIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("accepter-vpc-info.cidr-block", |p| ranges_of(&p.accepter_vpc_info)),
        ("accepter-vpc-info.owner-id", |p| of_end(&p.accepter_vpc_info, |e| &e.owner_id)),
        ("accepter-vpc-info.vpc-id", |p| of_end(&p.accepter_vpc_info, |e| &e.vpc_id)),
        ("expiration-time", |p| p.expiration_time.iter().map(|at| at.iso8601()).collect()),
        ("requester-vpc-info.cidr-block", |p| ranges_of(&p.requester_vpc_info)),
        ("requester-vpc-info.owner-id", |p| of_end(&p.requester_vpc_info, |e| &e.owner_id)),
        ("requester-vpc-info.vpc-id", |p| of_end(&p.requester_vpc_info, |e| &e.vpc_id)),
        ("status-code", |p| p.status.iter().flat_map(|s| one(&s.code)).collect()),
        ("status-message", |p| p.status.iter().flat_map(|s| one(&s.message)).collect()),
        ("vpc-peering-connection-id", |p| one(&p.vpc_peering_connection_id)),
    ];
    fn id(&self) -> &str {
        self.vpc_peering_connection_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
