//! CreateLoadBalancer.

use super::{
    super::{invalid, limits, names, not_supported, tags, unsupported},
    check_ip_type,
    describe::show,
    nodes,
};
use crate::{
    Tx,
    state::{LoadBalancer, LoadBalancerAttributes},
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
    if let Some(kind) = r#type.filter(|kind| *kind != LoadBalancerTypeEnum::Application) {
        return Err(not_supported(format_args!("The load balancer type '{kind}'")));
    }
    unsupported("CustomerOwnedIpv4Pool", customer_owned_ipv4_pool)?;
    if enable_prefix_for_ipv6_source_nat.is_some() {
        return Err(invalid("'EnablePrefixForIpv6SourceNat' can only be specified for LoadBalancer type 'network'."));
    }
    unsupported("IpamPools", ipam_pools)?;
    check_ip_type(ip_address_type)?;
    names::check_load_balancer(&name)?;
    let given_tags = tags::at_creation(given_tags)?;
    let (vpc, subnets) = nodes::subnets(&tx.state, subnets, subnet_mappings)?;
    let groups = nodes::groups(&tx.state, &vpc, security_groups.unwrap_or_default())?;
    let internal = scheme == Some(LoadBalancerSchemeEnum::Internal);
    if let Some(known) = tx.state.load_balancers.iter().find(|known| known.name == name) {
        let asked: BTreeSet<&SubnetId> = subnets.iter().map(|subnet| &subnet.id).collect();
        let same = known.internal == internal
            && known.security_groups == groups
            && known.tags == given_tags
            && known.nodes.keys().collect::<BTreeSet<_>>() == asked;
        if same {
            return Ok(CreateLoadBalancerOutput { load_balancers: Some(vec![show(&tx.state, known)]) });
        }
        let message = format!("A load balancer with the same name '{name}' exists, but with different settings");
        return Err(Fault::new("DuplicateLoadBalancerName", message));
    }
    if tx.state.load_balancers.len() >= limits::LOAD_BALANCERS {
        return Err(Fault::new("TooManyLoadBalancers", "The maximum number of load balancers has been reached"));
    }
    let mut made = LoadBalancer {
        id: LoadBalancerId::from(tx.hex(16)),
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
    for subnet in &subnets {
        let node = nodes::make(tx, &made, subnet)?;
        made.nodes.insert(subnet.id.clone(), node);
    }
    let answer = show(&tx.state, &made);
    tx.state.load_balancers.put(made);
    Ok(CreateLoadBalancerOutput { load_balancers: Some(vec![answer]) })
}
