//! Identifiers: cheap to clone, ordered, one type per kind so that a subnet is never taken for a VPC.

/// Declares identifier types over shared text.
#[macro_export]
macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

identifiers! {
    /// A VPC: `vpc-…`.
    VpcId;
    /// A subnet: `subnet-…`.
    SubnetId;
    /// A security group: `sg-…`.
    SecurityGroupId;
    /// An elastic network interface: `eni-…`.
    InterfaceId;
    /// A route table: `rtb-…`.
    RouteTableId;
    /// A network access control list: `acl-…`.
    NetworkAclId;
    /// An internet gateway: `igw-…`.
    InternetGatewayId;
    /// A NAT gateway: `nat-…`.
    NatGatewayId;
    /// A VPC peering connection: `pcx-…`.
    PeeringId;
    /// A VPC endpoint: `vpce-…`.
    EndpointId;
    /// A load balancer: the 16 hexadecimal digits at the end of its ARN.
    LoadBalancerId;
    /// A prefix list: `pl-…`.
    PrefixListId;
}
