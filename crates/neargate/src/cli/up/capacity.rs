//! What this machine has to give.

use crate::cli::Failure;
use images::platform::Platform;
use spec::Capacity;
use std::{fs, thread};

/// All its processors and memory: tasks share them with whatever else runs here, and are held to their own limits.
pub fn of_this_machine() -> Result<Capacity, Failure> {
    let processors =
        thread::available_parallelism().map_err(|error| Failure(format!("counting the processors: {error}")))?.get();
    let text =
        fs::read_to_string("/proc/meminfo").map_err(|error| Failure(format!("reading /proc/meminfo: {error}")))?;
    let memory = total(&text).ok_or_else(|| Failure("reading /proc/meminfo: it has no MemTotal".to_owned()))?;
    Ok(Capacity {
        cpu: u32::try_from(processors).unwrap_or(u32::MAX).saturating_mul(1024),
        memory,
        architecture: Platform::host().architecture,
    })
}

/// Bytes of memory by the text of a meminfo file (proc_meminfo(5)), which counts in kibibytes.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(total("MemTotal:        2048 kB\nMemFree:         1 kB\n"), Some(2 << 20));
        assert_eq!(total("MemTotal:        2 GB\n"), None);
        assert_eq!(total(""), None);
    }
}
