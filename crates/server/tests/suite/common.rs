//! A server in this process, and a client that can misbehave.
#![allow(dead_code, reason = "each test file uses its part")]

use server::{Config, Limits, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

pub fn config(data_dir: &Path) -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        data_dir: data_dir.to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        minute: std::time::Duration::from_secs(60),
        limits: Limits::default(),
    }
}

/// A server with a runtime of its own.
pub struct Running {
    runtime: tokio::runtime::Runtime,
    server: Option<Server>,
}

impl Running {
    pub fn start(config: Config) -> Result<Self, server::Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let server = Some(runtime.block_on(server::start(config))?);
        Ok(Self { runtime, server })
    }
    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address
    }
    pub fn connect(&self) -> Client<TcpStream> {
        Client::tcp(self.address())
    }
    pub fn connect_unix(&self) -> Client<UnixStream> {
        Client::new(UnixStream::connect(&self.server.as_ref().unwrap().socket).unwrap())
    }
    pub fn stop(mut self) {
        let server = self.server.take().unwrap();
        self.runtime.block_on(server.shutdown());
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// A kept-alive connection.
pub struct Client<S: Read + Write>(pub BufReader<S>);

impl Client<TcpStream> {
    pub fn tcp(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self::new(stream)
    }
}

impl<S: Read + Write> Client<S> {
    pub fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }
    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }
    /// Reads one response. An error when the connection ends before it does.
    pub fn answer(&mut self) -> std::io::Result<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        let length = head
            .to_ascii_lowercase()
            .split("content-length: ")
            .nth(1)
            .map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok(Answer { status, head, body: String::from_utf8(body).unwrap() })
    }
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            text += "Host: localhost\r\n";
        }
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        let mut bytes = (text + "\r\n").into_bytes();
        bytes.extend(body);
        self.send(&bytes)?;
        self.answer()
    }
    /// Calls a JSON service: `ecs.CreateCluster`.
    pub fn json(&mut self, call: &str, body: &str) -> std::io::Result<Answer> {
        let (service, operation) = call.split_once('.').unwrap();
        let prefix = match service {
            "ecs" => "AmazonEC2ContainerServiceV20141113",
            "ssm" => "AmazonSSM",
            "secretsmanager" => "secretsmanager",
            _ => "Logs_20140328",
        };
        let target = format!("{prefix}.{operation}");
        self.request(
            "POST",
            "/",
            &[("X-Amz-Target", &target), ("Content-Type", "application/x-amz-json-1.1")],
            body.as_bytes(),
        )
    }
    /// Calls EC2.
    pub fn ec2(&mut self, form: &str) -> std::io::Result<Answer> {
        let body = format!("{form}&Version=2016-11-15");
        self.request("POST", "/", &[("Content-Type", "application/x-www-form-urlencoded")], body.as_bytes())
    }
}
