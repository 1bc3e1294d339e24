//! Namespaces.

use super::{
    PAGE, exceeded, id_of, ids, invalid, namespace_arn,
    operations::{Begun, begin, duplicate, under_way},
    tags,
};
use crate::{
    State, Tx, View, route53,
    state::{Namespace, NamespaceKind, Tags},
};
use aws::{
    api::servicediscovery::{
        self as api, CreateHttpNamespaceRequest, CreateHttpNamespaceResponse, CreatePrivateDnsNamespaceRequest,
        CreatePrivateDnsNamespaceResponse, DeleteNamespaceRequest, DeleteNamespaceResponse, DnsProperties,
        FilterCondition, GetNamespaceRequest, GetNamespaceResponse, HttpNamespaceChange, HttpProperties,
        ListNamespacesRequest, ListNamespacesResponse, NamespaceFilter, NamespaceFilterName, NamespaceProperties,
        NamespaceSummary, NamespaceType, OperationTargetType, OperationType, PrivateDnsNamespaceChange, SOA,
        UpdateHttpNamespaceRequest, UpdateHttpNamespaceResponse, UpdatePrivateDnsNamespaceRequest,
        UpdatePrivateDnsNamespaceResponse,
    },
    fault::Fault,
    page::paginate,
};
use vpc::VpcId;

/// Namespaces of a region ("AWS Cloud Map service quotas", AWS Cloud Map Developer Guide).
const MOST: usize = 50;
/// Seconds that it may be believed that a name does not exist, when nobody says otherwise.
const SOA_TTL: u32 = 15;

/// The namespace with that id or ARN.
///
/// # Errors
/// `NamespaceNotFound` when there is none.
pub fn find<'a>(state: &'a State, reference: &str) -> Result<&'a Namespace, Fault> {
    let found = id_of(&state.region, "namespace", reference).and_then(|id| state.namespaces.get(id));
    found.ok_or_else(|| Fault::new("NamespaceNotFound", format!("Namespace {reference} was not found.")))
}

/// What is asked of a new namespace, whatever its kind.
struct Asked {
    call: &'static str,
    name: String,
    request_id: Option<String>,
    description: Option<String>,
    tags: Tags,
}

/// `CreateHttpNamespace`.
pub(super) fn create_http(
    tx: &mut Tx<'_>,
    request: CreateHttpNamespaceRequest,
) -> Result<CreateHttpNamespaceResponse, Fault> {
    let CreateHttpNamespaceRequest { name, creator_request_id, description, tags } = request;
    check_name(&name)?;
    let tags = tags::at_creation(tags)?;
    let asked = Asked { call: "CreateHttpNamespace", name, request_id: creator_request_id, description, tags };
    let operation_id = Some(create(tx, asked, None, SOA_TTL)?);
    Ok(CreateHttpNamespaceResponse { operation_id })
}

/// `CreatePrivateDnsNamespace`.
pub(super) fn create_private(
    tx: &mut Tx<'_>,
    request: CreatePrivateDnsNamespaceRequest,
) -> Result<CreatePrivateDnsNamespaceResponse, Fault> {
    let CreatePrivateDnsNamespaceRequest { name, creator_request_id, description, vpc, tags, properties } = request;
    check_name(&name)?;
    check_domain(&name)?;
    let ttl = match properties.and_then(|properties| properties.dns_properties.soa.ttl) {
        Some(ttl) => seconds(ttl)?,
        None => SOA_TTL,
    };
    let tags = tags::at_creation(tags)?;
    let asked = Asked { call: "CreatePrivateDnsNamespace", name, request_id: creator_request_id, description, tags };
    let operation_id = Some(create(tx, asked, Some(VpcId::from(vpc)), ttl)?);
    Ok(CreatePrivateDnsNamespaceResponse { operation_id })
}

