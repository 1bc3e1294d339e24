//! Kinds of resources by the prefix of their ids, and how AWS says that there is no such one.

use aws::{api::ec2::ResourceType, fault::Fault};

/// A kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    DhcpOptions,
    ElasticIp,
    Endpoint,
    FlowLog,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    PrefixList,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
}

/// What AWS calls a kind.
struct Names {
    prefix: &'static str,
    resource: ResourceType,
    malformed: &'static str,
    not_found: &'static str,
    noun: &'static str,
}

impl Kind {
    const ALL: [Self; 15] = [
        Self::DhcpOptions,
        Self::ElasticIp,
        Self::Endpoint,
        Self::FlowLog,
        Self::InternetGateway,
        Self::NatGateway,
        Self::NetworkAcl,
        Self::NetworkInterface,
        Self::Peering,
        Self::PrefixList,
        Self::RouteTable,
        Self::SecurityGroup,
        Self::SecurityGroupRule,
        Self::Subnet,
        Self::Vpc,
    ];

    /// The kind an id says it is of.
    pub(super) fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.is(id))
    }

    /// The type of resource, as tags have it.
    pub(super) fn resource_type(self) -> ResourceType {
        self.names().resource
    }

    /// Refuses what does not look like an id of this kind.
    pub(super) fn check(self, id: &str) -> Result<(), Fault> {
        if self.is(id) {
            return Ok(());
        }
        let Names { prefix, malformed, .. } = self.names();
        Err(Fault::new(malformed, format!("Invalid id: \"{id}\" (expecting \"{prefix}-...\")")))
    }

    /// There is no such one: `InvalidVpcID.NotFound` and its like, or malformed when it can't be an id of this kind.
    pub(super) fn missing(self, id: &str) -> Fault {
        if let Err(malformed) = self.check(id) {
            return malformed;
        }
        let Names { not_found, noun, .. } = self.names();
        if self == Self::NatGateway {
            return Fault::new(not_found, format!("The {noun} {id} was not found"));
        }
        if self == Self::FlowLog {
            return Fault::new(not_found, format!("These flow log ids in the input list are not found: [{id}]"));
        }
        Fault::new(not_found, format!("The {noun} '{id}' does not exist"))
    }

    fn is(self, id: &str) -> bool {
        id.strip_prefix(self.names().prefix).is_some_and(|rest| rest.starts_with('-'))
    }

    /// Codes from "Error codes for the Amazon EC2 API", which spells `ID` in both ways.
    fn names(self) -> Names {
        let names =
            |prefix, resource, malformed, not_found, noun| Names { prefix, resource, malformed, not_found, noun };
        match self {
            Self::DhcpOptions => names(
                "dopt",
                ResourceType::DhcpOptions,
                "InvalidDhcpOptionsId.Malformed",
                "InvalidDhcpOptionID.NotFound",
                "dhcpOption ID",
            ),
            Self::ElasticIp => names(
                "eipalloc",
                ResourceType::ElasticIp,
                "InvalidAllocationID.Malformed",
                "InvalidAllocationID.NotFound",
                "allocation ID",
            ),
            Self::Endpoint => names(
                "vpce",
                ResourceType::VpcEndpoint,
                "InvalidVpcEndpointId.Malformed",
                "InvalidVpcEndpointId.NotFound",
                "Vpc Endpoint Id",
            ),
            Self::FlowLog => names(
                "fl",
                ResourceType::VpcFlowLog,
                "InvalidFlowLogId.Malformed",
                "InvalidFlowLogId.NotFound",
                "flow log ID",
            ),
            Self::InternetGateway => names(
                "igw",
                ResourceType::InternetGateway,
                "InvalidInternetGatewayId.Malformed",
                "InvalidInternetGatewayID.NotFound",
                "internetGateway ID",
            ),
            Self::NatGateway => {
                names("nat", ResourceType::Natgateway, "NatGatewayMalformed", "NatGatewayNotFound", "Nat Gateway")
            }
            Self::NetworkAcl => names(
                "acl",
                ResourceType::NetworkAcl,
                "InvalidNetworkAclId.Malformed",
                "InvalidNetworkAclID.NotFound",
                "networkAcl ID",
            ),
            Self::NetworkInterface => names(
                "eni",
                ResourceType::NetworkInterface,
                "InvalidNetworkInterfaceId.Malformed",
                "InvalidNetworkInterfaceID.NotFound",
                "networkInterface ID",
            ),
            Self::Peering => names(
                "pcx",
                ResourceType::VpcPeeringConnection,
                "InvalidVpcPeeringConnectionId.Malformed",
                "InvalidVpcPeeringConnectionID.NotFound",
                "vpcPeeringConnection ID",
            ),
            Self::PrefixList => names(
                "pl",
                ResourceType::PrefixList,
                "InvalidPrefixListId.Malformed",
                "InvalidPrefixListID.NotFound",
                "prefix list ID",
            ),
            Self::RouteTable => names(
                "rtb",
                ResourceType::RouteTable,
                "InvalidRouteTableId.Malformed",
                "InvalidRouteTableID.NotFound",
                "routeTable ID",
            ),
            Self::SecurityGroup => names(
                "sg",
                ResourceType::SecurityGroup,
                "InvalidGroupId.Malformed",
                "InvalidGroup.NotFound",
                "security group",
            ),
            Self::SecurityGroupRule => names(
                "sgr",
                ResourceType::SecurityGroupRule,
                "InvalidSecurityGroupRuleId.Malformed",
                "InvalidSecurityGroupRuleId.NotFound",
                "security group rule ID",
            ),
            Self::Subnet => names(
                "subnet",
                ResourceType::Subnet,
                "InvalidSubnetID.Malformed",
                "InvalidSubnetID.NotFound",
                "subnet ID",
            ),
            Self::Vpc => names("vpc", ResourceType::Vpc, "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "vpc ID"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn ids_are_told_by_their_prefix() {
        assert_eq!(Kind::of("sg-0a"), Some(Kind::SecurityGroup));
        assert_eq!(Kind::of("sgr-0a"), Some(Kind::SecurityGroupRule));
        assert_eq!(Kind::of("vpc-0a"), Some(Kind::Vpc));
        assert_eq!(Kind::of("i-0a"), None);
    }

    #[test]
    fn what_is_missing_is_said_as_aws_says_it() {
        let said = |kind: Kind, id: &str| kind.missing(id).to_string();
        assert_eq!(said(Kind::Vpc, "vpc-0a"), "InvalidVpcID.NotFound: The vpc ID 'vpc-0a' does not exist");
        assert_eq!(
            said(Kind::SecurityGroup, "sg-0a"),
            "InvalidGroup.NotFound: The security group 'sg-0a' does not exist"
        );
        assert_eq!(
            said(Kind::SecurityGroup, "web"),
            "InvalidGroupId.Malformed: Invalid id: \"web\" (expecting \"sg-...\")"
        );
    }
}
