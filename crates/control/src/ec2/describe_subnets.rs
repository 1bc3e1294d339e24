//! DescribeSubnets.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, never, one},
    kind::Kind,
    subnet::show,
};
use crate::View;
use aws::{
    api::ec2::{DescribeSubnetsRequest, DescribeSubnetsResult, Subnet as Shape, Tag},
    fault::Fault,
};

/// DescribeSubnets.
pub(super) fn describe(view: &View<'_>, input: DescribeSubnetsRequest) -> Result<DescribeSubnetsResult, Fault> {
    let DescribeSubnetsRequest { filters, subnet_ids, next_token, max_results, dry_run } = input;
    let state = view.state;
    let asked = Asked { ids: subnet_ids, filters, max_results, next_token, dry_run };
    let all = state.subnets.iter().map(|subnet| show(state, subnet));
    let (subnets, next_token) = describe_all(asked, |id| state.subnets.get(id).map(|subnet| show(state, subnet)), all)?;
    Ok(DescribeSubnetsResult { next_token, subnets })
}

impl Described for Shape {
    const KIND: Kind = Kind::Subnet;
    const IDS: &'static str = "SubnetIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("availability-zone", |s| one(&s.availability_zone)),
        ("availabilityZone", |s| one(&s.availability_zone)),
        ("availability-zone-id", |s| one(&s.availability_zone_id)),
        ("availabilityZoneId", |s| one(&s.availability_zone_id)),
        ("available-ip-address-count", |s| one(&s.available_ip_address_count)),
        ("cidr", |s| one(&s.cidr_block)),
        ("cidr-block", |s| one(&s.cidr_block)),
        ("cidrBlock", |s| one(&s.cidr_block)),
        ("customer-owned-ipv4-pool", never),
        ("default-for-az", |s| one(&s.default_for_az)),
        ("defaultForAz", |s| one(&s.default_for_az)),
        ("enable-dns64", |s| one(&s.enable_dns64)),
        ("enable-lni-at-device-index", never),
        ("ipv6-cidr-block-association.association-id", never),
        ("ipv6-cidr-block-association.ipv6-cidr-block", never),
        ("ipv6-cidr-block-association.state", never),
        ("ipv6-native", |s| one(&s.ipv6_native)),
        ("map-customer-owned-ip-on-launch", |s| one(&s.map_customer_owned_ip_on_launch)),
        ("map-public-ip-on-launch", |s| one(&s.map_public_ip_on_launch)),
        ("outpost-arn", never),
        ("owner-id", |s| one(&s.owner_id)),
        ("private-dns-name-options-on-launch.enable-resource-name-dns-a-record", |s| {
            s.private_dns_name_options_on_launch
                .iter()
                .flat_map(|o| one(&o.enable_resource_name_dns_a_record))
                .collect()
        }),
        ("private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record", |s| {
            s.private_dns_name_options_on_launch
                .iter()
                .flat_map(|o| one(&o.enable_resource_name_dns_aaaa_record))
                .collect()
        }),
        ("private-dns-name-options-on-launch.hostname-type", |s| {
            s.private_dns_name_options_on_launch.iter().flat_map(|o| one(&o.hostname_type)).collect()
        }),
        ("state", |s| one(&s.state)),
        ("subnet-arn", |s| one(&s.subnet_arn)),
        ("subnet-id", |s| one(&s.subnet_id)),
        ("vpc-id", |s| one(&s.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.subnet_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
