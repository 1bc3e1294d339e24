//! A VPC as hosts must enforce it.

use super::{interface, security_group};
use crate::State;
use vpc::{Interface, SecurityGroup, Subnet, Vpc, VpcId};

/// One VPC whole, with every interface in it, whichever host that is on. `None` when there is no such VPC.
pub(crate) fn topology(state: &State, id: &VpcId) -> Option<Vpc> {
    let record = state.vpcs.get(id)?;
    let mut vpc = Vpc { cidrs: record.cidrs.iter().map(|range| range.cidr).collect(), ..Vpc::default() };
    for group in state.security_groups.iter().filter(|group| group.vpc == *id) {
        let mut rules = SecurityGroup::default();
        for rule in security_group::rules_of(state, &group.id) {
            if rule.egress { rules.egress.push(rule.rule) } else { rules.ingress.push(rule.rule) }
        }
        vpc.security_groups.insert(group.id.clone(), rules);
    }
    for subnet in state.subnets.iter().filter(|subnet| subnet.vpc == *id) {
        let interfaces = format!("{}/", subnet.id);
        for interface in interface::of_subnet(state, &interfaces) {
            vpc.interfaces.insert(interface.id.clone(), enforced(interface));
        }
        vpc.subnets.insert(subnet.id.clone(), Subnet { cidr: subnet.cidr });
    }
    Some(vpc)
}

fn enforced(interface: &crate::state::NetworkInterface) -> Interface {
    Interface {
        subnet: interface.subnet.clone(),
        private_ip: interface.private_ip,
        mac: interface.mac,
        public_ip: interface.public_ip,
        security_groups: interface.security_groups.clone(),
    }
}
