//! AWS::ECR::PullThroughCacheRule.

use super::super::{ResourceType, Wanted, ask, call, camel, text, words};
use crate::{Tx, View};
use aws::{api::ecr::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ECR::PullThroughCacheRule. All of it is made once.
pub(super) struct PullThroughCacheRule;

impl ResourceType for PullThroughCacheRule {
    fn unsupported(&self) -> &'static [&'static str] {
        &["CustomRoleArn"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let made = call(tx, &API, "CreatePullThroughCacheRule", camel(wanted.properties, &[]))?;
        text(&made, "/ecrRepositoryPrefix")
    }

    fn update(&self, _: &mut Tx<'_>, _: &str, _: &Wanted<'_>, _: &Wanted<'_>) -> Result<(), Fault> {
        Ok(())
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeletePullThroughCacheRule", json!({ "ecrRepositoryPrefix": id })).map(drop)
    }

    fn attribute(&self, _: &View<'_>, _: &str, _: &Value, _: &str) -> Result<Option<Value>, Fault> {
        Ok(None)
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let input = json!({ "ecrRepositoryPrefixes": [id] });
        let rule = words::first(ask(view, &API, "DescribePullThroughCacheRules", input), "/pullThroughCacheRules")?;
        let names = [
            "CredentialArn",
            "EcrRepositoryPrefix",
            "UpstreamRegistry",
            "UpstreamRegistryUrl",
            "UpstreamRepositoryPrefix",
        ];
        Ok(rule.map(|rule| words::picked(&words::capital(&rule, &[]), &names)))
    }
}
