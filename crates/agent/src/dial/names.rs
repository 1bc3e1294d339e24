//! The addresses of a name, asked of a VPC's DNS server from inside a task's namespace.

use super::{go, late, said};
use crate::dns::PORT;
use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, UdpSocket},
    path::Path,
    time::Duration,
};
use tokio::time::timeout;

/// How often a question is asked.
const TRIES: u32 = 2;
/// The longest answer taken.
const LONGEST: u16 = 1232;

/// Every IPv4 address of a name.
///
/// # Errors
/// In Go's words, such as `lookup x.example on 10.0.0.2:53: no such host`.
pub(super) async fn lookup(
    namespace: &Path,
    resolver: IpAddr,
    host: &str,
    patience: Duration,
) -> io::Result<Vec<IpAddr>> {
    let server = SocketAddr::new(resolver, PORT);
    let failed = |kind, why: &str| said(kind, format!("lookup {host} on {server}: {why}"));
    let unknown = || failed(ErrorKind::NotFound, "no such host");
    let mut name = Name::from_ascii(host).map_err(|_| unknown())?;
    name.set_fqdn(true);
    let made = network::inside(namespace, || -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    let made = made.map_err(io::Error::other).and_then(|socket| socket);
    let made = made.map_err(|error| failed(error.kind(), &format!("dial udp {server}: {}", go(&error, "connect"))))?;
    let local = made.local_addr().map_or_else(|_| String::new(), |local| local.to_string());
    let socket = tokio::net::UdpSocket::from_std(made)?;
    let mut last = late();
    for _ in 0..TRIES {
        match timeout(patience / TRIES, ask(&socket, &name)).await.unwrap_or_else(|_| Err(late())) {
            Ok((ResponseCode::NoError, found)) if !found.is_empty() => return Ok(found),
            Ok((ResponseCode::NoError | ResponseCode::NXDomain, _)) => return Err(unknown()),
            Ok((_, _)) => return Err(failed(ErrorKind::Other, "server misbehaving")),
            Err(error) => last = error,
        }
    }
    Err(failed(last.kind(), &format!("read udp {local}->{server}: {}", go(&last, "read"))))
}

async fn ask(socket: &tokio::net::UdpSocket, name: &Name) -> io::Result<(ResponseCode, Vec<IpAddr>)> {
    let mut id = [0; 2];
    rustix::rand::getrandom(&mut id, rustix::rand::GetRandomFlags::empty())?;
    let id = u16::from_ne_bytes(id);
    let mut question = Message::new(id, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.clone(), RecordType::A));
    let mut edns = Edns::new();
    edns.set_max_payload(LONGEST);
    question.set_edns(edns);
    socket.send(&question.to_vec().map_err(io::Error::other)?).await?;
    let mut bytes = [0; LONGEST as usize];
    loop {
        let length = socket.recv(&mut bytes).await?;
        let Ok(answer) = Message::from_vec(bytes.get(..length).unwrap_or_default()) else { continue };
        // What was not asked for is nobody's answer.
        if answer.metadata.id != id || answer.queries.first().is_none_or(|query| query.name != *name) {
            continue;
        }
        let address = |data: &RData| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            _ => None,
        };
        let found = answer.answers.iter().filter_map(|record| address(&record.data)).collect();
        return Ok((answer.metadata.response_code, found));
    }
}
