//! Instances and their health.

use super::*;

#[test]
fn an_instance_comes_changes_and_goes() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({}));
    let request =
        json!({"ServiceId": id, "InstanceId": "i/1", "Attributes": {"version": "1"}, "CreatorRequestId": "once"});
    let answer = region.call("RegisterInstance", request.clone());
    let operation = region.operation(&answer);
    assert_eq!(operation["Targets"], json!({"NAMESPACE": namespace, "SERVICE": id, "INSTANCE": "i/1"}));
    assert_eq!(region.call("RegisterInstance", request.clone()), answer, "the same request again");
    let busy = region.refuses("DeregisterInstance", json!({"ServiceId": id, "InstanceId": "i/1"}));
    assert!(busy.starts_with("DuplicateRequest: Another operation of type RegisterInstance and id "), "{busy}");
    region.done(&answer, "INSTANCE");
    region.register(&id, "i/1", json!({"version": "2"}));
    let found = region.call("GetInstance", json!({"ServiceId": id, "InstanceId": "i/1"}));
    assert_eq!((&found["Instance"]["Id"], &found["Instance"]["Attributes"]), (&json!("i/1"), &json!({"version": "2"})));
    assert_eq!(found["ResourceOwner"], "123456789012");
    let used = "ResourceInUse: Service contains registered instances; delete the instances before deleting the service";
    assert_eq!(region.refuses("DeleteService", json!({"Id": id})), used);
    let answer = region.call("DeregisterInstance", json!({"ServiceId": id, "InstanceId": "i/1"}));
    region.done(&answer, "INSTANCE");
    assert!(
        region.refuses("GetInstance", json!({"ServiceId": id, "InstanceId": "i/1"})).starts_with("InstanceNotFound: ")
    );
    region.call("DeleteService", json!({"Id": id}));
}

