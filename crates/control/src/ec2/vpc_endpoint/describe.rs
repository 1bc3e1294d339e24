//! DescribeVpcEndpoints.

use super::{dns, policy};
use crate::{
    State, View,
    ec2::{
        describe::{Asked, Described, describe as describe_all},
        filter::{Field, one},
        kind::Kind,
        tags,
    },
    state::{Lifecycle, VpcEndpoint, VpcEndpointKind},
};
use aws::{
    api::ec2::{
        DescribeVpcEndpointsRequest, DescribeVpcEndpointsResult, DnsOptions, DnsRecordIpType, IpAddressType,
        SecurityGroupIdentifier, State as StateShape, Tag, VpcEndpoint as Shape, VpcEndpointType,
    },
    fault::Fault,
};
use vpc::AwsService;

/// DescribeVpcEndpoints.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeVpcEndpointsRequest,
) -> Result<DescribeVpcEndpointsResult, Fault> {
    let DescribeVpcEndpointsRequest { dry_run, vpc_endpoint_ids, filters, max_results, next_token } = input;
    let state = view.state;
    let asked = Asked { ids: vpc_endpoint_ids, filters, max_results, next_token, dry_run };
    let all = state.vpc_endpoints.iter().map(|endpoint| show(state, endpoint));
    let get = |id: &str| state.vpc_endpoints.get(id).map(|endpoint| show(state, endpoint));
    let (vpc_endpoints, next_token) = describe_all(asked, get, all)?;
    Ok(DescribeVpcEndpointsResult { vpc_endpoints, next_token })
}

/// An endpoint as a reply shows it.
pub(super) fn show(state: &State, endpoint: &VpcEndpoint) -> Shape {
    let VpcEndpoint { id, vpc, service, state: life, since: _, policy, kind, created_at, tags } = endpoint;
    let region = &state.region.name;
    let shape = Shape {
        vpc_endpoint_id: Some(id.to_string()),
        vpc_id: Some(vpc.to_string()),
        service_name: AwsService::named(service).map(|service| service.service_name(region)),
        state: Some(match life {
            Lifecycle::Pending => StateShape::Pending_,
            Lifecycle::Available => StateShape::Available_,
            Lifecycle::Deleting => StateShape::Deleting_,
            Lifecycle::Deleted | Lifecycle::Failed => StateShape::Deleted_,
        }),
        policy_document: Some(policy.clone().unwrap_or_else(|| policy::DEFAULT.to_owned())),
        ip_address_type: Some(IpAddressType::Ipv4),
        requester_managed: Some(false),
        dns_entries: Some(dns::entries(state, endpoint)),
        creation_timestamp: Some(*created_at),
        tags: Some(tags::list(tags)),
        owner_id: Some(state.region.account.clone()),
        service_region: Some(region.clone()),
        ..Shape::default()
    };
    show_kind(state, kind, shape)
}

/// A route table or group that is gone since is not shown.
fn show_kind(state: &State, kind: &VpcEndpointKind, shape: Shape) -> Shape {
    match kind {
        VpcEndpointKind::Interface { interfaces, security_groups, private_dns, .. } => {
            let group = |id: &vpc::SecurityGroupId| SecurityGroupIdentifier {
                group_id: Some(id.to_string()),
                group_name: state.security_groups.get(id).map(|group| group.name.clone()),
            };
            Shape {
                vpc_endpoint_type: Some(VpcEndpointType::Interface),
                route_table_ids: Some(Vec::new()),
                subnet_ids: Some(interfaces.keys().map(ToString::to_string).collect()),
                network_interface_ids: Some(interfaces.values().map(ToString::to_string).collect()),
                groups: Some(security_groups.iter().map(group).collect()),
                private_dns_enabled: Some(*private_dns),
                dns_options: Some(dns_options(DnsRecordIpType::Ipv4)),
                ..shape
            }
        }
        VpcEndpointKind::Gateway { route_tables } => {
            let tables = route_tables.iter().filter(|id| state.route_tables.contains(id));
            Shape {
                vpc_endpoint_type: Some(VpcEndpointType::Gateway),
                route_table_ids: Some(tables.map(ToString::to_string).collect()),
                subnet_ids: Some(Vec::new()),
                network_interface_ids: Some(Vec::new()),
                groups: Some(Vec::new()),
                private_dns_enabled: Some(false),
                dns_options: Some(dns_options(DnsRecordIpType::ServiceDefined)),
                ..shape
            }
        }
    }
}

fn dns_options(records: DnsRecordIpType) -> DnsOptions {
    DnsOptions { dns_record_ip_type: Some(records), ..DnsOptions::default() }
}

impl Described for Shape {
    const KIND: Kind = Kind::Endpoint;
    const IDS: &'static str = "VpcEndpointIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("ip-address-type", |e| one(&e.ip_address_type)),
        ("service-name", |e| one(&e.service_name)),
        ("service-region", |e| one(&e.service_region)),
        ("vpc-endpoint-id", |e| one(&e.vpc_endpoint_id)),
        ("vpc-endpoint-state", |e| one(&e.state)),
        ("vpc-endpoint-type", |e| one(&e.vpc_endpoint_type)),
        ("vpc-id", |e| one(&e.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.vpc_endpoint_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
