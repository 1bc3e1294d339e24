//! Real packets between namespaces. A socket stays in the namespace it was made in, so it is made there and used here.

use rustix::net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, ipproto, sockopt};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    path::Path,
    time::Duration,
};

/// How long nothing must come for nothing to have come. Packets between namespaces take microseconds.
pub const SILENCE: Duration = Duration::from_millis(150);
/// How long what must come may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

fn within<T: Send>(namespace: &Path, work: impl FnOnce() -> T + Send) -> T {
    network::inside(namespace, work).unwrap()
}

pub fn listen(namespace: &Path, port: u16) -> TcpListener {
    within(namespace, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap())
}

/// A connection, or none.
pub fn connect(namespace: &Path, to: Ipv4Addr, port: u16) -> Option<TcpStream> {
    let address = SocketAddr::from((to, port));
    within(namespace, || TcpStream::connect_timeout(&address, SILENCE).ok())
}

/// A connection from an address that need not be the namespace's, with a mark.
pub fn connect_bearing(namespace: &Path, from: SocketAddr, to: SocketAddr, mark: u32) -> Option<TcpStream> {
    within(namespace, || {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_ip_transparent_v4(true).unwrap();
        socket.set_mark(mark).unwrap();
        socket.bind(&from.into()).unwrap();
        socket.connect_timeout(&to.into(), SILENCE).ok().map(|()| socket.into())
    })
}

/// Whether a connection can be made to a port that is listened on for the occasion.
pub fn tcp(from: &Path, to: &Path, address: Ipv4Addr, port: u16) -> bool {
    let _listener = listen(to, port);
    connect(from, address, port).is_some()
}

/// The same, while the kernel may still be about to take a link for up again: what is sent before is lost and sent once more.
pub fn tcp_in_time(from: &Path, to: &Path, address: Ipv4Addr, port: u16) -> bool {
    let (_listener, address) = (listen(to, port), SocketAddr::from((address, port)));
    within(from, || TcpStream::connect_timeout(&address, PATIENCE).is_ok())
}

/// Whether bytes still pass over a connection.
pub fn alive(client: &mut TcpStream, server: &mut TcpStream) -> bool {
    for socket in [&*client, &*server] {
        socket.set_read_timeout(Some(SILENCE)).unwrap();
    }
    let mut byte = [0];
    client.write_all(b"?").unwrap();
    server.read_exact(&mut byte).is_ok() && server.write_all(b"!").is_ok() && client.read_exact(&mut byte).is_ok()
}

pub fn bind(namespace: &Path, port: u16) -> UdpSocket {
    let socket = within(namespace, || UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    socket
}

/// Whether a datagram arrives at a port.
pub fn udp(from: &Path, to: &Path, address: Ipv4Addr, port: u16) -> bool {
    let receiver = bind(to, port);
    // A refusal of the kernel's counts as not arriving.
    let _ = bind(from, 0).send_to(b"probe", (address, port));
    receiver.recv(&mut [0; 16]).is_ok()
}

/// A raw socket of a protocol; of `ipproto::RAW` for packets with headers of their own.
pub fn raw(namespace: &Path, protocol: Protocol) -> OwnedFd {
    within(namespace, || {
        rustix::net::socket_with(AddressFamily::INET, SocketType::RAW, SocketFlags::CLOEXEC, Some(protocol)).unwrap()
    })
}

/// An IPv4 packet with options, whose length is a multiple of four. The kernel adds identification, length and checksum.
pub fn packet(source: Ipv4Addr, to: Ipv4Addr, protocol: u8, options: &[u8], content: &[u8]) -> Vec<u8> {
    let words = 5 + u8::try_from(options.len() / 4).unwrap();
    let mut packet = vec![0x40 | words, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(source.octets());
    packet.extend(to.octets());
    packet.extend(options);
    packet.extend(content);
    packet
}

/// Sends a packet with a header of its own, if the kernel takes it.
pub fn send_raw(from: &Path, to: Ipv4Addr, packet: &[u8]) {
    let socket = raw(from, ipproto::RAW);
    let _ = rustix::net::sendto(&socket, packet, SendFlags::empty(), &SocketAddrV4::new(to, 0));
}

/// A socket that hears and sends ICMP of any type.
pub fn icmp_socket(namespace: &Path) -> OwnedFd {
    let fd = raw(namespace, ipproto::ICMP);
    sockopt::set_socket_timeout(&fd, sockopt::Timeout::Recv, Some(SILENCE)).unwrap();
    fd
}

/// Whether an ICMP message of a type and code arrives.
pub fn icmp(from: &Path, to: &Path, address: Ipv4Addr, kind: u8, code: u8) -> bool {
    let receiver = icmp_socket(to);
    let message = icmp_message(kind, code);
    let _ = rustix::net::sendto(icmp_socket(from), &message, SendFlags::empty(), &SocketAddrV4::new(address, 0));
    let mut buffer = [0; 256];
    while let Ok((length, _)) = rustix::net::recv(&receiver, &mut buffer[..], RecvFlags::empty()) {
        if buffer[..length].get(20..22) == Some(&[kind, code]) {
            return true;
        }
    }
    false
}

/// Whether an echo request is answered.
pub fn ping(from: &Path, address: Ipv4Addr) -> bool {
    let socket = icmp_socket(from);
    let _ = rustix::net::sendto(&socket, &icmp_message(8, 0), SendFlags::empty(), &SocketAddrV4::new(address, 0));
    let mut buffer = [0; 256];
    while let Ok((length, _)) = rustix::net::recv(&socket, &mut buffer[..], RecvFlags::empty()) {
        if buffer[..length].get(20) == Some(&0) {
            return true;
        }
    }
    false
}

/// A message with an identifier and its checksum.
pub fn icmp_message(kind: u8, code: u8) -> [u8; 8] {
    let mut message = [kind, code, 0, 0, 0x12, 0x34, 0, 1];
    let sum: u32 = message.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    message
}

/// Sends an IPv4 packet with any source address: a UDP datagram to a port.
pub fn send_forged(from: &Path, source: Ipv4Addr, to: Ipv4Addr, port: u16) {
    let datagram =
        [&12_345u16.to_be_bytes()[..], &port.to_be_bytes(), &13u16.to_be_bytes(), &[0, 0], b"forge"].concat();
    send_raw(from, to, &packet(source, to, 17, &[], &datagram));
}

/// Sends a datagram to a port from each of so many ports.
pub fn flood(from: &Path, to: Ipv4Addr, port: u16, first: u16, count: u16) {
    let fd = raw(from, ipproto::UDP);
    for source in (first..).take(usize::from(count)) {
        let datagram = [source.to_be_bytes(), port.to_be_bytes(), 9u16.to_be_bytes(), [0, 0]].concat();
        let datagram = [datagram, vec![0]].concat();
        rustix::net::sendto(&fd, &datagram, SendFlags::empty(), &SocketAddrV4::new(to, 0)).unwrap();
    }
}
