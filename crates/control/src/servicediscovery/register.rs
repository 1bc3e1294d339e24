//! `RegisterInstance` and `DeregisterInstance`.

use super::{
    instances::{self, ALIAS, CNAME, INIT_HEALTH, IPV4, PORT},
    invalid,
    namespaces::is_label,
    operations::{Begun, begin, duplicate, under_way_with},
    services, unsupported,
};
use crate::{
    State, Tx, elb,
    state::{DiscoveryInstance, DiscoveryService},
};
use aws::{
    api::servicediscovery::{
        DeregisterInstanceRequest, DeregisterInstanceResponse, OperationTargetType, OperationType, RecordType,
        RegisterInstanceRequest, RegisterInstanceResponse, RoutingPolicy,
    },
    fault::Fault,
};
use std::{collections::BTreeMap, net::Ipv4Addr};

/// Attributes of one's own, and how many characters they have together ("RegisterInstance", AWS Cloud Map API Reference).
const CUSTOM: usize = 30;
const CUSTOM_LENGTH: usize = 5_000;

type Attributes = BTreeMap<String, String>;

/// `RegisterInstance`.
pub(super) fn register(tx: &mut Tx<'_>, request: RegisterInstanceRequest) -> Result<RegisterInstanceResponse, Fault> {
    let RegisterInstanceRequest { service_id, instance_id: id, creator_request_id, attributes } = request;
    let service = services::find(&tx.state, &service_id)?.clone();
    if let Some(operation) = under_way_with(&tx.state, &service.id, &id) {
        let repeated = operation.kind == OperationType::RegisterInstance
            && creator_request_id.is_some()
            && operation.request_id == creator_request_id;
        return match repeated {
            true => Ok(RegisterInstanceResponse { operation_id: Some(operation.id.clone()) }),
            false => Err(duplicate(operation)),
        };
    }
    check(&tx.state, &service, &id, &attributes)?;
    let healthy = attributes.get(INIT_HEALTH).is_none_or(|status| status == "HEALTHY");
    let instance = DiscoveryInstance {
        service: service.id.clone(),
        id: id.clone(),
        attributes,
        creator_request_id: creator_request_id.clone(),
        healthy,
        change: None,
    };
    instances::put(tx, instance)?;
    let kind = OperationType::RegisterInstance;
    let operation_id = Some(follow(tx, "RegisterInstance", kind, &service, &id, creator_request_id)?);
    Ok(RegisterInstanceResponse { operation_id })
}

/// `DeregisterInstance`.
pub(super) fn deregister(
    tx: &mut Tx<'_>,
    request: DeregisterInstanceRequest,
) -> Result<DeregisterInstanceResponse, Fault> {
    let DeregisterInstanceRequest { service_id, instance_id: id } = request;
    let service = services::find(&tx.state, &service_id)?.clone();
    if let Some(operation) = under_way_with(&tx.state, &service.id, &id) {
        return Err(duplicate(operation));
    }
    instances::find(&tx.state, &service, &id)?;
    instances::remove(tx, &service.id, &id);
    let operation_id = Some(follow(tx, "DeregisterInstance", OperationType::DeregisterInstance, &service, &id, None)?);
    Ok(DeregisterInstanceResponse { operation_id })
}

fn follow(
    tx: &mut Tx<'_>,
    call: &'static str,
    kind: OperationType,
    service: &DiscoveryService,
    id: &str,
    request_id: Option<String>,
) -> Result<String, Fault> {
    let targets = [
        (OperationTargetType::Namespace, service.namespace.as_str()),
        (OperationTargetType::Service, service.id.as_str()),
        (OperationTargetType::Instance, id),
    ];
    begin(tx, Begun { call, kind, request_id, targets: &targets, failure: None })
}

