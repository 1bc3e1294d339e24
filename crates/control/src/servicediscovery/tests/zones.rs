//! What resolvers are told.

use super::*;
use crate::host::host_spec;
use spec::HostId;
use vpc::{HostedZone, RecordKind, RecordSet, RecordValue};

fn zone(region: &Region) -> Option<HostedZone> {
    let spec = host_spec(&region.fixture.world.state, &HostId::from("host"));
    spec.zones.private.get(region.vpc.as_str())?.get("shop.local").map(|zone| (**zone).clone())
}

fn sets(region: &Region, name: &str) -> Vec<RecordSet> {
    zone(region).expect("the zone").names.get(name).cloned().unwrap_or_default()
}

fn address(ip: &str) -> RecordValue {
    RecordValue::Address(ip.parse().unwrap())
}

#[test]
fn a_zone_is_known_in_a_vpc_with_names_only() {
    let mut region = Region::new();
    region.private();
    let found = zone(&region).expect("the zone");
    assert_eq!((found.soa_ttl, found.names.keys().cloned().collect::<Vec<_>>()), (15, vec!["shop.local".to_owned()]));
    let request = json!({"VpcId": region.vpc, "EnableDnsHostnames": {"Value": false}});
    region.fixture.world.call(&aws::api::ec2::API, "ModifyVpcAttribute", request).unwrap();
    assert_eq!(zone(&region), None);
}

#[test]
fn an_answer_has_healthy_instances_or_all_if_none_is() {
    let mut region = Region::new();
    let namespace = region.private();
    let health = json!({"DnsConfig": dns("A", "MULTIVALUE"), "HealthCheckCustomConfig": {}});
    let id = region.service(&namespace, "Api", health);
    assert!(
        !zone(&region).unwrap().names.contains_key("api.shop.local"),
        "there is nothing at a name without instances"
    );
    region.register(&id, "a", json!({"AWS_INSTANCE_IPV4": "10.0.0.1"}));
    region.register(&id, "b", json!({"AWS_INSTANCE_IPV4": "10.0.0.2", "AWS_INIT_HEALTH_STATUS": "UNHEALTHY"}));
    let expected =
        |values: Vec<RecordValue>| vec![RecordSet { kind: RecordKind::A, ttl: 10, most: 8, weight: 1, values }];
    assert_eq!(sets(&region, "api.shop.local"), expected(vec![address("10.0.0.1")]));
    let request = json!({"ServiceId": id, "InstanceId": "a", "Status": "UNHEALTHY"});
    region.call("UpdateInstanceCustomHealthStatus", request);
    region.pass(31);
    assert_eq!(sets(&region, "api.shop.local"), expected(vec![address("10.0.0.1"), address("10.0.0.2")]));
    let answer = region.call("DeregisterInstance", json!({"ServiceId": id, "InstanceId": "a"}));
    assert_eq!(sets(&region, "api.shop.local"), expected(vec![address("10.0.0.2")]), "with the answer");
    region.done(&answer, "INSTANCE");
}

#[test]
fn weighted_names_and_aliases_are_one_at_a_time() {
    let mut region = Region::new();
    let namespace = region.private();
    let id = region.service(&namespace, "old", json!({"DnsConfig": dns("CNAME", "WEIGHTED")}));
    region.register(&id, "a", json!({"AWS_INSTANCE_CNAME": "Www.Example.com."}));
    let [set] = sets(&region, "old.shop.local").try_into().unwrap();
    assert_eq!(
        (set.kind, set.most, set.values),
        (RecordKind::Cname, 1, vec![RecordValue::Name("www.example.com".to_owned())])
    );
    let id = region.service(&namespace, "front", json!({"DnsConfig": dns("A", "WEIGHTED")}));
    let mut subnets = Vec::new();
    for (cidr, zone) in [("10.0.0.64/27", "us-east-1a"), ("10.0.0.96/27", "us-east-1b")] {
        let request = json!({"VpcId": region.vpc, "CidrBlock": cidr, "AvailabilityZone": zone});
        let made = region.fixture.world.call(&aws::api::ec2::API, "CreateSubnet", request).unwrap();
        subnets.push(made["subnet"]["subnetId"].clone());
    }
    let request = json!({"Name": "lb", "Subnets": subnets, "Scheme": "internal"});
    let made = region.fixture.world.call(&aws::api::elbv2::API, "CreateLoadBalancer", request).unwrap();
    let name = made["LoadBalancers"][0]["DNSName"].as_str().unwrap().to_owned();
    region.register(&id, "lb", json!({"AWS_ALIAS_DNS_NAME": format!("dualstack.{name}.")}));
    let [set] = sets(&region, "front.shop.local").try_into().unwrap();
    assert_eq!((set.most, set.values), (1, vec![RecordValue::Alias(name.to_ascii_lowercase())]));
}

#[test]
fn a_service_record_leads_to_hosts_with_addresses() {
    let mut region = Region::new();
    let namespace = region.private();
    let id = region.service(&namespace, "_api._tcp", json!({"DnsConfig": dns("SRV", "MULTIVALUE")}));
    region.register(&id, "One", json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "8080"}));
    let host = "one._api._tcp.shop.local";
    let [set] = sets(&region, "_api._tcp.shop.local").try_into().unwrap();
    assert_eq!((set.kind, set.values), (RecordKind::Srv, vec![RecordValue::port(8080, host.to_owned())]));
    let [set] = sets(&region, host).try_into().unwrap();
    assert_eq!((set.kind, set.values), (RecordKind::A, vec![address("10.0.0.1")]));
    assert_eq!(sets(&region, "_tcp.shop.local"), []);
    assert!(zone(&region).unwrap().names.contains_key("_tcp.shop.local"), "it exists, though nothing is there");
}
