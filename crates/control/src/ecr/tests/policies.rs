//! Policies of repositories and of the registry.

use super::Registry;
use serde_json::json;

#[test]
fn a_repository_policy_is_kept_as_given() {
    let mut registry = Registry::new();
    let name = json!({ "repositoryName": "app" });
    assert_eq!(
        registry.refused("GetRepositoryPolicy", name.clone()),
        "RepositoryPolicyNotFoundException: Repository policy does not exist for the repository with name 'app' in the registry with id '123456789012'"
    );
    let text =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
    registry.ok("SetRepositoryPolicy", json!({ "repositoryName": "app", "policyText": text }));
    assert_eq!(registry.ok("GetRepositoryPolicy", name.clone())["policyText"], text);
    assert_eq!(registry.ok("DeleteRepositoryPolicy", name.clone())["policyText"], text);
    assert!(registry.refused("DeleteRepositoryPolicy", name).starts_with("RepositoryPolicyNotFoundException"));
    for wrong in
        ["{", "[]", "{}", r#"{"Statement":[]}"#, r#"{"Statement":{"Effect":"Maybe","Principal":"*","Action":"*"}}"#]
    {
        assert_eq!(
            registry.refused("SetRepositoryPolicy", json!({ "repositoryName": "app", "policyText": wrong })),
            "InvalidParameterException: Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
        );
    }
}

#[test]
fn the_registry_has_a_policy_of_its_own() {
    let mut registry = Registry::new();
    assert_eq!(
        registry.refused("GetRegistryPolicy", json!({})),
        "RegistryPolicyNotFoundException: Registry policy does not exist in the registry with id '123456789012'"
    );
    let text =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:ReplicateImage"}]}"#;
    registry.ok("PutRegistryPolicy", json!({ "policyText": text }));
    assert_eq!(
        registry.ok("GetRegistryPolicy", json!({})),
        json!({ "registryId": "123456789012", "policyText": text })
    );
    registry.ok("DeleteRegistryPolicy", json!({}));
    assert!(registry.0.state.ecr_registry.is_empty());
    let described = registry.ok("DescribeRegistry", json!({}));
    assert_eq!(described, json!({ "registryId": "123456789012", "replicationConfiguration": { "rules": [] } }));
}
