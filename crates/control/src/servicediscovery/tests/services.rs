//! Services.

use super::*;

#[test]
fn a_service_shows_what_it_was_made_of() {
    let mut region = Region::new();
    let namespace = region.private();
    let request = json!({
        "Name": "api", "NamespaceId": namespace, "CreatorRequestId": "once", "Description": "the api",
        "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 20}]},
        "HealthCheckCustomConfig": {"FailureThreshold": 5},
    });
    let service = region.call("CreateService", request.clone())["Service"].clone();
    assert_eq!(
        service["DnsConfig"],
        json!({"NamespaceId": namespace, "RoutingPolicy": "MULTIVALUE",
               "DnsRecords": [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 20}]})
    );
    assert_eq!(service["HealthCheckCustomConfig"], json!({"FailureThreshold": 1}));
    assert_eq!((&service["Type"], &service["InstanceCount"]), (&json!("DNS_HTTP"), &json!(0)));
    let id = service["Id"].as_str().unwrap();
    assert_eq!(service["Arn"], format!("arn:aws:servicediscovery:us-east-1:123456789012:service/{id}"));
    assert_eq!(region.call("CreateService", request.clone())["Service"], service, "the same request again");
    assert_eq!(region.call("GetService", json!({"Id": service["Arn"]}))["Service"], service);
    let mut other = request;
    other["Name"] = json!("API");
    other["CreatorRequestId"] = json!("twice");
    let refused = region.refuses("CreateService", other);
    assert_eq!(refused, "ServiceAlreadyExists: Service with name api already exists.");
    assert_eq!(region.call("GetNamespace", json!({"Id": namespace}))["Namespace"]["ServiceCount"], 1);
    let listed = region.call("ListServices", json!({"Filters": [{"Name": "NAMESPACE_ID", "Values": [namespace]}]}));
    assert_eq!(
        (listed["Services"].as_array().unwrap().len(), &listed["Services"][0]["NamespaceId"]),
        (1, &Value::Null)
    );
    let none = region.call("ListServices", json!({"Filters": [{"Name": "NAMESPACE_ID", "Values": ["ns-x"]}]}));
    assert_eq!(none["Services"], json!([]));
}

#[test]
fn names_in_an_http_namespace_differ_by_their_letters() {
    let mut region = Region::new();
    let namespace = region.http();
    let first = region.service(&namespace, "api", json!({}));
    region.service(&namespace, "API", json!({}));
    assert_eq!(region.call("GetService", json!({"Id": first}))["Service"]["Type"], "HTTP");
}

#[test]
fn what_can_not_be_is_refused() {
    let mut region = Region::new();
    let (private, http) = (region.private(), region.http());
    let a = dns("A", "MULTIVALUE");
    let two =
        json!({"DnsRecords": [{"Type": "CNAME", "TTL": 1}, {"Type": "A", "TTL": 1}], "RoutingPolicy": "WEIGHTED"});
    let cases = [
        (json!({"Name": "api"}), "NamespaceId must be specified"),
        (json!({"Name": "api", "NamespaceId": "ns-x"}), "NamespaceNotFound"),
        (json!({"Name": "api", "NamespaceId": private}), "DnsConfig must be specified"),
        (json!({"Name": "api", "NamespaceId": private, "Type": "HTTP", "DnsConfig": a}), "of the type HTTP"),
        (json!({"Name": "api", "NamespaceId": http, "DnsConfig": a}), "in an HTTP namespace"),
        (json!({"Name": "-api", "NamespaceId": private, "DnsConfig": a}), "name -api is not valid"),
        (json!({"Name": "a..b", "NamespaceId": http}), "name a..b is not valid"),
        (json!({"Name": "api", "NamespaceId": private, "DnsConfig": dns("AAAA", "MULTIVALUE")}), "AAAA"),
        (json!({"Name": "api", "NamespaceId": private, "DnsConfig": dns("CNAME", "MULTIVALUE")}), "must be WEIGHTED"),
        (json!({"Name": "api", "NamespaceId": private, "DnsConfig": two}), "can't be combined"),
        (
            json!({"Name": ".", "NamespaceId": private, "DnsConfig": dns("CNAME", "WEIGHTED")}),
            "of the namespace itself",
        ),
        (json!({"Name": "api-", "NamespaceId": private, "DnsConfig": a}), "name api- is not valid"),
        (json!({"Name": "_", "NamespaceId": private, "DnsConfig": a}), "name _ is not valid"),
        (json!({"Name": "api", "NamespaceId": private, "DnsConfig": {"DnsRecords": []}}), "at least one record"),
        (
            json!({"Name": "api", "NamespaceId": private, "DnsConfig": a, "HealthCheckConfig": {"Type": "TCP"}}),
            "in a private DNS namespace",
        ),
        (
            json!({"Name": "api", "NamespaceId": http, "HealthCheckConfig": {"Type": "TCP"}}),
            "neargate does not support HealthCheckConfig",
        ),
        (
            json!({"Name": "api", "NamespaceId": http, "HealthCheckConfig": {"Type": "TCP"}, "HealthCheckCustomConfig": {}}),
            "but not both",
        ),
    ];
    for (request, expected) in cases {
        let refused = region.refuses("CreateService", request.clone());
        assert!(refused.contains(expected), "{request}: {refused}");
    }
}

#[test]
fn an_update_changes_how_long_answers_are_kept_and_drops_what_it_leaves_out() {
    let mut region = Region::new();
    let namespace = region.private();
    let records = json!({"DnsRecords": [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 20}]});
    let id = region.service(&namespace, "api", json!({"DnsConfig": records}));
    let other = json!({"DnsConfig": {"DnsRecords": [{"Type": "CNAME", "TTL": 1}]}});
    assert!(region.refuses("UpdateService", json!({"Id": id, "Service": other})).contains("types can't be changed"));
    let change = json!({"Description": "new", "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 60}]}});
    let answer = region.call("UpdateService", json!({"Id": id, "Service": change}));
    assert_eq!(region.operation(&answer)["Type"], "UPDATE_SERVICE");
    assert_eq!(region.done(&answer, "SERVICE"), id);
    let found = region.call("GetService", json!({"Id": id}))["Service"].clone();
    assert_eq!(found["DnsConfig"]["DnsRecords"], json!([{"Type": "A", "TTL": 60}]));
    assert_eq!(found["Description"], "new");
    let http = region.http();
    let other = region.service(&http, "api", json!({}));
    let refused = region.refuses("UpdateService", json!({"Id": other, "Service": {"Description": "x"}}));
    assert!(refused.contains("HTTP namespace"), "{refused}");
}

#[test]
fn a_service_has_attributes() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({}));
    region.call("UpdateServiceAttributes", json!({"ServiceId": id, "Attributes": {"a": "1", "b": "2"}}));
    region.call("DeleteServiceAttributes", json!({"ServiceId": id, "Attributes": ["a"]}));
    let found = region.call("GetServiceAttributes", json!({"ServiceId": id}))["ServiceAttributes"].clone();
    assert_eq!(found["Attributes"], json!({"b": "2"}));
    let many: serde_json::Map<String, Value> = (0..30).map(|n| (format!("k{n}"), json!(""))).collect();
    let refused = region.refuses("UpdateServiceAttributes", json!({"ServiceId": id, "Attributes": many}));
    assert!(refused.starts_with("ServiceAttributesLimitExceededException: "), "{refused}");
}
