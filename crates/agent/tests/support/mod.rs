//! Clients of what the agent answers, and a server behind it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod region;
pub mod server;
pub mod world;

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RecordType},
};
use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpStream, UdpSocket},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    time::Duration,
};

/// How long to wait for what has to come.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait for what should not.
const DOUBT: Duration = Duration::from_secs(1);

/// Asks a DNS server for the addresses of a name: over UDP and again over TCP, which must be of one mind.
pub fn ask(namespace: &Path, server: IpAddr, name: &str) -> io::Result<(ResponseCode, Vec<String>)> {
    let mut question = Message::new(7, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), RecordType::A));
    let question = question.to_vec().unwrap();
    let (udp, tcp) = network::inside(namespace, || (over_udp(server, &question), over_tcp(server, &question))).unwrap();
    let (udp, tcp) = (udp?, tcp?);
    assert_eq!(udp, tcp);
    let reply = Message::from_vec(&udp).unwrap();
    Ok((reply.metadata.response_code, reply.answers.iter().map(|record| record.data.to_string()).collect()))
}

fn over_udp(server: IpAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    // Only what comes from the address that was asked is received.
    socket.connect((server, 53))?;
    socket.send(question)?;
    let mut reply = vec![0; 2048];
    let length = socket.recv(&mut reply)?;
    reply.truncate(length);
    Ok(reply)
}

fn over_tcp(server: IpAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((server, 53))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = u16::try_from(question.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

/// One address, found.
pub fn address(text: &str) -> (ResponseCode, Vec<String>) {
    (ResponseCode::NoError, vec![text.to_owned()])
}

/// A server that answers every connection with the line it began with, but for the namespace's number, and everything else it was sent.
pub fn echo(socket: &Path) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || answer(&stream));
        }
    });
}

fn answer(mut stream: &UnixStream) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut rest) = (String::new(), String::new());
    // A client that breaks off needs no answer.
    if reader.read_line(&mut line).is_ok() && reader.read_to_string(&mut rest).is_ok() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [service, port, namespace, client] = words[..] else { panic!("{line:?}") };
        assert_ne!(namespace.parse::<u64>().unwrap(), 0);
        let _ = stream.write_all(format!("{service} {port} for {client}: {rest}").as_bytes());
    }
}

/// Sends a request to a service, and returns the answer.
pub fn send(namespace: &Path, to: IpAddr) -> io::Result<String> {
    let sent = network::inside(namespace, || {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((to, 80)), DOUBT)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET / HTTP/1.1")?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    sent.unwrap()
}
