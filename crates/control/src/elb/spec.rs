//! What hosts are told of load balancers: their balancers everything, resolved and filled in; their networks the names and nodes.

use super::{
    access_logs, arn, health,
    listener::stream::{groups_of, is_stream},
    names,
};
use crate::{
    State, acm,
    state::{
        Listener as ListenerRecord, ListenerRule, LoadBalancer as Record, LoadBalancerKind, RuleAction, StickinessKind,
        Target as TargetRecord, TargetGroup as GroupRecord,
    },
};
use spec::balancing::{
    Action, Balancing, FlowListener, FlowProtocol, Flows, Listener, LoadBalancer, Node, Rule, Stickiness, Stream,
    Target, TargetGroup, TargetGroupId, Tls,
};
use std::{collections::BTreeMap, num::NonZeroU16};
use vpc::{Forwarded, InterfaceId, LoadBalancerId, LoadBalancerNode, SubnetId, VpcId};

/// The content type of a fixed response that has none of its own.
const PLAIN: &str = "text/plain";

/// Every load balancer, whose nodes are on every host, and what their rules lead to.
pub(crate) fn balancing(state: &State) -> Balancing {
    let mut balancing = Balancing::default();
    for record in state.load_balancers.iter() {
        let prefix = format!("{}/", record.id);
        let groups = state.listener_rules.prefixed(&prefix).flat_map(ListenerRule::groups);
        for id in groups {
            if !balancing.target_groups.contains_key(id)
                && let Some(group) = state.target_groups.get(id)
            {
                balancing.target_groups.insert(id.clone(), target_group(state, record, group).into());
            }
        }
        balancing.load_balancers.insert(record.id.clone(), load_balancer(state, record).into());
    }
    balancing
}

/// The load balancers of a VPC as its network knows them.
pub(crate) fn named(state: &State, vpc: &VpcId) -> BTreeMap<LoadBalancerId, vpc::LoadBalancer> {
    let of_vpc = state.load_balancers.iter().filter(|record| record.vpc == *vpc);
    let named = |record: &Record| {
        let node = |(subnet, id): (&SubnetId, &InterfaceId)| {
            let zone = state.subnets.get(subnet)?.zone.clone();
            Some((zone, LoadBalancerNode { interface: id.clone(), healthy: !record.unhealthy.contains(id) }))
        };
        vpc::LoadBalancer {
            name: record.name.clone(),
            dns_name: names::dns_name(&state.region, record).to_ascii_lowercase(),
            internet_facing: !record.internal,
            listeners: listeners_of(state, record)
                .filter(|listener| listener.flows != Some(FlowProtocol::Udp))
                .map(|listener| listener.port)
                .collect(),
            flows: (record.kind == LoadBalancerKind::Network).then(|| forwarded(state, record)),
            nodes: record.nodes.iter().filter_map(node).collect(),
        }
    };
    of_vpc.map(|record| (record.id.clone(), named(record))).collect()
}

fn listeners_of<'a>(state: &'a State, record: &Record) -> impl Iterator<Item = &'a ListenerRecord> + use<'a> {
    let prefix = ListenerRecord::prefix(&record.id);
    let found: Vec<&ListenerRecord> = state.listeners.prefixed(&prefix).collect();
    found.into_iter()
}

