//! Where the uplink leads, and where it never does. Pure.

use std::net::{IpAddr, Ipv4Addr};
use vpc::{IpNet, Ipv4Net, PRIVATE_RANGES, PUBLIC_POOL};

/// What is never reached: "this network", loopback, link-local addresses, of which one is the metadata of every
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
/// it does not give away, and neither those that are private (RFC 1918) or shared (RFC 6598).
pub fn permitted(address: Ipv4Addr, host: &[IpNet]) -> bool {
    let near = host.iter().any(|net| net.contains(&IpAddr::V4(address)));
    !near && !NEVER.iter().chain(&PRIVATE_RANGES).any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(address: &str) -> bool {
        let host = ["127.0.0.1/8", "192.168.1.20/24", "93.184.215.20/28", "10.8.0.2/32", "fe80::1/64"];
        permitted(address.parse().unwrap(), &host.map(|net| net.parse().unwrap()))
    }

    #[test]
    fn the_internet_is_reached() {
        for address in
            ["1.1.1.1", "8.8.8.8", "93.184.215.40", "172.32.0.1", "100.128.0.1", "198.51.100.7", "198.20.0.1"]
        {
            assert!(judged(address), "{address}");
        }
    }

    #[test]
    fn what_is_near_the_host_or_nowhere_is_not() {
        let near = ["192.168.1.20", "192.168.1.1", "93.184.215.20", "93.184.215.17", "93.184.215.31", "10.8.0.2"];
        let private = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.7.7", "100.64.0.1", "100.100.100.200"];
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
        for address in near.into_iter().chain(private).chain(special).chain(more) {
            assert!(!judged(address), "{address}");
        }
    }
}
