//! Lifecycle policies: which are taken, what they expire, and when.

use super::{Manifest, Registry, digest, manifest, push};
use crate::state::{EcrImage, EcrTag};
use serde_json::{Value, json};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

fn rule(priority: i32, selection: Value) -> Value {
    json!({ "rulePriority": priority, "description": "as a test wants it", "selection": selection, "action": { "type": "expire" } })
}

fn count(status: &str, lists: Value, number: i32) -> Value {
    let mut selection = json!({ "tagStatus": status, "countType": "imageCountMoreThan", "countNumber": number });
    selection.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
    selection
}

fn age(status: &str, lists: Value, days: i32) -> Value {
    let mut selection = count(status, lists, days);
    selection["countType"] = json!("sinceImagePushed");
    selection["countUnit"] = json!("days");
    selection
}

fn policy(rules: &[Value]) -> Value {
    json!({ "repositoryName": "app", "lifecyclePolicyText": json!({ "rules": rules }).to_string() })
}

impl Registry {
    fn pushed_at(&mut self, minute: i64, name: &str, tag: Option<&str>) {
        self.0.now = minute * MINUTE;
        self.push(name, tag).unwrap();
    }

    /// Lets time pass as a tick does.
    fn wait_until(&mut self, now: i64) {
        self.0.now = now;
        self.0.transact(|_| Ok(())).unwrap();
    }
}

#[test]
fn the_youngest_of_a_prefix_are_kept_and_each_push_counts() {
    let mut registry = Registry::new();
    for (minute, tag) in [(1, "prod-1"), (2, "prod-2"), (3, "dev-1"), (4, "prod-3")] {
        registry.pushed_at(minute, tag, Some(tag));
    }
    let keep = policy(&[rule(1, count("tagged", json!({ "tagPrefixList": ["prod"] }), 2))]);
    registry.ok("PutLifecyclePolicy", keep);
    assert_eq!(registry.ids(), ["dev-1", "prod-2", "prod-3"]);
    registry.pushed_at(5, "prod-4", Some("prod-4"));
    assert_eq!(registry.ids(), ["dev-1", "prod-3", "prod-4"]);
    let shown = registry.ok("GetLifecyclePolicy", json!({ "repositoryName": "app" }));
    assert_eq!(shown["lastEvaluatedAt"], 300);
}

#[test]
fn images_expire_by_age_when_their_time_comes() {
    let mut registry = Registry::new();
    registry.pushed_at(0, "a", Some("v1"));
    registry.pushed_at(10, "b", Some("v2"));
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, age("tagged", json!({ "tagPatternList": ["v*"] }), 14))]));
    registry.wait_until(14 * DAY - 1);
    assert_eq!(registry.ids(), ["v1", "v2"]);
    registry.wait_until(14 * DAY);
    assert_eq!(registry.ids(), ["v2"]);
    registry.wait_until(14 * DAY + 10 * MINUTE);
    assert_eq!(registry.ids(), Vec::<String>::new());
    assert!(registry.0.state.expiries.is_empty());
}

#[test]
fn an_image_belongs_to_the_first_rule_that_its_tags_match() {
    let mut registry = Registry::new();
    for (minute, tag) in [(1, "keep-1"), (2, "keep-2"), (3, "other-1"), (4, "other-2")] {
        registry.pushed_at(minute, tag, Some(tag));
    }
    let rules =
        [rule(2, count("any", json!({}), 1)), rule(1, count("tagged", json!({ "tagPrefixList": ["keep"] }), 5))];
    registry.ok("PutLifecyclePolicy", policy(&rules));
    assert_eq!(registry.ids(), ["keep-1", "keep-2", "other-2"]);
}

#[test]
fn all_of_a_rules_prefixes_must_be_there() {
    let mut registry = Registry::new();
    registry.pushed_at(1, "a", Some("alpha-1"));
    registry.pushed_at(1, "a", Some("beta-1"));
    registry.pushed_at(2, "b", Some("alpha-2"));
    registry.pushed_at(3, "c", Some("beta-2"));
    registry.0.now = 20 * DAY;
    let both = json!({ "tagPrefixList": ["alpha", "beta"] });
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, age("tagged", both, 1))]));
    assert_eq!(registry.ids(), ["alpha-2", "beta-2"]);
}

#[test]
fn an_image_without_a_tag_has_time_to_be_listed() {
    let mut registry = Registry::new();
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, count("untagged", json!({}), 1))]));
    for (minute, name) in [(1, "amd64"), (1, "arm64"), (2, "stray"), (2, "younger")] {
        registry.pushed_at(minute, name, None);
    }
    assert_eq!(registry.ids().len(), 4);
    let index = Manifest { children: vec![digest("amd64"), digest("arm64")], ..manifest("index") };
    registry.0.transact(|tx| push(tx, "app", &index, Some("v1"))).unwrap();
    registry.wait_until(30 * MINUTE);
    let ids = registry.ids();
    assert!(ids.contains(&digest("amd64")) && ids.contains(&digest("arm64")), "listed by an index: {ids:?}");
    assert_eq!(ids.len(), 4, "the youngest without a tag, the index and its two: {ids:?}");
}

