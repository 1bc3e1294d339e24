//! Security group rules as boxes: a range of peers, of protocols and of the two 16-bit words a transport header begins with.
//!
//! The words are source and destination port of TCP and UDP, and the first is type and code of ICMP, so one kind of set holds
//! rules of every protocol. (What carries less than four bytes has no such words and meets only a rule for everything; no protocol
//! in use does.) A set of ranges (nftables' "pipapo") hardly takes more time for a packet the larger it is, but its
//! elements must not overlap. Rules may. So boxes within others are left out, and the rest are spread over as few sets as keep them
//! apart, one or two as a rule and never more than there are prefix lengths.

use std::collections::BTreeMap;
use vpc::{IpProtocol, Ports};

/// First and last, both included.
pub(crate) type Span<T> = (T, T);

/// What of a packet a rule covers, whoever the peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Traffic {
    pub protocols: Span<u8>,
    pub first_word: Span<u16>,
    pub second_word: Span<u16>,
}

/// A rule's traffic with a range of peers: addresses as numbers, or the number of a combination of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pattern {
    pub peers: Span<u32>,
    pub traffic: Traffic,
}

const ANY: Span<u16> = (0, u16::MAX);

impl Traffic {
    /// Everything there is.
    pub(crate) const ALL: Self = Self { protocols: (0, u8::MAX), first_word: ANY, second_word: ANY };

    /// What a rule covers, as `vpc::Rule::covers` says it; `None` for ports that make no sense with the protocol.
    pub(crate) fn of(protocol: IpProtocol, ports: Ports) -> Option<Self> {
        let IpProtocol::Number(number) = protocol else { return Some(Self::ALL) };
        let whole = Self { protocols: (number, number), ..Self::ALL };
        match (number, ports) {
            (_, Ports::All) => Some(whole),
            (6 | 17, Ports::Range(first, last)) => {
                (first <= last).then_some(Self { second_word: (first, last), ..whole })
            }
            (1, Ports::Icmp(kind, code)) => {
                let from = |code: u8| u16::from_be_bytes([kind, code]);
                Some(Self { first_word: code.map_or((from(0), from(255)), |code| (from(code), from(code))), ..whole })
            }
            (1 | 6 | 17, _) => None,
            _ => Some(whole),
        }
    }

    fn contains(&self, other: &Self) -> bool {
        within(self.protocols, other.protocols)
            && within(self.first_word, other.first_word)
            && within(self.second_word, other.second_word)
    }

    fn overlaps(&self, other: &Self) -> bool {
        meet(self.protocols, other.protocols)
            && meet(self.first_word, other.first_word)
            && meet(self.second_word, other.second_word)
    }
}

impl Pattern {
    /// Every IPv4 address and all traffic.
    pub(crate) const EVERYTHING: Self = Self { peers: (0, u32::MAX), traffic: Traffic::ALL };

    fn contains(&self, other: &Self) -> bool {
        within(self.peers, other.peers) && self.traffic.contains(&other.traffic)
    }

    fn overlaps(&self, other: &Self) -> bool {
        meet(self.peers, other.peers) && self.traffic.overlaps(&other.traffic)
    }
}

fn within<T: Ord>(outer: Span<T>, inner: Span<T>) -> bool {
    outer.0 <= inner.0 && inner.1 <= outer.1
}

fn meet<T: Ord>(a: Span<T>, b: Span<T>) -> bool {
    a.0 <= b.1 && b.0 <= a.1
}

/// The same traffic with no overlap: what is inside another is left out, port ranges that touch become one.
pub(crate) fn merge(mut traffic: Vec<Traffic>) -> Vec<Traffic> {
    traffic.sort_by_key(|t| {
        (
            t.protocols.0,
            std::cmp::Reverse(t.protocols.1),
            t.first_word.0,
            std::cmp::Reverse(t.first_word.1),
            t.second_word,
        )
    });
    let mut merged: Vec<Traffic> = Vec::with_capacity(traffic.len());
    for next in traffic {
        match merged.last_mut() {
            Some(last)
                if (last.protocols, last.first_word) == (next.protocols, next.first_word)
                    && next.second_word.0 <= last.second_word.1.saturating_add(1) =>
            {
                last.second_word.1 = last.second_word.1.max(next.second_word.1);
            }
            _ => merged.push(next),
        }
    }
    let outer = merged.clone();
    merged.retain(|inner| !outer.iter().any(|outer| outer != inner && outer.contains(inner)));
    merged
}

/// Patterns over address ranges that are equal, nested or apart (as prefixes are), spread over sets so that none overlaps within one.
pub(crate) fn layers(patterns: impl IntoIterator<Item = Pattern>) -> Vec<Vec<Pattern>> {
    let mut by_peers: BTreeMap<Span<u32>, Vec<Traffic>> = BTreeMap::new();
    for pattern in patterns {
        by_peers.entry(pattern.peers).or_default().push(pattern.traffic);
    }
    let mut all: Vec<Pattern> = by_peers
        .into_iter()
        .flat_map(|(peers, traffic)| merge(traffic).into_iter().map(move |traffic| Pattern { peers, traffic }))
        .collect();
    // Widest first: then whatever could contain a pattern stands before it.
    all.sort_by_key(|p| (std::cmp::Reverse(p.peers.1 - p.peers.0), *p));
    let mut layers: Vec<Vec<Pattern>> = Vec::new();
    for next in all {
        if layers.iter().flatten().any(|outer| outer.contains(&next)) {
            continue;
        }
        match layers.iter_mut().find(|layer| !layer.iter().any(|other| other.overlaps(&next))) {
            Some(layer) => layer.push(next),
            None => layers.push(vec![next]),
        }
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_pattern() -> impl Strategy<Value = Pattern> {
        let words = (0u16..6, 0u16..6).prop_map(|(a, b)| (a.min(b), a.max(b)));
        let protocols = prop_oneof![Just((0, 255)), Just((6, 6)), Just((17, 17))];
        (0u32..8, 0u32..4, protocols, words).prop_map(|(base, bits, protocols, second_word)| {
            let size = 1 << bits;
            let first = base / size * size;
            let any = protocols == (0, 255);
            let traffic = Traffic { protocols, first_word: ANY, second_word: if any { ANY } else { second_word } };
            Pattern { peers: (first, first + size - 1), traffic }
        })
    }

    proptest! {
        #[test]
        fn layers_cover_the_same_and_never_overlap(patterns in prop::collection::vec(any_pattern(), 0..12)) {
            let layers = layers(patterns.clone());
            prop_assert!(layers.len() <= 4, "one for each prefix length at most");
            for layer in &layers {
                for (n, a) in layer.iter().enumerate() {
                    prop_assert!(!layer.iter().skip(n + 1).any(|b| a.overlaps(b)));
                }
            }
            for peer in 0..8 {
                for (protocol, port) in (0..8).map(|port| (6, port)).chain([(17, 2), (47, 0)]) {
                    let point = Pattern { peers: (peer, peer), traffic: Traffic { protocols: (protocol, protocol), first_word: (9, 9), second_word: (port, port) } };
                    let covered = patterns.iter().any(|p| p.contains(&point));
                    prop_assert_eq!(covered, layers.iter().flatten().any(|p| p.contains(&point)));
                }
            }
        }
    }

    #[test]
    fn a_rule_for_everything_leaves_one_pattern() {
        let web =
            Pattern { traffic: Traffic::of(IpProtocol::TCP, Ports::Range(80, 80)).unwrap(), ..Pattern::EVERYTHING };
        assert_eq!(layers([web, Pattern::EVERYTHING, web]), vec![vec![Pattern::EVERYTHING]]);
    }
}
