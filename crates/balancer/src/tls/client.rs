//! TLS to targets, whose certificates are not looked at ("Target groups for your Application Load Balancers": the load balancer does not
//! validate them), so that it hides and does not prove.

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use spec::balancing::ProtocolVersion;
use std::sync::{Arc, OnceLock};

/// What all connections to targets over TLS have in common that get requests. Over ALPN, targets that are to speak HTTP/2 are told so.
pub(crate) fn target_config(version: ProtocolVersion) -> Result<Arc<ClientConfig>, Error> {
    target_config_for((version != ProtocolVersion::Http1).then_some(b"h2"))
}

/// What all connections to targets over TLS have in common on which this is to be spoken. They are resumed where targets let them.
pub(crate) fn target_config_for(alpn: Option<&[u8]>) -> Result<Arc<ClientConfig>, Error> {
    static CONFIGS: [OnceLock<Arc<ClientConfig>>; 4] = [const { OnceLock::new() }; 4];
    let [none, two, one, eldest] = &CONFIGS;
    let held = match alpn {
        Some(b"h2") => two,
        Some(b"http/1.1") => one,
        Some(b"http/1.0") => eldest,
        _ => none,
    };
    if let Some(config) = held.get() {
        return Ok(Arc::clone(config));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let mut config = builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody)).with_no_client_auth();
    config.enable_sni = false;
    config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
    Ok(Arc::clone(held.get_or_init(|| Arc::new(config))))
}

/// Takes every certificate.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
