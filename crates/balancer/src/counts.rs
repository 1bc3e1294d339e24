//! What is counted of requests, for CloudWatch's metrics ("CloudWatch metrics for your Application Load Balancer").
//!
//! Each thread counts for itself, in cells that nobody else sees, and is asked for what it has counted every ten seconds. So counting costs
//! a request some additions, and no lock.

use crate::{
    config::{Group, Node},
    decide::Tally,
    heads::HeadSettings,
};
use spec::{
    balancing::TargetGroupId,
    measured::{FlowCounts, FlowKind, GroupCounts, NetworkCounts, NodeCounts, is_network},
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Duration,
};
use vpc::InterfaceId;

/// What a thread counts of one node.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    load_balancer: String,
    zone: String,
    pub requests: Counter,
    pub new_connections: Counter,
    /// Clients' connections that are there, and those to targets that have a request.
    pub active: Counter,
    pub rejected_connections: Counter,
    pub processed_bytes: Counter,
    pub rule_evaluations: Counter,
    pub fixed_responses: Counter,
    pub redirects: Counter,
    pub non_sticky: Counter,
    pub non_compliant: Counter,
    pub dropped_invalid_headers: Counter,
    pub forwarded_invalid_headers: Counter,
    /// Of a Network Load Balancer's node.
    pub network: NetworkCounters,
    answers: RefCell<BTreeMap<u16, u64>>,
    groups: RefCell<Vec<(TargetGroupId, Rc<Grouped>)>>,
}

/// What a thread counts of one node of a Network Load Balancer.
#[derive(Debug, Default)]
pub(crate) struct NetworkCounters {
    tcp: FlowCounters,
    tls: FlowCounters,
    pub client_resets: Counter,
    pub target_resets: Counter,
    pub own_resets: Counter,
    pub client_handshakes: Counter,
    pub target_handshakes: Counter,
}

/// What a thread counts of flows of one kind.
#[derive(Debug, Default)]
pub(crate) struct FlowCounters {
    new: Counter,
    active: Counter,
    pub bytes: Counter,
}

/// What a thread counts of one target group on one node.
#[derive(Debug, Default)]
pub(crate) struct Grouped {
    target_group: String,
    pub requests: Counter,
    pub connection_errors: Counter,
    /// Answers by the first digit of their codes.
    answers: [Counter; 6],
    times: RefCell<HashMap<u32, (f64, u64)>>,
}

/// A number that one thread counts.
#[derive(Debug, Default)]
pub(crate) struct Counter(Cell<u64>);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.set(self.0.get().wrapping_add(more));
    }

    /// One more if that is so.
    pub(crate) fn add_if(&self, is_so: bool) {
        self.add(is_so.into());
    }

    fn sub(&self, fewer: u64) {
        self.0.set(self.0.get().saturating_sub(fewer));
    }

    fn take(&self) -> u64 {
        self.0.take()
    }
}

/// A Network Load Balancer's connection, counted as active until it is dropped.
pub(crate) struct ActiveFlow(Rc<Counts>, bool);

impl ActiveFlow {
    /// One more, over TLS or not.
    pub(crate) fn new(counts: &Rc<Counts>, tls: bool) -> Self {
        let flow = Self(Rc::clone(counts), tls);
        flow.counters().new.add(1);
        flow.counters().active.add(1);
        flow
    }

    /// What is counted of its kind.
    pub(crate) fn counters(&self) -> &FlowCounters {
        if self.1 { &self.0.network.tls } else { &self.0.network.tcp }
    }
}

impl Drop for ActiveFlow {
    fn drop(&mut self) {
        self.counters().active.sub(1);
    }
}

/// A connection, counted as active until it is dropped.
pub(crate) struct Active(Rc<Counts>);

impl Active {
    pub(crate) fn new(counts: &Rc<Counts>) -> Self {
        counts.active.add(1);
        Self(Rc::clone(counts))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.sub(1);
    }
}

impl Counts {
    fn new(node: &Node) -> Self {
        Self { load_balancer: node.load_balancer.clone(), zone: node.zone.clone(), ..Self::default() }
    }

    /// A request that was decided about.
    pub(crate) fn decided(&self, tally: &Tally, settings: &HeadSettings) {
        let Tally { rules, non_compliant, invalid_headers, is_fixed, is_redirect, .. } = tally;
        self.rule_evaluations.add(*rules as u64);
        self.non_compliant.add_if(*non_compliant);
        self.dropped_invalid_headers.add_if(*invalid_headers && settings.drop_invalid_header_fields);
        self.forwarded_invalid_headers.add_if(*invalid_headers && !settings.drop_invalid_header_fields);
        self.fixed_responses.add_if(*is_fixed);
        self.redirects.add_if(*is_redirect);
    }

    /// An answer of the load balancer's own.
    pub(crate) fn answered(&self, status: u16) {
        *self.answers.borrow_mut().entry(status).or_default() += 1;
    }

    /// What is counted of a group.
    pub(crate) fn group(&self, group: &Group) -> Rc<Grouped> {
        let mut groups = self.groups.borrow_mut();
        if let Some((_, found)) = groups.iter().find(|(id, _)| *id == group.id) {
            return Rc::clone(found);
        }
        let new = Rc::new(Grouped { target_group: group.name.clone(), ..Grouped::default() });
        groups.push((group.id.clone(), Rc::clone(&new)));
        new
    }

