//! Linux capabilities: which a container has, and giving up the others.

use crate::error::{StartError, Step};
use rustix::thread::{CapabilitySet, CapabilitySets};

/// Every capability by its bit ("capabilities(7)").
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// Docker's default set, which is what containers on Fargate have.
const DEFAULT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SYS_CHROOT",
    "MKNOD",
    "AUDIT_WRITE",
    "SETFCAP",
];

/// Capabilities as the kernel's bit mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// The default set with additions and removals, as "KernelCapabilities" in the Amazon ECS API Reference describes them:
    /// adding ALL leaves all but the dropped, dropping ALL leaves only the added; otherwise drops come first.
    pub fn from_lists(add: &[String], drop: &[String]) -> Result<Self, StartError> {
        let (added, dropped) = (mask(add)?, mask(drop)?);
        let all = (1 << NAMES.len()) - 1;
        Ok(Self(match (added == all, dropped == all) {
            (true, _) => all & !dropped,
            (false, true) => added,
            (false, false) => (default_mask() & !dropped) | added,
        }))
    }

    /// Whether the set has a capability, by name without `CAP_`.
    pub fn has(self, name: &str) -> bool {
        bit(name).is_some_and(|bit| self.0 & (1 << bit) != 0)
    }

    /// The names with `CAP_`, as OCI runtimes take them.
    pub fn names(self) -> Vec<String> {
        NAMES.iter().filter(|name| self.has(name)).map(|name| format!("CAP_{name}")).collect()
    }
}

fn default_mask() -> u64 {
    DEFAULT.iter().filter_map(|name| bit(name)).fold(0, |mask, bit| mask | (1 << bit))
}

fn bit(name: &str) -> Option<usize> {
    NAMES.iter().position(|have| *have == name)
}

fn mask(names: &[String]) -> Result<u64, StartError> {
    names.iter().try_fold(0, |mask, given| {
        let name = given.to_ascii_uppercase();
        match name.strip_prefix("CAP_").unwrap_or(&name) {
            "ALL" => Ok((1 << NAMES.len()) - 1),
            name => bit(name)
                .map(|bit| mask | (1 << bit))
                .ok_or_else(|| StartError::invalid(format!("unknown capability {given:?}"))),
        }
    })
}

/// Takes every other capability out of the bounding set, for good. Call it before the user is switched.
pub(super) fn bound(keep: Capabilities) -> Result<(), StartError> {
    for number in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << number);
        // Numbers the kernel does not know are refused: the end of its list.
        let Ok(present) = rustix::thread::capability_is_in_bounding_set(one) else { break };
        if present && keep.0 & one.bits() == 0 {
            rustix::thread::remove_capability_from_bounding_set(one)
                .start(|| format!("dropping capability {number}"))?;
        }
    }
    Ok(())
}

/// Sets the process's own sets. Root gets all it may have; any other user gets none, as an exec would leave it.
pub(super) fn set(keep: Capabilities, root: bool) -> Result<(), StartError> {
    let keep = if root { CapabilitySet::from_bits_retain(keep.0) } else { CapabilitySet::empty() };
    let have = rustix::thread::capabilities(None).start(|| "reading capabilities".into())?;
    // What the host itself lacks can't be given.
    let kept = keep & have.permitted;
    let sets = CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    rustix::thread::clear_ambient_capability_set().start(|| "clearing ambient capabilities".into())?;
    rustix::thread::set_capabilities(None, sets).start(|| "setting capabilities".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(add: &[&str], drop: &[&str]) -> Capabilities {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Capabilities::from_lists(&own(add), &own(drop)).unwrap()
    }

    #[test]
    fn the_default_set_is_dockers() {
        assert_eq!(set(&[], &[]).0, 0xa80425fb);
    }

    #[test]
    fn all_minus_drop_and_none_plus_add() {
        assert!(!set(&["ALL"], &["MKNOD"]).has("MKNOD"));
        assert!(set(&["ALL"], &["MKNOD"]).has("SYS_ADMIN"));
        assert_eq!(set(&["SYS_PTRACE"], &["ALL"]).names(), ["CAP_SYS_PTRACE"]);
        assert!(set(&["CAP_net_raw"], &["NET_RAW"]).has("NET_RAW"));
    }

    #[test]
    fn an_unknown_name_is_refused() {
        assert!(Capabilities::from_lists(&["FLY".into()], &[]).is_err());
    }
}
