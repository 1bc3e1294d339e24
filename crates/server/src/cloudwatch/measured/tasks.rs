//! Tasks' and services' ("Amazon ECS CloudWatch metrics"), and what Container Insights adds to them ("Amazon ECS Container Insights
//! metrics", "… with enhanced observability metrics", Amazon CloudWatch User Guide).

use super::{Data, ECS, INSIGHTS};
use aws::api::ecs::HealthStatus;
use control::State;
use control::ecs::{ClusterCount, Insights, ServiceCount, insights};
use control::state::Task;
use metrics::Distribution;
use spec::TaskId;
use spec::measured::{ContainerUsage, TaskUsage};

const MEBIBYTE: f64 = 1_048_576.0;
const GIBIBYTE: f64 = 1_073_741_824.0;
/// CPU units of a processor.
const PROCESSOR: f64 = 1_024.0;

/// A metric's name, unit and value.
type Figure = (&'static str, &'static str, f64);
/// Dimensions of a metric.
type Dimensions<'a> = Vec<(&'a str, &'a str)>;

impl Data {
    /// What a task uses.
    pub(super) fn task(&mut self, state: &State, id: &TaskId, usage: &TaskUsage) {
        let Some(task) = state.tasks.get(id) else { return };
        let service = task.launch.group.strip_prefix("service:");
        if let Some(service) = service {
            self.utilization(task, service, usage);
        }
        let insights = insights(state, &task.cluster);
        if insights == Insights::Disabled {
            return;
        }
        self.namespace = INSIGHTS;
        let cluster = ("ClusterName", task.cluster.as_str());
        let family = ("TaskDefinitionFamily", task.launch.family.as_str());
        let service = service.map(|service| ("ServiceName", service));
        // Who it is one of: the cluster's tasks, its family's, its service's.
        let mut those: Vec<Dimensions<'_>> = vec![vec![cluster], vec![cluster, family]];
        those.extend(service.map(|service| vec![cluster, service]));
        let figures = figures(task, usage);
        self.each(&figures, &those);
        if insights != Insights::Enhanced {
            return;
        }
        let own = ("TaskId", id.as_str());
        let itself: Vec<Dimensions<'_>> =
            those.iter().skip(1).map(|those| those.iter().copied().chain([own]).collect()).collect();
        self.each(&figures, &itself);
        let both: Vec<Dimensions<'_>> = those.iter().chain(&itself).cloned().collect();
        self.each(&task_utilization(task, usage), &both);
        for (name, used) in &usage.containers {
            let name_of = ("ContainerName", name.as_str());
            let named: Vec<Dimensions<'_>> =
                both.iter().map(|of| of.iter().copied().chain([name_of]).collect()).collect();
            self.each(&container(task, name, used, usage.time), &named);
        }
    }

