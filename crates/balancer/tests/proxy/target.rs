//! Targets: servers that do what a test wants.

use super::{Client, PATIENCE, PORTS, address};
use crate::secured;
use spec::balancing::TargetAddress;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// A target: a server with a thread for each connection.
pub struct Target {
    pub address: Ipv4Addr,
    /// What health checks are answered.
    pub health: Arc<AtomicU16>,
    /// Health checks that it was asked.
    pub checks: Arc<AtomicUsize>,
    /// Connections that were made for requests.
    pub connections: Arc<AtomicUsize>,
    /// Heads of requests as they came.
    pub heads: Arc<Mutex<Vec<String>>>,
}

impl Target {
    /// One that answers requests with its address, the request's head and body.
    pub fn echo() -> Self {
        Self::answering(|request| {
            let mut body = request.head.clone().into_bytes();
            body.extend_from_slice(&request.body);
            let mut answer =
                format!("HTTP/1.1 200 OK\r\nX-Target: {}\r\nContent-Length: {}\r\n\r\n", request.at, body.len())
                    .into_bytes();
            answer.extend(body);
            answer
        })
    }

    /// One that answers requests so, over connections that stay.
    pub fn answering(answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::serving(move |connection| {
            while let Some(asked) = connection.request() {
                connection.send(&answer(&asked));
            }
        })
    }

    /// One that does this with every connection.
    pub fn serving(serve: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        let target = Self::closed();
        let (serve, connections, heads) = (Arc::new(serve), Arc::clone(&target.connections), Arc::clone(&target.heads));
        let at = target.address;
        listen(SocketAddr::from((at, PORTS.0)), move |stream| {
            connections.fetch_add(1, SeqCst);
            let (serve, heads) = (Arc::clone(&serve), Arc::clone(&heads));
            thread::spawn(move || serve(&mut Connection { client: Client::new(stream), at, heads }));
        });
        target
    }

    /// An address where nobody listens for requests, only for health checks.
    pub fn closed() -> Self {
        let target = Self {
            address: address(),
            health: Arc::new(AtomicU16::new(200)),
            checks: Arc::default(),
            connections: Arc::default(),
            heads: Arc::default(),
        };
        let (health, checks) = (Arc::clone(&target.health), Arc::clone(&target.checks));
        listen(SocketAddr::from((target.address, PORTS.1)), move |mut stream| {
            let mut asked = [0; 1000];
            checks.fetch_add(1, SeqCst);
            match health.load(SeqCst) {
                // Silence.
                0 => drop(thread::spawn(move || stream.read_to_end(&mut Vec::new()))),
                status => {
                    let _ = stream.read(&mut asked);
                    let _ = stream.write_all(format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\n\r\n").as_bytes());
                }
            }
        });
        target
    }

    pub fn address(&self) -> TargetAddress {
        TargetAddress(SocketAddr::from((self.address, PORTS.0)))
    }

    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Waits until it was asked so many health checks.
    pub fn until_checked(&self, count: usize) {
        let begun = Instant::now();
        while self.checks.load(SeqCst) < count {
            assert!(begun.elapsed() < PATIENCE, "it was checked {} times", self.checks.load(SeqCst));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The last request's head.
    pub fn head(&self) -> String {
        self.heads.lock().unwrap().last().cloned().unwrap()
    }
}

fn listen(at: SocketAddr, serve: impl Fn(TcpStream) + Send + 'static) {
    let listener = TcpListener::bind(at).unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
}

/// A request as a target got it.
pub struct Asked {
    pub head: String,
    pub body: Vec<u8>,
    pub at: Ipv4Addr,
}

impl Asked {
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

/// A target's end of a connection.
pub struct Connection {
    pub client: Client,
    at: Ipv4Addr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Connection {
    /// The next request's head alone.
    pub fn head(&mut self) -> Option<String> {
        let head = self.client.head()?;
        self.heads.lock().unwrap().push(head.clone());
        Some(head)
    }

    pub fn request(&mut self) -> Option<Asked> {
        let head = self.head()?;
        let body = self.client.body(&head, false)?;
        Some(Asked { head, body, at: self.at })
    }

    pub fn send(&mut self, bytes: &[u8]) {
        // Who does not want it has gone.
        let _ = secured::write(&mut self.client, bytes);
    }
}
