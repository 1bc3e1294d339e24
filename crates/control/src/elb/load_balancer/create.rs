//! CreateLoadBalancer.

use super::{
    super::{limits, names, not_supported, tags, unsupported},
    check_ip_type, check_source_nat,
    describe::show,
    nodes,
};
use crate::{
    Tx,
    state::{LoadBalancer, LoadBalancerAttributes, LoadBalancerKind},
};
use aws::{
    api::elbv2::{CreateLoadBalancerInput, CreateLoadBalancerOutput, LoadBalancerSchemeEnum, LoadBalancerTypeEnum},
    fault::Fault,
};
use std::collections::{BTreeMap, BTreeSet};
use vpc::{LoadBalancerId, SubnetId};

/// CreateLoadBalancer. One that is there already with the same settings is answered as it is.
pub(in crate::elb) fn create(
    tx: &mut Tx<'_>,
    input: CreateLoadBalancerInput,
) -> Result<CreateLoadBalancerOutput, Fault> {
    let CreateLoadBalancerInput {
        name,
        subnets,
        subnet_mappings,
        security_groups,
        scheme,
        tags: given_tags,
        r#type,
        ip_address_type,
        customer_owned_ipv4_pool,
        enable_prefix_for_ipv6_source_nat,
        ipam_pools,
    } = input;
    let kind = match r#type {
        None | Some(LoadBalancerTypeEnum::Application) => LoadBalancerKind::Application,
        Some(LoadBalancerTypeEnum::Network) => LoadBalancerKind::Network,
        Some(other) => return Err(not_supported(format_args!("The load balancer type '{other}'"))),
    };
    unsupported("CustomerOwnedIpv4Pool", customer_owned_ipv4_pool)?;
    check_source_nat(kind, enable_prefix_for_ipv6_source_nat.is_some())?;
    unsupported("IpamPools", ipam_pools)?;
    check_ip_type(ip_address_type)?;
    names::check_load_balancer(&name)?;
    let given_tags = tags::at_creation(given_tags)?;
    let internal = scheme == Some(LoadBalancerSchemeEnum::Internal);
    let (vpc, places) = nodes::places(&tx.state, kind, internal, subnets, subnet_mappings)?;
    let groups = nodes::groups(&tx.state, kind, &vpc, security_groups.unwrap_or_default())?;
    if let Some(known) = tx.state.load_balancers.iter().find(|known| known.name == name) {
        let asked: BTreeSet<&SubnetId> = places.iter().map(|place| &place.subnet.id).collect();
        let same = (known.kind, known.internal) == (kind, internal)
            && known.security_groups == groups
            && known.tags == given_tags
            && known.nodes.keys().collect::<BTreeSet<_>>() == asked;
        if same {
            return Ok(CreateLoadBalancerOutput { load_balancers: Some(vec![show(&tx.state, known)]) });
        }
        let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
        return Err(Fault::new("DuplicateLoadBalancerName", message));
    }
    if tx.state.load_balancers.iter().filter(|known| known.kind == kind).count() >= limits::LOAD_BALANCERS {
        return Err(Fault::new("TooManyLoadBalancers", "The maximum number of load balancers has been reached"));
    }
    let mut made = LoadBalancer {
        id: LoadBalancerId::from(tx.hex(16)),
        kind,
        name,
        number: (tx.draw() >> 33) as u32,
        internal,
        vpc,
        nodes: BTreeMap::new(),
        security_groups: groups,
        provisioning: Some(tx.state.revision + 1),
        unhealthy: BTreeSet::new(),
        created_at: tx.now,
        attributes: LoadBalancerAttributes::default(),
        tags: given_tags,
    };
    for place in &places {
        let node = nodes::make(tx, &made, place)?;
        made.nodes.insert(place.subnet.id.clone(), node);
    }
    let answer = show(&tx.state, &made);
    tx.state.load_balancers.put(made);
    Ok(CreateLoadBalancerOutput { load_balancers: Some(vec![answer]) })
}
