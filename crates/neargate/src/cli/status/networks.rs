//! VPCs with their gateways, endpoints and peering connections, and what the kernel counted of them.

use crate::cli::{Failure, region::Region};
use network::{Instance, NatMetrics, nat_metrics};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One VPC.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    vpc: String,
    cidrs: Vec<String>,
    internet_gateway: Option<String>,
    nat_gateways: Vec<NatGateway>,
    endpoints: Vec<Endpoint>,
    peerings: Vec<Peering>,
    namespaces: Vec<Namespace>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NatGateway {
    nat_gateway: String,
    state: String,
    /// Why it failed, if it did.
    failure: Option<String>,
    network_interface: Option<String>,
    addresses: Vec<Address>,
    /// None where its namespace is not on this machine: not yet, or no longer.
    #[serde(skip_deserializing)]
    metrics: Option<Metrics>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    private_address: String,
    public_address: Option<String>,
}

/// A NAT gateway's counts since it was made, by the names of Amazon CloudWatch ("Monitor NAT gateways with Amazon CloudWatch",
/// Amazon VPC User Guide); CloudWatch has the rest of them, by the minute.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    bytes_in_from_source: u64,
    packets_in_from_source: u64,
    bytes_in_from_destination: u64,
    packets_in_from_destination: u64,
    active_connection_count: u64,
    error_port_allocation: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Endpoint {
    endpoint: String,
    state: String,
    service: String,
    r#type: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Peering {
    peering: String,
    status: String,
    /// The VPC at the other end.
    vpc: String,
}

/// A private DNS namespace of AWS Cloud Map.
#[derive(Debug, Serialize, Deserialize)]
struct Namespace {
    namespace: String,
    /// Whether the VPC's resolver answers with its names: both of the VPC's DNS attributes are on.
    resolved: bool,
    services: Vec<Named>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Named {
    service: String,
    instances: usize,
    healthy: usize,
}

#[derive(Deserialize)]
struct Told {
    vpcs: Vec<Network>,
}

/// The region's VPCs, with what this machine's kernel counted.
pub async fn networks(region: &Region) -> Result<Vec<Network>, Failure> {
    let Told { mut vpcs } = region.get("/_neargate/networks").await?;
    let instance = region.instance();
    for gateway in vpcs.iter_mut().flat_map(|vpc| &mut vpc.nat_gateways) {
        gateway.metrics = gateway.network_interface.as_deref().and_then(|id| metrics(&instance, id));
    }
    Ok(vpcs)
}

fn metrics(instance: &Instance, interface: &str) -> Option<Metrics> {
    let (NatMetrics { in_from_source, in_from_destination, active_connections, error_port_allocation, .. }, _) =
        nat_metrics(instance, &interface.into()).ok()?;
    Some(Metrics {
        bytes_in_from_source: in_from_source.bytes,
        packets_in_from_source: in_from_source.packets,
        bytes_in_from_destination: in_from_destination.bytes,
        packets_in_from_destination: in_from_destination.packets,
        active_connection_count: active_connections,
        error_port_allocation,
    })
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vpc, cidrs, internet_gateway, nat_gateways, endpoints, peerings, namespaces } = self;
        let gateway = internet_gateway.as_deref().unwrap_or("no internet gateway");
        writeln!(f, "VPC {vpc}  {}  {gateway}", cidrs.join(", "))?;
        nat_gateways.iter().try_for_each(|one| one.fmt(f))?;
        for Endpoint { endpoint, state, service, r#type: kind } in endpoints {
            writeln!(f, "  {endpoint}  {state}  {service}, {kind}")?;
        }
        for Namespace { namespace, resolved, services } in namespaces {
            writeln!(f, "  {namespace}")?;
            for Named { service, instances, healthy } in services {
                writeln!(f, "    {service}  {healthy} of {instances} instances healthy")?;
            }
            if !resolved {
                writeln!(f, "    Its names are not resolved: that takes DNS support and DNS hostnames of the VPC.")?;
                for attribute in ["support", "hostnames"] {
                    writeln!(f, "      aws ec2 modify-vpc-attribute --vpc-id {vpc} --enable-dns-{attribute}")?;
                }
            }
        }
        peerings
            .iter()
            .try_for_each(|Peering { peering, status, vpc }| writeln!(f, "  {peering}  {status}  with {vpc}"))
    }
}

