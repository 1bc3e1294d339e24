//! What the kernel has counted of a container: processor time, memory, disks, the task's network. Files are read and nothing is asked of
//! a shim, so nobody waits for anybody.

use crate::cgroup::Group;
use crate::sandbox::task_group;
use crate::shim::{TaskFile, load};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// Reads the counters of one task's containers.
#[derive(Debug)]
pub struct Meter(Group);

/// What was counted of a container since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Processor time.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Processes and threads now.
    pub pids: u64,
    /// Bytes read from and written to each disk.
    pub io_bytes: Vec<Io>,
    /// How often was read from and written to each disk.
    pub io_operations: Vec<Io>,
    /// What its task's interfaces carried, by their names. All containers of a task have the same.
    pub networks: BTreeMap<String, Network>,
}

/// Processor time, in nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cpu {
    /// In all.
    pub total: u64,
    /// Of the container's own code.
    pub user: u64,
    /// Of the kernel for it.
    pub kernel: u64,
    /// On each processor; empty where the kernel does not say.
    pub each: Vec<u64>,
    /// Periods in which a limit could have been hit.
    pub periods: u64,
    /// Periods in which one was.
    pub throttled_periods: u64,
    /// How long it was held back.
    pub throttled: u64,
}

/// Memory, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Now, the page cache included.
    pub usage: u64,
    /// The most there ever was; zero where the kernel does not say.
    pub max_usage: u64,
    /// What it may have; none without a limit of its own.
    pub limit: Option<u64>,
    /// The kernel's own figures by its own names (`memory.stat`).
    pub stat: BTreeMap<String, u64>,
}

/// A figure of a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Io {
    /// The device's major number.
    pub major: u64,
    /// The device's minor number.
    pub minor: u64,
    /// `Read` or `Write`; `Total` and others on cgroup v1.
    pub operation: String,
    /// How many.
    pub value: u64,
}

/// What an interface carried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of /proc/net/dev (proc_pid_net(5))")]
pub struct Network {
    pub rx_bytes: u64,
    pub rx_packets: u64,
    pub rx_errors: u64,
    pub rx_dropped: u64,
    pub tx_bytes: u64,
    pub tx_packets: u64,
    pub tx_errors: u64,
    pub tx_dropped: u64,
}

/// No limit, as cgroup v1 writes it, is far more than this.
const UNLIMITED: u64 = 1 << 60;

impl Meter {
    /// Of the task in `dir`; none when there is none.
    pub fn of(dir: &Path) -> Option<Self> {
        load::<TaskFile>(&dir.join("task.json")).map(|task| Self(task_group(&task)))
    }

    /// What was counted of a container; none of one that does not run.
    pub fn container(&self, name: &str) -> Option<Counters> {
        let group = self.0.child(name);
        let process = *group.pids().first()?;
        let (io_bytes, io_operations) = io(&group);
        Some(Counters {
            cpu: cpu(&group),
            memory: memory(&group),
            pids: pids(&group),
            io_bytes,
            io_operations,
            networks: fs::read_to_string(format!("/proc/{process}/net/dev"))
                .map(|text| networks(&text))
                .unwrap_or_default(),
        })
    }
}

/// Processor time of the whole machine in nanoseconds, and how many processors it has.
pub fn machine() -> (u64, usize) {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let columns = stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8);
    let ticks: u64 = columns.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    let cpu = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    (ticks * TICK, stat.lines().filter(cpu).count())
}

/// How far the machine's clock may be off, in microseconds, and whether something keeps it right.
///
/// # Errors
/// When the kernel does not say.
pub fn clock_error() -> io::Result<(i64, bool)> {
    crate::sys::clock_error()
}

/// Nanoseconds of a tick of user space's clock (`USER_HZ`, time(7)).
const TICK: u64 = 10_000_000;

fn cpu(group: &Group) -> Cpu {
    let stat = group.read("cpu", "cpu.stat", "cpu.stat").map(|text| keyed(&text)).unwrap_or_default();
    let get = |name: &str| stat.get(name).copied();
    let of = |v1: &str| group.read("cpuacct", v1, "").and_then(|text| text.trim().parse::<u64>().ok());
    let ticks = || group.read("cpuacct", "cpuacct.stat", "").map(|text| keyed(&text)).unwrap_or_default();
    let throttled = get("throttled_time").or(get("throttled_usec").map(|micros| micros * 1000)).unwrap_or(0);
    let periods = (get("nr_periods").unwrap_or(0), get("nr_throttled").unwrap_or(0));
    let (total, user, kernel) = if group.is_unified() {
        let nanos = |name: &str| get(name).unwrap_or(0) * 1000;
        (nanos("usage_usec"), nanos("user_usec"), nanos("system_usec"))
    } else {
        let ticked = |name: &str| ticks().get(name).copied().unwrap_or(0) * TICK;
        let user = of("cpuacct.usage_user").unwrap_or_else(|| ticked("user"));
        let kernel = of("cpuacct.usage_sys").unwrap_or_else(|| ticked("system"));
        (of("cpuacct.usage").unwrap_or(0), user, kernel)
    };
    let each = if group.is_unified() { None } else { group.read("cpuacct", "cpuacct.usage_percpu", "") };
    let each = each.unwrap_or_default().split_whitespace().filter_map(|nanos| nanos.parse().ok()).collect();
    Cpu { total, user, kernel, each, periods: periods.0, throttled_periods: periods.1, throttled }
}

