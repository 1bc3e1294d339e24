//! Rules of a listener: which one a request meets, and what becomes of it. Pure.

mod condition;
mod glance;
mod redirect;
mod rewrite;

pub(crate) use condition::Condition;
pub(crate) use redirect::{Origin, Redirect};
pub(crate) use rewrite::Rewrite;

use crate::{http1::request::Request, page::Answer};
use glance::{Glance, Sight};
use spec::balancing::{self, TargetGroupId};
use std::net::IpAddr;

/// A listener's rules in their order, compiled.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// One for each rule.
    glances: Vec<Glance>,
    /// The target groups that actions name by their place here.
    pub groups: Vec<TargetGroupId>,
}

/// A rule, compiled.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its place among all; 0 is the default one's.
    pub priority: u16,
    conditions: Vec<Condition>,
    /// What becomes of the host.
    pub host: Option<Rewrite>,
    /// What becomes of path and query.
    pub url: Option<Rewrite>,
    /// What becomes of the request.
    pub action: Action,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Action {
    /// It goes to a target of one of these.
    Forward(Forward),
    /// The client is sent elsewhere.
    Redirect(Redirect),
    /// The load balancer answers.
    Fixed(Answer),
}

/// Where requests are forwarded.
#[derive(Debug)]
pub(crate) struct Forward {
    /// Places in [`Rules::groups`], with their weights.
    pub groups: Vec<(usize, u16)>,
    /// For how many seconds a client stays with a group.
    pub stickiness: Option<u32>,
}

/// What rules look at in a request.
pub(crate) struct Facts<'a> {
    /// The request.
    pub request: &'a Request<'a, 'a>,
    /// Host, without a port.
    pub host: &'a str,
    path: &'a str,
    query: &'a str,
    /// Who sent it.
    source: IpAddr,
}

impl<'a> Facts<'a> {
    /// Of a request from this address. What many rules look at is looked for once.
    pub(crate) fn new(request: &'a Request<'a, 'a>, source: IpAddr) -> Self {
        Self { request, host: without_port(request.host), path: request.path(), query: request.query(), source }
    }
}

impl Rules {
    /// Compiles a listener's rules. The error is what the user is told.
    pub(crate) fn compile(listener: &balancing::Listener) -> Result<Self, String> {
        let mut groups = Vec::new();
        let rules = listener.rules.iter().map(|rule| Rule::compile(rule, &mut groups));
        let rules: Vec<_> = rules.collect::<Result<_, _>>()?;
        let glances = rules.iter().map(|rule| Glance::new(&rule.conditions)).collect();
        Ok(Self { rules, glances, groups })
    }

    /// Where everything is forwarded by the default rule.
    pub(crate) fn default_forward(&self) -> Option<&Forward> {
        match &self.rules.last()?.action {
            Action::Forward(forward) => Some(forward),
            Action::Redirect(_) | Action::Fixed(_) => None,
        }
    }

    /// The first rule that a request meets, and how many it was held against, the default one apart, which is the last.
    pub(crate) fn first(&self, facts: &Facts<'_>) -> Option<(&Rule, usize)> {
        let sight = Sight::new(facts);
        let mut may = self.glances.iter().zip(&self.rules).enumerate();
        let (place, (_, rule)) = may.find(|(_, (glance, rule))| glance.may_be_met(&sight) && rule.is_met(facts))?;
        Some((rule, (place + 1).min(self.rules.len() - 1)))
    }
}

