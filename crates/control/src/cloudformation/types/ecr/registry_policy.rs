//! AWS::ECR::RegistryPolicy. Its physical id is the registry's: there is one of each.

use super::super::{ResourceType, Wanted, ask, at, call, text, words};
use crate::{Tx, View};
use aws::{api::ecr::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ECR::RegistryPolicy.
pub(super) struct RegistryPolicy;

impl ResourceType for RegistryPolicy {
    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        // PutRegistryPolicy changes one that is there.
        if let Some(there) = described(&tx.view())? {
            return Err(words::exists("AWS::ECR::RegistryPolicy", &text(&there, "/registryId")?));
        }
        put(tx, wanted)
    }

    fn update(&self, tx: &mut Tx<'_>, _: &str, _: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        put(tx, wanted).map(drop)
    }

    fn delete(&self, tx: &mut Tx<'_>, _: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteRegistryPolicy", json!({})).map(drop)
    }

    fn attribute(&self, _: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "RegistryId").then(|| json!(id)))
    }

    fn read(&self, view: &View<'_>, _: &str, _: &Value) -> Result<Option<Value>, Fault> {
        Ok(described(view)?.map(|found| json!({ "PolicyText": words::tree(&at(&found, "/policyText")) })))
    }
}

fn put(tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
    let input = json!({ "policyText": words::document(wanted.get("PolicyText")) });
    text(&call(tx, &API, "PutRegistryPolicy", input)?, "/registryId")
}

fn described(view: &View<'_>) -> Result<Option<Value>, Fault> {
    words::known(ask(view, &API, "GetRegistryPolicy", json!({})))
}