fn load_balancer(state: &State, record: &Record) -> LoadBalancer {
    let nodes = record.nodes.iter().filter_map(|(subnet, id)| {
        let zone = state.subnets.get(subnet)?.zone.clone();
        let interface = state.network_interfaces.get(id)?;
        let (address, public) = (interface.private_ip, interface.public_ip());
        Some((id.clone(), Node { vpc: record.vpc.clone(), zone, address, public }))
    });
    let of = &record.attributes;
    let arn = arn::load_balancer(&state.region, record);
    let all = listeners_of(state, record).map(|found| (found.port, listener(state, record, found)));
    if record.kind == LoadBalancerKind::Network {
        let flows = listeners_of(state, record).filter_map(|found| Some((found.port, flow(state, record, found)?)));
        let streams = all.filter(|(_, listener)| listener.stream.is_some());
        return LoadBalancer {
            nodes: nodes.collect(),
            flows: flows.collect(),
            listeners: streams.collect(),
            ..LoadBalancer::of_network(arn)
        };
    }
    LoadBalancer {
        arn,
        flows: BTreeMap::new(),
        nodes: nodes.collect(),
        listeners: all.collect(),
        idle_timeout: of.idle_timeout,
        client_keep_alive: of.client_keep_alive,
        desync_mitigation: of.desync_mitigation,
        drop_invalid_header_fields: of.drop_invalid_header_fields,
        preserve_host_header: of.preserve_host_header,
        xff_processing: of.xff_processing,
        xff_client_port: of.xff_client_port,
        tls_headers: of.tls_headers,
        http2: of.http2,
        access_log: access_logs::of(record).map(Into::into),
    }
}

/// What a Network Load Balancer forwards, as networks know it.
fn forwarded(state: &State, record: &Record) -> BTreeMap<NonZeroU16, Forwarded> {
    let one = |listener: &ListenerRecord| {
        let groups = groups_of(state, listener);
        let mut all = BTreeMap::new();
        for group in groups.iter().filter(|group| groups.len() == 1 || has_weight(state, listener, &group.id)) {
            let own = targets(state, record, &group.id).into_iter();
            let own = own.filter(|(_, target)| target.draining_until.is_none());
            // One that every zone uses is in none.
            let zone = |zone: Option<String>| zone.filter(|_| !group.crosses_zones(record));
            all.extend(own.map(|(address, target)| (address.0, zone(target.zone))));
        }
        let forwarded = Forwarded {
            protocols: listener.flows?.numbers().iter().copied().collect(),
            client_kept: groups.iter().any(|group| group.attributes.flows.preserve_client_ip),
            cross_zone: groups.iter().all(|group| group.crosses_zones(record)),
            targets: all,
        };
        Some((listener.port, forwarded))
    };
    listeners_of(state, record).filter_map(one).collect()
}

/// Whether a group gets any of what its listener forwards to several.
fn has_weight(state: &State, listener: &ListenerRecord, group: &TargetGroupId) -> bool {
    let prefix = ListenerRule::prefix(&listener.load_balancer, &listener.id);
    state.listener_rules.prefixed(&prefix).any(|rule| match &rule.action {
        RuleAction::Forward(forward) => forward.groups.iter().any(|(id, weight)| id == group && *weight > 0),
        RuleAction::Redirect(_) | RuleAction::Fixed(_) => false,
    })
}

/// A listener of a Network Load Balancer that the kernel forwards for: where its default rule leads.
fn flow(state: &State, load_balancer: &Record, record: &ListenerRecord) -> Option<FlowListener> {
    if stream(state, record).is_some() {
        return None;
    }
    let group = groups_of(state, record).first()?.id.clone();
    Some(FlowListener {
        arn: arn::listener(&state.region, load_balancer, record),
        protocol: record.flows?,
        group,
        idle_timeout: record.idle_timeout,
    })
}

/// What becomes of the bytes of a Network Load Balancer's listener, if the kernel can't forward its packets.
fn stream(state: &State, record: &ListenerRecord) -> Option<Stream> {
    record.flows?;
    let alpn = record.tls.as_ref().and_then(|tls| tls.alpn).unwrap_or_default();
    let is_stream = is_stream(record.tls.is_some(), &groups_of(state, record));
    is_stream.then_some(Stream { idle_timeout: record.idle_timeout, alpn })
}

