//! Conditions ("Condition types for listener rules", Application Load Balancers guide).

use super::Facts;
use crate::pattern::Pattern;
use regex::bytes::{Regex, RegexBuilder};
use spec::balancing;
use vpc::IpNet;

/// A condition, compiled. One of its values must match.
#[derive(Debug)]
pub(crate) enum Condition {
    Host(Vec<Pattern>),
    HostRegex(Vec<Regex>),
    Path(Vec<Pattern>),
    PathRegex(Vec<Regex>),
    Method(Vec<String>),
    Source(Vec<IpNet>),
    Header(String, Vec<Pattern>),
    HeaderRegex(String, Vec<Regex>),
    Query(Vec<(Option<Pattern>, Pattern)>),
}

impl Condition {
    pub(super) fn compile(condition: &balancing::Condition) -> Result<Self, String> {
        let exact = |values: &[String]| values.iter().map(|value| Pattern::exact(value)).collect();
        let folded = |values: &[String]| values.iter().map(|value| Pattern::folded(value)).collect();
        let regexes = |values: &[String], fold: bool| {
            values.iter().map(|value| regex(value, fold)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match condition {
            balancing::Condition::Host(values) => Self::Host(folded(values)),
            balancing::Condition::HostRegex(values) => Self::HostRegex(regexes(values, true)?),
            balancing::Condition::Path(values) => Self::Path(exact(values)),
            balancing::Condition::PathRegex(values) => Self::PathRegex(regexes(values, false)?),
            balancing::Condition::Method(values) => Self::Method(values.clone()),
            balancing::Condition::SourceIp(ranges) => Self::Source(ranges.clone()),
            balancing::Condition::Header { name, values } => Self::Header(name.clone(), folded(values)),
            balancing::Condition::HeaderRegex { name, values } => {
                Self::HeaderRegex(name.clone(), regexes(values, true)?)
            }
            balancing::Condition::Query(pairs) => Self::Query(
                pairs
                    .iter()
                    .map(|(key, value)| (key.as_deref().map(Pattern::folded), Pattern::folded(value)))
                    .collect(),
            ),
        })
    }

    pub(super) fn is_met(&self, facts: &Facts<'_>) -> bool {
        let request = facts.request;
        match self {
            Self::Host(values) => values.iter().any(|value| value.matches(facts.host.as_bytes())),
            Self::HostRegex(values) => values.iter().any(|value| value.is_match(facts.host.as_bytes())),
            Self::Path(values) => values.iter().any(|value| value.matches(facts.path.as_bytes())),
            Self::PathRegex(values) => values.iter().any(|value| value.is_match(facts.path.as_bytes())),
            Self::Method(values) => values.iter().any(|value| value == request.method),
            Self::Source(ranges) => ranges.iter().any(|range| range.contains(&facts.source)),
            Self::Header(name, values) => {
                request.values(name).any(|held| values.iter().any(|value| value.matches(held)))
            }
            Self::HeaderRegex(name, values) => {
                request.values(name).any(|held| values.iter().any(|value| value.is_match(held)))
            }
            Self::Query(wanted) => facts.query.split('&').filter(|pair| !pair.is_empty()).any(|pair| {
                let (key, held) = pair.split_once('=').unwrap_or((pair, ""));
                wanted.iter().any(|(name, value)| {
                    name.as_ref().is_none_or(|name| name.matches(key.as_bytes())) && value.matches(held.as_bytes())
                })
            }),
        }
    }
}

/// A regular expression over bytes. Classes are ASCII's, as in AWS's dialect.
pub(super) fn regex(pattern: &str, fold: bool) -> Result<Regex, String> {
    let built = RegexBuilder::new(pattern).unicode(false).case_insensitive(fold).size_limit(1 << 20).build();
    built.map_err(|error| format!("the regular expression {pattern:?} is not supported: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::{request::Request, room};
    use spec::balancing::Condition as C;

    fn met(condition: &C, head: &str) -> bool {
        let mut room = room();
        let request = Request::read(head.as_bytes(), &mut room).unwrap();
        let facts = Facts::new(&request, "192.0.2.7".parse().unwrap());
        Condition::compile(condition).unwrap().is_met(&facts)
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn each_type() {
        let head = "POST /A/b.php?Version=V1&flag&x=a*b HTTP/1.1\r\nHost: Www.Example.com:80\r\nX-One: no\r\nx-one: Yes!\r\n\r\n";
        for (condition, expected) in [
            (C::Host(texts(&["www.example.COM"])), true),
            (C::Host(texts(&["example.com", "*.net"])), false),
            (C::HostRegex(texts(&["^www\\.example"])), true),
            (C::Path(texts(&["/A/*.php"])), true),
            (C::Path(texts(&["/a/*"])), false),
            (C::Path(texts(&["*Version*"])), false),
            (C::PathRegex(texts(&["^/[A-Z]/b"])), true),
            (C::PathRegex(texts(&["^/[a-z]/b"])), false),
            (C::Method(texts(&["GET", "POST"])), true),
            (C::Method(texts(&["post"])), false),
            (C::SourceIp(vec!["192.0.2.0/29".parse().unwrap()]), true),
            (C::SourceIp(vec!["192.0.2.0/30".parse().unwrap(), "2001:db8::/32".parse().unwrap()]), false),
            (C::Header { name: "X-ONE".into(), values: texts(&["*yes*"]) }, true),
            (C::Header { name: "X-Two".into(), values: texts(&["*"]) }, false),
            (C::HeaderRegex { name: "X-One".into(), values: texts(&["^yes.$"]) }, true),
            (C::Query(vec![(Some("version".into()), "v?".into())]), true),
            (C::Query(vec![(Some("version".into()), "v".into())]), false),
            (C::Query(vec![(None, "v1".into())]), true),
            (C::Query(vec![(Some("flag".into()), String::new())]), true),
            (C::Query(vec![(Some("x".into()), "a\\*b".into())]), true),
            (C::Query(vec![(None, "A/b.php".into())]), false),
        ] {
            assert_eq!(met(&condition, head), expected, "{condition:?}");
        }
    }

    #[test]
    fn what_is_no_regular_expression_is_named() {
        let error = Condition::compile(&C::PathRegex(texts(&["(?=x)"]))).unwrap_err();
        assert!(error.contains("(?=x)"), "{error}");
    }
}