impl Rule {
    fn is_met(&self, facts: &Facts<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.is_met(facts))
    }

    fn compile(rule: &balancing::Rule, groups: &mut Vec<TargetGroupId>) -> Result<Self, String> {
        let failed = |what: String| format!("rule {}: {what}", rule.arn);
        let conditions = rule.conditions.iter().map(Condition::compile).collect::<Result<_, _>>().map_err(failed)?;
        let (mut host, mut url) = (None, None);
        for transform in &rule.transforms {
            let (place, regex, replace) = match transform {
                balancing::Transform::Host { regex, replace } => (&mut host, regex, replace),
                balancing::Transform::Url { regex, replace } => (&mut url, regex, replace),
            };
            *place = Some(Rewrite::compile(regex, replace).map_err(failed)?);
        }
        let mut place = |group: &TargetGroupId| {
            groups.iter().position(|known| known == group).unwrap_or_else(|| {
                groups.push(group.clone());
                groups.len() - 1
            })
        };
        let action = match &rule.action {
            balancing::Action::Forward { groups, stickiness } => Action::Forward(Forward {
                groups: groups.iter().map(|(group, weight)| (place(group), *weight)).collect(),
                stickiness: *stickiness,
            }),
            balancing::Action::Redirect { status, protocol, host, port, path, query } => Action::Redirect(Redirect {
                status: *status,
                protocol: protocol.clone(),
                host: host.clone(),
                port: port.clone(),
                path: path.clone(),
                query: query.clone(),
            }),
            balancing::Action::Fixed { status, content_type, body } => {
                Action::Fixed(Answer::fixed(*status, content_type, body))
            }
        };
        Ok(Self { priority: rule.priority, conditions, host, url, action })
    }
}

impl Forward {
    /// The group at a point of all weights together, `at` being below one. None if no group has any weight.
    pub(crate) fn at(&self, at: f64) -> Option<usize> {
        if let [(group, 1..)] = self.groups[..] {
            return Some(group);
        }
        let total: u32 = self.groups.iter().map(|(_, weight)| u32::from(*weight)).sum();
        let mut left = at * f64::from(total);
        self.groups.iter().filter(|(_, weight)| *weight > 0).find_map(|(group, weight)| {
            left -= f64::from(*weight);
            (left < 0.0).then_some(*group)
        })
    }
}

/// A host without its port.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // Not within the brackets of an IPv6 address.
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::room;
    use spec::balancing::{Action as A, Condition as C};

    fn rule(conditions: Vec<C>, body: &str) -> balancing::Rule {
        let action = A::Fixed { status: 200, content_type: "text/plain".into(), body: body.into() };
        balancing::Rule { arn: "arn".into(), priority: 1, conditions, transforms: Vec::new(), action }
    }

    #[test]
    fn the_first_rule_that_is_met_decides() {
        let listener = balancing::Listener {
            arn: "arn".into(),
            tls: None,
            stream: None,
            rules: vec![
                rule(vec![C::Host(vec!["*.example.com".into()]), C::Path(vec!["/api/*".into()])], "api"),
                rule(vec![C::Path(vec!["/x".into(), "/y".into()])], "xy"),
                rule(vec![], "default"),
            ],
        };
        let rules = Rules::compile(&listener).unwrap();
        let ask = |host: &str, target: &str| {
            let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let mut room = room();
            let request = Request::read(head.as_bytes(), &mut room).unwrap();
            let facts = Facts::new(&request, IpAddr::from([192, 0, 2, 1]));
            match &rules.first(&facts).unwrap().0.action {
                Action::Fixed(answer) => answer.body.clone().unwrap(),
                _ => unreachable!(),
            }
        };
        assert_eq!(ask("WWW.example.com:8080", "/api/1?x"), "api");
        assert_eq!(ask("example.com", "/api/1"), "default");
        assert_eq!(ask("a", "/y?z"), "xy");
        assert_eq!(ask("a", "/X"), "default");
    }

    #[test]
    fn weights() {
        let forward = |groups: &[(usize, u16)]| Forward { groups: groups.to_vec(), stickiness: None };
        assert_eq!(forward(&[(3, 1)]).at(0.9), Some(3));
        assert_eq!(forward(&[(3, 0)]).at(0.0), None);
        let two = forward(&[(0, 1), (1, 0), (2, 3)]);
        assert_eq!([0.0, 0.24, 0.25, 0.999].map(|at| two.at(at)), [Some(0), Some(0), Some(2), Some(2)]);
    }
}
