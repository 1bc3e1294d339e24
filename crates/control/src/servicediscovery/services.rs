//! Services.

use super::{
    PAGE, id_of, ids, invalid, namespaces,
    namespaces::{is_label, seconds},
    operations::{Begun, begin, duplicate, under_way},
    service_arn, tags, unsupported,
};
use crate::{
    State, Tx, View,
    state::{DiscoveryDns, DiscoveryInstance, DiscoveryService, Namespace, NamespaceKind, Tags},
};
use aws::{
    api::servicediscovery::{
        self as api, CreateServiceRequest, CreateServiceResponse, DeleteServiceAttributesRequest,
        DeleteServiceAttributesResponse, DeleteServiceRequest, DeleteServiceResponse, DnsConfig, DnsRecord,
        FilterCondition, GetServiceAttributesRequest, GetServiceAttributesResponse, GetServiceRequest,
        GetServiceResponse, HealthCheckCustomConfig, ListServicesRequest, ListServicesResponse, OperationTargetType,
        OperationType, RecordType, RoutingPolicy, ServiceAttributes, ServiceChange, ServiceFilter, ServiceFilterName,
        ServiceSummary, ServiceType, UpdateServiceAttributesRequest, UpdateServiceAttributesResponse,
        UpdateServiceRequest, UpdateServiceResponse,
    },
    fault::Fault,
    page::paginate,
};
use std::collections::BTreeMap;

/// Attributes of a service ("UpdateServiceAttributes", AWS Cloud Map API Reference).
const ATTRIBUTES: usize = 30;

/// The service with that id or ARN.
///
/// # Errors
/// `ServiceNotFound` when there is none.
pub fn find<'a>(state: &'a State, reference: &str) -> Result<&'a DiscoveryService, Fault> {
    let found = id_of(&state.region, "service", reference).and_then(|id| state.discovery_services.get(id));
    found.ok_or_else(|| Fault::new("ServiceNotFound", format!("Service {reference} was not found.")))
}

/// The service of that name in a namespace. Names that are in DNS are the same in any letters.
pub fn named<'a>(state: &'a State, namespace: &str, name: &str) -> Option<&'a DiscoveryService> {
    let same = |known: &DiscoveryService| match known.dns {
        Some(_) => known.name.eq_ignore_ascii_case(name),
        None => known.name == name,
    };
    state.discovery_services.iter().find(|known| known.namespace == namespace && same(known))
}

/// A service that is to be made.
pub struct New {
    /// The id of its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What a user says of it.
    pub description: Option<String>,
    /// The DNS records its instances get.
    pub dns: Option<DiscoveryDns>,
    /// Whether its instances have a health that is told.
    pub custom_health: bool,
    /// The id of the request.
    pub creator_request_id: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// The key of the service of Amazon ECS that it is for, if it is Service Connect's.
    pub owner: Option<String>,
}

/// Makes a service.
///
/// # Errors
/// `InvalidInput` for a name that can't be, `ServiceAlreadyExists`.
pub fn make(tx: &mut Tx<'_>, new: New) -> Result<DiscoveryService, Fault> {
    let New { namespace, name, description, dns, custom_health, creator_request_id, tags, owner } = new;
    check_name(&name)?;
    if let Some(known) = named(&tx.state, &namespace, &name) {
        return Err(exists(&tx.state, known));
    }
    let made = DiscoveryService {
        id: ids::resource(tx, "srv"),
        namespace,
        name,
        description,
        dns,
        custom_health,
        created_at: tx.now,
        creator_request_id: creator_request_id.unwrap_or_else(|| tx.uuid()),
        tags,
        attributes: BTreeMap::new(),
        owner,
        revision: 1,
    };
    tx.state.discovery_services.put(made.clone());
    Ok(made)
}

fn exists(state: &State, known: &DiscoveryService) -> Fault {
    Fault::new("ServiceAlreadyExists", format!("Service with name {} already exists.", known.name))
        .with_field("CreatorRequestId", known.creator_request_id.clone())
        .with_field("ServiceId", known.id.clone())
        .with_field("ServiceArn", service_arn(&state.region, &known.id))
}

