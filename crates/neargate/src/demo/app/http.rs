//! As much of HTTP/1.1 as a demonstration needs (RFC 9112): GET, one request a connection, bodies that end with it.

use serde_json::Value;
use std::{
    io::{self, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    thread,
    time::Duration,
};

/// Bytes of a request's head or an answer that are read.
const LONGEST: u64 = 16 << 10;
/// How long the other side may be silent.
const SILENCE: Duration = Duration::from_secs(5);

/// An answer.
pub struct Reply {
    status: u16,
    kind: &'static str,
    body: String,
}

impl Reply {
    /// Plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, kind: "text/plain", body: body.to_owned() }
    }

    /// A page.
    pub fn html(body: String) -> Self {
        Self { status: 200, kind: "text/html", body }
    }

    /// A value.
    pub fn json(value: &Value) -> Self {
        Self { status: 200, kind: "application/json", body: format!("{value}\n") }
    }
}

/// Answers connections, each on a thread of its own, for ever: what is asked for, and who asks.
pub fn serve(listener: &TcpListener, answer: impl Fn(&str, SocketAddr) -> Reply + Send + Sync) {
    thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            let answer = &answer;
            // A client that breaks off is its own affair.
            scope.spawn(move || one(stream, answer));
        }
    });
}

fn one(mut stream: TcpStream, answer: impl Fn(&str, SocketAddr) -> Reply) -> io::Result<()> {
    let client = stream.peer_addr()?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let head = head(&mut stream)?;
    let reply = match head.split(' ').collect::<Vec<_>>().as_slice() {
        ["GET", path, ..] => answer(path, client),
        _ => Reply::text(405, "only GET is answered\n"),
    };
    let line = head.lines().next().unwrap_or_default();
    println!("{line} {}", reply.status);
    let Reply { status, kind, body } = reply;
    write!(
        stream,
        "HTTP/1.1 {status} {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        reason(status),
        body.len()
    )
}

/// Everything up to the empty line.
fn head(stream: &mut TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    for byte in BufReader::new(stream.take(LONGEST)).bytes() {
        head.push(byte?);
        if head.ends_with(b"\r\n\r\n") {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The body of what is at a path; anything but 200 is an error.
pub fn get(server: impl ToSocketAddrs, host: &str, path: &str) -> Result<String, String> {
    let fetch = || -> io::Result<String> {
        let mut stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(SILENCE))?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(LONGEST).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = fetch().map_err(|error| format!("http://{host}{path}: {error}"))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(format!("http://{host}{path}: {}", answer.lines().next().unwrap_or_default())),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Bad Gateway",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_fetched_and_what_is_not_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            serve(&listener, |path, _| if path == "/a" { Reply::text(200, "yes") } else { Reply::text(404, "no") });
        });
        assert_eq!(get(address, "localhost", "/a"), Ok("yes".to_owned()));
        assert!(get(address, "localhost", "/b").unwrap_err().contains("404 Not Found"));
    }
}
