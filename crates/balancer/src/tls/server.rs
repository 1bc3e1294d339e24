//! What an HTTPS listener needs: its certificates and what may be negotiated.

use super::{
    certificates::{Choice, Held},
    policy,
};
use rustls::{ServerConfig, crypto::ring::Ticketer, server::NoServerSessionStorage, server::ProducesTickets};
use std::sync::Arc;

/// What a listener's clients are greeted with.
#[derive(Debug, Clone)]
pub(crate) struct Front(pub Arc<ServerConfig>);

/// What makes the tickets of a listener, with which a client that comes again spares both the long handshake. Nobody else can open them.
#[derive(Debug, Clone)]
pub(crate) struct Tickets(Arc<dyn ProducesTickets>);

impl Tickets {
    pub(crate) fn new() -> Result<Self, String> {
        Ticketer::new().map(Self).map_err(|error| error.to_string())
    }
}

impl Front {
    /// Of these certificates, the default one first.
    ///
    /// # Errors
    /// When there is none, or no such policy.
    pub(crate) fn new(policy: &str, held: &[Held], tickets: &Tickets, http2: bool) -> Result<Self, String> {
        let (provider, versions) = policy::of(policy)?;
        let choice = Choice::new(held).ok_or_else(|| "it has no certificate yet".to_owned())?;
        let builder = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(choice));
        config.ignore_client_order = true;
        config.alpn_protocols = protocols(http2);
        config.ticketer = Arc::clone(&tickets.0);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // One is enough for clients that keep their connections.
        config.send_tls13_tickets = 1;
        Ok(Self(Arc::new(config)))
    }
}

/// What is offered over ALPN, the best first.
fn protocols(http2: bool) -> Vec<Vec<u8>> {
    let one = b"http/1.1".to_vec();
    if http2 { vec![b"h2".to_vec(), one] } else { vec![one] }
}
