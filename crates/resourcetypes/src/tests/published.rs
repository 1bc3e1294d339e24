//! Each schema is whole, and says what AWS's documentation says.

use std::collections::BTreeMap;

use crate::node::Node;
use serde_json::json;

use crate::{Replacement, SERVICES, Schema, Tags, document, has, kinds, published, schema};

use super::of;

const LISTED: &str = include_str!("../../../../tools/resourcetypes.txt");

#[test]
fn every_file_parses_and_every_listed_type_is_carried() {
    for text in SERVICES {
        serde_json::from_str::<BTreeMap<String, Schema>>(text).unwrap();
    }
    assert_eq!(kinds().collect::<Vec<_>>().join("\n"), LISTED.lines().collect::<Vec<_>>().join("\n"));
    assert!(kinds().all(published));
}

/// Every node of a schema.
fn nodes(schema: &Schema) -> Vec<&Node> {
    let mut all: Vec<&Node> = std::iter::once(&schema.value).chain(schema.definitions.values()).collect();
    let mut next = 0;
    while let Some(node) = all.get(next).copied() {
        all.extend(
            node.properties
                .values()
                .chain(node.pattern_properties.iter().map(|(_, node)| node))
                .chain(node.items.as_deref()),
        );
        next += 1;
    }
    all
}

#[test]
fn every_reference_leads_to_a_definition() {
    for kind in kinds() {
        for node in nodes(of(kind)) {
            assert!(node.resolve(&of(kind).definitions).is_some(), "{kind}: {:?}", node.reference);
        }
    }
}

