//! What security policies let be negotiated ("Security policies for your Application Load Balancer", Application Load Balancers guide): of
//! each what rustls has of it, which is TLS 1.2 with the ciphers that authenticate, and TLS 1.3.

use rustls::{
    CipherSuite, ProtocolVersion, SupportedCipherSuite, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    version::{TLS12, TLS13},
};

/// The versions of a policy and its ciphers, those first that it likes best.
///
/// # Errors
/// When there is no such policy.
pub(crate) fn of(name: &str) -> Result<(CryptoProvider, &'static [&'static SupportedProtocolVersion]), String> {
    use ring::cipher_suite::{
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS13_AES_128_GCM_SHA256,
        TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
    };
    const SUITES: [SupportedCipherSuite; 7] = [
        TLS13_AES_128_GCM_SHA256,
        TLS13_AES_256_GCM_SHA384,
        TLS13_CHACHA20_POLY1305_SHA256,
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ];
    static NEWEST: [&SupportedProtocolVersion; 1] = [&TLS13];
    static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
    static OLDER: [&SupportedProtocolVersion; 1] = [&TLS12];
    let versions: &[_] = match name.strip_prefix("ELBSecurityPolicy-") {
        Some("TLS13-1-3-2021-06") => &NEWEST,
        Some(newer) if newer.starts_with("TLS13-") => &BOTH,
        Some(_) => &OLDER,
        None => return Err(format!("there is no security policy {name}")),
    };
    // A suite of a version that is not offered must not be, either.
    let suites = SUITES.into_iter().filter(|suite| versions.iter().any(|version| suite.version() == *version));
    Ok((CryptoProvider { cipher_suites: suites.collect(), ..ring::default_provider() }, versions))
}

/// OpenSSL's name of a version.
pub(crate) fn version_name(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "-",
    }
}

/// OpenSSL's name of a cipher.
pub(crate) fn suite_name(suite: Option<SupportedCipherSuite>) -> &'static str {
    match suite.map(|suite| suite.suite()) {
        Some(CipherSuite::TLS13_AES_128_GCM_SHA256) => "TLS_AES_128_GCM_SHA256",
        Some(CipherSuite::TLS13_AES_256_GCM_SHA384) => "TLS_AES_256_GCM_SHA384",
        Some(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256) => "TLS_CHACHA20_POLY1305_SHA256",
        Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) => "ECDHE-ECDSA-AES128-GCM-SHA256",
        Some(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384) => "ECDHE-ECDSA-AES256-GCM-SHA384",
        Some(CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) => "ECDHE-RSA-AES128-GCM-SHA256",
        Some(CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) => "ECDHE-RSA-AES256-GCM-SHA384",
        _ => "-",
    }
}
