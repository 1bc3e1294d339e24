//! Images and their tags.

use super::{Blob, Manifest, Pushed, Registry, digest, manifest, push};
use crate::ecr::images::{delete, record_pull, remove_tag};
use serde_json::json;

#[test]
fn an_image_is_described_with_its_tags_and_size() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "v1");
    assert_eq!(registry.push("one", Some("latest")).unwrap(), Pushed::New);
    assert_eq!(registry.push("one", Some("latest")).unwrap(), Pushed::Again);
    let described = registry.ok("DescribeImages", json!({ "repositoryName": "app" }));
    assert_eq!(
        described["imageDetails"],
        json!([{
            "registryId": "123456789012",
            "repositoryName": "app",
            "imageDigest": one,
            "imageTags": ["latest", "v1"],
            "imageSizeInBytes": 100,
            "imagePushedAt": 1,
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactMediaType": "application/vnd.oci.image.config.v1+json",
            "imageStatus": "ACTIVE",
        }])
    );
}

#[test]
fn a_tag_that_moves_leaves_an_image_without() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "v1");
    registry.pushed("two", "v1");
    assert_eq!(registry.ids(), [one.clone(), "v1".to_owned()]);
    let untagged = json!({ "repositoryName": "app", "filter": { "tagStatus": "UNTAGGED" } });
    assert_eq!(registry.ok("ListImages", untagged.clone()), json!({ "imageIds": [{ "imageDigest": one }] }));
    assert_eq!(registry.ok("DescribeImages", untagged)["imageDetails"].as_array().unwrap().len(), 1);
}

#[test]
fn immutable_tags_stay_but_for_what_is_excluded() {
    let mut registry = Registry::new();
    let set = |mutability: &str| {
        let mut request = json!({ "repositoryName": "app", "imageTagMutability": mutability });
        if mutability.ends_with("EXCLUSION") {
            request["imageTagMutabilityExclusionFilters"] = json!([{ "filterType": "WILDCARD", "filter": "dev-*" }]);
        }
        request
    };
    for tag in ["v1", "dev-1"] {
        registry.pushed("one", tag);
    }
    for (mutability, fixed, free) in [
        ("IMMUTABLE", vec!["v1", "dev-1"], vec![]),
        ("IMMUTABLE_WITH_EXCLUSION", vec!["v1"], vec!["dev-1"]),
        ("MUTABLE_WITH_EXCLUSION", vec!["dev-1"], vec!["v1"]),
        ("MUTABLE", vec![], vec!["v1", "dev-1"]),
    ] {
        registry.ok("PutImageTagMutability", set(mutability));
        for tag in fixed {
            let refused = registry.push(mutability, Some(tag)).unwrap_err().to_string();
            assert_eq!(
                refused,
                format!(
                    "ImageTagAlreadyExistsException: The image tag '{tag}' already exists in the 'app' repository and cannot be overwritten because the tag is immutable."
                )
            );
        }
        for tag in free {
            registry.push(mutability, Some(tag)).unwrap();
        }
    }
}

#[test]
fn what_an_image_needs_must_be_there() {
    let mut registry = Registry::new();
    let blob = Blob { digest: digest("layer"), size: 1 };
    let image = Manifest { blobs: vec![blob], ..manifest("image") };
    let refused = registry.0.transact(|tx| push(tx, "app", &image, Some("v1"))).unwrap_err().to_string();
    let layer = digest("layer");
    assert_eq!(
        refused,
        format!(
            "LayersNotFoundException: Layers with digests '[{layer}]' required for pushing image into repository with name 'app' in the registry with id '123456789012' do not exist"
        )
    );
    let index = Manifest { children: vec![digest("image")], ..manifest("index") };
    let refused = registry.0.transact(|tx| push(tx, "app", &index, Some("v1"))).unwrap_err().to_string();
    assert!(refused.starts_with("ReferencedImagesNotFoundException: Images with digests"), "{refused}");
    let refused = registry.0.transact(|tx| push(tx, "none", &index, None)).unwrap_err().to_string();
    assert!(refused.starts_with("RepositoryNotFoundException"), "{refused}");
    registry.push("one", None).unwrap();
    let lying = Manifest { blobs: vec![Blob { digest: digest("layer of one"), size: 99 }], ..manifest("liar") };
    let refused = registry.0.transact(|tx| push(tx, "app", &lying, None)).unwrap_err().to_string();
    assert!(refused.contains("Invalid parameter at 'imageManifest'"), "{refused}");
}