    fn each(&mut self, figures: &[Figure], of: &[Dimensions<'_>]) {
        for dimensions in of {
            for (name, unit, value) in figures {
                self.add(name, unit, Distribution::of(*value, 1.0), dimensions);
            }
        }
    }

    /// How much of what a service's task has it uses, in per cent.
    fn utilization(&mut self, task: &Task, service: &str, usage: &TaskUsage) {
        self.namespace = ECS;
        let of = [("ClusterName", task.cluster.as_str()), ("ServiceName", service)];
        let cpu = processors(usage.cpu, usage.time) / f64::from(task.launch.cpu) * 100.0;
        let memory = usage.memory as f64 / (f64::from(task.launch.memory) * MEBIBYTE) * 100.0;
        for (name, value) in [("CPUUtilization", cpu), ("MemoryUtilization", memory)] {
            self.add(name, "Percent", Distribution::of(value, 1.0), &of);
            self.add(name, "Percent", Distribution::of(value, 1.0), &[("ClusterName", task.cluster.as_str())]);
        }
    }

    /// What is counted of a cluster.
    pub(super) fn cluster(&mut self, of: &ClusterCount) {
        let ClusterCount { cluster, tasks, services } = of;
        self.namespace = INSIGHTS;
        let name = ("ClusterName", cluster.as_str());
        let figures = [("TaskCount", "Count", *tasks as f64), ("ServiceCount", "Count", services.len() as f64)];
        self.each(&figures, &[vec![name]]);
        for ServiceCount { service, desired, running, pending, deployments } in services {
            let figures = [
                ("DesiredTaskCount", "Count", f64::from(*desired)),
                ("RunningTaskCount", "Count", *running as f64),
                ("PendingTaskCount", "Count", *pending as f64),
                ("DeploymentCount", "Count", *deployments as f64),
                // Only deployment controllers that are refused have any.
                ("TaskSetCount", "Count", 0.0),
            ];
            self.each(&figures, &[vec![name, ("ServiceName", service.as_str())]]);
        }
    }
}

/// CPU units of so much processor time, both in nanoseconds.
fn processors(cpu: u64, time: u64) -> f64 {
    cpu as f64 / time.max(1) as f64 * PROCESSOR
}

/// What a task uses of what it has.
fn figures(task: &Task, usage: &TaskUsage) -> Vec<Figure> {
    let seconds = usage.time.max(1) as f64 / 1e9;
    let sum = |of: fn(&ContainerUsage) -> u64| usage.containers.values().map(of).sum::<u64>() as f64;
    let mut figures = vec![
        ("CpuUtilized", "None", processors(usage.cpu, usage.time)),
        ("CpuReserved", "None", f64::from(task.launch.cpu)),
        ("MemoryUtilized", "Megabytes", usage.memory as f64 / MEBIBYTE),
        ("MemoryReserved", "Megabytes", f64::from(task.launch.memory)),
        ("NetworkRxBytes", "Bytes/Second", usage.received as f64 / seconds),
        ("NetworkTxBytes", "Bytes/Second", usage.sent as f64 / seconds),
        // Since the containers were started ("Container Insights performance log events for Amazon ECS").
        ("StorageReadBytes", "Bytes", sum(|of| of.read)),
        ("StorageWriteBytes", "Bytes", sum(|of| of.written)),
        ("EphemeralStorageReserved", "Gigabytes", f64::from(task.launch.ephemeral_storage)),
    ];
    figures.extend(usage.storage.map(|used| ("EphemeralStorageUtilized", "Gigabytes", used as f64 / GIBIBYTE)));
    figures
}

fn task_utilization(task: &Task, usage: &TaskUsage) -> Vec<Figure> {
    let cpu = processors(usage.cpu, usage.time) / f64::from(task.launch.cpu);
    let memory = usage.memory as f64 / MEBIBYTE / f64::from(task.launch.memory);
    let mut figures =
        vec![("TaskCpuUtilization", "Percent", cpu * 100.0), ("TaskMemoryUtilization", "Percent", memory * 100.0)];
    let storage = f64::from(task.launch.ephemeral_storage) * GIBIBYTE;
    let used = usage.storage.map(|used| used as f64 / storage * 100.0);
    figures.extend(used.map(|used| ("TaskEphemeralStorageUtilization", "Percent", used)));
    figures
}

/// What a container uses. What it has not reserved for itself it has of its task's. Absent: its network, which is its task's.
fn container(task: &Task, name: &str, usage: &ContainerUsage, time: u64) -> Vec<Figure> {
    let spec = task.launch.containers.iter().find(|container| container.name == name);
    let own_cpu = spec.map(|spec| spec.cpu).filter(|cpu| *cpu > 0);
    let cpu_reserved = f64::from(own_cpu.unwrap_or(task.launch.cpu));
    let own_memory = spec.and_then(|spec| spec.memory_reservation.or(spec.memory)).map(|bytes| bytes as f64 / MEBIBYTE);
    let memory_reserved = own_memory.unwrap_or(f64::from(task.launch.memory));
    let (cpu, memory) = (processors(usage.cpu, time), usage.memory as f64 / MEBIBYTE);
    let mut figures = vec![
        ("ContainerCpuUtilized", "None", cpu),
        ("ContainerCpuReserved", "None", cpu_reserved),
        ("ContainerCpuUtilization", "Percent", cpu / cpu_reserved * 100.0),
        ("ContainerMemoryUtilized", "Megabytes", memory),
        ("ContainerMemoryReserved", "Megabytes", memory_reserved),
        ("ContainerMemoryUtilization", "Percent", memory / memory_reserved * 100.0),
        ("ContainerStorageReadBytes", "Bytes", usage.read as f64),
        ("ContainerStorageWriteBytes", "Bytes", usage.written as f64),
    ];
    // The two lists have one order.
    let mut both = task.launch.containers.iter().zip(&task.containers);
    match both.find(|(spec, _)| spec.name == name).map(|(_, container)| &container.health) {
        Some(HealthStatus::Healthy) => figures.push(("UnHealthyContainerHealthStatus", "Count", 0.0)),
        Some(HealthStatus::Unhealthy) => figures.push(("UnHealthyContainerHealthStatus", "Count", 1.0)),
        // It has no health check, or that has not said anything yet.
        _ => {}
    }
    figures
}
