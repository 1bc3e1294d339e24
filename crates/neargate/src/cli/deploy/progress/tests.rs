//! Events as trees and lines.

use super::*;
use serde_json::json;

const ROOT: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1";
const NESTED: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop-Network-2/2";

struct World {
    progress: Progress,
    lines: Vec<String>,
    number: u32,
}

impl World {
    fn new(expected: &[(&str, &str)]) -> Self {
        let expected = expected.iter().map(|(id, kind)| ((*id).to_owned(), (*kind).to_owned())).collect();
        Self { progress: Progress::new(ROOT, expected), lines: Vec::new(), number: 0 }
    }

    /// An event that many seconds after the beginning.
    fn event(
        &mut self,
        stack: &str,
        at: f64,
        (id, kind): (&str, &str),
        status: &str,
        physical: &str,
        reason: Option<&str>,
    ) {
        self.number += 1;
        let event = json!({
            "StackId": stack, "EventId": self.number.to_string(), "LogicalResourceId": id, "PhysicalResourceId": physical,
            "ResourceType": kind, "Timestamp": 1_000_000.0 + at, "ResourceStatus": status, "ResourceStatusReason": reason,
        });
        let event: Event = serde_json::from_value(event).unwrap();
        self.lines.extend(self.progress.take(event.clone()));
        assert!(self.progress.knows(&event) && self.progress.take(event).is_none());
    }

    fn tree(&self, at: f64) -> String {
        let lines: Vec<String> = self.progress.tree(1_000_000.0 + at).into_iter().map(|line| line.text).collect();
        lines.join("\n")
    }
}

const SHOP: (&str, &str) = ("shop", STACK);
const VPC: (&str, &str) = ("Vpc", "AWS::EC2::VPC");
const SUBNET: (&str, &str) = ("Subnet", "AWS::EC2::Subnet");

#[test]
fn what_is_begun_has_its_time_and_what_is_not_waits() {
    let mut world = World::new(&[SUBNET, VPC, ("Web", SERVICE)]);
    world.event(ROOT, 0.0, SHOP, "CREATE_IN_PROGRESS", ROOT, Some("User Initiated"));
    world.event(ROOT, 0.0, VPC, "CREATE_IN_PROGRESS", "", None);
    world.event(ROOT, 0.5, VPC, "CREATE_COMPLETE", "vpc-1", None);
    world.event(ROOT, 0.5, SUBNET, "CREATE_IN_PROGRESS", "subnet-1", Some("Resource creation Initiated"));
    let expected = "\
shop  CREATE_IN_PROGRESS  2.0 s
  ✓ Vpc  AWS::EC2::VPC  CREATE_COMPLETE  0.5 s  vpc-1
  … Subnet  AWS::EC2::Subnet  CREATE_IN_PROGRESS  1.5 s  subnet-1
  · Web  AWS::ECS::Service";
    assert_eq!(world.tree(2.0), expected);
    let expected =
        "13:46:40  CREATE_IN_PROGRESS            Subnet  AWS::EC2::Subnet  subnet-1  Resource creation Initiated";
    assert_eq!(world.lines.last().unwrap(), expected);
    assert!(world.progress.tree(1_000_002.0).iter().any(|line| line.done && line.text.contains("Vpc")));
}

#[test]
fn what_failed_first_is_kept_when_it_is_rolled_back() {
    let mut world = World::new(&[]);
    world.event(ROOT, 0.0, SHOP, "CREATE_IN_PROGRESS", ROOT, None);
    world.event(ROOT, 0.0, VPC, "CREATE_IN_PROGRESS", "", None);
    world.event(ROOT, 0.0, SUBNET, "CREATE_FAILED", "", Some("The CIDR is invalid."));
    world.event(ROOT, 0.0, VPC, "CREATE_FAILED", "vpc-1", Some("Resource creation cancelled"));
    assert!(world.tree(1.0).contains("✗ Subnet  AWS::EC2::Subnet  CREATE_FAILED  0.0 s\n      The CIDR is invalid."));
    world.event(ROOT, 1.0, SHOP, "ROLLBACK_IN_PROGRESS", ROOT, Some("[Subnet] failed"));
    world.event(ROOT, 1.0, VPC, "DELETE_IN_PROGRESS", "vpc-1", None);
    world.event(ROOT, 2.0, VPC, "DELETE_COMPLETE", "vpc-1", None);
    assert!(world.tree(2.0).contains("✓ Vpc  AWS::EC2::VPC  DELETE_COMPLETE  1.0 s  vpc-1"), "{}", world.tree(2.0));
    let what = Failed { what: "Subnet (AWS::EC2::Subnet)".to_owned(), reason: "The CIDR is invalid.".to_owned() };
    assert_eq!(world.progress.failures(), [what]);
}

#[test]
fn what_was_replaced_has_a_line_of_its_own() {
    let mut world = World::new(&[]);
    world.event(ROOT, 0.0, SHOP, "UPDATE_IN_PROGRESS", ROOT, None);
    world.event(
        ROOT,
        0.0,
        VPC,
        "UPDATE_IN_PROGRESS",
        "vpc-1",
        Some("Requested update requires the creation of a new physical resource; hence creating one."),
    );
    world.event(ROOT, 1.0, VPC, "UPDATE_COMPLETE", "vpc-2", None);
    world.event(ROOT, 1.0, VPC, "DELETE_IN_PROGRESS", "vpc-1", None);
    world.event(ROOT, 2.0, VPC, "DELETE_COMPLETE", "vpc-1", None);
    let expected = "\
  ✓ Vpc  AWS::EC2::VPC  UPDATE_COMPLETE  1.0 s  vpc-2
  ✓ Vpc  AWS::EC2::VPC  DELETE_COMPLETE  1.0 s  vpc-1";
    assert!(world.tree(2.0).ends_with(expected), "{}", world.tree(2.0));
}

#[test]
fn nested_stacks_are_branches() {
    let mut world = World::new(&[]);
    world.event(ROOT, 0.0, SHOP, "CREATE_IN_PROGRESS", ROOT, None);
    world.event(ROOT, 0.0, ("Network", STACK), "CREATE_IN_PROGRESS", NESTED, Some("Resource creation Initiated"));
    assert_eq!(world.progress.stacks(), [ROOT, NESTED]);
    world.event(NESTED, 0.5, ("shop-Network-2", STACK), "CREATE_IN_PROGRESS", NESTED, None);
    world.event(NESTED, 0.5, VPC, "CREATE_FAILED", "", Some("The maximum number of VPCs has been reached."));
    assert!(world.tree(1.0).contains("  … Network  AWS::CloudFormation::Stack"));
    assert!(world.tree(1.0).contains("\n    ✗ Vpc  AWS::EC2::VPC  CREATE_FAILED"), "{}", world.tree(1.0));
    assert_eq!(world.progress.failures().first().unwrap().what, "Network/Vpc (AWS::EC2::VPC)");
    assert!(world.lines.last().unwrap().contains("  Network/Vpc  "));
}
