//! Who certifies whom: the region's own authority, and beside it those that the host trusts where tasks reach the internet.

use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use rustls_pki_types::pem::PemObject;
use std::{fmt, io, sync::Arc};

/// Whose certificates are believed.
#[derive(Clone)]
pub(crate) struct Trust(pub(super) Arc<ClientConfig>);

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

impl Trust {
    /// In authorities whose certificates are given in PEM: the region's, and the public ones, of which those that can't be read are left out.
    ///
    /// # Errors
    /// When one of the region's can't be read.
    pub(crate) fn new(authorities: &str, public: &str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
            roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
        }
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(public.as_bytes()).filter_map(Result::ok));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}
