//! What an HTTPS or TLS listener needs: its certificates and what may be negotiated.

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
    /// Of these certificates, the default one first, and of these protocols to be agreed on over ALPN, the best first.
    ///
    /// # Errors
    /// When there is none, or no such policy.
    pub(crate) fn new(policy: &str, held: &[Held], tickets: &Tickets, alpn: &[&str]) -> Result<Self, String> {
        let (provider, versions) = policy::of(policy)?;
        let choice = Choice::new(held).ok_or_else(|| "it has no certificate yet".to_owned())?;
        let builder = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(choice));
        config.ignore_client_order = true;
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config.ticketer = Arc::clone(&tickets.0);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        // One is enough for clients that keep their connections.
        config.send_tls13_tickets = 1;
        Ok(Self(Arc::new(config)))
    }

    /// What a client is greeted with that speaks these protocols over ALPN: one that speaks none of them is greeted without, as it would
    /// be refused otherwise.
    pub(crate) fn for_client<'a>(&self, mut spoken: impl Iterator<Item = &'a [u8]>) -> Self {
        let offered = &self.0.alpn_protocols;
        if spoken.any(|protocol| offered.iter().any(|of| of == protocol)) {
            return self.clone();
        }
        let mut config = (*self.0).clone();
        config.alpn_protocols.clear();
        Self(Arc::new(config))
    }
}
