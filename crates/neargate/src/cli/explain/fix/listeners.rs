//! Load balancers: whether one listens where it is asked.

use super::{Fix, words};
use vpc::{
    Holder, Topology,
    verdict::{End, Transport},
};

/// For a packet that ends at a load balancer's node, what it comes to there; none for any other.
///
/// # Errors
/// Where nobody listens: what to do about it.
pub fn listener(topology: &Topology, end: &End, transport: &Transport) -> Option<Result<String, Fix>> {
    let End::Interface(vpc, id) = end else { return None };
    let vpc = topology.vpcs.get(vpc)?;
    let Holder::LoadBalancer(holder) = &vpc.interfaces.get(id)?.holder else { return None };
    let balancer = vpc.load_balancers.get(holder)?;
    let name = &balancer.name;
    if let Some(flows) = &balancer.flows {
        let (Transport::Tcp { to, .. } | Transport::Udp { to, .. }) = transport else { return None };
        let protocol = if matches!(transport, Transport::Udp { .. }) { "UDP" } else { "TCP" };
        let listens = flows
            .iter()
            .any(|(port, forwarded)| port.get() == *to && forwarded.protocols.contains(&transport.protocol()));
        return Some(match listens {
            true => Ok(format!("Load balancer {name} forwards {protocol} port {to} to its targets.")),
            false => Err(Fix {
                why: format!("Load balancer {name} has no listener for {protocol} on port {to}, and drops the packet."),
                commands: vec![create(name, protocol, *to)],
            }),
        });
    }
    match transport {
        Transport::Tcp { to, .. } if balancer.listeners.iter().any(|port| port.get() == *to) => {
            Some(Ok(format!("Load balancer {name} listens on port {to} there.")))
        }
        Transport::Tcp { to, .. } => Some(Err(Fix {
            why: format!("Load balancer {name} has no listener on port {to}, and refuses the connection."),
            // What the port is meant for.
            commands: vec![create(
                name,
                if *to == 443 { "HTTPS --certificates CertificateArn=…" } else { "HTTP" },
                *to,
            )],
        })),
        Transport::Udp { .. } => Some(Err(words(format!("Load balancer {name} takes TCP only.")))),
        Transport::Icmp(..) | Transport::Other(_) => None,
    }
}

/// The command that makes a listener.
fn create(name: &str, protocol: &str, port: u16) -> String {
    format!(
        "aws elbv2 create-listener --protocol {protocol} --port {port} --load-balancer-arn $(aws elbv2 describe-load-balancers \
         --names {name} --query 'LoadBalancers[0].LoadBalancerArn' --output text) \
         --default-actions Type=forward,TargetGroupArn=…"
    )
}
