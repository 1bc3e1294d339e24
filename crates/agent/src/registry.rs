//! Pulls reach the region's mirror over its socket. The address a name has in the world is its first part there.

use crate::{
    Config,
    client::{self, Client},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use images::{
    chunks::Chunks,
    pull::{Method, Request, Response, Transport},
};
use std::{io, time::Duration};
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
        let (mut incoming, runtime) = (answer.into_body(), self.runtime.clone());
        let body = Chunks::new(move || {
            let frame = runtime.block_on(async { tokio::time::timeout(SILENCE, incoming.frame()).await });
            let frame = frame.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.transpose();
            Ok(frame.map_err(io::Error::other)?.map(|frame| frame.into_data().unwrap_or_default()))
        });
        Ok(Response { status, headers, body: Box::new(body) })
    }
}
