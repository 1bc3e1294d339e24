//! The operations as a client sees them.

mod attributes;
mod draining;
mod https;
mod listeners;
mod load_balancers;
mod network;
mod rules;
mod rules_refused;
mod target_groups;
mod targets;
mod told;

use crate::testing::World;
use aws::api::elbv2::API;
use serde_json::{Value, json};
use spec::{
    Capacity, HostId, HostStatus, SyncRequest,
    balancing::{BalancingStatus, TargetAddress, TargetGroupId, TargetHealth, TargetStatus},
};
use vpc::{InterfaceId, LoadBalancerId};

impl World {
    /// A region as it is at its start, with a default VPC.
    fn region() -> Self {
        let mut world = Self::new();
        world.transact(crate::ec2::found).unwrap();
        world
    }

    /// Calls an operation of Elastic Load Balancing that must succeed.
    #[track_caller]
    fn elb(&mut self, operation: &str, request: Value) -> Value {
        self.call(&API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Calls one that must be refused, and returns code and message.
    #[track_caller]
    fn elb_refuses(&mut self, operation: &str, request: Value) -> String {
        let answer = self.call(&API, operation, request);
        answer.map_or_else(|fault| fault.to_string(), |answer| panic!("{operation} answered {answer}"))
    }

    /// Calls an operation of Amazon EC2 that must succeed.
    #[track_caller]
    fn net(&mut self, operation: &str, request: Value) -> Value {
        self.call(&aws::api::ec2::API, operation, request).unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// The default subnets' ids, by zone.
    fn default_subnets(&mut self) -> Vec<String> {
        let subnets = self.net("DescribeSubnets", json!({}));
        let mut subnets: Vec<(String, String)> = subnets["subnetSet"]
            .as_array()
            .unwrap()
            .iter()
            .map(|subnet| (text(&subnet["availabilityZone"]), text(&subnet["subnetId"])))
            .collect();
        subnets.sort();
        subnets.into_iter().map(|(_, id)| id).collect()
    }

    /// The default VPC's id.
    fn home_vpc(&mut self) -> String {
        let default = json!({"Filter": [{"Name": "is-default", "Value": ["true"]}]});
        text(&self.net("DescribeVpcs", default)["vpcSet"][0]["vpcId"])
    }

    /// Makes a load balancer in the first two zones and returns its ARN.
    fn load_balancer(&mut self, name: &str) -> String {
        let subnets = self.default_subnets();
        let made = self.elb("CreateLoadBalancer", json!({"Name": name, "Subnets": subnets[..2]}));
        text(&made["LoadBalancers"][0]["LoadBalancerArn"])
    }

    /// Makes a target group for HTTP at port 80 of the default VPC and returns its ARN.
    fn target_group(&mut self, name: &str) -> String {
        let vpc = self.home_vpc();
        let request = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"});
        text(&self.elb("CreateTargetGroup", request)["TargetGroups"][0]["TargetGroupArn"])
    }

    /// Makes a listener that forwards to a target group and returns its ARN.
    fn listener(&mut self, load_balancer: &str, port: u16, group: &str) -> String {
        let actions = json!([{"Type": "forward", "TargetGroupArn": group}]);
        let request =
            json!({"LoadBalancerArn": load_balancer, "Protocol": "HTTP", "Port": port, "DefaultActions": actions});
        text(&self.elb("CreateListener", request)["Listeners"][0]["ListenerArn"])
    }

    /// State, reason and description of each target of a group.
    fn health(&mut self, group: &str) -> Vec<String> {
        let all = self.elb("DescribeTargetHealth", json!({ "TargetGroupArn": group }));
        let health = |one: &Value| {
            let health = &one["TargetHealth"];
            let part = |name: &str| health[name].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", part("State"), part("Reason"), part("Description"))
        };
        all["TargetHealthDescriptions"].as_array().unwrap().iter().map(health).collect()
    }

    /// A host says what its balancer acts on, and what it has seen.
    fn host_says(&mut self, networked: u64, balancing: BalancingStatus) {
        let sequence = self.state.seen.get(&HostId::from("host")).map_or(1, |seen| seen.sequence + 1);
        let status = HostStatus {
            host: HostId::from("host"),
            incarnation: 1,
            sequence,
            observed: networked,
            networked,
            tasks: Default::default(),
            balancing,
        };
        let capacity = Capacity { cpu: 4096, memory: 1 << 34, architecture: "amd64".to_owned() };
        self.transact(|tx| Ok(crate::host::report(tx, &SyncRequest { status, capacity }))).unwrap();
    }

    /// A host acts on the newest revision and has found every registered target as given.
    fn host_finds(&mut self, health: &TargetHealth) {
        let mut status = BalancingStatus { applied: self.state.revision, ..BalancingStatus::default() };
        let nodes: Vec<InterfaceId> =
            self.state.load_balancers.iter().flat_map(|of| of.nodes.values().cloned()).collect();
        for target in self.state.targets.iter() {
            for node in &nodes {
                let seen = TargetStatus { since: target.since, health: health.clone(), active: 0 };
                let of_group = status.health.entry(target.group.clone()).or_default();
                of_group.entry(node.clone()).or_default().insert(target.address, seen);
            }
        }
        self.host_says(self.state.revision, status);
    }
}

/// The text of a value.
#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The last part of an ARN.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

fn group_id(arn: &str) -> TargetGroupId {
    TargetGroupId::from(id(arn))
}

fn address(text: &str) -> TargetAddress {
    TargetAddress(text.parse().unwrap())
}
