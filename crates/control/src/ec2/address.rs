//! Which address is given next. AWS keeps the first four and the last of every subnet: the network's own, the router's,
//! the DNS server's, one for the future, and the broadcast address ("Subnet CIDR blocks", Amazon VPC User Guide).

use super::cidr::{address, number};
use std::{net::IpAddr, ops::RangeInclusive};
use vpc::IpNet;

/// How many addresses of a subnet can be given, five fewer than it has.
pub(super) fn capacity(subnet: &IpNet) -> u64 {
    let range = usable(subnet);
    let count = if range.is_empty() { 0 } else { range.end() - range.start() + 1 };
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The first free address after `last`, going round. Nothing is free when all are taken.
pub(super) fn next_free(subnet: &IpNet, last: Option<IpAddr>, taken: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let range = usable(subnet);
    let (first, end) = (*range.start(), *range.end());
    let from = last.map_or(first, |last| number(last).saturating_add(1)).max(first);
    (from..=end).chain(first..from.min(end.saturating_add(1))).map(|n| address(subnet, n)).find(|ip| !taken(*ip))
}

/// Whether a subnet can give an address.
pub(super) fn is_usable(subnet: &IpNet, ip: IpAddr) -> bool {
    subnet.contains(&ip) && usable(subnet).contains(&number(ip))
}

/// The addresses that can be given, as numbers.
fn usable(subnet: &IpNet) -> RangeInclusive<u128> {
    number(subnet.network()).saturating_add(4)..=number(subnet.broadcast()).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn capacity_is_what_aws_says() {
        assert_eq!(
            [capacity(&net("10.0.0.0/28")), capacity(&net("10.0.0.0/24")), capacity(&net("172.31.0.0/20"))],
            [11, 251, 4091]
        );
        assert_eq!(capacity(&net("2001:db8::/64")), u64::MAX - 4);
    }

    #[test]
    fn the_first_address_given_is_the_fifth() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(next_free(&net("10.0.1.0/24"), None, |_| false), Some(ip("10.0.1.4")));
        assert_eq!(
            next_free(&net("10.0.1.0/24"), Some(ip("10.0.1.254")), |_| false),
            Some(ip("10.0.1.4")),
            "it goes round"
        );
        assert_eq!(next_free(&net("10.0.1.0/24"), Some(ip("10.0.1.9")), |_| false), Some(ip("10.0.1.10")));
    }

    proptest! {
        /// Takes and frees in any order: never a reserved address, never one twice, nothing exactly at capacity.
        #[test]
        fn addresses_are_given_once_and_to_the_last(prefix in 26u8..=28, steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..300)) {
            let subnet = net(&format!("10.1.2.0/{prefix}"));
            let reserved: BTreeSet<IpAddr> = [0, 1, 2, 3, (1u128 << (32 - prefix)) - 1].map(|n| address(&subnet, number(subnet.network()) + n)).into();
            let (mut taken, mut last) = (BTreeSet::new(), None);
            for (take, which) in steps {
                if take {
                    match next_free(&subnet, last, |ip| taken.contains(&ip)) {
                        Some(ip) => {
                            prop_assert!(subnet.contains(&ip) && !reserved.contains(&ip));
                            prop_assert!(taken.insert(ip), "{} was given twice", ip);
                            last = Some(ip);
                        }
                        None => prop_assert_eq!(taken.len() as u64, capacity(&subnet)),
                    }
                } else if !taken.is_empty() {
                    let gone = *which.get(&taken.iter().copied().collect::<Vec<_>>());
                    taken.remove(&gone);
                }
                prop_assert!(taken.len() as u64 <= capacity(&subnet));
            }
        }
    }
}
