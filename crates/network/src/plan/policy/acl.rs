//! Network ACLs: a chain for each subnet and direction whose ACL does not allow everything.
//!
//! ```text
//! acl-egress-N   from subnet N: within it: return → each rule in order: return or drop → else drop
//! ```
//! They come before connections that are known, because an ACL is stateless.

use super::{LINK_CHAINS, LINK_SET, drop_it};
use crate::plan::{
    Attachment,
    pattern::Traffic,
    table::{Datum, Name, Rule, Selector, Statement, Table, Value, Verdict, key, range},
};
use std::collections::BTreeMap;
use vpc::{AclRule, IpNet, SubnetId, Vpc, network_acl::allows_everything};

/// The two directions: the map of chains, who is looked up in it, where the other side stands.
struct Direction {
    name: &'static str,
    link: Selector,
    other_link: Selector,
    other: Selector,
}

const EGRESS: Direction = Direction {
    name: "acl-egress",
    link: Selector::InputLink,
    other_link: Selector::OutputLink,
    other: Selector::Destination,
};
const INGRESS: Direction = Direction {
    name: "acl-ingress",
    link: Selector::OutputLink,
    other_link: Selector::InputLink,
    other: Selector::Source,
};

/// Adds what a VPC's ACLs need, and gives the rules of the forward chain that lead there.
pub(super) fn filter(table: &mut Table, vpc: &Vpc, attachments: &[Attachment]) -> Vec<Rule> {
    let mut links: BTreeMap<&SubnetId, Vec<&Attachment>> = BTreeMap::new();
    for at in attachments {
        links.entry(&at.interface.subnet).or_default().push(at);
    }
    let mut lead = Vec::new();
    for direction in [EGRESS, INGRESS] {
        let mut elements = Vec::new();
        for (id, attachments) in &links {
            let acl = vpc.subnets.get(*id).and_then(|subnet| vpc.network_acls.get(&subnet.network_acl));
            let none = BTreeMap::new();
            let rules = match (acl, direction.name) {
                (None, _) => &none,
                (Some(acl), "acl-egress") => &acl.egress,
                (Some(acl), _) => &acl.ingress,
            };
            if allows_everything(rules) {
                continue;
            }
            let members: Name = format!("members-{id}").into();
            let inside = attachments.iter().map(|at| (key([Datum::Link(at.link.clone())]), None));
            table.set(&members, LINK_SET, inside);
            let chain: Name = format!("{}-{id}", direction.name).into();
            table.chain(&chain, None, chain_rules(&direction, members, rules));
            let jump = |at: &&Attachment| (key([Datum::Link(at.link.clone())]), Some(Value::Jump(chain.clone())));
            elements.extend(attachments.iter().map(jump));
        }
        if !elements.is_empty() {
            table.set(direction.name, LINK_CHAINS, elements.into_iter());
            lead.push(Rule(vec![Statement::Dispatch(direction.link, direction.name.into())]));
        }
    }
    lead
}

fn chain_rules(direction: &Direction, members: Name, rules: &BTreeMap<u16, AclRule>) -> Vec<Rule> {
    let back = || Statement::Verdict(Verdict::Return);
    let within = Rule(vec![Statement::In(vec![direction.other_link], members), back()]);
    let decide = |rule: &AclRule| {
        let mut statements = conditions(direction, rule)?;
        statements.push(if rule.allow { back() } else { drop_it() });
        Some(Rule(statements))
    };
    std::iter::once(within).chain(rules.values().filter_map(decide)).chain([Rule(vec![drop_it()])]).collect()
}

/// What a packet must be for a rule to decide about it; none for a rule that covers none.
fn conditions(direction: &Direction, rule: &AclRule) -> Option<Vec<Statement>> {
    let IpNet::V4(net) = rule.net else { return None };
    let traffic = Traffic::of(rule.protocol, rule.ports)?;
    let mut conditions = Vec::new();
    if net.prefix_len() > 0 {
        let (first, last) = range(&rule.net);
        conditions.push(Statement::Between(direction.other, first, last));
    }
    let Traffic { protocols, first_word, second_word } = traffic;
    if protocols != Traffic::ALL.protocols {
        let (first, last) = (Datum::Protocol(protocols.0), Datum::Protocol(protocols.1));
        conditions.push(Statement::Between(Selector::Protocol, first, last));
    }
    for (selector, words, all) in [
        (Selector::FirstWord, first_word, Traffic::ALL.first_word),
        (Selector::SecondWord, second_word, Traffic::ALL.second_word),
    ] {
        if words != all {
            conditions.push(Statement::Between(selector, Datum::Word(words.0), Datum::Word(words.1)));
        }
    }
    Some(conditions)
}
