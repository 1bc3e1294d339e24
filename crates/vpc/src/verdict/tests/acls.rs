//! Network ACLs.

use super::*;

fn allow_all(egress: bool, topology: &Topology, id: &str) -> (u16, AclRule) {
    let acl = &topology.vpcs[VPC].network_acls[id];
    let (number, rule) = if egress { &acl.egress } else { &acl.ingress }.first_key_value().unwrap();
    (*number, rule.clone())
}

#[test]
fn the_lowest_number_that_covers_decides() {
    let mut topology = region();
    let deny = entry(IpProtocol::TCP, Ports::Range(80, 80), "10.0.1.10/32", false);
    acl(&mut topology, "acl-public").ingress.insert(101, deny.clone());
    assert!(tcp(&topology, "eni-db", "10.0.0.10").answered(), "100 comes first");
    acl(&mut topology, "acl-public").ingress.insert(99, deny.clone());
    let sent = tcp(&topology, "eni-db", "10.0.0.10");
    let Step::AclIngress(decision) = stop(&sent) else { panic!("{sent:?}") };
    assert_eq!((&*decision.subnet, &*decision.acl), ("subnet-public", "acl-public"));
    assert_eq!(decision.rule, Some((99, deny)));
    let other = verdict(&topology, &from(&topology, "eni-db", "10.0.0.10", Transport::tcp(81)));
    assert!(other.answered(), "99 does not speak of port 81");
}

#[test]
fn what_no_rule_covers_is_denied() {
    let mut topology = region();
    acl(&mut topology, "acl-private").egress.clear();
    let sent = tcp(&topology, "eni-db", "10.0.0.10");
    let Step::AclEgress(decision) = stop(&sent) else { panic!("{sent:?}") };
    assert_eq!((&*decision.acl, &decision.rule), ("acl-private", &None));

    let mut topology = region();
    one(&mut topology).network_acls.remove("acl-private");
    assert!(!tcp(&topology, "eni-db", "10.0.0.10").arrives(), "nor does an ACL that is not there allow");
}

#[test]
fn answers_are_looked_at_as_any_packet() {
    let mut topology = region();
    let web_only = BTreeMap::from([(100, entry(IpProtocol::TCP, Ports::Range(80, 80), "0.0.0.0/0", true))]);
    acl(&mut topology, "acl-public").ingress = web_only.clone();
    assert!(tcp(&topology, "eni-db", "10.0.0.10").answered());
    acl(&mut topology, "acl-public").egress = web_only;
    let sent = tcp(&topology, "eni-db", "10.0.0.10");
    assert!(matches!(stop_back(&sent), Step::AclEgress(decision) if decision.rule.is_none()), "to an ephemeral port");

    let ephemeral = entry(IpProtocol::TCP, Ports::Range(1024, 65535), "10.0.1.0/24", true);
    acl(&mut topology, "acl-public").egress.insert(110, ephemeral.clone());
    assert!(tcp(&topology, "eni-db", "10.0.0.10").answered());

    acl(&mut topology, "acl-private").ingress = BTreeMap::from([(1, AclRule { allow: false, ..ephemeral })]);
    let sent = tcp(&topology, "eni-db", "10.0.0.10");
    assert!(matches!(stop_back(&sent), Step::AclIngress(decision) if &*decision.acl == "acl-private"));
}

#[test]
fn an_echo_reply_is_a_message_of_its_own() {
    let mut topology = region();
    let echo = entry(IpProtocol::ICMP, Ports::Icmp(8, None), "0.0.0.0/0", true);
    acl(&mut topology, "acl-private").egress = BTreeMap::from([(100, echo)]);
    acl(&mut topology, "acl-private").ingress.clear();
    let ping = |topology: &Topology| verdict(topology, &from(topology, "eni-db", "10.0.0.10", Transport::PING));
    assert_eq!((ping(&topology).arrives(), ping(&topology).answered()), (true, false));
    let reply = entry(IpProtocol::ICMP, Ports::Icmp(0, None), "0.0.0.0/0", true);
    acl(&mut topology, "acl-private").ingress.insert(100, reply);
    assert!(ping(&topology).answered());
}

