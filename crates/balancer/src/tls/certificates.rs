//! Certificates with their keys, and which of them a client gets to see.

use rustls::{
    SignatureAlgorithm,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use spec::balancing::{Certificate, CertificateName};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// A certificate, ready for use.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub version: u64,
    arn: Arc<str>,
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

impl Held {
    /// Reads it.
    ///
    /// # Errors
    /// When it is no certificate, or its key is of a kind that is not known.
    fn new(arn: &str, of: &Certificate) -> Result<Self, String> {
        let chain = CertificateDer::pem_slice_iter(of.chain.as_bytes()).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::from_pem_slice(of.key.as_bytes()).map_err(|error| error.to_string())?;
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|error| error.to_string())?;
        let key = Arc::new(CertifiedKey::new(chain, key));
        Ok(Self { version: of.version, arn: arn.into(), names: of.names.clone(), key })
    }
}

/// All certificates that listeners use, by their ARNs. One stays as it was until another version of it has come.
#[derive(Debug, Default)]
pub(crate) struct Certificates(BTreeMap<String, Held>);

impl Certificates {
    /// Takes in what came; answers what of it can't be used.
    pub(crate) fn learn(&mut self, came: &BTreeMap<String, Arc<Certificate>>) -> BTreeMap<String, String> {
        let mut bad = BTreeMap::new();
        for (arn, certificate) in came {
            if self.0.get(arn).is_none_or(|held| held.version < certificate.version) {
                match Held::new(arn, certificate) {
                    Ok(held) => drop(self.0.insert(arn.clone(), held)),
                    Err(why) => drop(bad.insert(arn.clone(), why)),
                }
            }
        }
        bad
    }

    /// Forgets all but these.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|arn, _| wanted(arn));
    }

    /// What there is of these certificates, and what is missing.
    pub(crate) fn find(&self, names: &[CertificateName]) -> (Vec<Held>, Option<String>) {
        let held = names.iter().filter_map(|name| self.0.get(&name.arn).cloned()).collect();
        let is_missing = |name: &&CertificateName| self.0.get(&name.arn).is_none_or(|held| held.version < name.version);
        (held, names.iter().find(is_missing).map(|name| format!("the key of {} has not come yet", name.arn)))
    }
}

/// The certificates of a listener by the names they are for ("SNI", Application Load Balancers guide).
#[derive(Debug)]
pub(crate) struct Choice {
    default: Shown,
    /// By the whole name.
    exact: HashMap<String, Vec<Shown>>,
    /// By what comes after `*.`.
    wildcard: HashMap<String, Vec<Shown>>,
}

/// A certificate with its ARN.
type Shown = (Arc<CertifiedKey>, Arc<str>);

thread_local! {
    static CHOSEN: RefCell<Option<Chosen>> = const { RefCell::new(None) };
}

/// The ARN of a certificate that was chosen, and the name it was chosen by.
pub(crate) type Chosen = (Arc<str>, Option<Arc<str>>);

/// What was chosen on this thread since this was last asked.
pub(crate) fn chosen() -> Option<Chosen> {
    CHOSEN.take()
}

impl Choice {
    /// Of these, the first of which is the default one.
    pub(crate) fn new(held: &[Held]) -> Option<Self> {
        let first = held.first()?;
        let default = (Arc::clone(&first.key), Arc::clone(&first.arn));
        let mut choice = Self { default, exact: HashMap::new(), wildcard: HashMap::new() };
        for Held { names, key, arn, .. } in held {
            for name in names {
                let (of, name) = match name.strip_prefix("*.") {
                    Some(rest) => (&mut choice.wildcard, rest),
                    None => (&mut choice.exact, name.as_str()),
                };
                of.entry(name.to_owned()).or_default().push((Arc::clone(key), Arc::clone(arn)));
            }
        }
        // Signing with an elliptic curve costs less; otherwise the one that was there first.
        let is_rsa = |(key, _): &Shown| key.key.algorithm() == SignatureAlgorithm::RSA;
        choice.exact.values_mut().chain(choice.wildcard.values_mut()).for_each(|keys| keys.sort_by_key(is_rsa));
        Some(choice)
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let suits = |keys: &Vec<Shown>| {
            keys.iter().find(|(key, _)| key.key.choose_scheme(hello.signature_schemes()).is_some()).cloned()
        };
        let named = hello.server_name().and_then(|name| {
            let name = name.to_ascii_lowercase();
            let exact = self.exact.get(&name).and_then(suits);
            exact.or_else(|| self.wildcard.get(name.split_once('.')?.1).and_then(suits))
        });
        let domain = hello.server_name().filter(|_| named.is_some()).map(Arc::from);
        let (key, arn) = named.unwrap_or_else(|| self.default.clone());
        CHOSEN.set(Some((arn, domain)));
        Some(key)
    }
}