/// Checks attributes against what their service needs.
fn check(state: &State, service: &DiscoveryService, id: &str, attributes: &Attributes) -> Result<(), Fault> {
    attributes.iter().try_for_each(check_one)?;
    let custom = attributes.iter().filter(|(key, _)| !key.starts_with("AWS_"));
    let (count, length) = custom.fold((0, 0), |(n, sum), (key, value)| (n + 1, sum + key.len() + value.len()));
    if count > CUSTOM || length > CUSTOM_LENGTH {
        let message =
            format!("An instance has at most {CUSTOM} custom attributes of {CUSTOM_LENGTH} characters in all.");
        return Err(Fault::new("ResourceLimitExceeded", message));
    }
    if attributes.contains_key(INIT_HEALTH) && !service.custom_health {
        return Err(invalid(format!("{INIT_HEALTH} needs a service with HealthCheckCustomConfig.")));
    }
    match attributes.get(ALIAS) {
        Some(name) => check_alias(state, service, name, attributes),
        None => check_records(state, service, id, attributes),
    }
}

fn check_one((key, value): (&String, &String)) -> Result<(), Fault> {
    if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(format!("The attribute key {key:?} is not valid.")));
    }
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t'));
    if !plain || value.starts_with([' ', '\t']) || value.ends_with([' ', '\t']) {
        return Err(invalid(format!("The value of the attribute {key} is not valid.")));
    }
    let valid = match key.as_str() {
        IPV4 => value.parse::<Ipv4Addr>().is_ok(),
        PORT => value.parse::<u16>().is_ok(),
        CNAME | ALIAS => is_name(value),
        INIT_HEALTH => matches!(value.as_str(), "HEALTHY" | "UNHEALTHY"),
        "AWS_INSTANCE_IPV6" | "AWS_EC2_INSTANCE_ID" => return Err(unsupported(&format!("the attribute {key}"))),
        own => !own.starts_with("AWS_"),
    };
    if valid { Ok(()) } else { Err(invalid(format!("The attribute {key} can't have the value {value}."))) }
}

fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= 253 && name.split('.').all(is_label)
}

/// An alias stands for the addresses of a load balancer.
fn check_alias(state: &State, service: &DiscoveryService, name: &str, attributes: &Attributes) -> Result<(), Fault> {
    let weighted = service.dns.as_ref().filter(|dns| dns.policy == RoutingPolicy::Weighted);
    if weighted.and_then(|dns| dns.ttl(RecordType::A)).is_none() {
        return Err(invalid(format!("{ALIAS} needs a service with an A record and the routing policy WEIGHTED.")));
    }
    if attributes.keys().any(|key| key.starts_with("AWS_INSTANCE_")) {
        return Err(invalid(format!("{ALIAS} can't be combined with AWS_INSTANCE attributes.")));
    }
    match elb::known_name(state, name) {
        Some(_) => Ok(()),
        None => Err(invalid(format!("{ALIAS} must be the DNS name of a load balancer, which {name} is not."))),
    }
}

/// Each record takes an attribute.
fn check_records(state: &State, service: &DiscoveryService, id: &str, attributes: &Attributes) -> Result<(), Fault> {
    let Some(dns) = &service.dns else { return Ok(()) };
    let has = |kind| dns.ttl(kind).is_some();
    let needed = [
        (IPV4, has(RecordType::A) || has(RecordType::Srv), "an A or SRV record"),
        (PORT, has(RecordType::Srv), "an SRV record"),
        (CNAME, has(RecordType::Cname), "a CNAME record"),
    ];
    if let Some((key, _, what)) = needed.iter().find(|(key, needed, _)| *needed && !attributes.contains_key(*key)) {
        return Err(invalid(format!("The attribute {key} must be specified for a service with {what}.")));
    }
    if has(RecordType::Srv) { check_host(state, service, id) } else { Ok(()) }
}

/// An SRV record leads to a name that the instance's id is a part of, where letters are the same large and small.
fn check_host(state: &State, service: &DiscoveryService, id: &str) -> Result<(), Fault> {
    if !id.split('.').all(is_label) {
        let message = format!("The instance ID {id} can't be a part of a domain name, which an SRV record needs.");
        return Err(invalid(message));
    }
    let prefix = DiscoveryInstance::prefix(&service.id);
    let mut others = state.discovery_instances.prefixed(&prefix).filter(|other| other.id != id);
    match others.find(|other| other.id.eq_ignore_ascii_case(id)) {
        Some(other) => Err(invalid(format!("The instance ID {id} is the same domain name as that of {}.", other.id))),
        None => Ok(()),
    }
}
