//! Pull through cache rules.

use super::Registry;
use crate::ecr::{Upstream, upstream_of};
use serde_json::json;

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf";

#[test]
fn a_repository_has_the_upstream_of_its_longest_prefix() {
    let mut registry = Registry::new();
    let rule = |prefix: &str, url: &str| json!({ "ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": url });
    registry.ok("CreatePullThroughCacheRule", rule("public", "public.ecr.aws"));
    registry.ok("CreatePullThroughCacheRule", rule("public/k8s", "registry.k8s.io"));
    let mut hub = rule("hub/", "registry-1.docker.io");
    (hub["credentialArn"], hub["upstreamRepositoryPrefix"]) = (json!(SECRET), json!("library"));
    registry.ok("CreatePullThroughCacheRule", hub);
    let state = &registry.0.state;
    let upstream = |registry: &str, repository: &str, credential_arn: Option<&str>| {
        Some(Upstream {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            credential_arn: credential_arn.map(str::to_owned),
        })
    };
    assert_eq!(upstream_of(state, "public/nginx/nginx"), upstream("public.ecr.aws", "nginx/nginx", None));
    assert_eq!(upstream_of(state, "public/k8s/pause"), upstream("registry.k8s.io", "pause", None));
    assert_eq!(upstream_of(state, "hub/nginx"), upstream("registry-1.docker.io", "library/nginx", Some(SECRET)));
    assert_eq!((upstream_of(state, "public"), upstream_of(state, "publicity/x")), (None, None));
    registry.ok("CreatePullThroughCacheRule", rule("ROOT", "quay.io"));
    assert_eq!(upstream_of(&registry.0.state, "any/thing"), upstream("quay.io", "any/thing", None));
}

#[test]
fn rules_are_described_changed_and_deleted() {
    let mut registry = Registry::new();
    let hub =
        json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": SECRET });
    let made = registry.ok("CreatePullThroughCacheRule", hub.clone());
    assert_eq!((&made["upstreamRegistry"], &made["upstreamRepositoryPrefix"]), (&json!("docker-hub"), &json!(null)));
    let root = json!({ "ecrRepositoryPrefix": "k8s", "upstreamRegistryUrl": "registry.k8s.io", "upstreamRepositoryPrefix": "ROOT" });
    registry.ok("CreatePullThroughCacheRule", root);
    let shown = registry.ok("DescribePullThroughCacheRules", json!({ "ecrRepositoryPrefixes": ["k8s"] }));
    assert_eq!(shown["pullThroughCacheRules"][0]["upstreamRepositoryPrefix"], "ROOT");
    assert!(
        registry.refused("CreatePullThroughCacheRule", hub).starts_with("PullThroughCacheRuleAlreadyExistsException")
    );
    registry.0.now = 5_000;
    let other = SECRET.replace("hub-", "other-");
    registry.ok("UpdatePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "hub", "credentialArn": other }));
    let shown = registry.ok("DescribePullThroughCacheRules", json!({ "ecrRepositoryPrefixes": ["hub"] }));
    let shown = &shown["pullThroughCacheRules"][0];
    assert_eq!(
        (&shown["credentialArn"], &shown["createdAt"], &shown["updatedAt"]),
        (&json!(other), &json!(1), &json!(5))
    );
    registry.ok("DeletePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "hub" }));
    let gone = registry.refused("DescribePullThroughCacheRules", json!({ "ecrRepositoryPrefixes": ["hub"] }));
    assert!(gone.starts_with("PullThroughCacheRuleNotFoundException"), "{gone}");
}

#[test]
fn what_can_not_be_upstream_is_refused() {
    let mut registry = Registry::new();
    let mut refused = |more: serde_json::Value| {
        let mut rule = json!({ "ecrRepositoryPrefix": "x1", "upstreamRegistryUrl": "public.ecr.aws" });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        registry.refused("CreatePullThroughCacheRule", rule)
    };
    assert_eq!(
        refused(json!({ "upstreamRegistryUrl": "registry.example.com" })),
        "UnsupportedUpstreamRegistryException: The upstream registry URL registry.example.com is invalid. Specify a valid upstream registry URL and try again"
    );
    assert_eq!(
        refused(json!({ "upstreamRegistryUrl": "ghcr.io" })),
        "UnsupportedUpstreamRegistryException: The specified upstream registry requires authentication. Specify a valid Secrets Manager ARN containing the upstream registry credentials and try again."
    );
    assert_eq!(
        refused(json!({ "upstreamRegistryUrl": "ghcr.io", "upstreamRegistry": "quay" })),
        "InvalidParameterException: Invalid input: Upstream registry URL and entered upstream registry do not match. Please verify input and try again."
    );
    assert!(
        refused(json!({ "customRoleArn": "arn:aws:iam::123456789012:role/x" }))
            .contains("customRoleArn is not supported")
    );
    assert!(refused(json!({ "ecrRepositoryPrefix": "Bad" })).contains("'ecrRepositoryPrefix'"));
}

#[test]
fn a_rule_is_valid_when_its_credentials_are_there() {
    let mut registry = Registry::new();
    let validate = json!({ "ecrRepositoryPrefix": "hub" });
    assert!(
        registry
            .refused("ValidatePullThroughCacheRule", validate.clone())
            .starts_with("PullThroughCacheRuleNotFoundException")
    );
    let secrets = &aws::api::secretsmanager::API;
    let create =
        json!({ "Name": "ecr-pullthroughcache/hub", "SecretString": "{}", "ClientRequestToken": "a".repeat(32) });
    let arn = registry.0.call(secrets, "CreateSecret", create).unwrap()["ARN"].clone();
    let hub =
        json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": arn });
    registry.ok("CreatePullThroughCacheRule", hub);
    let answer = registry.ok("ValidatePullThroughCacheRule", validate.clone());
    let keys = format!(
        "The secret {} must hold a JSON object with the keys 'username' and 'accessToken'.",
        arn.as_str().unwrap()
    );
    assert_eq!((&answer["isValid"], &answer["failure"]), (&json!(false), &json!(keys)));
    let put = json!({
        "SecretId": arn, "SecretString": r#"{"username": "u", "accessToken": "t"}"#, "ClientRequestToken": "b".repeat(32)
    });
    registry.0.call(secrets, "PutSecretValue", put).unwrap();
    let answer = registry.ok("ValidatePullThroughCacheRule", validate.clone());
    assert_eq!((&answer["isValid"], &answer["credentialArn"]), (&json!(true), &arn));
    assert!(answer.get("failure").is_none(), "{answer}");
    registry.0.call(secrets, "DeleteSecret", json!({ "SecretId": arn, "ForceDeleteWithoutRecovery": true })).unwrap();
    let answer = registry.ok("ValidatePullThroughCacheRule", validate);
    let failure = answer["failure"].as_str().unwrap();
    assert!(
        failure.starts_with("The ARN of the secret specified in the pull through cache rule was not found"),
        "{failure}"
    );
}
