//! Repositories, cache rules and the registry's policy of stacks.

use super::super::testing::{attribute, change, make, read, remove, try_make};
use crate::testing::World;
use aws::api::ecr::API;
use serde_json::json;

const KIND: &str = "AWS::ECR::Repository";

#[test]
fn a_repository_is_made_changed_and_deleted() {
    let mut world = World::new();
    let lifecycle = json!({ "rules": [{ "rulePriority": 1, "action": { "type": "expire" },
        "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5 } }] });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": ["ecr:BatchGetImage"] }] });
    let first = json!({
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": [
            { "ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "dev*" }],
        "ImageScanningConfiguration": { "ScanOnPush": true },
        "LifecyclePolicy": { "LifecyclePolicyText": lifecycle.to_string() },
        "RepositoryPolicyText": policy,
        "Tags": [{ "Key": "a", "Value": "b" }],
    });
    let second = json!({ "EmptyOnDelete": true });
    let id = make(&mut world, KIND, &first);
    assert_eq!(id, "shop-thing-1a2b3c4d5e6f");
    assert_eq!(
        attribute(&world, KIND, &id, &first, "Arn"),
        "arn:aws:ecr:us-east-1:123456789012:repository/shop-thing-1a2b3c4d5e6f"
    );
    let uri = attribute(&world, KIND, &id, &first, "RepositoryUri");
    assert_eq!(uri, "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop-thing-1a2b3c4d5e6f");
    let live = read(&world, KIND, &id, &first).expect("there");
    for name in ["ImageTagMutability", "ImageTagMutabilityExclusionFilters", "ImageScanningConfiguration"] {
        assert_eq!(live[name], first[name], "{name}");
    }
    assert_eq!(live["RepositoryPolicyText"], policy);
    assert!(live["LifecyclePolicy"]["LifecyclePolicyText"].is_string(), "{live}");

    change(&mut world, KIND, &id, &first, &second);
    let live = read(&world, KIND, &id, &second).expect("there");
    assert!(live["RepositoryPolicyText"].is_null() && live["LifecyclePolicy"].is_null(), "{live}");
    assert_eq!(
        (&live["ImageTagMutability"], &live["ImageScanningConfiguration"]["ScanOnPush"]),
        (&json!("MUTABLE"), &json!(false))
    );
    let arn = attribute(&world, KIND, &id, &second, "Arn");
    let tags = world.call(&API, "ListTagsForResource", json!({ "resourceArn": arn })).expect("tags");
    assert_eq!(tags["tags"], json!([{ "Key": "of", "Value": "stack" }]));
    remove(&mut world, KIND, &id, &second);
    assert_eq!(read(&world, KIND, &id, &second), None);
}

#[test]
fn a_cache_rule_is_made_and_deleted() {
    let (mut world, kind) = (World::new(), "AWS::ECR::PullThroughCacheRule");
    let wanted = json!({ "EcrRepositoryPrefix": "public", "UpstreamRegistryUrl": "public.ecr.aws" });
    let id = make(&mut world, kind, &wanted);
    assert_eq!(id, "public");
    assert_eq!(read(&world, kind, &id, &wanted).expect("there")["UpstreamRegistry"], "ecr-public");
    remove(&mut world, kind, &id, &wanted);
    assert_eq!(read(&world, kind, &id, &wanted), None);
}

#[test]
fn a_registry_has_one_policy() {
    let (mut world, kind) = (World::new(), "AWS::ECR::RegistryPolicy");
    let policy = |action: &str| {
        json!({ "PolicyText": { "Version": "2012-10-17", "Statement": [{ "Sid": "a", "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": [action],
            "Resource": "arn:aws:ecr:us-east-1:123456789012:repository/*" }] } })
    };
    let (first, second) = (policy("ecr:CreateRepository"), policy("ecr:ReplicateImage"));
    let id = make(&mut world, kind, &first);
    assert_eq!((id.as_str(), attribute(&world, kind, &id, &first, "RegistryId")), ("123456789012", json!(id)));
    assert_eq!(&*try_make(&mut world, kind, &first).expect_err("it is there").code, "AlreadyExists");
    change(&mut world, kind, &id, &first, &second);
    assert_eq!(read(&world, kind, &id, &second), Some(second.clone()));
    remove(&mut world, kind, &id, &second);
    assert_eq!(read(&world, kind, &id, &second), None);
}
