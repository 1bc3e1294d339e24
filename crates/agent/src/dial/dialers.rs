//! What makes connections for each task of a host.

use super::{Dialer, Patience, Trust};
use network::Instance;
use spec::{HostSpec, TaskId, TaskSpec};
use std::{
    io,
    sync::{Mutex, PoisonError},
};
use vpc::Vpc;

/// Makes dialers. Whom tasks trust is read once for all of them, so that a TLS session that one began is taken up by the next.
pub(crate) struct Dialers {
    instance: Instance,
    patience: Patience,
    /// Public authorities that are trusted beside the region's, in PEM.
    public: String,
    /// Of which authority of a region, in PEM.
    trust: Mutex<Option<(String, Trust)>>,
}

impl Dialers {
    /// For the tasks of an instance. Beside the region's they trust these authorities, in PEM.
    pub(crate) fn new(instance: Instance, patience: Patience, public: &str) -> Self {
        Self { instance, patience, public: public.to_owned(), trust: Mutex::default() }
    }

    /// What makes a task's connections for it, in the networks of a spec.
    ///
    /// # Errors
    /// When the certificate of the region's authority can't be read.
    pub(crate) fn of(&self, id: &TaskId, task: &TaskSpec, spec: &HostSpec) -> io::Result<Dialer> {
        Ok(Dialer {
            namespace: self.instance.task(id).path(),
            resolver: spec.topology.vpcs.get(&task.vpc).and_then(Vpc::resolver),
            trust: self.trust(&spec.authority)?,
            patience: self.patience,
        })
    }

    fn trust(&self, authority: &str) -> io::Result<Trust> {
        let mut known = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, trust)) = known.as_ref().filter(|(of, _)| of == authority) {
            return Ok(trust.clone());
        }
        let trust = Trust::new(authority, &self.public)?;
        *known = Some((authority.to_owned(), trust.clone()));
        Ok(trust)
    }
}
