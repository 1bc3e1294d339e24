//! Elastic Load Balancing v2: Application Load Balancers with HTTP and HTTPS listeners and their rules, Network Load Balancers with listeners
//! for TCP, TLS and UDP, and target groups of the type `ip`.
//!
//! This file is the routing table; one directory a resource. What hosts are told of it all is in `spec`; what follows from what they say,
//! in `health` and in `controllers::load_balancers`. Absent: Gateway Load Balancers, QUIC, authentication of clients and trust stores;
//! targets that are instances, functions or load balancers; logs of connections and health checks; IPv6.

pub mod access_logs;
mod arn;
mod attribute;
mod counted;
mod health;
mod limits;
mod listener;
mod load_balancer;
mod names;
mod page;
mod rule;
mod spec;
mod ssl_policy;
mod tags;
mod target_group;
pub mod targets;

#[cfg(test)]
mod tests;

pub use counted::{GroupHealth, group_health};
pub(crate) use health::unhealthy_nodes;
pub(crate) use names::{domain_of_zone, hosted_zone_of, known as known_name, serves};
pub(crate) use spec::{balancing, named};

use crate::{Service, State};
use aws::{
    api::elbv2::{API, op},
    fault::Fault,
};

/// The routing table.
pub fn service() -> Service {
    let service = Service::new(&API)
        .write(op::CreateLoadBalancer, load_balancer::create::create)
        .read(op::DescribeLoadBalancers, load_balancer::describe::describe)
        .write(op::DeleteLoadBalancer, load_balancer::delete::delete)
        .write(op::ModifyLoadBalancerAttributes, load_balancer::attributes::modify)
        .read(op::DescribeLoadBalancerAttributes, load_balancer::attributes::describe)
        .write(op::SetSecurityGroups, load_balancer::change::security_groups)
        .write(op::SetSubnets, load_balancer::change::subnets)
        .write(op::SetIpAddressType, load_balancer::change::ip_address_type)
        .read(op::DescribeCapacityReservation, load_balancer::describe::capacity)
        .write(op::AddTags, tags::add)
        .write(op::RemoveTags, tags::remove)
        .read(op::DescribeTags, tags::describe)
        .read(op::DescribeAccountLimits, limits::describe)
        .read(op::DescribeSSLPolicies, ssl_policy::describe);
    target_groups(listeners(service))
}

fn listeners(service: Service) -> Service {
    service
        .write(op::CreateListener, listener::create::create)
        .read(op::DescribeListeners, listener::describe::describe)
        .write(op::ModifyListener, listener::modify::modify)
        .write(op::DeleteListener, listener::delete)
        .write(op::ModifyListenerAttributes, listener::attributes::modify)
        .read(op::DescribeListenerAttributes, listener::attributes::describe)
        .read(op::DescribeListenerCertificates, listener::certificates::describe)
        .write(op::AddListenerCertificates, listener::certificates::add)
        .write(op::RemoveListenerCertificates, listener::certificates::remove)
        .write(op::CreateRule, rule::create::create)
        .read(op::DescribeRules, rule::describe::describe)
        .write(op::ModifyRule, rule::modify::modify)
        .write(op::DeleteRule, rule::delete)
        .write(op::SetRulePriorities, rule::priorities::set)
}

fn target_groups(service: Service) -> Service {
    service
        .write(op::CreateTargetGroup, target_group::create::create)
        .read(op::DescribeTargetGroups, target_group::describe::describe)
        .write(op::ModifyTargetGroup, target_group::modify::modify)
        .write(op::DeleteTargetGroup, target_group::delete)
        .write(op::ModifyTargetGroupAttributes, target_group::attributes::modify)
        .read(op::DescribeTargetGroupAttributes, target_group::attributes::describe)
        .write(op::RegisterTargets, targets::operations::register)
        .write(op::DeregisterTargets, targets::operations::deregister)
        .read(op::DescribeTargetHealth, targets::describe::describe)
}

/// The ARN of a load balancer.
pub(crate) fn arn_of(state: &State, id: &str) -> Option<String> {
    state.load_balancers.get(id).map(|found| arn::load_balancer(&state.region, found))
}

/// The refusal of a parameter that can't be right.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}

/// The refusal of what does not go together.
fn configuration(message: impl Into<String>) -> Fault {
    Fault::new("InvalidConfigurationRequest", message)
}

/// The refusal of what Elastic Load Balancing has and neargate has not.
fn not_supported(what: impl std::fmt::Display) -> Fault {
    configuration(format!("{what} is not supported by neargate."))
}

/// Refuses a parameter that neargate does not support, if it is there.
fn unsupported<T>(name: &str, value: Option<T>) -> Result<(), Fault> {
    if value.is_some() { Err(not_supported(name)) } else { Ok(()) }
}

/// Refuses a parameter with more than no values, if neargate does not support it.
fn unsupported_list<T>(name: &str, value: Option<Vec<T>>) -> Result<(), Fault> {
    unsupported(name, value.filter(|list| !list.is_empty()))
}
