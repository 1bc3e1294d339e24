//! DescribeListeners.

use super::{
    super::{arn, invalid, page::page, rule::action},
    default_rule, protocol, tls,
};
use crate::{
    State, View,
    state::{Listener, ListenerTls, LoadBalancer, Record},
};
use aws::{
    api::elbv2::{
        Certificate, DescribeListenersInput, DescribeListenersOutput, Listener as Shape, MutualAuthenticationAttributes,
    },
    fault::Fault,
};

/// DescribeListeners: of one load balancer, or those of some ARNs.
pub(in crate::elb) fn describe(
    view: &View<'_>,
    input: DescribeListenersInput,
) -> Result<DescribeListenersOutput, Fault> {
    let DescribeListenersInput { load_balancer_arn, listener_arns, marker, page_size } = input;
    let (state, arns) = (view.state, listener_arns.unwrap_or_default());
    let found: Vec<(&LoadBalancer, &Listener)> = match load_balancer_arn {
        Some(_) if !arns.is_empty() => {
            return Err(invalid("A load balancer ARN and listener ARNs cannot be specified at the same time"));
        }
        Some(arn) => {
            let of = arn::find_load_balancer(state, &arn)?;
            state.listeners.prefixed(&Listener::prefix(&of.id)).map(|listener| (of, listener)).collect()
        }
        None if arns.is_empty() => {
            return Err(invalid("You must specify either listener ARNs or a load balancer ARN"));
        }
        None => {
            let mut found = arns.iter().map(|arn| arn::find_listener(state, arn)).collect::<Result<Vec<_>, _>>()?;
            found.sort_by_key(|(_, listener)| listener.key());
            found.dedup_by_key(|(_, listener)| listener.key());
            found
        }
    };
    let (found, next_marker) = page(found, |(_, listener)| listener.key(), marker.as_deref(), page_size)?;
    let listeners = found.into_iter().map(|(of, listener)| show(state, of, listener)).collect();
    Ok(DescribeListenersOutput { listeners: Some(listeners), next_marker })
}

/// A listener as a reply shows it.
pub(super) fn show(state: &State, load_balancer: &LoadBalancer, of: &Listener) -> Shape {
    let Listener { load_balancer: _, id: _, port, flows, tls, idle_timeout: _, tags: _ } = of;
    let default = |of: &ListenerTls| Certificate { certificate_arn: Some(of.default.clone()), is_default: None };
    let off = |_: &ListenerTls| MutualAuthenticationAttributes {
        mode: Some("off".to_owned()),
        ..MutualAuthenticationAttributes::default()
    };
    let alpn = tls.as_ref().and_then(|tls| tls.alpn);
    Shape {
        listener_arn: Some(arn::listener(&state.region, load_balancer, of)),
        load_balancer_arn: Some(arn::load_balancer(&state.region, load_balancer)),
        port: Some(port.get().into()),
        protocol: Some(protocol::shown(of)),
        ssl_policy: tls.as_ref().map(|tls| tls.policy.clone()),
        certificates: tls.as_ref().map(|tls| vec![default(tls)]),
        alpn_policy: alpn.map(|policy| vec![tls::alpn_text(policy).to_owned()]),
        mutual_authentication: tls.as_ref().filter(|_| flows.is_none()).map(off),
        default_actions: default_rule(state, of).map(|rule| vec![action::show(state, rule)]),
    }
}
