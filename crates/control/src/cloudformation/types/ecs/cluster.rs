//! AWS::ECS::Cluster.

use super::{
    super::{ResourceType, Wanted, ask, at, call, camel, text, words},
    tags,
};
use crate::{Tx, View};
use aws::{api::ecs::API, fault::Fault};
use serde_json::{Value, json};

/// AWS::ECS::Cluster.
pub(super) struct Cluster;

impl ResourceType for Cluster {
    fn unsupported(&self) -> &'static [&'static str] {
        &["Configuration/ExecuteCommandConfiguration/KmsKeyId", "Configuration/ManagedStorageConfiguration"]
    }

    fn create(&self, tx: &mut Tx<'_>, wanted: &Wanted<'_>) -> Result<String, Fault> {
        let name = wanted.name("ClusterName", 255);
        // CreateCluster answers with one that is there.
        if described(&tx.view(), &name)?.is_some() {
            return Err(words::exists("AWS::ECS::Cluster", &name));
        }
        let input = json!({
            "clusterName": name,
            "settings": given(wanted, "ClusterSettings"),
            "configuration": given(wanted, "Configuration"),
            "capacityProviders": wanted.get("CapacityProviders"),
            "defaultCapacityProviderStrategy": given(wanted, "DefaultCapacityProviderStrategy"),
            "serviceConnectDefaults": given(wanted, "ServiceConnectDefaults"),
            "tags": tags::given(wanted),
        });
        text(&call(tx, &API, "CreateCluster", input)?, "/cluster/clusterName")
    }

    fn update(&self, tx: &mut Tx<'_>, id: &str, before: &Wanted<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
        let changed = |property: &str| before.get(property) != wanted.get(property);
        let member = |property: &str, otherwise: Value| match changed(property) {
            true => wanted.get(property).map_or(otherwise, |value| camel(value, &[])),
            false => Value::Null,
        };
        let input = json!({
            "cluster": id,
            "settings": member("ClusterSettings", usual_settings(&tx.view())?),
            "configuration": member("Configuration", json!({})),
            "serviceConnectDefaults": member("ServiceConnectDefaults", json!({ "namespace": "" })),
        });
        call(tx, &API, "UpdateCluster", input)?;
        if changed("CapacityProviders") || changed("DefaultCapacityProviderStrategy") {
            set_capacity(tx, id, wanted)?;
        }
        let arn = arn(&tx.view(), id);
        tags::update(tx, &arn, before, wanted)
    }

    fn delete(&self, tx: &mut Tx<'_>, id: &str, _: &Value) -> Result<(), Fault> {
        call(tx, &API, "DeleteCluster", json!({ "cluster": id })).map(drop)
    }

    fn attribute(&self, view: &View<'_>, id: &str, _: &Value, name: &str) -> Result<Option<Value>, Fault> {
        Ok((name == "Arn").then(|| json!(arn(view, id))))
    }

    fn read(&self, view: &View<'_>, id: &str, _: &Value) -> Result<Option<Value>, Fault> {
        let Some(cluster) = described(view, id)? else { return Ok(None) };
        let mut all = words::capital(&cluster, &[]);
        if let Some(all) = all.as_object_mut() {
            all.insert("ClusterSettings".to_owned(), words::capital(&at(&cluster, "/settings"), &[]));
        }
        let names = [
            "ClusterName",
            "ClusterSettings",
            "Configuration",
            "CapacityProviders",
            "DefaultCapacityProviderStrategy",
            "ServiceConnectDefaults",
        ];
        Ok(Some(words::picked(&all, &names)))
    }
}

fn given(wanted: &Wanted<'_>, property: &str) -> Option<Value> {
    wanted.get(property).map(|value| camel(value, &[]))
}

fn arn(view: &View<'_>, name: &str) -> String {
    view.state.region.arn("ecs", format_args!("cluster/{name}"))
}

/// A cluster that is active.
pub(super) fn described(view: &View<'_>, name: &str) -> Result<Option<Value>, Fault> {
    let input = json!({ "clusters": [name], "include": ["SETTINGS", "CONFIGURATIONS"] });
    let found = words::first(ask(view, &API, "DescribeClusters", input), "/clusters")?;
    Ok(found.filter(|cluster| at(cluster, "/status") == "ACTIVE"))
}

/// Replaces capacity providers and the default strategy with what is wanted.
pub(super) fn set_capacity(tx: &mut Tx<'_>, cluster: &str, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let list = |property: &str| given(wanted, property).unwrap_or_else(|| json!([]));
    let input = json!({
        "cluster": cluster,
        "capacityProviders": list("CapacityProviders"),
        "defaultCapacityProviderStrategy": list("DefaultCapacityProviderStrategy"),
    });
    call(tx, &API, "PutClusterCapacityProviders", input).map(drop)
}

/// The settings of a cluster that is given none: the account's.
fn usual_settings(view: &View<'_>) -> Result<Value, Fault> {
    let input = json!({ "name": "containerInsights", "effectiveSettings": true });
    let account = ask(view, &API, "ListAccountSettings", input)?;
    Ok(json!([{ "name": "containerInsights", "value": at(&account, "/settings/0/value") }]))
}