    fn take(&self) -> NodeCounts {
        let groups = self.groups.borrow();
        NodeCounts {
            load_balancer: self.load_balancer.clone(),
            zone: self.zone.clone(),
            requests: self.requests.take(),
            new_connections: self.new_connections.take(),
            active_connections: Some(self.active.0.get()),
            rejected_connections: self.rejected_connections.take(),
            processed_bytes: self.processed_bytes.take(),
            rule_evaluations: self.rule_evaluations.take(),
            fixed_responses: self.fixed_responses.take(),
            redirects: self.redirects.take(),
            answers: self.answers.take(),
            non_sticky: self.non_sticky.take(),
            non_compliant: self.non_compliant.take(),
            dropped_invalid_headers: self.dropped_invalid_headers.take(),
            forwarded_invalid_headers: self.forwarded_invalid_headers.take(),
            groups: groups.iter().map(|(id, group)| (id.clone(), group.take())).collect(),
            network: is_network(&self.load_balancer).then(|| self.network.take()),
        }
    }
}

impl NetworkCounters {
    fn take(&self) -> NetworkCounts {
        let flows = [(FlowKind::Tcp, &self.tcp), (FlowKind::Tls, &self.tls)];
        let flows = flows.map(|(kind, of)| {
            let FlowCounters { new, active, bytes } = of;
            (kind, FlowCounts { new: new.take(), active: Some(active.0.get()), bytes: bytes.take() })
        });
        NetworkCounts {
            flows: flows.into(),
            client_resets: self.client_resets.take(),
            target_resets: self.target_resets.take(),
            own_resets: self.own_resets.take(),
            client_handshakes: self.client_handshakes.take(),
            target_handshakes: self.target_handshakes.take(),
            port_allocation_errors: 0,
            packets: 0,
            time: 0,
        }
    }
}

impl Grouped {
    /// A target's answer, so long after it had the request.
    pub(crate) fn answered(&self, status: u16, after: Duration) {
        if let Some(counter) = self.answers.get(usize::from(status / 100)) {
            counter.add(1);
        }
        let seconds = after.as_secs_f64();
        // Times of one sign, exponent and seven bits behind it differ by less than a hundredth.
        let class = (seconds as f32).to_bits() >> 16;
        let mut times = self.times.borrow_mut();
        let (sum, count) = times.entry(class).or_default();
        *sum += seconds;
        *count += 1;
    }

    fn take(&self) -> GroupCounts {
        let answers = (0..).zip(&self.answers).map(|(digit, counter)| (digit, counter.take()));
        GroupCounts {
            target_group: self.target_group.clone(),
            requests: self.requests.take(),
            answers: answers.filter(|(_, count)| *count > 0).collect(),
            connection_errors: self.connection_errors.take(),
            times: self.times.take().into_values().map(|(sum, count)| (sum / count as f64, count)).collect(),
        }
    }
}

/// What a thread counts, by nodes.
#[derive(Debug, Default)]
pub(crate) struct AllCounts(RefCell<HashMap<InterfaceId, Rc<Counts>>>);

impl AllCounts {
    /// What is counted of a node.
    pub(crate) fn of(&self, node: &Node) -> Rc<Counts> {
        let mut all = self.0.borrow_mut();
        if let Some(found) = all.get(&node.interface) {
            return Rc::clone(found);
        }
        let new = Rc::new(Counts::new(node));
        all.insert(node.interface.clone(), Rc::clone(&new));
        new
    }

    /// What was counted since the last time. Nodes that no connection is left of are forgotten.
    pub(crate) fn take(&self) -> BTreeMap<InterfaceId, NodeCounts> {
        let mut all = self.0.borrow_mut();
        let taken = all.iter().map(|(interface, counts)| (interface.clone(), counts.take())).collect();
        all.retain(|_, counts| Rc::strong_count(counts) > 1);
        taken
    }
}

/// Adds what one thread counted to what others did.
pub(crate) fn add(sum: &mut BTreeMap<InterfaceId, NodeCounts>, more: BTreeMap<InterfaceId, NodeCounts>) {
    for (interface, more) in more {
        let NodeCounts {
            load_balancer,
            zone,
            requests,
            new_connections,
            active_connections,
            rejected_connections,
            processed_bytes,
            rule_evaluations,
            fixed_responses,
            redirects,
            answers,
            non_sticky,
            non_compliant,
            dropped_invalid_headers,
            forwarded_invalid_headers,
            groups,
            network,
        } = more;
        let of = sum.entry(interface).or_default();
        (of.load_balancer, of.zone) = (load_balancer, zone);
        of.requests += requests;
        of.new_connections += new_connections;
        of.active_connections = Some(of.active_connections.unwrap_or(0) + active_connections.unwrap_or(0));
        of.rejected_connections += rejected_connections;
        of.processed_bytes += processed_bytes;
        of.rule_evaluations += rule_evaluations;
        of.fixed_responses += fixed_responses;
        of.redirects += redirects;
        answers.into_iter().for_each(|(status, count)| *of.answers.entry(status).or_default() += count);
        of.non_sticky += non_sticky;
        of.non_compliant += non_compliant;
        of.dropped_invalid_headers += dropped_invalid_headers;
        of.forwarded_invalid_headers += forwarded_invalid_headers;
        if let Some(network) = network {
            of.network.get_or_insert_default().add(network);
        }
        for (id, more) in groups {
            let group = of.groups.entry(id).or_default();
            group.target_group = more.target_group;
            group.requests += more.requests;
            more.answers.into_iter().for_each(|(digit, count)| *group.answers.entry(digit).or_default() += count);
            group.connection_errors += more.connection_errors;
            group.times.extend(more.times);
        }
    }
}