/// `CreateService`.
pub(super) fn create(tx: &mut Tx<'_>, request: CreateServiceRequest) -> Result<CreateServiceResponse, Fault> {
    let CreateServiceRequest {
        name,
        namespace_id,
        creator_request_id,
        description,
        dns_config,
        health_check_config,
        health_check_custom_config,
        tags: given,
        r#type,
    } = request;
    let in_dns = dns_config.as_ref().and_then(|config| config.namespace_id.clone());
    let reference = match (namespace_id, in_dns) {
        (Some(_), Some(_)) => {
            return Err(invalid("Specify NamespaceId for the service or in DnsConfig, not for both."));
        }
        (Some(id), None) | (None, Some(id)) => id,
        (None, None) => return Err(invalid("NamespaceId must be specified.")),
    };
    let namespace = namespaces::find(&tx.state, &reference)?.clone();
    let private = matches!(namespace.kind, NamespaceKind::PrivateDns { .. });
    match (private, &dns_config, r#type) {
        (false, Some(_), _) => return Err(invalid("DnsConfig can't be specified for a service in an HTTP namespace.")),
        (true, Some(_), Some(_)) => {
            return Err(invalid("DnsConfig can't be specified for a service of the type HTTP."));
        }
        (true, None, None) => return Err(invalid("DnsConfig must be specified for a service in a DNS namespace.")),
        _ => {}
    }
    match (health_check_config.is_some(), health_check_custom_config.is_some()) {
        (true, true) => {
            return Err(invalid("Specify either HealthCheckConfig or HealthCheckCustomConfig, but not both."));
        }
        (true, false) if private => {
            return Err(invalid("HealthCheckConfig can't be specified for a service in a private DNS namespace."));
        }
        (true, false) => return Err(unsupported("HealthCheckConfig")),
        _ => {}
    }
    let dns = dns_config.map(dns).transpose()?;
    let tags = tags::at_creation(given)?;
    if let Some(dns) = &dns {
        check_domain(&namespace, &name, dns)?;
    }
    let repeated = |known: &&DiscoveryService| {
        creator_request_id.as_ref() == Some(&known.creator_request_id)
            && known.name == name
            && known.dns == dns
            && known.description == description
    };
    if let Some(known) = named(&tx.state, &namespace.id, &name).filter(repeated) {
        return Ok(CreateServiceResponse { service: Some(shape(&tx.state, known)) });
    }
    let custom_health = health_check_custom_config.is_some();
    let new =
        New { namespace: namespace.id, name, description, dns, custom_health, creator_request_id, tags, owner: None };
    let made = make(tx, new)?;
    Ok(CreateServiceResponse { service: Some(shape(&tx.state, &made)) })
}

/// Names of one or several labels, up to 127 characters; a dot is the namespace itself.
fn check_name(name: &str) -> Result<(), Fault> {
    let label = |label: &str| is_label(label) && (label.len() > 1 || label.chars().all(|c| c.is_ascii_alphanumeric()));
    match name == "." || name.len() <= 127 && name.split('.').all(label) {
        true => Ok(()),
        false => Err(invalid(format!("The service name {name} is not valid."))),
    }
}

/// Records have names of up to 253 characters. At the name of a zone are records of its own, beside which no CNAME may be (RFC 1034, section
/// 3.6.2).
fn check_domain(namespace: &Namespace, name: &str, dns: &DiscoveryDns) -> Result<(), Fault> {
    if namespace.name.len() + 1 + name.len() > 253 {
        return Err(invalid("The names of service and namespace together have more than 253 characters."));
    }
    match name == "." && dns.ttl(RecordType::Cname).is_some() {
        true => Err(invalid("A CNAME record can't have the name of the namespace itself.")),
        false => Ok(()),
    }
}

/// The DNS records that a request describes.
fn dns(config: DnsConfig) -> Result<DiscoveryDns, Fault> {
    let DnsConfig { namespace_id: _, routing_policy, dns_records } = config;
    let records = records(dns_records.unwrap_or_default())?;
    let policy = routing_policy.unwrap_or(RoutingPolicy::Multivalue);
    let is_name = records.iter().any(|(kind, _)| *kind == RecordType::Cname);
    match (is_name, records.len(), policy) {
        (true, 2.., _) => Err(invalid("A CNAME record can't be combined with other records.")),
        (true, _, RoutingPolicy::Multivalue) => Err(invalid("The routing policy must be WEIGHTED for a CNAME record.")),
        _ => Ok(DiscoveryDns { policy, records }),
    }
}

