//! DescribeVpcEndpointServices: AWS's own. Those that have a prefix list are there twice, for each type of endpoint.

use super::{dns, service_named};
use crate::{
    View,
    ec2::{
        describe::page,
        filter::{Field, Filters, each, one},
        parameter::{done, unsupported},
    },
    state::Region,
};
use aws::{
    api::ec2::{
        DescribeVpcEndpointServicesRequest, DescribeVpcEndpointServicesResult, DnsNameState, PrivateDnsDetails,
        ServiceConnectivityType, ServiceDetail, ServiceType, ServiceTypeDetail,
    },
    fault::Fault,
};
use vpc::{AWS_SERVICES, AwsService};

const FILTERS: &[Field<ServiceDetail>] = &[
    ("owner", |s| one(&s.owner)),
    ("service-name", |s| one(&s.service_name)),
    ("service-region", |s| one(&s.service_region)),
    ("service-type", |s| each(&s.service_type, |t| &t.service_type)),
    ("supported-ip-address-types", |s| {
        s.supported_ip_address_types.iter().flatten().map(ToString::to_string).collect()
    }),
];

/// DescribeVpcEndpointServices.
pub(in crate::ec2) fn describe(
    view: &View<'_>,
    input: DescribeVpcEndpointServicesRequest,
) -> Result<DescribeVpcEndpointServicesResult, Fault> {
    let DescribeVpcEndpointServicesRequest {
        dry_run,
        service_names,
        filters,
        max_results,
        next_token,
        service_regions,
    } = input;
    let region = &*view.state.region;
    let elsewhere = service_regions.filter(|regions| regions.iter().any(|wanted| *wanted != region.name));
    unsupported("ServiceRegions of another region", elsewhere)?;
    let filters = Filters::read(filters, FILTERS)?;
    let names = service_names.filter(|names| !names.is_empty());
    names.iter().flatten().try_for_each(|name| service_named(&region.name, name).map(drop))?;
    let wanted = |name: &String| names.as_ref().is_none_or(|names| names.contains(name));
    let services = AWS_SERVICES.iter().filter(|service| wanted(&service.service_name(&region.name)));
    let details = services.flat_map(|service| show(region, service));
    let details = details.filter(|detail| filters.pass(detail, &[])).collect();
    let (service_details, next_token) = page(details, key, max_results, next_token)?;
    let mut names: Vec<String> =
        service_details.iter().flatten().flat_map(|detail| one(&detail.service_name)).collect();
    names.dedup();
    done(dry_run, DescribeVpcEndpointServicesResult { service_names: Some(names), service_details, next_token })
}

/// A service is told from itself by the type of endpoint.
fn key(detail: &ServiceDetail) -> String {
    let types = each(&detail.service_type, |of| &of.service_type);
    format!("{}/{}", detail.service_name.as_deref().unwrap_or_default(), types.join(","))
}

/// A service's details by the types of endpoints it has.
fn show(region: &Region, service: &AwsService) -> Vec<ServiceDetail> {
    let gateway = service.prefix_list.map(|_| show_type(region, service, ServiceType::Gateway));
    gateway.into_iter().chain([show_type(region, service, ServiceType::Interface)]).collect()
}

fn show_type(region: &Region, service: &AwsService, of: ServiceType) -> ServiceDetail {
    let is_interface = of == ServiceType::Interface;
    let private = if is_interface { dns::private_names(service, &region.name) } else { Vec::new() };
    let base = if is_interface { dns::domain(service, &region.name) } else { service.dns_name(&region.name) };
    ServiceDetail {
        service_name: Some(service.service_name(&region.name)),
        service_id: None,
        service_type: Some(vec![ServiceTypeDetail { service_type: Some(of) }]),
        service_region: Some(region.name.clone()),
        availability_zone_ids: Some(region.zones.iter().map(|zone| zone.id.clone()).collect()),
        availability_zones: Some(region.zones.iter().map(|zone| zone.name.clone()).collect()),
        owner: Some("amazon".to_owned()),
        base_endpoint_dns_names: Some(vec![base]),
        private_dns_name: private.first().cloned(),
        private_dns_name_verification_state: (!private.is_empty()).then_some(DnsNameState::Verified),
        private_dns_names: (!private.is_empty())
            .then(|| private.into_iter().map(|name| PrivateDnsDetails { private_dns_name: Some(name) }).collect()),
        // Policies are taken only when they change nothing.
        vpc_endpoint_policy_supported: Some(false),
        acceptance_required: Some(false),
        manages_vpc_endpoints: Some(false),
        payer_responsibility: None,
        tags: Some(Vec::new()),
        supported_ip_address_types: Some(vec![ServiceConnectivityType::Ipv4]),
    }
}
