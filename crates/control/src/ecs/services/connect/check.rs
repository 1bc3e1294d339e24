//! What can be right about a `serviceConnectConfiguration` ("ServiceConnectConfiguration", "ServiceConnectService",
//! "ServiceConnectClientAlias" and "TimeoutConfiguration", Amazon ECS API Reference).

use super::{super::unsupported, invalid, mappings, namespace, ports, revisions};
use crate::{
    State,
    ecs::task_definitions,
    servicediscovery::{namespace_arn, services::named},
    state::{Cluster, ConnectService, Namespace, Record, Service, ServiceConnect, ServiceStatus, TaskDefinition},
};
use aws::{
    api::ecs::{
        ApplicationProtocol, LogConfiguration, PortMapping, ServiceConnectClientAlias, ServiceConnectConfiguration,
        ServiceConnectService, TimeoutConfiguration, TransportProtocol,
    },
    fault::Fault,
};
use spec::connect::{AppProtocol, Offer, Timeouts};
use std::num::NonZeroU16;

/// Checks a configuration, and fills in what it leaves out.
///
/// # Errors
/// `InvalidParameterException`, `NamespaceNotFoundException`, `ClientException` for its log, and by name for what neargate does not do.
pub(in super::super) fn check(
    state: &State,
    cluster: &Cluster,
    service: &Service,
    definition: &TaskDefinition,
    mut given: ServiceConnectConfiguration,
) -> Result<ServiceConnect, Fault> {
    if given.enabled != Some(true) {
        return Ok(ServiceConnect { configuration: given, namespace: None, services: Vec::new() });
    }
    refuse(&given)?;
    let named = given.namespace.clone().filter(|name| !name.is_empty()).or_else(|| cluster.connect_namespace.clone());
    let reference = named.ok_or_else(|| {
        invalid(
            "A namespace must be specified in serviceConnectConfiguration, for the cluster has no default namespace.",
        )
    })?;
    let namespace = namespace(state, &reference)?;
    given.namespace = Some(match given.namespace.filter(|name| !name.is_empty()) {
        Some(name) => name,
        None => namespace_arn(&state.region, &namespace.id),
    });
    if let Some(log) = &given.log_configuration {
        check_log(state, definition, log)?;
    }
    let mut services: Vec<ConnectService> = Vec::new();
    for of in given.services.iter().flatten() {
        let one = one(definition, namespace, of)?;
        apart(&services, &one)?;
        taken(state, service, namespace, &one)?;
        services.push(one);
    }
    kept(state, service, &services)?;
    Ok(ServiceConnect { namespace: Some(namespace.id.clone()), configuration: given, services })
}

/// Refuses what neargate does not do.
fn refuse(given: &ServiceConnectConfiguration) -> Result<(), Fault> {
    let ServiceConnectConfiguration {
        enabled: _,
        namespace: _,
        services,
        log_configuration: _,
        access_log_configuration,
        container_configurations,
    } = given;
    let tests = |alias: &ServiceConnectClientAlias| alias.test_traffic_rules.is_some();
    let all = || services.iter().flatten();
    let refused = [
        ("accessLogConfiguration", access_log_configuration.is_some()),
        ("containerConfigurations", container_configurations.as_ref().is_some_and(|all| !all.is_empty())),
        ("services.tls", all().any(|of| of.tls.is_some())),
        ("services.clientAliases.testTrafficRules", all().any(|of| of.client_aliases.iter().flatten().any(tests))),
    ];
    match refused.iter().find(|(_, wanted)| *wanted) {
        Some((what, _)) => Err(unsupported(&format!("serviceConnectConfiguration.{what}"))),
        None => Ok(()),
    }
}

/// The proxy's lines go where containers' lines can.
fn check_log(state: &State, definition: &TaskDefinition, log: &LogConfiguration) -> Result<(), Fault> {
    task_definitions::check_log(state, log, definition.definition.execution_role_arn.is_some())
}

