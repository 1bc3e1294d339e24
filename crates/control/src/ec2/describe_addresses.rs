//! DescribeAddresses and DescribeAddressesAttribute.

use super::{
    describe::{Asked, Described, describe as describe_all, page},
    elastic_ip::{POOL, by_ip, get},
    filter::{Field, never, one},
    kind::Kind,
    parameter::done,
    tags,
};
use crate::{State, View, state::ElasticIp};
use aws::{
    api::ec2::{
        Address as Shape, AddressAttribute, DescribeAddressesAttributeRequest, DescribeAddressesAttributeResult,
        DescribeAddressesRequest, DescribeAddressesResult, DomainType, Tag,
    },
    fault::Fault,
};

/// DescribeAddresses.
pub(super) fn describe(view: &View<'_>, input: DescribeAddressesRequest) -> Result<DescribeAddressesResult, Fault> {
    let DescribeAddressesRequest { public_ips, dry_run, filters, allocation_ids } = input;
    let state = view.state;
    let mut ids = allocation_ids.unwrap_or_default();
    for ip in public_ips.iter().flatten() {
        ids.push(by_ip(state, ip)?.allocation.clone());
    }
    let asked = Asked { ids: Some(ids), filters, max_results: None, next_token: None, dry_run };
    let all = state.elastic_ips.iter().map(|address| show(state, address));
    let (addresses, _) = describe_all(asked, |id| state.elastic_ips.get(id).map(|address| show(state, address)), all)?;
    Ok(DescribeAddressesResult { addresses })
}

/// DescribeAddressesAttribute. None of the attributes there are (`domain-name`) can be set here, so no address has one.
pub(super) fn describe_attribute(
    view: &View<'_>,
    input: DescribeAddressesAttributeRequest,
) -> Result<DescribeAddressesAttributeResult, Fault> {
    let DescribeAddressesAttributeRequest { allocation_ids, attribute: _, next_token, max_results, dry_run } = input;
    let state = view.state;
    let wanted: Vec<&ElasticIp> = match allocation_ids.filter(|ids| !ids.is_empty()) {
        Some(mut ids) => {
            ids.sort();
            ids.dedup();
            ids.iter().map(|id| get(state, id)).collect::<Result<_, _>>()?
        }
        None => state.elastic_ips.iter().collect(),
    };
    let shown = wanted.into_iter().map(|address| AddressAttribute {
        public_ip: Some(address.public_ip.to_string()),
        allocation_id: Some(address.allocation.clone()),
        ptr_record: None,
        ptr_record_update: None,
    });
    let key = |address: &AddressAttribute| address.allocation_id.clone().unwrap_or_default();
    let (addresses, next_token) = page(shown.collect(), key, max_results, next_token)?;
    done(dry_run, DescribeAddressesAttributeResult { addresses, next_token })
}

fn show(state: &State, address: &ElasticIp) -> Shape {
    let ElasticIp { allocation, public_ip, association, tags } = address;
    let association = association.as_ref();
    let subnet = association.and_then(|association| state.network_interfaces.get(&association.interface));
    Shape {
        allocation_id: Some(allocation.clone()),
        association_id: association.map(|association| association.id.clone()),
        domain: Some(DomainType::Vpc),
        network_interface_id: association.map(|association| association.interface.to_string()),
        network_interface_owner_id: association.map(|_| state.region.account.clone()),
        private_ip_address: association.map(|association| association.private_ip.to_string()),
        tags: tags::show(tags),
        public_ipv4_pool: Some(POOL.to_owned()),
        network_border_group: Some(state.region.name.clone()),
        customer_owned_ip: None,
        customer_owned_ipv4_pool: None,
        carrier_ip: None,
        subnet_id: subnet.map(|interface| interface.subnet.to_string()),
        service_managed: None,
        instance_id: None,
        public_ip: Some(public_ip.to_string()),
    }
}

impl Described for Shape {
    const KIND: Kind = Kind::ElasticIp;
    const IDS: &'static str = "AllocationIds";
    const FILTERS: &'static [Field<Self>] = &[
        ("allocation-id", |a| one(&a.allocation_id)),
        ("association-id", |a| one(&a.association_id)),
        ("domain", |a| one(&a.domain)),
        ("instance-id", never),
        ("network-border-group", |a| one(&a.network_border_group)),
        ("network-interface-id", |a| one(&a.network_interface_id)),
        ("network-interface-owner-id", |a| one(&a.network_interface_owner_id)),
        ("private-ip-address", |a| one(&a.private_ip_address)),
        ("public-ip", |a| one(&a.public_ip)),
    ];
    fn id(&self) -> &str {
        self.allocation_id.as_deref().unwrap_or_default()
    }
    fn tags(&self) -> &Option<Vec<Tag>> {
        &self.tags
    }
}
