//! The way of a packet as a list of decisions.

use crate::{
    AclRule, Destination, EndpointId, InterfaceId, InternetGatewayId, IpNet, NatGatewayId, NetworkAclId, PeeringId,
    RouteTableId, Rule, SecurityGroupId, SubnetId, Target, VpcId,
};
use std::net::IpAddr;

/// Every decision about one packet, in the order it meets them, and where they lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The decisions. One that does not pass drops the packet; the ones after it say what would have come next.
    pub steps: Vec<Step>,
    /// The packet's addresses before each decision: gateways change them on the way.
    pub addresses: Vec<Addresses>,
    /// Where it ends up if every decision passes.
    pub end: End,
}

impl Path {
    /// Whether the packet arrives.
    pub fn arrives(&self) -> bool {
        self.end != End::Nowhere && self.steps.iter().all(Step::passes)
    }

    /// The first decision that drops the packet.
    pub fn stopped_by(&self) -> Option<&Step> {
        self.steps.iter().find(|step| !step.passes())
    }
}

/// Between which addresses a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// Its source.
    pub source: IpAddr,
    /// Its destination.
    pub destination: IpAddr,
}

/// Where a path ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// At an interface: its own packet, or one it is to forward.
    Interface(VpcId, InterfaceId),
    /// At the sender itself, which never lets the packet out.
    Itself,
    /// At the VPC's own services: DNS or task metadata.
    Service(VpcId),
    /// At the service behind a gateway endpoint.
    Endpoint(VpcId, EndpointId),
    /// On the internet.
    Internet,
    /// At nobody.
    Nowhere,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Whether the packet is one its sender may send.
    Source(InterfaceId, SourceCheck),
    /// What the sender's security groups say.
    Egress(InterfaceId, Gate),
    /// Which route is taken out of the VPC: the table of the sender's subnet, and its longest match.
    Route {
        /// The table.
        table: RouteTableId,
        /// The matching route: its range, what it was written for, its target; none is the end.
        route: Option<(IpNet, Destination, Target)>,
        /// Whether the target is there.
        usable: bool,
    },
    /// What a network ACL says of what leaves its subnet.
    AclEgress(AclDecision),
    /// What a network ACL says of what comes into its subnet.
    AclIngress(AclDecision),
    /// An internet gateway puts the public address for the private one, if there is one ("Internet gateway basics").
    ToInternet {
        /// The gateway.
        gateway: InternetGatewayId,
        /// The private address.
        private: IpAddr,
        /// The public address.
        public: Option<IpAddr>,
    },
    /// An internet gateway puts the private address for the public one. Which gateway: that of the VPC that has the address,
    /// if it has one.
    FromInternet {
        /// The public address.
        public: IpAddr,
        /// The gateway and the private address; none where nobody has the public one.
        to: Option<(InternetGatewayId, IpAddr)>,
        /// Whether the source is one that can come from outside: not of the VPC's own ranges.
        genuine: bool,
    },
    /// A NAT gateway puts its own address for the sender's. It does so for TCP, UDP and ICMP only ("NAT gateway basics"), and lets
    /// in nothing that nobody asked for.
    Nat {
        /// The gateway.
        gateway: NatGatewayId,
        /// Its address that the far side sees, before an internet gateway.
        source: IpAddr,
        /// Whether it does so.
        passes: bool,
    },
    /// A peering connection carries it to the other VPC, and no further ("VPC peering limitations").
    Peering(PeeringId, VpcId),
    /// Who has the address in the VPC: nobody is the end.
    Delivery(VpcId, Option<InterfaceId>),
    /// Whether an interface takes what is not for its own address (`SourceDestCheck`).
    Destination(InterfaceId, bool),
    /// What the receiver's security groups say.
    Ingress(InterfaceId, Gate),
}

impl Step {
    /// Whether the packet goes on.
    pub fn passes(&self) -> bool {
        match self {
            Self::Source(_, check) => *check == SourceCheck::Passed,
            Self::Egress(_, gate) | Self::Ingress(_, gate) => gate.open(),
            Self::Route { route, usable, .. } => route.is_some() && *usable,
            Self::AclEgress(acl) | Self::AclIngress(acl) => acl.allows(),
            Self::ToInternet { public, .. } => public.is_some(),
            Self::FromInternet { to, genuine, .. } => to.is_some() && *genuine,
            Self::Nat { passes, .. } | Self::Destination(_, passes) => *passes,
            Self::Peering(..) => true,
            Self::Delivery(_, interface) => interface.is_some(),
        }
    }
}

/// Whether a packet is one its sender may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceCheck {
    /// It is.
    Passed,
    /// No such interface in this VPC.
    NoSuchInterface,
    /// Its source is not the interface's own address: source/destination checking ("Elastic network interfaces", Amazon EC2 User Guide).
    NotItsAddress,
    /// IPv6 is closed on every interface, as in a VPC without an IPv6 range ("IP addressing for your VPCs and subnets", Amazon VPC
    /// User Guide).
    Ipv6Closed,
}

/// What one interface's security groups say of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// This rule of this group allows it; others may too. Rules have no order ("Security group rules", Amazon VPC User Guide).
    Allowed(SecurityGroupId, Rule),
    /// It belongs to a flow that was allowed: groups are stateful ("Security groups are stateful").
    Established,
    /// No rule of any of its groups allows it.
    Denied,
    /// Groups have no say ("Control traffic to your AWS resources using security groups", Amazon VPC User Guide, lists what they
    /// don't filter: DNS, DHCP, instance metadata, task metadata, the default VPC router).
    Unfiltered,
}

impl Gate {
    /// Whether the packet may pass.
    pub fn open(&self) -> bool {
        *self != Self::Denied
    }
}

/// What a network ACL says of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclDecision {
    /// The subnet.
    pub subnet: SubnetId,
    /// Its ACL.
    pub acl: NetworkAclId,
    /// The first rule that covers the packet; none is rule `*`, which denies.
    pub rule: Option<(u16, AclRule)>,
}

impl AclDecision {
    /// Whether the packet may pass.
    pub fn allows(&self) -> bool {
        self.rule.as_ref().is_some_and(|(_, rule)| rule.allow)
    }
}
