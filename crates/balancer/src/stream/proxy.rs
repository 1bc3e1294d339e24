//! The proxy protocol's headers ("The PROXY protocol, Versions 1 & 2", section 2.2): what a target is told of who a connection is from.
//! Pure. Absent: version 1, and what is optional: AWS's own part names the VPC endpoint that a connection came by, and none comes by one.

use std::net::{IpAddr, SocketAddr};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version 2: of a connection of the load balancer's own, and of a client's.
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
/// TCP over IPv4 and over IPv6; neither.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const UNSPECIFIED: u8 = 0;

/// Of a connection of the load balancer's own: a health check.
pub(crate) fn local() -> Vec<u8> {
    header(LOCAL, UNSPECIFIED, &[])
}

/// Of a client's connection to a listener.
pub(crate) fn of(client: SocketAddr, listener: SocketAddr) -> Vec<u8> {
    let (from, to) = (client.ip().to_canonical(), listener.ip().to_canonical());
    let mut about = Vec::with_capacity(36);
    let family = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            about.extend(from.octets());
            about.extend(to.octets());
            TCP4
        }
        (from, to) => {
            let mapped = |address: IpAddr| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped(),
                IpAddr::V6(address) => address,
            };
            about.extend(mapped(from).octets());
            about.extend(mapped(to).octets());
            TCP6
        }
    };
    about.extend(client.port().to_be_bytes());
    about.extend(listener.port().to_be_bytes());
    header(PROXY, family, &about)
}

fn header(command: u8, family: u8, about: &[u8]) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    // Addresses are short.
    header.extend((about.len() as u16).to_be_bytes());
    header.extend(about);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_the_protocol_has_them() {
        let of = |client: &str, listener: &str| of(client.parse().unwrap(), listener.parse().unwrap());
        let start = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a";
        let four = [&start[..], b"\x21\x11\x00\x0c", b"\xcb\x00\x71\x0a\x0a\x00\x01\x14\x9c\x40\x01\xbb"].concat();
        assert_eq!(of("203.0.113.10:40000", "10.0.1.20:443"), four);
        assert_eq!(of("[::ffff:203.0.113.10]:40000", "10.0.1.20:443"), four);
        let six = of("[2001:db8::1]:1", "[2001:db8::2]:2");
        assert_eq!((six.len(), &six[12..16], &six[48..]), (52, &b"\x21\x21\x00\x24"[..], &[0, 1, 0, 2][..]));
        assert_eq!(local(), [&start[..], b"\x20\x00\x00\x00"].concat());
    }
}
