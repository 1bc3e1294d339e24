//! What one host's network should be: a pure function of the spec. Nothing is looked up, made or changed here.
//!
//! A namespace for the router of each VPC that has an interface here, one for whatever is behind each interface (a task, a load
//! balancer's node, a NAT gateway, an endpoint), one for the internet; between them veth pairs. Every hop is routed: there is no bridge, so packets within a
//! subnet meet the rules too, and there is no layer 2 to spoof.

mod combination;
mod connect;
pub(crate) mod flows;
mod internet;
mod leaf;
mod namespace;
pub(crate) mod nat;
mod neighbours;
mod pattern;
pub(crate) mod policy;
mod router;
pub(crate) mod stale;
pub mod table;
mod text;
pub(crate) mod uplink;

pub use namespace::{Address, MAIN, Namespace, Neighbour, Place, PolicyRule, Route, Target, Veth, VethEnd};

use crate::name::{Instance, LinkName, NamespaceName};
use neighbours::Around;
use spec::{HostSpec, TaskId, TaskSpec, balancing::BalancingStatus, connect::TaskConnect};
use std::{
    collections::{BTreeMap, HashSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};
use vpc::{Holder, Interface, InterfaceId, Mac, NatGateway, Subnet, Topology, Vpc, VpcId};

/// The MTU inside a VPC: jumbo frames ("Network maximum transmission unit (MTU) for your EC2 instance", Amazon EC2 User Guide).
pub const MTU: u32 = 9001;
/// The MTU at an internet gateway (the same page).
pub const INTERNET_MTU: u32 = 1500;
/// The MTU of NAT gateways and VPC endpoints ("NAT gateway basics", Amazon VPC User Guide; "VPC endpoint considerations").
pub const GATEWAY_MTU: u32 = 8500;

/// The hardware address of a router's end of a pair, but for the accepter's of a peering connection. Each veth pair is a layer 2 of
/// its own, so one is enough, and a task's neighbour entry for its gateway never changes.
pub const ROUTER_MAC: Mac = Mac([0x0a, 0, 0, 0, 0, 1]);
/// The hardware address of the other end of a pair that is no interface's.
pub const FAR_MAC: Mac = Mac([0x0a, 0, 0, 0, 0, 2]);
/// What stands for the other end of a pair that is no interface's in routes. No packet bears it.
const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 0, 1));

/// What is beyond the namespace of the internet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Internet {
    /// Nothing: no packet leaves this machine.
    #[default]
    Sealed,
    /// What this process makes of packets: they go out by a link of its own ([`crate::Network::uplink`]).
    Host,
}

/// Everything an instance has on this machine. A copy shares its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose it is.
    pub instance: Instance,
    /// Its namespaces.
    pub namespaces: BTreeMap<NamespaceName, Arc<Namespace>>,
    /// Its veth pairs by their end in a hub.
    pub veths: BTreeMap<(NamespaceName, LinkName), Arc<Veth>>,
    /// The tasks that can't be given a network, and why.
    pub impossible: BTreeMap<TaskId, String>,
    /// Which flows of Network Load Balancers' nodes must not go on.
    pub endings: BTreeMap<NamespaceName, flows::Endings>,
    /// What it was made from: connections that are under way are judged by what was and what is.
    pub topology: Arc<Topology>,
}

/// One interface with what is behind it, everything found.
struct Attachment<'a> {
    namespace: NamespaceName,
    id: &'a InterfaceId,
    interface: &'a Interface,
    subnet: &'a Subnet,
    link: LinkName,
    nat: Option<&'a NatGateway>,
    /// What the proxy of the task behind it does.
    connect: Option<&'a TaskConnect>,
}

impl Attachment<'_> {
    fn mtu(&self) -> u32 {
        if self.interface.holder.is_machine() { MTU } else { GATEWAY_MTU }
    }
}

/// The network that a spec asks for, on a host that lets its internet out or does not, and whose balancer has seen this of targets.
pub fn plan(instance: &Instance, spec: &HostSpec, internet: Internet, seen: &BalancingStatus) -> Plan {
    let mut plan = Plan {
        instance: instance.clone(),
        namespaces: BTreeMap::new(),
        veths: BTreeMap::new(),
        impossible: BTreeMap::new(),
        endings: BTreeMap::new(),
        topology: spec.topology.clone(),
    };
    let topology = &*spec.topology;
    let tasks = plan.tasks_by_interface(spec);
    let forwarding = flows::forwarding(spec, seen);
    let mut here: BTreeMap<&VpcId, Vec<Attachment>> = BTreeMap::new();
    for (id, vpc) in &topology.vpcs {
        let attachments = plan.attachments(vpc, &tasks);
        if !attachments.is_empty() {
            here.insert(id, attachments);
        }
    }
    for (id, attachments) in &here {
        if let Some(vpc) = topology.vpcs.get(*id) {
            let around = Around::of(topology, id, vpc, |other| here.contains_key(other));
            plan.add_vpc(id, vpc, attachments, &around, &forwarding);
        }
    }
    let attached = || topology.vpcs.iter().filter(|(_, vpc)| vpc.internet_gateway.is_some());
    if attached().next().is_some() {
        plan.add_internet(attached().filter(|(id, _)| here.contains_key(id)), internet);
    }
    plan
}

