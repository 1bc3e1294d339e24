//! Internet gateways. Absent: calls that make, attach or remove them; the default VPC has one.

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, one},
    kind::Kind,
    tags,
};
use crate::{
    State, Tx, View,
    state::{InternetGateway, Tags},
};
use aws::{
    api::ec2::{
        AttachmentStatus, DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult, InternetGateway as Shape,
        InternetGatewayAttachment, Tag,
    },
    fault::Fault,
};
use vpc::{InternetGatewayId, VpcId};

/// Makes one that is attached to a VPC.
pub(super) fn create_attached(tx: &mut Tx<'_>, vpc: &VpcId) -> InternetGatewayId {
    let id = InternetGatewayId::from(tx.ec2_id("igw"));
    tx.state.internet_gateways.put(InternetGateway { id: id.clone(), vpc: Some(vpc.clone()), tags: Tags::new() });
    id
}

/// DescribeInternetGateways.
pub(super) fn describe(
    view: &View<'_>,
    input: DescribeInternetGatewaysRequest,
) -> Result<DescribeInternetGatewaysResult, Fault> {
    let DescribeInternetGatewaysRequest { next_token, max_results, dry_run, internet_gateway_ids, filters } = input;
    let state = view.state;
    let asked = Asked { ids: internet_gateway_ids, filters, max_results, next_token, dry_run };
    let all = state.internet_gateways.iter().map(|gateway| show(state, gateway));
    let (internet_gateways, next_token) =
        describe_all(asked, |id| state.internet_gateways.get(id).map(|gateway| show(state, gateway)), all)?;
    Ok(DescribeInternetGatewaysResult { internet_gateways, next_token })
}

fn show(state: &State, gateway: &InternetGateway) -> Shape {
    let attachment = gateway.vpc.iter().map(|vpc| InternetGatewayAttachment {
        state: Some(AttachmentStatus::Available),
        vpc_id: Some(vpc.to_string()),
    });
    Shape {
        attachments: Some(attachment.collect()),
        internet_gateway_id: Some(gateway.id.to_string()),
        owner_id: Some(state.region.account.clone()),
        tags: Some(tags::list(&gateway.tags)),
    }
}

impl Described for Shape {
    const KIND: Kind = Kind::InternetGateway;
    const IDS: &'static str = "InternetGatewayIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("attachment.state", |g| each(&g.attachments, |a| &a.state)),
        ("attachment.vpc-id", |g| each(&g.attachments, |a| &a.vpc_id)),
        ("internet-gateway-id", |g| one(&g.internet_gateway_id)),
        ("owner-id", |g| one(&g.owner_id)),
    ];
    fn id(&self) -> &str {
        self.internet_gateway_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
