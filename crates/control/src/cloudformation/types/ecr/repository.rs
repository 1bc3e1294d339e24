//! AWS::ECR::Repository.

use super::super::{ResourceType, Wanted, ask, at, call, camel, changed_tags, is_missing, words};
use crate::{Tx, View};
use aws::{api::ecr::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ECR::Repository.
pub(super) struct Repository;

impl ResourceType for Repository {
    fn unsupported(&self) -> &'static [&'static str] {
        &["EncryptionConfiguration/KmsKey"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        // Names of repositories have no capital letters.
        let name = wanted.text("RepositoryName").map_or_else(|| wanted.made_up(256).to_lowercase(), str::to_owned);
        let input = json!({
            "repositoryName": name,
            "imageTagMutability": wanted.get("ImageTagMutability"),
            "imageTagMutabilityExclusionFilters": filters(wanted),
            "imageScanningConfiguration": wanted.get("ImageScanningConfiguration").map(|given| camel(given, &[])),
            "encryptionConfiguration": wanted.get("EncryptionConfiguration").map(|given| camel(given, &[])),
            "tags": wanted.tag_list("Key", "Value"),
        });
        call(tx, &API, "CreateRepository", input)?;
        set_policies(tx, &name, &json!({}), wanted)?;
        Ok(name)
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let changed = |property: &str| before.get(property) != wanted.get(property);
        if changed("ImageTagMutability") || changed("ImageTagMutabilityExclusionFilters") {
            let input = json!({
                "repositoryName": id,
                "imageTagMutability": wanted.text("ImageTagMutability").unwrap_or("MUTABLE"),
                "imageTagMutabilityExclusionFilters": filters(wanted),
            });
            call(tx, &API, "PutImageTagMutability", input)?;
        }
        if changed("ImageScanningConfiguration") {
            let scan = at(wanted.properties, "/ImageScanningConfiguration/ScanOnPush") == true;
            let input = json!({ "repositoryName": id, "imageScanningConfiguration": { "scanOnPush": scan } });
            call(tx, &API, "PutImageScanningConfiguration", input)?;
        }
        set_policies(tx, id, before.properties, wanted)?;
        let (set, removed) = changed_tags(before, wanted);
        let arn = arn(&tx.view(), id);
        if !set.is_empty() {
            let tags: Value = set.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            call(tx, &API, "TagResource", json!({ "resourceArn": arn, "tags": tags }))?;
        }
        if !removed.is_empty() {
            call(tx, &API, "UntagResource", json!({ "resourceArn": arn, "tagKeys": removed }))?;
        }
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, properties: &Value) -> Result<(), Fault> {
        let force = at(properties, "/EmptyOnDelete") == true;
        call(tx, &API, "DeleteRepository", json!({ "repositoryName": id, "force": force })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok(match name {
            "Arn" => Some(json!(arn(view, id))),
            "RepositoryUri" => described(view, id)?.map(|found| at(&found, "/repositoryUri")),
            _ => None,
        })
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(repository) = described(view, id)? else { return Ok(None) };
        let all = words::capital(&repository, &[]);
        let names = ["RepositoryName", "ImageTagMutability", "ImageScanningConfiguration", "EncryptionConfiguration"];
        let mut live = words::picked(&all, &names);
        let text = |operation: &str, pointer: &str| -> Result<Option<Value>, Fault> {
            let answer = words::known(ask(view, &API, operation, json!({ "repositoryName": id })))?;
            Ok(answer.map(|answer| at(&answer, pointer)))
        };
        if let Some(live) = live.as_object_mut() {
            if let Some(policy) = text("GetRepositoryPolicy", "/policyText")? {
                live.insert("RepositoryPolicyText".to_owned(), words::tree(&policy));
            }
            if let Some(policy) = text("GetLifecyclePolicy", "/lifecyclePolicyText")? {
                live.insert("LifecyclePolicy".to_owned(), json!({ "LifecyclePolicyText": policy }));
            }
            if let Some(Value::Array(filters)) = repository.get("imageTagMutabilityExclusionFilters") {
                let filters = filters.iter().map(|filter| {
                    json!({
                        "ImageTagMutabilityExclusionFilterType": at(filter, "/filterType"),
                        "ImageTagMutabilityExclusionFilterValue": at(filter, "/filter"),
                    })
                });
                live.insert("ImageTagMutabilityExclusionFilters".to_owned(), filters.collect());
            }
        }
        Ok(Some(live))
    }
}

/// `imageTagMutabilityExclusionFilters`, whose members the schema calls otherwise.
fn filters(wanted: &Wanted<'_>) -> Option<Value> {
    let given = wanted.get("ImageTagMutabilityExclusionFilters")?.as_array()?;
    let filter = |of: &Value| {
        json!({
            "filterType": at(of, "/ImageTagMutabilityExclusionFilterType"),
            "filter": at(of, "/ImageTagMutabilityExclusionFilterValue"),
        })
    };
    Some(given.iter().map(filter).collect())
}

/// Sets what differs of the repository's policy and its lifecycle policy, or deletes it.
fn set_policies(tx: &mut Tx<'_>, name: &str, before: &Value, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let changed = |property: &str| before.get(property).filter(|value| !value.is_null()) != wanted.get(property);
    if changed("RepositoryPolicyText") {
        match wanted.get("RepositoryPolicyText") {
            Some(policy) => {
                let input = json!({ "repositoryName": name, "policyText": words::document(Some(policy)) });
                call(tx, &API, "SetRepositoryPolicy", input)?;
            }
            None => unless_missing(call(tx, &API, "DeleteRepositoryPolicy", json!({ "repositoryName": name })))?,
        }
    }
    if changed("LifecyclePolicy") {
        let registry = at(wanted.properties, "/LifecyclePolicy/RegistryId");
        match wanted.properties.pointer("/LifecyclePolicy/LifecyclePolicyText") {
            Some(policy) => {
                let input = json!({ "registryId": registry, "repositoryName": name, "lifecyclePolicyText": policy });
                call(tx, &API, "PutLifecyclePolicy", input)?;
            }
            None => unless_missing(call(tx, &API, "DeleteLifecyclePolicy", json!({ "repositoryName": name })))?,
        }
    }
    Ok(())
}

fn unless_missing(answer: Result<Value, Fault>) -> Result<(), Fault> {
    match answer {
        Err(fault) if is_missing(&fault) => Ok(()),
        answer => answer.map(drop),
    }
}

fn arn(view: &View<'_>, name: &str) -> String {
    view.state.region.arn("ecr", format_args!("repository/{name}"))
}

fn described(view: &View<'_>, name: &str) -> Result<Option<Value>, Fault> {
    words::first(ask(view, &API, "DescribeRepositories", json!({ "repositoryNames": [name] })), "/repositories")
}