/// One of `services`, everything filled in.
fn one(
    definition: &TaskDefinition,
    namespace: &Namespace,
    of: &ServiceConnectService,
) -> Result<ConnectService, Fault> {
    let ServiceConnectService {
        port_name,
        discovery_name,
        client_aliases,
        ingress_port_override,
        timeout,
        // Refused.
        tls: _,
    } = of;
    let port_name = port_name.as_deref().unwrap_or_default();
    let mapping = mappings(definition).find(|mapping| mapping.name.as_deref() == Some(port_name));
    let mapping = mapping.filter(|_| !port_name.is_empty()).ok_or_else(|| {
        invalid(format!("portName({port_name}) does not refer to any named PortMapping in the task definition."))
    })?;
    let name = discovery_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(port_name);
    if !is_name(name, 64, "_-") {
        return Err(invalid(format!("The discoveryName {name} is not valid.")));
    }
    let (container_port, protocol) = port(port_name, mapping)?;
    let (dns_name, port) = alias(name, namespace, client_aliases.as_deref().unwrap_or_default())?;
    let offer = Offer {
        name: name.to_owned(),
        container_port,
        ingress_port: ingress_port_override.map(|given| ingress(definition, given)).transpose()?,
        protocol,
        timeouts: timeouts(protocol, timeout.as_ref())?,
    };
    Ok(ConnectService { offer, dns_name, port })
}

/// The port of a mapping, and how what goes there is understood.
fn port(name: &str, mapping: &PortMapping) -> Result<(NonZeroU16, AppProtocol), Fault> {
    if mapping.protocol == Some(TransportProtocol::Udp) {
        return Err(invalid(format!("portName({name}) refers to a UDP port. Service Connect supports TCP only.")));
    }
    let protocol = match mapping.app_protocol {
        None => AppProtocol::Tcp,
        Some(ApplicationProtocol::Http) => AppProtocol::Http,
        Some(ApplicationProtocol::Http2) => AppProtocol::Http2,
        Some(ApplicationProtocol::Grpc) => AppProtocol::Grpc,
    };
    let port = mapping.container_port.and_then(number);
    port.map(|port| (port, protocol)).ok_or_else(|| invalid(format!("portName({name}) has no port.")))
}

fn number(port: i32) -> Option<NonZeroU16> {
    u16::try_from(port).ok().and_then(NonZeroU16::new)
}

/// The port that the proxy is reached at must be nobody else's.
fn ingress(definition: &TaskDefinition, given: i32) -> Result<NonZeroU16, Fault> {
    let port = number(given).ok_or_else(|| invalid("ingressPortOverride must be between 1 and 65535."))?;
    match ports(definition).any(|taken| taken == port.get()) {
        true => Err(invalid(format!("ingressPortOverride {port} is a container port in the task definition."))),
        false => Ok(port),
    }
}

/// Name and port of the client alias, of which there is one.
fn alias(
    discovery_name: &str,
    namespace: &Namespace,
    all: &[ServiceConnectClientAlias],
) -> Result<(String, NonZeroU16), Fault> {
    let [ServiceConnectClientAlias { port, dns_name, test_traffic_rules: _ }] = all else {
        let message = format!("The service {discovery_name} must have one client alias, and has {}.", all.len());
        return Err(invalid(message));
    };
    let port =
        port.and_then(number).ok_or_else(|| invalid("The port of a client alias must be between 1 and 65535."))?;
    let name = dns_name.clone().filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| format!("{discovery_name}.{}", namespace.http_name));
    let labels = |name: &str| name.split('.').all(|label| (1..=63).contains(&label.len()));
    match is_name(&name, 127, "_-.") && labels(&name) && !is_address(&name) && name != "localhost" {
        true => Ok((name, port)),
        false => Err(invalid(format!("The dnsName {name} is not valid."))),
    }
}

/// Whether a resolver takes a name for an IPv4 address, as all do that end in a number (inet_aton(3)), and asks nobody.
fn is_address(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = |digits: &str| digits.chars().all(|digit| digit.is_ascii_hexdigit());
    last.chars().all(|digit| digit.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hexadecimal)
}