#[test]
fn artifacts_go_with_what_they_are_about() {
    let mut registry = Registry::new();
    registry.pushed_at(1, "old", Some("v1"));
    let signature = Manifest { subject: Some(digest("old")), ..manifest("signature") };
    registry.0.transact(|tx| push(tx, "app", &signature, Some("sig"))).unwrap();
    registry.pushed_at(2, "new", Some("v2"));
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, count("any", json!({}), 1))]));
    assert_eq!(registry.ids(), ["v2"]);
}

#[test]
fn a_preview_expires_nothing() {
    let mut registry = Registry::new();
    registry.pushed_at(1, "a", Some("v1"));
    registry.pushed_at(2, "b", Some("v2"));
    let name = json!({ "repositoryName": "app" });
    assert!(
        registry
            .refused("GetLifecyclePolicyPreview", name.clone())
            .starts_with("LifecyclePolicyPreviewNotFoundException")
    );
    assert!(
        registry.refused("StartLifecyclePolicyPreview", name.clone()).starts_with("LifecyclePolicyNotFoundException")
    );
    let started = registry.ok("StartLifecyclePolicyPreview", policy(&[rule(7, count("any", json!({}), 1))]));
    assert_eq!(started["status"], "IN_PROGRESS");
    let shown = registry.ok("GetLifecyclePolicyPreview", name);
    assert_eq!((&shown["status"], &shown["summary"]["expiringImageTotalCount"]), (&json!("COMPLETE"), &json!(1)));
    assert_eq!(
        shown["previewResults"],
        json!([{
            "imageTags": ["v1"],
            "imageDigest": digest("a"),
            "imagePushedAt": 60,
            "action": { "type": "EXPIRE" },
            "appliedRulePriority": 7,
        }])
    );
    assert_eq!(registry.ids(), ["v1", "v2"]);
}

#[test]
fn a_deleted_policy_expires_nothing_any_more() {
    let mut registry = Registry::new();
    registry.pushed_at(0, "a", Some("v1"));
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, age("any", json!({}), 1))]));
    registry.ok("DeleteLifecyclePolicy", json!({ "repositoryName": "app" }));
    registry.wait_until(2 * DAY);
    assert_eq!(registry.ids(), ["v1"]);
    assert_eq!(
        registry.refused("GetLifecyclePolicy", json!({ "repositoryName": "app" })),
        "LifecyclePolicyNotFoundException: Lifecycle policy does not exist for the repository with name 'app' in the registry with id '123456789012'"
    );
}

#[test]
fn a_policy_is_shown_without_the_space_between_its_parts() {
    let mut registry = Registry::new();
    let rules = json!({ "rules": [rule(1, count("tagged", json!({ "tagPrefixList": ["a"] }), 1))] });
    let text = serde_json::to_string_pretty(&rules).unwrap();
    let request = json!({ "repositoryName": "app", "lifecyclePolicyText": text });
    let put = registry.ok("PutLifecyclePolicy", request);
    let shown = registry.ok("GetLifecyclePolicy", json!({ "repositoryName": "app" }));
    assert_eq!(put["lifecyclePolicyText"], rules.to_string());
    assert_eq!(shown["lifecyclePolicyText"], rules.to_string());
}

