//! Packets of the uplink, read and written: IPv4 (RFC 791) with TCP, UDP or an echo of ICMP in it. Pure.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use vpc::INTERNET_HOST;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
/// Bytes of an IPv4 header without options, of a UDP and an ICMP header, and of TCP's least one.
const IP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
const ICMP_HEADER: usize = 8;
const TCP_HEADER: usize = 20;
/// How much of a packet an error about it repeats: as much as keeps the error below 576 bytes (RFC 1812, section 4.3.2.3).
const QUOTED: usize = 548;
/// How many routers a packet may still pass.
const HOPS: u8 = 64;

/// Between whom a packet goes: who sent it, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Flow {
    pub(crate) from: SocketAddrV4,
    pub(crate) to: SocketAddrV4,
}

/// A packet, as far as it is understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// A segment; whether it begins a connection.
    Tcp { flow: Flow, begins: bool },
    /// A datagram.
    Udp { flow: Flow, payload: &'a [u8] },
    /// An echo request. Its ports are its identifier.
    Echo { flow: Flow, sequence: u16, payload: &'a [u8] },
}

/// Why a packet went nowhere, as ICMP's codes of "destination unreachable" have it (RFC 792, RFC 1812).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreachable {
    Network = 0,
    Host = 1,
    Port = 3,
    /// Communication administratively prohibited.
    Prohibited = 13,
}

impl Packet<'_> {
    /// Reads a packet. `None` for what is of no other kind, broken, or a fragment.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Packet<'_>> {
        let header = usize::from(bytes.first()? & 0x0f) * 4;
        let bytes = bytes.get(..usize::from(u16_at(bytes, 2)?))?;
        let whole = u16_at(bytes, 6)? & 0x3fff == 0;
        if bytes.first()? >> 4 != 4 || header < IP_HEADER || !whole {
            return None;
        }
        let (from, to) = (address_at(bytes, 12)?, address_at(bytes, 16)?);
        let flow =
            |ports: (u16, u16)| Flow { from: SocketAddrV4::new(from, ports.0), to: SocketAddrV4::new(to, ports.1) };
        let body = bytes.get(header..)?;
        match *bytes.get(9)? {
            TCP if body.len() >= TCP_HEADER => {
                const SYN: u8 = 2;
                const OTHERS: u8 = 1 | 4 | 16;
                let begins = body.get(13)? & (SYN | OTHERS) == SYN;
                Some(Packet::Tcp { flow: flow((u16_at(body, 0)?, u16_at(body, 2)?)), begins })
            }
            UDP => {
                let body = body.get(..usize::from(u16_at(body, 4)?))?;
                let sum = pseudo(from, to, UDP, body.len());
                if u16_at(body, 6)? != 0 && checksum(sum, body) != 0 {
                    return None;
                }
                let flow = flow((u16_at(body, 0)?, u16_at(body, 2)?));
                Some(Packet::Udp { flow, payload: body.get(UDP_HEADER..)? })
            }
            ICMP if body.first_chunk() == Some(&[8, 0]) && checksum(0, body) == 0 => {
                let identifier = u16_at(body, 4)?;
                let flow = flow((identifier, identifier));
                Some(Packet::Echo { flow, sequence: u16_at(body, 6)?, payload: body.get(ICMP_HEADER..)? })
            }
            _ => None,
        }
    }
}

/// A datagram. One that is too long for a packet is cut off: there is none.
pub(crate) fn datagram(flow: Flow, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(UDP_HEADER + payload.len());
    body.extend(flow.from.port().to_be_bytes());
    body.extend(flow.to.port().to_be_bytes());
    body.extend(short(UDP_HEADER + payload.len()).to_be_bytes());
    body.extend([0, 0]);
    body.extend(payload);
    let sum = checksum(pseudo(*flow.from.ip(), *flow.to.ip(), UDP, body.len()), &body);
    // Nought would mean that there is none (RFC 768).
    put(&mut body, 6, if sum == 0 { u16::MAX } else { sum });
    packet(UDP, *flow.from.ip(), *flow.to.ip(), &body)
}