impl Plan {
    /// The tasks of a spec by their interfaces; those that share one or whose VPC is not there are impossible.
    fn tasks_by_interface<'a>(&mut self, spec: &'a HostSpec) -> BTreeMap<&'a InterfaceId, (&'a TaskId, &'a TaskSpec)> {
        let mut tasks = BTreeMap::new();
        for (id, task) in &spec.tasks {
            let why = match spec.topology.vpcs.get(&task.vpc) {
                None => format!("{} is not in the spec", task.vpc),
                Some(vpc) if !vpc.interfaces.contains_key(&task.interface) => {
                    format!("{} is not in its VPC", task.interface)
                }
                Some(_) if tasks.contains_key(&task.interface) => format!("{} is another task's", task.interface),
                Some(_) => {
                    tasks.insert(&task.interface, (id, task));
                    continue;
                }
            };
            self.impossible.insert(id.clone(), why);
        }
        tasks
    }

    /// The interfaces of a VPC that are here and usable, in order, each with a link name of its own. A machine's is here if it is a
    /// task's of this host, or no task's: one that a user made, or a load balancer's.
    fn attachments<'a>(
        &mut self,
        vpc: &'a Vpc,
        tasks: &BTreeMap<&'a InterfaceId, (&'a TaskId, &'a TaskSpec)>,
    ) -> Vec<Attachment<'a>> {
        let mut found = Vec::new();
        let mut taken = HashSet::new();
        for (id, interface) in &vpc.interfaces {
            let (task, of) = tasks.get(id).copied().unzip();
            let elsewhere = task.is_none() && matches!(interface.holder, Holder::Task);
            if elsewhere {
                continue;
            }
            let namespace = match task {
                Some(task) => self.instance.task(task),
                None => self.instance.interface(id),
            };
            match usable(vpc, id, interface) {
                Ok(subnet) => {
                    let nat = match &interface.holder {
                        Holder::NatGateway(gateway) => vpc.nat_gateways.get(gateway),
                        _ => None,
                    };
                    let link = LinkName::unique('e', id, &mut taken);
                    let connect = of.and_then(|task: &TaskSpec| task.connect.as_ref());
                    found.push(Attachment { namespace, id, interface, subnet, link, nat, connect });
                }
                Err(why) => {
                    self.impossible.extend(task.map(|task| (task.clone(), why)));
                }
            }
        }
        found
    }

    fn add_vpc(
        &mut self,
        id: &VpcId,
        vpc: &Vpc,
        attachments: &[Attachment],
        around: &Around,
        forwarding: &BTreeMap<&InterfaceId, flows::Forwarding>,
    ) {
        let router = self.instance.router(id);
        for at in attachments {
            self.add_veth(
                VethEnd { namespace: router.clone(), link: at.link.clone(), mac: ROUTER_MAC },
                VethEnd { namespace: at.namespace.clone(), link: LinkName::eth0(), mac: at.interface.mac },
                at.mtu(),
            );
            let namespace = match at.nat {
                Some(gateway) => nat::namespace(at, gateway),
                None if flows::is_node(at) => {
                    let forwarding = forwarding.get(at.id);
                    if let Some(forwarding) = forwarding {
                        self.endings.insert(at.namespace.clone(), flows::endings(id, forwarding));
                    }
                    flows::namespace(at, forwarding)
                }
                None => connect::namespace(at),
            };
            self.namespaces.insert(at.namespace.clone(), Arc::new(namespace));
        }
        for endpoint in &around.endpoints {
            let namespace = self.instance.endpoint(endpoint.id);
            self.add_veth(
                VethEnd { namespace: router.clone(), link: endpoint.link.clone(), mac: ROUTER_MAC },
                VethEnd { namespace: namespace.clone(), link: LinkName::eth0(), mac: FAR_MAC },
                GATEWAY_MTU,
            );
            self.namespaces.insert(namespace, Arc::new(leaf::endpoint(endpoint)));
        }
        // A pair between two routers is made once, from the side that asked for it.
        for peer in around.peers.iter().filter(|peer| peer.asked) {
            self.add_veth(
                VethEnd { namespace: router.clone(), link: peer.link.clone(), mac: ROUTER_MAC },
                VethEnd { namespace: self.instance.router(peer.vpc), link: peer.link.clone(), mac: FAR_MAC },
                MTU,
            );
        }
        self.namespaces.insert(router, Arc::new(router::namespace(vpc, attachments, around)));
    }

    /// The internet, and a pair to the router of each of these VPCs.
    fn add_internet<'a>(&mut self, vpcs: impl Iterator<Item = (&'a VpcId, &'a Vpc)>, beyond: Internet) {
        let internet = self.instance.internet();
        let mut taken = HashSet::new();
        let mut links = Vec::new();
        for (id, vpc) in vpcs {
            let link = LinkName::unique('v', id, &mut taken);
            self.add_veth(
                VethEnd { namespace: internet.clone(), link: link.clone(), mac: FAR_MAC },
                VethEnd { namespace: self.instance.router(id), link: LinkName::igw(), mac: ROUTER_MAC },
                INTERNET_MTU,
            );
            links.push((link, vpc));
        }
        self.namespaces.insert(internet, Arc::new(internet::namespace(&links, beyond)));
    }

    fn add_veth(&mut self, hub: VethEnd, other: VethEnd, mtu: u32) {
        self.veths.insert((hub.namespace.clone(), hub.link.clone()), Arc::new(Veth { hub, other, mtu }));
    }
}

/// The subnet of an interface, if the interface can be made.
fn usable<'a>(vpc: &'a Vpc, id: &InterfaceId, interface: &Interface) -> Result<&'a Subnet, String> {
    let Some(subnet) = vpc.subnets.get(&interface.subnet) else {
        return Err(format!("{} of {id} is not in its VPC", interface.subnet));
    };
    for address in interface.private_ips() {
        if address.is_ipv6() {
            return Err(format!("{id} has the IPv6 address {address}, and only IPv4 is supported"));
        }
        if !subnet.cidr.contains(&address) {
            return Err(format!("{address} of {id} is outside {} of its subnet", subnet.cidr));
        }
    }
    Ok(subnet)
}
