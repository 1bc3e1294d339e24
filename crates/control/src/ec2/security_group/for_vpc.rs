//! GetSecurityGroupsForVpc. Absent: groups associated with further VPCs, so these are the VPC's own.

use crate::{
    View,
    ec2::{
        describe::{Asked, Described, describe as describe_all},
        filter::{Field, one},
        kind::Kind,
        tags, vpc,
    },
};
use aws::{
    api::ec2::{GetSecurityGroupsForVpcRequest, GetSecurityGroupsForVpcResult, SecurityGroupForVpc as Shape, Tag},
    fault::Fault,
};

/// GetSecurityGroupsForVpc.
pub(in crate::ec2) fn get(
    view: &View<'_>,
    input: GetSecurityGroupsForVpcRequest,
) -> Result<GetSecurityGroupsForVpcResult, Fault> {
    let GetSecurityGroupsForVpcRequest { vpc_id, next_token, max_results, filters, dry_run } = input;
    let state = view.state;
    let vpc = &vpc::get(state, &vpc_id)?.id;
    let all = state.security_groups.iter().filter(|group| group.vpc == *vpc).map(|group| Shape {
        description: Some(group.description.clone()),
        group_name: Some(group.name.clone()),
        owner_id: Some(state.region.account.clone()),
        group_id: Some(group.id.to_string()),
        tags: tags::show(&group.tags),
        primary_vpc_id: Some(group.vpc.to_string()),
    });
    let asked = Asked { ids: None, filters, max_results, next_token, dry_run };
    let (security_group_for_vpcs, next_token) = describe_all(asked, |_| None, all)?;
    Ok(GetSecurityGroupsForVpcResult { next_token, security_group_for_vpcs })
}

impl Described for Shape {
    const KIND: Kind = Kind::SecurityGroup;
    const IDS: &'static str = "GroupIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("description", |g| one(&g.description)),
        ("group-id", |g| one(&g.group_id)),
        ("group-name", |g| one(&g.group_name)),
        ("owner-id", |g| one(&g.owner_id)),
        ("primary-vpc-id", |g| one(&g.primary_vpc_id)),
    ];
    fn id(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