/// The refusal of a connection that a segment wanted to begin (RFC 9293, section 3.10.7.1).
pub(crate) fn reset(segment: &[u8]) -> Option<Vec<u8>> {
    const RESET_AND_ACK: u8 = 4 | 16;
    let Packet::Tcp { flow, begins: true } = Packet::parse(segment)? else { return None };
    let header = usize::from(segment.first()? & 0x0f) * 4;
    let sequence = u32::from_be_bytes(*segment.get(header + 4..)?.first_chunk()?);
    let mut body = Vec::with_capacity(TCP_HEADER);
    body.extend(flow.to.port().to_be_bytes());
    body.extend(flow.from.port().to_be_bytes());
    body.extend([0; 4]);
    body.extend(sequence.wrapping_add(1).to_be_bytes());
    body.extend([5 << 4, RESET_AND_ACK, 0, 0, 0, 0, 0, 0]);
    let sum = checksum(pseudo(*flow.to.ip(), *flow.from.ip(), TCP, body.len()), &body);
    put(&mut body, 16, sum);
    Some(packet(TCP, *flow.to.ip(), *flow.from.ip(), &body))
}

/// What is said of a packet that got nowhere: of a port by where the packet was to go, and else by the internet's own host. A VPC lets
/// nothing in from addresses that are not on the internet.
pub(crate) fn unreachable(why: Unreachable, about: &[u8]) -> Option<Vec<u8>> {
    let quoted = about.get(..about.len().min(QUOTED))?;
    let (there, to) = (address_at(about, 16)?, address_at(about, 12)?);
    let from = match (why, INTERNET_HOST) {
        (Unreachable::Port, _) | (_, IpAddr::V6(_)) => there,
        (_, IpAddr::V4(host)) => host,
    };
    Some(icmp(from, to, [3, why as u8], [0; 4], quoted))
}

/// The answer to an echo request.
pub(crate) fn echo_reply(request: Flow, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let [a, b] = request.from.port().to_be_bytes();
    let [c, d] = sequence.to_be_bytes();
    icmp(*request.to.ip(), *request.from.ip(), [0, 0], [a, b, c, d], payload)
}

/// An echo request under a number, as a socket for ICMP sends it: without the IP header.
pub(crate) fn echo_request(number: u16, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let ([a, b], [c, d]) = (number.to_be_bytes(), sequence.to_be_bytes());
    message([8, 0], [a, b, c, d], payload)
}

/// The sequence number and what was sent, of a packet that answers an echo request of that number.
pub(crate) fn echoed(packet: &[u8], number: u16) -> Option<(u16, &[u8])> {
    let body = packet.get(usize::from(packet.first()? & 0x0f) * 4..)?;
    let ours = body.first_chunk() == Some(&[0, 0]) && u16_at(body, 4)? == number;
    ours.then_some((u16_at(body, 6)?, body.get(ICMP_HEADER..)?))
}

fn icmp(from: Ipv4Addr, to: Ipv4Addr, kind: [u8; 2], rest: [u8; 4], payload: &[u8]) -> Vec<u8> {
    packet(ICMP, from, to, &message(kind, rest, payload))
}

/// A message of ICMP.
fn message(kind: [u8; 2], rest: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut body = [kind.as_slice(), &[0, 0], &rest, payload].concat();
    let sum = checksum(0, &body);
    put(&mut body, 2, sum);
    body
}

