//! What a listener takes: requests, maybe over TLS, or a Network Load Balancer's flows.

use super::{
    super::{configuration, invalid, not_supported, target_group::protocol_of},
    tls::{self, Asked},
};
use crate::{
    State,
    state::{Listener, ListenerTls, LoadBalancer, LoadBalancerKind, RuleAction},
};
use aws::{api::elbv2::ProtocolEnum, fault::Fault};
use spec::balancing::FlowProtocol;

/// What a listener takes.
pub(super) struct Protocol {
    /// Flows, if it is a Network Load Balancer's.
    pub flows: Option<FlowProtocol>,
    /// TLS, if it is an HTTPS listener.
    pub tls: Option<ListenerTls>,
}

/// What a listener takes that was `before`. What is not said stays.
///
/// # Errors
/// Those of [`tls::read`]; `NotImplemented` for protocols that neargate has not.
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
            tls::refuse(asked, "non-TLS", "ALPN policy can only be specified for TLS listeners")?;
            Ok(Protocol { flows: flows.or(before.and_then(|before| before.flows)), tls: None })
        }
    }
}

fn flow_protocol(asked: ProtocolEnum) -> Result<FlowProtocol, Fault> {
    match asked {
        ProtocolEnum::Tcp => Ok(FlowProtocol::Tcp),
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
        (Some(flows), _) => protocol_of(flows),
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
    for group in forward.groups.iter().filter_map(|(id, _)| state.target_groups.get(id)).filter_map(|of| of.flows) {
        let fits = match flows {
            FlowProtocol::Tcp | FlowProtocol::Udp => group == flows || group == FlowProtocol::TcpUdp,
            FlowProtocol::TcpUdp => group == FlowProtocol::TcpUdp,
        };
        if !fits {
            let [listener, group] = [flows, group].map(protocol_of);
            return Err(configuration(format!(
                "Listener protocol '{listener}' is not supported with a target group with the protocol '{group}'"
            )));
        }
    }
    Ok(())
}
