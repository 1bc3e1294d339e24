//! How long a host may run tasks without hearing from the server, and which of the server's words count.

use spec::{HostSpec, Millis, TaskSpec};

/// A host's lease, by a clock that is never set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// The server has not answered this agent yet: what runs may go on, nothing is begun or removed.
    Unknown,
    /// Until then, unless the server answers again.
    Until(Millis),
    /// It is over: everything must stop, for soon its addresses will be others'.
    Over,
}

impl Lease {
    /// After an answer to a call that was sent at `sent`: the server counts from when it heard the call, which was later.
    pub fn heard(self, sent: Millis, lease: Millis) -> Self {
        match self {
            Self::Until(known) => Self::Until(known.max(sent + lease)),
            Self::Unknown | Self::Over => Self::Until(sent + lease),
        }
    }

    /// Whether it has run out.
    pub fn is_over(self, now: Millis) -> bool {
        match self {
            Self::Unknown => false,
            Self::Until(until) => now >= until,
            Self::Over => true,
        }
    }
}

/// Whether what the server says now counts: a late answer must not bring back what was withdrawn.
pub fn accepts(known: &HostSpec, told: &HostSpec) -> bool {
    told.revision >= known.revision
}

/// The same task, to be stopped without waiting.
pub fn at_once(spec: &TaskSpec) -> TaskSpec {
    let mut spec = TaskSpec { desired: spec::Desired::Stopped, ..spec.clone() };
    spec.containers.iter_mut().for_each(|container| container.stop_timeout = 0);
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_runs_from_when_the_call_was_sent_and_comes_back() {
        let lease = Lease::Unknown.heard(100, 50);
        assert_eq!((lease.is_over(149), lease.is_over(150)), (false, true));
        assert_eq!(lease.heard(90, 50), lease, "an older call that is answered late takes nothing away");
        assert_eq!(Lease::Over.heard(200, 50), Lease::Until(250));
        assert!(!Lease::Unknown.is_over(Millis::MAX));
    }
}