fn records(given: Vec<DnsRecord>) -> Result<Vec<(RecordType, u32)>, Fault> {
    let mut records: Vec<(RecordType, u32)> = Vec::new();
    for DnsRecord { r#type, ttl } in given {
        let kind = r#type.ok_or_else(|| invalid("Type must be specified for every DNS record."))?;
        if kind == RecordType::Aaaa {
            return Err(unsupported("AAAA records"));
        }
        if records.iter().any(|(known, _)| *known == kind) {
            return Err(invalid(format!("DnsRecords has more than one record of the type {kind}.")));
        }
        records.push((kind, seconds(ttl.unwrap_or(0))?));
    }
    if records.is_empty() { Err(invalid("DnsRecords must have at least one record.")) } else { Ok(records) }
}

/// `GetService`.
pub(super) fn get(view: &View<'_>, request: GetServiceRequest) -> Result<GetServiceResponse, Fault> {
    let service = Some(shape(view.state, find(view.state, &request.id)?));
    Ok(GetServiceResponse { service })
}

fn shape(state: &State, of: &DiscoveryService) -> api::Service {
    let ServiceSummary {
        id,
        arn,
        resource_owner,
        name,
        r#type,
        description,
        instance_count,
        dns_config,
        health_check_config,
        health_check_custom_config,
        create_date,
        created_by_account,
    } = summary(state, of);
    api::Service {
        id,
        arn,
        resource_owner,
        name,
        namespace_id: Some(of.namespace.clone()),
        description,
        instance_count,
        dns_config: dns_config.map(|config| DnsConfig { namespace_id: Some(of.namespace.clone()), ..config }),
        r#type,
        health_check_config,
        health_check_custom_config,
        create_date,
        creator_request_id: Some(of.creator_request_id.clone()),
        created_by_account,
    }
}

fn summary(state: &State, of: &DiscoveryService) -> ServiceSummary {
    let account = &state.region.account;
    let record = |(kind, ttl): &(RecordType, u32)| DnsRecord { r#type: Some(*kind), ttl: Some((*ttl).into()) };
    ServiceSummary {
        id: Some(of.id.clone()),
        arn: Some(service_arn(&state.region, &of.id)),
        resource_owner: Some(account.clone()),
        name: Some(of.name.clone()),
        r#type: Some(if of.dns.is_some() { ServiceType::DnsHttp } else { ServiceType::Http }),
        description: of.description.clone(),
        instance_count: i32::try_from(count(state, &of.id)).ok(),
        dns_config: of.dns.as_ref().map(|dns| DnsConfig {
            namespace_id: None,
            routing_policy: Some(dns.policy),
            dns_records: Some(dns.records.iter().map(record).collect()),
        }),
        health_check_config: None,
        // Whatever was asked for, it is one ("HealthCheckCustomConfig", AWS Cloud Map API Reference).
        health_check_custom_config: of.custom_health.then_some(HealthCheckCustomConfig { failure_threshold: Some(1) }),
        create_date: Some(of.created_at),
        created_by_account: Some(account.clone()),
    }
}

/// How many instances a service has.
pub(crate) fn count(state: &State, id: &str) -> usize {
    state.discovery_instances.prefixed(&DiscoveryInstance::prefix(id)).count()
}

/// `ListServices`.
pub(super) fn list(view: &View<'_>, request: ListServicesRequest) -> Result<ListServicesResponse, Fault> {
    let ListServicesRequest { next_token, max_results, filters } = request;
    let filters = filters.unwrap_or_default();
    for ServiceFilter { name, values, condition } in &filters {
        if condition.is_some_and(|condition| condition != FilterCondition::Eq) || values.len() != 1 {
            return Err(invalid(format!("The filter {name} needs one value, and the condition EQ.")));
        }
    }
    let passes = |of: &DiscoveryService, filter: &ServiceFilter| match filter.name {
        ServiceFilterName::NamespaceId => filter
            .values
            .iter()
            .any(|value| id_of(&view.state.region, "namespace", value) == Some(of.namespace.as_str())),
        ServiceFilterName::ResourceOwner => filter.values.iter().any(|value| value == "SELF"),
    };
    let all = view.state.discovery_services.iter().filter(|of| filters.iter().all(|filter| passes(of, filter)));
    let key = |found: &&DiscoveryService| found.id.clone();
    let page = paginate(all, key, max_results, next_token.as_deref(), PAGE).map_err(|bad| bad.fault("InvalidInput"))?;
    let services = page.0.into_iter().map(|found| summary(view.state, found)).collect();
    Ok(ListServicesResponse { services: Some(services), next_token: page.1 })
}

/// `UpdateService`. Records that are not named are no more ("UpdateService", AWS Cloud Map API Reference).
pub(super) fn update(tx: &mut Tx<'_>, request: UpdateServiceRequest) -> Result<UpdateServiceResponse, Fault> {
    let UpdateServiceRequest { id, service: ServiceChange { description, dns_config, health_check_config } } = request;
    let found = find(&tx.state, &id)?.clone();
    let namespace = namespaces::find(&tx.state, &found.namespace)?;
    if namespace.kind == NamespaceKind::Http {
        return Err(invalid("A service in an HTTP namespace can't be updated."));
    }
    if health_check_config.is_some() {
        return Err(invalid("HealthCheckConfig can't be specified for a service in a private DNS namespace."));
    }
    if let Some(operation) = under_way(&tx.state, OperationTargetType::Service, &found.id) {
        return Err(duplicate(operation));
    }
    let dns = match (&found.dns, dns_config) {
        (_, None) => None,
        (None, Some(_)) => return Err(invalid("DnsConfig can't be added to a service.")),
        (Some(before), Some(change)) => {
            let records = records(change.dns_records)?;
            if let Some((kind, _)) = records.iter().find(|(kind, _)| before.ttl(*kind).is_none()) {
                return Err(invalid(format!("The service has no record of the type {kind}; types can't be changed.")));
            }
            Some(DiscoveryDns { policy: before.policy, records })
        }
    };
    tx.state.discovery_services.update(&found.id, |service| {
        service.dns = dns;
        service.description = description.or(service.description.take());
    });
    let targets = [(OperationTargetType::Service, found.id.as_str())];
    let (call, kind) = ("UpdateService", OperationType::UpdateService);
    let operation_id = begin(tx, Begun { call, kind, request_id: None, targets: &targets, failure: None })?;
    Ok(UpdateServiceResponse { operation_id: Some(operation_id) })
}

/// `DeleteService`.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteServiceRequest) -> Result<DeleteServiceResponse, Fault> {
    let id = find(&tx.state, &request.id)?.id.clone();
    if count(&tx.state, &id) > 0 {
        let message = "Service contains registered instances; delete the instances before deleting the service";
        return Err(Fault::new("ResourceInUse", message));
    }
    tx.state.discovery_services.remove(&id);
    Ok(DeleteServiceResponse {})
}

