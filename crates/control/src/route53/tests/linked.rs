//! Private DNS namespaces of AWS Cloud Map are hosted zones.

use super::*;
use aws::api::servicediscovery as cloud_map;

impl Region {
    #[track_caller]
    fn cloud_map(&mut self, operation: &str, request: Value) -> Value {
        let answer = self.fixture.world.call(&cloud_map::API, operation, request);
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// The namespace `shop.local`: its id, and its zone's.
    fn namespace(&mut self) -> (String, String) {
        self.cloud_map("CreatePrivateDnsNamespace", json!({"Name": "shop.local", "Vpc": self.vpc}));
        self.pass(2);
        let found = self.cloud_map("ListNamespaces", json!({}))["Namespaces"][0].clone();
        let zone = found["Properties"]["DnsProperties"]["HostedZoneId"].as_str().unwrap().to_owned();
        (found["Id"].as_str().unwrap().to_owned(), zone)
    }
}

#[test]
fn a_namespace_is_a_zone_with_its_instances() {
    let mut region = Region::new();
    let (namespace, zone) = region.namespace();
    let records =
        json!({"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 10}]});
    let made =
        region.cloud_map("CreateService", json!({"Name": "api", "NamespaceId": namespace, "DnsConfig": records}));
    let request = json!({"ServiceId": made["Service"]["Id"], "InstanceId": "one",
        "Attributes": {"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80"}});
    region.cloud_map("RegisterInstance", request);
    let got = region.call("GetHostedZone", json!({"Id": zone}));
    assert_eq!((&got["HostedZone"]["Name"], &got["VPCs"]), (&json!("shop.local."), &json!([region.vpc()])));
    assert_eq!(got["HostedZone"]["LinkedService"]["ServicePrincipal"], "servicediscovery.amazonaws.com");
    assert_eq!(got["HostedZone"]["ResourceRecordSetCount"], 5);
    assert_eq!(
        region.listed(&zone),
        [
            "shop.local. NS",
            "shop.local. SOA",
            "api.shop.local. A one",
            "api.shop.local. SRV one",
            "one.api.shop.local. A",
        ]
    );
    let all = region.call("ListHostedZonesByVPC", json!({"VPCId": region.vpc, "VPCRegion": "us-east-1"}));
    assert_eq!(all["HostedZoneSummaries"][0]["Owner"], json!({"OwningService": "servicediscovery.amazonaws.com"}));
}

#[test]
fn it_is_managed_through_aws_cloud_map_alone() {
    let mut region = Region::new();
    let (namespace, zone) = region.namespace();
    let arn = format!(
        "arn:aws:servicediscovery:us-east-1:{}:namespace/{namespace}",
        region.fixture.world.state.region.account
    );
    let refused =
        format!("AccessDenied: The resource hostedzone/{zone} can only be managed through AWS Cloud Map ({arn})");
    assert_eq!(region.refuses_change(&zone, json!([change("CREATE", "a.shop.local", "A", &["10.0.0.1"])])), refused);
    assert_eq!(region.refuses("DeleteHostedZone", json!({"Id": zone})), refused);
    let again = region.request("shop.local", true);
    assert!(region.refuses("CreateHostedZone", again).starts_with("ConflictingDomainExists: "));
}

#[test]
fn there_is_one_zone_of_a_name_in_a_vpc_whoever_makes_it() {
    let mut region = Region::new();
    region.zone("shop.local", true);
    let answer = region.cloud_map("CreatePrivateDnsNamespace", json!({"Name": "shop.local", "Vpc": region.vpc}));
    region.pass(2);
    let operation =
        region.cloud_map("GetOperation", json!({"OperationId": answer["OperationId"]}))["Operation"].clone();
    assert_eq!((&operation["Status"], &operation["ErrorCode"]), (&json!("FAIL"), &json!("CANNOT_CREATE_HOSTED_ZONE")));
    assert_eq!(region.cloud_map("ListNamespaces", json!({}))["Namespaces"], json!([]));
}