/// A packet that may be cut into fragments, which is why it has a number.
fn packet(protocol: u8, from: Ipv4Addr, to: Ipv4Addr, body: &[u8]) -> Vec<u8> {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NUMBER: AtomicU16 = AtomicU16::new(0);
    let body = body.get(..body.len().min(usize::from(u16::MAX) - IP_HEADER)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(IP_HEADER + body.len());
    bytes.extend([0x45, 0]);
    bytes.extend(short(IP_HEADER + body.len()).to_be_bytes());
    bytes.extend(NUMBER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    bytes.extend([0, 0, HOPS, protocol, 0, 0]);
    bytes.extend(from.octets());
    bytes.extend(to.octets());
    let sum = checksum(0, &bytes);
    put(&mut bytes, 10, sum);
    bytes.extend(body);
    bytes
}

/// The Internet checksum (RFC 1071) of bytes after what was summed up already. Over what includes a right checksum it is nought.
fn checksum(before: u32, bytes: &[u8]) -> u16 {
    let mut sum = before;
    let mut pairs = bytes.chunks_exact(2);
    for pair in pairs.by_ref() {
        sum += pair.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    sum += pairs.remainder().first().map_or(0, |byte| u32::from(*byte) << 8);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// What UDP and TCP sum up of the IP header.
fn pseudo(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, length: usize) -> u32 {
    let halves = |address: Ipv4Addr| (u32::from(address) >> 16) + (u32::from(address) & 0xffff);
    halves(from) + halves(to) + u32::from(protocol) + u32::from(short(length))
}

fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn address_at(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    bytes.get(at..)?.first_chunk::<4>().copied().map(Ipv4Addr::from)
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn flow() -> Flow {
        Flow { from: "198.18.0.5:40000".parse().unwrap(), to: "198.51.100.7:53".parse().unwrap() }
    }

    /// A SYN as Linux sends it, with a right checksum.
    fn syn() -> Vec<u8> {
        let mut body =
            [0x9c, 0x40, 0, 53, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 5 << 4, 2, 0xfa, 0xf0, 0, 0, 0, 0].to_vec();
        let sum = checksum(pseudo(*flow().from.ip(), *flow().to.ip(), TCP, body.len()), &body);
        put(&mut body, 16, sum);
        packet(TCP, *flow().from.ip(), *flow().to.ip(), &body)
    }

    #[test]
    fn a_datagram_is_read_as_it_was_written() {
        for payload in [b"".as_slice(), b"x", b"even", b"uneven.", &[0xff; 3000]] {
            let bytes = datagram(flow(), payload);
            assert_eq!(Packet::parse(&bytes), Some(Packet::Udp { flow: flow(), payload }));
            assert_eq!(checksum(0, &bytes[..IP_HEADER]), 0);
            let mut damaged = bytes;
            *damaged.last_mut().unwrap() ^= 1;
            assert_eq!(Packet::parse(&damaged), None, "its checksum is wrong");
        }
    }

    #[test]
    fn a_connection_is_refused_as_its_first_segment_asks() {
        assert_eq!(Packet::parse(&syn()), Some(Packet::Tcp { flow: flow(), begins: true }));
        let reset_bytes = reset(&syn()).unwrap();
        let back = Flow { from: flow().to, to: flow().from };
        assert_eq!(Packet::parse(&reset_bytes), Some(Packet::Tcp { flow: back, begins: false }));
        let body = &reset_bytes[IP_HEADER..];
        assert_eq!(body[8..12], [0; 4], "one more than the last number there is");
        assert_eq!(checksum(pseudo(*back.from.ip(), *back.to.ip(), TCP, body.len()), body), 0);
        assert_eq!(reset(&reset_bytes), None, "a reset is not answered with one");
        assert_eq!(reset(&datagram(flow(), b"x")), None);
    }

    #[test]
    fn an_error_repeats_the_beginning_of_what_it_is_about() {
        let about = datagram(flow(), &[7; 1000]);
        let error = unreachable(Unreachable::Port, &about).unwrap();
        assert_eq!(error.len(), 576);
        assert_eq!((address_at(&error, 12), address_at(&error, 16)), (address_at(&about, 16), address_at(&about, 12)));
        assert_eq!(error[IP_HEADER..IP_HEADER + 2], [3, 3]);
        assert_eq!(checksum(0, &error[IP_HEADER..]), 0);
        assert_eq!(error[IP_HEADER + ICMP_HEADER..], about[..QUOTED]);
        assert_eq!(Packet::parse(&error), None, "and is never answered itself");
    }

    #[test]
    fn an_echo_comes_back_under_its_own_number() {
        let request = icmp(*flow().from.ip(), *flow().to.ip(), [8, 0], [1, 2, 3, 4], b"data");
        let Some(Packet::Echo { flow, sequence, payload }) = Packet::parse(&request) else { panic!() };
        assert_eq!((flow.from.port(), sequence, payload), (0x0102, 0x0304, b"data".as_slice()));
        let reply = echo_reply(flow, sequence, payload);
        assert_eq!(reply[IP_HEADER..IP_HEADER + 2], [0, 0]);
        assert_eq!(reply[IP_HEADER + 4..], *b"\x01\x02\x03\x04data");
        assert_eq!(checksum(0, &reply[IP_HEADER..]), 0);
        assert_eq!(echoed(&reply, 0x0102), Some((0x0304, b"data".as_slice())));
        assert_eq!(echoed(&reply, 0x0103), None, "another program's");
        assert_eq!(echoed(&request, 0x0102), None);
    }

    #[test]
    fn fragments_are_not_taken_for_packets() {
        for (offset, flags) in [(6, 0x20), (7, 1)] {
            let mut fragment = datagram(flow(), b"x");
            fragment[offset] |= flags;
            assert_eq!(Packet::parse(&fragment), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..80), cut in 0usize..60) {
            let _ = Packet::parse(&bytes);
            let _ = (reset(&bytes), unreachable(Unreachable::Host, &bytes));
            // Those that begin well, cut off anywhere.
            for whole in [syn(), datagram(flow(), &bytes)] {
                let _ = Packet::parse(&whole[..cut.min(whole.len())]);
                let _ = reset(&whole[..cut.min(whole.len())]);
            }
        }
    }
}
