//! What holds of every verdict.

use super::*;
use crate::fixture::any::{any_packet, any_rule, any_topology};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// No rule of a group is a rule against: adding one never closes what was open.
    #[test]
    fn rules_only_open(topology in any_topology(), packet in any_packet(), more in any_rule(), ingress: bool) {
        let before = verdict(&topology, &packet);
        let mut wider = topology;
        for vpc in wider.vpcs.values_mut() {
            let group = vpc.security_groups.get_mut("sg-a").unwrap();
            if ingress { &mut group.ingress } else { &mut group.egress }.push(more.clone());
        }
        let after = verdict(&wider, &packet);
        prop_assert!(!before.arrives() || after.arrives());
        prop_assert!(!before.answered() || after.answered());
        prop_assert_eq!(before.there.end, after.there.end, "nor does it change the way");
    }

    /// The order of a group's rules and repeated rules mean nothing.
    #[test]
    fn order_means_nothing(topology in any_topology(), packet in any_packet()) {
        let before = verdict(&topology, &packet);
        let mut turned = topology;
        for group in turned.vpcs.values_mut().flat_map(|vpc| vpc.security_groups.values_mut()) {
            let again = group.egress.clone();
            group.egress.reverse();
            group.egress.extend(again);
            group.ingress.reverse();
        }
        let after = verdict(&turned, &packet);
        prop_assert_eq!((before.arrives(), before.answered()), (after.arrives(), after.answered()));
    }

    /// An interface whose groups let nothing in is reached by nobody; the VPC's own services are, having no groups.
    #[test]
    fn without_ingress_rules_nobody_is_reached(topology in any_topology(), packet in any_packet()) {
        let before = verdict(&topology, &packet);
        let mut closed = topology;
        for group in closed.vpcs.values_mut().flat_map(|vpc| vpc.security_groups.values_mut()) {
            group.ingress.clear();
        }
        let after = verdict(&closed, &packet);
        match before.there.end {
            End::Interface(..) => prop_assert!(!after.arrives(), "{after:?}"),
            _ => prop_assert_eq!((before.arrives(), before.answered()), (after.arrives(), after.answered())),
        }
    }

    /// An interface without groups neither sends nor receives, but to the VPC's own services and itself.
    #[test]
    fn without_groups_nothing_passes(topology in any_topology(), packet in any_packet()) {
        let mut closed = topology;
        for interface in closed.vpcs.values_mut().flat_map(|vpc| vpc.interfaces.values_mut()) {
            interface.security_groups.clear();
        }
        let nat = matches!(&packet.origin, Origin::Interface(_, id) if &**id == "eni-nat");
        let after = verdict(&closed, &packet);
        match after.there.end {
            End::Interface(..) => prop_assert!(!after.arrives()),
            End::Internet | End::Endpoint(..) if packet.origin != Origin::Internet => prop_assert!(nat || !after.arrives()),
            _ => {}
        }
    }

    /// What arrives has passed everything, and what does not was stopped by something or leads nowhere.
    #[test]
    fn every_step_counts(topology in any_topology(), packet in any_packet()) {
        let Verdict { there, back } = verdict(&topology, &packet);
        for path in std::iter::once(&there).chain(&back) {
            prop_assert_eq!(path.arrives(), path.end != End::Nowhere && path.steps.iter().all(Step::passes));
            prop_assert_eq!(path.addresses.len(), path.steps.len());
            prop_assert_eq!(path.stopped_by().is_some(), !path.steps.iter().all(Step::passes));
        }
        prop_assert!(back.is_none() || there.end != End::Nowhere, "nobody answers from nowhere");
    }

    /// A decision can be looked up: the rule is one of a group that the interface carries, the route is in the table, the entry in the
    /// ACL; and each covers the packet.
    #[test]
    fn reasons_are_reasons(topology in any_topology(), packet in any_packet()) {
        let interface = |id: &InterfaceId| topology.vpcs.values().find_map(|vpc| Some((vpc, vpc.interfaces.get(id)?)));
        for step in verdict(&topology, &packet).there.steps {
            match step {
                Step::Egress(id, Gate::Allowed(group, rule)) | Step::Ingress(id, Gate::Allowed(group, rule)) => {
                    let (vpc, interface) = interface(&id).unwrap();
                    let group_rules = &vpc.security_groups[&group];
                    prop_assert!(interface.security_groups.contains(&group));
                    prop_assert!(group_rules.ingress.contains(&rule) || group_rules.egress.contains(&rule));
                    prop_assert!(rule.covers(&packet.transport));
                }
                Step::Route { table, route: Some((_, destination, target)), .. } => {
                    let table = topology.vpcs.values().find_map(|vpc| vpc.route_tables.get(&table)).unwrap();
                    let route = Route { destination, target };
                    prop_assert!(table.routes.contains(&route));
                }
                Step::AclEgress(AclDecision { acl, rule: Some((number, rule)), .. }) => {
                    let acl = topology.vpcs.values().find_map(|vpc| vpc.network_acls.get(&acl)).unwrap();
                    prop_assert_eq!(&acl.egress[&number], &rule);
                    prop_assert!(rule.ports.cover(rule.protocol, &packet.transport));
                }
                _ => {}
            }
        }
    }

    /// One VPC is another's neighbour only by peering or by way of the internet.
    #[test]
    fn vpcs_are_apart(topology in any_topology(), packet in any_packet()) {
        let sent = verdict(&topology, &packet).there;
        if let (Origin::Interface(from, _), End::Interface(to, _)) = (&packet.origin, &sent.end)
            && from != to
        {
            let crossing = |step: &Step| matches!(step, Step::Peering(..) | Step::FromInternet { .. });
            prop_assert!(sent.steps.iter().any(crossing));
        }
    }

    /// What is let in from outside has a public address, and an answer bears the address that was asked.
    #[test]
    fn the_internet_sees_public_addresses_only(topology in any_topology(), packet in any_packet()) {
        let sent = verdict(&topology, &packet);
        if packet.origin == Origin::Internet && sent.arrives() && matches!(sent.there.end, End::Interface(..)) {
            let public = matches!(packet.destination, IpAddr::V4(ip) if PUBLIC_POOL.contains(&ip));
            prop_assert!(public);
        }
        let leaves = sent.there.steps.iter().any(|step| matches!(step, Step::ToInternet { public: Some(_), .. }));
        prop_assert!(packet.origin == Origin::Internet || sent.there.end != End::Internet || leaves);
    }
}
