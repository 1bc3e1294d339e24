//! What a listener takes: requests, or a Network Load Balancer's flows, either maybe over TLS.

use super::{
    super::{
        configuration, invalid, not_supported,
        target_group::{protocol_of, protocol_shown},
    },
    stream,
    tls::{self, Asked},
};
use crate::{
    State,
    state::{Listener, ListenerTls, LoadBalancer, LoadBalancerKind, RuleAction, TargetGroup},
};
use aws::{api::elbv2::ProtocolEnum, fault::Fault};
use spec::balancing::FlowProtocol;

/// What a listener takes.
pub(super) struct Protocol {
    /// Flows, if it is a Network Load Balancer's.
    pub flows: Option<FlowProtocol>,
    /// TLS, if it is an HTTPS or TLS listener.
    pub tls: Option<ListenerTls>,
}

/// What a listener takes that was `before`. What is not said stays.
///
/// # Errors
/// Those of [`tls::read`]; `InvalidConfigurationRequest` for protocols that neargate has not.
pub(super) fn read(
    state: &State,
    of: &LoadBalancer,
    protocol: Option<ProtocolEnum>,
    asked: Asked,
    before: Option<&Listener>,
) -> Result<Protocol, Fault> {
    match of.kind {
        LoadBalancerKind::Application => {
            let before = before.and_then(|before| before.tls.as_ref());
            Ok(Protocol { flows: None, tls: tls::read(state, protocol, asked, before)? })
        }
        LoadBalancerKind::Network => {
            let flows = protocol.map(flow_protocol).transpose()?;
            let flows = flows.or(before.and_then(|before| before.flows));
            let before = before.and_then(|before| before.tls.as_ref());
            if protocol.map_or(before.is_some(), |protocol| protocol == ProtocolEnum::Tls) {
                return Ok(Protocol { flows, tls: Some(tls::of_network(state, asked, before)?) });
            }
            tls::refuse(asked, "non-TLS", "ALPN policy can only be specified for TLS listeners")?;
            Ok(Protocol { flows, tls: None })
        }
    }
}

fn flow_protocol(asked: ProtocolEnum) -> Result<FlowProtocol, Fault> {
    match asked {
        ProtocolEnum::Tcp | ProtocolEnum::Tls => Ok(FlowProtocol::Tcp),
        ProtocolEnum::Udp => Ok(FlowProtocol::Udp),
        ProtocolEnum::TcpUdp => Ok(FlowProtocol::TcpUdp),
        ProtocolEnum::Http | ProtocolEnum::Https => {
            Err(invalid(format!("Listener protocol '{asked}' must be one of 'UDP, TCP, TCP_UDP, TLS'")))
        }
        other => Err(not_supported(format_args!("The listener protocol '{other}'"))),
    }
}

/// A listener's protocol as on the wire.
pub(super) fn shown(of: &Listener) -> ProtocolEnum {
    match (of.flows, &of.tls) {
        (Some(_), Some(_)) => ProtocolEnum::Tls,
        (Some(flows), None) => protocol_of(flows),
        (None, Some(_)) => ProtocolEnum::Https,
        (None, None) => ProtocolEnum::Http,
    }
}

/// Refuses actions that do not go with what a listener takes ("Listener configuration", Network Load Balancers guide; [`tls::check_action`]).
///
/// # Errors
/// `InvalidConfigurationRequest`, `InvalidLoadBalancerAction`.
pub(super) fn check_action(
    state: &State,
    flows: Option<FlowProtocol>,
    tls: Option<&ListenerTls>,
    action: &RuleAction,
) -> Result<(), Fault> {
    let (Some(flows), RuleAction::Forward(forward)) = (flows, action) else {
        return tls::check_action(state, tls, action);
    };
    let groups: Vec<&TargetGroup> = forward.groups.iter().filter_map(|(id, _)| state.target_groups.get(id)).collect();
    for group in &groups {
        let fits = match (flows, group.flows) {
            (FlowProtocol::Tcp, Some(FlowProtocol::Tcp)) => tls.is_some() || !group.tls,
            (FlowProtocol::Tcp, Some(FlowProtocol::TcpUdp)) => tls.is_none(),
            (FlowProtocol::Udp, of) => matches!(of, Some(FlowProtocol::Udp | FlowProtocol::TcpUdp)),
            (_, of) => of == Some(flows),
        };
        if !fits {
            let listener = if tls.is_some() { ProtocolEnum::Tls } else { protocol_of(flows) };
            let group = protocol_shown(group);
            return Err(configuration(format!(
                "Listener protocol '{listener}' is not supported with a target group with the protocol '{group}'"
            )));
        }
    }
    if forward.stickiness.enabled {
        return Err(configuration("Target group stickiness is not supported on load balancers of type 'network'"));
    }
    if flows != FlowProtocol::Tcp && groups.len() > 1 {
        let protocol = protocol_of(flows);
        return Err(not_supported(format_args!("A listener with the protocol '{protocol}' and several target groups")));
    }
    stream::check(tls.is_some(), &groups)
}
