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
