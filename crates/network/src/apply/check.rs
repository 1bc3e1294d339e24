//! Whether this machine can enforce a VPC at all: everything a plan needs is tried out in a namespace that is thrown away.

use super::{Network, state::State, table, tun};
use crate::{
    Error,
    name::{Instance, LinkName, NamespaceName},
    namespace,
    netlink::{Socket, route, shape},
    plan::{Internet, ROUTER_MAC, VethEnd, plan, table::Table, uplink},
    sys,
};
use rustix::io::Errno;
use spec::{
    HostSpec,
    balancing::{
        Algorithm, Balancing, BalancingStatus, FlowListener, FlowProtocol, Flows, LoadBalancer, Node, ProtocolVersion,
        Target, TargetAddress, TargetGroup, TargetHealthCheck,
    },
};
use std::{collections::BTreeSet, net::IpAddr, num::NonZeroU16, os::fd::AsRawFd};
use vpc::{
    AclRule, Holder, Interface, IpNet, IpProtocol, NatGateway, NetworkAcl, Peer, Ports, Rule, SecurityGroup, Subnet,
    Topology, Vpc,
};

impl Network {
    /// Fails, by name, if this machine can't make namespaces, veth pairs or the nftables that a VPC needs. Loads the kernel's
    /// modules for them on the way. Leaves nothing behind.
    pub fn check_host() -> Result<(), Error> {
        let instance = Instance::new("check")?;
        let plan = plan(&instance, &example(), Internet::Sealed, &BalancingStatus::default());
        for (name, namespace) in &plan.namespaces {
            if let Some(table) = &namespace.table {
                namespace::in_a_throwaway(|| check_nftables(name, table))?;
            }
        }
        namespace::in_a_throwaway(check_veth)
    }

    /// Fails, by name, if this machine can't let its internet out.
    pub fn check_uplink() -> Result<(), Error> {
        let failed = |errno| Error::new("create", "a TUN link", errno).with_fix(tun::FIX);
        namespace::in_a_throwaway(|| sys::tun(LinkName::uplink().as_str()).map(drop).map_err(failed))?;
        let check = || check_nftables(&NamespaceName("check".into()), &uplink::table());
        namespace::in_a_throwaway(check).map_err(|error| error.with_fix(tun::FIX))
    }
}

fn check_nftables(name: &NamespaceName, planned: &Table) -> Result<(), Error> {
    const FIX: &str = "use a kernel of 5.10 or later with nf_tables, nft_ct, nft_nat, nft_numgen, nft_hash, nft_reject_inet and nf_conntrack \
                       (with CONFIG_NF_CONNTRACK_TIMEOUT), built in or as modules (modprobe nf_tables), and run as root with CAP_NET_ADMIN";
    let mut socket = Socket::netfilter()
        .map_err(|errno| Error::new("open", "a netlink socket for nf_tables", errno).with_fix(FIX))?;
    table::apply(name, &mut socket, &mut State::default(), planned).map_err(|error| error.with_fix(FIX))?;
    Ok(())
}

fn check_veth() -> Result<(), Error> {
    const FIX: &str = "use a kernel with veth and sch_tbf, built in or as modules (modprobe veth sch_tbf), and run as root with CAP_NET_ADMIN";
    let failed = |errno| Error::new("create", "a veth pair with a bandwidth", errno).with_fix(FIX);
    let namespace = std::fs::File::open("/proc/thread-self/ns/net")
        .map_err(|e| failed(Errno::from_io_error(&e).unwrap_or(Errno::IO)))?;
    let end =
        |link: &str| VethEnd { namespace: NamespaceName("check".into()), link: LinkName(link.into()), mac: ROUTER_MAC };
    let message = route::create_veth(&end("a"), 1000, &end("b"), 1001, namespace.as_raw_fd(), crate::plan::MTU);
    let messages = vec![message, shape::set(1000, 1_000_000)];
    Socket::route().map_err(failed)?.request(messages).map_err(|refusal| failed(refusal.errno))
}

