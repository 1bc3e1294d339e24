//! Control groups: limits, accounting and finding processes, on v1 (hybrid) and v2 alike.
//!
//! A task's group is `<parent>/<task>`, a container's `<parent>/<task>/<container>`; shims live in `<parent>/shims`, apart from
//! their tasks, so that a task's limits never hit its shim. Absent: the freezer, device rules (see `rootfs::dev`).

mod detect;
mod group;
mod v1;
mod v2;

pub use detect::Layout;
pub use group::Group;

use serde::{Deserialize, Serialize};

/// Limits of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Hard CPU limit in CPU units (1024 is one CPU); 0 is none.
    pub cpu_quota: u32,
    /// Relative share of CPU; none leaves the kernel's default.
    pub cpu_shares: Option<u32>,
    /// Hard memory limit in bytes.
    pub memory: Option<u64>,
    /// Memory in bytes that is kept when memory is short.
    pub memory_reservation: Option<u64>,
    /// Most processes and threads.
    pub pids: Option<u32>,
}

/// The period over which a CPU limit is counted, in microseconds, as Docker sets it.
const PERIOD_US: u64 = 100_000;

impl Limits {
    /// Microseconds of CPU time in each period; the kernel takes no less than 1000.
    fn quota_us(&self) -> Option<u64> {
        (self.cpu_quota > 0).then(|| (u64::from(self.cpu_quota) * PERIOD_US / 1024).max(1000))
    }

    /// Shares as Linux takes them: 2 to 262144 ("CpuShares", Docker Engine API).
    fn shares(&self) -> Option<u64> {
        self.cpu_shares.map(|shares| u64::from(shares).clamp(2, 262_144))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_cpu_is_a_quarter_of_each_period() {
        assert_eq!(Limits { cpu_quota: 256, ..Limits::default() }.quota_us(), Some(25_000));
        assert_eq!(Limits::default().quota_us(), None);
    }

    #[test]
    fn no_share_is_linux_least_share() {
        assert_eq!(Limits { cpu_shares: Some(0), ..Limits::default() }.shares(), Some(2));
    }
}
