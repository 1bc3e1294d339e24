//! What CloudFormation's registry publishes of each resource type ("Resource type schema", AWS CloudFormation CLI User Guide): its
//! properties, what they may be, what a change of them replaces, what `Fn::GetAtt` answers with.
//!
//! | module | what |
//! |---|---|
//! | `schema` | one type's schema: identifier, attributes, tags, what replaces |
//! | `node` | what is said of one value |
//! | `coerce` | values brought to their types |
//! | `check` | what is wrong with values, in the words of CloudFormation |
//! | `path` | properties' places, and whether a value has one |
//! | `document` | one type's page, as Markdown |
//!
//! `schemas/` is written by `tools/resourcetypes.py`; what it can't say in these terms is in `schemas/left-out.txt`.
//!
//! Absent: templates and their functions (what is a function is let through), stacks, and what neargate supports of a type.

#![forbid(unsafe_code)]

mod check;
mod coerce;
mod document;
mod node;
mod path;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub use document::document;
pub use path::has;
pub use schema::{Replacement, Schema, Tags};

/// The names of all types, one a line.
const PUBLISHED: &str = include_str!("../schemas/published.txt");

/// The schemas that are carried, a file for each service.
const SERVICES: [&str; 24] = [
    include_str!("../schemas/applicationautoscaling.json"),
    include_str!("../schemas/certificatemanager.json"),
    include_str!("../schemas/cloudformation.json"),
    include_str!("../schemas/cloudwatch.json"),
    include_str!("../schemas/dynamodb.json"),
    include_str!("../schemas/ec2.json"),
    include_str!("../schemas/ecr.json"),
    include_str!("../schemas/ecs.json"),
    include_str!("../schemas/efs.json"),
    include_str!("../schemas/elasticloadbalancingv2.json"),
    include_str!("../schemas/events.json"),
    include_str!("../schemas/iam.json"),
    include_str!("../schemas/kms.json"),
    include_str!("../schemas/lambda.json"),
    include_str!("../schemas/logs.json"),
    include_str!("../schemas/route53.json"),
    include_str!("../schemas/s3.json"),
    include_str!("../schemas/scheduler.json"),
    include_str!("../schemas/secretsmanager.json"),
    include_str!("../schemas/servicediscovery.json"),
    include_str!("../schemas/sns.json"),
    include_str!("../schemas/sqs.json"),
    include_str!("../schemas/ssm.json"),
    include_str!("../schemas/wafv2.json"),
];

// A file that doesn't parse is left out here and found by a test.
static SCHEMAS: LazyLock<BTreeMap<String, Schema>> = LazyLock::new(|| {
    SERVICES.iter().filter_map(|text| serde_json::from_str::<BTreeMap<String, Schema>>(text).ok()).flatten().collect()
});

static NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| PUBLISHED.lines().collect());

/// Whether AWS knows a resource type of this name in us-east-1. What is not is one of "Unrecognized resource types". Names of `Custom::` are
/// the template's own and never published.
pub fn published(kind: &str) -> bool {
    NAMES.contains(kind)
}

/// The schema of a type, if it is carried. A `Custom::NAME` has that of `AWS::CloudFormation::CustomResource` ("AWS::CloudFormation::
/// CustomResource", AWS CloudFormation Template Reference).
pub fn schema(kind: &str) -> Option<&'static Schema> {
    SCHEMAS.get(if kind.starts_with("Custom::") { "AWS::CloudFormation::CustomResource" } else { kind })
}

/// The types whose schemas are carried, in alphabetical order.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    SCHEMAS.keys().map(String::as_str)
}
