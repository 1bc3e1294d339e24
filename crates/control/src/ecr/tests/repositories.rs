//! Repositories, their settings and tags.

use super::Registry;
use serde_json::json;

#[test]
fn a_repository_has_awss_names_and_defaults() {
    let mut registry = Registry::new();
    let made = registry.ok("CreateRepository", json!({ "repositoryName": "team/web_app" }));
    assert_eq!(
        made["repository"],
        json!({
            "repositoryArn": "arn:aws:ecr:us-east-1:123456789012:repository/team/web_app",
            "registryId": "123456789012",
            "repositoryName": "team/web_app",
            "repositoryUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/web_app",
            "createdAt": 1,
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": { "scanOnPush": false },
            "encryptionConfiguration": { "encryptionType": "AES256" },
        })
    );
    assert_eq!(
        registry.refused("CreateRepository", json!({ "repositoryName": "app" })),
        "RepositoryAlreadyExistsException: The repository with name 'app' already exists in the registry with id '123456789012'"
    );
    let listed = registry.ok("DescribeRepositories", json!({ "maxResults": 1 }));
    assert_eq!(listed["repositories"][0]["repositoryName"], "app");
    let rest = registry.ok("DescribeRepositories", json!({ "nextToken": listed["nextToken"] }));
    assert_eq!(rest["repositories"][0]["repositoryName"], "team/web_app");
    assert!(rest.get("nextToken").is_none());
}

#[test]
fn what_is_not_there_is_named_with_its_registry() {
    let mut registry = Registry::new();
    assert_eq!(
        registry.refused("DescribeRepositories", json!({ "repositoryNames": ["app", "none"] })),
        "RepositoryNotFoundException: The repository with name 'none' does not exist in the registry with id '123456789012'"
    );
    assert_eq!(
        registry.refused("DeleteRepository", json!({ "registryId": "000000000000", "repositoryName": "app" })),
        "RepositoryNotFoundException: The repository with name 'app' does not exist in the registry with id '000000000000'"
    );
}

