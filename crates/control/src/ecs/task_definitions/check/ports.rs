//! Port mappings of a container.

use super::{not_supported, refuse_if};
use aws::{
    api::ecs::{NetworkMode, PortMapping, TransportProtocol},
    fault::Fault,
};

/// Checks a port mapping and fills in its host port and protocol.
///
/// # Errors
/// `ClientException` in AWS's words.
pub(super) fn complete(mapping: &mut PortMapping, container: &str, mode: NetworkMode) -> Result<(), Fault> {
    let PortMapping { container_port, host_port, protocol, name, app_protocol: _, container_port_range } = mapping;
    if container_port_range.is_some() {
        return Err(not_supported("portMappings.containerPortRange"));
    }
    let invalid = |what: &str| format!("Invalid '{what}' setting for container '{container}'.");
    let port = container_port.unwrap_or_default();
    refuse_if(!(1..=65_535).contains(&port), || invalid("containerPort"))?;
    let same = matches!(mode, NetworkMode::Awsvpc | NetworkMode::Host);
    let host = *host_port.get_or_insert(if same { port } else { 0 });
    refuse_if(!(0..=65_535).contains(&host), || invalid("hostPort"))?;
    refuse_if(same && host != port, || {
        format!("When networkMode={mode}, the host ports and container ports in port mappings must match.")
    })?;
    protocol.get_or_insert(TransportProtocol::Tcp);
    name.as_deref().map_or(Ok(()), named)
}

/// The name of a mapping ("PortMapping", Amazon ECS API Reference).
fn named(name: &str) -> Result<(), Fault> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let right = (1..=64).contains(&name.len()) && name.chars().all(letters) && !name.starts_with('-');
    refuse_if(!right, || format!("Invalid port mapping name '{name}'."))
}
