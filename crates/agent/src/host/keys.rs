//! Certificates of listeners with their private keys. The server has them, the balancer needs them, and in between they are in memory
//! alone: no spec has them, and no file.

use crate::client::{self, Client};
use balancer::Snapshot;
use spec::{
    CertificatesRequest,
    balancing::{Certificate, CertificateName},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::time::timeout;

/// How long the server may take. Meanwhile the balancer is told nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gets certificates, and keeps those that are wanted.
pub(super) struct Keys {
    server: Client,
    held: BTreeMap<String, Arc<Certificate>>,
    complained: String,
}

impl Keys {
    /// Of the server whose socket that is.
    pub(super) fn new(socket: &Path) -> Self {
        Self { server: Client::new(socket), held: BTreeMap::new(), complained: String::new() }
    }

    /// Gets what of a snapshot's certificates is not there yet, as far as the server gives it; answers the versions of what there is then.
    pub(super) async fn get(&mut self, snapshot: &Snapshot) -> BTreeMap<String, u64> {
        let wanted = wanted(snapshot);
        self.held.retain(|arn, _| wanted.iter().any(|name| name.arn == *arn));
        let is_missing = |name: &&&CertificateName| self.held.get(&name.arn).is_none_or(|of| of.version < name.version);
        let arns: Vec<String> = wanted.iter().filter(is_missing).map(|name| name.arn.clone()).collect();
        if !arns.is_empty() {
            let failed = match timeout(PATIENCE, self.fetch(arns)).await {
                Ok(Ok(came)) => {
                    self.held.extend(came);
                    String::new()
                }
                Ok(Err(why)) => why,
                Err(_) => "the server does not answer".to_owned(),
            };
            if failed != self.complained && !failed.is_empty() {
                crate::complain(format_args!("getting the certificates of load balancers: {failed}; trying again"));
            }
            self.complained = failed;
        }
        self.held.iter().map(|(arn, of)| (arn.clone(), of.version)).collect()
    }

    /// What there is.
    pub(super) fn held(&self) -> BTreeMap<String, Arc<Certificate>> {
        self.held.clone()
    }

    async fn fetch(&self, arns: Vec<String>) -> Result<BTreeMap<String, Arc<Certificate>>, String> {
        let body = serde_json::to_vec(&CertificatesRequest { arns }).map_err(|error| error.to_string())?;
        let answer = self.server.call(http::Method::POST, "/_neargate/certificates", &[], client::bytes(body)).await;
        serde_json::from_slice(&answer.map_err(|error| error.to_string())?).map_err(|error| error.to_string())
    }
}

/// The certificates that listeners of a snapshot name.
fn wanted(snapshot: &Snapshot) -> BTreeSet<&CertificateName> {
    let listeners = snapshot.balancing.load_balancers.values().flat_map(|balancer| balancer.listeners.values());
    listeners.filter_map(|listener| listener.tls.as_ref()).flat_map(|tls| &tls.certificates).collect()
}