#[test]
fn names_and_settings_that_can_not_be_are_refused() {
    let mut registry = Registry::new();
    for name in ["App", "a//b", "-app", "app_", "a/b/", "a___b", "ap p"] {
        let refused = registry.refused("CreateRepository", json!({ "repositoryName": name }));
        assert!(refused.starts_with("InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression"), "{refused}");
    }
    assert_eq!(
        registry.refused("CreateRepository", json!({ "repositoryName": "a" })),
        "InvalidParameterException: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member must have length greater than or equal to 2'"
    );
    let kms = json!({ "repositoryName": "secret", "encryptionConfiguration": { "encryptionType": "KMS" } });
    assert!(registry.refused("CreateRepository", kms).contains("encryptionType KMS is not supported"));
    let key =
        json!({ "repositoryName": "secret", "encryptionConfiguration": { "encryptionType": "AES256", "kmsKey": "k" } });
    assert!(registry.refused("CreateRepository", key).ends_with(
        "'encryptionConfiguration' failed to satisfy constraint: 'Invalid encryption configuration: Encryption key should not be set for AES256 encryption.'"
    ));
    let filters = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]);
    let without = json!({ "repositoryName": "x1", "imageTagMutabilityExclusionFilters": filters });
    assert!(
        registry
            .refused("CreateRepository", without)
            .contains("'ImageTagMutabilityExclusionFilters are not allowed when imageTagMutability is set as MUTABLE'")
    );
    let none = json!({ "repositoryName": "app", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION" });
    assert!(registry.refused("PutImageTagMutability", none).contains(
        "'ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as IMMUTABLE_WITH_EXCLUSION'"
    ));
}

#[test]
fn a_repository_with_images_is_deleted_by_force_only() {
    let mut registry = Registry::new();
    registry.pushed("one", "v1");
    assert_eq!(
        registry.refused("DeleteRepository", json!({ "repositoryName": "app" })),
        "RepositoryNotEmptyException: The repository with name 'app' in registry with id '123456789012' cannot be deleted because it still contains images"
    );
    registry.ok("DeleteRepository", json!({ "repositoryName": "app", "force": true }));
    let state = &registry.0.state;
    assert!(state.ecr_images.is_empty() && state.ecr_tags.is_empty() && state.ecr_layers.is_empty());
    registry.ok("CreateRepository", json!({ "repositoryName": "app" }));
    assert_eq!(registry.ids(), Vec::<String>::new());
}

#[test]
fn scanning_is_a_setting_and_no_finding_is_made_up() {
    let mut registry = Registry::new();
    let on = json!({ "repositoryName": "app", "imageScanningConfiguration": { "scanOnPush": true } });
    registry.ok("PutImageScanningConfiguration", on);
    let shown = registry.ok("DescribeRepositories", json!({ "repositoryNames": ["app"] }));
    assert_eq!(shown["repositories"][0]["imageScanningConfiguration"], json!({ "scanOnPush": true }));
    let digest = registry.pushed("one", "v1");
    let image = json!({ "repositoryName": "app", "imageId": { "imageTag": "v1" } });
    assert!(registry.refused("StartImageScan", image.clone()).starts_with("UnsupportedImageTypeException"));
    let by_digest = json!({ "repositoryName": "app", "imageId": { "imageDigest": digest, "imageTag": "v1" } });
    assert_eq!(
        registry.refused("DescribeImageScanFindings", by_digest),
        format!(
            "ScanNotFoundException: Image scan does not exist for the image with '{{imageDigest:'{digest}', imageTag:'v1'}}' in the repository with name 'app' in the registry with id '123456789012'"
        )
    );
    let missing = json!({ "repositoryName": "app", "imageId": { "imageTag": "v2" } });
    assert!(registry.refused("StartImageScan", missing).starts_with("ImageNotFoundException"));
    let enhanced = json!({ "scanType": "ENHANCED" });
    assert!(registry.refused("PutRegistryScanningConfiguration", enhanced).contains("ENHANCED is not supported"));
    let rules = json!([{ "scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{ "filter": "*", "filterType": "WILDCARD" }] }]);
    registry.ok("PutRegistryScanningConfiguration", json!({ "scanType": "BASIC", "rules": rules }));
    let shown = registry.ok("GetRegistryScanningConfiguration", json!({}));
    assert_eq!(shown["scanningConfiguration"], json!({ "scanType": "BASIC", "rules": rules }));
}

#[test]
fn tags_are_kept_by_arn() {
    let mut registry = Registry::new();
    let arn = "arn:aws:ecr:us-east-1:123456789012:repository/app";
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    registry.ok("TagResource", json!({ "resourceArn": arn, "tags": [tag("team", "a"), tag("stage", "dev")] }));
    registry.ok("TagResource", json!({ "resourceArn": arn, "tags": [tag("team", "b")] }));
    registry.ok("UntagResource", json!({ "resourceArn": arn, "tagKeys": ["stage", "none"] }));
    assert_eq!(
        registry.ok("ListTagsForResource", json!({ "resourceArn": arn })),
        json!({ "tags": [tag("team", "b")] })
    );
    let wrong = registry
        .refused("ListTagsForResource", json!({ "resourceArn": "arn:aws:ecs:us-east-1:123456789012:cluster/app" }));
    assert_eq!(
        wrong,
        "InvalidParameterException: Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'"
    );
    let reserved = json!({ "resourceArn": arn, "tags": [tag("aws:x", "y")] });
    assert!(registry.refused("TagResource", reserved).starts_with("InvalidTagParameterException"));
    let many: Vec<_> = (0..50).map(|number| tag(&number.to_string(), "")).collect();
    assert!(
        registry
            .refused("TagResource", json!({ "resourceArn": arn, "tags": many }))
            .starts_with("TooManyTagsException")
    );
}
