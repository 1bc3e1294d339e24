//! CreateNatGateway and DeleteNatGateway ("NAT gateways", Amazon VPC User Guide). Absent: regional NAT gateways.

use super::{
    client_token::Call,
    describe_nat_gateways::show,
    elastic_ip,
    interface::{self, NewInterface, PrivateAddresses},
    internet_gateway,
    kind::Kind,
    nat_gateway::{check_tags, get},
    parameter::{combination, done, missing, not_supported, unsupported},
    private_address, quota, subnet, tags,
};
use crate::{
    State, Tx,
    controllers::gateways::forget_later,
    state::{Lifecycle, NatAddress, NatElasticIp, NatFailure, NatGateway, NetworkInterface, Subnet, Tags},
};
use aws::{
    api::ec2::{
        AvailabilityMode, ConnectivityType, CreateNatGatewayRequest, CreateNatGatewayResult, DeleteNatGatewayRequest,
        DeleteNatGatewayResult, ResourceType,
    },
    fault::Fault,
};
use std::net::IpAddr;
use vpc::{Holder, InterfaceId, NatGatewayId};

/// What a gateway is to be.
struct New {
    subnet: Subnet,
    /// The Elastic IP addresses of a public one, the primary one first; none for a private one.
    allocations: Vec<String>,
    addresses: PrivateAddresses,
    tags: Tags,
}

/// CreateNatGateway. One that can't be made for a reason outside the request is there and `failed`, as on AWS.
pub(super) fn create(tx: &mut Tx<'_>, input: CreateNatGatewayRequest) -> Result<CreateNatGatewayResult, Fault> {
    let call = Call::new("CreateNatGateway", input.client_token.as_ref(), &input)?;
    let CreateNatGatewayRequest {
        availability_mode,
        allocation_id,
        client_token,
        dry_run,
        subnet_id,
        vpc_id,
        availability_zone_addresses,
        tag_specifications,
        connectivity_type,
        private_ip_address,
        secondary_allocation_ids,
        secondary_private_ip_addresses,
        secondary_private_ip_address_count,
    } = input;
    if availability_mode == Some(AvailabilityMode::Regional) {
        return Err(not_supported("AvailabilityMode=regional"));
    }
    unsupported("VpcId", vpc_id)?;
    unsupported("AvailabilityZoneAddresses", availability_zone_addresses)?;
    let answer = |state: &State, gateway: &NatGateway| CreateNatGatewayResult {
        client_token: client_token.clone(),
        nat_gateway: Some(show(state, gateway)),
    };
    if let Some(made) = call.made_before(&tx.state)?
        && let Some(gateway) = tx.state.nat_gateways.get(&made)
    {
        return done(dry_run, answer(&tx.state, gateway));
    }
    let subnet_id = subnet_id.ok_or_else(|| missing("SubnetId"))?;
    let subnet = subnet::get(&tx.state, &subnet_id)?.clone();
    let public = connectivity_type != Some(ConnectivityType::Private);
    let allocations = allocations(&tx.state, public, allocation_id, secondary_allocation_ids)?;
    let addresses = addresses(
        allocations.len(),
        private_ip_address,
        secondary_private_ip_addresses,
        secondary_private_ip_address_count,
    )?;
    let tags = tags::at_creation(tag_specifications, ResourceType::Natgateway)?;
    check_tags(&tags)?;
    check_quota(&tx.state, &subnet)?;
    let gateway = make(tx, New { subnet, allocations, addresses, tags })?;
    call.remember(tx, &gateway.id);
    done(dry_run, answer(&tx.state, &gateway))
}

/// The Elastic IP addresses of a public gateway, each there; a private one has none.
fn allocations(
    state: &State,
    public: bool,
    primary: Option<String>,
    secondary: Option<Vec<String>>,
) -> Result<Vec<String>, Fault> {
    let secondary = secondary.unwrap_or_default();
    if !public {
        return match primary.is_some() || !secondary.is_empty() {
            true => Err(combination("A private NAT gateway cannot have Elastic IP addresses.")),
            false => Ok(Vec::new()),
        };
    }
    let Some(primary) = primary else {
        let message =
            "The request must include the AllocationId parameter. Add the required parameter and retry the request.";
        return Err(Fault::new("MissingParameter", message));
    };
    let all: Vec<String> = std::iter::once(primary).chain(secondary).collect();
    for (n, id) in all.iter().enumerate() {
        if !state.elastic_ips.contains(id) {
            let message = format!("The elastic-ip ID '{id}' does not exist");
            return Err(Fault::new("InvalidElasticIpID.NotFound", message));
        }
        if all.iter().skip(n + 1).any(|other| other == id) {
            return Err(combination(format!("The allocation ID '{id}' is given twice")));
        }
    }
    Ok(all)
}