impl fmt::Display for NatGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.addresses.iter().map(|Address { private_address, public_address }| match public_address {
            Some(public) => format!("{private_address} as {public}"),
            None => private_address.clone(),
        });
        let words: Vec<String> = addresses.chain(self.failure.clone()).collect();
        writeln!(f, "  {}  {}  {}", self.nat_gateway, self.state, words.join(", "))?;
        let Some(counted) = &self.metrics else { return Ok(()) };
        writeln!(
            f,
            "    BytesInFromSource {}  PacketsInFromSource {}  BytesInFromDestination {}  PacketsInFromDestination {}",
            counted.bytes_in_from_source,
            counted.packets_in_from_source,
            counted.bytes_in_from_destination,
            counted.packets_in_from_destination
        )?;
        let Metrics { active_connection_count, error_port_allocation, .. } = counted;
        writeln!(f, "    ActiveConnectionCount {active_connection_count}  ErrorPortAllocation {error_port_allocation}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn network() -> Network {
        let told = json!({
            "vpc": "vpc-1", "cidrs": ["10.0.0.0/16", "10.9.0.0/16"], "internetGateway": "igw-1",
            "natGateways": [
                { "natGateway": "nat-1", "state": "available", "failure": null, "networkInterface": "eni-1",
                  "addresses": [{ "privateAddress": "10.0.0.4", "publicAddress": "198.18.0.1" }] },
                { "natGateway": "nat-2", "state": "failed", "failure": "Network vpc-1 has no Internet gateway attached",
                  "networkInterface": null, "addresses": [] },
            ],
            "endpoints": [{ "endpoint": "vpce-1", "state": "pending", "service": "logs", "type": "Interface" }],
            "peerings": [{ "peering": "pcx-1", "status": "active", "vpc": "vpc-2" }],
            "namespaces": [
                { "namespace": "shop.local", "resolved": false,
                  "services": [{ "service": "api", "instances": 3, "healthy": 2 }] },
            ],
        });
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn everything_has_a_line() {
        let mut network = network();
        network.nat_gateways[0].metrics = Some(Metrics {
            bytes_in_from_source: 1,
            packets_in_from_source: 2,
            bytes_in_from_destination: 3,
            packets_in_from_destination: 4,
            active_connection_count: 5,
            error_port_allocation: 6,
        });
        let text = "\
VPC vpc-1  10.0.0.0/16, 10.9.0.0/16  igw-1
  nat-1  available  10.0.0.4 as 198.18.0.1
    BytesInFromSource 1  PacketsInFromSource 2  BytesInFromDestination 3  PacketsInFromDestination 4
    ActiveConnectionCount 5  ErrorPortAllocation 6
  nat-2  failed  Network vpc-1 has no Internet gateway attached
  vpce-1  pending  logs, Interface
  shop.local
    api  2 of 3 instances healthy
    Its names are not resolved: that takes DNS support and DNS hostnames of the VPC.
      aws ec2 modify-vpc-attribute --vpc-id vpc-1 --enable-dns-support
      aws ec2 modify-vpc-attribute --vpc-id vpc-1 --enable-dns-hostnames
  pcx-1  active  with vpc-2
";
        assert_eq!(network.to_string(), text);
        let shown = serde_json::to_value(&network).unwrap();
        assert_eq!(shown["natGateways"][0]["metrics"]["ActiveConnectionCount"], 5);
    }

    #[test]
    fn nothing_is_counted_of_a_gateway_that_is_not_here() {
        let network = Network { internet_gateway: None, endpoints: vec![], peerings: vec![], ..network() };
        let text = network.to_string();
        assert!(text.starts_with("VPC vpc-1  10.0.0.0/16, 10.9.0.0/16  no internet gateway\n"), "{text}");
        assert!(!text.contains("BytesInFromSource"), "{text}");
        assert_eq!(serde_json::to_value(&network).unwrap()["natGateways"][0]["metrics"], serde_json::Value::Null);
    }
}
