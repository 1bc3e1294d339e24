//! Pulls reach the region's mirror over its socket. The address a name has in the world is its first part there.

use crate::{
    Config,
    client::{self, Client},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use images::pull::{Method, Request, Response, Transport};
use std::{
    io::{self, Read},
    time::Duration,
};
use tokio::runtime::Handle;

/// A registry that is silent for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// The mirror as a registry.
pub(crate) struct Registry {
    client: Client,
    runtime: Handle,
}

impl Registry {
    /// Reaches the mirror of the server this agent belongs to.
    pub(crate) fn new(config: &Config) -> Self {
        Self { client: Client::new(&config.socket), runtime: config.runtime_handle.clone() }
    }
}

impl Transport for Registry {
    fn send(&self, request: &Request) -> io::Result<Response> {
        let method = match request.method {
            Method::Head => http::Method::HEAD,
            Method::Get => http::Method::GET,
        };
        let (accept, range) = (request.accept.join(", "), request.from.map(|from| format!("bytes={from}-")));
        let mut headers = vec![("accept", accept.as_str())];
        headers.extend(range.as_deref().map(|range| ("range", range)));
        let path = request.mirror_path();
        let call = self.client.send(method, &path, &headers, client::bytes(Bytes::new()));
        let answer = self.runtime.block_on(async { tokio::time::timeout(SILENCE, call).await });
        let answer = answer.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map_err(io::Error::other)?;
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = answer.status().as_u16();
        let body = Body { incoming: answer.into_body(), rest: Bytes::new(), runtime: self.runtime.clone() };
        Ok(Response { status, headers, body: Box::new(body) })
    }
}

/// An answer's body, read as it comes.
struct Body {
    incoming: Incoming,
    rest: Bytes,
    runtime: Handle,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            let incoming = &mut self.incoming;
            let frame = self.runtime.block_on(async { tokio::time::timeout(SILENCE, incoming.frame()).await });
            match frame.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? {
                None => return Ok(0),
                Some(frame) => self.rest = frame.map_err(io::Error::other)?.into_data().unwrap_or_default(),
            }
        }
        let count = buffer.len().min(self.rest.len());
        let taken = self.rest.split_to(count);
        buffer[..count].copy_from_slice(&taken);
        Ok(count)
    }
}