#[test]
fn every_pattern_compiles() {
    let mut strange = Vec::new();
    for kind in kinds() {
        for node in nodes(of(kind)) {
            let patterns = node.pattern.iter().chain(node.pattern_properties.iter().map(|(pattern, _)| pattern));
            strange.extend(
                patterns.filter(|pattern| pattern.regex().is_none()).map(|pattern| format!("{kind}: {}", pattern.text)),
            );
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}

#[test]
fn what_aws_knows_is_told_from_what_is_carried() {
    assert!(published("AWS::Lambda::EventSourceMapping") && schema("AWS::Lambda::EventSourceMapping").is_none());
    assert!(!published("AWS::EC2::Vpc") && !published("Custom::Thing") && !published(""));
    assert!(schema("Custom::Thing").is_some());
}

#[test]
fn a_change_replaces_what_the_documentation_says_it_does() {
    let change = |kind, property| of(kind).replacement(property);
    assert_eq!(change("AWS::EC2::VPC", "CidrBlock"), Replacement::Always);
    assert_eq!(change("AWS::EC2::VPC", "EnableDnsSupport"), Replacement::Never);
    assert_eq!(change("AWS::EC2::VPC", "InstanceTenancy"), Replacement::Conditionally);
    assert_eq!(change("AWS::ECS::Service", "TaskDefinition"), Replacement::Never);
    assert_eq!(change("AWS::ECS::TaskDefinition", "ContainerDefinitions"), Replacement::Always);
    assert_eq!(change("AWS::ECS::TaskDefinition", "/properties/ContainerDefinitions/0/Image"), Replacement::Always);
    assert_eq!(change("AWS::EC2::SubnetCidrBlock", "SubnetId"), Replacement::Always);
    // Only a part of it can't be changed.
    assert_eq!(change("AWS::Route53::HealthCheck", "HealthCheckConfig"), Replacement::Conditionally);
    assert_eq!(change("AWS::Route53::HealthCheck", "HealthCheckConfig/Type"), Replacement::Always);
    assert_eq!(change("AWS::Route53::HealthCheck", "HealthCheckConfig/Port"), Replacement::Never);
    assert!(of("AWS::EC2::SubnetRouteTableAssociation").deletes_first());
    assert!(!of("AWS::EC2::Subnet").deletes_first());
}

#[test]
fn tags_go_where_the_type_has_them() {
    assert_eq!(of("AWS::EC2::VPC").tags(), Tags::List("Tags"));
    assert_eq!(of("AWS::SSM::Parameter").tags(), Tags::Map("Tags"));
    assert_eq!(of("AWS::EFS::FileSystem").tags(), Tags::List("FileSystemTags"));
    assert_eq!(of("AWS::EC2::Route").tags(), Tags::None);
    assert!(of("AWS::EC2::VPC").has_system_tags() && !of("AWS::IAM::Role").has_system_tags());
}

#[test]
fn attributes_are_what_the_documentation_lists() {
    let balancer = of("AWS::ElasticLoadBalancingV2::LoadBalancer").attributes();
    for name in ["DNSName", "CanonicalHostedZoneID", "LoadBalancerFullName", "LoadBalancerName", "SecurityGroups"] {
        assert!(balancer.iter().any(|one| one == name), "{name}");
    }
    assert_eq!(of("AWS::IAM::Role").attributes(), ["Arn", "RoleId"]);
    let group = of("AWS::EC2::SecurityGroup").attributes();
    assert!(group.iter().any(|name| name == "GroupId") && !group.iter().any(|name| name == "SecurityGroupIngress"));
}

#[test]
fn a_resource_is_identified_as_the_registry_says() {
    assert_eq!(of("AWS::ECS::Service").identifier(), ["ServiceArn", "Cluster"]);
    assert_eq!(of("AWS::ECS::Service").timeout("create"), 2160);
    assert_eq!(of("AWS::EC2::VPC").timeout("create"), 120);
    assert!(of("AWS::EC2::VPC").is_property("CidrBlock") && !of("AWS::EC2::VPC").is_property("VpcId"));
    assert!(of("AWS::ECS::Service").is_write_only("VolumeConfigurations/0/Name"));
    assert_eq!(of("AWS::EC2::Route").required(), ["RouteTableId"]);
}

#[test]
fn a_path_finds_what_is_in_lists_and_maps() {
    let value = json!({"A": {"B": [{"C": 1}, {"D": null}]}, "F": {"Ref": "X"}});
    for path in ["A", "A/B", "A/B/*/C", "A/B/C", "/properties/A/B/*/C", "*/B"] {
        assert!(has(&value, path), "{path}");
    }
    for path in ["B", "A/B/*/D", "A/B/*/E", "A/B/*/C/X", "F/G"] {
        assert!(!has(&value, path), "{path}");
    }
}

#[test]
fn a_page_shows_properties_as_a_tree() {
    let expected = "\
## AWS::ECS::CapacityProvider

- `AutoScalingGroupProvider`: object, may replace
  - `AutoScalingGroupArn`: string, required, replaces
  - `ManagedDraining`: string, updates in place
  - `ManagedScaling`: object, updates in place
    - `InstanceWarmupPeriod`: integer, **not supported**
    - `MaximumScalingStepSize`: integer
    - `MinimumScalingStepSize`: integer
    - `Status`: string
    - `TargetCapacity`: integer
  - `ManagedTerminationProtection`: string, updates in place
- `ClusterName`: string, replaces
- `ManagedInstancesProvider`: object, **not supported**
- `Name`: string, replaces
- `Tags`: list of object, updates in place
  - `Key`: string
  - `Value`: string
";
    let unsupported = ["ManagedInstancesProvider", "AutoScalingGroupProvider/ManagedScaling/InstanceWarmupPeriod"];
    assert_eq!(document("AWS::ECS::CapacityProvider", &unsupported), expected);
    assert!(document("AWS::IAM::Role", &[]).ends_with("\n\n`Fn::GetAtt`: `Arn`, `RoleId`\n"));
    assert_eq!(document("AWS::EFS::Nothing", &[]), "");
}

#[test]
fn every_page_ends() {
    for kind in kinds() {
        let page = document(kind, &[]);
        assert!(
            page.starts_with(&format!("## {kind}\n")) && page.lines().count() < 20_000,
            "{kind}: {}",
            page.lines().count()
        );
    }
}
