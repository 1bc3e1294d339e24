//! Whether this machine can enforce a VPC at all: everything a plan needs is tried out in a namespace that is thrown away.

use super::{Network, state::State, table};
use crate::{
    Error,
    name::{Instance, LinkName, NamespaceName},
    namespace,
    netlink::{Socket, route},
    plan::{Plan, ROUTER_MAC, VethEnd, plan},
};
use rustix::io::Errno;
use spec::{Desired, HostSpec, TaskSpec};
use std::{
    collections::{BTreeMap, BTreeSet},
    os::fd::AsRawFd,
};
use vpc::{Holder, Interface, IpNet, IpProtocol, Peer, Ports, Rule, SecurityGroup, Subnet, Topology, Vpc};

impl Network {
    /// Fails, by name, if this machine can't make namespaces, veth pairs or the nftables that a VPC needs. Loads the kernel's
    /// modules for them on the way. Leaves nothing behind.
    pub fn check_host() -> Result<(), Error> {
        let instance = Instance::new("check")?;
        let plan = plan(&instance, &example());
        namespace::in_a_throwaway(|| {
            check_nftables(&plan)?;
            check_veth()
        })
    }
}

fn check_nftables(plan: &Plan) -> Result<(), Error> {
    const FIX: &str = "use a kernel of 5.10 or later with nf_tables, nft_ct and nf_conntrack, built in or as modules (modprobe nf_tables), \
                       and run as root with CAP_NET_ADMIN";
    let mut socket = Socket::netfilter()
        .map_err(|errno| Error::new("open", "a netlink socket for nf_tables", errno).with_fix(FIX))?;
    for (name, namespace) in &plan.namespaces {
        if let Some(planned) = &namespace.table {
            table::apply(name, &mut socket, &mut State::default(), planned).map_err(|error| error.with_fix(FIX))?;
        }
    }
    Ok(())
}

fn check_veth() -> Result<(), Error> {
    const FIX: &str =
        "use a kernel with veth, built in or as a module (modprobe veth), and run as root with CAP_NET_ADMIN";
    let failed = |errno| Error::new("create", "a veth pair", errno).with_fix(FIX);
    let namespace = std::fs::File::open("/proc/thread-self/ns/net")
        .map_err(|e| failed(Errno::from_io_error(&e).unwrap_or(Errno::IO)))?;
    let end =
        |link: &str| VethEnd { namespace: NamespaceName("check".into()), link: LinkName(link.into()), mac: ROUTER_MAC };
    let message = route::create_veth(&end("a"), 1000, &end("b"), 1001, namespace.as_raw_fd(), crate::plan::MTU);
    Socket::route().map_err(failed)?.request(vec![message]).map_err(|refusal| failed(refusal.errno))
}

/// A task whose groups need every kind of set and rule.
fn example() -> HostSpec {
    let net = |text: &str| text.parse().unwrap_or_else(|_| IpNet::V4(Default::default()));
    let rule = |peer| Rule { protocol: IpProtocol::TCP, ports: Ports::Range(1, 2), peer };
    let rules = vec![rule(Peer::Net(net("10.0.0.0/8"))), rule(Peer::Group("sg-check".into()))];
    let interface = Interface {
        subnet: "subnet-check".into(),
        private_ip: [10, 0, 0, 4].into(),
        mac: ROUTER_MAC,
        secondary_ips: BTreeSet::new(),
        public_ips: BTreeMap::new(),
        source_dest_check: true,
        holder: Holder::Machine,
        security_groups: ["sg-check".into()].into(),
    };
    let vpc = Vpc {
        cidrs: vec![net("10.0.0.0/16")],
        subnets: [(
            "subnet-check".into(),
            Subnet { cidr: net("10.0.0.0/24"), route_table: "rtb-check".into(), network_acl: "acl-check".into() },
        )]
        .into(),
        security_groups: [("sg-check".into(), SecurityGroup { ingress: rules.clone(), egress: rules })].into(),
        interfaces: [("eni-check".into(), interface)].into(),
        ..Vpc::default()
    };
    let topology = Topology { vpcs: [("vpc-check".into(), vpc)].into(), ..Topology::default() };
    let task = TaskSpec {
        arn: String::new(),
        desired: Desired::Running,
        vpc: "vpc-check".into(),
        interface: "eni-check".into(),
        hostname: String::new(),
        cpu: 0,
        memory: 0,
        ephemeral_storage: 0,
        volumes: Vec::new(),
        shared_pid_namespace: false,
        architecture: String::new(),
        containers: Vec::new(),
    };
    HostSpec { revision: 0, topology, tasks: [("check".into(), task)].into() }
}