/// The private addresses of a gateway. A public one has one for each of its Elastic IP addresses.
fn addresses(
    elastic: usize,
    primary: Option<String>,
    secondary: Option<Vec<String>>,
    count: Option<i32>,
) -> Result<PrivateAddresses, Fault> {
    let secondary = secondary.unwrap_or_default();
    let count = private_address::count("SecondaryPrivateIpAddressCount", count)?;
    if count > 0 && !secondary.is_empty() {
        return Err(combination(
            "The parameter SecondaryPrivateIpAddresses cannot be used with the parameter SecondaryPrivateIpAddressCount",
        ));
    }
    let more = match elastic.checked_sub(1) {
        None => count,
        Some(_) if count > 0 => {
            return Err(combination("SecondaryPrivateIpAddressCount can be used for private NAT gateways only."));
        }
        Some(wanted) if !secondary.is_empty() && secondary.len() != wanted => {
            return Err(combination(
                "There must be as many SecondaryPrivateIpAddresses as SecondaryAllocationIds, or none of them.",
            ));
        }
        Some(wanted) => wanted - secondary.len(),
    };
    let read = |text: &String| private_address::read("PrivateIpAddress", text);
    let addresses = PrivateAddresses {
        primary: primary.as_ref().map(read).transpose()?,
        secondary: secondary.iter().map(read).collect::<Result<_, _>>()?,
        more,
    };
    check_number(1 + addresses.secondary.len() + more)?;
    Ok(addresses)
}

/// Refuses more addresses than a gateway can have.
///
/// # Errors
/// `PrivateIpAddressLimitExceeded`.
pub(super) fn check_number(addresses: usize) -> Result<(), Fault> {
    if addresses <= quota::ADDRESSES_PER_NAT_GATEWAY {
        return Ok(());
    }
    let message = format!("A NAT gateway can have at most {} addresses.", quota::ADDRESSES_PER_NAT_GATEWAY);
    Err(Fault::new("PrivateIpAddressLimitExceeded", message))
}

/// Gateways count in their zone from when they are asked for until they are gone.
fn check_quota(state: &State, subnet: &Subnet) -> Result<(), Fault> {
    let counts = |gateway: &&NatGateway| {
        matches!(gateway.state, Lifecycle::Pending | Lifecycle::Available | Lifecycle::Deleting)
            && state.subnets.get(&gateway.subnet).is_some_and(|other| other.zone == subnet.zone)
    };
    let limit = quota::NAT_GATEWAYS_PER_ZONE;
    if state.nat_gateways.iter().filter(counts).count() < limit {
        return Ok(());
    }
    let message = format!("Performing this operation would exceed the limit of {limit} NAT gateways");
    Err(Fault::new("NatGatewayLimitExceeded", message))
}

fn make(tx: &mut Tx<'_>, new: New) -> Result<NatGateway, Fault> {
    let New { subnet, allocations, addresses, tags } = new;
    let id = NatGatewayId::from(tx.ec2_id("nat"));
    let failure = match obstacle(&tx.state, &subnet, &allocations) {
        Some(failure) => Err(failure),
        None => make_interface(tx, &id, &subnet, addresses.clone())?,
    };
    let mut gateway = NatGateway {
        id: id.clone(),
        vpc: subnet.vpc,
        subnet: subnet.id,
        public: !allocations.is_empty(),
        state: Lifecycle::Pending,
        since: tx.state.revision + 1,
        interface: None,
        addresses: Vec::new(),
        failure: None,
        created_at: tx.now,
        deleted_at: None,
        tags,
    };
    match failure {
        Ok(interface) => {
            let secondary: Vec<IpAddr> = match addresses.secondary.is_empty() {
                true => interface.secondary_ips.iter().copied().collect(),
                false => addresses.secondary,
            };
            let private: Vec<IpAddr> = std::iter::once(interface.private_ip).chain(secondary).collect();
            gateway.addresses = address_all(tx, &interface.id, &private, &allocations);
            gateway.interface = Some(interface.id);
        }
        Err((code, message)) => {
            gateway.state = Lifecycle::Failed;
            let allocation = allocations.into_iter().next();
            gateway.failure = Some(NatFailure { code: code.to_owned(), message, allocation });
            forget_later(tx, &id);
        }
    }
    tx.state.nat_gateways.put(gateway.clone());
    Ok(gateway)
}

