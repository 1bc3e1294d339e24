//! CreateTargetGroup.

use super::{
    super::{invalid, limits, names, not_supported, tags, unsupported},
    describe::show,
    health_check, version_text,
};
use crate::{
    Tx,
    state::{FlowAttributes, StickinessKind, TargetGroup, TargetGroupAttributes},
};
use aws::{
    api::elbv2::{
        CreateTargetGroupInput, CreateTargetGroupOutput, ProtocolEnum, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
    },
    fault::Fault,
};
use spec::balancing::{FlowProtocol, ProtocolVersion, TargetGroupId};
use std::num::NonZeroU16;

/// CreateTargetGroup. One that is there already with the same settings is answered as it is.
pub(in crate::elb) fn create(tx: &mut Tx<'_>, input: CreateTargetGroupInput) -> Result<CreateTargetGroupOutput, Fault> {
    let CreateTargetGroupInput {
        name,
        protocol,
        protocol_version,
        port,
        vpc_id,
        health_check_protocol,
        health_check_port,
        health_check_enabled,
        health_check_path,
        health_check_interval_seconds,
        health_check_timeout_seconds,
        healthy_threshold_count,
        unhealthy_threshold_count,
        matcher,
        target_type,
        tags: given_tags,
        ip_address_type,
        target_control_port,
    } = input;
    names::check_target_group(&name)?;
    let kind = target_type.unwrap_or(TargetTypeEnum::Instance);
    let instances = match kind {
        TargetTypeEnum::Instance => true,
        TargetTypeEnum::Ip => false,
        other => return Err(not_supported(format_args!("The target type '{other}'"))),
    };
    let incomplete = || invalid(format!("A target group of type '{kind}' must have a protocol and a port"));
    if let Some(kind) = ip_address_type.filter(|kind| *kind != TargetGroupIpAddressTypeEnum::Ipv4) {
        return Err(not_supported(format_args!("The IP address type '{kind}'")));
    }
    unsupported("TargetControlPort", target_control_port)?;
    let (Some(protocol), Some(port)) = (protocol, port) else {
        return Err(incomplete());
    };
    let (tls, flows) = match protocol {
        ProtocolEnum::Http => (false, None),
        ProtocolEnum::Https => (true, None),
        ProtocolEnum::Tcp => (false, Some(FlowProtocol::Tcp)),
        ProtocolEnum::Tls => (true, Some(FlowProtocol::Tcp)),
        ProtocolEnum::Udp => (false, Some(FlowProtocol::Udp)),
        ProtocolEnum::TcpUdp => (false, Some(FlowProtocol::TcpUdp)),
        other => return Err(not_supported(format_args!("The target group protocol '{other}'"))),
    };
    // Terraform's provider sends an empty one where none was chosen.
    let protocol_version = protocol_version.filter(|version| !version.is_empty());
    if flows.is_some() && protocol_version.is_some() {
        let message = format!("Protocol version cannot be specified for target groups with the protocol '{protocol}'");
        return Err(invalid(message));
    }
    let version = protocol_version.as_deref().map_or(Ok(ProtocolVersion::Http1), version)?;
    let vpc = vpc_id.ok_or_else(|| invalid("A VPC ID must be specified"))?;
    let vpc = tx.state.vpcs.get(&vpc).ok_or_else(|| invalid(format!("The VPC ID '{vpc}' is not found")))?.id.clone();
    let mut health_check = match flows {
        Some(_) => health_check::default_of_network(health_check_protocol),
        None => health_check::default_of(version),
    };
    let asked = health_check::Asked {
        protocol: health_check_protocol,
        port: health_check_port,
        enabled: health_check_enabled,
        path: health_check_path,
        interval: health_check_interval_seconds,
        timeout: health_check_timeout_seconds,
        healthy: healthy_threshold_count,
        unhealthy: unhealthy_threshold_count,
        matcher,
    };
    health_check::change(&mut health_check, version, flows.is_some(), asked)?;
    let tags = tags::at_creation(given_tags)?;
    let port = u16::try_from(port).ok().and_then(NonZeroU16::new);
    let port = port.ok_or_else(incomplete)?;
    if let Some(known) = tx.state.target_groups.iter().find(|known| known.name == name) {
        let same = (&known.vpc, known.tls, known.flows, known.version, known.port) == (&vpc, tls, flows, version, port)
            && (known.instances, &known.health_check, &known.tags) == (instances, &health_check, &tags);
        if same {
            return Ok(CreateTargetGroupOutput { target_groups: Some(vec![show(&tx.state, known)]) });
        }
        let message = format!("A target group with the same name '{name}' exists, but with different settings");
        return Err(Fault::new("DuplicateTargetGroupName", message));
    }
    if tx.state.target_groups.len() >= limits::TARGET_GROUPS {
        return Err(Fault::new("TooManyTargetGroups", "The maximum number of target groups has been reached"));
    }
    let id = TargetGroupId::from(tx.hex(16));
    let mut attributes = TargetGroupAttributes::default();
    if let Some(flows) = flows {
        attributes.flows = FlowAttributes::of(flows);
        attributes.stickiness.kind = StickinessKind::SourceIp;
    }
    let made = TargetGroup { id, name, vpc, instances, tls, flows, version, port, health_check, attributes, tags };
    let answer = show(&tx.state, &made);
    tx.state.target_groups.put(made);
    Ok(CreateTargetGroupOutput { target_groups: Some(vec![answer]) })
}

fn version(text: &str) -> Result<ProtocolVersion, Fault> {
    let versions = [ProtocolVersion::Http2, ProtocolVersion::Http1, ProtocolVersion::Grpc];
    let found = versions.into_iter().find(|version| version_text(*version) == text);
    let all = versions.map(version_text).join(", ");
    found.ok_or_else(|| invalid(format!("Target group protocol version '{text}' must be one of '[{all}]'")))
}
