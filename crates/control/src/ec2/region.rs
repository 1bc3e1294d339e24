//! DescribeRegions, DescribeAvailabilityZones, DescribeAccountAttributes. A neargate is one region; there are no others.

use super::{
    filter::{Field, Filters, each, never, one},
    parameter::{done, invalid},
    quota,
    vpc::default_vpc,
};
use crate::{View, Zone};
use aws::{
    api::ec2::{
        AccountAttribute, AccountAttributeName, AccountAttributeValue, AvailabilityZone, AvailabilityZoneOptInStatus,
        AvailabilityZoneState, DescribeAccountAttributesRequest, DescribeAccountAttributesResult,
        DescribeAvailabilityZonesRequest, DescribeAvailabilityZonesResult, DescribeRegionsRequest,
        DescribeRegionsResult, Region,
    },
    fault::Fault,
};

const REGION_FILTERS: &[Field<Region>] = &[
    ("endpoint", |r| one(&r.endpoint)),
    ("opt-in-status", |r| one(&r.opt_in_status)),
    ("region-name", |r| one(&r.region_name)),
];

const ZONE_FILTERS: &[Field<AvailabilityZone>] = &[
    ("group-long-name", |z| one(&z.group_long_name)),
    ("group-name", |z| one(&z.group_name)),
    ("message", |z| each(&z.messages, |m| &m.message)),
    ("opt-in-status", |z| one(&z.opt_in_status)),
    ("parent-zone-id", never),
    ("parent-zone-name", never),
    ("region-name", |z| one(&z.region_name)),
    ("state", |z| one(&z.state)),
    ("zone-id", |z| one(&z.zone_id)),
    ("zone-name", |z| one(&z.zone_name)),
    ("zone-type", |z| one(&z.zone_type)),
];

/// DescribeRegions. `AllRegions` changes nothing: no region has to be opted in to.
pub(super) fn describe_regions(view: &View<'_>, input: DescribeRegionsRequest) -> Result<DescribeRegionsResult, Fault> {
    let DescribeRegionsRequest { region_names, all_regions: _, dry_run, filters } = input;
    let filters = Filters::read(filters, REGION_FILTERS)?;
    let name = &view.state.region.name;
    known("region provided", region_names, |wanted| wanted == name)?;
    let region = Region {
        opt_in_status: Some("opt-in-not-required".to_owned()),
        geography: None,
        region_name: Some(name.clone()),
        endpoint: Some(format!("ec2.{name}.amazonaws.com")),
    };
    let regions = [region].into_iter().filter(|region| filters.pass(region, &[])).collect();
    done(dry_run, DescribeRegionsResult { regions: Some(regions) })
}

/// DescribeAvailabilityZones. `AllAvailabilityZones` changes nothing: there are no zones to opt in to.
pub(super) fn describe_zones(
    view: &View<'_>,
    input: DescribeAvailabilityZonesRequest,
) -> Result<DescribeAvailabilityZonesResult, Fault> {
    let DescribeAvailabilityZonesRequest { zone_names, zone_ids, all_availability_zones: _, dry_run, filters } = input;
    let filters = Filters::read(filters, ZONE_FILTERS)?;
    let zones = &view.state.region.zones;
    let names = known("availability zone", zone_names, |wanted| zones.iter().any(|zone| zone.name == wanted))?;
    let ids = known("availability zone-id", zone_ids, |wanted| zones.iter().any(|zone| zone.id == wanted))?;
    let wanted = |zone: &&Zone| {
        let named =
            |wanted: &Option<Vec<String>>, name: &String| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
        named(&names, &zone.name) && named(&ids, &zone.id)
    };
    let shown = zones.iter().filter(wanted).map(|zone| show_zone(view, zone)).filter(|zone| filters.pass(zone, &[]));
    done(dry_run, DescribeAvailabilityZonesResult { availability_zones: Some(shown.collect()) })
}

/// Names of a request, each known; an empty list is the same as none.
fn known(what: &str, names: Option<Vec<String>>, is: impl Fn(&str) -> bool) -> Result<Option<Vec<String>>, Fault> {
    let names = names.filter(|names| !names.is_empty());
    match names.iter().flatten().find(|name| !is(name)) {
        Some(name) => Err(invalid(format!("Invalid {what}: [{name}]"))),
        None => Ok(names),
    }
}

fn show_zone(view: &View<'_>, zone: &Zone) -> AvailabilityZone {
    let region = &view.state.region.name;
    AvailabilityZone {
        opt_in_status: Some(AvailabilityZoneOptInStatus::OptInNotRequired),
        messages: Some(Vec::new()),
        region_name: Some(region.clone()),
        zone_name: Some(zone.name.clone()),
        zone_id: Some(zone.id.clone()),
        group_name: Some(format!("{region}-zg-1")),
        network_border_group: Some(region.clone()),
        zone_type: Some("availability-zone".to_owned()),
        state: Some(AvailabilityZoneState::Available),
        ..AvailabilityZone::default()
    }
}

/// DescribeAccountAttributes. Those of instances are absent, as those are.
pub(super) fn describe_account(
    view: &View<'_>,
    input: DescribeAccountAttributesRequest,
) -> Result<DescribeAccountAttributesResult, Fault> {
    let DescribeAccountAttributesRequest { dry_run, attribute_names } = input;
    let default_vpc = default_vpc(view.state).map_or_else(|| "none".to_owned(), |vpc| vpc.id.to_string());
    let attributes = [
        (AccountAttributeName::SupportedPlatforms.as_str(), "VPC".to_owned()),
        ("vpc-max-security-groups-per-interface", quota::GROUPS_PER_INTERFACE.to_string()),
        ("vpc-max-elastic-ips", quota::ELASTIC_IPS.to_string()),
        (AccountAttributeName::DefaultVpc.as_str(), default_vpc),
    ];
    let names = attribute_names.filter(|names| !names.is_empty());
    let wanted = |name: &str| names.as_ref().is_none_or(|names| names.iter().any(|wanted| wanted.as_str() == name));
    let shown = attributes.into_iter().filter(|(name, _)| wanted(name)).map(|(name, value)| AccountAttribute {
        attribute_name: Some(name.to_owned()),
        attribute_values: Some(vec![AccountAttributeValue { attribute_value: Some(value) }]),
    });
    done(dry_run, DescribeAccountAttributesResult { account_attributes: Some(shown.collect()) })
}
