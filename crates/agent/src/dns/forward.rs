//! Questions about names that are others' to answer: they are asked of the host's own resolvers, from the host's own network.

use super::{
    PORT,
    answer::{Transport, question},
};
use rustix::rand::{GetRandomFlags, getrandom};
use shares::{Client, Places};
use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// Questions that are being asked at once, and of one client, whose names may be ones that nobody ever answers for. One more gets no answer,
/// and is asked again.
const QUESTIONS: usize = 1024;
const QUESTIONS_EACH: usize = 64;
/// How many resolvers are asked, one after the other (MAXNS of resolv.conf(5)), how often, and how long each has for its answer.
const RESOLVERS: usize = 3;
const ROUNDS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(2);
/// The longest answer.
const LONGEST: usize = u16::MAX as usize;

/// The host's resolvers.
pub struct Upstream {
    resolv_conf: PathBuf,
    places: Arc<Places>,
}

impl Upstream {
    /// Those that a file names, which is read again for each question.
    pub fn new(resolv_conf: PathBuf) -> Self {
        Self { resolv_conf, places: Places::new(QUESTIONS, QUESTIONS_EACH) }
    }

    /// The answer to a question, over what it came by: so an answer that is too long for a datagram says so, and is asked for again.
    /// `None` when nobody has one.
    pub(super) async fn ask(&self, client: Client, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
        let _place = self.places.at_once(client)?;
        let resolvers = servers(&std::fs::read_to_string(&self.resolv_conf).unwrap_or_default());
        let mut last = None;
        for server in std::iter::repeat_n(resolvers, ROUNDS).flatten() {
            let asked = async {
                match transport {
                    Transport::Udp => over_udp(server, question).await,
                    Transport::Tcp => over_tcp(server, question).await,
                }
            };
            match timeout(PATIENCE, asked).await {
                Ok(Ok(answer)) if is_final(&answer) => return Some(answer),
                Ok(Ok(answer)) => last = Some(answer),
                Ok(Err(_)) | Err(_) => {}
            }
        }
        last
    }
}

/// Whether an answer says something of the name, rather than of the resolver: SERVFAIL, NOTIMP and REFUSED are left to the next one.
fn is_final(answer: &[u8]) -> bool {
    !matches!(answer.get(3).map(|byte| byte & 0x0f), Some(2 | 4 | 5) | None)
}

/// The `nameserver` lines of a resolv.conf(5); as there, this machine where there is none.
fn servers(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    let mut found: Vec<SocketAddr> =
        text.lines().filter_map(address).take(RESOLVERS).map(|ip| SocketAddr::new(ip, PORT)).collect();
    if found.is_empty() {
        found.push(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)));
    }
    found
}

async fn over_udp(server: SocketAddr, packet: &[u8]) -> io::Result<Vec<u8>> {
    let any = if server.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    // Another port and another number for each question: who can't see them can't answer it.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let asked = renumbered(packet)?;
    socket.send(&asked).await?;
    let mut answer = vec![0; LONGEST];
    loop {
        let length = socket.recv(&mut answer).await?;
        if let Some(answer) = answer.get(..length).and_then(|answer| matching(packet, &asked, answer)) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, packet: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let asked = renumbered(packet)?;
    let length = u16::try_from(asked.len()).map_err(io::Error::other)?;
    stream.write_all(&[length.to_be_bytes().as_slice(), &asked].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    matching(packet, &asked, &answer).ok_or_else(|| ErrorKind::InvalidData.into())
}

/// A question under a number of its own.
fn renumbered(packet: &[u8]) -> io::Result<Vec<u8>> {
    let mut number = [0; 2];
    getrandom(&mut number, GetRandomFlags::empty())?;
    Ok(with_number(number, packet))
}

fn with_number(number: [u8; 2], packet: &[u8]) -> Vec<u8> {
    [&number, packet.get(2..).unwrap_or_default()].concat()
}

/// An answer to what was asked, under the number of whoever asked first. `None` for anything else.
fn matching(packet: &[u8], asked: &[u8], answer: &[u8]) -> Option<Vec<u8>> {
    const RESPONSE: u8 = 0x80;
    let is_response = answer.get(..2)? == asked.get(..2)? && answer.get(2)? & RESPONSE != 0;
    // Some leave the question out of a refusal.
    let same = answer.get(4..6)? == [0, 0] || question(answer)? == question(asked)?;
    let number = *packet.first_chunk::<2>()?;
    (is_response && same).then(|| with_number(number, answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::{
        op::{Message, OpCode, Query, ResponseCode},
        rr::{Name, RecordType},
    };

    fn asked(number: u16, name: &str) -> Message {
        let mut message = Message::new(number, hickory_proto::op::MessageType::Query, OpCode::Query);
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
        message
    }

    fn answered(number: u16, name: &str, code: ResponseCode) -> Vec<u8> {
        let mut message = Message::response(number, OpCode::Query);
        message.add_query(asked(number, name).queries.first().unwrap().clone());
        message.metadata.response_code = code;
        message.to_vec().unwrap()
    }

    #[test]
    fn resolvers_are_those_of_the_file() {
        let text = "# a comment\nsearch example.com\nnameserver 192.0.2.1\nnameserver\nnameserver fe80::1%eth0\n nameserver ::1 # x\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n";
        let found: Vec<String> = servers(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[::1]:53", "192.0.2.3:53"]);
        assert_eq!(servers("").iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1:53"]);
    }

    #[test]
    fn only_the_answer_to_the_question_is_one() {
        let packet = asked(1, "example.com.").to_vec().unwrap();
        let renumbered = with_number([9, 9], &packet);
        let taken = |number, name| matching(&packet, &renumbered, &answered(number, name, ResponseCode::NoError));
        assert_eq!(taken(0x0909, "Example.com."), Some(answered(1, "Example.com.", ResponseCode::NoError)));
        assert_eq!(taken(0x0908, "example.com."), None, "another number");
        assert_eq!(taken(0x0909, "example.org."), None, "another name");
        assert_eq!(matching(&packet, &renumbered, &renumbered), None, "no answer at all");
        assert_eq!(matching(&packet, &renumbered, &[9, 9, 0x80]), None);
    }

    #[test]
    fn a_resolver_that_fails_leaves_it_to_the_next() {
        let code = |code| is_final(&answered(1, "example.com.", code));
        assert!(code(ResponseCode::NoError) && code(ResponseCode::NXDomain));
        assert!(!code(ResponseCode::ServFail) && !code(ResponseCode::Refused) && !is_final(&[]));
    }
}