fn listener(state: &State, load_balancer: &Record, record: &ListenerRecord) -> Listener {
    let prefix = ListenerRule::prefix(&load_balancer.id, &record.id);
    let mut rules: Vec<&ListenerRule> = state.listener_rules.prefixed(&prefix).collect();
    // The default rule is the last.
    rules.sort_by_key(|rule| rule.priority.unwrap_or(u16::MAX));
    let rule = |rule: &ListenerRule| Rule {
        arn: arn::rule(&state.region, load_balancer, rule),
        priority: rule.priority.unwrap_or(0),
        conditions: rule.conditions.clone(),
        transforms: rule.transforms.clone(),
        action: action(&rule.action),
    };
    Listener {
        arn: arn::listener(&state.region, load_balancer, record),
        tls: record.tls.as_ref().map(|tls| Tls {
            policy: tls.policy.clone(),
            certificates: tls.certificates().map(|arn| acm::name(state, arn)).collect(),
        }),
        stream: stream(state, record),
        rules: rules.into_iter().map(rule).collect(),
    }
}

fn action(of: &RuleAction) -> Action {
    match of.clone() {
        RuleAction::Forward(forward) => Action::Forward {
            groups: forward.groups,
            stickiness: forward.stickiness.duration.filter(|_| forward.stickiness.enabled),
        },
        RuleAction::Redirect(redirect) => Action::Redirect {
            status: redirect.status,
            protocol: redirect.protocol,
            host: redirect.host,
            port: redirect.port,
            path: redirect.path,
            query: redirect.query,
        },
        RuleAction::Fixed(fixed) => Action::Fixed {
            status: fixed.status,
            content_type: fixed.content_type.unwrap_or_else(|| PLAIN.to_owned()),
            body: fixed.body.unwrap_or_default(),
        },
    }
}

fn target_group(state: &State, load_balancer: &Record, record: &GroupRecord) -> TargetGroup {
    let of = &record.attributes;
    let sticky = &of.stickiness;
    let stickiness = sticky.enabled.then(|| {
        Some(match sticky.kind {
            StickinessKind::LoadBalancer => Stickiness::Duration(sticky.duration),
            StickinessKind::Application => {
                Stickiness::Application { cookie: sticky.cookie.clone(), duration: sticky.application_duration }
            }
            StickinessKind::SourceIp => return None,
        })
    });
    let flows = record.flows.map(|_| Flows {
        preserve_client_ip: of.flows.preserve_client_ip,
        by_source: sticky.enabled,
        end_when_deregistered: of.flows.end_when_deregistered,
        end_when_unhealthy: of.flows.end_when_unhealthy || of.flows.unhealthy_draining > 0,
        unhealthy_draining: if of.flows.end_when_unhealthy { 0 } else { of.flows.unhealthy_draining },
        proxy_protocol: of.flows.proxy_protocol,
    });
    TargetGroup {
        arn: arn::target_group(&state.region, record),
        tls: record.tls,
        version: record.version,
        health_check: record.health_check.clone(),
        algorithm: of.algorithm,
        anomaly_mitigation: false,
        slow_start: of.slow_start,
        stickiness: stickiness.flatten(),
        flows,
        cross_zone: record.crosses_zones(load_balancer),
        minimum_healthy: of.unhealthy_routing.count.unwrap_or(1),
        minimum_healthy_percent: of.unhealthy_routing.percentage,
        targets: targets(state, load_balancer, &record.id),
    }
}

/// The targets that get something, or are still finishing what they got.
fn targets(
    state: &State,
    load_balancer: &Record,
    group: &TargetGroupId,
) -> BTreeMap<spec::balancing::TargetAddress, Target> {
    let withdrawn = |target: &TargetRecord| target.draining.as_ref().is_some_and(|of| of.withdrawn.is_some());
    let prefix = TargetRecord::prefix(group);
    let told = state
        .targets
        .prefixed(&prefix)
        .filter(|target| !withdrawn(target) && health::obstacle(state, load_balancer, target).is_none());
    told.map(|target| {
        let draining_until = target.draining.as_ref().map(|draining| draining.until);
        (target.address, Target { zone: target.zone.clone(), since: target.since, draining_until })
    })
    .collect()
}
