//! What tells at a glance that a request does not meet a rule. Rules lie all over the memory, so looking into a hundred of them takes longer
//! than comparing what they are about.

use super::{Condition, Facts};

/// What is looked at in a request: how its path begins, how its host ends, how long the names of its headers are.
pub(super) struct Sight([u64; 3]);

const PATH: usize = 0;
const HOST: usize = 1;
const HEADERS: usize = 2;

/// What a request must look like that may meet a rule.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Glance {
    /// Which part of [`Sight`] it is about.
    part: usize,
    mask: u64,
    wanted: u64,
}

impl Sight {
    pub(super) fn new(facts: &Facts<'_>) -> Self {
        let lengths = facts.request.fields.iter().fold(0, |seen, field| seen | length(field.name));
        Self([beginning(facts.path.as_bytes()), end(facts.host.as_bytes()), lengths])
    }
}

impl Glance {
    /// Of the first of a rule's conditions that it can be had of. Without one every request may meet the rule.
    pub(super) fn new(conditions: &[Condition]) -> Self {
        conditions.iter().find_map(Self::of).unwrap_or_default()
    }

    fn of(condition: &Condition) -> Option<Self> {
        match condition {
            Condition::Path(values) => {
                let [value] = &values[..] else { return None };
                let mask = beginning(&[0xff; 8][..value.beginning().len().min(8)]);
                Some(Self { part: PATH, mask, wanted: beginning(value.beginning()) })
            }
            Condition::Host(values) => {
                let [value] = &values[..] else { return None };
                let mask = end(&[0xff; 8][..value.end().len().min(8)]);
                Some(Self { part: HOST, mask, wanted: end(value.end()) })
            }
            Condition::Header(name, _) | Condition::HeaderRegex(name, _) => {
                Some(Self { part: HEADERS, mask: length(name), wanted: length(name) })
            }
            _ => None,
        }
    }

    pub(super) fn may_be_met(&self, sight: &Sight) -> bool {
        sight.0[self.part] & self.mask == self.wanted
    }
}

/// The first eight bytes.
fn beginning(text: &[u8]) -> u64 {
    let length = text.len().min(8);
    let mut bytes = [0; 8];
    bytes[..length].copy_from_slice(&text[..length]);
    u64::from_le_bytes(bytes)
}

/// The last eight bytes, in lower case.
fn end(text: &[u8]) -> u64 {
    let length = text.len().min(8);
    let mut bytes = [0; 8];
    bytes[8 - length..].copy_from_slice(&text[text.len() - length..]);
    u64::from_le_bytes(bytes.map(|byte| byte.to_ascii_lowercase()))
}

/// One bit for the length of a header's name.
fn length(name: &str) -> u64 {
    1 << (name.len() % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::{request::Request, room};
    use proptest::prelude::*;
    use spec::balancing::Condition as C;

    fn conditions() -> impl Strategy<Value = C> {
        let pattern = || "[aB/?*]{1,12}";
        prop_oneof![
            pattern().prop_map(|value| C::Path(vec![value])),
            pattern().prop_map(|value| C::Host(vec![value])),
            ("[xY]{1,3}", pattern()).prop_map(|(name, value)| C::Header { name, values: vec![value] }),
            (pattern(), pattern()).prop_map(|(one, other)| C::Host(vec![one, other])),
        ]
    }

    proptest! {
        #[test]
        fn what_meets_a_rule_looks_like_it(
            wanted in proptest::collection::vec(conditions(), 0..3),
            (path, host, name, value) in ("/[aB/]{0,12}", "[aAbB]{1,12}", "[Xy]{1,3}", "[ab]{0,12}"),
        ) {
            let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{name}: {value}\r\n\r\n");
            let mut room = room();
            let request = Request::read(head.as_bytes(), &mut room).unwrap();
            let facts = Facts::new(&request, [192, 0, 2, 1].into());
            let compiled: Vec<_> = wanted.iter().map(|condition| Condition::compile(condition).unwrap()).collect();
            let is_met = compiled.iter().all(|condition| condition.is_met(&facts));
            prop_assert!(!is_met || Glance::new(&compiled).may_be_met(&Sight::new(&facts)));
        }
    }

    #[test]
    fn what_differs_is_seen() {
        let head = "GET /small HTTP/1.1\r\nHost: WWW.Example.com\r\n\r\n";
        let mut room = room();
        let request = Request::read(head.as_bytes(), &mut room).unwrap();
        let sight = Sight::new(&Facts::new(&request, [192, 0, 2, 1].into()));
        let may = |condition| Glance::new(&[Condition::compile(&condition).unwrap()]).may_be_met(&sight);
        assert!(may(C::Path(vec!["/s*".into()])) && !may(C::Path(vec!["/t*".into()])));
        assert!(may(C::Host(vec!["*.example.com".into()])) && !may(C::Host(vec!["*.example.net".into()])));
        let header = |name: &str| C::Header { name: name.into(), values: vec!["*".into()] };
        assert!(may(header("From")) && !may(header("X-Version")));
    }
}