/// `GetServiceAttributes`.
pub(super) fn attributes(
    view: &View<'_>,
    request: GetServiceAttributesRequest,
) -> Result<GetServiceAttributesResponse, Fault> {
    let found = find(view.state, &request.service_id)?;
    Ok(GetServiceAttributesResponse {
        service_attributes: Some(ServiceAttributes {
            service_arn: Some(service_arn(&view.state.region, &found.id)),
            resource_owner: Some(view.state.region.account.clone()),
            attributes: Some(found.attributes.clone()),
        }),
    })
}

/// `UpdateServiceAttributes`.
pub(super) fn update_attributes(
    tx: &mut Tx<'_>,
    request: UpdateServiceAttributesRequest,
) -> Result<UpdateServiceAttributesResponse, Fault> {
    let UpdateServiceAttributesRequest { service_id, attributes } = request;
    let found = find(&tx.state, &service_id)?;
    let (id, mut all) = (found.id.clone(), found.attributes.clone());
    if let Some(key) = attributes.keys().find(|key| key.len() > 255) {
        return Err(invalid(format!("The key of an attribute has at most 255 characters: {key}.")));
    }
    all.extend(attributes);
    if all.len() > ATTRIBUTES {
        let message = format!("A service has at most {ATTRIBUTES} attributes.");
        return Err(Fault::new("ServiceAttributesLimitExceededException", message));
    }
    tx.state.discovery_services.update(&id, |service| service.attributes = all);
    Ok(UpdateServiceAttributesResponse {})
}

/// `DeleteServiceAttributes`.
pub(super) fn delete_attributes(
    tx: &mut Tx<'_>,
    request: DeleteServiceAttributesRequest,
) -> Result<DeleteServiceAttributesResponse, Fault> {
    let DeleteServiceAttributesRequest { service_id, attributes } = request;
    let id = find(&tx.state, &service_id)?.id.clone();
    tx.state.discovery_services.update(&id, |service| service.attributes.retain(|key, _| !attributes.contains(key)));
    Ok(DeleteServiceAttributesResponse {})
}
