//! Where the uplink leads, and where it never does. Pure.

use std::net::{IpAddr, Ipv4Addr};
use vpc::{IpNet, Ipv4Net, PRIVATE_RANGES, PUBLIC_POOL};

/// What is never reached, whatever is allowed: "this network", loopback, link-local addresses, of which one is the metadata of every
/// cloud's machines, addresses of protocols (RFC 6890), Azure's own of that kind, multicast, and what is reserved, broadcast among it. And
/// what is the region's own.
const NEVER: [Ipv4Net; 8] = [
    Ipv4Net::new_assert(Ipv4Addr::new(0, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8),
    Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16),
    Ipv4Net::new_assert(Ipv4Addr::new(192, 0, 0, 0), 24),
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32),
    Ipv4Net::new_assert(Ipv4Addr::new(224, 0, 0, 0), 4),
    Ipv4Net::new_assert(Ipv4Addr::new(240, 0, 0, 0), 4),
    PUBLIC_POOL,
];

/// Whether the host may be asked to reach an address for a task. `host` are the host's own addresses with the networks they are in, which
/// it does not give away, and neither those that are private (RFC 1918) or shared (RFC 6598), unless they are allowed. Its own addresses it
/// never does.
pub fn permitted(address: Ipv4Addr, host: &[IpNet], allowed: &[IpNet]) -> bool {
    let ip = IpAddr::V4(address);
    let own = host.iter().any(|net| net.addr() == ip);
    if own || NEVER.iter().any(|net| net.contains(&address)) {
        return false;
    }
    let near = host.iter().any(|net| net.contains(&ip)) || PRIVATE_RANGES.iter().any(|net| net.contains(&address));
    !near || allowed.iter().any(|net| net.contains(&ip))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(address: &str, allowed: &[&str]) -> bool {
        let host: Vec<IpNet> = ["127.0.0.1/8", "192.168.1.20/24", "93.184.215.20/28", "10.8.0.2/32", "fe80::1/64"]
            .iter()
            .map(|net| net.parse().unwrap())
            .collect();
        let allowed: Vec<IpNet> = allowed.iter().map(|net| net.parse().unwrap()).collect();
        permitted(address.parse().unwrap(), &host, &allowed)
    }

    #[test]
    fn the_internet_is_reached() {
        for address in
            ["1.1.1.1", "8.8.8.8", "93.184.215.40", "172.32.0.1", "100.128.0.1", "198.51.100.7", "198.20.0.1"]
        {
            assert!(judged(address, &[]), "{address}");
        }
    }

    #[test]
    fn what_is_near_the_host_is_not_unless_it_is_allowed() {
        for address in
            ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.7.7", "100.64.0.1", "93.184.215.17"]
        {
            assert!(!judged(address, &[]), "{address}");
            assert!(!judged(address, &["203.0.113.0/24"]), "{address}: another is allowed");
            assert!(judged(address, &[&format!("{address}/32")]), "{address}");
            assert!(judged(address, &["0.0.0.0/0"]), "{address}");
        }
    }

    #[test]
    fn some_addresses_are_never_reached() {
        let special =
            ["0.0.0.0", "0.1.2.3", "127.0.0.1", "127.8.8.8", "169.254.169.254", "169.254.170.2", "192.0.0.192"];
        let more = [
            "168.63.129.16",
            "224.0.0.251",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "198.19.254.16",
        ];
        let own = ["192.168.1.20", "93.184.215.20", "10.8.0.2"];
        for address in special.into_iter().chain(more).chain(own) {
            assert!(!judged(address, &[]), "{address}");
            assert!(!judged(address, &["0.0.0.0/0"]), "{address}, whatever is allowed");
        }
    }
}