fn memory(group: &Group) -> Memory {
    let number = |v1: &str, v2: &str| group.read("memory", v1, v2).and_then(|text| text.trim().parse::<u64>().ok());
    Memory {
        usage: group.memory_bytes(),
        max_usage: number("memory.max_usage_in_bytes", "memory.peak").unwrap_or(0),
        limit: number("memory.limit_in_bytes", "memory.max").filter(|limit| *limit < UNLIMITED),
        stat: group.read("memory", "memory.stat", "memory.stat").map(|text| keyed(&text)).unwrap_or_default(),
    }
}

fn pids(group: &Group) -> u64 {
    // Containers have no group of the v1 hierarchy of pids; every thread is listed in the others.
    let text = group.read("memory", "tasks", "pids.current").unwrap_or_default();
    let unified = group.is_unified().then(|| text.trim().parse().ok()).flatten();
    unified.unwrap_or_else(|| text.lines().count() as u64)
}

fn io(group: &Group) -> (Vec<Io>, Vec<Io>) {
    if group.is_unified() {
        let text = group.read("io", "", "io.stat").unwrap_or_default();
        return (unified_io(&text, ["rbytes", "wbytes"]), unified_io(&text, ["rios", "wios"]));
    }
    let read = |name: &str| group.read("blkio", name, "").map(|text| v1_io(&text)).unwrap_or_default();
    (read("blkio.throttle.io_service_bytes"), read("blkio.throttle.io_serviced"))
}

/// Lines such as `8:0 Read 4096`.
fn v1_io(text: &str) -> Vec<Io> {
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let (major, minor) = words.next()?.split_once(':')?;
        let (operation, value) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        Some(Io { major: major.parse().ok()?, minor: minor.parse().ok()?, operation, value })
    };
    text.lines().filter_map(line).collect()
}

/// Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 wios=0`.
fn unified_io(text: &str, [read, write]: [&str; 2]) -> Vec<Io> {
    let mut all = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let device = words.next().and_then(|device| device.split_once(':'));
        let device = device.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        let Some((major, minor)) = device else { continue };
        let figures: BTreeMap<&str, &str> = words.filter_map(|word| word.split_once('=')).collect();
        for (key, operation) in [(read, "Read"), (write, "Write")] {
            let Some(value) = figures.get(key).and_then(|value| value.parse().ok()) else { continue };
            all.push(Io { major, minor, operation: operation.to_owned(), value });
        }
    }
    all
}

fn networks(text: &str) -> BTreeMap<String, Network> {
    let line = |line: &str| {
        let (name, figures) = line.split_once(':')?;
        let figures: Vec<u64> = figures.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
        let of = |column: usize| figures.get(column).copied();
        let network = Network {
            rx_bytes: of(0)?,
            rx_packets: of(1)?,
            rx_errors: of(2)?,
            rx_dropped: of(3)?,
            tx_bytes: of(8)?,
            tx_packets: of(9)?,
            tx_errors: of(10)?,
            tx_dropped: of(11)?,
        };
        Some((name.trim().to_owned(), network)).filter(|(name, _)| name != "lo")
    };
    text.lines().filter_map(line).collect()
}

fn keyed(text: &str) -> BTreeMap<String, u64> {
    let line = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_read_from_either_kind_of_file() {
        let read = Io { major: 8, minor: 16, operation: "Read".to_owned(), value: 4096 };
        let write = Io { operation: "Write".to_owned(), value: 12, ..read.clone() };
        assert_eq!(v1_io("8:16 Read 4096\n8:16 Write 12\nTotal 4108\n"), [read.clone(), write.clone()]);
        let text = "8:16 rbytes=4096 wbytes=12 rios=1 wios=2 dbytes=0 dios=0\n";
        assert_eq!(unified_io(text, ["rbytes", "wbytes"]), [read, write]);
    }

    #[test]
    fn interfaces_are_read_but_for_loopback() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
                    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n\
                    \x20   lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0:    100       2    3    4    0     0          0         0      500       6    7    8    0     0       0          0\n";
        let eth0 = Network {
            rx_bytes: 100,
            rx_packets: 2,
            rx_errors: 3,
            rx_dropped: 4,
            tx_bytes: 500,
            tx_packets: 6,
            tx_errors: 7,
            tx_dropped: 8,
        };
        assert_eq!(networks(text), [("eth0".to_owned(), eth0)].into());
    }
}