/// A task whose groups need every kind of set and rule, a NAT gateway behind an internet gateway, and a Network Load Balancer's node.
fn example() -> HostSpec {
    let net = |text: &str| text.parse().unwrap_or_else(|_| IpNet::V4(Default::default()));
    let rule = |peer| Rule { protocol: IpProtocol::TCP, ports: Ports::Range(1, 2), peer };
    let rules = vec![rule(Peer::Net(net("10.0.0.0/8"))), rule(Peer::Group("sg-check".into()))];
    let interface = |n: u8, holder| Interface {
        subnet: "subnet-check".into(),
        private_ip: [10, 0, 0, n].into(),
        mac: ROUTER_MAC,
        secondary_ips: BTreeSet::new(),
        public_ips: [(IpAddr::from([10, 0, 0, n]), IpAddr::from([198, 18, 0, n]))].into(),
        security_groups: ["sg-check".into()].into(),
        source_dest_check: true,
        holder,
    };
    let denied = AclRule { protocol: IpProtocol::TCP, ports: Ports::Range(1, 2), net: net("10.0.0.0/8"), allow: false };
    let acl = NetworkAcl { ingress: [(1, denied.clone())].into(), egress: [(1, denied)].into() };
    let subnet = Subnet { cidr: net("10.0.0.0/24"), route_table: "rtb-check".into(), network_acl: "acl-check".into() };
    let gateway = NatGateway { interface: "eni-nat".into(), bandwidth: NatGateway::BANDWIDTH };
    let nat = Interface { source_dest_check: false, ..interface(5, Holder::NatGateway("nat-check".into())) };
    let node = Interface { source_dest_check: false, ..interface(6, Holder::LoadBalancer("lb-check".into())) };
    let vpc = Vpc {
        cidrs: vec![net("10.0.0.0/16")],
        dns_support: true,
        internet_gateway: Some("igw-check".into()),
        subnets: [("subnet-check".into(), subnet)].into(),
        network_acls: [("acl-check".into(), acl)].into(),
        nat_gateways: [("nat-check".into(), gateway)].into(),
        security_groups: [("sg-check".into(), SecurityGroup { ingress: rules.clone(), egress: rules })].into(),
        interfaces: [
            ("eni-check".into(), interface(4, Holder::User)),
            ("eni-nat".into(), nat),
            ("eni-node".into(), node),
        ]
        .into(),
        ..Vpc::default()
    };
    let topology = Topology { vpcs: [("vpc-check".into(), vpc)].into(), ..Topology::default() };
    HostSpec { topology: topology.into(), balancing: balancing().into(), ..HostSpec::default() }
}

/// A listener with a target.
fn balancing() -> Balancing {
    let health_check = TargetHealthCheck {
        tcp: true,
        tls: false,
        port: None,
        path: String::new(),
        interval: 30,
        timeout: 10,
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        matcher: Vec::new(),
    };
    let flows = Flows {
        preserve_client_ip: false,
        by_source: false,
        end_when_deregistered: false,
        end_when_unhealthy: true,
        unhealthy_draining: 0,
        proxy_protocol: false,
    };
    let target = Target { zone: None, since: 0, draining_until: None };
    let group = TargetGroup {
        arn: String::new(),
        tls: false,
        version: ProtocolVersion::Http1,
        health_check,
        flows: Some(flows),
        algorithm: Algorithm::RoundRobin,
        anomaly_mitigation: false,
        slow_start: 0,
        stickiness: None,
        cross_zone: true,
        minimum_healthy: 1,
        minimum_healthy_percent: None,
        targets: [(TargetAddress(([10, 0, 0, 4], 80).into()), target)].into(),
    };
    let listener = FlowListener {
        arn: String::new(),
        protocol: FlowProtocol::TcpUdp,
        group: "tg-check".into(),
        idle_timeout: FlowListener::IDLE_TIMEOUT + 1,
    };
    let node = Node { vpc: "vpc-check".into(), zone: String::new(), address: [10, 0, 0, 6].into(), public: None };
    let balancer = LoadBalancer {
        nodes: [("eni-node".into(), node)].into(),
        flows: [(NonZeroU16::MIN, listener)].into(),
        ..LoadBalancer::of_network(String::new())
    };
    Balancing {
        load_balancers: [("lb-check".into(), balancer.into())].into(),
        target_groups: [("tg-check".into(), group.into())].into(),
    }
}
