//! What a host is told: the whole of it, every time.

use crate::{
    State,
    controllers::{gateways, load_balancers},
    ec2,
    ecs::{Insights, arn, insights, services::connect},
    elb, route53, servicediscovery,
    state::{Interface, Status, Task},
};
use aws::api::ecs::Tag;
use spec::{Desired, HostId, HostSpec, Revision, TaskMetadata, TaskSpec};

/// What a host should be, as of this state. One that was given up, or was never heard of, should be nothing.
///
/// A task that should stop stays until its containers' ends are known, so that they can be reported; then it is withdrawn.
pub fn host_spec(state: &State, host: &HostId) -> HostSpec {
    let mut spec = HostSpec { revision: state.revision, ..HostSpec::default() };
    if state.hosts.get(host).is_none_or(|host| host.lost.is_some()) {
        return spec;
    }
    spec.authority = state.region.authority.clone();
    spec.topology = ec2::topology(state).into();
    spec.zones = route53::zones(state).into();
    spec.balancing = elb::balancing(state).into();
    for task in state.tasks.iter().filter(|task| task.is_on(host) && task.status < Status::Deprovisioning) {
        let Some(interface) = &task.attachment.interface else { continue };
        spec.tasks.insert(task.id.clone(), task_spec(state, task, interface));
    }
    let connected = spec.tasks.values().filter_map(|task| task.connect.as_ref());
    spec.endpoints = connect::endpoints(state, connected).into();
    spec
}

/// The revision a host must have observed before everything that waits for it can go on. Until it has, it is to be told its
/// spec at once, also when that is the same as before but for the revision.
pub fn must_observe(state: &State, host: &HostId) -> Revision {
    let lost = state.hosts.get(host).and_then(|host| host.lost);
    let tasks = state.tasks.iter().filter(|task| task.is_on(host)).filter_map(|task| task.withdrawn.or(task.stopping));
    // What names a task is everywhere, wherever the task is.
    let names = state.tasks.iter().filter_map(|task| task.standing.unnamed);
    let names = names.chain([servicediscovery::awaited(state), route53::awaited(state)]);
    tasks.chain(lost).chain(names).max().unwrap_or(0).max(gateways::awaited(state)).max(load_balancers::awaited(state))
}

fn task_spec(state: &State, task: &Task, interface: &Interface) -> TaskSpec {
    let launch = &task.launch;
    TaskSpec {
        arn: arn::task(&state.region, &task.cluster, &task.id),
        desired: match task.status {
            Status::Deactivating => Desired::Running,
            _ => task.desired,
        },
        vpc: interface.vpc.clone(),
        interface: interface.id.clone(),
        hostname: hostname(interface),
        cpu: launch.cpu,
        memory: u64::from(launch.memory) << 20,
        ephemeral_storage: u64::from(launch.ephemeral_storage) << 30,
        volumes: launch.volumes.clone(),
        shared_pid_namespace: launch.shared_pid_namespace,
        architecture: launch.architecture.clone(),
        containers: launch.containers.clone(),
        metadata: metadata(state, task),
        insights: insights(state, &task.cluster) != Insights::Disabled,
        connect: launch.connect.clone(),
    }
}

fn metadata(state: &State, task: &Task) -> TaskMetadata {
    let (region, launch) = (&state.region, &task.launch);
    let tag = |tag: &Tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()));
    TaskMetadata {
        cluster: arn::cluster(region, &task.cluster),
        family: launch.family.clone(),
        revision: launch.task_definition.rsplit(':').next().unwrap_or_default().to_owned(),
        zone: launch.zone.clone(),
        containers: task.containers.iter().map(|is| arn::container(region, &task.cluster, &task.id, &is.id)).collect(),
        tags: task.tags.iter().filter_map(tag).collect(),
        credentials: launch.credentials_id.clone(),
        plain_http: launch.plain_http,
    }
}

/// The name of the interface's address; where the VPC gives it none, its first label, which every address has.
fn hostname(interface: &Interface) -> String {
    let label = || format!("ip-{}", interface.private_ip.to_string().replace(['.', ':'], "-"));
    interface.private_dns_name.clone().unwrap_or_else(label)
}