#[test]
fn an_index_keeps_its_images() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "amd64");
    let index = Manifest { children: vec![one.clone()], ..manifest("index") };
    registry.0.transact(|tx| push(tx, "app", &index, Some("v1"))).unwrap();
    let index = digest("index");
    let answer =
        registry.ok("BatchDeleteImage", json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": one }] }));
    assert_eq!(
        answer["failures"],
        json!([{
            "imageId": { "imageDigest": one },
            "failureCode": "ImageReferencedByManifestList",
            "failureReason": format!("Requested image referenced by manifest list: [{index}]"),
        }])
    );
    let both = json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": index }, { "imageDigest": one }] });
    assert_eq!(registry.ok("BatchDeleteImage", both)["failures"], json!([]));
    assert_eq!(registry.ids(), Vec::<String>::new());
}

#[test]
fn deleting_by_tag_takes_the_image_with_the_last_one() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "a");
    registry.pushed("one", "b");
    let by_tag = |tag: &str| json!({ "repositoryName": "app", "imageIds": [{ "imageTag": tag }] });
    let answer = registry.ok("BatchDeleteImage", by_tag("a"));
    assert_eq!(answer, json!({ "imageIds": [{ "imageDigest": one, "imageTag": "a" }], "failures": [] }));
    assert_eq!(registry.ids(), ["b"]);
    registry.ok("BatchDeleteImage", by_tag("b"));
    assert_eq!(registry.ids(), Vec::<String>::new());
    let answer = registry.ok("BatchDeleteImage", by_tag("b"));
    assert_eq!(
        answer["failures"],
        json!([{ "imageId": { "imageTag": "b" }, "failureCode": "ImageNotFound", "failureReason": "Requested image not found" }])
    );
}

#[test]
fn deleting_by_digest_takes_every_tag() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "a");
    registry.pushed("one", "b");
    let answer =
        registry.ok("BatchDeleteImage", json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": one }] }));
    assert_eq!(
        answer["imageIds"],
        json!([{ "imageDigest": one, "imageTag": "a" }, { "imageDigest": one, "imageTag": "b" }])
    );
    assert!(registry.0.state.ecr_tags.is_empty());
}

#[test]
fn ids_that_can_not_be_are_failures_by_name() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "a");
    registry.pushed("two", "b");
    let ids = json!([{}, { "imageDigest": "what" }, { "imageDigest": one, "imageTag": "b" }]);
    let answer = registry.ok("BatchDeleteImage", json!({ "repositoryName": "app", "imageIds": ids }));
    let codes: Vec<_> = answer["failures"].as_array().unwrap().iter().map(|one| one["failureCode"].clone()).collect();
    assert_eq!(codes, ["MissingDigestAndTag", "InvalidImageDigest", "ImageTagDoesNotMatchDigest"]);
    assert_eq!(
        registry.refused("DescribeImages", json!({ "repositoryName": "app", "imageIds": [{ "imageTag": "none" }] })),
        "ImageNotFoundException: The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name 'app' in the registry with id '123456789012'"
    );
}

#[test]
fn pages_hold_every_image_once() {
    let mut registry = Registry::new();
    let mut all: Vec<String> = ["a", "b", "c", "d", "e"].map(|name| registry.pushed(name, name)).into();
    all.sort();
    let (mut seen, mut token) = (Vec::new(), json!(null));
    loop {
        let request = json!({ "repositoryName": "app", "maxResults": 2, "nextToken": token });
        let page = registry.ok("DescribeImages", request);
        seen.extend(
            page["imageDetails"].as_array().unwrap().iter().map(|one| one["imageDigest"].as_str().unwrap().to_owned()),
        );
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, all);
    let both = json!({ "repositoryName": "app", "maxResults": 2, "imageIds": [{ "imageTag": "a" }] });
    assert!(registry.refused("DescribeImages", both).starts_with("InvalidParameterException"));
    let foreign = json!({ "repositoryName": "app", "nextToken": "x" });
    assert!(registry.refused("ListImages", foreign).starts_with("InvalidParameterException"));
}

#[test]
fn pulls_are_recorded_once_a_day() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "v1");
    let pulled = |registry: &mut Registry| {
        registry.ok("DescribeImages", json!({ "repositoryName": "app" }))["imageDetails"][0]["lastRecordedPullTime"]
            .clone()
    };
    assert_eq!(pulled(&mut registry), json!(null));
    for (now, recorded) in [(10_000, 10), (11_000, 10), (86_410_000, 86_410)] {
        registry.0.now = now;
        registry.change(|tx| record_pull(tx, "app", &one));
        assert_eq!(pulled(&mut registry), json!(recorded));
    }
}

#[test]
fn the_registrys_api_deletes_a_tag_alone() {
    let mut registry = Registry::new();
    let one = registry.pushed("one", "v1");
    registry.change(|tx| remove_tag(tx, "app", "v1"));
    assert_eq!(registry.ids(), std::slice::from_ref(&one));
    registry.0.transact(|tx| Ok(delete(tx, "app", &one))).unwrap().unwrap();
    assert_eq!(registry.ids(), Vec::<String>::new());
}
