//! Amazon ECS Service Connect: what a service's tasks offer and use.

use aws::api::ecs::ServiceConnectConfiguration;
use serde::{Deserialize, Serialize};
use spec::connect::{Alias, EndpointId, Offer};
use std::{collections::BTreeMap, num::NonZeroU16};

/// `serviceConnectConfiguration`, checked against the task definition and the namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceConnect {
    /// As it was given, its namespace filled in.
    pub configuration: ServiceConnectConfiguration,
    /// The id of the namespace; none if it is not enabled.
    pub namespace: Option<String>,
    /// What is offered.
    pub services: Vec<ConnectService>,
}

/// A port that the tasks of a service offer, and what clients know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectService {
    /// What each task offers.
    pub offer: Offer,
    /// `dnsName` of the client alias, or what stands for it where none is given.
    pub dns_name: String,
    /// `port` of the client alias.
    pub port: NonZeroU16,
}

/// What Service Connect was for one revision of a service, fixed when its deployment began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectRevision {
    /// The name of the proxy's container, such as `ecs-service-connect-x3kd9`.
    pub container: String,
    /// The endpoint of each discovery name that is offered.
    pub endpoints: BTreeMap<String, EndpointId>,
    /// What the namespace had to be connected to.
    pub uses: Vec<Alias>,
}
