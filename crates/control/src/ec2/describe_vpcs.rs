//! DescribeVpcs.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, never, one},
    kind::Kind,
    vpc::show,
};
use crate::View;
use aws::{
    api::ec2::{DescribeVpcsRequest, DescribeVpcsResult, Tag, Vpc as Shape},
    fault::Fault,
};

/// DescribeVpcs.
pub(super) fn describe(view: &View<'_>, input: DescribeVpcsRequest) -> Result<DescribeVpcsResult, Fault> {
    let DescribeVpcsRequest { filters, vpc_ids, next_token, max_results, dry_run } = input;
    let state = view.state;
    let asked = Asked { ids: vpc_ids, filters, max_results, next_token, dry_run };
    let all = state.vpcs.iter().map(|vpc| show(state, vpc));
    let (vpcs, next_token) = describe_all(asked, |id| state.vpcs.get(id).map(|vpc| show(state, vpc)), all)?;
    Ok(DescribeVpcsResult { next_token, vpcs })
}

impl Described for Shape {
    const KIND: Kind = Kind::Vpc;
    const IDS: &'static str = "VpcIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("cidr", |v| one(&v.cidr_block)),
        ("cidr-block-association.association-id", |v| each(&v.cidr_block_association_set, |a| &a.association_id)),
        ("cidr-block-association.cidr-block", |v| each(&v.cidr_block_association_set, |a| &a.cidr_block)),
        ("cidr-block-association.state", |v| {
            v.cidr_block_association_set
                .iter()
                .flatten()
                .flat_map(|a| &a.cidr_block_state)
                .flat_map(|s| one(&s.state))
                .collect()
        }),
        ("dhcp-options-id", |v| one(&v.dhcp_options_id)),
        ("ipv6-cidr-block-association.association-id", never),
        ("ipv6-cidr-block-association.ipv6-cidr-block", never),
        ("ipv6-cidr-block-association.ipv6-pool", never),
        ("ipv6-cidr-block-association.state", never),
        ("is-default", |v| one(&v.is_default)),
        ("isDefault", |v| one(&v.is_default)),
        ("owner-id", |v| one(&v.owner_id)),
        ("state", |v| one(&v.state)),
        ("vpc-id", |v| one(&v.vpc_id)),
    ];
    fn id(&self) -> &str {
        self.vpc_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