#[test]
fn within_a_subnet_they_have_no_say() {
    let mut topology = region();
    *acl(&mut topology, "acl-public") = NetworkAcl::default();
    let sent = tcp(&topology, "eni-web", "10.0.0.11");
    assert!(sent.answered());
    assert!(!sent.there.steps.iter().any(|step| matches!(step, Step::AclEgress(_) | Step::AclIngress(_))));
    assert!(!tcp(&topology, "eni-web", "198.18.0.11").arrives(), "but by way of the internet they have");
}

#[test]
fn both_subnets_are_asked_in_both_directions() {
    let topology = region();
    let sent = tcp(&topology, "eni-db", "10.0.0.10");
    let decision = |subnet: &str, acl: &str, egress| AclDecision {
        subnet: subnet.into(),
        acl: acl.into(),
        rule: Some(allow_all(egress, &topology, acl)),
    };
    let out = Step::AclEgress(decision("subnet-private", "acl-private", true));
    let into = Step::AclIngress(decision("subnet-public", "acl-public", false));
    let of = |path: &Path| -> Vec<Step> {
        path.steps.iter().filter(|step| matches!(step, Step::AclEgress(_) | Step::AclIngress(_))).cloned().collect()
    };
    assert_eq!(of(&sent.there), [out, into]);
    let out = Step::AclEgress(decision("subnet-public", "acl-public", true));
    let into = Step::AclIngress(decision("subnet-private", "acl-private", false));
    assert_eq!(of(&sent.back.unwrap()), [out, into]);
}

#[test]
fn the_subnet_of_a_nat_gateway_sees_both_halves_of_the_way() {
    let mut topology = region();
    // The answer to the gateway comes to an ephemeral port of its subnet.
    acl(&mut topology, "acl-public").ingress =
        BTreeMap::from([(100, entry(IpProtocol::All, Ports::All, "10.0.0.0/16", true))]);
    let out = tcp(&topology, "eni-db", OUTSIDE);
    assert!(matches!(stop_back(&out), Step::AclIngress(decision) if &*decision.subnet == "subnet-public"));

    let mut topology = region();
    acl(&mut topology, "acl-public").ingress =
        BTreeMap::from([(100, entry(IpProtocol::All, Ports::All, "203.0.113.0/24", true))]);
    let out = tcp(&topology, "eni-db", OUTSIDE);
    assert!(matches!(stop(&out), Step::AclIngress(decision) if &*decision.subnet == "subnet-public"));

    let mut topology = region();
    acl(&mut topology, "acl-private").ingress =
        BTreeMap::from([(100, entry(IpProtocol::All, Ports::All, "10.0.0.0/16", true))]);
    let out = tcp(&topology, "eni-db", OUTSIDE);
    assert!(
        matches!(stop_back(&out), Step::AclIngress(decision) if &*decision.subnet == "subnet-private"),
        "the answer bears the address it was sent to, not the gateway's"
    );
}

#[test]
fn rules_that_allow_everything_are_known() {
    let all = entry(IpProtocol::All, Ports::All, "0.0.0.0/0", true);
    let some = entry(IpProtocol::TCP, Ports::All, "0.0.0.0/0", true);
    let deny = entry(IpProtocol::TCP, Ports::Range(1, 1), "0.0.0.0/0", false);
    let allows = |rules: &[(u16, &AclRule)]| {
        let rules = rules.iter().map(|(number, rule)| (*number, (*rule).clone())).collect();
        network_acl::allows_everything(&rules)
    };
    assert!(allows(&[(1, &some), (2, &all), (3, &deny)]));
    assert!(!allows(&[(1, &deny), (2, &all)]));
    assert!(!allows(&[(1, &some)]));
    assert!(!allows(&[]));
}
