//! What curl can't ask: over UDP, and by ICMP.

use crate::cli::Failure;
use rustix::net::{AddressFamily, SocketType, ipproto};
use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// The types of the messages (RFC 792).
const ECHO: u8 = 8;
const ECHO_REPLY: u8 = 0;

/// What a `whoami` answers.
pub fn udp(server: SocketAddr) -> Result<String, Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let answer = exchange(&socket, server, b"who?")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// That an echo request was answered. The kernel puts the identifier and the checksum into it, and hands over no reply to another's
/// (icmp(7)).
pub fn ping(host: Ipv4Addr) -> Result<String, Failure> {
    let socket: UdpSocket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, Some(ipproto::ICMP))?.into();
    let answer = exchange(&socket, (host, 0).into(), &[ECHO, 0, 0, 0, 0, 0, 0, 1])?;
    match answer.first() {
        Some(&ECHO_REPLY) => Ok(format!("{host} replies")),
        other => Err(Failure(format!("{host} answers with {other:?}"))),
    }
}

fn exchange(socket: &UdpSocket, with: SocketAddr, message: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut answer = [0; 512];
    let mut both = || {
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(with)?;
        socket.send(message)?;
        socket.recv(&mut answer)
    };
    let length = both().map_err(|error| Failure(format!("{with} does not answer: {error}")))?;
    Ok(answer.get(..length).unwrap_or_default().to_vec())
}
