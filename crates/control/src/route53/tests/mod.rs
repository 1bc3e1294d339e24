//! Amazon Route 53 as a client meets it, in a region whose one host does what the test says.

mod batches;
mod linked;
mod sets;
mod told;
mod zones;

use crate::ecs::tasks::tests::Fixture;
use aws::api::route53::API;
use serde_json::{Value, json};

/// A region with a VPC that has names, and its host.
struct Region {
    fixture: Fixture,
    vpc: String,
    references: u32,
}

impl Region {
    fn new() -> Self {
        let mut fixture = Fixture::new();
        let vpc = fixture.world.state.vpcs.iter().next().unwrap().id.to_string();
        let request = json!({"VpcId": vpc, "EnableDnsHostnames": {"Value": true}});
        fixture.world.call(&aws::api::ec2::API, "ModifyVpcAttribute", request).unwrap();
        Self { fixture, vpc, references: 0 }
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

    fn vpc(&self) -> Value {
        json!({"VPCRegion": "us-east-1", "VPCId": self.vpc})
    }

    /// What a request for a zone says, with a reference of its own.
    fn request(&mut self, name: &str, private: bool) -> Value {
        self.references += 1;
        let mut request = json!({"Name": name, "CallerReference": self.references.to_string()});
        if private {
            request["VPC"] = self.vpc();
        }
        request
    }

    /// A new zone's id.
    #[track_caller]
    fn zone(&mut self, name: &str, private: bool) -> String {
        let request = self.request(name, private);
        let made = self.call("CreateHostedZone", request);
        made["HostedZone"]["Id"].as_str().unwrap().strip_prefix("/hostedzone/").unwrap().to_owned()
    }

    #[track_caller]
    fn change(&mut self, zone: &str, changes: Value) -> Value {
        self.call("ChangeResourceRecordSets", json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}))
    }

    #[track_caller]
    fn refuses_change(&mut self, zone: &str, changes: Value) -> String {
        self.refuses("ChangeResourceRecordSets", json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}))
    }

    /// Name, type and identifier of every set of a zone.
    fn listed(&mut self, zone: &str) -> Vec<String> {
        let answer = self.call("ListResourceRecordSets", json!({"HostedZoneId": zone}));
        assert_eq!(answer["IsTruncated"], false);
        let sets = answer["ResourceRecordSets"].as_array().unwrap().iter();
        let text = |set: &Value, member: &str| set[member].as_str().map(|text| format!(" {text}")).unwrap_or_default();
        sets.map(|set| format!("{}{}{}", &text(set, "Name")[1..], text(set, "Type"), text(set, "SetIdentifier")))
            .collect()
    }
}

/// A change of a set with values.
fn change(action: &str, name: &str, kind: &str, values: &[&str]) -> Value {
    let records: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
    json!({"Action": action, "ResourceRecordSet": {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": records}})
}

/// The same with more members of the set.
fn with(mut change: Value, more: Value) -> Value {
    for (member, value) in more.as_object().unwrap() {
        change["ResourceRecordSet"][member] = value.clone();
    }
    change
}

/// A change of an alias.
fn alias(action: &str, name: &str, zone: &str, target: &str) -> Value {
    let target = json!({"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": true});
    json!({"Action": action, "ResourceRecordSet": {"Name": name, "Type": "A", "AliasTarget": target}})
}
