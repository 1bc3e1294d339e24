//! AWS's default quotas ("Amazon VPC quotas", Amazon VPC User Guide).

/// VPCs in a region, the default one included.
pub(super) const VPCS: usize = 5;
/// Subnets in a VPC.
pub(super) const SUBNETS_PER_VPC: usize = 200;
/// Security groups in a region.
pub(super) const SECURITY_GROUPS: usize = 2500;
/// Rules of a security group in one direction.
pub(super) const RULES_PER_DIRECTION: usize = 60;
/// Security groups on an interface.
pub(super) const GROUPS_PER_INTERFACE: usize = 5;
/// Route tables in a VPC.
pub(super) const ROUTE_TABLES_PER_VPC: usize = 200;
/// Routes of a route table, not counting the local ones; a customer's prefix list counts as its maximum entries.
pub(super) const ROUTES_PER_TABLE: usize = 50;
/// Internet gateways in a region.
pub(super) const INTERNET_GATEWAYS: usize = 5;
/// Elastic IP addresses in a region.
pub(super) const ELASTIC_IPS: usize = 5;
/// Network interfaces in a region, whoever they are for.
pub(super) const INTERFACES: usize = 5000;
/// Private addresses of an interface; AWS allows as many on its largest instances ("Maximum IP addresses per network interface").
pub(super) const ADDRESSES_PER_INTERFACE: usize = 50;
/// NAT gateways in an Availability Zone.
pub(super) const NAT_GATEWAYS_PER_ZONE: usize = 5;
/// Private addresses of a NAT gateway.
pub(super) const ADDRESSES_PER_NAT_GATEWAY: usize = 8;
/// Tags on a resource, not counting AWS's own ("Tag restrictions", Amazon EC2 User Guide).
pub(super) const TAGS: usize = 50;
/// Network ACLs in a VPC, the default one included.
pub(super) const NETWORK_ACLS_PER_VPC: usize = 200;
/// Rules of a network ACL in one direction, the last one, which denies everything, included.
pub(super) const RULES_PER_NETWORK_ACL: usize = 20;
/// Prefix lists in a region.
pub(super) const PREFIX_LISTS: usize = 100;
/// Versions that are kept of a prefix list.
pub(super) const PREFIX_LIST_VERSIONS: usize = 1000;
/// The largest size of a prefix list.
pub(super) const PREFIX_LIST_ENTRIES: u32 = 1000;
/// IPv4 ranges of a VPC.
pub(super) const CIDRS_PER_VPC: usize = 5;
/// Gateway endpoints in a region.
pub(super) const GATEWAY_ENDPOINTS: usize = 20;
/// Interface endpoints in a VPC.
pub(super) const INTERFACE_ENDPOINTS_PER_VPC: usize = 50;
/// Flow logs of a network interface, a subnet or a VPC.
pub(super) const FLOW_LOGS_PER_RESOURCE: usize = 2;
/// DHCP options sets in a region.
pub(super) const DHCP_OPTIONS: usize = 250;