/// Code and message of why a gateway fails ("Troubleshoot NAT gateways", Amazon VPC User Guide).
type Obstacle = (&'static str, String);

fn obstacle(state: &State, subnet: &Subnet, allocations: &[String]) -> Option<Obstacle> {
    if !allocations.is_empty() && internet_gateway::of_vpc(state, &subnet.vpc).is_none() {
        let message = format!("Network {} has no Internet gateway attached", subnet.vpc);
        return Some(("Gateway.NotAttached", message));
    }
    let used = |id: &&String| state.elastic_ips.get(id).is_some_and(|address| address.association.is_some());
    let used = allocations.iter().find(used)?;
    Some(("Resource.AlreadyAssociated", format!("Elastic IP address [{used}] is already associated")))
}

/// The gateway's interface; a full subnet makes the gateway fail, any other trouble is the request's own.
fn make_interface(
    tx: &mut Tx<'_>,
    id: &NatGatewayId,
    subnet: &Subnet,
    addresses: PrivateAddresses,
) -> Result<Result<NetworkInterface, Obstacle>, Fault> {
    let new = NewInterface {
        subnet: subnet.id.clone(),
        groups: Vec::new(),
        description: format!("Interface for NAT Gateway {id}"),
        holder: Holder::NatGateway(id.clone()),
        public_ip: false,
        tags: Tags::new(),
    };
    match tx.whole(|tx| interface::create_with(tx, new, addresses)) {
        Ok(interface) => Ok(Ok(interface)),
        Err(fault) if fault.code == "InsufficientFreeAddressesInSubnet" => {
            let message = "Subnet has insufficient free addresses to create this NAT gateway".to_owned();
            Ok(Err(("InsufficientFreeAddressesInSubnet", message)))
        }
        Err(fault) => Err(fault),
    }
}

/// Private addresses of a gateway's interface as addresses of the gateway, with the Elastic IP addresses they get, if any.
pub(super) fn address_all(
    tx: &mut Tx<'_>,
    interface: &InterfaceId,
    private: &[IpAddr],
    allocations: &[String],
) -> Vec<NatAddress> {
    let since = tx.state.revision + 1;
    let allocations = allocations.iter().map(Some).chain(std::iter::repeat(None));
    let address = |(private_ip, allocation): (&IpAddr, Option<&String>)| NatAddress {
        private_ip: *private_ip,
        elastic_ip: allocation.and_then(|allocation| map(tx, interface, *private_ip, allocation)),
        since,
    };
    private.iter().zip(allocations).map(address).collect()
}

fn map(tx: &mut Tx<'_>, interface: &InterfaceId, private_ip: IpAddr, allocation: &str) -> Option<NatElasticIp> {
    let interface = tx.state.network_interfaces.get(interface)?.clone();
    let public_ip = tx.state.elastic_ips.get(allocation)?.public_ip;
    let association = elastic_ip::map(tx, allocation, &interface, private_ip);
    Some(NatElasticIp { allocation: allocation.to_owned(), association, public_ip })
}

/// DeleteNatGateway. Its interface and addresses are free once no host has it any more.
pub(super) fn delete(tx: &mut Tx<'_>, input: DeleteNatGatewayRequest) -> Result<DeleteNatGatewayResult, Fault> {
    let DeleteNatGatewayRequest { dry_run, nat_gateway_id: id } = input;
    let gateway = get(&tx.state, &id)?;
    let next = match gateway.state {
        Lifecycle::Pending | Lifecycle::Available => Some(Lifecycle::Deleting),
        Lifecycle::Failed => Some(Lifecycle::Deleted),
        Lifecycle::Deleting => None,
        Lifecycle::Deleted => return Err(Kind::NatGateway.missing(&id)),
    };
    let (now, since) = (tx.now, tx.state.revision + 1);
    if let Some(next) = next {
        tx.state.nat_gateways.update(&id, |gateway| {
            (gateway.state, gateway.since, gateway.deleted_at) = (next, since, Some(now));
        });
    }
    done(dry_run, DeleteNatGatewayResult { nat_gateway_id: Some(id) })
}
