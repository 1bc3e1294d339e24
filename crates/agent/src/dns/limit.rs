//! How many packets each source may send in a second to what no router limits.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

/// Packets in a second ("Amazon DNS quotas", Amazon VPC User Guide: 1,024 for each network interface).
pub const PACKETS: u32 = 1024;
/// Sources that are counted at once. In a VPC there are fewer, as nobody sends from an address that is not its own.
const SOURCES: usize = 65_536;

/// Counts the packets of each source, a second at a time.
#[derive(Debug)]
pub struct Limit {
    since: Instant,
    most: u32,
    counts: HashMap<IpAddr, u32>,
}

impl Limit {
    /// A count of packets to a resolver that begins now.
    pub fn new(now: Instant) -> Self {
        Self::of(now, PACKETS)
    }

    /// A count that begins now, of so many in a second.
    pub fn of(now: Instant, most: u32) -> Self {
        Self { since: now, most, counts: HashMap::new() }
    }

    /// Counts a packet, and says whether it is within the limit.
    pub fn allows(&mut self, source: IpAddr, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            self.since = now;
            self.counts.clear();
        }
        if self.counts.len() >= SOURCES && !self.counts.contains_key(&source) {
            return false;
        }
        let count = self.counts.entry(source).or_default();
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_has_1024_packets_a_second_whatever_others_send() {
        let (one, other) = (IpAddr::from([10, 0, 1, 1]), IpAddr::from([10, 0, 1, 2]));
        let start = Instant::now();
        let mut limit = Limit::new(start);
        let passed = (0..2000).filter(|_| limit.allows(one, start)).count();
        assert_eq!(passed, 1024);
        assert!(limit.allows(other, start));
        assert!(!limit.allows(one, start + Duration::from_millis(999)));
        assert!(limit.allows(one, start + Duration::from_secs(1)));
    }

    #[test]
    fn sources_without_end_take_no_memory_without_end() {
        let start = Instant::now();
        let mut limit = Limit::new(start);
        let passed = (0..100_000_u32).filter(|n| limit.allows(std::net::Ipv4Addr::from(*n).into(), start)).count();
        assert_eq!(passed, SOURCES);
        assert!(limit.allows(IpAddr::from([0, 0, 0, 0]), start), "one that is counted already");
    }
}
