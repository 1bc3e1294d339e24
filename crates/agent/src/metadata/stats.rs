//! What containers use, in the words of Docker ("ContainerStats", Docker Engine API), with rates of the network beside.
//!
//! Rates need two readings: the one before is kept, and where there is none fresh enough a request waits a second for the other.

use super::describe::moment;
use containers::{Counters, counters::Io};
use serde_json::{Map, Value, json};
use spec::Millis;
use std::time::Duration;

/// How long two readings are apart at least, and at most.
pub(super) const APART: Duration = Duration::from_secs(1);
pub(super) const STALE: Duration = Duration::from_secs(60);

/// The counters of a container at some time.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// When.
    pub(super) at: Millis,
    /// The machine's processor time, and its processors.
    pub(super) machine: (u64, usize),
    /// What was counted.
    pub(super) counters: Counters,
}

/// What a container uses. `memory` is what its task may have.
pub(super) fn container(id: &str, name: &str, memory: u64, before: &Reading, now: &Reading, rates: bool) -> Value {
    let is = &now.counters;
    let limit = is.memory.limit.map_or(memory, |limit| limit.min(memory));
    let networks: Map<String, Value> = is
        .networks
        .iter()
        .map(|(name, is)| {
            let figures = json!({
                "rx_bytes": is.rx_bytes, "rx_packets": is.rx_packets, "rx_errors": is.rx_errors, "rx_dropped": is.rx_dropped,
                "tx_bytes": is.tx_bytes, "tx_packets": is.tx_packets, "tx_errors": is.tx_errors, "tx_dropped": is.tx_dropped,
            });
            (name.clone(), figures)
        })
        .collect();
    let mut all = json!({
        "read": moment(now.at),
        "preread": moment(before.at),
        "pids_stats": { "current": is.pids },
        "blkio_stats": {
            "io_service_bytes_recursive": disks(&is.io_bytes),
            "io_serviced_recursive": disks(&is.io_operations),
            "io_queue_recursive": [], "io_service_time_recursive": [], "io_wait_time_recursive": [],
            "io_merged_recursive": [], "io_time_recursive": [], "sectors_recursive": [],
        },
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": cpu(now),
        "precpu_stats": cpu(before),
        "memory_stats": {
            "usage": is.memory.usage, "max_usage": is.memory.max_usage, "stats": is.memory.stat, "limit": limit,
        },
        "name": name,
        "id": id,
        "networks": networks,
    });
    if rates && let Value::Object(all) = &mut all {
        all.insert("network_rate_stats".to_owned(), rate(before, now));
    }
    all
}

fn cpu(reading: &Reading) -> Value {
    let cpu = &reading.counters.cpu;
    let mut usage = json!({
        "total_usage": cpu.total, "usage_in_kernelmode": cpu.kernel, "usage_in_usermode": cpu.user,
    });
    if let Value::Object(usage) = &mut usage
        && !cpu.each.is_empty()
    {
        usage.insert("percpu_usage".to_owned(), json!(cpu.each));
    }
    json!({
        "cpu_usage": usage,
        "system_cpu_usage": reading.machine.0,
        "online_cpus": reading.machine.1,
        "throttling_data": {
            "periods": cpu.periods, "throttled_periods": cpu.throttled_periods, "throttled_time": cpu.throttled,
        },
    })
}

fn disks(all: &[Io]) -> Vec<Value> {
    let one = |io: &Io| json!({ "major": io.major, "minor": io.minor, "op": io.operation, "value": io.value });
    all.iter().map(one).collect()
}

fn rate(before: &Reading, now: &Reading) -> Value {
    let seconds = (now.at - before.at).max(1) as f64 / 1000.0;
    let sum = |reading: &Reading, of: fn(&containers::counters::Network) -> u64| {
        reading.counters.networks.values().map(of).sum::<u64>()
    };
    let per_second = |of| sum(now, of).saturating_sub(sum(before, of)) as f64 / seconds;
    json!({
        "rx_bytes_per_sec": per_second(|network| network.rx_bytes),
        "tx_bytes_per_sec": per_second(|network| network.tx_bytes),
    })
}
