//! What one host's network should be: a pure function of the spec. Nothing is looked up, made or changed here.
//!
//! A namespace for the router of each VPC that has a task here and one for each task; between them a veth pair for each interface.
//! Every hop is routed: there is no bridge, so packets within a subnet meet the rules too, and there is no layer 2 to spoof.

mod combination;
mod namespace;
mod pattern;
pub(crate) mod policy;
mod router;
pub mod table;
mod task;
mod text;

pub use namespace::{Address, Namespace, Neighbour, Route, Target, Veth, VethEnd};

use crate::name::{Instance, LinkName, NamespaceName};
use spec::{HostSpec, TaskId, TaskSpec};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};
use vpc::{Interface, InterfaceId, Mac, Subnet, Vpc, VpcId};

/// The MTU inside a VPC: jumbo frames ("Network maximum transmission unit (MTU) for your EC2 instance", Amazon EC2 User Guide).
pub const MTU: u32 = 9001;

/// The hardware address of every router end. Each veth pair is a layer 2 of its own, so one is enough, and a task's neighbour
/// entry for its gateway never changes.
pub const ROUTER_MAC: Mac = Mac([0x0a, 0, 0, 0, 0, 1]);

/// Everything an instance has on this machine. A copy shares its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose it is.
    pub instance: Instance,
    /// Its namespaces.
    pub namespaces: BTreeMap<NamespaceName, Arc<Namespace>>,
    /// Its veth pairs by their router end.
    pub veths: BTreeMap<(NamespaceName, LinkName), Arc<Veth>>,
    /// The tasks that can't be given a network, and why.
    pub impossible: BTreeMap<TaskId, String>,
}

/// One task with its interface, everything found.
struct Attachment<'a> {
    task: &'a TaskId,
    id: &'a InterfaceId,
    interface: &'a Interface,
    subnet: &'a Subnet,
    link: LinkName,
}

/// The network that a spec asks for.
pub fn plan(instance: &Instance, spec: &HostSpec) -> Plan {
    let mut plan = Plan {
        instance: instance.clone(),
        namespaces: BTreeMap::new(),
        veths: BTreeMap::new(),
        impossible: BTreeMap::new(),
    };
    let mut by_vpc: BTreeMap<&VpcId, Vec<(&TaskId, &TaskSpec)>> = BTreeMap::new();
    for (id, task) in &spec.tasks {
        by_vpc.entry(&task.vpc).or_default().push((id, task));
    }
    for (id, tasks) in by_vpc {
        match spec.topology.vpcs.get(id) {
            Some(vpc) => plan.add_vpc(id, vpc, &tasks),
            None => plan
                .impossible
                .extend(tasks.iter().map(|(task, _)| ((*task).clone(), format!("{id} is not in the spec")))),
        }
    }
    plan
}

impl Plan {
    fn add_vpc(&mut self, id: &VpcId, vpc: &Vpc, tasks: &[(&TaskId, &TaskSpec)]) {
        let attachments = attachments(vpc, tasks, &mut self.impossible);
        if attachments.is_empty() {
            return;
        }
        let router_name = self.instance.router(id);
        for at in &attachments {
            let task_name = self.instance.task(at.task);
            let router_end = VethEnd { namespace: router_name.clone(), link: at.link.clone(), mac: ROUTER_MAC };
            let task_end = VethEnd { namespace: task_name.clone(), link: LinkName::eth0(), mac: at.interface.mac };
            self.veths.insert(
                (router_name.clone(), at.link.clone()),
                Arc::new(Veth { router: router_end, task: task_end, mtu: MTU }),
            );
            self.namespaces.insert(task_name, Arc::new(task::namespace(at)));
        }
        self.namespaces.insert(router_name, Arc::new(router::namespace(vpc, &attachments)));
    }
}

/// The tasks whose interface is there and usable, in order of interfaces, each with a link name of its own.
fn attachments<'a>(
    vpc: &'a Vpc,
    tasks: &[(&'a TaskId, &'a TaskSpec)],
    impossible: &mut BTreeMap<TaskId, String>,
) -> Vec<Attachment<'a>> {
    let mut found = BTreeMap::new();
    for (task, spec) in tasks {
        match attachment(vpc, task, &spec.interface) {
            Ok(attachment) if !found.contains_key(&spec.interface) => {
                found.insert(&spec.interface, attachment);
            }
            Ok(_) => {
                impossible.insert((*task).clone(), format!("{} is another task's", spec.interface));
            }
            Err(why) => {
                impossible.insert((*task).clone(), why);
            }
        }
    }
    let mut taken = HashSet::new();
    for (id, attachment) in &mut found {
        let mut attempt = 0;
        while !taken.insert(attachment.link.clone()) {
            attempt += 1;
            attachment.link = LinkName::of_interface(id, attempt);
        }
    }
    found.into_values().collect()
}

fn attachment<'a>(vpc: &'a Vpc, task: &'a TaskId, interface: &InterfaceId) -> Result<Attachment<'a>, String> {
    let Some((id, interface)) = vpc.interfaces.get_key_value(interface) else {
        return Err(format!("{interface} is not in its VPC"));
    };
    let Some(subnet) = vpc.subnets.get(&interface.subnet) else {
        return Err(format!("{} of {id} is not in its VPC", interface.subnet));
    };
    if interface.private_ip.is_ipv6() {
        return Err(format!("{id} has the IPv6 address {}, and only IPv4 is supported", interface.private_ip));
    }
    if !subnet.cidr.contains(&interface.private_ip) {
        return Err(format!("{} of {id} is outside {} of its subnet", interface.private_ip, subnet.cidr));
    }
    Ok(Attachment { task, id, interface, subnet, link: LinkName::of_interface(id, 0) })
}
