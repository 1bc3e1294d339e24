//! `DiscoverInstances`.

use super::*;
use std::collections::BTreeSet;

/// The ids of what is found.
fn found(region: &mut Region, more: Value) -> BTreeSet<String> {
    let mut request = json!({"NamespaceName": "shop", "ServiceName": "api"});
    more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
    let answer = region.call("DiscoverInstances", request);
    let ids = answer["Instances"].as_array().unwrap().iter();
    ids.map(|instance| instance["InstanceId"].as_str().unwrap().to_owned()).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[test]
fn instances_are_found_by_health_and_attributes() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({"HealthCheckCustomConfig": {}}));
    region.register(&id, "a", json!({"version": "1", "zone": "x"}));
    region.register(&id, "b", json!({"version": "2", "zone": "x"}));
    region.register(&id, "c", json!({"version": "2", "AWS_INIT_HEALTH_STATUS": "UNHEALTHY"}));
    for (asked, expected) in [
        (json!({}), "a b"),
        (json!({"HealthStatus": "ALL"}), "a b c"),
        (json!({"HealthStatus": "HEALTHY"}), "a b"),
        (json!({"HealthStatus": "UNHEALTHY"}), "c"),
        (json!({"QueryParameters": {"version": "2"}}), "b"),
        (json!({"QueryParameters": {"version": "2"}, "HealthStatus": "ALL"}), "b c"),
        (json!({"QueryParameters": {"version": "2", "zone": "y"}}), ""),
        (json!({"OptionalParameters": {"version": "1"}}), "a"),
        (json!({"OptionalParameters": {"version": "3"}}), "a b"),
    ] {
        assert_eq!(found(&mut region, asked.clone()), set(&expected.split_whitespace().collect::<Vec<_>>()), "{asked}");
    }
    assert_eq!(found(&mut region, json!({"MaxResults": 1, "HealthStatus": "ALL"})).len(), 1);
    for one in ["a", "b"] {
        region.call(
            "UpdateInstanceCustomHealthStatus",
            json!({"ServiceId": id, "InstanceId": one, "Status": "UNHEALTHY"}),
        );
    }
    region.pass(31);
    assert_eq!(found(&mut region, json!({"HealthStatus": "HEALTHY"})), set(&[]));
    assert_eq!(found(&mut region, json!({"HealthStatus": "HEALTHY_OR_ELSE_ALL"})), set(&["a", "b", "c"]));
}

#[test]
fn an_answer_says_of_which_revision_it_is() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({}));
    let request = json!({"NamespaceName": "shop", "ServiceName": "api"});
    let revision = |region: &mut Region| {
        let told = region.call("DiscoverInstancesRevision", request.clone())["InstancesRevision"].as_i64().unwrap();
        let found = region.call("DiscoverInstances", request.clone());
        assert_eq!(found["InstancesRevision"], json!(told));
        told
    };
    let first = revision(&mut region);
    region.register(&id, "a", json!({"AWS_INSTANCE_IPV4": "10.0.0.1"}));
    let second = revision(&mut region);
    assert!(second > first);
    assert_eq!(revision(&mut region), second);
    let found = region.call("DiscoverInstances", request.clone());
    assert_eq!(
        found["Instances"],
        json!([{"InstanceId": "a", "NamespaceName": "shop", "ServiceName": "api", "HealthStatus": "UNKNOWN",
                "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.1"}}])
    );
}

#[test]
fn the_order_is_another_one_each_time() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({}));
    for one in ["a", "b", "c", "d"] {
        region.register(&id, one, json!({}));
    }
    let mut firsts = BTreeSet::new();
    for _ in 0..50 {
        region.fixture.world.now += 7;
        let answer = region.call("DiscoverInstances", json!({"NamespaceName": "shop", "ServiceName": "api"}));
        firsts.insert(answer["Instances"][0]["InstanceId"].as_str().unwrap().to_owned());
    }
    assert_eq!(firsts, set(&["a", "b", "c", "d"]));
}

#[test]
fn what_is_not_there_is_said() {
    let mut region = Region::new();
    let namespace = region.http();
    region.service(&namespace, "api", json!({}));
    for (request, code) in [
        (json!({"NamespaceName": "x", "ServiceName": "api"}), "NamespaceNotFound: "),
        (json!({"NamespaceName": "shop", "ServiceName": "x"}), "ServiceNotFound: "),
        (json!({"NamespaceName": "shop", "ServiceName": "api", "OwnerAccount": "210987654321"}), "NamespaceNotFound: "),
    ] {
        let refused = region.refuses("DiscoverInstances", request);
        assert!(refused.starts_with(code), "{refused}");
    }
}
