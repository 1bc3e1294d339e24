//! TLS for what tasks connect to: AWS's services and public registries, by their own names. Certificates are signed when a name is first
//! asked for, by the region's own authority, which every task is given to trust. It issues what AWS Certificate Manager is asked for, too.
//!
//! Absent: HTTP/2, which no AWS SDK asks for, and clients' certificates.

mod authority;

use crate::Error;
use authority::Authority;
use control::acm::{Errand, Issued};
use control::state::Hidden;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_rustls::TlsAcceptor;

/// Certificates kept at once. Clients choose names, so there must be a bound.
const KEPT: usize = 512;
/// How long a certificate is used, well within its life.
const RENEWED: Duration = Duration::from_secs(30 * 24 * 3600);

/// Which names there are, beside AWS's.
pub(crate) type Knows = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// What turns a connection into one over TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    /// Takes connections.
    pub(crate) acceptor: TlsAcceptor,
    /// The authority's certificate, in PEM.
    pub(crate) authority: Arc<str>,
    issuer: Arc<Authority>,
}

impl Tls {
    /// With the authority of a data directory, for AWS's names and those that `knows` does.
    ///
    /// # Errors
    /// Those of the authority's files.
    pub(crate) fn open(data_dir: &Path, region: &str, knows: Knows) -> Result<Self, Error> {
        let authority = Authority::open(data_dir, region)?;
        let pem = authority.pem().into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| Error::new("preparing TLS").because(error))?;
        let issuer = Arc::new(authority);
        let certificates = Certificates { authority: issuer.clone(), knows, kept: Mutex::default() };
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::new(certificates));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority: pem, issuer })
    }

    /// Issues a certificate that a user has asked for, with a new key. It takes a processor for up to a second.
    ///
    /// # Errors
    /// When names or the kind of key are none that can be signed.
    pub(crate) fn issue(&self, errand: &Errand) -> Result<Issued, Error> {
        let (certificate, key) = self.issuer.issue(&errand.names, errand.key_algorithm)?;
        Ok(Issued { certificate, chain: self.authority.to_string(), key: Hidden(key) })
    }
}

/// A certificate for each name that was asked for.
struct Certificates {
    authority: Arc<Authority>,
    knows: Knows,
    kept: Mutex<HashMap<String, (Instant, Arc<CertifiedKey>)>>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name()?.to_ascii_lowercase();
        if !is_aws(&name) && !(self.knows)(&name) {
            return None;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, key)) = kept.get(&name).filter(|(since, _)| since.elapsed() < RENEWED) {
            return Some(key.clone());
        }
        let key = self.authority.certify(&name).inspect_err(|error| crate::complain(format_args!("{error}"))).ok()?;
        let key = Arc::new(key);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(name, (Instant::now(), key.clone()));
        Some(key)
    }
}

/// Whether a name is one of AWS's, whose services answer here.
fn is_aws(name: &str) -> bool {
    name.ends_with(".amazonaws.com")
}