#[test]
fn each_record_takes_its_attributes() {
    let mut region = Region::new();
    let namespace = region.private();
    let mut service = |name: &str, config: Value| region.service(&namespace, name, json!({"DnsConfig": config}));
    let (a, srv) = (service("a", dns("A", "MULTIVALUE")), service("srv", dns("SRV", "MULTIVALUE")));
    let (cname, weighted) = (service("cname", dns("CNAME", "WEIGHTED")), service("weighted", dns("A", "WEIGHTED")));
    let many: serde_json::Map<String, Value> = (0..31).map(|n| (format!("k{n}"), json!("v"))).collect();
    let long: serde_json::Map<String, Value> = (0..5).map(|n| (format!("k{n}"), json!("v".repeat(1000)))).collect();
    let cases = [
        (&a, json!({}), "AWS_INSTANCE_IPV4 must be specified"),
        (&a, json!({"AWS_INSTANCE_IPV4": "10.0.0.256"}), "can't have the value 10.0.0.256"),
        (&a, json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "65536"}), "can't have the value 65536"),
        (&a, json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INIT_HEALTH_STATUS": "HEALTHY"}), "HealthCheckCustomConfig"),
        (&a, json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_IPV6": "::1"}), "does not support the attribute"),
        (&a, json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_OTHER": "1"}), "AWS_OTHER"),
        (&a, json!({"AWS_ALIAS_DNS_NAME": "x.elb.amazonaws.com"}), "WEIGHTED"),
        (&weighted, json!({"AWS_ALIAS_DNS_NAME": "x.us-east-1.elb.amazonaws.com"}), "of a load balancer"),
        (&weighted, json!({"AWS_ALIAS_DNS_NAME": "x", "AWS_INSTANCE_IPV4": "10.0.0.1"}), "can't be combined"),
        (&srv, json!({"AWS_INSTANCE_IPV4": "10.0.0.1"}), "AWS_INSTANCE_PORT must be specified"),
        (&srv, json!({"AWS_INSTANCE_PORT": "80"}), "AWS_INSTANCE_IPV4 must be specified"),
        (&cname, json!({}), "AWS_INSTANCE_CNAME must be specified"),
        (&cname, json!({"AWS_INSTANCE_CNAME": "a b"}), "can't have the value a b"),
        (&cname, json!({"AWS_INSTANCE_CNAME": "a-.b"}), "can't have the value a-.b"),
        (&a, Value::Object(many), "at most 30 custom attributes"),
        (&a, Value::Object(long), "5000 characters"),
    ];
    for (service, attributes, expected) in cases {
        let request = json!({"ServiceId": service, "InstanceId": "one", "Attributes": attributes});
        let refused = region.refuses("RegisterInstance", request);
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    let right = json!({"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "80"});
    for id in ["a/b", "a:b", "a@b", "", "-a", "a.b-"] {
        let request = json!({"ServiceId": srv, "InstanceId": id, "Attributes": right});
        assert!(region.refuses("RegisterInstance", request).starts_with("InvalidInput: "), "{id}");
    }
    region.register(&srv, "a-b", right.clone());
    // Its name leads to it, in whatever letters.
    let request = json!({"ServiceId": srv, "InstanceId": "A-b", "Attributes": right});
    let refused = region.refuses("RegisterInstance", request);
    assert_eq!(refused, "InvalidInput: The instance ID A-b is the same domain name as that of a-b.");
    region.register(&srv, "a-b", right.clone());
    // Where the id is no part of a name, letters differ.
    region.register(&a, "a-b", right.clone());
    region.register(&a, "A-b", right);
}

#[test]
fn health_is_what_was_said_half_a_minute_ago() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({"HealthCheckCustomConfig": {}}));
    region.register(&id, "one", json!({}));
    region.register(&id, "two", json!({"AWS_INIT_HEALTH_STATUS": "UNHEALTHY"}));
    let status =
        |region: &mut Region| region.call("GetInstancesHealthStatus", json!({"ServiceId": id}))["Status"].clone();
    let say = |region: &mut Region, status: &str| {
        let request = json!({"ServiceId": id, "InstanceId": "one", "Status": status});
        region.call("UpdateInstanceCustomHealthStatus", request);
    };
    assert_eq!(status(&mut region), json!({"one": "HEALTHY", "two": "UNHEALTHY"}));
    say(&mut region, "UNHEALTHY");
    region.pass(20);
    // Said again, it comes no later.
    say(&mut region, "UNHEALTHY");
    region.pass(9);
    assert_eq!(status(&mut region)["one"], "HEALTHY");
    region.pass(1);
    assert_eq!(status(&mut region)["one"], "UNHEALTHY");
    // Taken back in time, it does not come at all.
    say(&mut region, "HEALTHY");
    region.pass(10);
    say(&mut region, "UNHEALTHY");
    region.pass(60);
    assert_eq!(status(&mut region)["one"], "UNHEALTHY");
    let one = region.call("GetInstancesHealthStatus", json!({"ServiceId": id, "Instances": ["two"]}));
    assert_eq!(one["Status"], json!({"two": "UNHEALTHY"}));
    let missing = region.refuses("GetInstancesHealthStatus", json!({"ServiceId": id, "Instances": ["three"]}));
    assert!(missing.starts_with("InstanceNotFound: "), "{missing}");
}

#[test]
fn a_service_without_health_has_none_to_tell() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({}));
    region.register(&id, "one", json!({}));
    let request = json!({"ServiceId": id, "InstanceId": "one", "Status": "UNHEALTHY"});
    assert!(region.refuses("UpdateInstanceCustomHealthStatus", request).starts_with("CustomHealthNotFound: "));
    assert_eq!(region.call("GetInstancesHealthStatus", json!({"ServiceId": id}))["Status"], json!({"one": "UNKNOWN"}));
    assert!(region.instance(&id, "one").unwrap().healthy);
}

#[test]
fn a_service_has_a_thousand_instances_at_most() {
    let mut region = Region::new();
    let namespace = region.http();
    let id = region.service(&namespace, "api", json!({}));
    for number in 0..1000 {
        let request = json!({"ServiceId": id, "InstanceId": format!("i{number}"), "Attributes": {}});
        region.call("RegisterInstance", request);
    }
    let request = json!({"ServiceId": id, "InstanceId": "more", "Attributes": {}});
    let refused = region.refuses("RegisterInstance", request);
    assert_eq!(refused, "ResourceLimitExceeded: The limit of 1000 instances per service has been reached.");
    // Nor can more be asked for before hosts know of some of these.
    let other = json!({"Name": "other"});
    assert_eq!(region.refuses("CreateHttpNamespace", other.clone()), "RequestLimitExceeded: Rate exceeded");
    region.pass(2);
    region.call("CreateHttpNamespace", other);
    let listed = region.call("ListInstances", json!({"ServiceId": id}));
    assert_eq!(listed["Instances"].as_array().unwrap().len(), 100);
    assert_eq!(region.call("GetService", json!({"Id": id}))["Service"]["InstanceCount"], 1000);
}
