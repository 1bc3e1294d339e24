//! The difference between a namespace and its plan, but for veth pairs and the table: pure, in the order it is made.

use super::state::State;
use crate::{
    name::LinkName,
    netlink::{message::Message, route, shape},
    plan::{Address, Namespace, Neighbour, PolicyRule, Route},
};
use std::fmt;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    DeleteRoute(Route),
    DeleteNeighbour(Neighbour),
    DeleteAddress(Address),
    AddAddress(Address),
    Up(LinkName),
    SetNeighbour(Neighbour),
    SetRoute(Route),
    AddRule(PolicyRule),
    DeleteRule(PolicyRule),
    SetShape(LinkName, u64),
    DeleteShape(LinkName),
}

/// What has to be done: what is too much goes first, addresses come before their link is up, routes after.
pub(super) fn changes(state: &State, planned: &Namespace) -> Vec<Change> {
    let mut changes = Vec::new();
    // A route or neighbour for the same destination is replaced rather than deleted, and so never missing.
    let replaced = |route: &Route| planned.routes.iter().any(|p| (p.table, p.to) == (route.table, route.to));
    let replaced_neighbour =
        |n: &Neighbour| planned.neighbours.iter().any(|p| p.link == n.link && p.address == n.address);
    changes.extend(
        state.routes.difference(&planned.routes).filter(|route| !replaced(route)).cloned().map(Change::DeleteRoute),
    );
    changes.extend(
        state
            .neighbours
            .difference(&planned.neighbours)
            .filter(|n| !replaced_neighbour(n))
            .cloned()
            .map(Change::DeleteNeighbour),
    );
    changes.extend(state.addresses.difference(&planned.addresses).cloned().map(Change::DeleteAddress));
    changes.extend(planned.addresses.difference(&state.addresses).cloned().map(Change::AddAddress));
    changes.extend(state.links.iter().filter(|(_, link)| !link.up).map(|(name, _)| Change::Up(name.clone())));
    changes.extend(planned.neighbours.difference(&state.neighbours).cloned().map(Change::SetNeighbour));
    changes.extend(planned.routes.difference(&state.routes).cloned().map(Change::SetRoute));
    // A packet meets the old rules or more, never fewer.
    if let Some(rules) = &planned.rules {
        changes.extend(rules.difference(&state.rules).copied().map(Change::AddRule));
        changes.extend(state.rules.difference(rules).copied().map(Change::DeleteRule));
    }
    let shaped = planned.shapes.iter().filter(|(link, rate)| state.shapes.get(*link) != Some(*rate));
    changes.extend(shaped.map(|(link, rate)| Change::SetShape(link.clone(), *rate)));
    let unshaped = state.shapes.keys().filter(|link| !planned.shapes.contains_key(*link));
    changes.extend(unshaped.cloned().map(Change::DeleteShape));
    changes
}

impl Change {
    /// The message that makes it; `None` when the link it is about isn't there.
    pub(super) fn message(&self, state: &State) -> Option<Message> {
        let index = |link: &LinkName| state.links.get(link).map(|link| link.index);
        let route_index = |route: &Route| match route.link() {
            None => Some(None),
            Some(link) => index(link).map(Some),
        };
        Some(match self {
            Self::DeleteRoute(r) => route::delete_route(r, route_index(r)?),
            Self::DeleteNeighbour(n) => route::delete_neighbour(n, index(&n.link)?),
            Self::DeleteAddress(a) => route::delete_address(a.net, index(&a.link)?),
            Self::AddAddress(a) => route::add_address(a.net, index(&a.link)?),
            Self::Up(link) => route::up(index(link)?),
            Self::SetNeighbour(n) => route::set_neighbour(n, index(&n.link)?),
            Self::SetRoute(r) => route::set_route(r, route_index(r)?),
            Self::AddRule(rule) => route::add_rule(rule),
            Self::DeleteRule(rule) => route::delete_rule(rule),
            Self::SetShape(link, rate) => shape::set(index(link)?, *rate),
            Self::DeleteShape(link) => shape::delete(index(link)?),
        })
    }

    /// The step as an error names it.
    pub(super) fn step(&self) -> &'static str {
        match self {
            Self::DeleteRoute(_) => "delete the route",
            Self::DeleteNeighbour(_) => "delete the neighbour",
            Self::DeleteAddress(_) => "delete the address",
            Self::AddAddress(_) => "add the address",
            Self::Up(_) => "bring up the link",
            Self::SetNeighbour(_) => "set the neighbour",
            Self::SetRoute(_) => "set the route",
            Self::AddRule(_) => "add the routing rule",
            Self::DeleteRule(_) => "delete the routing rule",
            Self::SetShape(..) => "set the bandwidth of",
            Self::DeleteShape(_) => "lift the bandwidth of",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeleteRoute(route) | Self::SetRoute(route) => write!(f, "{route}"),
            Self::AddRule(rule) | Self::DeleteRule(rule) => write!(f, "{rule}"),
            Self::DeleteNeighbour(n) | Self::SetNeighbour(n) => write!(f, "{} dev {}", n.address, n.link),
            Self::DeleteAddress(a) | Self::AddAddress(a) => write!(f, "{} dev {}", a.net, a.link),
            Self::Up(link) | Self::SetShape(link, _) | Self::DeleteShape(link) => write!(f, "{link}"),
        }
    }
}
