//! AWS Cloud Map as a client meets it, in a region whose one host does what the test says.

mod discovering;
mod instances;
mod namespaces;
mod services;
mod zones;

use crate::{ecs::tasks::tests::Fixture, state::DiscoveryInstance};
use aws::api::servicediscovery::API;
use serde_json::{Value, json};

/// A region with a VPC that has names, and its host.
struct Region {
    fixture: Fixture,
    vpc: String,
}

impl Region {
    fn new() -> Self {
        let mut fixture = Fixture::new();
        let vpc = fixture.world.state.vpcs.iter().next().unwrap().id.to_string();
        let request = json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": true}});
        fixture.world.call(&aws::api::ec2::API, "ModifyVpcAttribute", request).unwrap();
        Self { fixture, vpc }
    }

    #[track_caller]
    fn call(&mut self, operation: &str, request: Value) -> Value {
        let answer = self.fixture.world.call(&API, operation, request);
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Code and message of a refusal.
    #[track_caller]
    fn refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.fixture.world.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    /// Time goes by, and the host acts on what there is.
    fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds {
            self.fixture.world.now += 1_000;
            self.fixture.sync();
        }
    }

    fn operation(&mut self, answer: &Value) -> Value {
        self.call("GetOperation", json!({"OperationId": answer["OperationId"]}))["Operation"].clone()
    }

    /// The target of an operation that has succeeded.
    fn done(&mut self, answer: &Value, target: &str) -> String {
        self.pass(2);
        let operation = self.operation(answer);
        assert_eq!(operation["Status"], "SUCCESS", "{operation}");
        operation["Targets"][target].as_str().unwrap().to_owned()
    }

    /// The private DNS namespace `shop.local`, and its id.
    fn private(&mut self) -> String {
        let answer = self.call("CreatePrivateDnsNamespace", json!({"Name": "shop.local", "Vpc": self.vpc}));
        self.done(&answer, "NAMESPACE")
    }

    /// The HTTP namespace `shop`, and its id.
    fn http(&mut self) -> String {
        let answer = self.call("CreateHttpNamespace", json!({"Name": "shop"}));
        self.done(&answer, "NAMESPACE")
    }

    /// A service in a namespace, and its id.
    fn service(&mut self, namespace: &str, name: &str, more: Value) -> String {
        let mut request = json!({"Name": name, "NamespaceId": namespace});
        more.as_object().unwrap().iter().for_each(|(name, value)| request[name] = value.clone());
        self.call("CreateService", request)["Service"]["Id"].as_str().unwrap().to_owned()
    }

    fn register(&mut self, service: &str, id: &str, attributes: Value) {
        let request = json!({"ServiceId": service, "InstanceId": id, "Attributes": attributes});
        let answer = self.call("RegisterInstance", request);
        self.done(&answer, "INSTANCE");
    }

    fn instance(&self, service: &str, id: &str) -> Option<&DiscoveryInstance> {
        self.fixture.world.state.discovery_instances.get(&DiscoveryInstance::key_of(service, id))
    }
}

/// Records of one type.
fn dns(kind: &str, policy: &str) -> Value {
    json!({"RoutingPolicy": policy, "DnsRecords": [{"Type": kind, "TTL": 10}]})
}