#[test]
fn policies_that_can_not_be_are_refused_with_the_reason() {
    let mut registry = Registry::new();
    let untagged = || count("untagged", json!({}), 1);
    let mut archive = rule(1, untagged());
    archive["action"] = json!({ "type": "transition", "targetStorageClass": "archive" });
    let mut pulled = age("any", json!({}), 1);
    pulled["countType"] = json!("sinceImagePulled");
    let mut unknown = rule(1, untagged());
    unknown["more"] = json!(1);
    for (rules, reason) in [
        (vec![rule(1, untagged()), rule(1, count("any", json!({}), 1))], "Duplicate priority in multiple rules"),
        (vec![rule(1, untagged()), rule(2, untagged())], "Only one rule can select Untagged images per storage class."),
        (
            vec![rule(1, count("any", json!({}), 1)), rule(2, untagged())],
            "Rule for tagStatus=ANY must have the lowest priority per storage class",
        ),
        (
            vec![rule(1, count("tagged", json!({}), 1))],
            "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
        ),
        (
            vec![rule(1, count("tagged", json!({ "tagPrefixList": ["a"], "tagPatternList": ["b*"] }), 1))],
            "If policy has a tagged rule, it must specify only one of tagPrefixList or tagPatternList",
        ),
        (
            vec![rule(1, count("untagged", json!({ "tagPrefixList": ["a"] }), 1))],
            "Cannot specify tagPrefixList with tagStatus untagged",
        ),
        (
            (1..=51).map(|n| rule(n, count("tagged", json!({ "tagPrefixList": [n.to_string()] }), 1))).collect(),
            "array is too long: must have at most 50 elements but instance has 51 elements",
        ),
        (
            vec![rule(1, count("untagged", json!({}), 0))],
            "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
        ),
        (
            vec![rule(1, count("tagged", json!({ "tagPatternList": ["*a*b*c*d*"] }), 1))],
            "Invalid tag pattern provided. Total number of * must not exceed 4",
        ),
        (vec![rule(1, pulled)], "SinceImagePulled is not supported"),
        (vec![archive], "action transition is not supported"),
        (vec![unknown], "object instance has properties which are not allowed by the schema: [\"more\"]"),
        (vec![json!({ "rulePriority": 1 })], "object has missing required properties ([\"action\",\"selection\"])"),
        (
            vec![rule(1, count("all", json!({}), 1))],
            "(\"all\") not found in enum (possible values: [\"any\",\"tagged\",\"untagged\"])",
        ),
        (
            vec![rule(1, count("any", json!({ "countUnit": "days" }), 1))],
            "instance failed to match exactly one schema (matched 0 out of 4)",
        ),
    ] {
        let mut request = policy(&rules);
        // The model wants a hundred characters.
        let text = format!("{:<100}", request["lifecyclePolicyText"].as_str().unwrap());
        request["lifecyclePolicyText"] = json!(text);
        let refused = registry.refused("PutLifecyclePolicy", request);
        let start = "InvalidParameterException: Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: ";
        assert!(refused.starts_with(start) && refused.contains(reason), "{refused}");
    }
    for text in [r#"{"rules":"#.to_owned(), "[]".to_owned(), {
        let mut transition = rule(1, untagged());
        transition["action"] = json!({ "type": "transition" });
        json!({ "rules": [transition] }).to_string()
    }] {
        let mut request = policy(&[]);
        request["lifecyclePolicyText"] = json!(format!("{text:<100}"));
        assert_eq!(
            registry.refused("PutLifecyclePolicy", request),
            "InvalidParameterException: Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy parsing failure: Could not map policyString into LifecyclePolicy.'"
        );
    }
}

/// A repository of so many images, all pushed now and each with a tag of its own, as by a year of builds.
fn large(images: usize) -> Registry {
    let mut registry = Registry::new();
    registry.change(|tx| {
        let pushed = tx.now;
        for number in 0..images {
            let (repository, digest) = ("app".to_owned(), digest(&format!("old{number}")));
            let media_type = "application/vnd.oci.image.manifest.v1+json".to_owned();
            tx.state.ecr_tags.put(EcrTag {
                repository: repository.clone(),
                tag: format!("v{number}"),
                digest: digest.clone(),
            });
            tx.state.ecr_images.put(EcrImage {
                repository,
                digest,
                media_type,
                manifest_size: 400,
                artifact_type: None,
                size: 100,
                pushed,
                pulled: None,
                layers: Vec::new(),
                children: Vec::new(),
                subject: None,
            });
        }
    });
    registry
}

impl Registry {
    fn count(&self) -> usize {
        self.0.state.ecr_images.len()
    }
}

#[test]
fn a_large_repository_is_gone_through_in_parts_and_pauses() {
    let mut registry = large(2_500);
    registry.0.now = MINUTE;
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, count("any", json!({}), 300))]));
    assert_eq!((registry.count(), registry.0.state.ecr_tags.len()), (1_500, 1_500), "a thousand at once");
    // Neither pushes nor ticks have it gone through again before a millisecond for each image is over.
    registry.push("new", Some("new")).unwrap();
    registry.wait_until(MINUTE + 2_499);
    assert_eq!(registry.count(), 1_501);
    registry.wait_until(MINUTE + 2_500);
    assert_eq!(registry.count(), 501);
    registry.wait_until(MINUTE + 2_500 + 1_501);
    assert_eq!(registry.count(), 300);
    let ids = registry.ids();
    assert!(ids.contains(&"new".to_owned()), "the youngest is kept: {ids:?}");
    // It is a small one now, where each push counts at once.
    registry.wait_until(2 * MINUTE);
    registry.push("newer", Some("newer")).unwrap();
    assert_eq!(registry.count(), 300);
    assert!(registry.0.state.expiries.is_empty());
}

#[test]
fn what_changes_in_a_pause_is_seen_after_it() {
    let mut registry = large(1_500);
    registry.0.now = MINUTE;
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, count("tagged", json!({ "tagPrefixList": ["b"] }), 2))]));
    for number in 0..5 {
        registry.push(&format!("build{number}"), Some(&format!("b{number}"))).unwrap();
    }
    assert_eq!(registry.count(), 1_505);
    registry.ok("DeleteLifecyclePolicy", json!({ "repositoryName": "app" }));
    registry.wait_until(2 * MINUTE);
    assert_eq!(registry.count(), 1_505, "nobody wants it any more");
    registry.ok("PutLifecyclePolicy", policy(&[rule(1, count("tagged", json!({ "tagPrefixList": ["b"] }), 4))]));
    assert_eq!(registry.count(), 1_504);
    registry.push("build5", Some("b5")).unwrap();
    registry.wait_until(3 * MINUTE);
    assert_eq!(registry.count(), 1_504);
}