/// Lowercase letters, digits and some others; not a hyphen at the start.
fn is_name(name: &str, most: usize, others: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || others.contains(c);
    (1..=most).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('-')
}

fn timeouts(protocol: AppProtocol, given: Option<&TimeoutConfiguration>) -> Result<Timeouts, Fault> {
    let mut timeouts = Timeouts::of(protocol);
    let Some(TimeoutConfiguration { idle_timeout_seconds, per_request_timeout_seconds }) = given else {
        return Ok(timeouts);
    };
    let seconds =
        |what: &str, seconds: i32| u32::try_from(seconds).map_err(|_| invalid(format!("{what} must be at least 0.")));
    if let Some(idle) = idle_timeout_seconds {
        timeouts.idle = seconds("idleTimeoutSeconds", *idle)?;
    }
    if let Some(request) = per_request_timeout_seconds {
        if protocol == AppProtocol::Tcp {
            return Err(invalid("perRequestTimeoutSeconds is not supported for the appProtocol TCP."));
        }
        timeouts.request = seconds("perRequestTimeoutSeconds", *request)?;
    }
    Ok(timeouts)
}

/// What one service offers is told apart by names and ports.
fn apart(before: &[ConnectService], one: &ConnectService) -> Result<(), Fault> {
    for other in before {
        if other.offer.name == one.offer.name {
            return Err(invalid(format!("The discoveryName {} is used by several services.", one.offer.name)));
        }
        if (&other.dns_name, other.port) == (&one.dns_name, one.port) {
            let alias = format!("{}:{}", one.dns_name, one.port);
            return Err(invalid(format!("The client alias {alias} is used by several services.")));
        }
        let same_port = other.offer.container_port == one.offer.container_port;
        if other.offer.port() == one.offer.port() && !same_port {
            return Err(invalid(format!("ingressPortOverride {} is used by several services.", one.offer.port())));
        }
    }
    Ok(())
}

/// A discovery name is one service's in its namespace, and so is a client alias.
fn taken(state: &State, service: &Service, namespace: &Namespace, one: &ConnectService) -> Result<(), Fault> {
    let name = &one.offer.name;
    let key = service.key();
    let known = named(state, &namespace.id, name).filter(|known| known.owner.as_deref() != Some(key.as_str()));
    if known.is_some() {
        let namespace = &namespace.http_name;
        return Err(invalid(format!("The discoveryName {name} is already in use in the namespace {namespace}.")));
    }
    let others = state.services.iter().filter(|other| other.status == ServiceStatus::Active && other.key() != key);
    for other in others {
        // Also what it may come back to.
        let connects = revisions(state, other).filter_map(|revision| revision.what.connect.as_ref());
        let here = connects.filter(|connect| connect.namespace.as_deref() == Some(namespace.id.as_str()));
        let mut offered = here.flat_map(|connect| &connect.services);
        if offered.any(|of| (&of.dns_name, of.port) == (&one.dns_name, one.port)) {
            let (alias, who) = (format!("{}:{}", one.dns_name, one.port), &other.name);
            return Err(invalid(format!("The client alias {alias} is already in use by the service {who}.")));
        }
    }
    Ok(())
}

/// `appProtocol` is immutable in a service ("PortMapping", Amazon ECS API Reference).
fn kept(state: &State, service: &Service, services: &[ConnectService]) -> Result<(), Fault> {
    let before = service.primary().and_then(|_| revisions(state, service).next());
    let before = before.and_then(|revision| revision.what.connect.as_ref()).map(|connect| connect.services.as_slice());
    for of in services {
        let same = |was: &&ConnectService| was.offer.name == of.offer.name;
        let was = before.unwrap_or_default().iter().find(same);
        if was.is_some_and(|was| was.offer.protocol != of.offer.protocol) {
            let name = &of.offer.name;
            return Err(invalid(format!("The appProtocol of the Service Connect service {name} can't be changed.")));
        }
    }
    Ok(())
}
