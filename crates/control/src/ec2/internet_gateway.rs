//! Internet gateways ("Enable internet access for a VPC using an internet gateway", Amazon VPC User Guide).

use super::{
    describe::{Asked, Described, describe as describe_all},
    filter::{Field, each, one},
    kind::Kind,
    parameter::{done, invalid},
    quota, tags, vpc,
};
use crate::{
    State, Tx, View,
    state::{InternetGateway, Tags},
};
use ::vpc::{InternetGatewayId, VpcId};
use aws::{
    api::ec2::{
        AttachInternetGatewayRequest, AttachmentStatus, CreateInternetGatewayRequest, CreateInternetGatewayResult,
        DeleteInternetGatewayRequest, DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult,
        DetachInternetGatewayRequest, InternetGateway as Shape, InternetGatewayAttachment, ResourceType, Tag,
    },
    fault::Fault,
    shape::Nothing,
};

/// Makes one that is attached to a VPC.
pub(super) fn create_attached(tx: &mut Tx<'_>, vpc: &VpcId) -> InternetGatewayId {
    let id = InternetGatewayId::from(tx.ec2_id("igw"));
    tx.state.internet_gateways.put(InternetGateway { id: id.clone(), vpc: Some(vpc.clone()), tags: Tags::new() });
    id
}

/// CreateInternetGateway.
pub(super) fn create(
    tx: &mut Tx<'_>,
    input: CreateInternetGatewayRequest,
) -> Result<CreateInternetGatewayResult, Fault> {
    let CreateInternetGatewayRequest { tag_specifications, dry_run } = input;
    let tags = tags::at_creation(tag_specifications, ResourceType::InternetGateway)?;
    if tx.state.internet_gateways.len() >= quota::INTERNET_GATEWAYS {
        let message = "The maximum number of internet gateways has been reached.";
        return Err(Fault::new("InternetGatewayLimitExceeded", message));
    }
    let gateway = InternetGateway { id: InternetGatewayId::from(tx.ec2_id("igw")), vpc: None, tags };
    tx.state.internet_gateways.put(gateway.clone());
    done(dry_run, CreateInternetGatewayResult { internet_gateway: Some(show(&tx.state, &gateway)) })
}

/// AttachInternetGateway. A gateway is attached to one VPC, and a VPC has one.
pub(super) fn attach(tx: &mut Tx<'_>, input: AttachInternetGatewayRequest) -> Result<Nothing, Fault> {
    let AttachInternetGatewayRequest { dry_run, internet_gateway_id: id, vpc_id } = input;
    let gateway = get(&tx.state, &id)?;
    let vpc = vpc::get(&tx.state, &vpc_id)?.id.clone();
    if let Some(attached) = &gateway.vpc {
        let message = format!("resource {id} is already attached to network {attached}");
        return Err(Fault::new("Resource.AlreadyAssociated", message));
    }
    if of_vpc(&tx.state, &vpc).is_some() {
        return Err(invalid(format!("Network {vpc} already has an internet gateway attached")));
    }
    tx.state.internet_gateways.update(&id, |gateway| gateway.vpc = Some(vpc));
    done(dry_run, Nothing)
}

/// DetachInternetGateway. Nothing in the VPC may have a public address any more. Routes to it become black holes.
pub(super) fn detach(tx: &mut Tx<'_>, input: DetachInternetGatewayRequest) -> Result<Nothing, Fault> {
    let DetachInternetGatewayRequest { dry_run, internet_gateway_id: id, vpc_id } = input;
    let gateway = get(&tx.state, &id)?;
    let vpc = vpc::get(&tx.state, &vpc_id)?.id.clone();
    if gateway.vpc.as_ref() != Some(&vpc) {
        return Err(Fault::new("Gateway.NotAttached", format!("resource {id} is not attached to network {vpc}")));
    }
    if tx.state.network_interfaces.iter().any(|interface| interface.vpc == vpc && !interface.public_ips.is_empty()) {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(Fault::new("DependencyViolation", message));
    }
    tx.state.internet_gateways.update(&id, |gateway| gateway.vpc = None);
    done(dry_run, Nothing)
}

/// DeleteInternetGateway.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteInternetGatewayRequest) -> Result<Nothing, Fault> {
    let DeleteInternetGatewayRequest { dry_run, internet_gateway_id: id } = input;
    if get(&tx.state, &id)?.vpc.is_some() {
        let message = format!("The internetGateway '{id}' has dependencies and cannot be deleted.");
        return Err(Fault::new("DependencyViolation", message));
    }
    tx.state.internet_gateways.remove(&id);
    done(dry_run, Nothing)
}

/// The gateway that is attached to a VPC.
pub(super) fn of_vpc<'a>(state: &'a State, vpc: &VpcId) -> Option<&'a InternetGateway> {
    state.internet_gateways.iter().find(|gateway| gateway.vpc.as_ref() == Some(vpc))
}

fn get<'a>(state: &'a State, id: &str) -> Result<&'a InternetGateway, Fault> {
    state.internet_gateways.get(id).ok_or_else(|| Kind::InternetGateway.missing(id))
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