/// Makes an HTTP namespace for Amazon ECS, which says so in a tag, and returns its id.
///
/// # Errors
/// Those of `CreateHttpNamespace`.
pub(crate) fn make_for_ecs(tx: &mut Tx<'_>, name: &str) -> Result<String, Fault> {
    check_name(name)?;
    let tags = Tags::from([("AmazonECSManaged".to_owned(), "true".to_owned())]);
    let call = "CreateHttpNamespace";
    create(tx, Asked { call, name: name.to_owned(), request_id: None, description: None, tags }, None, SOA_TTL)?;
    let made = tx.state.namespaces.iter().find(|known| known.vpc().is_none() && known.name == name);
    made.map(|made| made.id.clone()).ok_or_else(|| invalid(format!("The namespace {name} was not made.")))
}

/// Makes a namespace, and begins the operation that ends when it can be used.
fn create(tx: &mut Tx<'_>, asked: Asked, vpc: Option<VpcId>, soa_ttl: u32) -> Result<String, Fault> {
    let Asked { call, name, request_id, description, tags } = asked;
    let same = |known: &str| if vpc.is_some() { known.eq_ignore_ascii_case(&name) } else { known == name };
    let of_name = |known: &&Namespace| known.vpc() == vpc.as_ref() && same(&known.name);
    if let Some(known) = tx.state.namespaces.iter().find(of_name) {
        let repeated = request_id.as_ref() == Some(&known.creator_request_id);
        return match under_way(&tx.state, OperationTargetType::Namespace, &known.id) {
            Some(operation) if repeated => Ok(operation.id.clone()),
            Some(operation) => Err(duplicate(operation)),
            None => Err(exists(known)),
        };
    }
    if tx.state.namespaces.len() >= MOST {
        return Err(exceeded("namespaces", MOST));
    }
    let id = ids::resource(tx, "ns");
    let failure = vpc.as_ref().and_then(|vpc| no_zone(&tx.state, vpc, &name));
    let failure = failure.map(|why| ("CANNOT_CREATE_HOSTED_ZONE", why));
    if failure.is_none() {
        let taken = tx.state.namespaces.iter().any(|known| known.http_name == name);
        let http_name = if taken { format!("{name}-{}", ids::suffix(tx)) } else { name.clone() };
        let creator_request_id = request_id.clone().unwrap_or_else(|| tx.uuid());
        let kind = match vpc {
            None => NamespaceKind::Http,
            Some(vpc) => NamespaceKind::PrivateDns { vpc, hosted_zone: route53::zone_id(tx), soa_ttl },
        };
        let created_at = tx.now;
        let made =
            Namespace { id: id.clone(), name, http_name, kind, description, created_at, creator_request_id, tags };
        tx.state.namespaces.put(made);
    }
    let targets = [(OperationTargetType::Namespace, id.as_str())];
    begin(tx, Begun { call, kind: OperationType::CreateNamespace, request_id, targets: &targets, failure })
}

/// Why there can be no hosted zone of that name in a VPC.
fn no_zone(state: &State, vpc: &VpcId, name: &str) -> Option<String> {
    let region = &state.region.name;
    let missing = || format!("The VPC {vpc} in region {region} that you provided does not exist.");
    if state.vpcs.contains(vpc) { route53::conflict(state, vpc, name) } else { Some(missing()) }
}

fn exists(known: &Namespace) -> Fault {
    let message = format!("Namespace with name {} already exists.", known.name);
    Fault::new("NamespaceAlreadyExists", message)
        .with_field("CreatorRequestId", known.creator_request_id.clone())
        .with_field("NamespaceId", known.id.clone())
}

/// What every namespace may be called: `^(?!arn:)[!-~]{1,1024}$`.
fn check_name(name: &str) -> Result<(), Fault> {
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    match plain && !name.starts_with("arn:") {
        true => Ok(()),
        false => Err(invalid(format!("The namespace name {name:?} is not valid."))),
    }
}

/// What a domain may be called: labels of letters, digits, underscores and, not at their ends, hyphens.
fn check_domain(name: &str) -> Result<(), Fault> {
    match name.len() <= 253 && name.split('.').all(is_label) {
        true => Ok(()),
        false => Err(invalid(format!("The namespace name {name} is not a valid domain name."))),
    }
}

/// Whether a text can be a label of a domain name (RFC 1123, section 2.1; underscores as in RFC 2782).
pub(super) fn is_label(label: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let ends = label.starts_with('-') || label.ends_with('-');
    (1..=63).contains(&label.len()) && label.bytes().all(plain) && !ends
}

