//! Names of what one neargate makes on a machine. Several run on one machine at once: everything bears its instance's prefix.

use crate::Error;
use spec::TaskId;
use std::{
    collections::HashSet,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use vpc::{EndpointId, InterfaceId, VpcId};

/// Where ip-netns(8) looks for namespaces too.
pub(crate) const NAMESPACES: &str = "/run/netns";

/// One neargate on this machine, known by the prefix of everything it makes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance(Arc<str>);

impl Instance {
    /// An instance by its prefix: one to sixteen lower-case letters and digits. No prefix can be the beginning of another
    /// instance's names, as a hyphen follows it.
    pub fn new(prefix: &str) -> Result<Self, Error> {
        let fits =
            (1..=16).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if fits { Ok(Self(prefix.into())) } else { Err(Error::bad_prefix(prefix)) }
    }

    /// The instance that a data directory belongs to: `ng` and eight hexadecimal digits drawn from its path. The path should be
    /// absolute and free of symbolic links, so that the same directory always gives the same instance.
    pub fn of(data_dir: &Path) -> Self {
        Self(format!("ng{:08x}", hash(data_dir.as_os_str().as_encoded_bytes()) as u32).into())
    }

    /// The prefix.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// The namespace of a VPC's router.
    pub fn router(&self, vpc: &VpcId) -> NamespaceName {
        NamespaceName(format!("{}-{vpc}", self.0).into())
    }

    /// The namespace of a task.
    pub fn task(&self, task: &TaskId) -> NamespaceName {
        NamespaceName(format!("{}-task-{task}", self.0).into())
    }

    /// The namespace of an interface that is no task's: a load balancer's, an interface endpoint's, a NAT gateway's, or one that a user
    /// made.
    pub fn interface(&self, interface: &InterfaceId) -> NamespaceName {
        NamespaceName(format!("{}-{interface}", self.0).into())
    }

    /// The namespace of a gateway endpoint.
    pub fn endpoint(&self, endpoint: &EndpointId) -> NamespaceName {
        NamespaceName(format!("{}-{endpoint}", self.0).into())
    }

    /// The namespace of the internet.
    pub fn internet(&self) -> NamespaceName {
        NamespaceName(format!("{}-internet", self.0).into())
    }

    /// Whether a name found on the machine is one of this instance's.
    pub(crate) fn owns(&self, name: &str) -> bool {
        name.strip_prefix(&*self.0).is_some_and(|rest| rest.starts_with('-'))
    }
}

/// The name of a network namespace, which is the name of its file in `/run/netns`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceName(pub(crate) Arc<str>);

impl NamespaceName {
    /// The file to open for setns(2).
    pub fn path(&self) -> PathBuf {
        Path::new(NAMESPACES).join(&*self.0)
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a link, at most 15 bytes (IFNAMSIZ counts the zero at the end).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkName(pub(crate) Arc<str>);

impl LinkName {
    /// The loopback.
    pub(crate) fn lo() -> Self {
        Self("lo".into())
    }

    /// The task's end of its interface, as in a container on Fargate.
    pub(crate) fn eth0() -> Self {
        Self("eth0".into())
    }

    /// A VPC router's link to the internet.
    pub(crate) fn igw() -> Self {
        Self("igw".into())
    }

    /// The internet's link to the agent, which is its way out.
    pub(crate) fn uplink() -> Self {
        Self("uplink".into())
    }

    /// A link that is somebody's: a letter for the kind and the first 14 digits of the id, so that a person finds one by the other.
    /// `attempt` 0 is that; the next ones are drawn from the whole id, for when another has the name already.
    pub(crate) fn of(kind: char, id: &str, attempt: u32) -> Self {
        let digits = id.rsplit_once('-').map_or(id, |(_, digits)| digits);
        let plain = digits.len() >= 14 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match digits.get(..14).filter(|_| plain && attempt == 0) {
            Some(digits) => Self(format!("{kind}{digits}").into()),
            None => Self(format!("x{:014x}", hash(format!("{attempt}{id}").as_bytes()) & 0xff_ffff_ffff_ffff).into()),
        }
    }

    /// The first such name that is not taken; taken from now on.
    pub(crate) fn unique(kind: char, id: &str, taken: &mut HashSet<Self>) -> Self {
        let mut attempt = 0;
        loop {
            let name = Self::of(kind, id, attempt);
            if taken.insert(name.clone()) {
                return name;
            }
            attempt += 1;
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// FNV-1a over 64 bits: the same everywhere and for ever, which the standard library's hashers don't promise. Names drawn from it
/// are checked for collisions; nothing is protected by it.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_never_begin_each_other() {
        let short = Instance::new("ng1").unwrap();
        assert!(short.owns("ng1-vpc-1"));
        assert!(!short.owns("ng1a-vpc-1"));
        for wrong in ["", "NG", "a-b", "a/b", "abcdefghijklmnopq"] {
            assert!(Instance::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn link_names_fit_the_kernel() {
        let real = LinkName::of('e', "eni-0123456789abcdef0", 0);
        assert_eq!(real.as_str(), "e0123456789abcd");
        for (id, attempt) in [("eni-0123456789abcdef0", 1), ("eni-1", 0), ("eni-äöüäöüäöüäöü", 0), ("", 0)]
        {
            assert_eq!(LinkName::of('e', id, attempt).as_str().len(), 15, "{id}");
        }
    }
}