/// A number of seconds that a record may be kept.
pub(super) fn seconds(ttl: i64) -> Result<u32, Fault> {
    u32::try_from(ttl).map_err(|_| invalid("TTL must be between 0 and 2147483647."))
}

/// `GetNamespace`.
pub(super) fn get(view: &View<'_>, request: GetNamespaceRequest) -> Result<GetNamespaceResponse, Fault> {
    let found = find(view.state, &request.id)?;
    let NamespaceSummary { id, arn, resource_owner, name, r#type, description, service_count, properties, create_date } =
        summary(view.state, found);
    Ok(GetNamespaceResponse {
        namespace: Some(api::Namespace {
            id,
            arn,
            resource_owner,
            name,
            r#type,
            description,
            service_count,
            properties,
            create_date,
            creator_request_id: Some(found.creator_request_id.clone()),
        }),
    })
}

fn summary(state: &State, of: &Namespace) -> NamespaceSummary {
    let (kind, dns_properties) = match &of.kind {
        NamespaceKind::Http => (NamespaceType::Http, None),
        NamespaceKind::PrivateDns { hosted_zone, soa_ttl, .. } => {
            let soa = Some(SOA { ttl: Some((*soa_ttl).into()) });
            (NamespaceType::DnsPrivate, Some(DnsProperties { hosted_zone_id: Some(hosted_zone.clone()), soa }))
        }
    };
    NamespaceSummary {
        id: Some(of.id.clone()),
        arn: Some(namespace_arn(&state.region, &of.id)),
        resource_owner: Some(state.region.account.clone()),
        name: Some(of.name.clone()),
        r#type: Some(kind),
        description: of.description.clone(),
        service_count: i32::try_from(services_of(state, &of.id)).ok(),
        properties: Some(NamespaceProperties {
            dns_properties,
            http_properties: Some(HttpProperties { http_name: Some(of.http_name.clone()) }),
        }),
        create_date: Some(of.created_at),
    }
}

fn services_of(state: &State, id: &str) -> usize {
    state.discovery_services.iter().filter(|service| service.namespace == id).count()
}

/// `ListNamespaces`.
pub(super) fn list(view: &View<'_>, request: ListNamespacesRequest) -> Result<ListNamespacesResponse, Fault> {
    let ListNamespacesRequest { next_token, max_results, filters } = request;
    let filters = filters.unwrap_or_default();
    filters.iter().try_for_each(check_filter)?;
    let all = view.state.namespaces.iter().filter(|found| filters.iter().all(|filter| passes(filter, found)));
    let key = |found: &&Namespace| found.id.clone();
    let page = paginate(all, key, max_results, next_token.as_deref(), PAGE).map_err(|bad| bad.fault("InvalidInput"))?;
    let namespaces = page.0.into_iter().map(|found| summary(view.state, found)).collect();
    Ok(ListNamespacesResponse { namespaces: Some(namespaces), next_token: page.1 })
}

fn check_filter(filter: &NamespaceFilter) -> Result<(), Fault> {
    let NamespaceFilter { name, values, condition } = filter;
    let allowed = match condition.unwrap_or(FilterCondition::Eq) {
        FilterCondition::Eq => true,
        FilterCondition::BeginsWith => *name != NamespaceFilterName::ResourceOwner,
        FilterCondition::In | FilterCondition::Between => false,
    };
    match allowed && values.len() == 1 {
        true => Ok(()),
        false => Err(invalid(format!("The filter {name} needs one value, and the condition EQ or BEGINS_WITH."))),
    }
}

fn passes(filter: &NamespaceFilter, of: &Namespace) -> bool {
    let is = match filter.name {
        NamespaceFilterName::Type => match of.kind {
            NamespaceKind::Http => NamespaceType::Http.as_str(),
            NamespaceKind::PrivateDns { .. } => NamespaceType::DnsPrivate.as_str(),
        },
        NamespaceFilterName::Name => of.name.as_str(),
        NamespaceFilterName::HttpName => of.http_name.as_str(),
        NamespaceFilterName::ResourceOwner => "SELF",
    };
    let begins = filter.condition == Some(FilterCondition::BeginsWith);
    filter.values.iter().any(|value| if begins { is.starts_with(value.as_str()) } else { is == value })
}

/// `UpdateHttpNamespace`.
pub(super) fn update_http(
    tx: &mut Tx<'_>,
    request: UpdateHttpNamespaceRequest,
) -> Result<UpdateHttpNamespaceResponse, Fault> {
    let UpdateHttpNamespaceRequest { id, updater_request_id, namespace: HttpNamespaceChange { description } } = request;
    let found = find(&tx.state, &id)?;
    if found.vpc().is_some() {
        return Err(invalid(format!("Namespace {} is not an HTTP namespace.", found.id)));
    }
    let id = found.id.clone();
    let change = |namespace: &mut Namespace| namespace.description = Some(description);
    let operation_id = Some(update(tx, "UpdateHttpNamespace", &id, updater_request_id, change)?);
    Ok(UpdateHttpNamespaceResponse { operation_id })
}

/// `UpdatePrivateDnsNamespace`.
pub(super) fn update_private(
    tx: &mut Tx<'_>,
    request: UpdatePrivateDnsNamespaceRequest,
) -> Result<UpdatePrivateDnsNamespaceResponse, Fault> {
    let UpdatePrivateDnsNamespaceRequest { id, updater_request_id, namespace } = request;
    let PrivateDnsNamespaceChange { description, properties } = namespace;
    let found = find(&tx.state, &id)?;
    if found.vpc().is_none() {
        return Err(invalid(format!("Namespace {} is not a private DNS namespace.", found.id)));
    }
    let ttl = properties.map(|properties| seconds(properties.dns_properties.soa.ttl)).transpose()?;
    let id = found.id.clone();
    let change = |namespace: &mut Namespace| {
        namespace.description = description.or(namespace.description.take());
        if let (NamespaceKind::PrivateDns { soa_ttl, .. }, Some(ttl)) = (&mut namespace.kind, ttl) {
            *soa_ttl = ttl;
        }
    };
    let operation_id = Some(update(tx, "UpdatePrivateDnsNamespace", &id, updater_request_id, change)?);
    Ok(UpdatePrivateDnsNamespaceResponse { operation_id })
}

/// Changes a namespace, unless something is under way with it.
fn update(
    tx: &mut Tx<'_>,
    call: &'static str,
    id: &str,
    request_id: Option<String>,
    change: impl FnOnce(&mut Namespace),
) -> Result<String, Fault> {
    if let Some(operation) = under_way(&tx.state, OperationTargetType::Namespace, id) {
        let repeated = operation.call == call && request_id.is_some() && operation.request_id == request_id;
        return if repeated { Ok(operation.id.clone()) } else { Err(duplicate(operation)) };
    }
    tx.state.namespaces.update(id, change);
    let targets = [(OperationTargetType::Namespace, id)];
    let kind = OperationType::UpdateNamespace;
    begin(tx, Begun { call, kind, request_id, targets: &targets, failure: None })
}

/// `DeleteNamespace`.
pub(super) fn delete(tx: &mut Tx<'_>, request: DeleteNamespaceRequest) -> Result<DeleteNamespaceResponse, Fault> {
    let id = find(&tx.state, &request.id)?.id.clone();
    if services_of(&tx.state, &id) > 0 {
        let message = "Namespace has associated services; delete the services before deleting the namespace";
        return Err(Fault::new("ResourceInUse", message));
    }
    if let Some(operation) = under_way(&tx.state, OperationTargetType::Namespace, &id) {
        return Err(duplicate(operation));
    }
    tx.state.namespaces.remove(&id);
    let targets = [(OperationTargetType::Namespace, id.as_str())];
    let (call, kind) = ("DeleteNamespace", OperationType::DeleteNamespace);
    let operation_id = begin(tx, Begun { call, kind, request_id: None, targets: &targets, failure: None })?;
    Ok(DeleteNamespaceResponse { operation_id: Some(operation_id) })
}
